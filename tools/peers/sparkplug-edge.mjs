// An edge node on npm sparkplug-client, steered line by line over standard input:
//
//   data N        DDATA of device D by alias: t = 20 + N, i32 = -N
//   template N    DDATA of the template instance m1: rpm = N
//   dataset N     DDATA of the data set ds with N rows
//   ddeath        DDEATH of device D
//   dbirth        DBIRTH of device D
//   mute on|off   does not answer rebirth requests
//   quit          ends without a DISCONNECT, so that the broker tells the Will
//
// It prints "born", "ncmd <n>" (rebirth requests so far) and "done <command>".
// Usage: node sparkplug-edge.mjs URL GROUP NODE
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
const { newClient } = createRequire(import.meta.url)("sparkplug-client");

const [url, groupId, edgeNode] = process.argv.slice(2);
const client = newClient({ serverUrl: url, username: "", password: "", groupId, edgeNode, clientId: `peer-${edgeNode}`, version: "spBv1.0", mqttOptions: {} });
const now = () => Date.now();
const motor = (rpm) => ({ version: "1", isDefinition: false, templateRef: "Motor", metrics: [{ name: "rpm", type: "Double", value: rpm }, { name: "on", type: "Boolean", value: rpm > 0 }] });
const rows = (n) => ({ numOfColumns: 2, types: ["Int32", "String"], columns: ["id", "name"], rows: Array.from({ length: n }, (_, i) => [-i, `row ${i}`]) });
const born = now();

const nodeBirth = () => ({ timestamp: now(), metrics: [
  { name: "Node Control/Rebirth", type: "Boolean", value: false, timestamp: now() },
  { name: "uptime", type: "Int64", value: 7, alias: 1, timestamp: now() },
  { name: "_types_/Motor", type: "Template", value: { version: "1", isDefinition: true, templateRef: "", metrics: [{ name: "rpm", type: "Double", value: 0 }, { name: "on", type: "Boolean", value: false }] } },
] });
let state = { n: 0, rpm: 1500, rows: 1 };
const deviceBirth = () => ({ timestamp: now(), metrics: [
  { name: "t", alias: 10, type: "Double", value: 20 + state.n, timestamp: now(), properties: { engUnit: { type: "String", value: "Cel" }, Quality: { type: "Int32", value: 192 } } },
  { name: "i8", alias: 11, type: "Int8", value: -12 }, { name: "i16", alias: 12, type: "Int16", value: -1200 },
  { name: "i32", alias: 13, type: "Int32", value: -state.n }, { name: "i64", alias: 14, type: "Int64", value: -12345678901234 },
  { name: "u8", alias: 15, type: "UInt8", value: 200 }, { name: "u32", alias: 16, type: "UInt32", value: 4000000000 }, { name: "u64", alias: 17, type: "UInt64", value: 12345678901234 },
  { name: "f", alias: 18, type: "Float", value: 1.5 }, { name: "b", alias: 19, type: "Boolean", value: true }, { name: "s", alias: 20, type: "String", value: "汉字" },
  { name: "dt", alias: 21, type: "DateTime", value: born }, { name: "nul", alias: 22, type: "Double", value: null },
  { name: "poor", alias: 23, type: "Double", value: 3, properties: { Quality: { type: "Int32", value: 500 } } },
  { name: "m1", alias: 30, type: "Template", value: motor(state.rpm) }, { name: "ds", alias: 31, type: "DataSet", value: rows(state.rows) },
] });
const births = () => { client.publishNodeBirth(nodeBirth()); client.publishDeviceBirth("D", deviceBirth()); console.log("born"); };

let asked = 0, mute = false;
client.on("birth", births);
client.on("error", (e) => { console.error(e.message); process.exit(1); });
client.on("ncmd", (payload) => {
  if (!(payload.metrics ?? []).some((m) => m.name === "Node Control/Rebirth" && m.value === true)) return;
  console.log(`ncmd ${++asked}`);
  if (!mute) births();
});
const data = (...metrics) => client.publishDeviceData("D", { timestamp: now(), metrics });
const commands = {
  data: (n) => { state.n = n; data({ alias: 10, type: "Double", value: 20 + n, timestamp: now() }, { alias: 13, type: "Int32", value: -n, timestamp: now() }); },
  template: (n) => { state.rpm = n; data({ alias: 30, type: "Template", value: motor(n), timestamp: now() }); },
  dataset: (n) => { state.rows = n; data({ alias: 31, type: "DataSet", value: rows(n), timestamp: now() }); },
  ddeath: () => client.publishDeviceDeath("D", { timestamp: now() }),
  dbirth: () => client.publishDeviceBirth("D", deviceBirth()),
  mute: (_, word) => { mute = word === "on"; },
  quit: () => process.exit(0),
};
for await (const line of createInterface({ input: process.stdin })) {
  const [verb, word] = line.trim().split(" ");
  if (!commands[verb]) { console.error(`unknown command ${verb}`); process.exit(2); }
  commands[verb](Number(word), word);
  console.log(`done ${verb}`);
}

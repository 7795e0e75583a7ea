// An OPC UA server by node-opcua, for the driver's tests. It prints one line of JSON when it is up.
//
//   node opcua-server.mjs '{"port":0,"pki":"/folder", …}'
//
// port: 0 takes a free one. pki: a folder that keeps its certificate between runs, because making RSA keys takes long.
// trustAll: take every client's certificate (default true; else only those in pki/server/trusted/certs).
// anonymous: allow it (default true). User "op" has the password "secret"; every user certificate is taken.
// limits: nodes per read and items per call (default 50 and 60). policies: names; none: whether None is offered.
import * as opcua from "node-opcua";
import path from "node:path";
import net from "node:net";
import fs from "node:fs";

const { OPCUAServer, DataType, StatusCodes, OPCUACertificateManager, SecurityPolicy, MessageSecurityMode, VariantArrayType } = opcua;
const o = { port: 0, trustAll: true, anonymous: true, read: 50, items: 60, none: false, vars: 200,
  policies: ["Basic256Sha256"], modes: ["Sign", "SignAndEncrypt"], ...JSON.parse(process.argv[2] ?? "{}") };

const freePort = () => new Promise((done) => { const s = net.createServer().listen(0, "127.0.0.1", () => { const { port } = s.address(); s.close(() => done(port)); }); });
const port = o.port || await freePort();
fs.mkdirSync(o.pki, { recursive: true });
const managers = (name, all) => new OPCUACertificateManager({ automaticallyAcceptUnknownCertificate: all, rootFolder: path.join(o.pki, name) });
const server = new OPCUAServer({
  port, hostname: "127.0.0.1", host: "127.0.0.1", resourcePath: "/UA/Peer",
  serverInfo: { applicationUri: "urn:jingwei:peer" },
  serverCertificateManager: managers("server", o.trustAll), userCertificateManager: managers("user", true),
  securityPolicies: [...(o.none ? [SecurityPolicy.None] : []), ...o.policies.map((p) => SecurityPolicy[p])],
  securityModes: [...(o.none ? [MessageSecurityMode.None] : []), ...o.modes.map((m) => MessageSecurityMode[m])],
  disableDiscovery: false, allowAnonymous: o.anonymous,
  userManager: { isValidUser: (user, password) => user === "op" && password === "secret" },
  serverCapabilities: { maxSessions: 50, maxBrowseContinuationPoints: 10, operationLimits: { maxNodesPerRead: o.read, maxNodesPerBrowse: 10, maxMonitoredItemsPerCall: o.items } },
});
await server.initialize();
const space = server.engine.addressSpace;
space.registerNamespace("urn:jingwei:filler"); // so that our namespace's index is no round number
const ns = space.registerNamespace("urn:jingwei:peer:line");
const line = ns.addObject({ organizedBy: space.rootFolder.objects, browseName: "Line1", nodeId: "s=Line1" });
const add = (name, dataType, value, more = {}) => {
  const v = ns.addVariable({ componentOf: line, browseName: name, nodeId: "s=Line1." + name, dataType, minimumSamplingInterval: 50,
    accessLevel: "CurrentRead", userAccessLevel: "CurrentRead", ...more });
  v.setValueFromSource({ dataType, value, ...(more.variant ?? {}) }, StatusCodes.Good, new Date(1767225600000));
  return v;
};
const vars = [];
for (let i = 0; i < o.vars; i++) vars.push(add("T" + i, DataType.Double, i));
add("Bool", DataType.Boolean, true);
add("I16", DataType.Int16, -12);
add("U64", DataType.UInt64, [0xffffffff, 0xffffffff], { variant: { arrayType: VariantArrayType.Scalar } });
add("F32", DataType.Float, 1.5);
add("Number", DataType.String, "007");
add("Text", DataType.LocalizedText, { text: "运行", locale: "zh" });
add("When", DataType.DateTime, new Date(1767225600123));
add("SetPoint", DataType.Float, 2.5, { accessLevel: "CurrentRead | CurrentWrite", userAccessLevel: "CurrentRead | CurrentWrite" });
add("Arr", DataType.Int32, new Int32Array([10, 20, 30, 40]), { valueRank: 1, variant: { arrayType: VariantArrayType.Array } });
ns.addVariable({ componentOf: line, browseName: "Num", nodeId: "i=1001", dataType: DataType.UInt32 }).setValueFromSource({ dataType: DataType.UInt32, value: 4242 });
const moody = add("Moody", DataType.Double, 1);

// Values of the first half change ten times a second; Moody goes through the statuses.
let n = 0;
setInterval(() => {
  n++;
  for (let i = 0; i < vars.length / 2; i++) vars[i].setValueFromSource({ dataType: DataType.Double, value: n + i / 1000 }, StatusCodes.Good, new Date());
  const status = [StatusCodes.Good, StatusCodes.UncertainLastUsableValue, StatusCodes.BadDeviceFailure][Math.floor(n / 5) % 3];
  moody.setValueFromSource({ dataType: DataType.Double, value: n }, status, new Date());
}, 100);
await server.start();
console.log(JSON.stringify({ endpoint: `opc.tcp://127.0.0.1:${port}/UA/Peer`, certificate: server.getCertificate().toString("base64") }));

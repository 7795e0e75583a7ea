// Writes points with the official client of InfluxDB 2: influx.mjs URL TOKEN. The test knows what is written.
import { InfluxDB, Point } from "@influxdata/influxdb-client";

const [url, token] = process.argv.slice(2);
const base = 1795334400000000000n; // 2026-11-22T08:00:00Z in nanoseconds
const client = new InfluxDB({ url, token });
const options = { maxRetries: 0, gzipThreshold: 1, batchSize: 5000, flushInterval: 0 };

async function write(precision, points) {
  const api = client.getWriteApi("org", "bucket", precision, options);
  api.useDefaultTags({ plant: "第一厂" });
  for (const p of points) api.writePoint(p);
  await api.close();
}

try {
  await write("ns", [
    new Point("press 3").tag("device", "p,3 =x").tag("site", "A,B")
      .floatField("temp", 21.5).intField("n", -3).uintField("u", "9223372036854775807").booleanField("ok", true)
      .stringField("s", 'he said "汉字" \\ and\nleft').timestamp(String(base + 7n)),
    ...Array.from({ length: 1000 }, (_, i) => new Point("press 3").tag("device", "many").floatField("v", i / 8).intField("i", i).timestamp(String(base + BigInt(i)))),
  ]);
  await write("ms", [new Point("press 3").tag("device", "ms").floatField("v", 1).timestamp(Number(base / 1000000n) + 1)]);
  await write("s", [new Point("press 3").tag("device", "s").floatField("v", 1).timestamp(Number(base / 1000000000n) + 1)]);
} catch (e) {
  console.error("good points were refused:", e.statusCode, e.body ?? e);
  process.exit(1);
}
try {
  await write("ns", [new Point("press 3").tag("device", "many").floatField("v", 1).timestamp(String(base)), new Point("press 3").tag("device", "many").stringField("v", "one").timestamp(String(base))]);
  console.error("a text for a number was taken");
  process.exit(1);
} catch (e) {
  console.log(JSON.stringify({ status: e.statusCode, code: e.code, message: e.message, line: e.json?.line }));
}

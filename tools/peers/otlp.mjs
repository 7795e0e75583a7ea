// Exports metrics with the OpenTelemetry SDK over OTLP/HTTP in protocol buffers: otlp.mjs URL AUTHORIZATION [delta].
// The test knows what is recorded.
import { MeterProvider, PeriodicExportingMetricReader, AggregationType } from "@opentelemetry/sdk-metrics";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";

const [url, authorization, temporality] = process.argv.slice(2);
const exporter = new OTLPMetricExporter({ url, headers: { Authorization: authorization }, temporalityPreference: temporality === "delta" ? 0 : 1 });
let outcome;
const send = exporter.export.bind(exporter);
exporter.export = (metrics, done) => send(metrics, (result) => { outcome = result; done(result); });
const provider = new MeterProvider({
  resource: resourceFromAttributes({ "service.name": "press-monitor", "host.name": "plc 1", "process.command_args": ["node", "x"] }),
  readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3600000, exportTimeoutMillis: 20000 })],
  views: [{ instrumentName: "size", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
});
const meter = provider.getMeter("line", "1.0");
meter.createGauge("temp", { unit: "Cel" }).record(21.5, { device: "d,1", pressure: 3 });
const parts = meter.createCounter("parts", { unit: "1" });
parts.add(3, { good: true });
parts.add(4, { good: true });
meter.createUpDownCounter("level").add(-2);
const took = meter.createHistogram("took", { unit: "s" });
for (const v of [0.25, 0.5, 2]) took.record(v, { step: "welding" });
const size = meter.createHistogram("size", { unit: "By" });
for (const v of [1, 2, 4, 8]) size.record(v);
meter.createObservableGauge("level.observed").addCallback((r) => r.observe(7, { tank: "汉" }));
await provider.forceFlush();
console.log(JSON.stringify({ code: outcome?.code, error: outcome?.error?.message }));
exporter.export = (_, done) => done({ code: 0 });
await provider.shutdown();

// Package otlp reads OpenTelemetry metrics (opentelemetry-proto 1.x, ExportMetricsServiceRequest) in protocol buffers and in
// JSON.
//
//	gauge                  name{attributes}
//	sum, cumulative        name{…}, as told
//	sum, delta             name.delta{…}: what was added since the sender's last report
//	histogram              name.count, name.sum, name.min, name.max; its buckets are not kept
//	exponential histogram  likewise
//	summary                name.count, name.sum, name{quantile=0.5,…}
package otlp

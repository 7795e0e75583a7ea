// Package promql answers the query language of Prometheus from the telemetry store, on the paths and in the shapes of the
// HTTP API of a Prometheus server under /prometheus/api/v1: Grafana, promtool and other Prometheus servers (remote read)
// ask it as they ask one of their own. The engine is Prometheus' own, as a library; what is here is the storage beneath
// it and the HTTP above it.
//
// How points become metrics and labels, what status, gaps and silence become, and what is lost on the way (nanoseconds,
// integers beyond 2^53, texts) is in docs/promql.md.
//
// Files, from the plant to the answer: point.go, name.go, unit.go, index.go (which series there are); view.go, select.go,
// samples.go, covered.go (what the engine reads); service.go, query.go, list.go, metadata.go, remoteread.go (the paths);
// parameter.go, answer.go, json.go (their shapes).
//
// Sources: prometheus.io "HTTP API", "Querying basics" (staleness), "Remote read" ; Prometheus v3.15.0 web/api/v1 (shapes
// of answers and the order in which parameters are checked).
package promql

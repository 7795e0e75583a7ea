// Package push takes values that are sent over HTTP in formats of others: InfluxDB line protocol (v1 and v2), Prometheus
// remote write 1.0, OpenTelemetry metrics, and JSON of our own.
//
// A request is judged whole before anything of it is stored: every fault is told with its place, and then nothing is
// stored. What is good becomes one batch of the store, and is answered when that is durable. docs/connect-push.md is what
// senders read of it.
package push

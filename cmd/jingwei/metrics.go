package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

// metric is one number of a room, told to Prometheus when it asks.
type metric[S any] struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(S) float64
}

func counter[S any](name, help string, read func(S) float64) metric[S] {
	return metric[S]{prometheus.NewDesc(name, help, nil, nil), prometheus.CounterValue, read}
}

func gauge[S any](name, help string, read func(S) float64) metric[S] {
	return metric[S]{prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue, read}
}

func describe[S any](metrics []metric[S], out chan<- *prometheus.Desc) {
	for _, f := range metrics {
		out <- f.desc
	}
}

func collect[S any](metrics []metric[S], s S, out chan<- prometheus.Metric) {
	for _, f := range metrics {
		out <- prometheus.MustNewConstMetric(f.desc, f.kind, f.read(s))
	}
}

var ofJournal = []metric[log.Stats]{
	counter("jingwei_journal_records_total", "Records acknowledged.", func(s log.Stats) float64 { return float64(s.Records) }),
	counter("jingwei_journal_groups_total", "Groups written, each with one fdatasync.", func(s log.Stats) float64 { return float64(s.Groups) }),
	counter("jingwei_journal_payload_bytes_total", "Bytes of acknowledged records.", func(s log.Stats) float64 { return float64(s.PayloadBytes) }),
	counter("jingwei_journal_sync_seconds_total", "Time in write and fdatasync.", func(s log.Stats) float64 { return float64(s.SyncNanos) / 1e9 }),
	gauge("jingwei_journal_bytes", "Bytes of segments on disk.", func(s log.Stats) float64 { return float64(s.DiskBytes) }),
}

type journalMetrics struct{ log journal }

func (m journalMetrics) Describe(out chan<- *prometheus.Desc) { describe(ofJournal, out) }
func (m journalMetrics) Collect(out chan<- prometheus.Metric) {
	collect(ofJournal, m.log.Stats(), out)
}

var ofTelemetry = []metric[telemetry.Stats]{
	counter("jingwei_telemetry_samples_total", "Samples accepted.", func(s telemetry.Stats) float64 { return float64(s.Samples) }),
	counter("jingwei_telemetry_batches_total", "Batches accepted.", func(s telemetry.Stats) float64 { return float64(s.Batches) }),
	counter("jingwei_telemetry_duplicate_batches_total", "Batches sent again and dropped.", func(s telemetry.Stats) float64 { return float64(s.Duplicates) }),
	counter("jingwei_telemetry_refused_batches_total", "Batches refused.", func(s telemetry.Stats) float64 { return float64(s.Refused) }),
	counter("jingwei_telemetry_future_samples_total", "Samples accepted that were dated ahead.", func(s telemetry.Stats) float64 { return float64(s.Future) }),
	counter("jingwei_telemetry_flushes_total", "Heads written as blocks.", func(s telemetry.Stats) float64 { return float64(s.Flushes) }),
	counter("jingwei_telemetry_flush_failures_total", "Heads that could not be written at first.", func(s telemetry.Stats) float64 { return float64(s.FlushFailures) }),
	counter("jingwei_telemetry_compactions_total", "Merges of blocks.", func(s telemetry.Stats) float64 { return float64(s.Compactions) }),
	gauge("jingwei_telemetry_series", "Series declared.", func(s telemetry.Stats) float64 { return float64(s.Series) }),
	gauge("jingwei_telemetry_head_bytes", "Memory of samples not yet in blocks.", func(s telemetry.Stats) float64 { return float64(s.HeadBytes) }),
	gauge("jingwei_telemetry_blocks", "Block files.", func(s telemetry.Stats) float64 { return float64(s.Blocks) }),
	gauge("jingwei_telemetry_bytes", "Bytes of block files.", func(s telemetry.Stats) float64 { return float64(s.Bytes) }),
	gauge("jingwei_telemetry_damaged_blocks", "Block files that are damaged, wholly or in part.", func(s telemetry.Stats) float64 { return float64(s.Damaged) }),
}

type telemetryMetrics struct{ store *telemetry.Store }

func (m telemetryMetrics) Describe(out chan<- *prometheus.Desc) { describe(ofTelemetry, out) }
func (m telemetryMetrics) Collect(out chan<- prometheus.Metric) {
	collect(ofTelemetry, m.store.Stats(), out)
}

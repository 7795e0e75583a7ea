package kept

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

type counters struct {
	rows, restated, samples, failures atomic.Uint64
}

// Stats tell how the keeper is doing.
type Stats struct {
	Dirty    int     // ranges that wait to be worked in
	Lag      float64 // seconds since the oldest of them came
	Rows     uint64  // kept rows written since the start
	Restated uint64  // of them, those that say something else than before
	Samples  uint64  // read to make rows
	Failures uint64  // rounds that could not be finished
}

// Stats tells how the keeper is doing.
func (s *Service) Stats() Stats {
	d := &s.dirty
	d.mu.Lock()
	ranges, since := d.ranges, d.since
	for _, list := range d.working {
		ranges += len(list)
	}
	d.mu.Unlock()
	out := Stats{Dirty: ranges, Rows: s.stats.rows.Load(), Restated: s.stats.restated.Load(), Samples: s.stats.samples.Load(), Failures: s.stats.failures.Load()}
	if since != 0 {
		out.Lag = max(float64(s.o.Now().UnixNano()-since)/1e9, 0)
	}
	return out
}

var metrics = struct{ dirty, lag, rows, restated, samples, failures *prometheus.Desc }{
	prometheus.NewDesc("jingwei_rollup_dirty_ranges", "Ranges of series that roll-ups do not tell yet.", nil, nil),
	prometheus.NewDesc("jingwei_rollup_lag_seconds", "How long the oldest of them has waited.", nil, nil),
	prometheus.NewDesc("jingwei_rollup_rows_total", "Rows of roll-ups written.", nil, nil),
	prometheus.NewDesc("jingwei_rollup_restated_total", "Rows of roll-ups that say something else than before.", nil, nil),
	prometheus.NewDesc("jingwei_rollup_samples_total", "Samples read to make rows of roll-ups.", nil, nil),
	prometheus.NewDesc("jingwei_rollup_failures_total", "Rounds of the keeper of roll-ups that could not be finished.", nil, nil),
}

// Describe implements prometheus.Collector.
func (s *Service) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{metrics.dirty, metrics.lag, metrics.rows, metrics.restated, metrics.samples, metrics.failures} {
		c <- d
	}
}

// Collect implements prometheus.Collector.
func (s *Service) Collect(c chan<- prometheus.Metric) {
	x := s.Stats()
	c <- prometheus.MustNewConstMetric(metrics.dirty, prometheus.GaugeValue, float64(x.Dirty))
	c <- prometheus.MustNewConstMetric(metrics.lag, prometheus.GaugeValue, x.Lag)
	for d, n := range map[*prometheus.Desc]uint64{metrics.rows: x.Rows, metrics.restated: x.Restated, metrics.samples: x.Samples, metrics.failures: x.Failures} {
		c <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n))
	}
}

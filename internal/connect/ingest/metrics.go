package ingest

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what comes from sources; Collectors hands them to a registry.
type metrics struct {
	messages, refused, troubles atomic.Uint64
	// of sources that have been stopped since the node started
	rows, failed, rejected atomic.Int64
}

// Counts are what came from all sources since the node started.
type Counts struct {
	Values    int64  // durable
	Messages  uint64 // of MQTT
	Unclaimed uint64 // values that no point takes
	Rejected  int64  // messages that the store refused for what is in them
	Failed    int64  // messages that could not be stored and were not acknowledged
	Troubles  uint64
	Refused   uint64 // wrong credentials
}

// Counts returns them.
func (s *Service) Counts() Counts {
	m := &s.metrics
	c := Counts{Messages: m.messages.Load(), Troubles: m.troubles.Load(), Refused: m.refused.Load(), Values: m.rows.Load(), Failed: m.failed.Load(), Rejected: m.rejected.Load()}
	for _, in := range s.all() {
		c.Unclaimed += in.unclaimed.Load()
		in.mu.RLock()
		if in.run != nil {
			st := in.run.in.Stats()
			c.Values += st.Rows
			c.Failed += st.Failed
			c.Rejected += st.Refused
		}
		in.mu.RUnlock()
	}
	return c
}

// Collectors are the room's metrics for a Prometheus registry.
func (s *Service) Collectors() []prometheus.Collector {
	count := func(name, help string, v func(Counts) float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "jingwei_source_" + name, Help: help}, func() float64 { return v(s.Counts()) })
	}
	gauge := func(name, help string, v func(*inlet) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "jingwei_source_" + name, Help: help}, func() (n float64) {
			for _, in := range s.all() {
				in.mu.RLock()
				n += v(in)
				in.mu.RUnlock()
			}
			return n
		})
	}
	return []prometheus.Collector{
		count("values_total", "Values of sources that are durable.", func(c Counts) float64 { return float64(c.Values) }),
		count("messages_total", "MQTT messages of sources.", func(c Counts) float64 { return float64(c.Messages) }),
		count("unclaimed_total", "Values of sources that no point takes.", func(c Counts) float64 { return float64(c.Unclaimed) }),
		count("rejected_total", "Messages refused for what is in them.", func(c Counts) float64 { return float64(c.Rejected) }),
		count("failed_total", "Messages that could not be stored and were not acknowledged.", func(c Counts) float64 { return float64(c.Failed) }),
		count("troubles_total", "Wrong things that sources sent.", func(c Counts) float64 { return float64(c.Troubles) }),
		count("credentials_refused_total", "Wrong secrets and certificates.", func(c Counts) float64 { return float64(c.Refused) }),
		gauge("sources", "Sources at work.", func(in *inlet) float64 {
			if in.run == nil {
				return 0
			}
			return 1
		}),
		gauge("sessions", "MQTT connections of sources.", func(in *inlet) float64 { return float64(len(in.sessions)) }),
		gauge("pending_bytes", "Bytes of messages that are not durable yet.", func(in *inlet) float64 {
			if in.run == nil {
				return 0
			}
			return float64(in.run.in.Stats().Bytes)
		}),
	}
}

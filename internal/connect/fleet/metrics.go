package fleet

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what comes over the links; Collectors hands them to a registry.
type metrics struct {
	samples, batches, duplicates, refusals atomic.Uint64
}

func newMetrics() *metrics { return &metrics{} }

func (m *metrics) batch(rows int, duplicate bool) {
	if duplicate {
		m.duplicates.Add(1)
		return
	}
	m.batches.Add(1)
	m.samples.Add(uint64(rows))
}

func (m *metrics) refused() { m.refusals.Add(1) }

// Counts are what came over all links since the node started.
type Counts struct {
	Samples, Batches, Duplicates, Refused uint64
}

// Counts returns them.
func (s *Service) Counts() Counts {
	m := s.metrics
	return Counts{Samples: m.samples.Load(), Batches: m.batches.Load(), Duplicates: m.duplicates.Load(), Refused: m.refusals.Load()}
}

// Collectors are the room's metrics for a Prometheus registry.
func (s *Service) Collectors() []prometheus.Collector {
	count := func(name, help string, v *atomic.Uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "jingwei_link_" + name, Help: help}, func() float64 { return float64(v.Load()) })
	}
	return []prometheus.Collector{
		count("samples_total", "Samples received from gateways and durable.", &s.metrics.samples),
		count("batches_total", "Batches received from gateways and durable.", &s.metrics.batches),
		count("duplicates_total", "Batches received again after a reconnection and dropped.", &s.metrics.duplicates),
		count("refused_total", "Batches refused; the gateway keeps the refused samples.", &s.metrics.refusals),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "jingwei_gateways_online", Help: "Gateways linked now."}, func() float64 {
			s.mu.Lock()
			defer s.mu.Unlock()
			n := 0
			for _, p := range s.peers {
				if p.session != nil {
					n++
				}
			}
			return float64(n)
		}),
	}
}

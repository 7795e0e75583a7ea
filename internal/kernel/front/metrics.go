package front

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// outcome is what became of a connection.
type outcome string

const (
	outcomeLocal   outcome = "local"        // handed to the node of this process
	outcomePiped   outcome = "piped"        // to another process
	outcomeUnknown outcome = "unknown-name" // the server name is of no cell, or missing
	outcomeNotTLS  outcome = "not-tls"      // or ended before its ClientHello had
	outcomeSlow    outcome = "slow"         // no ClientHello in time
	outcomeFull    outcome = "full"         // too many connections
	outcomeNobody  outcome = "nobody"       // no process took it in time
	outcomeMoved   outcome = "moved"        // piped here by a process with an old picture
	outcomeForged  outcome = "forged"       // a PROXY header that is not ours
)

var outcomes = []outcome{outcomeLocal, outcomePiped, outcomeUnknown, outcomeNotTLS, outcomeSlow, outcomeFull, outcomeNobody, outcomeMoved, outcomeForged}

var (
	descOutcomes = prometheus.NewDesc("jingwei_front_connections_total", "What became of connections at the front door.", []string{"door", "outcome"}, nil)
	descOpen     = prometheus.NewDesc("jingwei_front_connections", "Connections at the front door now, those of nodes included.", []string{"door"}, nil)
)

type stats struct {
	kind string
	mu   sync.Mutex
	n    map[outcome]uint64
}

func newStats(kind string) *stats { return &stats{kind: kind, n: map[outcome]uint64{}} }

func (s *stats) count(o outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n[o]++
}

// Describe makes the door a prometheus.Collector.
func (d *Door) Describe(out chan<- *prometheus.Desc) {
	// Nothing: doors of several kinds share the names, told apart by a label.
}

// Collect tells how many connections came and are there.
func (d *Door) Collect(out chan<- prometheus.Metric) {
	d.mu.Lock()
	open := d.conns
	d.mu.Unlock()
	out <- prometheus.MustNewConstMetric(descOpen, prometheus.GaugeValue, float64(open), d.o.Kind)
	for _, o := range outcomes {
		out <- prometheus.MustNewConstMetric(descOutcomes, prometheus.CounterValue, float64(d.Count(string(o))), d.o.Kind, string(o))
	}
}

// Count returns how many connections had an outcome: local, piped, unknown-name, not-tls, slow, full, nobody, moved or
// forged.
func (d *Door) Count(what string) uint64 {
	d.stats.mu.Lock()
	defer d.stats.mu.Unlock()
	return d.stats.n[outcome(what)]
}

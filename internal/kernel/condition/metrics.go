package condition

import "github.com/prometheus/client_golang/prometheus"

var (
	descCurrent = prometheus.NewDesc("jingwei_conditions", "Conditions that stand now.", []string{"severity"}, nil)
	descRaised  = prometheus.NewDesc("jingwei_conditions_raised_total", "How often conditions were told, by kind, since the start.", []string{"kind"}, nil)
	descCleared = prometheus.NewDesc("jingwei_conditions_cleared_total", "How often conditions were cleared, by kind, since the start.", []string{"kind"}, nil)
	descLost    = prometheus.NewDesc("jingwei_condition_events_lost_total", "Events of conditions that did not reach the journal.", nil, nil)
)

// Describe makes the board a prometheus.Collector.
func (b *Board) Describe(out chan<- *prometheus.Desc) {
	out <- descCurrent
	out <- descRaised
	out <- descCleared
	out <- descLost
}

// Collect tells how many conditions stand and were told.
func (b *Board) Collect(out chan<- prometheus.Metric) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := map[Severity]int{Info: 0, Warning: 0, Error: 0, Critical: 0}
	for _, c := range b.current {
		now[c.Severity]++
	}
	for s, n := range now {
		out <- prometheus.MustNewConstMetric(descCurrent, prometheus.GaugeValue, float64(n), string(s))
	}
	for kind, n := range b.raised {
		out <- prometheus.MustNewConstMetric(descRaised, prometheus.CounterValue, float64(n), kind)
	}
	for kind, n := range b.cleared {
		out <- prometheus.MustNewConstMetric(descCleared, prometheus.CounterValue, float64(n), kind)
	}
	out <- prometheus.MustNewConstMetric(descLost, prometheus.CounterValue, float64(b.lost))
}

// Counts returns how often a kind was told and cleared since the start.
func (b *Board) Counts(kind string) (raised, cleared uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.raised[kind], b.cleared[kind]
}

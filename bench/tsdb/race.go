package tsdb

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"jingwei/bench/result"
	"jingwei/bench/trial"
	"jingwei/bench/workload"
)

// Options say what is measured, and where.
type Options struct {
	Seed  uint64
	Quick bool     // within 40 s instead of 5 minutes: shorter streams
	Full  bool     // whatever time it takes: 200,000 series too
	Lanes []string // names of the streams that take part; empty: all
	Data  string   // directory of recorded data sets; empty: those that ship with the product
	Dir   string   // on the disk to be measured; a directory made in it is removed at the end
	Peers string   // where the peers' programs are; missing ones are left out
	// Influx is InfluxDB's server, a path or a name; InfluxTrial the command line that runs a trial of it.
	Influx      string
	InfluxTrial []string
	// Own is the command line that runs our own store in a process of its own. The arguments of a trial follow it.
	Own []string
	// Progress is told what is being run; nil: nothing.
	Progress io.Writer
}

// plan is what a race consists of.
type plan struct {
	rounds   int           // of the CPU figures
	patience time.Duration // a busy machine gets no further round after so long, of CPU or of queries
	lanes    []lane
	asks     int // rounds of queries
	raw      int // queries in each
	means    int
	typed    int // seconds of the round trip
	// once are the contenders that take part in one round of each kind only: no goal rests on them.
	once []string
}

// lane is a workload of a race.
type lane struct {
	title string
	whole workload.Spec // written once, for bytes and queries
	round workload.Spec // written in each round, for CPU; without a name: in none
	asked bool          // queries are timed
	// without are the contenders that do not take part in the whole stream, and why.
	without map[string]string
}

func (l *lane) name() string { return l.whole.Name }

// contender is a store in the race.
type contender struct {
	name    string
	command []string
	runs    map[string]*runs // by lane
}

// runs are a contender's reports on one lane.
type runs struct {
	cpu     []float64 // ns per sample of each round
	peak    int64     // resident bytes in the rounds
	full    trial.Report
	compact trial.Report
	count   trial.Report
	asks    []trial.Report
}

const (
	ownName        = "Jingwei"
	victoriaName   = "VictoriaMetrics"
	prometheusName = "Prometheus"
	influxName     = "InfluxDB"
)

var programs = map[string]string{victoriaName: "victoriametrics", prometheusName: "prometheus"}

// race runs a plan.
type race struct {
	o          Options
	plan       plan
	dir        string
	r          *result.Result
	out        io.Writer
	contenders []*contender
}

// run runs all of it and prints the tables. It returns an error only where a trial could not be run; goals are judged by
// the caller. peers are those who may take part.
func run(ctx context.Context, name string, o Options, p plan, peers []string, out io.Writer) (*race, error) {
	dir, err := os.MkdirTemp(o.Dir, "jingwei-bench-"+name+"-")
	if err != nil {
		return nil, fmt.Errorf("make a directory to measure in: %w; name one with --dir", err)
	}
	defer os.RemoveAll(dir)
	r := &race{o: o, plan: p, dir: dir, r: result.New(name, o.Seed), out: out}
	r.r.Versions["go"] = runtime.Version()
	r.present(peers)
	for _, step := range []func(context.Context) error{r.roundTrip, r.rounds, r.wholes, r.queries} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return r, r.tell()
}

// present lists our store and those peers that are there.
func (b *race) present(peers []string) {
	b.contenders = []*contender{{name: ownName, command: b.o.Own}}
	for _, name := range peers {
		if name == influxName {
			if _, err := exec.LookPath(b.o.Influx); err != nil {
				b.r.Note("%s is left out: there is no program %s; Debian's package influxdb has it", name, b.o.Influx)
				continue
			}
			b.contenders = append(b.contenders, &contender{name: name, command: b.o.InfluxTrial})
			continue
		}
		program := filepath.Join(b.o.Peers, programs[name])
		if runtime.GOOS == "windows" {
			program += ".exe"
		}
		if _, err := os.Stat(program); err != nil {
			b.r.Note("%s is left out: there is no %s; `make bench-peers` builds it", name, program)
			continue
		}
		b.contenders = append(b.contenders, &contender{name: name, command: []string{program}})
	}
	for _, c := range b.contenders {
		c.runs = map[string]*runs{}
		for i := range b.plan.lanes {
			c.runs[b.plan.lanes[i].name()] = new(runs)
		}
	}
}

func (b *race) progress(format string, a ...any) {
	if b.o.Progress != nil {
		fmt.Fprintf(b.o.Progress, format+"\n", a...)
	}
}

// roundTrip writes and compacts series of all types with our store and compares every row that it reads back.
func (b *race) roundTrip(ctx context.Context) error {
	own, spec := b.contenders[0], workload.Typed(b.o.Seed, b.plan.typed)
	dir := filepath.Join(b.dir, "typed")
	b.progress("round trip: %d series of four types", spec.Series())
	rows := 0
	for _, phase := range []string{trial.Ingest, trial.Verify, trial.Compact, trial.Verify} {
		report, err := own.trial(ctx, trial.Options{Phase: phase, Dir: dir, Spec: spec})
		if err != nil {
			return err
		}
		if phase == trial.Ingest {
			rows = report.Rows
		}
		if phase == trial.Verify {
			if report.Different != "" {
				b.r.Note("round trip: %s", report.Different)
			}
			when := "as written"
			if b.r.Figures["roundTripRows"] != nil {
				when = "after compaction"
			}
			b.r.Figures["roundTripRows"] = rows
			b.r.Holds("every float64 bit, int64, bool, string, status, flag and time comes back, "+when, report.Different == "" && report.Rows == rows)
		}
	}
	return os.RemoveAll(dir)
}

// enough tells whether to end before the rounds planned: there have been two at least, and they took too long.
func (b *race) enough(what string, round int, began time.Time) bool {
	if round < 2 || time.Since(began) < b.plan.patience {
		return false
	}
	b.r.Note("only %d rounds of %s: the machine is busy", round, what)
	return true
}

// idle tells whether a contender has done its share of the rounds.
func (b *race) idle(c *contender, round int) bool {
	return round > 0 && slices.Contains(b.plan.once, c.name)
}

// rounds measures the CPU of ingestion, the contenders by turns.
func (b *race) rounds(ctx context.Context) error {
	began := time.Now()
	for round := range b.plan.rounds {
		if b.enough("ingestion", round, began) {
			break
		}
		for i := range b.plan.lanes {
			l := &b.plan.lanes[i]
			if l.round.Name == "" {
				continue
			}
			for _, c := range b.contenders {
				if b.idle(c, round) {
					continue
				}
				b.progress("CPU of ingestion, round %d of %d: %s, %s", round+1, b.plan.rounds, l.name(), c.name)
				dir := filepath.Join(b.dir, "round")
				report, err := c.trial(ctx, trial.Options{Phase: trial.Ingest, Dir: dir, Spec: l.round})
				if err != nil {
					return err
				}
				runs := c.runs[l.name()]
				runs.cpu = append(runs.cpu, report.CPU*1e9/float64(c.samples(report)))
				runs.peak = max(runs.peak, report.PeakRSS)
				if err := os.RemoveAll(dir); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// samples is what a contender has written: marks without a value only if it keeps them.
func (c *contender) samples(r trial.Report) int {
	if c.name == ownName {
		return r.Rows
	}
	return r.Values
}

// wholes writes the whole streams once, for the bytes, and has what can be read counted.
func (b *race) wholes(ctx context.Context) error {
	for i := range b.plan.lanes {
		l := &b.plan.lanes[i]
		right := true
		for _, c := range b.contenders {
			if why := l.without[c.name]; why != "" {
				b.r.Note("%s takes no part in the whole stream %s: %s", c.name, l.name(), why)
				continue
			}
			b.progress("whole stream: %s, %d s, %s", l.name(), l.whole.Seconds, c.name)
			runs, dir := c.runs[l.name()], b.place(c, l)
			for _, phase := range []struct {
				name string
				into *trial.Report
			}{{trial.Ingest, &runs.full}, {trial.Compact, &runs.compact}, {trial.Ask, &runs.count}} {
				var err error
				if *phase.into, err = c.trial(ctx, trial.Options{Phase: phase.name, Dir: dir, Spec: l.whole, Count: true}); err != nil {
					return err
				}
			}
			b.r.Versions[c.name] = runs.full.Version
			if runs.count.Points != runs.full.Values {
				right = false
				b.r.Note("%s: %d values can be read of %d that were written (%s)", c.name, runs.count.Points, runs.full.Values, l.name())
			}
			if !l.asked {
				if err := os.RemoveAll(dir); err != nil {
					return err
				}
			}
		}
		b.r.Holds(l.name()+": every contender gives as many points as were written", right)
	}
	return nil
}

// queries asks of the lanes that are asked, the contenders by turns, and compares the answers.
func (b *race) queries(ctx context.Context) error {
	for i := range b.plan.lanes {
		l := &b.plan.lanes[i]
		if !l.asked {
			continue
		}
		began := time.Now()
		for round := range b.plan.asks {
			if b.enough("queries", round, began) {
				break
			}
			for _, c := range b.contenders {
				if b.idle(c, round) || l.without[c.name] != "" {
					continue
				}
				b.progress("queries, round %d of %d: %s, %s", round+1, b.plan.asks, l.name(), c.name)
				report, err := c.trial(ctx, trial.Options{Phase: trial.Ask, Dir: b.place(c, l), Spec: l.whole, Raw: b.plan.raw, Means: b.plan.means})
				if err != nil {
					return err
				}
				c.runs[l.name()].asks = append(c.runs[l.name()].asks, report)
			}
		}
		b.compare(l)
		for _, c := range b.contenders {
			if err := os.RemoveAll(b.place(c, l)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *race) place(c *contender, l *lane) string {
	return filepath.Join(b.dir, c.name+"-"+l.name())
}

package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"jingwei/bench/result"
	"jingwei/bench/trial"
	"jingwei/bench/workload"
)

// StoreOptions say how the telemetry store is measured.
type StoreOptions struct {
	Seed  uint64
	Quick bool   // within 40 s instead of 5 minutes: shorter streams
	Data  string // directory of recorded data sets; empty: those that ship with the product
	Dir   string // on the disk to be measured; a directory made in it is removed at the end
	Peers string // where the peers' programs are; missing ones are left out
	// Own is the command line that runs our own store in a process of its own. The arguments of a trial follow it.
	Own []string
	// Progress is told what is being run; nil: nothing.
	Progress io.Writer
}

// plan is how much of each stream is written, in seconds of source time.
type plan struct {
	rounds         int           // of the CPU figures
	patience       time.Duration // a busy machine gets no further round after so long, of CPU or of queries
	wide, d2       int           // in each round
	fullWide, full int           // once, for bytes and queries
	asks           int           // rounds of queries
	raw, means     int           // queries in each
	mill           int           // once, for bytes
	typed          int           // of the round trip
}

var (
	longPlan  = plan{rounds: 5, patience: 100 * time.Second, wide: 200, d2: 4_000, fullWide: 600, full: 86_400, asks: 5, raw: 20, means: 7, mill: 600, typed: 1_500}
	quickPlan = plan{rounds: 5, patience: 15 * time.Second, wide: 30, d2: 600, fullWide: 120, full: 7_200, asks: 3, raw: 20, means: 7, mill: 60, typed: 300}
)

// contender is a store in the race.
type contender struct {
	name    string
	command []string
	runs    map[string]*runs // by workload
}

// runs are a contender's reports on one workload.
type runs struct {
	cpu     []float64 // ns per sample of each round
	full    trial.Report
	compact trial.Report
	asks    []trial.Report
}

const (
	ownName        = "Jingwei"
	victoriaName   = "VictoriaMetrics"
	prometheusName = "Prometheus"
)

// Store measures the telemetry store beside VictoriaMetrics and Prometheus: CPU per sample of ingestion with fsync
// before each acknowledgement, bytes on disk after compaction, and two queries. Every trial is a process of its own; the
// contenders take turns. It returns an error only where a trial could not be run; goals that are missed are in the
// result.
func Store(ctx context.Context, o StoreOptions, out io.Writer) (*result.Result, error) {
	dir, err := os.MkdirTemp(o.Dir, "jingwei-bench-store-")
	if err != nil {
		return nil, fmt.Errorf("make a directory to measure in: %w; name one with --dir", err)
	}
	defer os.RemoveAll(dir)
	p := longPlan
	if o.Quick {
		p = quickPlan
	}
	r := result.New("store", o.Seed)
	r.Versions["go"] = runtime.Version()
	b := &storeBench{o: o, plan: p, dir: dir, r: r, out: out}
	b.contenders = b.present()
	for _, step := range []func(context.Context) error{b.roundTrip, b.rounds, b.full} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	if err := b.tell(); err != nil {
		return nil, err
	}
	return r, nil
}

type storeBench struct {
	o          StoreOptions
	plan       plan
	dir        string
	r          *result.Result
	out        io.Writer
	contenders []*contender
}

// present lists our store and those peers whose programs are built.
func (b *storeBench) present() []*contender {
	list := []*contender{{name: ownName, command: b.o.Own}}
	for _, name := range []string{victoriaName, prometheusName} {
		program := filepath.Join(b.o.Peers, programs[name])
		if runtime.GOOS == "windows" {
			program += ".exe"
		}
		if _, err := os.Stat(program); err != nil {
			b.r.Note("%s is left out: there is no %s; `make bench-peers` builds it", name, program)
			continue
		}
		list = append(list, &contender{name: name, command: []string{program}})
	}
	for _, c := range list {
		c.runs = map[string]*runs{"wide": {}, "d2": {}, "mill": {}}
	}
	return list
}

var programs = map[string]string{victoriaName: "victoriametrics", prometheusName: "prometheus"}

func (b *storeBench) progress(format string, a ...any) {
	if b.o.Progress != nil {
		fmt.Fprintf(b.o.Progress, format+"\n", a...)
	}
}

// roundTrip writes and compacts series of all types with our store and compares every row that it reads back.
func (b *storeBench) roundTrip(ctx context.Context) error {
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
func (b *storeBench) enough(what string, round int, began time.Time) bool {
	if round < 2 || time.Since(began) < b.plan.patience {
		return false
	}
	b.r.Note("only %d rounds of %s: the machine is busy", round, what)
	return true
}

// rounds measures the CPU of ingestion, the contenders by turns.
func (b *storeBench) rounds(ctx context.Context) error {
	began := time.Now()
	for round := range b.plan.rounds {
		if b.enough("ingestion", round, began) {
			break
		}
		for _, spec := range []workload.Spec{workload.Wide(b.o.Seed, b.plan.wide), workload.D2(b.o.Seed, b.plan.d2)} {
			for _, c := range b.contenders {
				if round > 0 && b.o.Quick && c.name == prometheusName { // no goal rests on it
					continue
				}
				b.progress("CPU of ingestion, round %d of %d: %s, %s", round+1, b.plan.rounds, spec.Name, c.name)
				dir := filepath.Join(b.dir, "round")
				report, err := c.trial(ctx, trial.Options{Phase: trial.Ingest, Dir: dir, Spec: spec})
				if err != nil {
					return err
				}
				c.runs[spec.Name].cpu = append(c.runs[spec.Name].cpu, report.CPU*1e9/float64(c.samples(report)))
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

// full writes the whole streams once, for the bytes, and asks queries of the longer one.
func (b *storeBench) full(ctx context.Context) error {
	recording, err := workload.ReadMill(b.o.Data)
	if err != nil {
		return fmt.Errorf("recorded data: %w; name their directory with --data", err)
	}
	wide, d2 := workload.Wide(b.o.Seed, b.plan.fullWide), workload.D2(b.o.Seed, b.plan.full)
	mill := workload.Mill(b.o.Seed, b.plan.mill, recording)
	for _, spec := range []workload.Spec{mill, wide, d2} {
		for _, c := range b.contenders {
			b.progress("whole stream: %s, %d s, %s", spec.Name, spec.Seconds, c.name)
			runs, dir := c.runs[spec.Name], b.place(c, spec)
			if runs.full, err = c.trial(ctx, trial.Options{Phase: trial.Ingest, Dir: dir, Spec: spec}); err != nil {
				return err
			}
			if runs.compact, err = c.trial(ctx, trial.Options{Phase: trial.Compact, Dir: dir, Spec: spec}); err != nil {
				return err
			}
			b.r.Versions[c.name] = runs.full.Version
			if spec.Name != d2.Name {
				if err := os.RemoveAll(dir); err != nil {
					return err
				}
			}
		}
	}
	began := time.Now()
	for round := range b.plan.asks {
		if b.enough("queries", round, began) {
			break
		}
		for _, c := range b.contenders {
			if round > 0 && c.name == prometheusName { // no goal rests on it, and it takes its time
				continue
			}
			b.progress("queries, round %d of %d: %s", round+1, b.plan.asks, c.name)
			report, err := c.trial(ctx, trial.Options{Phase: trial.Ask, Dir: b.place(c, d2), Spec: d2, Raw: b.plan.raw, Means: b.plan.means})
			if err != nil {
				return err
			}
			c.runs[d2.Name].asks = append(c.runs[d2.Name].asks, report)
		}
	}
	b.compare(d2)
	return nil
}

func (b *storeBench) place(c *contender, spec workload.Spec) string {
	return filepath.Join(b.dir, c.name+"-"+spec.Name)
}

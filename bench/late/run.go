package late

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
	"jingwei/bench/tsdb"
	"jingwei/bench/workload"
)

// share is how many batches of a hundred come late, and backlog for how many seconds at a time a group of devices is.
const (
	share   = 10
	backlog = 30
)

// plan is how much is run.
type plan struct {
	rounds, seconds int
	patience        time.Duration // no further round after so long, but two
	merges          int           // of the stall
	fill            int           // seconds of the stream before each
	series, times   int           // of the restatement
}

var (
	long  = plan{rounds: 5, seconds: 120, patience: 110 * time.Second, merges: 4, fill: 500, series: 50, times: 20}
	quick = plan{rounds: 5, seconds: 30, patience: 9 * time.Second, merges: 1, fill: 120, series: 6, times: 4}
)

// Run runs all parts. An error means that a part could not be run; goals that are missed are in the result.
func Run(ctx context.Context, o Options, out io.Writer) (*result.Result, error) {
	dir, err := os.MkdirTemp(o.Dir, "jingwei-bench-late-")
	if err != nil {
		return nil, fmt.Errorf("make a directory to measure in: %w; name one with --dir", err)
	}
	defer os.RemoveAll(dir)
	p := long
	if o.Quick {
		p = quick
	}
	r := result.New("late", o.Seed)
	r.Versions["go"] = runtime.Version()
	b := &bench{o: o, plan: p, dir: dir, r: r, out: out}
	for _, part := range []func(context.Context) error{b.ingest, b.stall, b.restatement} {
		if err := part(ctx); err != nil {
			return nil, err
		}
	}
	return r, nil
}

type bench struct {
	o    Options
	plan plan
	dir  string
	r    *result.Result
	out  io.Writer
}

// figures are what one of the two streams took.
type figures struct {
	CPU     result.Spread `json:"cpuNsPerSample"`
	Rate    result.Spread `json:"samplesPerSecond"`
	Compact float64       `json:"compactCpuNsPerSample"`
	Bytes   float64       `json:"bytesPerSample"`
	Rows    int           `json:"rows"`
}

// streams are those that are written by turns; the others are compared with the first.
func streams(seed uint64, seconds int) []stream {
	return []stream{
		{"none", "none late", workload.Aged(seed, seconds, 0, 1)},
		{"backlog", "10 % late, 30 s of a gateway at a time", workload.Aged(seed, seconds, share, backlog)},
		{"scattered", "10 % late, each second by itself", workload.Aged(seed, seconds, share, 1)},
	}
}

type stream struct {
	name, title string
	spec        workload.Spec
}

// ingest writes the streams by turns, and looks at every row.
func (b *bench) ingest(ctx context.Context) error {
	all := streams(b.o.Seed, b.plan.seconds)
	cpu, rate, out := make([][]float64, len(all)), make([][]float64, len(all)), make([]figures, len(all))
	began := time.Now()
	for round := range b.plan.rounds {
		if round >= 2 && time.Since(began) > b.plan.patience {
			b.r.Note("only %d rounds of ingest: the machine is busy", round)
			break
		}
		for k := range all {
			s := &all[k]
			b.o.progress("ingest, round %d of %d: %s", round+1, b.plan.rounds, s.title)
			dir := filepath.Join(b.dir, "ingest")
			report, err := tsdb.Trial(ctx, b.o.Own, trial.Options{Phase: trial.Ingest, Dir: dir, Spec: s.spec})
			if err != nil {
				return err
			}
			cpu[k] = append(cpu[k], report.CPU*1e9/float64(report.Rows))
			rate[k] = append(rate[k], float64(report.Rows)/report.Wall)
			out[k].Rows = report.Rows
			if round == 0 {
				if err := b.look(ctx, dir, s, report.Rows, &out[k]); err != nil {
					return err
				}
			}
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
		}
	}
	t := result.Table{Head: []string{"ingest, a minute to 30 days late", "CPU ns/sample", "samples/s", "compaction ns/sample", "B/sample"}}
	told := map[string]figures{}
	for k, s := range all {
		f := &out[k]
		f.CPU, f.Rate = result.Median(cpu[k]), result.Median(rate[k])
		t.Add(s.title, f.CPU.String(), f.Rate.String(), result.Number(f.Compact), result.Number(f.Bytes))
		told[s.name] = *f
		if k == 0 {
			continue
		}
		if out[0].CPU.Median > 0 { // there is no such figure on every platform
			b.r.AtMost("CPU per sample, part of that with none late: "+s.title, f.CPU.Median/out[0].CPU.Median, 1.2)
		}
		b.r.AtLeast("ingest throughput, part of that with none late: "+s.title, f.Rate.Median/out[0].Rate.Median, 1/1.2)
	}
	b.r.Figures["ingest"] = told
	_, err := io.WriteString(b.out, t.String()+"\n")
	return err
}

// look compares every row with the stream made anew, before and after merging, which is to say count, values, statuses and
// times of every series.
func (b *bench) look(ctx context.Context, dir string, s *stream, rows int, f *figures) error {
	for _, phase := range []string{trial.Verify, trial.Compact, trial.Verify} {
		report, err := tsdb.Trial(ctx, b.o.Own, trial.Options{Phase: phase, Dir: dir, Spec: s.spec})
		if err != nil {
			return err
		}
		if phase == trial.Compact {
			f.Compact, f.Bytes = report.CPU*1e9/float64(rows), float64(report.DataBytes)/float64(rows)
			continue
		}
		if report.Different != "" {
			b.r.Note("%s: %s", s.title, report.Different)
		}
		when := "as written"
		if f.Bytes > 0 {
			when = "after merging"
		}
		b.r.Holds(s.title+": every row comes back, "+when, report.Different == "" && report.Rows == rows)
	}
	return nil
}

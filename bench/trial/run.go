package trial

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"jingwei/bench/workload"
)

// Phases of a trial, each in a process of its own over the same directory.
const (
	Ingest  = "ingest"  // write the stream, flush, close
	Compact = "compact" // bring the files into their last form, close
	Ask     = "ask"     // queries on what is there
	Verify  = "verify"  // compare every row; only engines that are a Verifier
)

// Options say what to run.
type Options struct {
	Phase string
	Dir   string
	Spec  workload.Spec
	// Raw is the number of different series of which a raw day is read; each is one run of the query.
	Raw int
	// Means is the number of runs of the query for means.
	Means int
	// Count asks for the number of values that can be read.
	Count bool
}

// Args are the command line that Parse reads.
func (o Options) Args() []string {
	args := []string{"-phase", o.Phase, "-dir", o.Dir, "-workload", o.Spec.Name, "-seed", fmt.Sprint(o.Spec.Seed),
		"-seconds", fmt.Sprint(o.Spec.Seconds), "-raw", fmt.Sprint(o.Raw), "-means", fmt.Sprint(o.Means)}
	if o.Spec.Every != 0 {
		args = append(args, "-every", o.Spec.Every.String())
	}
	if o.Count {
		args = append(args, "-count")
	}
	if o.Spec.Recording != nil {
		args = append(args, "-data", o.Spec.Recording.Dir())
	}
	return args
}

// Parse reads a command line.
func Parse(args []string) (Options, error) {
	var o Options
	f := flag.NewFlagSet("trial", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.Phase, "phase", Ingest, "ingest, compact, ask or verify")
	f.StringVar(&o.Dir, "dir", "", "the store's directory")
	name := f.String("workload", "wide", "wide, d2, typed, mill, aged and percent x backlog, or real and a number of series")
	seed := f.Uint64("seed", 1, "seed of the stream")
	seconds := f.Int("seconds", 250, "ticks of the stream")
	recorded := f.String("data", "", "the directory of the recorded data sets, for mill and real")
	every := f.Duration("every", 0, "interval of the replicas, for real")
	f.BoolVar(&o.Count, "count", false, "count what can be read")
	f.IntVar(&o.Raw, "raw", 20, "raw queries")
	f.IntVar(&o.Means, "means", 5, "queries for means")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch *name {
	case "wide":
		o.Spec = workload.Wide(*seed, *seconds)
	case "d2":
		o.Spec = workload.D2(*seed, *seconds)
	case "typed":
		o.Spec = workload.Typed(*seed, *seconds)
	case "mill":
		r, err := workload.ReadMill(*recorded)
		if err != nil {
			return o, err
		}
		o.Spec = workload.Mill(*seed, *seconds, r)
	default:
		var n, backlog int
		if k, _ := fmt.Sscanf(*name, "aged%dx%d", &n, &backlog); k == 2 && n >= 0 && n <= 100 && backlog > 0 {
			o.Spec = workload.Aged(*seed, *seconds, n, backlog)
			break
		}
		if k, _ := fmt.Sscanf(*name, "real%d", &n); k != 1 || n < 1 || n > 1<<20 || *every <= 0 || *every%(100*time.Millisecond) != 0 {
			return o, fmt.Errorf("workload %q every %v: there are wide, d2, typed, mill, aged0x1 to aged100 by a backlog, and real1 to real1048576 with an interval", *name, *every)
		}
		r, err := workload.ReadReal(*recorded)
		if err != nil {
			return o, err
		}
		o.Spec = workload.Real(*seed, n, *seconds, *every, r)
	}
	if o.Dir == "" {
		return o, errors.New("-dir is missing: name a directory on the disk to be measured")
	}
	return o, nil
}

// Main is the whole of an engine's program: it reads the command line, runs the phase and prints the report.
func Main(e Engine, args []string) {
	o, err := Parse(args)
	if err == nil {
		var r Report
		if r, err = Run(e, o); err == nil {
			err = json.NewEncoder(os.Stdout).Encode(r)
		}
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", e.Name(), err)
		os.Exit(1)
	}
}

// Run runs one phase in this process.
func Run(e Engine, o Options) (Report, error) {
	r := Report{Engine: e.Name(), Version: e.Version(), Workload: o.Spec.Name, Seed: o.Spec.Seed, Seconds: o.Spec.Seconds, Phase: o.Phase}
	if o.Phase == Ingest {
		before := CPUTime()
		if err := generate(o.Spec, func(int, *workload.Batch) error { return nil }); err != nil {
			return r, err
		}
		r.GeneratorCPU = CPUTime() - before
	}
	start := time.Now()
	if err := e.Open(o.Dir, o.Spec); err != nil {
		return r, fmt.Errorf("open %s: %w", o.Dir, err)
	}
	r.OpenWall = time.Since(start).Seconds()
	clock := func() float64 { return CPUTime() - r.GeneratorCPU }
	outside, isOutside := e.(Outside)
	if isOutside {
		clock = func() float64 { cpu, _ := outside.Usage(); return cpu }
	}
	start, cpu := time.Now(), CPUTime()
	if isOutside {
		cpu = clock()
	}
	var err error
	switch o.Phase {
	case Ingest:
		err = ingest(e, o.Spec, &r)
	case Compact:
		err = e.Compact()
	case Ask:
		err = ask(e, o, clock, &r)
	case Verify:
		v, ok := e.(Verifier)
		if !ok {
			return r, fmt.Errorf("%s does not verify rows", e.Name())
		}
		r.Rows, r.Different, err = v.Verify(o.Spec)
	default:
		err = fmt.Errorf("phase %q: there are ingest, compact, ask and verify", o.Phase)
	}
	if err != nil {
		return r, fmt.Errorf("%s: %w", o.Phase, err)
	}
	if err := e.Close(); err != nil {
		return r, fmt.Errorf("close: %w", err)
	}
	r.Wall = time.Since(start).Seconds()
	r.CPU = clock() - cpu
	if r.PeakRSS = PeakRSS(); isOutside {
		_, r.PeakRSS = outside.Usage()
	}
	if r.DataBytes, r.LogBytes, err = usage(o.Dir, e.LogPaths(o.Dir)); err != nil {
		return r, fmt.Errorf("measure %s: %w", o.Dir, err)
	}
	return r, nil
}

// Writers is the number of goroutines that write a stream: one where its batches follow each other.
func Writers(s workload.Spec) int { return min(2, s.Groups()) }

// generate makes the stream in as many goroutines as there are writers.
func generate(s workload.Spec, take func(writer int, b *workload.Batch) error) error {
	writers := Writers(s)
	failed := make([]error, writers)
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			g := s.Generator(w, writers)
			var b workload.Batch
			for g.Next(&b) {
				if failed[w] = take(w, &b); failed[w] != nil {
					return
				}
			}
		})
	}
	wait.Wait()
	return errors.Join(failed...)
}

func ingest(e Engine, s workload.Spec, r *Report) error {
	var count [2]struct{ rows, values int }
	err := generate(s, func(w int, b *workload.Batch) error {
		count[w].rows += b.Len()
		for _, f := range b.Flags {
			count[w].values += int(^f & workload.NoValue)
		}
		return e.Write(w, b)
	})
	if err != nil {
		return err
	}
	for _, c := range count {
		r.Rows += c.rows
		r.Values += c.values
	}
	return e.Flush()
}

// Step is the step of the query for means, and MeansSpan its greatest span.
const (
	Step      = 5 * int64(time.Minute)
	MeansSpan = 6 * int64(time.Hour)
)

// Spans are what is asked: a day of raw values and six hours of means, or as much as the stream has of whole steps.
func Spans(s workload.Spec) (from, rawTo, meansTo int64) {
	whole := int64(s.Seconds) * int64(time.Second) / Step * Step
	return workload.Start, workload.Start + 24*int64(time.Hour), workload.Start + min(MeansSpan, whole)
}

// RawSeries is the series that raw query i reads: of every property some device.
func RawSeries(s workload.Spec, i int) int {
	device, per := i*7919%s.Devices, s.PerDevice()
	return (device*per + i%per) % s.Series()
}

func ask(e Engine, o Options, clock func() float64, r *Report) error {
	from, rawTo, meansTo := Spans(o.Spec)
	if o.Count {
		n, err := e.Count(from-int64(Oldest), from+int64(Oldest))
		if err != nil {
			return fmt.Errorf("count: %w", err)
		}
		r.Points = n
	}
	if o.Raw > 0 {
		raw, err := repeat(o.Raw, clock, func(i int) (Answer, error) { return e.Raw(RawSeries(o.Spec, i), from, rawTo) })
		if err != nil {
			return fmt.Errorf("raw day: %w", err)
		}
		r.Raw = &raw
	}
	if meansTo == from || o.Means == 0 {
		return nil
	}
	for _, way := range e.Ways() {
		q, err := repeat(o.Means, clock, func(int) (Answer, error) { return e.Means(way, from, meansTo, Step) })
		if err != nil {
			return fmt.Errorf("means by %s: %w", way, err)
		}
		q.Way = way
		q.Points, q.Sum = q.Points/q.Runs, q.Sum/float64(q.Runs)
		r.Means = append(r.Means, q)
	}
	if k, ok := e.(RollUps); ok {
		if kept, all := k.FromRollUps(); all > 0 {
			r.FromRollUps = float64(kept) / float64(all)
		}
	}
	return nil
}

// Oldest is how far from workload.Start any value is dated, at most.
const Oldest = 31 * 24 * time.Hour

// repeat runs a query once to warm up and then measures each run; the answers are added up.
func repeat(runs int, clock func() float64, query func(i int) (Answer, error)) (Query, error) {
	q := Query{Runs: runs}
	if _, err := query(0); err != nil {
		return q, err
	}
	times := make([]float64, runs)
	cpu := clock()
	for i := range times {
		start := time.Now()
		a, err := query(i)
		if err != nil {
			return q, err
		}
		times[i] = float64(time.Since(start).Nanoseconds()) / 1e6
		q.Points += a.Points
		q.Sum += a.Sum
	}
	q.CPU = (clock() - cpu) * 1000 / float64(runs)
	slices.Sort(times)
	q.Median, q.Least = times[runs/2], times[0]
	return q, nil
}

// usage adds up what the files of dir take on disk.
func usage(dir string, logs []string) (data, log int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		n := blocks(info)
		if slices.ContainsFunc(logs, func(l string) bool { return path == l || strings.HasPrefix(path, l+string(filepath.Separator)) }) {
			log += n
		} else {
			data += n
		}
		return nil
	})
	return data, log, err
}

// Command prometheus runs one phase of a trial on Prometheus' tsdb and PromQL as libraries.
//
// Tuned for the trial: series references are kept, so that an append is no look-up of labels; snappy log, no isolation,
// late samples of up to four days. All else is as its authors ship it. Timestamps are milliseconds.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/compression"

	"jingwei/bench/peers/version"
	"jingwei/bench/trial"
	"jingwei/bench/workload"
)

func main() {
	trial.Main(new(engine), os.Args[1:])
}

type engine struct {
	db     *tsdb.DB
	labels []labels.Labels
	refs   []storage.SeriesRef
	promql *promql.Engine
}

func (*engine) Name() string    { return "Prometheus" }
func (*engine) Version() string { return version.Of("github.com/prometheus/prometheus") }

func (e *engine) Open(dir string, spec workload.Spec) error {
	o := tsdb.DefaultOptions()
	o.RetentionDuration = 100 * 365 * 24 * time.Hour.Milliseconds()
	o.OutOfOrderTimeWindow = 4 * 24 * time.Hour.Milliseconds()
	o.WALCompression = compression.Snappy
	o.IsolationDisabled = true
	var err error
	if e.db, err = tsdb.Open(dir, slog.New(slog.DiscardHandler), nil, o, nil); err != nil {
		return err
	}
	e.labels = make([]labels.Labels, spec.Series())
	e.refs = make([]storage.SeriesRef, spec.Series())
	for i := range e.labels {
		e.labels[i] = labels.FromStrings("__name__", "value", "device", fmt.Sprintf("d%04d", i/workload.Properties),
			"property", fmt.Sprintf("p%02d", i%workload.Properties))
	}
	e.promql = promql.NewEngine(promql.EngineOpts{MaxSamples: 1 << 40, Timeout: 10 * time.Minute, Parser: parser.NewParser(parser.Options{})})
	return nil
}

func (e *engine) Write(_ int, b *workload.Batch) error {
	a := e.db.Appender(context.Background())
	for i, s := range b.Series {
		if b.Flags[i]&workload.NoValue != 0 {
			continue
		}
		ref, err := a.Append(e.refs[s], e.labels[s], b.Time[i]/1e6, math.Float64frombits(b.Bits[i]))
		if err != nil {
			return fmt.Errorf("append to %s: %w", e.labels[s], err)
		}
		e.refs[s] = ref
	}
	return a.Commit()
}

// Flush has nothing to do: a commit is in the log, which Close syncs.
func (e *engine) Flush() error { return nil }

func (e *engine) Compact() error {
	if h := e.db.Head(); h.NumSeries() > 0 && h.MinTime() <= h.MaxTime() {
		if err := e.db.Compact(context.Background()); err != nil {
			return err
		}
		if err := e.db.CompactHead(tsdb.NewRangeHead(h, h.MinTime(), h.MaxTime())); err != nil {
			return err
		}
	}
	if err := e.db.CompactOOOHead(context.Background()); err != nil {
		return err
	}
	return e.db.Compact(context.Background())
}

func (e *engine) Close() error { return e.db.Close() }

func (*engine) LogPaths(dir string) []string {
	return []string{filepath.Join(dir, "wal"), filepath.Join(dir, "wbl"), filepath.Join(dir, "chunks_head")}
}

func (e *engine) Raw(series int, from, to int64) (trial.Answer, error) {
	var a trial.Answer
	q, err := e.db.Querier(from/1e6, to/1e6-1)
	if err != nil {
		return a, err
	}
	defer q.Close()
	set := q.Select(context.Background(), false, nil,
		labels.MustNewMatcher(labels.MatchEqual, "__name__", "value"),
		labels.MustNewMatcher(labels.MatchEqual, "device", fmt.Sprintf("d%04d", series/workload.Properties)),
		labels.MustNewMatcher(labels.MatchEqual, "property", fmt.Sprintf("p%02d", series%workload.Properties)))
	for set.Next() {
		it := set.At().Iterator(nil)
		for it.Next() == chunkenc.ValFloat {
			_, v := it.At()
			a.Points++
			a.Sum += v
		}
		if err := it.Err(); err != nil {
			return a, err
		}
	}
	return a, set.Err()
}

func (e *engine) Count(from, to int64) (int, error) {
	q, err := e.db.Querier(from/1e6, to/1e6-1)
	if err != nil {
		return 0, err
	}
	defer q.Close()
	set := q.Select(context.Background(), false, nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", "value"))
	var it chunkenc.Iterator
	n := 0
	for set.Next() {
		it = set.At().Iterator(it)
		for it.Next() == chunkenc.ValFloat {
			n++
		}
		if err := it.Err(); err != nil {
			return n, err
		}
	}
	return n, set.Err()
}

func (*engine) Ways() []string { return []string{"PromQL", "direct"} }

func (e *engine) Means(way string, from, to, step int64) (trial.Answer, error) {
	if way == "direct" {
		return e.direct(from/1e6, to/1e6, step/1e6)
	}
	var a trial.Answer
	q, err := e.promql.NewRangeQuery(context.Background(), e.db, nil, "avg_over_time(value[5m])",
		time.Unix(0, from+step), time.Unix(0, to), time.Duration(step))
	if err != nil {
		return a, err
	}
	defer q.Close()
	m, err := q.Exec(context.Background()).Matrix()
	if err != nil {
		return a, err
	}
	for _, s := range m {
		for _, p := range s.Floats {
			a.Points++
			a.Sum += p.F
		}
	}
	return a, nil
}

// direct iterates over the series in two goroutines, each over the series of half of the properties.
func (e *engine) direct(from, to, step int64) (trial.Answer, error) {
	answers := make([]trial.Answer, 2)
	failed := make([]error, 2)
	var wait sync.WaitGroup
	for w := range answers {
		wait.Go(func() {
			a := &answers[w]
			q, err := e.db.Querier(from, to-1)
			if err != nil {
				failed[w] = err
				return
			}
			defer q.Close()
			set := q.Select(context.Background(), false, nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", "value"),
				labels.MustNewMatcher(labels.MatchRegexp, "property", []string{"p0.*", "p1.*"}[w]))
			var it chunkenc.Iterator
			for set.Next() {
				it = set.At().Iterator(it)
				end, sum, n := from+step, 0.0, 0
				for it.Next() == chunkenc.ValFloat {
					t, v := it.At()
					if t >= end {
						if n > 0 {
							a.Points++
							a.Sum += sum / float64(n)
						}
						end += (t - end + step) / step * step
						sum, n = 0, 0
					}
					sum += v
					n++
				}
				if n > 0 {
					a.Points++
					a.Sum += sum / float64(n)
				}
				if err := it.Err(); err != nil {
					failed[w] = err
					return
				}
			}
			failed[w] = set.Err()
		})
	}
	wait.Wait()
	for _, err := range failed {
		if err != nil {
			return trial.Answer{}, err
		}
	}
	return trial.Answer{Points: answers[0].Points + answers[1].Points, Sum: answers[0].Sum + answers[1].Sum}, nil
}

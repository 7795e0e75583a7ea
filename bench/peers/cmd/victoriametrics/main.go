// Command victoriametrics runs one phase of a trial on VictoriaMetrics' storage and MetricsQL as libraries.
//
// Tuned for the trial: rows are handed to the storage with their names marshalled beforehand, which vminsert does for
// each row; no metric name statistics, no response cache, no stale markers, retention without end. All else is as its
// authors ship it. Timestamps are milliseconds and values are rounded to about 18 decimal digits: it keeps no more.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/VictoriaMetrics/app/vmselect/netstorage"
	"github.com/VictoriaMetrics/VictoriaMetrics/app/vmselect/promql"
	"github.com/VictoriaMetrics/VictoriaMetrics/app/vmselect/searchutil"
	"github.com/VictoriaMetrics/VictoriaMetrics/app/vmstorage"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/prompb"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/storage"

	"jingwei/bench/peers/version"
	"jingwei/bench/trial"
	"jingwei/bench/workload"
)

func main() {
	trial.Main(new(engine), os.Args[1:])
}

type engine struct {
	names [][]byte
	rows  [2][]storage.MetricRow
}

func (*engine) Name() string { return "VictoriaMetrics" }

func (*engine) Version() string {
	return version.Of("github.com/VictoriaMetrics/VictoriaMetrics") + " " + zstd
}

func (e *engine) Open(dir string, spec workload.Spec) error {
	if err := flag.CommandLine.Parse([]string{
		"-storageDataPath=" + dir,
		"-retentionPeriod=100y",
		"-storage.trackMetricNamesStats=false",
		"-storage.minFreeDiskSpaceBytes=0",
		"-search.disableCache",
		"-search.noStaleMarkers",
		"-loggerLevel=ERROR",
	}); err != nil {
		return err
	}
	vmstorage.Init(func([]storage.MetricRow) {})
	netstorage.InitTmpBlocksDir(filepath.Join(dir, "tmp"))
	promql.InitRollupResultCache("")
	e.names = make([][]byte, spec.Series())
	for i := range e.names {
		e.names[i] = storage.MarshalMetricNameRaw(nil, []prompb.Label{
			{Name: "__name__", Value: "value"},
			{Name: "device", Value: fmt.Sprintf("d%04d", i/workload.Properties)},
			{Name: "property", Value: fmt.Sprintf("p%02d", i%workload.Properties)},
		})
	}
	return nil
}

func (e *engine) Write(writer int, b *workload.Batch) error {
	rows := e.rows[writer][:0]
	for i, s := range b.Series {
		if b.Flags[i]&workload.NoValue == 0 {
			rows = append(rows, storage.MetricRow{MetricNameRaw: e.names[s], Timestamp: b.Time[i] / 1e6, Value: math.Float64frombits(b.Bits[i])})
		}
	}
	e.rows[writer] = rows
	return vmstorage.AddRows(rows)
}

func (e *engine) Flush() error {
	vmstorage.Storage.DebugFlush()
	return nil
}

func (e *engine) Compact() error { return vmstorage.Storage.ForceMergePartitions("") }

func (e *engine) Close() error {
	vmstorage.Stop()
	return nil
}

// LogPaths are the caches: there is no log.
func (*engine) LogPaths(dir string) []string {
	return []string{filepath.Join(dir, "cache"), filepath.Join(dir, "tmp")}
}

func deadline() searchutil.Deadline {
	return searchutil.NewDeadline(time.Now(), 10*time.Minute, "-search.maxQueryDuration")
}

func (e *engine) Raw(series int, from, to int64) (trial.Answer, error) {
	query := storage.NewSearchQuery(from/1e6, to/1e6-1, [][]storage.TagFilter{{
		{Key: nil, Value: []byte("value")},
		{Key: []byte("device"), Value: fmt.Appendf(nil, "d%04d", series/workload.Properties)},
		{Key: []byte("property"), Value: fmt.Appendf(nil, "p%02d", series%workload.Properties)},
	}}, 10)
	var a trial.Answer
	found, err := netstorage.ProcessSearchQuery(nil, query, deadline())
	if err != nil {
		return a, err
	}
	err = found.RunParallel(nil, func(r *netstorage.Result, _ uint) error {
		a.Points, a.Sum = a.Points+len(r.Values), a.Sum+trial.Sum(r.Values)
		return nil
	})
	return a, err
}

func (e *engine) Count(from, to int64) (int, error) {
	query := storage.NewSearchQuery(from/1e6, to/1e6-1, [][]storage.TagFilter{{{Key: nil, Value: []byte("value")}}}, 2e6)
	found, err := netstorage.ProcessSearchQuery(nil, query, deadline())
	if err != nil {
		return 0, err
	}
	var n atomic.Int64
	err = found.RunParallel(nil, func(r *netstorage.Result, _ uint) error {
		n.Add(int64(len(r.Values)))
		return nil
	})
	return int(n.Load()), err
}

func (*engine) Ways() []string { return []string{"MetricsQL", "direct"} }

func (e *engine) Means(way string, from, to, step int64) (trial.Answer, error) {
	if way == "direct" {
		return direct(from/1e6, to/1e6, step/1e6)
	}
	var a trial.Answer
	results, err := promql.Exec(nil, &promql.EvalConfig{
		Start: (from + step) / 1e6, End: to / 1e6, Step: step / 1e6, MaxSeries: 1e6, MaxPointsPerSeries: 1e6,
		Deadline: deadline(), RoundDigits: 100, QuotedRemoteAddr: `"trial"`, GetRequestURI: func() string { return "trial" },
	}, "avg_over_time(value[5m])", false)
	if err != nil {
		return a, err
	}
	for _, r := range results {
		for _, v := range r.Values {
			if v == v {
				a.Points++
				a.Sum += v
			}
		}
	}
	return a, nil
}

// direct computes the means in Go while the series are read, as promql does, but without its generality.
func direct(from, to, step int64) (trial.Answer, error) {
	query := storage.NewSearchQuery(from, to-1, [][]storage.TagFilter{{{Key: nil, Value: []byte("value")}}}, 1e6)
	found, err := netstorage.ProcessSearchQuery(nil, query, deadline())
	if err != nil {
		return trial.Answer{}, err
	}
	var points atomic.Int64
	sums := make([]float64, 256) // of each worker
	err = found.RunParallel(nil, func(r *netstorage.Result, worker uint) error {
		end, sum, n := from+step, 0.0, 0
		for i, t := range r.Timestamps {
			if t >= end {
				if n > 0 {
					points.Add(1)
					sums[worker] += sum / float64(n)
				}
				end += (t - end + step) / step * step
				sum, n = 0, 0
			}
			sum += r.Values[i]
			n++
		}
		if n > 0 {
			points.Add(1)
			sums[worker] += sum / float64(n)
		}
		return nil
	})
	a := trial.Answer{Points: int(points.Load())}
	for _, s := range sums {
		a.Sum += s
	}
	return a, err
}

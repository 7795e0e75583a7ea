package tsdb

import (
	"context"
	"fmt"
	"io"
	"time"

	"jingwei/bench/result"
	"jingwei/bench/workload"
)

// size is how many seconds of each stream `bench store` writes.
type size struct {
	rounds, asks   int
	patience       time.Duration
	wide, d2       int // in each round
	fullWide, full int // once
	mill, typed    int
	raw, means     int
}

var (
	longSize  = size{rounds: 5, patience: 100 * time.Second, wide: 200, d2: 4_000, fullWide: 600, full: 86_400, asks: 5, raw: 20, means: 7, mill: 600, typed: 1_500}
	quickSize = size{rounds: 5, patience: 15 * time.Second, wide: 30, d2: 600, fullWide: 120, full: 7_200, asks: 3, raw: 20, means: 7, mill: 60, typed: 300}
)

// Store measures the telemetry store beside VictoriaMetrics and Prometheus: CPU per sample of ingestion with fsync
// before each acknowledgement, bytes on disk after compaction, and two queries. It returns an error only where a trial
// could not be run; goals that are missed are in the result.
func Store(ctx context.Context, o Options, out io.Writer) (*result.Result, error) {
	recording, err := workload.ReadMill(o.Data)
	if err != nil {
		return nil, fmt.Errorf("recorded data: %w; name their directory with --data", err)
	}
	z := longSize
	if o.Quick {
		z = quickSize
	}
	p := plan{rounds: z.rounds, patience: z.patience, asks: z.asks, raw: z.raw, means: z.means, typed: z.typed, lanes: []lane{
		{title: "wide: 20,000 series, 2% minutes late, 0.1% days late", whole: workload.Wide(o.Seed, z.fullWide), round: workload.Wide(o.Seed, z.wide)},
		{title: "recorded machine tool, 40 replicas at 10 Hz", whole: workload.Mill(o.Seed, z.mill, recording)},
		{title: "D2: 1,000 series", whole: workload.D2(o.Seed, z.full), round: workload.D2(o.Seed, z.d2), asked: true},
	}}
	if o.Quick {
		p.once = []string{prometheusName} // no goal rests on it
	}
	b, err := run(ctx, "store", o, p, []string{victoriaName, prometheusName}, out)
	if err != nil {
		return nil, err
	}
	for _, lane := range []struct {
		name string
		most float64
	}{{"wide", 1.0 / 3}, {"d2", 0.5}} {
		b.judgeStore(lane.name, lane.most)
	}
	return b.r, nil
}

// judgeStore compares our figures with VictoriaMetrics', if it was there.
func (b *race) judgeStore(lane string, most float64) {
	own := b.of(lane)[ownName]
	peer, present := b.of(lane)[victoriaName]
	if !present {
		return
	}
	if peer.CPU.Median > 0 && own.CPU.Median > 0 {
		b.r.AtMost(lane+": CPU per sample, part of VictoriaMetrics'", own.CPU.Median/peer.CPU.Median, most)
	}
	b.r.AtMost(lane+": bytes per sample, part of VictoriaMetrics'", own.Bytes/peer.Bytes, 1)
	if own.Means == nil || peer.Means == nil {
		return
	}
	b.r.AtMost("means of 1,000 series: time, part of VictoriaMetrics'", own.Means.Median/peer.Means.Median, 1)
	b.r.AtMost("raw day: time, part of VictoriaMetrics'", own.RawDay.Median/peer.RawDay.Median, 0.5)
}

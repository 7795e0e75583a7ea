package tsdb

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"jingwei/bench/result"
	"jingwei/bench/workload"
)

// every is how often a replica of the recorded machines tells its values in `bench tsdb`: as a historian is fed.
const every = 10 * time.Second

// tsdbPlan makes the plan of `bench tsdb`.
func tsdbPlan(o Options, r *workload.Recording) plan {
	const minute, hour = 60, 3600
	long := map[string]string{influxName: "it would take longer than all others together; a longer run has it"}
	p := plan{rounds: 5, patience: 60 * time.Second, asks: 5, raw: 20, means: 5, typed: 600, lanes: []lane{
		{title: "wide: 20,000 series, 2% minutes late, 0.1% days late", whole: workload.Wide(o.Seed, 200), round: workload.Wide(o.Seed, 50), without: long},
		{title: "D2: 1,000 series", whole: workload.D2(o.Seed, 24*hour), round: workload.D2(o.Seed, 1000), asked: true, without: long},
		{title: "recorded, replayed to 1,000 series, every 10 s", whole: workload.Real(o.Seed, 1000, 24*hour, every, r), asked: true},
		{title: "recorded, replayed to 20,000 series, every 10 s", whole: workload.Real(o.Seed, 20_000, 20*minute, every, r)},
	}}
	switch {
	case o.Quick:
		p.patience, p.asks, p.means, p.typed, p.once = 9*time.Second, 2, 3, 120, []string{influxName}
		p.lanes[0].whole, p.lanes[0].round = workload.Wide(o.Seed, 30), workload.Wide(o.Seed, 12)
		p.lanes[1].whole, p.lanes[1].round = workload.D2(o.Seed, 1800), workload.D2(o.Seed, 240)
		p.lanes[2].whole = workload.Real(o.Seed, 1000, 2*hour, every, r)
		p.lanes[3].whole, p.lanes[3].without = workload.Real(o.Seed, 20_000, 3*minute, every, r), long
	case o.Full:
		p.patience, p.typed = time.Hour, 1500
		p.lanes[0].whole, p.lanes[0].round = workload.Wide(o.Seed, 600), workload.Wide(o.Seed, 200)
		p.lanes[1].round = workload.D2(o.Seed, 4000)
		p.lanes[0].without, p.lanes[1].without = nil, nil
		p.lanes[3].whole = workload.Real(o.Seed, 20_000, 2*hour, every, r)
		p.lanes = append(p.lanes, lane{title: "recorded, replayed to 200,000 series, every 10 s", whole: workload.Real(o.Seed, 200_000, 10*minute, every, r)})
	}
	return p
}

// Run is `bench tsdb`: our store beside VictoriaMetrics, Prometheus and InfluxDB, with the goals that the product sets
// itself. It returns an error only where a trial could not be run; goals that are missed are in the result.
func Run(ctx context.Context, o Options, out io.Writer) (*result.Result, error) {
	recording, err := workload.ReadReal(o.Data)
	if err != nil {
		return nil, fmt.Errorf("recorded data: %w; name their directory with --data", err)
	}
	p := tsdbPlan(o, recording)
	if p.lanes, err = chosen(p.lanes, o.Lanes); err != nil {
		return nil, err
	}
	b, err := run(ctx, "tsdb", o, p, []string{victoriaName, prometheusName, influxName}, out)
	if err != nil {
		return nil, err
	}
	if !o.Full {
		b.r.Note("200,000 series are run with --full only")
	}
	b.judge()
	return b.r, nil
}

// chosen are the lanes with these names; all where none is named.
func chosen(lanes []lane, names []string) (out []lane, err error) {
	var known []string
	for _, l := range lanes {
		known = append(known, l.name())
		if len(names) == 0 || slices.Contains(names, l.name()) {
			out = append(out, l)
		}
	}
	for _, n := range names {
		if !slices.Contains(known, n) {
			return nil, fmt.Errorf("%q is not a stream of this run; there are %s", n, strings.Join(known, ", "))
		}
	}
	return out, nil
}

// judge compares our figures with those of the peers that were there.
func (b *race) judge() {
	for _, goal := range []struct {
		lane, peer string
		most       float64
	}{{"wide", victoriaName, 1.0 / 3}, {"wide", prometheusName, 0.8}, {"d2", victoriaName, 0.5}, {"d2", prometheusName, 1}} {
		own, peer := b.of(goal.lane)[ownName], b.of(goal.lane)[goal.peer]
		if own.CPU.Median > 0 && peer.CPU.Median > 0 {
			b.r.AtMost(goal.lane+": CPU per sample, part of "+goal.peer+"'s", own.CPU.Median/peer.CPU.Median, goal.most)
		}
	}
	for i := range b.plan.lanes {
		l := &b.plan.lanes[i]
		all := b.of(l.name())
		if least, whose := best(all, func(f figures) float64 { return f.Bytes }); least > 0 {
			b.r.AtMost(l.name()+": bytes per sample, part of the best peer's, "+whose, all[ownName].Bytes/least, 1)
		}
		own := all[ownName]
		if own.Means == nil || own.RawDay == nil {
			continue
		}
		if least, whose := best(all, func(f figures) float64 { return median(f.RawDay) }); least > 0 {
			b.r.AtMost(l.name()+": raw day, part of the best peer's time, "+whose, own.RawDay.Median/least, 0.5)
		}
		if least, whose := best(all, func(f figures) float64 { return median(f.Means) }); least > 0 {
			b.r.AtLeast(l.name()+": means of 1,000 series from raw, times as fast as the best peer, "+whose, least/own.Means.Median, 2)
			b.rollUps(l, least/own.Means.Median, whose)
		}
	}
}

// rollUps judges the means of which the samples were told of by what blocks keep of their chunks' parts, which are of 5 minutes
// where a part has samples enough. Where they are of longer spans there are no roll-ups to answer from, and the result says so.
func (b *race) rollUps(l *lane, times float64, whose string) {
	const enough = 0.9
	if kept := b.of(l.name())[ownName].FromRollUps; kept < enough {
		b.r.Note("%s: no means from roll-ups: kept parts of chunks told of %.0f %% of the samples; blocks keep 5 minutes of what comes every second or so", l.name(), 100*kept)
		return
	}
	b.r.AtLeast(l.name()+": means of 1,000 series from kept roll-ups, times as fast as the best peer from raw, "+whose, times, 10)
}

func median(s *result.Spread) float64 {
	if s == nil {
		return 0
	}
	return s.Median
}

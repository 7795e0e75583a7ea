package faults

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"jingwei/bench/crash"
	"jingwei/bench/result"
)

// Run runs all parts, prints tables and what was broken to out, and returns what was found. An error means that a part
// could not be run to its end.
func Run(ctx context.Context, o Options, out io.Writer) (*result.Result, error) {
	o.progress("%d single bits", o.amount.flips)
	bits, err := flips(ctx, o.Seed, o.amount.flips, o.progress)
	if err != nil {
		return nil, err
	}
	at, err := points(ctx, o.Seed, o.amount.stride, o.progress)
	if err != nil {
		return nil, err
	}
	disks, err := crash.Disks(ctx, o.Seed, o.amount.lost, o.amount.torn, o.progress)
	if err != nil {
		return nil, err
	}
	o.progress("%d kills of node and gateway", o.amount.cycles)
	kills, err := crash.Kills(ctx, crash.Options{Seed: o.Seed, Cycles: o.amount.cycles, Dir: o.Dir, Self: o.Self, Node: o.Node, Tell: o.Tell})
	if err != nil {
		for _, v := range kills.Tally.First {
			fmt.Fprintln(out, v)
		}
		return nil, err
	}
	r := judged(o, bits, at, disks, kills)
	if _, err := io.WriteString(out, tables(bits, at, disks, kills)); err != nil {
		return nil, err
	}
	return r, r.Summary(out)
}

func judged(o Options, bits map[string]FlipSum, at PointSum, disks crash.DiskSum, kills crash.CycleSum) *result.Result {
	r := result.New("faults", o.Seed)
	r.Versions["go"] = version()
	r.Figures["flips"], r.Figures["operations"], r.Figures["disks"], r.Figures["kills"] = bits, at, disks, kills
	var all FlipSum
	for _, s := range shares {
		all.add(bits[s.kind])
	}
	count := func(name string, n uint64) { r.AtMost(name, float64(n), 0) }
	count("kills, lost caches, torn writes: acknowledged samples lost", kills.Tally.Lost()+disks.Tally.Lost())
	count("kills, lost caches, torn writes: wrong samples", kills.Tally.Served()+disks.Tally.Served())
	count("kills, lost caches, torn writes: acknowledgements before datasync", disks.Order.Early)
	count("full disk, I/O error, failed fsync: acknowledged samples lost", uint64(at.Lost))
	count("full disk, I/O error, failed fsync: wrong samples", uint64(at.Wrong))
	count("full disk, I/O error, failed fsync: lives that did not go on", uint64(at.Broken))
	count("flipped bits: wrong values served", uint64(all.Wrong))
	count("flipped bits: detected, and the file not named", uint64(all.Unnamed))
	count("flipped bits: damage beyond the block", uint64(all.Spread))
	count("flipped bits: samples missing and nothing said", uint64(all.Lost))
	r.Holds(strconv.Itoa(o.amount.cycles)+" kills were survived", kills.Cycles == o.amount.cycles && kills.Tally.Clean())
	r.Note("%s", "the SQL records (SQLite's files) are not among those in which bits are flipped")
	if all.Newest > 0 {
		r.Note("%d flips struck the newest group of a journal: it cannot be told from a write that a crash cut short, so what it held is missing and nothing is said", all.Newest)
	}
	for _, n := range kills.Notes {
		r.Note("%s", n)
	}
	return r
}

func tables(bits map[string]FlipSum, at PointSum, disks crash.DiskSum, kills crash.CycleSum) string {
	var b strings.Builder
	t := result.Table{Head: []string{"single bits flipped in", "flips", "told at open", "told at read", "told by verify", "harmless", "newest group", "wrong", "lost untold", "samples confined"}}
	for _, s := range shares {
		f := bits[s.kind]
		var row []string
		for _, n := range []int{f.Flips, f.AtOpen, f.AtRead, f.Verified, f.Harmless, f.Newest, f.Wrong, f.Lost, f.Confined} {
			row = append(row, strconv.Itoa(n))
		}
		t.Add(append([]string{s.kind}, row...)...)
	}
	b.WriteString(t.String() + "\n")
	t = result.Table{Head: []string{"faults at single operations", "count"}}
	for _, s := range strikes {
		t.Add("lives: "+s.kind, strconv.Itoa(at.Lives[s.kind]))
	}
	t.Add("of them struck", strconv.Itoa(at.Struck))
	t.Add("steps that said an error", strconv.Itoa(at.Refused))
	t.Add("acknowledged samples and entries looked for", strconv.Itoa(at.Checked))
	b.WriteString(t.String() + "\n" + crash.Tables(kills, disks) + "\n")
	for _, s := range shares {
		for _, f := range bits[s.kind].First {
			b.WriteString(f + "\n")
		}
	}
	for _, f := range at.First {
		b.WriteString(f + "\n")
	}
	for _, v := range append(kills.Tally.First, disks.Tally.First...) {
		b.WriteString(v.String() + "\n")
	}
	return b.String()
}

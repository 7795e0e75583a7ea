package crash

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"jingwei/bench/result"
)

// Run runs all parts, prints tables and violations to out, and returns what was found. An error means that a part could
// not be run to its end.
func Run(ctx context.Context, o Options, out io.Writer) (*result.Result, error) {
	dir, err := folder(o.Dir)
	if err != nil {
		return nil, err
	}
	o.progress("disks that lose their page cache, fail, fill up (in memory)")
	disk, err := disks(ctx, o.Seed, o.Disks, o.progress)
	if err != nil {
		return nil, err
	}
	o.progress("%d kills of node and gateway in %s", o.Cycles, dir)
	sum, err := runCycles(ctx, o, dir)
	all := sum.Tally
	all.join(disk.Tally)
	if ctx.Err() != nil {
		_ = os.RemoveAll(dir)
		return nil, ctx.Err()
	}
	if err != nil {
		for _, v := range all.First {
			fmt.Fprintln(out, v)
		}
		return nil, fmt.Errorf("%w (files are kept in %s)", err, dir)
	}
	r := judged(o, sum, disk, all)
	if all.clean() {
		if err := os.RemoveAll(dir); err != nil {
			r.Note("%s could not be removed: %v", dir, err)
		}
	}
	for _, v := range all.First {
		fmt.Fprintln(out, v)
	}
	if !all.clean() {
		fmt.Fprintf(out, "the processes' files and logs are kept in %s; repeat with --seed %d\n", dir, o.Seed)
	}
	fmt.Fprint(out, tables(sum, disk))
	return r, r.Summary(out)
}

func judged(o Options, sum CycleSum, disk DiskSum, all Tally) *result.Result {
	r := result.New("crash", o.Seed)
	r.Figures["cycles"], r.Figures["disks"] = sum, disk
	wrong := func(w Wrong) float64 { return float64(all.Wrong[w]) }
	r.AtMost("acknowledged samples lost", wrong(Lost), 0)
	r.AtMost("samples duplicated", wrong(Doubled), 0)
	r.AtMost("samples unknown", wrong(Unknown), 0)
	r.AtMost("samples altered", wrong(Altered), 0)
	r.AtMost("acknowledgements before datasync", wrong(Early), 0)
	r.AtMost("other broken promises", wrong(Broken), 0)
	r.Holds(strconv.Itoa(o.Cycles)+" kills were survived", sum.Cycles == o.Cycles)
	for _, n := range sum.Notes {
		r.Note("%s", n)
	}
	maps.Copy(r.Versions, versions())
	return r
}

func tables(sum CycleSum, disk DiskSum) string {
	var b strings.Builder
	t := result.Table{Head: []string{"kill -9", "times"}}
	for _, k := range slices.Sorted(maps.Keys(sum.Kills)) {
		t.Add(k, strconv.Itoa(sum.Kills[k]))
	}
	fmt.Fprintf(&b, "%s\n", t.String())
	n := func(v uint64) string { return strconv.FormatUint(v, 10) }
	t = result.Table{Head: []string{"node and gateway", "count"}}
	t.Add("samples acknowledged by the node", n(sum.Status.Samples))
	t.Add("samples acknowledged by the gateway", n(sum.Status.Noticed))
	t.Add("samples that had to be there, at the last check", n(sum.Tally.Acknowledged))
	t.Add("samples read back at the last check", n(sum.Tally.Read))
	t.Add("checks", strconv.Itoa(sum.Checks))
	t.Add("times that a lane resumed its stream", n(sum.Status.Streams))
	t.Add("batches acknowledged only then", n(sum.Status.Late))
	t.Add("blocks seen written", strconv.Itoa(sum.Written))
	t.Add("merges seen", strconv.Itoa(sum.Merges))
	t.Add("kills that cut a block short", strconv.Itoa(sum.Unfinished))
	t.Add("kills between a merge and the removal of its inputs", strconv.Itoa(sum.Replaced))
	t.Add("slowest start of the node, ms", strconv.FormatInt(sum.SlowestMs, 10))
	if s := sum.Strace; s != nil {
		t.Add("strace: fdatasync calls", strconv.Itoa(s.Fdatasync))
		t.Add("strace: of them on the journal", strconv.Itoa(s.Journal))
		t.Add("strace: fsync calls", strconv.Itoa(s.Fsync))
		t.Add("strace: batches acknowledged meanwhile", n(s.Batches))
	}
	fmt.Fprintf(&b, "%s\n", t.String())
	t = result.Table{Head: []string{"disk in memory", "count"}}
	for _, k := range slices.Sorted(maps.Keys(disk.Runs)) {
		t.Add("runs: "+k, strconv.Itoa(disk.Runs[k]))
	}
	t.Add("faults that ended a life", n(disk.Faults))
	t.Add("flushes and merges", n(disk.Blocks))
	t.Add("acknowledged samples looked for", n(disk.Tally.Acknowledged))
	t.Add("acknowledgements after their datasync", n(disk.Order.Checked))
	t.Add("of them found by text in the bytes synced", n(disk.Order.Found))
	t.Add("acknowledgements before their datasync", n(disk.Order.Early))
	b.WriteString(t.String())
	return b.String()
}

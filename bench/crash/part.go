package crash

import (
	"context"
	"fmt"
	"os"
)

// Kills runs the kills of node and gateway alone, in a folder of its own that is kept when a promise was broken: a part of
// other benches (bench/faults).
func Kills(ctx context.Context, o Options) (CycleSum, error) {
	dir, err := folder(o.Dir)
	if err != nil {
		return CycleSum{}, err
	}
	sum, err := runCycles(ctx, o, dir)
	switch {
	case ctx.Err() != nil:
		_ = os.RemoveAll(dir)
		return sum, ctx.Err()
	case err != nil:
		return sum, fmt.Errorf("%w (files are kept in %s)", err, dir)
	case !sum.Tally.clean():
		sum.Notes = append(sum.Notes, "the processes' files and logs are kept in "+dir)
		return sum, nil
	}
	return sum, os.RemoveAll(dir)
}

// Disks runs journal and store on disks in memory that lose their power: lost times between or in the middle of
// operations, torn times in the middle of a write of which half is done. Each run is three lives.
func Disks(ctx context.Context, seed uint64, lost, torn int, progress func(string, ...any)) (DiskSum, error) {
	return diskRuns(ctx, seed, []diskShare{{powerLoss, lost}, {tornWrite, torn}}, progress)
}

// Clean tells whether nothing wrong was found.
func (t *Tally) Clean() bool { return t.clean() }

// Lost is how many acknowledged samples were not there; Served how many were there otherwise than they were sent, twice, or
// without having been sent.
func (t *Tally) Lost() uint64 { return t.Wrong[Lost] }

// Served is described at Lost.
func (t *Tally) Served() uint64 { return t.Wrong[Altered] + t.Wrong[Doubled] + t.Wrong[Unknown] }

// Tables are the sums for people.
func Tables(sum CycleSum, disk DiskSum) string { return tables(sum, disk) }

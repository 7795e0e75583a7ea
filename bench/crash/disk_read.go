package crash

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
)

// read reads every series whole, with history, and judges it; and no two commits may be of one batch.
func (r *diskRun) read(ctx context.Context) error {
	for i, l := range r.lanes {
		a := newAudit(&r.tally, &l.book, 0)
		for k, ref := range r.refs[i] {
			page, err := r.store.Raw(ctx, ref, telemetry.Span{From: 0, To: telemetry.MaxTime}, telemetry.RawOptions{Limit: telemetry.MaxLimit, History: true})
			if err != nil {
				return fmt.Errorf("read series %s after a restart: %w", l.series[k], err)
			}
			a.series(k, page.Samples)
		}
	}
	v, err := twice(r.store, r.log.Last().Number)
	for _, v := range v {
		r.violate(v)
	}
	return err
}

// commits tells of which batch a commit was; *telemetry.Store does.
type commits interface {
	Commit(number uint64) (telemetry.Arrival, bool, error)
}

// twice looks for batches that were stored under two commit numbers. A reader would not see them, because samples that
// are the same in everything collapse; so the store is asked of which batch each commit was.
func twice(s commits, last uint64) (out []Violation, err error) {
	type batch struct {
		producer   uuid.UUID
		epoch, seq uint64
	}
	seen := map[batch]uint64{}
	for c := uint64(1); c <= last; c++ {
		a, ok, err := s.Commit(c)
		if err != nil {
			return out, fmt.Errorf("ask of which batch commit %d was: %w", c, err)
		}
		if !ok {
			continue // of another partition, or a batch whose samples others superseded
		}
		b := batch{a.Producer, a.Epoch, a.Seq}
		if before := seen[b]; before != 0 {
			out = append(out, Violation{Wrong: Doubled, Commit: c, Ack: fmt.Sprintf("%s-%d-%d", b.producer, b.epoch, b.seq),
				Detail: fmt.Sprintf("the batch was stored under commit %d too", before)})
		}
		seen[b] = c
	}
	return out, nil
}

// DiskSum is what the disk runs found.
type DiskSum struct {
	Runs   map[string]int `json:"runs"` // by the kind of fault
	Faults uint64         `json:"faults"`
	Blocks uint64         `json:"flushesAndMerges"`
	Order  OrderSum       `json:"order"`
	Tally  Tally          `json:"samples"`
}

// disks runs n lost page caches, and a fourth or an eighth as many of each other fault.
func disks(ctx context.Context, seed uint64, n int, progress func(string, ...any)) (DiskSum, error) {
	return diskRuns(ctx, seed, []diskShare{{powerLoss, n}, {failedFsync, max(n/4, 2)}, {fullDisk, max(n/8, 2)}, {readOnly, max(n/8, 2)}, {tornWrite, max(n/8, 2)}}, progress)
}

type diskShare struct {
	how string
	n   int
}

func diskRuns(ctx context.Context, seed uint64, shares []diskShare, progress func(string, ...any)) (DiskSum, error) {
	sum := DiskSum{Runs: map[string]int{}}
	for _, kind := range shares {
		began := time.Now()
		for i := range kind.n {
			if err := ctx.Err(); err != nil {
				return sum, err
			}
			r := newDiskRun(seed*1000 + uint64(i) + uint64(len(sum.Runs))*500)
			if err := r.run(ctx, kind.how); err != nil {
				return sum, fmt.Errorf("%s, run %d of seed %d: %w", kind.how, i, seed, err)
			}
			sum.Runs[kind.how]++
			sum.Faults += r.dead
			sum.Blocks += r.blocks
			sum.Order.add(r.orders)
			sum.Tally.join(r.tally)
		}
		progress("%s: %d runs in %v", kind.how, kind.n, time.Since(began).Round(time.Millisecond))
	}
	return sum, nil
}

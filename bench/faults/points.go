package faults

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"

	"jingwei/internal/kernel/file/fault"
)

// The faults that strike at every operation.
const (
	fullDisk    = "full disk"    // from an operation on there is no room
	ioError     = "I/O error"    // one operation fails
	failedFsync = "failed fsync" // one sync fails, and what it should have synced is forgotten
)

// PointSum is what the faults at single operations found.
type PointSum struct {
	Operations map[string]int `json:"operations"` // of the life that none strikes, by kind
	Lives      map[string]int `json:"lives"`      // by fault
	Struck     int            `json:"struck"`     // of them those in which the fault came about
	Refused    int            `json:"refused"`    // steps that said an error
	Checked    int            `json:"acknowledged"`
	Lost       int            `json:"lost"`
	Wrong      int            `json:"wrong"`
	Broken     int            `json:"broken"` // lives that did not open any more, or said what no fault explains
	First      []string       `json:"first,omitempty"`
}

func (s *PointSum) note(text string) {
	if text != "" && len(s.First) < 20 {
		s.First = append(s.First, text)
	}
}

// point is one fault of one life.
type point struct {
	kind, op string
	index    int // of the operation among those of its kind
	power    bool
}

func (p point) String() string {
	end := "process killed"
	if p.power {
		end = "power lost"
	}
	return fmt.Sprintf("%s at %s %d, then %s", p.kind, p.op, p.index, end)
}

// The operations that each fault may strike.
var strikes = []struct {
	kind string
	ops  []string
}{
	{fullDisk, []string{"create", "mkdir", "write", "allocate"}},
	{ioError, []string{"open", "create", "mkdir", "read", "readdir", "write", "truncate", "allocate", "rename", "remove"}},
	{failedFsync, []string{"datasync", "syncdir"}},
}

// points lives the scripted life once for each operation and fault. Of every stride of them one is lived.
func points(ctx context.Context, seed uint64, stride int, progress func(string, ...any)) (PointSum, error) {
	sum := PointSum{Lives: map[string]int{}}
	var err error
	if sum.Operations, err = count(ctx, seed); err != nil {
		return sum, err
	}
	var all []point
	for _, s := range strikes {
		for _, op := range s.ops {
			for i := range sum.Operations[op] {
				all = append(all, point{s.kind, op, i, s.kind == failedFsync || (i+int(seed))%2 == 0})
			}
		}
	}
	for i := int(seed % uint64(stride)); i < len(all); i += stride {
		if err := ctx.Err(); err != nil {
			return sum, err
		}
		all[i].live(ctx, seed, &sum)
	}
	progress("faults at single operations: %d lives, %d struck", sum.Lives[fullDisk]+sum.Lives[ioError]+sum.Lives[failedFsync], sum.Struck)
	return sum, nil
}

// hits counts operations of a disk by kind, and those that failed.
type hits struct {
	mu     sync.Mutex
	ops    map[string]int
	failed int
}

func (h *hits) event(e fault.Event) {
	h.mu.Lock()
	h.ops[e.Op]++
	if errors.Is(e.Err, syscall.EIO) || errors.Is(e.Err, syscall.ENOSPC) {
		h.failed++
	}
	h.mu.Unlock()
}

// count lives the life without a fault.
func count(ctx context.Context, seed uint64) (map[string]int, error) {
	disk := fault.NewDisk(seed)
	h := &hits{ops: map[string]int{}}
	disk.OnEvent(h.event)
	l := &life{node: newNode(disk), book: newBook(), rows: 4}
	if err := errors.Join(l.run(ctx), errors.Join(l.said...)); err != nil {
		return nil, fmt.Errorf("a life without a fault: %w", err)
	}
	v, err := l.judge(ctx, l.book)
	if err != nil || v.first != "" {
		return nil, fmt.Errorf("a life without a fault: %s %w", v.first, err)
	}
	if err := l.close(); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops["readdir"] = 4 // these tell no event
	return h.ops, nil
}

// live lives one life with the fault, ends it, opens again and looks for everything.
func (p point) live(ctx context.Context, seed uint64, sum *PointSum) {
	disk := fault.NewDisk(seed*7919 + uint64(p.index))
	h := &hits{ops: map[string]int{}}
	disk.OnEvent(h.event)
	f := fault.Fault{Op: p.op, Skip: p.index, Err: syscall.EIO}
	if p.kind == fullDisk {
		f.Err, f.Part = syscall.ENOSPC, p.op == "write"
		f.Times = -1
	}
	disk.Inject(f)
	if p.kind == fullDisk { // where there is no room for one thing there is none for the others
		disk.OnEvent(func(e fault.Event) {
			h.event(e)
			if errors.Is(e.Err, syscall.ENOSPC) {
				disk.Limit(disk.Used())
			}
		})
	}
	sum.Lives[p.kind]++
	l := &life{node: newNode(disk), book: newBook(), rows: 4}
	broken := func(what string, err error) {
		if err != nil {
			sum.Broken++
			sum.note(fmt.Sprintf("%s: %s: %v", p, what, err))
		}
	}
	check := func(when string) {
		v, err := l.judge(ctx, l.book)
		if err != nil && !explained(err) {
			broken(when, err)
		}
		sum.Lost += v.lost
		sum.Wrong += v.wrong
		if v.first != "" {
			sum.note(fmt.Sprintf("%s: %s: %s", p, when, v.first))
		}
	}
	broken("life", l.run(ctx))
	if l.store != nil {
		check("before the end")
	}
	h.mu.Lock()
	if h.failed > 0 || len(l.said) > 0 {
		sum.Struck++
	}
	h.mu.Unlock()
	sum.Refused += len(l.said)
	if p.power {
		disk.PowerOff()
	} else {
		disk.Kill()
	}
	_ = l.close() // its disk is gone
	disk.OnEvent(nil)
	disk.PowerOn()
	disk.Heal()
	sum.Checked += l.book.acknowledged() + len(l.book.leaves)
	if err := l.open(ctx); err != nil {
		broken("open again", err)
		_ = l.close()
		return
	}
	check("after the restart")
	v, err := l.judgeEvidence(l.book)
	broken("read the evidence", err)
	sum.Lost += v.lost
	sum.Wrong += v.wrong
	sum.note(v.first)
	broken("flush and merge", errors.Join(l.store.Flush(ctx), l.store.Compact(ctx)))
	check("after flush and merge")
	broken("close", l.close())
}

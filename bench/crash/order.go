package crash

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"sync"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file/fault"
)

// order watches a disk and a journal on it, and says of each acknowledgement whether the bytes that hold its record had
// been synced. It rests on what the disk saw, not on what the journal says of itself: the journal only tells which
// write holds which commit numbers, and that is checked against the bytes.
type order struct {
	disk *fault.Disk

	mu     sync.Mutex
	write  fault.Event // the last one of records, of the one goroutine that makes them
	groups []synced
	last   uint64
	read   []byte // bytes of groups[cached]
	cached int
	sum    OrderSum
}

// OrderSum is what an order has seen.
type OrderSum struct {
	Checked  uint64 `json:"acknowledgements"` // whose datasync had ended before
	Found    uint64 `json:"found"`            // of them, those whose own text was found in the bytes synced
	Early    uint64 `json:"early"`
	Groups   uint64 `json:"groups"`
	Datasync uint64 `json:"datasyncs"`
}

func (s *OrderSum) add(o OrderSum) {
	s.Checked += o.Checked
	s.Found += o.Found
	s.Early += o.Early
	s.Groups += o.Groups
	s.Datasync += o.Datasync
}

// synced is one write of records and how far it is on its way to the medium.
type synced struct {
	name     string
	off      int64
	n        int
	from, to uint64 // commit numbers
	state    syncState
}

type syncState uint8

const (
	written syncState = iota
	syncing           // a datasync began after it was written
	safe              // that datasync has ended well
	gone              // that datasync failed: no later one makes it safe
)

// newOrder watches from now on; last is the journal's last commit.
func newOrder(disk *fault.Disk, last uint64) *order {
	return &order{disk: disk, last: last, cached: -1}
}

// event is the disk's hook.
func (o *order) event(e fault.Event) {
	switch e.Op { // the others may come from acked, which holds the lock
	case "write", "datasync-start", "datasync":
	default:
		return
	}
	if filepath.Ext(e.Name) != ".seg" {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch e.Op {
	case "write":
		if e.Err == nil && e.Off > 0 { // a segment's head stands at 0 and is written by another goroutine
			o.write = e
		}
	case "datasync-start":
		o.move(e.Name, written, syncing)
	case "datasync":
		to := gone
		if e.Err == nil {
			o.sum.Datasync++
			to = safe
		}
		o.move(e.Name, syncing, to)
	}
}

func (o *order) move(name string, from, to syncState) {
	for i := len(o.groups) - 1; i >= 0 && i >= len(o.groups)-4; i-- { // only the last is ever on its way
		if o.groups[i].name == name && o.groups[i].state == from {
			o.groups[i].state = to
		}
	}
}

// trace is the journal's hook.
func (o *order) trace(event string, number uint64) {
	if event != "written" {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.groups = append(o.groups, synced{name: o.write.Name, off: o.write.Off, n: o.write.N, from: o.last + 1, to: number})
	o.last = number
	o.sum.Groups++
}

// acked judges one acknowledgement at the moment it is made. mark is text of its batch.
func (o *order) acked(commit uint64, mark string, series uuid.UUID) (Violation, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := sort.Search(len(o.groups), func(i int) bool { return o.groups[i].to >= commit })
	early := func(format string, a ...any) (Violation, bool) {
		o.sum.Early++
		return Violation{Wrong: Early, Series: series, Commit: commit, Detail: fmt.Sprintf(format, a...)}, true
	}
	if i == len(o.groups) || o.groups[i].from > commit {
		return early("no write of records with this commit number was seen")
	}
	g := &o.groups[i]
	if g.state != safe {
		return early("its bytes %s [%d, %d) were written but their datasync had not ended", g.name, g.off, g.off+int64(g.n))
	}
	o.sum.Checked++
	if o.cached != i {
		f, err := o.disk.OpenFile(g.name, os.O_RDONLY, 0)
		if err != nil {
			return Violation{}, false // the power failed since, or the segment was trimmed
		}
		defer f.Close()
		o.read, o.cached = append(o.read[:0], make([]byte, g.n)...), -1
		if _, err := f.ReadAt(o.read, g.off); err != nil {
			return Violation{}, false
		}
		o.cached = i
	}
	if !bytes.Contains(o.read, []byte(mark)) {
		return early("the bytes %s [%d, %d) that were synced do not hold the batch (%s)", g.name, g.off, g.off+int64(g.n), mark)
	}
	o.sum.Found++
	return Violation{}, false
}

func (o *order) total() OrderSum {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sum
}

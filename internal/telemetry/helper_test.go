package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/log/jetstream/natstest"
)

func TestMain(m *testing.M) {
	natstest.Main()
	goleak.VerifyTestMain(m)
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// The tests' time begins here: 2026-11-21 00:00 UTC.
const begin = int64(1795219200) * int64(time.Second)

// testClock is a clock that tests move.
type testClock struct {
	mu sync.Mutex
	t  int64
}

func (c *testClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Unix(0, c.t)
}

func (c *testClock) add(d time.Duration) {
	c.mu.Lock()
	c.t += int64(d)
	c.mu.Unlock()
}

// node is a store with its journal.
type node struct {
	fs       file.FS
	dir      string
	clock    *testClock
	catalog  Catalog
	options  Options // those beside FS, Dir, Log, Catalog, Now
	journal  log.Options
	log      *log.Log
	store    *Store
	mu       sync.Mutex
	troubles []Trouble
}

func newNode(fs file.FS, dir string) *node {
	return &node{fs: fs, dir: dir, clock: &testClock{t: begin}, catalog: &MemoryCatalog{},
		options: Options{NoBackground: true, HeadBytes: 64 << 20, CompactRate: -1},
		journal: log.Options{SegmentBytes: 256 << 10, MaxBytes: 64 << 20, AlignBytes: 512}}
}

// memoryNode is a node on a disk in memory.
func memoryNode(t testing.TB, seed uint64) (*node, *fault.Disk) {
	d := fault.NewDisk(seed)
	n := newNode(d, "/node")
	n.mustOpen(t)
	t.Cleanup(n.close)
	return n, d
}

func (n *node) open() error {
	j := n.journal
	j.FS, j.Dir, j.Now, j.Logger, j.Keepers = n.fs, n.dir+"/journal", n.clock.now, quiet, []string{Keeper}
	l, err := log.Open(j)
	if err != nil {
		return err
	}
	o := n.options
	o.FS, o.Dir, o.Log, o.Catalog, o.Now, o.Logger = n.fs, n.dir+"/telemetry", l, n.catalog, n.clock.now, quiet
	o.Raise = func(t Trouble) {
		n.mu.Lock()
		n.troubles = append(n.troubles, t)
		n.mu.Unlock()
	}
	s, err := Open(context.Background(), o)
	if err != nil {
		l.Close()
		return err
	}
	n.log, n.store = l, s
	return nil
}

func (n *node) mustOpen(t testing.TB) {
	t.Helper()
	if err := n.open(); err != nil {
		t.Fatal(err)
	}
}

func (n *node) close() {
	if n.log != nil {
		n.log.Close()
		n.store.Close()
		n.log, n.store = nil, nil
	}
}

func (n *node) trouble(kind string) (last Trouble, count int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, t := range n.troubles {
		if t.Kind == kind {
			last = t
			count++
		}
	}
	return last, count
}

// declaration of the i-th series of a test; its type is fixed by i.
func declaration(i int, t Type) Declaration {
	return Declaration{ID: seriesID(i), Org: uuid.UUID{15: 1}, Type: t, Unit: "1", Report: Periodic, MaxSilence: 5 * time.Second, From: 0}
}

func seriesID(i int) uuid.UUID {
	id := uuid.UUID{0: 1, 6: 0x70, 8: 0x80}
	id[4], id[5], id[14], id[15] = byte(i>>8), byte(i), byte(i>>8), byte(i)
	return id
}

func producerID(i int) uuid.UUID { return uuid.UUID{0: 9, 6: 0x70, 8: 0x80, 15: byte(i)} }

func (n *node) declare(t testing.TB, types ...Type) []Ref {
	t.Helper()
	var d []Declaration
	for i, typ := range types {
		d = append(d, declaration(i, typ))
	}
	refs, err := n.store.Declare(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	return refs
}

// append appends a batch and waits for it.
func (n *node) append(producer int, epoch, seq uint64, b *Batch) (Receipt, error) {
	type answer struct {
		r   Receipt
		err error
	}
	c := make(chan answer, 1)
	if err := n.store.Append(context.Background(), producerID(producer), epoch, seq, b, func(r Receipt, err error) { c <- answer{r, err} }); err != nil {
		return Receipt{}, err
	}
	a := <-c
	return a.r, a.err
}

func (n *node) mustAppend(t testing.TB, producer int, seq uint64, b *Batch) Receipt {
	t.Helper()
	r, err := n.append(producer, 1, seq, b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// rowsOf makes a batch of one series.
func rowsOf(ref Ref, times []int64, bits []uint64) *Batch {
	b := &Batch{Origin: Measured}
	for i, t := range times {
		b.Ref = append(b.Ref, ref)
		b.Time = append(b.Time, t)
		b.Gateway = append(b.Gateway, t+1000)
		b.Bits = append(b.Bits, bits[i])
	}
	return b
}

func show(s []Sample) string {
	out := ""
	for _, x := range s {
		out += fmt.Sprintf("\n  %+v", x)
	}
	return out
}

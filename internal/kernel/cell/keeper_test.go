package cell_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"jingwei/internal/kernel/cell"
	"jingwei/internal/kernel/lease"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(childEnv); url != "" {
		childMain(url)
	}
	goleak.VerifyTestMain(m)
}

// length of a lease in these tests: short enough to wait for, long enough for two busy cores.
const length = 1500 * time.Millisecond

// span is the time in which a process owned a cell, from Open to the end of its lease's context.
type span struct {
	cell, process string
	epoch         uint64
	from, to      time.Time
}

// record is what the nodes of all processes of a test did.
type record struct {
	mu    sync.Mutex
	spans []span
	lost  int // nodes that were told to close without writing
}

// process is a keeper with an office and, where the test cuts it off, a database connection of its own.
type process struct {
	name   string
	keeper *cell.Keeper
	office *lease.Office
	record *record
	stop   context.CancelFunc
	done   chan error

	mu   sync.Mutex
	open map[string]uint64 // by cell: epoch of the open node
	fail func(cell string) error
	hang chan struct{} // while not nil, nodes close only when it is closed
}

func start(t *testing.T, db *store.DB, name string, cells []string, r *record, tune func(*cell.Options, *process)) *process {
	t.Helper()
	office, err := lease.New(t.Context(), lease.Options{DB: db, Note: name, Length: length})
	if err != nil {
		t.Fatal(err)
	}
	p := &process{name: name, office: office, record: r, open: map[string]uint64{}, done: make(chan error, 1)}
	o := cell.Options{
		DB: db, Office: office, Cells: cells, Process: name, Open: p.serve, Every: 60 * time.Millisecond,
		Addresses: map[string]string{"https": name + ".test:8443"}, Pause: 50 * time.Millisecond,
	}
	if testing.Verbose() {
		o.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil)).With("process", name)
	}
	if tune != nil {
		tune(&o, p)
	}
	if p.keeper, err = cell.New(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	go func() { p.done <- p.keeper.Run(ctx); close(p.done) }()
	t.Cleanup(func() {
		p.stop()
		<-p.done
		p.office.Close()
	})
	return p
}

// node is the Serving of these tests.
type node struct {
	p    *process
	cell string
	held *lease.Held
	mine int // index of its span
}

func (p *process) serve(_ context.Context, c string, held *lease.Held) (cell.Serving, error) {
	if p.fail != nil {
		if err := p.fail(c); err != nil {
			return nil, err
		}
	}
	p.record.mu.Lock()
	n := &node{p: p, cell: c, held: held, mine: len(p.record.spans)}
	p.record.spans = append(p.record.spans, span{cell: c, process: p.name, epoch: held.Epoch(), from: time.Now()})
	p.record.mu.Unlock()
	context.AfterFunc(held.Context(), n.over)
	p.mu.Lock()
	p.open[c] = held.Epoch()
	p.mu.Unlock()
	return n, nil
}

func (n *node) over() {
	at := time.Now()
	n.p.record.mu.Lock()
	n.p.record.spans[n.mine].to = at
	n.p.record.mu.Unlock()
}

func (n *node) Serve(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func (n *node) Close(lost bool) error {
	n.p.mu.Lock()
	hang := n.p.hang
	n.p.mu.Unlock()
	if hang != nil {
		<-hang
	}
	n.p.mu.Lock()
	delete(n.p.open, n.cell)
	n.p.mu.Unlock()
	n.p.record.mu.Lock()
	if lost {
		n.p.record.lost++
	}
	n.p.record.mu.Unlock()
	if !lost && n.held.Context().Err() != nil {
		return errors.New("the lease ended before its node had closed")
	}
	return nil
}

func (p *process) cells() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for c := range p.open {
		out = append(out, c)
	}
	slices.Sort(out)
	return out
}

func names(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("c%d", i))
	}
	return out
}

// eventually waits for a state that must come; the test's own deadline is the limit.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.Now().Add(60 * time.Second)
	for !ok() {
		if time.Now().After(limit) {
			t.Fatalf("it never came to this: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// shares are how many cells each has, most first, and whether all are served exactly once.
func shares(cells int, all ...*process) (out []int, complete bool) {
	seen := map[string]int{}
	for _, p := range all {
		mine := p.cells()
		out = append(out, len(mine))
		for _, c := range mine {
			seen[c]++
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	complete = len(seen) == cells
	for _, n := range seen {
		complete = complete && n == 1
	}
	return out, complete
}

func fair(t *testing.T, cells int, want []int, all ...*process) {
	t.Helper()
	eventually(t, fmt.Sprintf("shares %v of %d cells", want, cells), func() bool {
		got, complete := shares(cells, all...)
		return complete && slices.Equal(got, want)
	})
}

// noTwoOwners checks the recorded spans: of one cell none overlaps another, and epochs grow.
func noTwoOwners(t *testing.T, r *record) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	byCell := map[string][]span{}
	for _, s := range r.spans {
		byCell[s.cell] = append(byCell[s.cell], s)
	}
	for c, all := range byCell {
		slices.SortFunc(all, func(a, b span) int { return a.from.Compare(b.from) })
		for i := 1; i < len(all); i++ {
			a, b := all[i-1], all[i]
			if a.to.IsZero() || b.from.Before(a.to) {
				t.Errorf("%s: %s had it from %v to %v, and %s from %v", c, a.process, a.from, a.to, b.process, b.from)
			}
			if b.epoch <= a.epoch {
				t.Errorf("%s: epoch %d of %s after %d of %s", c, b.epoch, b.process, a.epoch, a.process)
			}
		}
	}
}

// TestCellsAreSharedFairly: one process has all, two more take their share of it, and what one leaves the others have.
func TestCellsAreSharedFairly(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r, cells := &record{}, names(7)
		a := start(t, db, "a", cells, r, nil)
		fair(t, 7, []int{7}, a)
		b := start(t, db, "b", cells, r, nil)
		c := start(t, db, "c", cells, r, nil)
		fair(t, 7, []int{3, 2, 2}, a, b, c)

		at, ok, err := b.keeper.Where(t.Context(), a.cells()[0], true)
		if err != nil || !ok || at.Mine || at.Process.Name != "a" || at.Process.Addresses["https"] != "a.test:8443" || at.Process.ID != a.keeper.ID() {
			t.Errorf("b finds the cell at %+v %v %v", at, ok, err)
		}
		if at, ok, err := a.keeper.Where(t.Context(), a.cells()[0], false); err != nil || !ok || !at.Mine {
			t.Errorf("a finds its own cell at %+v %v %v", at, ok, err)
		}
		if _, ok, err := a.keeper.Where(t.Context(), "nowhere", true); ok || err != nil {
			t.Errorf("a cell that is not is found: %v", err)
		}

		// A process that ends gives all back: the others have it long before a lease would have run out.
		c.stop()
		if err := <-c.done; err != nil {
			t.Error(err)
		}
		if left := c.cells(); len(left) > 0 {
			t.Errorf("c still has %v open", left)
		}
		if o, err := a.keeper.Overview(t.Context()); err != nil || len(o.Cells) != 7 || len(o.Processes) > 3 {
			t.Errorf("%+v %v", o, err)
		}
		fair(t, 7, []int{4, 3}, a, b)
		eventually(t, "two processes", func() bool {
			o, err := a.keeper.Overview(t.Context())
			return err == nil && len(o.Processes) == 2
		})
		a.stop()
		<-a.done
		fair(t, 7, []int{7}, b)
		b.stop()
		<-b.done
		noTwoOwners(t, r)
		if r.lost > 0 {
			t.Errorf("%d nodes lost their lease although nobody died", r.lost)
		}
	})
}

// TestCellsOfADeadProcessAreTakenOver: a process that is cut off from the database stops in time, and the other has its
// cells with greater epochs.
func TestCellsOfADeadProcessAreTakenOver(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	own, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() }) // after the processes
	r, cells := &record{}, names(4)
	a := start(t, own, "a", cells, r, nil)
	fair(t, 4, []int{4}, a)
	b := start(t, db, "b", cells, r, nil)
	fair(t, 4, []int{2, 2}, a, b)
	own.Close()
	fair(t, 4, []int{4, 0}, a, b)
	if got := b.cells(); len(got) != 4 {
		t.Errorf("b has %v", got)
	}
	r.mu.Lock()
	lost := r.lost
	r.mu.Unlock()
	if lost != 2 {
		t.Errorf("%d nodes of the dead process were told that their lease is lost, not 2", lost)
	}
	b.stop()
	<-b.done
	noTwoOwners(t, r)
}

// TestCellThatCannotBeOpenedGoesToAnother: its trouble does not stop the others, and is told.
func TestCellThatCannotBeOpenedGoesToAnother(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r, cells := &record{}, names(4)
		var mu sync.Mutex
		var told []cell.State
		broken := errors.New("its disk is full")
		a := start(t, db, "a", cells, r, func(o *cell.Options, p *process) {
			o.Changed = func(s cell.State) {
				mu.Lock()
				told = append(told, s)
				mu.Unlock()
			}
			p.fail = func(c string) error {
				switch c {
				case "c1":
					return broken
				case "c2":
					panic("c2 is cursed")
				}
				return nil
			}
		})
		// Alone, it serves what it can, and tries the others again and again with growing pauses.
		eventually(t, "two cells served, two failed at least three times", func() bool {
			mu.Lock()
			defer mu.Unlock()
			failed := map[string]int{}
			for _, s := range told {
				if s.Phase == cell.Failed {
					failed[s.Cell]++
				}
			}
			return slices.Equal(a.cells(), []string{"c0", "c3"}) && failed["c1"] >= 3 && failed["c2"] >= 3
		})
		mu.Lock()
		var last time.Duration
		for _, s := range told {
			if s.Cell == "c1" && s.Phase == cell.Failed {
				if pause := s.Retry.Sub(s.Since); pause < last || !errors.Is(s.Err, broken) {
					t.Errorf("a pause of %v after one of %v: %v", pause, last, s.Err)
				} else {
					last = pause
				}
			}
			if s.Cell == "c2" && s.Phase == cell.Failed && !strings.Contains(s.Err.Error(), "cursed") {
				t.Error(s.Err)
			}
		}
		mu.Unlock()
		// Another can open them, and takes them although it then has as many as its share.
		b := start(t, db, "b", cells, r, nil)
		fair(t, 4, []int{2, 2}, a, b)
		if got := b.cells(); !slices.Equal(got, []string{"c1", "c2"}) {
			t.Errorf("b has %v", got)
		}
		b.stop()
		<-b.done
		noTwoOwners(t, r)
	})
}

// TestNodeThatFailsIsTriedAgain: an end that nobody asked for is a failure.
func TestNodeThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	office, err := lease.New(t.Context(), lease.Options{DB: db, Length: length})
	if err != nil {
		t.Fatal(err)
	}
	defer office.Close()
	ends := make(chan error)
	opened := make(chan uint64)
	failures := make(chan error, 10)
	k, err := cell.New(t.Context(), cell.Options{
		DB: db, Office: office, Cells: []string{"only"}, Every: 30 * time.Millisecond, Pause: time.Millisecond,
		Open: func(ctx context.Context, _ string, h *lease.Held) (cell.Serving, error) {
			opened <- h.Epoch()
			return serving{ends}, nil
		},
		Changed: func(s cell.State) {
			if s.Phase == cell.Failed {
				failures <- s.Err
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- k.Run(ctx) }()
	trouble := errors.New("the journal failed")
	for i, end := range []error{trouble, nil, trouble} {
		if epoch := <-opened; epoch != uint64(i+1) {
			t.Errorf("epoch %d at start %d", epoch, i+1)
		}
		ends <- end
		got := <-failures
		if end != nil && !errors.Is(got, end) || end == nil && !strings.Contains(got.Error(), "by itself") {
			t.Errorf("ended with %v, told %v", end, got)
		}
	}
	<-opened
	eventually(t, "serving", func() bool { return k.States()[0].Phase == cell.Serves })
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

type serving struct{ ends chan error }

func (s serving) Serve(ctx context.Context) error {
	select {
	case err := <-s.ends:
		return err
	case <-ctx.Done():
		return nil
	}
}

func (serving) Close(bool) error { return nil }

// TestNodeThatDoesNotCloseKeepsNobodyOut: its lease is given back after a while, and Run tells which it was.
func TestNodeThatDoesNotCloseKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	db := storetest.Postgres(t)
	r, cells := &record{}, names(2)
	hang := make(chan struct{})
	a := start(t, db, "a", cells, r, func(o *cell.Options, p *process) {
		o.StopTimeout = 50 * time.Millisecond
		p.hang = hang
	})
	fair(t, 2, []int{2}, a)
	b := start(t, db, "b", cells, r, nil)
	eventually(t, "b has one of them although a's node of it is still closing", func() bool { return len(b.cells()) == 1 })
	mine := b.cells()[0]
	eventually(t, "a says so", func() bool {
		return slices.ContainsFunc(a.keeper.States(), func(s cell.State) bool { return s.Cell == mine && s.Phase == cell.Stuck && s.Err != nil })
	})
	close(hang)
	eventually(t, "a's node has closed", func() bool { return len(a.cells()) == 1 })
	fair(t, 2, []int{1, 1}, a, b)
}

func TestWrongOptionsAreNamed(t *testing.T) {
	db := storetest.SQLite(t)
	office, err := lease.New(t.Context(), lease.Options{DB: db, Length: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer office.Close()
	open := func(context.Context, string, *lease.Held) (cell.Serving, error) { return nil, nil }
	good := cell.Options{DB: db, Office: office, Cells: []string{"east", "west-2"}, Open: open, Addresses: map[string]string{"link": "10.0.0.1:8444"}}
	for _, c := range []struct {
		change func(*cell.Options)
		want   string
	}{
		{func(o *cell.Options) { o.DB = nil }, "DB"},
		{func(o *cell.Options) { o.Cells = nil }, "no cells"},
		{func(o *cell.Options) { o.Cells = []string{"East"} }, `"East"`},
		{func(o *cell.Options) { o.Cells = []string{"a.b"} }, `"a.b"`},
		{func(o *cell.Options) { o.Cells = []string{"-a"} }, `"-a"`},
		{func(o *cell.Options) { o.Cells = []string{"a", "a"} }, "twice"},
		{func(o *cell.Options) { o.Every = time.Second }, "Every"},
		{func(o *cell.Options) { o.Addresses = map[string]string{"https": ":8443"} }, `door https is ":8443"`},
	} {
		o := good
		c.change(&o)
		if _, err := cell.New(t.Context(), o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	k, err := cell.New(t.Context(), good)
	if err != nil {
		t.Fatal(err)
	}
	again, err := cell.New(t.Context(), good)
	if err != nil || len(k.Key()) != 32 || !slices.Equal(k.Key(), again.Key()) {
		t.Errorf("the key is not one of the deployment: %v", err)
	}
}

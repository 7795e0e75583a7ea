package cell

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"jingwei/internal/kernel/lease"
	"jingwei/internal/kernel/store"
)

const leasePrefix = "cell/"

// LeaseName is the name of a cell's lease.
func LeaseName(cell string) string { return leasePrefix + cell }

func ofLease(name string) (cell string, ok bool) { return strings.CutPrefix(name, leasePrefix) }

// Keeper serves this process's share of the cells. Run does the work; the other methods may be called at any time, also
// when Run has not begun.
type Keeper struct {
	o     Options
	id    string
	table *table
	key   []byte

	looking chan struct{} // holds a token while the database is asked
	seen    atomic.Pointer[view]
	wake    chan struct{}
	lives   sync.WaitGroup

	telling sync.Mutex // held while Changed is called
	mu      sync.Mutex
	states  map[string]State
	holds   map[string]*hold
	faults  map[string]*fault
	since   map[string]time.Time // by free cell: when this process saw it free first
}

// fault is what went wrong with a cell here.
type fault struct {
	times uint
	at    time.Time
	retry time.Time
}

// New migrates the tables and returns a Keeper that has no cell yet. Errors: wrong options by their names; those of the
// database.
func New(ctx context.Context, o Options) (*Keeper, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	if err := store.MigrateRoom(ctx, o.DB, "cell", migrations); err != nil {
		return nil, err
	}
	k := &Keeper{
		o: o, id: o.Office.Holder(), table: &table{o.DB, o.Office.Length()},
		looking: make(chan struct{}, 1), wake: make(chan struct{}, 1),
		states: map[string]State{}, holds: map[string]*hold{}, faults: map[string]*fault{}, since: map[string]time.Time{},
	}
	var err error
	if k.key, err = k.table.key(ctx); err != nil {
		return nil, fmt.Errorf("read the key of the deployment: %w", err)
	}
	for _, c := range o.Cells {
		k.states[c] = State{Cell: c, Phase: Away, Since: o.Now().UTC()}
	}
	return k, nil
}

// ID names this process in the rows.
func (k *Keeper) ID() string { return k.id }

// Key is a secret of 32 bytes that the processes of the deployment share, and nobody else has.
func (k *Keeper) Key() []byte { return slices.Clone(k.key) }

// Run tells of the process, takes its share of the cells and serves them until ctx ends; then it closes every node, gives
// the leases back and takes the process out. Its error names the cells that did not close in time.
func (k *Keeper) Run(ctx context.Context) error {
	tick := time.NewTicker(k.o.Every)
	defer tick.Stop()
	if err := k.table.sweep(ctx); err != nil {
		k.o.Logger.Warn("old processes could not be taken out of the table", "error", err)
	}
	// Processes that start together first learn of each other.
	for round := 0; ; round++ {
		if err := k.round(ctx, round >= 2); err != nil && ctx.Err() == nil {
			k.o.Logger.Warn("the other processes could not be seen; nothing is taken until they are", "error", err)
		}
		select {
		case <-ctx.Done():
			return k.shut()
		case <-tick.C:
		case <-k.wake:
		}
	}
}

// shut gives everything back.
func (k *Keeper) shut() error {
	ctx, cancel := context.WithTimeout(context.Background(), k.o.Office.Length())
	defer cancel()
	if err := k.table.leave(ctx, k.id); err != nil {
		k.o.Logger.Warn("the process could not be taken out of the table; it counts as dead after a while", "error", err)
	}
	k.mu.Lock()
	for _, h := range k.holds {
		h.end(errAsked)
	}
	k.mu.Unlock()
	done := make(chan struct{})
	go func() { k.lives.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-time.After(k.o.StopTimeout + k.o.Office.Length()):
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var late []string
	for c := range k.holds {
		late = append(late, c)
	}
	slices.Sort(late)
	return fmt.Errorf("nodes did not close within %v: %s", k.o.StopTimeout, strings.Join(late, ", "))
}

// nudge makes the next round come at once.
func (k *Keeper) nudge() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// round is one beat, one look, and what follows from it.
func (k *Keeper) round(ctx context.Context, take bool) error {
	asked := time.Now()
	brief, cancel := context.WithTimeout(ctx, k.o.Office.Length()/2)
	err := k.table.beat(brief, k.self())
	cancel()
	if err != nil {
		return fmt.Errorf("tell of this process: %w", err)
	}
	v, err := k.look(ctx, asked)
	if err != nil || !take {
		return err
	}
	p := k.picture(v)
	for _, cell := range p.free(k.id) {
		if ctx.Err() != nil {
			return nil
		}
		if !k.ready(cell) || !p.may(k.id, cell) {
			continue
		}
		brief, cancel := context.WithTimeout(ctx, k.o.Office.Length()/2)
		held, err := k.o.Office.Take(brief, LeaseName(cell))
		cancel()
		var taken *lease.TakenError
		switch {
		case err == nil:
			k.begin(cell, held)
			p.owner[cell] = k.id
		case errors.As(err, &taken):
			p.owner[cell] = taken.Lease.Holder
		case errors.Is(err, lease.ErrLost): // the answer came too late; it is free again after a while
			p.owner[cell] = k.id
		default:
			return err
		}
	}
	if owner, cell, ok := p.move(k.settling(p)); ok && owner == k.id {
		k.giveBack(cell)
	}
	return nil
}

// self is what this process tells.
func (k *Keeper) self() Process {
	p := Process{ID: k.id, Name: k.o.Process, Addresses: k.o.Addresses, Serving: []string{}, Failing: []string{}}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.o.Cells {
		if f := k.faults[c]; f != nil && k.states[c].Phase != Serves && k.o.Now().Sub(f.at) < blamed {
			p.Failing = append(p.Failing, c)
		} else if k.states[c].Phase == Serves {
			p.Serving = append(p.Serving, c)
		}
	}
	return p
}

// picture puts a view into the plan's terms.
func (k *Keeper) picture(v *view) *picture {
	p := &picture{cells: k.o.Cells, owner: map[string]string{}, taken: map[string]int64{}}
	k.mu.Lock()
	defer k.mu.Unlock()
	for c, l := range v.owners {
		p.owner[c], p.taken[c] = l.Holder, l.Taken.UnixNano()
	}
	for c := range k.holds {
		if _, ok := p.owner[c]; !ok { // its lease is gone and its node is still closing
			p.owner[c] = k.id
		}
	}
	self := false
	for _, x := range v.processes {
		if !x.Alive {
			continue
		}
		m := member{id: x.ID, failing: x.Failing}
		for c, owner := range p.owner {
			if owner == x.ID && !slices.Contains(x.Serving, c) {
				m.opening++
			}
		}
		p.members = append(p.members, m)
		self = self || x.ID == k.id
	}
	if !self { // the beat is older than a lease is long: the database was away in between
		p.members = append(p.members, member{id: k.id})
	}
	now := k.o.Now()
	for _, c := range k.o.Cells {
		if _, taken := p.owner[c]; taken {
			delete(k.since, c)
		} else if k.since[c].IsZero() {
			k.since[c] = now
		}
	}
	return p
}

// ready tells whether a cell is to be tried here: not while its node of before is still closing, nor in the pause after
// a failure.
func (k *Keeper) ready(cell string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.faults[cell]
	return k.holds[cell] == nil && (f == nil || !k.o.Now().Before(f.retry))
}

// settling tells that a cell is free that somebody is about to take, or that one of this process's own is changing hands.
// A cell that nobody has taken for two lengths of a lease is one that nobody can open; it keeps nothing up.
func (k *Keeper) settling(p *picture) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, h := range k.holds {
		if h.asked && !h.stuck {
			return true
		}
	}
	for _, c := range p.cells {
		if _, taken := p.owner[c]; !taken && k.o.Now().Sub(k.since[c]) < 2*k.o.Office.Length() {
			return true
		}
	}
	return false
}

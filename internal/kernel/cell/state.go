package cell

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"jingwei/internal/kernel/lease"
)

// Phase is how far this process is with a cell.
type Phase string

// The phases of a cell in one process.
const (
	Away    Phase = "away"    // another has it, or nobody
	Opening Phase = "opening" // held, the node is being opened
	Serves  Phase = "serving"
	Closing Phase = "closing" // held until the node is closed
	Failed  Phase = "failed"  // given back; tried again at Retry where it is still free
	Stuck   Phase = "stuck"   // the lease is gone and the node has not closed: it is not taken again before it has
)

// State is what this process does about a cell.
type State struct {
	Cell  string
	Phase Phase
	Epoch uint64    // of the lease; 0 where there is none
	Since time.Time // of the phase
	Err   error     // of the last failure; nil after the node has served
	Retry time.Time // when Failed
}

// Place is who serves a cell now.
type Place struct {
	Process Process
	Mine    bool // this process
	Epoch   uint64
}

// Cell is what a deployment's pages show of a cell.
type Cell struct {
	Name  string
	Owner string // a process's id, "" where nobody has it
	Epoch uint64
	Taken time.Time
}

// Overview is the deployment as it was seen last.
type Overview struct {
	Processes []Process
	Cells     []Cell
}

// view is one look at the database.
type view struct {
	at        time.Time // of the machine's clock, before the question
	processes []Process
	owners    map[string]lease.Lease // by cell, of leases that stand
}

// look asks the database. Of many who ask at the same time one asks, and an answer to a question asked after since
// serves all of them.
func (k *Keeper) look(ctx context.Context, since time.Time) (*view, error) {
	select {
	case k.looking <- struct{}{}:
		defer func() { <-k.looking }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if v := k.seen.Load(); v != nil && v.at.After(since) {
		return v, nil
	}
	v := &view{at: time.Now(), owners: map[string]lease.Lease{}}
	ctx, cancel := context.WithTimeout(ctx, k.o.Office.Length()/2)
	defer cancel()
	var err error
	if v.processes, err = k.table.processes(ctx); err != nil {
		return nil, fmt.Errorf("look at the processes: %w", err)
	}
	all, stands, err := k.o.Office.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("look at the leases: %w", err)
	}
	for i, l := range all {
		if c, ok := ofLease(l.Name); ok && stands[i] && slices.Contains(k.o.Cells, c) {
			v.owners[c] = l
		}
	}
	k.seen.Store(v)
	return v, nil
}

// Where tells which process owns a cell; ok is false where nobody does, or nobody knows. It answers from what was seen
// last, at most a few Every ago; fresh asks the database first, for callers who found the answer wrong. Where the database
// does not answer, what was seen last is told with its error.
func (k *Keeper) Where(ctx context.Context, cell string, fresh bool) (p Place, ok bool, err error) {
	asked := time.Now()
	v := k.seen.Load()
	if v == nil || fresh || asked.Sub(v.at) > 3*k.o.Every {
		since := asked.Add(-3 * k.o.Every)
		if fresh { // many clients of a cell that moves ask at once: a question for all of them now and then
			since = asked.Add(-k.o.Every / 8)
		}
		seen, e := k.look(ctx, since)
		if e == nil {
			v = seen
		}
		err = e
	}
	if v == nil {
		return Place{}, false, err
	}
	l, ok := v.owners[cell]
	if !ok {
		return Place{}, false, err
	}
	p = Place{Mine: l.Holder == k.id, Epoch: l.Epoch}
	i := slices.IndexFunc(v.processes, func(p Process) bool { return p.ID == l.Holder })
	if i < 0 {
		// It is leaving: its row is gone, its lease about to be.
		return p, false, err
	}
	p.Process = v.processes[i]
	return p, true, err
}

// Overview returns all processes and cells, asking the database where the last look is old.
func (k *Keeper) Overview(ctx context.Context) (Overview, error) {
	v, err := k.look(ctx, time.Now().Add(-3*k.o.Every))
	if err != nil {
		return Overview{}, err
	}
	o := Overview{Processes: slices.Clone(v.processes)}
	for _, name := range k.o.Cells {
		l := v.owners[name]
		o.Cells = append(o.Cells, Cell{Name: name, Owner: l.Holder, Epoch: l.Epoch, Taken: l.Taken})
	}
	return o, nil
}

// States tells what this process does about each cell, by name.
func (k *Keeper) States() []State {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.SortedFunc(maps.Values(k.states), func(a, b State) int {
		if a.Cell < b.Cell {
			return -1
		}
		return 1
	})
}

// tell sets a cell's state.
func (k *Keeper) tell(s State) {
	s.Since = k.o.Now().UTC()
	k.telling.Lock()
	defer k.telling.Unlock()
	k.mu.Lock()
	k.states[s.Cell] = s
	k.mu.Unlock()
	if k.o.Changed != nil {
		k.o.Changed(s)
	}
}

package figure

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
)

// Agreements are those of this node; *org.Service is one.
type Agreements interface {
	Agreement(ctx context.Context, id uuid.UUID) (org.Agreement, error)
	AgreementActs(ctx context.Context, after uint64, limit int) ([]org.AgreementAct, error)
	// ActiveAgreements lists all that are active at a time, by id.
	ActiveAgreements(ctx context.Context, at int64) ([]org.Agreement, error)
}

// Streams bring records to other nodes and theirs here.
type Streams interface {
	// Put puts records into the stream of an agreement that this node gives, in a transaction; they are sent afterwards.
	Put(ctx context.Context, tx bun.IDB, agreement uuid.UUID, records [][]byte) error
	// Incoming is at most limit records of the stream of an agreement that this node takes, behind one, in order.
	Incoming(ctx context.Context, agreement uuid.UUID, epoch, after uint64, limit int) ([]Came, error)
	// Stands tells the epoch of a stream and the last record of it that is here; zeros before there is one.
	Stands(ctx context.Context, agreement uuid.UUID) (epoch, last uint64, err error)
}

// Came is a record that came.
type Came struct {
	Seq   uint64
	Bytes []byte
}

// Sources are what is known on this node. What they read of an organisation they read as that organisation itself.
type Sources interface {
	// Observe gathers an indicator of an enterprise of this node.
	Observe(ctx context.Context, org uuid.UUID, d *indicator.Definition, p indicator.Period, baseline string) (*indicator.Valuation, error)
	// Self is how an enterprise of this node is known on a day; its Code is not empty.
	Self(ctx context.Context, org uuid.UUID, day string) (indicator.Enterprise, error)
	// Counted gathers an indicator that is computed once for the region of a keeper.
	Counted(ctx context.Context, keeper uuid.UUID, scope string, d *indicator.Definition, p indicator.Period, baseline string) (*indicator.Valuation, error)
	// Complete is indicator.Service.Complete with the keeper's registers.
	Complete(ctx context.Context, d *indicator.Definition, asked indicator.Asked, o indicator.Observation) (indicator.Observation, error)
	// Draw is who the register of a keeper lists on a day.
	Draw(ctx context.Context, keeper uuid.UUID, scope string, f indicator.Filter, day string) (*indicator.Members, error)
}

// Change says what may have changed observations of an organisation, or of all that a register speaks of.
type Change struct {
	Org      uuid.UUID // zero: of every organisation
	What     string    // as indicator.Library.Touched takes it
	From, To int64     // the time that it is about, ns; periods that end before From stay as they are
}

// Changes are followed by cursors: facts, entries, readings and what else writes down that it has changed.
type Changes interface {
	// Names of what is followed.
	Names() []string
	// After tells at most limit changes behind a cursor, and the cursor behind them.
	After(ctx context.Context, name string, c Cursor, limit int) ([]Change, Cursor, error)
}

// ComposerOptions build a Composer. All but Logger are required; Streams is nil on a node without neighbours.
type ComposerOptions struct {
	Store      *Store
	Library    *indicator.Library
	Sources    Sources
	Changes    Changes
	Agreements Agreements
	Streams    Streams
	Log        Evidence
	Refused    func(a *org.Agreement, seq uint64, why error) // told of a record that is left out; may be nil
	Node       uuid.UUID                                     // this one
	Now        func() time.Time
	Logger     *slog.Logger
}

// Composer works figures out: it follows what changes, observes the enterprises of this node for whom an agreement says so, adds up what
// keepers have figures of, and tells other nodes. One goroutine does it, in commits that write all of a step or nothing.
type Composer struct {
	o    ComposerOptions
	wake chan struct{}

	mu      sync.Mutex
	pending map[Change]bool
	came    map[uuid.UUID]bool // agreements under which records have come
	looked  map[uuid.UUID]bool // at least once since the start

	active      *agreed
	seen        *agreed // of which arrivals knows who has not been looked at
	populations memory[Hash, *Population]
	rolls       memory[Hash, *roll]
	draws       memory[string, *indicator.Members]
	hashes      memory[*indicator.Members, Hash]
	plans       memory[plan, []task]
	today       string
	trouble     string
}

// NewComposer makes a Composer.
func NewComposer(o ComposerOptions) *Composer {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Composer{o: o, wake: make(chan struct{}, 1), pending: map[Change]bool{}, came: map[uuid.UUID]bool{}, looked: map[uuid.UUID]bool{}}
	c.rolls.most = rolls
	return c
}

// Touch says that something has changed of which no cursor tells. It does not block.
func (c *Composer) Touch(list ...Change) {
	c.mu.Lock()
	for _, x := range list {
		c.pending[x] = true
	}
	c.mu.Unlock()
	c.Wake()
}

// Wake has the composer look at once for what has changed.
func (c *Composer) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Afresh has everything that stands told again in the stream of an agreement (neighbour.Service.OnEpoch).
func (c *Composer) Afresh(ctx context.Context, agreement uuid.UUID) error {
	return c.o.Store.Mark(ctx, c.o.Store.db, Dirty{Keeper: agreement, Code: tellAll})
}

// tellAll in the place of a credit code stands for everything that is to be told under an agreement.
const tellAll = "tell"

const (
	lookEvery = time.Second      // for what has changed
	calmDown  = 10 * time.Second // after something failed
)

// Run works until ctx ends.
func (c *Composer) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		pause := lookEvery
		for {
			worked, err := c.Step(ctx)
			if err != nil && ctx.Err() == nil {
				if words := err.Error(); words != c.trouble { // once, not every ten seconds
					c.o.Logger.Error("compose figures", "err", err)
					c.trouble = words
				}
				pause = calmDown
			} else if err == nil {
				c.trouble = ""
			}
			if !worked || err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
		case <-c.wake:
		case <-time.After(pause):
		}
	}
	return nil
}

// Step does one piece of work; false where there was none.
func (c *Composer) Step(ctx context.Context) (worked bool, err error) {
	if c.o.Streams != nil {
		if worked, err = c.takeIn(ctx); worked || err != nil {
			return worked, wrapf("take in what was given", err)
		}
	}
	if worked, err = c.follow(ctx); worked || err != nil {
		return worked, wrapf("follow changes", err)
	}
	if worked, err = c.tellSeals(ctx); worked || err != nil {
		return worked, wrapf("tell where periods stand", err)
	}
	if worked, err = c.work(ctx); worked || err != nil {
		return worked, wrapf("work out figures", err)
	}
	worked, err = c.prove(ctx)
	return worked, wrapf("prove figures", err)
}

func wrapf(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Settled works until nothing is left to do.
func (c *Composer) Settled(ctx context.Context) error {
	for {
		if worked, err := c.Step(ctx); !worked || err != nil {
			return err
		}
	}
}

func (c *Composer) day() string { return field.DateOf(c.o.Now().UnixNano()) }

// follow turns changes into what is to be worked out again.
func (c *Composer) follow(ctx context.Context) (bool, error) {
	var changes []Change
	var commit Commit
	c.mu.Lock()
	for x := range c.pending {
		changes = append(changes, x)
	}
	c.mu.Unlock()
	if err := c.newDay(&commit); err != nil {
		return false, err
	}
	if err := c.acts(ctx, &commit); err != nil {
		return false, err
	}
	for _, name := range c.o.Changes.Names() {
		at, err := c.o.Store.Cursor(ctx, c.o.Store.db, "changes:"+name)
		if err != nil {
			return false, err
		}
		list, to, err := c.o.Changes.After(ctx, name, at, 1000)
		if err != nil {
			return false, err
		}
		if to != at {
			changes = append(changes, list...)
			commit.PutCursor("changes:"+name, to)
		}
	}
	if len(changes) > 0 {
		if err := c.touched(ctx, changes, &commit); err != nil {
			return false, err
		}
	}
	if len(commit.cursors)+len(commit.dirty) == 0 {
		c.forget(changes)
		return false, nil
	}
	if err := c.write(ctx, &commit, nil); err != nil {
		return false, err
	}
	c.forget(changes)
	return true, nil
}

func (c *Composer) forget(changes []Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range changes {
		delete(c.pending, x)
	}
}

// newDay has everything looked at when periods have ended that were not computed yet.
func (c *Composer) newDay(commit *Commit) error {
	day := c.day()
	if c.today == day {
		return nil
	}
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return err
	}
	at, err := c.o.Store.Cursor(context.Background(), c.o.Store.db, "day")
	if err != nil {
		return err
	}
	c.today = day
	c.draws.forget()
	if at.Position == t.Unix() {
		return nil
	}
	commit.PutCursor("day", Cursor{Position: t.Unix()})
	commit.Mark(Dirty{})
	return nil
}

// acts follows agreements: what is agreed is worked out and told, what has ended is left out.
func (c *Composer) acts(ctx context.Context, commit *Commit) error {
	at, err := c.o.Store.Cursor(ctx, c.o.Store.db, "agreements")
	if err != nil {
		return err
	}
	list, err := c.o.Agreements.AgreementActs(ctx, uint64(at.Position), 500)
	if err != nil || len(list) == 0 {
		return err
	}
	c.active = nil
	for _, act := range list {
		a, err := c.o.Agreements.Agreement(ctx, act.Agreement)
		if err != nil {
			return err
		}
		for _, item := range a.Figures {
			i, err := ParseItem(item)
			if err != nil {
				continue // whoever proposes one is told; from elsewhere it names nothing here
			}
			commit.Mark(Dirty{Keeper: a.Giver.Org, Code: a.Giver.CreditCode, Indicator: i.Indicator}, Dirty{Keeper: a.Giver.Org, Indicator: i.Indicator}, Dirty{Keeper: a.Taker.Org, Indicator: i.Indicator})
		}
		commit.Mark(Dirty{Keeper: a.ID, Code: tellAll})
	}
	commit.PutCursor("agreements", Cursor{Position: int64(list[len(list)-1].N)})
	return nil
}

// touched marks what changes may have changed. Of a keeper's registers that is also who its enterprises are.
func (c *Composer) touched(ctx context.Context, changes []Change, commit *Commit) error {
	agreed, err := c.agreed(ctx)
	if err != nil {
		return err
	}
	today := c.day()
	for _, x := range changes {
		list := c.o.Library.Touched(x.What)
		for _, a := range agreed.observers(x.Org) {
			for _, d := range list {
				if !slices.ContainsFunc(agreed.named(a), func(i Item) bool { return i.Indicator == d.ID }) {
					continue
				}
				for _, kind := range d.Kinds() {
					for _, p := range Periods(kind, today) {
						if c.reaches(&x, d, p) {
							commit.Mark(Dirty{Keeper: a.Giver.Org, Code: a.Giver.CreditCode, Indicator: d.ID, Kind: kind, Period: p.Label})
						}
					}
				}
			}
		}
		if x.What == indicator.TouchEntry+":enterprises" { // who counts
			c.draws.forget()
			commit.Mark(Dirty{Code: everybody})
			continue
		}
		for _, d := range list {
			if d.Of == indicator.OfRegion || d.OwnRegisters() && x.Org == uuid.Nil {
				commit.Mark(Dirty{Code: everybody, Indicator: d.ID})
			}
		}
	}
	return nil
}

// reaches tells whether a change can be seen in a period. What machines tell is counted in its own period alone; facts last, and are
// looked back at.
func (c *Composer) reaches(x *Change, d *indicator.Definition, p indicator.Period) bool {
	if x.What == indicator.TouchReadings && !c.o.Library.LooksElsewhere(d) && p.Begin() >= x.To {
		return false
	}
	return p.End() > x.From
}

// everybody in the place of a credit code stands for the figures of all keepers, and for no enterprise's observations.
const everybody = "all"

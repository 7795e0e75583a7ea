package figure

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// Incoming says that records of an agreement have come (neighbour.Service.OnIncoming). It does not block.
func (c *Composer) Incoming(agreement uuid.UUID) {
	c.mu.Lock()
	c.came[agreement] = true
	c.mu.Unlock()
	c.Wake()
}

// How much one commit takes in, of however many agreements, and how much is read at a time. One commit for much costs less than many: a
// figure is restated once.
const (
	takeMostRecords = 500_000
	readMostRecords = 1000
)

// takeIn takes in what others have given: of one agreement after the other, so that none holds up the others.
func (c *Composer) takeIn(ctx context.Context) (_ bool, err error) {
	agreed, err := c.agreed(ctx)
	if err != nil {
		return false, err
	}
	came := c.arrivals(agreed)
	if len(came) == 0 {
		return false, nil
	}
	in := &intake{c: c, agreed: agreed, columns: map[ColumnKey]*[]Row{}, keys: keys{}, subjects: map[Key]*subject{}}
	if len(came) > fewCursors {
		if in.cursors, err = c.o.Store.cursors(ctx, c.o.Store.db, givenCursor); err != nil {
			return false, err
		}
	}
	defer func() {
		if err != nil { // nothing was written
			c.mu.Lock()
			defer c.mu.Unlock()
			for _, i := range came {
				c.came[agreed.list[i].ID] = true
			}
		}
	}()
	for n, i := range came {
		in.a = &agreed.list[i]
		c.mu.Lock()
		delete(c.came, in.a.ID) // what comes from here on is told again
		c.looked[in.a.ID] = true
		c.mu.Unlock()
		more, err := in.takeFrom(ctx)
		if err != nil {
			return false, err
		}
		if more {
			c.Incoming(in.a.ID)
		}
		if in.taken >= takeMostRecords {
			for _, i := range came[n+1:] {
				c.Incoming(agreed.list[i].ID)
			}
			break
		}
	}
	return in.taken > 0, in.write(ctx)
}

// arrivals are the agreements of which records have come, or that were not looked at since the start, by their places in the list.
func (c *Composer) arrivals(agreed *agreed) (out []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := func(a *org.Agreement) bool { return a.Taker.Node == c.o.Node && !a.Hosted() }
	if c.seen != agreed {
		for i := range agreed.list {
			if a := &agreed.list[i]; taken(a) && !c.looked[a.ID] {
				c.came[a.ID] = true
			}
		}
		c.seen = agreed
	}
	for id := range c.came {
		if a := agreed.find(id); a != nil && taken(a) {
			out = append(out, agreed.at[id])
		}
	}
	slices.Sort(out)
	return out
}

const (
	givenCursor = "given:" // and the id of an agreement
	fewCursors  = 20       // up to how many are read one by one
)

func (in *intake) cursor(ctx context.Context) (name string, at Cursor, err error) {
	name = givenCursor + in.a.ID.String()
	if in.cursors != nil {
		return name, in.cursors[name], nil
	}
	at, err = in.c.o.Store.Cursor(ctx, in.c.o.Store.db, name)
	return name, at, err
}

// takeFrom takes records of one agreement in, and tells whether there may be more.
func (in *intake) takeFrom(ctx context.Context) (bool, error) {
	c := in.c
	epoch, last, err := c.o.Streams.Stands(ctx, in.a.ID)
	if err != nil {
		return false, err
	}
	name, stood, err := in.cursor(ctx)
	if err != nil {
		return false, err
	}
	at := stood
	if at.Epoch != int64(epoch) {
		at = Cursor{Epoch: int64(epoch)}
	}
	in.pieces = nil
	for read := uint64(at.Position); read < last && in.taken < takeMostRecords; {
		list, err := c.o.Streams.Incoming(ctx, in.a.ID, epoch, read, readMostRecords)
		if err != nil || len(list) == 0 {
			return false, err
		}
		for _, r := range list {
			if err := in.record(ctx, r.Bytes); err != nil {
				if err == errFlush {
					in.commit.PutCursor(name, at)
					return true, nil
				}
				if !isRefusal(err) {
					return false, err
				}
				in.refused(r.Seq, err)
			}
			if read = r.Seq; len(in.pieces) == 0 { // a record that is cut in pieces is taken whole
				at.Position = int64(read)
			}
			in.taken++
		}
	}
	if at != stood {
		in.commit.PutCursor(name, at)
	}
	return uint64(at.Position) < last && len(in.pieces) == 0, nil
}

// write puts what came, and what follows of it, into the store.
func (in *intake) write(ctx context.Context) error {
	if in.taken == 0 {
		return nil
	}
	c, changed := in.c, &changes{}
	for k, came := range in.columns {
		rows := lastOfEach(*came)
		codes := make([]string, len(rows))
		for i := range rows {
			codes[i] = rows[i].Code
		}
		old, err := c.o.Store.Find(ctx, c.o.Store.db, k, codes, Now)
		if err != nil {
			return err
		}
		list, kept := make([]change, 0, len(rows)), rows[:0]
		for _, r := range rows {
			var was []byte
			if len(old) > 0 && old[0].Code == r.Code {
				was, old = old[0].Observation, old[1:]
				if string(was) == string(r.Observation) {
					continue
				}
			}
			list, kept = append(list, change{was, r}), append(kept, r)
		}
		if len(kept) == 0 {
			continue
		}
		in.commit.PutRows(k, kept)
		changed.take(k, list)
		for i := range list {
			changed.concerns(k, k.Keeper, i)
		}
	}
	if err := c.restate(ctx, &in.commit, changed, in.agreed); err != nil {
		return err
	}
	return c.write(ctx, &in.commit, func(ctx context.Context, tx bun.Tx, w *Written, b *batch) error {
		for i := range in.givers {
			g := &in.givers[i]
			if err := c.o.Store.putGiver(ctx, tx, g.a, g.e); err != nil {
				return err
			}
		}
		if err := in.writeHanded(ctx, tx); err != nil {
			return err
		}
		return b.tellFigures(ctx, w.Figures, in.agreed)
	})
}

// intake is a commit while records are taken in.
type intake struct {
	c       *Composer
	a       *org.Agreement // whose records are taken in
	agreed  *agreed
	commit  Commit
	columns map[ColumnKey]*[]Row
	givers  []introduced
	handed  []handing
	pieces  []*TellPiece
	taken   int

	cursors  map[string]Cursor // nil: they are read one by one
	keys     keys
	subjects map[Key]*subject // of observations: what their keys say without the enterprise, with the keeper that they are told to
}

type introduced struct {
	a *org.Agreement
	e indicator.Enterprise
}

// refusal is why a record is left out. The stream goes on: what it does not tell stays missing, with its reason.
type refusal struct{ error }

func refuse(format string, a ...any) error { return refusal{fmt.Errorf(format, a...)} }

func isRefusal(err error) bool {
	_, ok := err.(refusal)
	return ok
}

func (in *intake) refused(seq uint64, err error) {
	in.c.o.Logger.Warn("a record that was given is left out", "agreement", in.a.ID, "giver", in.a.Giver.Name.En, "record", seq, "why", err)
	if in.c.o.Refused != nil {
		in.c.o.Refused(in.a, seq, err)
	}
}

func (in *intake) record(ctx context.Context, b []byte) error {
	r, err := in.keys.record(b)
	if err != nil {
		return refusal{err}
	}
	if p, ok := r.(*TellPiece); ok {
		if p.Piece != len(in.pieces) || len(in.pieces) > 0 && (p.Hash != in.pieces[0].Hash || p.Of != in.pieces[0].Of) {
			in.pieces = nil
			if p.Piece != 0 {
				return refuse("piece %d of %d of a record whose beginning did not come", p.Piece, p.Of)
			}
		}
		if in.pieces = append(in.pieces, p); len(in.pieces) < p.Of {
			return nil
		}
		b, err := whole(in.pieces)
		in.pieces = nil
		if err != nil {
			return refusal{err}
		}
		if r, err = in.keys.record(b); err != nil {
			return refusal{err}
		}
	}
	switch x := r.(type) {
	case *TellPopulation:
		in.commit.PutPopulation(x.Population)
	case *TellAccount:
		return in.account(ctx, x)
	case *TellSeal:
		return in.seal(ctx, x)
	case *TellEnterprise:
		if x.Code != in.a.Giver.CreditCode || in.a.Detail != org.DetailEnterprise {
			return refuse("%s speaks for %s", in.a.Giver.CreditCode, x.Code)
		}
		in.givers = append(in.givers, introduced{in.a, x.Enterprise})
	case *TellObservation:
		return in.observation(x)
	}
	return nil
}

// about tells whether what is told was agreed. Error: a refusal.
func (in *intake) about(k Key) (*indicator.Definition, indicator.Period, error) {
	d, item := in.c.o.Library.Definition(k.Indicator), Item{k.Indicator, k.Filter, k.Baseline}
	p, ok := k.Time()
	switch {
	case d == nil:
		return nil, p, refuse("the indicator %s is not known here", k.Indicator)
	case !ok || !slices.Contains(d.Kinds(), k.Kind):
		return nil, p, refuse("%s is computed for no %s", k.Indicator, k.Kind)
	case !in.agreed.names(in.a, item) || !tells(in.a, p):
		return nil, p, refuse("%s of %s is not in the agreement", item, k.Period)
	}
	return d, p, nil
}

func (in *intake) account(ctx context.Context, x *TellAccount) error {
	d, _, err := in.about(x.Key)
	if err != nil {
		return err
	}
	if in.a.Detail != org.DetailAggregate {
		return refuse("accounts are not in the agreement")
	}
	if d.Of == indicator.OfRegion {
		if err := in.region(x, d); err != nil {
			return err
		}
	} else if err := in.population(ctx, x, d); err != nil {
		return err
	}
	k := x.Key
	k.Keeper = in.a.ID
	in.commit.PutFigure(&Figure{Key: k, Definition: x.Definition, Population: x.Population, Account: x.Account, Watermark: x.Watermark})
	in.commit.Mark(Dirty{Keeper: in.a.Taker.Org, Indicator: k.Indicator, Kind: k.Kind, Period: k.Period})
	return nil
}

// population looks at an account and whom it is of.
func (in *intake) population(ctx context.Context, x *TellAccount, d *indicator.Definition) error {
	if in.commit.populations[x.Population] == nil {
		switch _, err := in.c.population(ctx, x.Population); {
		case errors.Is(err, store.ErrNotFound), errors.Is(err, ErrDamaged):
			return refuse("the population %s was not told: %w", x.Population, err)
		case err != nil: // of the database, or the node is stopping: nothing of the record
			return err
		}
	}
	if x.Definition == definitionHash(d) {
		account, err := in.c.o.Library.DecodeAccount(d, x.Account)
		if err != nil {
			return refusal{err}
		}
		if n := in.members(x.Population); n >= 0 && account.Of() != n {
			return refuse("the account of %s is of %d enterprises and its population of %d", x.Key, account.Of(), n)
		}
	}
	return nil
}

// members is how many a population has, -1 where it is not at hand.
func (in *intake) members(h Hash) int {
	if p := in.commit.populations[h]; p != nil {
		return len(p.Members)
	}
	if p, err := in.c.population(context.Background(), h); err == nil {
		return len(p.Members)
	}
	return -1
}

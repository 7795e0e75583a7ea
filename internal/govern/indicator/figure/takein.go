package figure

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/org"
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
	takeMostRecords = 100_000
	readMostRecords = 1000
)

// takeIn takes in what others have given: of one agreement after the other, so that none holds up the others.
func (c *Composer) takeIn(ctx context.Context) (bool, error) {
	agreed, err := c.agreed(ctx)
	if err != nil {
		return false, err
	}
	c.mu.Lock()
	var came []uuid.UUID
	for i := range agreed.list {
		a := &agreed.list[i]
		if a.Taker.Node == c.o.Node && !a.Hosted() && (c.came[a.ID] || !c.looked[a.ID]) {
			came = append(came, a.ID)
		}
	}
	c.mu.Unlock()
	if len(came) == 0 {
		return false, nil
	}
	in := &intake{c: c, agreed: agreed, rows: map[ColumnKey]map[string]Row{}}
	for n, id := range came {
		in.a = &agreed.list[slices.IndexFunc(agreed.list, func(a org.Agreement) bool { return a.ID == id })]
		c.mu.Lock()
		delete(c.came, id) // what comes from here on is told again
		c.looked[id] = true
		c.mu.Unlock()
		more, err := in.takeFrom(ctx)
		if more || err != nil {
			c.Incoming(id)
		}
		if err != nil {
			return false, err
		}
		if in.taken >= takeMostRecords {
			for _, id := range came[n+1:] {
				c.Incoming(id)
			}
			break
		}
	}
	return in.taken > 0, in.write(ctx)
}

// takeFrom takes records of one agreement in, and tells whether there may be more.
func (in *intake) takeFrom(ctx context.Context) (bool, error) {
	c := in.c
	epoch, last, err := c.o.Streams.Stands(ctx, in.a.ID)
	if err != nil {
		return false, err
	}
	name := "given:" + in.a.ID.String()
	at, err := c.o.Store.Cursor(ctx, c.o.Store.db, name)
	if err != nil {
		return false, err
	}
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
	in.commit.PutCursor(name, at)
	return uint64(at.Position) < last && len(in.pieces) == 0, nil
}

// write puts what came, and what follows of it, into the store.
func (in *intake) write(ctx context.Context) error {
	if in.taken == 0 {
		return nil
	}
	c, changed := in.c, &changes{}
	for k, rows := range in.rows {
		old, err := c.o.Store.Find(ctx, c.o.Store.db, k, slices.Collect(maps.Keys(rows)), Now)
		if err != nil {
			return err
		}
		before := map[string]Row{}
		for _, r := range old {
			before[r.Code] = r
		}
		for code, r := range rows {
			was, ok := before[code]
			if ok && string(was.Observation) == string(r.Observation) {
				continue
			}
			in.commit.PutRow(k, r)
			changed.put(k, was.Observation, r)
			changed.concerns(k, k.Keeper, code)
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
		return b.tellFigures(ctx, w.Figures, in.agreed)
	})
}

// intake is a commit while records are taken in.
type intake struct {
	c      *Composer
	a      *org.Agreement // whose records are taken in
	agreed *agreed
	commit Commit
	rows   map[ColumnKey]map[string]Row
	givers []introduced
	pieces []*TellPiece
	taken  int
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
	r, err := DecodeRecord(b)
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
		if r, err = DecodeRecord(b); err != nil {
			return refusal{err}
		}
	}
	switch x := r.(type) {
	case *TellPopulation:
		in.commit.PutPopulation(x.Population)
	case *TellAccount:
		return in.account(ctx, x)
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
	if in.commit.populations[x.Population] == nil {
		if _, err := in.c.population(ctx, x.Population); err != nil {
			return refuse("the population %s was not told: %w", x.Population, err)
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
	k := x.Key
	k.Keeper = in.a.ID
	in.commit.PutFigure(&Figure{Key: k, Definition: x.Definition, Population: x.Population, Account: x.Account, Watermark: x.Watermark})
	in.commit.Mark(Dirty{Keeper: in.a.Taker.Org, Indicator: k.Indicator, Kind: k.Kind, Period: k.Period})
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

func (in *intake) observation(x *TellObservation) error {
	d, _, err := in.about(x.Key)
	switch {
	case err != nil:
		return err
	case in.a.Detail != org.DetailEnterprise:
		return refuse("observations are not in the agreement")
	case x.Key.Code != in.a.Giver.CreditCode:
		return refuse("%s speaks for %s", in.a.Giver.CreditCode, x.Key.Code)
	case x.Definition != definitionHash(d):
		return refuse("%s was observed by another version of the definition", x.Key)
	}
	if _, err := in.c.o.Library.DecodeObservation(d, x.Observation); err != nil && len(x.Observation) > 0 {
		return refusal{err}
	}
	k := ColumnKey{in.a.Taker.Org, Remote, x.Key.Indicator, x.Key.Kind, x.Key.Period, x.Key.Baseline}
	if in.rows[k] == nil {
		in.rows[k] = map[string]Row{}
	}
	in.rows[k][x.Key.Code] = Row{Code: x.Key.Code, Observation: x.Observation}
	return nil
}

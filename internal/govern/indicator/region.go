package indicator

import (
	"context"
	"math/big"
	"sync"

	"golang.org/x/sync/errgroup"

	"jingwei/internal/kernel/fact"
)

// Aggregate is what a population gives for a period.
type Aggregate struct {
	Definition *Definition
	Period     Period
	Members    *Members
	Readings   []Reading
	Grade      fact.Grade          // the worst of those that count
	Days, Of   int                 // the least share of the time that one of them covers
	Absent     []AbsentIn          // sorted by how many enterprises lack it
	Firms      []Firm              // by code, at most maxFirms
	Parts      map[string]*Account // of the parts of the region, by code
	More       int
}

// Firm is an enterprise in an aggregate.
type Firm struct {
	Enterprise Enterprise
	Value      *Valuation
	Holds      *big.Rat // 1 or 0; nil where it is not known
}

// workers bound how many enterprises are evaluated at the same time; maxFirms how many of them are named.
const (
	workers  = 4
	maxFirms = 200
)

// aggregate evaluates every member. Of each only what the readings need is kept, so that memory does not grow with what members rest
// on. The order in which they finish changes nothing: sums are exact.
func (g *gatherer) aggregate(ctx context.Context, d *Definition, m *Members, p Period) (*Aggregate, error) {
	acc, parts, firms := NewAccount(d), map[string]*Account{}, make([]Firm, min(len(m.List), maxFirms))
	var mu sync.Mutex
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(workers)
	for i := range m.List {
		if ctx.Err() != nil {
			break
		}
		work.Go(func() error {
			e := m.List[i]
			v, err := g.value(ctx, d, subject{keeper: m.Keeper, org: e.Org, firm: e}, p)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			acc.Add(v)
			if code := partOf(e.Region, m.Region.Code); code != "" {
				if parts[code] == nil {
					parts[code] = NewAccount(d)
				}
				parts[code].Add(v)
			}
			if i < len(firms) {
				firms[i] = Firm{e, v, v.holdsOf()}
			}
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		return nil, err
	}
	out := &Aggregate{Definition: d, Period: p, Members: m, Readings: acc.Readings(), Grade: acc.Grade(), Absent: acc.Absent(), Firms: firms, Parts: parts, More: len(m.List) - len(firms)}
	out.Days, out.Of = acc.Cover()
	return out, nil
}

package figure

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/store"
)

// maxPlaced bounds the population whose enterprises are added up place by place. Of a larger one the places are those of the accounts that
// were given.
const maxPlaced = 5000

// placed is what the parts of a region add up to in one figure, while it is found out.
type placed struct {
	s      *Service
	f      *Figure
	d      *indicator.Definition
	region string
	places map[string]*indicator.Account // by code
	agreed map[string]bool
	firms  *firms // nil where they are not added up
}

// place reads what a figure's places are made of: accounts lie where their giver's scope says, enterprises where the population has them.
// Nothing is read of what is computed once for a region.
func (s *Service) place(ctx context.Context, db bun.IDB, f *Figure, d *indicator.Definition, region string, g *giving) (*placed, error) {
	x := &placed{s: s, f: f, d: d, region: region, places: map[string]*indicator.Account{}}
	if f.Population == (Hash{}) {
		return x, nil
	}
	for i := range f.Parts {
		if part := &f.Parts[i]; part.Kind == Account && part.State == Given {
			if err := x.account(ctx, db, part); err != nil {
				return nil, err
			}
		}
	}
	_, members, err := s.store.brief(ctx, db, f.Population)
	if err != nil || members > maxPlaced {
		return x, err
	}
	p, err := s.store.Population(ctx, db, f.Population)
	if err != nil {
		return nil, err
	}
	x.firms, x.agreed = listed(p.Members), g.firms(&f.Key)
	return x, s.find(ctx, db, f, x.firms, x.agreed)
}

func (x *placed) at(code string) *indicator.Account {
	if x.places[code] == nil {
		x.places[code] = indicator.NewAccount(x.d)
	}
	return x.places[code]
}

// account adds what somebody else has added up.
func (x *placed) account(ctx context.Context, db bun.IDB, part *Part) error {
	pop, _, err := x.s.store.brief(ctx, db, part.Population)
	if err != nil {
		return err
	}
	code := indicator.PartOf(pop.Scope, x.region)
	if code == "" {
		return nil
	}
	for _, keeper := range []uuid.UUID{store.ID(part.Source), pop.Keeper} { // from another node; of this one
		k := x.f.Key
		k.Keeper = keeper
		g, err := x.s.store.Figure(ctx, db, k.ID(), part.At)
		if errors.Is(err, store.ErrNotFound) || err == nil && g.Hash() != part.Record {
			continue
		}
		if err != nil {
			return err
		}
		a, err := x.s.o.Library.DecodeAccount(x.d, g.Account)
		if err != nil {
			return err
		}
		if keeper == pop.Keeper {
			a = a.Told()
		}
		return x.at(code).Merge(a)
	}
	x.at(code).Miss(part.Members, indicator.Undelivered)
	return nil
}

// added adds the enterprises for whom no account speaks, and gives the places by code. It asks other rooms, which read by connections of their
// own.
func (x *placed) added(ctx context.Context) (map[string]*indicator.Account, error) {
	if x.firms == nil {
		return x.places, nil
	}
	p, _ := x.f.Key.Time()
	adders := map[string]*indicator.Adder{}
	for i := range x.firms.members {
		e, r := x.firms.members[i], x.firms.rows[i]
		code := indicator.PartOf(e.Region, x.region)
		switch {
		case code == "", r == nil && x.firms.settled[i]:
			continue
		case r == nil:
			x.at(code).Miss(1, x.firms.why[i])
			continue
		}
		b := r.Observation
		if !x.agreed[e.Code] && x.d.OwnRegisters() {
			o, err := x.s.o.Library.DecodeObservation(x.d, b)
			if err != nil {
				return nil, err
			}
			if o, err = x.s.completed(ctx, x.f, x.d, e, o); err != nil {
				return nil, err
			}
			b = o.Encode()
		}
		if adders[code] == nil {
			adders[code] = x.s.o.Library.NewAdder(x.d, p, x.at(code))
		}
		if err := adders[code].Add(b); err != nil {
			return nil, err
		}
	}
	for _, a := range adders {
		a.Done()
	}
	return x.places, nil
}

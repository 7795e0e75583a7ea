package main

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/govern/incentive/support"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/ledger"
	"jingwei/internal/office/register"
)

// openLedger opens the books of public money.
func (n *node) openLedger(ctx context.Context) (err error) {
	n.ledger, err = ledger.New(ctx, ledger.Options{DB: n.db, Packs: n.packs, Now: n.now, Logger: n.log})
	return err
}

// openSupport opens what tells a firm which support it can get. It needs the register of enterprises, facts and the ledger.
func (n *node) openSupport(ctx context.Context) (err error) {
	n.support, err = support.New(ctx, support.Options{
		DB: n.db, Packs: n.packs, Measures: n.measures, Enterprises: supportFirms{n.known}, Facts: supportFacts{n.facts}, Books: n.ledger, Providers: pooled{n.orgs, n.registers},
		Home: n.home, NameOf: func(ctx context.Context, id uuid.UUID) (text.Text, error) {
			o, err := n.orgs.Get(ctx, id)
			return o.Name, err
		},
		Jobs: func() *job.Runner { return n.jobs }, Now: n.now, Logger: n.log,
	})
	return err
}

// supportFirms tells the room of support who enterprises are.
type supportFirms struct{ known enterprises }

func (f supportFirms) Enterprise(ctx context.Context, id uuid.UUID, day string) (support.Enterprise, bool, error) {
	e, ok, err := f.known.Of(ctx, id, day)
	if err != nil || !ok {
		return support.Enterprise{}, false, err
	}
	return support.Enterprise{Org: id, Name: e.Name, Code: e.CreditCode, Region: e.Region, Industry: e.Industry, Size: e.Size, Tags: e.Tags, Revenue: e.Revenue, Staff: e.Employees}, true, nil
}

// All hands out the enterprises of the register that an organisation keeps, as they stand on a day.
func (f supportFirms) All(ctx context.Context, keeper uuid.UUID, day string, each func(support.Enterprise) error) error {
	return store.Each(func(page store.Page) ([]register.Entry, string, error) {
		page.Limit = store.MaxLimit
		return f.known.registers.ListFor(ctx, auth.System(keeper), enterpriseRegister, register.Filter{Org: keeper, On: day, State: "active"}, page)
	}, func(e register.Entry) error {
		r := e.Record
		return each(support.Enterprise{Org: e.Subject, Name: text.Both(word(r, "name")), Code: e.Key, Region: word(r, "region"), Industry: word(r, "industry"), Size: word(r, "sizeClass"),
			Tags: tagsOn(r, day), Revenue: whole(r, "revenue"), Staff: whole(r, "employees")})
	})
}

// supportFacts are the facts of an enterprise as the caller may see them.
type supportFacts struct{ facts *fact.Service }

func (f supportFacts) Proofs(ctx context.Context, id uuid.UUID, kind string, where []string, day string) (out []support.Proof, err error) {
	at, ok := field.Day(day)
	if !ok {
		return nil, nil
	}
	err = store.Each(func(page store.Page) ([]fact.Fact, string, error) {
		return f.facts.List(ctx, fact.Filter{Org: id, Kind: kind, Where: where}, page)
	}, func(x fact.Fact) error {
		// What came after the day is not known on it; what has ended (the period of an audit) stays proved.
		if x.Since <= at {
			out = append(out, support.Proof{ID: x.ID, Grade: x.Grade.String(), Since: field.DateOf(x.Since), Record: x.Record})
		}
		return nil
	})
	return out, err
}

// pooled are the providers in the pool that the organisation which runs the node keeps.
type pooled struct {
	orgs      *org.Service
	registers *register.Service
}

// poolRegister is the register of the pool, inPool the states of those in it.
const poolRegister = "providers"

var inPool = []string{"admitted", "evaluated", "grade-a", "grade-b"}

func (p pooled) each(ctx context.Context, day string, do func(register.Entry) error) error {
	home, ok, err := p.orgs.Home(ctx)
	if err != nil || !ok {
		return err
	}
	if _, err := p.registers.Register(poolRegister); errors.Is(err, register.ErrRegister) {
		return nil
	}
	return store.Each(func(page store.Page) ([]register.Entry, string, error) {
		page.Limit = store.MaxLimit
		return p.registers.ListFor(ctx, auth.System(home.ID), poolRegister, register.Filter{Org: home.ID, On: day}, page)
	}, func(e register.Entry) error {
		if e.Subject == uuid.Nil || !slices.Contains(inPool, e.State) {
			return nil
		}
		return do(e)
	})
}

func (p pooled) Listed(ctx context.Context, provider uuid.UUID, day string) (listed bool, err error) {
	err = p.each(ctx, day, func(e register.Entry) error {
		listed = listed || e.Subject == provider
		return nil
	})
	return listed, err
}

func (p pooled) List(ctx context.Context, day string) (out []support.SupportParty, err error) {
	err = p.each(ctx, day, func(e register.Entry) error {
		out = append(out, support.SupportParty{Org: e.Subject, Name: text.Both(word(e.Record, "name"))})
		return nil
	})
	return out, err
}

package figure

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// Remote is the source of observations that enterprises with a node of their own have given.
const Remote = "given"

// OtherDefinition is why an account is left out that was computed by another version of the definition.
const OtherDefinition = "definition"

// sum is a population while it is added up.
type sum struct {
	c      *Composer
	keeper *Keeper
	item   Item
	d      *indicator.Definition
	p      indicator.Period
	filter indicator.Filter
	drawn  *indicator.Members

	members   []indicator.Enterprise // by code
	joined    bool                   // some of them are not in the keeper's register
	spoken    []bool                 // by member: its value is in
	why       []indicator.Lack       // by member: why it is not
	sum       *indicator.Account
	parts     []Part
	watermark int64
}

// gather adds up. An account cannot be taken apart: accounts take their enterprises first, in the order of agreements, and one that
// holds an enterprise which another has taken is left out whole. Then come observations.
func (c *Composer) gather(ctx context.Context, k *Keeper, item Item, d *indicator.Definition, p indicator.Period, agreed *agreed) (*sum, error) {
	filter, err := indicator.ParseFilter(item.Filter)
	if err != nil {
		return nil, err
	}
	s := &sum{c: c, keeper: k, item: item, d: d, p: p, filter: filter, sum: indicator.NewAccount(d)}
	if s.drawn, err = c.drawn(ctx, k, filter, item.Filter, p.To); err != nil {
		return nil, err
	}
	from, given := agreed.sources(k.Org, item)
	told := func(list []*org.Agreement) []*org.Agreement {
		if !slices.ContainsFunc(list, func(a *org.Agreement) bool { return !tells(a, p) }) {
			return list
		}
		return slices.DeleteFunc(slices.Clone(list), func(a *org.Agreement) bool { return !tells(a, p) })
	}
	hosted, remote := told(given.hosted), told(given.remote)
	accounts, err := s.accounts(ctx, told(from.accounts))
	if err != nil {
		return nil, err
	}
	if err := s.gatherMembers(ctx, accounts, hosted, remote); err != nil {
		return nil, err
	}
	for i := range accounts {
		if err := s.account(&accounts[i]); err != nil {
			return nil, err
		}
	}
	if err := s.rows(ctx, Local, uuid.Nil, hosted); err != nil {
		return nil, err
	}
	if err := s.rows(ctx, Remote, k.Org, remote); err != nil {
		return nil, err
	}
	missing := map[indicator.Lack]int{}
	for i := range s.members {
		if !s.spoken[i] {
			missing[s.why[i]]++
		}
	}
	for why, n := range missing {
		if why == "" {
			why = indicator.Unagreed
		}
		s.sum.Miss(n, why)
	}
	return s, nil
}

// drawn is who a keeper's register lists, read once as long as the register says the same.
func (c *Composer) drawn(ctx context.Context, k *Keeper, f indicator.Filter, filter, day string) (*indicator.Members, error) {
	key := strings.Join([]string{k.Org.String(), k.Scope, filter, day}, " ")
	return c.draws.get(key, func() (*indicator.Members, error) { return c.o.Sources.Draw(ctx, k.Org, k.Scope, f, day) })
}

// gatherMembers puts together who counts: whom the register lists, whom others speak for, and who gives by itself and belongs here.
func (s *sum) gatherMembers(ctx context.Context, accounts []delivery, givers ...[]*org.Agreement) error {
	s.members = s.drawn.List
	var more []indicator.Enterprise
	for i := range accounts {
		if pop := accounts[i].pop; pop != nil {
			walk(s.members, pop.Members, func(e *indicator.Enterprise) string { return e.Code }, func(at int, e *indicator.Enterprise) {
				if at < 0 {
					more = append(more, *e)
				}
			})
		}
	}
	for _, list := range givers {
		var err error
		walk(s.members, list, codeOf, func(at int, a **org.Agreement) {
			if at >= 0 || err != nil {
				return
			}
			e, ok, failed := s.c.giver(ctx, *a, s.p.To)
			if err = failed; ok && e.Code == (*a).Giver.CreditCode && indicator.In(e.Region, s.keeper.Scope) && s.filter.Holds(e) {
				more = append(more, e)
			}
		})
		if err != nil {
			return err
		}
	}
	if len(more) > 0 {
		s.joined = true
		s.members = append(slices.Clone(s.members), more...)
		slices.SortStableFunc(s.members, byCode)
		s.members = slices.CompactFunc(s.members, func(a, b indicator.Enterprise) bool { return a.Code == b.Code })
	}
	s.spoken, s.why = make([]bool, len(s.members)), make([]indicator.Lack, len(s.members))
	return nil
}

func codeOf(a **org.Agreement) string { return (*a).Giver.CreditCode }

// walk calls with each of a list, whose codes ascend, and its place among members; -1 where it is none.
func walk[T any](members []indicator.Enterprise, list []T, code func(*T) string, call func(at int, x *T)) {
	at := 0
	for i := range list {
		want := code(&list[i])
		for at < len(members) && members[at].Code < want {
			at++
		}
		if at < len(members) && members[at].Code == want {
			call(at, &list[i])
		} else {
			call(-1, &list[i])
		}
	}
}

// population is who counted and its hash; without the population where it was given before.
func (s *sum) population() (fresh *Population, hash Hash, err error) {
	build := func() (Hash, error) {
		fresh = NewPopulation(s.keeper.Org, s.keeper.Scope, s.item.Filter, s.p.To, s.members, s.drawn.Doubles, s.drawn.Unplaced)
		return fresh.Hash(), nil
	}
	if s.joined {
		hash, err = build()
	} else { // the register's list alone: made once as long as it is remembered
		hash, err = s.c.hashes.get(s.drawn, build)
	}
	return fresh, hash, err
}

// delivery is the account of a population that somebody else has added up.
type delivery struct {
	a      *org.Agreement
	figure *Figure
	pop    *Population
}

// accounts reads what was delivered.
func (s *sum) accounts(ctx context.Context, list []*org.Agreement) ([]delivery, error) {
	out := make([]delivery, len(list))
	var pins map[[2]uuid.UUID]int64
	if len(list) > 0 {
		var err error
		if pins, err = s.c.o.Store.pins(ctx, s.c.o.Store.db, s.item.Indicator, s.p.Kind, s.p.Label); err != nil {
			return nil, err
		}
	}
	for i, a := range list {
		out[i].a = a
		key := s.item.key(a.ID, s.p)
		if a.Hosted() {
			key.Keeper = a.Giver.Org
		}
		f, err := s.c.o.Store.standsOrPinned(ctx, key.ID(), pins[[2]uuid.UUID{a.ID, key.ID()}])
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if out[i].pop, err = s.c.population(ctx, f.Population); err != nil {
			return nil, err
		}
		out[i].figure = f
	}
	return out, nil
}

// account adds one account, or leaves it out with its reason.
func (s *sum) account(x *delivery) error {
	part := Part{Source: x.a.ID.String(), Kind: Account, State: Undelivered}
	defer func() { s.parts = append(s.parts, part) }()
	if x.figure == nil {
		return nil
	}
	part.State, part.Population, part.Record, part.Members, part.At = Given, x.figure.Population, x.figure.Hash(), len(x.pop.Members), x.figure.Commit
	code := func(e *indicator.Enterprise) string { return e.Code }
	walk(s.members, x.pop.Members, code, func(at int, e *indicator.Enterprise) {
		switch {
		case !s.spoken[at]:
		case len(part.Codes) < MaxNamed:
			part.Codes = append(part.Codes, e.Code)
		default:
			part.More++
		}
	})
	switch {
	case x.figure.Definition != definitionHash(s.d):
		part.State, part.Reason, part.Codes, part.More = Isolated, OtherDefinition, nil, 0
	case len(part.Codes) > 0:
		part.State, part.Reason = Isolated, Double
	}
	if part.State == Isolated {
		walk(s.members, x.pop.Members, code, func(at int, _ *indicator.Enterprise) { s.why[at] = indicator.Isolated })
		return nil
	}
	account, err := s.c.o.Library.DecodeAccount(s.d, x.figure.Account)
	if err != nil {
		return err
	}
	if x.a.Hosted() {
		account = account.Told()
	}
	part.Known = account.Known()
	s.watermark = max(s.watermark, x.figure.Commit)
	walk(s.members, x.pop.Members, code, func(at int, _ *indicator.Enterprise) { s.spoken[at] = true })
	return s.sum.Merge(account)
}

// fewRows is up to how many enterprises are looked up one by one in a column.
const fewRows = 500

// rows adds the observations of enterprises that have agreed to it, by code.
func (s *sum) rows(ctx context.Context, source string, keeper uuid.UUID, from []*org.Agreement) error {
	part := Part{Source: source, Kind: Rows, State: Given}
	want := make([]bool, len(s.members))
	var codes []string
	walk(s.members, from, codeOf, func(at int, a **org.Agreement) {
		if at >= 0 && !s.spoken[at] {
			want[at], s.why[at] = true, indicator.Undelivered
			part.Members++
			if len(codes) <= fewRows {
				codes = append(codes, (*a).Giver.CreditCode)
			}
		}
	})
	if part.Members == 0 {
		return nil
	}
	k := ColumnKey{keeper, source, s.d.ID, s.p.Kind, s.p.Label, s.item.Baseline}
	st := s.c.o.Store
	var rows []Row
	var err error
	if len(codes) <= fewRows {
		rows, err = st.Find(ctx, st.db, k, codes, Now)
		rows = Standing(rows)
	} else {
		rows, err = st.Column(ctx, st.db, k, Now)
	}
	if err != nil {
		return err
	}
	account := indicator.NewAccount(s.d)
	adder := s.c.o.Library.NewAdder(s.d, s.p, account)
	walk(s.members, rows, func(r *Row) string { return r.Code }, func(at int, r *Row) {
		if at < 0 || !want[at] || err != nil {
			return
		}
		b := r.Observation
		if source == Remote && s.d.OwnRegisters() {
			b, err = s.completed(ctx, r, s.members[at])
		}
		if err == nil {
			err = adder.Add(b)
		}
		s.spoken[at] = true
		part.At = max(part.At, r.Commit)
	})
	if err != nil {
		return err
	}
	adder.Done()
	part.Known = account.Known()
	s.watermark = max(s.watermark, part.At)
	s.parts = append(s.parts, part)
	return s.sum.Merge(account)
}

// completed is an observation with what the keeper's own registers say of an enterprise that lives on another node.
func (s *sum) completed(ctx context.Context, r *Row, e indicator.Enterprise) ([]byte, error) {
	o, err := s.c.o.Library.DecodeObservation(s.d, r.Observation)
	if err != nil {
		return nil, err
	}
	e.Org = uuid.Nil // of another node
	o, err = s.c.o.Sources.Complete(ctx, s.d, indicator.Asked{Keeper: s.keeper.Org, Firm: e, Period: s.p, Baseline: s.item.Baseline}, o)
	if err != nil {
		return nil, err
	}
	return o.Encode(), nil
}

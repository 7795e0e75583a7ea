package figure

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// How much one commit does.
const (
	takeMost    = 256
	observeMost = 64
	composeMost = 32
)

// work takes something from the queue and does it. What names no period is first spread out into what does.
func (c *Composer) work(ctx context.Context) (bool, error) {
	list, err := c.o.Store.Take(ctx, c.o.Store.db, takeMost)
	if err != nil || len(list) == 0 {
		return false, err
	}
	agreed, err := c.agreed(ctx)
	if err != nil {
		return false, err
	}
	var commit Commit
	var observe, compose []Taken
	for _, t := range list {
		switch {
		case t.Code == tellAll:
			return true, c.tellAfresh(ctx, t, agreed)
		case t.Code == everybody, t.Kind == "":
			more, err := c.spread(ctx, t.Dirty, agreed)
			if err != nil {
				return false, err
			}
			commit.Mark(more...)
			commit.Done(t)
		case t.Code != "":
			observe = append(observe, t)
		default:
			compose = append(compose, t)
		}
	}
	switch {
	case len(commit.done) > 0:
		return true, c.write(ctx, &commit, nil)
	case len(observe) > 0:
		return true, c.observe(ctx, observe[:min(len(observe), observeMost)], agreed)
	}
	return true, c.compose(ctx, compose[:min(len(compose), composeMost)], agreed)
}

// spread names the periods, indicators and organisations of what is to be worked out.
func (c *Composer) spread(ctx context.Context, d Dirty, agreed *agreed) (out []Dirty, err error) {
	today := c.day()
	if d.Code == "" || d.Code == everybody {
		keepers, err := c.o.Store.Keepers(ctx, c.o.Store.db)
		if err != nil {
			return nil, err
		}
		for i := range keepers {
			k := &keepers[i]
			if d.Keeper != uuid.Nil && d.Keeper != k.Org {
				continue
			}
			for _, t := range c.tasks(k, agreed) {
				for _, p := range t.periods {
					if d.Indicator == "" || d.Indicator == t.Indicator {
						out = append(out, Dirty{Keeper: k.Org, Indicator: t.Indicator, Kind: p.Kind, Period: p.Label})
					}
				}
			}
		}
		if d != (Dirty{}) {
			return out, nil
		}
	}
	for i := range agreed.list {
		a := &agreed.list[i]
		if !agreed.observed(a) || d.Keeper != uuid.Nil && (d.Keeper != a.Giver.Org || d.Code != a.Giver.CreditCode) {
			continue
		}
		for _, item := range agreed.named(a) {
			definition := c.o.Library.Definition(item.Indicator)
			if definition == nil || d.Indicator != "" && d.Indicator != item.Indicator {
				continue
			}
			for _, p := range item.periods(definition, today) {
				out = append(out, Dirty{Keeper: a.Giver.Org, Code: a.Giver.CreditCode, Indicator: item.Indicator, Kind: p.Kind, Period: p.Label})
			}
		}
	}
	return out, nil
}

// agreed is the agreements that are active, each with what it names.
type agreed struct {
	list  []org.Agreement
	about map[uuid.UUID][]Item
	given map[given]*sources
	until time.Time // when it is to be read again
	node  uuid.UUID
}

// given is an item of a keeper; where enterprises tell their observations the population is All.
type given struct {
	keeper uuid.UUID
	item   Item
}

// sources are the agreements by which a keeper is given an item.
type sources struct {
	accounts       []*org.Agreement // by id
	hosted, remote []*org.Agreement // of enterprises, by code, each code once
}

// agreed reads the active agreements, again where one was changed and from time to time, since they begin and end by themselves.
func (c *Composer) agreed(ctx context.Context) (*agreed, error) {
	now := c.o.Now()
	if c.active != nil && now.Before(c.active.until) {
		return c.active, nil
	}
	list, err := c.o.Agreements.ActiveAgreements(ctx, now.UnixNano())
	if err != nil {
		return nil, err
	}
	out := &agreed{list: list, about: map[uuid.UUID][]Item{}, given: map[given]*sources{}, until: now.Add(time.Minute), node: c.o.Node}
	read := map[string][]Item{} // most agreements name the same
	for i := range list {
		a := &list[i]
		words := strings.Join(a.Figures, "\n")
		about, ok := read[words]
		if !ok {
			for _, s := range a.Figures {
				if item, err := ParseItem(s); err == nil {
					about = append(about, item)
				}
			}
			read[words] = about
		}
		out.about[a.ID] = about
		for _, item := range about {
			out.index(a, item)
		}
	}
	for _, s := range out.given {
		s.hosted, s.remote = byGiver(s.hosted), byGiver(s.remote)
	}
	c.active = out
	return out, nil
}

func (g *agreed) index(a *org.Agreement, item Item) {
	if a.Taker.Node != g.node {
		return
	}
	if a.Detail == org.DetailEnterprise {
		item.Filter = All
	}
	key := given{a.Taker.Org, item}
	s := g.given[key]
	if s == nil {
		s = &sources{}
		g.given[key] = s
	}
	switch {
	case a.Detail == org.DetailAggregate:
		s.accounts = append(s.accounts, a)
	case a.Giver.CreditCode == "":
	case a.Hosted():
		s.hosted = append(s.hosted, a)
	default:
		s.remote = append(s.remote, a)
	}
}

func byGiver(list []*org.Agreement) []*org.Agreement {
	slices.SortStableFunc(list, func(a, b *org.Agreement) int { return strings.Compare(a.Giver.CreditCode, b.Giver.CreditCode) })
	return slices.CompactFunc(list, func(a, b *org.Agreement) bool { return a.Giver.CreditCode == b.Giver.CreditCode })
}

var nothing = &sources{}

// sources are those of an item of a keeper.
func (g *agreed) sources(keeper uuid.UUID, item Item) (accounts, rows *sources) {
	accounts, rows = g.given[given{keeper, item}], g.given[given{keeper, Item{item.Indicator, All, item.Baseline}}]
	if accounts == nil {
		accounts = nothing
	}
	if rows == nil {
		rows = nothing
	}
	return accounts, rows
}

// named is what an agreement names.
func (g *agreed) named(a *org.Agreement) []Item { return g.about[a.ID] }

// names tells whether an agreement tells an item: of an enterprise its observations are told, whatever the population.
func (g *agreed) names(a *org.Agreement, i Item) bool {
	return slices.ContainsFunc(g.about[a.ID], func(x Item) bool {
		return x.Indicator == i.Indicator && x.Baseline == i.Baseline && (a.Detail == org.DetailEnterprise || x.Filter == i.Filter)
	})
}

// observed tells whether an agreement has an enterprise of this node observed.
func (g *agreed) observed(a *org.Agreement) bool {
	return a.Giver.Node == g.node && a.Detail == org.DetailEnterprise && a.Giver.CreditCode != ""
}

// items are what a keeper is given by anybody, and what it has agreed to give.
func (g *agreed) items(keeper uuid.UUID) (out []Item) {
	seen := map[Item]bool{}
	put := func(item Item) {
		if !seen[item] {
			seen[item] = true
			out = append(out, item)
		}
	}
	for key := range g.given {
		if key.keeper == keeper {
			key.item.Filter = All
			put(key.item)
		}
	}
	for i := range g.list {
		if a := &g.list[i]; a.Giver.Node == g.node && a.Giver.Org == keeper && a.Detail == org.DetailAggregate {
			for _, item := range g.about[a.ID] {
				put(item)
			}
		}
	}
	return out
}

// tells tells whether an agreement is about a period.
func tells(a *org.Agreement, p indicator.Period) bool { return a.Since == "" || p.To >= a.Since }

// write writes a commit, with what goes to other nodes, and takes down what the evidence log is to hold of it.
func (c *Composer) write(ctx context.Context, commit *Commit, more func(ctx context.Context, tx bun.Tx, w *Written, b *batch) error) error {
	err := c.o.Store.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		w, err := c.o.Store.Write(ctx, tx, commit, c.o.Now())
		if err != nil {
			return err
		}
		b := &batch{c: c, tx: tx, commit: w.Commit}
		for _, f := range w.Figures {
			b.items = append(b.items, f.Hash())
		}
		for k, rows := range commit.rows {
			for _, r := range rows {
				if r.Commit == 0 {
					r.Commit = w.Commit
				}
				b.items = append(b.items, r.sealed(k))
			}
		}
		if more != nil {
			if err := more(ctx, tx, &w, b); err != nil {
				return err
			}
		}
		return b.close(ctx)
	})
	if err != nil {
		c.hashes.forget() // their populations were not kept
	}
	return err
}

// observe works the observations of enterprises out.
func (c *Composer) observe(ctx context.Context, list []Taken, agreed *agreed) error {
	var commit Commit
	changed := &changes{}
	for _, t := range list {
		commit.Done(t)
		d := c.o.Library.Definition(t.Indicator)
		p, ok := indicator.ParsePeriod(t.Kind, t.Period)
		if d == nil || !ok {
			continue
		}
		for _, base := range agreed.baselines(t.Dirty) {
			item := Item{d.ID, All, base}
			if !item.after(p) {
				continue
			}
			k := ColumnKey{uuid.Nil, Local, d.ID, t.Kind, t.Period, base}
			old, err := c.o.Store.Find(ctx, c.o.Store.db, k, []string{t.Code}, Now)
			if err != nil {
				return err
			}
			v, err := c.o.Sources.Observe(ctx, t.Keeper, d, p, base)
			if errors.Is(err, store.ErrNotFound) {
				continue // an organisation that is no more
			}
			if err != nil {
				return err
			}
			o := v.Observation()
			r := Row{Code: t.Code, Observation: o.Encode()}
			var was []byte
			if len(old) > 0 {
				was = old[0].Observation
			}
			if string(was) == string(r.Observation) {
				continue
			}
			commit.PutRow(k, r)
			changed.put(k, was, r)
			var told []uuid.UUID
			for i := range agreed.list { // of whom a keeper of this node is told
				a := &agreed.list[i]
				if agreed.observed(a) && a.Giver.Org == t.Keeper && a.Hosted() && tells(a, p) && agreed.names(a, item) && !slices.Contains(told, a.Taker.Org) {
					told = append(told, a.Taker.Org)
					changed.concerns(k, a.Taker.Org, t.Code)
				}
			}
		}
	}
	if err := c.restate(ctx, &commit, changed, agreed); err != nil {
		return err
	}
	return c.write(ctx, &commit, func(ctx context.Context, _ bun.Tx, w *Written, b *batch) error {
		if err := b.tellRows(ctx, changed, w.Commit, agreed); err != nil {
			return err
		}
		return b.tellFigures(ctx, w.Figures, agreed)
	})
}

// baselines are those against which an enterprise's indicator is to be observed.
func (g *agreed) baselines(d Dirty) (out []string) {
	for i := range g.list {
		a := &g.list[i]
		if !g.observed(a) || a.Giver.Org != d.Keeper {
			continue
		}
		for _, item := range g.about[a.ID] {
			if item.Indicator == d.Indicator && !slices.Contains(out, item.Baseline) {
				out = append(out, item.Baseline)
			}
		}
	}
	return out
}

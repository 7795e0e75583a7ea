package figure

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/org"
)

// agreed is the agreements that are active, each with what it names, found by who gives and by what is given. It is safe for concurrent use.
type agreed struct {
	list  []org.Agreement // by id
	at    map[uuid.UUID]int
	about map[uuid.UUID]*naming
	until time.Time // when it is to be read again
	node  uuid.UUID

	givers map[uuid.UUID][]*org.Agreement // of observations of this node, by the enterprise
	codes  map[string][]*org.Agreement    // the same, by its credit code
	totals map[uuid.UUID][]*org.Agreement // of accounts of this node, by the keeper
	groups map[given][]*group             // by what is given; the population All where enterprises tell their observations

	mu    sync.Mutex
	ready map[given]*sources
}

// naming is what agreements of the same words name.
type naming struct {
	items []Item
	exact map[Item]bool
	bare  map[Item]bool // whatever the population
}

// given is an item of a keeper; where enterprises tell their observations the population is All.
type given struct {
	keeper uuid.UUID
	item   Item
}

// group is the agreements of one taker that name the same: most do.
type group struct {
	accounts, hosted, remote []int // places in the list
	alone                    *sources
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
	c.active = newAgreed(list, c.o.Node, now.Add(time.Minute))
	return c.active, nil
}

func newAgreed(list []org.Agreement, node uuid.UUID, until time.Time) *agreed {
	out := &agreed{list: list, at: make(map[uuid.UUID]int, len(list)), about: make(map[uuid.UUID]*naming, len(list)), until: until, node: node,
		givers: map[uuid.UUID][]*org.Agreement{}, codes: map[string][]*org.Agreement{}, totals: map[uuid.UUID][]*org.Agreement{}, groups: map[given][]*group{}, ready: map[given]*sources{}}
	type alike struct {
		taker  uuid.UUID
		detail string
		words  string
	}
	read, groups := map[string]*naming{}, map[alike]*group{}
	for i := range list {
		a := &list[i]
		words := strings.Join(a.Figures, "\n")
		about := read[words]
		if about == nil {
			about = newNaming(a.Figures)
			read[words] = about
		}
		out.at[a.ID], out.about[a.ID] = i, about
		switch {
		case a.Giver.Node != node:
		case out.observed(a):
			out.givers[a.Giver.Org] = append(out.givers[a.Giver.Org], a)
			out.codes[a.Giver.CreditCode] = append(out.codes[a.Giver.CreditCode], a)
		case a.Detail == org.DetailAggregate:
			out.totals[a.Giver.Org] = append(out.totals[a.Giver.Org], a)
		}
		if a.Taker.Node != node {
			continue
		}
		key := alike{a.Taker.Org, a.Detail, words}
		g := groups[key]
		if g == nil {
			g = &group{}
			groups[key] = g
			out.index(a, about, g)
		}
		switch {
		case a.Detail == org.DetailAggregate:
			g.accounts = append(g.accounts, i)
		case a.Giver.CreditCode == "":
		case a.Hosted():
			g.hosted = append(g.hosted, i)
		default:
			g.remote = append(g.remote, i)
		}
	}
	return out
}

func newNaming(words []string) *naming {
	out := &naming{exact: map[Item]bool{}, bare: map[Item]bool{}}
	for _, s := range words {
		if item, err := ParseItem(s); err == nil {
			out.items = append(out.items, item)
			out.exact[item], out.bare[Item{item.Indicator, "", item.Baseline}] = true, true
		}
	}
	return out
}

// index says what a group gives.
func (g *agreed) index(a *org.Agreement, about *naming, members *group) {
	for _, item := range about.items {
		if a.Detail == org.DetailEnterprise {
			item.Filter = All
		}
		key := given{a.Taker.Org, item}
		if !slices.Contains(g.groups[key], members) {
			g.groups[key] = append(g.groups[key], members)
		}
	}
}

// sources are those of an item of a keeper.
func (g *agreed) sources(keeper uuid.UUID, item Item) (accounts, rows *sources) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.gathered(given{keeper, item}), g.gathered(given{keeper, Item{item.Indicator, All, item.Baseline}})
}

func (g *agreed) gathered(key given) *sources {
	if s := g.ready[key]; s != nil {
		return s
	}
	groups := g.groups[key]
	if len(groups) == 1 && groups[0].alone != nil { // of many items
		return groups[0].alone
	}
	of := func(part func(*group) []int) (out []*org.Agreement) {
		var places []int
		for _, m := range groups {
			places = append(places, part(m)...)
		}
		slices.Sort(places)
		for _, i := range places {
			out = append(out, &g.list[i])
		}
		return out
	}
	s := &sources{of(func(m *group) []int { return m.accounts }), byGiver(of(func(m *group) []int { return m.hosted })), byGiver(of(func(m *group) []int { return m.remote }))}
	if g.ready[key] = s; len(groups) == 1 {
		groups[0].alone = s
	}
	return s
}

func byGiver(list []*org.Agreement) []*org.Agreement {
	slices.SortStableFunc(list, func(a, b *org.Agreement) int { return strings.Compare(a.Giver.CreditCode, b.Giver.CreditCode) })
	return slices.CompactFunc(list, func(a, b *org.Agreement) bool { return a.Giver.CreditCode == b.Giver.CreditCode })
}

// find is the agreement with an id; nil where it is not active.
func (g *agreed) find(id uuid.UUID) *org.Agreement {
	if i, ok := g.at[id]; ok {
		return &g.list[i]
	}
	return nil
}

// observers are the agreements that have enterprises of this node observed: one, or all where it is not said whose.
func (g *agreed) observers(giver uuid.UUID) []*org.Agreement {
	if giver != uuid.Nil {
		return g.givers[giver]
	}
	out := make([]*org.Agreement, 0, len(g.givers))
	for _, list := range g.givers {
		out = append(out, list...)
	}
	slices.SortFunc(out, func(a, b *org.Agreement) int { return cmp.Compare(g.at[a.ID], g.at[b.ID]) })
	return out
}

// named is what an agreement names.
func (g *agreed) named(a *org.Agreement) []Item {
	if n := g.about[a.ID]; n != nil {
		return n.items
	}
	return nil
}

// names tells whether an agreement tells an item: of an enterprise its observations are told, whatever the population.
func (g *agreed) names(a *org.Agreement, i Item) bool {
	n := g.about[a.ID]
	if a.Detail == org.DetailEnterprise {
		return n.bare[Item{i.Indicator, "", i.Baseline}]
	}
	return n.exact[i]
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
	for key := range g.groups {
		if key.keeper == keeper {
			key.item.Filter = All
			put(key.item)
		}
	}
	for _, a := range g.totals[keeper] {
		for _, item := range g.named(a) {
			put(item)
		}
	}
	return out
}

// baselines are those against which an enterprise's indicator is to be observed.
func (g *agreed) baselines(d Dirty) (out []string) {
	for _, a := range g.givers[d.Keeper] {
		for _, item := range g.named(a) {
			if item.Indicator == d.Indicator && !slices.Contains(out, item.Baseline) {
				out = append(out, item.Baseline)
			}
		}
	}
	return out
}

// tells tells whether an agreement is about a period.
func tells(a *org.Agreement, p indicator.Period) bool { return a.Since == "" || p.To >= a.Since }

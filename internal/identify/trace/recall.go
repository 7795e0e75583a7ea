package trace

import (
	"cmp"
	"context"
	"math/big"
	"slices"
	"strings"
	"time"

	"jingwei/internal/identify/trace/epcis"
)

// RecallItem is a thing that is affected, with who has it as far as the events in sight tell.
type RecallItem struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind" enum:"instance,lot,class,container,asset,other"`
	State    string     `json:"state" enum:"there,on-the-way,sold,gone,used" doc:"used: it went into something else, which is in the list"`
	Party    string     `json:"party,omitempty" doc:"Who was last told to own it, else to have it"`
	Place    string     `json:"place,omitempty"`
	Since    *time.Time `json:"since,omitempty"`
	Step     string     `json:"step,omitempty" doc:"Of the event that tells"`
	In       string     `json:"in,omitempty" doc:"What holds it"`
	Quantity string     `json:"quantity,omitempty"`
	Unit     string     `json:"unit,omitempty"`
}

// Customer is somebody who has to be told.
type Customer struct {
	Party      string   `json:"party" doc:"Empty where no event tells it"`
	Place      string   `json:"place"`
	Items      int      `json:"items" doc:"Single things"`
	Quantities []Amount `json:"quantities" nullable:"false" doc:"Of lots"`
}

// Amount is so much of a lot.
type Amount struct {
	Lot      string `json:"lot"`
	Quantity string `json:"quantity"`
	Unit     string `json:"unit,omitempty"`
}

// Recall is the list of what is affected by a thing, and of who has it.
type Recall struct {
	ID        string         `json:"id"`
	At        time.Time      `json:"at"`
	Customers []Customer     `json:"customers" nullable:"false"`
	Items     []RecallItem   `json:"items" nullable:"false"`
	Total     int            `json:"total" doc:"Items, also those that were not asked for"`
	States    map[string]int `json:"states"`
	Cut       bool           `json:"cut" doc:"There is more than is followed at most: the list is not whole"`
}

// Recall finds what a thing or a lot is in, and who has that now. Errors as of Trace.
func (s *Service) Recall(ctx context.Context, id string) (Recall, error) {
	v, err := s.sight(ctx)
	if err != nil {
		return Recall{}, err
	}
	return s.recall(ctx, v, id)
}

func (s *Service) recall(ctx context.Context, v Sight, id string) (Recall, error) {
	w, err := s.follow(ctx, v, Ask{ID: id, Direction: Forward, Depth: MaxDepth, Nodes: MaxNodes})
	if err != nil {
		return Recall{}, err
	}
	if err := w.load(ctx, s.l.raw(), w.order); err != nil {
		return Recall{}, err
	}
	if err := s.learnSteps(ctx, w); err != nil {
		return Recall{}, err
	}
	f := newFinder(w)
	var spell []int64
	type got struct {
		name  int64
		where whereabouts
		used  bool
	}
	list := make([]got, 0, len(w.order))
	for _, n := range w.order {
		if w.spots[n].held {
			continue
		}
		x := got{name: n, where: f.where(n, w.spots[n].spans), used: f.used[n]}
		spell = append(spell, n, x.where.party, x.where.place, x.where.step, x.where.in)
		list = append(list, x)
	}
	deliveries := f.deliveries(w.affected())
	for _, d := range deliveries {
		spell = append(spell, d.party, d.place, d.lot)
	}
	slices.Sort(spell)
	names, err := s.l.spell(ctx, s.l.raw(), slices.Compact(spell))
	if err != nil {
		return Recall{}, err
	}
	out := Recall{ID: epcis.Key(id), At: s.o.Now().UTC(), Items: make([]RecallItem, 0, len(list)), Customers: []Customer{}, States: map[string]int{}, Cut: w.cut || w.deep}
	customers := map[[2]int64]*Customer{}
	customer := func(party, place int64) *Customer {
		key := [2]int64{party, place}
		if customers[key] == nil {
			customers[key] = &Customer{Party: names[party], Place: names[place], Quantities: []Amount{}}
		}
		return customers[key]
	}
	for _, x := range list {
		item := RecallItem{ID: names[x.name], Kind: kindOf(names[x.name]), Party: names[x.where.party], Place: names[x.where.place], Since: instantOf(x.where.at),
			Step: epcis.Steps.Short(names[x.where.step]), In: names[x.where.in], Quantity: f.amounts[x.name].amount, Unit: f.amounts[x.name].unit}
		item.State = stateOf(item.Step)
		if x.used {
			item.State = "used"
		}
		out.States[item.State]++
		out.Items = append(out.Items, item)
		if item.Kind == "instance" || item.Kind == "asset" || item.Kind == "other" {
			if item.State != "used" && item.State != "gone" {
				customer(x.where.party, x.where.place).Items++
			}
		}
	}
	for _, d := range deliveries {
		c := customer(d.party, d.place)
		c.Quantities = append(c.Quantities, Amount{names[d.lot], d.amount, d.unit})
	}
	for _, c := range customers {
		out.Customers = append(out.Customers, *c)
	}
	slices.SortFunc(out.Customers, func(a, b Customer) int { return cmp.Or(cmp.Compare(a.Party, b.Party), cmp.Compare(a.Place, b.Place)) })
	slices.SortFunc(out.Items, func(a, b RecallItem) int { return cmp.Or(cmp.Compare(a.Party, b.Party), cmp.Compare(a.ID, b.ID)) })
	out.Total = len(out.Items)
	return out, nil
}

// affected are the things of a walk that do not only hold others.
func (w *walk) affected() (out []int64) {
	for _, n := range w.order {
		if !w.spots[n].held {
			out = append(out, n)
		}
	}
	return out
}

// stateOf reads the state of a thing off the last step that it went through.
func stateOf(step string) string {
	switch step {
	case "shipping", "departing", "transporting", "staging_outbound", "loading", "consigning":
		return "on-the-way"
	case "retail_selling", "dispensing":
		return "sold"
	case "decommissioning", "destroying", "killing":
		return "gone"
	}
	return "there"
}

// whereabouts is where a thing was last.
type whereabouts struct {
	at                     int64
	party, place, step, in int64
	told                   int64 // when the party was told
}

// finder tells where things are from the events of a walk.
type finder struct {
	w       *walk
	holders map[int64][]edge // by what is held
	used    map[int64]bool
	amounts map[int64]edge
	known   map[visit]whereabouts
}

func newFinder(w *walk) *finder {
	f := &finder{w: w, holders: map[int64][]edge{}, used: map[int64]bool{}, amounts: map[int64]edge{}, known: map[visit]whereabouts{}}
	for _, e := range w.edges {
		switch e.way {
		case ByAggregation, ByAssociation:
			f.holders[e.from] = append(f.holders[e.from], e)
		case ByTransformation:
			f.used[e.from] = true
			if e.amount != "" {
				f.amounts[e.to] = e
			}
		}
		if e.way == ByAssociation {
			f.used[e.from] = true
		}
	}
	return f
}

// where finds the latest event of a thing, or of what held it at that time, that tells a party or a place.
func (f *finder) where(name int64, spans []span) (best whereabouts) {
	best.at = longAgo
	for _, in := range spans {
		if x := f.in(name, in, 0); x.at >= best.at {
			best = x
		}
	}
	return best
}

func (f *finder) in(name int64, in span, depth int) (best whereabouts) {
	key := visit{name, in}
	if x, ok := f.known[key]; ok {
		return x
	}
	best.at = longAgo
	if depth > MaxDepth {
		return best
	}
	f.known[key] = best // a ring of holders ends here
	for _, x := range f.w.of(name) {
		if x.at < in.from || x.at >= in.to {
			continue
		}
		best = best.later(x)
	}
	for _, e := range f.holders[name] {
		held := span{max(in.from, e.at), min(in.to, e.until)}
		if held.from >= held.to {
			continue
		}
		x := f.in(e.to, held, depth+1)
		if x.at == longAgo {
			continue
		}
		// Whoever was told last has it, whether it was told of the thing or of what held it.
		party, told := best.party, best.told
		if x.party != 0 && (party == 0 || x.told >= told) {
			party, told = x.party, x.told
		}
		best.party, best.told = party, told
		if x.at < best.at {
			continue
		}
		x.party, x.told = party, told
		if x.in = e.to; e.until != forever {
			x.in = 0
		}
		best = x
	}
	f.known[key] = best
	return best
}

// later is what an event adds: it tells a party by its destinations, and a place.
func (a whereabouts) later(x *fact) whereabouts {
	party := cmp.Or(x.to.owning, x.to.possessing)
	b := whereabouts{at: x.at, party: a.party, told: a.told, step: x.step, place: cmp.Or(x.place, x.point, a.place)}
	if party != 0 {
		b.party, b.told = party, x.at
	}
	if x.place == 0 && x.to.location != 0 {
		b.place = x.to.location
	} else if x.place == 0 && party != 0 {
		b.place = 0 // it left the place where it was read
	}
	return b
}

// delivery is an amount of a lot that went to somebody.
type delivery struct {
	lot, party, place int64
	amount, unit      string
}

// deliveries adds up what of each lot went to whom: by events that ship an amount, and by what amounts were packed into.
func (f *finder) deliveries(things []int64) (out []delivery) {
	type key struct {
		lot, party, place int64
		unit              string
	}
	sums := map[key]*big.Rat{}
	var order []key
	add := func(lot int64, at whereabouts, m member) {
		amount, ok := new(big.Rat).SetString(m.amount)
		if !ok || m.amount == "" || at.party == 0 {
			return
		}
		k := key{lot, at.party, at.place, m.unit}
		if sums[k] == nil {
			sums[k], order = new(big.Rat), append(order, k)
		}
		sums[k].Add(sums[k], amount)
	}
	for _, name := range things {
		amounts := slices.ContainsFunc(f.w.links[name], func(x link) bool { return x.role == RoleClass || x.role == RoleChildClass })
		if !amounts {
			continue
		}
		for _, x := range f.w.of(name) {
			for _, m := range x.members {
				switch {
				case m.name != name:
				case m.role == RoleClass && x.to != target{} && f.ships(x):
					add(name, whereabouts{}.later(x), m)
				case m.role == RoleChildClass && x.action != actionDelete:
					for _, e := range f.holders[name] {
						if e.event == x.num {
							add(name, f.in(e.to, span{e.at, e.until}, 0), m)
						}
					}
				}
			}
		}
	}
	for _, k := range order {
		out = append(out, delivery{k.lot, k.party, k.place, plain(sums[k]), k.unit})
	}
	return out
}

// ships tells whether an event sends things away: one that receives tells of the same amount again.
func (f *finder) ships(x *fact) bool {
	return !f.w.receives[x.step]
}

// plain writes a sum of decimals, which always is one.
func plain(r *big.Rat) string {
	s := r.FloatString(12)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

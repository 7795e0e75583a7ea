package indicator

import (
	"context"
	"math/big"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"jingwei/internal/govern/indicator/formula"
	"jingwei/internal/kernel/fact"
)

// Reading is one value of a population.
type Reading struct {
	How   string
	Num   *big.Rat // nil: not known, or not told
	Lack  Lack
	Known int // enterprises of which it is known
	Of    int // of the population
}

// Aggregate is what a population gives for a period.
type Aggregate struct {
	Definition *Definition
	Period     Period
	Members    *Members
	Readings   []Reading
	Grade      fact.Grade // the worst of those that count
	Days, Of   int        // the least share of the time that one of them covers
	Absent     []AbsentIn // sorted by how many enterprises lack it
	Firms      []Firm     // by code, at most maxFirms
	More       int
}

// AbsentIn is an input that some enterprises lack.
type AbsentIn struct {
	Absent
	Firms int
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
	acc := newAccount(d)
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
			acc.add(i, e, v)
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		return nil, err
	}
	return acc.close(m, p), nil
}

// account adds enterprises up.
type account struct {
	d         *Definition
	of        int
	known     int
	sum       big.Rat
	least     *big.Rat
	all       []*big.Rat // of median
	weights   big.Rat
	weighted  big.Rat
	weighable int
	holdKnown int
	holds     int
	united    map[string]bool
	uniteable int
	pool      *pool
	pooled    int
	grade     fact.Grade
	days, out int
	absent    map[Absent]int
	firms     []place
}

// place is a firm with its place in the population.
type place struct {
	at int
	Firm
}

func newAccount(d *Definition) *account {
	return &account{d: d, united: map[string]bool{}, pool: newPool(d), grade: fact.Measured, absent: map[Absent]int{}}
}

func (a *account) wants(how string) bool { return slices.Contains(a.d.Readings(), how) }

func (a *account) add(at int, e Enterprise, v *Valuation) {
	a.of++
	hold := v.holdsOf()
	if hold != nil {
		a.holdKnown++
		a.holds += hold.Sign()
	}
	for _, x := range v.Lack {
		a.absent[x]++
	}
	if v.Num != nil {
		a.known++
		a.sum.Add(&a.sum, v.Num)
		if a.least == nil || v.Num.Cmp(a.least) < 0 {
			a.least = v.Num
		}
		if a.wants(Median) {
			a.all = append(a.all, v.Num)
		}
		if a.wants(Pooled) && a.pool.add(v) {
			a.pooled++
		}
	}
	if v.Num != nil || hold != nil {
		a.grade = min(a.grade, worst(v))
		if v.Of > 0 && (a.out == 0 || v.Days*a.out < a.days*v.Of) {
			a.days, a.out = v.Days, v.Of
		}
	}
	a.addBy(v)
	if len(a.firms) >= 2*maxFirms { // keep the first ones of the population
		slices.SortFunc(a.firms, func(x, y place) int { return x.at - y.at })
		a.firms = a.firms[:maxFirms]
	}
	a.firms = append(a.firms, place{at, Firm{e, v, hold}})
}

// worst is the worst grade of the inputs that are known: also where what holds is known and the value is not.
func worst(v *Valuation) fact.Grade {
	out := fact.Measured
	for i := range v.Inputs {
		if v.Inputs[i].Num != nil {
			out = min(out, v.Inputs[i].Grade)
		}
	}
	return out
}

// addBy adds what goes by a certain input: its weight, or its values.
func (a *account) addBy(v *Valuation) {
	i := slices.IndexFunc(a.d.Inputs, func(in Input) bool { return in.Key == a.d.Upward.By })
	if i < 0 || v.Inputs[i].Num == nil {
		return
	}
	if a.wants(Weighted) && v.Num != nil {
		a.weighable++
		a.weights.Add(&a.weights, v.Inputs[i].Num)
		a.weighted.Add(&a.weighted, new(big.Rat).Mul(v.Num, v.Inputs[i].Num))
	}
	if a.wants(Distinct) && !a.wants(Weighted) {
		a.uniteable++
		for _, word := range v.Inputs[i].Distinct {
			a.united[word] = true
		}
	}
}

func (a *account) close(m *Members, p Period) *Aggregate {
	out := &Aggregate{Definition: a.d, Period: p, Members: m, Grade: a.grade, Days: a.days, Of: a.out}
	for _, how := range a.d.Readings() {
		out.Readings = append(out.Readings, a.reading(how))
	}
	if a.known == 0 && a.holdKnown == 0 {
		out.Grade = fact.Declared
	}
	for x, n := range a.absent {
		out.Absent = append(out.Absent, AbsentIn{x, n})
	}
	slices.SortFunc(out.Absent, func(x, y AbsentIn) int {
		if x.Firms != y.Firms {
			return y.Firms - x.Firms
		}
		return strings.Compare(x.Input+string(x.Reason), y.Input+string(y.Reason))
	})
	slices.SortFunc(a.firms, func(x, y place) int { return x.at - y.at })
	for _, f := range a.firms[:min(len(a.firms), maxFirms)] {
		out.Firms = append(out.Firms, f.Firm)
	}
	out.More = a.of - len(out.Firms)
	return out
}

func (a *account) reading(how string) Reading {
	r := Reading{How: how, Known: a.known, Of: a.of, Lack: NoData}
	ratio := func(x, y *big.Rat) {
		if y.Sign() != 0 {
			r.Num = new(big.Rat).Quo(x, y)
		} else if r.Known > 0 {
			r.Lack = ByZero
		}
	}
	count := func(n int) *big.Rat { return new(big.Rat).SetInt64(int64(n)) }
	switch how {
	case Mean:
		ratio(&a.sum, count(a.known))
	case Pooled:
		if r.Known = a.pooled; a.pooled > 0 {
			if v := a.pool.value(); v.Num != nil {
				r.Num = v.Num
			} else {
				r.Lack = ByZero
			}
		}
	case Share:
		r.Known = a.holdKnown
		ratio(count(100*a.holds), count(a.holdKnown))
	case Distinct:
		if r.Known = a.holdKnown; a.d.Upward.By != "" && !a.wants(Weighted) {
			if r.Known = a.uniteable; r.Known > 0 {
				r.Num = count(len(a.united))
			}
		} else if r.Known > 0 {
			r.Num = count(a.holds)
		}
	case Sum:
		if a.known > 0 {
			r.Num = new(big.Rat).Set(&a.sum)
		}
	case Min:
		r.Num = a.least
	case Median:
		slices.SortFunc(a.all, func(x, y *big.Rat) int { return x.Cmp(y) })
		if n := len(a.all); n > 0 {
			r.Num = new(big.Rat).Add(a.all[(n-1)/2], a.all[n/2])
			r.Num.Quo(r.Num, big.NewRat(2, 1))
		}
	case Weighted:
		r.Known = a.weighable
		ratio(&a.weighted, &a.weights)
	}
	if r.Num != nil && r.Known < a.d.Suppress {
		r.Num, r.Lack = nil, TooFew
	}
	if r.Num != nil {
		r.Lack = ""
	}
	return r
}

// pool is the sums of a definition's inputs over enterprises of which all of them are known.
type pool struct {
	d     *Definition
	sums  []big.Rat
	below []*pool // of inputs that are indicators
}

func newPool(d *Definition) *pool {
	return &pool{d: d, sums: make([]big.Rat, len(d.Inputs)), below: make([]*pool, len(d.Inputs))}
}

// add adds an enterprise, if everything is known of it.
func (p *pool) add(v *Valuation) bool {
	if !whole(v) {
		return false
	}
	p.sum(v)
	return true
}

func whole(v *Valuation) bool {
	for i := range v.Inputs {
		if v.Inputs[i].Num == nil || v.Inputs[i].Below != nil && !whole(v.Inputs[i].Below) {
			return false
		}
	}
	return true
}

func (p *pool) sum(v *Valuation) {
	for i := range v.Inputs {
		if b := v.Inputs[i].Below; b != nil {
			if p.below[i] == nil {
				p.below[i] = newPool(b.Definition)
			}
			p.below[i].sum(b)
			continue
		}
		p.sums[i].Add(&p.sums[i], v.Inputs[i].Num)
	}
}

// value is the formula over the sums.
func (p *pool) value() formula.Value {
	values := map[string]formula.Value{}
	for i := range p.d.Inputs {
		in := &p.d.Inputs[i]
		values[in.Key] = formula.Known(&p.sums[i])
		if b := p.below[i]; b != nil {
			v := b.value()
			if v.Num != nil {
				n, err := formula.Convert(v.Num, b.d.unit, in.unit)
				if err != nil { // checked with the definition
					return formula.Unknown(in.Key)
				}
				v.Num = n
			}
			values[in.Key] = v
		}
	}
	return p.d.formula.Eval(values)
}

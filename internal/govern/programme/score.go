package programme

import (
	"cmp"
	"math/big"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Score is what one expert gave one case, by criterion.
type Score struct {
	Case   uuid.UUID
	Expert uuid.UUID
	Points map[string]int // by criterion, 0 to the scale
}

// Total is the weighted sum of a score in points of 100, exact.
func (r *CallReview) Total(points map[string]int) *big.Rat {
	sum := int64(0)
	for _, c := range r.Criteria {
		sum += int64(c.Weight) * int64(points[c.ID])
	}
	return big.NewRat(sum, int64(r.Scale))
}

// Judged is a case as the scores put it.
type Judged struct {
	Case     uuid.UUID
	Scores   int
	Raw      *big.Rat            // mean of the totals
	Adjusted *big.Rat            // with the effect of each reviewer taken out
	By       map[string]*big.Rat // mean of each criterion
	Part     int                 // of the design: cases of different parts share no reviewer, directly or through others
}

// Effect is how much more than others an expert gives, for cases of the same worth.
type Effect struct {
	Expert uuid.UUID
	Cases  int
	Effect *big.Rat
	Part   int
}

// Fitted is what the additive model says: score = worth of the case + effect of the reviewer.
type Fitted struct {
	Cases   []Judged // by id
	Effects []Effect // by id
	Parts   int      // more than one: effects are known only within each part, and adjusted scores of different parts do not compare
}

// Fit solves the additive model by least squares over exact fractions. The effects of each part of the design add up to nothing. The
// order of scores does not matter; the same scores give the same fractions on every machine.
//
// The worth of the cases is eliminated first: with n_c scores of case c, the effects r solve
// Σ_c∈i (r_i - mean of r over the reviewers of c) = Σ_c∈i (y_ci - mean of y over c) for each reviewer i.
func (r *CallReview) Fit(scores []Score) Fitted {
	scores = slices.Clone(scores)
	slices.SortFunc(scores, func(a, b Score) int {
		return cmp.Or(strings.Compare(a.Case.String(), b.Case.String()), strings.Compare(a.Expert.String(), b.Expert.String()))
	})
	var cases, experts []uuid.UUID
	for _, s := range scores {
		cases, experts = append(cases, s.Case), append(experts, s.Expert)
	}
	cases, experts = distinct(cases), distinct(experts)
	at := map[uuid.UUID]int{}
	for i, id := range experts {
		at[id] = i
	}
	n := len(experts)
	of := map[uuid.UUID][]Score{}
	for _, s := range scores {
		of[s.Case] = append(of[s.Case], s)
	}
	// Parts of the design: experts joined by cases.
	root := make([]int, n)
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			i = root[i]
		}
		return i
	}
	a := make([][]*big.Rat, n) // normal equations, the right side last
	for i := range a {
		a[i] = make([]*big.Rat, n+1)
		for j := range a[i] {
			a[i][j] = new(big.Rat)
		}
	}
	count := make([]int, n)
	for _, id := range cases {
		list := of[id]
		mean := meanOf(list, r)
		share := big.NewRat(1, int64(len(list)))
		for _, x := range list {
			i := at[x.Expert]
			count[i]++
			root[find(i)] = find(at[list[0].Expert])
			a[i][i].Add(a[i][i], big.NewRat(1, 1))
			for _, y := range list {
				a[i][at[y.Expert]].Sub(a[i][at[y.Expert]], share)
			}
			a[i][n].Add(a[i][n], new(big.Rat).Sub(r.Total(x.Points), mean))
		}
	}
	parts := map[int]int{}
	part := make([]int, n)
	for i := range n { // numbered in the order of experts
		k := find(i)
		if _, known := parts[k]; !known {
			parts[k] = len(parts) + 1
		}
		part[i] = parts[k]
	}
	// The equations of a part add up to 0 = 0: the last of each is replaced by "its effects add up to nothing".
	last := map[int]int{}
	for i := range n {
		last[part[i]] = i
	}
	for p, i := range last {
		for j := range n {
			a[i][j].SetInt64(int64(digit(part[j] == p)))
		}
		a[i][n].SetInt64(0)
	}
	effect := solve(a)
	out := Fitted{Parts: len(parts)}
	for i, id := range experts {
		out.Effects = append(out.Effects, Effect{Expert: id, Cases: count[i], Effect: effect[i], Part: part[i]})
	}
	for _, id := range cases {
		list := of[id]
		j := Judged{Case: id, Scores: len(list), Raw: meanOf(list, r), Part: part[at[list[0].Expert]], By: map[string]*big.Rat{}}
		shift := new(big.Rat)
		for _, s := range list {
			shift.Add(shift, effect[at[s.Expert]])
		}
		j.Adjusted = new(big.Rat).Sub(j.Raw, shift.Mul(shift, big.NewRat(1, int64(len(list)))))
		for _, c := range r.Criteria {
			sum := int64(0)
			for _, s := range list {
				sum += int64(s.Points[c.ID])
			}
			j.By[c.ID] = big.NewRat(sum, int64(len(list)))
		}
		out.Cases = append(out.Cases, j)
	}
	return out
}

func meanOf(list []Score, r *CallReview) *big.Rat {
	sum := new(big.Rat)
	for _, s := range list {
		sum.Add(sum, r.Total(s.Points))
	}
	return sum.Mul(sum, big.NewRat(1, int64(len(list))))
}

func distinct(ids []uuid.UUID) []uuid.UUID {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(ids)
}

// solve is Gaussian elimination over fractions; the system has one solution. The matrix is used up.
func solve(a [][]*big.Rat) []*big.Rat {
	n := len(a)
	t := new(big.Rat)
	for k := range n {
		p := k
		for p < n && a[p][k].Sign() == 0 {
			p++
		}
		a[k], a[p] = a[p], a[k]
		inverse := new(big.Rat).Inv(a[k][k])
		for j := k; j <= n; j++ {
			a[k][j].Mul(a[k][j], inverse)
		}
		for i := range n {
			if i == k || a[i][k].Sign() == 0 {
				continue
			}
			f := new(big.Rat).Set(a[i][k])
			for j := k; j <= n; j++ {
				if a[k][j].Sign() != 0 {
					a[i][j].Sub(a[i][j], t.Mul(f, a[k][j]))
				}
			}
		}
	}
	out := make([]*big.Rat, n)
	for i := range n {
		out[i] = a[i][n]
	}
	return out
}

// Place is a case in the ranking.
type Place struct {
	Judged
	Rank   int  // from 1; equals that no rule tells apart have different ranks by time of filing
	Tied   bool // with a neighbour, by the score alone
	Chosen bool
}

// By which score the ranking goes.
func (j *Judged) counts(by string) *big.Rat {
	if by == "raw" {
		return j.Raw
	}
	return j.Adjusted
}

// Rank orders cases by their score, equals by the criteria of the call, then by the earlier filing, then by id; and chooses those on
// or above the line, as many as there are places. filed is the time of filing of each case.
func (r *CallReview) Rank(f Fitted, by string, filed map[uuid.UUID]int64) []Place {
	out := make([]Place, len(f.Cases))
	for i, j := range f.Cases {
		out[i] = Place{Judged: j}
	}
	slices.SortFunc(out, func(a, b Place) int {
		if c := b.counts(by).Cmp(a.counts(by)); c != 0 {
			return c
		}
		for _, id := range r.Ties {
			if c := b.By[id].Cmp(a.By[id]); c != 0 {
				return c
			}
		}
		return cmp.Or(cmp.Compare(filed[a.Case], filed[b.Case]), strings.Compare(a.Case.String(), b.Case.String()))
	})
	line := big.NewRat(int64(r.Line), 1)
	for i := range out {
		p := &out[i]
		p.Rank = i + 1
		p.Chosen = p.counts(by).Cmp(line) >= 0 && (r.Places == 0 || p.Rank <= r.Places)
		for _, k := range []int{i - 1, i + 1} {
			if k >= 0 && k < len(out) && out[k].counts(by).Cmp(p.counts(by)) == 0 {
				p.Tied = true
			}
		}
	}
	return out
}

// Hundredths shows an exact score with two places, rounded half away from zero.
func Hundredths(r *big.Rat) string {
	if r == nil {
		return ""
	}
	return r.FloatString(2)
}

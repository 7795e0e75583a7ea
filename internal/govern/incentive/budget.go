package incentive

import (
	"cmp"
	"math/bits"
	"slices"

	"jingwei/internal/govern/incentive/decimal"
)

// Weight is a claimant of a part.
type Weight struct {
	ID     string
	Weight int64 // not negative
}

// Apportion divides a total by weights, exact in sum: everyone gets the whole fen of their share, and the fen that are left go
// one each to the largest remainders, among equal ones to the lower id. Nobody gets more than one fen beyond the share.
// With no weight at all nobody gets anything.
func Apportion(total decimal.Fen, weights []Weight) []decimal.Fen {
	out := make([]decimal.Fen, len(weights))
	var sum uint64
	for _, w := range weights {
		sum += uint64(w.Weight)
	}
	if sum == 0 || total <= 0 {
		return out
	}
	rest, order := make([]uint64, len(weights)), make([]int, len(weights))
	left := total
	for i, w := range weights {
		hi, lo := bits.Mul64(uint64(total), uint64(w.Weight))
		q, r := bits.Div64(hi, lo, sum) // total × weight / sum is at most total, so it fits
		out[i], rest[i], order[i] = decimal.Fen(q), r, i
		left -= decimal.Fen(q)
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(rest[b], rest[a]), cmp.Compare(weights[a].ID, weights[b].ID), cmp.Compare(a, b))
	})
	for _, i := range order[:left] {
		out[i]++
	}
	return out
}

// Entitlement is what one applicant is due before the budget is looked at.
type Entitlement struct {
	ID     string // of the filing
	Filed  int64  // order of filing, for first come first served
	Amount decimal.Fen
}

// Allotment keeps both figures: what is due and what the budget pays.
type Allotment struct {
	ID      string      `json:"id"`
	Due     decimal.Fen `json:"due,string"`
	Payable decimal.Fen `json:"payable,string"`
}

// Allot divides the money of a budget line. The payables never exceed the budget, and with "prorata" they add up to exactly
// the budget where it does not suffice. scaling is that of Budget: "first-come" pays in order of filing (ties by id) until
// the money is spent, the last in part; "none" pays all or, where the budget does not suffice, reports short. The result is in
// the order of the entitlements.
func Allot(scaling string, budget decimal.Fen, due []Entitlement) (out []Allotment, short decimal.Fen) {
	var total decimal.Fen
	for _, e := range due {
		out = append(out, Allotment{e.ID, e.Amount, e.Amount})
		total += e.Amount
	}
	short = max(0, total-max(0, budget))
	if short == 0 || scaling == "none" {
		return out, short
	}
	if scaling == "first-come" {
		order := make([]int, len(due))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int {
			return cmp.Or(cmp.Compare(due[a].Filed, due[b].Filed), cmp.Compare(due[a].ID, due[b].ID))
		})
		left := max(0, budget)
		for _, i := range order {
			out[i].Payable = min(left, due[i].Amount)
			left -= out[i].Payable
		}
		return out, short
	}
	weights := make([]Weight, len(due))
	for i, e := range due {
		weights[i] = Weight{e.ID, int64(e.Amount)}
	}
	for i, f := range Apportion(max(0, budget), weights) {
		out[i].Payable = f
	}
	return out, short
}

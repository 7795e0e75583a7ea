package assess

import (
	"fmt"
	"slices"
)

func (k *checker) options(at string, list []Option) {
	if len(list) < 2 || len(list) > maxChoices {
		k.report(at+".options", fmt.Sprintf("holds %d; 2 to %d options fit", len(list), maxChoices))
	}
	for i, o := range list {
		where := fmt.Sprintf("%s.options[%d]", at, i)
		k.id(where+".id", o.ID)
		if slices.ContainsFunc(list[:i], func(p Option) bool { return p.ID == o.ID }) {
			k.report(where+".id", fmt.Sprintf("%q is used twice", o.ID))
		}
		k.text(where+".text", o.Text)
		k.share(where+".share", o.Share)
		if o.Cost != nil {
			k.cost(where+".cost", *o.Cost)
		}
		if o.Need != "" {
			k.id(where+".need", o.Need)
		}
	}
}

func (k *checker) share(where string, s int64) {
	if s < 0 || s > k.x.Whole {
		k.report(where, fmt.Sprintf("%d lies outside 0 to %d", s, k.x.Whole))
	}
}

func sharesOf[T any](list []T, f func(T) int64) []int64 {
	out := make([]int64, len(list))
	for i, v := range list {
		out[i] = f(v)
	}
	return out
}

func (k *checker) reachesWhole(where string, shares []int64) {
	if len(shares) > 0 && slices.Max(shares) != k.x.Whole {
		k.report(where, fmt.Sprintf("the best answer has share %d; it must have %d, or full marks cannot be had", slices.Max(shares), k.x.Whole))
	}
}

// brackets must cover their range without gap or overlap, upwards, the top closed.
func (k *checker) brackets(at string, list []Bracket, percent bool) {
	if len(list) < 2 || len(list) > maxChoices {
		k.report(at+".brackets", fmt.Sprintf("holds %d; 2 to %d brackets fit", len(list), maxChoices))
		return
	}
	var before interval
	for i, b := range list {
		where := fmt.Sprintf("%s.brackets[%d]", at, i)
		k.share(where+".share", b.Share)
		if b.Cost != nil {
			k.cost(where+".cost", *b.Cost)
		}
		in, err := parseInterval(b.Range)
		if err != nil {
			k.report(where+".range", err.Error())
			return
		}
		if i > 0 {
			prev := list[i-1].Range
			c := 1
			if before.hi != nil && in.lo != nil {
				c = in.lo.Cmp(*before.hi)
			} else {
				c = -1 // an open end has no next
			}
			switch {
			case c < 0 || c == 0 && before.hiClosed && in.loClosed:
				k.report(where+".range", fmt.Sprintf("%s overlaps %s; let it begin where that ends, with one of the two brackets round", b.Range, prev))
			case c > 0 || !before.hiClosed && !in.loClosed:
				k.report(where+".range", fmt.Sprintf("%s leaves a gap after %s; let it begin where that ends, with one of the two brackets square", b.Range, prev))
			}
		}
		// A path proposes a number of the bracket, so that there must be one that can be written.
		if q, err := ParseQuantity(in.inside().String()); err != nil || !in.holds(q) {
			k.report(where+".range", fmt.Sprintf("%s is too fine; use bounds of fewer digits", b.Range))
		}
		before = in
	}
	first, _ := parseInterval(list[0].Range)
	if percent {
		zero, hundred := Quantity{0, 1}, Quantity{100, 1}
		if first.lo == nil || first.lo.Cmp(zero) != 0 || !first.loClosed {
			k.report(at+".brackets[0].range", fmt.Sprintf("%s: a percentage begins at [0", list[0].Range))
		}
		if before.hi == nil || before.hi.Cmp(hundred) != 0 || !before.hiClosed {
			k.report(fmt.Sprintf("%s.brackets[%d].range", at, len(list)-1), fmt.Sprintf("%s: a percentage ends at 100], so that a full 100 has its bracket", list[len(list)-1].Range))
		}
	} else if before.hi != nil && !before.hiClosed {
		k.report(fmt.Sprintf("%s.brackets[%d].range", at, len(list)-1), fmt.Sprintf("%s: close the top with ], or leave it open as in (50,)", list[len(list)-1].Range))
	}
	k.reachesWhole(at+".brackets", sharesOf(list, func(b Bracket) int64 { return b.Share }))
}

func (k *checker) steps(at string, s *Section, list []Step) {
	if len(list) == 0 || len(list) > maxChoices {
		k.report(at+".steps", fmt.Sprintf("holds %d; 1 to %d steps fit", len(list), maxChoices))
		return
	}
	for i, st := range list {
		where := fmt.Sprintf("%s.steps[%d]", at, i)
		if st.Level != i+1 {
			k.report(where+".level", fmt.Sprintf("%d; steps are numbered 1, 2, 3, so write %d", st.Level, i+1))
		}
		k.text(where+".text", st.Text)
		k.share(where+".share", st.Share)
		if st.Cost != nil {
			k.cost(where+".cost", *st.Cost)
		}
		if st.Need != "" {
			k.id(where+".need", st.Need)
		}
		if s.Counted && st.Share != 0 {
			k.report(where+".share", "stands in a counted section, which gives no points; take it out")
		}
		if i > 0 && st.Share < list[i-1].Share {
			k.report(where+".share", fmt.Sprintf("%d is less than the step below has (%d); a higher step never gives less", st.Share, list[i-1].Share))
		}
	}
	if !s.Counted {
		k.reachesWhole(at+".steps", sharesOf(list, func(s Step) int64 { return s.Share }))
	}
}

package programme

import (
	"fmt"
	"math/big"
	"strings"

	"jingwei/internal/kernel/text"
)

// Measured is a value of an indicator over a span.
type Measured struct {
	Value      *big.Rat // nil where there is none
	Coverage   int      // per mille of the span of which something is known
	References []string // series and roll-ups that it rests on
	Revision   string   // of the roll-ups: the newest commit that they rest on
	Trouble    text.Text
}

// Reached tells whether an indicator is reached: exactly, by the rule of the call. The verdict is unknown where it cannot be said,
// with the reason.
func (x *Indicator) Reached(baseline, now *Measured) (verdict string, why text.Text) {
	if now == nil || now.Value == nil {
		t := text.Text{Zh: "没有可用的验收测量值", En: "there is no value to accept by"}
		if now != nil && !now.Trouble.IsZero() {
			t = now.Trouble
		}
		return unknown, t
	}
	if x.Measured() && now.Coverage < x.Coverage*10 {
		return unknown, text.Text{Zh: fmt.Sprintf("数据覆盖率 %s%%，低于要求的 %d%%，不能以测量验收", permille(now.Coverage), x.Coverage),
			En: fmt.Sprintf("coverage is %s %%, below the %d %% that is wanted: it cannot be accepted by measurement", permille(now.Coverage), x.Coverage)}
	}
	lower := x.Direction == "lower"
	var target *big.Rat
	if x.Value != "" {
		target, _ = new(big.Rat).SetString(x.Value)
	} else {
		if baseline == nil || baseline.Value == nil {
			return unknown, text.Text{Zh: "没有冻结的基线", En: "there is no frozen baseline"}
		}
		target = x.target(baseline.Value)
	}
	c := now.Value.Cmp(target)
	ok := c >= 0
	if lower {
		ok = c <= 0
	}
	why = text.Text{Zh: fmt.Sprintf("测得 %s %s，目标 %s %s", Shown(now.Value), x.Unit, map[bool]string{true: "不高于", false: "不低于"}[lower], Shown(target)),
		En: fmt.Sprintf("measured %s %s, target %s %s", Shown(now.Value), x.Unit, map[bool]string{true: "at most", false: "at least"}[lower], Shown(target))}
	return told(ok), why
}

// target is the value to be reached from a baseline: so many percent of it better.
func (x *Indicator) target(baseline *big.Rat) *big.Rat {
	change, _ := new(big.Rat).SetString(x.Change)
	if x.Direction == "lower" {
		change.Neg(change)
	}
	factor := change.Quo(change, big.NewRat(100, 1))
	factor.Add(factor, big.NewRat(1, 1))
	return factor.Mul(factor, baseline)
}

// Gain is how much better a value is than the baseline, in percent of it; "" where it cannot be said.
func (x *Indicator) Gain(baseline, now *Measured) string {
	if baseline == nil || now == nil || baseline.Value == nil || now.Value == nil || baseline.Value.Sign() == 0 {
		return ""
	}
	d := new(big.Rat).Sub(now.Value, baseline.Value)
	d.Quo(d, baseline.Value)
	if x.Direction == "lower" {
		d.Neg(d)
	}
	return d.Mul(d, big.NewRat(100, 1)).FloatString(2)
}

// Shown writes a value with up to six places.
func Shown(r *big.Rat) string {
	if r == nil {
		return ""
	}
	s := r.FloatString(6)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

func permille(n int) string { return fmt.Sprintf("%d.%d", n/10, n%10) }

func decimalOf(n int64) string { return fmt.Sprint(n) }

// Shares divides an award into its tranches, exact to the fen: each gets its percent rounded down, and what is left goes to the last.
func (a *CallAward) Shares(amount int64) []int64 {
	out := make([]int64, len(a.Tranches))
	left := amount
	for i, t := range a.Tranches {
		out[i] = percent(amount, t.Share)
		if i == len(a.Tranches)-1 {
			out[i] = left
		}
		left -= out[i]
	}
	return out
}

// percent of an amount of fen, rounded down. Amounts are at most 2^53, so that the parts do not overflow.
func percent(amount int64, share int) int64 {
	return amount/100*int64(share) + amount%100*int64(share)/100
}

package support

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/govern/incentive/decimal"
)

// claimant is a subject of the policy lab with what it is grouped by.
type claimant struct {
	subject   *incentive.Subject
	generated bool
	size      string
	industry  string // two digits
	region    string
}

// generatedMark begins the classes of claimants that are made up, so that no figure of theirs can pass for a firm's.
const generatedMark = "generated · "

func (c *claimant) class(by string) string {
	w := ""
	switch by {
	case "size":
		w = c.size
	case "industry":
		w = c.industry
	case "region":
		w = c.region
	}
	w = cmp.Or(w, "?")
	if c.generated {
		return generatedMark + w
	}
	return w
}

// generate makes up claims: a pure function of seed and facts. A fifth of the facts is unknown, a fifth of the others only declared.
func generate(vocab map[string]*incentive.Fact, n int, seed uint64, region string) iter.Seq[*claimant] {
	facts := make([]*incentive.Fact, 0, len(vocab))
	for _, f := range vocab {
		facts = append(facts, f)
	}
	slices.SortFunc(facts, func(a, b *incentive.Fact) int { return strings.Compare(a.Key, b.Key) })
	sizes, trades := []string{"large", "medium", "micro", "small"}, []string{"17", "29", "30", "36", "38", "39"}
	return func(yield func(*claimant) bool) {
		r := rand.New(rand.NewPCG(seed, 0x6a77))
		for i := range n {
			c := &claimant{generated: true, size: sizes[r.IntN(4)], industry: trades[r.IntN(6)], region: region,
				subject: &incentive.Subject{ID: fmt.Sprintf("generated-%06d", i), Object: "p", Facts: make(map[string]incentive.Known, len(facts))}}
			for _, f := range facts {
				if r.IntN(5) == 0 {
					continue
				}
				grade := incentive.E3
				if r.IntN(5) == 0 {
					grade = incentive.E0
				}
				c.subject.Facts[f.Key] = incentive.Known{Value: made(f, r), Grade: grade}
			}
			if !yield(c) {
				return
			}
		}
	}
}

func made(f *incentive.Fact, r *rand.Rand) incentive.Value {
	money := func() decimal.Fen { return decimal.Fen(r.Int64N(6_000_000_000)) } // up to 60 million yuan
	switch f.Type {
	case "bool":
		return incentive.Bool(r.IntN(2) == 0)
	case "choice":
		return incentive.Choice(f.Options[r.IntN(len(f.Options))].ID)
	case "set":
		var some []string
		for _, o := range f.Options {
			if r.IntN(3) == 0 {
				some = append(some, o.ID)
			}
		}
		return incentive.SetOf(some...)
	case "count":
		return incentive.Count(r.Int64N(100))
	case "date":
		return incentive.Day(incentive.Date(17_000 + r.IntN(2000)))
	case "amounts":
		items := make([]incentive.Item, r.IntN(5))
		for i := range items {
			items[i] = incentive.Item{Date: incentive.Date(17_000 + r.IntN(1000)), Amount: money() / 10}
		}
		return incentive.Amounts(items...)
	}
	return incentive.Money(money())
}

// fewest is the least number of firms of which figures are told.
const fewest = 5

// suppress puts classes of fewer than five subjects together. Where even together they are fewer than five, or only one was hidden (it could
// be worked out from the total), the smallest of the others joins them. What then is still below five is told by its number alone.
func suppress(rows []incentive.ClassRow) []incentive.ClassRow {
	var shown, small []incentive.ClassRow
	for _, r := range rows {
		if r.Subjects < fewest && !strings.HasPrefix(r.Class, generatedMark) {
			small = append(small, r)
		} else {
			shown = append(shown, r)
		}
	}
	if len(small) == 0 {
		return shown
	}
	hidden := incentive.ClassRow{Class: "<5"}
	join := func(r incentive.ClassRow) {
		hidden.Subjects, hidden.A, hidden.B = hidden.Subjects+r.Subjects, hidden.A+r.A, hidden.B+r.B
		hidden.Winners, hidden.Losers = hidden.Winners+r.Winners, hidden.Losers+r.Losers
	}
	for _, r := range small {
		join(r)
	}
	for joined := len(small); hidden.Subjects < fewest || joined < 2; joined++ {
		least := -1
		for i, r := range shown {
			if !strings.HasPrefix(r.Class, generatedMark) && (least < 0 || r.Subjects < shown[least].Subjects) {
				least = i
			}
		}
		if least < 0 {
			break
		}
		join(shown[least])
		shown = slices.Delete(shown, least, least+1)
	}
	if hidden.Subjects < fewest {
		hidden = incentive.ClassRow{Class: "<5", Subjects: hidden.Subjects}
	}
	return append(shown, hidden)
}

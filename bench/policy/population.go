package policy

import (
	"fmt"
	"iter"
	"math/rand/v2"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/govern/incentive/decimal"
)

// ask is a fact that some measure asks for, with all options that any measure names.
type ask struct {
	key     string
	typ     string
	options []string
}

// asks collects the facts of a set, in the order in which measures ask for them.
func asks(s *incentive.Set) []ask {
	var out []ask
	at := map[string]int{}
	for _, m := range s.All() {
		for _, f := range m.Facts {
			k, ok := at[f.Key]
			if !ok {
				k, out = len(out), append(out, ask{key: f.Key, typ: f.Type})
				at[f.Key] = k
			}
			for _, o := range f.Options {
				if !contains(out[k].options, o.ID) {
					out[k].options = append(out[k].options, o.ID)
				}
			}
		}
	}
	return out
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

var (
	trades = []string{"C18 textiles", "C29 plastics", "C30 ceramics", "C36 automobile", "C38 electrical", "C39 electronics"}
	sizes  = []string{"large", "medium", "micro", "small"}
)

// class of a subject, as population names it.
func class(sub *incentive.Subject) string { return sub.Object }

// population makes claims of fictional enterprises: a pure function of the seed. A fifth of the facts is unknown, a fifth
// of the others is only declared. The subject handed out is made anew each time.
func population(asked []ask, n int, seed uint64) iter.Seq[*incentive.Subject] {
	return func(yield func(*incentive.Subject) bool) {
		r := rand.New(rand.NewPCG(seed, 0x6a696e67))
		for i := range n {
			sub := &incentive.Subject{
				ID:     fmt.Sprintf("enterprise-%06d", i),
				Object: sizes[r.IntN(len(sizes))] + ", " + trades[r.IntN(len(trades))], // one project each: the object tells the class
				Facts:  make(map[string]incentive.Known, len(asked)),
			}
			for _, a := range asked {
				if r.IntN(5) == 0 {
					continue
				}
				grade := incentive.E3
				if r.IntN(5) == 0 {
					grade = incentive.E0
				}
				sub.Facts[a.key] = incentive.Known{Value: value(a, r), Grade: grade}
			}
			if !yield(sub) {
				return
			}
		}
	}
}

func value(a ask, r *rand.Rand) incentive.Value {
	money := func() decimal.Fen { return decimal.Fen(r.Int64N(6_000_000_000)) } // up to 60 million yuan
	switch a.typ {
	case "bool":
		return incentive.Bool(r.IntN(2) == 0)
	case "choice":
		return incentive.Choice(a.options[r.IntN(len(a.options))])
	case "set":
		var some []string
		for _, o := range a.options {
			if r.IntN(3) == 0 {
				some = append(some, o)
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

package quality

import (
	"errors"
	"io/fs"
	"math/big"
	"slices"
	"strings"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// Dir is the folder of rules among the packs.
const Dir = "energy"

// DefaultRules are those that count where none are named.
const DefaultRules = "energy-monitoring"

// Rules are thresholds and weights: a pack. The version is part of each answer.
type Rules struct {
	pack.Header `yaml:",inline"`

	Completeness CompletenessRule `json:"completeness" yaml:"completeness"`
	Deviation    DeviationRule    `json:"deviation" yaml:"deviation"`
	Daily        DailyRule        `json:"daily" yaml:"daily"`
	Monthly      MonthlyRule      `json:"monthly" yaml:"monthly"`

	atLeast, atMost, zeroAt *big.Rat // shares, 1 for all
}

// RuleWords are a rule as it is written, and as it is read here.
type RuleWords struct {
	Weight  int       `json:"weight" yaml:"weight" doc:"Its part of the score"`
	Clause  text.Text `json:"clause" yaml:"clause" doc:"What the rules say"`
	Reading text.Text `json:"reading" yaml:"reading" doc:"What it is taken to mean here"`
}

// CompletenessRule is about hourly values received, of those due.
type CompletenessRule struct {
	RuleWords `yaml:",inline"`
	AtLeast   string `json:"atLeast" yaml:"atLeast" doc:"Percent"`
}

// DeviationRule is about the sum of the days against the monthly report.
type DeviationRule struct {
	RuleWords `yaml:",inline"`
	AtMost    string `json:"atMost" yaml:"atMost" doc:"Percent of the report"`
	ZeroAt    string `json:"zeroAt" yaml:"zeroAt" doc:"Percent at which nothing is left of its part of the score; in between it falls in a straight line"`
	Edge      int    `json:"edge" yaml:"edge" doc:"Hours before begin and end of the month in which the meters must have been read"`
}

// DailyRule is about when the values of a day are here.
type DailyRule struct {
	RuleWords `yaml:",inline"`
	Within    int `json:"within" yaml:"within" doc:"Seconds after the end of the day"`
}

// MonthlyRule is about when the report of a month is here.
type MonthlyRule struct {
	RuleWords `yaml:",inline"`
	Within    int `json:"within" yaml:"within" doc:"Days around the end of the month"`
}

// Check implements pack.Body.
func (r *Rules) Check(report func(where, what string)) {
	percent := func(where, s string) *big.Rat {
		n, ok := new(big.Rat).SetString(s)
		if !ok || strings.ContainsAny(s, "/eE") || n.Sign() < 0 || n.Cmp(big.NewRat(100, 1)) > 0 {
			report("$."+where, "want percent from 0 to 100")
			return new(big.Rat)
		}
		return n.Quo(n, big.NewRat(100, 1))
	}
	r.atLeast = percent("completeness.atLeast", r.Completeness.AtLeast)
	r.atMost = percent("deviation.atMost", r.Deviation.AtMost)
	r.zeroAt = percent("deviation.zeroAt", r.Deviation.ZeroAt)
	if r.zeroAt.Cmp(r.atMost) <= 0 {
		report("$.deviation.zeroAt", "must be more than atMost")
	}
	between := func(where string, n, least, most int) {
		if n < least || n > most {
			report("$."+where, "out of bounds")
		}
	}
	between("deviation.edge", r.Deviation.Edge, 1, 48)
	between("daily.within", r.Daily.Within, 1, 86_400)
	between("monthly.within", r.Monthly.Within, 1, 31)
	sum := 0
	for _, x := range []struct {
		where string
		words *RuleWords
	}{{"completeness", &r.Completeness.RuleWords}, {"deviation", &r.Deviation.RuleWords}, {"daily", &r.Daily.RuleWords}, {"monthly", &r.Monthly.RuleWords}} {
		between(x.where+".weight", x.words.Weight, 1, 97)
		sum += x.words.Weight
		if x.words.Clause.Zh == "" || x.words.Clause.En == "" || x.words.Reading.Zh == "" || x.words.Reading.En == "" {
			report("$."+x.where, "clause and reading are needed")
		}
	}
	if sum != 100 {
		report("$.completeness.weight", "the weights must add up to 100")
	}
}

// Library is the rules of a node.
type Library struct{ set *pack.Set[Rules] }

// Load reads the rules. Error: pack.Faults; DefaultRules must be there.
func Load(files fs.FS) (*Library, error) {
	set, err := pack.Load[Rules](files, Dir)
	if err != nil {
		return nil, err
	}
	if set.Get(DefaultRules) == nil {
		return nil, errors.New("packs " + Dir + ": there are no rules " + DefaultRules)
	}
	return &Library{set}, nil
}

// All are the rules, the default ones first.
func (l *Library) All() []*Rules {
	list := l.set.All()
	slices.SortStableFunc(list, func(a, b *Rules) int {
		switch {
		case a.ID == b.ID:
			return 0
		case a.ID == DefaultRules:
			return -1
		case b.ID == DefaultRules:
			return 1
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list
}

// get finds rules by id; "" are the default ones.
func (l *Library) get(id string) (*Rules, error) {
	if id == "" {
		id = DefaultRules
	}
	if r := l.set.Get(id); r != nil {
		return r, nil
	}
	var ids []string
	for _, r := range l.All() {
		ids = append(ids, r.ID)
	}
	return nil, ErrRules.At("query.rules", id).With("rules", strings.Join(ids, ", "))
}

package indicator

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"jingwei/internal/govern/indicator/formula"
	"jingwei/internal/kernel/text"
)

// Source says where an input comes from. Exactly one of its first fields is given; it decides which of the others go with it.
type Source struct {
	Fact      string    `json:"fact,omitempty" yaml:"fact,omitempty"`           // kind of business facts
	Entry     string    `json:"entry,omitempty" yaml:"entry,omitempty"`         // register: entries whose subject is the enterprise; of a region all of its keeper
	Tag       string    `json:"tag,omitempty" yaml:"tag,omitempty"`             // 1 if the enterprise has it at the end of the period
	Plant     string    `json:"plant,omitempty" yaml:"plant,omitempty"`         // production-machines, machines, meters: how many
	Energy    string    `json:"energy,omitempty" yaml:"energy,omitempty"`       // kWh: what the meters that the enterprise declared as its main ones counted
	Checkup   string    `json:"checkup,omitempty" yaml:"checkup,omitempty"`     // instrument of check-ups
	Declared  string    `json:"declared,omitempty" yaml:"declared,omitempty"`   // item of declarations for the period
	Indicator string    `json:"indicator,omitempty" yaml:"indicator,omitempty"` // another definition
	Members   string    `json:"members,omitempty" yaml:"members,omitempty"`     // all: 1 for every enterprise
	Awaits    text.Text `json:"awaits,omitzero" yaml:"awaits,omitempty"`        // nothing on a node can say it yet; what is waited for

	Where  Where  `json:"where,omitempty" yaml:"where,omitempty"`   // fact, entry, plant: field → value, or one of several; all hold
	State  Words  `json:"state,omitempty" yaml:"state,omitempty"`   // entry: in one of these states at the end of the period
	Take   string `json:"take,omitempty" yaml:"take,omitempty"`     // count, sum, exists, distinct, value, least; checkup: level, score, accepted
	Field  string `json:"field,omitempty" yaml:"field,omitempty"`   // of sum, distinct, value, least
	Among  Words  `json:"among,omitempty" yaml:"among,omitempty"`   // least: the values of the field of which each must have entries
	Within string `json:"within,omitempty" yaml:"within,omitempty"` // period, or P12M, P30D: up to the end of the period; moment: what holds at its end
	On     string `json:"on,omitempty" yaml:"on,omitempty"`         // entry: the date field that lies in the period; without it what holds at its end
	Firm   string `json:"firm,omitempty" yaml:"firm,omitempty"`     // entry: the field with the enterprise's credit code, beside the subject
	Year   string `json:"year,omitempty" yaml:"year,omitempty"`     // declared, indicator: baseline, previous
	Unit   string `json:"unit,omitempty" yaml:"unit,omitempty"`     // of the values, where it is not the input's (kW.h)

	unit     formula.Unit
	delivers *big.Rat // percent of working days; nil where none is asked
}

// Sources are tried in order.
type Sources []Source

// Words are one word or several.
type Words []string

// Where are conditions.
type Where map[string]Words

// UnmarshalYAML reads one source or a list of them.
func (s *Sources) UnmarshalYAML(read func(any) error) error {
	var list []Source
	if err := read(&list); err == nil {
		*s = list
		return nil
	}
	var single Source
	err := read(&single)
	*s = Sources{single}
	return err
}

// UnmarshalYAML reads a scalar or a list of them, as they are written.
func (w *Words) UnmarshalYAML(data []byte) error {
	var v any
	if err := yaml.Unmarshal(data, &v); err != nil {
		return err
	}
	list, many := v.([]any)
	if !many {
		list = []any{v}
	}
	for _, x := range list {
		switch x.(type) {
		case string, bool, uint64, int64, float64:
			*w = append(*w, fmt.Sprint(x))
		default:
			return fmt.Errorf("%v is not a value or a list of values", x)
		}
	}
	return nil
}

// Has tells whether a word is among them.
func (w Words) Has(s string) bool { return slices.Contains(w, s) }

// Kind names which source it is.
func (s *Source) Kind() string {
	for _, k := range []struct{ name, given string }{
		{"fact", s.Fact}, {"entry", s.Entry}, {"tag", s.Tag}, {"plant", s.Plant}, {"energy", s.Energy}, {"checkup", s.Checkup},
		{"declared", s.Declared}, {"indicator", s.Indicator}, {"members", s.Members}, {"awaits", s.Awaits.Zh + s.Awaits.En},
	} {
		if k.given != "" {
			return k.name
		}
	}
	return ""
}

var (
	itemForm   = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,99}$`)
	windowForm = regexp.MustCompile(`^P([1-9]\d{0,2})([DMY])$`)
)

const (
	maxSources = 5
	maxWhere   = 10
)

func (list Sources) check(at string, d *Definition, in *Input, report func(where, what string)) {
	if len(list) == 0 || len(list) > maxSources {
		report(at, fmt.Sprintf("names %d sources; 1 to %d do", len(list), maxSources))
	}
	for i := range list {
		here := at
		if len(list) > 1 {
			here = fmt.Sprintf("%s[%d]", at, i)
		}
		list[i].check(here, d, in, report)
	}
}

// allowed are the further keys of each kind of source.
var allowed = map[string][]string{
	"fact": {"where", "take", "field", "within"}, "entry": {"where", "state", "take", "field", "among", "on", "within", "firm"}, "tag": {}, "members": {},
	"plant": {"where"}, "energy": {}, "checkup": {"take", "within"}, "declared": {"year"}, "indicator": {"year"}, "awaits": {},
}

func (s *Source) check(at string, d *Definition, in *Input, report func(where, what string)) {
	kinds := 0
	for _, given := range []bool{s.Fact != "", s.Entry != "", s.Tag != "", s.Plant != "", s.Energy != "", s.Checkup != "", s.Declared != "", s.Indicator != "", s.Members != "", !s.Awaits.IsZero()} {
		if given {
			kinds++
		}
	}
	if kinds != 1 {
		report(at, fmt.Sprintf("names %d sources; write one of fact, entry, tag, plant, energy, checkup, declared, indicator, members, awaits", kinds))
		return
	}
	kind := s.Kind()
	for _, k := range []struct {
		name  string
		given bool
	}{{"where", len(s.Where) > 0}, {"state", len(s.State) > 0}, {"take", s.Take != ""}, {"field", s.Field != ""}, {"among", len(s.Among) > 0}, {"within", s.Within != ""},
		{"on", s.On != ""}, {"firm", s.Firm != ""}, {"year", s.Year != ""}} {
		if k.given && !slices.Contains(allowed[kind], k.name) {
			report(at+"."+k.name, "does not go with "+kind)
		}
	}
	if d.Of == OfRegion && !slices.Contains([]string{"entry", "declared", "indicator", "fact", "awaits"}, kind) {
		report(at, kind+" is of an enterprise; what is computed for a region takes entries, facts or declarations of its keeper, or an indicator of a region")
	}
	if s.unit = in.unit; s.Unit != "" {
		if s.unit = unit(at+".unit", s.Unit, report); s.unit != (formula.Unit{}) && in.unit != (formula.Unit{}) && !formula.Commensurable(s.unit, in.unit) {
			report(at+".unit", fmt.Sprintf("%s cannot be given in %s, the input's unit", s.Unit, in.Unit))
		}
	}
	if s.Year != "" {
		word(at+".year", s.Year, []string{"baseline", "previous"}, report)
	}
	if s.Within != "" && s.Within != "period" && s.Within != "moment" && !windowForm.MatchString(s.Within) {
		report(at+".within", fmt.Sprintf("%q is not period, moment, or a time such as P12M or P30D", s.Within))
	}
	if len(s.Where) > maxWhere {
		report(at+".where", fmt.Sprintf("holds %d conditions; at most %d", len(s.Where), maxWhere))
	}
	for key, values := range s.Where {
		if len(values) == 0 {
			report(at+".where."+key, "names no value")
		}
	}
	s.checkKind(at, kind, in, report)
}

// percent reads a share such as 80%, nil where it is none.
func percent(s string) *big.Rat {
	digits, ok := strings.CutSuffix(s, "%")
	if !ok || !decimalForm.MatchString(digits) {
		return nil
	}
	r, ok := new(big.Rat).SetString(digits)
	if !ok || r.Sign() <= 0 || r.Cmp(big.NewRat(100, 1)) > 0 {
		return nil
	}
	return r
}

func (s *Source) checkKind(at, kind string, in *Input, report func(where, what string)) {
	takes := func(of ...string) {
		word(at+".take", s.Take, of, report)
		if needs := slices.Contains([]string{"sum", "distinct", "value", "least"}, s.Take); needs != (s.Field != "") {
			report(at+".field", fmt.Sprintf("%q: sum, distinct, value and least name a field, the others do not", s.Field))
		}
		if (s.Take == "least") != (len(s.Among) > 0) {
			report(at+".among", "belongs to least, which needs the values of which each must have entries")
		}
		if pure, _ := formula.ParseUnit("1"); s.Take != "sum" && s.Take != "value" && s.unit != (formula.Unit{}) && !formula.Commensurable(s.unit, pure) {
			report(at+".take", fmt.Sprintf("%s gives a number without a unit, and the input is in %s", s.Take, in.Unit))
		}
	}
	switch kind {
	case "fact":
		takes("count", "sum", "exists", "distinct")
	case "entry":
		takes("count", "sum", "exists", "distinct", "value", "least")
		if s.Within != "" && s.On == "" {
			report(at+".within", "needs on: the date field that lies in it")
		}
	case "plant":
		word(at, s.Plant, []string{"production-machines", "machines", "meters"}, report)
		for key, values := range s.Where {
			switch {
			case key == "delivers":
				s.delivers = percent(strings.Join(values, ", "))
				if s.delivers == nil {
					report(at+".where.delivers", fmt.Sprintf("%q is not a share of working days above 0%% and at most 100%%", strings.Join(values, ", ")))
				}
			case key != "class":
				report(at+".where."+key, "is not delivers or class")
			}
		}
	case "energy":
		word(at+".energy", s.Energy, []string{"kWh"}, report)
		if s.Unit == "" {
			s.unit, _ = formula.ParseUnit("kW.h")
		}
		if in.unit != (formula.Unit{}) && !formula.Commensurable(s.unit, in.unit) {
			report(at, fmt.Sprintf("meters count kW.h, which cannot be given in %s", in.Unit))
		}
	case "checkup":
		word(at+".take", s.Take, []string{"level", "score", "accepted"}, report)
	case "members":
		word(at+".members", s.Members, []string{"all"}, report)
	case "declared":
		if !itemForm.MatchString(s.Declared) {
			report(at+".declared", fmt.Sprintf("%q is no item of declarations; use lowercase letters, digits, points and hyphens", s.Declared))
		}
	case "awaits":
		needText(at+".awaits", s.Awaits, report)
	}
}

package indicator

import (
	"slices"
	"strings"
)

// What can change an observation, as Touched takes it: one of these words, or one with a colon and an id behind it.
const (
	TouchFact     = "fact"     // fact:KIND
	TouchDeclared = "declared" // declared:ITEM, a fact of kind declaration
	TouchEntry    = "entry"    // entry:REGISTER
	TouchReadings = "readings" // samples of the plant, or its model
	TouchCheckup  = "checkup"  // checkup:INSTRUMENT
)

// Touched are the definitions that something can change, whatever they rest on it through, by id.
func (l *Library) Touched(what string) (out []*Definition) {
	for _, d := range l.definitions {
		if l.touched(d, what) {
			out = append(out, d)
		}
	}
	return out
}

func (l *Library) touched(d *Definition, what string) bool {
	return slices.ContainsFunc(d.Inputs, func(in Input) bool {
		return slices.ContainsFunc(in.From, func(s Source) bool {
			if below := l.byID[s.Indicator]; below != nil {
				return l.touched(below, what)
			}
			return s.touched(what)
		})
	})
}

func (s *Source) touched(what string) bool {
	kind, of, _ := strings.Cut(what, ":")
	switch s.Kind() {
	case "fact":
		return kind == TouchFact && of == s.Fact || kind == TouchDeclared && s.Fact == "declaration"
	case "declared":
		return kind == TouchDeclared && of == s.Declared
	case "entry":
		return kind == TouchEntry && of == s.Entry
	case "tag", "members":
		return kind == TouchEntry && of == "enterprises"
	case "plant":
		return kind == TouchReadings
	case "energy":
		return kind == TouchReadings || kind == TouchDeclared && strings.HasPrefix(of, mainMeter)
	case "checkup":
		return kind == TouchCheckup && of == s.Checkup
	}
	return false
}

// LooksElsewhere tells whether a definition looks at other periods than the one it is computed for.
func (l *Library) LooksElsewhere(d *Definition) bool {
	return slices.ContainsFunc(d.Inputs, func(in Input) bool {
		return slices.ContainsFunc(in.From, func(s Source) bool {
			below := l.byID[s.Indicator]
			return s.Year != "" || below != nil && l.LooksElsewhere(below)
		})
	})
}

// OwnRegisters tells whether the keeper's own registers say something of an enterprise for the definition: what Complete works out.
func (d *Definition) OwnRegisters() bool {
	return slices.ContainsFunc(d.Inputs, func(in Input) bool {
		return slices.ContainsFunc(in.From, func(s Source) bool {
			return s.Entry != "" || s.Tag != "" || s.Members != ""
		})
	})
}

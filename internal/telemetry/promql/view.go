package promql

import (
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"jingwei/internal/telemetry"
)

// view is one of the ways in which a series is seen.
type view uint8

const (
	values  view = iota // NAME: its values
	status              // NAME:status: the status codes as numbers
	covered             // NAME:covered: of each minute the seconds with a good value
)

func (v view) nameOf(name string) string {
	switch v {
	case status:
		return name + ":status"
	case covered:
		return name + ":covered"
	}
	return name
}

func (v view) labelsOf(e *entry) labels.Labels {
	if v == values {
		return e.labels
	}
	b := labels.NewBuilder(e.labels)
	b.Set(model.MetricNameLabel, v.nameOf(e.name))
	if v == covered {
		b.Set(labelUnit, "s")
	} else {
		b.Del(labelUnit) // a code has none
	}
	return b.Labels()
}

// statusLabel is no label of a series: a matcher on it chooses samples.
const statusLabel = "__status__"

// classes is a set of status classes.
type classes uint8

const (
	good classes = 1 << iota
	uncertain
	bad
	everyClass = good | uncertain | bad
)

func classOf(s telemetry.Status) classes {
	switch {
	case s.IsGood():
		return good
	case s.IsUncertain():
		return uncertain
	}
	return bad
}

// selection is a selector, taken apart.
type selection struct {
	views    []view
	names    []*labels.Matcher // on the name
	matchers []*labels.Matcher // on the other labels
	exact    string            // the only name, without its view's word; "": several may fit
	classes  classes           // of the samples that count as values
	told     bool              // the selector said so
}

// selectionOf reads a selector's matchers. The views other than that of values are looked at only where a matcher that
// names the metric writes a colon, so that {machine="…"} gives each series once.
func selectionOf(matchers []*labels.Matcher) *selection {
	s := &selection{views: []view{values}, classes: good}
	for _, m := range matchers {
		switch m.Name {
		case model.MetricNameLabel:
			s.names = append(s.names, m)
			if (m.Type == labels.MatchEqual || m.Type == labels.MatchRegexp) && strings.Contains(m.Value, ":") {
				s.views = []view{values, status, covered}
			}
			if m.Type == labels.MatchEqual && m.Value != "" {
				s.exact, _, _ = strings.Cut(m.Value, ":")
			}
		case statusLabel:
			if !s.told {
				s.classes, s.told = everyClass, true
			}
			s.classes &= classesOf(m)
		default:
			s.matchers = append(s.matchers, m)
		}
	}
	return s
}

// classesOf are the classes that a matcher on the status fits. "any" fits all of them.
func classesOf(m *labels.Matcher) classes {
	if m.Value == "any" {
		switch m.Type {
		case labels.MatchEqual, labels.MatchRegexp:
			return everyClass
		}
		return 0
	}
	var out classes
	for name, c := range map[string]classes{"good": good, "uncertain": uncertain, "bad": bad} {
		if m.Matches(name) {
			out |= c
		}
	}
	return out
}

func (s *selection) name(name string) bool {
	for _, m := range s.names {
		if !m.Matches(name) {
			return false
		}
	}
	return true
}

func (s *selection) labels(e *entry) bool {
	for _, m := range s.matchers {
		if !m.Matches(e.labels.Get(m.Name)) {
			return false
		}
	}
	return true
}

// of is the set of classes whose samples a view shows. Of status codes all are shown unless the selector chose.
func (s *selection) of(v view) classes {
	if v == status && !s.told {
		return everyClass
	}
	return s.classes
}

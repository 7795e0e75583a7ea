package promql

import (
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"jingwei/internal/telemetry"
)

// The labels of every series beside its name. A label whose value would be empty is left out.
const (
	labelSeries      = "series"       // UUID
	labelMachine     = "machine"      // UUID
	labelMachineName = "machine_name" // as Options.Language has it
	labelPoint       = "point"        // the key as the plant has it
	labelSite        = "site"
	labelArea        = "area"
	labelLine        = "line"
	labelOrg         = "org"  // UUID of the owner
	labelUnit        = "unit" // UCUM
)

// MetricName is the name of a point's metric: its key with "_" for what a name may not hold, and the unit's word. It is
// made of what never changes of a series, so it never changes. Keys hold letters, digits and dots only, so two keys give
// one name only where one spells the other's unit out ("level.percent" without a unit, "level" in %); the labels point,
// unit and series tell them apart then, as series tells apart whatever else is equal.
func MetricName(key, unit string) string {
	name := []byte(key)
	letters := false
	for i, c := range name {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			letters = true
		case c >= '0' && c <= '9':
		default:
			name[i] = '_'
		}
	}
	if !letters { // a key that is not of this plant's making
		name = append([]byte("point_"), name...)
	}
	if name[0] >= '0' && name[0] <= '9' {
		name = append([]byte("_"), name...)
	}
	out := string(name)
	if word := suffixes[unit]; word != "" && out != word && !strings.HasSuffix(out, "_"+word) {
		out += "_" + word
	}
	return out
}

// labelsOf are the labels of a series of numbers.
func labelsOf(b *labels.ScratchBuilder, p *Point, s *telemetry.Series, name, lang string) labels.Labels {
	b.Reset()
	add := func(label, value string) {
		if value != "" {
			b.Add(label, value)
		}
	}
	add(model.MetricNameLabel, name)
	add(labelSeries, s.ID.String())
	add(labelMachine, p.Machine.String())
	add(labelMachineName, p.MachineName.In(lang))
	add(labelPoint, p.Key)
	add(labelSite, p.Site.In(lang))
	add(labelArea, p.Area.In(lang))
	add(labelLine, p.Line.In(lang))
	add(labelOrg, s.Org.String())
	add(labelUnit, s.Unit)
	b.Sort()
	return b.Labels()
}

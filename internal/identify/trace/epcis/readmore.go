package epcis

import (
	"slices"
	"strings"
)

// fieldKind is what a field of a sensor holds.
type fieldKind byte

const (
	asURI fieldKind = iota
	asTime
	asNumber
	asText
	asBool
	asHex
	asMeasurement
	asAlarm
	asComponent
)

type fieldRule struct {
	name string
	kind fieldKind
}

// sensorMetadataFields and sensorReportFields are the fields in the order in which the event hash takes them (CBV 2.0, 8.9.2).
var (
	sensorMetadataFields = []fieldRule{{"time", asTime}, {"startTime", asTime}, {"endTime", asTime}, {"deviceID", asURI}, {"deviceMetadata", asURI},
		{"rawData", asURI}, {"dataProcessingMethod", asURI}, {"bizRules", asURI}}
	sensorReportFields = []fieldRule{{"type", asMeasurement}, {"exception", asAlarm}, {"deviceID", asURI}, {"deviceMetadata", asURI}, {"rawData", asURI},
		{"dataProcessingMethod", asURI}, {"time", asTime}, {"microorganism", asURI}, {"chemicalSubstance", asURI}, {"value", asNumber},
		{"component", asComponent}, {"stringValue", asText}, {"booleanValue", asBool}, {"hexBinaryValue", asHex}, {"uriValue", asURI},
		{"minValue", asNumber}, {"maxValue", asNumber}, {"meanValue", asNumber}, {"sDev", asNumber}, {"percRank", asNumber},
		{"percValue", asNumber}, {"uom", asText}, {"coordinateReferenceSystem", asURI}}
	// sensorReportRead adds what reports of real systems have; the hash leaves it out.
	sensorReportRead = append(slices.Clone(sensorReportFields), fieldRule{"bizRules", asURI})
)

func (r *reader) sensors(at string, v *Value) (out []SensorElement) {
	for i, item := range listed(v) {
		path := index(at, i)
		if item.Kind != Object {
			r.fault(path, item.Text, RuleType)
			continue
		}
		var s SensorElement
		for k := range item.Members {
			m := &item.Members[k]
			at := member(path, m.Name.Local)
			switch {
			case m.Name.Space == "" && m.Name.Local == "sensorMetadata":
				f := r.fields(at, &m.Value, sensorMetadataFields)
				s.Metadata = &f
			case m.Name.Space == "" && m.Name.Local == "sensorReport":
				for n, report := range listed(&m.Value) {
					f := r.fields(index(at, n), &report, sensorReportRead)
					if f.Get("type") == "" && f.Get("exception") == "" {
						r.fault(member(index(at, n), "type"), "", RuleRequired)
					}
					s.Reports = append(s.Reports, f)
				}
			case m.Name.Space == "" && m.Name.Local == "type" && m.Value.Text == "epcis:SensorElement":
			default:
				s.Extensions = r.extension(at, m, s.Extensions)
			}
		}
		if len(s.Reports) == 0 {
			r.fault(member(path, "sensorReport"), "", RuleRequired)
		}
		out = append(out, s)
	}
	return out
}

func (r *reader) fields(path string, v *Value, rules []fieldRule) (f Fields) {
	if v.Kind != Object {
		r.fault(path, v.Text, RuleType)
		return f
	}
	for _, rule := range rules {
		if item, ok := v.get(rule.name); ok {
			f.Standard = append(f.Standard, r.one(member(path, rule.name), rule, &item))
		}
	}
members:
	for i := range v.Members {
		m := &v.Members[i]
		if m.Name.Space == "" {
			for _, rule := range rules {
				if rule.name == m.Name.Local {
					continue members
				}
			}
		}
		f.Extensions = r.extension(member(path, m.Name.Local), m, f.Extensions)
	}
	return f
}

func (r *reader) one(at string, rule fieldRule, v *Value) Field {
	f := Field{Name: rule.name, Kind: Text}
	switch rule.kind {
	case asURI:
		f.Text = r.uri(at, v)
	case asTime:
		f.Text = r.instant(at, v).Text
	case asNumber:
		f.Kind, f.Text = Number, r.number(at, v)
	case asText:
		f.Text = r.text(at, v)
	case asBool:
		f.Kind, f.Text = Bool, strings.TrimSpace(v.Text)
		if !(v.Kind == Bool || r.xml) || f.Text != "true" && f.Text != "false" {
			r.fault(at, v.Text, RuleType)
			f.Text = "false"
		}
	case asHex:
		if f.Text = r.text(at, v); !hexForm.MatchString(f.Text) {
			r.fault(at, f.Text, RuleType)
		}
	case asMeasurement:
		f.Text = r.word(at, v, &Measurements)
	case asAlarm:
		f.Text = r.word(at, v, &Alarms)
	case asComponent:
		f.Text = r.word(at, v, &Components)
	}
	return f
}

// extensions reads the members of an object that holds nothing but extensions.
func (r *reader) extensions(at string, v *Value, out []Member) []Member {
	if v.Kind != Object {
		r.fault(at, v.Text, RuleType)
		return out
	}
	for i := range v.Members {
		out = r.extension(member(at, v.Members[i].Name.Local), &v.Members[i], out)
	}
	return out
}

// comment is the one name without a namespace that may stand anywhere: the EPCIS context maps it to rdfs:comment.
var comment = Name{Prefix: "rdfs", Space: "http://www.w3.org/2000/01/rdf-schema#", Local: "comment"}

// extension takes a field that the standard does not name. It has a namespace; what is below it is its owner's.
func (r *reader) extension(at string, m *Member, out []Member) []Member {
	name := m.Name
	switch {
	case name.Space != "":
	case name.Local == "comment":
		name = comment
	case !strings.Contains(name.Local, ":"):
		r.fault(at, m.Value.Text, RuleUnknown)
		return out
	default:
		var ok bool
		if name, ok = r.scope.name(m.Name.Local); !ok {
			r.fault(at, m.Value.Text, RuleNamespace)
			return out
		}
	}
	return append(out, Member{name, r.inner(at, m.Value)})
}

// inner resolves the names below an extension; those without a prefix stay as they are.
func (r *reader) inner(at string, v Value) Value {
	switch v.Kind {
	case Object:
		out := Value{Kind: Object, Members: make([]Member, len(v.Members))}
		for i := range v.Members {
			m := v.Members[i]
			path := member(at, m.Name.Local)
			if m.Name.Space == "" && strings.Contains(m.Name.Local, ":") {
				name, ok := r.scope.name(m.Name.Local)
				if !ok {
					r.fault(path, m.Value.Text, RuleNamespace)
				}
				m.Name = name
			}
			out.Members[i] = Member{m.Name, r.inner(path, m.Value)}
		}
		return out
	case List:
		out := Value{Kind: List, Items: make([]Value, len(v.Items))}
		for i := range v.Items {
			out.Items[i] = r.inner(index(at, i), v.Items[i])
		}
		return out
	}
	return v
}

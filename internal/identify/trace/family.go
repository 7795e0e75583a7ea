package trace

import (
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"jingwei/internal/identify/trace/epcis"
)

// family reads the parameters whose names are patterns: an operator, where to look, and what for.
//
//	EQ_bizTransaction_po · EQ_source_owning_party · GE_quantity_KGM · LT_value_CEL · EQ_ILMD_ext:lot · EXISTS_INNER_ext:x · …
func (q *Query) family(name string, values []string, extensions []epcis.Prefix) (test, bool, error) {
	op, rest, ok := strings.Cut(name, "_")
	if !ok {
		return nil, false, nil
	}
	switch op {
	case "EQ":
		if t, done, err := q.equals(name, rest, values); done || err != nil {
			return t, done, err
		}
	case "WD":
		role, known := map[string]Role{"readPoint": RolePoint, "bizLocation": RolePlace}[rest]
		if !known {
			return nil, false, nil
		}
		return within414(role, values), true, nil
	case "GT", "GE", "LT", "LE", "EXISTS":
	default:
		return nil, false, nil
	}
	if t, done, err := ranged(name, op, rest, values); done || err != nil {
		return t, done, err
	}
	return extended(name, op, rest, values, extensions)
}

// within414 finds places and the places inside them, which GLN extensions tell.
func within414(role Role, values []string) test {
	return func(e *epcis.Event) bool {
		p := e.ReadPoint
		if role == RolePlace {
			p = e.Location
		}
		if p == nil {
			return false
		}
		key := epcis.Key(p.ID)
		return slices.ContainsFunc(values, func(v string) bool {
			k := epcis.Key(v)
			return key == k || strings.HasPrefix(key, k+"/254/")
		})
	}
}

// sensorFields are the fields of sensors that EQ_ asks for by name.
var sensorFields = map[string]bool{"type": true, "deviceID": true, "dataProcessingMethod": true, "microorganism": true, "chemicalSubstance": true, "bizRules": true,
	"stringValue": true, "booleanValue": true, "hexBinaryValue": true, "uriValue": true, "rawData": true, "deviceMetadata": true, "exception": true, "component": true,
	"coordinateReferenceSystem": true}

func (q *Query) equals(name, rest string, values []string) (test, bool, error) {
	typed := func(prefix string, of *epcis.Vocabulary, role Role, list func(*epcis.Event) []epcis.Typed) (test, bool, error) {
		kind, _ := strings.CutPrefix(rest, prefix)
		uri, ok := of.Resolve(kind, nil)
		if !ok {
			return nil, true, valueFault(name, kind, strings.Join(of.Words(), " | "))
		}
		keys := make([]string, len(values))
		for i, v := range values {
			keys[i] = epcis.Key(v)
		}
		q.links = append(q.links, linked{[]Role{role}, keys})
		return func(e *epcis.Event) bool {
			return slices.ContainsFunc(list(e), func(t epcis.Typed) bool { return t.Type == uri && slices.Contains(keys, epcis.Key(t.ID)) })
		}, true, nil
	}
	switch {
	case strings.HasPrefix(rest, "bizTransaction_"):
		return typed("bizTransaction_", &epcis.TransactionTypes, RoleTransaction, func(e *epcis.Event) []epcis.Typed { return e.Transactions })
	case strings.HasPrefix(rest, "source_"):
		return typed("source_", &epcis.PartyTypes, RoleSource, func(e *epcis.Event) []epcis.Typed { return e.Sources })
	case strings.HasPrefix(rest, "destination_"):
		return typed("destination_", &epcis.PartyTypes, RoleDestination, func(e *epcis.Event) []epcis.Typed { return e.Destinations })
	case rest == "persistentDisposition_set", rest == "persistentDisposition_unset":
		var uris []string
		if err := words(name, values, &epcis.Dispositions, &uris); err != nil {
			return nil, true, err
		}
		return func(e *epcis.Event) bool {
			if e.Persistent == nil {
				return false
			}
			list := e.Persistent.Set
			if rest == "persistentDisposition_unset" {
				list = e.Persistent.Unset
			}
			return slices.ContainsFunc(list, func(u string) bool { return slices.Contains(uris, u) })
		}, true, nil
	case rest == "errorReason":
		var uris []string
		if err := words(name, values, &epcis.ErrorReasons, &uris); err != nil {
			return nil, true, err
		}
		return func(e *epcis.Event) bool { return e.Error != nil && slices.Contains(uris, e.Error.Reason) }, true, nil
	case rest == "certificationInfo":
		return func(e *epcis.Event) bool {
			return slices.ContainsFunc(e.Certificates, func(c string) bool { return slices.Contains(values, c) })
		}, true, nil
	case sensorFields[rest]:
		wanted := make([]string, len(values))
		for i, v := range values {
			wanted[i] = v
			if of := map[string]*epcis.Vocabulary{"type": &epcis.Measurements, "exception": &epcis.Alarms, "component": &epcis.Components}[rest]; of != nil {
				wanted[i], _ = of.Resolve(v, nil)
			}
		}
		return sensed(rest, func(f epcis.Field) bool {
			return slices.ContainsFunc(wanted, func(v string) bool { return epcis.Key(v) == epcis.Key(f.Text) })
		}), true, nil
	}
	return nil, false, nil
}

// sensed finds events of which a field of a sensor fits.
func sensed(name string, fits func(epcis.Field) bool) test {
	return func(e *epcis.Event) bool {
		for i := range e.Sensors {
			s := &e.Sensors[i]
			all := s.Reports
			if s.Metadata != nil {
				all = append(slices.Clone(all), *s.Metadata)
			}
			for k := range all {
				for _, f := range all[k].Standard {
					if f.Name == name && fits(f) {
						return true
					}
				}
			}
		}
		return false
	}
}

var measured = regexp.MustCompile(`^(value|minValue|maxValue|meanValue|sDev|percValue)_([A-Z0-9]{2,4})$`)

// ranged reads amounts, values of sensors and times.
func ranged(name, op, rest string, values []string) (test, bool, error) {
	if op == "EXISTS" {
		return nil, false, nil
	}
	quantity := rest == "quantity" || strings.HasPrefix(rest, "quantity_")
	m := measured.FindStringSubmatch(rest)
	isTime := op != "EQ" && (rest == "time" || rest == "startTime" || rest == "endTime" || rest == "errorDeclaration_Time" || rest == "errorDeclarationTime")
	if !quantity && m == nil && !isTime && rest != "percRank" {
		return nil, false, nil
	}
	c, err := comparison(name, op, values)
	if err != nil {
		return nil, true, err
	}
	switch {
	case quantity:
		_, unit, _ := strings.Cut(rest, "_")
		return func(e *epcis.Event) bool {
			for _, list := range [][]epcis.Quantity{e.Quantities, e.ChildQuantities, e.InputQuantities, e.OutputQuantities} {
				for _, x := range list {
					if (unit == "" || x.Unit == unit) && x.Amount != "" && c(x.Amount) {
						return true
					}
				}
			}
			return false
		}, true, nil
	case m != nil:
		return func(e *epcis.Event) bool {
			for i := range e.Sensors {
				for k := range e.Sensors[i].Reports {
					f := &e.Sensors[i].Reports[k]
					if v := f.Get(m[1]); v != "" && f.Get("uom") == m[2] && c(v) {
						return true
					}
				}
			}
			return false
		}, true, nil
	case strings.HasPrefix(rest, "errorDeclaration"):
		return func(e *epcis.Event) bool { return e.Error != nil && c(e.Error.Time.String()) }, true, nil
	}
	return sensed(rest, func(f epcis.Field) bool { return c(f.Text) }), true, nil
}

// comparison compares with the values of a parameter: as numbers, as times, else as texts.
func comparison(name, op string, values []string) (func(string) bool, error) {
	if op == "EQ" {
		return func(s string) bool {
			return slices.ContainsFunc(values, func(v string) bool {
				n, ok := order(s, v)
				return ok && n == 0 || s == v || epcis.Key(s) == epcis.Key(v)
			})
		}, nil
	}
	if len(values) != 1 {
		return nil, valueFault(name, strings.Join(values, ","), "one number or time")
	}
	limit := values[0]
	if _, ok := order(limit, limit); !ok {
		return nil, valueFault(name, limit, "number or RFC 3339")
	}
	return func(s string) bool {
		n, ok := order(s, limit)
		return ok && (op == "GT" && n > 0 || op == "GE" && n >= 0 || op == "LT" && n < 0 || op == "LE" && n <= 0)
	}, nil
}

// order compares two numbers or two times; ok is false for anything else.
func order(a, b string) (n int, ok bool) {
	if len(a) > 60 || len(b) > 60 {
		return 0, false
	}
	if t, err := time.Parse(time.RFC3339Nano, a); err == nil {
		u, err := time.Parse(time.RFC3339Nano, b)
		return t.Compare(u), err == nil
	}
	if !plainNumber.MatchString(a) || !plainNumber.MatchString(b) {
		return 0, false
	}
	x, xok := new(big.Rat).SetString(a)
	y, yok := new(big.Rat).SetString(b)
	if !xok || !yok {
		return 0, false
	}
	return x.Cmp(y), true
}

var plainNumber = regexp.MustCompile(`^[+-]?[0-9]*\.?[0-9]+([eE][+-]?[0-9]{1,2})?$`)

// places are where extensions are looked for, longest names first.
var places = []struct {
	prefix string
	of     func(e *epcis.Event) [][]epcis.Member
}{
	{"ILMD_", func(e *epcis.Event) [][]epcis.Member { return [][]epcis.Member{e.ILMD} }},
	{"ERROR_DECLARATION_", func(e *epcis.Event) [][]epcis.Member {
		if e.Error == nil {
			return nil
		}
		return [][]epcis.Member{e.Error.Extensions}
	}},
	{"SENSORELEMENT_", func(e *epcis.Event) (out [][]epcis.Member) {
		for i := range e.Sensors {
			out = append(out, e.Sensors[i].Extensions)
		}
		return out
	}},
	{"SENSORMETADATA_", func(e *epcis.Event) (out [][]epcis.Member) {
		for i := range e.Sensors {
			if m := e.Sensors[i].Metadata; m != nil {
				out = append(out, m.Extensions)
			}
		}
		return out
	}},
	{"SENSORREPORT_", func(e *epcis.Event) (out [][]epcis.Member) {
		for i := range e.Sensors {
			for k := range e.Sensors[i].Reports {
				out = append(out, e.Sensors[i].Reports[k].Extensions)
			}
		}
		return out
	}},
	{"readPoint_", func(e *epcis.Event) [][]epcis.Member { return placed(e.ReadPoint) }},
	{"bizLocation_", func(e *epcis.Event) [][]epcis.Member { return placed(e.Location) }},
	{"", func(e *epcis.Event) [][]epcis.Member { return [][]epcis.Member{e.Extensions} }},
}

func placed(p *epcis.Place) [][]epcis.Member {
	if p == nil {
		return nil
	}
	return [][]epcis.Member{p.Extensions}
}

// extended reads parameters that ask for extensions. INNER looks at every depth, without it only at the top.
func extended(name, op, rest string, values []string, extensions []epcis.Prefix) (test, bool, error) {
	rest, inner := strings.CutPrefix(rest, "INNER_")
	for _, p := range places {
		field, here := strings.CutPrefix(rest, p.prefix)
		if !here {
			continue
		}
		wanted, ok := nameOf(field, extensions)
		if !ok {
			return nil, false, nil
		}
		fits := func(string) bool { return true }
		if op != "EXISTS" {
			c, err := comparison(name, op, values)
			if err != nil {
				return nil, true, err
			}
			fits = c
		}
		of := p.of
		return func(e *epcis.Event) bool {
			return slices.ContainsFunc(of(e), func(list []epcis.Member) bool { return holds(list, wanted, fits, op == "EXISTS", inner, true) })
		}, true, nil
	}
	return nil, false, nil
}

// nameOf reads "prefix:local", "https://ns/local" or "urn:ns#local".
func nameOf(field string, extensions []epcis.Prefix) (epcis.Name, bool) {
	if i := strings.LastIndexAny(field, "#/"); i > 0 && i < len(field)-1 && strings.Contains(field[:i], ":") {
		return epcis.Name{Space: field[:i+1], Local: field[i+1:]}, true
	}
	prefix, local, ok := strings.Cut(field, ":")
	if !ok || prefix == "" || local == "" {
		return epcis.Name{}, false
	}
	for _, p := range extensions {
		if p.Prefix == prefix {
			return epcis.Name{Space: p.Space, Local: local}, true
		}
	}
	return epcis.Name{Prefix: prefix, Local: local}, true // as the events spell it
}

func holds(list []epcis.Member, wanted epcis.Name, fits func(string) bool, exists, inner, top bool) bool {
	for i := range list {
		m := &list[i]
		same := m.Name.Local == wanted.Local && (wanted.Space != "" && (m.Name.Space == wanted.Space || m.Name.Space+"#" == wanted.Space) || wanted.Space == "" && m.Name.Prefix == wanted.Prefix)
		if same && (top != inner || inner) && (exists || valued(&m.Value, fits)) {
			return true
		}
		if inner && inside(&m.Value, func(l []epcis.Member) bool { return holds(l, wanted, fits, exists, true, false) }) {
			return true
		}
	}
	return false
}

func valued(v *epcis.Value, fits func(string) bool) bool {
	if v.Kind == epcis.List {
		return slices.ContainsFunc(v.Items, func(item epcis.Value) bool { return valued(&item, fits) })
	}
	return v.Kind != epcis.Object && v.Kind != epcis.Null && fits(v.Text)
}

func inside(v *epcis.Value, fn func([]epcis.Member) bool) bool {
	if fn(v.Members) {
		return true
	}
	for i := range v.Items {
		if inside(&v.Items[i], fn) {
			return true
		}
	}
	return false
}

// digitsOf writes a bound of SQL.
func digitsOf(n int64) string { return strconv.FormatInt(n, 10) }

package trace

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/api/problem"
)

// Query is a SimpleEventQuery (EPCIS 2.0, 8.2.7.1): what it asks of columns, of links to identifiers, and of the events themselves.
type Query struct {
	kinds, actions []int64
	from, to       *time.Time // event time, half open
	since, until   *time.Time // record time, half open
	steps, fates   []string   // full URIs
	links          []linked
	eventIDs       []string
	flags          int64 // that must be set
	tests          []test
	byTime         bool // order; else by record
	descending     bool
	limit          int      // events that are wanted of the whole answer; 0: all
	most           int      // more than this is an error; 0: none
	beyond         int64    // only events that were captured after this number
	canonical      []string // parameters in order, for page tokens
}

// linked asks for events that one of the identifiers has one of the roles in.
type linked struct {
	roles []Role
	keys  []string
}

// test asks something of the event itself.
type test func(e *epcis.Event) bool

// Params are the parameters of a query by name; those with several values fit where one of them does.
type Params map[string][]string

// maxValues bounds the values of one parameter.
const maxValues = 500

// rolesOf are the parameters that lead over identifiers.
var rolesOf = map[string][]Role{
	"MATCH_epc": {RoleEPC, RoleChild}, "MATCH_parentID": {RoleParent}, "MATCH_inputEPC": {RoleInput}, "MATCH_outputEPC": {RoleOutput},
	"MATCH_anyEPC":   {RoleEPC, RoleChild, RoleParent, RoleInput, RoleOutput},
	"MATCH_epcClass": {RoleClass, RoleChildClass}, "MATCH_inputEPCClass": {RoleInputClass}, "MATCH_outputEPCClass": {RoleOutputClass},
	"MATCH_anyEPCClass":   {RoleClass, RoleChildClass, RoleInputClass, RoleOutputClass},
	"EQ_transformationID": {RoleTransformation}, "EQ_readPoint": {RolePoint}, "EQ_bizLocation": {RolePlace}, "EQ_correctiveEventID": {RoleCorrective},
}

// ParseQuery reads the parameters of a query. extensions are prefixes that names of extensions use (GS1-Extensions).
// Errors: ErrParameter, ErrParameterFor.
func ParseQuery(p Params, extensions []epcis.Prefix) (*Query, error) {
	q := &Query{}
	names := make([]string, 0, len(p))
	for name := range p {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		values := split(p[name])
		if len(values) > maxValues {
			return nil, valueFault(name, strconv.Itoa(len(values)), "≤ "+strconv.Itoa(maxValues))
		}
		if err := q.parameter(name, values, extensions); err != nil {
			return nil, err
		}
		q.canonical = append(q.canonical, name+"="+strings.Join(values, ","))
	}
	return q, nil
}

// split takes lists apart: parameters may be repeated, or hold several values with commas between them.
func split(list []string) (out []string) {
	for _, s := range list {
		for _, v := range strings.Split(s, ",") {
			if v = strings.TrimSpace(v); v != "" {
				out = append(out, v)
			}
		}
	}
	return out
}

func valueFault(parameter, value, form string) *problem.Error {
	return ErrParameterFor.At("query."+parameter, value).With("parameter", parameter).With("form", form)
}

func (q *Query) parameter(name string, values []string, extensions []epcis.Prefix) error {
	one := ""
	if len(values) > 0 {
		one = values[0]
	}
	instant := func(to **time.Time) error {
		t, err := time.Parse(time.RFC3339Nano, one)
		if err != nil || len(values) != 1 {
			return valueFault(name, one, "RFC 3339")
		}
		*to = &t
		return nil
	}
	count := func(to *int, least int) error {
		n, err := strconv.Atoi(one)
		if err != nil || n < least || len(values) != 1 {
			return valueFault(name, one, "≥ "+strconv.Itoa(least))
		}
		*to = n
		return nil
	}
	switch name {
	case "eventType", "EQ_eventType":
		for _, v := range values {
			n, ok := kinds[epcis.Type(v)]
			if !ok {
				return valueFault(name, v, "ObjectEvent | AggregationEvent | TransactionEvent | TransformationEvent | AssociationEvent")
			}
			q.kinds = append(q.kinds, n)
		}
	case "EQ_action":
		for _, v := range values {
			n, ok := actions[epcis.Action(v)]
			if !ok || v == "" {
				return valueFault(name, v, "ADD | OBSERVE | DELETE")
			}
			q.actions = append(q.actions, n)
		}
	case "GE_eventTime":
		return instant(&q.from)
	case "LT_eventTime":
		return instant(&q.to)
	case "GE_recordTime":
		return instant(&q.since)
	case "LT_recordTime":
		return instant(&q.until)
	case "EQ_bizStep":
		return words(name, values, &epcis.Steps, &q.steps)
	case "EQ_disposition":
		return words(name, values, &epcis.Dispositions, &q.fates)
	case "EQ_eventID":
		q.eventIDs = append(q.eventIDs, values...)
	case "EXISTS_errorDeclaration":
		q.flags |= flagError
	case "EXISTS_sensorElementList":
		q.flags |= flagSensor
	case "EXISTS_ilmd":
		q.flags |= flagILMD
	case "orderBy":
		if one != "eventTime" && one != "recordTime" {
			return valueFault(name, one, "eventTime | recordTime")
		}
		q.byTime = one == "eventTime"
	case "orderDirection":
		if one != "ASC" && one != "DESC" {
			return valueFault(name, one, "ASC | DESC")
		}
		q.descending = one == "DESC"
	case "eventCountLimit":
		return count(&q.limit, 1)
	case "maxEventCount":
		return count(&q.most, 1)
	default:
		if roles, ok := rolesOf[name]; ok {
			q.match(roles, values)
			return nil
		}
		t, ok, err := q.family(name, values, extensions)
		if err == nil && !ok {
			err = ErrParameter.At("query."+name, "").With("parameter", name)
		}
		if t != nil {
			q.tests = append(q.tests, t)
		}
		return err
	}
	return nil
}

// match asks for identifiers; a pattern asks the event.
func (q *Query) match(roles []Role, values []string) {
	var keys, prefixes []string
	for _, v := range values {
		if strings.HasPrefix(v, "urn:epc:idpat:") {
			if class, ok := epcis.Canonical(v); ok {
				keys, prefixes = append(keys, class), append(prefixes, class+"/")
				continue
			}
		}
		keys = append(keys, epcis.Key(v))
	}
	if len(prefixes) == 0 {
		q.links = append(q.links, linked{roles, keys})
		return
	}
	q.tests = append(q.tests, func(e *epcis.Event) bool {
		x := entry{event: e}
		x.gather()
		return slices.ContainsFunc(x.members, func(m named) bool {
			return slices.Contains(roles, m.role) && (slices.Contains(keys, m.key) || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(m.key, p) }))
		})
	})
}

func words(name string, values []string, of *epcis.Vocabulary, to *[]string) error {
	for _, v := range values {
		uri, ok := of.Resolve(v, nil)
		if !ok {
			return valueFault(name, v, strings.Join(of.Words(), " | "))
		}
		*to = append(*to, uri)
	}
	return nil
}

// QueryOf reads a query from JSON as named queries have it: {"eventType": ["ObjectEvent"], "GE_eventTime": "…"}.
func QueryOf(b []byte) (Params, error) {
	var raw map[string]any
	if err := json.Unmarshal(b, &raw); err != nil {
		return nil, valueFault("query", "", "JSON")
	}
	p := Params{}
	for name, v := range raw {
		list, many := v.([]any)
		if !many {
			list = []any{v}
		}
		for _, item := range list {
			switch x := item.(type) {
			case string:
				p[name] = append(p[name], x)
			case float64:
				p[name] = append(p[name], strconv.FormatFloat(x, 'f', -1, 64))
			case bool:
				p[name] = append(p[name], strconv.FormatBool(x))
			case nil:
				p[name] = append(p[name], "")
			default:
				return nil, valueFault(name, "", "text, number or list")
			}
		}
	}
	delete(p, "@context")
	return p, nil
}

package aas

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aas-core-works/aas-core3.0-golang/jsonization"
	"github.com/aas-core-works/aas-core3.0-golang/reporting"
	"github.com/aas-core-works/aas-core3.0-golang/verification"
	"github.com/aas-core-works/aas-core3.0-golang/xmlization"
)

// Rules that are not constraints of the metamodel; those are named as it names them ("AASd-120").
const (
	RuleSyntax    = "syntax"    // no JSON, or no XML
	RuleSize      = "size"      // too many bytes, too deep, too many items
	RuleDuplicate = "duplicate" // a name stands twice in an object
	RuleSchema    = "schema"    // the metamodel has no such property, or not of this type
	RuleInvariant = "invariant" // a pattern, length or other condition without a number
	RuleDTD       = "dtd"       // XML with a document type: entities are never read
	RuleKind      = "kind"      // another kind of document than was asked for
)

// Fault is what is wrong at one place of a document.
type Fault struct {
	Path    string `json:"path" doc:"Where, such as submodelElements[2].idShort; empty for the whole"`
	Value   string `json:"value,omitempty" doc:"What stands there, where it is short text"`
	Rule    string `json:"rule" doc:"The metamodel's constraint, such as AASd-120, or: syntax, size, duplicate, schema, invariant, dtd, kind"`
	Message string `json:"message" doc:"The rule in words"`
}

func (f *Fault) Error() string {
	s := f.Rule + ": " + f.Message
	if f.Path != "" {
		s = f.Path + ": " + s
	}
	if f.Value != "" {
		s += fmt.Sprintf(" (found %q)", f.Value)
	}
	return s
}

// maxWarnings bounds how many faults of one document are told.
const maxWarnings = 200

// maxShown bounds the value and the words of a fault, in bytes.
const maxShown = 300

func shown(s string) string {
	if len(s) > maxShown {
		s = s[:maxShown]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// undone is the fault of a document that the metamodel's types cannot hold.
func undone(tree any, err error) *Fault {
	switch e := err.(type) {
	case *jsonization.DeserializationError:
		path := names(e.Path, func(s string) string { return s })
		return &Fault{Path: path.String(), Value: path.valueIn(tree), Rule: RuleSchema, Message: shown(e.Message)}
	case *xmlization.DeserializationError:
		return &Fault{Path: e.PathString(), Rule: RuleSchema, Message: shown(e.Message)}
	}
	return &Fault{Rule: RuleSchema, Message: shown(err.Error())}
}

// constraint is how messages name one: at their beginning, or in passing.
var constraint = regexp.MustCompile(`(?:^Constraint )?\b(AAS[a-z]+-[0-9]+[a-z]?(?:-[0-9]+)?)\b(?::\s*)?`)

// broken is the fault of a constraint.
func broken(tree any, e *verification.VerificationError) Fault {
	path := names(e.Path, property)
	f := Fault{Path: path.String(), Value: path.valueIn(tree), Rule: RuleInvariant, Message: strings.Join(strings.Fields(e.Message), " ")}
	if m := constraint.FindStringSubmatchIndex(f.Message); m != nil {
		f.Rule = f.Message[m[2]:m[3]]
		if m[0] == 0 {
			f.Message = f.Message[m[1]:]
		}
	}
	f.Message = shown(f.Message)
	return f
}

// segments are the names (string) and indexes (int) of a place in a JSON document.
type segments []any

func names(p *reporting.Path, as func(string) string) (out segments) {
	p.OverSegments(func(s any) {
		switch s := s.(type) {
		case *reporting.NameSegment:
			out = append(out, as(s.Name))
		case *reporting.IndexSegment:
			out = append(out, s.Index)
		}
	})
	return out
}

// property is the JSON name of a getter of the library's types: "GlobalAssetID()" is globalAssetId.
func property(getter string) string {
	s := strings.ReplaceAll(strings.TrimSuffix(getter, "()"), "ID", "Id")
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// String writes the place as JSONPath without its root.
func (s segments) String() string {
	var b strings.Builder
	for _, x := range s {
		switch x := x.(type) {
		case string:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(x)
		case int:
			fmt.Fprintf(&b, "[%d]", x)
		}
	}
	return b.String()
}

// valueIn is the text that stands at the place, "" for what is no text, number or truth.
func (s segments) valueIn(tree any) string {
	for _, x := range s {
		switch x := x.(type) {
		case string:
			o, _ := tree.(map[string]any)
			tree = o[x]
		case int:
			l, _ := tree.([]any)
			if x < 0 || x >= len(l) {
				return ""
			}
			tree = l[x]
		}
	}
	switch v := tree.(type) {
	case string:
		return shown(v)
	case float64, bool:
		return fmt.Sprint(v)
	}
	return ""
}

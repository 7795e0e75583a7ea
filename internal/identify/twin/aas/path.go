package aas

import (
	"fmt"
	"strconv"
	"strings"
)

// Step is one step of an idShort path: a name, or an index of a list.
type Step struct {
	Name  string
	Index int // where Name is ""
}

// maxPath bounds an idShort path, in bytes.
const maxPath = 2000

// ParsePath reads an idShort path such as A.B[0].C (IDTA-01002, "idShortPath"). Error: *Fault.
func ParsePath(s string) (out []Step, err error) {
	bad := func(message string) error {
		return &Fault{Path: "idShortPath", Value: shown(s), Rule: RuleSyntax, Message: message}
	}
	if s == "" || len(s) > maxPath {
		return nil, bad(fmt.Sprintf("an idShort path has 1 to %d bytes", maxPath))
	}
	for i, part := range strings.Split(s, ".") {
		name, rest, indexed := strings.Cut(part, "[")
		if name == "" && (i > 0 || !indexed) {
			return nil, bad("a name is missing")
		}
		if name != "" {
			if !isName(name) {
				return nil, bad("a name has letters, digits, _ and -")
			}
			out = append(out, Step{Name: name})
		}
		for indexed {
			index, after, closed := strings.Cut(rest, "]")
			n, err := strconv.ParseUint(index, 10, 31)
			if !closed || err != nil {
				return nil, bad("an index is a number in brackets, such as [0]")
			}
			out = append(out, Step{Index: int(n)})
			if after == "" {
				break
			}
			if after[0] != '[' {
				return nil, bad("after an index comes another, a dot or the end")
			}
			rest = after[1:]
		}
	}
	return out, nil
}

func isName(s string) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// childrenOf is the property that holds an element's elements; "" where its kind has none.
func childrenOf(e Object) string {
	switch e["modelType"] {
	case "Submodel":
		return "submodelElements"
	case "SubmodelElementCollection", "SubmodelElementList":
		return "value"
	case "Entity":
		return "statements"
	case "AnnotatedRelationshipElement":
		return "annotations"
	}
	return ""
}

// Children lists the elements that stand directly in a submodel or an element.
func Children(e Object) []any {
	list, _ := e[childrenOf(e)].([]any)
	return list
}

// Find returns the element at a path below a submodel, with the elements on the way, the submodel first; ok is false where
// there is none.
func Find(submodel Object, path []Step) (element Object, way []Object, ok bool) {
	at := submodel
	for _, step := range path {
		list := Children(at)
		var next Object
		if step.Name == "" {
			if at["modelType"] == "SubmodelElementList" && step.Index < len(list) {
				next, _ = list[step.Index].(Object)
			}
		} else if at["modelType"] != "SubmodelElementList" {
			next = named(list, step.Name)
		}
		if next == nil {
			return nil, nil, false
		}
		way, at = append(way, at), next
	}
	return at, way, true
}

func named(list []any, name string) Object {
	for _, x := range list {
		if o, _ := x.(Object); o["idShort"] == name {
			return o
		}
	}
	return nil
}

// Put returns a copy of a submodel in which an element stands at a path, in place of the one there or as a new one behind
// the others. ok is false where nothing stands above it.
func Put(submodel Object, path []Step, element Object) (out Object, ok bool) {
	return edit(submodel, path, func(list []any, at int) []any {
		if at < 0 {
			return append(list, element)
		}
		list[at] = element
		return list
	})
}

// Remove returns a copy of a submodel without the element at a path; ok is false where there is none.
func Remove(submodel Object, path []Step) (out Object, ok bool) {
	if _, _, found := Find(submodel, path); !found {
		return nil, false
	}
	return edit(submodel, path, func(list []any, at int) []any { return append(list[:at], list[at+1:]...) })
}

// edit copies what is on the way, so that the submodel stays as it was.
func edit(parent Object, path []Step, do func(list []any, at int) []any) (Object, bool) {
	property := childrenOf(parent)
	if property == "" || len(path) == 0 {
		return nil, false
	}
	list := append([]any(nil), Children(parent)...)
	at, inList := -1, parent["modelType"] == "SubmodelElementList"
	if path[0].Name == "" != inList {
		return nil, false
	}
	for i, x := range list {
		if o, _ := x.(Object); inList && i == path[0].Index || !inList && o["idShort"] == path[0].Name {
			at = i
		}
	}
	if len(path) > 1 {
		if at < 0 {
			return nil, false
		}
		child, _ := list[at].(Object)
		changed, ok := edit(child, path[1:], do)
		if !ok {
			return nil, false
		}
		list[at] = changed
	} else {
		list = do(list, at)
	}
	out := make(Object, len(parent))
	for k, v := range parent {
		out[k] = v
	}
	if out[property] = list; len(list) == 0 {
		delete(out, property) // the metamodel knows no empty lists
	}
	return out, true
}

// Paths lists the idShort paths of what stands in a submodel or element, before each of them prefix. deep goes on into what
// stands in those.
func Paths(e Object, prefix string, deep bool) (out []string) {
	for i, x := range Children(e) {
		child, _ := x.(Object)
		var p string
		if e["modelType"] == "SubmodelElementList" {
			p = fmt.Sprintf("%s[%d]", prefix, i)
		} else if p, _ = child["idShort"].(string); prefix != "" {
			p = prefix + "." + p
		}
		out = append(out, p)
		if deep {
			out = append(out, Paths(child, p, true)...)
		}
	}
	return out
}

package aas

import (
	"encoding/json"
	"maps"
	"regexp"
	"strconv"
)

// Shape is how much of a document is told (IDTA-01002, "level" and "extent").
type Shape struct {
	Core  bool // only the elements of this level, without what stands in them
	Blobs bool // with the contents of blobs
}

// Shaped returns a submodel or element as a shape wants it. The original is not changed.
func Shaped(e Object, s Shape) Object { return shaped(e, s, true) }

func shaped(e Object, s Shape, top bool) Object {
	out := maps.Clone(e)
	if e["modelType"] == "Blob" && !s.Blobs {
		delete(out, "value")
	}
	property := childrenOf(e)
	list, some := out[property].([]any)
	if !some {
		return out
	}
	if s.Core && !top {
		delete(out, property)
		return out
	}
	children := make([]any, len(list))
	for i, x := range list {
		child, _ := x.(Object)
		children[i] = shaped(child, s, false)
	}
	out[property] = children
	return out
}

// valuesOf are the properties that hold an element's value and may be left out of it.
func valuesOf(modelType string) []string {
	switch modelType {
	case "Submodel":
		return []string{"submodelElements"}
	case "Entity":
		return []string{"statements"}
	case "AnnotatedRelationshipElement":
		return []string{"annotations"}
	case "Range":
		return []string{"min", "max"}
	case "SubmodelElementCollection", "SubmodelElementList", "Property", "MultiLanguageProperty", "ReferenceElement", "Blob", "File":
		return []string{"value", "valueId"}
	}
	return nil
}

// Metadata returns a submodel or element without its value. What the metamodel does not let be left out stays, so that the
// answer is an element. ok is false for an element that has no value (Capability, Operation).
func Metadata(e Object) (out Object, ok bool) {
	modelType, _ := e["modelType"].(string)
	if modelType == "Capability" || modelType == "Operation" {
		return nil, false
	}
	out = maps.Clone(e)
	for _, p := range valuesOf(modelType) {
		delete(out, p)
	}
	return out, true
}

// Reference is the reference to a shell, submodel or concept description.
func Reference(kind Kind, id string) Object {
	return Object{"type": "ModelReference", "keys": []any{Object{"type": kind.modelType(), "value": id}}}
}

// ElementReference is the reference to an element of a submodel, with the path to it and the elements on the way as Find
// returns them.
func ElementReference(id string, path []Step, way []Object, element Object) Object {
	keys := []any{Object{"type": "Submodel", "value": id}}
	for i, step := range path {
		e := element
		if i+1 < len(way) {
			e = way[i+1]
		}
		value := step.Name
		if value == "" {
			value = strconv.Itoa(step.Index)
		}
		keys = append(keys, Object{"type": e["modelType"], "value": value})
	}
	return Object{"type": "ModelReference", "keys": keys}
}

// Value is the value-only form of a submodel or element (IDTA-01002, "ValueOnly"). ok is false for an element without one
// (Capability, Operation).
func Value(e Object, s Shape) (v any, ok bool) { return value(e, s, true) }

func value(e Object, s Shape, top bool) (any, bool) {
	switch e["modelType"] {
	case "Property":
		return scalar(e["value"], e["valueType"]), true
	case "Range":
		out := Object{}
		put(out, "min", scalar(e["min"], e["valueType"]))
		put(out, "max", scalar(e["max"], e["valueType"]))
		return out, true
	case "MultiLanguageProperty":
		out := []any{}
		list, _ := e["value"].([]any)
		for _, x := range list {
			o, _ := x.(Object)
			language, _ := o["language"].(string)
			out = append(out, Object{language: o["text"]})
		}
		return out, true
	case "ReferenceElement":
		return e["value"], true
	case "Blob":
		out := Object{"contentType": e["contentType"]}
		if s.Blobs {
			put(out, "value", e["value"])
		}
		return out, true
	case "File":
		out := Object{"contentType": e["contentType"]}
		put(out, "value", e["value"])
		return out, true
	case "RelationshipElement":
		return Object{"first": e["first"], "second": e["second"]}, true
	case "AnnotatedRelationshipElement":
		out := Object{"first": e["first"], "second": e["second"]}
		annotations := []any{}
		for _, x := range Children(e) {
			child, _ := x.(Object)
			if v, ok := value(child, s, false); ok {
				annotations = append(annotations, Object{nameOf(child): v})
			}
		}
		if len(annotations) > 0 {
			out["annotations"] = annotations
		}
		return out, true
	case "BasicEventElement":
		return Object{"observed": e["observed"]}, true
	case "Entity":
		out := Object{"entityType": e["entityType"]}
		if list := Children(e); len(list) > 0 && (top || !s.Core) {
			out["statements"] = byName(list, s)
		}
		put(out, "globalAssetId", e["globalAssetId"])
		put(out, "specificAssetIds", e["specificAssetIds"])
		return out, true
	case "SubmodelElementList":
		out := []any{}
		if s.Core && !top {
			return out, true
		}
		for _, x := range Children(e) {
			child, _ := x.(Object)
			if v, ok := value(child, s, false); ok {
				out = append(out, v)
			}
		}
		return out, true
	case "SubmodelElementCollection", "Submodel":
		if s.Core && !top {
			return Object{}, true
		}
		return byName(Children(e), s), true
	}
	return nil, false
}

func byName(list []any, s Shape) Object {
	out := Object{}
	for _, x := range list {
		child, _ := x.(Object)
		if v, ok := value(child, s, false); ok {
			out[nameOf(child)] = v
		}
	}
	return out
}

func nameOf(e Object) string {
	s, _ := e["idShort"].(string)
	return s
}

func put(o Object, name string, v any) {
	if v != nil {
		o[name] = v
	}
}

var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// scalar is a value in the JSON type of its data type: numbers that JSON can write, truth, else text.
func scalar(v, valueType any) any {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	switch valueType {
	case "xs:boolean":
		switch s {
		case "true", "1":
			return true
		case "false", "0":
			return false
		}
	case "xs:decimal", "xs:double", "xs:float", "xs:integer", "xs:int", "xs:long", "xs:short", "xs:byte", "xs:nonNegativeInteger",
		"xs:positiveInteger", "xs:negativeInteger", "xs:nonPositiveInteger", "xs:unsignedByte", "xs:unsignedShort", "xs:unsignedInt", "xs:unsignedLong":
		if number.MatchString(s) {
			return json.Number(s)
		}
	}
	return s
}

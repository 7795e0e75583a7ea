package twin

import (
	"context"
	"fmt"
	"time"

	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/kernel/auth"
)

// dppSchema is the version of the passport's form.
const dppSchema = "EN 18223:2026"

// readPassport gathers what a caller may read of a passport as it is at a time: submodels, cut to the tiers that reach the caller.
func (s *Service) readPassport(ctx context.Context, p *Published, at time.Time) ([]aas.Object, error) {
	tiers, looked, err := reach(ctx, p.Org)
	if err != nil {
		return nil, err
	}
	scope := auth.System(p.Org)
	shell, err := s.Document(ctx, scope, aas.Shell, p.Shell, at)
	if err != nil {
		return nil, err
	}
	var out []aas.Object
	for _, id := range aas.Submodels(shell.Tree) {
		d, err := s.Document(ctx, scope, aas.Submodel, id, at)
		if err := unlessMissing(err); err != nil {
			return nil, err
		}
		short, _ := d.Tree["idShort"].(string)
		if err != nil || short == "" {
			continue
		}
		if cut := p.cut(tiers, d.Tree, short); cut != nil {
			out = append(out, cut)
		}
	}
	return out, looked()
}

// cut leaves out of a submodel or element what the tiers do not reach; nil where nothing is left.
func (p *Passport) cut(tiers []Tier, e aas.Object, path string) aas.Object {
	here, within := p.told(tiers, path)
	if !here && !within {
		return nil
	}
	out := clone(e)
	property := ""
	for _, name := range []string{"submodelElements", "statements", "annotations", "value"} {
		if _, list := e[name].([]any); list && len(aas.Children(e)) > 0 {
			property = name
			break
		}
	}
	if property == "" {
		if !here {
			return nil
		}
		return out
	}
	var kept []any
	for i, x := range aas.Children(e) {
		child, _ := x.(aas.Object)
		if c := p.cut(tiers, child, childPath(e, child, path, i)); c != nil {
			kept = append(kept, c)
		}
	}
	if len(kept) == 0 && !here {
		return nil
	}
	if out[property] = kept; len(kept) == 0 {
		delete(out, property)
	}
	return out
}

// envelope is what stands at the head of every passport.
func (p *Published) envelope() aas.Object {
	out := aas.Object{
		"digitalProductPassportId": p.ID, "uniqueProductIdentifier": p.Product, "granularity": p.Granularity, "dppSchemaVersion": dppSchema,
		"dppStatus": p.Status, "lastUpdated": time.Unix(0, p.At).UTC().Format(time.RFC3339Nano), "economicOperatorId": p.Operator,
	}
	if p.Facility != "" {
		out["facilityId"] = p.Facility
	}
	return out
}

// compressed is the passport with its submodels as key and value (EN 18223, 5.2).
func (p *Published) compressed(submodels []aas.Object) aas.Object {
	out := p.envelope()
	var specs []any
	for _, sm := range submodels {
		short, _ := sm["idShort"].(string)
		if v, ok := aas.Value(sm, aas.Shape{}); ok {
			out[short] = v
		}
		if id := aas.FirstKey(sm["semanticId"]); id != "" {
			specs = append(specs, id)
		}
	}
	if specs != nil {
		out["contentSpecificationIds"] = specs
	}
	return out
}

// full is the passport with explicit data elements (EN 18223, annex A).
func (p *Published) full(submodels []aas.Object) aas.Object {
	out := p.envelope()
	elements := []any{}
	for _, sm := range submodels {
		elements = append(elements, dataElement(sm, ""))
	}
	out["elements"] = elements
	return out
}

// dataElement is an element as EN 18223 has it (4.1.2.3 to 4.1.2.8).
func dataElement(e aas.Object, name string) aas.Object {
	if short, _ := e["idShort"].(string); short != "" {
		name = short
	}
	out := aas.Object{"elementId": name}
	if id := aas.FirstKey(e["semanticId"]); id != "" {
		out["dictionaryReference"] = id
	}
	children := aas.Children(e)
	switch e["modelType"] {
	case "Property":
		out["objectType"] = "SingleValuedDataElement"
		if t, ok := e["valueType"].(string); ok && len(t) > 3 {
			out["valueDataType"] = "xsd:" + t[3:]
		}
		if v, ok := aas.Value(e, aas.Shape{}); ok && v != nil {
			out["value"] = v
		}
	case "MultiLanguageProperty":
		out["objectType"] = "MultiLanguageDataElement"
		var values []any
		list, _ := e["value"].([]any)
		for _, x := range list {
			o, _ := x.(aas.Object)
			values = append(values, aas.Object{"value": o["text"], "language": o["language"]})
		}
		out["value"] = append([]any{}, values...)
	case "File":
		out["objectType"] = "RelatedResource"
		if t, ok := e["contentType"]; ok {
			out["contentType"] = t
		}
		if u, ok := e["value"]; ok {
			out["url"] = u
		}
	case "SubmodelElementList":
		out["objectType"] = "MultiValuedDataElement"
		values := []any{}
		for _, x := range children {
			child, _ := x.(aas.Object)
			if child["modelType"] == "Property" {
				v, _ := aas.Value(child, aas.Shape{})
				values = append(values, v)
				continue
			}
			group := []any{}
			for _, y := range aas.Children(child) {
				inner, _ := y.(aas.Object)
				group = append(group, dataElement(inner, ""))
			}
			values = append(values, group)
		}
		out["value"] = values
	case "Submodel", "SubmodelElementCollection", "Entity":
		out["objectType"] = "DataElementCollection"
		list := []any{}
		for _, x := range children {
			child, _ := x.(aas.Object)
			list = append(list, dataElement(child, ""))
		}
		out["elements"] = list
	default:
		out["objectType"] = "SingleValuedDataElement"
	}
	return out
}

// childPath is the path of what stands in an element.
func childPath(parent, child aas.Object, path string, i int) string {
	if parent["modelType"] == "SubmodelElementList" {
		return fmt.Sprintf("%s[%d]", path, i)
	}
	name, _ := child["idShort"].(string)
	return path + "." + name
}

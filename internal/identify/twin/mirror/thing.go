package mirror

import (
	"strings"

	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/plant/template"
)

// Object is a JSON object.
type Object = map[string]any

// Thing is what the plant model knows of a site, area, line or machine at one time.
type Thing struct {
	Node     plant.Node
	Class    text.Text          // what its class of equipment is called; zero where it has none
	Template *template.Template // nil where it has none
	Points   []plant.Point      // of a machine
	Parts    []plant.Node       // what stands directly under a site, area or line; nil where nobody asked
	API      string             // address of the node's API, such as https://node.example/api/v1, or its path alone
}

// ShellOf is the thing's shell.
func ShellOf(t *Thing) Object {
	n := &t.Node
	// Of a machine there is one: it is an instance. So is a site.
	info := Object{"assetKind": "Instance", "assetType": "urn:jingwei:plant:" + string(n.Kind), "globalAssetId": AssetID(n.ID), "specificAssetIds": []any{
		Object{"name": MachineID, "value": n.ID.String()},
	}}
	out := Object{
		"modelType": "AssetAdministrationShell", "id": ID(n.ID, Shell), "idShort": short(string(n.Kind), n.ID.String()),
		"displayName": langs(n.Name, 64), "assetInformation": info,
	}
	if refs := references(t); len(refs) > 0 {
		out["submodels"] = refs
	}
	return out
}

func references(t *Thing) (out []any) {
	for _, p := range Of(t.Node.Kind) {
		out = append(out, Object{"type": "ModelReference", "keys": []any{Object{"type": "Submodel", "value": ID(t.Node.ID, p)}}})
	}
	return out
}

// short is an idShort made of an opaque id: letters, digits and _, beginning with a letter.
func short(prefix, id string) string { return prefix + "_" + strings.ReplaceAll(id, "-", "_") }

// langs writes a text as language strings of at most some characters each; nil where it has none.
func langs(t text.Text, most int) []any {
	var out []any
	for _, x := range []struct{ language, text string }{{"zh", t.Zh}, {"en", t.En}} {
		if r := []rune(x.text); len(r) > 0 {
			out = append(out, Object{"language": x.language, "text": string(r[:min(len(r), most)])})
		}
	}
	return out
}

// external is a semantic id: a reference to a concept elsewhere.
func external(id string) Object {
	return Object{"type": "ExternalReference", "keys": []any{Object{"type": "GlobalReference", "value": id}}}
}

func element(modelType, idShort, semantic string, more Object) Object {
	out := Object{"modelType": modelType}
	if idShort != "" {
		out["idShort"] = idShort
	}
	if semantic != "" {
		out["semanticId"] = external(semantic)
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

func property(idShort, semantic, valueType, value string) Object {
	return element("Property", idShort, semantic, Object{"valueType": valueType, "value": value})
}

// multi is a property in languages; nil where the text has none.
func multi(idShort, semantic string, t text.Text) Object {
	v := langs(t, 1023)
	if v == nil {
		return nil
	}
	return element("MultiLanguageProperty", idShort, semantic, Object{"value": v})
}

// collection is a collection of what is not nil; without value where all is.
func collection(idShort, semantic string, elements ...Object) Object {
	out := element("SubmodelElementCollection", idShort, semantic, nil)
	if list := some(elements); len(list) > 0 {
		out["value"] = list
	}
	return out
}

// list is a list of collections.
func list(idShort, semantic, each string, elements ...Object) Object {
	out := element("SubmodelElementList", idShort, semantic, Object{"orderRelevant": true, "typeValueListElement": "SubmodelElementCollection"})
	if each != "" {
		out["semanticIdListElement"] = external(each)
	}
	if items := some(elements); len(items) > 0 {
		out["value"] = items
	}
	return out
}

func some(elements []Object) (out []any) {
	for _, e := range elements {
		if e != nil {
			out = append(out, e)
		}
	}
	return out
}

func submodel(t *Thing, part Part, idShort, semantic, version, revision, template string, elements ...Object) Object {
	administration := Object{"version": version, "revision": revision}
	if template != "" {
		administration["templateId"] = template
	}
	out := Object{
		"modelType": "Submodel", "kind": "Instance", "id": ID(t.Node.ID, part), "idShort": idShort, "semanticId": external(semantic), "administration": administration,
	}
	if list := some(elements); len(list) > 0 {
		out["submodelElements"] = list
	}
	return out
}

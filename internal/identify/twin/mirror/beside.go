package mirror

import (
	"fmt"
	"maps"
	"reflect"
)

// With joins what is worked out from the plant model with what an organisation has put beside it: where both say something,
// the plant model counts, so that nothing drifts from it.
func With(computed, beside Object) Object {
	if computed["modelType"] == "AssetAdministrationShell" {
		return withShell(computed, beside)
	}
	out := maps.Clone(computed)
	for k, v := range beside {
		if _, said := out[k]; !said {
			out[k] = v
		}
	}
	if property := elementsOf(computed); property != "" {
		if list := union(computed[property], beside[property]); len(list) > 0 {
			out[property] = list
		}
	}
	return out
}

// elementsOf is the property of named elements.
func elementsOf(e Object) string {
	switch e["modelType"] {
	case "Submodel":
		return "submodelElements"
	case "SubmodelElementCollection":
		return "value"
	}
	return ""
}

func union(computed, beside any) []any {
	own, _ := computed.([]any)
	more, _ := beside.([]any)
	out := make([]any, 0, len(own)+len(more))
	for _, x := range own {
		e, _ := x.(Object)
		if b := named(more, e["idShort"]); b != nil {
			e = With(e, b)
		}
		out = append(out, e)
	}
	for _, x := range more {
		if e, _ := x.(Object); named(own, e["idShort"]) == nil {
			out = append(out, e)
		}
	}
	return out
}

func named(list []any, idShort any) Object {
	for _, x := range list {
		if e, _ := x.(Object); e["idShort"] == idShort {
			return e
		}
	}
	return nil
}

func withShell(computed, beside Object) Object {
	out := maps.Clone(computed)
	for k, v := range beside {
		if _, said := out[k]; !said {
			out[k] = v
		}
	}
	if list := unionOf(computed["submodels"], beside["submodels"]); len(list) > 0 {
		out["submodels"] = list
	}
	info, _ := computed["assetInformation"].(Object)
	info = maps.Clone(info)
	more, _ := beside["assetInformation"].(Object)
	for k, v := range more {
		if _, said := info[k]; !said {
			info[k] = v
		}
	}
	if list := unionOf(info["specificAssetIds"], more["specificAssetIds"]); len(list) > 0 {
		info["specificAssetIds"] = list
	}
	out["assetInformation"] = info
	return out
}

// unionOf is a list and what another list has besides.
func unionOf(a, b any) []any {
	own, _ := a.([]any)
	more, _ := b.([]any)
	out := append([]any(nil), own...)
	for _, x := range more {
		if !has(own, x) {
			out = append(out, x)
		}
	}
	return out
}

func has(list []any, x any) bool {
	for _, y := range list {
		if reflect.DeepEqual(x, y) {
			return true
		}
	}
	return false
}

// Serial is the serial number on a nameplate; "" where it has none.
func Serial(nameplate Object) string {
	list, _ := nameplate["submodelElements"].([]any)
	s, _ := named(list, "SerialNumber")["value"].(string)
	return s
}

// WithSerial adds a serial number to those by which a shell's asset is known.
func WithSerial(shell Object, serial string) Object {
	if serial == "" {
		return shell
	}
	return withShell(shell, Object{"assetInformation": Object{"specificAssetIds": []any{Object{"name": SerialNumber, "value": serial}}}})
}

// Besides is what of a document has to be kept beside what the plant model says: the rest of what somebody hands in. path names
// the first place where both say something and not the same; it is "" where there is none. What telemetry says of the latest
// values is left out without comparing: it changes while somebody edits.
func Besides(computed, given Object) (out Object, path string) {
	if computed["modelType"] == "AssetAdministrationShell" {
		return besideShell(computed, given)
	}
	return besides(computed, given, "")
}

func besides(computed, given Object, at string) (out Object, path string) {
	out = Object{}
	property := elementsOf(computed)
	for k, v := range given {
		if k == property {
			continue
		}
		was, said := computed[k]
		switch {
		case !said, k == "modelType", k == "idShort", k == "id":
			out[k] = v
		case !reflect.DeepEqual(was, v):
			return nil, join(at, k)
		}
	}
	if property == "" {
		return out, ""
	}
	own, _ := computed[property].([]any)
	list, _ := given[property].([]any)
	var kept []any
	for i, x := range list {
		e, _ := x.(Object)
		name, _ := e["idShort"].(string)
		here := join(at, name)
		if name == "" {
			here = fmt.Sprintf("%s[%d]", at, i)
		}
		was := named(own, e["idShort"])
		if here == "Segments.Latest" {
			continue
		}
		if was == nil {
			kept = append(kept, e)
			continue
		}
		rest, path := besides(was, e, here)
		if path != "" {
			return nil, path
		}
		if says(rest) {
			kept = append(kept, rest)
		}
	}
	if len(kept) > 0 {
		out[property] = kept
	}
	return out, ""
}

// says tells whether an element says more than its name.
func says(e Object) bool {
	for k := range e {
		if k != "modelType" && k != "idShort" && k != "id" {
			return true
		}
	}
	return false
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

func besideShell(computed, given Object) (out Object, path string) {
	out = Object{}
	for k, v := range given {
		was, said := computed[k]
		switch {
		case k == "assetInformation" || k == "submodels":
		case !said, k == "modelType", k == "id":
			out[k] = v
		case !reflect.DeepEqual(was, v):
			return nil, k
		}
	}
	if list := besidesOf(computed["submodels"], given["submodels"]); len(list) > 0 {
		out["submodels"] = list
	}
	own, _ := computed["assetInformation"].(Object)
	info, _ := given["assetInformation"].(Object)
	more := Object{}
	for k, v := range info {
		was, said := own[k]
		switch {
		case k == "specificAssetIds":
		case !said:
			more[k] = v
		case !reflect.DeepEqual(was, v):
			return nil, "assetInformation." + k
		}
	}
	if list := besidesOf(own["specificAssetIds"], info["specificAssetIds"]); len(list) > 0 {
		more["specificAssetIds"] = list
	}
	if len(more) > 0 {
		out["assetInformation"] = more
	}
	return out, ""
}

// besidesOf is what a list has that another has not.
func besidesOf(computed, given any) (out []any) {
	own, _ := computed.([]any)
	list, _ := given.([]any)
	for _, x := range list {
		if !has(own, x) {
			out = append(out, x)
		}
	}
	return out
}

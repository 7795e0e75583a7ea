package twin

import (
	"fmt"

	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/kernel/store"
)

func (d *door) conceptRoutes() {
	const list = "concept-descriptions"
	d.handle("GET /concept-descriptions", func(c *call) (any, error) {
		page, err := c.page()
		if err != nil {
			return nil, err
		}
		docs, next, err := c.s.Concepts(c.Context(), c.scope, Filter{Short: c.URL.Query().Get("idShort")}, page)
		return paged(trees(docs), next, err)
	})
	d.handle("POST /concept-descriptions", func(c *call) (any, error) { return c.post(aas.Concept, list) })
	d.handle("GET /concept-descriptions/{cd}", func(c *call) (any, error) { return c.tree(aas.Concept, "cd") })
	d.handle("PUT /concept-descriptions/{cd}", func(c *call) (any, error) { return c.put(aas.Concept, "cd", list) })
	d.handle("DELETE /concept-descriptions/{cd}", func(c *call) (any, error) { return c.remove(aas.Concept, "cd") })
}

// registryRoutes adds registry and discovery. Own shells and submodels are described without being registered; descriptors that
// are put in are of those that other servers have.
func (d *door) registryRoutes() {
	d.handle("GET /lookup/shells", func(c *call) (any, error) {
		page, err := c.page()
		if err != nil {
			return nil, err
		}
		ids, err := c.assetIDs()
		if err != nil {
			return nil, err
		}
		found, next, err := c.s.Lookup(c.Context(), c.scope, ids, page)
		return paged(found, next, err)
	})
	d.handle("GET /lookup/shells/{aas}", func(c *call) (any, error) {
		doc, err := c.get(aas.Shell, "aas")
		return append([]aas.AssetID{}, aas.AssetIDs(doc.Tree)...), err
	})
	for _, k := range []struct {
		list string
		doc  Kind
		kind Kind
	}{{"shell-descriptors", aas.Shell, ShellDescriptor}, {"submodel-descriptors", aas.Submodel, SubmodelDescriptor}} {
		d.handle("GET /"+k.list, func(c *call) (any, error) { return c.descriptors(k.doc, k.kind) })
		d.handle("POST /"+k.list, func(c *call) (any, error) { return c.putDescriptor(k.list, k.kind, "") })
		d.handle("GET /"+k.list+"/{id}", func(c *call) (any, error) { return c.descriptor(k.doc, k.kind) })
		d.handle("PUT /"+k.list+"/{id}", func(c *call) (any, error) {
			id, err := c.id("id")
			if err != nil {
				return nil, err
			}
			return c.putDescriptor(k.list, k.kind, id)
		})
		d.handle("DELETE /"+k.list+"/{id}", func(c *call) (any, error) { return c.remove(k.kind, "id") })
	}
	d.handle("GET /shell-descriptors/{id}/submodel-descriptors", func(c *call) (any, error) {
		list, err := c.submodelDescriptors()
		if err != nil {
			return nil, err
		}
		page, err := c.page()
		if err != nil {
			return nil, err
		}
		items, next, err := window(list, page)
		return paged(items, next, err)
	})
	d.handle("GET /shell-descriptors/{id}/submodel-descriptors/{sm}", func(c *call) (any, error) {
		list, err := c.submodelDescriptors()
		if err != nil {
			return nil, err
		}
		id, err := c.id("sm")
		if err != nil {
			return nil, err
		}
		for _, x := range list {
			if o, _ := x.(aas.Object); o["id"] == id {
				return o, nil
			}
		}
		return nil, store.ErrNotFound
	})
}

// Cursors of descriptors say whether own ones are told, or registered ones.
const (
	ownOnes    = "o"
	registered = "r"
)

func (c *call) descriptors(doc, kind Kind) (any, error) {
	page, err := c.page()
	if err != nil {
		return nil, err
	}
	where := ownOnes
	if page.After != "" {
		where, page.After = page.After[:1], page.After[1:]
	}
	if where == ownOnes {
		list := c.s.Shells
		if doc == aas.Submodel {
			list = c.s.Submodels
		}
		docs, next, err := list(c.Context(), c.scope, Filter{}, page)
		if err != nil {
			return nil, err
		}
		out := make([]any, len(docs))
		for i := range docs {
			out[i] = c.describe(&docs[i])
		}
		if next != "" {
			return paged(out, ownOnes+next, nil)
		}
		first, _, err := c.s.storedList(c.Context(), c.scope, kind, Filter{}, store.Page{Limit: 1})
		if err != nil || len(first) == 0 {
			return paged(out, "", err)
		}
		return paged(out, registered, nil)
	}
	if where != registered {
		return nil, store.ErrCursor
	}
	items, next, err := c.s.storedList(c.Context(), c.scope, kind, Filter{}, page)
	if err != nil {
		return nil, err
	}
	out := make([]any, len(items))
	for i := range items {
		if out[i], err = treeOf(items[i].Content); err != nil {
			return nil, err
		}
	}
	if next != "" {
		next = registered + next
	}
	return paged(out, next, nil)
}

func (c *call) descriptor(doc, kind Kind) (aas.Object, error) {
	id, err := c.id("id")
	if err != nil {
		return nil, err
	}
	d, err := c.s.Document(c.Context(), c.scope, doc, id, noTime)
	if err == nil {
		return c.describe(&d), nil
	}
	if err := unlessMissing(err); err != nil {
		return nil, err
	}
	x, err := c.s.one(c.Context(), c.scope, kind, id, noTime)
	if err != nil {
		return nil, err
	}
	return treeOf(x.Content)
}

func (c *call) submodelDescriptors() ([]any, error) {
	d, err := c.descriptor(aas.Shell, ShellDescriptor)
	if err != nil {
		return nil, err
	}
	list, _ := d["submodelDescriptors"].([]any)
	return list, nil
}

// describe is the descriptor of an own shell or submodel.
func (c *call) describe(d *Document) aas.Object {
	out := aas.Object{"id": d.ID}
	for _, p := range []string{"idShort", "displayName", "description", "administration", "semanticId"} {
		if v, ok := d.Tree[p]; ok {
			out[p] = v
		}
	}
	if d.Kind == aas.Submodel {
		out["endpoints"] = c.endpoints("SUBMODEL-3.0", "submodels", d.ID)
		return out
	}
	info, _ := d.Tree["assetInformation"].(aas.Object)
	for _, p := range []string{"assetKind", "assetType", "globalAssetId", "specificAssetIds"} {
		if v, ok := info[p]; ok {
			out[p] = v
		}
	}
	out["endpoints"] = c.endpoints("AAS-3.0", "shells", d.ID)
	var subs []any
	for _, id := range aas.Submodels(d.Tree) {
		subs = append(subs, aas.Object{"id": id, "endpoints": c.endpoints("SUBMODEL-3.0", "submodels", id)})
	}
	if subs != nil {
		out["submodelDescriptors"] = subs
	}
	return out
}

func (c *call) endpoints(is, list, id string) []any {
	protocol := "http"
	if c.TLS != nil {
		protocol = "https"
	}
	return []any{aas.Object{"interface": is, "protocolInformation": aas.Object{
		"href": c.base() + "/" + list + "/" + encodeID(id), "endpointProtocol": protocol, "endpointProtocolVersion": []any{"1.1"},
	}}}
}

// descriptorFields are the properties of descriptors (IDTA-01002, "Descriptor").
var descriptorFields = map[string]bool{
	"id": true, "idShort": true, "displayName": true, "description": true, "administration": true, "endpoints": true, "extensions": true,
	"assetKind": true, "assetType": true, "globalAssetId": true, "specificAssetIds": true, "submodelDescriptors": true,
	"semanticId": true, "supplementalSemanticId": true,
}

// checkDescriptor refuses what is no descriptor.
func checkDescriptor(o aas.Object) (id string, err error) {
	for name := range o {
		if !descriptorFields[name] {
			return "", &aas.Fault{Path: clip(name), Rule: aas.RuleSchema, Message: "a descriptor has no such property"}
		}
	}
	id, _ = o["id"].(string)
	if n := len([]rune(id)); n == 0 || n > 2000 {
		return "", &aas.Fault{Path: "id", Value: clip(id), Rule: aas.RuleInvariant, Message: "an id has 1 to 2,000 characters"}
	}
	list, _ := o["endpoints"].([]any)
	for i, x := range list {
		e, _ := x.(aas.Object)
		p, _ := e["protocolInformation"].(aas.Object)
		is, _ := e["interface"].(string)
		href, _ := p["href"].(string)
		if is == "" || href == "" {
			return "", &aas.Fault{Path: fmt.Sprintf("endpoints[%d]", i), Rule: aas.RuleSchema, Message: "an endpoint has an interface and protocolInformation with an href"}
		}
	}
	return id, nil
}

// putDescriptor adds a descriptor, or puts it in the place of the one with an id.
func (c *call) putDescriptor(list string, kind Kind, id string) (any, error) {
	o, err := c.elementBody()
	if err != nil {
		return nil, err
	}
	has, err := checkDescriptor(o)
	if err != nil {
		return nil, err
	}
	if id != "" && id != has {
		return nil, &aas.Fault{Path: "id", Value: clip(has), Rule: aas.RuleInvariant, Message: "the id of the descriptor is another than that of the path"}
	}
	content, err := aas.Encode(o)
	if err != nil {
		return nil, err
	}
	short, _ := o["idShort"].(string)
	change := Change{Kind: kind, ID: has, Content: content, Short: short, Create: id == ""}
	if kind == ShellDescriptor {
		change.Shell, change.Assets = has, aas.AssetIDs(aas.Object{"assetInformation": o})
	}
	out, err := c.s.commit(c.Context(), c.scope, []Change{change}, "")
	if err != nil {
		return nil, err
	}
	if out[0].Version == 1 || id == "" {
		return c.created(o, list, encodeID(has))
	}
	return nil, nil
}

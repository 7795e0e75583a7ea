package twin

import (
	"encoding/json"
	"net/http"
	"strings"

	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/kernel/store"
)

func (d *door) shellRoutes() {
	d.handle("GET /shells", func(c *call) (any, error) {
		docs, next, err := c.shells()
		return paged(trees(docs), next, err)
	})
	d.handle("GET /shells/$reference", func(c *call) (any, error) {
		docs, next, err := c.shells()
		return paged(references(aas.Shell, docs), next, err)
	})
	d.handle("POST /shells", func(c *call) (any, error) { return c.post(aas.Shell, "shells") })
	d.handle("GET /shells/{aas}", func(c *call) (any, error) { return c.tree(aas.Shell, "aas") })
	d.handle("PUT /shells/{aas}", func(c *call) (any, error) { return c.put(aas.Shell, "aas", "shells") })
	d.handle("DELETE /shells/{aas}", func(c *call) (any, error) { return c.remove(aas.Shell, "aas") })
	d.handle("GET /shells/{aas}/$reference", func(c *call) (any, error) {
		doc, err := c.get(aas.Shell, "aas")
		return aas.Reference(aas.Shell, doc.ID), err
	})
	d.handle("GET /shells/{aas}/asset-information", func(c *call) (any, error) {
		doc, err := c.get(aas.Shell, "aas")
		return doc.Tree["assetInformation"], err
	})
	d.handle("PUT /shells/{aas}/asset-information", (*call).putAssetInformation)
	d.handle("GET /shells/{aas}/asset-information/thumbnail", (*call).getThumbnail)
	d.handle("PUT /shells/{aas}/asset-information/thumbnail", (*call).putThumbnail)
	d.handle("DELETE /shells/{aas}/asset-information/thumbnail", func(c *call) (any, error) {
		id, err := c.id("aas")
		if err != nil {
			return nil, err
		}
		if _, err := c.getThumbnailFile(id); err != nil {
			return nil, err
		}
		return nil, c.s.PutThumbnail(c.Context(), c.scope, id, nil, "", "")
	})
	d.handle("GET /shells/{aas}/submodel-refs", (*call).submodelRefs)
	d.handle("POST /shells/{aas}/submodel-refs", (*call).addSubmodelRef)
	d.handle("DELETE /shells/{aas}/submodel-refs/{sm}", (*call).removeSubmodelRef)
}

// shells reads the page of shells that was asked for. Asset ids are base64url of {"name": …, "value": …}.
func (c *call) shells() ([]Document, string, error) {
	page, err := c.page()
	if err != nil {
		return nil, "", err
	}
	ids, err := c.assetIDs()
	if err != nil {
		return nil, "", err
	}
	if len(ids) == 0 {
		return c.s.Shells(c.Context(), c.scope, Filter{Short: c.URL.Query().Get("idShort")}, page)
	}
	found, next, err := c.s.Lookup(c.Context(), c.scope, ids, page)
	if err != nil {
		return nil, "", err
	}
	var docs []Document
	for _, id := range found {
		doc, err := c.s.Document(c.Context(), c.scope, aas.Shell, id, noTime)
		if err := unlessMissing(err); err != nil {
			return nil, "", err
		}
		if short := c.URL.Query().Get("idShort"); err == nil && (short == "" || doc.Tree["idShort"] == short) {
			docs = append(docs, doc)
		}
	}
	return docs, next, nil
}

// maxAssetIDs bounds the asset ids of one question.
const maxAssetIDs = 20

func (c *call) assetIDs() (out []aas.AssetID, err error) {
	for _, part := range c.URL.Query()["assetIds"] {
		for _, s := range strings.Split(part, ",") {
			b, err := identifier("query.assetIds", s)
			if err != nil {
				return nil, err
			}
			var id aas.AssetID
			if err := json.Unmarshal([]byte(b), &id); err != nil || id.Name == "" || id.Value == "" {
				return nil, malformed("query.assetIds", b, `an asset id is base64url of {"name": …, "value": …}`)
			}
			out = append(out, id)
		}
	}
	if len(out) > maxAssetIDs {
		return nil, &aas.Fault{Path: "query.assetIds", Rule: aas.RuleSize, Message: "at most 20 asset ids are looked up at once"}
	}
	return out, nil
}

func trees(docs []Document) []any {
	out := make([]any, len(docs))
	for i := range docs {
		out[i] = docs[i].Tree
	}
	return out
}

func references(kind Kind, docs []Document) []any {
	out := make([]any, len(docs))
	for i := range docs {
		out[i] = aas.Reference(kind, docs[i].ID)
	}
	return out
}

// get reads the document that the path names.
func (c *call) get(kind Kind, name string) (Document, error) {
	id, err := c.id(name)
	if err != nil {
		return Document{}, err
	}
	at, err := c.at()
	if err != nil {
		return Document{}, err
	}
	return c.s.Document(c.Context(), c.scope, kind, id, at)
}

func (c *call) tree(kind Kind, name string) (any, error) {
	doc, err := c.get(kind, name)
	return doc.Tree, err
}

// post adds a document.
func (c *call) post(kind Kind, list string) (any, error) {
	w, err := c.way()
	if err != nil {
		return nil, err
	}
	doc, err := c.document(kind)
	if err != nil {
		return nil, err
	}
	w.Create = true
	if _, err := c.s.Put(c.Context(), c.scope, doc, w); err != nil {
		return nil, err
	}
	return c.created(doc.Tree, list, encodeID(doc.ID))
}

// put puts a document in the place of the one with the path's id, or adds it.
func (c *call) put(kind Kind, name, list string) (any, error) {
	id, err := c.id(name)
	if err != nil {
		return nil, err
	}
	w, err := c.way()
	if err != nil {
		return nil, err
	}
	doc, err := c.document(kind)
	if err != nil {
		return nil, err
	}
	if doc.ID != id {
		return nil, &aas.Fault{Path: "id", Value: clip(doc.ID), Rule: aas.RuleInvariant, Message: "the id of the document is another than that of the path"}
	}
	x, err := c.s.Put(c.Context(), c.scope, doc, w)
	if err != nil {
		return nil, err
	}
	if x.Version == 1 && !x.Beside {
		return c.created(doc.Tree, list, encodeID(doc.ID))
	}
	return nil, nil
}

func (c *call) remove(kind Kind, name string) (any, error) {
	id, err := c.id(name)
	if err != nil {
		return nil, err
	}
	return nil, c.s.Delete(c.Context(), c.scope, kind, id, clip(c.URL.Query().Get("reason")))
}

func (c *call) putAssetInformation() (any, error) {
	id, err := c.id("aas")
	if err != nil {
		return nil, err
	}
	w, err := c.way()
	if err != nil {
		return nil, err
	}
	b, err := c.body()
	if err != nil {
		return nil, err
	}
	info, err := aas.Tree(b)
	if err != nil {
		return nil, err
	}
	_, err = c.s.Edit(c.Context(), c.scope, aas.Shell, id, w, func(tree aas.Object) (aas.Object, error) {
		out := clone(tree)
		out["assetInformation"] = info
		return out, nil
	})
	return nil, err
}

func (c *call) getThumbnailFile(id string) (File, error) {
	doc, err := c.s.Document(c.Context(), c.scope, aas.Shell, id, noTime)
	if err != nil {
		return File{}, err
	}
	info, _ := doc.Tree["assetInformation"].(aas.Object)
	thumb, _ := info["defaultThumbnail"].(aas.Object)
	path, _ := thumb["path"].(string)
	if path == "" {
		return File{}, store.ErrNotFound
	}
	return File{Path: path}, nil
}

func (c *call) getThumbnail() (any, error) {
	id, err := c.id("aas")
	if err != nil {
		return nil, err
	}
	f, err := c.getThumbnailFile(id)
	if err != nil {
		return nil, err
	}
	return c.file(aas.Shell, id, f.Path)
}

// file answers with a file beside a document. It is always to be saved, never shown as a page of this node's.
func (c *call) file(kind Kind, id, path string) (any, error) {
	f, b, err := c.s.ReadFile(c.Context(), c.scope, kind, id, path)
	if err != nil {
		return nil, err
	}
	h := c.w.Header()
	h.Set("Content-Type", f.Media)
	h.Set("Content-Disposition", "attachment")
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write(b)
	return done, nil
}

func (c *call) putThumbnail() (any, error) {
	id, err := c.id("aas")
	if err != nil {
		return nil, err
	}
	_, media, content, err := c.upload()
	if err != nil {
		return nil, err
	}
	if media != "image/png" && media != "image/jpeg" && media != "image/webp" {
		return nil, &aas.Fault{Path: "header.Content-Type", Value: clip(media), Rule: aas.RuleKind, Message: "a thumbnail is image/png, image/jpeg or image/webp"}
	}
	return nil, c.s.PutThumbnail(c.Context(), c.scope, id, content, media, "")
}

func (c *call) submodelRefs() (any, error) {
	doc, err := c.get(aas.Shell, "aas")
	if err != nil {
		return nil, err
	}
	page, err := c.page()
	if err != nil {
		return nil, err
	}
	list, _ := doc.Tree["submodels"].([]any)
	items, next, err := window(list, page)
	return paged(items, next, err)
}

func (c *call) addSubmodelRef() (any, error) {
	id, err := c.id("aas")
	if err != nil {
		return nil, err
	}
	b, err := c.body()
	if err != nil {
		return nil, err
	}
	ref, err := aas.Tree(b)
	if err != nil {
		return nil, err
	}
	sm := aas.FirstKey(ref)
	_, err = c.s.Edit(c.Context(), c.scope, aas.Shell, id, Way{}, func(tree aas.Object) (aas.Object, error) {
		list, _ := tree["submodels"].([]any)
		for _, x := range list {
			if aas.FirstKey(x) == sm {
				return nil, ErrExists.At("body", sm)
			}
		}
		out := clone(tree)
		out["submodels"] = append(append([]any(nil), list...), ref)
		return out, nil
	})
	if err != nil {
		return nil, err
	}
	return c.created(ref, "shells", encodeID(id), "submodel-refs")
}

func (c *call) removeSubmodelRef() (any, error) {
	id, err := c.id("aas")
	if err != nil {
		return nil, err
	}
	sm, err := c.id("sm")
	if err != nil {
		return nil, err
	}
	_, err = c.s.Edit(c.Context(), c.scope, aas.Shell, id, Way{}, func(tree aas.Object) (aas.Object, error) {
		list, _ := tree["submodels"].([]any)
		var kept []any
		for _, x := range list {
			if aas.FirstKey(x) != sm {
				kept = append(kept, x)
			}
		}
		if len(kept) == len(list) {
			return nil, store.ErrNotFound
		}
		out := clone(tree)
		if out["submodels"] = kept; len(kept) == 0 {
			delete(out, "submodels")
		}
		return out, nil
	})
	return nil, err
}

package twin

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"

	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/kernel/store"
)

// elementRoutes adds the operations on the elements of a submodel.
func (d *door) elementRoutes(one string) {
	list := one + "/submodel-elements"
	d.handle("GET "+list, d.elements(func(doc *Document, p string, e aas.Object, s aas.Shape) (any, bool) { return aas.Shaped(e, s), true }))
	d.handle("GET "+list+"/$metadata", d.elements(func(doc *Document, p string, e aas.Object, s aas.Shape) (any, bool) { return aas.Metadata(e) }))
	d.handle("GET "+list+"/$value", d.elements(func(doc *Document, p string, e aas.Object, s aas.Shape) (any, bool) {
		v, ok := aas.Value(e, s)
		return aas.Object{p: v}, ok
	}))
	d.handle("GET "+list+"/$reference", d.elements(func(doc *Document, p string, e aas.Object, s aas.Shape) (any, bool) {
		return aas.ElementReference(doc.ID, []aas.Step{{Name: p}}, []aas.Object{doc.Tree}, e), true
	}))
	d.handle("GET "+list+"/$path", d.submodel(func(c *call, doc *Document, s aas.Shape) (any, error) {
		page, err := c.page()
		if err != nil {
			return nil, err
		}
		all := []any{}
		for _, p := range pathsOf(doc.Tree, "", s) {
			all = append(all, p)
		}
		items, next, err := window(all, page)
		return paged(items, next, err)
	}))
	d.handle("POST "+list, func(c *call) (any, error) { return c.addElement(nil) })
	at := list + "/{path}"
	d.handle("GET "+at, d.element(func(c *call, f *found, s aas.Shape) (any, error) { return aas.Shaped(f.element, s), nil }))
	d.handle("GET "+at+"/$metadata", d.element(func(c *call, f *found, s aas.Shape) (any, error) {
		v, ok := aas.Metadata(f.element)
		return given(v, ok, f)
	}))
	d.handle("GET "+at+"/$value", d.element(func(c *call, f *found, s aas.Shape) (any, error) {
		v, ok := aas.Value(f.element, s)
		return given(v, ok, f)
	}))
	d.handle("GET "+at+"/$reference", d.element(func(c *call, f *found, s aas.Shape) (any, error) {
		return aas.ElementReference(f.doc.ID, f.steps, f.way, f.element), nil
	}))
	d.handle("GET "+at+"/$path", d.element(func(c *call, f *found, s aas.Shape) (any, error) {
		switch f.element["modelType"] {
		case "SubmodelElementCollection", "SubmodelElementList", "Entity":
			return pathsOf(f.element, c.PathValue("path"), s), nil
		}
		return given(nil, false, f)
	}))
	d.handle("GET "+at+"/attachment", d.element(func(c *call, f *found, s aas.Shape) (any, error) {
		name, _ := f.element["value"].(string)
		if f.element["modelType"] != "File" {
			return given(nil, false, f)
		}
		if name == "" {
			return nil, store.ErrNotFound
		}
		return c.file(aas.Submodel, f.doc.ID, name)
	}))
	d.handle("POST "+at, func(c *call) (any, error) {
		steps, err := aas.ParsePath(c.PathValue("path"))
		if err != nil {
			return nil, err
		}
		return c.addElement(steps)
	})
	d.handle("PUT "+at, (*call).putElement)
	d.handle("PATCH "+at+"/$value", (*call).putValue)
	d.handle("DELETE "+at, (*call).removeElement)
	d.handle("PUT "+at+"/attachment", (*call).putAttachment)
	d.handle("DELETE "+at+"/attachment", (*call).removeAttachment)
}

// given is what an element's kind has, or the refusal where it has none.
func given(v any, ok bool, f *found) (any, error) {
	if ok {
		return v, nil
	}
	kind, _ := f.element["modelType"].(string)
	return nil, &aas.Fault{Path: "idShortPath", Value: kind, Rule: aas.RuleKind, Message: "elements of this kind have none"}
}

// elements answers a page of the elements that stand directly in the submodel.
func (d *door) elements(show func(doc *Document, name string, e aas.Object, s aas.Shape) (any, bool)) handler {
	return d.submodel(func(c *call, doc *Document, s aas.Shape) (any, error) {
		page, err := c.page()
		if err != nil {
			return nil, err
		}
		list, next, err := window(aas.Children(doc.Tree), page)
		out := make([]any, 0, len(list))
		for _, x := range list {
			e, _ := x.(aas.Object)
			name, _ := e["idShort"].(string)
			if v, ok := show(doc, name, e, s); ok {
				out = append(out, v)
			}
		}
		return paged(out, next, err)
	})
}

// found is an element that the path names.
type found struct {
	doc     *Document
	steps   []aas.Step
	way     []aas.Object
	element aas.Object
}

func (d *door) element(show func(c *call, f *found, s aas.Shape) (any, error)) handler {
	return d.submodel(func(c *call, doc *Document, s aas.Shape) (any, error) {
		steps, err := aas.ParsePath(c.PathValue("path"))
		if err != nil {
			return nil, err
		}
		e, way, ok := aas.Find(doc.Tree, steps)
		if !ok {
			return nil, store.ErrNotFound
		}
		return show(c, &found{doc, steps, way, e}, s)
	})
}

// edit changes the submodel that the path names.
func (c *call) edit(do func(aas.Object) (aas.Object, error)) error {
	if err := c.referred(); err != nil {
		return err
	}
	id, err := c.id("sm")
	if err != nil {
		return err
	}
	w, err := c.way()
	if err != nil {
		return err
	}
	_, err = c.s.Edit(c.Context(), c.scope, aas.Submodel, id, w, do)
	return err
}

func (c *call) elementBody() (aas.Object, error) {
	b, err := c.body()
	if err != nil {
		return nil, err
	}
	return aas.Tree(b)
}

// addElement adds an element to the submodel, or into the element at steps.
func (c *call) addElement(steps []aas.Step) (any, error) {
	e, err := c.elementBody()
	if err != nil {
		return nil, err
	}
	name, _ := e["idShort"].(string)
	err = c.edit(func(tree aas.Object) (aas.Object, error) {
		parent, _, ok := aas.Find(tree, steps)
		if !ok {
			return nil, store.ErrNotFound
		}
		next := aas.Step{Name: name}
		if parent["modelType"] == "SubmodelElementList" {
			next = aas.Step{Index: len(aas.Children(parent))}
		} else if name == "" {
			return nil, &aas.Fault{Path: "idShort", Rule: "AASd-117", Message: "an element that does not stand in a list has an idShort"}
		}
		path := append(slices.Clone(steps), next)
		if _, _, taken := aas.Find(tree, path); taken {
			return nil, ErrExists.At("body.idShort", name)
		}
		out, ok := aas.Put(tree, path, e)
		if !ok {
			return nil, &aas.Fault{Path: "idShortPath", Value: c.PathValue("path"), Rule: aas.RuleKind, Message: "nothing can stand in an element of this kind"}
		}
		return out, nil
	})
	if err != nil {
		return nil, err
	}
	return c.created(e, "submodels", c.PathValue("sm"), "submodel-elements")
}

func (c *call) putElement() (any, error) {
	steps, err := aas.ParsePath(c.PathValue("path"))
	if err != nil {
		return nil, err
	}
	e, err := c.elementBody()
	if err != nil {
		return nil, err
	}
	if last := steps[len(steps)-1]; last.Name != "" && e["idShort"] != last.Name {
		name, _ := e["idShort"].(string)
		return nil, &aas.Fault{Path: "idShort", Value: clip(name), Rule: aas.RuleInvariant, Message: "the element's idShort is another than that of the path"}
	}
	return nil, c.edit(func(tree aas.Object) (aas.Object, error) {
		out, ok := aas.Put(tree, steps, e)
		if !ok {
			return nil, store.ErrNotFound
		}
		return out, nil
	})
}

// putValue changes the value of a Property: text, number or truth, or null to take it away.
func (c *call) putValue() (any, error) {
	steps, err := aas.ParsePath(c.PathValue("path"))
	if err != nil {
		return nil, err
	}
	b, err := c.body()
	if err != nil {
		return nil, err
	}
	word, err := scalarOf(b)
	if err != nil {
		return nil, err
	}
	return nil, c.edit(func(tree aas.Object) (aas.Object, error) {
		e, _, ok := aas.Find(tree, steps)
		if !ok {
			return nil, store.ErrNotFound
		}
		if e["modelType"] != "Property" {
			_, err := given(nil, false, &found{element: e})
			return nil, err
		}
		e = clone(e)
		if e["value"] = word; word == nil {
			delete(e, "value")
		}
		out, _ := aas.Put(tree, steps, e)
		return out, nil
	})
}

// scalarOf reads a JSON text, number or truth as the metamodel writes it; nil for null.
func scalarOf(b []byte) (any, error) {
	var v json.RawMessage
	if err := json.Unmarshal(b, &v); err != nil || len(v) == 0 || v[0] == '{' || v[0] == '[' {
		return nil, malformed("body", string(b[:min(len(b), 100)]), "a value is a JSON text, number, truth or null")
	}
	if string(v) == "null" {
		return nil, nil
	}
	if v[0] == '"' {
		var s string
		err := json.Unmarshal(v, &s)
		return s, err
	}
	return string(v), nil
}

func (c *call) removeElement() (any, error) {
	steps, err := aas.ParsePath(c.PathValue("path"))
	if err != nil {
		return nil, err
	}
	return nil, c.edit(func(tree aas.Object) (aas.Object, error) {
		out, ok := aas.Remove(tree, steps)
		if !ok {
			return nil, store.ErrNotFound
		}
		return out, nil
	})
}

// upload reads a file: the one of a form, or the body itself.
func (c *call) upload() (name, media string, content []byte, err error) {
	kind, _, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil {
		return "", "", nil, malformed("header.Content-Type", c.Header.Get("Content-Type"), "a file comes with its media type")
	}
	c.Body = http.MaxBytesReader(c.w, c.Body, MaxFile)
	if kind != "multipart/form-data" {
		content, err = c.body()
		return "file", kind, content, err
	}
	if err := c.ParseMultipartForm(4 << 20); err != nil {
		return "", "", nil, malformed("body", "", "the form cannot be read")
	}
	defer func() { _ = c.MultipartForm.RemoveAll() }()
	f, h, err := c.FormFile("file")
	if err != nil {
		return "", "", nil, malformed("body.file", "", "the form has no file")
	}
	defer f.Close()
	if name = c.FormValue("fileName"); name == "" {
		name = h.Filename
	}
	if media, _, err = mime.ParseMediaType(h.Header.Get("Content-Type")); err != nil {
		media = "application/octet-stream"
	}
	content, err = io.ReadAll(f)
	return name, media, content, err
}

func (c *call) putAttachment() (any, error) {
	name, media, content, err := c.upload()
	if err != nil {
		return nil, err
	}
	return nil, c.attach(name, content, media)
}

func (c *call) removeAttachment() (any, error) { return nil, c.attach("file", nil, "") }

func (c *call) attach(name string, content []byte, media string) error {
	if err := c.referred(); err != nil {
		return err
	}
	id, err := c.id("sm")
	if err != nil {
		return err
	}
	steps, err := aas.ParsePath(c.PathValue("path"))
	if err != nil {
		return err
	}
	return c.s.PutAttachment(c.Context(), c.scope, id, steps, name, content, media, "")
}

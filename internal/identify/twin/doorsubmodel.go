package twin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/kernel/store"
)

// noTime is now.
var noTime time.Time

// submodelRoutes adds the operations on submodels, by themselves or through a shell that refers to them.
func (d *door) submodelRoutes(through string) {
	if through == "" {
		d.handle("GET /submodels", d.everySubmodel(func(doc *Document, s aas.Shape) (any, bool) { return aas.Shaped(doc.Tree, s), true }))
		d.handle("GET /submodels/$metadata", d.everySubmodel(func(doc *Document, s aas.Shape) (any, bool) { return aas.Metadata(doc.Tree) }))
		d.handle("GET /submodels/$value", d.everySubmodel(func(doc *Document, s aas.Shape) (any, bool) { return aas.Value(doc.Tree, s) }))
		d.handle("GET /submodels/$reference", d.everySubmodel(func(doc *Document, s aas.Shape) (any, bool) { return aas.Reference(aas.Submodel, doc.ID), true }))
		d.handle("GET /submodels/$path", (*call).everyPath)
		d.handle("POST /submodels", func(c *call) (any, error) { return c.post(aas.Submodel, "submodels") })
	}
	one := through + "/submodels/{sm}"
	d.handle("GET "+one, d.submodel(func(c *call, doc *Document, s aas.Shape) (any, error) { return aas.Shaped(doc.Tree, s), nil }))
	d.handle("GET "+one+"/$metadata", d.submodel(func(c *call, doc *Document, s aas.Shape) (any, error) {
		v, _ := aas.Metadata(doc.Tree)
		return v, nil
	}))
	d.handle("GET "+one+"/$value", d.submodel(func(c *call, doc *Document, s aas.Shape) (any, error) {
		v, _ := aas.Value(doc.Tree, s)
		return v, nil
	}))
	d.handle("GET "+one+"/$reference", d.submodel(func(c *call, doc *Document, s aas.Shape) (any, error) {
		return aas.Reference(aas.Submodel, doc.ID), nil
	}))
	d.handle("GET "+one+"/$path", d.submodel(func(c *call, doc *Document, s aas.Shape) (any, error) { return pathsOf(doc.Tree, "", s), nil }))
	d.handle("PUT "+one, func(c *call) (any, error) {
		if err := c.referred(); err != nil {
			return nil, err
		}
		return c.put(aas.Submodel, "sm", "submodels")
	})
	d.handle("DELETE "+one, func(c *call) (any, error) {
		if err := c.referred(); err != nil {
			return nil, err
		}
		return c.remove(aas.Submodel, "sm")
	})
	d.elementRoutes(one)
}

// pathsOf is never null.
func pathsOf(e aas.Object, prefix string, s aas.Shape) []string {
	return append([]string{}, aas.Paths(e, prefix, !s.Core)...)
}

// submodels reads the page of submodels that was asked for. A semantic id is base64url of a reference.
func (c *call) submodels() ([]Document, string, error) {
	page, err := c.page()
	if err != nil {
		return nil, "", err
	}
	f := Filter{Short: c.URL.Query().Get("idShort")}
	if s := c.URL.Query().Get("semanticId"); s != "" {
		b, err := identifier("query.semanticId", s)
		if err != nil {
			return nil, "", err
		}
		ref, err := aas.Tree([]byte(b))
		if f.Semantic = aas.FirstKey(ref); err != nil || f.Semantic == "" {
			return nil, "", malformed("query.semanticId", b, "a semantic id is base64url of a reference")
		}
	}
	return c.s.Submodels(c.Context(), c.scope, f, page)
}

func (d *door) everySubmodel(show func(*Document, aas.Shape) (any, bool)) handler {
	return func(c *call) (any, error) {
		shape, err := c.shape()
		if err != nil {
			return nil, err
		}
		docs, next, err := c.submodels()
		out := make([]any, 0, len(docs))
		for i := range docs {
			if v, ok := show(&docs[i], shape); ok {
				out = append(out, v)
			}
		}
		return paged(out, next, err)
	}
}

// everyPath tells the idShort paths of all submodels, so many of them on a page as were asked for. Its cursor is how many paths of
// a submodel have been told, and the cursor of that submodel.
func (c *call) everyPath() (any, error) {
	shape, err := c.shape()
	if err != nil {
		return nil, err
	}
	page, err := c.page()
	if err != nil {
		return nil, err
	}
	told, at := 0, ""
	if page.After != "" {
		before, rest, ok := strings.Cut(page.After, ".")
		if told, err = strconv.Atoi(before); err != nil || !ok || told < 0 {
			return nil, store.ErrCursor
		}
		at = rest
	}
	out := []string{}
	for {
		docs, next, err := c.s.Submodels(c.Context(), c.scope, Filter{}, store.Page{Limit: 1, After: at})
		if err != nil {
			return nil, err
		}
		for i := range docs {
			paths := aas.Paths(docs[i].Tree, "", !shape.Core)
			paths = paths[min(told, len(paths)):]
			if room := page.Rows() - len(out); len(paths) > room {
				return paged(append(out, paths[:room]...), fmt.Sprintf("%d.%s", told+room, at), nil)
			}
			out = append(out, paths...)
		}
		if told, at = 0, next; next == "" {
			return paged(out, "", nil)
		}
	}
}

// referred refuses a submodel that the shell of the path does not refer to.
func (c *call) referred() error {
	if c.PathValue("aas") == "" {
		return nil
	}
	shell, err := c.get(aas.Shell, "aas")
	if err != nil {
		return err
	}
	id, err := c.id("sm")
	if err != nil {
		return err
	}
	if !slices.Contains(aas.Submodels(shell.Tree), id) {
		return fmt.Errorf("submodel %s of shell %s: %w", clip(id), clip(shell.ID), store.ErrNotFound)
	}
	return nil
}

// submodel answers from the submodel that the path names.
func (d *door) submodel(show func(c *call, doc *Document, s aas.Shape) (any, error)) handler {
	return func(c *call) (any, error) {
		shape, err := c.shape()
		if err != nil {
			return nil, err
		}
		if err := c.referred(); err != nil {
			return nil, err
		}
		doc, err := c.get(aas.Submodel, "sm")
		if err != nil {
			return nil, err
		}
		return show(c, &doc, shape)
	}
}

// window is a page of a list that is at hand whole; the cursor is the index of the next.
func window(list []any, page store.Page) (out []any, next string, err error) {
	from := 0
	if page.After != "" {
		if from, err = strconv.Atoi(page.After); err != nil || from < 0 || from > len(list) {
			return nil, "", store.ErrCursor
		}
	}
	to := min(from+page.Rows(), len(list))
	if to < len(list) {
		next = strconv.Itoa(to)
	}
	return list[from:to], next, nil
}

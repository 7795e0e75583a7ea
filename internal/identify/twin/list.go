package twin

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/identify/twin/mirror"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/plant"
)

// Shells lists shells: first those of the plant, then those that are kept for themselves. The cost of a page does not depend on
// how many come before it. Error: store.ErrCursor.
func (s *Service) Shells(ctx context.Context, scope auth.Scope, f Filter, page store.Page) ([]Document, string, error) {
	if f.Short != "" {
		return s.shellsCalled(ctx, scope, f, page)
	}
	return s.list(ctx, scope, aas.Shell, f, page, func(ctx context.Context, after string) ([]Document, string, error) {
		nodes, next, err := s.o.Plant.Nodes(ctx, scope, plant.Filter{}, store.Page{Limit: page.Rows(), After: after})
		if err != nil {
			return nil, "", err
		}
		docs, err := s.shellsOf(ctx, scope, nodes)
		return docs, next, err
	})
}

// Submodels lists submodels, as Shells does. A page may hold fewer than were asked for: those of a machine come together, but
// for pages of fewer than four.
func (s *Service) Submodels(ctx context.Context, scope auth.Scope, f Filter, page store.Page) ([]Document, string, error) {
	return s.list(ctx, scope, aas.Submodel, f, page, func(ctx context.Context, after string) ([]Document, string, error) {
		return s.submodelsOfPlant(ctx, scope, f, page.Rows(), after)
	})
}

// Concepts lists concept descriptions.
func (s *Service) Concepts(ctx context.Context, scope auth.Scope, f Filter, page store.Page) ([]Document, string, error) {
	return s.storedDocuments(ctx, scope, aas.Concept, f, page)
}

// Cursors of lists that go over the plant first say in which part they are.
const (
	inPlant = "p"
	inStore = "s"
)

// list tells a page of the plant's, or, where those have ended, of what is kept.
func (s *Service) list(ctx context.Context, scope auth.Scope, kind Kind, f Filter, page store.Page, ofPlant func(ctx context.Context, after string) ([]Document, string, error)) ([]Document, string, error) {
	where, after := inPlant, ""
	if page.After != "" {
		where, after = page.After[:1], page.After[1:]
	}
	var docs []Document
	switch where {
	case inPlant:
		list, next, err := ofPlant(ctx, after)
		if err != nil {
			return nil, "", err
		}
		if next != "" {
			return list, inPlant + next, nil
		}
		if docs = list; len(docs) >= page.Rows() {
			return s.orEnd(ctx, scope, kind, f, docs)
		}
		after = ""
	case inStore:
	default:
		return nil, "", store.ErrCursor
	}
	more, next, err := s.storedDocuments(ctx, scope, kind, f, store.Page{Limit: page.Rows() - len(docs), After: after})
	if err != nil {
		return nil, "", err
	}
	if next != "" {
		next = inStore + next
	}
	return append(docs, more...), next, nil
}

// orEnd ends a page that the plant's last ones have filled: it says that more follow where something is kept.
func (s *Service) orEnd(ctx context.Context, scope auth.Scope, kind Kind, f Filter, docs []Document) ([]Document, string, error) {
	first, _, err := s.storedList(ctx, scope, kind, f, store.Page{Limit: 1})
	if err != nil || len(first) == 0 {
		return docs, "", err
	}
	return docs, inStore, nil
}

func (s *Service) storedDocuments(ctx context.Context, scope auth.Scope, kind Kind, f Filter, page store.Page) ([]Document, string, error) {
	items, next, err := s.storedList(ctx, scope, kind, f, page)
	if err != nil {
		return nil, "", err
	}
	docs := make([]Document, len(items))
	for i := range items {
		if docs[i], err = parsed(items[i]); err != nil {
			return nil, "", err
		}
	}
	return docs, next, nil
}

// shellsOf works the shells of nodes out, with one look for what stands beside them.
func (s *Service) shellsOf(ctx context.Context, scope auth.Scope, nodes []plant.Node) ([]Document, error) {
	things := make([]uuid.UUID, len(nodes))
	for i := range nodes {
		things[i] = nodes[i].ID
	}
	beside, err := s.beside(ctx, scope, things, time.Time{})
	if err != nil {
		return nil, err
	}
	docs := make([]Document, len(nodes))
	for i := range nodes {
		if docs[i], err = s.withBeside(s.known(nodes[i]), mirror.Shell, beside, time.Time{}); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

// shellsCalled lists the shells with an idShort.
func (s *Service) shellsCalled(ctx context.Context, scope auth.Scope, f Filter, page store.Page) ([]Document, string, error) {
	docs, next, err := s.storedDocuments(ctx, scope, aas.Shell, f, page)
	if err != nil || page.After != "" {
		return docs, next, err
	}
	if id, ok := mirror.ParseShort(f.Short); ok {
		d, err := s.Document(ctx, scope, aas.Shell, mirror.ID(id, mirror.Shell), time.Time{})
		if err == nil && d.Tree["idShort"] == f.Short {
			docs = append([]Document{d}, docs...)
		} else if err := unlessMissing(err); err != nil {
			return nil, "", err
		}
	}
	return docs, next, nil
}

// most is the greatest number of submodels that a thing has.
const most = 4

// submodelsOfPlant lists the submodels of things. after is how many of the first thing have been told, and the plant's cursor.
func (s *Service) submodelsOfPlant(ctx context.Context, scope auth.Scope, f Filter, rows int, after string) ([]Document, string, error) {
	told, cursor := 0, ""
	if after != "" {
		before, rest, ok := strings.Cut(after, ".")
		n, err := strconv.Atoi(before)
		if !ok || err != nil || n < 0 || n >= most {
			return nil, "", store.ErrCursor
		}
		told, cursor = n, rest
	}
	things, next, err := s.o.Plant.Nodes(ctx, scope, plant.Filter{}, store.Page{Limit: max(1, rows/most), After: cursor})
	if err != nil {
		return nil, "", err
	}
	var docs []Document
	for i := range things {
		of, err := s.submodelsOf(ctx, scope, &things[i])
		if err != nil {
			return nil, "", err
		}
		docs = append(docs, of...)
	}
	docs = docs[min(told, len(docs)):]
	if len(docs) > rows {
		return wanted(docs[:rows], f), fmt.Sprintf("%d.%s", told+rows, cursor), nil
	}
	if next != "" {
		next = "0." + next
	}
	return wanted(docs, f), next, nil
}

func (s *Service) submodelsOf(ctx context.Context, scope auth.Scope, n *plant.Node) ([]Document, error) {
	t, err := s.thing(ctx, scope, n.ID, time.Time{}, true)
	if err != nil {
		return nil, err
	}
	beside, err := s.beside(ctx, scope, []uuid.UUID{n.ID}, time.Time{})
	if err != nil {
		return nil, err
	}
	var docs []Document
	for _, p := range mirror.Of(n.Kind) {
		d, err := s.withBeside(t, p, beside, time.Time{})
		if err != nil {
			return nil, err
		}
		docs = append(docs, d)
	}
	return docs, nil
}

func wanted(docs []Document, f Filter) (out []Document) {
	for _, d := range docs {
		semantic := aas.FirstKey(d.Tree["semanticId"])
		if (f.Short == "" || d.Tree["idShort"] == f.Short) && (f.Semantic == "" || semantic == f.Semantic) {
			out = append(out, d)
		}
	}
	return out
}

// Lookup lists the ids of the shells whose assets are known under all of some names; without names, of all. Error:
// store.ErrCursor.
func (s *Service) Lookup(ctx context.Context, scope auth.Scope, ids []aas.AssetID, page store.Page) ([]string, string, error) {
	if len(ids) == 0 {
		docs, next, err := s.Shells(ctx, scope, Filter{}, page)
		return shellIDs(docs), next, err
	}
	out, next, err := s.storedShells(ctx, scope, ids, page)
	if err != nil || page.After != "" {
		return out, next, err
	}
	for _, id := range ids {
		thing, ok := thingCalled(id)
		if !ok {
			continue
		}
		d, err := s.Document(ctx, scope, aas.Shell, mirror.ID(thing, mirror.Shell), time.Time{})
		if err := unlessMissing(err); err != nil {
			return nil, "", err
		}
		if err == nil && hasAll(aas.AssetIDs(d.Tree), ids) {
			return append([]string{d.ID}, without(out, d.ID)...), next, nil
		}
		break // an asset has one id in the plant: another thing cannot match as well
	}
	return out, next, nil
}

// thingCalled finds the thing of the plant that an asset id names by itself.
func thingCalled(id aas.AssetID) (uuid.UUID, bool) {
	switch id.Name {
	case aas.GlobalAssetID:
		return mirror.ParseAssetID(id.Value)
	case mirror.MachineID:
		thing, err := uuid.Parse(id.Value)
		return thing, err == nil && thing.String() == id.Value
	}
	return uuid.Nil, false
}

func hasAll(has, wanted []aas.AssetID) bool {
	known := map[aas.AssetID]bool{}
	for _, id := range has {
		known[id] = true
	}
	for _, id := range wanted {
		if !known[id] {
			return false
		}
	}
	return true
}

func shellIDs(docs []Document) []string {
	out := make([]string, len(docs))
	for i := range docs {
		out[i] = docs[i].ID
	}
	return out
}

func without(list []string, word string) (out []string) {
	seen := map[string]bool{word: true}
	for _, w := range list {
		if !seen[w] {
			seen[w], out = true, append(out, w)
		}
	}
	return out
}

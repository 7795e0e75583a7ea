package twin

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/identify/twin/aasx"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// Imported says what an import has stored.
type Imported struct {
	Documents []ImportedDocument `json:"documents" nullable:"false"`
	Files     int                `json:"files"`
	Warnings  []aas.Fault        `json:"warnings" nullable:"false" doc:"Rules of the metamodel that are broken in what was stored"`
}

// ImportedDocument is one of them.
type ImportedDocument struct {
	Kind    Kind   `json:"kind"`
	ID      string `json:"id"`
	Version int64  `json:"version"`
}

// ImportPackage stores what an AASX package holds, all or nothing. Errors: *aas.Fault and those of Put.
func (s *Service) ImportPackage(ctx context.Context, scope auth.Scope, p *aasx.Package, w Way) (out Imported, err error) {
	var items []Item
	err = s.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if items, err = s.Import(ctx, scope, p.Documents, w); err != nil {
			return err
		}
		for _, d := range p.Documents {
			for _, f := range filesOf(p, d) {
				if err := s.keepFile(ctx, tx, scope, d.Kind, d.ID, f); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return Imported{}, err
	}
	out = Imported{Documents: make([]ImportedDocument, len(items)), Files: len(p.Files), Warnings: []aas.Fault{}}
	for i, x := range items {
		out.Documents[i] = ImportedDocument{x.Kind, x.ID, x.Version}
	}
	for _, d := range p.Documents {
		out.Warnings = append(out.Warnings, d.Warnings...)
	}
	return out, nil
}

// filesOf are the files of a package that a document names.
func filesOf(p *aasx.Package, d *aas.Document) (out []aasx.File) {
	named := map[string]bool{}
	namedIn(d.Tree, named)
	for _, f := range p.Files {
		if named[f.Path] {
			out = append(out, f)
		}
	}
	if t := p.Thumbnail; t != nil && d.Kind == aas.Shell {
		info, _ := d.Tree["assetInformation"].(aas.Object)
		thumb, _ := info["defaultThumbnail"].(aas.Object)
		if was, _ := thumb["path"].(string); was == t.Path {
			out = append(out, *t)
		}
	}
	return out
}

// namedIn gathers the paths that File elements and thumbnails name.
func namedIn(v any, out map[string]bool) {
	switch v := v.(type) {
	case aas.Object:
		if s, ok := v["value"].(string); ok && v["modelType"] == "File" {
			out[s] = true
		}
		if s, ok := v["path"].(string); ok {
			out[s] = true
		}
		for _, x := range v {
			namedIn(x, out)
		}
	case []any:
		for _, x := range v {
			namedIn(x, out)
		}
	}
}

// maxTogether bounds the documents of one answer.
const maxTogether = 5000

// Together gathers shells with the submodels they refer to, submodels, and the concept descriptions they use where concepts is
// true, with the files beside them. Without ids it is everything, up to a bound. Errors: store.ErrNotFound, ErrLarge.
func (s *Service) Together(ctx context.Context, scope auth.Scope, shells, submodels []string, concepts bool) (*aasx.Package, error) {
	g := &gathering{s: s, scope: scope, seen: map[string]bool{}, out: &aasx.Package{}}
	if len(shells) == 0 && len(submodels) == 0 {
		return g.out, g.everything(ctx, concepts)
	}
	for _, id := range shells {
		d, err := s.Document(ctx, scope, aas.Shell, id, time.Time{})
		if err != nil {
			return nil, err
		}
		if err := g.shell(ctx, d); err != nil {
			return nil, err
		}
	}
	for _, id := range submodels {
		if err := g.find(ctx, aas.Submodel, id, true); err != nil {
			return nil, err
		}
	}
	if concepts {
		for id := range g.concepts() {
			if err := g.find(ctx, aas.Concept, id, false); err != nil {
				return nil, err
			}
		}
	}
	return g.out, nil
}

type gathering struct {
	s     *Service
	scope auth.Scope
	seen  map[string]bool
	out   *aasx.Package
}

func (g *gathering) everything(ctx context.Context, concepts bool) error {
	lists := []func(context.Context, auth.Scope, Filter, store.Page) ([]Document, string, error){g.s.Shells, g.s.Submodels}
	if concepts {
		lists = append(lists, g.s.Concepts)
	}
	for _, list := range lists {
		err := store.Each(func(p store.Page) ([]Document, string, error) { return list(ctx, g.scope, Filter{}, p) }, func(d Document) error { return g.add(ctx, d) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (g *gathering) shell(ctx context.Context, d Document) error {
	if err := g.add(ctx, d); err != nil {
		return err
	}
	for _, id := range aas.Submodels(d.Tree) { // one that another server has is left out
		if err := g.find(ctx, aas.Submodel, id, false); err != nil {
			return err
		}
	}
	return nil
}

func (g *gathering) find(ctx context.Context, kind Kind, id string, must bool) error {
	d, err := g.s.Document(ctx, g.scope, kind, id, time.Time{})
	if err != nil {
		if must {
			return err
		}
		return unlessMissing(err)
	}
	return g.add(ctx, d)
}

func (g *gathering) add(ctx context.Context, d Document) error {
	if key := string(d.Kind) + d.ID; g.seen[key] {
		return nil
	} else {
		g.seen[key] = true
	}
	if len(g.out.Documents) >= maxTogether {
		return ErrLarge.With("max", maxTogether)
	}
	doc, err := aas.OfTree(d.Kind, d.Tree)
	if err != nil {
		return err
	}
	g.out.Documents = append(g.out.Documents, doc)
	if d.Kind == aas.Concept || g.s.o.Files == nil {
		return nil
	}
	list, err := g.s.files(ctx, g.scope, d.Kind, d.ID)
	if err != nil {
		return err
	}
	for _, f := range list {
		if err := g.file(d, f); err != nil {
			return err
		}
	}
	return nil
}

// file adds a file once; the first shell's thumbnail is the package's.
func (g *gathering) file(d Document, f File) error {
	if g.seen["file "+f.Path] {
		return nil
	}
	g.seen["file "+f.Path] = true
	b, err := g.s.o.Files.ReadAll(f.blob, MaxFile)
	if err != nil {
		return err
	}
	x := aasx.File{Path: f.Path, MediaType: f.Media, Content: b}
	info, _ := d.Tree["assetInformation"].(aas.Object)
	if t, _ := info["defaultThumbnail"].(aas.Object); d.Kind == aas.Shell && g.out.Thumbnail == nil && t["path"] == f.Path {
		g.out.Thumbnail = &x
		return nil
	}
	g.out.Files = append(g.out.Files, x)
	return nil
}

// concepts are the ids that semantic ids of what was gathered name.
func (g *gathering) concepts() map[string]bool {
	out := map[string]bool{}
	for _, d := range g.out.Documents {
		semanticsIn(d.Tree, out)
	}
	return out
}

func semanticsIn(v any, out map[string]bool) {
	switch v := v.(type) {
	case aas.Object:
		if id := aas.FirstKey(v["semanticId"]); id != "" {
			out[id] = true
		}
		for _, x := range v {
			semanticsIn(x, out)
		}
	case []any:
		for _, x := range v {
			semanticsIn(x, out)
		}
	}
}

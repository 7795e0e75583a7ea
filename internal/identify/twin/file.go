package twin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/identify/twin/aasx"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/store"
)

// MaxFile bounds a file beside a document, in bytes.
const MaxFile = 32 << 20

// File is one that stands beside a document.
type File struct {
	Path  string // as File elements of the document name it
	Media string
	Size  int64
	blob  blob.ID
}

type fileRow struct {
	bun.BaseModel `bun:"table:twin_file,alias:f"`

	Item   uuid.UUID `bun:"item,pk"`
	Path   string    `bun:"path,pk"`
	Number int64     `bun:"number,pk"`
	Org    uuid.UUID
	Blob   string
	Media  string
	Size   int64
	Actor  string
	At     int64
}

// files lists the files beside a document as they are now.
func (s *Service) files(ctx context.Context, scope auth.Scope, kind Kind, id string) (out []File, err error) {
	var rows []fileRow
	q := s.o.DB.In(ctx).NewSelect().Model(&rows).Join("JOIN twin_item AS i ON i.item = f.item").
		Where("i.kind = ? AND i.digest = ?", kind, digest(id)).
		Where("f.number = (SELECT MAX(g.number) FROM twin_file AS g WHERE g.item = f.item AND g.path = f.path)").OrderExpr("f.path")
	if err := scope.Where(q, "f.org").Scan(ctx); err != nil {
		return nil, wrap("list files", err)
	}
	for _, r := range rows {
		if r.Blob != "" {
			out = append(out, File{r.Path, r.Media, r.Size, blob.ID(r.Blob)})
		}
	}
	return out, nil
}

// ReadFile returns a file beside a document. Error: store.ErrNotFound.
func (s *Service) ReadFile(ctx context.Context, scope auth.Scope, kind Kind, id, name string) (File, []byte, error) {
	list, err := s.files(ctx, scope, kind, id)
	if err != nil {
		return File{}, nil, err
	}
	for _, f := range list {
		if f.Path == name {
			b, err := s.o.Files.ReadAll(f.blob, MaxFile)
			return f, b, err
		}
	}
	return File{}, nil, fmt.Errorf("file %s of %s: %w", clip(name), clip(id), store.ErrNotFound)
}

// keepFile keeps a file beside a document that has been stored. content nil takes it away.
func (s *Service) keepFile(ctx context.Context, tx bun.Tx, scope auth.Scope, kind Kind, id string, f aasx.File) error {
	if err := aasx.CheckPath(f.Path); err != nil {
		return err
	}
	var row itemRow
	if err := scope.Where(tx.NewSelect().Model(&row).Where("i.kind = ? AND i.digest = ?", kind, digest(id)), "i.org").Scan(ctx); err != nil {
		return wrap("find what a file stands beside", err)
	}
	actor, err := json.Marshal(auth.ActorOf(scope.Principal()))
	if err != nil {
		return err
	}
	r := fileRow{Item: row.Item, Path: f.Path, Org: row.Org, Media: f.MediaType, Actor: string(actor), At: s.o.Now().UnixNano()}
	if f.Content != nil {
		info, err := s.o.Files.Put(ctx, bytes.NewReader(f.Content), MaxFile)
		if err != nil {
			return fmt.Errorf("keep file %s: %w", clip(f.Path), err)
		}
		r.Blob, r.Size = string(info.ID), info.Size
	}
	var last []fileRow
	if err := tx.NewSelect().Model(&last).Where("f.item = ? AND f.path = ?", row.Item, f.Path).OrderExpr("f.number DESC").Limit(1).Scan(ctx); err != nil {
		return wrap("look for a file", err)
	}
	if len(last) > 0 {
		if r.Number = last[0].Number; last[0].Blob == r.Blob && last[0].Media == r.Media {
			return nil
		}
	}
	r.Number++
	if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
		return wrap("keep a file", err)
	}
	after := map[string]any{"id": id, "path": f.Path, "media": r.Media, "size": r.Size, "object": r.Blob}
	return audit.Record(ctx, tx, scope.Act(ctx, s.o.Now(), "twin.file.put", audit.Object{Kind: "twin." + string(kind), ID: row.Item.String(), Name: clip(id)}, nil, after))
}

// PutThumbnail gives a shell its picture; nil takes it away.
func (s *Service) PutThumbnail(ctx context.Context, scope auth.Scope, id string, content []byte, media, reason string) error {
	return s.withFile(ctx, scope, aas.Shell, id, aasx.File{Path: thumbnailPath(id, media), MediaType: media, Content: content}, reason, func(tree aas.Object) (aas.Object, error) {
		info, _ := tree["assetInformation"].(aas.Object)
		info = clone(info)
		delete(info, "defaultThumbnail")
		if content != nil {
			info["defaultThumbnail"] = aas.Object{"path": thumbnailPath(id, media), "contentType": media}
		}
		out := clone(tree)
		out["assetInformation"] = info
		return out, nil
	})
}

func thumbnailPath(id, media string) string {
	ending := "png"
	if _, sub, ok := strings.Cut(media, "/"); ok && len(sub) <= 5 {
		ending = strings.ToLower(sub)
	}
	return "/aasx/thumbnails/" + digest(id) + "." + ending
}

// PutAttachment gives a File element its content.
func (s *Service) PutAttachment(ctx context.Context, scope auth.Scope, id string, steps []aas.Step, name string, content []byte, media, reason string) error {
	p := "/aasx/files/" + digest(id) + "/" + path.Base("/"+name)
	return s.withFile(ctx, scope, aas.Submodel, id, aasx.File{Path: p, MediaType: media, Content: content}, reason, func(tree aas.Object) (aas.Object, error) {
		e, _, ok := aas.Find(tree, steps)
		if !ok {
			return nil, store.ErrNotFound
		}
		if e["modelType"] != "File" {
			return nil, &aas.Fault{Path: "idShortPath", Value: fmt.Sprint(e["modelType"]), Rule: aas.RuleKind, Message: "only a File element has an attachment"}
		}
		e = clone(e)
		delete(e, "value")
		if content != nil {
			e["value"], e["contentType"] = p, media
		}
		out, _ := aas.Put(tree, steps, e)
		return out, nil
	})
}

func (s *Service) withFile(ctx context.Context, scope auth.Scope, kind Kind, id string, f aasx.File, reason string, edit func(aas.Object) (aas.Object, error)) error {
	return s.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := s.Edit(ctx, scope, kind, id, Way{Lenient: true, Reason: reason}, edit); err != nil {
			return err
		}
		return s.keepFile(ctx, tx, scope, kind, id, f)
	})
}

func clone(o aas.Object) aas.Object {
	out := make(aas.Object, len(o)+1)
	for k, v := range o {
		out[k] = v
	}
	return out
}

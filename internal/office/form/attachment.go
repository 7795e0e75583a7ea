package form

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/store"
)

// Bounds of attachments.
const (
	maxTotal    = 60 << 20 // of a draft, together
	maxFileName = 200      // characters
)

// Attach puts a file to a draft. What it is is found out from its content. Errors: ErrKind, ErrFileName, ErrFileEmpty, ErrFileType,
// ErrFileSize, ErrFileCount, ErrFileTotal, ErrFileTwice, ErrOthers, ErrEnded.
func (s *Service) Attach(ctx context.Context, id uuid.UUID, kind, name string, data []byte) (Attachment, error) {
	d, _, err := s.find(ctx, s.o.DB, id)
	if err != nil {
		return Attachment{}, err
	}
	f, err := s.form(ctx, &d)
	if err != nil {
		return Attachment{}, err
	}
	p := f.paper(kind)
	if p == nil {
		var ids []string
		for _, p := range f.Papers {
			ids = append(ids, p.ID)
		}
		return Attachment{}, ErrKind.At("query.kind", kind).With("kinds", strings.Join(ids, ", "))
	}
	media, err := p.check(name, data)
	if err != nil {
		return Attachment{}, err
	}
	s.files.RLock()
	defer s.files.RUnlock()
	info, err := s.o.Blobs.Put(ctx, bytes.NewReader(data), fact.MaxDocument)
	if err != nil {
		return Attachment{}, fmt.Errorf("store an attachment: %w", err)
	}
	a := Attachment{ID: uuid.Must(uuid.NewV7()), Kind: kind, Name: name, Media: media, Size: info.Size, Blob: string(info.ID)}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		d, scope, err := s.find(ctx, tx, id)
		if err == nil {
			err = d.mine(scope)
		}
		if err != nil {
			return err
		}
		count, total := 0, a.Size
		for _, x := range d.Attachments {
			if x.Kind == kind {
				count++
			}
			if x.Kind == kind && x.Blob == a.Blob {
				return ErrFileTwice.At("query.name", name).With("name", x.Name)
			}
			total += x.Size
		}
		if count >= p.MaxCount {
			return ErrFileCount.At("query.kind", kind).With("max", p.MaxCount)
		}
		if total > maxTotal {
			return ErrFileTotal.At("query.name", name).With("max", size(maxTotal))
		}
		now := s.o.Now()
		row := attachmentRow{ID: a.ID, Draft: id, Kind: kind, Name: name, Media: media, Size: a.Size, Blob: a.Blob, At: now.UnixNano()}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return wrap("attach a file", err)
		}
		e := scope.Act(ctx, now, "form.attachment.add", d.object(), nil, map[string]any{"kind": kind, "name": name, "media": media, "size": a.Size})
		e.Org = d.Org
		return audit.Record(ctx, tx, e)
	})
	return a, err
}

// check finds out what a file is, and whether this kind of paper takes it.
func (p *AttachmentKind) check(name string, data []byte) (media string, err error) {
	if n := len([]rune(name)); n == 0 || n > maxFileName || strings.ContainsAny(name, "/\\") || strings.TrimSpace(name) != name || strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return "", ErrFileName.At("query.name", name).With("max", maxFileName)
	}
	if len(data) == 0 {
		return "", ErrFileEmpty.At("query.name", name)
	}
	if int64(len(data)) > p.MaxBytes {
		return "", ErrFileSize.At("query.name", name).With("max", size(p.MaxBytes)).With("size", size(int64(len(data))))
	}
	media, agrees := fact.Sniff(name, data)
	ending := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	if !agrees || !slices.Contains(p.Types, ending) {
		is := media
		if is == "" {
			is = "?"
		}
		return "", ErrFileType.At("query.name", name).With("is", is).With("allowed", strings.Join(p.Types, ", "))
	}
	return media, nil
}

// size in words, rounded up in the last place that is shown.
func size(n int64) string {
	if n >= 1<<20 {
		tenths := (n*10 + 1<<20 - 1) >> 20
		return fmt.Sprintf("%d.%d MiB", tenths/10, tenths%10)
	}
	return fmt.Sprintf("%d KiB", (n+1023)>>10)
}

// mine tells whether the caller may change a draft.
func (d *Draft) mine(scope auth.Scope) error {
	if d.Person != scope.Principal().ID {
		return ErrOthers.With("who", d.Name)
	}
	if d.State != Open {
		return ErrEnded.With("state", d.State.words())
	}
	return nil
}

// Detach takes a file away from a draft. Errors: store.ErrNotFound, ErrOthers, ErrEnded.
func (s *Service) Detach(ctx context.Context, id, attachment uuid.UUID) error {
	var gone Attachment
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		d, scope, err := s.find(ctx, tx, id)
		if err == nil {
			err = d.mine(scope)
		}
		if err != nil {
			return err
		}
		i := slices.IndexFunc(d.Attachments, func(a Attachment) bool { return a.ID == attachment })
		if i < 0 {
			return fmt.Errorf("attachment %s: %w", attachment, store.ErrNotFound)
		}
		gone = d.Attachments[i]
		if _, err := tx.NewDelete().Model((*attachmentRow)(nil)).Where("id = ?", attachment).Exec(ctx); err != nil {
			return wrap("detach a file", err)
		}
		e := scope.Act(ctx, s.o.Now(), "form.attachment.remove", d.object(), map[string]any{"kind": gone.Kind, "name": gone.Name}, nil)
		e.Org = d.Org
		return audit.Record(ctx, tx, e)
	})
	if err == nil {
		s.drop(ctx, []string{gone.Blob})
	}
	return err
}

// Attachment returns a file of a draft, checked against what was stored. Errors: store.ErrNotFound, ErrFileBroken.
func (s *Service) Attachment(ctx context.Context, id, attachment uuid.UUID) (Attachment, []byte, error) {
	d, _, err := s.find(ctx, s.o.DB, id)
	if err != nil {
		return Attachment{}, nil, err
	}
	i := slices.IndexFunc(d.Attachments, func(a Attachment) bool { return a.ID == attachment })
	if i < 0 {
		return Attachment{}, nil, fmt.Errorf("attachment %s: %w", attachment, store.ErrNotFound)
	}
	data, err := s.read(&d.Attachments[i])
	return d.Attachments[i], data, err
}

func (s *Service) read(a *Attachment) ([]byte, error) {
	data, err := s.o.Blobs.ReadAll(blob.ID(a.Blob), fact.MaxDocument)
	if errors.Is(err, blob.ErrNotFound) || errors.Is(err, blob.ErrDamaged) {
		return nil, ErrFileBroken.With("name", a.Name).Because(err)
	}
	return data, err
}

// drop removes blobs to which no draft refers any more. What fails stays for the next sweep, which finds it no more: it is only room
// on the disk, and is told to the log.
func (s *Service) drop(ctx context.Context, blobs []string) {
	s.files.Lock()
	defer s.files.Unlock()
	for _, id := range blobs {
		n, err := s.o.DB.NewSelect().Model((*attachmentRow)(nil)).Where("a.blob = ?", id).Count(ctx)
		if err == nil && n > 0 {
			continue
		}
		if err == nil {
			err = s.o.Blobs.Remove(blob.ID(id))
		}
		if err != nil && !errors.Is(err, blob.ErrNotFound) {
			s.o.Logger.Warn("an attachment of a draft that is gone stays on the disk", "id", id, "error", err)
		}
	}
}

// digest is a short name for a list of papers in the audit.
func digest(papers []Paper) []string {
	out := make([]string, len(papers))
	for i, p := range papers {
		sum := sha256.Sum256(p.Data)
		out[i] = p.Kind + " " + hex.EncodeToString(sum[:])
	}
	return out
}

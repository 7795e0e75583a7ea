package twin

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/identify/twin/mirror"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// unlessMissing is err, but nil where something is not there.
func unlessMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// Way is how documents are put.
type Way struct {
	Create   bool // there must be none with this id yet
	Existing bool // there must be one
	Lenient  bool // rules of the metamodel may be broken; what is broken is told
	Reason   string
}

// Put stores a new version of a document. Of a document that is worked out from the plant model it stores what that model does
// not say. Errors: *aas.Fault for the first broken rule where it is not lenient, ErrExists, ErrComputed, store.ErrNotFound.
func (s *Service) Put(ctx context.Context, scope auth.Scope, d *aas.Document, w Way) (Item, error) {
	c, err := s.changeOf(ctx, scope, d, w)
	if err != nil {
		return Item{}, err
	}
	out, err := s.commit(ctx, scope, []Change{c}, w.Reason)
	if err != nil {
		return Item{}, err
	}
	return out[0], nil
}

func (s *Service) changeOf(ctx context.Context, scope auth.Scope, d *aas.Document, w Way) (Change, error) {
	if !w.Lenient && len(d.Warnings) > 0 {
		f := d.Warnings[0]
		return Change{}, &f
	}
	thing, part, ok := mirror.ParseID(d.ID)
	if !ok || d.Kind == aas.Concept || (d.Kind == aas.Shell) != (part == mirror.Shell) {
		c := of(d)
		c.Create, c.Existing = w.Create, w.Existing
		return c, nil
	}
	if w.Create {
		if _, err := s.Document(ctx, scope, d.Kind, d.ID, time.Time{}); err == nil {
			return Change{}, ErrExists.At("body.id", d.ID)
		}
	}
	t, err := s.thing(ctx, scope, thing, time.Time{}, true)
	if err != nil {
		return Change{}, err
	}
	computed := s.computed(t, part, time.Time{})
	rest, path := mirror.Besides(computed, d.Tree)
	if path != "" {
		return Change{}, ErrComputed.At("body."+path, nil).With("path", path)
	}
	if _, err := s.judged(d.Kind, mirror.With(computed, rest), w.Lenient); err != nil {
		return Change{}, err
	}
	content, err := aas.Encode(rest)
	if err != nil {
		return Change{}, err
	}
	c := Change{Kind: d.Kind, ID: d.ID, Content: content, Short: d.IDShort, Beside: true, Shell: mirror.ID(thing, mirror.Shell)}
	if d.Kind == aas.Shell {
		c.Assets = aas.AssetIDs(rest)
	} else if serial := mirror.Serial(rest); serial != "" && part == mirror.Nameplate {
		c.Assets = []aas.AssetID{{Name: mirror.SerialNumber, Value: serial}}
	}
	return c, nil
}

// judged reads a tree as a document again.
func (s *Service) judged(kind Kind, tree aas.Object, lenient bool) (*aas.Document, error) {
	d, err := aas.OfTree(kind, tree)
	if err != nil {
		return nil, err
	}
	if !lenient && len(d.Warnings) > 0 {
		f := d.Warnings[0]
		return nil, &f
	}
	return d, nil
}

// Edit changes a document as it is now by a function of its tree, which must not change the tree itself. Nothing comes between
// the look and the change.
func (s *Service) Edit(ctx context.Context, scope auth.Scope, kind Kind, id string, w Way, edit func(aas.Object) (aas.Object, error)) (out Item, err error) {
	err = s.write(ctx, func(ctx context.Context, _ bun.Tx) error {
		now, err := s.Document(ctx, scope, kind, id, time.Time{})
		if err != nil {
			return err
		}
		tree, err := edit(now.Tree)
		if err != nil {
			return err
		}
		d, err := aas.OfTree(kind, tree)
		if err != nil {
			return err
		}
		if d.ID != id {
			return &aas.Fault{Path: "id", Value: clip(d.ID), Rule: aas.RuleInvariant, Message: "the id of a document never changes"}
		}
		out, err = s.Put(ctx, scope, d, Way{Lenient: w.Lenient, Reason: w.Reason})
		return err
	})
	return out, err
}

// Delete ends a document, or takes away what stands beside what the plant model says. Errors: store.ErrNotFound, ErrComputed
// where nothing stands beside.
func (s *Service) Delete(ctx context.Context, scope auth.Scope, kind Kind, id, reason string) error {
	beside := false
	if _, part, ok := mirror.ParseID(id); ok && (kind == aas.Shell) == (part == mirror.Shell) {
		found, err := s.stored(ctx, scope, kind, id)
		if err != nil {
			return err
		}
		if _, beside = found[id]; !beside {
			if _, err := s.Document(ctx, scope, kind, id, time.Time{}); err != nil {
				return err
			}
			return ErrComputed.At("path.id", id).With("path", id)
		}
	}
	_, err := s.commit(ctx, scope, []Change{{Kind: kind, ID: id, Beside: beside}}, reason)
	return err
}

// Import stores many documents, in groups that are one commit each; where one is refused, nothing is stored of any. Documents
// that are there already get new versions. Errors as Put.
func (s *Service) Import(ctx context.Context, scope auth.Scope, docs []*aas.Document, w Way) ([]Item, error) {
	changes := make([]Change, len(docs))
	for i, d := range docs {
		var err error
		if changes[i], err = s.changeOf(ctx, scope, d, w); err != nil {
			return nil, err
		}
	}
	var out []Item
	err := s.write(ctx, func(ctx context.Context, _ bun.Tx) error {
		out = out[:0]
		for len(changes) > len(out) {
			group := changes[len(out):min(len(out)+maxGroup, len(changes))]
			items, err := s.commit(ctx, scope, group, w.Reason)
			if err != nil {
				return err
			}
			out = append(out, items...)
		}
		return nil
	})
	return out, err
}

package search

import (
	"bytes"
	"context"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/office/register"
	"jingwei/internal/office/search"
)

// bare reads the entries' titles alone: the node's own sources are wired in cmd/jingwei.
type bare struct{ room *register.Service }

func (bare) Kind() string              { return "entry" }
func (bare) Rewind(mark string) string { return mark }
func (s bare) Changes(ctx context.Context, mark string, limit int) ([]search.Stamp, string, error) {
	list, err := s.room.Changed(ctx, auth.Everywhere(), 0, uuid.Nil, 1_000_000)
	if mark != "" || err != nil {
		return nil, mark, err
	}
	out := make([]search.Stamp, len(list))
	for i, x := range list {
		out[i] = search.Stamp{ID: x.ID, Revision: x.Revision}
	}
	return out, "read", nil
}

func (s bare) Stamps(ctx context.Context, ids []uuid.UUID) (out []search.Stamp, err error) {
	list, err := s.room.Stamps(ctx, auth.Everywhere(), ids)
	for _, x := range list {
		out = append(out, search.Stamp{ID: x.ID, Revision: x.Revision})
	}
	return out, err
}

func (s bare) Documents(ctx context.Context, ids []uuid.UUID) (out []search.Document, err error) {
	list, err := s.room.ReadFor(ctx, auth.Everywhere(), ids)
	for _, e := range list {
		out = append(out, search.Document{ID: e.ID, Revision: e.Revision, Org: e.Org, Title: search.Part{Class: field.Internal, Text: e.Record["title"].(string)},
			Sights: []search.Sight{{Org: e.Org, Verb: auth.Read, UpTo: field.Internal}}})
	}
	return out, err
}

func TestASmallRunTellsItsFigures(t *testing.T) {
	var out bytes.Buffer
	r, err := Run(t.Context(), Options{Seed: 1, Quick: true, Entries: 300, Queries: 40}, func(room *register.Service) []search.Source { return []search.Source{bare{room}} }, &out)
	if err != nil {
		t.Fatal(err)
	}
	if r.Figures["entries"] != 300 || len(r.Goals) != 1 {
		t.Errorf("%+v\n%s", r, out.String())
	}
}

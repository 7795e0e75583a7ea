package main

import (
	"context"

	"github.com/google/uuid"

	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/store"
	"jingwei/internal/office/flow"
	"jingwei/internal/telemetry/seal"
)

// factual lets sealing ask the room of facts for what was committed (seal.Facts).
type factual struct{ room *fact.Service }

func (f factual) Since(ctx context.Context, commit uint64, limit int) ([]seal.Fact, error) {
	list, err := f.room.CommittedSince(ctx, commit, limit)
	return store.All(list, sealed), err
}

func (f factual) Find(ctx context.Context, id uuid.UUID) (seal.Fact, error) {
	l, err := f.room.FindCommitted(ctx, id)
	return sealed(&l), err
}

func sealed(l *fact.Leaf) seal.Fact {
	s := seal.Fact{ID: l.ID, Subject: l.Subject, Org: l.Org, Commit: l.Commit, At: l.At}
	for _, field := range l.Fields {
		s.Fields = append(s.Fields, seal.Field(field))
	}
	return s
}

// Document lets cases ask for papers that were handed in (flow.Documents).
func (f factual) Document(ctx context.Context, org uuid.UUID, id string) (flow.Document, error) {
	d, err := f.room.Handed(ctx, org, id)
	return flow.Document{ID: string(d.ID), Name: d.Name, Media: d.Media, Size: d.Size}, err
}

// Read gives cases the content of papers (flow.Papers).
func (f factual) Read(ctx context.Context, org uuid.UUID, id string) (flow.Document, []byte, error) {
	d, data, err := f.room.ReadHanded(ctx, org, id)
	return flow.Document{ID: string(d.ID), Name: d.Name, Media: d.Media, Size: d.Size}, data, err
}

var (
	_ flow.Papers    = factual{}
	_ seal.Facts     = factual{}
	_ flow.Documents = factual{}
)

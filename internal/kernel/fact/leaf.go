package fact

import (
	"context"
	"strconv"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
)

// Field is one named text of a leaf.
type Field struct{ Name, Text string }

// Leaf is a committed revision as the evidence log takes it: word for word as it was written down. Nothing of it changes any more.
type Leaf struct {
	ID        uuid.UUID // of the revision
	Subject   uuid.UUID // the fact
	Org       uuid.UUID
	Commit    uint64
	At        int64 // commit time, nanoseconds
	Withdraws bool
	Fields    []Field
}

// Leaf gives the canonical fields of a revision. Their names and order are part of the format (docs/facts.md).
func (f *Fact) Leaf() Leaf {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	return Leaf{ID: f.RevisionID, Subject: f.ID, Org: f.Org, Commit: f.Commit, At: f.At, Withdraws: f.Withdrawn, Fields: []Field{
		{"record", "fact"}, {"id", f.RevisionID.String()}, {"fact", f.ID.String()}, {"revision", n(f.Revision)}, {"org", f.Org.String()},
		{"kind", f.Kind}, {"kind-version", f.KindVersion}, {"source", f.Source}, {"external", f.External},
		{"content", f.content}, {"documents", f.documents}, {"grade", f.Grade.String()}, {"evidence", f.evidence},
		{"since", n(f.Since)}, {"until", n(f.Until)}, {"withdrawn", strconv.FormatBool(f.Withdrawn)}, {"by", f.actor}, {"reason", f.Reason},
		{"commit", strconv.FormatUint(f.Commit, 10)}, {"at", n(f.At)},
	}}
}

// CommittedSince is for the node's own work: revisions of all organisations with greater commit numbers, in order of them. A
// commit number is given in the transaction that writes its revision, one after the other: none that is smaller comes later.
func (s *Service) CommittedSince(ctx context.Context, commit uint64, limit int) ([]Leaf, error) {
	var rows []revisionRow
	q := auth.Everywhere().Where(s.o.DB.NewSelect().Model(&rows).Where("r.commit_number > ?", int64(commit)), "r.org")
	if err := q.OrderExpr("r.commit_number").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, wrap("list committed facts", err)
	}
	out := make([]Leaf, len(rows))
	for i := range rows {
		f, err := s.fact(&rows[i])
		if err != nil {
			return nil, err
		}
		out[i] = f.Leaf()
	}
	return out, nil
}

// FindCommitted is for the node's own work: the revision with this id. Error: store.ErrNotFound.
func (s *Service) FindCommitted(ctx context.Context, id uuid.UUID) (Leaf, error) {
	var r revisionRow
	if err := auth.Everywhere().Where(s.o.DB.NewSelect().Model(&r).Where("r.id = ?", id), "r.org").Scan(ctx); err != nil {
		return Leaf{}, wrap("revision "+id.String(), err)
	}
	f, err := s.fact(&r)
	return f.Leaf(), err
}

package correction

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// CarriedOut is a correction that was carried out, word for word as it was written down. Nothing of it changes any more.
type CarriedOut struct {
	ID, Org, Series, Undoes uuid.UUID
	Kind                    Kind
	Since, Until            int64  // source times, half-open
	Words, By               string // JSON
	At, Basis, Rows         int64
	FirstSeq, LastSeq       int64 // grow from correction to correction
	FirstCommit, LastCommit int64
}

func (r *row) carriedOut() CarriedOut {
	return CarriedOut{ID: r.ID, Org: r.Org, Series: r.Series, Undoes: store.ID(r.Undoes), Kind: Kind(r.Kind), Since: r.Since, Until: r.Until, Words: r.Words, By: r.Actor,
		At: r.At, Basis: r.Basis, Rows: r.RowCount, FirstSeq: r.FirstSeq, LastSeq: r.LastSeq, FirstCommit: r.FirstCommit, LastCommit: r.LastCommit}
}

// AppliedSince is for the node's own work: corrections of all organisations that were carried out, whose LastSeq is greater than
// seq, in order of it. They are carried out in that order, so it never passes over one that is still to come.
func (s *Service) AppliedSince(ctx context.Context, seq uint64, limit int) ([]CarriedOut, error) {
	var rows []row
	q := auth.Everywhere().Where(s.o.DB.NewSelect().Model(&rows).Where("c.first_seq > ?", int64(seq)).Where("c.applied <> 0"), "c.org")
	if err := q.OrderExpr("c.first_seq").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list corrections that were carried out: %w", store.Err(err))
	}
	return store.All(rows, (*row).carriedOut), nil
}

// FindApplied is for the node's own work. Error: store.ErrNotFound.
func (s *Service) FindApplied(ctx context.Context, id uuid.UUID) (CarriedOut, error) {
	r, err := find(ctx, s.o.DB, auth.Everywhere(), id)
	if err == nil && r.Applied == 0 {
		err = fmt.Errorf("correction %s is not carried out yet: %w", id, store.ErrNotFound)
	}
	return r.carriedOut(), err
}

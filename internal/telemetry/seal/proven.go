package seal

import (
	"bytes"
	"context"
	"errors"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence/tuple"
	"jingwei/internal/telemetry"
)

// ProveRecord is for the node's own work: the canonical bytes of a record as its room has it today, and the proof of its leaf. Errors:
// store.ErrNotFound, ErrPending.
func (s *Service) ProveRecord(ctx context.Context, id uuid.UUID) ([]byte, *Bundle, error) {
	r, err := s.findRecord(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	b, err := s.recordBundle(ctx, &r, 0)
	if err != nil {
		return nil, nil, err
	}
	payload, err := s.payload(ctx, &r)
	return payload, b, err
}

var errRows = errors.New("the samples of the day are more than are taken")

// ProveDay is for the node's own work: the rows of a series and commit day as the store has them today, and the proof of its leaf. Errors:
// as Bundle; of more than most bytes.
func (s *Service) ProveDay(ctx context.Context, series uuid.UUID, d Day, most int) ([]byte, *Bundle, error) {
	b, err := s.Bundle(ctx, series, d, 0)
	if err != nil {
		return nil, nil, err
	}
	row, _, err := findDay(ctx, s.o.DB, d)
	if err != nil {
		return nil, nil, err
	}
	var file bytes.Buffer
	out := newRowsWriter(&bounded{&file, most}, series, d)
	var scratch tuple.Row
	if err := s.rows(ctx, series, &row, func(r *telemetry.Run, w telemetry.Between) error { return rowsOf(r, w, &scratch, out.add) }); err != nil {
		return nil, nil, err
	}
	if err := out.close(); err != nil {
		return nil, nil, err
	}
	return file.Bytes(), b, nil
}

// bounded takes no more than so many bytes.
type bounded struct {
	to   *bytes.Buffer
	most int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.to.Len()+len(p) > b.most {
		return 0, errRows
	}
	return b.to.Write(p)
}

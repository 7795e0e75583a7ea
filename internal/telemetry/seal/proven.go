package seal

import (
	"context"

	"github.com/google/uuid"
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

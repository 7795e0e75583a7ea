package twin

import (
	"context"
	"time"
)

// ReadPassport reads a passport as the caller of ctx, compressed.
func (s *Service) ReadPassport(ctx context.Context, id string) (map[string]any, error) {
	return s.passportAt(ctx, id, time.Time{}, false)
}

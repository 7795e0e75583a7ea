package gateway

import (
	"context"
	"encoding/json"
	"sync"

	"jingwei/internal/connect/driver"
)

// slowly is a driver whose devices do not answer when they are dialled. It tells no endpoint, so that several may be
// tried at a time.
type slowly struct {
	release chan struct{}
	mu      sync.Mutex
	n       int
}

func (s *slowly) Schema() json.RawMessage                       { return json.RawMessage(`{}`) }
func (s *slowly) Check(json.RawMessage, []driver.Point) []error { return nil }
func (s *slowly) Open(ctx context.Context, _ json.RawMessage, _ func(driver.Frame)) (driver.Session, error) {
	s.add(1)
	defer s.add(-1)
	select {
	case <-ctx.Done():
	case <-s.release:
	}
	return nil, ctx.Err()
}

func (s *slowly) add(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n += n
}

func (s *slowly) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

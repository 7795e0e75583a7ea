package inbox

import "context"

// SendsCodes tells whether the node has an SMS gateway now (auth asks it before it offers to sign in by a code).
func (s *Service) SendsCodes(ctx context.Context) bool {
	ok, err := s.hasSender(ctx, SMS)
	return ok && err == nil
}

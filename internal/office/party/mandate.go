package party

import (
	"github.com/google/uuid"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
)

// Mandate of a person to act for an organisation.
type Mandate struct {
	ID          uuid.UUID
	Org         uuid.UUID
	Person      uuid.UUID
	Login       string
	Name        string
	Role        auth.Role
	org.Span              // when it counts; To moves when it is renewed or revoked
	Application uuid.UUID // on which it was given
	Letter      Letter
	Revision    int64
	Revoked     bool
	By          audit.Actor // of the last step
	Reason      string
	At          int64
}

// MandateState is what a mandate is at a time.
type MandateState string

// The states.
const (
	Running MandateState = "running"
	Ended   MandateState = "ended"
	Revoked MandateState = "revoked"
)

func (m *Mandate) state(now int64) MandateState {
	switch {
	case m.Revoked:
		return Revoked
	case m.Span.At(now):
		return Running
	}
	return Ended
}

package shared

import (
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	api "github.com/nats-io/nats.go/jetstream"
)

// ErrFailed: the directory could not be changed, or the lease is lost (the error then is lease.ErrLost too). Nothing is
// changed any more until the cell is opened again.
var ErrFailed = errors.New("the shared files take no change until the cell is opened again")

// DamageError tells that an object is missing or is not the one that was stored. No byte of it was handed on.
type DamageError struct {
	Path   string // the file
	Object string // its name in the bucket
	Bucket string
	Reason string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("file %s: object %s in bucket %s %s; restore the file from a backup", e.Path, e.Object, e.Bucket, e.Reason)
}

// ConfigError tells that the bucket is there, and set up so that it cannot keep files.
type ConfigError struct {
	Bucket string
	Field  string // as the NATS tools name it
	Value  string
	Mend   string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("object store bucket %s: its %s is %s; %s", e.Bucket, e.Field, e.Value, e.Mend)
}

// localError is one of this machine's disk: asking the cluster again does not mend it.
type localError struct{ err error }

func (e *localError) Error() string { return e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

// Error codes of JetStream for a full store (server's errors.json).
const (
	codeNoResources    = 10023
	codeNoStorage      = 10047
	codeStoreFailed    = 10077 // "maximum bytes exceeded" is told with it
	codeAccountStorage = 10002
)

// full tells whether the object store has no room.
func full(err error) bool {
	var answer *api.APIError
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.ErrorCode {
	case codeNoResources, codeNoStorage, codeStoreFailed, codeAccountStorage:
		return true
	}
	return false
}

// final tells whether asking the cluster again is of no use.
func final(err error) bool {
	var local *localError
	var damage *DamageError
	return errors.As(err, &local) || errors.As(err, &damage) || full(err) || errors.Is(err, nats.ErrConnectionClosed) ||
		errors.Is(err, api.ErrJetStreamNotEnabled) || errors.Is(err, api.ErrJetStreamNotEnabledForAccount)
}

package telemetry

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"jingwei/internal/telemetry/block"
)

// Errors of the store that a caller may act on; they come wrapped, so test them with errors.Is.
var (
	// ErrFenced: a newer epoch of the same producer has appended. The older instance must stop.
	ErrFenced = errors.New("a newer instance of this producer has taken over")
	// ErrBusy: the store cannot put samples to rest as fast as they come, or the disk has no room for blocks, and the
	// caller's context ended while it waited. Nothing of the batch was stored; send it again later.
	ErrBusy = errors.New("telemetry cannot keep up")
	// ErrClosed: Close was called.
	ErrClosed = errors.New("telemetry is closed")
	// ErrBadSpan: a span ends before it begins, or a bucket or pixel count makes no sense.
	ErrBadSpan = errors.New("impossible span")
	// ErrUnknownSeries: the number is not that of a declared series.
	ErrUnknownSeries = errors.New("unknown series")
)

// DamageError tells that a part of a block is damaged. Reads that need that part fail with it; all others go on.
type DamageError = block.DamageError

// BatchError refuses a batch as a whole: nothing of it was stored, and its sequence number is not used up.
type BatchError struct {
	Row    int       // the first row at fault, -1 when it is the batch itself
	Ref    Ref       // the row's series number
	Series uuid.UUID // zero when the number is unknown
	Field  string    // "ref", "time", "gateway", "bits", "flags", "text", "status", "origin", "rows"
	Value  string    // what was given
	Reason string    // what is wrong and how to mend it
}

func (e *BatchError) Error() string {
	if e.Row < 0 {
		return fmt.Sprintf("batch refused: %s %s: %s", e.Field, e.Value, e.Reason)
	}
	if e.Series == (uuid.UUID{}) {
		return fmt.Sprintf("batch refused: row %d: %s %s: %s", e.Row, e.Field, e.Value, e.Reason)
	}
	return fmt.Sprintf("batch refused: row %d (series %s): %s %s: %s", e.Row, e.Series, e.Field, e.Value, e.Reason)
}

// Is lets errors.Is find rows of unknown series.
func (e *BatchError) Is(target error) bool { return target == ErrUnknownSeries && e.Field == "ref" }

// SequenceError tells a producer that it skipped batches; it goes on from (Epoch, Want).
type SequenceError struct {
	Producer   uuid.UUID
	Epoch, Seq uint64 // as given
	Want       uint64 // the next sequence number of that epoch
}

func (e *SequenceError) Error() string {
	return fmt.Sprintf("producer %s sent batch %d of epoch %d, batch %d is next", e.Producer, e.Seq, e.Epoch, e.Want)
}

// ConflictError tells that a series was declared before as something else. Type, unit and owner of a series never change:
// what is measured otherwise is another series.
type ConflictError struct {
	Series uuid.UUID
	Field  string // "type", "unit", "org"
	Has    string
	Wants  string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("series %s is declared with %s %q and cannot become %q: declare a new series", e.Series, e.Field, e.Has, e.Wants)
}

// DeclarationError tells what is wrong in a declaration by itself.
type DeclarationError struct {
	Series uuid.UUID
	Field  string
	Value  string
	Reason string
}

func (e *DeclarationError) Error() string {
	return fmt.Sprintf("declare series %s: %s %s: %s", e.Series, e.Field, e.Value, e.Reason)
}

// ManifestError tells that the store's table of contents is damaged or does not go with the journal. Nothing was changed
// on disk.
type ManifestError struct {
	File   string
	Reason string
}

func (e *ManifestError) Error() string {
	return fmt.Sprintf("telemetry manifest %s: %s", e.File, e.Reason)
}

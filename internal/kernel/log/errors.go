package log

import (
	"errors"
	"fmt"
)

// Errors of the journal that a caller may act on; they come wrapped, so test them with errors.Is.
var (
	// ErrClosed: Close was called.
	ErrClosed = errors.New("journal is closed")
	// ErrFailed: a write or an fsync failed. The journal takes nothing more and acknowledges nothing more; what was
	// acknowledged before stays readable. Only opening it anew, after the disk is seen to, helps.
	ErrFailed = errors.New("journal has failed")
	// ErrFull: the journal has reached MaxBytes, or the disk is full, and keepers hold all of it. Nothing is lost;
	// it takes records again once a keeper lets go of a segment or the disk has room.
	ErrFull = errors.New("journal is full")
	// ErrTooLarge: the record is larger than MaxRecordBytes.
	ErrTooLarge = errors.New("record is too large for the journal")
)

// TrimmedError tells a reader that records of its partition which it asked for are no longer in the journal. The
// reader that returned it stands at First already.
type TrimmedError struct {
	First uint64 // the oldest commit number still in the journal
}

func (e *TrimmedError) Error() string {
	return fmt.Sprintf("records were trimmed from the journal; the oldest still there is %d", e.First)
}

// CorruptError tells that bytes which were durable once are damaged now: something other than a crash happened to
// them. Nothing is skipped silently.
type CorruptError struct {
	Segment string // file name
	Offset  int64  // of the first damaged byte's group, in bytes from the file's start
	Reason  string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("journal segment %s is damaged at byte %d: %s; restore the journal from a copy, or move its directory away to begin a new one", e.Segment, e.Offset, e.Reason)
}

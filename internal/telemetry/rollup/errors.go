package rollup

import "errors"

// Errors of this package; all but *DefinitionError wrap one of them.
var (
	// ErrBadBounds: a span or a bucket does not begin and end on whole UTC minutes, or ends before it begins.
	ErrBadBounds = errors.New("bounds must lie on whole minutes, the end not before the begin")
	// ErrRows: rows that do not go together were to be composed or combined.
	ErrRows = errors.New("rows do not go together")
	// ErrMalformed: words or bytes are no rows of a known version.
	ErrMalformed = errors.New("malformed roll-up rows")
	// ErrTooMany: more rows than one page takes.
	ErrTooMany = errors.New("too many rows at once")
)

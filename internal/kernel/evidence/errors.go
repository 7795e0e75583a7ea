package evidence

import (
	"errors"
	"fmt"
)

// What a caller may act on.
var (
	ErrClosed = errors.New("the evidence log is closed")
	// ErrFailed: the disk broke a promise (a failed sync). Nothing more is taken; reads go on. Open it again.
	ErrFailed = errors.New("the evidence log has failed and takes nothing until it is opened again")
	// ErrFull: too much waits for a checkpoint that cannot be written.
	ErrFull = errors.New("the evidence log cannot write its tiles; make room on its disk")
	// ErrSize: an entry or a batch is empty or larger than allowed.
	ErrSize = errors.New("the batch does not fit")
	// ErrRange: an index or size lies behind the end of the log, or an index behind the size asked for.
	ErrRange = errors.New("outside of the log")
	// ErrNotProved: a signature, a proof or a hash does not hold.
	ErrNotProved = errors.New("not proved")
)

// CorruptError tells that a file of the log is damaged or missing. Nothing is skipped or cut because of it.
type CorruptError struct {
	File  string // the file, as a path in the log's folder
	Place string // "entry 17", "hash 3", "byte 4096"; may be empty
	What  string
}

func (e *CorruptError) Error() string {
	at := e.File
	if e.Place != "" {
		at += ", " + e.Place
	}
	return fmt.Sprintf("evidence log: %s: %s; restore it from a backup (jingwei verify log names all damage)", at, e.What)
}

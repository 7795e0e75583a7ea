package log

import (
	"context"
	"errors"
)

// Journal is a durable journal as its users see it, wherever it lies: *Log keeps it on the disk of one process,
// package jetstream in a cluster. What each method promises is told at those of *Log and checked by package logtest.
//
// A journal has one owner at a time, and only the owner has it open like this.
type Journal interface {
	// Topic returns the partition of that name as an interface; see Log.Partition.
	Topic(name string) (Topic, error)
	// Place returns the cursor of that name as an interface; see Log.Cursor.
	Place(name string) (Place, error)
	// Keep tells that a keeper needs the records from number from on, and none below.
	Keep(keeper string, from uint64) error
	// Last is the newest durable commit, First the oldest number that is still there.
	Last() Commit
	First() uint64
	// Closed is the newest commit time of which everything is known, for good: whoever owns the journal later dates
	// nothing at or before it.
	Closed() int64
	// Bytes is the room that the journal takes, of at most its MaxBytes.
	Bytes() int64
	// Verify reads everything and returns the first damage as an error.
	Verify(ctx context.Context) error
	Close() error
}

// Topic is a partition of a Journal.
type Topic interface {
	Name() string
	// Append queues one record; see Partition.Append.
	Append(ctx context.Context, record []byte, done func(Commit, error)) error
	// Records reads the partition; see Partition.Read.
	Records(from uint64) Records
}

// Records are read one after the other, by one goroutine; see Reader. They need no closing.
type Records interface {
	Next(ctx context.Context) (Record, error)
	TryNext() (Record, bool, error)
}

// Place is a follower's durable place in a Journal; see Cursor.
type Place interface {
	Load() uint64
	Save(n uint64)
	Flush() error
}

// ErrFenced: the journal has another owner now. It comes with ErrFailed: this owner takes and acknowledges nothing more.
// What it had not acknowledged may or may not be in the journal.
var ErrFenced = errors.New("journal has another owner")

var (
	_ Journal = (*Log)(nil)
	_ Topic   = topic{}
	_ Records = (*Reader)(nil)
	_ Place   = (*Cursor)(nil)
)

// Topic is Partition for users of the interface.
func (l *Log) Topic(name string) (Topic, error) {
	p, err := l.Partition(name)
	if err != nil {
		return nil, err
	}
	return topic{p}, nil
}

// Place is Cursor for users of the interface.
func (l *Log) Place(name string) (Place, error) {
	c, err := l.Cursor(name)
	if err != nil {
		return nil, err
	}
	return c, nil
}

type topic struct{ *Partition }

func (t topic) Records(from uint64) Records { return t.Read(from) }

// CheckName tells whether a name (of a partition, a cursor, a keeper: what) is 1 to 64 printable ASCII characters without
// spaces, as every journal wants it.
func CheckName(what, name string) error { return checkName(what, name) }

// Bounds of every journal.
const (
	MaxPartitions = maxPartitions
	MaxCursors    = maxCursors
	MaxNameBytes  = maxNameBytes
)

// Package telemetrytest opens the store of samples for tests of the rooms above it: the real one, on a journal of its own,
// that does nothing of itself, so that a test says what happens when.
package telemetrytest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

// Store is a store on a journal.
type Store struct {
	*telemetry.Store
	Journal *log.Log
	t       testing.TB
}

// Options say where a store lies. Those who open one again in the same test, as a node that starts again, give the same.
type Options struct {
	FS      file.FS // nil: the system's
	Dir     string  // journal and samples are in folders of it
	Catalog telemetry.Catalog
	Now     func() time.Time
}

// Open opens a store. The test closes it.
func Open(t testing.TB, o Options) *Store {
	t.Helper()
	if o.FS == nil {
		o.FS = file.OS()
	}
	journal, err := log.Open(log.Options{FS: o.FS, Dir: o.Dir + "/journal", SegmentBytes: 4 << 20, AlignBytes: 512, Now: o.Now, Keepers: []string{telemetry.Keeper}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := telemetry.Open(t.Context(), telemetry.Options{FS: o.FS, Dir: o.Dir + "/telemetry", Log: journal, Catalog: o.Catalog, Now: o.Now, NoBackground: true, CompactRate: -1})
	if err != nil {
		t.Fatal(errors.Join(err, journal.Close()))
	}
	return &Store{s, journal, t}
}

// Close closes the store and its journal.
func (s *Store) Close() {
	s.t.Helper()
	if err := errors.Join(s.Store.Close(), s.Journal.Close()); err != nil {
		s.t.Error(err)
	}
}

// Send stores a batch as the next one of a producer, in its epoch 1, and waits until it is durable.
func (s *Store) Send(producer uuid.UUID, b *telemetry.Batch) telemetry.Receipt {
	s.t.Helper()
	_, last := s.LastSeq(producer)
	var receipt telemetry.Receipt
	told := make(chan error, 1)
	err := s.Append(s.t.Context(), producer, 1, last+1, b, func(r telemetry.Receipt, err error) { receipt = r; told <- err })
	if err == nil {
		err = <-told
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return receipt
}

package telemetry

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"
)

// Everything a read gives can be asked for as it stood at a commit: AsOf turns a commit time into the commit number that
// ScanOptions, RawOptions and AggregateOptions take. What is asked about must be closed: a time at which more could still
// be committed would be answered differently a moment later.

// NotClosedError tells that something may still be committed at a time that was asked about.
type NotClosedError struct {
	Asked  int64
	Closed int64 // the newest time that is closed
}

func (e *NotClosedError) Error() string {
	at := func(t int64) string { return time.Unix(0, t).UTC().Format(time.RFC3339Nano) }
	return fmt.Sprintf("what was known at %s is not settled yet: ask about %s or before", at(e.Asked), at(e.Closed))
}

// BeforeAll is the commit number of a time at which the store knew nothing yet.
const BeforeAll = math.MaxUint64

// Closed returns the newest commit time that is closed: nothing will be committed at or before it any more.
func (s *Store) Closed() int64 { return s.o.Log.Closed() }

// AsOf returns the number of the newest telemetry commit at a commit time, or BeforeAll.
// Errors: *NotClosedError, *DamageError, ErrClosed.
func (s *Store) AsOf(t int64) (commit uint64, err error) {
	if s.closing.Load() {
		return 0, ErrClosed
	}
	if closed := s.Closed(); t > closed {
		return 0, &NotClosedError{Asked: t, Closed: closed}
	}
	v := s.acquire()
	defer s.release(v)
	for _, h := range v.heads() {
		h.mu.RLock()
		if k := sort.Search(len(h.commits), func(k int) bool { return h.commits[k].Time > t }); k > 0 {
			commit = max(commit, h.commits[k-1].Commit)
		}
		h.mu.RUnlock()
	}
	if commit == 0 { // heads hold what is newer than all blocks
		if commit, err = s.newestUntil(v.blocks, t); err != nil {
			return 0, err
		}
	}
	if commit == 0 {
		return BeforeAll, nil
	}
	return commit, nil
}

// newestUntil finds the newest commit in blocks at a time, 0 where there is none.
func (s *Store) newestUntil(blocks []*blockFile, t int64) (commit uint64, err error) {
	note := func(b *blockFile, e error) {
		if e != nil && err == nil {
			err = e
			s.foundDamage(b, e)
		}
	}
	blocks = slices.Clone(blocks)
	for _, b := range blocks {
		if b.reader == nil {
			return 0, *b.broken.Load()
		}
	}
	slices.SortFunc(blocks, func(a, b *blockFile) int { return cmp.Compare(a.reader.Info().MinCommit, b.reader.Info().MinCommit) })
	// Numbers and times grow together: of those that begin in time the last one is a good guess, and of the others only
	// those that reach beyond it are looked into.
	begun := sort.Search(len(blocks), func(i int) bool {
		begin, e := blocks[i].reader.ArrivalTable().Begin()
		note(blocks[i], e)
		return begin > t
	})
	for _, b := range slices.Backward(blocks[:begun]) {
		if b.reader.Info().MaxCommit > commit {
			found, e := b.reader.ArrivalTable().Until(t)
			note(b, e)
			commit = max(commit, found)
		}
	}
	return commit, err
}

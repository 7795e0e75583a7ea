package telemetry

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"jingwei/internal/telemetry/block"
)

// Declare introduces series and returns their numbers, in the order given. Declaring again what is known changes nothing; a
// new way of reporting takes effect from its time on. A *ConflictError or *DeclarationError leaves everything as it was.
func (s *Store) Declare(ctx context.Context, d []Declaration) ([]Ref, error) {
	s.catalogMu.Lock()
	defer s.catalogMu.Unlock()
	known := s.known.Load()
	merged, err := MergeAll(d, func(id uuid.UUID) (Series, bool) {
		ref, ok := known.byID[id]
		if !ok {
			return Series{}, false
		}
		return known.series[ref], true
	})
	if err != nil {
		return nil, err
	}
	refs := make([]Ref, len(d))
	changed := false
	for i, m := range merged {
		refs[i] = m.Series.Ref
		changed = changed || m.New || m.Changed
	}
	if !changed {
		return refs, nil
	}
	series, err := s.o.Catalog.Declare(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("declare %d series: %w", len(d), err)
	}
	for i := range series {
		refs[i] = series[i].Ref
	}
	s.known.Store(known.with(series))
	return refs, nil
}

// Lookup returns the number of a series.
func (s *Store) Lookup(id uuid.UUID) (Ref, bool) {
	ref, ok := s.known.Load().byID[id]
	return ref, ok
}

// Series returns what was declared of a series.
func (s *Store) Series(ref Ref) (Series, bool) {
	series, ok := s.find(ref)
	if !ok {
		return Series{}, false
	}
	return *series, true
}

func (s *Store) find(ref Ref) (*Series, bool) {
	known := s.known.Load()
	if int(ref) >= len(known.series) || known.types[ref] == 0 {
		return nil, false
	}
	return &known.series[ref], true
}

// Arrival explains a commit: its time, and which batch of which producer it was.
type Arrival = block.Arrival

// Commit explains a commit number that a sample carries. Damage in the block that would tell is a *DamageError.
func (s *Store) Commit(number uint64) (Arrival, bool, error) {
	if s.closing.Load() {
		return Arrival{}, false, ErrClosed
	}
	v := s.acquire()
	defer s.release(v)
	for _, h := range v.heads() {
		if a, ok := h.explain(number); ok {
			return a, true, nil
		}
	}
	var damage error
	for _, b := range v.blocks {
		if b.reader == nil {
			damage = *b.broken.Load()
			continue
		}
		if info := b.reader.Info(); number < info.MinCommit || number > info.MaxCommit {
			continue
		}
		a, ok, err := b.reader.Arrival(number)
		if ok {
			return a, true, nil
		}
		if err != nil {
			s.foundDamage(b, err)
			damage = err
		}
	}
	return Arrival{}, false, damage
}

// Trace tells whose batch a commit was: the way back from a stored sample to what was sent.
func (s *Store) Trace(commit uint64) (producer uuid.UUID, epoch, seq uint64, ok bool) {
	a, ok, _ := s.Commit(commit)
	return a.Producer, a.Epoch, a.Seq, ok
}

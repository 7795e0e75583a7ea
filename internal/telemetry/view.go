package telemetry

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file"
	"jingwei/internal/telemetry/block"
)

// blockFile is a live block. A broken one stays in the view, so that reads of its span say that something is missing.
type blockFile struct {
	blockMeta
	name   string
	reader *block.Reader         // nil when the block could not be opened
	broken atomic.Pointer[error] // why the block, or a part of it, cannot be read
	refs   atomic.Int32          // views that hold it
	gone   atomic.Bool           // replaced: the file is removed when the last view lets go
	remove func(*blockFile)
}

func blockName(number uint64) string { return fmt.Sprintf("%016x.jwb", number) }

// openBlock opens the block named by the manifest. Trouble is kept in the result.
func openBlock(fsys file.FS, name string, m blockMeta) *blockFile {
	b := &blockFile{blockMeta: m, name: name}
	r, err := block.Open(fsys, name)
	if err == nil {
		if r.Info().Bytes != m.bytes || r.Check() != m.check {
			r.Close()
			r, err = nil, &DamageError{File: name, Offset: 0, What: "not the block that the manifest names"}
		}
	}
	if err != nil {
		if damage := (*DamageError)(nil); !errors.As(err, &damage) {
			err = &DamageError{File: name, What: "it cannot be opened", Err: err}
		}
		b.broken.Store(&err)
		return b
	}
	b.reader = r
	return b
}

func (b *blockFile) release() {
	if b.refs.Add(-1) > 0 {
		return
	}
	if b.reader != nil {
		b.reader.Close()
	}
	if b.gone.Load() && b.remove != nil {
		b.remove(b)
	}
}

// mayHold tells whether the block can hold samples of a series in [from, to].
func (m *blockMeta) mayHold(id uuid.UUID, from, to int64) bool {
	return m.minTime <= to && m.maxTime >= from && compareIDs(m.first, id) <= 0 && compareIDs(id, m.last) <= 0
}

func compareIDs(a, b uuid.UUID) int {
	x, y := binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(b[:8])
	if x == y {
		x, y = binary.BigEndian.Uint64(a[8:]), binary.BigEndian.Uint64(b[8:])
	}
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// view is what a read sees: the heads and the live blocks at one moment. It is immutable (the active head alone goes on
// growing under its own lock) and holds its parts until the last user lets go.
type view struct {
	active *head
	sealed []*head // oldest first
	blocks []*blockFile
	refs   atomic.Int32
}

// heads returns the sealed heads and the active one, oldest first.
func (v *view) heads() []*head { return append(v.sealed[:len(v.sealed):len(v.sealed)], v.active) }

// acquire returns the present view. The caller releases it.
func (s *Store) acquire() *view {
	s.viewMu.Lock()
	v := s.view
	v.refs.Add(1)
	s.viewMu.Unlock()
	return v
}

func (s *Store) release(v *view) {
	if v.refs.Add(-1) > 0 {
		return
	}
	for _, b := range v.blocks {
		b.release()
	}
	s.viewMu.Lock()
	defer s.viewMu.Unlock()
	for _, h := range v.heads() {
		if s.headRefs[h]--; s.headRefs[h] == 0 {
			delete(s.headRefs, h)
			s.pool.put(h)
		}
	}
}

// setView replaces the view. The new one holds its parts before the old one lets go of them.
func (s *Store) setView(active *head, sealed []*head, blocks []*blockFile) {
	v := &view{active: active, sealed: sealed, blocks: blocks}
	v.refs.Store(1)
	for _, b := range blocks {
		b.refs.Add(1)
	}
	s.viewMu.Lock()
	for _, h := range v.heads() {
		s.headRefs[h]++
	}
	old := s.view
	s.view = v
	s.viewMu.Unlock()
	if old != nil {
		s.release(old)
	}
}

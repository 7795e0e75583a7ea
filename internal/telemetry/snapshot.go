package telemetry

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"jingwei/internal/telemetry/block"
)

// Snapshot is the store at one moment: its table of contents, and files that stay until Release. What is not in the
// blocks is in the journal, from Cursor+1 on.
type Snapshot struct {
	Store    uuid.UUID
	Cursor   uint64 // every telemetry record up to this commit number is in the blocks
	Manifest []byte
	Blocks   []SnapshotBlock

	release func()
}

// SnapshotBlock is a file of a snapshot.
type SnapshotBlock struct {
	Path   string
	Name   string // in the folder of blocks
	Bytes  int64
	Check  uint32 // identifies the content, as block.Reader.Check
	Broken error  // why the block, or a part of it, cannot be read
}

// ManifestName and BlocksName are where a store keeps its table of contents and its blocks.
const (
	ManifestName = manifestName
	BlocksName   = "blocks"
)

// Snapshot pins the store's files as they are now. cut is called while no series can be declared and no block can come
// or go: what it reads of the journal begins at cursor+1 at the latest, and the records of series that it reads name
// every number that the journal has up to then.
func (s *Store) Snapshot(ctx context.Context, cut func(ctx context.Context, cursor uint64) error) (*Snapshot, error) {
	s.catalogMu.Lock()
	defer s.catalogMu.Unlock()
	s.workMu.Lock()
	defer s.workMu.Unlock()
	if s.closing.Load() {
		return nil, ErrClosed
	}
	v := s.acquire()
	m := s.manifest
	if err := cut(ctx, m.cursor); err != nil {
		s.release(v)
		return nil, err
	}
	out := &Snapshot{Store: m.store, Cursor: m.cursor, Manifest: m.encode()}
	released := false
	out.release = func() {
		if !released {
			released = true
			s.release(v)
		}
	}
	for _, b := range v.blocks {
		e := SnapshotBlock{Path: b.name, Name: blockName(b.number), Bytes: b.bytes, Check: b.check}
		if why := b.broken.Load(); why != nil {
			e.Broken = *why
		}
		out.Blocks = append(out.Blocks, e)
	}
	return out, nil
}

// Release lets the files go. It is called once the copy is done, from the goroutine that took the snapshot.
func (sn *Snapshot) Release() { sn.release() }

// Contents is what a manifest says.
type Contents struct {
	Store     uuid.UUID
	Cursor    uint64
	NextBlock uint64
	Producers int
	Blocks    []BlockEntry
}

// BlockEntry is what a manifest says of a block.
type BlockEntry struct {
	Name             string
	Number           uint64
	Bytes            int64
	Rows             uint64
	MinTime, MaxTime int64
	First, Last      uuid.UUID
	Check            uint32
}

// FormatVersions are the newest versions of the store's own files that this program knows.
func FormatVersions() (manifest, record int) { return int(manifestMagic[7]), recordCorrected }

// ReadManifest reads a manifest's bytes. Error: *ManifestError.
func ReadManifest(name string, data []byte) (*Contents, error) {
	if len(data) > maxManifest {
		return nil, &ManifestError{File: name, Reason: fmt.Sprintf("has %d bytes, more than any program wrote", len(data))}
	}
	m, err := decodeManifest(name, data)
	if err != nil {
		return nil, err
	}
	c := &Contents{Store: m.store, Cursor: m.cursor, NextBlock: m.nextBlock, Producers: len(m.producers)}
	for i := range m.blocks {
		b := &m.blocks[i]
		c.Blocks = append(c.Blocks, BlockEntry{Name: blockName(b.number), Number: b.number, Bytes: b.bytes, Rows: b.rows,
			MinTime: b.minTime, MaxTime: b.maxTime, First: b.first, Last: b.last, Check: b.check})
	}
	return c, nil
}

// Matches tells what of an opened block is not as the manifest says; nil where all is.
func (b *BlockEntry) Matches(store uuid.UUID, r *block.Reader) error {
	info := r.Info()
	if info.Bytes != b.Bytes || r.Check() != b.Check || info.Store != store || info.Rows+info.HistoryRows != b.Rows {
		return &DamageError{File: r.Name(), What: "not the block that the manifest names"}
	}
	return nil
}

// RecordCheck checks records of the journal's partition against the declared series.
type RecordCheck struct {
	types kinds
	p     prepared
}

// NewRecordCheck takes the series that the catalogue holds.
func NewRecordCheck(series []Series) *RecordCheck {
	return &RecordCheck{types: (&catalogue{series: make([]Series, 1), types: make(kinds, 1)}).with(series).types}
}

// Check tells what is wrong with a record.
func (c *RecordCheck) Check(data []byte) error { return c.p.decode(data, c.types) }

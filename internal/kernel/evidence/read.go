package evidence

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"jingwei/internal/kernel/file"
)

// readTile reads a tile of hashes: exactly t.W of them. A partial one that has been tidied away is the beginning of the
// full one.
func readTile(files file.FS, dir string, t tlog.Tile) ([]byte, error) {
	data, at, err := readEither(files, dir, t, tileWidth*tlog.HashSize)
	if err != nil {
		return nil, err
	}
	if len(data) != at.W*tlog.HashSize {
		return nil, &CorruptError{File: tilePath(at), What: fmt.Sprintf("it has %d bytes, want %d", len(data), at.W*tlog.HashSize)}
	}
	return data[:t.W*tlog.HashSize], nil
}

// readBundle reads the t.W entries of a bundle. With a *CorruptError it returns the entries before the damage.
func readBundle(files file.FS, dir string, t tlog.Tile) ([][]byte, error) {
	data, at, err := readEither(files, dir, t, maxBundle)
	if err != nil {
		return nil, err
	}
	entries, err := parseBundle(data, at.W)
	if err != nil {
		place := fmt.Sprintf("entry %d", t.N*tileWidth+int64(len(entries)))
		return entries, &CorruptError{File: tilePath(at), Place: place, What: err.Error()}
	}
	return entries[:t.W], nil
}

func readEither(files file.FS, dir string, t tlog.Tile, limit int64) (data []byte, at tlog.Tile, err error) {
	for _, at = range []tlog.Tile{t, tile(t.L, t.N, tileWidth)} {
		data, err = readFile(files, filepath.Join(dir, filepath.FromSlash(tilePath(at))), limit)
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	var large *tooLargeError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, t, &CorruptError{File: tilePath(t), What: "it is missing"}
	case errors.As(err, &large):
		return nil, at, &CorruptError{File: tilePath(at), What: fmt.Sprintf("it has %d bytes, at most %d are possible", large.size, large.limit)}
	case err != nil:
		return nil, at, fmt.Errorf("evidence log: %s: %w", tilePath(at), err)
	}
	return data, at, nil
}

// snapshot is the tree at one moment. It reads full tiles from disk, and all it hands out is authenticated against the
// root in memory: a damaged tile gives a *CorruptError, never a wrong proof.
type snapshot struct {
	l    *Log
	edge edge
	root tlog.Hash
	read map[tlog.Tile][]byte
}

func (l *Log) snapshot() *snapshot {
	l.mu.Lock()
	e := l.edge.clone()
	l.mu.Unlock()
	return &snapshot{l: l, edge: e, root: e.root(), read: map[tlog.Tile][]byte{}}
}

// Height, ReadTiles and SaveTiles make a tlog.TileReader.
func (s *snapshot) Height() int                     { return tileHeight }
func (s *snapshot) SaveTiles([]tlog.Tile, [][]byte) {}
func (s *snapshot) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		if t.W < tileWidth {
			if t != rightTile(t.L, s.edge.size) {
				return nil, fmt.Errorf("evidence log: %s is not at the edge of a tree of %d", tilePath(t), s.edge.size)
			}
			out[i] = hashBytes(s.edge.levels[t.L])
			continue
		}
		data, err := s.l.fullTile(t)
		if err != nil {
			return nil, err
		}
		out[i], s.read[t] = data, data
	}
	return out, nil
}

func (l *Log) fullTile(t tlog.Tile) ([]byte, error) {
	l.mu.Lock()
	data := l.fresh[t]
	l.mu.Unlock()
	if data != nil {
		return data, nil
	}
	return readTile(l.o.FS, l.o.Dir, t) // it was on disk before it left fresh
}

// hashes reads hashes of the tree by their tlog index.
func (s *snapshot) hashes(indexes []int64) ([]tlog.Hash, error) {
	if s.edge.size == 0 {
		return nil, nil
	}
	hashes, err := tlog.TileHashReader(tlog.Tree{N: s.edge.size, Hash: s.root}, s).ReadHashes(indexes)
	var corrupt *CorruptError
	if err == nil || errors.As(err, &corrupt) {
		return hashes, err
	}
	if bad := s.culprit(); bad != nil {
		return nil, bad
	}
	return nil, err
}

// culprit finds the tile that is not what the tile above it says.
func (s *snapshot) culprit() error {
	for level := len(s.edge.levels) - 1; level >= 0; level-- {
		for t, data := range s.read {
			if t.L != level {
				continue
			}
			above := s.read[tile(level+1, t.N>>tileHeight, tileWidth)]
			if above == nil && level+1 < len(s.edge.levels) {
				above = hashBytes(s.edge.levels[level+1])
			}
			hashes, err := hashesOf(data)
			at := int(t.N&(tileWidth-1)) * tlog.HashSize
			if err != nil || len(above) < at+tlog.HashSize || perfect(hashes) != tlog.Hash(above[at:at+tlog.HashSize]) {
				return &CorruptError{File: tilePath(t), What: "its hash is not the one in the tile above it"}
			}
		}
	}
	return nil
}

// Entry returns an entry. Errors: ErrRange; *CorruptError when it is not the one that the tree has.
func (l *Log) Entry(i uint64) ([]byte, error) {
	l.mu.Lock()
	size := l.edge.size
	if i >= uint64(size) {
		l.mu.Unlock()
		return nil, fmt.Errorf("%w: entry %d of %d", ErrRange, i, size)
	}
	index := int64(i)
	n, at := index>>tileHeight, int(index&(tileWidth-1))
	bundle := l.bundles[n]
	if n == size>>tileHeight {
		bundle = l.tail
	}
	if bundle != nil {
		e := append([]byte(nil), bundle[at]...)
		l.mu.Unlock()
		return e, nil
	}
	l.mu.Unlock()
	t := tile(entriesLevel, n, tileWidth)
	entries, err := readBundle(l.o.FS, l.o.Dir, t)
	if err != nil {
		return nil, err
	}
	want, err := l.snapshot().hashes([]int64{tlog.StoredHashIndex(0, index)})
	if err != nil {
		return nil, err
	}
	if tlog.RecordHash(entries[at]) != want[0] {
		return nil, &CorruptError{File: tilePath(t), Place: fmt.Sprintf("entry %d", i), What: "its hash is not the one in the tree"}
	}
	return entries[at], nil
}

// Root returns the root of the tree of the first size entries. Errors: ErrRange, *CorruptError.
func (l *Log) Root(size uint64) (Hash, error) {
	s := l.snapshot()
	if size > uint64(s.edge.size) {
		return Hash{}, fmt.Errorf("%w: size %d of %d", ErrRange, size, s.edge.size)
	}
	return tlog.TreeHash(int64(size), tlog.HashReaderFunc(s.hashes))
}

// InclusionProof proves that entry i is in the tree of the first size entries. Errors: ErrRange, *CorruptError.
func (l *Log) InclusionProof(i, size uint64) ([]Hash, error) {
	s := l.snapshot()
	if i >= size || size > uint64(s.edge.size) {
		return nil, fmt.Errorf("%w: entry %d of the first %d of %d", ErrRange, i, size, s.edge.size)
	}
	p, err := tlog.ProveRecord(int64(size), int64(i), tlog.HashReaderFunc(s.hashes))
	return []Hash(p), err
}

// ConsistencyProof proves that the tree of newSize entries begins with that of oldSize. Errors: ErrRange,
// *CorruptError.
func (l *Log) ConsistencyProof(oldSize, newSize uint64) ([]Hash, error) {
	s := l.snapshot()
	if oldSize > newSize || newSize > uint64(s.edge.size) {
		return nil, fmt.Errorf("%w: sizes %d and %d of %d", ErrRange, oldSize, newSize, s.edge.size)
	}
	if oldSize == 0 {
		return nil, nil
	}
	p, err := tlog.ProveTree(int64(newSize), int64(oldSize), tlog.HashReaderFunc(s.hashes))
	return []Hash(p), err
}

// Proof returns all that somebody needs to see that entry i is in the log, under the newest checkpoint. Errors:
// ErrRange also when that checkpoint does not cover i yet (Publish mends that); *CorruptError.
func (l *Log) Proof(i uint64) (Proof, error) {
	c := l.Checkpoint()
	if i >= c.Size {
		return Proof{}, fmt.Errorf("%w: entry %d; the newest checkpoint covers %d", ErrRange, i, c.Size)
	}
	entry, err := l.Entry(i)
	if err != nil {
		return Proof{}, err
	}
	hashes, err := l.InclusionProof(i, c.Size)
	if err != nil {
		return Proof{}, err
	}
	return Proof{Format: proofFormat, Index: i, Entry: entry, Hashes: hashes, Checkpoint: string(c.Text)}, nil
}

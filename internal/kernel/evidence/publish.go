package evidence

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// publish writes all tiles and bundles that the checkpoint on disk does not have, then a checkpoint over them. In this
// order a reader of the folder never meets a checkpoint whose tiles are missing.
func (l *Log) publish() error {
	if err := l.failure(); err != nil {
		return err
	}
	l.mu.Lock()
	edge, tail := l.edge.clone(), slices.Clone(l.tail)
	fresh, bundles := maps.Clone(l.fresh), maps.Clone(l.bundles)
	before := l.checkpoint
	l.mu.Unlock()
	if edge.size == l.published && before.Text != nil {
		return nil
	}
	if err := l.putTiles(edge, tail, fresh, bundles); err != nil {
		return fmt.Errorf("evidence log: write tiles: %w", err)
	}
	if err := l.folder.settle(); err != nil {
		return l.fail("sync the tiles", err)
	}
	c := Checkpoint{Origin: l.o.Origin, Size: uint64(edge.size), Root: edge.root(), Time: max(l.o.Now().UnixNano(), before.Time, 1)}
	if err := c.sign(l.o.Keys); err != nil {
		return err
	}
	if err := l.folder.put(staticFile{checkpointFile, func() []byte { return c.Text }}); err != nil {
		return fmt.Errorf("evidence log: write the checkpoint: %w", err)
	}
	if err := l.folder.settle(); err != nil {
		return l.fail("sync the checkpoint", err)
	}
	l.mu.Lock()
	l.checkpoint = c
	for t := range fresh {
		delete(l.fresh, t)
	}
	for n := range bundles {
		delete(l.bundles, n)
	}
	l.mu.Unlock()
	old := l.published
	l.published, l.freshBytes = edge.size, 0
	l.tidy(old)
	if l.journal != nil && l.journal.off >= journalTurn {
		return l.turn()
	}
	return nil
}

func (l *Log) putTiles(edge edge, tail [][]byte, fresh map[tlog.Tile][]byte, bundles map[int64][][]byte) error {
	var list []staticFile
	add := func(t tlog.Tile, data func() []byte) { list = append(list, staticFile{tilePath(t), data}) }
	for _, n := range slices.Sorted(maps.Keys(bundles)) {
		add(tile(entriesLevel, n, tileWidth), func() []byte { return appendBundle(nil, bundles[n]) })
	}
	if len(tail) > 0 {
		t := rightTile(0, edge.size)
		t.L = entriesLevel
		add(t, func() []byte { return appendBundle(nil, tail) })
	}
	order := slices.SortedFunc(maps.Keys(fresh), func(a, b tlog.Tile) int {
		return cmp.Or(cmp.Compare(a.L, b.L), cmp.Compare(a.N, b.N))
	})
	for _, t := range order {
		add(t, func() []byte { return fresh[t] })
	}
	for level, hashes := range edge.levels {
		t := rightTile(level, edge.size)
		if len(hashes) > 0 && t != rightTile(level, l.published) {
			add(t, func() []byte { return hashBytes(hashes) })
		}
	}
	return l.folder.put(list...)
}

// tidy removes the partial versions of tiles that have become full since the checkpoint of the size old. Those of tiles
// that are still partial stay: somebody may hold a checkpoint that needs them.
func (l *Log) tidy(old int64) {
	for level := entriesLevel; level < levels(old); level++ {
		was, is := rightTile(level, old), rightTile(level, l.published)
		if was.W > 0 && was.N != is.N {
			l.folder.forget(tilePath(tile(level, was.N, tileWidth)) + ".p")
		}
	}
}

// turn begins a new journal: the checkpoint covers everything in the one there is.
func (l *Log) turn() error {
	j, final, err := newJournal(l.o.FS, l.o.Dir, l.published)
	if final {
		return l.fail("begin a new journal", err)
	}
	if err != nil {
		l.log.Warn("evidence log: the journal goes on growing", "error", err)
		return nil
	}
	old := l.journal
	l.journal = j
	if old != nil {
		if err := errors.Join(old.f.Close(), l.o.FS.Remove(old.name)); err != nil {
			l.log.Warn("evidence log: an old journal is left; the next start removes it", "error", err)
		}
	}
	return nil
}

package evidence

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// removeBeyond removes tiles and bundles behind a tree of the given size: what a life wrote that ended before its
// checkpoint. They may hold entries that were never acknowledged and are lost, whose indexes go to others now.
func (d *folder) removeBeyond(size int64) error {
	list, err := d.files.ReadDir(filepath.Join(d.dir, tileDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range list {
		level := entriesLevel
		if n, err := strconv.Atoi(e.Name()); err == nil {
			level = n
		} else if e.Name() != "entries" {
			continue
		}
		if err := d.removeIn(path.Join(tileDir, e.Name()), rightTile(level, size), nil); err != nil {
			return err
		}
	}
	return nil
}

// removeIn removes what lies behind the tile right in a directory of a level. above are the numbers of the directories
// that lead to it: those before the tile's own are not looked into.
func (d *folder) removeIn(dir string, right tlog.Tile, above []int64) error {
	list, err := d.files.ReadDir(filepath.Join(d.dir, filepath.FromSlash(dir)))
	if err != nil {
		return err
	}
	for _, e := range list {
		p := path.Join(dir, e.Name())
		if e.IsDir() {
			if below, ok := mayHold(e.Name(), right, above); ok {
				if err := d.removeIn(p, right, below); err != nil {
					return err
				}
			}
			continue
		}
		t, ok := parseTilePath(p)
		beyond := ok && t.L == right.L && (t.N > right.N || t.N == right.N && t.W > right.W)
		if beyond || strings.HasSuffix(p, ".tmp") {
			if err := d.files.Remove(filepath.Join(d.dir, filepath.FromSlash(p))); err != nil {
				return err
			}
			// The removal must be durable before other tiles stand there.
			d.touch(filepath.Join(d.dir, filepath.FromSlash(dir)))
		}
	}
	return nil
}

// mayHold tells whether a directory may hold tiles at or behind right.
func mayHold(name string, right tlog.Tile, above []int64) (below []int64, ok bool) {
	digits, isPart := strings.CutPrefix(name, "x")
	if !isPart { // the partial versions of one tile
		digits = strings.TrimSuffix(name, ".p")
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return nil, false
	}
	var parts []int64 // of right's number, in base 1000
	for m := right.N; ; m /= 1000 {
		parts = append([]int64{m % 1000}, parts...)
		if m < 1000 {
			break
		}
	}
	below = append(append([]int64(nil), above...), n)
	if parts[0] >= 800 || isPart && len(below) >= len(parts) || !isPart && len(below) > len(parts) {
		return below, true // the numbers are about to get longer (no life leaves more than 150,000 tiles behind), or are
	}
	if !isPart && len(below) < len(parts) {
		return nil, false // shorter numbers are smaller
	}
	for i, b := range below {
		if b != parts[i] {
			return below, b > parts[i]
		}
	}
	return below, true
}

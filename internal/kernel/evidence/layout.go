package evidence

import (
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// The folder of a log (C2SP tlog-tiles). Everything but pending is static and may be served as it lies there.
const (
	checkpointFile = "checkpoint"
	tileDir        = "tile"
	pendingDir     = "pending"
	lockFile       = "LOCK"

	tileHeight   = 8
	tileWidth    = 1 << tileHeight
	entriesLevel = -1 // what tlog calls data tiles: bundles of entries
)

// maxSize bounds the size of any tree that is believed, so that arithmetic on sizes from outside cannot overflow.
const maxSize = 1 << 48

// tile names the tile n of a level with w hashes (or entries); a full one has 256.
func tile(level int, n int64, w int) tlog.Tile {
	return tlog.Tile{H: tileHeight, L: level, N: n, W: w}
}

// tilePath is where a tile lies in the folder: the Go checksum database's path without the height, and with "entries"
// for "data".
func tilePath(t tlog.Tile) string {
	p := strings.TrimPrefix(t.Path(), "tile/8/")
	if rest, ok := strings.CutPrefix(p, "data/"); ok {
		p = "entries/" + rest
	}
	return tileDir + "/" + p
}

// parseTilePath is the inverse of tilePath.
func parseTilePath(p string) (tlog.Tile, bool) {
	rest, ok := strings.CutPrefix(p, tileDir+"/")
	if !ok || strings.HasPrefix(rest, "data/") {
		return tlog.Tile{}, false
	}
	if r, ok := strings.CutPrefix(rest, "entries/"); ok {
		rest = "data/" + r
	}
	t, err := tlog.ParseTilePath("tile/8/" + rest)
	if err != nil || tilePath(t) != p {
		return tlog.Tile{}, false
	}
	return t, true
}

// rightTile is the tile of a level that a tree of the given size ends with; its width is 0 where the level ends with a
// full one.
func rightTile(level int, size int64) tlog.Tile {
	n := size >> (tileHeight * max(level, 0))
	return tile(level, n>>tileHeight, int(n&(tileWidth-1)))
}

// levels tells how many levels of tiles a tree of the given size has.
func levels(size int64) int {
	l := 0
	for ; size > 0; size >>= tileHeight {
		l++
	}
	return l
}

package evidence

import (
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a hash of the tree: SHA-256 as RFC 6962 applies it. As text it is base64.
type Hash = tlog.Hash

// LeafHash is the hash of an entry in the tree (RFC 6962, 2.1).
func LeafHash(entry []byte) Hash { return tlog.RecordHash(entry) }

// edge is the right edge of a tree: per level the hashes of the tile that is not full yet. It is all that is needed to
// add leaves and to tell the root. Slices only grow, and a full one is replaced, so a copy of the edge stays valid.
type edge struct {
	size   int64
	levels [][]tlog.Hash // levels[l] has (size >> 8l) mod 256 hashes
}

// clone is a copy that later adds do not change.
func (e *edge) clone() edge { return edge{e.size, slices.Clone(e.levels)} }

// add appends a leaf and tells of each tile that it fills.
func (e *edge) add(leaf tlog.Hash, full func(t tlog.Tile, hashes []tlog.Hash)) {
	e.size++
	for l := 0; ; l++ {
		if l == len(e.levels) {
			e.levels = append(e.levels, nil)
		}
		if e.levels[l] == nil {
			e.levels[l] = make([]tlog.Hash, 0, tileWidth)
		}
		e.levels[l] = append(e.levels[l], leaf)
		if len(e.levels[l]) < tileWidth {
			return
		}
		hashes := e.levels[l]
		e.levels[l] = nil
		full(tile(l, e.size>>(tileHeight*(l+1))-1, tileWidth), hashes)
		leaf = perfect(hashes)
	}
}

// root is the hash of the whole tree (RFC 6962, 2.1).
func (e *edge) root() tlog.Hash {
	var root tlog.Hash
	found := false
	for _, hashes := range e.levels {
		for end := len(hashes); end > 0; {
			n := end & -end // the complete subtrees of a level get larger from right to left
			h := perfect(hashes[end-n : end])
			if found {
				h = tlog.NodeHash(h, root)
			}
			root, found = h, true
			end -= n
		}
	}
	if !found {
		root, _ = tlog.TreeHash(0, nil)
	}
	return root
}

// perfect is the hash over a power of two of hashes.
func perfect(hashes []tlog.Hash) tlog.Hash {
	var stack [tileHeight + 1]tlog.Hash
	depth := 0
	for i, h := range hashes {
		for i++; i&1 == 0; i >>= 1 {
			depth--
			h = tlog.NodeHash(stack[depth], h)
		}
		stack[depth] = h
		depth++
	}
	return stack[0]
}

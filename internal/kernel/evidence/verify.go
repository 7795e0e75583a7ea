package evidence

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"jingwei/internal/kernel/file"
)

// Problem is one thing that Verify found wrong.
type Problem struct {
	File  string // as a path in the log's folder; "" for the older checkpoint
	Place string // "entry 17", "hash 3"; may be empty
	What  string
}

func (p Problem) String() string {
	s := p.File
	if s == "" {
		s = "the older checkpoint"
	}
	if p.Place != "" {
		s += ", " + p.Place
	}
	return s + ": " + p.What
}

// maxProblems bounds a report; further problems are counted.
const maxProblems = 1000

// Report is what Verify found.
type Report struct {
	Checkpoint Checkpoint
	Old        *Checkpoint // the older checkpoint that was compared, and holds
	Entries    int64       // read and found in the tree
	Files      int64       // tiles and bundles read
	Problems   []Problem   // empty: all is proved
	More       int         // problems that are not listed
	Notes      []string    // what is not wrong and worth knowing
}

// VerifyOptions says what Verify needs to know.
type VerifyOptions struct {
	FS     file.FS
	Dir    string
	Origin string
	Keys   []Verifier // all of them must have signed
	Old    []byte     // an older checkpoint of this log, from somewhere else; nil: none
}

// Verify reads a whole log: it checks the signatures of the checkpoint, computes every tile anew from the entries, looks
// at partial tiles that older checkpoints need, and computes the root of an older checkpoint from the entries. It trusts
// nothing in the folder and changes nothing. The error is one of the disk or of ctx; what is wrong with the log is in
// the report. The log may be written to meanwhile.
func Verify(ctx context.Context, o VerifyOptions) (Report, error) {
	v := &verifier{o: o, stored: map[int]storedTile{}, named: map[string]bool{}}
	if err := v.run(ctx); err != nil {
		return v.r, fmt.Errorf("verify the evidence log in %s: %w", o.Dir, err)
	}
	return v.r, nil
}

type verifier struct {
	o      VerifyOptions
	r      Report
	size   int64
	edgeOK bool               // the stored tiles at the right edge give the checkpoint's root
	stored map[int]storedTile // the last tile read, by level
	named  map[string]bool    // file and place of each problem
	oldAt  int64
	old    *Checkpoint
}

// storedTile is a tile of hashes as it lies on disk.
type storedTile struct {
	t      tlog.Tile
	hashes []tlog.Hash // nil: it cannot be read
	sure   bool        // its hashes are proved by the tiles above it and the checkpoint
}

func (v *verifier) problem(f, place, what string) {
	v.named[f+"\n"+place] = true
	if len(v.r.Problems) >= maxProblems {
		v.r.More++
		return
	}
	v.r.Problems = append(v.r.Problems, Problem{f, place, what})
}

// corrupt turns damage into a problem, and gives other errors back.
func (v *verifier) corrupt(err error) error {
	var c *CorruptError
	if errors.As(err, &c) {
		v.problem(c.File, c.Place, c.What)
		return nil
	}
	return err
}

func (v *verifier) run(ctx context.Context) error {
	ok, err := v.checkpoints()
	if err != nil || !ok {
		return err
	}
	if err := v.rightEdge(); err != nil {
		return err
	}
	e := edge{}
	oldRoot := e.root()
	for n := int64(0); n<<tileHeight < v.size; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := v.bundle(n, &e, &oldRoot); err != nil {
			return err
		}
	}
	if len(v.r.Problems) == 0 && e.root() != v.r.Checkpoint.Root { // cannot be: every tile was compared
		v.problem(checkpointFile, "", "its root is not that of the entries")
	}
	v.older(&e, oldRoot)
	return v.leftovers(ctx)
}

// checkpoints checks what is signed. Without a checkpoint that holds nothing else can be said.
func (v *verifier) checkpoints() (ok bool, err error) {
	text, err := readFile(v.o.FS, filepath.Join(v.o.Dir, checkpointFile), maxCheckpoint)
	var large *tooLargeError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		v.problem(checkpointFile, "", "it is missing, so this is no evidence log, or not a whole one")
		return false, nil
	case errors.As(err, &large):
		v.problem(checkpointFile, "", large.Error())
		return false, nil
	case err != nil:
		return false, err
	}
	c, err := VerifyCheckpoint(text, v.o.Origin, v.o.Keys...)
	if err != nil {
		v.problem(checkpointFile, "", err.Error()+"; nothing else was looked at")
		return false, nil
	}
	v.r.Checkpoint, v.size = c, int64(c.Size)
	for _, k := range c.Unchecked {
		v.r.Notes = append(v.r.Notes, fmt.Sprintf("the checkpoint's signature by %s was not checked: its public key was not given", k))
	}
	if v.o.Old == nil {
		return true, nil
	}
	old, err := VerifyCheckpoint(v.o.Old, v.o.Origin, v.o.Keys...)
	switch {
	case err != nil:
		v.problem("", "", err.Error())
	case old.Size > c.Size:
		v.problem("", "", fmt.Sprintf("it covers %d entries and the log has only %d: entries were taken away, or this is an old copy of the log", old.Size, c.Size))
	default:
		v.old, v.oldAt = &old, int64(old.Size)
	}
	return true, nil
}

// rightEdge reads the last tile of each level and compares the root they give.
func (v *verifier) rightEdge() error {
	e := edge{size: v.size, levels: make([][]tlog.Hash, levels(v.size))}
	whole, before := true, len(v.r.Problems)
	for level := range e.levels {
		t := rightTile(level, v.size)
		if t.W == 0 {
			continue
		}
		s, err := v.read(t)
		if err != nil {
			return err
		}
		e.levels[level] = s.hashes
		whole = whole && s.hashes != nil
	}
	v.edgeOK = whole && e.root() == v.r.Checkpoint.Root
	clear(v.stored) // what was read before edgeOK was known is not sure
	v.r.Files = 0
	if !v.edgeOK {
		v.r.Problems = v.r.Problems[:before] // the others are found again below, in order
		clear(v.named)
	}
	return nil
}

// read reads a stored tile and judges it by the tile above it.
func (v *verifier) read(t tlog.Tile) (storedTile, error) {
	if s, ok := v.stored[t.L]; ok && s.t == t {
		return s, nil
	}
	s := storedTile{t: t}
	data, err := readTile(v.o.FS, v.o.Dir, t)
	if err = v.corrupt(err); err != nil {
		return s, err
	}
	v.r.Files++
	if data != nil {
		if s.hashes, err = hashesOf(data); err != nil {
			return s, err
		}
	}
	switch {
	case s.hashes == nil:
	case t.W < tileWidth:
		s.sure = v.edgeOK
	default:
		above, err := v.read(v.above(t))
		if err != nil {
			return s, err
		}
		s.sure = above.sure && above.hashes[t.N&(tileWidth-1)] == perfect(s.hashes)
	}
	v.stored[t.L] = s
	return s, nil
}

// above is the tile that has the hash of the full tile t.
func (v *verifier) above(t tlog.Tile) tlog.Tile {
	up := tile(t.L+1, t.N>>tileHeight, tileWidth)
	if right := rightTile(up.L, v.size); right.N == up.N {
		up.W = right.W
	}
	return up
}

// bundle reads the entries of one bundle, compares them with the tile of their hashes, and that with the computed one.
func (v *verifier) bundle(n int64, e *edge, oldRoot *tlog.Hash) error {
	t := tile(0, n, tileWidth)
	if right := rightTile(0, v.size); right.N == n {
		t.W = right.W
	}
	stored, err := v.read(t)
	if err != nil {
		return err
	}
	bt := t
	bt.L = entriesLevel
	entries, err := readBundle(v.o.FS, v.o.Dir, bt)
	unread := err != nil
	var cut *CorruptError
	if errors.As(err, &cut) && stored.sure {
		// A changed length shifts all that follows: the first entry whose hash is another is the changed one.
		for i, b := range entries {
			if i < len(stored.hashes) && tlog.RecordHash(b) != stored.hashes[i] {
				cut.Place = fmt.Sprintf("entry %d", n*tileWidth+int64(i))
				break
			}
		}
	}
	if err = v.corrupt(err); err != nil {
		return err
	}
	v.r.Files++
	made := make([]tlog.Hash, t.W)
	switch {
	case !unread:
		for i, b := range entries {
			made[i] = tlog.RecordHash(b)
		}
		v.compare(t, bt, stored, made)
		if stored.sure {
			made = stored.hashes // so that a changed entry is not told a second time, of the older checkpoint
		}
	case stored.hashes != nil:
		made = stored.hashes // the entries are named already; the rest of the tree is still looked at
	}
	for _, h := range made {
		if e.size == v.oldAt && v.old != nil {
			*oldRoot = e.root()
		}
		var failed error
		e.add(h, func(full tlog.Tile, hashes []tlog.Hash) {
			if full.L > 0 && failed == nil {
				failed = v.tile(full, hashes)
			}
		})
		if failed != nil {
			return failed
		}
	}
	if e.size < v.size {
		return nil
	}
	for level, hashes := range e.levels { // the partial tiles above the entries
		if level > 0 && len(hashes) > 0 {
			if err := v.tile(rightTile(level, v.size), hashes); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare names what is wrong where a bundle's entries and the tile of their hashes disagree.
func (v *verifier) compare(t, bt tlog.Tile, stored storedTile, made []tlog.Hash) {
	if stored.hashes == nil {
		return // named when it was read
	}
	right := v.rootHolds(t, made)
	for i, h := range made {
		switch {
		case h == stored.hashes[i]:
			if stored.sure || right {
				v.r.Entries++
			}
		case stored.sure:
			v.problem(tilePath(v.onDisk(bt)), fmt.Sprintf("entry %d", t.N*tileWidth+int64(i)), "it was changed: its hash is not the one in the tree")
		case right:
			v.r.Entries++
			v.problem(tilePath(v.onDisk(t)), fmt.Sprintf("hash %d", i), "it was changed: it is not the hash of the entry, and the entry fits the tree")
		default:
			v.problem(tilePath(v.onDisk(t)), fmt.Sprintf("hash %d", i), fmt.Sprintf("it is not the hash of entry %d, and neither fits the tree", t.N*tileWidth+int64(i)))
		}
	}
}

// rootHolds tells whether computed hashes of a tile are proved by the tiles above it, or for one at the right edge by
// the checkpoint with the other tiles there.
func (v *verifier) rootHolds(t tlog.Tile, made []tlog.Hash) bool {
	if t.W == tileWidth {
		above, err := v.read(v.above(t))
		return err == nil && above.sure && above.hashes[t.N&(tileWidth-1)] == perfect(made)
	}
	e := edge{size: v.size, levels: make([][]tlog.Hash, levels(v.size))}
	for level := range e.levels {
		right := rightTile(level, v.size)
		if level == t.L {
			e.levels[level] = made
		} else if right.W > 0 {
			data, err := readTile(v.o.FS, v.o.Dir, right)
			if err != nil {
				return false
			}
			e.levels[level], _ = hashesOf(data)
		}
	}
	return e.root() == v.r.Checkpoint.Root
}

// tile compares a stored tile above level 0 with the one computed from the entries.
func (v *verifier) tile(t tlog.Tile, made []tlog.Hash) error {
	stored, err := v.read(t)
	if err != nil || stored.hashes == nil || stored.sure {
		return err // a sure one can only differ because of entries or tiles that are named already
	}
	right := v.rootHolds(t, made)
	for i, h := range made {
		if h != stored.hashes[i] {
			what := "it is not the hash of the tile below it"
			if right {
				what = "it was changed: it is not the hash of the tile below it, and that fits the tree"
			}
			v.problem(tilePath(v.onDisk(t)), fmt.Sprintf("hash %d", i), what)
		}
	}
	return nil
}

// onDisk is the version of a tile that was read: a partial one may have been tidied away.
func (v *verifier) onDisk(t tlog.Tile) tlog.Tile {
	if _, err := v.o.FS.Stat(filepath.Join(v.o.Dir, filepath.FromSlash(tilePath(t)))); err != nil {
		return tile(t.L, t.N, tileWidth)
	}
	return t
}

// older compares the older checkpoint with the root that the entries of today give for its size.
func (v *verifier) older(e *edge, root tlog.Hash) {
	if v.old == nil {
		return
	}
	if v.oldAt == e.size {
		root = e.root()
	}
	if root != v.old.Root {
		v.problem("", "", fmt.Sprintf("its root over the first %d entries is %s, the log's is now %s: history was changed", v.old.Size, v.old.Root, root))
		return
	}
	v.r.Old = v.old
}

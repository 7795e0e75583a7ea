package evidence

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"jingwei/internal/kernel/file"
)

// Open opens a log, or begins one where there is none. It reads the right edge of the tree and compares it with the
// checkpoint, takes what was acknowledged after the checkpoint from the journal, cuts a torn tail, and publishes.
//
// Errors: file.ErrLocked; *CorruptError for any damage it meets, with file and place; those of the disk. What it does
// not read (old tiles and entries) is checked when it is read, and by Verify.
func Open(o Options) (*Log, error) {
	l, err := open(o)
	if err != nil {
		return nil, fmt.Errorf("open the evidence log in %s: %w", o.Dir, err)
	}
	go l.run()
	return l, nil
}

func open(o Options) (l *Log, err error) {
	if err := CheckOrigin(o.Origin); err != nil {
		return nil, err
	}
	if len(o.Keys) == 0 || o.FS == nil || o.Now == nil {
		return nil, errors.New("it needs a file system, a clock and at least one key")
	}
	if o.CheckpointEvery == 0 {
		o.CheckpointEvery = time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Dir = filepath.Clean(o.Dir)
	l = &Log{
		o: o, log: o.Logger,
		requests: make(chan *request, queued), publishes: make(chan chan error),
		closing: make(chan struct{}), ended: make(chan struct{}),
		folder: &folder{files: o.FS, dir: o.Dir, durable: map[string]bool{}, touched: map[string]bool{}, atOnce: 8},
		fresh:  map[tlog.Tile][]byte{}, bundles: map[int64][][]byte{},
		wake: time.NewTimer(time.Hour),
	}
	l.wake.Stop()
	if o.oneByOne {
		l.folder.atOnce = 1
	}
	if err := file.MakeDir(o.FS, filepath.Join(o.Dir, pendingDir), 0o755); err != nil {
		return nil, err
	}
	if l.lock, err = o.FS.Lock(filepath.Join(o.Dir, lockFile)); err != nil {
		return nil, err
	}
	if err := l.recover(); err != nil {
		l.lock.Close()
		return nil, err
	}
	return l, nil
}

// recover brings the log to where its last life ended.
func (l *Log) recover() error {
	// A killed process may have left names in the cache only. Nothing may rest on them before they are durable.
	for _, dir := range []string{l.o.Dir, filepath.Join(l.o.Dir, pendingDir)} {
		if err := l.o.FS.SyncDir(dir); err != nil {
			return err
		}
	}
	journals, err := l.journals()
	if err != nil {
		return err
	}
	if err := l.readEdge(len(journals) > 0); err != nil {
		return err
	}
	l.published = l.edge.size
	if err := l.folder.removeBeyond(l.published); err != nil {
		return err
	}
	if len(journals) > 0 {
		if err := l.replay(journals[len(journals)-1]); err != nil {
			return err
		}
	} else if l.published > 0 {
		return &CorruptError{File: pendingDir, What: "the journal is missing; entries that were acknowledged last may be lost with it"}
	}
	// Everything from the journal is written anew, as tiles: what a failed sync left in the page cache only would be
	// read now and lost later.
	if err := l.publish(); err != nil {
		return err
	}
	if l.journal, _, err = newJournal(l.o.FS, l.o.Dir, l.published); err != nil {
		return err
	}
	for _, first := range journals {
		if first != l.published {
			if err := l.o.FS.Remove(journalName(l.o.Dir, first)); err != nil {
				l.journal.f.Close()
				return err
			}
		}
	}
	return nil
}

// journals lists the journals by their first index, and removes unfinished files.
func (l *Log) journals() (first []int64, err error) {
	dir := filepath.Join(l.o.Dir, pendingDir)
	list, err := l.o.FS.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if strings.HasSuffix(e.Name(), ".tmp") {
			if err := l.o.FS.Remove(filepath.Join(dir, e.Name())); err != nil {
				return nil, err
			}
			continue
		}
		if n, err := strconv.ParseInt(e.Name(), 10, 64); err == nil && n >= 0 && filepath.Base(journalName("", n)) == e.Name() {
			first = append(first, n)
		}
	}
	slices.Sort(first)
	return first, nil
}

// readEdge reads the checkpoint and the tiles that it ends with.
func (l *Log) readEdge(used bool) error {
	text, err := readFile(l.o.FS, filepath.Join(l.o.Dir, checkpointFile), maxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := l.o.FS.Stat(filepath.Join(l.o.Dir, tileDir)); err == nil || used {
			return &CorruptError{File: checkpointFile, What: "it is missing, and the log is not new"}
		}
		return nil
	}
	if err != nil {
		return err
	}
	c, err := l.ownCheckpoint(text)
	if err != nil {
		return &CorruptError{File: checkpointFile, What: err.Error()}
	}
	size := int64(c.Size)
	l.edge = edge{size: size, levels: make([][]tlog.Hash, levels(size))}
	for level := range l.edge.levels {
		t := rightTile(level, size)
		if t.W == 0 {
			continue
		}
		data, err := readTile(l.o.FS, l.o.Dir, t)
		if err != nil {
			return err
		}
		hashes, err := hashesOf(data)
		if err != nil {
			return &CorruptError{File: tilePath(t), What: err.Error()}
		}
		l.edge.levels[level] = append(make([]tlog.Hash, 0, tileWidth), hashes...)
	}
	if root := l.edge.root(); root != c.Root {
		return &CorruptError{File: checkpointFile, What: fmt.Sprintf("its root is %s, the tiles at the right edge of the tree (%s) give %s", c.Root, l.edgePaths(), root)}
	}
	l.checkpoint = c
	if t := rightTile(0, size); t.W > 0 {
		t.L = entriesLevel
		if l.tail, err = readBundle(l.o.FS, l.o.Dir, t); err != nil {
			return err
		}
		for i, e := range l.tail {
			if tlog.RecordHash(e) != l.edge.levels[0][i] {
				return &CorruptError{File: tilePath(t), Place: fmt.Sprintf("entry %d", t.N*tileWidth+int64(i)), What: "its hash is not the one in the tree"}
			}
		}
		l.tail = slices.Clip(l.tail)
	}
	return nil
}

func (l *Log) edgePaths() string {
	var paths []string
	for level := range l.edge.levels {
		if t := rightTile(level, l.edge.size); t.W > 0 {
			paths = append(paths, tilePath(t))
		}
	}
	return strings.Join(paths, ", ")
}

// ownCheckpoint checks the checkpoint in the folder with those of our keys that have signed it; at least one must have.
func (l *Log) ownCheckpoint(text []byte) (Checkpoint, error) {
	var keys []Verifier
	parsed, err := ParseCheckpoint(text)
	if err != nil {
		return Checkpoint{}, err
	}
	for _, s := range l.o.Keys {
		if slices.Contains(parsed.Unchecked, fmt.Sprintf("%s+%08x", s.Name(), s.KeyHash())) {
			keys = append(keys, s.Verifier())
		}
	}
	if len(keys) == 0 {
		return Checkpoint{}, errors.New("it is signed by none of this log's keys")
	}
	return VerifyCheckpoint(text, l.o.Origin, keys...)
}

// replay adds the entries that the checkpoint does not cover.
func (l *Log) replay(first int64) error {
	name := journalName(l.o.Dir, first)
	data, err := readFile(l.o.FS, name, maxJournal)
	if err != nil {
		return err
	}
	at, entries, err := parseJournal(data)
	var corrupt *CorruptError
	if errors.As(err, &corrupt) {
		corrupt.File = pendingDir + "/" + filepath.Base(name)
	}
	if err != nil {
		return err
	}
	if at != first || at > l.published {
		return &CorruptError{File: pendingDir + "/" + filepath.Base(name), What: fmt.Sprintf(
			"it begins with entry %d, and the checkpoint covers %d: there is a hole", at, l.published)}
	}
	// The journal may end before the checkpoint: a last life may have read a group whose sync had failed, published it,
	// and died before it began a new journal. Tiles hold it then.
	if n := l.published - at; n < int64(len(entries)) {
		l.take(entries[n:])
	}
	return nil
}

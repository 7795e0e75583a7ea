package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

// Progress is how far a backup, a check or a restore has come.
type Progress struct {
	Phase string `json:"phase"`
	Done  int64  `json:"done,string"`  // bytes
	Total int64  `json:"total,string"` // bytes, as far as they are known by now
}

// Result is what a backup came to.
type Result struct {
	Snapshot string `json:"snapshot"`
	Commit   uint64 `json:"commit,string"`
	Files    int    `json:"files"`
	Bytes    int64  `json:"bytes,string"`   // of all files
	Written  int64  `json:"written,string"` // that were not in the repository yet
	Read     int64  `json:"read,string"`    // of the node's files; what is known to be there already is not read
	Damaged  int    `json:"damaged"`
}

// Run makes a backup into r. An interrupted one leaves no snapshot; the pieces that it wrote are not written again.
// tell, where set, is called from several goroutines, one at a time. Of a running node one backup is made at a time, which
// is up to the caller. Errors: ErrRunning, *PlaceError, ErrClusterJournal, *UnfinishedRestoreError.
func Run(ctx context.Context, s *Source, r *Repository, tell func(Progress)) (*Result, error) {
	k := &copier{s: s, r: r, tell: tell}
	if err := s.check(r.dir); err != nil {
		return nil, fmt.Errorf("back up: %w", err)
	}
	k.remember()
	c, err := s.fix(ctx)
	if err != nil {
		return nil, fmt.Errorf("back up: %w", err)
	}
	defer c.close()
	// Not before: of a stopped node, fix has made sure that no other backup of it is at work with such files.
	if err := s.removeWork(); err != nil {
		return nil, fmt.Errorf("back up: %w", err)
	}
	if err := k.all(ctx, c); err != nil {
		return nil, fmt.Errorf("back up: %w", err)
	}
	n := &c.snapshot
	slices.SortFunc(n.Files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	if err := r.add(n); err != nil {
		return nil, fmt.Errorf("back up: write the snapshot: %w", err)
	}
	return &Result{Snapshot: n.ID(), Commit: n.Commit, Files: len(n.Files), Bytes: n.Bytes(), Written: k.written.Load(), Read: k.read.Load(), Damaged: len(n.Damaged)}, nil
}

// copier copies the files of a cut.
type copier struct {
	s     *Source
	r     *Repository
	known map[blockKey][]Piece // blocks of earlier snapshots

	written, read atomic.Int64
	mu            sync.Mutex
	tell          func(Progress)
	at            Progress
}

// blockKey names a block's content: blocks are immutable and their numbers are never used again.
type blockKey struct {
	store uuid.UUID
	name  string
	bytes int64
	check uint32
}

// remember reads which blocks the newest snapshot has. Trouble with it costs only time: the blocks are read again.
func (k *copier) remember() {
	k.known = map[blockKey][]Piece{}
	n, err := k.r.Load("")
	if err != nil {
		return
	}
	broken := map[string]bool{}
	for _, d := range n.Damaged {
		broken[d] = true
	}
	for _, f := range n.Files {
		if f.Kind == Block && !broken[f.Name] {
			k.known[blockKey{n.Store, f.Name, f.Bytes, f.Check}] = f.Pieces
		}
	}
}

func (k *copier) phase(name string, more int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at.Phase = name
	k.at.Total += more
	if k.tell != nil {
		k.tell(k.at)
	}
}

func (k *copier) done(n int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at.Done += n
	k.at.Total = max(k.at.Total, k.at.Done)
	if k.tell != nil {
		k.tell(k.at)
	}
}

func (k *copier) all(ctx context.Context, c *cut) error {
	for _, b := range c.blocks {
		k.at.Total += b.Bytes
	}
	for _, step := range []func(context.Context, *cut) error{k.journal, k.records, k.evidence, k.telemetry, k.plain} {
		if err := step(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// journal comes first and is let go of at once: a journal that is full waits for it.
func (k *copier) journal(ctx context.Context, c *cut) error {
	parts, err := c.journal(ctx)
	if err != nil {
		return err
	}
	var total int64
	for _, p := range parts {
		total += p.Bytes
	}
	k.phase(journalDir, total)
	for _, p := range parts {
		f := File{Name: journalDir + "/" + p.Name, Kind: Journal}
		if err := k.file(ctx, c, f, p.Data, p.Bytes); err != nil {
			return err
		}
	}
	c.letJournal()
	if c.cursors == nil {
		return nil
	}
	return k.bytes(ctx, c, File{Name: journalDir + "/" + log.CursorsFile, Kind: Journal}, c.cursors)
}

// records are written to a file beside the data first, because neither engine hands out a file that stands still.
func (k *copier) records(ctx context.Context, c *cut) error {
	k.phase("records", 0)
	name := filepath.Join(k.s.Dir, workPrefix+uuid.NewString())
	defer os.Remove(name)
	if err := c.records.WriteFile(ctx, name, nil); err != nil {
		return err
	}
	if err := c.records.Close(); err != nil {
		return err
	}
	c.records = nil
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	k.phase("records", info.Size())
	kind := File{Name: store.SQLiteFile, Kind: Records}
	if c.snapshot.Engine == string(store.Postgres) {
		kind.Name = store.PostgresFile
	}
	return k.file(ctx, c, kind, f, info.Size())
}

// removeWork removes what a killed backup left beside the data.
func (s *Source) removeWork() error {
	entries, err := s.FS.ReadDir(s.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), workPrefix) {
			if err := s.FS.Remove(filepath.Join(s.Dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

const copyWorkers = 2

func (k *copier) telemetry(ctx context.Context, c *cut) error {
	k.phase(telemetryDir, 0)
	if err := k.bytes(ctx, c, File{Name: telemetryDir + "/" + telemetry.ManifestName, Kind: Manifest}, c.manifest); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(copyWorkers)
	for _, b := range c.blocks {
		g.Go(func() error { return k.block(ctx, c, b) })
	}
	return g.Wait()
}

func (k *copier) block(ctx context.Context, c *cut, b telemetry.SnapshotBlock) error {
	f := File{Name: blocksDir() + "/" + b.Name, Kind: Block, Bytes: b.Bytes, Check: b.Check}
	if pieces, ok := k.known[blockKey{c.snapshot.Store, f.Name, b.Bytes, b.Check}]; ok && b.Broken == nil &&
		!slices.ContainsFunc(pieces, func(p Piece) bool { return !k.r.has(p) }) {
		f.Pieces = pieces
		k.keep(c, f, "")
		k.done(b.Bytes)
		return nil
	}
	in, err := k.s.FS.OpenFile(b.Path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) { // a damaged block that was moved aside: reads know that it is missing
		k.keep(c, File{}, f.Name)
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	size, err := in.Size()
	if err != nil {
		return err
	}
	if b.Broken != nil || size != b.Bytes {
		k.keep(c, File{}, f.Name)
	}
	return k.file(ctx, c, f, in, size)
}

func (k *copier) plain(ctx context.Context, c *cut) error {
	k.phase("files", 0)
	err := k.s.plain(func(name string, bytes int64) error {
		f, err := k.named(ctx, name, bytes)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it went away since it was listed
		}
		if err == nil {
			k.keep(c, f, "")
		}
		return err
	})
	if err == nil && k.s.Config != nil {
		err = k.bytes(ctx, c, File{Name: configFile, Kind: Config}, k.s.Config)
	}
	return err
}

// evidenceTries is how often the evidence log is read anew because it was published meanwhile. Each time costs what has
// been added, for the rest is in the repository by then.
const evidenceTries = 100

// evidence copies the transparency log, which may be published while it is read: partial tiles give way to fuller ones
// then. It is whole where the checkpoint is the same before and after. It comes after the records, so that it holds at
// least the leaves that they know of.
func (k *copier) evidence(ctx context.Context, c *cut) error {
	k.phase(evidenceDir, 0)
	for range evidenceTries {
		before, err := k.checkpoints()
		if err != nil {
			return err
		}
		var files []File
		err = k.s.walk(evidenceDir, func(name string, bytes int64) error {
			if strings.HasSuffix(name, ".tmp") || strings.HasSuffix(name, "/"+journalLock) {
				return nil
			}
			f, err := k.named(ctx, name, bytes)
			files = append(files, f)
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		after, e := k.checkpoints()
		if e != nil {
			return e
		}
		if err == nil && maps.Equal(before, after) {
			for _, f := range files {
				k.keep(c, f, "")
			}
			return nil
		}
	}
	return fmt.Errorf("the evidence log in %s changed %d times while it was copied; back up again when less is being published", k.s.Dir, evidenceTries)
}

// checkpoints reads the heads of the evidence log.
func (k *copier) checkpoints() (map[string]string, error) {
	out := map[string]string{}
	err := k.s.walk(evidenceDir, func(name string, _ int64) error {
		if !strings.HasPrefix(name[strings.LastIndex(name, "/")+1:], "checkpoint") || strings.HasSuffix(name, ".tmp") {
			return nil
		}
		b, err := readAll(k.s.FS, filepath.Join(k.s.Dir, filepath.FromSlash(name)), 1<<20)
		out[name] = string(b)
		return err
	})
	return out, err
}

// named copies a file of the data folder, as long as it was when it was listed.
func (k *copier) named(ctx context.Context, name string, size int64) (f File, err error) {
	in, err := k.s.FS.OpenFile(filepath.Join(k.s.Dir, filepath.FromSlash(name)), os.O_RDONLY, 0)
	if err != nil {
		return f, err
	}
	defer in.Close()
	// One that was replaced since by a shorter one is taken as it is now.
	now, err := in.Size()
	if err != nil {
		return f, err
	}
	f = File{Name: name, Kind: Plain}
	return f, k.copy(ctx, &f, in, min(size, now))
}

func (k *copier) bytes(ctx context.Context, c *cut, f File, b []byte) error {
	return k.file(ctx, c, f, bytes.NewReader(b), int64(len(b)))
}

// file copies the first size bytes and notes the file.
func (k *copier) file(ctx context.Context, c *cut, f File, in io.ReaderAt, size int64) error {
	err := k.copy(ctx, &f, in, size)
	if err == nil {
		k.keep(c, f, "")
	}
	return err
}

func (k *copier) copy(ctx context.Context, f *File, in io.ReaderAt, size int64) error {
	f.Bytes, f.Pieces = size, []Piece{}
	buf := buffers.Get().(*[pieceBytes]byte)
	defer buffers.Put(buf)
	for off := int64(0); off < size; off += pieceBytes {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := buf[:min(size-off, pieceBytes)]
		if n, err := in.ReadAt(b, off); n < len(b) {
			return fmt.Errorf("read %s at byte %d: %w", f.Name, off+int64(n), err)
		}
		k.read.Add(int64(len(b)))
		p, written, err := k.r.put(b)
		if err != nil {
			return err
		}
		if written {
			k.written.Add(p.Bytes)
		}
		f.Pieces = append(f.Pieces, p)
		k.done(p.Bytes)
	}
	return nil
}

var buffers = sync.Pool{New: func() any { return new([pieceBytes]byte) }}

// keep notes a file, or one that is damaged.
func (k *copier) keep(c *cut, f File, damaged string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if damaged != "" {
		c.snapshot.Damaged = append(c.snapshot.Damaged, damaged)
		return
	}
	c.snapshot.Files = append(c.snapshot.Files, f)
}

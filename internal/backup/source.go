package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

// Source is the node that is backed up: a running one with its stores, or a stopped one, whose Journal and Telemetry
// are nil and whose files are read as they are.
type Source struct {
	FS        file.FS
	Dir       string // the data folder
	DB        *store.DB
	Journal   *log.Log
	Telemetry *telemetry.Store
	Node      uuid.UUID
	Name      string
	Program   string          // version of this program
	Config    json.RawMessage // the effective configuration, secrets masked; may be nil
	Now       func() time.Time
}

// PlaceError tells that repository and data folder lie one in the other: each backup would hold all earlier ones, and
// whatever takes the data would take them too.
type PlaceError struct{ Repository, Data string }

func (e *PlaceError) Error() string {
	return fmt.Sprintf("the repository %s and the data folder %s lie one in the other; name a folder beside it, best on another disk", e.Repository, e.Data)
}

// ErrClusterJournal tells that the journal is not in the data folder.
var ErrClusterJournal = errors.New("the journal of this node is in a cluster and not in its data folder: back up the cluster's PostgreSQL, JetStream and object store with their own tools")

// check refuses what cannot be backed up, or not to there.
func (s *Source) check(repository string) error {
	if s.Telemetry != nil && s.Journal == nil {
		return ErrClusterJournal
	}
	if _, err := s.FS.Stat(filepath.Join(s.Dir, restoreMark)); err == nil {
		return &UnfinishedRestoreError{s.Dir}
	}
	to, data := real(repository), real(s.Dir)
	for _, pair := range [][2]string{{to, data}, {data, to}} {
		if rel, err := filepath.Rel(pair[0], pair[1]); err == nil && filepath.IsLocal(rel) {
			return &PlaceError{repository, s.Dir}
		}
	}
	return nil
}

// real is a path without symbolic links, as far as there is something there.
func real(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	for rest := ""; ; {
		if there, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Join(there, rest)
		}
		parent := filepath.Dir(path)
		if parent == path {
			return filepath.Join(path, rest)
		}
		path, rest = parent, filepath.Join(filepath.Base(path), rest)
	}
}

// Places in a data folder.
const (
	journalDir   = "journal"
	telemetryDir = "telemetry"
	journalLock  = "LOCK"
	storeLock    = "lock"
	configFile   = "configuration.json"
	workPrefix   = ".backup-" // what a backup writes beside the data for a while
	evidenceDir  = "evidence"
)

func blocksDir() string { return telemetryDir + "/" + telemetry.BlocksName }

// cut is a node at one moment: what is to be copied, pinned.
type cut struct {
	snapshot Snapshot
	journal  func(context.Context) ([]log.Part, error)
	cursors  []byte
	manifest []byte
	blocks   []telemetry.SnapshotBlock
	records  *store.Snapshot

	letJournal func()
	release    []func()
}

func (c *cut) close() {
	c.letJournal()
	for _, f := range c.release {
		f()
	}
	if c.records != nil {
		_ = c.records.Close() // only read from
	}
}

// fix makes the cut.
func (s *Source) fix(ctx context.Context) (c *cut, err error) {
	c = &cut{letJournal: func() {}}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	c.snapshot = Snapshot{Format: Version, Program: s.Program, Node: s.Node, Name: s.Name, Engine: string(s.DB.Engine()), Formats: Known()}
	if s.Telemetry == nil {
		err = s.fixStopped(ctx, c)
	} else {
		err = s.fixRunning(ctx, c)
	}
	c.snapshot.Made = s.Now().UTC().Truncate(time.Millisecond)
	return c, err
}

func (s *Source) fixRunning(ctx context.Context, c *cut) error {
	t, err := s.Telemetry.Snapshot(ctx, func(ctx context.Context, cursor uint64) (err error) {
		// The records first: no cursor that they hold is beyond the journal's last commit then, and since no series can
		// be declared in between, every series that the journal names is in them.
		if c.records, err = s.DB.Snapshot(ctx); err != nil {
			return err
		}
		j, err := s.Journal.Snapshot(cursor + 1)
		if err != nil {
			return err
		}
		c.journal, c.letJournal, c.cursors = j.Parts, j.Release, j.Cursors
		c.snapshot.Commit, c.snapshot.CommitTime = j.Last.Number, time.Unix(0, j.Last.Time).UTC()
		return nil
	})
	if err != nil {
		return err
	}
	c.release = append(c.release, t.Release)
	c.manifest, c.blocks = t.Manifest, t.Blocks
	c.snapshot.Cursor, c.snapshot.Store = t.Cursor, t.Store
	return nil
}

// fixStopped takes the locks of a node that does not run, so that none starts meanwhile.
func (s *Source) fixStopped(ctx context.Context, c *cut) (err error) {
	unlock, err := lockData(s.FS, s.Dir)
	if err != nil {
		return err
	}
	c.release = append(c.release, unlock)
	if c.records, err = s.DB.Snapshot(ctx); err != nil {
		return err
	}
	parts, closeParts, err := journalParts(s.FS, filepath.Join(s.Dir, journalDir))
	if err != nil {
		return err
	}
	c.release = append(c.release, closeParts)
	var last log.Commit
	report, err := log.Inspect(ctx, parts, func(_ string, at log.Commit, _ []byte) error { last = at; return nil })
	if err != nil {
		return err
	}
	c.journal = func(context.Context) ([]log.Part, error) { return report.Parts, nil }
	if c.cursors, err = readAll(s.FS, filepath.Join(s.Dir, journalDir, log.CursorsFile), 1<<20); errors.Is(err, fs.ErrNotExist) {
		c.cursors, err = nil, nil
	}
	if err != nil {
		return err
	}
	name := filepath.Join(s.Dir, telemetryDir, telemetry.ManifestName)
	if c.manifest, err = readAll(s.FS, name, 1<<28); err != nil {
		return fmt.Errorf("read telemetry's table of contents: %w", err)
	}
	m, err := telemetry.ReadManifest(name, c.manifest)
	if err != nil {
		return err
	}
	for _, b := range m.Blocks {
		c.blocks = append(c.blocks, telemetry.SnapshotBlock{Path: filepath.Join(s.Dir, filepath.FromSlash(blocksDir()), b.Name), Name: b.Name, Bytes: b.Bytes, Check: b.Check})
	}
	c.snapshot.Commit, c.snapshot.CommitTime = report.Last, time.Unix(0, last.Time).UTC()
	c.snapshot.Cursor, c.snapshot.Store = m.Cursor, m.Store
	return nil
}

// ErrRunning tells that a node works on the data folder.
var ErrRunning = errors.New("a node is running with this data folder; stop it first")

// lockData takes both locks of a node's data folder. Error: ErrRunning.
func lockData(fsys file.FS, dir string) (unlock func(), err error) {
	var locks []io.Closer
	unlock = func() {
		for _, l := range locks {
			_ = l.Close()
		}
	}
	for _, name := range []string{filepath.Join(journalDir, journalLock), filepath.Join(telemetryDir, storeLock)} {
		name = filepath.Join(dir, name)
		if _, err := fsys.Stat(filepath.Dir(name)); errors.Is(err, fs.ErrNotExist) {
			continue // nobody can be at work there
		}
		l, err := fsys.Lock(name)
		if err != nil {
			unlock()
			if errors.Is(err, file.ErrLocked) {
				err = fmt.Errorf("%s: %w: %w", dir, ErrRunning, err)
			}
			return nil, err
		}
		locks = append(locks, l)
	}
	return unlock, nil
}

// Running tells whether a node works on the data folder.
func Running(fsys file.FS, dir string) (bool, error) {
	unlock, err := lockData(fsys, dir)
	if errors.Is(err, ErrRunning) {
		return true, nil
	}
	if err == nil {
		unlock()
	}
	return false, err
}

// journalParts opens all segment files of a folder.
func journalParts(fsys file.FS, dir string) (parts []log.Part, closeAll func(), err error) {
	var files []file.File
	closeAll = func() {
		for _, f := range files {
			_ = f.Close() // only read from
		}
	}
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("read the journal: %w", err)
	}
	for _, e := range entries {
		if !log.IsSegment(e.Name()) {
			continue
		}
		f, err := fsys.OpenFile(filepath.Join(dir, e.Name()), os.O_RDONLY, 0)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		files = append(files, f)
		size, err := f.Size()
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		parts = append(parts, log.Part{Name: e.Name(), Bytes: size, Data: f})
	}
	return parts, closeAll, nil
}

// plain calls yield for every file of the data folder that no other part of the backup holds, and that is not one for
// the moment: locks, files being written, what an interrupted upload left, the folder of a gateway (which has a spool
// and an identity of its own; the demo keeps some).
func (s *Source) plain(yield func(name string, bytes int64) error) error {
	return s.walk("", func(name string, bytes int64) error {
		base := name[strings.LastIndex(name, "/")+1:]
		switch {
		case base == storeLock, base == journalLock, strings.HasSuffix(base, ".lock"), strings.HasSuffix(base, ".tmp"),
			strings.HasPrefix(base, workPrefix), strings.HasPrefix(name, journalDir+"/"), strings.HasPrefix(name, blocksDir()+"/"),
			name == telemetryDir+"/"+telemetry.ManifestName, name == restoreMark, name == configFile,
			strings.HasPrefix(name, damagedDir+"/"), strings.HasPrefix(name, evidenceDir+"/"):
			return nil
		case s.DB.Engine() == store.SQLite && (name == store.SQLiteFile || strings.HasPrefix(name, store.SQLiteFile+"-")):
			return nil
		}
		return yield(name, bytes)
	})
}

// walk calls yield for the files below a folder of the data folder, which need not be there. What goes away meanwhile
// is passed over.
func (s *Source) walk(folder string, yield func(name string, bytes int64) error) error {
	entries, err := s.FS.ReadDir(filepath.Join(s.Dir, filepath.FromSlash(folder)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if folder != "" && e.Name() == "gateway.lock" {
			return nil
		}
	}
	for _, e := range entries {
		name := e.Name()
		if folder != "" {
			name = folder + "/" + name
		}
		switch {
		case e.IsDir() && (folder == "blobs" || folder == "drafts") && e.Name() == "new":
		case e.IsDir():
			err = s.walk(name, yield)
		case e.Type().IsRegular():
			var info fs.FileInfo
			if info, err = e.Info(); err == nil {
				err = yield(name, info.Size())
			}
			if errors.Is(err, fs.ErrNotExist) {
				err = nil
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

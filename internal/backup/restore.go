package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

// restoreMark is in a folder while it is being restored into. A node does not start with it.
const restoreMark = "restore.unfinished"

// UnfinishedRestoreError tells that a data folder is the remains of a restore that did not end.
type UnfinishedRestoreError struct{ Dir string }

func (e *UnfinishedRestoreError) Error() string {
	return fmt.Sprintf("a restore into %s was interrupted: run the same jingwei restore again, it begins anew there, or remove the folder", e.Dir)
}

// NotEmptyError tells that a folder to restore into has something in it.
type NotEmptyError struct{ Dir, Has string }

func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("%s is not empty (it has %s): restore into a new folder with --to, then start the node with --data there; to put it in the old place, move the old folder away first", e.Dir, e.Has)
}

// NoRoomError tells that the volume is too small.
type NoRoomError struct {
	Dir        string
	Needs, Has uint64
}

func (e *NoRoomError) Error() string {
	return fmt.Sprintf("%s has room for %d MiB and the snapshot needs %d MiB: free some, or restore to another volume", e.Dir, e.Has>>20, e.Needs>>20)
}

// RestoreOptions say what goes where.
type RestoreOptions struct {
	Snapshot string // "" is the newest
	To       string // a folder that is empty or not there
	// DB is an empty database, for a snapshot whose records were in PostgreSQL; nil for one of SQLite.
	DB   *store.DB
	Tell func(Progress)
}

// Restore writes a snapshot into an empty folder. An interrupted restore leaves a folder that no node starts with, and
// that can be restored into again. Errors: ErrRunning, *NotEmptyError, *NoRoomError, *DamageError, *FormatError,
// store.ErrNotEmpty, those of Load.
func Restore(ctx context.Context, r *Repository, o RestoreOptions) (*Snapshot, error) {
	s, err := r.Load(o.Snapshot)
	if err != nil {
		return nil, err
	}
	if name, has, knows := s.Formats.newer(); name != "" {
		return nil, &FormatError{What: "snapshot " + s.ID() + " (" + name + ")", Has: has, Knows: knows, Program: s.Program}
	}
	if s.Engine == string(store.Postgres) && o.DB == nil {
		return nil, errors.New("the records of this snapshot were in PostgreSQL: give an empty database with --database postgres://user@host/name")
	}
	if s.Engine == string(store.SQLite) && o.DB != nil {
		return nil, errors.New("the records of this snapshot were in SQLite: leave --database away; they come to lie in the folder")
	}
	if err := r.prepare(o.To, s); err != nil {
		return nil, err
	}
	w := &restoring{r: r, o: o, at: Progress{Phase: "restore", Total: s.Bytes()}}
	if err := w.all(ctx, s); err != nil {
		return nil, fmt.Errorf("restore snapshot %s: %w", s.ID(), err)
	}
	return s, nil
}

// prepare makes sure that the folder may be written to, and marks it.
func (r *Repository) prepare(to string, s *Snapshot) error {
	running, err := Running(r.fs, to)
	if err != nil {
		return err
	}
	if running {
		return fmt.Errorf("restore into %s: %w, and restore into an empty folder", to, ErrRunning)
	}
	entries, err := r.fs.ReadDir(to)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := r.fs.Stat(filepath.Join(to, restoreMark)); err == nil {
		if err := empty(r.fs, to); err != nil {
			return fmt.Errorf("remove what the interrupted restore left: %w", err)
		}
	} else {
		for _, e := range entries {
			if e.Name() != "lost+found" { // of the volume that is mounted there
				return &NotEmptyError{to, e.Name()}
			}
		}
	}
	if err := file.MakeDir(r.fs, to, 0o700); err != nil {
		return err
	}
	need := uint64(s.Bytes())
	for _, f := range s.Files {
		if f.Kind == Journal {
			need += 64 << 20 // a segment is extended to its full size
		}
	}
	if room, err := r.fs.Free(to); err == nil && room < need {
		return &NoRoomError{to, need, room}
	}
	return file.WriteAtomic(r.fs, filepath.Join(to, restoreMark), []byte(s.ID()+"\n"), 0o600)
}

// empty removes everything below dir but the mark.
func empty(fsys file.FS, dir string) error {
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if e.Name() == restoreMark || e.Name() == "lost+found" {
			continue
		}
		if e.IsDir() {
			if err := empty(fsys, name); err != nil {
				return err
			}
		}
		if err := fsys.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

type restoring struct {
	r  *Repository
	o  RestoreOptions
	at Progress
	ch chan int64
}

func (w *restoring) all(ctx context.Context, s *Snapshot) error {
	w.ch = make(chan int64, 16)
	told := make(chan struct{})
	go func() {
		defer close(told)
		for n := range w.ch {
			w.at.Done += n
			if w.o.Tell != nil {
				w.o.Tell(w.at)
			}
		}
	}()
	err := w.write(ctx, s)
	close(w.ch)
	<-told
	if err != nil {
		return err
	}
	mark := filepath.Join(w.o.To, restoreMark)
	if err := w.r.fs.Remove(mark); err != nil {
		return err
	}
	return w.r.fs.SyncDir(w.o.To)
}

func (w *restoring) write(ctx context.Context, s *Snapshot) error {
	dirs := map[string]bool{w.o.To: true}
	for i := range s.Files {
		dir := filepath.Dir(filepath.Join(w.o.To, filepath.FromSlash(s.Files[i].Name)))
		if !dirs[dir] {
			dirs[dir] = true
			if err := file.MakeDir(w.r.fs, dir, 0o700); err != nil {
				return err
			}
		}
	}
	// A node makes these where they are missing; that of the blocks belongs to the table of contents.
	if err := file.MakeDir(w.r.fs, filepath.Join(w.o.To, filepath.FromSlash(blocksDir())), 0o700); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(copyWorkers)
	for i := range s.Files {
		f := &s.Files[i]
		if f.Kind == Records && s.Engine == string(store.Postgres) {
			continue
		}
		g.Go(func() error {
			return writeOut(gctx, w.r, f, filepath.Join(w.o.To, filepath.FromSlash(f.Name)), func(n int64) { w.ch <- n })
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for dir := range dirs {
		if err := w.r.fs.SyncDir(dir); err != nil {
			return err
		}
	}
	if s.Engine != string(store.Postgres) {
		return nil
	}
	f := s.Find(store.PostgresFile)
	if f == nil {
		return &DamageError{"snapshot " + s.ID(), "it has no records"}
	}
	return store.Restore(ctx, w.o.DB, io.NewSectionReader(w.r.open(f, &lastPiece{}), 0, f.Bytes))
}

// fullSize extends a segment of the journal, of which only the beginning was kept, to the size that it names.
func fullSize(out file.File, f *File) error {
	size, err := log.FullSize(out)
	if err != nil {
		return &DamageError{f.Name, err.Error()}
	}
	if size > f.Bytes {
		return out.Allocate(f.Bytes, size-f.Bytes)
	}
	return nil
}

// isBlock tells whether a name is that of a block file.
func isBlock(name string) bool {
	return strings.HasPrefix(name, telemetryDir+"/"+telemetry.BlocksName+"/") && strings.HasSuffix(name, ".jwb")
}

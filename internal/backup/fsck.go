package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/block"
)

// damagedDir is where damaged blocks are moved, in the data folder.
const damagedDir = "damaged"

// FsckOptions say what is examined and what is done about it.
type FsckOptions struct {
	FS  file.FS
	Dir string
	// DB is the node's database where that is PostgreSQL; nil: the SQLite file in Dir, or the one that Records names.
	DB      *store.DB
	Records string
	// Isolate moves blocks aside of which nothing can be read.
	Isolate bool
	// MendFrom, where set, is a repository from which damaged blocks are replaced by themselves.
	MendFrom *Repository
	Tell     func(Progress)
}

// Mended is what Fsck did.
type Mended struct {
	Moved    []string `json:"moved,omitempty"`    // aside, into the folder "damaged"
	Replaced []string `json:"replaced,omitempty"` // from the repository
}

// Fsck examines the data folder of a node that does not run. Without Isolate and MendFrom it changes nothing (SQLite may
// tidy its write-ahead file). Errors: ErrRunning, *UnfinishedRestoreError, *FormatError; what is damaged is in the report.
func Fsck(ctx context.Context, o FsckOptions) (*Report, *Mended, error) {
	if _, err := o.FS.Stat(filepath.Join(o.Dir, telemetryDir)); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s is no data folder of a node: it has no folder %s; name the right one with --data", o.Dir, telemetryDir)
	}
	if _, err := o.FS.Stat(filepath.Join(o.Dir, restoreMark)); err == nil {
		return nil, nil, &UnfinishedRestoreError{o.Dir}
	}
	if err := CheckFormats(o.FS, o.Dir); err != nil {
		return nil, nil, err
	}
	unlock, err := lockData(o.FS, o.Dir)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	n := &inspection{tree: &folder{o.FS, o.Dir, o.Records, o.DB != nil}, fs: o.FS, db: o.DB, tell: o.Tell}
	if err := n.run(ctx); err != nil {
		return nil, nil, fmt.Errorf("examine %s: %w", o.Dir, err)
	}
	m := &Mended{}
	if o.MendFrom != nil && n.contents != nil {
		if err := n.mend(ctx, o, m); err != nil {
			return nil, m, err
		}
	}
	if o.Isolate {
		if err := n.isolate(o, m); err != nil {
			return nil, m, err
		}
	}
	return &Report{o.Dir, n.summary, n.findings}, m, nil
}

// isolate moves blocks aside of which nothing can be read. The table of contents goes on naming them: that is how reads
// of their span know that data are missing.
func (n *inspection) isolate(o FsckOptions, m *Mended) error {
	for i := range n.findings {
		f := &n.findings[i]
		if _, there := n.names[f.File]; !f.closed || !there || slices.Contains(m.Replaced, f.File) {
			continue
		}
		if err := file.MakeDir(o.FS, filepath.Join(o.Dir, damagedDir), 0o700); err != nil {
			return err
		}
		from := filepath.Join(o.Dir, filepath.FromSlash(f.File))
		if err := o.FS.Rename(from, filepath.Join(o.Dir, damagedDir, path.Base(f.File))); err != nil {
			return fmt.Errorf("move %s aside: %w", f.File, err)
		}
		for _, d := range []string{filepath.Join(o.Dir, damagedDir), filepath.Dir(from)} {
			if err := o.FS.SyncDir(d); err != nil {
				return err
			}
		}
		m.Moved = append(m.Moved, f.File)
		f.Mend = text.Text{Zh: "已移到 " + damagedDir + " 目录。", En: "It was moved to the folder " + damagedDir + "."}
	}
	return nil
}

// mend replaces damaged blocks by the same blocks from a repository. A block's file is known by the store, its number,
// its size and the checksum of its footer, all of which the table of contents has.
func (n *inspection) mend(ctx context.Context, o FsckOptions, m *Mended) error {
	want := map[string]*telemetry.BlockEntry{}
	for _, f := range n.findings {
		if !isBlock(f.File) || f.Warning || f.Newer {
			continue
		}
		for i := range n.contents.Blocks {
			if e := &n.contents.Blocks[i]; e.Name == path.Base(f.File) {
				want[f.File] = e
			}
		}
	}
	ids, err := o.MendFrom.IDs()
	if err != nil || len(want) == 0 {
		return err
	}
	slices.Reverse(ids) // the newest first
	for _, id := range ids {
		s, err := o.MendFrom.Load(id)
		if err != nil {
			continue // another snapshot may serve
		}
		for name, e := range want {
			f := s.Find(name)
			if f == nil || s.Store != n.contents.Store || f.Bytes != e.Bytes || f.Check != e.Check || slices.Contains(s.Damaged, name) {
				continue
			}
			if n.replace(ctx, o, f, e) == nil {
				delete(want, name)
				m.Replaced = append(m.Replaced, name)
			}
		}
	}
	slices.Sort(m.Replaced)
	n.findings = slices.DeleteFunc(n.findings, func(f Finding) bool { return slices.Contains(m.Replaced, f.File) })
	return nil
}

// replace writes a block beside the damaged one, reads all of it, and only then puts it in place.
func (n *inspection) replace(ctx context.Context, o FsckOptions, f *File, e *telemetry.BlockEntry) error {
	name := filepath.Join(o.Dir, filepath.FromSlash(f.Name))
	tmp := name + ".tmp"
	if err := o.FS.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := writeOut(ctx, o.MendFrom, f, tmp, nil); err != nil {
		_ = o.FS.Remove(tmp)
		return err
	}
	r, err := block.Open(o.FS, tmp)
	if err == nil {
		if err = e.Matches(n.contents.Store, r); err == nil {
			_, e := r.Verify(ctx, func(d block.Damage) { err = d.Err })
			err = errors.Join(err, e)
		}
		err = errors.Join(err, r.Close())
	}
	if err != nil {
		_ = o.FS.Remove(tmp)
		return err
	}
	if err := o.FS.Rename(tmp, name); err != nil {
		return err
	}
	return o.FS.SyncDir(filepath.Dir(name))
}

// folder is a data folder as a tree.
type folder struct {
	fs       file.FS
	dir      string
	sqlite   string // the SQLite file where it is not in the folder
	postgres bool
}

func (d *folder) path(name string) string { return filepath.Join(d.dir, filepath.FromSlash(name)) }

func (d *folder) files() (out []listed, err error) {
	s := Source{FS: d.fs, Dir: d.dir}
	err = s.walk("", func(name string, bytes int64) error {
		if !strings.HasPrefix(name, damagedDir+"/") {
			out = append(out, listed{name, bytes})
		}
		return nil
	})
	return out, err
}

func (d *folder) open(name string) (io.ReaderAt, func(), error) {
	f, err := d.fs.OpenFile(d.path(name), os.O_RDONLY, 0)
	if err != nil {
		return nil, nil, err
	}
	return f, func() { _ = f.Close() }, nil
}

func (d *folder) records(context.Context) (string, func(), error) {
	name := d.sqlite
	switch {
	case d.postgres:
		return "", func() {}, nil
	case name == "":
		name = d.path(store.SQLiteFile)
	}
	if _, err := d.fs.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return "", nil, &DamageError{name, "it is missing"}
	}
	return name, func() {}, nil
}

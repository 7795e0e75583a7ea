package evidence

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"jingwei/internal/kernel/file"
)

// readFile reads a whole file of at most limit bytes.
func readFile(files file.FS, name string, limit int64) (data []byte, err error) {
	f, err := files.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			err = e
		}
	}()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, &tooLargeError{name, size, limit}
	}
	data = make([]byte, size)
	n, err := f.ReadAt(data, 0)
	if err == io.EOF {
		err = nil // it was cut while we read; what is there is judged by the caller
	}
	return data[:n], err
}

type tooLargeError struct {
	name        string
	size, limit int64
}

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("%s has %d bytes, at most %d are expected", e.name, e.size, e.limit)
}

// folder writes the static files of a log. Its directories are made durable once.
type folder struct {
	files   file.FS
	dir     string
	durable map[string]bool // directories whose own names are on the medium
	touched map[string]bool // directories with names that are not
	atOnce  int             // files written at once: their syncs share commits of the file system's journal
}

// staticFile is one to be written.
type staticFile struct {
	path string
	data func() []byte
}

// put writes files under their names, each whole or not at all. They are certain only after settle.
func (d *folder) put(list ...staticFile) error {
	for _, f := range list {
		dir := filepath.Dir(filepath.Join(d.dir, filepath.FromSlash(f.path)))
		if !d.durable[dir] && !d.touched[dir] {
			if err := d.files.MkdirAll(dir, 0o755); err != nil {
				return err
			}
		}
		d.touch(dir)
	}
	var g errgroup.Group
	g.SetLimit(max(d.atOnce, 1))
	for _, f := range list {
		g.Go(func() error {
			return writeNew(d.files, filepath.Join(d.dir, filepath.FromSlash(f.path)), f.data(), 0o644)
		})
	}
	return g.Wait()
}

// touch notes that a directory has changed, and that its own name may be new.
func (d *folder) touch(dir string) {
	d.touched[dir] = true
	for p := dir; p != d.dir && !d.durable[p]; p = filepath.Dir(p) {
		d.touched[filepath.Dir(p)] = true
	}
}

// writeNew writes name by way of name.tmp. The caller syncs the directory.
func writeNew(files file.FS, name string, data []byte, perm os.FileMode) error {
	tmp := name + ".tmp"
	f, err := files.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	if _, err = f.WriteAt(data, 0); err == nil {
		err = f.Datasync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = files.Rename(tmp, name)
	}
	if err != nil {
		_ = files.Remove(tmp) // the caller has the error that matters
	}
	return err
}

// settle makes the names of everything put durable. An error of it is final: names that could not be synced may be
// forgotten by the kernel, and a second sync would not tell.
func (d *folder) settle() error {
	for _, dir := range slices.Sorted(maps.Keys(d.touched)) {
		if err := d.files.SyncDir(dir); err != nil {
			return err
		}
	}
	for dir := range d.touched {
		for p := dir; p != d.dir; p = filepath.Dir(p) {
			d.durable[p] = true
		}
		delete(d.touched, dir)
	}
	return nil
}

// forget removes the directory of a tile's partial versions, which its full version makes superfluous (tlog-tiles,
// "Partial Tiles"). What stays behind does no harm.
func (d *folder) forget(path string) {
	dir := filepath.Join(d.dir, filepath.FromSlash(path))
	list, err := d.files.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range list {
		_ = d.files.Remove(filepath.Join(dir, e.Name()))
	}
	_ = d.files.Remove(dir)
	delete(d.durable, dir)
}

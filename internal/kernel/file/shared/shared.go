package shared

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"

	"jingwei/internal/kernel/file"
)

// FS is the open file system of a cell; *FS is a file.FS. Paths are the cell's own, "/telemetry/manifest": every process
// that may open the cell must use the same.
type FS struct {
	o      Options
	bucket *bucket
	cache  *cache
	lock   io.Closer // of the cache's folder

	ctx    context.Context // ends with the lease or Close: changes
	cancel context.CancelCauseFunc
	life   context.Context // ends with Close: reads
	end    context.CancelCauseFunc

	mu      sync.Mutex
	root    *node
	locks   map[string]bool
	pending *batch // that is committed next
	newest  *batch // that was queued last
	failed  error
	closed  bool

	version int64 // of the directory; the committer's
	wake    chan struct{}
	uploads sync.RWMutex // read: an object is on its way to its row; write: a sweep lists what there is
	trash   trash
	tasks   sync.WaitGroup // committer
	behind  sync.WaitGroup // remover and sweeper

	commits, retries, uploaded, uploadedBytes, removed, swept atomic.Uint64
}

var _ file.FS = (*FS)(nil)

// Stats are counts since Open and gauges of now.
type Stats struct {
	Commits         uint64 // transactions on the directory
	Retries         uint64 // of them, since the database did not answer
	Uploads         uint64 // objects
	UploadedBytes   uint64
	Downloads       uint64 // objects
	DownloadedBytes uint64
	DamagedCache    uint64 // objects in the cache that were not what they should be
	Removed         uint64 // objects that no row named any more
	Swept           uint64 // of them, those that a search found
	Evicted         uint64 // objects that made room for others in the cache
	CacheBytes      int64  // of objects on this machine, used or not
}

// Stats tells them.
func (f *FS) Stats() Stats {
	bytes, evicted := f.cache.total()
	return Stats{Commits: f.commits.Load(), Retries: f.retries.Load(), Uploads: f.uploaded.Load(), UploadedBytes: f.uploadedBytes.Load(),
		Downloads: f.cache.downloads.Load(), DownloadedBytes: f.cache.downloaded.Load(), DamagedCache: f.cache.damaged.Load(),
		Removed: f.removed.Load(), Swept: f.swept.Load(), CacheBytes: bytes, Evicted: evicted}
}

// Open reads the cell's directory under its lease. It waits for the cluster until ctx ends or Options.Patience does.
// Errors: lease.ErrLost, lease.ErrReleased, *ConfigError, file.ErrLocked where another FS or Warm uses the cache's folder.
func Open(ctx context.Context, o Options) (_ *FS, err error) {
	o, err = o.filled(false)
	if err != nil {
		return nil, err
	}
	f := &FS{o: o, locks: map[string]bool{}, wake: make(chan struct{}, 1)}
	f.ctx, f.cancel = context.WithCancelCause(o.Held.Context())
	f.life, f.end = context.WithCancelCause(context.Background())
	f.trash.wake = make(chan struct{}, 1)
	defer func() {
		if err != nil {
			f.cancel(fs.ErrClosed)
			f.end(fs.ErrClosed)
			if f.lock != nil {
				f.lock.Close()
			}
			err = fmt.Errorf("open the shared files of cell %s: %w", o.Cell, err)
		}
	}()
	if f.ctx.Err() != nil {
		return nil, context.Cause(f.ctx)
	}
	if f.lock, err = lockCache(o.CacheDir); err != nil {
		return nil, err
	}
	first := &bucket{o: &f.o, name: o.Objects.Bucket}
	err = first.patiently(ctx, "open the bucket", func(ctx context.Context) (err error) {
		try, cancel := context.WithTimeout(ctx, tryTime)
		defer cancel()
		f.bucket, err = openBucket(try, &f.o)
		return configIsFinal(err)
	})
	if err != nil {
		return nil, err
	}
	if f.cache, err = openCache(&f.o, f.bucket); err != nil {
		return nil, err
	}
	if err := migrate(ctx, o.DB); err != nil {
		return nil, err
	}
	rows, err := f.load(ctx)
	if err != nil {
		return nil, err
	}
	if err := f.grow(rows); err != nil {
		return nil, err
	}
	f.tasks.Go(f.commit)
	f.behind.Go(f.tidy)
	return f, nil
}

func configIsFinal(err error) error {
	var wrong *ConfigError
	if errors.As(err, &wrong) {
		return &localError{err}
	}
	return err
}

func lockCache(dir string) (io.Closer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return file.OS().Lock(filepath.Join(dir, "lock"))
}

// grow makes the tree of the rows.
func (f *FS) grow(rows []fileRow) error {
	f.root = &node{mode: 0o755, children: map[string]*node{}, kept: &content{}}
	named := map[string]bool{}
	for _, r := range rows {
		bad := func(err error) error {
			return fmt.Errorf("the row of %s cannot be: %w; restore the table shared_file from a backup", r.Path, err)
		}
		if p, err := clean(r.Path); err != nil || p != r.Path {
			return bad(fmt.Errorf("its path is none of ours"))
		}
		dir, name, err := f.parentOf(r.Path)
		if err != nil {
			return bad(err)
		}
		pieces, err := decodePieces(r.Pieces, r.Size)
		if err != nil {
			return bad(err)
		}
		n := f.newNode(fs.FileMode(r.Mode), r.IsDir)
		n.kept = &content{r.Size, pieces}
		n.size.Store(r.Size)
		n.changed.Store(r.Changed)
		n.hang(dir, name)
		for _, p := range pieces {
			named[p.Object] = true
		}
	}
	f.cache.keepOnly(named)
	return nil
}

// usable returns why nothing may be changed any more.
func (f *FS) usable() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.usableLocked()
}

func (f *FS) usableLocked() error {
	if f.closed {
		return fs.ErrClosed
	}
	return f.failure()
}

// failure is usableLocked for changes that were taken before Close.
func (f *FS) failure() error {
	if f.failed != nil {
		return f.failed
	}
	if f.ctx.Err() != nil {
		return f.failLocked(context.Cause(f.ctx))
	}
	return nil
}

// fail ends all changes, and returns the first failure.
func (f *FS) fail(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failLocked(err)
}

func (f *FS) failLocked(err error) error {
	if f.failed == nil {
		f.failed = fmt.Errorf("%w: cell %s: %w", ErrFailed, f.o.Cell, err)
		f.o.Logger.Error("the shared files of a cell have failed", "cell", f.o.Cell, "error", err)
		f.cancel(err)
		if failed := f.failed; !f.closed && f.o.OnFailure != nil {
			f.behind.Go(func() { f.o.OnFailure(failed) })
		}
	}
	return f.failed
}

// Close waits for changes under way and lets go of everything. Rooms must be closed before; handles that are still open can
// be read and closed. What was not synced is lost, as with the process.
func (f *FS) Close() error {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return nil
	}
	f.closed = true
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
	f.tasks.Wait()
	f.end(fs.ErrClosed)
	f.cancel(fs.ErrClosed)
	f.behind.Wait()
	return f.lock.Close()
}

// begin is the beginning of every operation on names: it locks f.mu where it returns nil.
func (f *FS) begin(change bool) error {
	f.mu.Lock()
	var err error
	switch {
	case change:
		err = f.usableLocked()
	case f.closed:
		err = fs.ErrClosed
	}
	if err != nil {
		f.mu.Unlock()
	}
	return err
}

func pathError(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// MkdirAll implements file.FS. The directories are durable when it returns, unless another call is just making them.
func (f *FS) MkdirAll(dir string, perm fs.FileMode) error {
	name, err := clean(dir)
	if err != nil {
		return pathError("mkdir", dir, err)
	}
	if err := f.begin(true); err != nil {
		return pathError("mkdir", dir, err)
	}
	var missing []string
	at := name
	for {
		n, err := f.find(at)
		if err == nil && n.dir() {
			break
		}
		if err == nil || errors.Is(err, errNotDir) {
			f.mu.Unlock()
			return pathError("mkdir", dir, errNotDir)
		}
		missing = append(missing, path.Base(at))
		at = path.Dir(at)
	}
	parent, _ := f.find(at)
	var b *batch
	for i := len(missing) - 1; i >= 0; i-- {
		n := f.newNode(perm, true)
		n.kept = &content{}
		n.hang(parent, missing[i])
		b = f.queue()
		f.put(b, n)
		parent = n
	}
	f.mu.Unlock()
	return pathError("mkdir", dir, wait(b))
}

// wait returns when a batch is committed, or why it is not.
func wait(b *batch) error {
	if b == nil {
		return nil
	}
	<-b.done
	return b.err
}

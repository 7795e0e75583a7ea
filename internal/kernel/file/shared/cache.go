package shared

import (
	"cmp"
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// cache is the folder of this machine: objects/ holds whole objects under their names, work/ files that are written or put
// together from several pieces. Objects outlive the process; since nothing is synced here and disks err, each is checked by
// its SHA-256 (5 ms for 8 MB) when it is first used in a life.
type cache struct {
	dir    string
	max    int64
	bucket *bucket
	log    *slog.Logger
	lag    time.Duration

	works      atomic.Uint64
	downloads  atomic.Uint64
	downloaded atomic.Uint64
	damaged    atomic.Uint64 // cached objects that were not what they should be
	mu         sync.Mutex
	entries    map[string]*entry
	order      *list.List // of entries that nobody uses, the oldest at the front
	bytes      int64      // of all entries
	partsMade  uint64
	evicted    uint64
}

type entry struct {
	object  string
	bytes   int64
	pins    int
	checked bool
	place   *list.Element // nil while it is used
}

// openCache reads what the life before left.
func openCache(o *Options, b *bucket) (*cache, error) {
	c := &cache{dir: o.CacheDir, max: o.CacheBytes, bucket: b, log: o.Logger, lag: o.lag, entries: map[string]*entry{}, order: list.New()}
	if err := os.RemoveAll(filepath.Join(c.dir, "work")); err != nil {
		return nil, err
	}
	for _, d := range []string{"objects", "work"} {
		if err := os.MkdirAll(filepath.Join(c.dir, d), 0o700); err != nil {
			return nil, err
		}
	}
	found, err := os.ReadDir(filepath.Join(c.dir, "objects"))
	if err != nil {
		return nil, err
	}
	type old struct {
		entry
		used time.Time
	}
	var all []old
	for _, f := range found {
		info, err := f.Info()
		if err != nil || !info.Mode().IsRegular() || !plainName(f.Name()) {
			_ = os.Remove(filepath.Join(c.dir, "objects", f.Name())) // half of a download
			continue
		}
		all = append(all, old{entry{object: f.Name(), bytes: info.Size()}, info.ModTime()})
	}
	slices.SortFunc(all, func(a, b old) int { return cmp.Or(a.used.Compare(b.used), cmp.Compare(a.object, b.object)) })
	for _, f := range all {
		e := &entry{object: f.object, bytes: f.bytes}
		e.place = c.order.PushBack(e)
		c.entries[e.object] = e
		c.bytes += e.bytes
	}
	return c, nil
}

func (c *cache) path(object string) string { return filepath.Join(c.dir, "objects", object) }

// work names a file that is written.
func (c *cache) work() string {
	return filepath.Join(c.dir, "work", fmt.Sprint(c.works.Add(1)))
}

// keepOnly removes objects that no file has any more.
func (c *cache) keepOnly(named map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for object, e := range c.entries {
		if !named[object] && e.pins == 0 {
			c.drop(e)
		}
	}
	c.evict()
}

// pin brings an object into the cache, checked, and keeps it there until unpin. Errors: *DamageError; those of the cluster
// and of the local disk.
func (c *cache) pin(ctx context.Context, path string, p piece) (name string, err error) {
	c.mu.Lock()
	e := c.entries[p.Object]
	if e != nil {
		c.hold(e)
	}
	c.mu.Unlock()
	if e != nil {
		if e.checked {
			return c.path(p.Object), nil
		}
		err := check(c.path(p.Object), p)
		if err == nil {
			c.mu.Lock()
			e.checked = true
			c.mu.Unlock()
			return c.path(p.Object), nil
		}
		c.damaged.Add(1)
		c.log.Warn("an object in the cache is damaged and is fetched again", "file", path, "cached", c.path(p.Object), "error", err)
		c.mu.Lock()
		e.pins--
		c.drop(e)
		c.mu.Unlock()
	}
	if err := c.download(ctx, path, p); err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e = &entry{object: p.Object, bytes: p.Bytes, pins: 1, checked: true}
	c.entries[p.Object] = e
	c.bytes += e.bytes
	c.evict()
	return c.path(p.Object), nil
}

// check compares a local file with the object that it should be.
func check(name string, p piece) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(f, p.Bytes+1))
	if err != nil {
		return err
	}
	if n != p.Bytes {
		return fmt.Errorf("%d bytes, want %d", n, p.Bytes)
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != p.Sum {
		return fmt.Errorf("SHA-256 %s, want %s", sum, p.Sum)
	}
	return nil
}

// download fetches an object; it gets its name when it is whole and right.
func (c *cache) download(ctx context.Context, path string, p piece) error {
	c.mu.Lock()
	c.partsMade++
	part := filepath.Join(c.dir, "work", fmt.Sprintf("part%d", c.partsMade))
	c.mu.Unlock()
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(part)
	var absentSince time.Time
	err = c.bucket.patiently(ctx, "read "+path, func(ctx context.Context) error {
		if err := errors.Join(f.Truncate(0), seekStart(f)); err != nil {
			return &localError{err}
		}
		err := c.bucket.get(ctx, path, p, f)
		var absent *absentError
		if errors.As(err, &absent) { // a replica that lags does not have it yet
			if absentSince.IsZero() {
				absentSince = time.Now()
			}
			if time.Since(absentSince) >= c.lag {
				return &DamageError{path, p.Object, c.bucket.name, absent.Error()}
			}
		}
		return err
	})
	if e := f.Close(); err == nil && e != nil {
		err = e
	}
	if err != nil {
		return err
	}
	c.downloads.Add(1)
	c.downloaded.Add(uint64(p.Bytes))
	return os.Rename(part, c.path(p.Object))
}

func seekStart(f *os.File) error {
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// adopt takes a local file that is the content of an object just uploaded into the cache, unused.
func (c *cache) adopt(p piece, name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := os.Rename(name, c.path(p.Object)); err != nil {
		return err
	}
	e := &entry{object: p.Object, bytes: p.Bytes, checked: true}
	c.entries[p.Object] = e
	c.bytes += e.bytes
	e.place = c.order.PushBack(e)
	c.evict()
	return nil
}

// take moves a pinned object out of the cache, because its file is written.
func (c *cache) take(object string) (name string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name = c.work()
	if err := os.Rename(c.path(object), name); err != nil {
		return "", err
	}
	if e := c.entries[object]; e != nil {
		delete(c.entries, object)
		c.bytes -= e.bytes
	}
	return name, nil
}

// unpin lets go of an object; one that no file has any more goes.
func (c *cache) unpin(object string, gone bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[object]
	if e == nil {
		return
	}
	if e.pins--; e.pins > 0 {
		return
	}
	if gone {
		c.drop(e)
		return
	}
	e.place = c.order.PushBack(e)
	c.evict()
}

// forget removes objects that no file has any more, if nobody uses them; unpin does it later for the others.
func (c *cache) forget(pieces []piece) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range pieces {
		if e := c.entries[p.Object]; e != nil && e.pins == 0 {
			c.drop(e)
		}
	}
}

func (c *cache) hold(e *entry) {
	e.pins++
	if e.place != nil {
		c.order.Remove(e.place)
		e.place = nil
	}
}

func (c *cache) drop(e *entry) {
	if e.place != nil {
		c.order.Remove(e.place)
		e.place = nil
	}
	if c.entries[e.object] == e {
		delete(c.entries, e.object)
		c.bytes -= e.bytes
	}
	if err := os.Remove(c.path(e.object)); err != nil && !errors.Is(err, os.ErrNotExist) {
		c.log.Warn("cannot remove a file of the cache", "error", err)
	}
}

// evict makes room among the objects that nobody uses, the one first whose last use is the longest ago.
func (c *cache) evict() {
	for c.bytes > c.max && c.order.Len() > 0 {
		c.evicted++
		c.drop(c.order.Front().Value.(*entry))
	}
}

// has tells whether an object of the right size is there.
func (c *cache) has(p piece) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[p.Object]
	return e != nil && e.bytes == p.Bytes
}

func (c *cache) total() (bytes int64, evicted uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes, c.evicted
}

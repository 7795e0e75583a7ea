package shared

import (
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unicode/utf8"

	"jingwei/internal/kernel/file"
)

// node is a file or a directory, apart from where it hangs. Its locks are taken in this order: mu, then FS.mu.
type node struct {
	// Where it hangs; under FS.mu.
	name     string
	parent   *node
	children map[string]*node // of a directory
	gone     bool             // nothing leads here any more
	refs     int              // handles and mappings
	kept     *content         // what its row says, as soon as the batches queued are committed; nil: it has none
	bare     bool             // the row is SyncDir's: the content was never synced
	mode     fs.FileMode

	size    atomic.Int64
	changed atomic.Int64 // ns since 1970

	// The local copy; under mu, which Datasync holds all the while, so that nothing is written meanwhile.
	mu    sync.Mutex
	f     file.File // open as long as somebody uses it
	local string    // the file's name on this machine; "" where there is none
	cache string    // the object that local is in the cache, pinned; "" where local is a work file
	base  []piece   // of what local holds, these are in the cluster
	dirty []span    // and these were written since
	reset bool      // base or the size were changed since
}

func (n *node) dir() bool { return n.children != nil }

// path is where the node hangs. FS.mu is held.
func (n *node) path() string {
	if n.parent == nil {
		return "/"
	}
	var parts []string
	for ; n.parent != nil; n = n.parent {
		parts = append(parts, n.name)
	}
	slices.Reverse(parts)
	return "/" + strings.Join(parts, "/")
}

// below tells whether n is other or hangs below it.
func (n *node) below(other *node) bool {
	for ; n != nil; n = n.parent {
		if n == other {
			return true
		}
	}
	return false
}

// each calls do with the node and all that hang below it.
func (n *node) each(do func(*node)) {
	do(n)
	for _, c := range n.children {
		c.each(do)
	}
}

const maxPath = 1024 // bytes; PostgreSQL's index takes a bit more

// clean makes one name of the many that mean the same; relative names are relative to the root.
func clean(name string) (string, error) {
	name = path.Clean("/" + filepath.ToSlash(name))
	if len(name) > maxPath || strings.IndexByte(name, 0) >= 0 || !utf8.ValidString(name) {
		return "", syscall.EINVAL
	}
	return name, nil
}

// find returns the node at a clean path. FS.mu is held.
func (f *FS) find(name string) (*node, error) {
	n := f.root
	for part := range strings.SplitSeq(strings.TrimPrefix(name, "/"), "/") {
		if part == "" {
			break
		}
		if !n.dir() {
			return nil, syscall.ENOTDIR
		}
		if n = n.children[part]; n == nil {
			return nil, fs.ErrNotExist
		}
	}
	return n, nil
}

// parentOf returns the directory in which a clean path's last part hangs, or would.
func (f *FS) parentOf(name string) (dir *node, last string, err error) {
	if name == "/" {
		return nil, "", syscall.EBUSY
	}
	dir, err = f.find(path.Dir(name))
	if err == nil && !dir.dir() {
		err = syscall.ENOTDIR
	}
	return dir, path.Base(name), err
}

func (f *FS) newNode(mode fs.FileMode, dir bool) *node {
	n := &node{mode: mode.Perm()}
	if dir {
		n.children = map[string]*node{}
	}
	n.changed.Store(f.o.Now().UnixNano())
	return n
}

func (n *node) hang(dir *node, name string) {
	n.parent, n.name = dir, name
	dir.children[name] = n
}

// info is what Stat tells. FS.mu is held.
func (n *node) info() fs.FileInfo {
	name := n.name
	if n.parent == nil {
		name = "/"
	}
	return &info{name, n.size.Load(), n.mode, n.dir(), time.Unix(0, n.changed.Load())}
}

type info struct {
	name string
	size int64
	mode fs.FileMode
	dir  bool
	time time.Time
}

func (i *info) Name() string       { return i.name }
func (i *info) Size() int64        { return i.size }
func (i *info) IsDir() bool        { return i.dir }
func (i *info) ModTime() time.Time { return i.time }
func (i *info) Sys() any           { return nil }
func (i *info) Mode() fs.FileMode {
	if i.dir {
		return i.mode | fs.ModeDir
	}
	return i.mode
}

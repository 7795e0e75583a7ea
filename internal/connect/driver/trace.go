package driver

import (
	"bytes"
	"sync"
)

// ring keeps the last frames of a link, bounded in bytes.
type ring struct {
	mu    sync.Mutex
	limit int
	bytes int
	list  []Frame // list[head:] are kept, oldest first
	head  int
}

// frameCost is what a frame holds beside its bytes.
const frameCost = 96

func newRing(limit int) *ring { return &ring{limit: limit} }

func (r *ring) add(f Frame) {
	n := len(f.Data) + len(f.Note) + frameCost
	if n > r.limit {
		return
	}
	f.Data = bytes.Clone(f.Data)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bytes += n
	r.list = append(r.list, f)
	for r.bytes > r.limit {
		old := &r.list[r.head]
		r.bytes -= len(old.Data) + len(old.Note) + frameCost
		*old = Frame{}
		r.head++
	}
	if r.head > len(r.list)/2 {
		n := copy(r.list, r.list[r.head:])
		clear(r.list[n:])
		r.list, r.head = r.list[:n], 0
	}
}

func (r *ring) frames() []Frame {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Frame(nil), r.list[r.head:]...)
}

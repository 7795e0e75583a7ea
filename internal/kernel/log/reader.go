package log

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
)

// Record is one record as it is read back.
type Record struct {
	Commit
	Data []byte // valid until the reader's next call
}

// Reader gives the records of one partition in the order of their numbers. It sees durable records only. A reader
// belongs to one goroutine; many may read at once, and one that is not used any more needs no closing: between calls
// it holds memory only.
type Reader struct {
	p    *Partition
	next uint64 // the least number still wanted
	err  error  // damage; it does not go away

	// Where the next group to parse begins: off in segment, with the number at. buf holds the segment's bytes from
	// there on, as far as they are read. limit is the number that begins the segment after this one, 0 while this is
	// the last: then buf ends with a durable group.
	segment *segment
	off     int64
	at      uint64
	limit   uint64
	buf     []byte
	mem     []byte // what buf is cut from

	body   entries // the rest of the current group
	number uint64  // of the next record in body
	time   int64
}

const (
	readChunk = 256 << 10
	readKeep  = 2 << 20 // a larger buffer, grown by one large record, is not kept
)

// Read returns a reader of the records with a number of at least from, be they there already or still to come.
func (p *Partition) Read(from uint64) *Reader {
	return &Reader{p: p, next: max(from, 1)}
}

// Next returns the next record, and waits for it to be durable until ctx ends. Errors: that of ctx; *TrimmedError
// (the next call goes on from First); *CorruptError; ErrFailed once a failed journal has no more durable records;
// ErrClosed.
func (r *Reader) Next(ctx context.Context) (Record, error) {
	for {
		rec, ok, grown, err := r.step(true)
		if ok || err != nil {
			return rec, err
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return Record{}, ctx.Err()
		}
	}
}

// TryNext is Next without waiting: false tells that there is no further durable record now.
func (r *Reader) TryNext() (Record, bool, error) {
	rec, ok, _, err := r.step(false)
	return rec, ok, err
}

// step returns a record, or, where there is none, the channel that tells of the next (if wait).
func (r *Reader) step(wait bool) (rec Record, ok bool, grown chan struct{}, err error) {
	for {
		for len(r.body) > 0 {
			e, err := r.body.next()
			if err != nil {
				return rec, false, nil, err
			}
			if e.kind != kindRecord {
				continue
			}
			n := r.number
			r.number++
			if n >= r.next && e.partition == r.p.number {
				r.next = n + 1
				return Record{Commit{n, r.time}, e.data}, true, nil, nil
			}
		}
		if r.err != nil {
			return rec, false, nil, r.err
		}
		if r.segment != nil && len(r.buf) > 0 && r.at != r.limit {
			whole, err := r.parse()
			if err != nil {
				return rec, false, nil, err
			}
			if whole {
				continue
			}
		}
		if grown, err = r.refill(wait); grown != nil || err != nil {
			return rec, false, grown, err
		}
		if len(r.buf) == 0 {
			return rec, false, nil, nil
		}
	}
}

// parse makes the group at the begin of buf the current one; false tells that buf holds only a part of it.
func (r *Reader) parse() (whole bool, err error) {
	s := r.segment
	room := s.size - r.off
	if len(r.buf) < groupHeaderBytes {
		return false, nil
	}
	h, err := parseGroupHeader(r.buf, room)
	if err == nil && len(r.buf) < h.size() {
		if r.limit == 0 && int64(len(r.buf)) >= room {
			err = errors.New("the group is cut off")
		} else {
			return false, nil
		}
	}
	if err == nil {
		h, r.body, err = parseGroup(r.buf, room, s.seed)
	}
	if err == nil && h.first != r.at {
		err = fmt.Errorf("it holds record %d where %d follows", h.first, r.at)
	}
	if err == nil && r.limit != 0 && h.next() > r.limit {
		err = fmt.Errorf("it holds record %d, and the next segment begins with %d", h.next()-1, r.limit)
	}
	if err != nil {
		r.body = nil
		r.err = &CorruptError{Segment: s.name, Offset: r.off, Reason: err.Error()}
		return false, r.err
	}
	r.number, r.time = h.first, h.time
	r.at = h.next()
	size := min(padded(int64(h.size()), s.align), int64(len(r.buf)))
	r.off += padded(int64(h.size()), s.align)
	r.buf = r.buf[size:]
	return true, nil
}

// refill reads on from the files. It returns a channel or an empty buffer where there is nothing to read.
func (r *Reader) refill(wait bool) (grown chan struct{}, err error) {
	l, v, p := r.p.log, &r.p.log.view, r.p
	v.Lock()
	if v.err == ErrClosed {
		v.Unlock()
		return nil, ErrClosed
	}
	if p.last < r.next {
		defer v.Unlock()
		r.next = max(r.next, v.last.Number+1) // what is there now holds nothing for us
		r.buf = nil
		if v.err != nil {
			return nil, v.err
		}
		if wait {
			return v.wait(p), nil
		}
		return nil, nil
	}
	if err := r.seek(); err != nil {
		v.Unlock()
		return nil, err
	}
	s := r.segment
	var end int64
	end, r.limit = v.bounds(s)
	have := len(r.buf)
	want := r.want(end)
	if want <= have || r.at == r.limit {
		v.Unlock()
		r.err = &CorruptError{Segment: s.name, Offset: r.off, Reason: fmt.Sprintf("partition %s should have a record of at least %d and at most %d, which is not there", p.name, r.next, p.last)}
		return nil, r.err
	}
	s.note(r.at, r.off)
	f, err := v.acquire(l, s)
	v.Unlock()
	if err != nil {
		return nil, fmt.Errorf("read journal segment %s: %w", s.name, err)
	}
	r.grow(want)
	n, err := f.ReadAt(r.mem[have:want], r.off+int64(have))
	v.Lock()
	wanted, closed := v.release(s), v.err == ErrClosed
	v.Unlock()
	if wanted {
		poke(l.steward.wake)
	}
	r.buf = r.mem[:have+n]
	switch {
	case n == want-have:
		return nil, nil
	case closed:
		return nil, ErrClosed
	case err == io.EOF:
		r.err = &CorruptError{Segment: s.name, Offset: r.off + int64(have+n), Reason: fmt.Sprintf("the file ends there and should have %d bytes", s.size)}
		return nil, r.err
	}
	return nil, fmt.Errorf("read journal segment %s at byte %d: %w", s.name, r.off+int64(have), err)
}

// seek stands the reader where its next record may be found with the least reading. The view is locked, and it has
// such a record.
func (r *Reader) seek() error {
	v, p := &r.p.log.view, r.p
	if t := p.tail; r.next > t.previous && v.index(t.segment) >= 0 {
		r.stand(t.segment, mark{t.first, t.off})
		return nil
	}
	i := sort.Search(len(v.segments), func(i int) bool { return v.lastIn(i, p) >= r.next })
	s := v.segments[i]
	if i == 0 && s.lastBefore(p.number) >= r.next {
		r.next = s.first
		r.segment, r.buf = nil, nil
		return &TrimmedError{First: s.first}
	}
	if m := s.find(r.next); r.segment != s || m.off > r.off {
		r.stand(s, m)
	}
	return nil
}

// stand moves to the group at m of s, and keeps what is buffered if that is where the reader stands already.
func (r *Reader) stand(s *segment, m mark) {
	if r.segment != s || r.off != m.off {
		r.segment, r.off, r.at, r.buf = s, m.off, m.number, nil
	}
}

// want returns how many bytes from off on the buffer should hold: more than it does.
func (r *Reader) want(end int64) int {
	n := int64(len(r.buf)) + readChunk
	if h, err := parseGroupHeader(r.buf, r.segment.size-r.off); err == nil {
		n = max(int64(h.size()), readChunk)
	}
	return int(min(n, end-r.off))
}

// grow makes mem hold n bytes, those of buf first.
func (r *Reader) grow(n int) {
	if cap(r.mem) >= n && (cap(r.mem) <= readKeep || n > readKeep/2) {
		r.mem = r.mem[:cap(r.mem)]
		copy(r.mem, r.buf)
		return
	}
	mem := make([]byte, n)
	copy(mem, r.buf)
	r.mem = mem
}

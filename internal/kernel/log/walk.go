package log

import (
	"context"
	"errors"
	"fmt"
	"io"

	"jingwei/internal/kernel/file"
)

// walker reads the groups of one segment in order and checks all that binds them together.
type walker struct {
	s    *segment
	f    file.File
	off  int64 // of the group that next returns
	last groupHeader
	buf  []byte // the file's bytes from base on
	base int64
}

const walkChunk = 1 << 20

// next returns the group at off, or nil where the groups end. It stays there until skip. A place that holds no whole
// group ends them only if no whole group lies behind it.
func (w *walker) next() (src []byte, h groupHeader, body entries, err error) {
	if w.off == 0 {
		w.off = segmentHeaderBytes
	}
	s := w.s
	room := s.size - w.off
	if room < groupHeaderBytes {
		return nil, h, nil, nil
	}
	if src, err = w.read(groupHeaderBytes); err != nil {
		return nil, h, nil, err
	}
	h, damage := parseGroupHeader(src, room)
	if damage == nil {
		if src, err = w.read(h.size()); err != nil {
			return nil, h, nil, err
		}
		h, body, damage = parseGroup(src, room, s.seed)
	}
	if damage != nil {
		behind, err := findGroup(s, w.f, w.off)
		if err == nil && behind >= 0 {
			err = &CorruptError{s.name, w.off, fmt.Sprintf("%v, and a whole group follows at byte %d", damage, behind)}
		}
		return nil, h, nil, err
	}
	// The group is whole. Whatever does not fit now was not left by a crash.
	opening := w.off == segmentHeaderBytes
	switch {
	case opening != (h.flags&flagOpening != 0):
		damage = errors.New("a table of partitions stands elsewhere than at the begin of the segment")
	case !opening && h.link != w.last.crc:
		damage = errors.New("it does not follow the group before it")
	case !opening && h.first != w.last.next():
		damage = fmt.Errorf("it holds record %d where %d follows", h.first, w.last.next())
	case !opening && h.time < w.last.time:
		damage = errors.New("its commit time is before that of the group before it")
	}
	if damage != nil {
		return nil, h, nil, &CorruptError{s.name, w.off, damage.Error()}
	}
	return src, h, body, nil
}

// skip goes on behind the group h at off.
func (w *walker) skip(h groupHeader) {
	w.last = h
	w.off += padded(int64(h.size()), w.s.align)
}

// torn tells whether the beginning of a group stands where the groups end: one that was being written when the process
// before ended, or one whose bytes the medium has changed since.
func (w *walker) torn(next uint64, link uint32) (string, error) {
	if w.off+groupHeaderBytes > w.s.size {
		return "", nil
	}
	src, err := w.read(groupHeaderBytes)
	if err != nil {
		return "", err
	}
	h, err := parseGroupHeader(src, w.s.size-w.off)
	if errors.Is(err, errNotGroup) || h.first != next || h.link != link {
		return "", nil // nothing, or what an earlier life of the file has left
	}
	return fmt.Sprintf("%d records from commit %d on, in segment %s at byte %d", h.count, h.first, w.s.name, w.off), nil
}

// read returns n bytes from off on, which the file has.
func (w *walker) read(n int) ([]byte, error) {
	if at := w.off - w.base; w.base > 0 && at >= 0 && at+int64(n) <= int64(len(w.buf)) {
		return w.buf[at : at+int64(n)], nil
	}
	size := int(min(max(int64(n), walkChunk), w.s.size-w.off))
	if cap(w.buf) < size {
		w.buf = make([]byte, size)
	}
	w.buf, w.base = w.buf[:size], w.off
	if _, err := w.f.ReadAt(w.buf, w.off); err != nil {
		return nil, fmt.Errorf("read journal segment %s at byte %d: %w", w.s.name, w.off, noEOF(err))
	}
	return w.buf[:n], nil
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// findGroup returns the offset of the first whole group that begins behind off, or -1.
func findGroup(s *segment, f file.File, off int64) (int64, error) {
	buf := make([]byte, walkChunk)
	for base := off + int64(s.align); base+groupHeaderBytes <= s.size; base += walkChunk {
		n := int(min(walkChunk, s.size-base))
		if _, err := f.ReadAt(buf[:n], base); err != nil {
			return 0, fmt.Errorf("read journal segment %s at byte %d: %w", s.name, base, noEOF(err))
		}
		for at := 0; at+groupHeaderBytes <= n; at += s.align {
			if [4]byte(buf[at:at+4]) != groupMagic {
				continue
			}
			src, err := readGroup(f, s, base+int64(at))
			if err != nil {
				return 0, err
			}
			if _, _, err := parseGroup(src, s.size-base-int64(at), s.seed); err == nil {
				return base + int64(at), nil
			}
		}
	}
	return -1, nil
}

// Verify reads all durable groups of the journal as it is now and checks their checksums, order and links. It returns
// the first damage as a *CorruptError. Appending and reading go on beside it.
func (l *Log) Verify(ctx context.Context) error {
	v := &l.view
	v.Lock()
	var seq uint64
	if len(v.segments) > 0 {
		seq = v.segments[0].seq
	}
	v.Unlock()
	var last groupHeader
	for ; ; seq++ {
		v.Lock()
		if v.err == ErrClosed {
			v.Unlock()
			return ErrClosed
		}
		if len(v.segments) == 0 || seq > v.segments[len(v.segments)-1].seq {
			v.Unlock()
			return nil
		}
		if seq < v.segments[0].seq { // trimmed meanwhile
			v.Unlock()
			last = groupHeader{}
			continue
		}
		s := v.segments[seq-v.segments[0].seq]
		end, limit := v.bounds(s)
		f, err := v.acquire(l, s)
		v.Unlock()
		if err != nil {
			return err
		}
		last, err = verifySegment(ctx, s, f, end, limit, last)
		v.Lock()
		wanted := v.release(s)
		v.Unlock()
		if wanted {
			poke(l.steward.wake)
		}
		if err != nil {
			return err
		}
	}
}

// verifySegment walks s up to the byte end, or to the number limit where that is not 0.
func verifySegment(ctx context.Context, s *segment, f file.File, end int64, limit uint64, last groupHeader) (groupHeader, error) {
	w := walker{s: s, f: f}
	for {
		if err := ctx.Err(); err != nil {
			return last, err
		}
		src, h, _, err := w.next()
		if err != nil {
			return last, err
		}
		if src == nil {
			return last, &CorruptError{s.name, w.off, "a durable group is damaged"}
		}
		if w.off == segmentHeaderBytes && last.count > 0 && (h.link != last.crc || h.first != last.next()) {
			return last, &CorruptError{s.name, w.off, "it does not follow the last group of the segment before it"}
		}
		w.skip(h)
		last = h
		if limit == 0 && w.off >= end || limit != 0 && h.next() >= limit {
			return last, nil
		}
	}
}

package telemetry

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"jingwei/internal/telemetry/block"
)

// Run is a part of a series' samples in order of source time, column by column. The slices are valid until the function
// that got the run returns and must not be changed. Columns that were not asked for may be nil.
type Run struct {
	Type       Type
	Time       []int64
	Gateway    []int64
	Bits       []uint64 // of all types but strings
	Text       []string // of strings
	Status     []uint32
	Flags      []uint32
	Origin     []uint32
	Revision   []uint32
	Commit     []int64
	Superseded []bool // with history: the sample lost against another of the same source time; nil: none did
	Nulls      bool   // there may be rows without a value (flag NoValue); false: every row has one
}

// Len returns the number of rows.
func (r *Run) Len() int { return len(r.Time) }

// Sample returns row i. All columns must have been asked for.
func (r *Run) Sample(i int) Sample {
	s := Sample{Time: r.Time[i], Gateway: r.Gateway[i], Status: Status(r.Status[i]), Flags: Flags(r.Flags[i]),
		Origin: Origin(r.Origin[i]), Revision: r.Revision[i], Commit: uint64(r.Commit[i])}
	if s.Flags&NoValue == 0 {
		s.Value.Type = r.Type
		if r.Type == String {
			s.Value.Text = r.Text[i]
		} else {
			s.Value.Bits = r.Bits[i]
		}
	}
	s.Superseded = r.Superseded != nil && r.Superseded[i]
	return s
}

// Columns is a set of columns of a Run. Time and the values are always there.
type Columns = block.Set

// The columns of a Run.
const (
	TimeAndValue Columns = 1 << block.Time
	WithStatus   Columns = 1<<block.Status | 1<<block.Flags
	Everything           = block.All
)

// ScanOptions say what of a series' samples is wanted.
type ScanOptions struct {
	Columns Columns // Time and the values are always there
	History bool    // superseded and withdrawn samples too
	AsOf    uint64  // a commit number from AsOf: as it stood when that commit was the newest; 0: as it stands now
}

// errStop ends a scan early.
var errStop = errors.New("stop")

// Scan calls yield with the series' samples in the span, in order of source time, until it returns false. With history it
// gives every accepted sample, those that were superseded before the one that won. Samples flagged FutureTime are given
// like all others. It allocates nothing for each sample of an ordinary read.
func (s *Store) Scan(ctx context.Context, ref Ref, span Span, o ScanOptions, yield func(*Run) bool) error {
	series, ok := s.find(ref)
	if !ok {
		return fmt.Errorf("scan series number %d: %w", ref, ErrUnknownSeries)
	}
	if span.To < span.From {
		return fmt.Errorf("scan from %d to %d: %w: it ends before it begins", span.From, span.To, ErrBadSpan)
	}
	if s.closing.Load() {
		return ErrClosed
	}
	v := s.acquire()
	defer s.release(v)
	q := s.scanner()
	defer s.giveBack(q)
	q.begin(v, span.From, span.To, o, s.foundDamage)
	q.single = true
	out := Run{Type: series.Type}
	err := q.series(ctx, series, span.From, span.To, nil, func(r *run) error {
		out.take(r)
		if !yield(&out) {
			return errStop
		}
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return fmt.Errorf("read series %s: %w", series.ID, err)
	}
	return nil
}

func (o *Run) take(r *run) {
	i, j := r.i, r.j
	f, v := r.frame, r.values
	o.Time, o.Gateway = part(f.Time, i, j), part(f.Gateway, i, j)
	o.Status, o.Flags = part(f.Status, i, j), part(f.Flags, i, j)
	o.Origin, o.Revision = part(f.Origin, i, j), part(f.Revision, i, j)
	o.Commit = part(f.Commit, i, j)
	o.Bits, o.Text = part(v.Bits, i, j), part(v.Text, i, j)
	o.Superseded = part(r.loser, i, j)
	o.Nulls = r.notes&block.HasNoValue != 0
}

func part[T any](v []T, i, j int) []T {
	if len(v) == 0 {
		return nil
	}
	return v[i:j]
}

// Cursor is a place in a series' samples: after the first Rows samples of that time, revision and commit. It keeps its
// meaning while samples come and blocks are merged. The zero value is the begin.
type Cursor struct {
	Time     int64
	Commit   uint64
	Revision uint32
	Rows     uint32
}

// String writes the cursor for a URL; the zero value is "".
func (c Cursor) String() string {
	if c.Rows == 0 {
		return ""
	}
	var b [cursorBytes]byte
	binary.BigEndian.PutUint64(b[:], uint64(c.Time))
	binary.BigEndian.PutUint64(b[8:], c.Commit)
	binary.BigEndian.PutUint32(b[16:], c.Revision)
	binary.BigEndian.PutUint32(b[20:], c.Rows)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

const cursorBytes = 24

// ParseCursor reads what String wrote.
func ParseCursor(s string) (Cursor, error) {
	if s == "" {
		return Cursor{}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != cursorBytes {
		return Cursor{}, fmt.Errorf("cursor %.40q is none of ours: use the one that came as next", s)
	}
	return Cursor{Time: int64(binary.BigEndian.Uint64(b)), Commit: binary.BigEndian.Uint64(b[8:]), Revision: binary.BigEndian.Uint32(b[16:]), Rows: binary.BigEndian.Uint32(b[20:])}, nil
}

// RawOptions say what Raw returns.
type RawOptions struct {
	Limit   int    // at most so many samples; 0: 10,000, and never more than 1,000,000
	After   Cursor // go on after it
	History bool   // superseded and withdrawn samples too
	AsOf    uint64 // as it stood when that commit was the newest; 0: as it stands now
}

// Limits of Raw.
const (
	DefaultLimit = 10_000
	MaxLimit     = 1_000_000
)

// Page is a part of a series' samples.
type Page struct {
	Samples []Sample
	Next    Cursor // where to go on
	More    bool   // there are more
}

// Raw returns the samples of a series in a span, in order of source time (then of revision and commit, with history).
func (s *Store) Raw(ctx context.Context, ref Ref, span Span, o RawOptions) (Page, error) {
	limit := o.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	limit = min(limit, MaxLimit)
	var p Page
	after := o.After
	if after.Rows > 0 && after.Time >= span.From {
		span.From = min(after.Time, span.To)
		if !o.History && span.From < span.To {
			span.From++ // one sample of each time
		}
	}
	next := after
	err := s.Scan(ctx, ref, span, ScanOptions{Columns: Everything, History: o.History, AsOf: o.AsOf}, func(r *Run) bool {
		if p.Samples == nil {
			p.Samples = make([]Sample, 0, min(limit, r.Len()))
		}
		for i, t := range r.Time {
			commit := uint64(r.Commit[i])
			if o.History && after.Rows > 0 && t == after.Time {
				switch cmp.Or(cmp.Compare(r.Revision[i], after.Revision), cmp.Compare(commit, after.Commit)) {
				case -1:
					continue
				case 0:
					after.Rows-- // as many as were given before
					continue
				}
			}
			if len(p.Samples) == limit {
				p.More = true
				return false
			}
			p.Samples = append(p.Samples, r.Sample(i))
			if next.Time != t || next.Revision != r.Revision[i] || next.Commit != commit {
				next = Cursor{Time: t, Revision: r.Revision[i], Commit: commit}
			}
			next.Rows++
		}
		return true
	})
	if err != nil {
		return Page{}, err
	}
	p.Next = next
	return p, nil
}

// visible tells whether a sample counts for latest values and aggregates at a time: one that was flagged as dated ahead does
// not before it is due.
func visible(flags uint32, t, now int64) bool { return Flags(flags)&FutureTime == 0 || t <= now }

func (s *Store) scanner() *scanner {
	if q, ok := s.scanners.Get().(*scanner); ok {
		return q
	}
	return newScanner()
}

func (s *Store) giveBack(q *scanner) {
	q.end()
	s.scanners.Put(q)
}

// foundDamage notes damage that a read met, once for each block.
func (s *Store) foundDamage(b *blockFile, err error) {
	if b.broken.CompareAndSwap(nil, &err) {
		s.damaged(b, err)
	}
}

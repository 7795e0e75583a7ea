package rebuild

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"jingwei/internal/kernel/evidence/tuple"
	"jingwei/internal/telemetry"
)

// MaxSamples bounds the samples of one series that are worked with at once.
const MaxSamples = 20_000_000

// ErrSamples says that samples cannot be those of one series.
var ErrSamples = errors.New("samples of one series")

// Samples are those of one series, of as many leaves as there are. The zero value has none.
type Samples struct {
	typ  tuple.Type
	rows []sample
	run  *telemetry.Run // of those that count; nil: to be made
}

type sample struct {
	time     int64
	commit   uint64
	bits     uint64
	text     string
	status   uint32
	revision uint32
	flags    uint16
	origin   uint8
}

// Add takes a row, in any order. Errors: ErrSamples for a value of another type than those before, and for too many.
func (s *Samples) Add(r *tuple.Row) error {
	if len(s.rows) >= MaxSamples {
		return fmt.Errorf("%w: more than %d", ErrSamples, MaxSamples)
	}
	noValue := telemetry.Flags(r.Flags)&telemetry.NoValue != 0
	switch {
	case noValue != (r.Type == tuple.Null):
		return fmt.Errorf("%w: one of type %d has the flags %#x", ErrSamples, r.Type, r.Flags)
	case r.Type == tuple.Null:
	case s.typ == tuple.Null:
		s.typ = r.Type
	case s.typ != r.Type:
		return fmt.Errorf("%w: one of type %d among those of type %d", ErrSamples, r.Type, s.typ)
	}
	s.run = nil
	s.rows = append(s.rows, sample{r.Time, r.Commit, r.Bits, r.Text, r.Status, r.Revision, r.Flags, r.Origin})
	return nil
}

// Len is how many there are.
func (s *Samples) Len() int { return len(s.rows) }

// Type is that of the values; 0 where there is none.
func (s *Samples) Type() telemetry.Type { return telemetry.Type(s.typ) }

// counting are the samples that count, in order of time: of those of one time the one of the greatest revision, then of the latest commit;
// samples that are the same but for their commits are the one that came first.
func (s *Samples) counting() *telemetry.Run {
	if s.run != nil {
		return s.run
	}
	slices.SortFunc(s.rows, func(a, b sample) int {
		return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.revision, b.revision), cmp.Compare(a.commit, b.commit))
	})
	out := &telemetry.Run{Type: s.Type(), Nulls: true}
	for i := 0; i < len(s.rows); {
		j := i + 1
		for j < len(s.rows) && s.rows[j].time == s.rows[i].time {
			j++
		}
		x := winner(s.rows[i:j])
		out.Time, out.Status, out.Flags = append(out.Time, x.time), append(out.Status, x.status), append(out.Flags, uint32(x.flags))
		out.Commit, out.Revision = append(out.Commit, int64(x.commit)), append(out.Revision, x.revision)
		if s.typ == tuple.String {
			out.Text = append(out.Text, x.text)
		} else {
			out.Bits = append(out.Bits, x.bits)
		}
		i = j
	}
	s.run = out
	return out
}

// winner is the one that counts of a group in order of revision and commit.
func winner(group []sample) sample {
	if len(group) == 1 {
		return group[0]
	}
	seen := make(map[identity]bool, len(group))
	var out sample
	for i := range group {
		if id := group[i].identity(); !seen[id] {
			seen[id], out = true, group[i]
		}
	}
	return out
}

// identity is what makes two samples of one time the same sample.
type identity struct {
	bits     uint64
	text     string
	status   uint32
	revision uint32
	flags    uint16
	origin   uint8
}

func (x *sample) identity() identity {
	return identity{x.bits, x.text, x.status, x.revision, x.flags & uint16(telemetry.NoValue|telemetry.Withdrawn), x.origin}
}

package block

import (
	"encoding/binary"
	"runtime/debug"
	"slices"
	"sort"

	"github.com/google/uuid"

	"jingwei/internal/telemetry/column"
)

// arrivalRows is the number of arrivals in one segment of the table.
const arrivalRows = 4096

// appendArrivals writes the table commit → (time, producer, epoch, seq), in order of commit, in segments.
func (b *Builder) appendArrivals(d []byte) []byte {
	rows := make([]Arrival, 0, len(b.commits))
	for _, a := range b.commits {
		rows = append(rows, a)
	}
	slices.SortFunc(rows, func(x, y Arrival) int {
		if x.Commit < y.Commit {
			return -1
		}
		return 1
	})
	segments := (len(rows) + arrivalRows - 1) / arrivalRows
	d = binary.LittleEndian.AppendUint32(d, uint32(segments))
	for len(rows) > 0 {
		n := min(len(rows), arrivalRows)
		body := appendArrivalSegment(nil, rows[:n], &b.scratch)
		d = binary.LittleEndian.AppendUint64(d, rows[0].Commit)
		d = binary.LittleEndian.AppendUint64(d, rows[n-1].Commit)
		d = binary.LittleEndian.AppendUint32(d, uint32(n))
		d = binary.LittleEndian.AppendUint32(d, uint32(len(body)))
		d = append(d, body...)
		d = binary.LittleEndian.AppendUint32(d, check(body))
		rows = rows[n:]
	}
	return d
}

// segmentHead is the fixed part before a segment's body.
const segmentHead = 24

func appendArrivalSegment(d []byte, rows []Arrival, s *column.Scratch) []byte {
	var producers []uuid.UUID
	index := map[uuid.UUID]uint32{}
	commits, times := make([]int64, len(rows)), make([]int64, len(rows))
	epochs, seqs := make([]int64, len(rows)), make([]int64, len(rows))
	who := make([]int64, len(rows))
	last := map[uint32][2]uint64{}
	for i, a := range rows {
		p, ok := index[a.Producer]
		if !ok {
			p = uint32(len(producers))
			index[a.Producer] = p
			producers = append(producers, a.Producer)
		}
		before := last[p]
		commits[i], times[i], who[i] = int64(a.Commit), a.Time, int64(p)
		epochs[i], seqs[i] = int64(a.Epoch-before[0]), int64(a.Seq-before[1])
		last[p] = [2]uint64{a.Epoch, a.Seq}
	}
	d = binary.AppendUvarint(d, uint64(len(producers)))
	for _, p := range producers {
		d = append(d, p[:]...)
	}
	for _, v := range [...][]int64{commits, times, who, epochs, seqs} {
		page := column.AppendInts(nil, v, s)
		d = binary.AppendUvarint(d, uint64(len(page)))
		d = append(d, page...)
	}
	return d
}

func readArrivalSegment(body []byte, n int) ([]Arrival, bool) {
	c := cursor{b: body}
	count := c.uvarint()
	if c.bad || count > uint64(n) || count*16 > uint64(len(c.b)) {
		return nil, false
	}
	producers := make([]uuid.UUID, count)
	for i := range producers {
		copy(producers[i][:], c.bytes(16))
	}
	var v [5][]int64
	for i := range v {
		page := c.bytes(c.uvarint())
		if c.bad {
			return nil, false
		}
		var err error
		if v[i], err = column.DecodeInts(page, n, nil); err != nil {
			return nil, false
		}
	}
	rows := make([]Arrival, n)
	last := make([][2]uint64, count)
	for i := range rows {
		p := uint64(v[2][i])
		if p >= count {
			return nil, false
		}
		last[p][0] += uint64(v[3][i])
		last[p][1] += uint64(v[4][i])
		rows[i] = Arrival{Commit: uint64(v[0][i]), Time: v[1][i], Producer: producers[p], Epoch: last[p][0], Seq: last[p][1]}
	}
	return rows, true
}

// ArrivalTable reads the table commit → (time, producer, epoch, seq) of a block. It keeps a few segments decoded and is
// used by one goroutine.
type ArrivalTable struct {
	r        *Reader
	segments []arrivalSegment
	err      error
	kept     [4]keptSegment
	turn     int
}

type arrivalSegment struct {
	first, last uint64
	rows        int
	body        []byte
	check       uint32
}

type keptSegment struct {
	index int
	rows  []Arrival
}

// ArrivalTable returns the table of the block.
func (r *Reader) ArrivalTable() *ArrivalTable {
	t := &ArrivalTable{r: r}
	t.segments, t.err = r.arrivalSegments()
	return t
}

// Find returns the arrival of a commit, if rows of the block name it.
func (t *ArrivalTable) Find(commit uint64) (a Arrival, ok bool, err error) {
	if t.err != nil {
		return a, false, t.err
	}
	i := sort.Search(len(t.segments), func(i int) bool { return t.segments[i].last >= commit })
	if i == len(t.segments) || t.segments[i].first > commit {
		return a, false, nil
	}
	rows, err := t.segment(i)
	if err != nil {
		return a, false, err
	}
	k := sort.Search(len(rows), func(k int) bool { return rows[k].Commit >= commit })
	if k == len(rows) || rows[k].Commit != commit {
		return a, false, nil
	}
	return rows[k], true, nil
}

func (t *ArrivalTable) segment(i int) ([]Arrival, error) {
	for k := range t.kept {
		if t.kept[k].rows != nil && t.kept[k].index == i {
			return t.kept[k].rows, nil
		}
	}
	rows, err := t.r.readSegment(&t.segments[i])
	if err != nil {
		return nil, err
	}
	t.kept[t.turn] = keptSegment{i, rows}
	t.turn = (t.turn + 1) % len(t.kept)
	return rows, nil
}

// Arrival returns the arrival of a commit, if rows of the block name it.
func (r *Reader) Arrival(commit uint64) (Arrival, bool, error) { return r.ArrivalTable().Find(commit) }

// Arrivals calls yield for every arrival, in order of commit, until it returns false.
func (r *Reader) Arrivals(yield func(Arrival) bool) error {
	segments, err := r.arrivalSegments()
	if err != nil {
		return err
	}
	for i := range segments {
		rows, err := r.readSegment(&segments[i])
		if err != nil {
			return err
		}
		for _, a := range rows {
			if !yield(a) {
				return nil
			}
		}
	}
	return nil
}

func (r *Reader) badArrivals() error {
	return r.damage(r.indexAt+int64(len(r.index)-len(r.commits)), "the table of arrivals", nil)
}

func (r *Reader) arrivalSegments() (out []arrivalSegment, err error) {
	defer r.guard(debug.SetPanicOnFault(true), &err)
	if len(r.commits) < 4 {
		return nil, r.badArrivals()
	}
	d := r.commits[4:]
	for range binary.LittleEndian.Uint32(r.commits) {
		if len(d) < segmentHead {
			return nil, r.badArrivals()
		}
		s := arrivalSegment{first: binary.LittleEndian.Uint64(d), last: binary.LittleEndian.Uint64(d[8:]), rows: int(binary.LittleEndian.Uint32(d[16:]))}
		length := uint64(binary.LittleEndian.Uint32(d[20:]))
		d = d[segmentHead:]
		if s.rows < 1 || s.rows > arrivalRows || length+checkLen > uint64(len(d)) || len(out) > 0 && out[len(out)-1].last >= s.first || s.last < s.first {
			return nil, r.badArrivals()
		}
		s.body, s.check = d[:length], binary.LittleEndian.Uint32(d[length:])
		d = d[length+checkLen:]
		out = append(out, s)
	}
	return out, nil
}

func (r *Reader) readSegment(s *arrivalSegment) (rows []Arrival, err error) {
	defer r.guard(debug.SetPanicOnFault(true), &err)
	if s.check != check(s.body) && !r.blind {
		return nil, r.badArrivals()
	}
	rows, ok := readArrivalSegment(s.body, s.rows)
	if !ok || rows[0].Commit != s.first || rows[len(rows)-1].Commit != s.last {
		return nil, r.badArrivals()
	}
	return rows, nil
}

package telemetry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/google/uuid"

	"jingwei/internal/telemetry/block"
)

// merging is one compaction at work: chunks that are large and stand alone are copied as they are, the rest is decoded,
// merged and cut anew.
type merging struct {
	w       *writer
	series  *Series
	cut     int64 // samples before it have expired
	find    *finder
	copied  map[frameKey]copiedFrame
	pending pending
	groups  []group // of the series before, whose frames this one may share
	group   int     // the one being gathered
	column  block.Frame
}

type copiedFrame struct {
	gen   uint64
	cell  cell
	frame block.FrameID
}

// pending is rows that are gathered to be cut anew.
type pending struct {
	rows
	n      int
	cell   cell
	keys   []frameKey
	spans  []int64
	own    bool // some rows have no keys
	prefix bool // keys are so far those of the group before: columns are not gathered, they are the same
}

// group is what pending rows became, under the keys of their frames.
type group struct {
	keys   []frameKey
	spans  []int64
	placed placed
}

// maxPending bounds the rows gathered before they are cut.
const maxPending = 16 * block.ChunkRows

func (w *writer) compact(ctx context.Context, p *plan) error {
	known := w.s.known.Load()
	byDay := map[int32]uint64{}
	find := &finder{}
	ids := map[uuid.UUID]Series{}
	lo, hi := p.inputs[0].minTime, p.inputs[0].maxTime
	for _, b := range p.inputs {
		lo, hi = min(lo, b.minTime), max(hi, b.maxTime)
		find.add(b.reader)
		for i := range int(b.reader.Info().Series) {
			id, typ := b.reader.Series(i)
			if _, ok := ids[id]; ok {
				continue
			}
			if ref, ok := known.byID[id]; ok {
				ids[id] = known.series[ref]
			} else {
				ids[id] = Series{Ref: Ref(len(known.series)), ID: id, Type: Type(typ)} // of another catalogue: kept all the same
			}
		}
	}
	all := make([]Series, 0, len(ids))
	for _, s := range ids {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Series) int {
		if a.Ref != b.Ref {
			return int(int64(a.Ref) - int64(b.Ref))
		}
		return compareIDs(a.ID, b.ID)
	})
	for _, b := range p.inputs {
		first, last := int32(b.minTime/day), int32(b.maxTime/day)
		for d := first; d <= last; d++ {
			byDay[d] += b.rows / uint64(last-first+1)
		}
	}
	w.divide(byDay, p.level, len(all))
	w.explain = find.arrival
	q := newScanner()
	q.begin(&view{active: newHead(0, w.s.pool), blocks: p.inputs}, lo, hi+1, ScanOptions{Columns: block.All, History: true}, w.s.foundDamage)
	m := &merging{w: w, find: find, copied: map[frameKey]copiedFrame{}}
	for i := range all {
		m.series, m.group, m.cut = &all[i], 0, 0
		if w.cutoff != nil {
			m.cut = w.cutoff(m.series)
		}
		m.pending.begin(m)
		if err := q.series(ctx, m.series, lo, hi+1, m.whole, m.run); err != nil {
			return err
		}
		m.flush()
		if err := w.endSeries(); err != nil {
			return err
		}
	}
	return w.finish()
}

// whole copies a chunk that is good as it is.
func (m *merging) whole(c *block.Chunk) bool {
	if c.MaxTime < m.cut {
		return true // passed over
	}
	if c.Rows < enoughRows || c.MinTime < m.cut {
		return false
	}
	to := m.w.cellOf(c.MinTime)
	if m.w.cellOf(c.MaxTime) != to {
		return false
	}
	if m.pending.n > 0 && m.pending.n < enoughRows && m.pending.cell == to {
		return false // few rows before it are better joined to it
	}
	m.flush()
	b := m.w.builder(to)
	key := frameKey{unsafe.Pointer(c.Block), uint64(c.FrameAt)}
	f, ok := m.copied[key]
	if !ok || f.gen != m.w.gen || f.cell != to {
		m.column.Reset()
		if err := c.Decode(block.Of(block.Commit), &m.column); err != nil {
			return false // the run will meet it again and report it
		}
		m.w.explainAll(b, m.column.Commit)
		id, err := b.CopyFrame(c)
		if err != nil {
			return false
		}
		f = copiedFrame{m.w.gen, to, id}
		m.copied[key] = f
	}
	if err := b.CopyChunk(m.series.ID, c, f.frame); err != nil {
		return false
	}
	m.w.s.stats.chunksCopied.Add(1)
	return true
}

// run gathers rows to be cut anew.
func (m *merging) run(r *run) error {
	if r.lo < m.cut {
		r.lo = m.cut
		if r.i += gallop(r.frame.Time[r.i:r.j], m.cut); r.i == r.j {
			return nil
		}
	}
	p := &m.pending
	to := m.w.cellOf(r.frame.Time[r.i])
	if p.n > 0 && (to != p.cell || p.n+r.j-r.i > maxPending) {
		m.flush()
	}
	if p.n == 0 {
		p.cell = to
	}
	at := len(p.keys)
	p.keys = append(p.keys, r.keys...)
	p.spans = append(p.spans, r.lo, r.hi, int64(len(r.keys)))
	if len(r.keys) == 0 {
		p.own = true
	}
	if p.prefix {
		g := m.last()
		same := !p.own && len(g.keys) >= len(p.keys) && slices.Equal(g.keys[at:len(p.keys)], r.keys) &&
			len(g.spans) >= len(p.spans) && slices.Equal(g.spans[len(p.spans)-3:len(p.spans)], p.spans[len(p.spans)-3:])
		if !same {
			p.prefix = false
			p.Frame.Reset()
			p.appendFrame(&g.placed.columns, 0, p.n, block.All)
		}
	}
	if !p.prefix {
		p.appendFrame(r.frame, r.i, r.j, block.All)
	}
	p.appendValues(r.values, r.i, r.j)
	p.n += r.j - r.i
	return m.w.err
}

// last returns the group of the series before that stands where the one being gathered does.
func (m *merging) last() *group {
	for len(m.groups) <= m.group {
		m.groups = append(m.groups, group{})
	}
	return &m.groups[m.group]
}

func (p *pending) begin(m *merging) {
	p.reset()
	p.n, p.keys, p.spans, p.own = 0, p.keys[:0], p.spans[:0], false
	p.prefix = m.w.shares(&m.last().placed) && len(m.last().placed.perm) == 0
}

// flush cuts what is pending and writes it.
func (m *merging) flush() {
	p := &m.pending
	if p.n == 0 {
		return
	}
	g := m.last()
	switch {
	case p.prefix && len(g.keys) == len(p.keys) && len(g.spans) == len(p.spans) && m.w.shares(&g.placed):
		m.w.again(&g.placed, m.series, &p.Values)
	default:
		if p.prefix { // the group before goes on where this one ends
			p.Frame.Reset()
			p.appendFrame(&g.placed.columns, 0, p.n, block.All)
		}
		m.w.add(&g.placed, m.series, &p.rows)
		g.keys, g.spans = append(g.keys[:0], p.keys...), append(g.spans[:0], p.spans...)
		if p.own {
			g.placed.gen = 0
		}
	}
	m.group++
	p.begin(m)
}

// finder finds arrivals in the blocks that are merged.
type finder struct {
	blocks []*block.Reader
	tables map[*block.Reader]*block.ArrivalTable
	hit    int
}

func (f *finder) add(r *block.Reader) { f.blocks = append(f.blocks, r) }

// arrival looks first where the last one was.
func (f *finder) arrival(commit uint64) (block.Arrival, error) {
	if f.tables == nil {
		f.tables = map[*block.Reader]*block.ArrivalTable{}
	}
	var damage error
	for i := range f.blocks {
		k := (f.hit + i) % len(f.blocks)
		r := f.blocks[k]
		if info := r.Info(); commit < info.MinCommit || commit > info.MaxCommit {
			continue
		}
		t := f.tables[r]
		if t == nil {
			t = r.ArrivalTable()
			f.tables[r] = t
		}
		a, ok, err := t.Find(commit)
		if err != nil {
			damage = errors.Join(damage, err)
		}
		if ok {
			f.hit = k
			return a, nil
		}
	}
	if damage != nil {
		return block.Arrival{}, damage
	}
	return block.Arrival{}, fmt.Errorf("no block explains commit %d", commit)
}

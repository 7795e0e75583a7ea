package telemetry

import (
	"errors"
	"fmt"
	"os"

	"github.com/google/uuid"

	"jingwei/internal/telemetry/block"
)

// writer puts series, one after the other, into new block files: one open block for each cell of time, begun anew when it
// is large enough. It is used under workMu.
type writer struct {
	s       *Store
	store   uuid.UUID
	tier    uint8
	run     uint64
	taken   []uint64 // numbers of the files begun
	cells   cells
	rows    map[cell]uint64 // that are expected in each
	series  int             // that are expected
	open    map[cell]*block.Builder
	spare   []*block.Builder
	files   []*blockFile // written and durable but for the directory
	explain func(commit uint64) (block.Arrival, error)
	cutoff  func(*Series) int64 // samples before it are left out; nil: none are
	err     error

	gen    uint64 // grows when a block ends: frames of the old one cannot be shared any more
	sorter orderScratch
	sorted block.Values
	past   rows
	ask    []uint64
	wrote  int64
	pace   func(bytes int64) error // called after each file
}

// placed remembers where the frame of a series went, for the series after it that share it.
type placed struct {
	gen     uint64      // of the writer; 0: nothing is placed
	columns block.Frame // in order of time
	perm    []uint32    // how the rows came into that order; nil: they stood in it
	pieces  []piece
}

type piece struct {
	cell     cell
	frame    block.FrameID
	from, to int
}

// newWriter begins a flush or compaction. The caller holds workMu.
func (s *Store) newWriter(tier uint8) *writer {
	return &writer{s: s, store: s.manifest.store, tier: tier, open: map[cell]*block.Builder{}, gen: 1}
}

// number takes a number that no file has or ever had. The first one of a writer names its run.
func (w *writer) number() uint64 {
	n := w.s.nextBlock.Add(1) - 1
	if w.run == 0 {
		w.run = n
	}
	w.taken = append(w.taken, n)
	return n
}

// divide chooses the cells for rows counted by day, of at most so many series.
func (w *writer) divide(byDay map[int32]uint64, level uint8, series int) {
	w.cells = assign(byDay, series, level)
	w.series = series
	w.rows = make(map[cell]uint64, len(byDay))
	for d, n := range byDay {
		w.rows[w.cells[d]] += n
	}
}

func (w *writer) builder(c cell) *block.Builder {
	b := w.open[c]
	if b == nil {
		if n := len(w.spare); n > 0 {
			b, w.spare = w.spare[n-1], w.spare[:n-1]
			b.Reset(w.store)
		} else if kept, ok := w.s.builders.Get().(*block.Builder); ok {
			b = kept
			b.Reset(w.store)
		} else {
			b = block.NewBuilder(w.store)
		}
		rows, most := w.rows[c], uint64(w.s.o.BlockBytes+w.s.o.BlockBytes/8)
		chunks := min(rows, uint64(w.series))
		b.Expect(int(min(2*rows+96*chunks, most)), int(chunks))
		w.open[c] = b
	}
	return b
}

func (w *writer) cellOf(t int64) cell {
	if c, ok := w.cells[int32(t/day)]; ok {
		return c
	}
	return cellOf(t, 0)
}

// add writes the samples of a series and remembers in p where they went. Rows may come in any order, of current and
// history planes alike; those of equal time, revision and commit in the order in which they came. It takes the memory of
// in's frame and leaves another in its place.
func (w *writer) add(p *placed, series *Series, in *rows) {
	p.gen = 0
	perm, ties := w.sorter.order(in.Time)
	if ties {
		w.addSettled(series, in, perm)
		return
	}
	if perm != nil {
		pick(&p.columns, &in.Frame, perm)
		p.perm = append(p.perm[:0], perm...)
	} else {
		p.columns, in.Frame = in.Frame, p.columns
		p.perm = p.perm[:0]
	}
	p.pieces = p.pieces[:0]
	w.eachCell(p.columns.Time, func(c cell, i, j int) {
		b := w.builder(c)
		part := p.columns.Slice(i, j)
		w.explainAll(b, part.Commit)
		p.pieces = append(p.pieces, piece{cell: c, frame: b.Frame(&part), from: i, to: j})
	})
	if w.err == nil {
		p.gen = w.gen
		w.again(p, series, &in.Values)
	}
}

// shares tells whether what was placed can be shared by a further series.
func (w *writer) shares(p *placed) bool { return p.gen == w.gen }

// eachCell divides rows in order of time into chunks within cells.
func (w *writer) eachCell(t []int64, emit func(c cell, i, j int)) {
	for i := 0; i < len(t); {
		c := w.cellOf(t[i])
		j := i + 1
		if c.level == 0 {
			_, end := c.span()
			j = i + gallop(t[i:], end)
		} else {
			for j < len(t) && w.cellOf(t[j]) == c {
				j++
			}
		}
		cut(t[i:j], func(from, to int) { emit(c, i+from, i+to) })
		i = j
	}
}

func (w *writer) explainAll(b *block.Builder, commits []int64) {
	w.ask = b.Unexplained(commits, w.ask[:0])
	for _, c := range w.ask {
		a, err := w.explain(c)
		if err != nil {
			w.err = errors.Join(w.err, err)
			return
		}
		b.Explain(a)
	}
}

// again writes the values of a series whose rows have the frame that was placed.
func (w *writer) again(p *placed, series *Series, values *block.Values) {
	v := values
	if len(p.perm) > 0 {
		pickValues(&w.sorted, values, p.perm)
		v = &w.sorted
	}
	for i := range p.pieces {
		at := &p.pieces[i]
		columns, part := p.columns.Slice(at.from, at.to), slice(v, at.from, at.to)
		w.open[at.cell].Chunk(series.ID, block.Type(series.Type), block.Current, at.frame, &columns, &part)
	}
}

func slice(v *block.Values, i, j int) (part block.Values) {
	if len(v.Text) > 0 {
		part.Text = v.Text[i:j]
	}
	if len(v.Bits) > 0 {
		part.Bits = v.Bits[i:j]
	}
	return part
}

// addSettled writes rows of which some share a source time: winners to the current plane, losers to history.
func (w *writer) addSettled(series *Series, in *rows, perm []uint32) {
	current, history := in.settle(perm)
	for plane, rowsOf := range [...][]uint32{block.Current: current, block.History: history} {
		if len(rowsOf) == 0 {
			continue
		}
		pick(&w.past.Frame, &in.Frame, rowsOf)
		pickValues(&w.past.Values, &in.Values, rowsOf)
		w.eachCell(w.past.Time, func(c cell, i, j int) {
			b := w.builder(c)
			part, v := w.past.Frame.Slice(i, j), slice(&w.past.Values, i, j)
			w.explainAll(b, part.Commit)
			if w.err == nil {
				b.Chunk(series.ID, block.Type(series.Type), block.Plane(plane), b.Frame(&part), &part, &v)
			}
		})
	}
}

// endSeries ends a series, and the blocks that are large enough.
func (w *writer) endSeries() error {
	for c, b := range w.open {
		if w.err == nil && b.Bytes() >= w.s.o.BlockBytes {
			w.err = w.write(c, b)
		}
	}
	return w.err
}

// finish writes what is open and makes the new files' names durable.
func (w *writer) finish() error {
	for c, b := range w.open {
		if w.err != nil {
			break
		}
		if b.Empty() {
			continue
		}
		w.err = w.write(c, b)
	}
	if w.err == nil && len(w.files) > 0 {
		w.err = w.s.o.FS.SyncDir(w.s.blockDir())
	}
	for _, b := range w.spare {
		w.s.builders.Put(b)
	}
	w.spare = nil
	return w.err
}

// write makes one block file durable and opens it.
func (w *writer) write(c cell, b *block.Builder) error {
	delete(w.open, c)
	w.spare = append(w.spare, b)
	w.gen++
	data, info, err := b.Finish()
	if err != nil {
		return err
	}
	number := w.number()
	name := w.s.blockPath(number)
	if err := w.s.writeFile(name, data); err != nil {
		return err
	}
	w.wrote += int64(len(data))
	r, err := block.Open(w.s.o.FS, name)
	if err != nil {
		return fmt.Errorf("open the block just written: %w", err)
	}
	f := &blockFile{name: name, reader: r, remove: w.s.removeBlock, blockMeta: blockMeta{
		number: number, cell: c, tier: w.tier, run: w.run, bytes: info.Bytes, rows: info.Rows + info.HistoryRows,
		minTime: info.MinTime, maxTime: info.MaxTime, check: r.Check(),
	}}
	f.first, _ = r.Series(0)
	f.last, _ = r.Series(int(info.Series) - 1)
	w.files = append(w.files, f)
	if w.pace != nil {
		return w.pace(int64(len(data)))
	}
	return nil
}

// writeFile creates a file and makes its bytes durable. After an error nothing is assumed about the file: the samples are
// written to another one.
func (s *Store) writeFile(name string, data []byte) error {
	f, err := s.o.FS.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("create block: %w", err)
	}
	if _, err = f.WriteAt(data, 0); err == nil {
		err = f.Datasync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write block %s: %w", name, err)
	}
	return nil
}

// close lets go of the files written, which stay on disk.
func (w *writer) close() {
	for _, f := range w.files {
		f.reader.Close()
	}
}

// abandon removes what was written; numbers are not used again.
func (w *writer) abandon() {
	w.close()
	for _, n := range w.taken {
		if err := w.s.o.FS.Remove(w.s.blockPath(n)); err != nil && !missing(err) {
			w.s.o.Logger.Warn("cannot remove an unfinished block", "error", err)
		}
	}
}

// merge returns the live blocks after the new ones took the place of the replaced.
func (w *writer) merge(live, replaced []*blockFile) []*blockFile {
	gone := make(map[*blockFile]bool, len(replaced))
	for _, b := range replaced {
		gone[b] = true
	}
	out := make([]*blockFile, 0, len(live)+len(w.files))
	for _, b := range live {
		if !gone[b] {
			out = append(out, b)
		}
	}
	return append(out, w.files...)
}

// removeBlock removes the file of a block that was replaced and that nobody reads any more.
func (s *Store) removeBlock(b *blockFile) {
	if err := s.o.FS.Remove(b.name); err != nil && !missing(err) {
		s.o.Logger.Warn("cannot remove a block that was merged into others", "error", err)
	}
}

// damaged tells of a damaged block, once.
func (s *Store) damaged(b *blockFile, err error) {
	s.stats.damaged.Add(1)
	s.o.Logger.Error("a telemetry block is damaged; it is kept aside", "file", b.name, "error", err)
	s.raise(TroubleDamage, b.name, err)
}

package telemetry

import (
	"time"

	"jingwei/internal/telemetry/block"
)

const day = int64(24 * time.Hour)

// enoughRows is the size from which a chunk is left as it is by compaction.
const enoughRows = 720

// steps are the spans at whose multiples (in UTC) chunks may be cut, so that the chunks of one device's series end at the same
// times and a chunk lies within the hour, quarter or day that people ask about.
var steps = [...]int64{int64(time.Second), int64(10 * time.Second), int64(time.Minute), int64(5 * time.Minute), int64(15 * time.Minute),
	int64(time.Hour), int64(6 * time.Hour), day, 8 * day, 64 * day, 512 * day, 4096 * day}

// cut divides rows in order of time into chunks: at multiples of the greatest step at which they come to at most
// block.ChunkRows each. It depends on the times only.
func cut(t []int64, emit func(i, j int)) {
	n := len(t)
	if n == 0 {
		return
	}
	span := t[n-1] - t[0]
	if n <= enoughRows || span <= 0 {
		chop(0, n, emit)
		return
	}
	step := int64(0)
	for _, s := range steps {
		if float64(n)*float64(s) > float64(span)*block.ChunkRows {
			break
		}
		step = s
	}
	if step == 0 || span/step > int64(n) {
		chop(0, n, emit)
		return
	}
	from := 0 // of the chunk being gathered
	for i := 0; i < n; {
		end := t[i] - t[i]%step + step
		j := i + gallop(t[i:], end)
		if j-from > block.ChunkRows || i-from >= enoughRows || (i > from && j-i >= enoughRows) {
			if i > from {
				chop(from, i, emit)
				from = i
			}
		}
		i = j
	}
	chop(from, n, emit)
}

// chop cuts [i, j) into chunks of at most block.ChunkRows, of about the same size.
func chop(i, j int, emit func(i, j int)) {
	for left := (j - i + block.ChunkRows - 1) / block.ChunkRows; left > 0; left-- {
		k := i + (j-i)/left
		emit(i, k)
		i = k
	}
}

// gallop returns the number of leading times that are less than end.
func gallop(t []int64, end int64) int {
	hi := 1
	for hi < len(t) && t[hi] < end {
		hi *= 2
	}
	lo := hi / 2
	hi = min(hi, len(t))
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if t[mid] < end {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// A cell is the span of source times that one block may cover: one day, or 8, 64, ... days where there is little data,
// so that old and sparse data do not make many tiny files.
type cell struct {
	level uint8 // days = 8^level
	index int32 // number of the span since 1970
}

const (
	cellLevels  = 6       // the last one covers everything
	fewCells    = 8       // this many may be small
	ownCellRows = 1 << 16 // a cell with more rows is not small
	thinChunk   = 4       // a small day with fewer rows for each series is thin: its chunks would be mostly index
	thinLevel   = 2       // of the cells of thin days
)

func cellOf(t int64, level uint8) cell {
	return cell{level, int32(t / day >> (3 * level))}
}

func (c cell) parent() cell { return cell{c.level + 1, c.index >> 3} }

// span returns the source times of the cell, half-open.
func (c cell) span() (from, to int64) {
	days := int64(1) << (3 * c.level)
	return int64(c.index) * days * day, (int64(c.index) + 1) * days * day
}

// cells maps days to cells: each day with many rows, or all when they are few, has its own; the others share wider ones.
type cells map[int32]cell

// assign chooses the cells for rows of so many series, counted by day. Days with little data get cells of at least that level,
// and days that are thin, if there are several, those of one level, so that flush after flush they are the same.
func assign(byDay map[int32]uint64, series int, level uint8) cells {
	count := make(map[cell]uint64, len(byDay))
	thin := 0
	thinRows := min(ownCellRows, thinChunk*uint64(series))
	for d, n := range byDay {
		count[cell{0, d}] = n
		if n < thinRows {
			thin++
		}
	}
	if thin > 1 {
		for d, n := range byDay {
			if n < thinRows {
				delete(count, cell{0, d})
				count[cell{thinLevel, d >> (3 * thinLevel)}] += n
			}
		}
	}
	for l := uint8(0); l < cellLevels-1; l++ {
		small := 0
		for c, n := range count {
			if c.level == l && n < ownCellRows {
				small++
			}
		}
		if small <= fewCells && l >= level {
			if thin > 1 && l < thinLevel {
				continue
			}
			break
		}
		for c, n := range count {
			if c.level == l && n < ownCellRows {
				delete(count, c)
				count[c.parent()] += n
			}
		}
	}
	out := make(cells, len(byDay))
	for d := range byDay {
		c := cell{0, d}
		for c.level < cellLevels-1 {
			if _, ok := count[c]; ok {
				break
			}
			c = c.parent()
		}
		out[d] = c
	}
	return out
}

package sim

import (
	"fmt"
	"math"
	"time"

	"jingwei/data"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

// replay is a recording, column by column, in the order of a template's points.
type replay struct {
	rows    int
	step    time.Duration // between rows, as replayed
	epoch   time.Time     // when row 0 was shown first
	start   int64         // rows ahead
	columns []column
}

// column is what one point reads, row by row.
type column struct {
	typ   telemetry.Type // 0: the recording does not have the point
	bits  []uint64       // one, or one for each row; of strings, the index into texts
	texts []string
	// Of a counter, bits hold the sum up to and with the row, and total what one pass through the recording adds.
	counter    bool
	totalInt   int64
	totalFloat float64
}

// newReplay parses every cell once, so that a wrong recording is told at the start and not in the middle of the night.
func newReplay(t *template.Template, table *data.Table, step time.Duration, epoch time.Time, start int64) (*replay, error) {
	r := &replay{rows: len(table.Rows), step: step, epoch: epoch, start: start}
	for i := range t.Points {
		p := &t.Points[i]
		c, err := parseColumn(p, table)
		if err != nil {
			return nil, fmt.Errorf("template %s, data set %s: %w", t.ID, t.Recording.Dataset, err)
		}
		r.columns = append(r.columns, c)
	}
	return r, nil
}

func parseColumn(p *template.Point, table *data.Table) (column, error) {
	var c column
	if p.Recorded == nil {
		return c, nil
	}
	n, at := len(table.Rows), table.Column(p.Recorded.Column)
	if p.Recorded.Constant != "" {
		n = 1
	} else if at < 0 {
		return c, fmt.Errorf("point %s: the recording has no column %q", p.Key, p.Recorded.Column)
	}
	c.typ, c.counter, c.bits = p.Type.Telemetry(), p.Recorded.Cumulative, make([]uint64, n)
	known := map[string]uint64{}
	for row := range n {
		cell := p.Recorded.Constant
		if cell == "" {
			cell = table.Rows[row][at]
		}
		v, err := p.Parse(cell)
		if err != nil {
			return c, fmt.Errorf("row %d: %w", row+1, err)
		}
		if v.Type != c.typ {
			return c, fmt.Errorf("row %d, point %s: a value of another type than the point's", row+1, p.Key)
		}
		switch {
		case c.counter && c.typ == telemetry.Int64:
			c.totalInt += int64(v.Bits)
			c.bits[row] = uint64(c.totalInt)
		case c.counter:
			c.totalFloat += math.Float64frombits(v.Bits)
			c.bits[row] = math.Float64bits(c.totalFloat)
		case c.typ == telemetry.String:
			if _, ok := known[v.Text]; !ok {
				known[v.Text] = uint64(len(c.texts))
				c.texts = append(c.texts, v.Text)
			}
			c.bits[row] = known[v.Text]
		default:
			c.bits[row] = v.Bits
		}
	}
	return c, nil
}

// place is a row of a pass through the recording; passes count from 0.
type place struct {
	pass int64
	row  int
}

// at tells which row is shown at a time. It is a function of the time alone, so a simulator that starts again goes on
// where it would be.
func (r *replay) at(now time.Time) place {
	k := max(0, int64(now.Sub(r.epoch)/r.step)) + r.start
	return place{k / int64(r.rows), int(k % int64(r.rows))}
}

// value is what a column reads at a place; null where the recording does not have the point.
func (c *column) value(p place) telemetry.Value {
	if c.typ == 0 {
		return telemetry.Value{}
	}
	bits := c.bits[min(p.row, len(c.bits)-1)]
	switch {
	case c.typ == telemetry.String:
		return telemetry.Value{Type: c.typ, Text: c.texts[bits]}
	case c.counter && c.typ == telemetry.Int64:
		bits += uint64(p.pass * c.totalInt)
	case c.counter:
		bits = math.Float64bits(float64(float64(p.pass)*c.totalFloat) + math.Float64frombits(bits))
	}
	return telemetry.Value{Type: c.typ, Bits: bits}
}

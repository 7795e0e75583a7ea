// Package replay plays recorded data: what a simulated machine of any protocol shows at a time. Source time is now and
// the recorded step is compressed by a factor; at the end of the recording it begins again, and counters go on counting.
package replay

import (
	"fmt"
	"io/fs"
	"math"
	"time"

	"jingwei/data"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

// Part is what one simulated machine plays: a template, which names the recording and where it stands in it, from which
// row on, and how fast.
type Part struct {
	Template *template.Template
	Start    int64   // rows ahead of the recording's first, so that two machines of one kind differ
	Speed    float64 // how much faster than recorded; 0: so fast that a row lasts a second at most
}

// Library reads recordings, each once.
type Library struct {
	from   fs.FS
	tables map[string]*data.Table
}

// NewLibrary reads from a folder of recordings, one folder for each; nil: those that ship with the product.
func NewLibrary(from fs.FS) *Library {
	if from == nil {
		from = data.Files()
	}
	return &Library{from: from, tables: map[string]*data.Table{}}
}

// DefaultEpoch is when row 0 of a recording was shown first, where nobody says otherwise.
var DefaultEpoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Source is where the recordings of a simulator are, and at which time what of them is shown.
type Source struct {
	Data fs.FS // one folder for each recording; default: those that ship with the product
	// Epoch is when row 0 was shown first; default DefaultEpoch. What is shown depends on the time since then alone, so
	// counters go on across restarts of a simulator.
	Epoch time.Time
	Now   func() time.Time // default time.Now
}

// Default fills in what is not said.
func (s *Source) Default() {
	if s.Epoch.IsZero() {
		s.Epoch = DefaultEpoch
	}
	if s.Now == nil {
		s.Now = time.Now
	}
}

// Open prepares a part. Errors name the template, the recording and the row.
func (l *Library) Open(p Part, epoch time.Time) (*Player, error) {
	t := p.Template
	if t == nil || t.Recording.Dataset == "" || t.Recording.Step <= 0 {
		return nil, fmt.Errorf("the template names no recording")
	}
	if p.Start < 0 {
		return nil, fmt.Errorf("start %d is negative", p.Start)
	}
	step, err := p.step()
	if err != nil {
		return nil, err
	}
	table := l.tables[t.Recording.Dataset]
	if table == nil {
		if table, err = data.Read(l.from, t.Recording.Dataset); err != nil {
			return nil, fmt.Errorf("template %s: %w", t.ID, err)
		}
		l.tables[t.Recording.Dataset] = table
	}
	return newPlayer(t, table, step, epoch, p.Start)
}

// step is how long a row is shown.
func (p *Part) step() (time.Duration, error) {
	recorded := time.Duration(p.Template.Recording.Step)
	speed := p.Speed
	if speed == 0 {
		speed = max(1, recorded.Seconds())
	}
	step := time.Duration(float64(recorded) / speed)
	if step < time.Millisecond || math.IsNaN(speed) || speed < 0 {
		return 0, fmt.Errorf("speed %v shows a row of %v for %v; at least 1ms is wanted", p.Speed, recorded, step)
	}
	return step, nil
}

// Player is a recording, column by column, in the order of a template's points.
type Player struct {
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

// newPlayer parses every cell once, so that a wrong recording is told at the start and not in the middle of the night.
func newPlayer(t *template.Template, table *data.Table, step time.Duration, epoch time.Time, start int64) (*Player, error) {
	r := &Player{rows: len(table.Rows), step: step, epoch: epoch, start: start}
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

// Place is a row of a pass through the recording; passes count from 0.
type Place struct {
	Pass int64
	Row  int
}

// At tells which row is shown at a time. It is a function of the time alone, so a simulator that starts again goes on
// where it would be.
func (r *Player) At(now time.Time) Place {
	k := max(0, int64(now.Sub(r.epoch)/r.step)) + r.start
	return Place{k / int64(r.rows), int(k % int64(r.rows))}
}

// Rows is the length of the recording, Step how long a row is shown.
func (r *Player) Rows() int           { return r.rows }
func (r *Player) Step() time.Duration { return r.step }

// Counter tells whether a point, by its index in the template, counts up from pass to pass.
func (r *Player) Counter(point int) bool { return r.columns[point].counter }

// Value is what a point, by its index in the template, reads at a place; null where the recording does not have it.
func (r *Player) Value(point int, p Place) telemetry.Value { return r.columns[point].value(p) }

func (c *column) value(p Place) telemetry.Value {
	if c.typ == 0 {
		return telemetry.Value{}
	}
	bits := c.bits[min(p.Row, len(c.bits)-1)]
	switch {
	case c.typ == telemetry.String:
		return telemetry.Value{Type: c.typ, Text: c.texts[bits]}
	case c.counter && c.typ == telemetry.Int64:
		bits += uint64(p.Pass * c.totalInt)
	case c.counter:
		bits = math.Float64bits(float64(float64(p.Pass)*c.totalFloat) + math.Float64frombits(bits))
	}
	return telemetry.Value{Type: c.typ, Bits: bits}
}

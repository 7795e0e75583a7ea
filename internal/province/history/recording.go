package history

import (
	"fmt"
	"io/fs"
	"math"
	"time"

	"jingwei/data"
	"jingwei/internal/connect/sim/replay"
	"jingwei/internal/office/flow/workday"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

// Library reads recordings, each once. It is not for several goroutines.
type Library struct {
	days   *workday.Calendar
	player *replay.Library
	tables map[string]*data.Table
	read   map[string]*recording
}

// New makes a library of the recordings that ship with the product. The packs have the days off.
func New(packs fs.FS) (*Library, error) {
	days, err := workday.Load(packs)
	if err != nil {
		return nil, err
	}
	return &Library{days: days, player: replay.NewLibrary(nil), tables: map[string]*data.Table{}, read: map[string]*recording{}}, nil
}

// recording is a data set as a template reads it.
type recording struct {
	step  time.Duration
	rows  int
	cells map[string][]any   // by point: what the device holds, unscaled, row by row
	count map[string][]int64 // by counter: what a row adds, unscaled
	still []int              // rows at which none of the signals is on
}

func (l *Library) recording(t *template.Template) (*recording, error) {
	if r := l.read[t.ID]; r != nil {
		return r, nil
	}
	table := l.tables[t.Recording.Dataset]
	if table == nil {
		var err error
		if table, err = data.Read(data.Files(), t.Recording.Dataset); err != nil {
			return nil, fmt.Errorf("template %s: %w", t.ID, err)
		}
		l.tables[t.Recording.Dataset] = table
	}
	r := &recording{step: time.Duration(t.Recording.Step), rows: len(table.Rows), cells: map[string][]any{}, count: map[string][]int64{}}
	on := make([]bool, r.rows)
	for i := range t.Points {
		p := &t.Points[i]
		if p.Recorded == nil || p.Recorded.Constant != "" {
			continue
		}
		at := table.Column(p.Recorded.Column)
		if at < 0 {
			return nil, fmt.Errorf("template %s, point %s: the recording has no column %q", t.ID, p.Key, p.Recorded.Column)
		}
		cells := make([]any, r.rows)
		for row := range table.Rows {
			v, err := p.Parse(table.Rows[row][at])
			if err != nil {
				return nil, fmt.Errorf("template %s, row %d: %w", t.ID, row+1, err)
			}
			cells[row] = raw(p, v)
			if yes, signal := cells[row].(bool); signal {
				on[row] = on[row] || yes
			}
		}
		r.cells[p.Key] = cells
		if p.Recorded.Cumulative {
			r.count[p.Key] = make([]int64, r.rows)
			for row, v := range cells {
				f, ok := v.(float64)
				if !ok || f < 0 || f != math.Trunc(f) {
					return nil, fmt.Errorf("template %s, point %s, row %d: a counter counts up by whole steps, not by %v", t.ID, p.Key, row+1, v)
				}
				r.count[p.Key][row] = int64(f)
			}
		}
	}
	for row, yes := range on {
		if !yes {
			r.still = append(r.still, row)
		}
	}
	l.read[t.ID] = r
	return r, nil
}

// raw is what the device holds for a value: a source scales what it takes, as a gateway does.
func raw(p *template.Point, v telemetry.Value) any {
	switch v.Type {
	case telemetry.Bool:
		return v.Bits == 1
	case telemetry.Int64:
		return int64(v.Bits)
	case telemetry.String:
		return v.Text
	}
	f := math.Float64frombits(v.Bits)
	if p.Scale != 0 && p.Scale != 1 || p.Offset != 0 {
		return math.Round((f - p.Offset) / scale(p))
	}
	return f
}

func scale(p *template.Point) float64 {
	if p.Scale == 0 {
		return 1
	}
	return p.Scale
}

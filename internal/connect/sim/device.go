package sim

import (
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"jingwei/data"
	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/driver/modbus"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

// Device is one simulated machine: a unit number, and the template that says what it replays and where.
type Device struct {
	Unit     byte
	Template *template.Template
	Start    int64   // rows ahead of the recording's first, so that two machines of one kind differ
	Speed    float64 // how much faster than recorded; 0: so fast that a row lasts a second at most
}

// device is a Device at work.
type device struct {
	Device
	replay *replay
	fields []modbus.Field

	mu    sync.Mutex
	shown place
	memory
}

// memory is the register map: for each area the cells from the lowest address of the template to its highest. What lies
// between two fields reads zero; what lies outside does not exist.
type memory map[modbus.Area]*cells

type cells struct {
	from  int
	words []uint16 // one per register, or 0/1 per bit
}

// step is how long a row is shown.
func (d *Device) step() (time.Duration, error) {
	recorded := time.Duration(d.Template.Recording.Step)
	speed := d.Speed
	if speed == 0 {
		speed = max(1, recorded.Seconds())
	}
	step := time.Duration(float64(recorded) / speed)
	if step < time.Millisecond || math.IsNaN(speed) || speed < 0 {
		return 0, fmt.Errorf("unit %d: speed %v shows a row of %v for %v; at least 1ms is wanted", d.Unit, d.Speed, recorded, step)
	}
	return step, nil
}

func newDevice(d Device, from fs.FS, tables map[string]*data.Table, epoch time.Time) (*device, error) {
	t := d.Template
	if t == nil || t.Recording.Dataset == "" || t.Recording.Step <= 0 {
		return nil, fmt.Errorf("unit %d: the template names no recording", d.Unit)
	}
	if d.Start < 0 {
		return nil, fmt.Errorf("unit %d: start %d is negative", d.Unit, d.Start)
	}
	step, err := d.step()
	if err != nil {
		return nil, err
	}
	table := tables[t.Recording.Dataset]
	if table == nil {
		if table, err = data.Read(from, t.Recording.Dataset); err != nil {
			return nil, fmt.Errorf("template %s: %w", t.ID, err)
		}
		tables[t.Recording.Dataset] = table
	}
	dev := &device{Device: d, memory: memory{}, shown: place{-1, -1}}
	if dev.replay, err = newReplay(t, table, step, epoch, d.Start); err != nil {
		return nil, err
	}
	for i := range t.Points {
		p := &t.Points[i]
		f, err := modbus.Compile(modbus.Config{}, driver.Point{Address: p.Address, Encoding: p.Encoding, Order: p.Order,
			Type: p.Type.Telemetry(), Scale: p.Scale, Offset: p.Offset})
		if err != nil {
			return nil, fmt.Errorf("template %s, point %s: %w", t.ID, p.Key, err)
		}
		dev.fields = append(dev.fields, f)
		dev.memory.cover(f)
	}
	return dev, dev.prove()
}

// prove shows every row once, so that a value that does not fit its register is told at the start.
func (d *device) prove() error {
	for row := range d.replay.rows {
		if err := d.show(place{0, row}); err != nil {
			return fmt.Errorf("template %s, row %d: %w", d.Template.ID, row+1, err)
		}
	}
	return nil
}

// cover makes room for a field.
func (m memory) cover(f modbus.Field) {
	c := m[f.Address.Area]
	if c == nil {
		m[f.Address.Area] = &cells{from: f.Address.Number, words: make([]uint16, f.Width)}
		return
	}
	from, to := min(c.from, f.Address.Number), max(c.from+len(c.words), f.Address.Number+f.Width)
	c.from, c.words = from, make([]uint16, to-from)
}

// show puts a row into the registers.
func (d *device) show(p place) error {
	if p == d.shown {
		return nil
	}
	for _, c := range d.memory {
		clear(c.words)
	}
	for i := range d.fields {
		f := &d.fields[i]
		v := d.replay.columns[i].value(p)
		if v.Type == 0 {
			continue
		}
		if d.replay.columns[i].counter {
			v = rollOver(f, v)
		}
		raw, err := f.Encode(v)
		if err != nil {
			return fmt.Errorf("point %s: %w", d.Template.Points[i].Key, err)
		}
		c := d.memory[f.Address.Area]
		at := c.words[f.Address.Number-c.from:]
		if f.Address.Area.Bits() {
			at[0] = uint16(raw[0])
			continue
		}
		for k := range f.Width {
			w := uint16(raw[2*k])<<8 | uint16(raw[2*k+1])
			if f.Address.Bit >= 0 {
				w |= at[k] // other bits of the same register
			}
			at[k] = w
		}
	}
	d.shown = p
	return nil
}

// rollOver lets a counter start again when its register is full, as those of meters do.
func rollOver(f *modbus.Field, v telemetry.Value) telemetry.Value {
	span, ok := f.RollOver()
	if !ok {
		return v
	}
	if v.Type == telemetry.Int64 {
		if n := int64(v.Bits); span < 1<<62 {
			v.Bits = uint64(n % int64(span))
		}
		return v
	}
	v.Bits = math.Float64bits(math.Mod(math.Float64frombits(v.Bits), span))
	return v
}

// read answers a read at a time; the error is a modbus.Exception.
func (d *device) read(now time.Time, area modbus.Area, start, count int) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.show(d.replay.at(now)); err != nil {
		return nil, modbus.DeviceFailure // a counter beyond any register; prove has seen all else
	}
	c := d.memory[area]
	if c == nil || start < c.from || start+count > c.from+len(c.words) {
		return nil, modbus.IllegalAddress
	}
	out := make([]byte, area.DataLen(count))
	for i, w := range c.words[start-c.from:][:count] {
		if area.Bits() {
			out[i/8] |= byte(w) << (i % 8)
			continue
		}
		out[2*i], out[2*i+1] = byte(w>>8), byte(w)
	}
	return out, nil
}

// ParseDevice reads "unit=template", "unit=template@start" or "unit=template@start*speed", as the command line takes it:
// "2=cnc-mill-smart-testbed@500*2" is unit 2, 500 rows ahead, twice as fast as recorded. find returns nil for a template
// that does not exist.
func ParseDevice(s string, find func(id string) *template.Template) (Device, error) {
	bad := func(why string) (Device, error) {
		return Device{}, fmt.Errorf("device %q: %s; write UNIT=TEMPLATE[@ROW][*SPEED], like 2=cnc-mill-smart-testbed@500*2", s, why)
	}
	var d Device
	name, rest, ok := strings.Cut(s, "=")
	unit, err := strconv.ParseUint(name, 10, 8)
	if !ok || err != nil {
		return bad("the unit must be a number within 0 and 255")
	}
	d.Unit = byte(unit)
	if id, speed, ok := strings.Cut(rest, "*"); ok {
		rest = id
		var err error
		if d.Speed, err = strconv.ParseFloat(speed, 64); err != nil || !(d.Speed > 0) || math.IsInf(d.Speed, 0) {
			return bad("the speed must be a number above 0")
		}
	}
	if id, start, ok := strings.Cut(rest, "@"); ok {
		rest = id
		row, err := strconv.ParseUint(start, 10, 32)
		if err != nil {
			return bad("the row must be a number from 0 on")
		}
		d.Start = int64(row)
	}
	if d.Template = find(rest); d.Template == nil {
		return bad(fmt.Sprintf("there is no template %q", rest))
	}
	return d, nil
}

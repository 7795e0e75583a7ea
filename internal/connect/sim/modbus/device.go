package modbus

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	"jingwei/internal/connect/driver"
	wire "jingwei/internal/connect/driver/modbus"
	"jingwei/internal/connect/sim/replay"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

// Device is one simulated machine: a unit number, and the template that says what it replays and where.
type Device struct {
	Unit byte
	replay.Part
}

// device is a Device at work.
type device struct {
	Device
	replay *replay.Player
	fields []wire.Field

	mu    sync.Mutex
	shown replay.Place
	memory
}

// memory is the register map: for each area the cells from the lowest address of the template to its highest. What lies
// between two fields reads zero; what lies outside does not exist.
type memory map[wire.Area]*cells

type cells struct {
	from  int
	words []uint16 // one per register, or 0/1 per bit
}

func newDevice(d Device, from *replay.Library, epoch time.Time) (*device, error) {
	player, err := from.Open(d.Part, epoch)
	if err != nil {
		return nil, fmt.Errorf("unit %d: %w", d.Unit, err)
	}
	t := d.Template
	dev := &device{Device: d, memory: memory{}, replay: player, shown: replay.Place{Pass: -1, Row: -1}}
	for i := range t.Points {
		p := &t.Points[i]
		f, err := wire.Compile(wire.Config{}, driver.Point{Address: p.Address, Encoding: p.Encoding, Order: p.Order,
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
	for row := range d.replay.Rows() {
		if err := d.show(replay.Place{Row: row}); err != nil {
			return fmt.Errorf("template %s, row %d: %w", d.Template.ID, row+1, err)
		}
	}
	return nil
}

// cover makes room for a field.
func (m memory) cover(f wire.Field) {
	c := m[f.Address.Area]
	if c == nil {
		m[f.Address.Area] = &cells{from: f.Address.Number, words: make([]uint16, f.Width)}
		return
	}
	from, to := min(c.from, f.Address.Number), max(c.from+len(c.words), f.Address.Number+f.Width)
	c.from, c.words = from, make([]uint16, to-from)
}

// show puts a row into the registers.
func (d *device) show(p replay.Place) error {
	if p == d.shown {
		return nil
	}
	for _, c := range d.memory {
		clear(c.words)
	}
	for i := range d.fields {
		f := &d.fields[i]
		v := d.replay.Value(i, p)
		if v.Type == 0 {
			continue
		}
		if d.replay.Counter(i) {
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
func rollOver(f *wire.Field, v telemetry.Value) telemetry.Value {
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

// read answers a read at a time; the error is a wire.Exception.
func (d *device) read(now time.Time, area wire.Area, start, count int) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.show(d.replay.At(now)); err != nil {
		return nil, wire.DeviceFailure // a counter beyond any register; prove has seen all else
	}
	c := d.memory[area]
	if c == nil || start < c.from || start+count > c.from+len(c.words) {
		return nil, wire.IllegalAddress
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
	name, p, err := replay.ParseNamed(s, find)
	unit, number := strconv.ParseUint(name, 10, 8)
	if err == nil && number != nil {
		err = errors.New("the unit must be a number within 0 and 255")
	}
	if err != nil {
		return Device{}, fmt.Errorf("device %q: %w; write UNIT=TEMPLATE[@ROW][*SPEED], like 2=cnc-mill-smart-testbed@500*2", s, err)
	}
	return Device{Unit: byte(unit), Part: p}, nil
}

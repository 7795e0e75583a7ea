package mqtt

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"jingwei/internal/connect/sim/replay"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

// Device is one simulated device: its name in the topic, and what it replays.
type Device struct {
	Name string
	replay.Part
}

// device is a Device at work.
type device struct {
	Device
	player *replay.Player
	topic  string
	member []string // the points' addresses
}

func newDevice(d Device, topic string, from *replay.Library, epoch time.Time) (*device, error) {
	if d.Name == "" || len(d.Name) > 100 || strings.ContainsAny(d.Name, "/+#\x00") {
		return nil, fmt.Errorf("device %q: a name has 1 to 100 bytes, without /, + and #", d.Name)
	}
	player, err := from.Open(d.Part, epoch)
	if err != nil {
		return nil, fmt.Errorf("device %s: %w", d.Name, err)
	}
	out := &device{Device: d, player: player, topic: strings.ReplaceAll(topic, "{device}", d.Name)}
	for i := range d.Template.Points {
		out.member = append(out.member, d.Template.Points[i].Address)
	}
	return out, nil
}

// payload is what the device publishes at a time. spoil, from 0 on, is the number that becomes a text; -1 for none.
func (d *device) payload(now time.Time, spoil int) []byte {
	place := d.player.At(now)
	root := map[string]any{}
	for i, name := range d.member {
		var v any
		switch told := d.player.Value(i, place); told.Type {
		case telemetry.Float64:
			v = json.Number(strconv.FormatFloat(math.Float64frombits(told.Bits), 'g', -1, 64))
		case telemetry.Int64:
			v = json.Number(strconv.FormatInt(int64(told.Bits), 10))
		case telemetry.Bool:
			v = told.Bits != 0
		case telemetry.String:
			v = told.Text
		default:
			continue // the recording does not have it
		}
		if n, ok := v.(json.Number); ok {
			if spoil == 0 {
				v = "about " + string(n)
			}
			spoil--
		}
		put(root, name, v)
	}
	root["last_seen"] = now.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	b, err := json.Marshal(root)
	if err != nil {
		return []byte("null") // not a number; recordings hold none
	}
	return b
}

// numbers is how many members are numbers now.
func (d *device) numbers(now time.Time) (n int) {
	place := d.player.At(now)
	for i := range d.member {
		if t := d.player.Value(i, place).Type; t == telemetry.Float64 || t == telemetry.Int64 {
			n++
		}
	}
	return n
}

// put sets a member, nested at dots.
func put(root map[string]any, name string, v any) {
	for {
		head, rest, more := strings.Cut(name, ".")
		if !more {
			root[name] = v
			return
		}
		inner, ok := root[head].(map[string]any)
		if !ok {
			inner = map[string]any{}
			root[head] = inner
		}
		root, name = inner, rest
	}
}

// ParseDevice reads "name=template", "name=template@row" or "name=template@row*speed", as the command line takes it.
// find returns nil for a template that does not exist.
func ParseDevice(s string, find func(id string) *template.Template) (Device, error) {
	name, p, err := replay.ParseNamed(s, find)
	if err != nil {
		return Device{}, fmt.Errorf("device %q: %w; write NAME=TEMPLATE[@ROW][*SPEED], like hall=environment-sensor-zigbee2mqtt@100", s, err)
	}
	return Device{Name: name, Part: p}, nil
}

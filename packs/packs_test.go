package packs_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"testing"
	"time"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/driver/modbus"
	"jingwei/internal/plant/class"
	"jingwei/internal/plant/template"
	"jingwei/packs"
)

// TestPacksAreSound is the linter of what ships: every file of every folder is read by the room that uses it.
func TestPacksAreSound(t *testing.T) {
	classes, err := class.Load(packs.Files, "equipment")
	if err != nil {
		t.Fatal(err)
	}
	devices, err := template.Load(packs.Files, "devices")
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(packs.Files, "*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if want := len(classes.All()) + len(devices.All()); len(files) != want {
		t.Errorf("%d files, %d packs: some file is read by no room: %v", len(files), want, files)
	}
	known := class.All(classes)
	for _, d := range devices.All() {
		t.Run(d.ID, func(t *testing.T) {
			if known[d.Class].ID == "" {
				t.Errorf("%s: $.class: %q is not a class of packs/equipment", d.File(), d.Class)
			}
			if path.Base(d.File()) != d.ID+".yaml" || d.Licence == "" {
				t.Errorf("%s: no licence", d.File())
			}
			switch d.Driver {
			case "modbus":
				checkModbus(t, d)
			default:
				t.Errorf("%s: $.driver: no driver %q", d.File(), d.Driver)
			}
		})
	}
}

// checkModbus lets the driver judge each point, and finds points that lie on each other's registers.
func checkModbus(t *testing.T, d *template.Template) {
	t.Helper()
	points := make([]driver.Point, len(d.Points))
	for i, p := range d.Points {
		points[i] = driver.Point{
			ID: uint32(i), Unit: "1", Address: p.Address, Encoding: p.Encoding, Order: p.Order, Type: p.Type.Telemetry(),
			Scale: p.Scale, Offset: p.Offset, Every: time.Duration(p.Every),
		}
	}
	for i, err := range modbus.New().Check(json.RawMessage(`{"address":"127.0.0.1"}`), points) {
		if err != nil {
			t.Errorf("%s: $.points[%d] (%s): %v", d.File(), i, d.Points[i].Key, err)
		}
	}
	owner := map[string]string{}
	for i, p := range points {
		f, err := modbus.Compile(modbus.Config{}, p)
		if err != nil {
			continue // told above
		}
		key := d.Points[i].Key
		for n := range f.Width {
			place := fmt.Sprint(f.Address.Area, f.Address.Number+n, f.Address.Bit)
			if other, taken := owner[place]; taken {
				t.Errorf("%s: %s and %s lie on the same %s", d.File(), other, key, place)
			}
			owner[place] = key
		}
	}
}

// The two templates that the demo stands on keep what others build on: simulator, demo, console.
func TestDemoTemplatesKeepTheirShape(t *testing.T) {
	devices, err := template.Load(packs.Files, "devices")
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]struct {
		points  int
		dataset string
		types   map[template.Type]int
	}{
		"cnc-mill-smart-testbed": {26, "cnc_mill_wear", map[template.Type]int{"float64": 20, "int64": 3, "bool": 2, "string": 1}},
		"power-meter-steel":      {12, "steel_energy", map[template.Type]int{"float64": 7, "int64": 2, "bool": 2, "string": 1}},
	} {
		d := devices.Get(id)
		if d == nil {
			t.Errorf("%s is missing", id)
			continue
		}
		types := map[template.Type]int{}
		for _, p := range d.Points {
			types[p.Type]++
			if p.Recorded == nil {
				t.Errorf("%s %s: the recording does not have it", id, p.Key)
			}
		}
		if len(d.Points) != want.points || d.Recording.Dataset != want.dataset || fmt.Sprint(types) != fmt.Sprint(want.types) {
			t.Errorf("%s: %d points of %s, %v", id, len(d.Points), d.Recording.Dataset, types)
		}
	}
}

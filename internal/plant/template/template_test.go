package template_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

const head = `id: meter
version: 1.0.0
source: a manual
name: {zh: 表, en: Meter}
class: plant-auxiliary
driver: modbus
order: CDAB
every: 2s
maxSilence: 30s
recording: {dataset: test, step: 1s}
points:
`

func decode(points string) (*template.Template, error) {
	return pack.Decode[template.Template]("devices/meter.yaml", []byte(head+points))
}

func TestPointsInheritFromTheirTemplate(t *testing.T) {
	m, err := decode(`
  - {key: power, name: {zh: 功率, en: Power}, type: float64, unit: kW, address: "holding:0", encoding: f32}
  - {key: on, name: {zh: 开, en: On}, type: bool, address: "coil:1", encoding: bool, every: 500ms, maxSilence: 5s, report: onChange}
`)
	if err != nil {
		t.Fatal(err)
	}
	p := m.Point("power")
	if time.Duration(p.Every) != 2*time.Second || time.Duration(p.MaxSilence) != 30*time.Second || p.Order != "CDAB" || p.Report.Telemetry() != telemetry.Periodic || p.Type.Telemetry() != telemetry.Float64 {
		t.Errorf("got %+v", p)
	}
	on := m.Point("on")
	if time.Duration(on.Every) != 500*time.Millisecond || time.Duration(on.MaxSilence) != 5*time.Second || on.Order != "" || on.Report.Telemetry() != telemetry.OnChange {
		t.Errorf("got %+v", on)
	}
	if m.Point("off") != nil {
		t.Error("found a point that is not there")
	}
}

func TestFaultyPointsAreToldWithTheirLine(t *testing.T) {
	for point, says := range map[string]string{
		`{key: "1x", name: {zh: 一, en: a}, type: float64, unit: kW, address: a}`:                                             "points[0].key: is not a key",
		`{key: x, name: {zh: 一}, type: float64, unit: kW, address: a}`:                                                       "points[0].name: needs zh and en",
		`{key: x, name: {zh: 一, en: a}, type: double, unit: kW, address: a}`:                                                 "points[0].type: is not a type",
		`{key: x, name: {zh: 一, en: a}, type: float64, unit: kWh, address: a}`:                                               `points[0].unit: "kWh" is not a UCUM unit; write kW.h`,
		`{key: x, name: {zh: 一, en: a}, type: int64, address: a}`:                                                            "points[0].unit: is missing",
		`{key: x, name: {zh: 一, en: a}, type: bool, unit: "1", address: a}`:                                                  "points[0].unit: a bool or string has no unit",
		`{key: x, name: {zh: 一, en: a}, type: string, address: a, scale: 2}`:                                                 "points[0].scale: a bool or string cannot be scaled",
		`{key: x, name: {zh: 一, en: a}, type: bool}`:                                                                         "points[0].address: has 0 characters",
		`{key: x, name: {zh: 一, en: a}, type: bool, address: a, every: 1ms}`:                                                 "points[0].every: scan between",
		`{key: x, name: {zh: 一, en: a}, type: bool, address: a, every: soon}`:                                                "points[0].every: scan between",
		`{key: x, name: {zh: 一, en: a}, type: bool, address: a, maxSilence: 1s}`:                                             "points[0].maxSilence: the longest silence is at least the scan time (2s)",
		`{key: x, name: {zh: 一, en: a}, type: bool, address: a, report: never}`:                                              "points[0].report: use periodic or onChange",
		`{key: x, name: {zh: 一, en: a}, type: bool, address: a, values: [{value: 1, name: {zh: 一, en: a}}]}`:                 "points[0].values: only an int64",
		`{key: x, name: {zh: 一, en: a}, type: int64, unit: "1", address: a, values: [{value: 1}]}`:                           "points[0].values[0].name: needs",
		`{key: x, name: {zh: 一, en: a}, type: bool, address: a, recorded: {column: c}}`:                                      "points[0].recorded: a bool from a column needs is or above",
		`{key: x, name: {zh: 一, en: a}, type: bool, address: a, recorded: {}}`:                                               "points[0].recorded: want either a column or a constant",
		`{key: x, name: {zh: 一, en: a}, type: float64, unit: kW, scale: .inf, address: a}`:                                   "points[0].scale: scale and offset must be finite",
		`{key: x, name: {zh: 一, en: a}, type: float64, unit: kW, address: a, color: red}`:                                    `unknown field "color"`,
		"{key: x, name: {zh: 一, en: a}, type: bool, address: a}\n  - {key: x, name: {zh: 一, en: a}, type: bool, address: a}": `points[1].key: "x" is used twice`,
	} {
		_, err := decode("  - " + point + "\n")
		var faults pack.Faults
		if !errors.As(err, &faults) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s:\n got %v\nwant %s", point, err, says)
			continue
		}
		if faults[0].Line < 12 {
			t.Errorf("%s: told at line %d", point, faults[0].Line)
		}
	}
	if _, err := pack.Decode[template.Template]("meter.yaml", []byte(strings.Replace(head, "driver: modbus\n", "", 1)+"  []\n")); err == nil ||
		!strings.Contains(err.Error(), "driver: is missing") || !strings.Contains(err.Error(), "has 0 points") {
		t.Errorf("got %v", err)
	}
}

func TestCellsOfTheRecordingBecomeValues(t *testing.T) {
	m, err := decode(`
  - {key: f, name: {zh: 一, en: f}, type: float64, unit: kW, address: a, recorded: {column: c}}
  - {key: i, name: {zh: 一, en: i}, type: int64, unit: "1", address: a, recorded: {column: c}}
  - {key: b, name: {zh: 一, en: b}, type: bool, address: a, recorded: {column: c, above: 1.5}}
  - {key: w, name: {zh: 一, en: w}, type: bool, address: a, recorded: {column: c, is: [Weekend]}}
  - {key: s, name: {zh: 一, en: s}, type: string, address: a, recorded: {constant: SN-1}}
  - key: e
    name: {zh: 一, en: e}
    type: int64
    unit: "1"
    address: a
    recorded: {column: c}
    values: [{value: 7, name: {zh: 准备, en: Preparing}, recorded: [Prep, prep]}]
  - {key: n, name: {zh: 一, en: n}, type: bool, address: a}
`)
	if err != nil {
		t.Fatal(err)
	}
	num := func(f float64) telemetry.Value {
		return telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(f)}
	}
	for _, c := range []struct {
		key, cell string
		want      telemetry.Value
		wrong     bool
	}{
		{"f", "2.68e-19", num(2.68e-19), false}, {"f", "abc", num(0), true}, {"f", "Inf", num(0), true},
		{"i", "-3", telemetry.Value{Type: telemetry.Int64, Bits: ^uint64(2)}, false}, {"i", "1.5", num(0), true},
		{"b", "1.6", telemetry.Value{Type: telemetry.Bool, Bits: 1}, false}, {"b", "1.5", telemetry.Value{Type: telemetry.Bool}, false}, {"b", "x", num(0), true},
		{"w", "Weekend", telemetry.Value{Type: telemetry.Bool, Bits: 1}, false}, {"w", "Weekday", telemetry.Value{Type: telemetry.Bool}, false},
		{"s", "SN-1", telemetry.Value{Type: telemetry.String, Text: "SN-1"}, false},
		{"e", "prep", telemetry.Value{Type: telemetry.Int64, Bits: 7}, false}, {"e", "Weird", num(0), true},
		{"n", "1", num(0), true},
	} {
		got, err := m.Point(c.key).Parse(c.cell)
		if (err != nil) != c.wrong || err == nil && got != c.want {
			t.Errorf("%s %q: got %v, %v; want %v", c.key, c.cell, got, err, c.want)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add([]byte(head + `  - {key: power, name: {zh: 功率, en: Power}, type: float64, unit: kW, address: "holding:0", encoding: f32}` + "\n"))
	f.Add([]byte(head + "  - {}\n"))
	f.Add([]byte("points: [{values: [{value: 1}, {value: 1}]}, {recorded: {above: 1}}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := pack.Decode[template.Template]("devices/meter.yaml", data)
		if err == nil && (len(m.Points) == 0 || len(m.Points[0].Faults()) > 0) {
			t.Errorf("a faulty template came through: %q", data)
		}
	})
}

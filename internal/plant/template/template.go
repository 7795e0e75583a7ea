package template

import (
	"bytes"
	"time"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// Template is one kind of machine.
type Template struct {
	pack.Header `yaml:",inline"`
	Maker       string    `json:"maker,omitempty" yaml:"maker"`
	Model       string    `json:"model,omitempty" yaml:"model"`
	Class       string    `json:"class" yaml:"class"`           // equipment class (packs/equipment)
	Driver      string    `json:"driver" yaml:"driver"`         // protocol: "modbus"
	Order       string    `json:"order,omitempty" yaml:"order"` // byte order of points that name none
	Every       Duration  `json:"every" yaml:"every"`           // scan class of points that name none
	MaxSilence  Duration  `json:"maxSilence" yaml:"maxSilence"`
	Note        text.Text `json:"note,omitzero" yaml:"note"`
	Tested      Tested    `json:"tested" yaml:"tested"` // none where empty
	// Link is what a link to such a device should be set to, in the driver's own fields: {maxRegisters: 50}.
	Link map[string]any `json:"link,omitempty" yaml:"link"`
	// Baud is the speed of the serial line in bit/s behind which the device sits as delivered; 0: it sits on a network.
	Baud      int       `json:"baud,omitempty" yaml:"baud"`
	Recording Recording `json:"-" yaml:"recording"`
	Points    []Point   `json:"points" yaml:"points"`
}

// Tested says how a template was tried before it shipped.
type Tested string

// The ways, the strongest last.
const (
	TestedNone   Tested = "none"   // nobody has read a device or its frames with it
	TestedFrames Tested = "frames" // against frames that are kept beside the packs: published, or answered by another program from the documented registers
	TestedPeer   Tested = "peer"   // against a running device, or a simulator of its maker
)

// Point is one thing that the machine can tell.
type Point struct {
	Key        string    `json:"key" yaml:"key"` // unique in the template: "x.position"
	Name       text.Text `json:"name" yaml:"name"`
	Type       Type      `json:"type" yaml:"type"`
	Unit       string    `json:"unit,omitempty" yaml:"unit"` // UCUM; "1" for numbers without one, "" for bool and string
	Address    string    `json:"address" yaml:"address"`     // in the protocol's syntax: "holding:100"
	Encoding   string    `json:"encoding" yaml:"encoding"`   // "f32", "u16", "string:16", …
	Order      string    `json:"order,omitempty" yaml:"order"`
	Scale      float64   `json:"scale,omitempty" yaml:"scale"` // value = raw × Scale + Offset; 0 means 1
	Offset     float64   `json:"offset,omitempty" yaml:"offset"`
	Every      Duration  `json:"every" yaml:"every"`           // filled in from the template where empty
	Report     Report    `json:"report" yaml:"report"`         // periodic where empty
	MaxSilence Duration  `json:"maxSilence" yaml:"maxSilence"` // filled in from the template where empty
	Values     []Value   `json:"values,omitempty" yaml:"values"`
	Recorded   *Recorded `json:"-" yaml:"recorded"`
}

// Value names one value of an int64 point that counts states.
type Value struct {
	Value    int64     `json:"value" yaml:"value"`
	Name     text.Text `json:"name" yaml:"name"`
	Recorded []string  `json:"-" yaml:"recorded"` // how the recording writes it
}

// Recording says which recorded data set a simulator replays.
type Recording struct {
	Dataset string   `yaml:"dataset"` // "cnc_mill_wear"
	Step    Duration `yaml:"step"`    // between rows
}

// Recorded says where the recording keeps a point. See Point.Parse.
type Recorded struct {
	Column     string   `yaml:"column"`
	Constant   string   `yaml:"constant"`   // instead of a column: always this
	Cumulative bool     `yaml:"cumulative"` // the sum of the column from the start of the replay: what a counter shows
	Is         []string `yaml:"is"`         // bool: true when the cell is one of these
	Above      *float64 `yaml:"above"`      // bool: true when the cell is greater
}

// Type is a telemetry type as packs and the API write it: float64, int64, bool, string.
type Type string

// Telemetry returns the type's number, 0 when there is no such type.
func (t Type) Telemetry() telemetry.Type {
	switch t {
	case "float64":
		return telemetry.Float64
	case "int64":
		return telemetry.Int64
	case "bool":
		return telemetry.Bool
	case "string":
		return telemetry.String
	}
	return 0
}

// TypeOf writes a telemetry type.
func TypeOf(t telemetry.Type) Type {
	for _, name := range []Type{"float64", "int64", "bool", "string"} {
		if name.Telemetry() == t {
			return name
		}
	}
	return ""
}

// Report is how a point is told: "periodic" (at each scan) or "onChange" (and again before the longest silence).
type Report string

// Telemetry returns the number; "" is periodic; 0 when there is no such way.
func (r Report) Telemetry() telemetry.Report {
	switch r {
	case "", "periodic":
		return telemetry.Periodic
	case "onChange":
		return telemetry.OnChange
	}
	return 0
}

// ReportOf writes a way of reporting.
func ReportOf(r telemetry.Report) Report {
	if r == telemetry.OnChange {
		return "onChange"
	}
	return "periodic"
}

// Duration is a time.Duration written as "500ms" or "15m".
type Duration time.Duration

// MarshalText writes it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// UnmarshalYAML reads it. What is no duration becomes a negative one, which Check refuses with its line.
func (d *Duration) UnmarshalYAML(b []byte) error {
	if err := d.UnmarshalText(bytes.Trim(bytes.TrimSpace(b), `"'`)); err != nil {
		*d = -1
	}
	return nil
}

// Point returns the point with a key, or nil.
func (t *Template) Point(key string) *Point {
	for i := range t.Points {
		if t.Points[i].Key == key {
			return &t.Points[i]
		}
	}
	return nil
}

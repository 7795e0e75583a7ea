package plant

import (
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/template"
)

// NodeView is a node as it is answered.
type NodeView struct {
	ID       uuid.UUID  `json:"id" format:"uuid"`
	Org      uuid.UUID  `json:"org" format:"uuid"`
	Kind     Kind       `json:"kind" enum:"site,area,line,machine"`
	Parent   *uuid.UUID `json:"parent,omitempty" format:"uuid" doc:"Where it stands; absent for what stands under the enterprise itself"`
	Name     text.Text  `json:"name"`
	Class    string     `json:"class,omitempty" doc:"Class of equipment, of a machine"`
	Template string     `json:"template,omitempty" doc:"Device template, of a machine"`
	Release  string     `json:"release,omitempty" doc:"Version of the template"`
	From     time.Time  `json:"from" doc:"When it began"`
	To       *time.Time `json:"to,omitempty" doc:"When it was retired"`
	Reason   string     `json:"reason,omitempty" doc:"Why it was retired"`
	ETag     string     `json:"etag"`
}

func (n *Node) view() NodeView {
	v := NodeView{
		ID: n.ID, Org: n.Org, Kind: n.Kind, Name: n.Name, Class: n.Class, Template: n.Template, Release: n.Release,
		From: *instant(n.From), To: instant(n.To), Reason: n.Reason, ETag: n.ETag(),
	}
	if n.Parent != uuid.Nil {
		v.Parent = &n.Parent
	}
	return v
}

// SetupView is how a point is called and read. Durations are written as 500ms, 10s, 15m.
type SetupView struct {
	Key        string      `json:"key" maxLength:"100" doc:"Unique on the machine, such as x.position"`
	Name       text.Text   `json:"name"`
	Type       string      `json:"type" enum:"float64,int64,bool,string"`
	Unit       string      `json:"unit" required:"false" maxLength:"64" doc:"UCUM code; 1 for numbers without a unit, empty for bool and string"`
	Address    string      `json:"address" maxLength:"200" doc:"In the protocol's syntax, such as holding:100"`
	Encoding   string      `json:"encoding" required:"false" maxLength:"200" doc:"How the device holds it, such as f32, u16, string:16"`
	Order      string      `json:"order,omitempty" maxLength:"10" doc:"Byte order: ABCD, CDAB, BADC, DCBA"`
	Scale      float64     `json:"scale,omitempty" doc:"value = raw × scale + offset; 0 means 1"`
	Offset     float64     `json:"offset,omitempty"`
	Every      string      `json:"every,omitempty" maxLength:"30" doc:"How often it is read; 1s where it is left out"`
	Report     string      `json:"report,omitempty" enum:"periodic,onChange" doc:"Told at each scan, or when it changes"`
	MaxSilence string      `json:"maxSilence,omitempty" maxLength:"30" doc:"The longest time between samples of a healthy source"`
	Values     []ValueView `json:"values,omitempty" maxItems:"256" doc:"Names of an int64's values"`
}

// ValueView names one value of an int64 that counts states.
type ValueView struct {
	Value string    `json:"value" pattern:"^-?[0-9]{1,19}$" doc:"The number, as a string"`
	Name  text.Text `json:"name"`
}

// PointView is a point as it is answered; its id is its series'.
type PointView struct {
	ID      uuid.UUID `json:"id" format:"uuid"`
	Machine uuid.UUID `json:"machine" format:"uuid"`
	SetupView
	From time.Time  `json:"from" doc:"When it began"`
	To   *time.Time `json:"to,omitempty" doc:"When it was retired"`
	ETag string     `json:"etag"`
}

func (p *Point) view() PointView {
	return PointView{ID: p.ID, Machine: p.Machine, SetupView: setupView(&p.Point), From: *instant(p.From), To: instant(p.To), ETag: p.ETag()}
}

func setupView(p *template.Point) SetupView {
	v := SetupView{
		Key: p.Key, Name: p.Name, Type: string(p.Type), Unit: p.Unit, Address: p.Address, Encoding: p.Encoding, Order: p.Order,
		Scale: p.Scale, Offset: p.Offset, Every: time.Duration(p.Every).String(), Report: string(p.Report),
		MaxSilence: time.Duration(p.MaxSilence).String(),
	}
	for _, x := range p.Values {
		v.Values = append(v.Values, ValueView{strconv.FormatInt(x.Value, 10), x.Name})
	}
	return v
}

// setup reads what a caller sent. Error: ErrPoint for a duration that is none.
func (v *SetupView) setup() (template.Point, error) {
	p := template.Point{
		Key: v.Key, Name: v.Name, Type: template.Type(v.Type), Unit: v.Unit, Address: v.Address, Encoding: v.Encoding, Order: v.Order,
		Scale: v.Scale, Offset: v.Offset, Report: template.Report(v.Report),
	}
	for i, x := range v.Values {
		n, err := strconv.ParseInt(x.Value, 10, 64)
		if err != nil {
			return p, ErrPoint.At(fmt.Sprintf("body.values[%d].value", i), x.Value).With("reason", text.Text{
				Zh: "不是 64 位整数", En: "is not a 64-bit integer"})
		}
		p.Values = append(p.Values, template.Value{Value: n, Name: x.Name})
	}
	for _, d := range []struct {
		field, text string
		to          *template.Duration
	}{{"every", v.Every, &p.Every}, {"maxSilence", v.MaxSilence, &p.MaxSilence}} {
		if d.text == "" {
			continue
		}
		if err := d.to.UnmarshalText([]byte(d.text)); err != nil || *d.to <= 0 {
			return p, ErrPoint.At("body."+d.field, d.text).With("reason", text.Text{
				Zh: "不是时长；请写成 500ms、10s 或 15m", En: "is not a duration; write it as 500ms, 10s or 15m"})
		}
	}
	return p, nil
}

// MachineView is a machine with its points.
type MachineView struct {
	NodeView
	Connection any         `json:"connection,omitempty" doc:"Through which link and unit it is read: {link, unit, gateway}"`
	Points     []PointView `json:"points" nullable:"false"`
}

// TemplateSummary is a device template in a list.
type TemplateSummary struct {
	ID      string    `json:"id"`
	Version string    `json:"version"`
	Name    text.Text `json:"name"`
	Maker   string    `json:"maker,omitempty"`
	Model   string    `json:"model,omitempty"`
	Class   string    `json:"class"`
	Driver  string    `json:"driver"`
	Tested  string    `json:"tested" enum:"none,frames,peer" doc:"How it was tried: not at all, against recorded frames, against a device or its maker's simulator"`
	Points  int       `json:"points" doc:"How many points it has"`
}

// TemplateView is a device template.
type TemplateView struct {
	ID      string     `json:"id"`
	Version string     `json:"version"`
	Source  string     `json:"source" doc:"Where the knowledge comes from"`
	Licence string     `json:"licence,omitempty"`
	Name    text.Text  `json:"name"`
	Note    *text.Text `json:"note,omitempty"`
	Maker   string     `json:"maker,omitempty"`
	Model   string     `json:"model,omitempty"`
	Class   string     `json:"class"`
	Driver  string     `json:"driver"`
	Tested  string     `json:"tested" enum:"none,frames,peer" doc:"How it was tried: not at all, against recorded frames, against a device or its maker's simulator"`
	// Link and Baud say how such a device is reached as delivered.
	Link   map[string]any `json:"link,omitempty" doc:"What a link to such a device should be set to, in the driver's own fields"`
	Baud   int            `json:"baud,omitempty" doc:"Speed of the serial line behind which it sits as delivered, in bit/s"`
	Points []SetupView    `json:"points" nullable:"false"`
}

func summary(t *template.Template) TemplateSummary {
	return TemplateSummary{
		ID: t.ID, Version: t.Version, Name: t.Name, Maker: t.Maker, Model: t.Model, Class: t.Class, Driver: t.Driver,
		Tested: string(t.Tested), Points: len(t.Points),
	}
}

func templateView(t *template.Template) TemplateView {
	v := TemplateView{
		ID: t.ID, Version: t.Version, Source: t.Source, Licence: t.Licence, Name: t.Name, Maker: t.Maker, Model: t.Model,
		Class: t.Class, Driver: t.Driver, Tested: string(t.Tested), Link: t.Link, Baud: t.Baud, Points: make([]SetupView, len(t.Points)),
	}
	if !t.Note.IsZero() {
		v.Note = &t.Note
	}
	for i := range t.Points {
		v.Points[i] = setupView(&t.Points[i])
	}
	return v
}

// Package lint judges device templates as an integrator writes them: what the pack's reader finds, what the template
// says of itself, and what only the driver can know: addresses, encodings, points that lie on each other's registers,
// and a scan that the device's line cannot carry. It stands above the drivers; template (below them) cannot.
package lint

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"jingwei/internal/connect/driver"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/class"
	"jingwei/internal/plant/template"
)

// Options are what a template is judged by.
type Options struct {
	Drivers map[string]driver.Driver // by name
	Sources []string                 // kinds of sources whose points are addressed by the name of a metric: mqtt, sparkplug, push
	Classes map[string]class.Class   // of equipment; nil: not looked at
}

// Finding is one thing that is wrong, or a doubt.
type Finding struct {
	File         string
	Line, Column int
	Code         string // stable: what a program may act on
	Where        string // "points[3].unit", "" for the file
	Value        string
	Text         text.Text // what is wrong
	Mend         text.Text // what to do
	Doubt        bool      // does not make the template wrong
}

// In writes a finding in one line: file:line:column: where "value": text; mend.
func (f Finding) In(lang string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: ", f.File, f.Line, f.Column)
	if f.Doubt {
		b.WriteString(text.Text{Zh: "提示：", En: "note: "}.In(lang))
	}
	b.WriteString(f.Where)
	if f.Value != "" && !strings.Contains(f.Text.In(lang), strconv.Quote(f.Value)) {
		fmt.Fprintf(&b, " %q", f.Value)
	}
	if f.Where != "" || f.Value != "" {
		b.WriteString(text.Text{Zh: "：", En: ": "}.In(lang))
	}
	b.WriteString(f.Text.In(lang))
	if mend := f.Mend.In(lang); mend != "" {
		b.WriteString(text.Text{Zh: "。", En: ". "}.In(lang) + mend)
	}
	return b.String()
}

// maxFindings bounds what is told of one file.
const maxFindings = 500

// Template judges one file. The findings stand in the order of their lines; none means that it is sound.
func Template(file string, data []byte, o Options) []Finding {
	l := &linter{o: o, file: file, data: data}
	t, err := pack.Decode[template.Template](file, data)
	var faults pack.Faults
	switch {
	case errors.As(err, &faults):
		l.packFaults(faults)
	case err != nil:
		l.add(Finding{Code: "unreadable", Text: text.Text{Zh: err.Error(), En: err.Error()}})
	default:
		l.template(t)
	}
	slices.SortStableFunc(l.found, func(a, b Finding) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
	return l.found
}

type linter struct {
	o     Options
	file  string
	data  []byte
	found []Finding
}

// add keeps a finding with its line.
func (l *linter) add(f Finding) {
	if len(l.found) >= maxFindings {
		return
	}
	f.File = l.file
	if f.Line == 0 {
		f.Line, f.Column = pack.Locate(l.data, strings.TrimSuffix("$."+f.Where, "."))
	}
	l.found = append(l.found, f)
}

// headers are the pack's own faults in Chinese, by place.
var headers = map[string]text.Text{
	"$.id":      {Zh: "须为小写字母、数字和连字符，且与文件名相同", En: "Write lowercase letters, digits and hyphens, and name the file after it"},
	"$.version": {Zh: "须写成 主.次.修订，例如 1.0.0", En: "Write major.minor.patch, such as 1.0.0"},
	"$.source":  {Zh: "须写明出处：手册名称、版本、章节", En: "Say where it comes from: title, revision and section of the manual"},
	"$.name":    {Zh: "须同时有 zh 和 en", En: "Give zh and en"},
}

// packFaults words what the pack's reader said. The template's own faults come from the template again, which has them
// in both languages.
func (l *linter) packFaults(faults pack.Faults) {
	own := map[string]template.Fault{}
	if t := lenient(l.data); t != nil {
		for _, f := range t.Faults() {
			own["$."+f.Field+"\x00"+f.Text.En] = f
		}
	}
	for _, p := range faults {
		f := Finding{Line: p.Line, Column: p.Column, Where: strings.TrimPrefix(p.Where, "$."), Code: "syntax",
			Text: text.Text{Zh: "文件不合格式：" + p.What, En: p.What}}
		if mine, ok := own[p.Where+"\x00"+p.What]; ok {
			f.Code, f.Value, f.Text = code(mine.Field), mine.Value, mine.Text
		} else if mend, ok := headers[p.Where]; ok {
			f.Code, f.Text.Zh, f.Mend = "header", "文件头有误", mend
		}
		if f.Line == 0 {
			f.Line, f.Column = 1, 1
		}
		l.add(f)
	}
}

// code is the last part of a field's place: the kind of thing that is wrong.
func code(field string) string {
	field = field[strings.LastIndexByte(field, '.')+1:]
	name, _, _ := strings.Cut(field, "[")
	return name
}

// template judges what was read without a fault.
func (l *linter) template(t *template.Template) {
	if l.o.Classes != nil && l.o.Classes[t.Class].ID == "" {
		l.add(Finding{Code: "class", Where: "class", Value: t.Class,
			Text: text.Text{Zh: "没有这个设备类别", En: "is not a class of equipment"},
			Mend: listed("可用：", "There are: ", slices.Sorted(maps.Keys(l.o.Classes)))})
	}
	l.names(t)
	l.values(t)
	if slices.Contains(l.o.Sources, t.Driver) {
		l.metrics(t)
		return
	}
	d, ok := l.o.Drivers[t.Driver]
	if !ok {
		known := append(slices.Sorted(maps.Keys(l.o.Drivers)), l.o.Sources...)
		l.add(Finding{Code: "driver", Where: "driver", Value: t.Driver, Text: text.Text{Zh: "没有这个驱动", En: "there is no such driver"},
			Mend: listed("可用：", "There are: ", known)})
		return
	}
	link := linkOf(d, t)
	points := pointsOf(t)
	if err := checkLink(d, link); err != nil {
		l.driverFault("link", "link", err)
		return
	}
	sound := true
	for i, err := range d.Check(link, points) {
		if err != nil {
			sound = false
			l.driverFault(fmt.Sprintf("points[%d]", i), "point", err)
		}
	}
	l.overlaps(t, d, points)
	if sound {
		l.bus(t, d, link, points)
	}
}

// driverFault words what the driver says of a point or of the link.
func (l *linter) driverFault(at, kind string, err error) {
	f := Finding{Code: kind, Where: at, Text: text.Text{Zh: err.Error(), En: err.Error()}}
	var field *driver.FieldError
	if errors.As(err, &field) {
		f.Code, f.Where, f.Value, f.Text = field.Field, at+"."+field.Field, field.Value, field.Text
	}
	l.add(f)
}

func checkLink(d driver.Driver, link json.RawMessage) error {
	if c, ok := d.(driver.LinkChecker); ok {
		return c.CheckLink(link)
	}
	return nil
}

func pointsOf(t *template.Template) []driver.Point {
	out := make([]driver.Point, len(t.Points))
	for i, p := range t.Points {
		out[i] = driver.Point{
			ID: uint32(i), Unit: "1", Address: p.Address, // of some unit: a template is for any
			Encoding: p.Encoding, Order: p.Order, Type: p.Type.Telemetry(), Scale: p.Scale,
			Offset: p.Offset, Every: time.Duration(p.Every), Report: p.Report.Telemetry(), MaxSilence: time.Duration(p.MaxSilence),
		}
	}
	return out
}

func listed(zh, en string, names []string) text.Text {
	list := strings.Join(names, ", ")
	return text.Text{Zh: zh + list, En: en + list}
}

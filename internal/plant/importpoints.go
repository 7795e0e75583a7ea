package plant

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/sheet"
	"jingwei/internal/plant/template"
)

// point takes a row of a point.
func (p *importPlan) point(r *sheet.Row) {
	var d *dot
	var machine *spot
	if id := r.Get(sheet.ID); id != "" {
		u, err := uuid.Parse(id)
		if err != nil {
			p.bad(r, sheet.ID, "id-invalid", "不是编号", "is not an id")
			return
		}
		now := p.st.pointOf[u]
		if now == nil {
			p.bad(r, sheet.ID, "id-unknown", "本组织没有这个编号的测点", "this organisation has no point of that id")
			return
		}
		machine = p.byID[now.Machine]
		for _, x := range machine.dots {
			if x.id == u {
				d = x
			}
		}
	}
	at, ok := p.machineOf(r, machine)
	if !ok {
		return
	}
	if machine != nil && at != machine {
		p.bad(r, sheet.Machine, "point-moves", "测点不能移到别的设备", "a point cannot move to another machine")
		return
	}
	machine = at
	machine.listed = true
	if machine.now == nil {
		p.fromTemplate(machine)
	}
	if d == nil && r.Get(sheet.Key) != "" {
		d = machine.byKey[r.Get(sheet.Key)]
	}
	if d != nil && d.row != nil {
		p.bad(r, sheet.Key, "twice", fmt.Sprintf("第 %d 行已经写了同一个测点", d.row.Number), fmt.Sprintf("row %d describes the same point", d.row.Number))
		return
	}
	before := template.Point{}
	if d != nil {
		before = d.setup
	}
	setup, faults := r.Setup(before)
	fillIn(&setup)
	p.faults = append(p.faults, faults...)
	for _, f := range setup.Faults() {
		p.pointFault(r, f, faults)
	}
	if d != nil && d.now != nil && !p.fixed(r, d.now, &setup) {
		return
	}
	if t := machine.template; t != nil && p.s.o.Judge != nil {
		for _, f := range p.s.o.Judge(t.Driver, setup) {
			p.pointFault(r, f, faults)
		}
	}
	if d == nil {
		if len(machine.dots) >= maxPoints {
			p.bad(r, sheet.Key, "too-many", fmt.Sprintf("一台设备最多 %d 个测点", maxPoints), fmt.Sprintf("a machine has at most %d points", maxPoints))
			return
		}
		d = &dot{id: p.ids.id()}
		machine.dots = append(machine.dots, d)
		machine.byKey[setup.Key] = d
		if machine.now != nil && machine.now.From > p.at {
			p.bad(r, sheet.Machine, "too-early", "设备那时还不存在；请改用更晚的生效时间", "the machine was not there then; choose a later time")
		}
	}
	d.row, d.setup = r, setup
}

// machineOf finds the machine of a point's row.
func (p *importPlan) machineOf(r *sheet.Row, already *spot) (*spot, bool) {
	if r.Parent >= 0 {
		sp := p.ofRow[r.Parent]
		return sp, sp != nil
	}
	name := r.Get(sheet.Machine)
	if name == "" {
		if already != nil {
			return p.mention(already), true
		}
		p.bad(r, sheet.Machine, "machine-missing", "没有写测点属于哪台设备", "it does not say to which machine the point belongs")
		return nil, false
	}
	var above *spot
	if already != nil {
		above = already.parent
	}
	parent, ok := p.within(r, Machine, above)
	if !ok {
		return nil, false
	}
	found := parent.find(Machine, name)
	for _, sp := range found {
		if sp == already {
			return p.mention(sp), true
		}
	}
	switch len(found) {
	case 0:
		sp := p.named(r, parent, Machine, name)
		return sp, sp != nil
	case 1:
		return p.mention(found[0]), true
	}
	p.ambiguous(r, sheet.Machine)
	return nil, false
}

// mention notes that the file names a place, and with it all above.
func (p *importPlan) mention(sp *spot) *spot {
	for x := sp; x != nil && x != p.root; x = x.parent {
		x.named = true
	}
	return sp
}

// fromTemplate gives a new machine the points of its template, once. Where things that are missing are to be retired the
// file is all there is, and says every point itself.
func (p *importPlan) fromTemplate(sp *spot) {
	if sp.template == nil || len(sp.dots) > 0 || p.q.Prune && sp.listed {
		return
	}
	for _, setup := range sp.template.Points {
		setup.Recorded = nil
		d := &dot{id: p.ids.id(), setup: setup}
		sp.dots = append(sp.dots, d)
		sp.byKey[setup.Key] = d
	}
}

// pointFault tells a fault of a point at the cell that it is about, unless the cell has been told as unreadable.
func (p *importPlan) pointFault(r *sheet.Row, f template.Fault, told []sheet.Fault) {
	field, _, _ := strings.Cut(f.Field, "[")
	column := sheet.Key
	for _, c := range []sheet.Column{sheet.Key, sheet.Type, sheet.Unit, sheet.Address, sheet.Encoding, sheet.Order, sheet.Scale, sheet.Offset, sheet.Every, sheet.Report, sheet.MaxSilence, sheet.Values} {
		if c.Field() == field {
			column = c
		}
	}
	if field == "name" {
		column = sheet.NameZh
	}
	for _, t := range told {
		if t.Column == column.Field() {
			return
		}
	}
	out := r.Fault(column, "point-"+column.Field(), f.Text.Zh, f.Text.En)
	if out.Value == "" {
		out.Value = f.Value
	}
	p.faults = append(p.faults, out)
}

// fixed checks that a point keeps what it keeps for life.
func (p *importPlan) fixed(r *sheet.Row, now *Point, setup *template.Point) bool {
	ok := true
	for _, f := range []struct {
		column   sheet.Column
		has, get string
	}{{sheet.Key, now.Key, setup.Key}, {sheet.Type, string(now.Type), string(setup.Type)}, {sheet.Unit, now.Unit, setup.Unit}} {
		if f.has != f.get {
			p.bad(r, f.column, "point-fixed", fmt.Sprintf("测点的这一项一直是 %s，不能更改；请停用后另建", f.has), fmt.Sprintf("it is %s for the life of the point; retire the point and add another", f.has))
			ok = false
		}
	}
	return ok
}

// finish compares what is wanted with what is, and finds what is to be retired.
func (p *importPlan) finish() {
	for _, sp := range p.spots {
		if sp.row != nil {
			p.mention(sp)
		} else if sp.now != nil && sp.now.To != forever {
			p.mention(sp.parent) // what it stands in must last as long
		}
		if sp.now == nil && sp.kind == Machine && !sp.listed {
			p.fromTemplate(sp)
		}
	}
	for _, sp := range p.spots {
		switch {
		case sp.now == nil:
			p.change(Creates, cmp.Or(sp.row, sp.origin), string(sp.kind), sp.above(), sp.name.In("zh"), p.created(sp))
		case sp.named:
			p.compare(sp)
		case p.q.Prune:
			p.retire(sp)
		}
		for _, d := range sp.dots {
			p.dot(sp, d)
		}
	}
}

func (p *importPlan) created(sp *spot) string {
	if sp.template == nil {
		return ""
	}
	return "template: " + sp.template.ID
}

// compare tells what changes about a place or machine that exists.
func (p *importPlan) compare(sp *spot) {
	row := sp.row
	var parts []string
	if sp.name != sp.now.Name {
		parts = append(parts, arrow("name", both(sp.now.Name), both(sp.name)))
	}
	if sp.class != sp.now.Class {
		parts = append(parts, arrow("class", sp.now.Class, sp.class))
	}
	moved := sp.parent.id != sp.now.Parent
	if len(parts) == 0 && !moved {
		p.counts.None++
		return
	}
	p.mayChange(sp.row, sp.now.ID, sp.now.From, sp.now.To)
	if len(parts) > 0 {
		p.change(Updates, row, string(sp.kind), sp.above(), sp.name.In("zh"), strings.Join(parts, "; "))
	}
	if moved {
		p.change(Moves, row, string(sp.kind), sp.above(), sp.name.In("zh"), arrow("place", p.wasIn(sp), sp.above()))
	}
}

// mayChange checks that nothing later stands in the way of a change of something that exists.
func (p *importPlan) mayChange(r *sheet.Row, id uuid.UUID, from, to int64) {
	if r == nil {
		return
	}
	switch later := p.st.later[id]; {
	case to != forever:
		p.bad(r, sheet.ID, "retired", fmt.Sprintf("它已定于 %s 停用", timeOf(to)), fmt.Sprintf("it is retired as of %s", timeOf(to)))
	case later > 0:
		p.bad(r, sheet.ID, "later-change", fmt.Sprintf("%s 已有一次更改；请改用更晚的生效时间", timeOf(later)), fmt.Sprintf("there is a change as of %s; choose a later time", timeOf(later)))
	case from > p.at:
		p.bad(r, sheet.ID, "too-early", fmt.Sprintf("它从 %s 才开始存在；请改用更晚的生效时间", timeOf(from)), fmt.Sprintf("it began at %s; choose a later time", timeOf(from)))
	}
}

// retire takes out what the file does not name. What stands under it is not named either, or it has moved.
func (p *importPlan) retire(sp *spot) {
	if sp.now.To != forever {
		return // it ends anyway
	}
	sp.retired = true
	p.change(Retires, nil, string(sp.kind), sp.above(), sp.name.In("zh"), "")
}

func (p *importPlan) dot(sp *spot, d *dot) {
	switch {
	case d.now == nil:
		p.change(Creates, cmp.Or(d.row, sp.row, sp.origin), "point", sp.path(), d.setup.Key, "")
	case d.row != nil && !sameSetup(d.now.Point, d.setup):
		d.changed = true
		p.mayChange(d.row, d.now.ID, d.now.From, d.now.To)
		p.change(Updates, d.row, "point", sp.path(), d.setup.Key, differences(d.now.Point, d.setup))
	case d.row != nil:
		p.counts.None++
	case sp.retired:
		d.retired = true // with its machine; not told one by one
	case p.q.Prune && d.now.To == forever:
		d.retired = true
		p.change(Retires, nil, "point", sp.path(), d.setup.Key, "")
	}
}

func (p *importPlan) change(a Action, r *sheet.Row, kind, path, name, detail string) {
	c := Change{Action: a, Kind: kind, Path: path, Name: name, Detail: detail}
	if r != nil {
		c.Sheet, c.Row = r.Sheet, r.Number
	}
	switch a {
	case Creates:
		p.counts.Create++
	case Updates:
		p.counts.Update++
	case Moves:
		p.counts.Move++
	case Retires:
		p.counts.Retire++
	}
	p.changes = append(p.changes, c)
}

// above is the path of what it stands in, path that of the thing itself.
func (sp *spot) above() string {
	if sp.parent == nil {
		return ""
	}
	return sp.parent.path()
}

func (sp *spot) path() string {
	if sp.parent == nil {
		return ""
	}
	if up := sp.parent.path(); up != "" {
		return up + " / " + sp.name.In("zh")
	}
	return sp.name.In("zh")
}

func (p *importPlan) wasIn(sp *spot) string {
	if was := p.byID[sp.now.Parent]; was != nil {
		return was.path()
	}
	return ""
}

func both(t text.Text) string {
	if t.Zh != "" && t.En != "" {
		return t.Zh + " | " + t.En
	}
	return t.Zh + t.En
}

func arrow(field, before, after string) string {
	if before == "" {
		before = "–"
	}
	if after == "" {
		after = "–"
	}
	return fmt.Sprintf("%s: %s → %s", field, before, after)
}

// differences tells what changes about a point.
func differences(a, b template.Point) string {
	before, after := setupView(&a), setupView(&b)
	var parts []string
	for _, f := range []struct{ field, a, b string }{
		{"name", both(a.Name), both(b.Name)}, {"address", before.Address, after.Address}, {"encoding", before.Encoding, after.Encoding},
		{"order", before.Order, after.Order}, {"scale", fmt.Sprint(before.Scale), fmt.Sprint(after.Scale)}, {"offset", fmt.Sprint(before.Offset), fmt.Sprint(after.Offset)},
		{"every", before.Every, after.Every}, {"report", before.Report, after.Report}, {"maxSilence", before.MaxSilence, after.MaxSilence},
	} {
		if f.a != f.b {
			parts = append(parts, arrow(f.field, f.a, f.b))
		}
	}
	if fmt.Sprint(before.Values) != fmt.Sprint(after.Values) {
		parts = append(parts, fmt.Sprintf("values: %d → %d", len(a.Values), len(b.Values)))
	}
	return strings.Join(parts, "; ")
}

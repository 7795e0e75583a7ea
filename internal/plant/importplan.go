package plant

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/sheet"
	"jingwei/internal/plant/template"
)

const forever = store.Forever

// importPlan compares a file with the plant. It is made of what it is given and nothing else, so that it can be made
// again inside the transaction that applies it.
type importPlan struct {
	s    *Service
	st   *plantState
	q    Import
	at   int64
	ids  *idMaker
	rows []sheet.Row

	spots   []*spot // all places and machines, those of the plant first, parents before what stands in them
	byID    map[uuid.UUID]*spot
	root    *spot
	ofRow   []*spot // by row: what it made or found; nil where the row is wrong
	changes []Change
	counts  Counts
	faults  []sheet.Fault
}

// spot is a place or machine as the plan wants it.
type spot struct {
	id       uuid.UUID
	kind     Kind
	parent   *spot
	name     text.Text
	class    string
	template *template.Template
	now      *Node // nil: new
	kids     []*spot
	row      *sheet.Row // that describes it; nil: only named, or not in the file
	origin   *sheet.Row // that made it first
	named    bool       // by the file
	dots     []*dot
	byKey    map[string]*dot
	listed   bool // the file has points of it
	retired  bool
}

// dot is a point as the plan wants it.
type dot struct {
	id      uuid.UUID
	setup   template.Point
	now     *Point // nil: new
	row     *sheet.Row
	changed bool
	retired bool
}

func (p *importPlan) run() {
	p.root = &spot{}
	p.byID = map[uuid.UUID]*spot{}
	p.ofRow = make([]*spot, len(p.rows))
	p.existing()
	for _, level := range []Kind{Site, Area, Line, Machine} { // parents first, wherever they stand in the file
		for i := range p.rows {
			if p.rows[i].Level == string(level) {
				p.ofRow[i] = p.node(&p.rows[i])
			}
		}
	}
	for i := range p.rows {
		if p.rows[i].Level == "point" {
			p.point(&p.rows[i])
		}
	}
	p.finish()
}

// existing lays out the plant as it is.
func (p *importPlan) existing() {
	for _, n := range p.st.nodes {
		sp := &spot{id: n.ID, kind: n.Kind, name: n.Name, class: n.Class, template: p.s.o.Templates.Get(n.Template), now: n, byKey: map[string]*dot{}}
		p.spots = append(p.spots, sp)
		p.byID[n.ID] = sp
		for _, point := range p.st.points[n.ID] {
			d := &dot{id: point.ID, setup: point.Point, now: point}
			sp.dots = append(sp.dots, d)
			sp.byKey[point.Key] = d
		}
	}
	for _, sp := range p.spots {
		sp.parent = p.byID[sp.now.Parent]
		if sp.parent == nil {
			sp.parent = p.root
		}
		sp.parent.kids = append(sp.parent.kids, sp)
	}
}

func (p *importPlan) bad(r *sheet.Row, c sheet.Column, code, zh, en string) {
	p.faults = append(p.faults, r.Fault(c, code, zh, en))
}

// place columns by kind.
var placeColumn = map[Kind]sheet.Column{Site: sheet.Site, Area: sheet.Area, Line: sheet.Line, Machine: sheet.Machine}

// called tells whether a thing goes by a name: as the plan wants it called, or as it is called now.
func (sp *spot) called(name string, now bool) bool {
	t := sp.name
	if now {
		if sp.now == nil {
			return false
		}
		t = sp.now.Name
	}
	return name != "" && (strings.TrimSpace(t.Zh) == name || strings.TrimSpace(t.En) == name)
}

// find returns those under a parent of a kind that go by a name. What the file calls so comes before what is called so
// until now: a row may use the old name of a place that another row renames.
func (sp *spot) find(kind Kind, name string) (out []*spot) {
	for _, now := range []bool{false, true} {
		for _, k := range sp.kids {
			if k.kind == kind && k.called(name, now) {
				out = append(out, k)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// within resolves the path of a row down to, but without, a kind. Places that are not there are made. already is where
// the thing stands now: it settles which of two places of the same name is meant. ok is false when that was told as a
// fault.
func (p *importPlan) within(r *sheet.Row, kind Kind, already *spot) (at *spot, ok bool) {
	if r.Parent >= 0 { // nested in a YAML file
		at = p.ofRow[r.Parent]
		return at, at != nil
	}
	candidates := []*spot{p.root}
	for _, k := range []Kind{Site, Area, Line, Machine} {
		if rank[k] >= rank[kind] {
			break
		}
		name := r.Get(placeColumn[k])
		if name == "" {
			continue
		}
		var next []*spot
		for _, c := range candidates {
			next = append(next, c.find(k, name)...)
		}
		if len(next) == 0 {
			if len(candidates) > 1 {
				p.ambiguous(r, placeColumn[k])
				return nil, false
			}
			made := p.named(r, candidates[0], k, name)
			if made == nil {
				return nil, false
			}
			next = []*spot{made}
		}
		candidates = next
	}
	if len(candidates) > 1 && already != nil {
		for _, c := range candidates {
			if c == already {
				return c, true
			}
		}
	}
	if len(candidates) > 1 {
		p.ambiguous(r, sheet.ID)
		return nil, false
	}
	if !kind.Stands(candidates[0].kind) {
		p.bad(r, placeColumn[kind], "level-wrong", fmt.Sprintf("%s不能直接放在那里", kindWords[kind].Zh), fmt.Sprintf("a %s cannot stand there", kind))
		return nil, false
	}
	return candidates[0], true
}

var kindWords = map[Kind]text.Text{Site: {Zh: "厂区", En: "site"}, Area: {Zh: "区域", En: "area"}, Line: {Zh: "产线", En: "line"}, Machine: {Zh: "设备", En: "machine"}}

func (p *importPlan) ambiguous(r *sheet.Row, c sheet.Column) {
	p.bad(r, c, "path-ambiguous", "有多个同名的位置，无法确定是哪一个；请填写编号，或先改名", "several places go by that name; give the id, or rename one first")
}

// textOf is a name that stands in one cell: its language is seen.
func textOf(s string) text.Text {
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return text.Text{Zh: s}
	}
	return text.Text{En: s}
}

// named makes a place that a path names.
func (p *importPlan) named(r *sheet.Row, parent *spot, kind Kind, name string) *spot {
	if !kind.Stands(parent.kind) {
		p.bad(r, placeColumn[kind], "level-wrong", fmt.Sprintf("%s不能直接放在那里", kindWords[kind].Zh), fmt.Sprintf("a %s cannot stand there", kind))
		return nil
	}
	sp := p.fresh(r, parent, kind)
	sp.name = textOf(name)
	if err := sp.name.Check(maxName); err != nil {
		p.bad(r, placeColumn[kind], "name", "名称不能使用", err.Error())
	}
	if kind == Machine {
		p.setMachine(r, sp)
	}
	sp.row = nil // another row may still describe it
	return sp
}

func (p *importPlan) fresh(r *sheet.Row, parent *spot, kind Kind) *spot {
	sp := &spot{id: p.ids.id(), kind: kind, parent: parent, row: r, origin: r, named: true, byKey: map[string]*dot{}}
	p.spots = append(p.spots, sp)
	p.byID[sp.id] = sp
	parent.kids = append(parent.kids, sp)
	if parent.now != nil && parent.now.From > p.at {
		p.bad(r, sheet.Level, "too-early", "上级那时还不存在；请改用更晚的生效时间", "what it stands in was not there then; choose a later time")
	}
	return sp
}

// node takes a row of a place or machine.
func (p *importPlan) node(r *sheet.Row) *spot {
	kind := Kind(r.Level)
	own := placeColumn[kind]
	name := text.Text{Zh: r.Get(sheet.NameZh), En: r.Get(sheet.NameEn)}
	if name.IsZero() && r.Parent < 0 {
		name = textOf(r.Get(own))
	}
	if cell := r.Get(own); r.Parent < 0 && cell != "" && cell != name.Zh && cell != name.En {
		p.bad(r, own, "name-differs", "与本行的名称不一致", "differs from the name of the row")
		return nil
	}
	for _, below := range []Kind{Area, Line, Machine} {
		if rank[below] > rank[kind] && r.Parent < 0 && r.Get(placeColumn[below]) != "" {
			p.bad(r, placeColumn[below], "level-wrong", "本行的层级不应有这一项", "a row of this level has no such place")
			return nil
		}
	}
	if err := name.Check(maxName); err != nil {
		p.bad(r, sheet.NameZh, "name", fmt.Sprintf("须填写中文或英文名称，每种不超过 %d 个字符，且不含控制字符", maxName), err.Error())
		return nil
	}
	var sp *spot
	if id := r.Get(sheet.ID); id != "" {
		if sp = p.known(r, id, kind); sp == nil {
			return nil
		}
	}
	var already *spot
	if sp != nil {
		already = sp.parent
	}
	parent, ok := p.within(r, kind, already)
	if !ok {
		return nil
	}
	if !kind.Stands(parent.kind) {
		p.bad(r, sheet.Level, "level-wrong", fmt.Sprintf("%s不能直接放在那里", kindWords[kind].Zh), fmt.Sprintf("a %s cannot stand there", kind))
		return nil
	}
	if sp == nil {
		if sp, ok = p.match(r, parent, kind, name); !ok {
			return nil
		}
	}
	if sp == nil {
		sp = p.fresh(r, parent, kind)
	} else if sp.row != nil {
		p.bad(r, sheet.NameZh, "twice", fmt.Sprintf("第 %d 行已经写了同一个%s", sp.row.Number, kindWords[kind].Zh), fmt.Sprintf("row %d describes the same %s", sp.row.Number, kind))
		return nil
	}
	sp.row, sp.named = r, true
	if sp.parent != parent {
		sp.parent.kids = remove(sp.parent.kids, sp)
		sp.parent = parent
		parent.kids = append(parent.kids, sp)
		if parent.now != nil && parent.now.From > p.at {
			p.bad(r, sheet.Level, "too-early", "上级那时还不存在；请改用更晚的生效时间", "what it should stand in was not there then; choose a later time")
		}
	}
	if r.Has(sheet.NameZh) && strings.TrimSpace(sp.name.Zh) != name.Zh {
		sp.name.Zh = name.Zh
	}
	if r.Has(sheet.NameEn) && strings.TrimSpace(sp.name.En) != name.En {
		sp.name.En = name.En
	}
	if sp.now == nil {
		sp.name = name
	}
	if sp.name.IsZero() { // the file has one column of names, and it is empty
		p.bad(r, sheet.NameZh, "name", "须填写中文或英文名称", "needs a name in Chinese or English")
	}
	if kind == Machine {
		p.setMachine(r, sp)
	} else if r.Get(sheet.Class)+r.Get(sheet.Template) != "" {
		c := sheet.Class
		if r.Get(c) == "" {
			c = sheet.Template
		}
		p.bad(r, c, "not-for-level", "只有设备才有", "only a machine has this")
	}
	return sp
}

func remove(list []*spot, sp *spot) (out []*spot) {
	for _, x := range list {
		if x != sp {
			out = append(out, x)
		}
	}
	return out
}

// known finds a place or machine by its id.
func (p *importPlan) known(r *sheet.Row, id string, kind Kind) *spot {
	u, err := uuid.Parse(id)
	if err != nil {
		p.bad(r, sheet.ID, "id-invalid", "不是编号", "is not an id")
		return nil
	}
	sp := p.byID[u]
	switch {
	case sp == nil || sp.now == nil:
		p.bad(r, sheet.ID, "id-unknown", "本组织没有这个编号", "this organisation has nothing of that id")
		return nil
	case sp.kind != kind:
		p.bad(r, sheet.ID, "id-kind", fmt.Sprintf("这个编号属于%s", kindWords[sp.kind].Zh), fmt.Sprintf("this id is that of a %s", sp.kind))
		return nil
	}
	return sp
}

// match finds the thing under a parent that goes by the row's names.
func (p *importPlan) match(r *sheet.Row, parent *spot, kind Kind, name text.Text) (*spot, bool) {
	var found []*spot
	for _, n := range []string{name.Zh, name.En} {
		for _, sp := range parent.find(kind, n) {
			if len(found) == 0 || found[0] != sp {
				found = append(found, sp)
			}
		}
		if len(found) > 0 && n == name.Zh {
			break // the Chinese name decides
		}
	}
	switch len(found) {
	case 0:
		return nil, true
	case 1:
		return found[0], true
	}
	p.ambiguous(r, sheet.ID)
	return nil, false
}

// setMachine takes class and template of a machine's row.
func (p *importPlan) setMachine(r *sheet.Row, sp *spot) {
	if id := r.Get(sheet.Template); id != "" {
		t := p.s.o.Templates.Get(id)
		switch {
		case sp.now != nil && id == sp.now.Template: // also one that this node has no longer
		case sp.now != nil:
			p.bad(r, sheet.Template, "template-fixed", "已有设备的模板不能更改；请停用后另建", "the template of a machine that exists cannot be changed; retire it and add another")
		case t == nil:
			p.bad(r, sheet.Template, "template-unknown", "本节点没有这个设备模板", "is not a device template of this node")
		default:
			sp.template = t
		}
	}
	class := r.Get(sheet.Class)
	if class == "" && sp.template != nil && (sp.now == nil || r.Has(sheet.Class)) {
		class = sp.template.Class
	}
	if class != "" {
		if _, ok := p.s.classes[class]; !ok {
			p.bad(r, sheet.Class, "class-unknown", "没有这个设备类别", "is not a class of equipment")
			return
		}
	}
	if r.Has(sheet.Class) || sp.now == nil {
		sp.class = class
	}
}

// timeOf writes a time for people.
func timeOf(ns int64) string { return time.Unix(0, ns).UTC().Format(timeForm) }

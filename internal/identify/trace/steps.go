package trace

import "slices"

// steps are the edges that lead on from a thing in a span.
func (w *walk) steps(v visit) (out []edge) {
	for _, x := range w.links[v.name] {
		f := w.events[x.event]
		if f == nil || w.void(f) {
			continue
		}
		switch f.kind {
		case kindAggregation, kindAssociation:
			out = w.packed(out, v, f, x.role)
			continue
		}
		if w.inside {
			continue
		}
		if f.kind == kindTransformation {
			out = w.transformed(out, v, f, x.role)
		}
		if x.role == RoleLot && w.way == Forward || (x.role == RoleEPC || x.role == RoleOutput) && w.way == Backward {
			out = w.lotted(out, v, f, x.role)
		}
	}
	return out
}

// transformed follows what went in to what came out, or back. Events with one transformation id are one transformation.
func (w *walk) transformed(out []edge, v visit, f *fact, role Role) []edge {
	near, far := []Role{RoleInput, RoleInputClass}, []Role{RoleOutput, RoleOutputClass}
	if w.way == Backward {
		near, far = far, near
	}
	if !slices.Contains(near, role) || w.way == Forward && f.at < v.in.from || w.way == Backward && f.at >= v.in.to {
		return out
	}
	parts := []*fact{f}
	if id := f.one(RoleTransformation); id != 0 {
		for _, x := range w.links[id] {
			if g := w.events[x.event]; g != nil && g != f && x.role == RoleTransformation && !w.void(g) {
				parts = append(parts, g)
			}
		}
	}
	for _, g := range parts {
		// Within one transformation what comes out later than something goes in may hold it; what came out before does not.
		if w.way == Forward && g.at < f.at || w.way == Backward && g.at > f.at {
			continue
		}
		for _, m := range g.members {
			if !slices.Contains(far, m.role) || m.name == v.name {
				continue
			}
			e := edge{from: v.name, to: m.name, way: ByTransformation, event: g.num, at: g.at, until: forever, amount: m.amount, unit: m.unit}
			if w.way == Backward {
				e.from, e.to = m.name, v.name
			}
			out = append(out, e)
		}
	}
	return out
}

// packed follows a thing to what holds it, or back to what it holds.
func (w *walk) packed(out []edge, v visit, f *fact, role Role) []edge {
	if f.action == actionDelete {
		return out
	}
	way := ByAggregation
	if f.kind == kindAssociation {
		way = ByAssociation
	}
	parent := f.one(RoleParent)
	if parent == 0 {
		return out
	}
	if w.way == Forward {
		if role == RoleChild || role == RoleChildClass {
			if e := w.heldBy(f, parent, v.name, way); e.at < v.in.to && v.in.from < e.until {
				out = append(out, e)
			}
		}
		return out
	}
	if role != RoleParent || f.at >= v.in.to {
		return out
	}
	for _, m := range f.members {
		if m.role == RoleChild || m.role == RoleChildClass {
			e := w.heldBy(f, parent, m.name, way)
			e.amount, e.unit = m.amount, m.unit
			out = append(out, e)
		}
	}
	return out
}

// heldBy is the edge from a thing to what holds it: from an event on until the next that parts them.
func (w *walk) heldBy(f *fact, parent, child int64, way Way) edge {
	e := edge{from: child, to: parent, way: way, event: f.num, at: f.at, until: forever}
	for _, p := range w.partingsOf(parent) {
		if p.at >= f.at && p.num != f.num && p.kind == f.kind && (p.all || p.parted[child]) {
			e.until = p.at
			break
		}
	}
	return e
}

// parting is an event by which things were taken out of what held them.
type parting struct {
	*fact
	all    bool // everything
	parted map[int64]bool
}

func (w *walk) partingsOf(holder int64) []parting {
	list, ok := w.partings[holder]
	if ok {
		return list
	}
	for _, f := range w.of(holder) {
		if f.kind != kindAggregation && f.kind != kindAssociation || f.action != actionDelete || f.one(RoleParent) != holder {
			continue
		}
		p := parting{fact: f, parted: map[int64]bool{}}
		for _, m := range f.members {
			if m.role == RoleChild || m.role == RoleChildClass {
				p.parted[m.name] = true
			}
		}
		p.all = len(p.parted) == 0
		list = append(list, p)
	}
	w.partings[holder] = list
	return list
}

// lotted follows a lot to the things that were made of it, or a thing to its lot.
func (w *walk) lotted(out []edge, v visit, f *fact, role Role) []edge {
	if w.way == Backward {
		if id := f.one(RoleLot); id != 0 && (f.kind == kindObject && f.action == actionAdd && role == RoleEPC || f.kind == kindTransformation && role == RoleOutput) {
			out = append(out, edge{from: v.name, to: id, way: ByLot, event: f.num, at: f.at, until: forever})
		}
		return out
	}
	for _, m := range f.members {
		if f.kind == kindObject && m.role == RoleEPC || f.kind == kindTransformation && m.role == RoleOutput {
			out = append(out, edge{from: m.name, to: v.name, way: ByLot, event: f.num, at: f.at, until: forever})
		}
	}
	return out
}

package trace

import (
	"context"
	"database/sql"
	"slices"
)

// load reads the links of things and the events that they lead to.
func (w *walk) load(ctx context.Context, q queryer, names []int64) error {
	var ask []int64
	for _, n := range names {
		if _, ok := w.links[n]; !ok {
			w.links[n] = nil
			ask = append(ask, n)
		}
	}
	slices.Sort(ask)
	var events []int64
	wanted := map[int64]bool{}
	for len(ask) > 0 {
		n := min(len(ask), chunk)
		err := eachRow(ctx, q, "SELECT name, event, role FROM trace_links WHERE name IN ("+numbers(ask[:n])+")", nil, func(r *sql.Rows) error {
			var name int64
			var x link
			if err := r.Scan(&name, &x.event, &x.role); err != nil {
				return err
			}
			if x.role.thing() || x.role == RoleTransformation || x.role == RoleLot || x.role == RoleTransaction {
				w.links[name] = append(w.links[name], x)
				if _, ok := w.events[x.event]; !ok && !wanted[x.event] {
					wanted[x.event] = true
					events = append(events, x.event)
				}
			}
			return nil
		})
		if err != nil {
			return wrap("follow identifiers", err)
		}
		ask = ask[n:]
	}
	if err := w.loadEvents(ctx, q, events); err != nil {
		return err
	}
	// Events of one transformation share an id: what went in by one came out by another.
	var ids []int64
	for _, num := range events {
		if f := w.events[num]; f != nil && f.kind == kindTransformation {
			for _, m := range f.members {
				if _, ok := w.links[m.name]; m.role == RoleTransformation && !ok {
					ids = append(ids, m.name)
				}
			}
		}
	}
	if len(ids) > 0 {
		slices.Sort(ids)
		return w.load(ctx, q, slices.Compact(ids))
	}
	return nil
}

// loadEvents reads events that are in sight and that nobody declared wrong.
func (w *walk) loadEvents(ctx context.Context, q queryer, nums []int64) error {
	slices.Sort(nums)
	for len(nums) > 0 {
		n := min(len(nums), chunk)
		err := eachRow(ctx, q, "SELECT e.num, e.org, e.kind, e.action, e.at, e.step, e.point, e.place, e.flags, e.fingerprint, e.ident, e.members FROM trace_events e WHERE e.num IN ("+numbers(nums[:n])+") AND "+
			w.v.condition("e"), nil, func(r *sql.Rows) (err error) {
			f := &fact{}
			var members []byte
			if err = r.Scan(&f.num, &f.org, &f.kind, &f.action, &f.at, &f.step, &f.point, &f.place, &f.flags, &f.print, &f.ident, &members); err != nil {
				return err
			}
			f.members, err = readMembers(members)
			f.to = targetOf(f.members)
			w.events[f.num] = f
			if f.flags&flagError != 0 {
				w.wrong[f.one(RoleDeclares)] = true
				if f.ident != 0 {
					w.wrong[f.ident] = true
				}
			}
			return err
		})
		if err != nil {
			return wrap("read events of a walk", err)
		}
		nums = nums[n:]
	}
	return nil
}

// loadParted reads, for things that were packed or fitted, the events of what holds them: when they were taken out.
func (w *walk) loadParted(ctx context.Context, q queryer, level []visit) error {
	var holders []int64
	for _, v := range level {
		for _, x := range w.links[v.name] {
			if f := w.events[x.event]; f != nil && x.role == RoleChild || f != nil && x.role == RoleChildClass {
				if p := f.one(RoleParent); p != 0 {
					if _, ok := w.links[p]; !ok {
						holders = append(holders, p)
					}
				}
			}
		}
	}
	if len(holders) == 0 {
		return nil
	}
	slices.Sort(holders)
	return w.load(ctx, q, slices.Compact(holders))
}

// one is the first identifier of a role.
func (f *fact) one(role Role) int64 {
	for i := range f.members {
		if f.members[i].role == role {
			return f.members[i].name
		}
	}
	return 0
}

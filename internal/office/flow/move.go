package flow

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow/workday"
)

// fill reads what a step fills in, and returns the case's record with it. An optional field that is given as null is emptied.
func (f *Flow) fill(t *Transition, before field.Record, raw []byte) (given, after field.Record, faults []*field.Fault) {
	asked := f.asked(t)
	for i := range asked {
		asked[i].NotBefore = "" // the other date may be there already
	}
	if len(raw) == 0 {
		raw = []byte("{}")
	}
	if given, faults = asked.Read(raw); len(faults) > 0 {
		return nil, nil, faults
	}
	after = maps.Clone(before)
	if after == nil {
		after = field.Record{}
	}
	maps.Copy(after, given)
	for i := range asked { // a form sends all its boxes; an empty one of those that it has empties the field
		if _, ok := given[asked[i].Key]; !ok && !asked[i].Required && mentions(raw, asked[i].Key) {
			delete(after, asked[i].Key)
		}
	}
	for i := range asked {
		x := &asked[i]
		if _, ok := after[x.Key]; !ok && slices.Contains(t.Has, x.Key) {
			faults = append(faults, &field.Fault{Path: x.Key, Name: x.Name, Code: "required", Text: text.Text{Zh: "未填写", En: "is missing"}, Mend: text.Text{Zh: "请填写", En: "Fill it in"}})
		}
	}
	if len(faults) == 0 {
		_, faults = f.Fields.Read(after.Encode()) // dates in their order
	}
	return given, after, faults
}

// choose finds the transition of an action whose conditions hold for a record. candidates begin in the case's state.
func (f *Flow) choose(candidates []*Transition, r field.Record) (*Transition, *problem.Error) {
	var zh, en []string
	for _, t := range candidates {
		unmet := f.unmet(t.When, r)
		if len(unmet) == 0 {
			return t, nil
		}
		for _, c := range unmet {
			w := f.words(c)
			if !slices.Contains(zh, w.Zh) {
				zh, en = append(zh, w.Zh), append(en, w.En)
			}
		}
	}
	sepZh, sepEn := "；", "; "
	if len(candidates) > 1 {
		sepZh, sepEn = "；或 ", "; or "
	}
	return nil, ErrGuard.At("body.action", candidates[0].action()).With("action", candidates[0].Name).With("conditions", text.Text{Zh: strings.Join(zh, sepZh), En: strings.Join(en, sepEn)})
}

// timely checks that the deadlines of a transition have passed, or have not.
func (f *Flow) timely(c *Case, t *Transition, at int64) *problem.Error {
	for _, id := range []string{t.Before, t.After} {
		if id == "" {
			continue
		}
		k, d := c.clock(id), f.deadline(id)
		due := text.Text{Zh: "未开始", En: "not begun"}
		if k != nil {
			due = text.Both(hour(k.Due))
		}
		over := k != nil && (at >= k.Due && k.Stopped == 0 || k.Passed != 0)
		if id == t.Before && (k == nil || over) {
			return ErrPassed.At("body.action", t.action()).With("action", t.Name).With("deadline", d.Name).With("due", due)
		}
		if id == t.After && !over {
			return ErrNotPassed.At("body.action", t.action()).With("action", t.Name).With("deadline", d.Name).With("due", due)
		}
	}
	return nil
}

// carries checks that a case has the documents that a transition needs, with those that come with it.
func (f *Flow) carries(c *Case, t *Transition, with []Document) *problem.Error {
	var zh, en []string
	for _, kind := range t.Documents {
		has := func(d Document) bool { return d.Kind == kind }
		if !slices.ContainsFunc(c.Documents, has) && !slices.ContainsFunc(with, has) {
			k := f.documentKind(kind)
			zh, en = append(zh, k.Name.Zh), append(en, k.Name.En)
		}
	}
	if len(zh) > 0 {
		return ErrDocument.At("body.documents", "").With("kinds", text.Text{Zh: strings.Join(zh, "、"), En: strings.Join(en, ", ")})
	}
	return nil
}

// staffed checks that somebody is named for the roles that a transition needs.
func (f *Flow) staffed(c *Case, t *Transition) *problem.Error {
	for _, role := range t.Assigned {
		if len(c.named(role)) == 0 {
			return ErrAssigned.At("body.action", t.action()).With("action", t.Name).With("role", f.role(role).Name)
		}
	}
	return nil
}

// take brings a case through a transition and returns who is to be told. The case's record and documents are set already.
func (f *Flow) take(cal *workday.Calendar, c *Case, t *Transition, at int64) (notices []Notice) {
	from := f.state(c.State) // nil at the start
	c.Clocks = f.wind(cal, c, t.ID, t.To, at)
	c.State, c.Title = t.To, f.title(c.Record)
	c.Revision, c.At = c.Revision+1, at
	to := f.state(t.To)
	if to.Final {
		c.Ended = at
	}
	round := fmt.Sprint(c.Revision)
	about := f.about(c)
	if from == nil || from.ID != to.ID {
		for _, role := range to.Awaits {
			words := text.Text{Zh: about.Zh + "现为“" + to.Name.Zh + "”，请" + f.role(role).Name.Zh + "办理。", En: about.En + " is now “" + to.Name.En + "”: your turn, " + f.role(role).Name.En + "."}
			notices = append(notices, f.notices(c, NoticeTurn, role, "", round, at, words)...)
		}
	}
	for _, role := range t.Tells {
		if slices.Contains(to.Awaits, role) && (from == nil || from.ID != to.ID) {
			continue // told already
		}
		words := text.Text{Zh: about.Zh + "：" + t.Name.Zh + "，现为“" + to.Name.Zh + "”。", En: about.En + ": " + t.Name.En + "; it is now “" + to.Name.En + "”."}
		notices = append(notices, f.notices(c, NoticeStep, role, "", round, at, words)...)
	}
	return notices
}

// lead takes a case on by a deadline that has passed.
func (f *Flow) lead(cal *workday.Calendar, c *Case, r ripe, at int64) []Notice {
	c.Clocks = slices.Clone(c.Clocks)
	c.Clocks[r.clock].Led = true
	return f.take(cal, c, r.transition, at)
}

// pass does what a deadline does next, but for the transition of one that has passed; it returns who is to be told.
func (f *Flow) pass(cal *workday.Calendar, c *Case, r ripe, now int64) (notices []Notice) {
	k := &c.Clocks[r.clock]
	d := f.deadline(k.Deadline)
	about := f.about(c)
	round := fmt.Sprintf("%d/%d", k.Began, k.Reminded)
	if r.remind {
		k.Reminded++
		for k.Reminded < len(d.Reminders) && reminder(cal, d, k) <= now { // the node slept: the last one is enough
			k.Reminded++
		}
		if now >= k.Due {
			return nil // its passing is told
		}
		words := text.Text{Zh: about.Zh + "：“" + d.Name.Zh + "”将于 " + hour(k.Due) + " 届满。", En: about.En + ": “" + d.Name.En + "” ends at " + hour(k.Due) + "."}
		return f.notices(c, NoticeReminder, d.Role, d.ID, round, now, words)
	}
	k.Passed, k.Reminded = now, len(d.Reminders)
	words := text.Text{Zh: about.Zh + "：“" + d.Name.Zh + "”已于 " + hour(k.Due) + " 届满。", En: about.En + ": “" + d.Name.En + "” ended at " + hour(k.Due) + "."}
	notices = f.notices(c, NoticeOverdue, d.Role, d.ID, round, now, words)
	if e := d.Passes.Escalate; e != "" && e != d.Role {
		notices = append(notices, f.notices(c, NoticeEscalated, e, d.ID, round, now, words)...)
	}
	return notices
}

// mentions tells whether a JSON object has a key.
func mentions(raw []byte, key string) bool {
	var v map[string]json.RawMessage
	if json.Unmarshal(raw, &v) != nil {
		return false
	}
	_, ok := v[key]
	return ok
}

package flow

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow/workday"
)

var idForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,40}$`)

// Bounds of a flow.
const (
	maxStates      = 60
	maxTransitions = 200
	maxDeadlines   = 40
	maxList        = 60 // names in one list
)

// checker tells what is wrong with a flow.
type checker struct {
	*Flow
	report func(where, what string)
}

func (c *checker) fault(where, format string, args ...any) {
	c.report(where, fmt.Sprintf(format, args...))
}

// Check reports what is wrong with the pack.
func (f *Flow) Check(report func(where, what string)) {
	c := &checker{f, report}
	f.Start.ID, f.Start.Action = startID, startID
	if f.Case.Zh == "" || f.Case.En == "" {
		report("$.case", "needs zh and en: what one case is called")
	}
	if !slices.Contains(field.Classes, f.Class) {
		c.fault("$.class", "%q is not a class; use one of %v", f.Class, field.Classes)
	}
	if len(f.States) < 2 || len(f.States) > maxStates || len(f.Transitions) == 0 || len(f.Transitions) > maxTransitions || len(f.Deadlines) > maxDeadlines || len(f.Roles) == 0 || len(f.Roles) > maxList || len(f.Documents) > maxList || len(f.Apart) > maxList {
		c.fault("$.states", "a flow has 2 to %d states, 1 to %d transitions, 1 to %d roles, at most %d deadlines", maxStates, maxTransitions, maxList, maxDeadlines)
		return
	}
	c.fields()
	c.nouns()
	for i := range f.Transitions {
		c.transition(fmt.Sprintf("$.transitions[%d]", i), &f.Transitions[i])
	}
	c.transition("$.start", &f.Start)
	for i := range f.Deadlines {
		c.deadline(fmt.Sprintf("$.deadlines[%d]", i), &f.Deadlines[i])
	}
	for i, a := range f.Apart {
		at := fmt.Sprintf("$.apart[%d]", i)
		if len(a.Steps) < 2 || a.Why.Zh == "" || a.Why.En == "" || a.By != "" && a.By != "person" && a.By != "org" {
			report(at, "needs two steps or more, why in zh and en, and by: person or org")
		}
		c.all(at+".steps", "transition", a.Steps, func(id string) bool { return f.transition(id) != nil }, c.transitionIDs())
	}
	c.ambiguous()
	c.ways()
}

func (c *checker) fields() {
	c.Fields.Check("$.fields", c.report)
	for i := range c.Fields {
		at := fmt.Sprintf("$.fields[%d]", i)
		if c.Fields[i].Required {
			c.fault(at+".required", "%s: a case is filled in step by step; name the field with the transition that needs it", c.Fields[i].Key)
		}
		if c.Fields[i].Calc != "" {
			c.fault(at+".calc", "%s: a case works nothing out", c.Fields[i].Key)
		}
	}
	text := func(where string, keys []string) {
		for i, key := range keys {
			if x := c.Fields.Field(key); x == nil || strings.Contains(key, ".") || x.Type == field.List {
				c.fault(fmt.Sprintf("%s[%d]", where, i), "%q does not name a single field; there are %s", key, c.keys())
			} else if c.classOf(key) == field.Restricted {
				c.fault(fmt.Sprintf("%s[%d]", where, i), "%q is restricted; whoever sees a case at all sees this", key)
			}
		}
	}
	text("$.title", c.Title)
	if slices.ContainsFunc(c.Roles, func(r Role) bool { return r.Of == Anyone }) {
		for i, key := range c.Title {
			if c.classOf(key) != field.Public {
				c.fault(fmt.Sprintf("$.title[%d]", i), "%q is not public, and anyone who objects sees the title; make the field public", key)
			}
		}
	}
	text("$.unique", c.Unique)
	for i, key := range c.Unique {
		if !slices.Contains(c.Start.Fields, key) {
			c.fault(fmt.Sprintf("$.unique[%d]", i), "%q is not asked for when a case is opened; name it in start.fields", key)
		}
		for j := range c.Transitions {
			if slices.Contains(c.Transitions[j].asks(), key) {
				c.fault(fmt.Sprintf("$.transitions[%d]", j), "%q tells cases apart; it cannot change", key)
			}
		}
	}
}

// nouns checks roles, states and kinds of documents.
func (c *checker) nouns() {
	seen := map[string]bool{}
	named := func(at, kind, id string, name text.Text) {
		if !idForm.MatchString(id) || name.Zh == "" || name.En == "" || seen[kind+id] {
			c.fault(at, "%q: needs an id of its own (small letters, digits, hyphens) and a name in zh and en", id)
		}
		seen[kind+id] = true
	}
	for i, r := range c.Roles {
		at := fmt.Sprintf("$.roles[%d]", i)
		named(at, "role ", r.ID, r.Name)
		if !slices.Contains(Sides, r.Of) {
			c.fault(at+".of", "%q: use one of %v", r.Of, Sides)
		}
		if r.Verb != "" && r.Verb != auth.Operate && r.Verb != auth.Configure {
			c.fault(at+".verb", "%q: use operate or configure", r.Verb)
		}
	}
	for i, d := range c.Documents {
		named(fmt.Sprintf("$.documents[%d]", i), "document ", d.ID, d.Name)
	}
	for i, s := range c.States {
		at := fmt.Sprintf("$.states[%d]", i)
		named(at, "state ", s.ID, s.Name)
		if s.Frees && !s.Final {
			c.fault(at+".frees", "%q is not final", s.ID)
		}
		if s.Public && !slices.ContainsFunc(c.Fields, func(x field.Field) bool { return c.classOf(x.Key) == field.Public }) {
			c.fault(at+".public", "no field is of the class public; there would be nothing to see")
		}
		if s.Final && len(s.Awaits) > 0 {
			c.fault(at+".awaits", "%q is final; nothing is awaited there", s.ID)
		}
		for j, r := range s.Awaits {
			where := fmt.Sprintf("%s.awaits[%d]", at, j)
			if x := c.role(r); x == nil || x.Of == Anyone {
				c.fault(where, "there is no role %q; there are %s", r, c.roleIDs())
			} else if !slices.ContainsFunc(c.Transitions, func(t Transition) bool { return slices.Contains(t.From, s.ID) && slices.Contains(t.Roles, r) }) {
				c.fault(where, "%q can do nothing in the state %q; give it a transition or do not wait for it", r, s.ID)
			}
		}
	}
}

// all checks that a list names things that are there, each once.
func (c *checker) all(where, kind string, ids []string, known func(string) bool, there string) {
	if len(ids) > maxList {
		c.fault(where, "names %d; at most %d", len(ids), maxList)
	}
	for i, id := range ids {
		if !known(id) {
			c.fault(fmt.Sprintf("%s[%d]", where, i), "there is no %s %q; there are %s", kind, id, there)
		} else if slices.Contains(ids[:i], id) {
			c.fault(fmt.Sprintf("%s[%d]", where, i), "%q is there twice", id)
		}
	}
}

func (c *checker) transition(at string, t *Transition) {
	start := t == &c.Start
	for _, r := range t.Roles {
		x := c.role(r)
		if x == nil || x.Of != Anyone {
			continue
		}
		for _, from := range t.From {
			if s := c.state(from); s != nil && !s.Public {
				c.fault(at+".roles", "%q is anyone, and in the state %q nobody sees the case; mark the state public: true", r, from)
			}
		}
	}
	if !start && (t.ID == startID || t.ID == entered || t.Action != "" && !idForm.MatchString(t.Action) || t.Action == startID) {
		c.fault(at+".id", "%q: start and entered are words of the flow's own; an action is small letters, digits, hyphens", t.ID)
	}
	if !idForm.MatchString(t.ID) || t.Name.Zh == "" || t.Name.En == "" || !start && c.first(t.ID) != t {
		c.fault(at, "%q: needs an id of its own (small letters, digits, hyphens) and a name in zh and en", t.ID)
	}
	state := func(id string) bool { return c.state(id) != nil }
	role := func(id string) bool { return c.role(id) != nil }
	key := func(id string) bool { return !strings.Contains(id, ".") && c.Fields.Field(id) != nil }
	document := func(id string) bool { return c.documentKind(id) != nil }
	if start && len(t.From) > 0 || !start && len(t.From) == 0 {
		c.fault(at+".from", "a transition has states from which it leads, and start has none")
	}
	c.all(at+".from", "state", t.From, state, c.stateIDs())
	c.all(at+".to", "state", []string{t.To}, state, c.stateIDs())
	c.all(at+".roles", "role", t.Roles, role, c.roleIDs())
	c.all(at+".assigned", "role", t.Assigned, role, c.roleIDs())
	c.all(at+".tells", "role", t.Tells, role, c.roleIDs())
	c.all(at+".fields", "field", t.Fields, key, c.keys())
	c.all(at+".may", "field", t.asks(), key, c.keys())
	c.all(at+".documents", "kind of document", t.Documents, document, c.documentIDs())
	c.all(at+".mayDocuments", "kind of document", t.MayDocuments, document, c.documentIDs())
	for _, from := range t.From {
		if s := c.state(from); s != nil && s.Final {
			c.fault(at+".from", "%q is final; nothing leads on from an end", from)
		}
	}
	if start {
		for _, r := range t.Roles {
			if x := c.role(r); x != nil && x.Of != Owner && x.Of != Subject {
				c.fault(at+".roles", "%q is known by the case, which is not there yet; use a role of owner or subject", r)
			}
		}
		if s := c.state(t.To); s != nil && s.Final {
			c.fault(at+".to", "%q is final; a case begins before its end", t.To)
		}
		if t.Before != "" || t.After != "" || t.Action != startID {
			c.fault(at, "no deadline runs before a case is opened")
		}
	}
	c.domains(t.When, func(i int, what string) { c.fault(fmt.Sprintf("%s.when[%d]", at, i), "%s", what) })
	if key, ever := c.never(t.When); ever {
		c.fault(at+".when", "no value of %q fulfils this; the transition could never be taken", key)
	}
	for name, id := range map[string]string{"before": t.Before, "after": t.After} {
		if id == "" || start {
			continue
		}
		d := c.Flow.deadline(id)
		if d == nil {
			c.fault(at+"."+name, "there is no deadline %q; there are %s", id, c.deadlineIDs())
			continue
		}
		for _, from := range t.From {
			if !d.counts(from) {
				c.fault(at+"."+name, "the deadline %q does not run in the state %q", id, from)
			}
		}
	}
	if len(t.Roles) == 0 {
		if start || !slices.ContainsFunc(c.Deadlines, func(d Deadline) bool { return d.Passes.Transition == t.ID }) {
			c.fault(at+".roles", "nobody may do it, and no deadline does it; name a role")
		}
	}
}

// first is the first transition with an id, but start.
func (f *Flow) first(id string) *Transition {
	if i := slices.IndexFunc(f.Transitions, func(t Transition) bool { return t.ID == id }); i >= 0 {
		return &f.Transitions[i]
	}
	return nil
}

func (d *Deadline) counts(state string) bool {
	return slices.Contains(d.In, state) || slices.Contains(d.Stops, state)
}

var clockForm = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

func (c *checker) deadline(at string, d *Deadline) {
	if !idForm.MatchString(d.ID) || d.Name.Zh == "" || d.Name.En == "" || c.Flow.deadline(d.ID) != d {
		c.fault(at, "%q: needs an id of its own (small letters, digits, hyphens) and a name in zh and en", d.ID)
	}
	c.all(at+".role", "role", []string{d.Role}, func(id string) bool { return c.role(id) != nil }, c.roleIDs())
	state := func(id string) bool { return c.state(id) != nil }
	c.all(at+".in", "state", d.In, state, c.stateIDs())
	c.all(at+".stops", "state", append(slices.Clone(d.In), d.Stops...), state, c.stateIDs())
	if len(d.In) == 0 {
		c.fault(at+".in", "names no state")
	}
	for _, id := range append(slices.Clone(d.In), d.Stops...) {
		if s := c.state(id); s != nil && s.Final {
			c.fault(at+".in", "%q is final; nothing is due after the end", id)
		}
	}
	if !slices.Contains(workday.Units, d.Unit) {
		c.fault(at+".unit", "%q: use one of %v", d.Unit, workday.Units)
	}
	if d.Days < 1 || d.Days > workday.MaxPeriod || d.Unit == workday.Months && d.Days > 120 {
		c.fault(at+".days", "%d: want 1 to %d, at most 120 months", d.Days, workday.MaxPeriod)
	}
	if len(d.Stops) > 0 && (d.Unit == workday.Months || d.Field != "") {
		c.fault(at+".stops", "a period of months, or one from a date of the case, cannot stand still; count days")
	}
	if d.Closes != "" && !clockForm.MatchString(d.Closes) {
		c.fault(at+".closes", "%q is not an hour; write 17:30", d.Closes)
	}
	for i, n := range d.Reminders {
		if n < 0 || d.Unit != workday.Months && n >= d.Days || n > 366 || i > 0 && n >= d.Reminders[i-1] || i > 9 {
			c.fault(fmt.Sprintf("%s.reminders[%d]", at, i), "%d: up to 10 reminders, days before the last day, fewer than the period has, the earliest first", n)
		}
	}
	if x := c.Fields.Field(d.Field); d.Field != "" && (d.From != "" || x == nil || x.Type != field.Date || strings.Contains(d.Field, ".")) {
		c.fault(at+".field", "%q does not name a date, or from is there too", d.Field)
	}
	if from := d.event(); from != entered && d.Field == "" {
		if t := c.Flow.transition(from); t == nil {
			c.fault(at+".from", "there is no transition %q; use entered, start or one of %s", from, c.transitionIDs())
		} else if !d.counts(t.To) {
			c.fault(at+".from", "%q leads to %q, where the deadline does not run; name the state in in or stops", from, t.To)
		}
	}
	if e := d.Passes.Escalate; e != "" && c.role(e) == nil {
		c.fault(at+".passes.escalate", "there is no role %q; there are %s", e, c.roleIDs())
	}
	if id := d.Passes.Transition; id != "" {
		t := c.first(id)
		switch {
		case t == nil:
			c.fault(at+".passes.transition", "there is no transition %q; there are %s", id, c.transitionIDs())
		case len(t.When)+len(t.Fields)+len(t.Has)+len(t.Documents)+len(t.Assigned) > 0 || t.Before != "":
			c.fault(at+".passes.transition", "%q has conditions, or asks for fields, documents or people; a deadline gives none", id)
		case !slices.ContainsFunc(t.From, func(s string) bool { return slices.Contains(d.In, s) }):
			c.fault(at+".passes.transition", "%q leads from no state in which the deadline runs", id)
		}
	}
}

// ambiguous finds transitions of one action that could both be meant, and deadlines that pass at one instant and lead two ways.
func (c *checker) ambiguous() {
	for i := range c.Transitions {
		for j := range i {
			a, b := &c.Transitions[j], &c.Transitions[i]
			if a.action() != b.action() {
				continue
			}
			both := slices.ContainsFunc(a.From, func(s string) bool { return slices.Contains(b.From, s) })
			if _, never := c.never(append(slices.Clone(a.When), b.When...)); both && !never {
				c.fault(fmt.Sprintf("$.transitions[%d]", i), "%q and %q have the action %q in one state, and a case may fulfil the conditions of both; make the conditions exclude each other", a.ID, b.ID, a.action())
			}
			if a.Name != b.Name && a.Action != "" || !slices.Equal(a.Roles, b.Roles) || !slices.Equal(a.Fields, b.Fields) || !slices.Equal(a.Has, b.Has) || !slices.Equal(a.May, b.May) {
				c.fault(fmt.Sprintf("$.transitions[%d]", i), "%q and %q have the action %q; people see one of it, so name, roles, fields, has and may are the same", a.ID, b.ID, a.action())
			}
		}
	}
	for i := range c.Deadlines {
		for j := range i {
			a, b := &c.Deadlines[j], &c.Deadlines[i]
			if a.Passes.Transition == "" || b.Passes.Transition == "" || a.Passes.Transition == b.Passes.Transition || a.Days != b.Days || a.Unit != b.Unit || a.Field != b.Field || a.event() != b.event() || a.Closes != b.Closes {
				continue
			}
			ta, tb := c.first(a.Passes.Transition), c.first(b.Passes.Transition)
			if ta != nil && tb != nil && slices.ContainsFunc(ta.From, func(s string) bool {
				return slices.Contains(tb.From, s) && slices.Contains(a.In, s) && slices.Contains(b.In, s)
			}) {
				c.fault(fmt.Sprintf("$.deadlines[%d].passes.transition", i), "%q and %q pass at one instant and lead two ways; let one of them pass later", a.ID, b.ID)
			}
		}
	}
}

// ways looks at the graph: every state is reached, and from every one there is a way to an end.
func (c *checker) ways() {
	reached, ends := map[string]bool{c.Start.To: true}, map[string]bool{}
	for _, s := range c.States {
		ends[s.ID] = s.Final
	}
	for range c.States {
		for _, t := range c.Transitions {
			for _, from := range t.From {
				reached[t.To] = reached[t.To] || reached[from]
				ends[from] = ends[from] || ends[t.To]
			}
		}
	}
	if !slices.ContainsFunc(c.States, func(s State) bool { return s.Final }) {
		c.fault("$.states", "the flow has no end; mark a state final: true")
		return
	}
	for i, s := range c.States {
		at := fmt.Sprintf("$.states[%d]", i)
		out := slices.ContainsFunc(c.Transitions, func(t Transition) bool { return slices.Contains(t.From, s.ID) })
		switch {
		case !reached[s.ID]:
			c.fault(at, "no way leads to %q; add a transition to it or take it out", s.ID)
		case !s.Final && !out:
			c.fault(at, "%q is a dead end; add a transition from it or mark it final: true", s.ID)
		case !ends[s.ID]:
			c.fault(at, "from %q no way leads to an end; add a transition towards a final state", s.ID)
		}
	}
	c.circles()
}

// circles finds transitions of deadlines from dates of the case that lead into one another: a date in the past would go round for ever.
func (c *checker) circles() {
	next := map[string][]string{}
	for _, d := range c.Deadlines {
		t := c.first(d.Passes.Transition)
		if d.Field == "" || t == nil {
			continue
		}
		for _, from := range t.From {
			if slices.Contains(d.In, from) {
				next[from] = append(next[from], t.To)
			}
		}
	}
	for i, d := range c.Deadlines {
		t := c.first(d.Passes.Transition)
		if d.Field == "" || t == nil {
			continue
		}
		seen := map[string]bool{}
		list := []string{t.To}
		for len(list) > 0 {
			s := list[0]
			list = list[1:]
			if slices.Contains(t.From, s) && slices.Contains(d.In, s) {
				c.fault(fmt.Sprintf("$.deadlines[%d].passes.transition", i), "%q leads back to a state from which the deadline, counted from a date of the case, leads on at once; let somebody act in between", t.ID)
				break
			}
			if !seen[s] {
				seen[s] = true
				list = append(list, next[s]...)
			}
		}
	}
}

func ids[T any](list []T, of func(*T) string) string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = of(&list[i])
	}
	return strings.Join(out, ", ")
}

func (f *Flow) stateIDs() string { return ids(f.States, func(s *State) string { return s.ID }) }
func (f *Flow) roleIDs() string  { return ids(f.Roles, func(r *Role) string { return r.ID }) }
func (f *Flow) deadlineIDs() string {
	return ids(f.Deadlines, func(d *Deadline) string { return d.ID })
}
func (f *Flow) documentIDs() string {
	return ids(f.Documents, func(d *DocumentKind) string { return d.ID })
}
func (f *Flow) transitionIDs() string {
	return ids(f.Transitions, func(t *Transition) string { return t.ID })
}

package flow

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/office/flow/workday"
)

var calendar = proof.Must(workday.Load(shipped))

// plan is a random flow: states s0 to sn, of which the last is the end, and e.
type plan struct {
	states      int
	transitions []planned
	deadlines   []term
}

type planned struct {
	from, to int
	manual   bool
}

type term struct {
	in, stops []int
	from      int // a transition, -1 for entered
	days      int
	unit      workday.Unit
	reminders []int
	to        int // transition that it takes, -1 for none
}

func draw(r *rand.Rand) plan {
	p := plan{states: 3 + r.IntN(4)}
	end := p.states - 1
	for i := range end { // a way through, so that all states are reached and lead to the end
		p.transitions = append(p.transitions, planned{i, i + 1, true})
	}
	for range r.IntN(5) {
		p.transitions = append(p.transitions, planned{r.IntN(end), r.IntN(p.states), true})
	}
	for i := range 1 + r.IntN(3) {
		d := term{from: -1, days: 1 + r.IntN(12), unit: workday.Units[r.IntN(2)], to: -1}
		for s := range end {
			switch r.IntN(4) {
			case 0, 1:
				d.in = append(d.in, s)
			case 2:
				d.stops = append(d.stops, s)
			}
		}
		if len(d.in) == 0 {
			continue
		}
		if k := r.IntN(len(p.transitions)); r.IntN(3) == 0 && slices.Contains(append(slices.Clone(d.in), d.stops...), p.transitions[k].to) {
			d.from = k
		}
		for n := d.days - 1; n >= 0 && len(d.reminders) < 3; n-- {
			if r.IntN(3) == 0 {
				d.reminders = append(d.reminders, n)
			}
		}
		if r.IntN(3) == 0 {
			d.to = len(p.transitions)
			d.days += 12 * i // no two pass at one instant
			p.transitions = append(p.transitions, planned{d.in[0], r.IntN(p.states), false})
		}
		p.deadlines = append(p.deadlines, d)
	}
	return p
}

func (p plan) yaml(id string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "id: %s\nversion: 1.0.0\nsource: a test\nname: {zh: 测, en: T}\ncase: {zh: 件, en: Case}\nclass: internal\ntitle: []\nfields: [{key: a, name: {zh: 甲, en: A}, type: text}]\nroles: [{id: clerk, name: {zh: 员, en: Clerk}, of: owner}]\nstates:\n", id)
	for i := range p.states {
		fmt.Fprintf(&b, "  - {id: s%d, name: {zh: 态, en: S}, final: %v}\n", i, i == p.states-1)
	}
	b.WriteString("start: {name: {zh: 始, en: Start}, to: s0, roles: [clerk]}\ntransitions:\n")
	for i, t := range p.transitions {
		fmt.Fprintf(&b, "  - {id: t%d, name: {zh: 转, en: T}, from: [s%d], to: s%d, roles: [%s]}\n", i, t.from, t.to, map[bool]string{true: "clerk"}[t.manual])
	}
	b.WriteString("deadlines:\n")
	states := func(list []int) string {
		var out []string
		for _, s := range list {
			out = append(out, fmt.Sprintf("s%d", s))
		}
		return strings.Join(out, ", ")
	}
	for i, d := range p.deadlines {
		from, passes := "entered", ""
		if d.from >= 0 {
			from = fmt.Sprintf("t%d", d.from)
		}
		if d.to >= 0 {
			passes = fmt.Sprintf(", passes: {transition: t%d}", d.to)
		}
		fmt.Fprintf(&b, "  - {id: d%d, name: {zh: 期, en: D}, role: clerk, in: [%s], stops: [%s], from: %s, days: %d, unit: %s, reminders: [%s]%s}\n", i, states(d.in), states(d.stops), from, d.days, d.unit,
			strings.Trim(strings.Join(strings.Fields(fmt.Sprint(d.reminders)), ", "), "[]"), passes)
	}
	return b.String()
}

// model is the plain idea of a case: it lives day by day and crosses off the days of each deadline, one at a time.
type model struct {
	plan
	state int
	terms map[int]*counted
	told  []string // "reminder d0", "overdue d0"
	log   []string // transitions, "t3"
}

type counted struct {
	left    int // days that are still to be counted
	stopped bool
	over    bool
	led     bool
	skip    workday.Day // a day that is not counted: of the event, of stopping, of going on
	on      workday.Day // the day that was counted last
	ended   bool        // all days are counted, and the last one ends tonight
	overOn  workday.Day
	sent    map[int]bool // reminders
}

func (m *model) enter(transition, to int, today workday.Day) {
	m.state = to
	for i, d := range m.deadlines {
		in, stop := slices.Contains(d.in, to), slices.Contains(d.stops, to)
		k := m.terms[i]
		switch {
		case !in && !stop:
			delete(m.terms, i)
		case d.from == transition && d.from >= 0, d.from < 0 && k == nil && in:
			m.terms[i] = &counted{left: d.days, stopped: stop, skip: today, sent: map[int]bool{}}
		case k == nil:
		case stop && !k.stopped && !k.over:
			if k.on == today { // it was being counted, and is not
				k.left++
			}
			k.stopped, k.ended, k.skip = true, false, today
		case in && k.stopped:
			k.stopped, k.skip = false, today
			k.ended = k.left == 0 && calendar.Working(today)
		}
	}
}

func (m *model) counts(d term, today workday.Day) bool {
	return d.unit == workday.CalendarDays || calendar.Working(today)
}

// dawn begins a day: it is counted where a clock runs.
func (m *model) dawn(today workday.Day) {
	for i, d := range m.deadlines {
		k := m.terms[i]
		if k == nil || k.stopped || k.over {
			continue
		}
		if k.skip == today {
			continue
		}
		if k.left > 0 && m.counts(d, today) {
			k.left--
			k.on = today
		}
		k.ended = k.left == 0 && calendar.Working(today) // a holiday does not end a period
	}
}

// lastDay tells how many days a clock has left after today, for reminders.
func (m *model) lastDay(i int, today workday.Day) workday.Day {
	d, k := m.deadlines[i], m.terms[i]
	day, left := today, k.left
	for left > 0 {
		day++
		if m.counts(d, day) {
			left--
		}
	}
	for !calendar.Working(day) {
		day++
	}
	return day
}

// morning reminds at 9 o'clock.
func (m *model) morning(today workday.Day) {
	for i, d := range m.deadlines {
		k := m.terms[i]
		if k == nil || k.stopped || k.over {
			continue
		}
		for _, n := range d.reminders {
			day := m.lastDay(i, today)
			for n := n; n > 0; n-- {
				day--
				for d.unit == workday.WorkingDays && !calendar.Working(day) {
					day--
				}
			}
			if day == today && k.skip != today && !k.sent[n] {
				k.sent[n] = true
				m.told = append(m.told, fmt.Sprintf("reminder d%d", i))
			}
		}
	}
}

// midnight lets pass what has ended, and takes the case on.
func (m *model) midnight(tomorrow workday.Day) {
	for i := range m.deadlines {
		if k := m.terms[i]; k != nil && !k.stopped && !k.over && k.ended {
			k.over, k.overOn = true, tomorrow
			m.told = append(m.told, fmt.Sprintf("overdue d%d", i))
		}
	}
	m.lead(tomorrow)
}

// lead takes the transitions of deadlines that have passed, as long as one leads on.
func (m *model) lead(today workday.Day) {
	for {
		best := -1
		for i, d := range m.deadlines { // the one that passed first
			k := m.terms[i]
			if k != nil && k.over && !k.led && !k.stopped && d.to >= 0 && m.transitions[d.to].from == m.state && slices.Contains(d.in, m.state) && (best < 0 || k.overOn < m.terms[best].overOn) {
				best = i
			}
		}
		if best < 0 {
			return
		}
		to := m.deadlines[best].to
		m.terms[best].led = true
		m.log = append(m.log, fmt.Sprintf("t%d", to))
		m.enter(to, m.transitions[to].to, today)
	}
}

// Random flows and random events, day by day, against the model: the same way, the same messages.
func TestRandomFlowsFollowTheModel(t *testing.T) {
	steps, passed, stops := 0, 0, 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 7))
		p := draw(r)
		f, err := Decode("leave.yaml", []byte(p.yaml("leave")))
		if err != nil {
			if strings.Contains(err.Error(), "lead two ways") {
				continue
			}
			t.Fatalf("%d: %v\n%s", seed, err, p.yaml("leave"))
		}
		today := workday.Day(20454 + r.IntN(200)) // from 2026-01-01 on
		m := &model{plan: p, terms: map[int]*counted{}}
		c := Case{ID: uuid.NewSHA1(uuid.Nil, []byte(fmt.Sprint(seed))), Record: field.Record{}}
		var log, told []string
		settle := func(now int64) {
			for i := 0; ; i++ {
				x, ok := f.next(calendar, &c)
				if i > 100 {
					t.Fatalf("%d: deadlines without end\n%s", seed, p.yaml("leave"))
				}
				if !ok || x.at > now {
					return
				}
				if x.transition != nil {
					log = append(log, x.transition.ID)
					f.lead(calendar, &c, x, now)
					continue
				}
				for _, n := range f.pass(calendar, &c, x, now) {
					told = append(told, string(n.Kind)+" "+n.Deadline)
				}
			}
		}
		f.take(calendar, &c, &f.Start, today.Begin()+int64(10*time.Hour))
		m.enter(-2, 0, today)
		for range 60 {
			noon := today.Begin() + int64(12*time.Hour)
			settle(today.Begin() + morning)
			if c.Ended == 0 && r.IntN(4) == 0 {
				var ways []int
				for i, x := range p.transitions {
					if x.manual && x.from == m.state {
						ways = append(ways, i)
					}
				}
				i := ways[r.IntN(len(ways))]
				f.take(calendar, &c, f.transition(fmt.Sprintf("t%d", i)), noon)
				log = append(log, fmt.Sprintf("t%d", i))
				m.log = append(m.log, fmt.Sprintf("t%d", i))
				m.enter(i, p.transitions[i].to, today)
				m.lead(today)
				settle(noon)
				steps++
			}
			m.midnight(today + 1)
			today++
			settle(today.Begin())
			m.dawn(today)
			m.morning(today)
			for _, k := range c.Clocks {
				if k.Stopped != 0 {
					stops++
				}
			}
		}
		settle(today.Begin() + morning)
		slices.Sort(told)
		slices.Sort(m.told)
		if c.State != fmt.Sprintf("s%d", m.state) || !slices.Equal(log, m.log) || !slices.Equal(told, m.told) {
			t.Fatalf("%d: %s %v\n%v\nmodel: s%d %v\n%v\n%s", seed, c.State, log, told, m.state, m.log, m.told, p.yaml("leave"))
		}
		passed += len(told)
	}
	if steps < 1000 || passed < 500 || stops < 500 {
		t.Errorf("%d steps, %d messages, %d days stood still: too little happened", steps, passed, stops)
	}
}

// The same through the service: processes that come and go, that run late or twice, and a store of messages that fails now and then.
// What is stored is what the pure rules say, each message once.
func TestRandomCasesInTheStore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := rand.New(rand.NewPCG(11, 3))
		packs := fstest.MapFS{}
		for len(packs) < 6 {
			id := fmt.Sprintf("flow-%c", 'a'+len(packs))
			if p := draw(r).yaml(id); second(Decode(id+".yaml", []byte(p))) == nil {
				packs["flows/"+id+".yaml"] = &fstest.MapFile{Data: []byte(p)}
			}
		}
		n := newNode(t, db)
		open := func() *Service {
			return proof.Must(New(t.Context(), Options{DB: db, Packs: packs, Notifier: n.inbox, Now: func() time.Time { return n.clock }}))
		}
		s := open()
		n.inbox.trouble = func(Notice) error {
			if r.IntN(5) == 0 {
				return errors.New("the inbox is away")
			}
			return nil
		}
		ctx := n.as(wang)
		var cases []Case
		for _, f := range s.Flows() {
			for range 2 {
				cases = append(cases, proof.Must(s.Open(ctx, Opening{Flow: f.ID, Org: n.orgs["agency"]})))
			}
		}
		for range 40 {
			n.clock = n.clock.Add(time.Duration(1+r.IntN(40)) * time.Hour)
			switch r.IntN(4) {
			case 0:
				s = open() // another process
			case 1, 2:
				_ = s.Tick(context.Background())
			}
			i := r.IntN(len(cases))
			now := proof.Must(s.Get(ctx, cases[i].ID))
			f := proof.Must(s.version(ctx, db, now.Flow, now.Version))
			if actions := f.actions(now.State); len(actions) > 0 && now.Ended == 0 {
				next, err := s.Take(ctx, now.ID, Taking{Action: actions[r.IntN(len(actions))], Basis: now.Revision})
				if err != nil && !errors.Is(err, ErrChanged) { // a deadline came first
					t.Fatal(err)
				}
				if err == nil && next.Revision <= now.Revision {
					t.Errorf("%v after %v", next, now)
				}
			}
		}
		n.inbox.trouble = nil
		for range 3 {
			n.clock = n.clock.Add(2 * time.Hour)
			_ = s.Tick(context.Background())
		}
		if waiting := proof.Must(db.NewSelect().Model((*noticeRow)(nil)).Where("n.sent = 0").Count(t.Context())); waiting != 0 {
			t.Errorf("%d messages wait", waiting)
		}
		written := proof.Must(db.NewSelect().Model((*noticeRow)(nil)).Count(t.Context()))
		if told := n.told(); int64(len(told)) != int64(written) || written < 10 {
			t.Errorf("%d messages told, %d written", len(told), written)
		}
		for _, c := range cases {
			steps := proof.Must(s.History(ctx, c.ID))
			now := proof.Must(s.Get(ctx, c.ID))
			if int64(len(steps)) != now.Revision || steps[len(steps)-1].To != now.State {
				t.Errorf("%v after %d steps", now, len(steps))
			}
			f := proof.Must(s.version(ctx, db, now.Flow, now.Version))
			again := Case{ID: c.ID, Org: c.Org, Flow: c.Flow, Version: c.Version, Record: field.Record{}}
			for i, st := range steps { // the history alone gives the case again
				if i > 0 && st.From != steps[i-1].To || st.Revision != int64(i+1) {
					t.Errorf("step %d of %v does not follow", i, now)
				}
				x, ok := f.next(s.cal, &again)
				for ; ok && x.at <= st.At && x.transition == nil; x, ok = f.next(s.cal, &again) {
					f.pass(s.cal, &again, x, st.At)
				}
				if st.Deadline != "" {
					f.lead(s.cal, &again, x, st.At)
				} else {
					f.take(s.cal, &again, f.transition(st.Transition), st.At)
				}
			}
			for i := range now.Clocks {
				if k := again.clock(now.Clocks[i].Deadline); k == nil || k.Due != now.Clocks[i].Due || k.Used != now.Clocks[i].Used || k.Stopped != now.Clocks[i].Stopped {
					t.Errorf("%v: clock %+v, from its history %+v", now, now.Clocks[i], k)
				}
			}
		}
	})
}

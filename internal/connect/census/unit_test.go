package census

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry/shown"
)

// classes is a plant of which only the names are asked.
type classes struct{ Plant }

func (classes) Classes() []Named {
	return []Named{{"robot", text.Text{Zh: "机器人", En: "Robots"}}, {classCNC, text.Text{Zh: "数控机床", En: "CNC"}}}
}
func (classes) Template(id string) text.Text {
	return map[string]text.Text{"known": {Zh: "模板", En: "A template"}}[id]
}

func id(n byte) uuid.UUID { return uuid.UUID{15: n} }

func ns(s string) int64 {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UnixNano()
}

func TestMonthsOfShanghai(t *testing.T) {
	for _, c := range []struct {
		at   string
		n    int
		want string
	}{
		{"2026-01-15T00:00:00Z", 3, "2025-11 2025-12 2026-01..2026-01-15T00:00:00.000000001Z"},
		{"2026-10-31T16:00:00Z", 2, "2026-10 2026-11..2026-10-31T16:00:00.000000001Z"},         // midnight: November has begun
		{"2026-10-31T15:59:59.999999999Z", 2, "2026-09 2026-10"},                               // its last moment: October is whole
		{"2026-10-31T15:59:59.999999998Z", 1, "2026-10..2026-10-31T15:59:59.999999999Z"},       // the one before: it is not
		{"2024-03-31T20:00:00Z", 3, "2024-02 2024-03 2024-04..2024-03-31T20:00:00.000000001Z"}, // a day that February has not
		{"2026-05-01T00:00:00Z", 0, ""},
	} {
		var got []string
		for i, m := range months(ns(c.at), c.n) {
			word := m.Name
			if !m.Complete {
				word += ".." + instant(m.To).Format(time.RFC3339Nano)
			}
			got = append(got, word)
			if from := instant(m.From).In(Zone); from.Day() != 1 || from.Hour() != 0 || from.Format("2006-01") != m.Name {
				t.Errorf("%s begins %v", m.Name, from)
			}
			if all := months(ns(c.at), c.n); i > 0 && all[i-1].To != m.From {
				t.Errorf("between %s and %s lies time", all[i-1].Name, m.Name)
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %s, want %s", c.at, s, c.want)
		}
	}
}

func TestAMachineBelongsToTheMonthInWhichItsDatesLie(t *testing.T) {
	october, november := ns("2026-09-30T16:00:00Z"), ns("2026-10-31T16:00:00Z")
	m := months(ns("2026-11-10T00:00:00Z"), 2)
	grow(m, []Life{
		{ID: id(1), Class: classCNC, From: october, To: november},        // the whole of October and no more
		{ID: id(2), Class: "robot", From: november, To: store.Forever},   // of no class that counts
		{ID: id(3), From: october + 5, To: october + 9},                  // came and went
		{ID: id(4), Class: classCNC, From: 5, To: store.Forever},         // was always there
		{ID: id(5), From: ns("2026-12-01T00:00:00Z"), To: store.Forever}, // is planned
	}, []Tie{
		{Machine: id(1), From: october, To: store.Forever}, // outlives its machine
		{Machine: id(2), From: november, To: store.Forever},
		{Machine: id(4), From: 5, To: november}, {Machine: id(4), From: november + 1, To: november + 2},
	})
	var got []string
	for _, x := range m {
		got = append(got, fmt.Sprintf("%s +%d -%d =%d c%d %d/%d", x.Name, x.Added, x.Ended, x.Machines, x.Connected, x.Networked.Part, x.Networked.Whole))
	}
	// A span [from, to) that ends with October holds at its last moment; the end itself belongs to November.
	if s, want := strings.Join(got, ", "), "2026-10 +2 -1 =2 c2 2/2, 2026-11 +1 -1 =2 c1 0/1"; s != want {
		t.Errorf("%s, want %s", s, want)
	}
}

func TestOfTwoTiesTheOlderCounts(t *testing.T) {
	a := Tie{Machine: id(1), Channel: id(8), From: 10, To: 30}
	b := Tie{Machine: id(1), Channel: id(9), From: 20, To: 40}
	for when, want := range map[int64]byte{9: 0, 10: 8, 20: 8, 29: 8, 30: 9, 39: 9, 40: 0} {
		for _, order := range [][]Tie{{a, b}, {b, a}} {
			if got := at(order, when)[id(1)]; got.Channel != id(want) && !(want == 0 && got.Channel == uuid.Nil) {
				t.Errorf("at %d through %s, want %d", when, got.Channel, want)
			}
		}
	}
}

func TestAMachineIsAsGoodAsItsBestPoint(t *testing.T) {
	for s, want := range map[Standing]shown.State{{}: shown.Silent, {1, 5, 5}: shown.Live, {0, 1, 5}: shown.Stale, {0, 0, 3}: shown.Silent} {
		if got := s.state(); got != want {
			t.Errorf("%+v: %s, want %s", s, got, want)
		}
	}
}

func TestWhatAGatewayOfSeveralProtocolsTellsIsOfNone(t *testing.T) {
	s := New(Options{Plant: classes{}})
	tie := func(channel byte, protocol string) *Tie { return &Tie{Channel: id(channel), Protocol: protocol} }
	c := &Census{Now: true, Channels: []Channel{
		{ID: id(11), Kind: Gateway, ValuesPerSecond: 100}, {ID: id(12), Kind: Gateway, ValuesPerSecond: 20}, {ID: id(13), Kind: Gateway, ValuesPerSecond: 3},
		{ID: id(14), Kind: Source, Protocol: "mqtt", ValuesPerSecond: 0.5},
	}, Machines: []Counted{
		{Machine: Machine{Class: "robot", Template: "known"}, Tie: tie(11, "modbus"), State: shown.Live},
		{Machine: Machine{Class: "gone", Template: "gone"}, Tie: tie(11, "modbus"), State: shown.Live},
		{Machine: Machine{Class: classCNC}, Tie: tie(12, "modbus"), State: shown.Live},
		{Machine: Machine{Class: classCNC}, Tie: tie(12, "opcua"), State: shown.Stale},
		{Machine: Machine{}},
	}}
	v := s.view(c)
	if v.Flow.ValuesPerSecond != 123.5 || v.Flow.Unattributed != 23 {
		t.Errorf("flow %+v", v.Flow)
	}
	var got []string
	for _, g := range v.Protocol {
		rate := 0.0
		if g.ValuesPerSecond != nil {
			rate = *g.ValuesPerSecond
		}
		got = append(got, fmt.Sprintf("%s %d %g", g.ID, g.Machines, rate))
	}
	if s, want := strings.Join(got, ", "), "modbus 3 100, opcua 1 0, mqtt 0 0.5"; s != want {
		t.Errorf("%s, want %s", s, want)
	}
	got = nil
	for _, g := range append(v.Class, v.Template...) {
		got = append(got, fmt.Sprintf("%s:%s:%d", g.ID, g.Name.En, g.Machines))
	}
	// The classes that rates need come first, others by number, what has none last; a class or template that this node
	// does not have any more is told by its id.
	if s, want := strings.Join(got, " "), "cnc-machine-tool:CNC:2 gone:gone:1 robot:Robots:1 :Without a class:1 gone:gone:1 known:A template:1 :Without a template:3"; s != want {
		t.Errorf("%s, want %s", s, want)
	}
	if r := v.Rates[0]; *r.Numerator != 2 || *r.Denominator != 2 {
		t.Errorf("networking %d/%d: machines of other classes do not count", *r.Numerator, *r.Denominator)
	}
	if r := v.Rates[2]; r.ID != "networking-live" || *r.Numerator != 1 || *r.Value != 0.5 {
		t.Errorf("live %+v", r)
	}
}

func TestEveryProblemHasWords(t *testing.T) {
	c, err := problem.ReadCatalogue(texts, "texts")
	if err != nil {
		t.Fatal(err)
	}
	if missing := c.Missing(ErrTime); len(missing) > 0 {
		t.Error(missing)
	}
}

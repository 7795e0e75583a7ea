package docking

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestTheGuideThatShips(t *testing.T) {
	g := guide(t)
	var got []string
	for _, x := range g.Tables {
		got = append(got, x.Annex+" "+x.ID+" "+string(x.Due))
	}
	want := []string{
		"1.1 own-subject at-once", "1.2 own-resolution at-once", "1.3 own-statistics daily", "1.4 templates daily", "1.5 own-applications monthly", "1.6 enterprise-subjects hourly",
		"1.7 enterprise-routing hourly", "1.8 enterprise-statistics daily", "1.9 enterprise-identifiers daily", "1.10 enterprise-applications monthly", "1.11 enterprise-templates at-once",
		"2 monitoring daily", "2.13 events at-once", "3 monthly-report monthly",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestBadGuidesAreRefused(t *testing.T) {
	const head = "id: a\nversion: 1.0.0\nsource: ours\nname: {zh: 甲, en: A}\n"
	const ok = "fields: [{key: prefix, name: {zh: 前缀, en: Prefix}, type: text, required: true}]"
	for body, want := range map[string]string{
		"tables: []\n": "has none",
		"tables: [{id: a, name: {zh: 甲, en: A}, due: weekly, key: [prefix], " + ok + "}]\n":                                                                      "weekly",
		"tables: [{id: a, name: {zh: 甲, en: A}, due: daily, key: [x], " + ok + "}]\n":                                                                            "no required field",
		"tables: [{id: a, name: {zh: 甲, en: A}, due: daily, key: [prefix], shape: b}]\n":                                                                         "not declared",
		"tables: [{id: a, name: {zh: 甲, en: A}, due: daily, within: 3, key: [prefix], " + ok + "}]\n":                                                            "monthly",
		"tables: [{id: a, name: {zh: 甲, en: A}, due: daily, key: [prefix], " + ok + "}, {id: a, name: {zh: 乙, en: B}, due: daily, key: [prefix], " + ok + "}]\n": "stands twice",
	} {
		if _, err := LoadGuides(fstest.MapFS{"docking/a.yaml": {Data: []byte(head + body)}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
}

func TestPeriodsAreThoseOfBeijing(t *testing.T) {
	at := time.Date(2026, 12, 31, 17, 30, 0, 0, time.UTC) // 01:30 of the new year there
	for due, want := range map[Due][3]Period{
		AtOnce: {"", "", ""}, Hourly: {"2027-01-01T01", "2027-01-01T00", "2027-01-01T01"}, Daily: {"2027-01-01", "2026-12-31", "2027-01-01"}, Monthly: {"2027-01", "2026-12", "2027-01"},
	} {
		if got := [3]Period{PeriodAt(due, at), Last(due, at), Last(due, at).Next(due)}; got != want {
			t.Errorf("%s: %v", due, got)
		}
	}
	from, to, err := Period("2026-02").Span(Monthly)
	must(t, err)
	if to.Sub(from) != 28*24*time.Hour || from.UTC().Format(time.RFC3339) != "2026-01-31T16:00:00Z" {
		t.Errorf("%v to %v", from, to)
	}
	for due, bad := range map[Due]Period{AtOnce: "2026", Hourly: "2026-11-21", Daily: "2026-02-30", Monthly: "2026-1"} {
		if _, _, err := bad.Span(due); err == nil {
			t.Errorf("%s takes %q", due, bad)
		}
	}
}

func figures(prefix string, registered, requests int64) Row {
	return Row{"prefix": prefix, "registered": registered, "total": registered * 10, "requests": requests, "successes": requests - 1}
}

// document makes a return of statistics as the node 88.101 would.
func document(t *testing.T, h Head, keys []evidence.Signer, rows ...Row) []byte {
	t.Helper()
	if h.ID == uuid.Nil {
		h.ID = uuid.Must(uuid.NewV7())
	}
	if h.Revision == 0 {
		h.Revision = 1
	}
	if h.Parts == 0 {
		h.Part, h.Parts = 1, 1
	}
	h.Guide, h.Version = "vaa", "1.0.0"
	if h.Table == "" {
		h.Table, h.Period = "enterprise-statistics", "2026-11-20"
	}
	if h.Prefix == "" {
		h.Prefix = "88.101"
	}
	if h.Made.IsZero() {
		h.Made = time.Date(2026, 11, 21, 11, 0, 0, 0, China)
	}
	list := make([]field.Record, len(rows))
	for i, r := range rows {
		list[i] = field.Record(r)
	}
	b, err := Write(&h, list, keys...)
	must(t, err)
	return b
}

func TestReturnsAreTakenWholeOrNotAtAll(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newClock()
		s := room(t, db, c, nil)
		org := id(1)
		n := serving(t, s, org, entry())
		good := []Row{figures("88.101.1", 5, 100), figures("88.101.2", 7, 50)}
		cases := []struct {
			what string
			doc  []byte
			want *problem.Kind
			say  string
		}{
			{"nothing", nil, ErrReturn, "rows"},
			{"another format", []byte("hello\nrows\n"), ErrReturn, "begin"},
			{"a table that is not", document(t, Head{Table: "weather", Period: "2026-11-20"}, below, good...), ErrTable, ""},
			{"a node that is not", document(t, Head{Prefix: "88.999"}, below, good...), ErrUnknown, ""},
			{"one signature of two", document(t, Head{}, below[:1], good...), ErrSignature, ""},
			{"rows exchanged", []byte(strings.Replace(string(document(t, Head{}, below, good...)), `"registered":5`, `"registered":6`, 1)), ErrReturn, "signed"},
			{"a row of another node", document(t, Head{}, below, figures("88.101.1", 1, 2), figures("88.1012", 1, 2)), ErrRows, ""},
			{"a row twice", document(t, Head{}, below, good[0], good[0]), ErrRows, ""},
			{"a row without a figure", document(t, Head{}, below, good[0], Row{"prefix": "88.101.2"}), ErrRows, ""},
			{"a negative figure", document(t, Head{}, below, figures("88.101.1", -5, 2)), ErrRows, ""},
			{"made in the future", document(t, Head{Made: c.now().Add(time.Hour)}, below, good...), ErrReturn, "future"},
			{"a day that has not ended", document(t, Head{Table: "enterprise-statistics", Period: "2026-11-21"}, below, good...), ErrReturn, "ended"},
			{"a day that is none", document(t, Head{Table: "enterprise-statistics", Period: "2026-11-31"}, below, good...), ErrReturn, "period"},
		}
		for _, x := range cases {
			_, err := s.Take(t.Context(), x.doc)
			if !errors.Is(err, x.want) || !strings.Contains(err.Error(), x.say) {
				t.Errorf("%s: %v, want %v %s", x.what, err, x.want.Code(), x.say)
			}
		}
		if list, _, err := s.Returns(owner(t, org), n.ID, "", store.Page{}); err != nil || len(list) != 0 {
			t.Fatalf("%d returns are kept of what was refused, %v", len(list), err)
		}

		first := document(t, Head{}, below, good...)
		r, err := s.Take(t.Context(), first)
		must(t, err)
		if r.Rows != 2 || r.Repeat || !r.Stands {
			t.Errorf("%+v", r)
		}
		if again, err := s.Take(t.Context(), first); err != nil || !again.Repeat || again.ID != r.ID {
			t.Errorf("the same again: %+v %v", again, err)
		}
		if _, err := s.Take(t.Context(), document(t, Head{}, below, figures("88.101.1", 1, 1))); !errors.Is(err, ErrOther) {
			t.Errorf("another under the same revision: %v", err)
		}
		part := func(p int, rows ...Row) Head { return Head{Revision: 3, Part: p, Parts: 2} }
		if r, err := s.Take(t.Context(), document(t, part(2), below, figures("88.101.3", 9, 20))); err != nil || r.Stands {
			t.Fatalf("one part of two: %+v %v", r, err)
		}
		day := func() Volume {
			list, err := s.Volumes(owner(t, org), org, "2026-11-01", "2026-11-30", false)
			if err != nil || len(list) != 1 {
				t.Fatalf("%v %v", list, err)
			}
			return list[0]
		}
		if got := day(); got.Registered != 12 || got.Requests != 150 || got.Successes != 148 || got.Total != 120 || got.Nodes != 1 {
			t.Errorf("before all parts are here: %+v", got)
		}
		if r, err := s.Take(t.Context(), document(t, part(1), below, figures("88.101.1", 2, 10))); err != nil || !r.Stands {
			t.Fatalf("both parts: %+v %v", r, err)
		}
		if got := day(); got.Registered != 11 || got.Requests != 30 {
			t.Errorf("the newer revision: %+v", got)
		}
		if _, err := s.Take(t.Context(), document(t, Head{Revision: 2}, below, good...)); !errors.Is(err, ErrOlder) {
			t.Errorf("an older revision: %v", err)
		}
		list, _, err := s.Returns(owner(t, org), n.ID, "enterprise-statistics", store.Page{})
		if err != nil || len(list) != 3 {
			t.Fatalf("%d returns, %v", len(list), err)
		}
		got, err := s.Document(owner(t, org), n.ID, r.ID)
		if err != nil || string(got) != string(first) {
			t.Errorf("the document is not as it was signed: %v", err)
		}
		if _, err := s.Change(owner(t, org), n.ID, n.Revision, entry(), Ended, "协议到期"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Take(t.Context(), document(t, Head{Revision: 9}, below, good...)); !errors.Is(err, ErrNotTaken) {
			t.Errorf("of a node that has ended: %v", err)
		}
	})
}

func TestTheRegisterOfNodes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := room(t, db, newClock(), nil)
		org, other := id(1), id(2)
		if _, err := s.Register(authtest.As(t.Context(), org, auth.Viewer), org, entry(), "x"); !errors.Is(err, auth.ErrForbidden) {
			t.Error(err)
		}
		for place, bad := range map[string]Entry{
			"body.prefix": {Prefix: "88..1"}, "body.role": {Prefix: "88.1"}, "body.keys": {Prefix: "88.1", Role: Secondary, Name: zh("a"), Operator: zh("b")},
			"body.keys[0]":  {Prefix: "88.1", Role: Secondary, Name: zh("a"), Operator: zh("b"), Keys: []string{"no key"}},
			"body.probe":    {Prefix: "88.1", Role: Secondary, Name: zh("a"), Operator: zh("b"), Keys: vkeys, Probe: "88.2/x"},
			"body.doors[0]": {Prefix: "88.1", Role: Secondary, Name: zh("a"), Operator: zh("b"), Keys: vkeys, Doors: []string{"gopher 127.0.0.1:70"}},
			"body.division": {Prefix: "88.1", Role: Secondary, Name: zh("a"), Operator: zh("b"), Keys: vkeys, Division: "4401", Doors: []string{"udp 127.0.0.1:70"}},
		} {
			_, err := s.Register(owner(t, org), org, bad, "x")
			var p *problem.Error
			if !errors.As(err, &p) || !errors.Is(err, ErrField) || p.Location() != place {
				t.Errorf("%s: %v", place, err)
			}
		}
		n, err := s.Register(owner(t, org), org, entry(), "申请对接")
		must(t, err)
		if _, err := s.Register(owner(t, other), other, entry(), "x"); !errors.Is(err, ErrPrefix) {
			t.Errorf("the same prefix: %v", err)
		}
		if _, err := s.Change(owner(t, org), n.ID, n.Revision, entry(), Serving, "x"); !errors.Is(err, ErrState) {
			t.Errorf("serving without a test: %v", err)
		}
		if _, err := s.Change(owner(t, org), n.ID, 7, entry(), Testing, "x"); !errors.Is(err, ErrChanged) {
			t.Errorf("an old revision: %v", err)
		}
		if _, err := s.Change(owner(t, other), n.ID, n.Revision, entry(), Testing, "x"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a neighbour: %v", err)
		}
		if n, err = s.Change(owner(t, org), n.ID, n.Revision, entry(), Testing, "材料齐全"); err != nil || n.State != Testing || n.Revision != 2 {
			t.Fatalf("%+v %v", n, err)
		}
		list, err := s.Revisions(owner(t, org), n.ID)
		if err != nil || len(list) != 2 || list[0].Reason != "材料齐全" || list[1].State != Applied {
			t.Errorf("%+v %v", list, err)
		}
		for org, want := range map[uuid.UUID]int{org: 1, other: 0} {
			if list, _, err := s.Nodes(owner(t, org), uuid.Nil, store.Page{}); err != nil || len(list) != want {
				t.Errorf("%d nodes, want %d, %v", len(list), want, err)
			}
		}
	})
}

func TestProbesTellWhenANodeIsDown(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		peer := served(t)
		var told []string
		s := room(t, db, newClock(), func(o *Options) {
			o.Trouble = func(_ context.Context, n *Node, down bool, what string) {
				told = append(told, map[bool]string{true: "down", false: "up"}[down])
			}
		})
		org := id(1)
		n := serving(t, s, org, entry(doors(peer)...))
		must(t, s.Probe(t.Context()))
		_, st, err := s.Status(owner(t, org), n.ID)
		must(t, err)
		if !st.Known || st.Down || len(st.Answers) != 3 || slices.ContainsFunc(st.Answers, func(a answerTold) bool { return !a.Well }) {
			t.Fatalf("%+v", st)
		}
		peer.Stop()
		for range 3 {
			must(t, s.Probe(t.Context()))
		}
		_, st, err = s.Status(owner(t, org), n.ID)
		must(t, err)
		if !st.Down || len(st.Events) != 1 || st.Events[0].State != "abnormal" || !strings.Contains(st.Events[0].Cause, "tcp") || len(st.Hours) < 3 || st.Hours[0].Asked != 4 || st.Hours[0].Well != 1 {
			t.Fatalf("%+v", st)
		}
		back := served(t)
		if n, err = s.Change(owner(t, org), n.ID, n.Revision, entry(doors(back)...), "", "地址变更"); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			must(t, s.Probe(t.Context()))
		}
		_, st, err = s.Status(owner(t, org), n.ID)
		must(t, err)
		if st.Down || len(st.Events) != 2 || st.Events[0].State != "recovered" || st.Events[0].Of != st.Events[1].ID.String() {
			t.Fatalf("%+v", st.Events)
		}
		if !slices.Equal(told, []string{"down", "up"}) {
			t.Errorf("told %v", told)
		}
	})
}

func TestHealthTurnsAfterRoundsInARow(t *testing.T) {
	round := func(well ...bool) []Answer {
		out := make([]Answer, len(well))
		for i, w := range well {
			out[i].Well = w
		}
		return out
	}
	good, bad, half := round(true, true), round(false, false), round(true, false, false)
	var h Health
	var turns []int
	for i, r := range [][]Answer{bad, bad, good, bad, bad, bad, bad, good, bad, good, good, half, half, half, nil, round(true, true, false), round(true, false)} {
		next, turned := h.After(r)
		if h = next; turned {
			turns = append(turns, i)
		}
	}
	if !slices.Equal(turns, []int{5, 10, 13, 16}) || h.Down {
		t.Errorf("it turned at %v, %+v", turns, h)
	}
}

func TestWhatIsDueIsMadeAndReachesTheNodeAbove(t *testing.T) {
	storetest.Each(t, func(t *testing.T, upper *store.DB) {
		c := newClock()
		top := room(t, upper, c, nil)
		n := serving(t, top, id(1), entry())
		c.add(24 * time.Hour)

		carrier := &straight{to: top, down: true}
		requests := int64(100)
		lower := storetest.SQLite(t)
		open := func() *Service {
			return room(t, lower, c, func(o *Options) {
				o.Courier = carrier
				o.Makers = map[string]Maker{
					"enterprise-statistics": func(_ context.Context, a *Above, p Period) ([]Row, error) {
						return []Row{figures(a.Prefix+".1", 3, requests)}, nil
					},
					"own-resolution": func(_ context.Context, a *Above, _ Period) ([]Row, error) {
						return []Row{{"prefix": a.Prefix, "codeType": "handle", "address": "192.0.2.1", "udp": requests}}, nil
					},
				}
			})
		}
		s, org := open(), id(9)
		set := Above{Org: org, Prefix: "88.101", URL: "http://top.example/docking/returns", Since: "2026-11-20", Reason: "签订对接协议"}
		for place, bad := range map[string]Above{
			"body.url":    {Org: org, Prefix: "88.101", URL: "https://127.0.0.1/x", Since: "2026-11-20", Reason: "x"},
			"body.prefix": {Org: org, Prefix: "88", URL: set.URL, Since: "2026-11-20", Reason: "x"}, // another's
			"body.since":  {Org: org, Prefix: "88.101", URL: set.URL, Since: "2027-01-01", Reason: "x"},
		} {
			_, err := s.SetAbove(owner(t, org), bad)
			var p *problem.Error
			if !errors.As(err, &p) || p.Location() != place {
				t.Errorf("%s: %v", place, err)
			}
		}
		above, err := s.SetAbove(owner(t, org), set)
		must(t, err)
		must(t, s.HandIn(t.Context())) // nobody is there
		states := func(want string) {
			t.Helper()
			var got []string
			list, _, err := s.Handed(owner(t, org), org, "", "", store.Page{})
			must(t, err)
			for _, x := range list {
				got = append(got, x.Table+" "+string(x.Period)+" "+x.State)
			}
			slices.Sort(got)
			if strings.Join(got, ", ") != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
		states("enterprise-statistics 2026-11-20 waiting, enterprise-statistics 2026-11-21 waiting, own-resolution  waiting")

		s = open() // killed and started again
		must(t, s.HandIn(t.Context()))
		if carrier.sent != 1 {
			t.Errorf("it was tried %d times before the next try was due", carrier.sent)
		}
		carrier.down = false
		c.add(2 * time.Minute)
		must(t, s.HandIn(t.Context()))
		states("enterprise-statistics 2026-11-20 taken, enterprise-statistics 2026-11-21 taken, own-resolution  taken")
		must(t, s.HandIn(t.Context()))
		if carrier.sent != 4 {
			t.Errorf("%d were sent, want 4: one that failed, three that were taken", carrier.sent)
		}
		vol, err := top.Volumes(owner(t, id(1)), id(1), "2026-11-20", "2026-11-21", true)
		if err != nil || len(vol) != 2 || vol[1].Requests != 100 || vol[1].Node != n.ID {
			t.Errorf("%+v %v", vol, err)
		}

		requests = 200 // what is due at once is handed in when it changes; a day is not, unless somebody asks
		must(t, s.HandIn(t.Context()))
		must(t, s.Again(owner(t, org), org, "enterprise-statistics", "2026-11-21"))
		must(t, s.HandIn(t.Context()))
		list, _, err := s.Handed(owner(t, org), org, "", Waiting, store.Page{})
		if err != nil || len(list) != 0 {
			t.Errorf("%+v %v", list, err)
		}
		if vol, err = top.Volumes(owner(t, id(1)), id(1), "2026-11-21", "2026-11-21", false); err != nil || len(vol) != 1 || vol[0].Requests != 200 {
			t.Errorf("%+v %v", vol, err)
		}
		returns, _, err := top.Returns(owner(t, id(1)), n.ID, "own-resolution", store.Page{})
		if err != nil || len(returns) != 2 || returns[0].Revision != 2 {
			t.Errorf("%+v %v", returns, err)
		}

		if _, err := top.Change(owner(t, id(1)), n.ID, n.Revision, entry(), Ended, "协议到期"); err != nil {
			t.Fatal(err)
		}
		c.add(24 * time.Hour)
		must(t, s.HandIn(t.Context()))
		if list, _, err = s.Handed(owner(t, org), org, "", Refused, store.Page{}); err != nil || len(list) != 1 || !strings.Contains(list[0].Answer, "docking-not-taken") {
			t.Errorf("%+v %v", list, err)
		}
		above.URL, above.Reason = "", "协议到期"
		if _, err := s.SetAbove(owner(t, org), above); err != nil {
			t.Fatal(err)
		}
		c.add(24 * time.Hour)
		sent := carrier.sent
		must(t, s.HandIn(t.Context()))
		if carrier.sent != sent {
			t.Error("it goes on handing in to nobody")
		}
		if err := s.Again(owner(t, org), org, "monitoring", "2026-11-21"); !errors.Is(err, ErrMaker) {
			t.Error(err)
		}
	})
}

func TestWhatIsOverdue(t *testing.T) {
	g, c := guide(t), newClock()
	since := c.now().Add(-72 * time.Hour)
	got := Overdue(g, since, c.now(), map[string]Period{"own-statistics": "2026-11-20", "templates": "2026-11-18", "enterprise-routing": "2026-11-21T10"})
	want := []string{"templates", "enterprise-subjects", "enterprise-statistics", "enterprise-identifiers", "monitoring"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := Overdue(g, c.now().Add(-time.Minute), c.now(), nil); len(got) != 0 {
		t.Errorf("of a node that is new: %v", got)
	}
}

func FuzzOpen(f *testing.F) {
	g := guide(f)
	h := Head{ID: id(1), Guide: "vaa", Version: "1.0.0", Table: "enterprise-statistics", Prefix: "88.101", Period: "2026-11-20", Revision: 1, Part: 1, Parts: 1, Made: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}
	b, err := Write(&h, []field.Record{field.Record(figures("88.101.1", 1, 2))}, below[0])
	must(f, err)
	f.Add(b)
	f.Add([]byte("jingwei-docking/1\n{}\n\n— x y\nrows\n{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, rows, faults, err := Open(b, g.Table("enterprise-statistics"), "88.101", below[0].Verifier())
		if err == nil && faults == nil && len(rows) != h.Rows {
			t.Fatalf("%d rows of %d", len(rows), h.Rows)
		}
		if err != nil && (rows != nil || faults != nil) {
			t.Fatal("rows beside an error")
		}
	})
}

func TestEveryProblemHasWords(t *testing.T) {
	if missing := proof.Must(problem.ReadCatalogue(texts, "texts")).Missing(problems()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
}

func TestADoorIsEnteredOnce(t *testing.T) {
	e := entry("udp 127.0.0.1:9", "tcp 127.0.0.1:9", "udp 127.0.0.1:9")
	_, err := e.node()
	var p *problem.Error
	if !errors.As(err, &p) || p.Location() != "body.doors[2]" {
		t.Error(err)
	}
}

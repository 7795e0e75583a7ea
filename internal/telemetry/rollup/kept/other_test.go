package kept

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
)

// A group tells its coverage, the silent member included, by the members that it had.
func TestAGroupWithASilentMember(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db, "UTC")
		ctx := n.sides.As(auth.Engineer, "a")
		a, b, silent := n.declare(telemetry.Float64, 10*time.Minute), n.declare(telemetry.Float64, 10*time.Minute), n.declare(telemetry.Int64, 10*time.Minute)
		n.clock = begin
		n.round()
		n.every(a, begin, begin.Add(30*time.Hour), 5*time.Minute, func(int) float64 { return 10 })
		n.every(b, begin, begin.Add(30*time.Hour), 5*time.Minute, func(int) float64 { return 30 })
		n.until(begin.Add(80 * time.Hour))
		n.round()
		name := text.Both("line 1")
		g := proof.Must(n.service.DeclareGroup(ctx, n.sides["a"], uuid.Nil, NewGroupVersion{Name: name, Members: []uuid.UUID{a, b, silent}, Reason: "as built"}))
		span := telemetry.Span{From: begin.UnixNano(), To: begin.Add(24 * time.Hour).UnixNano()}
		rows := proof.Must(n.service.ReadGroup(t.Context(), g.ID, rollup.LevelHour, span, 0, 0))
		if len(rows) != 24 {
			t.Fatalf("%d rows", len(rows))
		}
		for _, r := range rows {
			if r.Members != 3 || r.Reporting != 2 || r.Mean() != 20 || r.Coverage() < 0.66 || r.Coverage() > 0.67 || r.CoveredLeast != 0 || !slices.Equal(r.Missing, []uuid.UUID{silent}) || r.Kept != 2 || r.Open {
				t.Fatalf("%+v", r)
			}
		}
		// From hour 10 on it is without the silent one; as of before that was said it is as it was.
		asOf, now := proof.Must(n.store.AsOf(n.store.Closed())), n.clock.UnixNano()
		n.clock = n.clock.Add(time.Hour)
		next := proof.Must(n.service.DeclareGroup(ctx, uuid.Nil, g.ID, NewGroupVersion{Name: name, Members: []uuid.UUID{b, a}, From: begin.Add(10 * time.Hour), Reason: "it was dismantled"}))
		rows = proof.Must(n.service.ReadGroup(t.Context(), g.ID, rollup.LevelHour, span, 0, 0))
		for i, r := range rows {
			if want := map[bool]uint64{true: 3, false: 2}[i < 10]; r.Members != want || (r.Group.Version == next.Version) != (i >= 10) {
				t.Fatalf("hour %d: %+v", i, r)
			}
		}
		if rows = proof.Must(n.service.ReadGroup(t.Context(), g.ID, rollup.LevelHour, span, asOf, now)); len(rows) != 24 || rows[20].Members != 3 {
			t.Errorf("%d rows as of before", len(rows))
		}
		if next.Number != 2 || len(proof.Must(n.service.Group(ctx, g.ID))) != 2 {
			t.Errorf("%+v", next)
		}
		other := uuid.Must(uuid.NewV7())
		proof.Must(n.store.Declare(t.Context(), []telemetry.Declaration{{ID: other, Org: n.sides["a"], Type: telemetry.Float64, Unit: "m3", Report: telemetry.Periodic, MaxSilence: time.Minute}}))
		for _, c := range []struct {
			members []uuid.UUID
			want    error
		}{{nil, ErrMembers}, {[]uuid.UUID{a, a}, ErrMembers}, {[]uuid.UUID{a, other}, ErrUnits}, {[]uuid.UUID{a, uuid.Must(uuid.NewV7())}, ErrMember}, {[]uuid.UUID{DerivedID(a, rollup.LevelHour)}, ErrMember}} {
			if _, err := n.service.DeclareGroup(ctx, n.sides["a"], uuid.Nil, NewGroupVersion{Name: name, Members: c.members, Reason: "as built"}); !errors.Is(err, c.want) {
				t.Errorf("%v: %v, want %v", c.members, err, c.want)
			}
		}
	})
}

// The feed is bounded, and says where it begins.
func TestTheFeedHasAHorizon(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db, "UTC")
		id := n.declare(telemetry.Float64, 10*time.Minute)
		n.clock = begin
		n.round()
		n.every(id, begin, begin.Add(10*time.Hour), 5*time.Minute, func(int) float64 { return 1 })
		n.until(begin.Add(50 * time.Hour))
		for h := range 6 {
			n.send(id, sample{at: begin.Add(time.Duration(h)*time.Hour).UnixNano() + 1, value: 5})
			n.round()
		}
		all, newest := n.feed(0)
		if len(all) != 6+6+6 || newest > n.service.Newest() {
			t.Fatalf("%v", brief(all))
		}
		if err := n.service.bound(t.Context(), 0, 5); err != nil {
			t.Fatal(err)
		}
		if left, _ := n.feed(0); len(left) != 5 || left[0].ID != all[13].ID {
			t.Errorf("%v", brief(left))
		}
		everywhere := auth.System(n.sides["a"])
		if _, _, err := n.service.Since(t.Context(), everywhere, all[3].ID, 0, RestatementFilter{}); !errors.Is(err, ErrHorizon) {
			t.Errorf("%v", err)
		}
		if list, _, err := n.service.Since(t.Context(), everywhere, all[12].ID, 2, RestatementFilter{Series: id}); err != nil || len(list) != 2 || list[0].ID != all[13].ID {
			t.Errorf("%v %v", brief(list), err)
		}
		if list, _, err := n.service.Since(t.Context(), auth.System(n.sides["b"]), 0, 0, RestatementFilter{}); err != nil || len(list) != 0 {
			t.Errorf("another organisation: %v %v", brief(list), err)
		}
		if list, next, err := n.service.Since(t.Context(), everywhere, newest, 0, RestatementFilter{Level: rollup.LevelDay}); err != nil || len(list) != 0 || next != newest {
			t.Errorf("%v %v %v", brief(list), next, err)
		}
	})
}

// Rows outlive the samples that they rest on.
func TestRowsOutliveTheirSamples(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), "UTC")
	id := n.declare(telemetry.Float64, 10*time.Minute)
	n.clock = begin
	n.round()
	n.every(id, begin, begin.Add(60*time.Hour), 5*time.Minute, func(i int) float64 { return float64(i) })
	n.until(begin.Add(40 * 24 * time.Hour))
	n.round()
	from, to := begin, begin.Add(60*time.Hour)
	var before [][]string
	for _, level := range Levels {
		before = append(before, figuresOf(n.read(id, level, from, to)))
	}
	cutoff := begin.Add(30 * time.Hour).UnixNano()
	n.service.o.Cutoff = func(s *telemetry.Series) int64 {
		if s.ID == id {
			return cutoff
		}
		return 0
	}
	if err := n.store.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	proof.Must(n.store.Expire(t.Context(), n.service.o.Cutoff))
	_, cursor := n.feed(0)
	n.send(id, sample{at: begin.Add(3 * time.Hour).UnixNano(), value: 1e9}) // beyond what is kept of samples
	n.service.Changed(n.sides["a"])
	n.round()
	for i, level := range Levels {
		if got := figuresOf(n.read(id, level, from, to)); !slices.Equal(got, before[i]) {
			t.Errorf("%s: %v\nwant %v", level, got, before[i])
		}
	}
	if list, _ := n.feed(cursor); len(list) != 0 {
		t.Errorf("%v", brief(list))
	}
}

// Whatever is noted is among the stretches, however many there are, and these are in order and apart.
func TestStretchesLoseNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		var d dirt
		d.init()
		var noted []stretch
		for range r.IntN(100) {
			from := r.Int64N(1e15)
			x := stretch{from, from + 1 + r.Int64N(1e12), ""}
			noted = append(noted, x)
			d.add(1, x, 1)
			list := d.pending[1]
			if len(list) > maxRanges || d.ranges != len(list) {
				t.Fatalf("%d stretches, %d counted", len(list), d.ranges)
			}
			for i := 1; i < len(list); i++ {
				if list[i].from <= list[i-1].to {
					t.Fatalf("%v", list)
				}
			}
		}
		for _, x := range noted {
			if !slices.ContainsFunc(d.of(1), func(y stretch) bool { return y.from <= x.from && x.to <= y.to }) {
				t.Fatalf("%v is not in %v", x, d.of(1))
			}
		}
		taken, _ := d.take(0)
		d.giveBack(2)
		if !slices.Equal(taken[1], d.pending[1]) || len(d.working) != 0 {
			t.Fatal("what was given back is something else")
		}
	}
}

func wordSamples() (out []string) {
	total := rollup.Total{Hi: 0.1, Lo: 1e-20}
	row := rollup.Row{From: 1795219200000000000, To: 1795222800000000000, Type: telemetry.Float64, Flags: rollup.HasCounter | rollup.Unread, Received: 3, Good: 1, Uncertain: 1, Bad: 1, Covered: 7,
		FirstTime: 1795219200000000001, LastTime: 1795219200000000001, Sum: total, Integral: total, Consumption: rollup.Total{Hi: 5}, Resets: 1, RollOvers: 2, Exchanges: 3, Input: 42}
	a := Word{Row: row, Level: rollup.LevelHour, Counter: "c", Silence: "s"}
	b := Word{Row: rollup.Row{From: 0, To: 60e9, Type: telemetry.String, Input: 9}, Level: rollup.LevelMonth, Nothing: true, Calendar: `a "b" c`, Silence: "s"}
	text := rollup.Row{From: 0, To: 60e9, Type: telemetry.String, Flags: rollup.HasStates, Received: 2, Good: 2, Covered: 3, FirstText: `x "y":;= z`, LastText: "停", LastTime: 5,
		States: []rollup.State{{Text: `x "y":;= z`, Count: 1, Duration: 1}, {Text: "停", Count: 1, Duration: 2}}}
	c := Word{Row: text, Level: rollup.LevelDay, States: true, Silence: "s"}
	return []string{a.String(), b.String(), c.String()}
}

// The form does not change: rows that were kept before are read for ever.
func TestWordsAreAsTheyWere(t *testing.T) {
	golden := string(proof.Must(os.ReadFile("testdata/words-v1.txt")))
	if got := strings.Join(wordSamples(), "\n") + "\n"; got != golden {
		t.Errorf("%s\nwas\n%s", got, golden)
	}
}

func TestWordsComeBack(t *testing.T) {
	for _, s := range wordSamples() {
		w, err := ParseWord(s)
		if err != nil || w.String() != s || w.Row.Input == 0 && strings.Contains(s, "input=4") {
			t.Errorf("%s: %v", s, err)
		}
		for i := range s { // no other text is taken for a row, and none is taken for this one
			if w, err := ParseWord(s[:i]); err == nil {
				t.Errorf("%d bytes: %+v", i, w)
			}
			if w, err := ParseWord(s[:i] + "x" + s[i+1:]); err == nil && s[i] != 'x' && w.String() == s {
				t.Errorf("byte %d: %+v", i, w)
			}
		}
	}
}

func FuzzParseWord(f *testing.F) {
	for _, s := range wordSamples() {
		f.Add(s)
	}
	f.Add(wordHead)
	f.Add(wordHead + ` durations="`)
	f.Fuzz(func(t *testing.T, s string) {
		if w, err := ParseWord(s); err == nil && w.String() != s {
			t.Errorf("%q comes back as %q", s, w.String())
		}
	})
}

func TestOverHTTP(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), "UTC")
	id, whole := n.declare(telemetry.Float64, 10*time.Minute), n.declare(telemetry.Int64, 10*time.Minute)
	flagged := n.declare(telemetry.Bool, 10*time.Minute)
	n.clock = begin
	n.round()
	for _, id := range []uuid.UUID{id, whole, flagged} {
		n.every(id, begin, begin.Add(3*time.Hour), 5*time.Minute, func(i int) float64 { return float64(i % 2) })
	}
	n.until(begin.Add(30 * time.Hour))
	server := proof.Must(api.New(t.Context(), api.Options{Auth: n.sides, DB: n.db, Now: n.now}))
	n.service.Routes(server)
	web := httptest.NewServer(server.Handler())
	defer web.Close()
	call := func(who, method, path, body string) (int, map[string]any) {
		t.Helper()
		q := proof.Must(http.NewRequest(method, web.URL+"/api/v1"+path, strings.NewReader(body)))
		q.Header.Set("Authorization", "Bearer "+who)
		q.Header.Set("Content-Type", "application/json")
		res := proof.Must(http.DefaultClient.Do(q))
		defer res.Body.Close()
		var out map[string]any
		if raw := proof.Must(io.ReadAll(res.Body)); len(raw) > 0 {
			if err := json.Unmarshal(raw, &out); err != nil {
				t.Fatalf("%s: %v", raw, err)
			}
		}
		return res.StatusCode, out
	}
	span := "from=2026-03-02T00:00:00Z&to=2026-03-02T02:00:00Z"
	status, list := call("viewer@a", "GET", "/series/"+id.String()+"/rollups?level=hour&"+span, "")
	items, _ := list["items"].([]any)
	if status != 200 || len(items) != 2 {
		t.Fatalf("%d %v", status, list)
	}
	if first := items[0].(map[string]any); first["state"] != "kept" || first["mean"] != 0.5 || first["coveredSeconds"] != 3600.0 || first["received"] != 12.0 || first["min"] != 0.0 || first["input"] == "0" {
		t.Errorf("%v", first)
	}
	status, list = call("viewer@a", "GET", "/series/"+flagged.String()+"/rollups?level=minute&"+span, "")
	if items, _ := list["items"].([]any); status != 200 || len(items) != 120 || items[0].(map[string]any)["state"] != "computed" || len(items[0].(map[string]any)["states"].([]any)) != 1 {
		t.Errorf("%d %v", status, len(items))
	}
	base := "/series/" + id.String()
	reason := `"reason":"it counts energy"`
	if status, c := call("engineer@a", "PUT", base+"/counter", `{"modulus":100,"maxStep":50,`+reason+`}`); status != 200 || c["modulus"] != 100.0 || c["by"].(map[string]any)["name"] != "engineer@a" {
		t.Errorf("%d %v", status, c)
	}
	if status, m := call("engineer@a", "POST", base+"/meter-changes", `{"at":"2026-03-02T01:02:00Z","old":7,"new":0,`+reason+`}`); status != 201 || m["old"] != 7.0 {
		t.Errorf("%d %v", status, m)
	}
	if status, list := call("viewer@a", "GET", base+"/rollups?level=hour&"+span, ""); status != 200 || list["items"].([]any)[1].(map[string]any)["counter"].(map[string]any)["exchanges"] != 1.0 {
		t.Errorf("%d %v", status, list)
	}
	n.round()
	if status, list := call("viewer@a", "GET", "/restatements?level=hour&series="+id.String()+"&limit=2", ""); status != 200 || len(list["items"].([]any)) != 2 || list["items"].([]any)[0].(map[string]any)["cause"] != "meter" || list["next"] == "" {
		t.Errorf("%d %v", status, list)
	}
	if status, _ := call("engineer@a", "PUT", "/series/"+whole.String()+"/states", `{"kept":true,`+reason+`}`); status != 204 {
		t.Errorf("states: %d", status)
	}
	status, g := call("engineer@a", "POST", "/rollup-groups", `{"org":"`+n.sides["a"].String()+`","name":{"en":"both"},"members":["`+id.String()+`","`+whole.String()+`"],`+reason+`}`)
	if status != 201 {
		t.Fatalf("%d %v", status, g)
	}
	group := "/rollup-groups/" + g["id"].(string)
	if status, list := call("viewer@a", "GET", group+"/rollups?level=day&"+span, ""); status != 200 || list["items"].([]any)[0].(map[string]any)["members"] != 2.0 {
		t.Errorf("%d %v", status, list)
	}
	if status, list := call("viewer@a", "GET", "/rollup-groups", ""); status != 200 || len(list["items"].([]any)) != 1 {
		t.Errorf("%d %v", status, list)
	}
	asOf := "&asOf=" + url.QueryEscape(begin.Add(29*time.Hour).Format(time.RFC3339))
	if status, list := call("viewer@a", "GET", base+"/rollups?level=hour&"+span+asOf, ""); status != 200 || len(list["items"].([]any)) != 2 || list["items"].([]any)[0].(map[string]any)["counter"] != nil {
		t.Errorf("as of before it was a counter: %d %v", status, list)
	}
	none := "/series/" + uuid.Must(uuid.NewV7()).String()
	derived := "/series/" + DerivedID(id, rollup.LevelHour).String()
	for _, c := range []struct{ who, method, path, body, want string }{
		{"viewer@a", "GET", base + "/rollups?level=hour&from=2026-03-02T02:00:00Z&to=2026-03-02T02:00:00Z", "", "422 rollup-span"},
		{"viewer@a", "GET", base + "/rollups?level=hour&from=1960-03-02T02:00:00Z&to=2026-03-02T02:00:00Z", "", "422 rollup-span"},
		{"viewer@a", "GET", base + "/rollups?level=minute&from=2026-03-02T00:00:00Z&to=2026-03-12T00:00:00Z", "", "422 rollup-rows"},
		{"viewer@a", "GET", base + "/rollups?level=hour&from=2020-03-02T00:00:00Z&to=2026-03-12T00:00:00Z", "", "422 rollup-rows"},
		{"viewer@a", "GET", base + "/rollups?level=week&" + span, "", "422"},
		{"viewer@a", "GET", base + "/rollups?level=hour&" + span + "&asOf=2190-01-01T00:00:00Z", "", "422 rollup-not-closed"},
		{"viewer@a", "GET", derived + "/rollups?level=hour&" + span, "", "422 rollup-derived"},
		{"viewer@b", "GET", base + "/rollups?level=hour&" + span, "", "404 not-found"},
		{"viewer@a", "GET", none + "/rollups?level=hour&" + span, "", "404 not-found"},
		{"viewer@b", "GET", group + "/rollups?level=hour&" + span, "", "404"},
		{"viewer@b", "GET", group, "", "404"},
		{"viewer@b", "GET", base + "/counter", "", "404 not-found"},
		{"viewer@a", "GET", "/series/" + whole.String() + "/counter", "", "422 rollup-no-counter"},
		{"viewer@a", "PUT", base + "/counter", `{` + reason + `}`, "403"},
		{"engineer@a", "PUT", base + "/counter", `{"modulus":-1,` + reason + `}`, "422 rollup-counter"},
		{"engineer@a", "PUT", "/series/" + whole.String() + "/counter", `{"modulus":1.5,` + reason + `}`, "422 rollup-counter"},
		{"engineer@a", "PUT", "/series/" + flagged.String() + "/counter", `{` + reason + `}`, "422 rollup-counter"},
		{"engineer@a", "PUT", base + "/counter", `{"reason":"x"}`, "422 rollup-reason"},
		{"engineer@a", "PUT", base + "/states", `{"kept":true,` + reason + `}`, "422 rollup-states"},
		{"engineer@a", "POST", base + "/meter-changes", `{"at":"1960-03-02T01:02:00Z","old":7,"new":0,` + reason + `}`, "422 rollup-meter"},
		{"engineer@a", "POST", base + "/meter-changes", `{"at":"2026-03-02T01:02:00Z","old":"NaN","new":0,` + reason + `}`, "422 rollup-meter"},
		{"engineer@a", "POST", base + "/meter-changes", `{"at":"2026-03-02T01:02:00Z","old":1,` + reason + `}`, "422 rollup-meter"},
		{"engineer@a", "POST", base + "/meter-changes", `{"at":"2026-03-02T01:02:00Z","old":1,"new":1,"reference":"` + strings.Repeat("x", 501) + `",` + reason + `}`, "422 rollup-reference"},
		{"engineer@a", "POST", "/series/" + whole.String() + "/meter-changes", `{"at":"2026-03-02T01:02:00Z","old":1,"new":1,` + reason + `}`, "422 rollup-no-counter"},
		{"engineer@b", "POST", base + "/meter-changes", `{"at":"2026-03-02T01:02:00Z","old":1,"new":1,` + reason + `}`, "404 not-found"},
		{"engineer@a", "POST", "/rollup-groups", `{"org":"` + n.sides["a"].String() + `","name":{},"members":["` + id.String() + `"],` + reason + `}`, "422"},
		{"engineer@b", "POST", "/rollup-groups", `{"org":"` + n.sides["b"].String() + `","name":{"en":"x"},"members":["` + id.String() + `"],` + reason + `}`, "422 rollup-member"},
		{"engineer@b", "POST", "/rollup-groups", `{"org":"` + n.sides["a"].String() + `","name":{"en":"x"},"members":["` + id.String() + `"],` + reason + `}`, "404"},
		{"viewer@b", "GET", "/restatements?org=" + n.sides["a"].String(), "", "404"},
		{"viewer@a", "GET", "/restatements?after=x", "", "422"},
		{"engineer@a", "DELETE", "/series/" + whole.String() + "/counter?reason=none+of+it", "", "422 rollup-no-counter"},
	} {
		status, p := call(c.who, c.method, c.path, c.body)
		if got := fmt.Sprint(status, " ", p["code"]); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s %s %s %s: %s, want %s", c.who, c.method, c.path, c.body, got, c.want)
		}
	}
	if status, p := call("engineer@a", "DELETE", base+"/counter?reason=it+was+none", ""); status != 204 {
		t.Errorf("%d %v", status, p)
	}
	if words := proof.Must(problem.ReadCatalogue(texts, "texts")); len(words.Missing(kinds()...)) > 0 {
		t.Errorf("without words: %v", words.Missing(kinds()...))
	}
}

// The running keeper closes and restates by itself, and tells rooms above.
func TestTheKeeperRuns(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), "UTC")
	id := n.declare(telemetry.Float64, 10*time.Minute)
	n.clock = begin
	n.every(id, begin, begin.Add(5*time.Hour), 5*time.Minute, func(i int) float64 { return float64(i) })
	told := make(chan struct{}, 1)
	at := begin.Add(30 * time.Hour)
	n.clock = at
	n.service.o.Now = func() time.Time { return at }
	n.service.o.Restated = func() {
		select {
		case told <- struct{}{}:
		default:
		}
	}
	run, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.service.Run(run) }()
	proof.Wait(t, "hours are kept", func() bool {
		r := n.read(id, rollup.LevelHour, begin, begin.Add(5*time.Hour))
		return len(r) == 5 && r[0].Kept && r[4].Kept
	})
	n.send(id, sample{at: begin.Add(time.Hour).UnixNano() + 1, value: -5})
	if r := n.read(id, rollup.LevelHour, begin.Add(time.Hour), begin.Add(2*time.Hour)); r[0].Received != 13 {
		t.Errorf("%+v", r)
	}
	<-told
	if list, _ := n.feed(0); len(list) == 0 || list[0].Cause != Late {
		t.Errorf("%v", brief(list))
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

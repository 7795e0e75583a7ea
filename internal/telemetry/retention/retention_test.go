package retention

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/telemetrytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func day(n int) int64 { return begin.Add(time.Duration(n) * Day).UnixNano() }

// house is a store with series in two organisations, and the room.
type house struct {
	*Service
	t      *testing.T
	clock  time.Time
	store  *telemetrytest.Store
	sides  authtest.Sides
	places []Place
	refs   map[uuid.UUID]telemetry.Ref
	asked  []string
	refuse uuid.UUID // series that somebody still needs
	raised []Forecast
	free   uint64
}

func (h *house) EveryPlace(_ context.Context, scope auth.Scope, yield func(*Place) error) error {
	for i := range h.places {
		if scope.Includes(h.places[i].Org) {
			if err := yield(&h.places[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *house) Series(_ context.Context, scope auth.Scope, id uuid.UUID) (bool, error) {
	return slices.ContainsFunc(h.places, func(p Place) bool { return scope.Includes(p.Org) && p.Series == id }), nil
}

func (h *house) Node(_ context.Context, scope auth.Scope, id uuid.UUID) (bool, error) {
	return slices.ContainsFunc(h.places, func(p Place) bool { return scope.Includes(p.Org) && slices.Contains(p.Nodes, id) }), nil
}

var line, mill, lathe, other = uuid.MustParse("01980000-0000-7000-8000-0000000000a1"), uuid.MustParse("01980000-0000-7000-8000-0000000000a2"),
	uuid.MustParse("01980000-0000-7000-8000-0000000000a3"), uuid.MustParse("01980000-0000-7000-8000-0000000000b1")

func newHouse(t *testing.T, db *store.DB) *house {
	h := &house{t: t, clock: begin.Add(200 * Day), sides: authtest.Sides{"a": uuid.Must(uuid.NewV7()), "b": uuid.Must(uuid.NewV7())}, refs: map[uuid.UUID]telemetry.Ref{}, free: 1 << 40}
	if err := audit.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return h.clock }
	h.store = telemetrytest.Open(t, telemetrytest.Options{Dir: t.TempDir(), Catalog: &telemetry.MemoryCatalog{}, Now: now})
	t.Cleanup(h.store.Close)
	for i, p := range []Place{
		{Nodes: []uuid.UUID{mill, line}, Template: "mill"}, {Nodes: []uuid.UUID{mill, line}, Template: "mill"}, {Nodes: []uuid.UUID{lathe, line}, Template: "lathe"}, {Nodes: []uuid.UUID{other}},
	} {
		p.Series, p.Org = uuid.Must(uuid.NewV7()), h.sides["a"]
		if i == 3 {
			p.Org = h.sides["b"]
		}
		h.places = append(h.places, p)
		h.refs[p.Series] = proof.Must(h.store.Declare(t.Context(), []telemetry.Declaration{{ID: p.Series, Org: p.Org, Type: telemetry.Float64, Unit: "1", Report: telemetry.Periodic, MaxSilence: time.Hour}}))[0]
	}
	h.Service = proof.Must(New(t.Context(), Options{DB: db, Store: h.store, Plant: h, Free: func() (uint64, error) { return h.free, nil }, Now: now, Logger: proof.Logger(t),
		Raise: func(f Forecast) { h.raised = append(h.raised, f) },
		Before: func(_ context.Context, series, org uuid.UUID, from, to int64) error {
			if series == h.refuse {
				return errors.New("not yet")
			}
			h.asked = append(h.asked, fmt.Sprint(h.number(series), " ", (to-day(0))/int64(Day)))
			return nil
		}}))
	return h
}

func (h *house) number(series uuid.UUID) int {
	return slices.IndexFunc(h.places, func(p Place) bool { return p.Series == series })
}

// fill stores a sample every six hours of the days before now, in each series.
func (h *house) fill(days int) {
	b := &telemetry.Batch{Origin: telemetry.Measured}
	for _, p := range h.places {
		for at := h.clock.Add(-time.Duration(days) * Day); at.Before(h.clock); at = at.Add(6 * time.Hour) {
			b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, h.refs[p.Series]), append(b.Time, at.UnixNano()), append(b.Gateway, at.UnixNano()), append(b.Bits, 0)
		}
	}
	h.store.Send(line, b)
	if err := errors.Join(h.store.Flush(h.t.Context()), h.store.Compact(h.t.Context())); err != nil {
		h.t.Fatal(err)
	}
}

// oldest tells, for each series, the day of its oldest sample, -1 for none.
func (h *house) oldest() (out []int) {
	for _, p := range h.places {
		d := -1
		err := h.store.Scan(h.t.Context(), h.refs[p.Series], telemetry.Span{From: 0, To: telemetry.MaxTime}, telemetry.ScanOptions{}, func(r *telemetry.Run) bool {
			d = int((r.Time[0] - day(0)) / int64(Day))
			return false
		})
		if err != nil {
			h.t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

// gone tells whether samples went up to the days named, or up to a week less.
func (h *house) gone(want ...int) bool {
	return slices.EqualFunc(h.oldest(), want, func(got, want int) bool { return got <= want && got > want-8 })
}

func (h *house) sweep() Swept {
	h.t.Helper()
	return proof.Must(h.Sweep(h.t.Context()))
}

const why = "agreed with the quality department"

func TestSamplesGoByTheClosestClass(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := h.sides.As(auth.Engineer, "a")
		a := h.sides["a"]
		h.fill(150) // days 50 to 199
		if !h.gone(50, 50, 50, 50) {
			t.Fatal(h.oldest())
		}
		if w := h.sweep(); w.Series != 0 || !slices.Equal(h.oldest(), []int{50, 50, 50, 50}) {
			t.Errorf("nothing is laid down, yet %+v %v", w, h.oldest())
		}
		year, quarter := proof.Must(h.NewClass(ctx, a, text.Text{Zh: "百日", En: "100 days"}, 100, why)), proof.Must(h.NewClass(ctx, a, text.Text{Zh: "短期", En: "Short"}, 40, why))
		proof.Must(h.Assign(ctx, a, ToOrg, a.String(), year.ID, why))
		proof.Must(h.Assign(ctx, a, ToTemplate, "lathe", quarter.ID, why))
		proof.Must(h.Assign(ctx, a, ToSeries, h.places[1].Series.String(), quarter.ID, why))
		if w := h.sweep(); w.Series != 0 || !slices.Equal(h.oldest(), []int{50, 50, 50, 50}) {
			t.Errorf("within the grace %+v %v", w, h.oldest())
		}
		due := proof.Must(h.Preview(ctx, a))
		if len(due) != 1 || due[0].Class != uuid.Nil || due[0].Series != 3 || due[0].Soon != 3 {
			t.Errorf("preview: %+v", due)
		}
		h.clock = h.clock.Add(Grace)
		h.refuse = h.places[2].Series
		if w := h.sweep(); w.Series != 3 || w.Moved != 2 || w.Kept != 1 || w.Rows == 0 {
			t.Errorf("swept %+v", w)
		}
		if !h.gone(101, 161, 50, 50) {
			t.Errorf("after the first sweep %v", h.oldest())
		}
		again := proof.Must(New(t.Context(), h.o))
		for i, want := range []int64{day(101), day(161), 0, 0} {
			if got := h.Horizon(h.places[i].Series); got != want || again.Horizon(h.places[i].Series) != want {
				t.Errorf("horizon of series %d: %d, want %d", i, got, want)
			}
		}
		if !slices.Equal(h.asked, []string{"0 101", "1 161"}) {
			t.Errorf("asked: %q", h.asked)
		}
		// A hold keeps what it holds, from its begin on; the node's class gives way to the series'.
		hold := proof.Must(h.Hold(ctx, a, h.places[2].Series, day(120), day(121), "a claim of the customer"))
		h.refuse = uuid.Nil
		h.sweep()
		if !h.gone(101, 161, 120, 50) {
			t.Errorf("with a hold %v", h.oldest())
		}
		if err := h.Release(ctx, hold.ID, "the claim is settled"); err != nil {
			t.Fatal(err)
		}
		proof.Must(h.Assign(ctx, a, ToNode, line.String(), uuid.Nil, "all of the line for ever"))
		h.sweep()
		if !h.gone(101, 161, 120, 50) {
			t.Errorf("the line is kept for ever, and still %v", h.oldest())
		}
		if w := h.sweep(); w.Moved != 0 || w.Rows != 0 {
			t.Errorf("a second sweep %+v", w)
		}
		entries, _, err := audit.List(t.Context(), db, auth.System(a), audit.Filter{}, store.Page{Limit: 100})
		if err != nil || len(entries) != 8 {
			t.Errorf("%d entries of audit: %v", len(entries), err)
		}
	})
}

func TestKeepingShorterTakesADayAndCanBeTakenBack(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	ctx := h.sides.As(auth.Engineer, "a")
	a := h.sides["a"]
	h.fill(150)
	c := proof.Must(h.NewClass(ctx, a, text.Text{En: "A hundred days"}, 100, why))
	proof.Must(h.Assign(ctx, a, ToOrg, a.String(), c.ID, why))
	h.clock = h.clock.Add(2 * Grace)
	h.sweep()
	c = proof.Must(h.ChangeClass(ctx, c.ID, 40, why))
	h.clock = h.clock.Add(time.Hour)
	h.sweep()
	c = proof.Must(h.ChangeClass(ctx, c.ID, 120, "that was a mistake"))
	if len(c.Terms) != 2 || c.At(h.clock.UnixNano()).Days != 120 {
		t.Errorf("%+v", c.Terms)
	}
	h.clock = h.clock.Add(2 * Grace)
	h.sweep()
	if !h.gone(102, 102, 102, 50) {
		t.Errorf("%v", h.oldest())
	}
	if err := h.RemoveClass(ctx, c.ID); !errors.Is(err, ErrInUse) {
		t.Errorf("%v", err)
	}
	proof.Must(h.Assign(ctx, a, ToOrg, a.String(), uuid.Nil, why))
	if err := h.RemoveClass(ctx, c.ID); err != nil {
		t.Error(err)
	}
	if _, err := h.Assign(ctx, a, ToOrg, a.String(), c.ID, why); !errors.Is(err, ErrClass) {
		t.Errorf("a class that is gone: %v", err)
	}
}

// Who is warned of samples that go soon is warned of samples that there are.
func TestOnlySeriesThatHaveOldSamplesLoseThem(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	ctx := h.sides.As(auth.Engineer, "a")
	a := h.sides["a"]
	h.fill(50) // days 150 to 199
	soon := func() (n int) {
		t.Helper()
		for _, d := range proof.Must(h.Preview(ctx, a)) {
			n += d.Soon
		}
		return n
	}
	c := proof.Must(h.NewClass(ctx, a, text.Text{En: "A hundred days"}, 100, why))
	proof.Must(h.Assign(ctx, a, ToOrg, a.String(), c.ID, why))
	if n := soon(); n != 0 {
		t.Errorf("nothing is a hundred days old, and %d series are to lose samples", n)
	}
	h.clock = h.clock.Add(Grace)
	if n := soon(); n != 0 {
		t.Errorf("a day later %d series", n)
	}
	proof.Must(h.ChangeClass(ctx, c.ID, 40, why))
	if n := soon(); n != 3 {
		t.Errorf("forty days: %d series, want 3", n)
	}
	proof.Must(h.Assign(ctx, a, ToSeries, h.places[1].Series.String(), uuid.Nil, "kept for ever"))
	proof.Must(h.Hold(ctx, a, h.places[2].Series, day(100), day(199), "a claim of the customer"))
	if n := soon(); n != 1 {
		t.Errorf("one of them is kept, one is held: %d series, want 1", n)
	}
	h.clock = h.clock.Add(Grace)
	if n := soon(); n != 0 {
		t.Errorf("what goes by itself, day by day, is told as new: %d series", n)
	}
}

func TestAnAssignmentCanBeTakenBackAndEnded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := h.sides.As(auth.Engineer, "a")
		a := h.sides["a"]
		long := proof.Must(h.NewClass(ctx, a, text.Text{En: "long"}, 150, why))
		short := proof.Must(h.NewClass(ctx, a, text.Text{En: "short"}, 40, why))
		now := func() string {
			r := proof.Must(h.Rules(ctx, a))
			if c := r.ClassOf(&h.places[0], h.clock.UnixNano()); c != nil {
				return c.Name.En
			}
			return ""
		}
		expect := func(what, want string) {
			t.Helper()
			if got := now(); got != want {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		pass := func(d time.Duration) { h.clock = h.clock.Add(d) }
		first := proof.Must(h.Assign(ctx, a, ToOrg, a.String(), long.ID, why))
		pass(Grace)
		expect("a day later", "long")
		wrong := proof.Must(h.Assign(ctx, a, ToOrg, a.String(), short.ID, why))
		pass(time.Hour)
		if err := h.Unassign(ctx, wrong.ID, "that was a mistake"); err != nil {
			t.Fatal(err)
		}
		if err := h.Unassign(ctx, wrong.ID, "that was a mistake"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("taken back twice: %v", err)
		}
		pass(2 * Grace)
		expect("what was taken back", "long")
		// A mistake that is mended by another assignment is never in effect either, not even until that begins.
		proof.Must(h.Assign(ctx, a, ToOrg, a.String(), short.ID, why))
		pass(time.Hour)
		middle := proof.Must(h.NewClass(ctx, a, text.Text{En: "middle"}, 100, why))
		proof.Must(h.Assign(ctx, a, ToOrg, a.String(), middle.ID, why))
		pass(Grace - time.Minute)
		expect("between the mistake and its mend", "long")
		pass(time.Minute)
		expect("the mend", "middle")
		// What ends lasts a day, and the same again goes on without a hole.
		held := proof.Must(h.Assign(ctx, a, ToNode, line.String(), long.ID, why))
		pass(Grace)
		expect("of the line", "long")
		if err := h.Unassign(ctx, held.ID, why); err != nil {
			t.Fatal(err)
		}
		expect("ended today", "long")
		if again := proof.Must(h.Assign(ctx, a, ToNode, line.String(), long.ID, why)); again.ID != held.ID || again.Until != forever {
			t.Errorf("%+v", again)
		}
		pass(Grace)
		expect("which goes on", "long")
		if err := h.Unassign(ctx, held.ID, why); err != nil {
			t.Fatal(err)
		}
		pass(Grace)
		expect("the wider one", "middle")
		for what, x := range map[string]struct{ got, want error }{
			"ended long ago": {h.Unassign(ctx, first.ID, why), store.ErrNotFound}, "no reason": {h.Unassign(ctx, held.ID, ""), ErrReason},
			"a viewer": {h.Unassign(h.sides.As(auth.Viewer, "a"), proof.Must(h.Assign(ctx, a, ToTemplate, "mill", short.ID, why)).ID, why), auth.ErrForbidden},
		} {
			if !errors.Is(x.got, x.want) {
				t.Errorf("%s: %v, want %v", what, x.got, x.want)
			}
		}
	})
}

func TestWhatCannotBeLaidDown(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	a, b := h.sides["a"], h.sides["b"]
	ctx := h.sides.As(auth.Engineer, "a")
	of := h.places[0].Series.String()
	c := proof.Must(h.NewClass(ctx, a, text.Text{En: "x"}, 50, why))
	class := func(ctx context.Context, org uuid.UUID, name string, days int, reason string) error {
		_, err := h.NewClass(ctx, org, text.Text{En: name}, days, reason)
		return err
	}
	assign := func(target Target, of string, class uuid.UUID, reason string) error {
		_, err := h.Assign(ctx, a, target, of, class, reason)
		return err
	}
	hold := func(series uuid.UUID, from, to int64) error {
		_, err := h.Hold(ctx, a, series, from, to, why)
		return err
	}
	change := func(ctx context.Context) error { _, err := h.ChangeClass(ctx, c.ID, 60, why); return err }
	for what, x := range map[string]struct{ got, want error }{
		"too short": {class(ctx, a, "x", 34, why), ErrDays}, "too long": {class(ctx, a, "x", 40_000, why), ErrDays}, "no name": {class(ctx, a, "", 50, why), ErrName},
		"no reason": {class(ctx, a, "x", 50, " "), ErrReason}, "another organisation": {class(ctx, b, "x", 50, why), auth.ErrNotFound},
		"a viewer": {class(h.sides.As(auth.Viewer, "a"), a, "x", 50, why), auth.ErrForbidden}, "nobody": {class(context.Background(), a, "x", 50, why), auth.ErrUnauthenticated},
		"a target": {assign("shelf", of, c.ID, why), ErrTarget}, "a series of others": {assign(ToSeries, h.places[3].Series.String(), c.ID, why), ErrTarget},
		"a node of others": {assign(ToNode, other.String(), c.ID, why), ErrTarget}, "an organisation": {assign(ToOrg, b.String(), c.ID, why), ErrTarget}, "no template": {assign(ToTemplate, "", c.ID, why), ErrTarget},
		"no class": {assign(ToSeries, of, uuid.New(), why), ErrClass}, "a span": {hold(uuid.Nil, day(3), day(3)), ErrSpan}, "a hold of others": {hold(h.places[3].Series, day(1), day(3)), ErrTarget},
		"a class of others": {change(h.sides.As(auth.Engineer, "b")), store.ErrNotFound}, "a viewer's change": {change(h.sides.As(auth.Viewer, "a")), auth.ErrForbidden},
		"no hold": {h.Release(ctx, uuid.New(), why), store.ErrNotFound},
	} {
		if !errors.Is(x.got, x.want) {
			t.Errorf("%s: %v, want %v", what, x.got, x.want)
		}
	}
}

func TestTheDiskIsForeseen(t *testing.T) {
	var h History
	const gib = int64(1) << 30
	at := func(hours int) int64 { return begin.Add(time.Duration(hours) * time.Hour).UnixNano() }
	if f := h.Forecast(at(0), gib, 0, 9*gib); f.Severity != Fine || f.Grows {
		t.Errorf("nothing was watched yet: %+v", f)
	}
	for hour := range 500 {
		h.See(at(hour), gib+int64(hour)*gib/24)
	}
	if len(h.marks) != keepMarks {
		t.Errorf("%d marks", len(h.marks))
	}
	for _, c := range []struct {
		budget, free int64
		days         float64
		want         Severity
	}{{0, 100 * gib, 100, Fine}, {0, 10 * gib, 10, Warn}, {0, gib, 1, Urgent}, {31 * gib, 1000 * gib, 9.17, Warn}, {20 * gib, 1000 * gib, 0, Urgent}, {200 * gib, 40 * gib, 40, Fine}} {
		f := h.Forecast(at(500), gib+500*gib/24, c.budget, c.free)
		if f.Severity != c.want || !f.Grows || f.Left.Hours()/24-c.days > 0.1 || c.days-f.Left.Hours()/24 > 0.1 || f.PerDay < 0.99*float64(gib) || f.PerDay > 1.01*float64(gib) {
			t.Errorf("budget %d, free %d: %+v (%v days)", c.budget/gib, c.free/gib, f, f.Left.Hours()/24)
		}
	}
}

func TestOverHTTP(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.fill(150)
	server := proof.Must(api.New(t.Context(), api.Options{Auth: h.sides, DB: h.o.DB, Now: h.o.Now}))
	h.Routes(server)
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
	a := h.sides["a"].String()
	status, c := call("engineer@a", "POST", "/retention/classes", `{"org":"`+a+`","name":{"zh":"一年","en":"A year"},"days":365,"reason":"as the law says"}`)
	if status != 201 || c["days"] != 365.0 {
		t.Fatalf("%d %v", status, c)
	}
	id := c["id"].(string)
	if status, p := call("engineer@a", "PATCH", "/retention/classes/"+id, `{"days":7,"reason":"to save room"}`); status != 422 || p["code"] != "retention-days" {
		t.Errorf("%d %v", status, p)
	}
	if status, c := call("engineer@a", "PATCH", "/retention/classes/"+id, `{"days":100,"reason":"to save room"}`); status != 200 || c["days"] != 365.0 || len(c["terms"].([]any)) != 2 {
		t.Errorf("%d %v", status, c)
	}
	if status, x := call("engineer@a", "PUT", "/retention/assignments", `{"org":"`+a+`","target":"node","of":"`+line.String()+`","class":"`+id+`","reason":"as the law says"}`); status != 200 || x["target"] != "node" {
		t.Errorf("%d %v", status, x)
	}
	_, soon := call("engineer@a", "PUT", "/retention/assignments", `{"org":"`+a+`","target":"org","of":"`+a+`","class":"`+id+`","reason":"as the law says"}`)
	if status, x := call("engineer@a", "POST", fmt.Sprintf("/retention/assignments/%s/end", soon["id"]), `{"reason":"a mistake"}`); status != 204 {
		t.Errorf("%d %v", status, x)
	}
	if status, x := call("engineer@a", "POST", "/retention/holds", `{"org":"`+a+`","from":"2026-03-01T00:00:00Z","to":"2026-03-02T00:00:00Z","reason":"a claim"}`); status != 201 || x["series"] != nil {
		t.Errorf("%d %v", status, x)
	}
	h.clock = h.clock.Add(2 * Grace)
	h.sweep()
	status, all := call("viewer@a", "GET", "/retention?org="+a, "")
	if status != 200 || len(all["classes"].([]any)) != 1 || len(all["assignments"].([]any)) != 1 || len(all["holds"].([]any)) != 1 || all["due"].([]any)[0].(map[string]any)["before"] != "2026-03-01T00:00:00Z" {
		t.Errorf("%d %v", status, all)
	}
	if status, d := call("viewer@b", "GET", "/retention/storage", ""); status != 200 || d["state"] != "fine" || d["swept"].(map[string]any)["series"] != 3.0 {
		t.Errorf("%d %v", status, d)
	}
	if status, _ := call("viewer@b", "GET", "/retention?org="+a, ""); status != 404 {
		t.Errorf("another organisation: %d", status)
	}
	if words := proof.Must(problem.ReadCatalogue(texts, "texts")); len(words.Missing(kinds()...)) > 0 {
		t.Errorf("without words: %v", words.Missing(kinds()...))
	}
}

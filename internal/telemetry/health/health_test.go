package health

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// TestCountsOfRandomDataAreThoseOfALookAtEverySample stores samples in time, late, ahead, repeated, corrected and withdrawn,
// and counts them from raw pages, in the simplest way there is.
func TestCountsOfRandomDataAreThoseOfALookAtEverySample(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	r := rand.New(rand.NewPCG(3, 5))
	h.points = make([]Point, 0, 8)
	var points []*Point
	for i := range 6 {
		p := h.machine(fmt.Sprint("m", i))
		p.From = after(time.Duration(i-2) * 20 * time.Minute) // some begin within the span
		points = append(points, p)
	}
	statuses := []telemetry.Status{0, 0, 0, 0, telemetry.Uncertain, telemetry.BadDeviceFailure}
	type key struct {
		p *Point
		t int64
	}
	revision := map[key]uint32{}
	sent := []key{}
	for at := time.Duration(0); at < 3*time.Hour; at += 20 * time.Second {
		h.at(at)
		var rows []row
		for _, p := range points {
			if r.IntN(40) == 0 {
				continue
			}
			x := row{p: p, t: after(at) - r.Int64N(int64(5*time.Second)), value: r.Float64(), status: statuses[r.IntN(len(statuses))]}
			switch r.IntN(12) {
			case 0: // late, within a little of the bound too
				x.t -= int64(LateAfter) + r.Int64N(int64(10*time.Second)) - int64(5*time.Second)
			case 1:
				x.t -= r.Int64N(int64(2 * time.Hour))
			case 2:
				x.t += r.Int64N(int64(20 * time.Minute))
			case 3:
				x.flags = telemetry.Repeated
			case 4:
				x.flags = telemetry.ClockUnsure
			case 5:
				x.value = math.NaN()
			}
			if x.status.IsBad() {
				x.flags |= telemetry.NoValue
			}
			rows = append(rows, x)
			sent = append(sent, key{p, x.t})
		}
		if r.IntN(5) == 0 {
			k := sent[r.IntN(len(sent))]
			revision[k]++
			x := row{p: k.p, t: k.t, revision: revision[k], value: 7}
			if r.IntN(2) == 0 {
				x.flags = telemetry.NoValue | telemetry.Withdrawn
			}
			h.put(x)
		}
		h.put(rows...)
		if r.IntN(100) == 0 {
			h.flush()
		}
	}
	worst := time.Duration(0)
	for round := range 12 {
		h.clock.Add(int64(2 * time.Minute))
		from := begin.Add(time.Duration(r.IntN(90)) * time.Minute)
		to := from.Add(time.Duration(1+r.IntN(100)) * time.Minute)
		q := Ask{Org: h.sides["a"], From: from, To: to}
		s := proof.Must(h.service.Plant(h.viewer(), q))
		q.Coverage = true
		light := proof.Must(h.service.Plant(h.viewer(), q))
		if len(s.Series) == 0 || len(s.Series) != len(light.Series) {
			t.Fatalf("round %d: %d and %d series", round, len(s.Series), len(light.Series))
		}
		for i := range s.Series {
			got, other := &s.Series[i], &light.Series[i]
			worst = max(worst, got.Counts.WorstLate)
			h.compare(t, round, got, s.Now)
			c := got.Counts
			if other.ID != got.ID || other.Covered != got.Covered || other.Counts != (Counts{Received: c.Received, Good: c.Good, Uncertain: c.Uncertain, Bad: c.Bad}) || other.Counted {
				t.Errorf("round %d: from summaries %+v %s, from samples %+v %s", round, other.Counts, other.Covered, c, got.Covered)
			}
			if all := got.Covered + got.Gaps.Dark + got.Gaps.Short; all != got.Span() {
				t.Errorf("round %d: covered, dark and short are %s of %s", round, all, got.Span())
			}
		}
	}
	if worst < time.Hour {
		t.Errorf("the worst lateness is only %s: nothing was tried", worst)
	}
}

// compare counts the samples of a series from raw pages.
func (h *house) compare(t *testing.T, round int, got *Series, now int64) {
	t.Helper()
	page := proof.Must(h.store.Raw(t.Context(), h.refs[got.ID], telemetry.Span{From: got.Since, To: got.Until}, telemetry.RawOptions{History: true, Limit: telemetry.MaxLimit}))
	var want Counts
	for _, x := range page.Samples {
		arrival, ok, err := h.store.Commit(x.Commit)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if late := time.Duration(arrival.Time - x.Time); x.Revision == 0 && late > LateAfter {
			want.Late++
			want.WorstLate = max(want.WorstLate, late)
		}
		switch {
		case x.Superseded:
			want.Superseded++
			continue
		case x.Flags&telemetry.Withdrawn != 0:
			want.Withdrawn++
			continue
		case x.Flags&telemetry.FutureTime != 0 && x.Time > now:
			continue
		}
		want.Received++
		value := math.Float64frombits(x.Value.Bits)
		switch {
		case x.Status.IsUncertain():
			want.Uncertain++
		case x.Status.IsBad() || value != value:
			want.Bad++
		default:
			want.Good++
		}
		for flag, n := range map[telemetry.Flags]*uint64{telemetry.FutureTime: &want.Ahead, telemetry.Repeated: &want.Repeated, telemetry.ClockUnsure: &want.ClockUnsure} {
			if x.Flags&flag != 0 {
				*n++
			}
		}
		if x.Revision > 0 {
			want.Corrected++
		}
	}
	if got.Counts != want {
		t.Errorf("round %d, from %s to %s: counted\n%+v, want\n%+v", round, moment(got.Since), moment(got.Until), got.Counts, want)
	}
	if got.Expected != uint64(got.Span()/period) {
		t.Errorf("expected %d of %s", got.Expected, got.Span())
	}
}

func TestThePlantIsSummedAndBounded(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.points = make([]Point, 0, 8)
	whole, half, never := h.machine("whole"), h.machine("half"), h.machine("never")
	foreign := h.machineOf("b", uuid.Nil, "foreign")
	undeclared := Point{ID: uuid.New(), Org: h.sides["a"], Machine: never.Machine, Key: "undeclared", From: after(-time.Hour), To: store.Forever}
	gone := Point{ID: uuid.New(), Org: h.sides["a"], Machine: never.Machine, Key: "gone", From: after(-2 * time.Hour), To: after(-time.Hour)}
	h.points = append(h.points, undeclared, gone)
	for at := time.Duration(0); at <= time.Hour; at += period {
		h.at(at)
		rows := []row{{p: whole, t: after(at)}, {p: foreign, t: after(at)}}
		if at < 30*time.Minute {
			rows = append(rows, row{p: half, t: after(at)})
		}
		h.put(rows...)
	}
	q := Ask{Org: h.sides["a"], From: begin}
	s := proof.Must(h.service.Plant(h.viewer(), q))
	v := s.view(false)
	if len(v.Nodes) != 5 || v.Nodes[0].Kind != "site" || v.Nodes[1].Kind != "line" || v.Whole.Series != 4 || len(v.Series) != 0 || !v.Present {
		t.Fatalf("%+v", v)
	}
	byName := map[string]NodeHealth{}
	for _, n := range v.Nodes {
		byName[n.Name.En] = n
	}
	// half was covered for 30 min and the 20 s more that its last value held.
	for name, want := range map[string]struct {
		coverage, score float64
		state           string
		gaps            int
	}{"whole": {1, 100, "live", 0}, "half": {1820. / 3600, (50*1820./3600 + 10 + 15 + 10 + 5), "stale", 1}, "never": {0, 0, "silent", 2},
		"Line": {(3600 + 1820.) / (4 * 3600), 0, "live", 3}} {
		n := byName[name]
		if math.Abs(*n.Coverage-want.coverage) > 1e-9 || string(n.State) != want.state || n.Gaps.Count != want.gaps || want.score > 0 && math.Abs(*n.Score-want.score) > 0.06 {
			t.Errorf("%s: %v %v %s %d gaps, want %+v", name, *n.Coverage, *n.Score, n.State, n.Gaps.Count, want)
		}
	}
	if whole := byName["Site"]; whole.Counts.Received != 360+180 {
		t.Errorf("%+v", whole.Counts)
	}
	if m := proof.Must(h.service.Plant(h.viewer(), Ask{Node: never.Machine, From: begin})).view(false); len(m.Nodes) != 1 || len(m.Series) != 2 || m.Series[1].Type != "unknown" || m.Series[1].State != "silent" {
		t.Errorf("a machine: %+v", m)
	}
	// An answer is kept for a minute.
	h.clock.Add(int64(50 * time.Second))
	if again := proof.Must(h.service.Plant(h.viewer(), q)); again != s {
		t.Error("worked out again within a minute")
	}
	h.clock.Add(int64(10 * time.Second))
	if again := proof.Must(h.service.Plant(h.viewer(), q)); again == s || again.Whole.Live != 0 {
		t.Errorf("after a minute: %+v", again.Whole)
	}

	plant := func(who, at string, q Ask) error {
		_, err := h.service.Plant(h.sides.As(auth.Role(who), at), q)
		return err
	}
	limited := func(l Limits, q Ask) error {
		o := h.o
		o.Limits = l
		_, err := proof.Must(New(t.Context(), o)).Plant(h.viewer(), q)
		return err
	}
	_, foreignSeries := h.service.Series(h.viewer(), foreign.ID, begin, time.Time{})
	_, series := h.service.Series(h.viewer(), whole.ID, begin, begin)
	for what, x := range map[string]struct{ got, want error }{
		"nothing named": {plant("viewer", "a", Ask{}), ErrOf}, "another's": {plant("viewer", "b", q), auth.ErrNotFound}, "nobody": {plant("monitor", "a", q), auth.ErrForbidden},
		"another's node": {plant("viewer", "a", Ask{Node: foreign.Machine}), store.ErrNotFound}, "another's series": {foreignSeries, store.ErrNotFound}, "an empty span": {series, ErrSpan},
		"too long": {plant("viewer", "a", Ask{Org: h.sides["a"], From: begin.AddDate(0, -1, -4)}), ErrSpan}, "ahead": {plant("viewer", "a", Ask{Org: h.sides["a"], From: begin.AddDate(0, 0, 1), To: begin.AddDate(0, 0, 2)}), ErrSpan},
		"long ago": {plant("viewer", "a", Ask{Org: h.sides["a"], From: time.Unix(-5, 0)}), ErrSpan}, "too many series": {limited(Limits{Series: 3, Rows: 1e6, Covered: 1e6}, q), ErrSeries},
		"too costly": {limited(Limits{Series: 4, Rows: 500, Covered: 1e6}, q), ErrCostly}, "coverage alone": {limited(Limits{Series: 4, Rows: 500, Covered: 1e6}, Ask{Org: h.sides["a"], From: begin, Coverage: true}), nil},
		"within": {limited(Limits{Series: 4, Rows: 600, Covered: 1e6}, q), nil},
	} {
		if !errors.Is(x.got, x.want) {
			t.Errorf("%s: %v, want %v", what, x.got, x.want)
		}
	}
}

func TestOutagesAreRememberedAcrossRestarts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx := t.Context()
		a := h.sides["a"]
		raise := func(subject string) {
			h.board.Raise(ctx, condition.Condition{Org: a, Kind: "link.down", Subject: subject, Severity: condition.Error, Text: text.Text{En: "down", Zh: "断"}})
		}
		raise("one")
		h.board.Raise(ctx, condition.Condition{Org: a, Kind: "census.odd", Subject: "x", Severity: condition.Info, Text: text.Text{En: "explains nothing"}})
		h.at(time.Minute)
		raise("two")
		h.board.Clear(ctx, "link.down", "one")
		h.written(2, 1)
		h.stop() // the last sign of life
		h.at(10 * time.Minute)
		h.start()
		h.at(11 * time.Minute)
		h.board.Clear(ctx, "link.down", "two")
		h.written(3, 3)
		list := proof.Must(outages(ctx, db, auth.System(a), after(-time.Hour), after(time.Hour)))
		slices.SortFunc(list, func(x, y Outage) int { return cmp.Compare(x.Subject, y.Subject) })
		want := [][3]any{{"", after(time.Minute), after(10 * time.Minute)}, {"one", after(0), after(time.Minute)}, {"two", after(time.Minute), after(11 * time.Minute)}}
		for i, o := range list {
			if got := [3]any{o.Subject, o.From, o.To}; got != want[i] {
				t.Errorf("%d: %v, want %v", i, got, want[i])
			}
		}
		if foreign := proof.Must(outages(ctx, db, auth.System(h.sides["b"]), after(-time.Hour), after(time.Hour))); len(foreign) != 1 || foreign[0].Kind != NodeStopped {
			t.Errorf("another organisation sees %+v", foreign)
		}
		// What the board does not hold any more has ended, although no event tells.
		lost := outageRow{ID: uuid.New(), Org: a, Kind: "link.down", Subject: "lost", Since: after(0), Until: math.MaxInt64}
		if err := upsert(ctx, db, []outageRow{lost}); err != nil {
			t.Fatal(err)
		}
		h.stop()
		h.start()
		h.written(4, 4)
		// Bounds.
		if err := bound(ctx, db, after(5*time.Minute), 100); err != nil {
			t.Fatal(err)
		}
		if left := proof.Must(outages(ctx, db, auth.System(a), 0, math.MaxInt64)); len(left) != 3 {
			t.Errorf("%d left", len(left))
		}
		if err := bound(ctx, db, 0, 1); err != nil {
			t.Fatal(err)
		}
		if left := proof.Must(outages(ctx, db, auth.System(a), 0, math.MaxInt64)); len(left) > 1 {
			t.Errorf("%d left of at most 1", len(left))
		}
		if known, _, err := state(ctx, db, "known"); err != nil || known < after(5*time.Minute) {
			t.Errorf("known since %v %v", moment(known), err)
		}
	})
}

// torn is a store whose table of arrivals is damaged.
type torn struct{ *telemetry.Store }

func (torn) AsOf(int64) (uint64, error) {
	return 0, fmt.Errorf("find a commit: %w", &telemetry.DamageError{})
}

// A damaged file takes away what is in it, and says so; everything else is told.
func TestDamageIsTold(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.points = make([]Point, 0, 2)
	hurt, r := h.machine("hurt"), rand.New(rand.NewPCG(1, 2))
	for at := time.Duration(0); at < time.Hour; at += period {
		h.at(at)
		h.put(row{p: hurt, t: after(at), value: r.Float64()})
	}
	h.flush()
	spoil := func(from, to float64) { // of the file
		files := proof.Must(filepath.Glob(filepath.Join(h.dir, "telemetry", "blocks", "*.jwb")))
		if len(files) != 1 {
			t.Fatalf("%d blocks", len(files))
		}
		data := proof.Must(os.ReadFile(files[0]))
		for i := int(from * float64(len(data))); i < int(to*float64(len(data))); i += 16 {
			data[i] ^= 0x10
		}
		if err := os.WriteFile(files[0], data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	well := h.machine("well")
	for at := time.Hour; at < 2*time.Hour; at += period {
		h.at(at)
		h.put(row{p: well, t: after(at)})
	}
	h.at(2 * time.Hour)
	look := func(what string, coverage float64, harm int, unknown bool) {
		t.Helper()
		h.clock.Add(1)
		for _, light := range []bool{false, true} {
			s := proof.Must(h.service.Plant(h.viewer(), Ask{Org: h.sides["a"], From: begin, To: begin.Add(time.Duration(h.clock.Load() - after(0))), Coverage: light}))
			v := s.view(true)
			if light && harm > 0 {
				continue // the summaries of the block are whole, and serve
			}
			if v.Whole.Damaged != harm || v.Series[0].Damaged != harm || math.Abs(*v.Series[0].Coverage-coverage) > 0.01 || v.Series[1].Damaged != 0 || math.Abs(*v.Series[1].Coverage-0.5) > 0.01 {
				t.Errorf("%s, coverage alone %v: %+v", what, light, v.Series)
			}
			if !light && (v.Whole.Counts.Late == nil) != unknown || !light && (v.Whole.Parts.InTime == nil) != unknown {
				t.Errorf("%s: what came late is told although nobody knows, or not told: %+v", what, v.Whole)
			}
		}
	}
	whole := h.service
	h.service = proof.Must(New(t.Context(), Options{DB: h.db, Store: torn{h.store}, Plant: h, Now: h.now}))
	look("arrivals", 0.5, 0, true)
	h.service = whole
	spoil(0.05, 0.5) // the samples
	look("samples", 0, 1, false)
	if d := proof.Must(h.service.Series(h.viewer(), hurt.ID, begin, time.Time{})); !d.Damaged || len(d.Gaps) != 1 || d.Gaps[0].Cause != Unreadable {
		t.Errorf("%+v", d)
	}
}

func TestRestatedHoursAreTold(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.points = make([]Point, 0, 2)
	p, _ := h.machine("restated"), h.machine("other")
	h.at(time.Hour)
	asked := [][2]any{}
	h.service.o.Restated = func(_ context.Context, scope auth.Scope, series uuid.UUID, from, to int64) (map[uuid.UUID]Restatements, error) {
		asked = append(asked, [2]any{series, scope.Org()})
		return map[uuid.UUID]Restatements{p.ID: {Hours: 3, From: from, To: to}, uuid.New(): {Hours: 9}}, nil
	}
	v := proof.Must(h.service.Plant(h.viewer(), Ask{Org: h.sides["a"], From: begin})).view(true)
	d := proof.Must(h.service.Series(h.viewer(), p.ID, begin, time.Time{})).view(0, 10)
	if v.Whole.Restated != 3 || v.Series[0].Restated != 3 || v.Series[1].Restated != 0 || d.Series.Restated != 3 || !d.Series.RestatedFrom.Equal(begin) {
		t.Errorf("%+v %+v", v.Whole, d.Series)
	}
	if want := [][2]any{{uuid.Nil, h.sides["a"]}, {p.ID, h.sides["a"]}}; !slices.Equal(asked, want) {
		t.Errorf("asked %v, want %v", asked, want)
	}
}

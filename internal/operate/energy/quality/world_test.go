package quality

import (
	"context"
	"math"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/calendar"
	"jingwei/internal/telemetry/health"
	"jingwei/internal/telemetry/rollup/kept"
	"jingwei/internal/telemetry/telemetrytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shipped are the packs of the product.
var shipped = os.DirFS("../../../../packs")

const noCommunication telemetry.Status = 0x80310000

// world is an enterprise with meters, on real stores.
type world struct {
	t        testing.TB
	clock    time.Time
	zone     *time.Location
	sides    authtest.Sides
	store    *telemetrytest.Store
	kept     *kept.Service
	facts    *fact.Service
	service  *Service
	producer uuid.UUID
	points   []Point
	horizon  int64
	refuse   map[string]bool // consents that are not given: energy, report
	givers   []Giver
}

// Points implements Plant.
func (w *world) Points(_ context.Context, org uuid.UUID) ([]Point, error) {
	if org != w.sides["a"] {
		return nil, nil
	}
	return w.points, nil
}

// Nodes implements health.Plant.
func (w *world) Nodes(context.Context, auth.Scope) ([]health.Node, error) { return nil, nil }

// EachPoint implements health.Plant.
func (w *world) EachPoint(context.Context, auth.Scope, func(*health.Point) error) error { return nil }

// Point implements health.Plant.
func (w *world) Point(_ context.Context, _ auth.Scope, id uuid.UUID) (health.Point, error) {
	for _, p := range w.points {
		if p.ID == id {
			return health.Point{ID: id, Org: w.sides["a"], Machine: p.Machine, Name: p.Name, From: p.From, To: p.To}, nil
		}
	}
	return health.Point{}, store.ErrNotFound
}

// Energy implements Consent.
func (w *world) Energy(ctx context.Context, org uuid.UUID) (bool, error) {
	if _, err := auth.Allow(ctx, auth.Read, org); err == nil {
		return true, nil
	}
	if w.refuse["energy"] {
		return false, ErrNoConsent
	}
	return false, nil
}

// Report implements Consent.
func (w *world) Report(context.Context, uuid.UUID) error {
	if w.refuse["report"] {
		return ErrNoConsent
	}
	return nil
}

func newWorld(t testing.TB, db *store.DB, zone string, begin time.Time) *world {
	w := &world{t: t, clock: begin, zone: proof.Must(time.LoadLocation(zone)), sides: authtest.Sides{"a": uuid.Must(uuid.NewV7()), "b": uuid.Must(uuid.NewV7())},
		producer: uuid.Must(uuid.NewV7()), refuse: map[string]bool{}}
	now := func() time.Time { w.clock = w.clock.Add(time.Microsecond); return w.clock }
	if err := audit.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	w.store = telemetrytest.Open(t, telemetrytest.Options{FS: fault.NewDisk(7), Dir: "/node", Catalog: &telemetry.MemoryCatalog{}, Now: func() time.Time { return w.clock }})
	plain := proof.Must(calendar.Plain(zone))
	spans := func(_ context.Context, _ uuid.UUID, from, to int64) ([]kept.CalendarSpan, error) {
		return []kept.CalendarSpan{{From: from, To: to, Calendar: plain}}, nil
	}
	w.kept = proof.Must(kept.New(t.Context(), kept.Options{DB: db, Store: w.store.Store, Calendars: spans, Patience: -1, Now: now, Logger: proof.Logger(t)}))
	t.Cleanup(func() { w.store.Watch(nil); w.store.Close() })
	why := proof.Must(health.New(t.Context(), health.Options{DB: db, Store: w.store.Store, Plant: w, Now: now, Logger: proof.Logger(t)}))
	w.facts = proof.Must(fact.New(t.Context(), fact.Options{DB: db, Blobs: proof.Must(blob.Open(file.OS(), t.TempDir()+"/blobs", 1<<20)), Packs: shipped, Now: now}))
	w.service = New(Options{Library: proof.Must(Load(shipped)), Facts: w.facts, Plant: w, Rows: w.kept, Store: w.store.Store, Calendars: spans, Gaps: why, Consent: w,
		Counter: func(context.Context, uuid.UUID) (bool, error) { return true, nil },
		Givers:  func(context.Context, uuid.UUID) ([]Giver, error) { return w.givers, nil },
		Horizon: func(uuid.UUID) int64 { return w.horizon }, Now: now})
	return w
}

func (w *world) as(role auth.Role) context.Context { return w.sides.As(role, "a") }

// at is a time of the plant's clocks, 2026-10-14 22:10.
func (w *world) at(s string) time.Time {
	return proof.Must(time.ParseInLocation("2006-01-02 15:04", s, w.zone))
}

// meter adds a counter of kWh.
func (w *world) meter(name string) uuid.UUID {
	w.t.Helper()
	id := uuid.Must(uuid.NewV7())
	proof.Must(w.store.Declare(w.t.Context(), []telemetry.Declaration{{ID: id, Org: w.sides["a"], Type: telemetry.Float64, Unit: "kW.h", Report: telemetry.Periodic, MaxSilence: 20 * time.Minute}}))
	w.points = append(w.points, Point{ID: id, Machine: uuid.Must(uuid.NewV7()), Name: text.Both(name), On: text.Both("meter"), Unit: "kW.h", From: 0, To: store.Forever})
	proof.Must(w.kept.SetCounter(w.as(auth.Engineer), id, 0, 0, "main meter"))
	return id
}

// reading is a sample of a meter.
type reading struct {
	at     time.Time
	value  float64
	status telemetry.Status
}

// send stores readings of a meter in one batch at a time.
func (w *world) send(id uuid.UUID, when time.Time, list ...reading) {
	w.t.Helper()
	if len(list) == 0 {
		return
	}
	w.clock = when
	ref, _ := w.store.Lookup(id)
	b := &telemetry.Batch{Origin: telemetry.Measured}
	for _, r := range list {
		t := r.at.UnixNano()
		b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, ref), append(b.Time, t), append(b.Gateway, t), append(b.Bits, math.Float64bits(r.value))
		b.Status, b.Flags, b.Revision = append(b.Status, r.status), append(b.Flags, 0), append(b.Revision, 0)
	}
	w.store.Send(w.producer, b)
}

// quarters are readings every 15 minutes in [from, to), 1.25 kWh apart, by what the counter does not count.
func quarters(from, to time.Time, first float64) (out []reading) {
	for t, v := from, first; t.Before(to); t, v = t.Add(15*time.Minute), v+1.25 {
		out = append(out, reading{at: t, value: v})
	}
	return out
}

// daily sends readings by civil days, each day's ten seconds after its last one.
func (w *world) daily(id uuid.UUID, list []reading) {
	w.t.Helper()
	for at := 0; at < len(list); {
		end := at + 1
		for end < len(list) && list[end].at.In(w.zone).Day() == list[at].at.In(w.zone).Day() {
			end++
		}
		w.send(id, list[end-1].at.Add(10*time.Second), list[at:end]...)
		at = end
	}
}

func (w *world) name(series uuid.UUID, from, to string) Named {
	w.t.Helper()
	return proof.Must(w.service.Name(w.as(auth.Engineer), Naming{w.sides["a"], series, from, to}))
}

func (w *world) declare(key, begins, ends, value, unit string) fact.Fact {
	w.t.Helper()
	f, _, err := w.facts.Record(w.as(auth.Engineer), fact.Input{Org: w.sides["a"], Kind: kind, Key: fact.Key{Source: "office", External: key},
		Content: []byte(`{"item":"` + Reported + `","begins":"` + begins + `","ends":"` + ends + `","value":"` + value + `","unit":"` + unit + `"}`)})
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

func (w *world) assess(ctx context.Context, month string) *Assessment {
	w.t.Helper()
	return proof.Must(w.service.Assess(ctx, Ask{Org: w.sides["a"], Month: month, Gaps: true}))
}

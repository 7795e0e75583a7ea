package kept

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/calendar"
	"jingwei/internal/telemetry/rollup"
	"jingwei/internal/telemetry/telemetrytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// begin is a Monday; the tests' samples lie after it.
var begin = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// node is a store with series of organisation a, and the room.
type node struct {
	t        testing.TB
	db       *store.DB
	fs       file.FS
	clock    time.Time
	store    *telemetrytest.Store
	door     *door
	cat      telemetry.MemoryCatalog
	service  *Service
	sides    authtest.Sides
	producer uuid.UUID
	spans    []CalendarSpan // of all series
}

// door is the store with a door that closes for rows of roll-ups after some batches, and counts their rows.
type door struct {
	*telemetry.Store
	after int // batches that still pass; -1: all
	rows  int
	hurt  telemetry.Ref // a series whose block is damaged
}

func (d *door) Scan(ctx context.Context, ref telemetry.Ref, span telemetry.Span, o telemetry.ScanOptions, yield func(*telemetry.Run) bool) error {
	if ref == d.hurt {
		return &telemetry.DamageError{}
	}
	return d.Store.Scan(ctx, ref, span, o, yield)
}

var errShut = errors.New("the disk is full")

func (d *door) Append(ctx context.Context, producer uuid.UUID, epoch, seq uint64, b *telemetry.Batch, done func(telemetry.Receipt, error)) error {
	if producer == Producer {
		if d.after == 0 {
			return errShut
		}
		d.after--
		d.rows += b.Len()
	}
	return d.Store.Append(ctx, producer, epoch, seq, b, done)
}

// works is a calendar of two shifts a day that do not begin on the hour.
func works(zone string) calendar.Calendar {
	return proof.Must(calendar.Parse([]byte(`{"zone":"` + zone + `","dayStart":"07:50","patterns":[{
		"shifts":[{"id":"e","name":{"zh":"早","en":"early"},"start":"07:50","end":"19:50"},{"id":"l","name":{"zh":"晚","en":"late"},"start":"19:50","end":"07:50"}],
		"cycle":{"first":"2020-01-01","days":[[{"shift":"e"},{"shift":"l"}]]}}]}`)))
}

func newNode(t testing.TB, db *store.DB, zone string) *node {
	n := &node{t: t, db: db, fs: fault.NewDisk(7), clock: begin, sides: authtest.Sides{"a": uuid.Must(uuid.NewV7()), "b": uuid.Must(uuid.NewV7())}, producer: uuid.Must(uuid.NewV7())}
	n.spans = []CalendarSpan{{0, telemetry.MaxTime, works(zone)}}
	if err := audit.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	n.open()
	t.Cleanup(func() { n.close() })
	return n
}

func (n *node) now() time.Time { n.clock = n.clock.Add(time.Microsecond); return n.clock }

func (n *node) calendars(_ context.Context, _ uuid.UUID, from, to int64) (out []CalendarSpan, err error) {
	for _, x := range n.spans {
		x.From, x.To = max(x.From, from), min(x.To, to)
		if x.From < x.To {
			out = append(out, x)
		}
	}
	return out, nil
}

func (n *node) open() {
	n.store = telemetrytest.Open(n.t, telemetrytest.Options{FS: n.fs, Dir: "/node", Catalog: &n.cat, Now: func() time.Time { return n.clock }})
	n.door = &door{Store: n.store.Store, after: -1}
	n.service = proof.Must(New(n.t.Context(), Options{DB: n.db, Store: n.door, Calendars: n.calendars, Patience: -1, Now: n.now, Logger: proof.Logger(n.t)}))
}

func (n *node) close() {
	n.store.Watch(nil)
	n.store.Close()
}

// declare declares a series of organisation a.
func (n *node) declare(typ telemetry.Type, silence time.Duration) uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	unit := ""
	if typ == telemetry.Float64 || typ == telemetry.Int64 {
		unit = "kW"
	}
	proof.Must(n.store.Declare(n.t.Context(), []telemetry.Declaration{{ID: id, Org: n.sides["a"], Type: typ, Unit: unit, Report: telemetry.Periodic, MaxSilence: silence}}))
	return id
}

// sample is one that is to be sent.
type sample struct {
	at       int64
	value    float64 // of whatever type
	text     string
	status   telemetry.Status
	flags    telemetry.Flags
	revision uint32
}

// send appends samples of a series in one batch and returns its commit.
func (n *node) send(id uuid.UUID, samples ...sample) uint64 {
	n.t.Helper()
	ref, _ := n.store.Lookup(id)
	series, _ := n.store.Series(ref)
	b := &telemetry.Batch{Origin: telemetry.Measured}
	for _, x := range samples {
		bits := uint64(int64(x.value))
		switch series.Type {
		case telemetry.Float64:
			bits = math.Float64bits(x.value)
		case telemetry.String:
			bits = uint64(len(b.Text))
			b.Text = append(b.Text, x.text)
		}
		b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, ref), append(b.Time, x.at), append(b.Gateway, x.at), append(b.Bits, bits)
		b.Status, b.Flags, b.Revision = append(b.Status, x.status), append(b.Flags, x.flags), append(b.Revision, x.revision)
	}
	receipt := n.store.Send(n.producer, b)
	n.clock = n.clock.Add(time.Microsecond)
	return receipt.Commit
}

func (n *node) round() {
	n.t.Helper()
	if err := n.service.round(n.t.Context()); err != nil {
		n.t.Fatal(err)
	}
}

// until moves the clock and closes what has ended.
func (n *node) until(t time.Time) {
	n.t.Helper()
	n.clock = t
	n.round()
}

func (n *node) read(id uuid.UUID, level rollup.Level, from, to time.Time) []Result {
	n.t.Helper()
	out, err := n.service.Read(n.t.Context(), Question{Series: id, Level: level, Span: telemetry.Span{From: from.UnixNano(), To: to.UnixNano()}})
	if err != nil {
		n.t.Fatal(err)
	}
	return out
}

// scratch computes rows from the samples by the pure part alone, all of them as they stood at a commit.
func (n *node) scratch(id uuid.UUID, level rollup.Level, span telemetry.Span, asOf uint64, now int64) (out []Word) {
	n.t.Helper()
	made := int64(0)
	if asOf != 0 {
		made = now
	}
	x := proof.Must(n.service.subject(id, made))
	page := proof.Must(n.store.Raw(n.t.Context(), x.ref, telemetry.Span{From: 0, To: telemetry.MaxTime}, telemetry.RawOptions{Limit: telemetry.MaxLimit, AsOf: asOf}))
	run := telemetry.Run{Type: x.series.Type, Nulls: true}
	for _, s := range page.Samples {
		run.Time, run.Status, run.Flags, run.Commit = append(run.Time, s.Time), append(run.Status, uint32(s.Status)), append(run.Flags, uint32(s.Flags)), append(run.Commit, int64(s.Commit))
		if x.series.Type == telemetry.String {
			run.Text = append(run.Text, s.Value.Text)
		} else {
			run.Bits = append(run.Bits, s.Value.Bits)
		}
	}
	var minutes []rollup.Row
	var fold rollup.Fold
	first := int64(0)
	if run.Len() > 0 {
		first = run.Time[0]
	}
	if x.d.Counter != nil && len(x.d.Counter.Changes) > 0 {
		first = min(first, x.d.Counter.Changes[0].At)
	}
	first = max(0, min(first-first%rollup.Minute-rollup.Minute, span.From-span.From%rollup.Minute))
	end := span.To + int64(62*24*time.Hour)
	if err := fold.Begin(&x.d, telemetry.Span{From: first, To: end - end%rollup.Minute}, now, rollup.Reading{}, func(r *rollup.Row) { minutes = append(minutes, *r) }); err != nil {
		n.t.Fatal(err)
	}
	fold.Add(&run)
	fold.End()
	c := newCuts(proof.Must(n.calendars(n.t.Context(), id, 0, telemetry.MaxTime)), 0, telemetry.MaxTime)
	for _, b := range c.buckets(level, span) {
		var parts []rollup.Row
		for len(minutes) > 0 && minutes[0].From < b.to {
			if minutes[0].From >= b.from {
				parts = append(parts, minutes[0])
			}
			minutes = minutes[1:]
		}
		if len(parts) > 0 {
			w := x.word(level, b)
			w.Row = proof.Must(rollup.Compose(b.from, b.to, parts))
			out = append(out, w)
		}
	}
	return out
}

// figuresOf are the texts of rows without their inputs.
func figuresOf(rows []Result) (out []string) {
	for i := range rows {
		out = append(out, rows[i].figures())
	}
	return out
}

func wordsOf(words []Word) (out []string) {
	for i := range words {
		out = append(out, words[i].figures())
	}
	return out
}

var levels = []rollup.Level{rollup.LevelMinute, rollup.LevelHour, rollup.LevelShift, rollup.LevelDay, rollup.LevelMonth}

// check holds what is told of a series against what the pure part says.
func (n *node) check(what string, id uuid.UUID, span telemetry.Span, asOf uint64, now int64) {
	n.t.Helper()
	for _, level := range levels {
		part := span
		if level == rollup.LevelMinute {
			part.To = min(part.To, part.From+int64(6*24*time.Hour))
		}
		got, err := n.service.Read(n.t.Context(), Question{Series: id, Level: level, Span: part, AsOf: asOf, Now: now})
		if err != nil {
			n.t.Fatal(err)
		}
		at := now
		if asOf == 0 {
			at = n.clock.UnixNano()
		}
		if asOf == 0 {
			n.rebuilt(what, id, level, part)
		}
		want := n.scratch(id, level, part, asOf, at)
		if g, w := figuresOf(got), wordsOf(want); !slices.Equal(g, w) {
			for i := range max(len(g), len(w)) {
				a, b := "-", "-"
				if i < len(g) {
					a = fmt.Sprint(got[i].Kept, " ", got[i].Revision, " ", g[i])
				}
				if i < len(w) {
					b = w[i]
				}
				if i >= len(g) || i >= len(w) || g[i] != w[i] {
					n.t.Fatalf("%s: %s row %d as of %d:\ngot  %s\nwant %s", what, level, i, asOf, a, b)
				}
			}
		}
	}
}

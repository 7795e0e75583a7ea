package seal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/tuple"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/correction"
	"jingwei/internal/telemetry/telemetrytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const origin = "plant.example/evidence"

// The tests' first day.
var day0 = time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)

// node is a telemetry store and an evidence log with the room between them.
type node struct {
	t           testing.TB
	db          *store.DB
	dir         string
	clock       time.Time
	store       *telemetrytest.Store
	cat         telemetry.MemoryCatalog
	corrections *correction.Service
	log         *evidence.Log
	keys        []evidence.Signer
	cut         *cut
	seal        *Service
	sides       authtest.Sides
	producer    uuid.UUID
	series      []uuid.UUID // a float64, an int64, a bool, a string of a; a float64 of b
	perBatch    int
}

// cut is the evidence log of a node that is killed behind an append, before it is noted.
type cut struct {
	*evidence.Log
	after int // appends that still go well; -1: all
}

var errKilled = errors.New("killed")

func (c *cut) Append(ctx context.Context, entries [][]byte) (uint64, error) {
	first, err := c.Log.Append(ctx, entries)
	if c.after == 0 {
		return 0, errKilled
	}
	c.after--
	return first, err
}

// corrections reads the room of corrections as the node does (cmd/jingwei).
type corrections struct{ room *correction.Service }

func (c corrections) Since(ctx context.Context, seq uint64, limit int) ([]Correction, error) {
	list, err := c.room.AppliedSince(ctx, seq, limit)
	return store.All(list, carriedOut), err
}

func (c corrections) Find(ctx context.Context, id uuid.UUID) (Correction, error) {
	a, err := c.room.FindApplied(ctx, id)
	return carriedOut(&a), err
}

func carriedOut(a *correction.CarriedOut) Correction {
	return Correction{ID: a.ID, Org: a.Org, Series: a.Series, Undoes: a.Undoes, Kind: string(a.Kind), Withdraws: a.Kind == correction.Withdraw, Since: a.Since, Until: a.Until,
		Words: a.Words, By: a.By, At: a.At, Basis: a.Basis, Rows: a.Rows, FirstSeq: a.FirstSeq, LastSeq: a.LastSeq, FirstCommit: a.FirstCommit, LastCommit: a.LastCommit}
}

func newNode(t testing.TB, db *store.DB) *node {
	n := &node{t: t, db: db, dir: t.TempDir(), clock: day0.Add(8 * time.Hour), sides: authtest.Sides{"a": uuid.Must(uuid.NewV7()), "b": uuid.Must(uuid.NewV7())},
		producer: uuid.Must(uuid.NewV7()), perBatch: 2}
	must(t, audit.Migrate(context.Background(), db))
	n.keys = proof.Must(evidence.LoadKeys(file.OS(), n.dir+"/keys", origin))
	n.open()
	t.Cleanup(func() { n.close() })
	for i, typ := range []telemetry.Type{telemetry.Float64, telemetry.Int64, telemetry.Bool, telemetry.String, telemetry.Float64} {
		org := n.sides["a"]
		if i == 4 {
			org = n.sides["b"]
		}
		n.series = append(n.series, uuid.Must(uuid.NewV7()))
		proof.Must(n.store.Declare(context.Background(), []telemetry.Declaration{{ID: n.series[i], Org: org, Type: typ, Report: telemetry.Periodic, MaxSilence: 10 * time.Second}}))
	}
	return n
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (n *node) now() time.Time { return n.clock }

func (n *node) open() {
	n.t.Helper()
	ctx := context.Background()
	n.store = telemetrytest.Open(n.t, telemetrytest.Options{Dir: n.dir, Catalog: &n.cat, Now: n.now})
	n.corrections = proof.Must(correction.New(ctx, correction.Options{DB: n.db, Store: n.store, Now: n.now, Logger: proof.Logger(n.t)}))
	n.log = proof.Must(evidence.Open(evidence.Options{FS: file.OS(), Dir: n.dir + "/evidence", Origin: origin, Keys: n.keys, Now: n.now, CheckpointEvery: -1}))
	n.cut = &cut{n.log, -1}
	n.room()
}

// room begins a life of the room alone.
func (n *node) room() {
	var vkeys []string
	for _, k := range n.keys {
		vkeys = append(vkeys, k.Verifier().String())
	}
	n.seal = proof.Must(New(context.Background(), Options{DB: n.db, Log: n.cut, Store: n.store, Now: n.now, Series: n.perBatch, Keys: vkeys,
		Tiles: TilesOf(file.OS(), n.dir+"/evidence"), Corrections: corrections{n.corrections}, Audits: AuditsOf(n.db), Logger: proof.Logger(n.t)}))
}

func (n *node) close() {
	if err := n.log.Close(); err != nil {
		n.t.Error(err)
	}
	n.store.Close()
}

// send stores values of one series at source times, all of one commit. Series 3 gets texts.
func (n *node) send(series int, at time.Time, values ...float64) telemetry.Receipt {
	n.t.Helper()
	ref, ok := n.store.Lookup(n.series[series])
	if !ok {
		n.t.Fatal("no such series")
	}
	b := &telemetry.Batch{Origin: telemetry.Measured}
	x, _ := n.store.Series(ref)
	for i, v := range values {
		t := at.Add(time.Duration(i) * time.Second).UnixNano()
		bits := math.Float64bits(v)
		switch x.Type {
		case telemetry.Int64:
			bits = uint64(int64(v))
		case telemetry.Bool:
			bits = uint64(v) & 1
		case telemetry.String:
			bits = uint64(i)
			b.Text = append(b.Text, fmt.Sprintf("状态 \"%v\"\n", v))
		}
		b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, ref), append(b.Time, t), append(b.Gateway, t+7), append(b.Bits, bits)
	}
	return n.batch(b)
}

func (n *node) batch(b *telemetry.Batch) telemetry.Receipt {
	n.t.Helper()
	n.clock = n.clock.Add(time.Millisecond)
	return n.store.Send(n.producer, b)
}

// until moves the clock to the beginning of a day and a little further, so that the day before is closed.
func (n *node) until(day int) {
	n.t.Helper()
	n.clock = day0.AddDate(0, 0, day).Add(time.Minute)
	proof.Wait(n.t, "the watermark to follow", func() bool { return n.store.Closed() >= day0.AddDate(0, 0, day).UnixNano() })
}

func (n *node) days() {
	n.t.Helper()
	must(n.t, n.seal.SealDays(context.Background()))
}

func dayN(i int) Day { return DayOf(day0.UnixNano()) + Day(i) }

// leafOf is the digest of a sealed day.
func (n *node) leafOf(series, day int) string {
	n.t.Helper()
	f := n.found(series, day)
	if f.State != Sealed {
		n.t.Fatalf("series %d of day %d is %s (%s)", series, day, f.State, f.Reason)
	}
	return fmt.Sprintf("%x", f.Digest)
}

func (n *node) found(series, day int) Found {
	n.t.Helper()
	return proof.Must(n.seal.Days(context.Background(), n.series[series], dayN(day), dayN(day)+1))[0]
}

// again computes the digest from what the store gives now.
func (n *node) again(series, day int) string {
	n.t.Helper()
	f, row, secret, err := n.seal.sealed(context.Background(), n.series[series], dayN(day))
	must(n.t, err)
	l := proof.Must(newLeaf(row.between(), n.series[series], f.Day, salt(secret, f.Day)))
	must(n.t, n.seal.rows(context.Background(), n.series[series], &row, func(r *telemetry.Run, _ telemetry.Between) error { return l.add(r) }))
	return fmt.Sprintf("%x", proof.Must(l.digest()))
}

// files are the bundle and the rows of a day, as an auditor fetches them.
func (n *node) files(series, day int) (bundle, rows []byte) {
	n.t.Helper()
	b := proof.Must(n.seal.Bundle(context.Background(), n.series[series], dayN(day), 0))
	row, _, err := findDay(context.Background(), n.db, dayN(day))
	must(n.t, err)
	var file bytes.Buffer
	out := newRowsWriter(&file, n.series[series], dayN(day))
	var scratch tuple.Row
	must(n.t, n.seal.rows(context.Background(), n.series[series], &row, func(r *telemetry.Run, w telemetry.Between) error { return rowsOf(r, w, &scratch, out.add) }))
	must(n.t, out.close())
	return proof.Must(b.Encode()), file.Bytes()
}

func (n *node) verifiers() (list []evidence.Verifier) {
	for _, k := range n.keys {
		list = append(list, k.Verifier())
	}
	return list
}

// check does what jingwei verify samples does.
func (n *node) check(bundle, rows []byte) (uint64, error) {
	b, err := ParseBundle(bundle)
	if err != nil {
		return 0, err
	}
	_, e, err := b.Verify(origin, nil, n.verifiers()...)
	if err != nil {
		return 0, err
	}
	return b.CheckRows(bytes.NewReader(rows), &e)
}

// samplesLeaves counts the entries of the log by day and series.
func (n *node) samplesLeaves() map[string]int {
	out := map[string]int{}
	for i := range n.log.Size() {
		e, err := evidence.ParseEnvelope(proof.Must(n.log.Entry(i)))
		must(n.t, err)
		name := e.Kind + " " + e.Subject.String()
		if e.Kind == evidence.KindSamples {
			name += " " + DayOf(e.CommitTime).String()
		} else {
			name += " " + string(e.Public)
		}
		out[name]++
	}
	return out
}

func (n *node) record(e audit.Entry) error {
	return n.db.InTx(context.Background(), func(ctx context.Context, tx bun.Tx) error { return audit.Record(ctx, tx, e) })
}

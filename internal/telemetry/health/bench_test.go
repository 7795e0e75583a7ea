package health

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// BenchmarkPlant counts a day of 500 series that report every 10 s: 4.3 million samples in blocks.
func BenchmarkPlant(b *testing.B) {
	const series, day = 500, 24 * time.Hour
	h := &house{db: storetest.SQLite(b), sides: authtest.Sides{"a": uuid.Must(uuid.NewV7())}, refs: map[uuid.UUID]telemetry.Ref{}}
	h.clock.Store(after(0))
	dir := b.TempDir()
	h.journal = proof.Must(log.Open(log.Options{FS: file.OS(), Dir: dir + "/journal", Now: h.now, Keepers: []string{telemetry.Keeper}}))
	defer h.journal.Close()
	h.store = proof.Must(telemetry.Open(b.Context(), telemetry.Options{FS: file.OS(), Dir: dir + "/telemetry", Log: h.journal, Catalog: &telemetry.MemoryCatalog{}, Now: h.now, NoBackground: true}))
	defer h.store.Close()
	m := Node{ID: uuid.New(), Org: h.sides["a"], Kind: "machine", Name: text.Text{En: "m"}, To: store.Forever}
	h.nodes = []Node{m}
	batch := &telemetry.Batch{Origin: telemetry.Measured}
	for i := range series {
		p := Point{ID: uuid.Must(uuid.NewV7()), Org: m.Org, Machine: m.ID, Key: fmt.Sprint(i), Every: period, To: store.Forever}
		h.points = append(h.points, p)
		ref := proof.Must(h.store.Declare(b.Context(), []telemetry.Declaration{{ID: p.ID, Org: p.Org, Type: telemetry.Float64, Unit: "1", Report: telemetry.Periodic, MaxSilence: silence}}))[0]
		batch.Ref, batch.Time, batch.Gateway, batch.Bits = append(batch.Ref, ref), append(batch.Time, 0), append(batch.Gateway, 0), append(batch.Bits, 0)
	}
	seq := uint64(0)
	for at := time.Duration(0); at < day; at += period {
		h.clock.Store(after(at))
		for i := range batch.Ref {
			batch.Time[i], batch.Gateway[i], batch.Bits[i] = after(at), after(at), uint64(at)*uint64(i+1)>>12
		}
		seq++
		told := make(chan error, 1)
		if err := h.store.Append(b.Context(), m.ID, 1, seq, batch, func(_ telemetry.Receipt, err error) { told <- err }); err != nil {
			b.Fatal(err)
		}
		if err := <-told; err != nil {
			b.Fatal(err)
		}
		if seq%720 == 0 {
			if err := h.store.Flush(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := h.store.Compact(b.Context()); err != nil {
		b.Fatal(err)
	}
	h.clock.Store(after(day))
	s := proof.Must(New(b.Context(), Options{DB: h.db, Store: h.store, Plant: h, Now: h.now}))
	viewer := h.sides.As(auth.Viewer, "a")
	for _, coverage := range []bool{false, true} {
		b.Run(map[bool]string{false: "all", true: "coverage"}[coverage], func(b *testing.B) {
			for b.Loop() {
				h.clock.Add(int64(keptFor))
				if v := proof.Must(s.Plant(viewer, Ask{Org: m.Org, From: begin, To: begin.Add(day), Coverage: coverage})); v.Whole.Counts.Received != series*8640 || v.Whole.Coverage() != 1 {
					b.Fatalf("%+v", v.Whole)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(series*8640), "ns/sample")
		})
	}
}

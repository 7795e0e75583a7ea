package telemetry_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log/jetstream"
	"jingwei/internal/kernel/log/jetstream/natstest"
	"jingwei/internal/telemetry"
)

// TestTelemetryOnTheClustersJournal: the store of samples works on a cluster's journal as on its own disk. A store that ends
// without flushing finds its samples again, a repeated batch is known, and what was flushed is let go in the stream.
func TestTelemetryOnTheClustersJournal(t *testing.T) {
	t.Parallel()
	c, err := natstest.Start(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	o := jetstream.Options{Conn: c.Connect(t, jetstream.ConnectOptions()...), Replicas: 1, Keepers: []string{telemetry.Keeper}, RetainBytes: -1, TrimBytes: 1}
	catalog, dir := &telemetry.MemoryCatalog{}, t.TempDir()
	build := func() (*jetstream.Log, *telemetry.Store) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		l, err := jetstream.Open(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		s, err := telemetry.Open(t.Context(), telemetry.Options{FS: file.OS(), Dir: dir, Log: l, Catalog: catalog, Now: time.Now, NoBackground: true, Raise: func(telemetry.Trouble) {}})
		if err != nil {
			t.Fatal(err)
		}
		return l, s
	}
	l, s := build()
	refs, err := s.Declare(t.Context(), []telemetry.Declaration{{ID: uuid.Must(uuid.NewV7()), Org: uuid.Must(uuid.NewV7()), Type: telemetry.Float64, Unit: "kW",
		Report: telemetry.OnChange, MaxSilence: 10 * time.Second, From: 1}})
	if err != nil {
		t.Fatal(err)
	}
	producer, begin := uuid.Must(uuid.NewV7()), time.Now().Add(-time.Hour).UnixNano()
	add := func(s *telemetry.Store, seq uint64) telemetry.Receipt {
		t.Helper()
		b := &telemetry.Batch{Origin: telemetry.Replayed, Ref: refs, Time: []int64{begin + int64(seq)*1e9}, Gateway: []int64{begin}, Bits: []uint64{math.Float64bits(float64(seq))},
			Status: []telemetry.Status{0}, Flags: []telemetry.Flags{0}}
		type answer struct {
			r   telemetry.Receipt
			err error
		}
		done := make(chan answer, 1)
		if err := s.Append(t.Context(), producer, 1, seq, b, func(r telemetry.Receipt, err error) { done <- answer{r, err} }); err != nil {
			t.Fatal(err)
		}
		a := <-done
		if a.err != nil {
			t.Fatal(a.err)
		}
		return a.r
	}
	values := func(s *telemetry.Store) (n int) {
		t.Helper()
		err := s.Scan(t.Context(), refs[0], telemetry.Span{From: begin, To: begin + 3600e9}, telemetry.ScanOptions{}, func(r *telemetry.Run) bool {
			for _, bits := range r.Bits {
				n++
				if math.Float64frombits(bits) != float64(n) {
					t.Errorf("value %d is %v", n, math.Float64frombits(bits))
				}
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for seq := uint64(1); seq <= 50; seq++ {
		if r := add(s, seq); r.Commit != seq {
			t.Fatalf("batch %d has commit %d", seq, r.Commit)
		}
	}
	if n := values(s); n != 50 {
		t.Errorf("%d values of 50", n)
	}
	// Another owner, on the same files, as when the process has died: nothing was flushed.
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_ = s.Close() // it cannot save anything any more
	l, s = build()
	if n := values(s); n != 50 {
		t.Errorf("%d values of 50 after the restart", n)
	}
	if r := add(s, 50); !r.Duplicate {
		t.Errorf("a repeated batch: %+v", r)
	}
	add(s, 51)
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); l.First() < 50; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("what was flushed is not let go: first %d, last %v", l.First(), l.Last())
		}
	}
	if n := values(s); n != 51 {
		t.Errorf("%d values of 51 after the flush", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

package telemetry_test

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/file/shared"
	"jingwei/internal/kernel/lease"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/log/jetstream"
	"jingwei/internal/kernel/log/jetstream/natstest"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/telemetry"
)

// TestRoomsOnSharedFiles: the store of samples and the evidence log live on the files of a cell. The process ends without
// farewell, another machine with an empty cache takes over, and everything that was acknowledged is there.
func TestRoomsOnSharedFiles(t *testing.T) {
	servers, err := natstest.Start(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer servers.Stop()
	db := storetest.SQLite(t)
	office, err := lease.New(t.Context(), lease.Options{DB: db, Length: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer office.Close()
	journalDir := t.TempDir()
	catalog := &telemetry.MemoryCatalog{}
	now := time.Unix(1795219200, 0) // 2026-11-21 00:00 UTC
	clock := func() time.Time { return now }
	type life struct {
		files *shared.FS
		log   *log.Log
		store *telemetry.Store
		ev    *evidence.Log
		held  *lease.Held
	}
	begin := func() (l life) {
		t.Helper()
		fail := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		var err error
		l.held, err = office.Take(t.Context(), "cell/one")
		fail(err)
		l.files, err = shared.Open(t.Context(), shared.Options{DB: db, Held: l.held, Cell: "one", CacheDir: t.TempDir(), SweepEvery: -1,
			Objects: shared.Objects{Conn: servers.Connect(t, jetstream.ConnectOptions()...), Replicas: 1}})
		fail(err)
		l.log, err = log.Open(log.Options{Dir: journalDir, Keepers: []string{telemetry.Keeper}})
		fail(err)
		l.store, err = telemetry.Open(t.Context(), telemetry.Options{FS: l.files, Dir: "/telemetry", Log: l.log, Catalog: catalog, Now: clock, NoBackground: true,
			Raise: func(x telemetry.Trouble) { t.Error(x) }})
		fail(err)
		keys, err := evidence.LoadKeys(l.files, "/evidence-keys", "example.org/one")
		fail(err)
		l.ev, err = evidence.Open(evidence.Options{FS: l.files, Dir: "/evidence", Origin: "example.org/one", Keys: keys, Now: clock, CheckpointEvery: -1})
		fail(err)
		return l
	}
	// end is the death of a process: what it still tries to write on its way out is refused.
	end := func(l life) {
		t.Helper()
		l.held.Release()
		_, _ = l.store.Close(), l.ev.Close()
		if err := l.log.Close(); err != nil {
			t.Error(err)
		}
		if err := l.files.Close(); err != nil {
			t.Error(err)
		}
	}
	from := now.Add(-time.Hour).UnixNano()
	var refs []telemetry.Ref
	producer := uuid.Must(uuid.NewV7())
	add := func(l life, seq uint64) {
		t.Helper()
		b := &telemetry.Batch{Origin: telemetry.Replayed, Ref: refs, Time: []int64{from + int64(seq)*1e9}, Gateway: []int64{from}, Bits: []uint64{math.Float64bits(float64(seq))},
			Status: []telemetry.Status{0}, Flags: []telemetry.Flags{0}}
		done := make(chan error, 1)
		if err := l.store.Append(t.Context(), producer, 1, seq, b, func(_ telemetry.Receipt, err error) { done <- err }); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	values := func(l life) (n int) {
		t.Helper()
		err := l.store.Scan(t.Context(), refs[0], telemetry.Span{From: from, To: now.UnixNano()}, telemetry.ScanOptions{}, func(r *telemetry.Run) bool {
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
	entry := func(l life, i int) {
		t.Helper()
		if at, err := l.ev.Append(t.Context(), [][]byte{fmt.Appendf(nil, "entry %d", i)}); err != nil || at != uint64(i) {
			t.Fatalf("entry %d is at %d: %v", i, at, err)
		}
	}

	l := begin()
	refs, err = l.store.Declare(t.Context(), []telemetry.Declaration{{ID: uuid.Must(uuid.NewV7()), Org: uuid.Must(uuid.NewV7()), Type: telemetry.Float64, Unit: "kW",
		Report: telemetry.OnChange, MaxSilence: 10 * time.Second, From: 1}})
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= 40; seq++ {
		add(l, seq)
		if seq == 20 || seq == 30 {
			if err := l.store.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 300 {
		entry(l, i)
		if i == 270 {
			if _, err := l.ev.Publish(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	end(l)

	l = begin()
	if n := values(l); n != 40 {
		t.Errorf("%d values of 40", n)
	}
	if n := l.ev.Size(); n != 300 {
		t.Errorf("%d entries of 300", n)
	}
	blocks, err := l.files.ReadDir("/telemetry/blocks")
	if err != nil || len(blocks) != 2 || filepath.Ext(blocks[0].Name()) != ".jwb" {
		t.Errorf("%v, %v", blocks, err)
	}
	add(l, 41)
	entry(l, 300)
	if err := l.store.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	c, err := l.ev.Publish(t.Context())
	if err != nil || c.Size != 301 {
		t.Fatalf("a checkpoint over %d: %v", c.Size, err)
	}
	end(l)

	l = begin()
	if n := values(l); n != 41 {
		t.Errorf("%d values of 41", n)
	}
	if got := l.ev.Checkpoint(); got.Root != c.Root || l.ev.Size() != 301 {
		t.Errorf("%d entries, checkpoint %+v", l.ev.Size(), got)
	}
	end(l)
}

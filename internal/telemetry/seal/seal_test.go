package seal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/evidence"
	osfile "jingwei/internal/kernel/file"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/telemetry"
)

// The leaf of a day is the same whatever the store does with its samples, and what comes later lies in a later leaf.
func TestALeafDoesNotDependOnTheLayout(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		ctx := context.Background()
		for i := range 4 {
			n.send(i, day0.Add(7*time.Hour), 1, 2, 3, 4, 5)
			n.send(i, day0.Add(6*time.Hour), 8, 9)            // out of order
			n.send(i, day0.Add(7*time.Hour+time.Second), 70)  // a rival
			n.send(i, day0.Add(7*time.Hour), 1)               // the same again: it is the first one
			n.send(i, day0.Add(-40*24*time.Hour), 11, 12, 13) // late by weeks
			n.send(i, day0.Add(20*time.Hour), 14)             // flagged as dated ahead
		}
		n.send(4, day0.Add(7*time.Hour), 1)
		must(t, n.store.Flush(ctx))
		for i := range 4 {
			n.send(i, day0.Add(7*time.Hour+2*time.Second), 71, 4, 72)
			n.send(i, day0.Add(-40*24*time.Hour+time.Second), 12, 99)
		}
		n.until(1)
		n.days()
		want := make([]string, 4)
		rows := make([][]byte, 4)
		for i := range want {
			want[i] = n.leafOf(i, 0)
			_, rows[i] = n.files(i, 0)
			// Of the bools, of which many are the same, there are fewer.
			if got := bytes.Count(rows[i], []byte("\n")) - 2; i != 2 && got != 5+2+1+3+1+2+1 {
				t.Errorf("series %d has %d rows:\n%s", i, got, rows[i])
			}
		}
		same := func(when string) {
			t.Helper()
			for i := range want {
				if got := n.again(i, 0); got != want[i] {
					_, now := n.files(i, 0)
					t.Fatalf("%s: the leaf of series %d has changed; before:\n%s\nnow:\n%s", when, i, rows[i], now)
				}
			}
		}
		same("at once")
		must(t, n.store.Flush(ctx))
		same("after a flush")
		must(t, n.store.Compact(ctx))
		same("after compaction")
		n.close()
		n.open()
		same("after a restart")
		for i := range want { // the next day: duplicates, rivals and corrections of what is sealed
			n.send(i, day0.Add(7*time.Hour), 1, 2, 3, 44)
			n.send(i, day0.Add(-40*24*time.Hour), 11, 50)
		}
		n.clock = n.clock.Add(time.Hour)
		proof.Wait(t, "the watermark to follow", func() bool { return n.store.Closed() >= n.clock.UnixNano()-int64(time.Minute) })
		_, err := n.corrections.Make(n.sides.As("engineer", "a"), n.series[0], withdraw(day0.Add(7*time.Hour), day0.Add(8*time.Hour)), 0)
		must(t, err)
		same("after late data")
		must(t, n.store.Flush(ctx))
		same("after late data was flushed")
		must(t, n.store.Compact(ctx))
		must(t, n.store.Compact(ctx))
		same("after late data was merged")
		n.until(2)
		n.days()
		for i, late := range []int{2 + 5, 2, 0, 2} { // the new ones of 4 and 2; 5 withdrawn
			if i == 2 { // bools, of which all were there before
				if f := n.found(i, 1); f.State != Empty {
					t.Errorf("series %d came again only, yet it is %s", i, f.State)
				}
				continue
			}
			_, rows := n.files(i, 1)
			if got := bytes.Count(rows, []byte("\n")) - 2; got != late {
				t.Errorf("day 1 of series %d has %d rows, want %d:\n%s", i, got, late, rows)
			}
		}
		if f := n.found(4, 1); f.State != Empty {
			t.Errorf("nothing came for series 4, yet it is %s", f.State)
		}
		for series := range 4 {
			for day := range 2 {
				if series == 2 && day == 1 {
					continue
				}
				bundle, rows := n.files(series, day)
				if _, err := n.check(bundle, rows); err != nil {
					t.Errorf("series %d day %d: %v", series, day, err)
				}
			}
		}
	})
}

// Whatever falls where, no leaf is appended twice and none is missing.
func TestACrashNeverDoubles(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		for day := range 3 {
			for i := range 5 {
				n.send(i, n.clock, 1, 2, 3)
			}
			n.until(day + 1)
		}
		must(t, n.record(entryFor(n, "a")))
		for life := range 40 { // each life appends a little and is killed before it notes it
			n.cut.after = life % 2
			n.room()
			err := errors.Join(n.seal.SealDays(context.Background()), n.seal.SealRecords(context.Background()))
			if err == nil {
				if life < 4 {
					t.Fatalf("life %d was not cut", life)
				}
				break
			}
			if !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			if life == 3 { // the whole process, too
				n.close()
				n.open()
			}
		}
		n.cut.after = -1
		n.room()
		n.days()
		must(t, n.seal.SealRecords(context.Background()))
		leaves := n.samplesLeaves()
		if len(leaves) != 3*5+1 {
			t.Errorf("%d leaves: %v", len(leaves), leaves)
		}
		for name, count := range leaves {
			if count != 1 {
				t.Errorf("%s stands %d times in the log", name, count)
			}
		}
		for day := range 3 {
			for i := range 5 {
				if n.leafOf(i, day) != n.again(i, day) {
					t.Errorf("series %d, day %d: not its leaf", i, day)
				}
			}
			row, ok, err := findDay(context.Background(), db, dayN(day))
			if err != nil || !ok || row.Sealed == 0 || row.Leaves != 5 {
				t.Errorf("day %d: %+v %v", day, row, err)
			}
			if root := proof.Must(n.log.Root(uint64(row.Size))); root.String() != row.Root {
				t.Errorf("day %d: root %s, noted %s", day, root, row.Root)
			}
		}
	})
}

// Days without anything are noted, days are caught up, and a log that lost entries is not written to.
func TestDaysWithoutSamplesAreNoted(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	n.until(1)
	n.days()
	if _, ok, _ := lastDay(context.Background(), n.db); ok {
		t.Error("a store without a commit has sealed days")
	}
	n.send(0, n.clock, 1)
	n.until(5)
	n.send(0, n.clock, 2)
	n.days()
	for day, want := range []int64{1: 1, 0, 0, 0} {
		row, ok, err := findDay(context.Background(), n.db, dayN(day))
		if err != nil || ok != (day > 0) || ok && (row.Leaves != want || row.Sealed == 0) {
			t.Errorf("day %d: %v %+v %v", day, ok, row, err)
		}
	}
	for day, want := range []State{Before, Sealed, Empty, Empty, Empty, Open, Open} {
		if got := n.found(0, day).State; got != want {
			t.Errorf("day %d is %s, want %s", day, got, want)
		}
	}
	if until := proof.Must(n.seal.SealedUntil(context.Background())); until != dayN(5).Begin() {
		t.Errorf("sealed until %s", time.Unix(0, until).UTC())
	}
	_, err := n.db.Exec("DELETE FROM seal_key") // the records of an older backup
	must(t, err)
	if _, err := n.seal.Bundle(context.Background(), n.series[0], dayN(1), 0); !errors.Is(err, ErrLost) {
		t.Errorf("without its secret: %v", err)
	}
	must(t, n.db.RunInTx(context.Background(), nil, setLog("99")))
	n.room()
	if err := n.seal.SealDays(context.Background()); !errors.Is(err, ErrShorter) {
		t.Errorf("a log that lost entries: %v", err)
	}
}

// One changed byte in a file that an auditor holds is named.
func TestEveryChangedByteIsNamed(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	for i := range 4 {
		n.send(i, day0.Add(7*time.Hour), 1.5, -2, 3e20, 4)
		n.send(i, day0.Add(7*time.Hour), 2.25)
	}
	n.until(1)
	n.days()
	for series := range 4 {
		bundle, rows := n.files(series, 0)
		if count, err := n.check(bundle, rows); err != nil || count < 4 {
			t.Fatalf("%d rows: %v", count, err)
		}
		kinds := map[string]int{}
		for i := range rows {
			changed := bytes.Clone(rows)
			changed[i] ^= 1
			_, err := n.check(bundle, changed)
			var row *RowError
			var digest *DigestError
			switch {
			case errors.As(err, &row):
				kinds["row"]++
				if line := 1 + bytes.Count(rows[:i], []byte("\n")); row.Line != line && row.Line != line+1 {
					t.Errorf("byte %d in line %d: %v", i, line, err)
				}
			case errors.As(err, &digest):
				kinds["digest"]++
				if !strings.Contains(err.Error(), n.series[series].String()) || !strings.Contains(err.Error(), "2026-05-04") {
					t.Errorf("byte %d: neither series nor day in %v", i, err)
				}
			default:
				t.Fatalf("series %d, byte %d (%q): %v", series, i, rows[max(0, i-10):min(len(rows), i+10)], err)
			}
		}
		if kinds["row"] == 0 || kinds["digest"] == 0 {
			t.Error(kinds)
		}
		for i := 0; i < len(bundle); i++ {
			changed := bytes.Clone(bundle)
			changed[i] ^= 1
			if _, err := n.check(changed, rows); err == nil && !harmless(bundle, changed) {
				t.Errorf("byte %d of the bundle can be changed: %s", i, changed[max(0, i-30):min(len(changed), i+30)])
			}
		}
		for what, other := range map[string][]byte{"without a row": cutLine(rows, 1), "twice": twice(rows, 2), "cut": rows[:len(rows)-1], "longer": append(bytes.Clone(rows), '\n'), "nothing": nil} {
			var row *RowError
			if _, err := n.check(bundle, other); !errors.As(err, &row) {
				t.Errorf("%s: %v", what, err)
			}
		}
		swapped := bytes.Split(rows, []byte("\n"))
		swapped[1], swapped[2] = swapped[2], swapped[1]
		var row *RowError
		if _, err := n.check(bundle, bytes.Join(swapped, []byte("\n"))); !errors.As(err, &row) || row.Line != 3 {
			t.Errorf("two rows in the wrong order: %v", err)
		}
	}
	other, _ := n.files(0, 0)
	_, rows := n.files(1, 0)
	if _, err := n.check(other, rows); err == nil {
		t.Error("the rows of another series fit")
	}
}

// One changed byte in a leaf or a tile is named by the log's own check, with file and place.
func TestAChangedLeafOrTileIsNamed(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	for i := range 5 {
		n.send(i, n.clock, 1)
	}
	n.until(1)
	n.days()
	proof.Must(n.log.Publish(context.Background()))
	for _, name := range []string{"tile/entries/000.p/5", "tile/0/000.p/5"} {
		file := filepath.Join(n.dir, "evidence", name)
		whole := proof.Must(os.ReadFile(file))
		for _, at := range []int{0, len(whole) / 2, len(whole) - 1} {
			changed := bytes.Clone(whole)
			changed[at] ^= 0x10
			must(t, os.WriteFile(file, changed, 0o644))
			report := proof.Must(evidence.Verify(context.Background(), evidence.VerifyOptions{FS: osfile.OS(), Dir: n.dir + "/evidence", Origin: origin, Keys: n.verifiers()}))
			if len(report.Problems) == 0 || report.Problems[0].File != name {
				t.Errorf("byte %d of %s: %v", at, name, report.Problems)
			}
		}
		must(t, os.WriteFile(file, whole, 0o644))
	}
}

// What the node holds is compared with what was sealed: a sample changed behind the store's back shows.
func TestAChangedStoreShows(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	n.send(0, day0.Add(7*time.Hour), 1, 2, 3)
	n.until(1)
	n.days()
	f, row, secret, err := n.seal.sealed(context.Background(), n.series[0], dayN(0))
	must(t, err)
	if ok, err := n.seal.matches(context.Background(), n.series[0], &f, &row, secret); err != nil || !ok {
		t.Fatal(ok, err)
	}
	n.seal.o.Store = forger{n.store.Store}
	if ok, err := n.seal.matches(context.Background(), n.series[0], &f, &row, secret); err != nil || ok {
		t.Errorf("a changed sample fits: %v %v", ok, err)
	}
	bundle, rows := n.files(0, 0)
	var digest *DigestError
	if _, err := n.check(bundle, rows); !errors.As(err, &digest) || digest.Series != n.series[0] {
		t.Errorf("a changed sample is proved: %v", err)
	}
	if _, _, err := n.seal.Hand(context.Background(), n.series[0], dayN(0), always, 1<<20); !errors.As(err, &digest) || digest.Series != n.series[0] {
		t.Errorf("a changed sample is handed over: %v", err)
	}
}

// forger is a store in which somebody has changed a value.
type forger struct{ *telemetry.Store }

func (f forger) ReadCommitted(ctx context.Context, w telemetry.Between, refs []telemetry.Ref, yield func(telemetry.Ref, *telemetry.Run) bool, done func(telemetry.Ref, error) error) error {
	return f.Store.ReadCommitted(ctx, w, refs, func(ref telemetry.Ref, r *telemetry.Run) bool {
		changed := *r
		changed.Bits = append([]uint64{}, r.Bits...)
		changed.Bits[1] ^= 1
		return yield(ref, &changed)
	}, done)
}

// failing is a store that cannot read some series.
type failing struct {
	*telemetry.Store
	bad map[telemetry.Ref]bool
}

func (f failing) ReadCommitted(ctx context.Context, w telemetry.Between, refs []telemetry.Ref, yield func(telemetry.Ref, *telemetry.Run) bool, done func(telemetry.Ref, error) error) error {
	return f.Store.ReadCommitted(ctx, w, refs, yield, func(ref telemetry.Ref, err error) error {
		if f.bad[ref] {
			err = fmt.Errorf("block 17 is damaged")
		}
		return done(ref, err)
	})
}

// What was told of in a life that ended is taken back by the next one, and what stays damaged is not in the way of what does
// not, however much of it there is.
func TestWhatWasSkippedIsTriedByTheNextLife(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	for i := range 5 {
		n.send(i, n.clock, 1, 2)
	}
	var told []bool
	raise := func(x telemetry.Trouble) { told = append(told, x.Active) }
	n.seal.o.Raise = raise
	bad, _ := n.store.Lookup(n.series[3])
	n.seal.o.Store = failing{n.store.Store, map[telemetry.Ref]bool{bad: true}}
	n.until(1)
	n.days()
	var lost []skipRow // of series that are not here
	for i := range skipsAtOnce + 20 {
		lost = append(lost, skipRow{Day: int64(dayN(0)), Series: uuid.UUID{14: byte(i >> 8), 15: byte(i)}, Reason: "block 17 is damaged"})
	}
	must(t, n.db.InTx(t.Context(), func(ctx context.Context, tx bun.Tx) error { return insertSkips(ctx, tx, lost) }))
	n.room()
	n.seal.o.Raise = raise
	n.days()
	if n.leafOf(3, 0) != n.again(3, 0) {
		t.Error("not its leaf")
	}
	if !slices.Equal(told, []bool{true, true}) {
		t.Errorf("told %v", told)
	}
	_, err := n.db.NewDelete().Model((*skipRow)(nil)).Where("reason <> ''").Exec(t.Context())
	must(t, err)
	n.room()
	n.seal.o.Raise = raise
	n.days()
	n.days()
	if !slices.Equal(told, []bool{true, true, false}) {
		t.Errorf("after a restart nothing is skipped; told %v", told)
	}
}

// A series that cannot be read holds up nothing, is told of, and is sealed when it can be read again.
func TestADamagedSeriesIsSealedLater(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	for i := range 5 {
		n.send(i, n.clock, 1, 2)
	}
	var told []telemetry.Trouble
	n.seal.o.Raise = func(x telemetry.Trouble) { told = append(told, x) }
	bad, _ := n.store.Lookup(n.series[3])
	n.seal.o.Store = failing{n.store.Store, map[telemetry.Ref]bool{bad: true}}
	n.until(1)
	n.days()
	if f := n.found(3, 0); f.State != Skipped || !strings.Contains(f.Reason, "block 17") {
		t.Errorf("%+v", f)
	}
	if len(told) != 1 || !told[0].Active || !strings.Contains(told[0].Err.Error(), n.series[3].String()) {
		t.Errorf("%+v", told)
	}
	n.leafOf(2, 0)
	n.leafOf(4, 0)
	for i, want := range map[int]error{3: ErrUnsealed, 4: nil} {
		if err := n.seal.Release(context.Background(), n.series[i], n.sides["a"], 0, day0.Add(time.Hour).UnixNano()); !errors.Is(err, want) {
			t.Errorf("retention asks for series %d: %v", i, err)
		}
	}
	n.seal.o.Store = n.store
	n.clock = n.clock.Add(2 * time.Hour)
	n.days()
	if n.leafOf(3, 0) != n.again(3, 0) {
		t.Error("not its leaf")
	}
	if len(told) != 2 || told[1].Active {
		t.Errorf("%+v", told)
	}
	for name, count := range n.samplesLeaves() {
		if count != 1 {
			t.Errorf("%s stands %d times in the log", name, count)
		}
	}
}

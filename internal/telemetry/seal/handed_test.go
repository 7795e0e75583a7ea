package seal

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/tuple"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/telemetry"
)

// always is all source times.
var always = telemetry.Span{From: 0, To: telemetry.MaxTime}

// hand gives the rows of a day to an auditor, who verifies them.
func (n *node) hand(series int, d Day, span telemetry.Span) (rows []tuple.Row, kind string) {
	n.t.Helper()
	columns, b, err := n.seal.Hand(context.Background(), n.series[series], d, span, 1<<20)
	must(n.t, err)
	x := proof.Must(ParseBundle(proof.Must(b.Encode())))
	_, e, err := x.Verify(origin, nil, n.verifiers()...)
	must(n.t, err)
	count, err := x.CheckColumns(columns, &e, func(r *tuple.Row) error { rows = append(rows, *r); return nil })
	if err != nil || int(count) != len(rows) {
		n.t.Fatalf("%d of %d rows: %v", count, len(rows), err)
	}
	return rows, e.Kind
}

func (n *node) closed() {
	n.t.Helper()
	n.clock = n.clock.Add(time.Minute)
	proof.Wait(n.t, "the watermark to follow", func() bool { return n.store.Closed() >= n.clock.Add(-30*time.Second).UnixNano() })
}

// A year that was imported today is sealed today, up to a commit; what comes after it gets a leaf of its own when it matters, and the
// day's own leaf follows.
func TestADayThatRunsIsSealedAsItStands(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		ctx := context.Background()
		past := telemetry.Span{From: day0.AddDate(0, -6, 0).UnixNano(), To: day0.AddDate(0, -5, 0).UnixNano()}
		n.send(0, time.Unix(0, past.From), 1, 2, 3)
		n.send(0, day0.AddDate(0, -2, 0), 7)
		n.closed()
		if days := proof.Must(n.seal.Holding(ctx, n.series[0], past)); !slices.Equal(days, []Day{dayN(0)}) {
			t.Fatalf("they were committed on %v", days)
		}
		if days := proof.Must(n.seal.Holding(ctx, n.series[1], past)); len(days) != 0 {
			t.Errorf("nothing was committed on %v", days)
		}
		rows, kind := n.hand(0, dayN(0), past)
		if kind != evidence.KindRunning || len(rows) != 4 {
			t.Fatalf("%s: %+v", kind, rows)
		}
		size := n.log.Size()
		n.send(0, day0.Add(7*time.Hour), 9) // of another time
		n.closed()
		if again, _ := n.hand(0, dayN(0), past); len(again) != 4 || n.log.Size() != size {
			t.Errorf("%d rows; the log grew from %d to %d for nothing", len(again), size, n.log.Size())
		}
		n.send(0, time.Unix(0, past.From).Add(time.Hour), 4)
		n.closed()
		n.room() // another life finds it again
		if more, _ := n.hand(0, dayN(0), past); len(more) != 6 || n.log.Size() != size+1 {
			t.Errorf("%d rows in %d entries", len(more), n.log.Size())
		}
		n.until(1)
		n.days()
		if rows, kind = n.hand(0, dayN(0), past); kind != evidence.KindSamples || len(rows) != 6 {
			t.Errorf("%s: %+v", kind, rows)
		}
		if days := proof.Must(n.seal.Holding(ctx, n.series[0], past)); !slices.Equal(days, []Day{dayN(0)}) {
			t.Errorf("they were committed on %v", days)
		}
		var refused *problem.Error
		if _, _, err := n.seal.Hand(ctx, n.series[0], dayN(1), past, 1<<20); !errors.As(err, &refused) || refused.Kind() != ErrOpen {
			t.Errorf("a day on which nothing came yet: %v", err)
		}
		if _, _, err := n.seal.Hand(ctx, n.series[0], dayN(0), past, 10); !errors.Is(err, ErrLarge) {
			t.Errorf("more than are taken: %v", err)
		}
	})
}

// A life that ends between the log and its table finds the leaf again, and makes no second one.
func TestALeafOfARunningDayIsFoundAfterACrash(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	n.send(0, day0.Add(time.Hour), 1, 2)
	n.closed()
	n.cut.after = 0
	if _, _, err := n.seal.Hand(context.Background(), n.series[0], dayN(0), always, 1<<20); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	n.cut.after = -1
	n.room()
	must(t, n.seal.SealRecords(context.Background()))
	size := n.log.Size()
	if rows, _ := n.hand(0, dayN(0), always); len(rows) != 2 || n.log.Size() != size {
		t.Errorf("%d rows, %d entries after %d", len(rows), n.log.Size(), size)
	}
}

func TestADayIsNotSealedWithoutEnd(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	for i := range runningMost + 1 {
		n.send(0, day0.Add(time.Duration(i)*time.Second), float64(i))
		n.closed()
		_, _, err := n.seal.Hand(context.Background(), n.series[0], dayN(0), always, 1<<20)
		var refused *problem.Error
		if often := errors.As(err, &refused) && refused.Kind() == ErrOften; often != (i == runningMost) || !often && err != nil {
			t.Fatalf("leaf %d: %v", i, err)
		}
	}
}

// One byte of one sample, a sample that is missing, one that was added, the rows of another series or day: each is named.
func TestChangedColumnsAreNamed(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	n.send(0, day0.Add(time.Hour), 1, 2, 3)
	n.send(4, day0.Add(time.Hour), 1, 2, 3)
	n.closed()
	for _, sealed := range []bool{false, true} {
		if sealed {
			n.until(1)
			n.days()
		}
		columns, b, err := n.seal.Hand(context.Background(), n.series[0], dayN(0), always, 1<<20)
		must(t, err)
		_, e, err := b.Verify(origin, nil, n.verifiers()...)
		must(t, err)
		var rows []tuple.Row
		head := proof.Must(tuple.ReadColumns(columns, func(r *tuple.Row) error { rows = append(rows, *r); return nil }))
		check := func(h tuple.Header, rows []tuple.Row) error {
			c := tuple.NewColumns(h)
			for i := range rows {
				must(t, c.Add(&rows[i]))
			}
			_, err := b.CheckColumns(c.Bytes(), &e, func(*tuple.Row) error { return nil })
			return err
		}
		if err := check(head, rows); err != nil {
			t.Fatal(err)
		}
		var differs *DigestError
		for name, change := range map[string]func(r []tuple.Row) []tuple.Row{
			"a bit":     func(r []tuple.Row) []tuple.Row { r[1].Bits ^= 1; return r },
			"a value":   func(r []tuple.Row) []tuple.Row { r[1].Bits = math.Float64bits(1e9); return r },
			"a status":  func(r []tuple.Row) []tuple.Row { r[0].Status = 1; return r },
			"a time":    func(r []tuple.Row) []tuple.Row { r[2].Time++; return r },
			"left out":  func(r []tuple.Row) []tuple.Row { return append(r[:1:1], r[2:]...) },
			"added":     func(r []tuple.Row) []tuple.Row { return append(r, r[2]) },
			"of others": func(r []tuple.Row) []tuple.Row { r[0].Gateway += 7; return r },
		} {
			if err := check(head, change(slices.Clone(rows))); !errors.As(err, &differs) || differs.Series != n.series[0] {
				t.Errorf("%s: %v", name, err)
			}
		}
		other := head
		other.Series = n.series[4]
		if err := check(other, rows); err == nil {
			t.Error("the rows of another series are taken")
		}
		late := slices.Clone(rows)
		late[2].Commit = 1 << 40
		if err := check(head, late); err == nil {
			t.Error("a commit of another day is taken")
		}
	}
}

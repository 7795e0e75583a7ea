package rollup

import (
	"fmt"
	"slices"
	"testing"
)

func words1(r *Row) []uint64 { return AppendRow(nil, r) }

func sameRow(a, b *Row) bool { return slices.Equal(words1(a), words1(b)) }

func TestMinutesAreThoseOfTheModel(t *testing.T) {
	var f Fold
	var seen struct{ rows, uncertain, others, more, resets, rolls, exchanges, unread int }
	for _, kind := range kinds {
		for seed := range uint64(100) {
			x := newTrial(seed, kind)
			rows, err := x.fold(&f, seed)
			if err != nil {
				t.Fatal(err)
			}
			m := newModel(x)
			i := 0
			for at := x.span.From; at < x.span.To; at += Minute {
				want, says := m.row(at, at+Minute)
				has := i < len(rows) && rows[i].From == at
				if has != says {
					t.Fatalf("%s %d: minute %d has a row: %v, want %v (%+v)", kind, seed, (at-x.span.From)/Minute, has, says, want)
				}
				if !has {
					continue
				}
				r := &rows[i]
				i++
				if !sameRow(r, &want) {
					t.Fatalf("%s %d: minute %d is\n%+v, want\n%+v", kind, seed, (at-x.span.From)/Minute, *r, want)
				}
				seen.rows++
				seen.uncertain += int(r.Uncertain)
				seen.others += int(r.OthersCount)
				seen.more += len(r.Sum.More)
				seen.resets += int(r.Resets)
				seen.rolls += int(r.RollOvers)
				seen.exchanges += int(r.Exchanges)
				seen.unread += int(r.Flags & Unread)
			}
			if i != len(rows) {
				t.Fatalf("%s %d: %d rows too many", kind, seed, len(rows)-i)
			}
			again, err := x.fold(&f, seed+1000)
			if err != nil || !slices.EqualFunc(rows, again, func(a, b Row) bool { return sameRow(&a, &b) }) {
				t.Fatalf("%s %d: cut otherwise, the samples give other rows (%v)", kind, seed, err)
			}
		}
	}
	t.Logf("%+v", seen)
	if seen.uncertain == 0 || seen.others == 0 || seen.more == 0 || seen.resets == 0 || seen.rolls == 0 || seen.exchanges == 0 || seen.unread == 0 {
		t.Errorf("the trials do not meet every case: %+v", seen)
	}
}

func TestHoursAreThoseOfTheModelInAnyGrouping(t *testing.T) {
	var f Fold
	var c Composer
	for _, kind := range kinds {
		for seed := range uint64(60) {
			x := newTrial(seed, kind)
			rows, err := x.fold(&f, seed)
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) == 0 {
				continue
			}
			m := newModel(x)
			want, _ := m.row(x.span.From, x.span.To)
			whole, err := c.Compose(x.span.From, x.span.To, rows)
			if err != nil {
				t.Fatal(err)
			}
			if !sameRow(&whole, &want) {
				t.Fatalf("%s %d: of all minutes\n%+v, want\n%+v", kind, seed, whole, want)
			}
			for _, width := range []int64{2, 7, 15, 60} {
				var parts []Row
				for at := x.span.From; at < x.span.To; at += width * Minute {
					end := min(at+width*Minute, x.span.To)
					in := between(rows, at, end)
					if len(in) == 0 {
						continue
					}
					p, err := c.Compose(at, end, in)
					if err != nil {
						t.Fatal(err)
					}
					parts = append(parts, p)
				}
				got, err := c.Compose(x.span.From, x.span.To, parts)
				if err != nil || !sameRow(&got, &want) {
					t.Fatalf("%s %d: by %d minutes\n%+v, want\n%+v (%v)", kind, seed, width, got, want, err)
				}
			}
		}
	}
}

func between(rows []Row, from, to int64) []Row {
	var in []Row
	for _, r := range rows {
		if r.From >= from && r.To <= to {
			in = append(in, r)
		}
	}
	return in
}

func TestASpanCutInTwoGivesTheSameRows(t *testing.T) {
	var f Fold
	for _, kind := range kinds {
		for seed := range uint64(40) {
			x := newTrial(seed, kind)
			want, err := x.fold(&f, seed)
			if err != nil {
				t.Fatal(err)
			}
			middle := x.span.From + (x.span.To-x.span.From)/2/Minute*Minute
			var got []Row
			a, b := *x, *x
			a.span.To, b.span.From = middle, middle
			for _, part := range []*trial{&a, &b} {
				if part.span.From == part.span.To {
					continue
				}
				rows, err := part.fold(&f, 3)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, rows...)
			}
			if !slices.EqualFunc(got, want, func(a, b Row) bool { return sameRow(&a, &b) }) {
				t.Fatalf("%s %d: in two parts the span has other rows: %s", kind, seed, firstOther(got, want))
			}
		}
	}
}

// firstOther shows the first row that differs.
func firstOther(got, want []Row) string {
	for i := range min(len(got), len(want)) {
		if !sameRow(&got[i], &want[i]) {
			return fmt.Sprintf("row %d is\n%+v, want\n%+v", i, got[i], want[i])
		}
	}
	return fmt.Sprintf("%d rows, want %d", len(got), len(want))
}

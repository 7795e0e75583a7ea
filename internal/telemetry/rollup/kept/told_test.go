package kept

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/telemetry"
)

// Of what times rows were made is told once, in order, also by a process that comes later, and never before the rows are there. What fell
// off is said to have.
func TestWhatRowsAreAboutIsTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db, "UTC")
		id := n.declare(telemetry.Float64, 10*time.Minute)
		n.clock = begin
		n.round()
		from := n.service.Newest()
		n.every(id, begin, begin.Add(10*time.Hour), 5*time.Minute, func(int) float64 { return 1 })
		n.until(begin.Add(12 * time.Hour))
		told := func(cursor uint64) (list []Told, next uint64) {
			list, next, err := n.service.ToldAfter(t.Context(), cursor, 1000)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range list {
				if x.Org != n.sides["a"] || x.Span.From >= x.Span.To {
					t.Errorf("%+v", x)
				}
			}
			return list, next
		}
		first, next := told(from)
		if len(first) == 0 || first[0].Span.From > begin.UnixNano() || first[len(first)-1].Span.To < begin.Add(10*time.Hour).UnixNano() {
			t.Fatalf("%+v", first)
		}
		if again, same := told(next); len(again) != 0 || same != next {
			t.Errorf("told twice: %+v", again)
		}
		n.send(id, sample{at: begin.Add(4*time.Hour).UnixNano() + 1, value: 9})
		n.door.after = 0
		if err := n.service.round(t.Context()); err == nil {
			t.Fatal("the door was shut, and nobody says so")
		}
		if list, _ := told(next); len(list) != 0 {
			t.Errorf("told before it is so: %+v", list)
		}
		n.close()
		n.open()
		n.round()
		n.round()
		late, newest := told(next)
		if len(late) == 0 || late[0].Span.From > begin.Add(4*time.Hour).UnixNano() || late[0].Span.To < begin.Add(5*time.Hour).UnixNano() {
			t.Errorf("%+v", late)
		}
		if err := db.InTx(t.Context(), func(ctx context.Context, tx bun.Tx) error { return boundTold(ctx, tx, 1) }); err != nil {
			t.Fatal(err)
		}
		if left := proof.Must(db.NewSelect().Model((*toldRow)(nil)).Count(t.Context())); left != 1 {
			t.Errorf("%d are left of one", left)
		}
		for _, cursor := range []uint64{1, from, n.service.Newest() + 1} {
			if _, _, err := n.service.ToldAfter(t.Context(), cursor, 10); !errors.Is(err, ErrHorizon) {
				t.Errorf("behind %d: %v", cursor, err)
			}
		}
		if list, _ := told(newest); len(list) != 0 {
			t.Errorf("%+v", list)
		}
	})
}

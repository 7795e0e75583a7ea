package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestAnIDThatNeedNotBeThereComesBack(t *testing.T) {
	for _, want := range []uuid.UUID{id(7), uuid.Nil} {
		if got := store.ID(store.Word(want)); got != want {
			t.Errorf("%s came back as %s", want, got)
		}
	}
	if w := store.Word(uuid.Nil); w != "" {
		t.Errorf("no id is %q", w)
	}
}

func TestEachGoesToTheEndOfTheList(t *testing.T) {
	pages := map[string][]int{"": {1, 2}, "a": {}, "b": {3}}
	next := map[string]string{"": "a", "a": "b"}
	list := func(p store.Page) ([]int, string, error) { return pages[p.After], next[p.After], nil }
	var got []int
	if err := store.Each(list, func(n int) error { got = append(got, n); return nil }); err != nil || !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("%v, %v", got, err)
	}
	enough := errors.New("enough")
	if err := store.Each(list, func(int) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("it goes on after %v: %v", enough, err)
	}
}

type span struct {
	bun.BaseModel `bun:"table:span"`

	Thing string `bun:"thing,pk"`
	Since int64  `bun:"since,pk"`
	Until int64
}

func TestASpanThatWouldBeginLaterIsTakenOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		if _, err := db.ExecContext(ctx, "CREATE TABLE span (thing TEXT NOT NULL, since BIGINT NOT NULL, until BIGINT NOT NULL, PRIMARY KEY (thing, since))"); err != nil {
			t.Fatal(err)
		}
		rows := []span{{Thing: "a", Since: 1, Until: 5}, {Thing: "a", Since: 5, Until: 10}, {Thing: "a", Since: 10, Until: store.Forever}, {Thing: "b", Since: 2, Until: store.Forever}}
		if _, err := db.NewInsert().Model(&rows).Exec(ctx); err != nil {
			t.Fatal(err)
		}
		if err := db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			return store.EndSpans(ctx, tx, (*span)(nil), 7, "thing = ?", "a")
		}); err != nil {
			t.Fatal(err)
		}
		var left []span
		if err := db.NewSelect().Model(&left).OrderExpr("thing, since").Scan(ctx); err != nil {
			t.Fatal(err)
		}
		if want := []span{{Thing: "a", Since: 1, Until: 5}, {Thing: "a", Since: 5, Until: 7}, {Thing: "b", Since: 2, Until: store.Forever}}; !slices.Equal(left, want) {
			t.Errorf("%v", left)
		}
	})
}

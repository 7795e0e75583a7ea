package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

type thing struct {
	bun.BaseModel `bun:"table:thing"`

	ID    uuid.UUID `bun:"id,pk"`
	Org   uuid.UUID
	Time  int64
	Name  text.Text
	Ratio float64
	On    bool `bun:"on_"`
	Raw   []byte
	Owner uuid.NullUUID
}

func dir(name string) fs.FS { return os.DirFS("testdata/" + name) }

func migrated(t *testing.T, db *store.DB) {
	t.Helper()
	if err := store.Migrate(context.Background(), db, "thing", dir("v1")); err != nil {
		t.Fatal(err)
	}
}

func id(n byte) uuid.UUID { return uuid.UUID{6: 0x70, 8: 0x80, 15: n} }

func TestEveryTypeOfTheSubsetComesBackAsItWent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		migrated(t, db)
		ctx := context.Background()
		in := []thing{
			{ID: id(1), Org: id(9), Time: store.Forever, Name: text.Text{Zh: "铣床 'x' ?", En: `mill "1" \ ?`}, Ratio: 0.1, On: true, Raw: []byte{0, 1, 0xff, '\''}},
			{ID: id(2), Org: id(9), Time: 0, Name: text.Text{En: "b"}, Ratio: math.MaxFloat64, Owner: uuid.NullUUID{UUID: id(1), Valid: true}},
		}
		if err := db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewInsert().Model(&in).Exec(ctx)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		var out []thing
		if err := db.NewSelect().Model(&out).Where("org = ?", id(9)).OrderExpr("id").Scan(ctx); err != nil {
			t.Fatal(err)
		}
		if len(out) != 2 {
			t.Fatalf("got %d rows, want 2", len(out))
		}
		for i := range in {
			if !bytes.Equal(in[i].Raw, out[i].Raw) || (in[i].Raw == nil) != (out[i].Raw == nil) {
				t.Errorf("row %d: bytes %x, want %x", i, out[i].Raw, in[i].Raw)
			}
			in[i].Raw, out[i].Raw = nil, nil
			if fmt.Sprint(in[i]) != fmt.Sprint(out[i]) {
				t.Errorf("row %d: got %v, want %v", i, out[i], in[i])
			}
		}
	})
}

func TestConstraintErrorsNameTheirColumns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		migrated(t, db)
		ctx := context.Background()
		put := func(v thing) error {
			return db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
				_, err := tx.NewInsert().Model(&v).Exec(ctx)
				return err
			})
		}
		first := thing{ID: id(1), Org: id(9), Name: text.Text{En: "a"}}
		if err := put(first); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name    string
			row     thing
			kind    error
			columns []string
		}{
			{"same key", thing{ID: id(1), Org: id(8), Name: text.Text{En: "b"}}, store.ErrConflict, []string{"id"}},
			{"same name", thing{ID: id(2), Org: id(9), Name: text.Text{En: "a"}}, store.ErrConflict, []string{"org", "name"}},
			{"no such owner", thing{ID: id(3), Org: id(9), Owner: uuid.NullUUID{UUID: id(7), Valid: true}}, store.ErrReference, nil},
			{"check", thing{ID: id(4), Org: id(9), Time: -1}, store.ErrInvalid, nil},
		} {
			err := put(c.row)
			var broken *store.ConstraintError
			if !errors.Is(err, c.kind) || !errors.As(err, &broken) {
				t.Errorf("%s: got %v, want %v", c.name, err, c.kind)
				continue
			}
			if !slices.Equal(broken.Columns, c.columns) {
				t.Errorf("%s: columns %q, want %q", c.name, broken.Columns, c.columns)
			}
			if c.kind == store.ErrConflict && broken.Table != "thing" {
				t.Errorf("%s: table %q, want thing", c.name, broken.Table)
			}
		}
		var none thing
		if err := store.Err(db.NewSelect().Model(&none).Where("id = ?", id(5)).Scan(ctx)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("absent row: got %v, want ErrNotFound", err)
		}
	})
}

func TestConcurrentReadModifyWriteLosesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		migrated(t, db)
		ctx := context.Background()
		if _, err := db.NewInsert().Model(&thing{ID: id(1), Org: id(9)}).Exec(ctx); err != nil {
			t.Fatal(err)
		}
		const workers, rounds = 6, 20
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range rounds {
					err := db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
						var v thing
						if err := tx.NewSelect().Model(&v).Where("id = ?", id(1)).Scan(ctx); err != nil {
							return err
						}
						v.Time++
						_, err := tx.NewUpdate().Model(&v).Column("time").WherePK().Exec(ctx)
						return err
					})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		var n int64
		if err := db.NewSelect().Model((*thing)(nil)).Column("time").Where("id = ?", id(1)).Scan(ctx, &n); err != nil {
			t.Fatal(err)
		}
		if n != workers*rounds {
			t.Errorf("counted %d, want %d", n, workers*rounds)
		}
	})
}

func TestTransactionRollsBackOnErrorAndPanicAndJoinsWhenNested(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		migrated(t, db)
		ctx := context.Background()
		insert := func(ctx context.Context, n byte) error {
			return db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
				_, err := tx.NewInsert().Model(&thing{ID: id(n), Org: id(9), Name: text.Text{En: fmt.Sprint(n)}}).Exec(ctx)
				return err
			})
		}
		stop := errors.New("stop")
		if err := db.InTx(ctx, func(ctx context.Context, _ bun.Tx) error {
			if err := insert(ctx, 1); err != nil {
				return err
			}
			return stop
		}); !errors.Is(err, stop) {
			t.Errorf("got %v, want the function's own error", err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = db.InTx(ctx, func(ctx context.Context, _ bun.Tx) error {
				if err := insert(ctx, 2); err != nil {
					return err
				}
				panic("x")
			})
		}()
		if err := db.InTx(ctx, func(ctx context.Context, _ bun.Tx) error { return errors.Join(insert(ctx, 3), insert(ctx, 4)) }); err != nil {
			t.Error(err)
		}
		var ids []string
		if err := db.NewSelect().Model((*thing)(nil)).Column("id").OrderExpr("id").Scan(ctx, &ids); err != nil {
			t.Fatal(err)
		}
		if want := []string{id(3).String(), id(4).String()}; !slices.Equal(ids, want) {
			t.Errorf("kept %v, want %v", ids, want)
		}
	})
}

func TestViewSeesOneStateAndCannotWrite(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		migrated(t, db)
		ctx := context.Background()
		err := db.View(ctx, func(ctx context.Context, tx bun.Tx) error {
			before, err := tx.NewSelect().Model((*thing)(nil)).Count(ctx)
			if err != nil {
				return err
			}
			if _, err := db.NewInsert().Model(&thing{ID: id(1), Org: id(9)}).Exec(ctx); err != nil {
				return err
			}
			after, err := tx.NewSelect().Model((*thing)(nil)).Count(ctx)
			if before != 0 || after != 0 {
				t.Errorf("the view saw %d then %d rows, want 0 and 0", before, after)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestMigrationsRunOnceAndRefuseANewerSchema(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		var wg sync.WaitGroup
		for range 4 { // several starters at once
			wg.Go(func() {
				if err := store.Migrate(ctx, db, "thing", dir("v2")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		err := store.Migrate(ctx, db, "thing", dir("v1"))
		var newer *store.NewerSchemaError
		if !errors.As(err, &newer) || *newer != (store.NewerSchemaError{Room: "thing", Has: 2, Knows: 1}) {
			t.Errorf("older program: got %v", err)
		}
		if err := store.Migrate(ctx, db, "Thing;", dir("v1")); err == nil || !strings.Contains(err.Error(), "Thing;") {
			t.Errorf("bad room name: got %v", err)
		}
	})
}

func TestPagesMeetWithoutGapOrRepeatWhileRowsComeAndGo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		migrated(t, db)
		ctx := context.Background()
		var rows []thing
		for i := range byte(25) {
			rows = append(rows, thing{ID: id(i), Org: id(99), Time: int64(i / 3), Name: text.Text{En: fmt.Sprint(i)}})
		}
		if _, err := db.NewInsert().Model(&rows).Exec(ctx); err != nil {
			t.Fatal(err)
		}
		for _, down := range []bool{false, true} {
			order := store.Keyset{Columns: []string{"time", "id"}, Descending: down}
			var got []byte
			page := store.Page{Limit: 7}
			for n := 0; ; n++ {
				var found []thing
				q, err := order.Apply(db.NewSelect().Model(&found), page)
				if err != nil {
					t.Fatal(err)
				}
				if err := q.Scan(ctx); err != nil {
					t.Fatal(err)
				}
				items, next := store.Cut(order, found, page, func(v *thing) []any { return []any{v.Time, v.ID.String()} })
				for _, v := range items {
					got = append(got, v.ID[15])
				}
				if next == "" {
					break
				}
				page.After = next
				if n == 0 && !down { // a row that was given already goes away
					if _, err := db.NewDelete().Model((*thing)(nil)).Where("id = ?", id(0)).Exec(ctx); err != nil {
						t.Fatal(err)
					}
				}
			}
			var want []byte
			for i := range byte(25) {
				want = append(want, i)
			}
			if down {
				want = want[1:]
				slices.Reverse(want)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("descending %v: got %v, want %v", down, got, want)
			}
		}
		other := store.Keyset{Columns: []string{"id"}}
		mine := store.Keyset{Columns: []string{"time", "id"}}
		_, foreign := store.Cut(mine, rows, store.Page{Limit: 1}, func(v *thing) []any { return []any{v.Time, v.ID.String()} })
		for _, bad := range []string{foreign, "!", "AA", strings.Repeat("A", 5000)} {
			if _, err := other.Apply(db.NewSelect().Model((*thing)(nil)), store.Page{After: bad}); !errors.Is(err, store.ErrCursor) {
				t.Errorf("cursor %.20q: got %v, want ErrCursor", bad, err)
			}
		}
	})
}

package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// only is a scope of one organisation.
type only uuid.UUID

func (o only) Where(q *bun.SelectQuery, column string) *bun.SelectQuery {
	return q.Where("? = ?", bun.Ident(column), uuid.UUID(o))
}

var (
	steel = uuid.MustParse("0190a0b0-0000-7000-8000-000000000001")
	mills = uuid.MustParse("0190a0b0-0000-7000-8000-000000000002")
	start = time.Date(2026, 11, 21, 8, 0, 0, 123, time.UTC)
)

func entry(org uuid.UUID, minute int) audit.Entry {
	return audit.Entry{
		Time: start.Add(time.Duration(minute) * time.Minute), Org: org,
		Actor: audit.Actor{Kind: "person", ID: fmt.Sprint("p", minute%2), Name: "李 'Li'"}, Via: "session", Verb: "plant.node.move",
		Object: audit.Object{Kind: "plant.node", ID: fmt.Sprint("m", minute%3), Name: "铣床"},
		Before: json.RawMessage(`{"parent": "a"}`), After: audit.State(map[string]int{"n": minute}),
		Reason: "layout", Remote: "10.0.0.1:5", Trace: "t",
	}
}

func record(db *store.DB, entries ...audit.Entry) error {
	ctx := context.Background()
	return db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for _, e := range entries {
			if err := audit.Record(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestEntriesComeBackFilteredByScopeAndPaged(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		if err := audit.Migrate(ctx, db); err != nil {
			t.Fatal(err)
		}
		var all []audit.Entry
		for i := range 12 {
			all = append(all, entry(steel, i))
		}
		if err := record(db, append(all, entry(mills, 5))...); err != nil {
			t.Fatal(err)
		}
		minutes := func(f audit.Filter) (out []int) {
			t.Helper()
			page := store.Page{Limit: 5}
			for {
				items, next, err := audit.List(ctx, db, only(steel), f, page)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range items {
					if e.Org != steel {
						t.Errorf("another organisation's entry: %v", e)
					}
					out = append(out, int(e.Time.Sub(start)/time.Minute))
				}
				if page.After = next; next == "" {
					return out
				}
			}
		}
		for _, c := range []struct {
			name string
			f    audit.Filter
			want []int
		}{
			{"all", audit.Filter{}, []int{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}},
			{"actor", audit.Filter{Actor: "p1"}, []int{11, 9, 7, 5, 3, 1}},
			{"object", audit.Filter{Object: "m0"}, []int{9, 6, 3, 0}},
			{"half-open span", audit.Filter{From: start.Add(2 * time.Minute), To: start.Add(4 * time.Minute)}, []int{3, 2}},
			{"another's", audit.Filter{Org: mills}, nil},
			{"verb", audit.Filter{Verb: "plant.node.retire"}, nil},
		} {
			if got := minutes(c.f); !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", c.name, got, c.want)
			}
		}
		items, _, err := audit.List(ctx, db, only(mills), audit.Filter{}, store.Page{})
		if err != nil || len(items) != 1 {
			t.Fatalf("got %v, %v", items, err)
		}
		got, want := items[0], entry(mills, 5)
		want.ID = got.ID
		if a, b := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); a != b || got.ID.Version() != 7 {
			t.Errorf("got %s\nwant %s", a, b)
		}
	})
}

func TestAnActIsUndoneWithItsEntry(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		if err := audit.Migrate(ctx, db); err != nil {
			t.Fatal(err)
		}
		stop := errors.New("stop")
		err := db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			return errors.Join(audit.Record(ctx, tx, entry(steel, 0)), stop)
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if items, _, err := audit.List(ctx, db, only(steel), audit.Filter{}, store.Page{}); err != nil || len(items) != 0 {
			t.Errorf("got %v, %v", items, err)
		}
	})
}

func TestAnEntryThatCannotBeReadLaterIsRefused(t *testing.T) {
	db := storetest.SQLite(t)
	if err := audit.Migrate(context.Background(), db); err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string]func(*audit.Entry){
		"time is missing":       func(e *audit.Entry) { e.Time = time.Time{} },
		"actor or via":          func(e *audit.Entry) { e.Via = "" },
		"want room.thing.act":   func(e *audit.Entry) { e.Verb = "move" },
		"object is missing":     func(e *audit.Entry) { e.Object = audit.Object{} },
		"before is not JSON":    func(e *audit.Entry) { e.Before = json.RawMessage("{") },
		"at most 262144 bytes":  func(e *audit.Entry) { e.After = audit.State(strings.Repeat("x", 300_000)) },
		"more than 2000 charac": func(e *audit.Entry) { e.Reason = strings.Repeat("经", 2001) },
	} {
		e := entry(steel, 0)
		change(&e)
		if err := record(db, e); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}

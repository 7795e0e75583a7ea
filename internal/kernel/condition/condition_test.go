package condition_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	steel = uuid.MustParse("0190a0b0-0000-7000-8000-000000000001")
	mills = uuid.MustParse("0190a0b0-0000-7000-8000-000000000002")
)

type only uuid.UUID

func (o only) Includes(org uuid.UUID) bool { return org == uuid.UUID(o) }

// The node's journal fits.
var _ = func(p *log.Partition) condition.Events { return condition.Partition(p) }

// journal is a partition that keeps its records in memory.
type journal struct {
	mu      sync.Mutex
	records []condition.Event
	refuse  error
}

type commit struct{ Number uint64 }

func (j *journal) Append(_ context.Context, record []byte, done func(commit, error)) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.refuse != nil {
		return j.refuse
	}
	var e condition.Event
	if err := json.Unmarshal(record, &e); err != nil {
		return err
	}
	j.records = append(j.records, e)
	done(commit{uint64(len(j.records))}, nil)
	return nil
}

func (j *journal) tale() (out []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.records {
		out = append(out, fmt.Sprint(e.Change, " ", e.Condition.Subject, " ", e.Condition.Severity, " ", e.Condition.Count))
	}
	return out
}

// board starts a board and returns it with what ends it and waits until everything is written.
func board(t *testing.T, db *store.DB, j *journal, max int) (*condition.Board, func()) {
	t.Helper()
	clock := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	b, err := condition.New(context.Background(), condition.Options{
		DB: db, Events: condition.Partition(j), Retry: time.Millisecond, Max: max,
		Now: func() time.Time { mu.Lock(); defer mu.Unlock(); clock = clock.Add(time.Second); return clock },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	return b, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func link(org uuid.UUID, subject string, s condition.Severity) condition.Condition {
	return condition.Condition{Org: org, Kind: "link.down", Subject: subject, Severity: s, Text: text.Text{Zh: "链路断开", En: "Link is down"}, Attr: map[string]string{"endpoint": "10.0.0.9:502"}}
}

func subjects(list []condition.Condition) (out []string) {
	for _, c := range list {
		out = append(out, c.Subject)
	}
	return out
}

func TestConditionsStandUntilClearedAlsoAcrossARestart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		var j journal
		b, end := board(t, db, &j, 0)
		for range 3 {
			b.Raise(ctx, link(steel, "a", condition.Warning))
		}
		b.Raise(ctx, link(steel, "b", condition.Error))
		b.Raise(ctx, link(mills, "c", condition.Error))
		b.Raise(ctx, condition.Condition{Kind: "journal.full", Severity: condition.Critical, Text: text.Text{En: "full"}})
		b.Raise(ctx, link(steel, "a", condition.Error)) // graver now
		b.Clear(ctx, "link.down", "b")
		b.Clear(ctx, "link.down", "never raised")
		seen := b.Version()
		end()

		b, end = board(t, db, &j, 0)
		list := b.List(only(steel), false)
		if got := subjects(list); !slices.Equal(got, []string{"a"}) {
			t.Fatalf("after the restart: %v", got)
		}
		a := list[0]
		if a.Severity != condition.Error || a.Count != 4 || a.Text.Zh != "链路断开" || a.Attr["endpoint"] != "10.0.0.9:502" || a.Raised.Year() != 2026 || !a.Last.After(a.Raised) || a.ID.Version() != 7 {
			t.Errorf("got %+v", a)
		}
		if got := subjects(b.List(only(mills), true)); !slices.Equal(got, []string{"", "c"}) {
			t.Errorf("gravest first, with the node's own: %q", got)
		}
		if seen != 6 {
			t.Errorf("the board changed %d times, want 6", seen)
		}
		b.ClearKind(ctx, "link.down")
		end()
		b, end = board(t, db, &j, 0)
		defer end()
		if got := b.List(only(steel), true); len(got) != 1 || got[0].Kind != "journal.full" {
			t.Errorf("after clearing the kind: %v", got)
		}
		tale := j.tale()
		if want := []string{"raised a warning 1", "raised b error 1", "raised c error 1", "raised  critical 1", "changed a error 4", "cleared b error 1"}; !slices.Equal(tale[:6], want) {
			t.Errorf("the journal tells %q, want %q", tale, want)
		}
	})
}

func TestTheBoardWorksWhileDiskAndJournalRefuse(t *testing.T) {
	db := storetest.SQLite(t)
	j := journal{refuse: errors.New("journal closed")}
	b, end := board(t, db, &j, 0)
	if _, err := db.Exec("ALTER TABLE condition_current RENAME TO away"); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	b.Raise(ctx, link(steel, "a", condition.Critical))
	if got := subjects(b.List(only(steel), false)); !slices.Equal(got, []string{"a"}) {
		t.Errorf("the board shows %v", got)
	}
	if _, err := db.Exec("ALTER TABLE away RENAME TO condition_current"); err != nil {
		t.Fatal(err)
	}
	end() // the writer tries again until it succeeds
	b, end = board(t, db, &j, 0)
	defer end()
	if got := subjects(b.List(only(steel), false)); !slices.Equal(got, []string{"a"}) {
		t.Errorf("after the disk came back: %v", got)
	}
}

func TestAFloodIsBoundedAndCounted(t *testing.T) {
	var j journal
	b, end := board(t, storetest.SQLite(t), &j, 1_000)
	ctx := context.Background()
	for i := range 1_050 {
		b.Raise(ctx, link(steel, fmt.Sprint(i), condition.Warning))
	}
	list := b.List(only(steel), true)
	if len(list) != 1_001 || list[0].Kind != "conditions.overflow" {
		t.Errorf("%d conditions, first %s", len(list), list[0].Kind)
	}
	for i := range 600 {
		b.Clear(ctx, "link.down", fmt.Sprint(i))
	}
	if list := b.List(only(steel), true); list[0].Kind != "link.down" || len(list) != 400 {
		t.Errorf("after the flood: %d conditions, first %s", len(list), list[0].Kind)
	}
	if r, c := b.Counts("link.down"); r != 1_050 || c != 600 {
		t.Errorf("counted %d and %d", r, c)
	}
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(b)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "jingwei_conditions" {
			continue
		}
		for _, m := range f.Metric {
			if want := map[string]float64{"warning": 400}[m.Label[0].GetValue()]; m.Gauge.GetValue() != want {
				t.Errorf("%s: %v, want %v", m.Label[0].GetValue(), m.Gauge.GetValue(), want)
			}
		}
	}
	end()
}

func BenchmarkRaiseAgain(b *testing.B) {
	board, err := condition.New(context.Background(), condition.Options{DB: storetest.SQLite(b), Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	c := link(steel, "a", condition.Warning)
	for b.Loop() {
		board.Raise(context.Background(), c)
	}
}

package job_test

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

	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var steel, mills = uuid.MustParse("0190a0b0-0000-7000-8000-000000000001"), uuid.MustParse("0190a0b0-0000-7000-8000-000000000002")

type only uuid.UUID

func (o only) Where(q *bun.SelectQuery, column string) *bun.SelectQuery {
	return q.Where("? = ?", bun.Ident(column), uuid.UUID(o))
}

var ctx = context.Background()

func start(t *testing.T, db *store.DB, handlers map[string]job.Handler) *job.Runner {
	t.Helper()
	r, err := job.New(ctx, job.Options{DB: db, Handlers: handlers, Attempts: 3, Poll: 20 * time.Millisecond, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return r
}

func stop(t *testing.T, r *job.Runner) {
	t.Helper()
	if err := r.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func submit(t *testing.T, r *job.Runner, kind string, input any) uuid.UUID {
	t.Helper()
	j, err := r.Submit(ctx, job.Request{Org: steel, Kind: kind, Actor: "li", Input: input})
	if err != nil {
		t.Fatal(err)
	}
	return j.ID
}

// ended waits until a job has ended.
func ended(t *testing.T, r *job.Runner, id uuid.UUID) job.Job {
	t.Helper()
	for {
		j, err := r.Get(ctx, only(steel), id)
		if err != nil {
			t.Fatal(err)
		}
		if j.Status.Ended() {
			return j
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func TestJobsRunToTheirEndOrFailWithTheirReason(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := start(t, db, map[string]job.Handler{
			"sum": func(ctx context.Context, run *job.Run) (any, error) {
				var in []int
				if err := run.Decode(&in); err != nil {
					return nil, err
				}
				sum := 0
				for i, v := range in {
					sum += v
					if err := run.Save(ctx, sum, int64(i+1), int64(len(in))); err != nil {
						return nil, err
					}
				}
				return map[string]int{"sum": sum}, nil
			},
			"fail":  func(context.Context, *job.Run) (any, error) { return nil, errors.New("no paper") },
			"panic": func(context.Context, *job.Run) (any, error) { panic("oops") },
		})
		defer stop(t, r)
		var ids []uuid.UUID
		for range 5 {
			ids = append(ids, submit(t, r, "sum", []int{1, 2, 3}))
		}
		for _, id := range ids {
			j := ended(t, r, id)
			if j.Status != job.Done || string(j.Output) != `{"sum":6}` || j.Done != 3 || j.Total != 3 || j.Attempts != 1 || j.Started == nil || j.Finished == nil || j.Actor != "li" {
				t.Errorf("got %+v", j)
			}
		}
		if j := ended(t, r, submit(t, r, "fail", nil)); j.Status != job.Failed || j.Error != "no paper" {
			t.Errorf("got %+v", j)
		}
		if j := ended(t, r, submit(t, r, "panic", nil)); j.Status != job.Failed || j.Error != "internal error: oops" {
			t.Errorf("got %+v", j)
		}
		if j := ended(t, r, submit(t, r, "sum", "words")); j.Status != job.Failed || !strings.Contains(j.Error, "read the input of a sum job") {
			t.Errorf("got %+v", j)
		}
		if _, err := r.Submit(ctx, job.Request{Kind: "bake"}); !errors.Is(err, job.ErrUnknownKind) {
			t.Errorf("got %v", err)
		}
		if _, err := r.Get(ctx, only(mills), ids[0]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another organisation's job: got %v", err)
		}
		items, next, err := r.List(ctx, only(steel), store.Page{Limit: 6})
		if err != nil || len(items) != 6 || next == "" {
			t.Errorf("got %d items, %q, %v", len(items), next, err)
		}
		if items, next, err = r.List(ctx, only(steel), store.Page{Limit: 6, After: next}); err != nil || len(items) != 2 || next != "" || items[1].ID != ids[0] {
			t.Errorf("got %v, %q, %v", items, next, err)
		}
	})
}

// steps saves after each step and pauses at one; gone is closed when it is there.
func steps(pause int, gone chan<- struct{}, seen *[]int) job.Handler {
	return func(ctx context.Context, run *job.Run) (any, error) {
		at := 0
		if _, err := run.State(&at); err != nil {
			return nil, err
		}
		for ; at < 10; at++ {
			if at == pause {
				close(gone)
				<-ctx.Done()
				return nil, ctx.Err()
			}
			*seen = append(*seen, at)
			if err := run.Save(ctx, at+1, int64(at+1), 10); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
}

func TestAJobGoesOnWhereItWasAfterTheProcessEnded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var seen []int
		gone := make(chan struct{})
		r := start(t, db, map[string]job.Handler{"steps": steps(4, gone, &seen)})
		id := submit(t, r, "steps", nil)
		<-gone
		stop(t, r)
		if j, err := r.Get(ctx, only(steel), id); err != nil || j.Status != job.Queued || j.Done != 4 || j.Attempts != 0 {
			t.Errorf("between: %+v, %v", j, err)
		}
		// What a crash leaves is a row that says running.
		if _, err := db.Exec("UPDATE job SET status = 'running', attempts = 2"); err != nil {
			t.Fatal(err)
		}
		r = start(t, db, map[string]job.Handler{"steps": steps(-1, nil, &seen)})
		defer stop(t, r)
		if j := ended(t, r, id); j.Status != job.Done || j.Attempts != 3 {
			t.Errorf("got %+v", j)
		}
		if want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(seen, want) {
			t.Errorf("steps %v, want each once", seen)
		}
	})
}

func TestAJobThatKeepsEndingTheProcessFails(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r, err := job.New(ctx, job.Options{DB: db, Handlers: map[string]job.Handler{"bad": nil, "x": func(context.Context, *job.Run) (any, error) { return nil, nil }}, Attempts: 3, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		j, err := r.Submit(ctx, job.Request{Org: steel, Kind: "x"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("UPDATE job SET status = 'running', attempts = 3"); err != nil {
			t.Fatal(err)
		}
		if err := r.Start(ctx); err != nil {
			t.Fatal(err)
		}
		defer stop(t, r)
		if j := ended(t, r, j.ID); j.Status != job.Failed || j.Error != "was interrupted 3 times" {
			t.Errorf("got %+v", j)
		}
	})
}

func TestJobsAreCancelledWaitingAndRunning(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		begun := make(chan string, 4)
		r := start(t, db, map[string]job.Handler{"wait": func(ctx context.Context, run *job.Run) (any, error) {
			var name string
			_ = json.Unmarshal(run.Input, &name)
			begun <- name
			<-ctx.Done()
			return nil, fmt.Errorf("stopped: %w", context.Cause(ctx))
		}})
		defer stop(t, r)
		a, b := submit(t, r, "wait", "a"), submit(t, r, "wait", "b") // two workers
		<-begun
		<-begun
		c := submit(t, r, "wait", "c")
		if err := r.Cancel(ctx, only(mills), a); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("by a stranger: got %v", err)
		}
		for _, id := range []uuid.UUID{c, a, b} {
			if err := r.Cancel(ctx, only(steel), id); err != nil {
				t.Fatal(err)
			}
			if j := ended(t, r, id); j.Status != job.Cancelled || j.Error != "" || j.Finished == nil {
				t.Errorf("got %+v", j)
			}
		}
		if err := r.Cancel(ctx, only(steel), a); !errors.Is(err, job.ErrEnded) {
			t.Errorf("twice: got %v", err)
		}
		select {
		case name := <-begun:
			t.Errorf("%s ran although it was cancelled", name)
		default:
		}
	})
}

func TestAJobSubmittedInATransactionThatFailsIsNotThere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := start(t, db, map[string]job.Handler{"x": func(context.Context, *job.Run) (any, error) { return nil, nil }})
		defer stop(t, r)
		stopped := errors.New("stop")
		err := db.InTx(ctx, func(ctx context.Context, _ bun.Tx) error {
			_, err := r.Submit(ctx, job.Request{Org: steel, Kind: "x"})
			return errors.Join(err, stopped)
		})
		if !errors.Is(err, stopped) {
			t.Fatal(err)
		}
		if items, _, err := r.List(ctx, only(steel), store.Page{}); err != nil || len(items) != 0 {
			t.Errorf("got %v, %v", items, err)
		}
	})
}

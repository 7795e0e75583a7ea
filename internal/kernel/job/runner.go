package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

// Options build a Runner.
type Options struct {
	DB       *store.DB
	Node     string // this node's name for its own jobs; default "node"
	Handlers map[string]Handler
	Workers  int           // jobs at once; default 2
	Attempts int           // how often a job that ends with the process is begun again; default 5
	Poll     time.Duration // how often to look for jobs that nobody announced; default 5 s
	Now      func() time.Time
	Logger   *slog.Logger
}

// Runner runs jobs. It is a module.Module.
type Runner struct {
	o     Options
	wake  chan struct{}
	stop  context.CancelCauseFunc
	ended sync.WaitGroup

	mu      sync.Mutex
	running map[uuid.UUID]context.CancelCauseFunc
}

// New makes the table. Handlers are complete from the start, so that a job found after a restart has its handler.
func New(ctx context.Context, o Options) (*Runner, error) {
	if o.Node == "" {
		o.Node = "node"
	}
	if o.Workers <= 0 {
		o.Workers = 2
	}
	if o.Attempts <= 0 {
		o.Attempts = 5
	}
	if o.Poll <= 0 {
		o.Poll = 5 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := migrate(ctx, o.DB); err != nil {
		return nil, err
	}
	return &Runner{o: o, wake: make(chan struct{}, 1), running: map[uuid.UUID]context.CancelCauseFunc{}}, nil
}

// Name is the room's name.
func (r *Runner) Name() string { return "job" }

// Start takes up what an earlier process left running, and begins to work.
func (r *Runner) Start(ctx context.Context) error {
	if err := r.recover(ctx); err != nil {
		return fmt.Errorf("take up interrupted jobs: %w", err)
	}
	running, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	r.stop = cancel
	for range r.o.Workers {
		r.ended.Go(func() { r.work(running) })
	}
	return nil
}

// Stop tells the handlers to end and waits for them; their jobs go on at the next start.
func (r *Runner) Stop(ctx context.Context) error {
	r.stop(ErrStopping)
	done := make(chan struct{})
	go func() { r.ended.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("jobs still run: %w", ctx.Err())
	}
}

// Submit queues a job, in the caller's transaction where ctx carries one. Error: ErrUnknownKind.
func (r *Runner) Submit(ctx context.Context, q Request) (Job, error) {
	if r.o.Handlers[q.Kind] == nil {
		return Job{}, fmt.Errorf("submit a job of kind %q: %w", q.Kind, ErrUnknownKind)
	}
	input, err := json.Marshal(q.Input)
	if err != nil {
		return Job{}, fmt.Errorf("submit a job of kind %q: encode its input: %w", q.Kind, err)
	}
	v := row{
		ID: uuid.Must(uuid.NewV7()), Org: q.Org, Node: r.o.Node, Kind: q.Kind, Actor: q.Actor,
		Input: string(input), Status: Queued, Created: r.o.Now().UnixNano(),
	}
	err = r.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&v).Exec(ctx)
		return err
	})
	if err != nil {
		return Job{}, fmt.Errorf("submit a job of kind %q: %w", q.Kind, err)
	}
	r.announce()
	return v.job(), nil
}

func (r *Runner) announce() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Cancel ends a job: one that waits at once, one that runs as soon as its handler returns. Errors: store.ErrNotFound,
// ErrEnded.
func (r *Runner) Cancel(ctx context.Context, scope store.Scope, id uuid.UUID) error {
	err := r.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var v row
		if err := scope.Where(tx.NewSelect().Model(&v).Where("j.id = ?", id), "j.org").Scan(ctx); err != nil {
			return err
		}
		if v.Status.Ended() {
			return ErrEnded
		}
		v.Cancel = true
		if v.Status == Queued {
			v.Status, v.Finished = Cancelled, r.o.Now().UnixNano()
		}
		_, err := tx.NewUpdate().Model(&v).Column("cancel", "status", "finished").WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("cancel job %s: %w", id, err)
	}
	r.mu.Lock()
	cancel := r.running[id]
	r.mu.Unlock()
	if cancel != nil {
		cancel(ErrCancelled)
	}
	return nil
}

// work takes one job after another. What a lost announcement or another's transaction hid is found by looking.
func (r *Runner) work(ctx context.Context) {
	look := time.NewTicker(r.o.Poll)
	defer look.Stop()
	for {
		v, err := r.take(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			r.announce() // there may be another for the next worker
			r.handle(ctx, v)
			continue
		case !errors.Is(err, store.ErrNotFound):
			r.o.Logger.Error("look for a job", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-look.C:
		}
	}
}

func (r *Runner) handle(ctx context.Context, v *row) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r.mu.Lock()
	r.running[v.ID] = cancel
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.running, v.ID)
		r.mu.Unlock()
	}()
	// Whoever cancels from now on finds the job in the map; who cancelled before that has left a mark in its row.
	marked, err := r.o.DB.NewSelect().Model((*row)(nil)).Where("id = ? AND cancel", v.ID).Exists(ctx)
	if err == nil && marked {
		cancel(ErrCancelled)
	}
	output, err := r.call(ctx, &Run{Job: v.job(), r: r, state: v.State})
	if e := r.finish(context.WithoutCancel(ctx), v.ID, context.Cause(ctx), output, err); e != nil {
		r.o.Logger.Error("note the end of a job; it is begun again at the next start", "job", v.ID, "kind", v.Kind, "error", e)
	}
}

func (r *Runner) call(ctx context.Context, run *Run) (output any, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.o.Logger.Error("a job's handler panicked", "job", run.ID, "kind", run.Kind, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error: %v", p)
		}
	}()
	h := r.o.Handlers[run.Kind]
	if h == nil { // left by a version that knew this kind
		return nil, fmt.Errorf("%q: %w", run.Kind, ErrUnknownKind)
	}
	return h(ctx, run)
}

// Run is a job that is being worked on: what its handler sees.
type Run struct {
	Job
	r     *Runner
	state string
}

// Decode reads what the job was submitted with.
func (u *Run) Decode(input any) error {
	if err := json.Unmarshal(u.Job.Input, input); err != nil {
		return fmt.Errorf("read the input of a %s job: %w", u.Kind, err)
	}
	return nil
}

// State decodes what was saved last, and tells whether anything was.
func (u *Run) State(state any) (bool, error) {
	if u.state == "" {
		return false, nil
	}
	if err := json.Unmarshal([]byte(u.state), state); err != nil {
		return false, fmt.Errorf("read the saved state of a %s job: %w", u.Kind, err)
	}
	return true, nil
}

// Save notes progress and where to go on after a restart. total 0 means not known.
func (u *Run) Save(ctx context.Context, state any, done, total int64) error {
	return u.r.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error { return u.SaveIn(ctx, tx, state, done, total) })
}

// SaveIn does so in the transaction that holds the effects.
func (u *Run) SaveIn(ctx context.Context, tx bun.Tx, state any, done, total int64) error {
	b, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("save a %s job: %w", u.Kind, err)
	}
	_, err = tx.NewUpdate().Model((*row)(nil)).Set("state = ?", string(b)).Set("done = ?", done).Set("total = ?", total).
		Where("id = ?", u.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("save a %s job: %w", u.Kind, store.Err(err))
	}
	u.state = string(b)
	return nil
}

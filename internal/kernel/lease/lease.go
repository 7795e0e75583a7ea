package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

// Errors that a caller acts on; test with errors.Is.
var (
	// ErrLost: the lease ran out before it could be renewed, or somebody else has it.
	ErrLost = errors.New("the lease is lost")
	// ErrReleased ends the context of a lease that its holder gave back.
	ErrReleased = errors.New("the lease was given back")
)

// TakenError tells who has a lease that is not free.
type TakenError struct{ Lease Lease }

func (e *TakenError) Error() string {
	return fmt.Sprintf("lease %s is held by %s (%s) until %s", e.Lease.Name, e.Lease.Holder, e.Lease.Note, e.Lease.Expires.Format(time.RFC3339))
}

// Lease is a row.
type Lease struct {
	Name    string
	Holder  string // a process's life; every Office has its own
	Note    string // what people call the holder: a node's name and address
	Epoch   uint64 // grows by one with every holder
	Taken   time.Time
	Expires time.Time // by the database's clock
}

// Options build an Office. DB is required; where several machines compete it is PostgreSQL.
type Options struct {
	DB     *store.DB
	Note   string        // of this process
	Length time.Duration // of a lease; default 10 s. So long nobody does the work of a process that died
	Every  time.Duration // between renewals; default a fourth of Length
	// Grace is how much longer than its lease lasts a holder goes on while the database answers nothing: then nobody else
	// gets the lease either, unless it is this process alone that is cut off. Only for what the epoch fences, and what may
	// be read a little late then. Default 0.
	Grace  time.Duration
	Logger *slog.Logger
}

// Office takes leases for one process. Close gives all of them back.
type Office struct {
	o      Options
	holder string
	ctx    context.Context
	stop   context.CancelFunc
	tasks  sync.WaitGroup
}

// New migrates the table and returns an Office.
func New(ctx context.Context, o Options) (*Office, error) {
	if o.Length <= 0 {
		o.Length = 10 * time.Second
	}
	if o.Every <= 0 {
		o.Every = o.Length / 4
	}
	if o.Every > o.Length/2 {
		return nil, fmt.Errorf("lease: Every is %v; it must be at most half of Length, %v, so that one failed renewal does no harm", o.Every, o.Length)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := migrate(ctx, o.DB); err != nil {
		return nil, err
	}
	f := &Office{o: o, holder: uuid.NewString()}
	f.ctx, f.stop = context.WithCancel(context.Background())
	return f, nil
}

// Holder names this process in the rows.
func (f *Office) Holder() string { return f.holder }

// Length is how long a lease lasts that nobody renews.
func (f *Office) Length() time.Duration { return f.o.Length }

// margin is what a holder stops before the end of its lease, for what is still under way then.
func (f *Office) margin() time.Duration { return f.o.Length / 10 }

// Close gives all leases back and waits until their goroutines have ended.
func (f *Office) Close() {
	f.stop()
	f.tasks.Wait()
}

// Held is a lease that this process holds until its context ends.
type Held struct {
	office *Office
	name   string
	epoch  uint64
	ctx    context.Context
	end    context.CancelCauseFunc
	once   sync.Once
	done   chan struct{}
}

// Take takes a free lease and renews it until Release, Close or its loss. Errors: *TakenError; ErrLost where the database
// answered so late that the lease may be another's by now; those of the database.
func (f *Office) Take(ctx context.Context, name string) (*Held, error) {
	if name == "" {
		return nil, errors.New("lease: the name is empty")
	}
	if f.ctx.Err() != nil {
		return nil, fmt.Errorf("take lease %s: %w", name, ErrReleased)
	}
	asked := time.Now() // before the database's answer: this end comes first
	l, taken, err := f.take(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("take lease %s: %w", name, err)
	}
	if !taken {
		return nil, &TakenError{l}
	}
	if time.Since(asked) >= f.o.Length-f.margin() {
		// The answer was under way for so long that the lease may be another's by now.
		return nil, fmt.Errorf("take lease %s, epoch %d: the database's answer took %v: %w", name, l.Epoch, time.Since(asked).Round(time.Millisecond), ErrLost)
	}
	h := &Held{office: f, name: name, epoch: l.Epoch, done: make(chan struct{})}
	h.ctx, h.end = context.WithCancelCause(context.Background())
	f.tasks.Go(func() { h.renew(asked) })
	return h, nil
}

// Wait takes a lease as soon as it is free.
func (f *Office) Wait(ctx context.Context, name string) (*Held, error) {
	for {
		h, err := f.Take(ctx, name)
		var taken *TakenError
		if err == nil || !errors.As(err, &taken) && !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, ErrLost) {
			return h, err
		}
		select {
		case <-time.After(f.o.Every):
		case <-f.ctx.Done():
			return nil, fmt.Errorf("wait for lease %s: %w", name, ErrReleased)
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for lease %s: %w", name, errors.Join(ctx.Err(), err))
		}
	}
}

// Epoch is the fencing number: greater than that of every holder before.
func (h *Held) Epoch() uint64 { return h.epoch }

// Name returns the lease's name.
func (h *Held) Name() string { return h.name }

// Context ends when the lease does; context.Cause tells ErrLost or ErrReleased. It ends before another can have the lease,
// as long as this process is not asleep and has no Options.Grace.
func (h *Held) Context() context.Context { return h.ctx }

// Release gives the lease back, so that the next holder need not wait for its end. What it guards must be at rest.
func (h *Held) Release() {
	h.once.Do(func() { h.end(ErrReleased) })
	<-h.done
}

// Check returns ErrLost where the row says that the lease is not this holder's any more. Inside a transaction that writes
// what the lease guards it is the fence: on PostgreSQL the row is locked until the transaction ends.
func (h *Held) Check(ctx context.Context, tx bun.IDB) error {
	ok, err := h.office.holds(ctx, tx, h)
	if err == nil && !ok {
		err = fmt.Errorf("lease %s, epoch %d: %w", h.name, h.epoch, ErrLost)
	}
	return err
}

// renew is the goroutine of a held lease. asked is when the last answer of the database was asked for.
func (h *Held) renew(asked time.Time) {
	f := h.office
	defer close(h.done)
	tick := time.NewTicker(f.o.Every)
	defer tick.Stop()
	for {
		until := asked.Add(f.o.Length - f.margin() + f.o.Grace)
		end := time.NewTimer(time.Until(until))
		select {
		case <-tick.C:
			end.Stop()
			begin := time.Now()
			try := begin.Add(f.o.Length) // a connection that swallows what is sent must not use up the grace
			if until.Before(try) {
				try = until
			}
			ctx, cancel := context.WithDeadline(h.ctx, try)
			ok, err := f.extend(ctx, h)
			cancel()
			switch {
			case err == nil && ok:
				asked = begin
				continue
			case err == nil:
				f.o.Logger.Error("a lease was lost to another holder", "lease", h.name, "epoch", h.epoch)
				h.end(fmt.Errorf("lease %s, epoch %d: %w", h.name, h.epoch, ErrLost))
				return
			case h.ctx.Err() == nil:
				f.o.Logger.Warn("a lease could not be renewed; it is tried again", "lease", h.name, "error", err)
			}
		case <-end.C:
			f.o.Logger.Error("a lease ran out before it could be renewed", "lease", h.name, "epoch", h.epoch)
			h.end(fmt.Errorf("lease %s, epoch %d: %w", h.name, h.epoch, ErrLost))
			return
		case <-f.ctx.Done():
			end.Stop()
			h.end(ErrReleased)
			h.giveBack()
			return
		case <-h.ctx.Done():
			end.Stop()
			h.giveBack()
			return
		}
	}
}

// giveBack ends the lease in the database. Where that fails it ends by itself.
func (h *Held) giveBack() {
	ctx, cancel := context.WithTimeout(context.Background(), h.office.o.Length)
	defer cancel()
	if err := h.office.release(ctx, h); err != nil {
		h.office.o.Logger.Warn("a lease could not be given back; it ends by itself", "lease", h.name, "error", err)
	}
}

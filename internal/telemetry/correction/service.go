package correction

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

// Producer is under what corrections are sent to the store of any node.
var Producer = uuid.MustParse("4b1f6d0e-52a0-5d9e-9f53-6b2a6f0c9a01")

// epoch is the only one of Producer: one process at a time owns a store.
const epoch = 1

// batchRows is the size of the batches that a correction is sent in. It is a part of what is written down: changing it
// while corrections are unfinished would number their batches otherwise.
const batchRows = 8192

// Store is what of the telemetry store is used; *telemetry.Store is one.
type Store interface {
	Lookup(id uuid.UUID) (telemetry.Ref, bool)
	Series(ref telemetry.Ref) (telemetry.Series, bool)
	Scan(ctx context.Context, ref telemetry.Ref, span telemetry.Span, o telemetry.ScanOptions, yield func(*telemetry.Run) bool) error
	Append(ctx context.Context, producer uuid.UUID, epoch, seq uint64, b *telemetry.Batch, done func(telemetry.Receipt, error)) error
	LastSeq(producer uuid.UUID) (epoch, seq uint64)
	AsOf(t int64) (uint64, error)
	Closed() int64
	Commit(number uint64) (telemetry.Arrival, bool, error)
}

var _ Store = (*telemetry.Store)(nil)

// Options build a Service. All but Logger are required.
type Options struct {
	DB     *store.DB
	Store  Store
	Now    func() time.Time
	Logger *slog.Logger
}

// Service makes corrections, one after the other.
type Service struct {
	o      Options
	turn   sync.Mutex
	behind bool // there may be unfinished ones; under turn
}

// New brings the tables up to date. Run carries out what a process before has left.
func New(ctx context.Context, o Options) (*Service, error) {
	if err := store.MigrateRoom(ctx, o.DB, "correction", migrations); err != nil {
		return nil, err
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{o: o, behind: true}, nil
}

// Run carries out unfinished corrections until ctx ends: those of a process before, and those that met a full disk.
func (s *Service) Run(ctx context.Context) error {
	for {
		s.turn.Lock()
		err := s.catchUp(ctx)
		s.turn.Unlock()
		if err != nil && ctx.Err() == nil {
			s.o.Logger.Error("a correction cannot be carried out; it is tried again", "error", err)
		}
		wait := time.NewTimer(10 * time.Second)
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-wait.C:
		}
	}
}

// catchUp carries out what is unfinished. The caller has the turn.
func (s *Service) catchUp(ctx context.Context) error {
	if !s.behind {
		return nil
	}
	rows, err := unfinished(ctx, s.o.DB, auth.Everywhere())
	if err != nil {
		return err
	}
	for i := range rows {
		c, err := rows[i].correction()
		if err != nil {
			return err
		}
		ref, series, err := s.series(c.Series)
		if err != nil {
			return err
		}
		p, err := s.plan(ctx, &c, ref, series)
		if err != nil {
			return fmt.Errorf("correction %s: plan it again: %w", c.ID, err)
		}
		if err := s.carryOut(ctx, &c, ref, p.changes); err != nil {
			return err
		}
	}
	s.behind = false
	return nil
}

func (s *Service) series(id uuid.UUID) (telemetry.Ref, telemetry.Series, error) {
	if ref, ok := s.o.Store.Lookup(id); ok {
		if series, ok := s.o.Store.Series(ref); ok {
			return ref, series, nil
		}
	}
	return 0, telemetry.Series{}, problem.NotFound.At("path.id", id.String())
}

// may finds a series that the caller may correct. Whoever reads the organisation and may not correct gets 403, everybody
// else 404.
func (s *Service) may(ctx context.Context, id uuid.UUID, kind Kind) (telemetry.Ref, telemetry.Series, auth.Scope, error) {
	if _, err := auth.Need(ctx); err != nil {
		return 0, telemetry.Series{}, auth.Scope{}, err
	}
	ref, series, err := s.series(id)
	if err != nil {
		return 0, series, auth.Scope{}, err
	}
	verb := auth.Configure
	if kind == Enter {
		verb = auth.Operate // what is typed stands beside what was measured, and changes nothing
	}
	scope, err := auth.Allow(ctx, verb, series.Org)
	return ref, series, scope, err
}

// Preview is what a correction would do.
type Preview struct {
	Basis   uint64
	Type    telemetry.Type
	Changes []Change // the first ones
	Rows    int
	Before  Summary
	After   Summary
}

// Change is a sample before and after; Before is zero where nothing stood.
type Change struct{ Before, After telemetry.Sample }

// Summary describes values. Min, Max and Mean are NaN where there are none; Mean is for people, rounded as it goes.
type Summary struct {
	Good, Other, Withdrawn int
	Min, Max, Mean         float64
}

func (s *Summary) add(typ telemetry.Type, x *telemetry.Sample) {
	switch {
	case x.Time == 0:
		return
	case x.Flags&telemetry.Withdrawn != 0:
		s.Withdrawn++
		return
	case !x.Status.IsGood() || x.Flags&telemetry.NoValue != 0:
		s.Other++
		return
	}
	s.Good++
	var v float64
	switch typ {
	case telemetry.Float64:
		v = math.Float64frombits(x.Value.Bits)
	case telemetry.Int64, telemetry.Bool:
		v = float64(int64(x.Value.Bits))
	default:
		return
	}
	if s.Good == 1 {
		s.Min, s.Max, s.Mean = v, v, v
		return
	}
	s.Min, s.Max, s.Mean = math.Min(s.Min, v), math.Max(s.Max, v), s.Mean+(v-s.Mean)/float64(s.Good)
}

// inPreview is how many changes a preview tells.
const inPreview = 200

func previewOf(typ telemetry.Type, basis uint64, changes []change) Preview {
	nan := math.NaN()
	p := Preview{Basis: basis, Type: typ, Rows: len(changes), Before: Summary{Min: nan, Max: nan, Mean: nan}, After: Summary{Min: nan, Max: nan, Mean: nan}}
	for i := range changes {
		c := &changes[i]
		p.Before.add(typ, &c.before)
		p.After.add(typ, &c.after)
		if i < inPreview {
			p.Changes = append(p.Changes, Change{c.before, c.after})
		}
	}
	return p
}

// basis is the newest commit that is closed.
func (s *Service) basis() (uint64, error) { return s.o.Store.AsOf(s.o.Store.Closed()) }

// plan works out the changes of a correction as of its basis. Errors: those of this package, *telemetry.DamageError.
func (s *Service) plan(ctx context.Context, c *Correction, ref telemetry.Ref, series telemetry.Series) (*planner, error) {
	a := asked{kind: Undo, undoes: c.Undoes, factor: 1}
	own := func(uint64) (bool, error) { return false, nil }
	if c.Kind == Undo {
		r, err := find(ctx, s.o.DB, auth.System(series.Org), c.Undoes)
		if err != nil {
			return nil, err
		}
		a.from, a.to = r.Since, r.Until
		own = s.ownCommits(uint64(r.FirstSeq), uint64(r.LastSeq))
	} else {
		var err error
		if a, err = c.Words.check(series.Type); err != nil {
			return nil, err
		}
	}
	p := &planner{asked: a, typ: series.Type, at: c.At, own: own}
	var g group
	var failed error
	done := func() bool {
		if len(g) > 0 && failed == nil {
			failed = p.step(g)
		}
		g = g[:0]
		return failed == nil
	}
	if c.Basis != telemetry.BeforeAll {
		err := s.o.Store.Scan(ctx, ref, telemetry.Span{From: a.from, To: a.to}, telemetry.ScanOptions{Columns: telemetry.Everything, History: true, AsOf: c.Basis},
			func(r *telemetry.Run) bool {
				for i := range r.Len() {
					if len(g) > 0 && g[0].Time != r.Time[i] && !done() {
						return false
					}
					g = append(g, r.Sample(i))
				}
				return true
			})
		if err != nil {
			return nil, err
		}
		done()
	}
	if failed == nil {
		failed = p.end()
	}
	return p, failed
}

// ownCommits tells which commits are batches of a correction.
func (s *Service) ownCommits(first, last uint64) func(uint64) (bool, error) {
	known := map[uint64]bool{}
	return func(commit uint64) (bool, error) {
		own, ok := known[commit]
		if !ok {
			a, _, err := s.o.Store.Commit(commit)
			if err != nil {
				return false, err
			}
			own = a.Producer == Producer && a.Epoch == epoch && a.Seq >= first && a.Seq <= last
			known[commit] = own
		}
		return own, nil
	}
}

// Try tells what a correction would do.
func (s *Service) Try(ctx context.Context, id uuid.UUID, w Words) (Preview, error) {
	ref, series, _, err := s.may(ctx, id, w.Kind)
	if err != nil {
		return Preview{}, err
	}
	if _, err := w.check(series.Type); err != nil {
		return Preview{}, err
	}
	return s.try(ctx, &Correction{Words: w}, ref, series)
}

func (s *Service) try(ctx context.Context, c *Correction, ref telemetry.Ref, series telemetry.Series) (Preview, error) {
	var err error
	if c.Basis, err = s.basis(); err != nil {
		return Preview{}, err
	}
	c.At = s.o.Now().UnixNano()
	p, err := s.plan(ctx, c, ref, series)
	if err != nil {
		return Preview{}, err
	}
	return previewOf(series.Type, c.Basis, p.changes), nil
}

// Make makes a correction. seen, if not 0, is the basis of the preview that was looked at: where a sample of the span has
// come or changed since, the error is ErrChanged.
func (s *Service) Make(ctx context.Context, id uuid.UUID, w Words, seen uint64) (Correction, error) {
	ref, series, scope, err := s.may(ctx, id, w.Kind)
	if err != nil {
		return Correction{}, err
	}
	if _, err := w.check(series.Type); err != nil {
		return Correction{}, err
	}
	return s.make(ctx, scope, &Correction{Words: w}, ref, series, seen)
}

// Undo undoes a correction: what counted before counts again. seen is as with Make. Errors: ErrUndone, ErrLater, ErrChanged,
// ErrReason, store.ErrNotFound.
func (s *Service) Undo(ctx context.Context, id uuid.UUID, reason, reference string, seen uint64) (Correction, error) {
	c, ref, series, scope, err := s.undoing(ctx, id, reason, reference)
	if err != nil {
		return Correction{}, err
	}
	return s.make(ctx, scope, c, ref, series, seen)
}

// TryUndo tells what undoing would do.
func (s *Service) TryUndo(ctx context.Context, id uuid.UUID, reason, reference string) (Preview, error) {
	c, ref, series, _, err := s.undoing(ctx, id, reason, reference)
	if err != nil {
		return Preview{}, err
	}
	return s.try(ctx, c, ref, series)
}

func (s *Service) undoing(ctx context.Context, id uuid.UUID, reason, reference string) (c *Correction, ref telemetry.Ref, series telemetry.Series, scope auth.Scope, err error) {
	old, err := s.Get(ctx, id)
	if err != nil {
		return nil, 0, series, scope, err
	}
	if ref, series, scope, err = s.may(ctx, old.Series, old.Kind); err != nil {
		return nil, 0, series, scope, err
	}
	w := Words{Kind: Withdraw, From: time.Unix(0, 1), To: time.Unix(0, 2), Reason: reason, Reference: reference}
	if _, err := w.check(series.Type); err != nil { // reason and reference
		return nil, 0, series, scope, err
	}
	if old.UndoneBy != uuid.Nil {
		return nil, 0, series, scope, ErrUndone.At("path.id", id.String())
	}
	return &Correction{Words: Words{Kind: Undo, Reason: reason, Reference: reference}, Undoes: id}, ref, series, scope, nil
}

func (s *Service) make(ctx context.Context, scope auth.Scope, c *Correction, ref telemetry.Ref, series telemetry.Series, seen uint64) (Correction, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	if err := s.catchUp(ctx); err != nil {
		return Correction{}, ErrPending.Because(err).Header("Retry-After", "10")
	}
	var err error
	if c.Basis, err = s.basis(); err != nil {
		return Correction{}, err
	}
	c.ID, c.Org, c.Series, c.At, c.State = uuid.Must(uuid.NewV7()), series.Org, series.ID, s.o.Now().UnixNano(), Applying
	p, err := s.plan(ctx, c, ref, series)
	if err != nil {
		return Correction{}, err
	}
	if seen != 0 {
		for i := range p.changes {
			if c := &p.changes[i]; c.rests > seen {
				return Correction{}, ErrChanged.At("body.basis", stamp(c.after.Time))
			}
		}
	}
	_, last := s.o.Store.LastSeq(Producer)
	c.First, c.Rows = last+1, len(p.changes)
	c.Last = last + uint64((c.Rows+batchRows-1)/batchRows)
	e := scope.Act(ctx, s.o.Now(), "telemetry.correct", audit.Object{Kind: "series", ID: series.ID.String(), Name: string(c.Kind)}, nil,
		map[string]any{"correction": c.ID, "kind": c.Kind, "from": stamp(p.from), "to": stamp(p.to), "rows": c.Rows, "reason": c.Reason, "reference": c.Reference, "undoes": store.Word(c.Undoes)})
	c.By = e.Actor
	r, err := rowOf(c, p.from, p.to)
	if err != nil {
		return Correction{}, err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if c.Undoes != uuid.Nil {
			old, err := find(ctx, tx, scope, c.Undoes)
			if err != nil {
				return err
			}
			if old.UndoneBy != "" {
				return ErrUndone.At("path.id", c.Undoes.String())
			}
		}
		return insert(ctx, tx, r, e)
	})
	if err != nil {
		return Correction{}, fmt.Errorf("write down the correction: %w", err)
	}
	s.behind = true
	// From here on the correction stands, whatever becomes of the caller.
	if err := s.carryOut(context.WithoutCancel(ctx), c, ref, p.changes); err != nil {
		s.o.Logger.Error("a correction is not carried out yet; it is tried again", "correction", c.ID, "error", err)
		return *c, nil
	}
	s.behind = false
	return *c, nil
}

// carryOut sends the changes that the store does not have yet, and waits until they are durable. The caller has the turn.
func (s *Service) carryOut(ctx context.Context, c *Correction, ref telemetry.Ref, changes []change) error {
	if want := (len(changes) + batchRows - 1) / batchRows; uint64(want) != c.Last-c.First+1 {
		return fmt.Errorf("correction %s comes to %d batches and was written down with %d", c.ID, want, c.Last-c.First+1)
	}
	_, last := s.o.Store.LastSeq(Producer)
	type answer struct {
		telemetry.Receipt
		err error
	}
	for seq := max(c.First, last+1); seq <= c.Last; seq++ {
		from := int(seq-c.First) * batchRows
		told := make(chan answer, 1)
		err := s.o.Store.Append(ctx, Producer, epoch, seq, batchOf(ref, changes[from:min(from+batchRows, len(changes))]), func(r telemetry.Receipt, err error) { told <- answer{r, err} })
		if err != nil {
			return fmt.Errorf("correction %s: %w", c.ID, err)
		}
		a := <-told
		if a.err != nil {
			return fmt.Errorf("correction %s: %w", c.ID, a.err)
		}
		if c.FirstCommit == 0 {
			c.FirstCommit = a.Commit
		}
		c.LastCommit = a.Commit
	}
	c.State = Applied
	if err := finish(ctx, s.o.DB, c.ID, s.o.Now().UnixNano(), c.FirstCommit, c.LastCommit); err != nil {
		return fmt.Errorf("correction %s: note that it is carried out: %w", c.ID, err)
	}
	return nil
}

func batchOf(ref telemetry.Ref, changes []change) *telemetry.Batch {
	b := &telemetry.Batch{Origin: telemetry.Manual}
	for i := range changes {
		a := &changes[i].after
		b.Ref, b.Time, b.Gateway = append(b.Ref, ref), append(b.Time, a.Time), append(b.Gateway, a.Gateway)
		b.Status, b.Flags, b.Revision = append(b.Status, a.Status), append(b.Flags, a.Flags), append(b.Revision, a.Revision)
		bits := a.Value.Bits
		if a.Value.Type == telemetry.String {
			bits = uint64(len(b.Text))
			b.Text = append(b.Text, a.Value.Text)
		}
		b.Bits = append(b.Bits, bits)
	}
	return b
}

// Get returns one that the caller may read. Error: store.ErrNotFound.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (Correction, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Correction{}, err
	}
	r, err := find(ctx, s.o.DB, scope, id)
	if err != nil {
		return Correction{}, err
	}
	return r.correction()
}

// List returns those that the caller may read, the newest first.
func (s *Service) List(ctx context.Context, org uuid.UUID, f Filter, page store.Page) ([]Correction, string, error) {
	scope, err := auth.AllowOrVisible(ctx, auth.Read, org)
	if err != nil {
		return nil, "", err
	}
	return list(ctx, s.o.DB, scope, f, page)
}

// translate gives the store's errors their problems.
func translate(err error) error {
	if errors.Is(err, telemetry.ErrClosed) {
		return ErrPending.Because(err).Header("Retry-After", "10")
	}
	return err
}

package condition

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Bounds of the board.
const (
	maxCurrent = 10_000 // default of Options.Max
	maxEvents  = 10_000 // events waiting for the journal; the oldest go first, and the loss is counted

	lastWrite = 3 * time.Second // for what is still to be written when the process ends
)

// Events takes the board's events; nil where nobody listens. Append copies the record and calls done once it is durable.
type Events func(ctx context.Context, record []byte, done func(error)) error

// Partition makes Events of a partition of the journal (*log.Partition).
func Partition[C any](p interface {
	Append(ctx context.Context, record []byte, done func(C, error)) error
}) Events {
	return func(ctx context.Context, record []byte, done func(error)) error {
		return p.Append(ctx, record, func(_ C, err error) { done(err) })
	}
}

// Options build a Board.
type Options struct {
	DB     *store.DB
	Events Events
	Now    func() time.Time
	Logger *slog.Logger
	Retry  time.Duration // how long to wait after SQL refused; default 5 s
	Max    int           // conditions at once, default 10,000; more are counted and told by one condition of their own
}

// Board is the current set. Its methods are safe for concurrent use.
type Board struct {
	o    Options
	wake chan struct{} // to the writer

	mu      sync.Mutex
	current map[key]*Condition
	dirty   map[key]struct{} // differs from SQL
	events  []Event          // not yet handed to the journal
	version uint64           // grows with every change that a reader of the board sees
	raised  map[string]uint64
	cleared map[string]uint64
	refused uint64 // conditions beyond Max
	lost    uint64 // events beyond maxEvents, or that the journal refused
}

type key struct{ kind, subject string }

// New loads the current set. Run must run for changes to reach SQL and the journal.
func New(ctx context.Context, o Options) (*Board, error) {
	if o.Retry <= 0 {
		o.Retry = 5 * time.Second
	}
	if o.Max <= 0 {
		o.Max = maxCurrent
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	b := &Board{
		o: o, wake: make(chan struct{}, 1), current: map[key]*Condition{}, dirty: map[key]struct{}{},
		raised: map[string]uint64{}, cleared: map[string]uint64{},
	}
	if err := migrate(ctx, o.DB); err != nil {
		return nil, err
	}
	old, err := load(ctx, o.DB)
	if err != nil {
		return nil, fmt.Errorf("load the conditions: %w", err)
	}
	for i := range old {
		b.current[key{old[i].Kind, old[i].Subject}] = &old[i]
	}
	return b, nil
}

// Raise tells that a condition holds. Kind, Subject, Severity and Text are the caller's; ID and times are the board's.
// It does not wait and cannot fail, and told again and again it costs a map lookup.
func (b *Board) Raise(ctx context.Context, c Condition) {
	now := b.o.Now().UTC()
	c.Attr = maps.Clone(c.Attr)
	b.mu.Lock()
	defer b.mu.Unlock()
	k := key{c.Kind, c.Subject}
	b.raised[c.Kind]++
	if old := b.current[k]; old != nil {
		same := !old.differs(&c)
		old.Last, old.Attr = now, c.Attr
		old.Count++
		if same {
			return // SQL keeps count and attributes of the last change; the board has the right ones
		}
		old.Severity, old.Text, old.Org = c.Severity, c.Text, c.Org
		b.changed(k, Changed, *old)
		return
	}
	if len(b.current) >= b.o.Max {
		if b.refused++; b.refused > 1 {
			return
		}
		c = Condition{Kind: "conditions.overflow", Severity: Error, Text: text.Text{
			Zh: fmt.Sprintf("同时存在的状况超过 %d 条，其余只计数。请先处理已列出的状况。", b.o.Max),
			En: fmt.Sprintf("More than %d conditions at once; the rest are only counted. Deal with those listed first.", b.o.Max),
		}}
		k = key{c.Kind, c.Subject}
	}
	c.ID, c.Raised, c.Last, c.Count = uuid.Must(uuid.NewV7()), now, now, 1
	b.current[k] = &c
	b.changed(k, Raised, c)
	b.o.Logger.LogAttrs(ctx, level(c.Severity), "condition raised", slog.String("kind", c.Kind), slog.String("subject", c.Subject), slog.String("text", c.Text.In("en")))
}

// Clear tells that a condition no longer holds. It is nothing to clear what does not stand.
func (b *Board) Clear(ctx context.Context, kind, subject string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear(ctx, key{kind, subject})
}

// ClearKind clears all conditions of a kind: what a room does at its start before it looks anew.
func (b *Board) ClearKind(ctx context.Context, kind string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for k := range b.current {
		if k.kind == kind {
			b.clear(ctx, k)
		}
	}
}

func (b *Board) clear(ctx context.Context, k key) {
	c := b.current[k]
	if c == nil {
		return
	}
	delete(b.current, k)
	b.cleared[k.kind]++
	b.changed(k, Cleared, *c)
	b.o.Logger.LogAttrs(ctx, slog.LevelInfo, "condition cleared", slog.String("kind", k.kind), slog.String("subject", k.subject))
	if b.refused > 0 && k.kind != "conditions.overflow" && len(b.current) <= b.o.Max/2 {
		b.refused = 0
		b.clear(ctx, key{"conditions.overflow", ""})
	}
}

// changed notes a change for SQL, the journal and readers. The board is locked.
func (b *Board) changed(k key, what Change, c Condition) {
	b.version++
	b.dirty[k] = struct{}{}
	if b.o.Events != nil {
		if len(b.events) >= maxEvents {
			b.events = slices.Delete(b.events, 0, 1)
			b.lost++
		}
		b.events = append(b.events, Event{Version: 1, Change: what, Time: b.o.Now().UTC(), Condition: c})
	}
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Version grows with every raise, change and clear; a live stream looks at it instead of listing.
func (b *Board) Version() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.version
}

// Including is the part of auth.Scope that the board needs.
type Including interface{ Includes(org uuid.UUID) bool }

// List returns the conditions of the scope's organisations, the gravest first, then the latest. The node's own
// (without organisation) are seen by a scope that includes the zero organisation, which only the node's own does:
// for a person who runs the node give withNode.
func (b *Board) List(scope Including, withNode bool) []Condition {
	b.mu.Lock()
	out := make([]Condition, 0, len(b.current))
	for _, c := range b.current {
		if (c.Org == uuid.Nil && withNode) || scope.Includes(c.Org) {
			v := *c
			v.Attr = maps.Clone(c.Attr)
			out = append(out, v)
		}
	}
	b.mu.Unlock()
	rank := map[Severity]int{Critical: 0, Error: 1, Warning: 2, Info: 3}
	slices.SortFunc(out, func(x, y Condition) int {
		if d := rank[x.Severity] - rank[y.Severity]; d != 0 {
			return d
		}
		if d := y.Raised.Compare(x.Raised); d != 0 {
			return d
		}
		return bytes.Compare(x.ID[:], y.ID[:])
	})
	return out
}

// Run brings changes to SQL and the journal until ctx ends, then once more.
func (b *Board) Run(ctx context.Context) error {
	for {
		err := b.flush(ctx)
		if err != nil && ctx.Err() == nil {
			b.o.Logger.Error("conditions could not be written; trying again", "error", err)
			select {
			case <-time.After(b.o.Retry):
				continue
			case <-ctx.Done():
			}
		}
		select {
		case <-b.wake:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrite)
			defer cancel()
			return b.flush(last)
		}
	}
}

func (b *Board) flush(ctx context.Context) error {
	b.mu.Lock()
	keys := slices.Collect(maps.Keys(b.dirty))
	events := b.events
	b.events = nil
	clear(b.dirty)
	state := make(map[key]*Condition, len(keys))
	for _, k := range keys {
		if c := b.current[k]; c != nil {
			v := *c
			state[k] = &v
		} else {
			state[k] = nil
		}
	}
	b.mu.Unlock()

	for _, e := range events {
		record, err := json.Marshal(e)
		if err == nil {
			err = b.o.Events(ctx, record, b.appended)
		}
		if err != nil {
			b.appended(err)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	if err := save(ctx, b.o.DB, state); err != nil {
		b.mu.Lock()
		for _, k := range keys {
			b.dirty[k] = struct{}{}
		}
		b.mu.Unlock()
		return fmt.Errorf("write %d conditions: %w", len(keys), err)
	}
	return nil
}

// appended runs on the journal's goroutine.
func (b *Board) appended(err error) {
	if err == nil {
		return
	}
	b.mu.Lock()
	b.lost++
	first := b.lost == 1
	b.mu.Unlock()
	if first && !errors.Is(err, context.Canceled) {
		b.o.Logger.Error("a condition's event did not reach the journal; the board itself is right", "error", err)
	}
}

func level(s Severity) slog.Level {
	switch s {
	case Info:
		return slog.LevelInfo
	case Warning:
		return slog.LevelWarn
	}
	return slog.LevelError
}

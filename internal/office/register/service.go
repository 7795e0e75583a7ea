package register

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/store"
)

// Options build a Service. DB, Packs and Now are required.
type Options struct {
	DB           *store.DB
	Packs        fs.FS                  // registers are the packs in its folder Dir
	Calculations map[string]Calculation // by the names that packs use
	Now          func() time.Time
	Logger       *slog.Logger
}

// Service is what can be done with registers.
type Service struct {
	o   Options
	set *pack.Set[Register]
}

// New brings the tables up to date and reads the packs. Errors: pack.Faults, a calculation that is not there.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	set, err := Load(o.Packs)
	if err != nil {
		return nil, fmt.Errorf("registers: %w", err)
	}
	s := &Service{o: o, set: set}
	for _, r := range s.Registers() {
		for i := range r.Fields {
			if calc := r.Fields[i].Calc; calc != "" && o.Calculations[calc] == nil {
				return nil, fmt.Errorf("registers: %s: there is no calculation %q for the field %s", r.File(), calc, r.Fields[i].Key)
			}
		}
	}
	return s, store.MigrateRoom(ctx, o.DB, "register", migrations)
}

// Registers are those that this node has, by id.
func (s *Service) Registers() []*Register {
	if s.set == nil {
		return nil
	}
	return s.set.All()
}

func (s *Service) get(id string) *Register {
	if s.set == nil {
		return nil
	}
	return s.set.Get(id)
}

// Register finds one. Error: ErrRegister.
func (s *Service) Register(id string) (*Register, error) {
	if r := s.get(id); r != nil {
		return r, nil
	}
	var ids []string
	for _, r := range s.Registers() {
		ids = append(ids, r.ID)
	}
	return nil, ErrRegister.At("path.register", id).With("registers", strings.Join(ids, ", "))
}

// Add enters something into an organisation's register. Errors: ErrRegister, ErrField, ErrTaken and those of auth.
func (s *Service) Add(ctx context.Context, org uuid.UUID, register string, in Input) (Entry, error) {
	scope, err := auth.Allow(ctx, auth.Configure, org)
	if err != nil {
		return Entry{}, err
	}
	return s.AddFor(ctx, scope, org, register, in)
}

// AddFor is Add under a scope: for rooms that have asked for it, or that do the node's own work.
func (s *Service) AddFor(ctx context.Context, scope auth.Scope, org uuid.UUID, register string, in Input) (Entry, error) {
	r, err := s.Register(register)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{ID: uuid.Must(uuid.NewV7()), Org: org, Register: r.ID, State: in.State, Revision: 1}
	if faults := r.fill(&e, &in, s.o.Calculations); len(faults) > 0 {
		return Entry{}, problem.All(told(faults)...)
	}
	if e.State == "" {
		e.State = r.Initial
	}
	now := s.o.Now()
	act := scope.Act(ctx, now, "register.add", audit.Object{Kind: "register." + r.ID, ID: e.ID.String(), Name: e.Key}, nil, map[string]any{"state": e.State, "revision": 1})
	e.By, e.At = act.Actor, now.UnixNano()
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		there, err := s.byKeys(ctx, tx, scope, org, r.ID, []string{e.Key})
		if err != nil {
			return err
		}
		if old, taken := there[e.Key]; taken {
			return ErrTaken.At("body.content."+r.Key, e.Key).With("key", e.Key).With("id", old.ID)
		}
		if err := s.write(ctx, tx, []*Entry{&e}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, act)
	})
	if errors.Is(err, store.ErrConflict) { // another was faster
		err = ErrTaken.At("body.content."+r.Key, e.Key).With("key", e.Key).With("id", "").Because(err)
	}
	if err != nil {
		return Entry{}, err
	}
	return e, nil
}

// Change of an entry. What is nil stays.
type Change struct {
	Basis   int64 // the revision that was seen
	Content []byte
	Since   *string
	Until   *string
	Class   *field.Class
	Reason  string
}

// Change writes a further revision. The key of an entry stays. Errors: ErrChanged, ErrSame, ErrKey, ErrField, ErrReason.
func (s *Service) Change(ctx context.Context, id uuid.UUID, c Change) (Entry, error) {
	if wrong := checkReason("body.reason", c.Reason); wrong != nil {
		return Entry{}, wrong
	}
	return s.further(ctx, id, c.Basis, auth.Configure, "register.change", c.Reason, func(r *Register, e *Entry) error {
		old := *e
		in := Input{Content: c.Content, Class: e.Class, Since: dateOf(e.Since), Until: lastDayOf(e.Until)}
		if c.Content == nil {
			in.Content = old.Record.Encode()
		}
		for to, v := range map[*string]*string{&in.Since: c.Since, &in.Until: c.Until} {
			if v != nil {
				*to = *v
			}
		}
		if c.Class != nil {
			in.Class = *c.Class
		}
		if faults := r.fill(e, &in, s.o.Calculations); len(faults) > 0 {
			return problem.All(told(faults)...)
		}
		if e.Key != old.Key {
			return ErrKey.At("body.content."+r.Key, e.Key).With("key", old.Key)
		}
		if len(differs(&old, e)) == 0 {
			return ErrSame.At("body", "")
		}
		return nil
	})
}

// Move takes an entry through a transition. Errors: ErrTransition, ErrState, ErrChanged, ErrReason; auth.ErrForbidden without the
// transition's verb.
func (s *Service) Move(ctx context.Context, id uuid.UUID, transition string, basis int64, reason string) (Entry, error) {
	seen, err := s.Get(ctx, id)
	if err != nil {
		return Entry{}, err
	}
	verb := auth.Configure
	if r := s.get(seen.Register); r != nil && r.transition(transition) != nil && r.transition(transition).Verb != "" {
		verb = r.transition(transition).Verb
	}
	return s.further(ctx, id, basis, verb, "register.move", reason, func(r *Register, e *Entry) error {
		t, wrong := r.move(e, transition, reason)
		if wrong != nil {
			return wrong
		}
		e.State = t.To
		return nil
	})
}

// further writes the revision that next makes of what stands.
func (s *Service) further(ctx context.Context, id uuid.UUID, basis int64, verb auth.Verb, act, reason string, next func(*Register, *Entry) error) (Entry, error) {
	seen, err := s.Get(ctx, id)
	if err != nil {
		return Entry{}, err
	}
	scope, err := auth.Allow(ctx, verb, seen.Org)
	if errors.Is(err, auth.ErrNotFound) { // the subject's people read it, and others keep it
		err = auth.ErrForbidden.With("verb", string(verb))
	}
	if err != nil {
		return Entry{}, err
	}
	var e Entry
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var row entryRow
		if err := scope.Where(tx.NewSelect().Model(&row).Where("e.id = ?", id), "e.org").Scan(ctx); err != nil {
			return wrap("entry "+id.String(), err)
		}
		old, err := s.entry(&row)
		if err != nil {
			return err
		}
		if old.Revision != basis {
			return ErrChanged.At("body.basis", basis).With("revision", old.Revision)
		}
		r, err := s.Register(old.Register)
		if err != nil {
			return err
		}
		e = old
		if err := next(r, &e); err != nil {
			return err
		}
		now := s.o.Now()
		entry := scope.Act(ctx, now, act, audit.Object{Kind: "register." + r.ID, ID: id.String(), Name: e.Key},
			map[string]any{"state": old.State, "revision": old.Revision}, map[string]any{"state": e.State, "revision": old.Revision + 1, "fields": differs(&old, &e)})
		entry.Reason = reason
		e.Revision, e.By, e.Reason, e.At = old.Revision+1, entry.Actor, reason, max(now.UnixNano(), old.At+1)
		if err := s.write(ctx, tx, []*Entry{&e}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, entry)
	})
	return e, err
}

// dateOf is the day on which a span begins, "" where it always held.
func dateOf(at int64) string {
	if at <= field.Always {
		return ""
	}
	return field.DateOf(at)
}

// lastDayOf is the last day of a span, "" where it has no end.
func lastDayOf(at int64) string {
	if at == store.Forever {
		return ""
	}
	return field.DateOf(at - 1)
}

// Adopt enters what comes with a register's pack and is not there yet: entries whose keys are there are left as they are. It returns
// how many were entered. Error: ErrNothing.
func (s *Service) Adopt(ctx context.Context, org uuid.UUID, register string) (int, error) {
	scope, err := auth.Allow(ctx, auth.Configure, org)
	if err != nil {
		return 0, err
	}
	r, err := s.Register(register)
	if err != nil {
		return 0, err
	}
	if len(r.seeds) == 0 {
		return 0, ErrNothing.At("path.register", register)
	}
	now := s.o.Now()
	act := scope.Act(ctx, now, "register.adopt", audit.Object{Kind: "register", ID: r.ID, Name: r.Name.En}, nil, nil)
	var list []*Entry
	var keys []string
	for i := range r.seeds {
		in := r.seeds[i]
		e := &Entry{ID: uuid.Must(uuid.NewV7()), Org: org, Register: r.ID, State: in.State, Revision: 1, By: act.Actor, At: now.UnixNano(), Reason: r.ID + " " + r.Version}
		if faults := r.fill(e, &in, s.o.Calculations); len(faults) > 0 {
			return 0, problem.All(told(faults)...)
		}
		if e.State == "" {
			e.State = r.Initial
		}
		list, keys = append(list, e), append(keys, e.Key)
	}
	added := 0
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		there, err := s.byKeys(ctx, tx, scope, org, r.ID, keys)
		if err != nil {
			return err
		}
		var fresh []*Entry
		for _, e := range list {
			if _, known := there[e.Key]; !known {
				fresh = append(fresh, e)
			}
		}
		if added = len(fresh); added == 0 {
			return nil
		}
		if err := s.write(ctx, tx, fresh); err != nil {
			return err
		}
		act.After = audit.State(map[string]any{"version": r.Version, "sha256": r.Hash(), "entries": added})
		return audit.Record(ctx, tx, act)
	})
	return added, err
}

package retention

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// Bounds of what an organisation may lay down.
const (
	maxClasses     = 100
	maxAssignments = 10_000
	maxHolds       = 1_000
	maxName        = 100
	minReason      = 3
	maxReason      = 2_000
)

// Store is what of the telemetry store is used; *telemetry.Store is one.
type Store interface {
	Lookup(id uuid.UUID) (telemetry.Ref, bool)
	Expire(ctx context.Context, cutoff func(*telemetry.Series) int64) (telemetry.Expired, error)
	Stats() telemetry.Stats
	Scan(ctx context.Context, ref telemetry.Ref, span telemetry.Span, o telemetry.ScanOptions, yield func(*telemetry.Run) bool) error
}

var _ Store = (*telemetry.Store)(nil)

// Plant says where series stand.
type Plant interface {
	// EveryPlace calls yield for every series of the scope that ever was a point of the plant. An error of yield ends it.
	EveryPlace(ctx context.Context, scope auth.Scope, yield func(*Place) error) error
	// Series tells whether EveryPlace would tell of a series.
	Series(ctx context.Context, scope auth.Scope, id uuid.UUID) (bool, error)
	// Node tells whether the scope has such a node.
	Node(ctx context.Context, scope auth.Scope, id uuid.UUID) (bool, error)
}

// Options build a Service. DB, Store, Plant, Free and Now are required.
type Options struct {
	DB    *store.DB
	Store Store
	Plant Plant
	Free  func() (uint64, error) // bytes free on the volume of telemetry
	// Budget is what telemetry may take on disk, in bytes; 0 leaves it to the volume.
	Budget int64
	// Before is called before samples of series in [from, to) go for good; an error keeps them for the next sweep. nil: nobody
	// needs to be asked.
	Before func(ctx context.Context, series, org uuid.UUID, from, to int64) error
	// Raise tells how urgent the disk is, each time it is looked at; nil: nobody listens.
	Raise  func(Forecast)
	Every  time.Duration // between sweeps; default an hour
	Now    func() time.Time
	Logger *slog.Logger
}

// Service keeps the rules and does the sweeping.
type Service struct {
	o       Options
	mu      sync.Mutex
	history History
	swept   Swept
	gone    map[uuid.UUID]int64 // horizons
}

// New brings the tables up to date.
func New(ctx context.Context, o Options) (*Service, error) {
	if err := store.MigrateRoom(ctx, o.DB, "retention", migrations); err != nil {
		return nil, err
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Every <= 0 {
		o.Every = time.Hour
	}
	gone, err := horizons(ctx, o.DB, auth.Everywhere())
	if err != nil {
		return nil, err
	}
	return &Service{o: o, gone: gone}, nil
}

// Horizon returns the source time before which samples of a series may be gone, 0 where none are.
func (s *Service) Horizon(series uuid.UUID) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone[series]
}

func (s *Service) now() int64 { return s.o.Now().UnixNano() }

func (s *Service) note(ctx context.Context, tx bun.Tx, scope auth.Scope, verb, kind string, id uuid.UUID, name string, before, after any) error {
	return audit.Record(ctx, tx, scope.Act(ctx, s.o.Now(), verb, audit.Object{Kind: kind, ID: id.String(), Name: name}, before, after))
}

func checkReason(reason string) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n < minReason || n > maxReason {
		return ErrReason.At("body.reason", reason).With("min", minReason).With("max", maxReason)
	}
	return nil
}

func checkDays(days int) error {
	if days != 0 && (days < LeastDays || days > MostDays) {
		return ErrDays.At("body.days", strconv.Itoa(days)).With("min", LeastDays).With("max", MostDays)
	}
	return nil
}

// Rules returns what an organisation has laid down.
func (s *Service) Rules(ctx context.Context, org uuid.UUID) (*Rules, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return nil, err
	}
	all, err := rules(ctx, s.o.DB, scope)
	if err != nil {
		return nil, err
	}
	if r := all[org]; r != nil {
		return r, nil
	}
	return &Rules{Classes: map[uuid.UUID]*Class{}}, nil
}

// NewClass makes a class. days 0 keeps for ever. Errors: ErrName, ErrDays, ErrReason, ErrMany.
func (s *Service) NewClass(ctx context.Context, org uuid.UUID, name text.Text, days int, reason string) (Class, error) {
	scope, err := auth.Allow(ctx, auth.Configure, org)
	if err != nil {
		return Class{}, err
	}
	if err := name.Check(maxName); err != nil {
		return Class{}, ErrName.At("body.name", name.En).With("reason", err.Error()).With("limit", maxName)
	}
	if err := checkDays(days); err != nil {
		return Class{}, err
	}
	if err := checkReason(reason); err != nil {
		return Class{}, err
	}
	c := Class{ID: uuid.Must(uuid.NewV7()), Org: org, Name: name, Terms: []Term{{From: s.now(), Days: days, Reason: reason}}}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*classRow)(nil)).Where("org = ? AND removed = 0", org).Count(ctx)
		if err != nil {
			return err
		}
		if n >= maxClasses {
			return ErrMany.With("limit", maxClasses)
		}
		if _, err := tx.NewInsert().Model(&classRow{ID: c.ID, Org: org, Name: name}).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&termRow{Class: c.ID, Since: c.Terms[0].From, Made: c.Terms[0].From, Days: int64(days), Reason: reason}).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "retention.class.create", "retention.class", c.ID, name.In("zh"), nil, map[string]any{"name": name, "days": days, "reason": reason})
	})
	if err != nil {
		return Class{}, fmt.Errorf("make a retention class: %w", err)
	}
	return c, nil
}

// class finds a class for somebody who may change it.
func (s *Service) class(ctx context.Context, tx bun.IDB, id uuid.UUID) (Class, auth.Scope, error) {
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Class{}, auth.Scope{}, err
	}
	var r classRow
	if err := visible.Where(tx.NewSelect().Model(&r).Where("c.id = ? AND c.removed = 0", id), "c.org").Scan(ctx); err != nil {
		return Class{}, auth.Scope{}, fmt.Errorf("retention class %s: %w", id, store.Err(err))
	}
	scope, err := auth.Allow(ctx, auth.Configure, r.Org)
	if err != nil {
		return Class{}, auth.Scope{}, err
	}
	all, err := rules(ctx, tx, scope)
	if err != nil {
		return Class{}, auth.Scope{}, err
	}
	return *all[r.Org].Classes[id], scope, nil
}

// ChangeClass gives a class another time to keep: longer at once, shorter after Grace, until when another change takes its
// place. Errors: ErrDays, ErrReason, store.ErrNotFound.
func (s *Service) ChangeClass(ctx context.Context, id uuid.UUID, days int, reason string) (Class, error) {
	if err := checkDays(days); err != nil {
		return Class{}, err
	}
	if err := checkReason(reason); err != nil {
		return Class{}, err
	}
	var out Class
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		c, scope, err := s.class(ctx, tx, id)
		if err != nil {
			return err
		}
		now := s.now()
		t := Term{From: now, Days: days, Reason: reason}
		if was := c.At(now).Days; days != 0 && (was == 0 || days < was) {
			t.From += int64(Grace)
		}
		// What was to come and is not in effect yet is taken back.
		if _, err := tx.NewDelete().Model((*termRow)(nil)).Where("class = ? AND since > ?", id, now).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&termRow{Class: id, Since: t.From, Made: now, Days: int64(days), Reason: reason}).Exec(ctx); err != nil {
			return err
		}
		all, err := rules(ctx, tx, scope)
		if err != nil {
			return err
		}
		out = *all[c.Org].Classes[id]
		return s.note(ctx, tx, scope, "retention.class.change", "retention.class", id, c.Name.In("zh"), map[string]any{"days": c.At(now).Days},
			map[string]any{"days": days, "from": time.Unix(0, t.From).UTC(), "reason": reason})
	})
	if err != nil {
		return Class{}, fmt.Errorf("change retention class %s: %w", id, err)
	}
	return out, nil
}

// RemoveClass takes a class away that is not assigned any more. Errors: ErrInUse, store.ErrNotFound.
func (s *Service) RemoveClass(ctx context.Context, id uuid.UUID) error {
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		c, scope, err := s.class(ctx, tx, id)
		if err != nil {
			return err
		}
		n, err := tx.NewSelect().Model((*assignmentRow)(nil)).Where("class = ? AND until > ?", id.String(), s.now()).Count(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			return ErrInUse.At("path.id", id.String()).With("assignments", n)
		}
		if _, err := tx.NewUpdate().Model((*classRow)(nil)).Set("removed = ?", s.now()).Where("id = ?", id).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "retention.class.remove", "retention.class", id, c.Name.In("zh"), map[string]any{"days": c.At(s.now()).Days}, nil)
	})
	if err != nil {
		return fmt.Errorf("remove retention class %s: %w", id, err)
	}
	return nil
}

// Assign gives a target another class (uuid.Nil: for ever), after Grace, or at once where that keeps for ever; it ends what was
// assigned to the same target before, and takes back what was to come. The class that is in effect goes on. Errors: ErrTarget, ErrClass, ErrReason, ErrMany.
func (s *Service) Assign(ctx context.Context, org uuid.UUID, target Target, of string, class uuid.UUID, reason string) (Assignment, error) {
	scope, err := auth.Allow(ctx, auth.Configure, org)
	if err != nil {
		return Assignment{}, err
	}
	if err := checkReason(reason); err != nil {
		return Assignment{}, err
	}
	if err := s.checkTarget(ctx, scope, org, target, of); err != nil {
		return Assignment{}, err
	}
	now := s.now()
	a := Assignment{ID: uuid.Must(uuid.NewV7()), Org: org, Target: target, Of: of, Class: class, From: now, Until: forever, Reason: reason}
	if class != uuid.Nil {
		a.From += int64(Grace)
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		all, err := rules(ctx, tx, scope)
		if err != nil {
			return err
		}
		r := all[org]
		if class != uuid.Nil && (r == nil || r.Classes[class] == nil || r.Classes[class].Removed) {
			return ErrClass.At("body.class", class.String())
		}
		if r != nil && len(r.Assignments) >= maxAssignments {
			return ErrMany.With("limit", maxAssignments)
		}
		if err := withdraw(ctx, tx, org, target, of, now); err != nil {
			return err
		}
		if same, err := goOn(ctx, tx, org, target, of, class, now); err != nil {
			return err
		} else if same != nil {
			a = same.assignment()
			return s.note(ctx, tx, scope, "retention.assign", "retention.assignment", a.ID, string(target), nil,
				map[string]any{"target": target, "of": of, "class": store.Word(class), "from": time.Unix(0, a.From).UTC(), "reason": reason})
		}
		_, err = tx.NewUpdate().Model((*assignmentRow)(nil)).Set("until = ?", a.From).
			Where("org = ? AND target = ? AND target_id = ? AND since <= ? AND until > ?", org, string(target), of, now, a.From).Exec(ctx)
		if err != nil {
			return err
		}
		row := assignmentRow{ID: a.ID, Org: org, Target: string(target), TargetID: of, Class: store.Word(class), Since: a.From, Until: forever, Reason: reason}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "retention.assign", "retention.assignment", a.ID, string(target), nil,
			map[string]any{"target": target, "of": of, "class": store.Word(class), "from": time.Unix(0, a.From).UTC(), "reason": reason})
	})
	if err != nil {
		return Assignment{}, fmt.Errorf("assign a retention class: %w", err)
	}
	return a, nil
}

func (s *Service) checkTarget(ctx context.Context, scope auth.Scope, org uuid.UUID, target Target, of string) error {
	wrong := ErrTarget.At("body.of", of).With("target", string(target))
	switch target {
	case ToOrg:
		if of != org.String() {
			return wrong
		}
	case ToTemplate:
		if of == "" || len(of) > 200 {
			return wrong
		}
	case ToNode, ToSeries:
		id, err := uuid.Parse(of)
		if err != nil || id.String() != of {
			return wrong
		}
		has := s.o.Plant.Series
		if target == ToNode {
			has = s.o.Plant.Node
		}
		ok, err := has(ctx, scope, id)
		if err != nil {
			return err
		}
		if !ok {
			return wrong
		}
	default:
		return wrong
	}
	return nil
}

// Hold keeps all samples of a span. Errors: ErrSpan, ErrReason, ErrTarget, ErrMany.
func (s *Service) Hold(ctx context.Context, org, series uuid.UUID, from, to int64, reason string) (Hold, error) {
	scope, err := auth.Allow(ctx, auth.Configure, org)
	if err != nil {
		return Hold{}, err
	}
	if err := checkReason(reason); err != nil {
		return Hold{}, err
	}
	if from < 0 || to <= from || to > telemetry.MaxTime {
		return Hold{}, ErrSpan.At("body.to", time.Unix(0, to).UTC().Format(time.RFC3339))
	}
	if series != uuid.Nil {
		if err := s.checkTarget(ctx, scope, org, ToSeries, series.String()); err != nil {
			return Hold{}, err
		}
	}
	h := Hold{ID: uuid.Must(uuid.NewV7()), Org: org, Series: series, From: from, To: to, Reason: reason}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*holdRow)(nil)).Where("org = ? AND ended = 0", org).Count(ctx)
		if err != nil {
			return err
		}
		if n >= maxHolds {
			return ErrMany.With("limit", maxHolds)
		}
		if _, err := tx.NewInsert().Model(&holdRow{ID: h.ID, Org: org, Series: store.Word(series), Since: from, Until: to, Reason: reason, Made: s.now()}).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "retention.hold", "retention.hold", h.ID, "", nil,
			map[string]any{"series": store.Word(series), "from": time.Unix(0, from).UTC(), "to": time.Unix(0, to).UTC(), "reason": reason})
	})
	if err != nil {
		return Hold{}, fmt.Errorf("hold samples: %w", err)
	}
	return h, nil
}

// Release ends a hold. Errors: ErrReason, store.ErrNotFound.
func (s *Service) Release(ctx context.Context, id uuid.UUID, reason string) error {
	if err := checkReason(reason); err != nil {
		return err
	}
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var r holdRow
		if err := visible.Where(tx.NewSelect().Model(&r).Where("h.id = ? AND h.ended = 0", id), "h.org").Scan(ctx); err != nil {
			return store.Err(err)
		}
		scope, err := auth.Allow(ctx, auth.Configure, r.Org)
		if err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model((*holdRow)(nil)).Set("ended = ?", s.now()).Where("id = ?", id).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "retention.release", "retention.hold", id, "", nil, map[string]any{"reason": reason})
	})
	if err != nil {
		return fmt.Errorf("release hold %s: %w", id, err)
	}
	return nil
}

package figure

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

type handedRow struct {
	bun.BaseModel `bun:"table:figure_handed,alias:h"`

	Agreement uuid.UUID `bun:"agreement,pk"`
	Kind      string    `bun:"kind,pk"`
	Label     string    `bun:"label,pk"`
	Step      int64     `bun:"step,pk"`
	Taker     uuid.UUID
	State     string
	Figures   int64
	Here      int64
	Root      string
	Reason    string
	Actor     string
	Decision  string
	AsOf      int64
	At        int64
	Came      int64
}

func (r *handedRow) handed() (Handed, error) {
	root, err := ParseHash(r.Root)
	if err != nil {
		return Handed{}, fmt.Errorf("%w: step %d of %s %s: %w", ErrDamaged, r.Step, r.Kind, r.Label, err)
	}
	return Handed{r.Agreement, r.Taker, r.Kind, r.Label, r.Step, r.State, r.Figures, r.Here, root, r.Reason, r.Actor, store.ID(r.Decision), r.AsOf, r.At, r.Came}, nil
}

type handedFigureRow struct {
	bun.BaseModel `bun:"table:figure_handed_figure,alias:g"`

	Agreement uuid.UUID `bun:"agreement,pk"`
	Kind      string    `bun:"kind,pk"`
	Label     string    `bun:"label,pk"`
	Step      int64     `bun:"step,pk"`
	Figure    uuid.UUID `bun:"figure,pk"`
	Revision  int64
	Indicator string
}

type rulingRow struct {
	bun.BaseModel `bun:"table:figure_decision,alias:d"`

	ID        uuid.UUID `bun:"id,pk"`
	Agreement uuid.UUID
	Taker     uuid.UUID
	Kind      string
	Label     string
	Step      int64
	Root      string
	State     string
	Reason    string
	Actor     string
	At        int64
	Outcome   string
	Why       string
	Settled   int64
}

func (r *rulingRow) ruling() (Ruling, error) {
	root, err := ParseHash(r.Root)
	if err != nil {
		return Ruling{}, fmt.Errorf("%w: decision %s: %w", ErrDamaged, r.ID, err)
	}
	by, err := decode[audit.Actor](r.Actor)
	if err != nil {
		return Ruling{}, fmt.Errorf("%w: decision %s: %w", ErrDamaged, r.ID, err)
	}
	out := Ruling{r.ID, r.Agreement, r.Taker, r.Kind, r.Label, r.Step, root, r.State, r.Reason, by, r.At, r.Outcome, text.Text{}, r.Settled}
	if r.Why != "" {
		out.Why, err = decode[text.Text](r.Why)
	}
	return out, err
}

type pinRow struct {
	bun.BaseModel `bun:"table:figure_pin,alias:p"`

	Agreement uuid.UUID `bun:"agreement,pk"`
	Figure    uuid.UUID `bun:"figure,pk"`
	Revision  int64
	Indicator string
	Kind      string
	Label     string
}

type sealToldRow struct {
	bun.BaseModel `bun:"table:figure_seal_told,alias:t"`

	Agreement uuid.UUID `bun:"agreement,pk"`
	Kind      string    `bun:"kind,pk"`
	Label     string    `bun:"label,pk"`
	Step      int64     `bun:"step,pk"`
	Root      string
}

type decidedRow struct {
	bun.BaseModel `bun:"table:figure_seal_decided,alias:d"`

	ID        uuid.UUID `bun:"id,pk"`
	Agreement uuid.UUID
	Answer    string
	At        int64
}

// converted turns rows into what they say.
func converted[R, T any](rows []R, one func(*R) (T, error)) ([]T, error) {
	out := make([]T, len(rows))
	for i := range rows {
		var err error
		if out[i], err = one(&rows[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Handed are the steps that a giver on another node has told of a period, the first first.
func (s *Store) Handed(ctx context.Context, db bun.IDB, agreement uuid.UUID, kind, period string) ([]Handed, error) {
	var rows []handedRow
	if err := db.NewSelect().Model(&rows).Where("h.agreement = ? AND h.kind = ? AND h.label = ?", agreement, kind, period).OrderExpr("h.step").Scan(ctx); err != nil {
		return nil, wrap("read what was handed in", err)
	}
	return converted(rows, (*handedRow).handed)
}

// HandedTo are all steps that were told to a taker, at most store.MaxLimit periods' newest.
func (s *Store) HandedTo(ctx context.Context, db bun.IDB, taker uuid.UUID) ([]Handed, error) {
	var rows []handedRow
	newest := db.NewSelect().TableExpr("figure_handed AS n").ColumnExpr("MAX(n.step)").Where("n.agreement = h.agreement AND n.kind = h.kind AND n.label = h.label")
	err := db.NewSelect().Model(&rows).Where("h.taker = ? AND h.step = (?)", taker, newest).OrderExpr("h.came DESC").Limit(store.MaxLimit).Scan(ctx)
	if err != nil {
		return nil, wrap("list what was handed in", err)
	}
	return converted(rows, (*handedRow).handed)
}

// Rulings are the decisions of this node on a period of a giver on another, the first first.
func (s *Store) Rulings(ctx context.Context, db bun.IDB, agreement uuid.UUID, kind, period string) ([]Ruling, error) {
	var rows []rulingRow
	if err := db.NewSelect().Model(&rows).Where("d.agreement = ? AND d.kind = ? AND d.label = ?", agreement, kind, period).OrderExpr("d.at").Scan(ctx); err != nil {
		return nil, wrap("read decisions", err)
	}
	return converted(rows, (*rulingRow).ruling)
}

// putHanded keeps a step with the revisions here that it is of. Of a step that is held nothing changes; other words under its number are
// a refusal.
func (s *Store) putHanded(ctx context.Context, tx bun.IDB, x *Handed, figures []handedFigureRow) error {
	r := handedRow{Agreement: x.Agreement, Kind: x.Kind, Label: x.Period, Step: x.Step, Taker: x.Taker, State: x.State, Figures: x.Figures, Here: x.Here, Root: x.Root.String(), Reason: x.Reason, Actor: x.By,
		Decision: store.Word(x.Decision), AsOf: x.AsOf, At: x.At, Came: x.Came}
	if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
		return wrap("keep what was handed in", err)
	}
	return chunked(figures, func(part []handedFigureRow) error {
		_, err := tx.NewInsert().Model(&part).Exec(ctx)
		return wrap("keep what was handed in", err)
	})
}

// repin has the taker of a period count the revisions that were accepted, or what stands where it is open again. It tells which
// indicators that concerns.
func (s *Store) repin(ctx context.Context, tx bun.IDB, agreement uuid.UUID, kind, period string) ([]string, error) {
	steps, err := s.Handed(ctx, tx, agreement, kind, period)
	if err != nil {
		return nil, err
	}
	rulings, err := s.Rulings(ctx, tx, agreement, kind, period)
	if err != nil {
		return nil, err
	}
	at := stanceOf(steps, rulings)
	var pins []pinRow
	if at.state == Accepted && at.submitted != nil {
		var rows []handedFigureRow
		err := tx.NewSelect().Model(&rows).Where("g.agreement = ? AND g.kind = ? AND g.label = ? AND g.step = ?", agreement, kind, period, at.submitted.Step).Scan(ctx)
		if err != nil {
			return nil, wrap("read what was handed in", err)
		}
		for _, r := range rows {
			pins = append(pins, pinRow{Agreement: agreement, Figure: r.Figure, Revision: r.Revision, Indicator: r.Indicator, Kind: kind, Label: period})
		}
	}
	return s.pin(ctx, tx, agreement, kind, period, pins)
}

// pin replaces what is pinned of a period, and tells which indicators that concerns.
func (s *Store) pin(ctx context.Context, tx bun.IDB, agreement uuid.UUID, kind, period string, pins []pinRow) ([]string, error) {
	var old []pinRow
	if err := tx.NewSelect().Model(&old).Where("p.agreement = ? AND p.kind = ? AND p.label = ?", agreement, kind, period).Scan(ctx); err != nil {
		return nil, wrap("read pins", err)
	}
	if _, err := tx.NewDelete().Model((*pinRow)(nil)).Where("agreement = ? AND kind = ? AND label = ?", agreement, kind, period).Exec(ctx); err != nil {
		return nil, wrap("replace pins", err)
	}
	if err := chunked(pins, func(part []pinRow) error {
		_, err := tx.NewInsert().Model(&part).Exec(ctx)
		return wrap("replace pins", err)
	}); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var out []string
	for _, r := range append(old, pins...) {
		if !seen[r.Indicator] {
			seen[r.Indicator] = true
			out = append(out, r.Indicator)
		}
	}
	return out, nil
}

// pins are the revisions that takers count of an indicator in a period, by agreement and figure.
func (s *Store) pins(ctx context.Context, db bun.IDB, indicator, kind, period string) (map[[2]uuid.UUID]int64, error) {
	var rows []pinRow
	if err := db.NewSelect().Model(&rows).Where("p.indicator = ? AND p.kind = ? AND p.label = ?", indicator, kind, period).Scan(ctx); err != nil {
		return nil, wrap("read pins", err)
	}
	out := map[[2]uuid.UUID]int64{}
	for _, r := range rows {
		out[[2]uuid.UUID{r.Agreement, r.Figure}] = r.Revision
	}
	return out, nil
}

// standsOrPinned is a figure as its taker counts it: the revision that is pinned, or the one that stands where none is. Errors: store.ErrNotFound,
// ErrDamaged.
func (s *Store) standsOrPinned(ctx context.Context, id uuid.UUID, pinned int64) (*Figure, error) {
	if pinned > 0 {
		return s.Revision(ctx, s.db, id, pinned)
	}
	return s.Figure(ctx, s.db, id, Now)
}

func (s *Store) putRuling(ctx context.Context, tx bun.IDB, x *Ruling) error {
	r := rulingRow{ID: x.ID, Agreement: x.Agreement, Taker: x.Taker, Kind: x.Kind, Label: x.Period, Step: x.Step, Root: x.Root.String(), State: x.State, Reason: x.Reason, Actor: encode(x.By), At: x.At, Outcome: x.Outcome}
	_, err := tx.NewInsert().Model(&r).Exec(ctx)
	return wrap("write a decision", err)
}

// waiting are the first decisions that wait, of each agreement the oldest one.
func (s *Store) waiting(ctx context.Context) ([]Ruling, error) {
	var rows []rulingRow
	oldest := s.db.NewSelect().TableExpr("figure_decision AS o").ColumnExpr("MIN(o.at)").Where("o.agreement = d.agreement AND o.outcome = ?", Waiting)
	if err := s.db.NewSelect().Model(&rows).Where("d.outcome = ? AND d.at = (?)", Waiting, oldest).OrderExpr("d.at").Limit(store.MaxLimit).Scan(ctx); err != nil {
		return nil, wrap("list decisions that wait", err)
	}
	return converted(rows, (*rulingRow).ruling)
}

// settle writes down what became of a decision.
func (s *Store) settle(ctx context.Context, tx bun.IDB, id uuid.UUID, outcome string, why text.Text, at int64) error {
	words := ""
	if !why.IsZero() {
		b, err := json.Marshal(why)
		if err != nil {
			return err
		}
		words = string(b)
	}
	_, err := tx.NewUpdate().Model((*rulingRow)(nil)).Set("outcome = ?", outcome).Set("why = ?", words).Set("settled = ?", at).Where("id = ? AND outcome = ?", id, Waiting).Exec(ctx)
	return wrap("settle a decision", err)
}

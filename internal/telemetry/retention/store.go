package retention

import (
	"context"
	"embed"
	"fmt"
	"math"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

//go:embed migrations/*.sql
var migrations embed.FS

// forever is the end of what lasts.
const forever = math.MaxInt64

type classRow struct {
	bun.BaseModel `bun:"table:retention_class,alias:c"`

	ID      uuid.UUID `bun:"id,pk"`
	Org     uuid.UUID
	Name    text.Text
	Removed int64
}

type termRow struct {
	bun.BaseModel `bun:"table:retention_term,alias:t"`

	Class  uuid.UUID `bun:"class,pk"`
	Since  int64     `bun:"since,pk"`
	Made   int64     `bun:"made,pk"`
	Days   int64
	Reason string
}

type assignmentRow struct {
	bun.BaseModel `bun:"table:retention_assignment,alias:a"`

	ID       uuid.UUID `bun:"id,pk"`
	Org      uuid.UUID
	Target   string
	TargetID string
	Class    string
	Since    int64
	Until    int64
	Reason   string
}

func (r *assignmentRow) assignment() Assignment {
	return Assignment{ID: r.ID, Org: r.Org, Target: Target(r.Target), Of: r.TargetID, Class: store.ID(r.Class), From: r.Since, Until: r.Until, Reason: r.Reason}
}

type holdRow struct {
	bun.BaseModel `bun:"table:retention_hold,alias:h"`

	ID     uuid.UUID `bun:"id,pk"`
	Org    uuid.UUID
	Series string
	Since  int64
	Until  int64
	Reason string
	Made   int64
	Ended  int64
}

func (r *holdRow) hold() Hold {
	return Hold{ID: r.ID, Org: r.Org, Series: store.ID(r.Series), From: r.Since, To: r.Until, Reason: r.Reason, Ended: r.Ended != 0}
}

type horizonRow struct {
	bun.BaseModel `bun:"table:retention_horizon,alias:z"`

	Series  uuid.UUID `bun:"series,pk"`
	Org     uuid.UUID
	Horizon int64
	At      int64
}

// rules reads everything that the scope's organisations have laid down, by organisation.
func rules(ctx context.Context, db bun.IDB, scope auth.Scope) (map[uuid.UUID]*Rules, error) {
	out := map[uuid.UUID]*Rules{}
	of := func(org uuid.UUID) *Rules {
		r := out[org]
		if r == nil {
			r = &Rules{Classes: map[uuid.UUID]*Class{}}
			out[org] = r
		}
		return r
	}
	var classes []classRow
	if err := scope.Where(db.NewSelect().Model(&classes), "c.org").OrderExpr("c.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read retention classes: %w", store.Err(err))
	}
	byID := map[uuid.UUID]*Class{}
	for _, r := range classes {
		c := &Class{ID: r.ID, Org: r.Org, Name: r.Name, Removed: r.Removed != 0}
		byID[r.ID], of(r.Org).Classes[r.ID] = c, c
	}
	var terms []termRow
	q := db.NewSelect().Model(&terms).Join("JOIN retention_class AS c ON c.id = t.class")
	if err := scope.Where(q, "c.org").OrderExpr("t.class, t.since, t.made").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read terms of retention: %w", store.Err(err))
	}
	for _, r := range terms {
		c := byID[r.Class]
		if c == nil {
			continue // made between the two queries
		}
		t := Term{From: r.Since, Days: int(r.Days), Reason: r.Reason}
		if n := len(c.Terms); n > 0 && c.Terms[n-1].From == t.From {
			c.Terms[n-1] = t
			continue
		}
		c.Terms = append(c.Terms, t)
	}
	var assignments []assignmentRow
	if err := scope.Where(db.NewSelect().Model(&assignments), "a.org").OrderExpr("a.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read assignments of retention: %w", store.Err(err))
	}
	for i := range assignments {
		a := assignments[i].assignment()
		of(a.Org).Assignments = append(of(a.Org).Assignments, a)
	}
	var holds []holdRow
	if err := scope.Where(db.NewSelect().Model(&holds).Where("h.ended = 0"), "h.org").OrderExpr("h.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read holds: %w", store.Err(err))
	}
	for i := range holds {
		h := holds[i].hold()
		of(h.Org).Holds = append(of(h.Org).Holds, h)
	}
	return out, nil
}

// horizons reads how far each series of the scope has gone.
func horizons(ctx context.Context, db bun.IDB, scope auth.Scope) (map[uuid.UUID]int64, error) {
	var rows []horizonRow
	if err := scope.Where(db.NewSelect().Model(&rows), "z.org").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read horizons: %w", store.Err(err))
	}
	out := make(map[uuid.UUID]int64, len(rows))
	for _, r := range rows {
		out[r.Series] = r.Horizon
	}
	return out, nil
}

// atOnce bounds the rows of one statement.
const atOnce = 500

func putHorizons(ctx context.Context, tx bun.Tx, rows []horizonRow) error {
	for len(rows) > 0 {
		n := min(len(rows), atOnce)
		part := rows[:n]
		if _, err := tx.NewInsert().Model(&part).On("CONFLICT (series) DO UPDATE").Set("horizon = EXCLUDED.horizon").Set("at = EXCLUDED.at").Exec(ctx); err != nil {
			return fmt.Errorf("note horizons: %w", err)
		}
		rows = rows[n:]
	}
	return nil
}

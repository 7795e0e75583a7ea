package plant

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

type calendarRow struct {
	bun.BaseModel `bun:"table:plant_calendar,alias:c"`

	ID      uuid.UUID `bun:"id,pk"`
	Org     uuid.UUID
	Name    text.Text
	Version int64
}

type calendarVersionRow struct {
	bun.BaseModel `bun:"table:plant_calendar_version,alias:v"`

	Calendar   uuid.UUID `bun:"calendar,pk"`
	Number     int64     `bun:"number,pk"`
	Since      int64
	Made       int64
	Maker      string
	Reason     string
	Definition string
	Hash       string
}

type siteCalendarRow struct {
	bun.BaseModel `bun:"table:plant_site_calendar"`
	dated
	Calendar string // "" or an id
}

// calendarByID finds one calendar. Error: store.ErrNotFound.
func calendarByID(ctx context.Context, db bun.IDB, scope auth.Scope, id uuid.UUID) (row calendarRow, err error) {
	err = scope.Where(db.NewSelect().Model(&row).Where("c.id = ?", id), "c.org").Scan(ctx)
	return row, store.Err(err)
}

// versionAt finds the version of a calendar that holds at a time, and until when it does. The first has held since ever.
func versionAt(ctx context.Context, db bun.IDB, id uuid.UUID, at int64) (v calendarVersionRow, until int64, err error) {
	err = db.NewSelect().Model(&v).Where("v.calendar = ? AND v.since <= ?", id, max(at, 0)).OrderExpr("v.number DESC").Limit(1).Scan(ctx)
	if err != nil {
		return v, 0, store.Err(err)
	}
	err = db.NewSelect().Model((*calendarVersionRow)(nil)).ColumnExpr("COALESCE(MIN(v.since), ?)", int64(store.Forever)).
		Where("v.calendar = ? AND v.number > ?", id, v.Number).Scan(ctx, &until)
	return v, until, store.Err(err)
}

// machineOf finds the machine of a point, in the node's own right. Error: store.ErrNotFound.
func machineOf(ctx context.Context, db bun.IDB, point uuid.UUID) (n nodeRow, err error) {
	err = db.NewSelect().Model(&n).Where("n.id = (SELECT machine FROM plant_point WHERE id = ?)", point).Scan(ctx)
	return n, store.Err(err)
}

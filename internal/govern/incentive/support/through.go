package support

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/ledger"
)

// Through is the application to a call for projects by which something is filed or awarded. None: it was filed in this room.
type Through struct {
	Application uuid.UUID
	Call        text.Text // its name
}

func (t Through) here() bool { return t.Application == uuid.Nil }

// at is where a refusal points to.
func (t Through) at(measure, project string) (string, any) {
	if t.here() {
		return "body.measure", measure
	}
	return "body.content.project", project
}

// words tell by which way something was filed.
func (t Through) words() text.Text {
	if t.here() {
		return text.Text{Zh: "在“能拿到什么支持”", En: "on the page of support"}
	}
	return text.Text{Zh: "通过申报通知“" + t.Call.In("zh") + "”", En: "through the call " + t.Call.In("en")}
}

func (r *filingRow) through() Through { return Through{store.ID(r.Application), r.CallName} }
func (r *awardRow) through() Through  { return Through{store.ID(r.Application), r.CallName} }

// elsewhere refuses what only the room of calls may do with a filing. Error: ErrThrough.
func (r *filingRow) elsewhere() error {
	if t := r.through(); !t.here() {
		return ErrThrough.At("path.id", r.ID.String()).With("name", r.Name).With("call", t.Call).With("application", t.Application)
	}
	return nil
}

// CloseApplication ends what an application has filed, for one measure or ("") for all: refused or withdrawn. The project may be filed
// again. Support that was awarded stays on record. An application that has filed nothing is none of this room's business.
func (s *Service) CloseApplication(ctx context.Context, tx bun.Tx, application uuid.UUID, measure, state, why string) error {
	var rows []filingRow
	if err := tx.NewSelect().Model(&rows).Where("f.application = ? AND f.state IN (?)", application.String(), bun.List([]string{"open", "awarded"})).OrderExpr("f.id").Scan(ctx); err != nil {
		return wrap("filings of an application", err)
	}
	for i := range rows {
		if measure != "" && rows[i].Measure != measure {
			continue
		}
		if err := s.close(ctx, tx, &rows[i], rows[i].State, state, why); err != nil {
			return err
		}
	}
	return nil
}

// awarded marks the filing by which an application is awarded, and tells its id; "" where it filed nothing here. Error: ErrFiling.
func (s *Service) awarded(ctx context.Context, tx bun.Tx, a *Award) (string, error) {
	var row filingRow
	err := tx.NewSelect().Model(&row).Where("f.application = ? AND f.measure = ? AND f.state = ?", a.Through.Application.String(), a.Measure, "open").Scan(ctx)
	if err = store.Err(err); errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", wrap("filing of an application", err)
	}
	row.State, row.Why = "awarded", a.Why
	return row.ID.String(), moved(ctx, tx, &row, []string{"state", "why"}, "state = ?", "open", ErrFiling.At("path.id", row.ID.String()).With("state", row.State))
}

// paid refuses an award where something awarded before, wherever it was, stands in its way: of the measure itself, of a group of
// which it is part, or of one that it yields to. Error: ErrPaid.
func (s *Service) paid(ctx context.Context, tx bun.Tx, a *Award) error {
	sh, err := s.shelf(ctx, "")
	if err != nil {
		return err
	}
	day, err := incentive.ParseDate(a.Day)
	if err != nil {
		return ErrDay.At("body.day", a.Day)
	}
	before, err := s.awardsOf(ctx, tx, a.Org)
	if err != nil {
		return err
	}
	old, _, stands := sh.set.Earlier(a.Measure, &incentive.Subject{ID: a.Org.String(), Object: a.Object, Awards: before}, day)
	if !stands {
		return nil
	}
	at, value := a.Through.at(a.Measure, a.Name)
	wrong := ErrPaid.At(at, value).With("name", a.Name).With("day", old.Date.String()).With("amount", ledger.Yuan(int64(old.Amount))).With("measure", text.Both(old.Measure))
	if m := sh.set.Get(old.Measure); m != nil {
		wrong = wrong.With("measure", m.Name)
	}
	return wrong
}

// ClaimedBack is what this room has claimed back, in fen, of what an application was awarded, and what of it has come.
func (s *Service) ClaimedBack(ctx context.Context, tx bun.Tx, application uuid.UUID) (claimed, received int64, err error) {
	var rows []recoveryRow
	if err := tx.NewSelect().Model(&rows).Where("c.state <> ? AND c.award IN (SELECT w.id FROM support_award AS w WHERE w.application = ?)", "withdrawn", application.String()).Scan(ctx); err != nil {
		return 0, 0, wrap("claims on an application", err)
	}
	for _, r := range rows {
		claimed, received = claimed+r.Amount, received+r.Received
	}
	return claimed, received, nil
}

// EndAwards takes the awards of an application out of what counts as paid before: nothing of them is left with the enterprise. They
// stay on record.
func (s *Service) EndAwards(ctx context.Context, tx bun.Tx, application uuid.UUID, why string) error {
	var rows []awardRow
	if err := tx.NewSelect().Model(&rows).Where("w.application = ? AND w.ended = ''", application.String()).OrderExpr("w.id").Scan(ctx); err != nil {
		return wrap("awards of an application", err)
	}
	for i := range rows {
		a := &rows[i]
		a.Ended = why
		if _, err := tx.NewUpdate().Model(a).Column("ended").WherePK().Exec(ctx); err != nil {
			return wrap("end an award", err)
		}
		act := s.act(ctx, a.Keeper, "end", "award", a.ID.String(), a.Name, nil, nil)
		act.Reason = why
		if err := audit.Record(ctx, tx, act); err != nil {
			return err
		}
	}
	return nil
}

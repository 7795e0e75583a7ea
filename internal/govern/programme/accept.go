package programme

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow"
	"jingwei/internal/office/flow/workday"
)

// The phases of measuring.
const (
	Baseline   = "baseline"
	Acceptance = "acceptance"
)

func timeOf(at int64) time.Time { return time.Unix(0, at).In(field.China) }

// lastDay is the last of so many working days after an instant.
func (s *Service) lastDay(at int64, days int) (string, error) {
	last, err := s.o.Flows.Calendar().Last(workday.DayOf(at), workday.Period{N: days, Unit: "working"})
	return last.Day.String(), err
}

// project is a case for somebody who has to do with it: of the applicant (subject), or of the organisation that keeps it.
func (s *Service) project(ctx context.Context, id uuid.UUID, verb auth.Verb) (f *fileRow, r *roundRow, c *Call, owner bool, err error) {
	if _, err = auth.Need(ctx); err != nil {
		return nil, nil, nil, false, err
	}
	if f, err = s.file(ctx, s.o.DB, id); err != nil {
		return nil, nil, nil, false, err
	}
	missing := fmt.Errorf("application %s: %w", id, store.ErrNotFound)
	_, kept := auth.Allow(ctx, verb, f.Org)
	_, own := auth.Allow(ctx, verb, f.Subject)
	if kept != nil && own != nil {
		_, readsKept := auth.Allow(ctx, auth.Read, f.Org)
		_, readsOwn := auth.Allow(ctx, auth.Read, f.Subject)
		switch {
		case readsKept == nil:
			return nil, nil, nil, false, kept
		case readsOwn == nil:
			return nil, nil, nil, false, own
		}
		return nil, nil, nil, false, missing
	}
	if kept == nil && own != nil && f.Filed == 0 {
		return nil, nil, nil, false, missing // drafts are the applicant's
	}
	if r, err = s.round(ctx, s.o.DB, f.Round); err != nil {
		return nil, nil, nil, false, err
	}
	c, err = s.callOf(ctx, s.o.DB, r)
	return f, r, c, kept == nil, err
}

// Bind says by which series of the applicant an indicator is measured. Errors: ErrIndicator, ErrSeries, ErrFrozen.
func (s *Service) Bind(ctx context.Context, id uuid.UUID, indicator string, series map[string]uuid.UUID) error {
	f, r, c, _, err := s.project(ctx, id, auth.Operate)
	if err != nil {
		return err
	}
	x, err := s.indicatorOf(c, indicator)
	if err != nil {
		return err
	}
	var rows []bindingRow
	for _, want := range x.Series {
		given, ok := series[want.Role]
		if !ok || s.o.Indicators == nil {
			return ErrSeries.At("body.series."+want.Role, "").With("name", want.Name)
		}
		if _, err := s.o.Indicators.Series(ctx, f.Subject, given); errors.Is(err, store.ErrNotFound) {
			return ErrSeries.At("body.series."+want.Role, given).With("name", want.Name)
		} else if err != nil {
			return err
		}
		rows = append(rows, bindingRow{CaseID: id, Indicator: indicator, Role: want.Role, Series: given})
	}
	if len(rows) == 0 {
		return ErrIndicator.At("path.indicator", indicator).With("indicators", "")
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if f, err = s.file(ctx, tx, id); err != nil {
			return err
		}
		if !beforeAward(f.State) {
			return ErrFrozen.At("path.indicator", indicator).With("indicator", x.Name)
		}
		if _, err := tx.NewDelete().Model((*bindingRow)(nil)).Where("case_id = ? AND indicator = ?", id, indicator).Exec(ctx); err != nil {
			return wrap("bind an indicator", err)
		}
		if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
			return wrap("bind an indicator", err)
		}
		p, _ := auth.Need(ctx)
		act := auth.System(f.Org).Act(ctx, s.o.Now(), "programme.indicator.bind", audit.Object{Kind: "programme.application", ID: id.String(), Name: short(f.Title)}, nil, map[string]any{"indicator": indicator, "series": series})
		act.Actor, act.Via = auth.ActorOf(p), p.Via
		if err := s.note(ctx, tx, f, r, "bind", map[string]any{"indicator": indicator, "series": series}, act.Actor, s.o.Now().UnixNano()); err != nil {
			return err
		}
		return audit.Record(ctx, tx, act)
	})
}

func short(s string) string {
	r := []rune(s)
	return string(r[:min(len(r), 200)])
}

func beforeAward(state string) bool {
	return slices.Contains([]string{Draft, Submitted, Returned, Reviewing, Publicity, Objected}, state)
}

func (s *Service) indicatorOf(c *Call, key string) (*Indicator, error) {
	if x := c.indicator(key); x != nil {
		return x, nil
	}
	var keys []string
	for _, x := range c.Indicators {
		keys = append(keys, x.Key)
	}
	return nil, ErrIndicator.At("path.indicator", key).With("indicators", strings.Join(keys, ", "))
}

// span is the time over which an indicator is measured as of an instant: the whole days before its day, or the whole minutes before it.
func (x *Indicator) span(at int64) (from, to int64) {
	if x.Minutes > 0 {
		to = at - at%int64(time.Minute)
		return to - int64(x.Minutes)*int64(time.Minute), to
	}
	today := timeOf(at)
	end := time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, field.China)
	return end.AddDate(0, 0, -x.Days).UnixNano(), end.UnixNano()
}

// Measure measures an indicator now: its baseline before the award, its acceptance while acceptance is asked for. What comes out is
// kept, good or bad. Errors: ErrIndicator, ErrFrozen, ErrState, ErrSeries where no series is chosen.
func (s *Service) Measure(ctx context.Context, id uuid.UUID, indicator string) error {
	f, r, c, _, err := s.project(ctx, id, auth.Operate)
	if err != nil {
		return err
	}
	x, err := s.indicatorOf(c, indicator)
	if err != nil {
		return err
	}
	phase, err := phaseOf(f, x)
	if err != nil {
		return err
	}
	series, err := s.bindings(ctx, s.o.DB, id, indicator)
	if err != nil {
		return err
	}
	if len(series) != len(x.Series) || !x.Measured() || s.o.Indicators == nil {
		name := x.Name
		if len(x.Series) > 0 {
			name = x.Series[0].Name
		}
		return ErrSeries.At("path.indicator", indicator).With("name", name)
	}
	now := s.o.Now().UnixNano()
	from, to := x.span(now)
	got, err := s.o.Indicators.Measure(ctx, f.Subject, x, series, from, to)
	if errors.Is(err, store.ErrNotFound) {
		return ErrSeries.At("path.indicator", indicator).With("name", x.Name)
	}
	if err != nil {
		return err
	}
	m := measurementRow{ID: uuid.Must(uuid.NewV7()), CaseID: id, Indicator: indicator, Phase: phase, Since: from, Until: to, Coverage: int64(got.Coverage), Grade: "E3", RestsOn: encode(got.References), Input: got.Revision, Trouble: encode(got.Trouble), At: now}
	if got.Value != nil {
		m.Value = got.Value.RatString()
	}
	return s.keep(ctx, f, r, &m)
}

// Declare writes down what a document says of an indicator that is not measured. The organisation that keeps the case does.
func (s *Service) Declare(ctx context.Context, id uuid.UUID, indicator, value, document string) error {
	f, r, c, owner, err := s.project(ctx, id, auth.Operate)
	if err != nil {
		return err
	}
	if !owner {
		return auth.ErrForbidden.With("verb", string(auth.Operate))
	}
	x, err := s.indicatorOf(c, indicator)
	if err != nil {
		return err
	}
	v, ok := new(big.Rat).SetString(value)
	if !ok || len(value) > 30 || strings.ContainsAny(value, "/eE") {
		return ErrField.At("body.value", value).With("name", x.Name).With("reason", text.Text{Zh: "应为十进制数", En: "a decimal number is needed"})
	}
	if x.Measured() {
		return ErrIndicator.At("path.indicator", indicator).With("indicators", "")
	}
	docs, err := decode[[]flowDocument](f.Documents)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(docs, func(d flowDocument) bool { return d.ID == document }) {
		return ErrField.At("body.document", document).With("name", both("佐证材料", "document")).With("reason", text.Text{Zh: "应为申报件所附的材料", En: "one of the application's papers is needed"})
	}
	phase, err := phaseOf(f, x)
	if err != nil {
		return err
	}
	now := s.o.Now().UnixNano()
	return s.keep(ctx, f, r, &measurementRow{ID: uuid.Must(uuid.NewV7()), CaseID: id, Indicator: indicator, Phase: phase, Since: now, Until: now, Value: v.RatString(), Coverage: 1000, Grade: x.Grade, RestsOn: "[]", Trouble: "{}", Document: document, At: now})
}

func phaseOf(f *fileRow, x *Indicator) (string, error) {
	switch {
	case beforeAward(f.State) && f.State != Draft:
		return Baseline, nil
	case f.State == Accepting:
		return Acceptance, nil
	case f.State == Building:
		return "", ErrFrozen.At("path.indicator", x.Key).With("indicator", x.Name)
	}
	return "", ErrState.At("path.indicator", x.Key).With("state", stateName(f.State)).With("needs", stateName(Accepting))
}

func (s *Service) keep(ctx context.Context, f *fileRow, r *roundRow, m *measurementRow) error {
	p, err := auth.Need(ctx)
	if err != nil {
		return err
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		now, err := s.file(ctx, tx, f.CaseID)
		if err != nil {
			return err
		}
		if now.State != f.State {
			return ErrChanged.At("path.id", f.CaseID)
		}
		if _, err := tx.NewInsert().Model(m).Exec(ctx); err != nil {
			return wrap("keep a measurement", err)
		}
		act := auth.System(f.Org).Act(ctx, s.o.Now(), "programme.indicator.measure", audit.Object{Kind: "programme.application", ID: f.CaseID.String(), Name: short(f.Title)}, nil, map[string]any{"indicator": m.Indicator, "phase": m.Phase, "coverage": m.Coverage})
		act.Actor, act.Via = auth.ActorOf(p), p.Via
		body := map[string]any{"indicator": m.Indicator, "phase": m.Phase, "value": shownOf(m.Value), "coverage": m.Coverage, "measurement": m.ID}
		if err := s.note(ctx, tx, f, r, "measure", body, act.Actor, m.At); err != nil {
			return err
		}
		return audit.Record(ctx, tx, act)
	})
}

func shownOf(fraction string) string {
	if v, ok := new(big.Rat).SetString(fraction); ok {
		return Shown(v)
	}
	return ""
}

func (s *Service) bindings(ctx context.Context, db bun.IDB, id uuid.UUID, indicator string) (map[string]uuid.UUID, error) {
	var rows []bindingRow
	if err := db.NewSelect().Model(&rows).Where("b.case_id = ? AND b.indicator = ?", id, indicator).Scan(ctx); err != nil {
		return nil, wrap("series of an indicator", err)
	}
	out := map[string]uuid.UUID{}
	for _, r := range rows {
		out[r.Role] = r.Series
	}
	return out, nil
}

// newest is the newest measurement of an indicator in a phase; nil where there is none.
func (s *Service) newest(ctx context.Context, db bun.IDB, id uuid.UUID, indicator, phase string, since int64) (*measurementRow, error) {
	var rows []measurementRow
	err := db.NewSelect().Model(&rows).Where("m.case_id = ? AND m.indicator = ? AND m.phase = ? AND m.at >= ?", id, indicator, phase, since).OrderExpr("m.id DESC").Limit(1).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return nil, wrap("measurements", err)
	}
	return &rows[0], nil
}

func (m *measurementRow) measured() *Measured {
	if m == nil {
		return nil
	}
	out := &Measured{Coverage: int(m.Coverage), Revision: m.Input}
	if v, ok := new(big.Rat).SetString(m.Value); ok {
		out.Value = v
	}
	out.References, _ = decode[[]string](m.RestsOn)
	out.Trouble, _ = decode[text.Text](m.Trouble)
	return out
}

// freeze freezes the baseline of every measured indicator at the award, and returns the hash of them all. Error: ErrBaseline.
func (s *Service) freeze(ctx context.Context, tx bun.Tx, call *Call, row *fileRow) (string, error) {
	var whole []measurementRow
	for i := range call.Indicators {
		x := &call.Indicators[i]
		if !x.Measured() {
			continue
		}
		m, err := s.newest(ctx, tx, row.CaseID, x.Key, Baseline, 0)
		if err != nil {
			return "", err
		}
		bad := func(zh, en string) error {
			return ErrBaseline.At("body.action", "award").With("indicator", x.Name).With("reason", text.Text{Zh: zh, En: en})
		}
		switch {
		case m == nil:
			return "", bad("还没有测量基线", "its baseline was not measured yet")
		case m.Value == "":
			t := m.measured().Trouble
			if t.IsZero() {
				t = text.Text{Zh: "没有测得数值", En: "there is no value"}
			}
			return "", bad(t.Zh, t.En)
		case int(m.Coverage) < x.Coverage*10:
			return "", bad(fmt.Sprintf("覆盖率 %s%%，低于要求的 %d%%", permille(int(m.Coverage)), x.Coverage), fmt.Sprintf("its coverage is %s %%, below the %d %% that is wanted", permille(int(m.Coverage)), x.Coverage))
		}
		m.Frozen = true
		if _, err := tx.NewUpdate().Model(m).WherePK().Exec(ctx); err != nil {
			return "", wrap("freeze a baseline", err)
		}
		whole = append(whole, *m)
	}
	if len(whole) == 0 {
		return "", nil
	}
	sum := sha256.New()
	for i := range whole {
		m := &whole[i]
		fmt.Fprintf(sum, "%s|%s|%d|%d|%s|%d|%s|%s\n", m.ID, m.Indicator, m.Since, m.Until, m.Value, m.Coverage, m.RestsOn, m.Input)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// verdict is how an indicator of a project stands: frozen baseline, newest acceptance, and what that means.
func (s *Service) verdict(ctx context.Context, db bun.IDB, x *Indicator, f *fileRow) (base, now *measurementRow, verdict string, why text.Text, err error) {
	if x.Measured() {
		if base, err = s.newest(ctx, db, f.CaseID, x.Key, Baseline, 0); err != nil {
			return nil, nil, "", text.Text{}, err
		}
	}
	if now, err = s.newest(ctx, db, f.CaseID, x.Key, Acceptance, 0); err != nil {
		return nil, nil, "", text.Text{}, err
	}
	frozen := base
	if base != nil && !base.Frozen {
		frozen = nil
	}
	verdict, why = x.Reached(frozen.measured(), now.measured())
	return base, now, verdict, why, nil
}

// accepted refuses acceptance unless every indicator is reached, and releases what is paid after it.
func (s *Service) accepted(ctx context.Context, tx bun.Tx, call *Call, row *fileRow, c *flow.Case) error {
	for i := range call.Indicators {
		x := &call.Indicators[i]
		_, _, verdict, why, err := s.verdict(ctx, tx, x, row)
		if err != nil {
			return err
		}
		if verdict != yes {
			return ErrUnreached.At("body.action", "accept").With("indicator", x.Name).With("reason", why)
		}
	}
	a, err := s.award(ctx, tx, row.CaseID)
	if err != nil {
		return err
	}
	a.State, a.Revision = AwardAccepted, a.Revision+1
	if _, err := tx.NewUpdate().Model(a).WherePK().Exec(ctx); err != nil {
		return wrap("award", err)
	}
	_, err = tx.NewUpdate().Model((*paymentRow)(nil)).Set("state = 'released'").Set("revision = revision + 1").Where("case_id = ? AND state = 'planned'", row.CaseID).Exec(ctx)
	return wrap("release payments", err)
}

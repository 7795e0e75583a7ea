package support

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/ledger"
)

// Filing is a project that an enterprise files for a measure with an organisation.
type Filing struct {
	ID      uuid.UUID
	Org     uuid.UUID // the enterprise
	Keeper  uuid.UUID // to whom
	Measure string
	Object  string // of the project; spelt as by ObjectOf
	Name    string
	Day     string
	Outcome json.RawMessage // of the measure, as it was worked out at filing; null where another room worked it out
	Packs   string
	State   string // open, awarded, refused, withdrawn
	Why     string
	At      int64
	Through Through
}

func filingOf(r *filingRow) Filing {
	f := Filing{ID: r.ID, Org: r.Org, Keeper: r.Keeper, Measure: r.Measure, Object: r.Object, Name: r.Name, Day: r.Day, Packs: r.Packs, State: r.State, Why: r.Why, At: r.At, Through: r.through()}
	if r.Result != "" {
		f.Outcome = json.RawMessage(r.Result)
	}
	return f
}

// Claim enters a filing in the transaction of whoever takes it, and refuses a second one of the same project: under the same measure,
// or another one of a group of which only the highest is paid. One application files once, under all measures of its call. Of two who
// claim at once the store lets one through. Errors: ErrSecond, ErrMeasure.
func (s *Service) Claim(ctx context.Context, tx bun.Tx, f Filing) error {
	sh, err := s.shelf(ctx, "")
	if err != nil {
		return err
	}
	m := sh.set.Get(f.Measure)
	if m == nil {
		return ErrMeasure.At("body.measure", f.Measure)
	}
	at, value := f.Through.at(f.Measure, f.Name)
	f.Object = ObjectOf(f.Name)
	if f.ID == uuid.Nil {
		f.ID = uuid.Must(uuid.NewV7())
	}
	var rows []filingRow
	if err := tx.NewSelect().Model(&rows).Where("f.org = ? AND f.object = ?", f.Org, f.Object).Where("f.state IN (?)", bun.List([]string{"open", "awarded"})).OrderExpr("f.id").Scan(ctx); err != nil {
		return wrap("filings", err)
	}
	var open []incentive.Filing
	for _, r := range rows {
		if f.Through.here() || r.through().Application != f.Through.Application {
			open = append(open, incentive.Filing{ID: r.ID.String(), Measure: r.Measure, Enterprise: r.Org.String(), Object: r.Object})
		}
	}
	if old, rule, second := sh.set.SecondFiling(open, incentive.Filing{ID: f.ID.String(), Measure: f.Measure, Enterprise: f.Org.String(), Object: f.Object}); second {
		before := &rows[slices.IndexFunc(rows, func(r filingRow) bool { return r.ID.String() == old.ID })]
		wrong := ErrSecond.At(at, value).With("measure", text.Both(old.Measure)).With("name", before.Name).With("day", before.Day).With("way", before.through().words()).With("filing", old.ID).
			With("rule", text.Text{Zh: "不得多头申报", En: "a project is filed once"}).With("clause", "")
		if other := sh.set.Get(old.Measure); other != nil {
			wrong = wrong.With("measure", other.Name)
		}
		if !rule.Text.IsZero() {
			wrong = wrong.With("rule", rule.Text)
		}
		for _, c := range m.Clauses {
			if c.ID == rule.Clause {
				wrong = wrong.With("clause", c.Title+" "+c.Section)
			}
		}
		return wrong
	}
	act := s.act(ctx, f.Org, "file", "filing", f.ID.String(), f.Name, nil, map[string]any{"measure": f.Measure, "keeper": f.Keeper, "packs": f.Packs})
	row := filingRow{ID: f.ID, Org: f.Org, Keeper: f.Keeper, Measure: f.Measure, Object: f.Object, Name: f.Name, Day: f.Day, Result: string(f.Outcome), Packs: f.Packs, State: "open",
		Actor: string(canonical(act.Actor)), At: s.o.Now().UnixNano(), CallName: f.Through.Call}
	if !f.Through.here() {
		row.Application = f.Through.Application.String()
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return wrap("write a filing", err)
	}
	return audit.Record(ctx, tx, act)
}

// Close ends an open filing without an award: refused or withdrawn. The project may be filed again. Error: ErrFiling.
func (s *Service) Close(ctx context.Context, tx bun.Tx, id uuid.UUID, state, why string) error {
	var row filingRow
	if err := tx.NewSelect().Model(&row).Where("f.id = ?", id).Scan(ctx); err != nil {
		return wrap("filing", err)
	}
	return s.close(ctx, tx, &row, "open", state, why)
}

func (s *Service) close(ctx context.Context, tx bun.Tx, row *filingRow, from, state, why string) error {
	closed := ErrFiling.At("path.id", row.ID.String()).With("state", row.State)
	row.State, row.Why = state, why
	if err := moved(ctx, tx, row, []string{"state", "why"}, "state = ?", from, closed); err != nil {
		return err
	}
	act := s.act(ctx, row.Org, state, "filing", row.ID.String(), row.Name, nil, nil)
	act.Reason = why
	return audit.Record(ctx, tx, act)
}

// File files the project of an inquiry for a measure. What the measure gives by now is handed over with it. Errors: ErrSecond,
// ErrEligible where the measure is out of the question, ErrMeasure and those of auth.
func (s *Service) File(ctx context.Context, inquiry uuid.UUID, measure string, keeper uuid.UUID) (Filing, error) {
	o, err := s.Opinion(ctx, inquiry)
	if err != nil {
		return Filing{}, err
	}
	if _, err := auth.Allow(ctx, auth.Configure, o.Inquiry.Org); err != nil {
		return Filing{}, err
	}
	out := o.Report.Of(measure)
	if out == nil {
		return Filing{}, ErrMeasure.At("body.measure", measure)
	}
	if keeper == uuid.Nil {
		if keeper, err = s.o.Home(ctx); err != nil {
			return Filing{}, err
		}
	}
	f := Filing{ID: uuid.Must(uuid.NewV7()), Org: o.Inquiry.Org, Keeper: keeper, Measure: measure, Object: o.Inquiry.Object, Name: o.Inquiry.Name, Day: o.Day, Outcome: canonical(out), Packs: o.Packs, State: "open", At: s.o.Now().UnixNano()}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.Claim(ctx, tx, f); err != nil {
			return err
		}
		if out.Declared == incentive.False {
			return ErrEligible.At("body.measure", measure).With("why", out.Explanation.Text.Zh+" "+out.Explanation.Text.En)
		}
		return nil
	})
	return f, err
}

// Filings lists those of an enterprise and those that an organisation was given, the newest first.
func (s *Service) Filings(ctx context.Context, org uuid.UUID, page store.Page) ([]Filing, string, error) {
	if _, err := auth.Allow(ctx, auth.Read, org); err != nil {
		return nil, "", err
	}
	var rows []filingRow
	q := s.o.DB.NewSelect().Model(&rows).Where("(f.org = ? OR f.keeper = ?)", org, org)
	return store.List(ctx, newest("f"), q, &rows, page, func(r *filingRow) []any { return []any{r.ID.String()} }, filingOf)
}

// filing reads one that the caller's organisations file or were given.
func (s *Service) filing(ctx context.Context, id uuid.UUID) (filingRow, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return filingRow{}, err
	}
	var row filingRow
	if err := s.o.DB.NewSelect().Model(&row).Where("f.id = ?", id).Scan(ctx); err != nil {
		return row, wrap("filing", err)
	}
	if !scope.Includes(row.Org) && !scope.Includes(row.Keeper) {
		return filingRow{}, wrap("filing", store.ErrNotFound)
	}
	return row, nil
}

// Withdraw takes a filing back (the enterprise), Refuse refuses it (the keeper), with a reason. What was filed through a call is closed
// there. Errors: ErrThrough, ErrFiling, ErrReason.
func (s *Service) Withdraw(ctx context.Context, id uuid.UUID, why string) error {
	return s.end(ctx, id, "withdrawn", why)
}

// Refuse refuses a filing.
func (s *Service) Refuse(ctx context.Context, id uuid.UUID, why string) error {
	return s.end(ctx, id, "refused", why)
}

func (s *Service) end(ctx context.Context, id uuid.UUID, state, why string) error {
	f, err := s.filing(ctx, id)
	if err != nil {
		return err
	}
	who := f.Org
	if state == "refused" {
		who = f.Keeper
	}
	if _, err := auth.Allow(ctx, auth.Configure, who); err != nil {
		return theirs(err)
	}
	if err := f.elsewhere(); err != nil {
		return err
	}
	if wrong := checkWhy("body.why", why); wrong != nil {
		return wrong
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error { return s.Close(ctx, tx, id, state, why) })
}

// theirs: what the caller can see, and the other side alone may do, is forbidden and not unknown.
func theirs(err error) error {
	if errors.Is(err, auth.ErrNotFound) {
		return auth.ErrForbidden.With("verb", string(auth.Configure))
	}
	return err
}

// Award is support that was granted.
type Award struct {
	ID      uuid.UUID
	Org     uuid.UUID
	Keeper  uuid.UUID
	Measure string
	Object  string
	Name    string
	Day     string
	Amount  int64 // fen
	Ref     string
	Filing  string
	Why     string
	At      int64
	Through Through
	Ended   string // why it counts no more, or ""
}

func awardView(r *awardRow) Award {
	return Award{r.ID, r.Org, r.Keeper, r.Measure, r.Object, r.Name, r.Day, r.Amount, r.Ref, r.Filing, r.Why, r.At, r.through(), r.Ended}
}

// awardsOf are the awards of an enterprise, as the measures want them, whichever room has made them. What was claimed back whole counts
// no more.
func (s *Service) awardsOf(ctx context.Context, db bun.IDB, org uuid.UUID) ([]incentive.Award, error) {
	var rows []awardRow
	if err := db.NewSelect().Model(&rows).Where("w.org = ? AND w.ended = ''", org).Where("w.id NOT IN (SELECT c.award FROM support_recovery AS c WHERE c.state = 'received' AND c.amount = w.amount)").OrderExpr("w.id").Scan(ctx); err != nil {
		return nil, wrap("awards", err)
	}
	var out []incentive.Award
	for _, r := range rows {
		if d, err := incentive.ParseDate(r.Day); err == nil {
			out = append(out, incentive.Award{Measure: r.Measure, Object: r.Object, Date: d, Amount: fen(r.Amount)})
		}
	}
	return out, nil
}

// RecordAward enters an award that was made and committed, in the transaction of the room that has made it. The filing of an application
// is awarded with it. Errors: ErrPaid where something else was paid for it before, ErrDay.
func (s *Service) RecordAward(ctx context.Context, tx bun.Tx, a Award) error {
	a.Object = ObjectOf(a.Name)
	if a.ID == uuid.Nil {
		a.ID = uuid.Must(uuid.NewV7())
	}
	if err := s.paid(ctx, tx, &a); err != nil {
		return err
	}
	application := ""
	if !a.Through.here() {
		var err error
		if a.Filing, err = s.awarded(ctx, tx, &a); err != nil {
			return err
		}
		application = a.Through.Application.String()
	}
	act := s.act(ctx, a.Keeper, "award", "award", a.ID.String(), a.Name, nil, map[string]any{"org": a.Org, "measure": a.Measure, "amount": ledger.Yuan(a.Amount), "ref": a.Ref})
	act.Reason = a.Why
	row := awardRow{ID: a.ID, Org: a.Org, Keeper: a.Keeper, Measure: a.Measure, Object: a.Object, Name: a.Name, Day: a.Day, Amount: a.Amount, Ref: a.Ref, Filing: a.Filing, Why: a.Why,
		Actor: string(canonical(act.Actor)), At: s.o.Now().UnixNano(), Application: application, CallName: a.Through.Call}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return wrap("write an award", err)
	}
	return audit.Record(ctx, tx, act)
}

// most is the greatest amount of a filing that may be awarded, in fen: what the measure gives where all that was said is proven. Of a
// measure that names no amount the keeper decides. Error: ErrUnknown where the filing does not tell, as one that another room worked out.
func (r *filingRow) most() (int64, error) {
	unknown := ErrUnknown.At("path.id", r.ID.String()).With("measure", r.Measure)
	if r.Result == "" {
		return 0, unknown
	}
	var out struct {
		IfProven      *fen      `json:"ifProven,string"`
		NotCalculable text.Text `json:"notCalculable"`
	}
	switch err := json.Unmarshal([]byte(r.Result), &out); {
	case err != nil:
		return 0, fmt.Errorf("outcome of filing %s: %w", r.ID, err)
	case out.IfProven != nil:
		return int64(*out.IfProven), nil
	case out.NotCalculable.IsZero():
		return 0, unknown
	}
	return ledger.MaxAmount, nil
}

// Grant awards a filing: the amount is at most what the measure gives where all that was said is proven, and is committed in the
// keeper's book. Errors: ErrThrough, ErrFiling, ErrUnknown, ErrAmount, ErrPaid, ErrReason, ledger.ErrBudget.
func (s *Service) Grant(ctx context.Context, id uuid.UUID, fund string, year int, amount int64, why string) (Award, error) {
	f, err := s.filing(ctx, id)
	if err != nil {
		return Award{}, err
	}
	if _, err := auth.Allow(ctx, auth.Configure, f.Keeper); err != nil {
		return Award{}, theirs(err)
	}
	if err := f.elsewhere(); err != nil {
		return Award{}, err
	}
	if wrong := checkWhy("body.why", why); wrong != nil {
		return Award{}, wrong
	}
	closed := ErrFiling.At("path.id", id.String()).With("state", f.State)
	if f.State != "open" {
		return Award{}, closed
	}
	most, err := f.most()
	if err != nil {
		return Award{}, err
	}
	if amount <= 0 || amount > most {
		return Award{}, ErrAmount.At("body.amount", ledger.Yuan(amount)).With("max", ledger.Yuan(most))
	}
	a := Award{ID: uuid.Must(uuid.NewV7()), Org: f.Org, Keeper: f.Keeper, Measure: f.Measure, Object: f.Object, Name: f.Name, Day: s.today(), Amount: amount, Filing: id.String(), Why: why, At: s.o.Now().UnixNano()}
	a.Ref = "award-" + a.ID.String()
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row := filingRow{ID: id, State: "awarded", Why: why}
		if err := moved(ctx, tx, &row, []string{"state", "why"}, "state = ?", "open", closed); err != nil { // whoever is second
			return err
		}
		if err := s.o.Books.Commit(ctx, tx, ledger.Commitment{Org: f.Keeper, Fund: fund, Year: year, Ref: a.Ref, Party: f.Org, Amount: amount, Memo: text.Both(f.Name)}); err != nil {
			return err
		}
		return s.RecordAward(ctx, tx, a)
	})
	return a, err
}

// Awards lists those of an enterprise and those that an organisation made, the newest first.
func (s *Service) Awards(ctx context.Context, org uuid.UUID, page store.Page) ([]Award, string, error) {
	if _, err := auth.Allow(ctx, auth.Read, org); err != nil {
		return nil, "", err
	}
	var rows []awardRow
	q := s.o.DB.NewSelect().Model(&rows).Where("(w.org = ? OR w.keeper = ?)", org, org)
	return store.List(ctx, newest("w"), q, &rows, page, func(r *awardRow) []any { return []any{r.ID.String()} }, awardView)
}

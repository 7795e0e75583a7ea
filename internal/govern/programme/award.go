package programme

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow"
)

// The states of an award.
const (
	AwardProposed  = "proposed"
	AwardGranted   = "granted"
	AwardAccepted  = "accepted"
	AwardFailed    = "failed"
	AwardWithdrawn = "withdrawn"
	AwardDropped   = "dropped"
)

// AwardView is an award as it is told.
type AwardView struct {
	Due       int64           `json:"due" doc:"Fen, by the measures"`
	Amount    int64           `json:"amount" doc:"Fen, after the budget"`
	State     string          `json:"state" enum:"proposed,granted,accepted,failed,withdrawn,dropped"`
	StateName text.Text       `json:"stateName"`
	Explained []MeasureAmount `json:"explained" nullable:"false"`
	Granted   string          `json:"granted,omitempty" format:"date"`
	Baseline  string          `json:"baseline,omitempty" doc:"SHA-256 of the frozen baseline"`
	Ref       string          `json:"ref,omitempty" doc:"Of the commitment in the ledger"`
}

var awardNames = map[string]text.Text{
	AwardProposed: {Zh: "拟支持", En: "proposed"}, AwardGranted: {Zh: "已立项", En: "granted"}, AwardAccepted: {Zh: "已验收", En: "accepted"}, AwardFailed: {Zh: "验收未通过", En: "not accepted"},
	AwardWithdrawn: {Zh: "已终止", En: "given up"}, AwardDropped: {Zh: "已取消", En: "dropped"},
}

func (s *Service) awardView(ctx context.Context, _ *Call, id uuid.UUID) (*AwardView, error) {
	a, err := s.award(ctx, s.o.DB, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v := &AwardView{Due: a.Due, Amount: a.Amount, State: a.State, StateName: awardNames[a.State], Baseline: a.Baseline, Ref: a.Ref, Explained: []MeasureAmount{}}
	if a.Granted != 0 {
		v.Granted = field.DateOf(a.Granted)
	}
	list, err := decode[[]MeasureAmount](a.Explained)
	v.Explained = append(v.Explained, list...)
	return v, err
}

// due is what a chosen application is due, before the budget.
type due struct {
	file    fileRow
	amount  int64
	amounts []MeasureAmount
}

// evaluate works out what an application is due. What cannot be determined is told.
func (s *Service) evaluate(ctx context.Context, c *Call, f *fileRow) (due, string, error) {
	d := due{file: *f, amount: c.Award.Fixed, amounts: []MeasureAmount{}}
	if len(c.Award.Measures) == 0 {
		return d, "", nil
	}
	if s.o.Measures == nil {
		return d, f.Title, nil
	}
	record, err := s.recordOf(f, c)
	if err != nil {
		return d, "", err
	}
	project, _ := record["project"].(string)
	facts := map[string]MeasureFact{}
	for _, x := range c.Award.Facts {
		v := x.Value
		if x.Field != "" {
			v = record[x.Field]
		}
		if v != nil {
			facts[x.Key] = MeasureFact{Value: v, Grade: x.Grade}
		}
	}
	list, err := s.o.Measures.Evaluate(ctx, f.Subject, project, &c.Award, facts, field.DateOf(f.Filed))
	if err != nil {
		return d, "", err
	}
	var open []string
	for _, a := range list {
		d.amount += a.Fen
		if a.Eligible == unknown {
			open = append(open, a.Name.In("zh"))
		}
	}
	d.amounts = append(d.amounts, list...)
	if len(open) > 0 {
		return d, f.Title + "（" + strings.Join(open, "、") + "）", nil
	}
	return d, "", nil
}

// Scale holds what is due against a budget: all of it where it suffices, else shares by largest remainder that add up to the budget.
// The order of equal remainders is that of the list.
func Scale(due []int64, budget int64) []int64 {
	sum := int64(0)
	for _, d := range due {
		sum += d
	}
	out := slices.Clone(due)
	if sum <= budget {
		return out
	}
	type rest struct {
		i int
		r int64
	}
	left := budget
	var rests []rest
	for i, d := range due {
		q, r := mulDiv(d, budget, sum)
		out[i] = q
		left -= q
		rests = append(rests, rest{i, r})
	}
	slices.SortStableFunc(rests, func(a, b rest) int {
		switch {
		case a.r > b.r:
			return -1
		case a.r < b.r:
			return 1
		}
		return 0
	})
	for k := int64(0); k < left; k++ {
		out[rests[k].i]++
	}
	return out
}

// Publish makes the chosen applications of a ranking public with their amounts, and tells the others: all in one transaction. Errors:
// ErrState, ErrChanged, ErrRanking where scores have changed since, ErrAmount, ErrBudget.
func (s *Service) Publish(ctx context.Context, id uuid.UUID, basis int64) (CallRound, error) {
	scope, r, c, err := s.desk(ctx, id, auth.Configure)
	if err != nil {
		return CallRound{}, err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if r, err = s.round(ctx, tx, id); err != nil {
			return err
		}
		if r.Revision != basis {
			return ErrChanged.At("body.basis", basis)
		}
		if r.State != RoundRanked {
			return ErrState.At("body.basis", basis).With("state", roundNames[r.State]).With("needs", roundNames[RoundRanked])
		}
		ranking, err := s.frozen(ctx, tx, r)
		if err != nil {
			return err
		}
		files, err := s.files(ctx, tx, id, Reviewing)
		if err != nil {
			return err
		}
		x, err := s.counted(ctx, tx, r, c, files)
		if err != nil {
			return err
		}
		var left []Score // of applications that were withdrawn since, scores stand in the frozen ranking
		for _, f := range files {
			for _, sc := range x.scores {
				if sc.Case == f.CaseID {
					left = append(left, sc)
				}
			}
		}
		if len(files) == len(ranking.List) && hashScores(left) != ranking.Scores {
			if err := s.rerank(ctx, tx, r, c, auth.ActorOf(scope.Principal()), map[string]any{"state": "conflict found"}); err != nil {
				return err
			}
			if ranking, err = s.frozen(ctx, tx, r); err != nil {
				return err
			}
			basis = r.Revision
		}
		byID := map[uuid.UUID]fileRow{}
		for _, f := range files {
			byID[f.CaseID] = f
		}
		var list []due
		var open []string
		var amounts []int64
		for _, p := range ranking.List {
			f, in := byID[p.Case]
			if !in || !p.Chosen {
				continue
			}
			d, trouble, err := s.evaluate(ctx, c, &f)
			if err != nil {
				return err
			}
			if trouble != "" {
				open = append(open, trouble)
			}
			list, amounts = append(list, d), append(amounts, d.amount)
		}
		if len(open) > 0 {
			return ErrAmount.At("body.basis", basis).With("cases", strings.Join(open, "; "))
		}
		granted := amounts
		if r.Budget > 0 {
			sum := int64(0)
			for _, a := range amounts {
				sum += a
			}
			if sum > r.Budget && c.Award.Budget == "none" {
				return ErrBudget.At("body.basis", basis).With("needs", field.FormatUnits(sum, 2)).With("has", field.FormatUnits(r.Budget, 2))
			}
			granted = Scale(amounts, r.Budget)
		}
		r.State = RoundPublished
		if err := s.moved(ctx, tx, r, r.Revision); err != nil {
			return err
		}
		act := scope.Act(ctx, s.o.Now(), "programme.round.publish", audit.Object{Kind: "programme.round", ID: id.String(), Name: r.Name.In("en")}, nil, map[string]any{"chosen": len(list), "scores": ranking.Scores})
		if err := s.note(ctx, tx, nil, r, "publish", map[string]any{"chosen": len(list)}, act.Actor, s.o.Now().UnixNano()); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, act); err != nil {
			return err
		}
		taken := map[uuid.UUID]bool{}
		for i, d := range list {
			taken[d.file.CaseID] = true
			a := awardRow{CaseID: d.file.CaseID, Round: r.ID, Org: r.Org, Subject: d.file.Subject, Due: d.amount, Amount: granted[i], Explained: encode(d.amounts), State: AwardProposed, Revision: 1}
			if _, err := tx.NewInsert().Model(&a).Exec(ctx); err != nil {
				return wrap("propose an award", err)
			}
			if _, err := s.o.Flows.Take(ctx, d.file.CaseID, flow.Taking{Action: "propose", Basis: d.file.Revision, Content: []byte(fmt.Sprintf(`{"award":%d}`, granted[i]))}); err != nil {
				return err
			}
		}
		for _, f := range files {
			if taken[f.CaseID] {
				continue
			}
			if _, err := s.o.Flows.Take(ctx, f.CaseID, flow.Taking{Action: "reject", Basis: f.Revision, Reason: "按评审排序未入选 / not chosen by the ranking"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return CallRound{}, err
	}
	return s.roundView(ctx, r, c)
}

// proposed: a case is made public only with the amount that its round has worked out.
func (s *Service) proposed(ctx context.Context, tx bun.Tx, row *fileRow, c *flow.Case) error {
	a, err := s.award(ctx, tx, row.CaseID)
	amount, _ := c.Record["award"].(int64)
	if err != nil || a.State != AwardProposed || a.Amount != amount {
		return ErrDesk.At("body.action", "propose").With("step", both("拟立项并公示", "Propose and make public"))
	}
	return nil
}

// notChosen: a case is turned down after the review only if the ranking has not chosen it.
func (s *Service) notChosen(ctx context.Context, tx bun.Tx, r *roundRow, row *fileRow) error {
	if r.State != RoundPublished {
		return ErrDesk.At("body.action", "reject").With("step", both("未入选", "Not chosen"))
	}
	ranking, err := s.frozen(ctx, tx, r)
	if err != nil {
		return err
	}
	for _, p := range ranking.List {
		if p.Case == row.CaseID && p.Chosen {
			return ErrRanking.At("body.action", "reject").With("reason", text.Text{Zh: "该申报按排序已入选", En: "the ranking has chosen this application"})
		}
	}
	return nil
}

// granted is the award: within the round's budget, committed in the ledger, with the baseline of each measured indicator frozen, its
// parts planned, and the enterprise tagged.
func (s *Service) granted(ctx context.Context, tx bun.Tx, call *Call, r *roundRow, row *fileRow, c *flow.Case, st *flow.Step) error {
	a, err := s.award(ctx, tx, row.CaseID)
	if err != nil {
		return err
	}
	if a.State != AwardProposed {
		return ErrDesk.At("body.action", "award").With("step", both("立项", "Award"))
	}
	if r.Budget > 0 {
		var spent int64
		err := tx.NewSelect().Model((*awardRow)(nil)).ColumnExpr("COALESCE(SUM(a.amount), 0)").Where("a.round = ? AND a.state IN ('granted', 'accepted')", r.ID).Scan(ctx, &spent)
		if err != nil {
			return wrap("budget", err)
		}
		if a.Amount > r.Budget-spent {
			return ErrBudget.At("body.action", "award").With("needs", field.FormatUnits(a.Amount, 2)).With("has", field.FormatUnits(r.Budget-spent, 2))
		}
	}
	if a.Baseline, err = s.freeze(ctx, tx, call, row); err != nil {
		return err
	}
	if r.Fund != "" && a.Amount > 0 {
		if s.o.Funds == nil {
			return ErrBudget.At("body.action", "award").With("needs", field.FormatUnits(a.Amount, 2)).With("has", "0")
		}
		a.Ref = row.CaseID.String()
		memo := text.Text{Zh: call.Name.In("zh") + "：" + row.Title, En: call.Name.In("en") + ": " + row.Title}
		if err := s.o.Funds.Commit(ctx, tx, Promise{Org: r.Org, Fund: r.Fund, Year: int(r.Year), Ref: a.Ref, Party: row.Subject, Amount: a.Amount, Memo: memo}); err != nil {
			return err
		}
	}
	if err := s.recorded(ctx, tx, call, row, a, c); err != nil {
		return err
	}
	a.State, a.Granted, a.Revision = AwardGranted, c.At, a.Revision+1
	if _, err := tx.NewUpdate().Model(a).WherePK().Exec(ctx); err != nil {
		return wrap("award", err)
	}
	for i, amount := range call.Award.Shares(a.Amount) {
		t := call.Award.Tranches[i]
		p := paymentRow{ID: uuid.NewSHA1(row.CaseID, []byte("tranche|"+t.ID)).String(), CaseID: row.CaseID, Round: r.ID, Org: r.Org, Kind: "tranche", Part: t.ID, Amount: amount, State: "planned", Revision: 1}
		if t.After == AfterAward {
			p.State = "released"
		}
		if amount == 0 {
			continue
		}
		if _, err := tx.NewInsert().Model(&p).Exec(ctx); err != nil {
			return wrap("plan payments", err)
		}
	}
	if t := call.Award.Tag; t != nil {
		from := timeOf(c.At)
		why := fmt.Sprintf("%s %s（%s）", call.Name.In("zh"), r.Name.In("zh"), row.Title)
		if err := s.o.Parties.Recognise(ctx, row.Subject, t.Tag, from.Format("2006-01-02"), from.AddDate(t.Years, 0, -1).Format("2006-01-02"), why); err != nil {
			return err
		}
	}
	return s.note(ctx, tx, row, r, "award", map[string]any{"amount": a.Amount, "due": a.Due, "ref": a.Ref, "baseline": a.Baseline}, st.By, c.At)
}

// ended takes back what a project that failed or was given up has got, by the clause of the call.
func (s *Service) ended(ctx context.Context, tx bun.Tx, call *Call, row *fileRow, c *flow.Case, how string, st *flow.Step) error {
	a, err := s.award(ctx, tx, row.CaseID)
	if err != nil {
		return err
	}
	list, err := s.payments(ctx, tx, row.CaseID)
	if err != nil {
		return err
	}
	paid, open := int64(0), int64(0)
	for i := range list {
		p := &list[i]
		switch {
		case p.Kind == "tranche" && p.State == "paid":
			paid += p.Amount
		case p.Kind == "tranche" && (p.State == "planned" || p.State == "released"):
			open += p.Amount
			p.State, p.Revision = "dropped", p.Revision+1
			if _, err := tx.NewUpdate().Model(p).WherePK().Exec(ctx); err != nil {
				return wrap("drop a payment", err)
			}
		}
	}
	a.State, a.Revision = map[string]string{Failed: AwardFailed, Ended: AwardWithdrawn}[how], a.Revision+1
	if _, err := tx.NewUpdate().Model(a).WherePK().Exec(ctx); err != nil {
		return wrap("award", err)
	}
	if open > 0 && a.Ref != "" {
		if err := s.o.Funds.Release(ctx, tx, row.Org, a.Ref, open, stateName(c.State).Zh); err != nil {
			return err
		}
	}
	rule := call.clawback(how)
	if rule == nil || paid == 0 {
		return s.back(ctx, tx, row, a)
	}
	amount := percent(paid, rule.Share)
	if s.o.Filings != nil { // nothing is claimed back twice
		claimed, _, err := s.o.Filings.ClaimedBack(ctx, tx, row.CaseID)
		if err != nil {
			return err
		}
		if amount -= claimed; amount <= 0 {
			return s.back(ctx, tx, row, a)
		}
	}
	last, err := s.lastDay(c.At, rule.Days)
	if err != nil {
		return err
	}
	p := paymentRow{ID: uuid.NewSHA1(row.CaseID, []byte("clawback|"+how)).String(), CaseID: row.CaseID, Round: row.Round, Org: row.Org, Kind: "clawback", Part: rule.Clause, Amount: amount, State: "due", Due: last, Revision: 1}
	if _, err := tx.NewInsert().Model(&p).Exec(ctx); err != nil {
		return wrap("claw back", err)
	}
	if a.Ref != "" {
		k := call.clause(rule.Clause)
		if err := s.o.Funds.Claim(ctx, tx, row.Org, a.Ref, p.ID, amount, field.DateOf(c.At), rule.Text.Zh+"（"+k.Title+" "+k.Section+"）"); err != nil {
			return err
		}
	}
	return s.note(ctx, tx, row, nil, "clawback", map[string]any{"amount": amount, "paid": paid, "share": rule.Share, "clause": rule.Clause, "text": rule.Text, "due": last}, st.By, c.At)
}

// mulDiv is a × b ÷ c with the remainder, exact for amounts that do not fit into 64 bits together. c is above nothing and b at most c.
func mulDiv(a, b, c int64) (quotient, rest int64) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	q, r := bits.Div64(hi, lo, uint64(c))
	return int64(q), int64(r)
}

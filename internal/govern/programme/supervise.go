package programme

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow/workday"
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

// PaymentView is something to be paid, or paid back.
type PaymentView struct {
	ID        string    `json:"id"`
	Case      uuid.UUID `json:"case" format:"uuid"`
	Title     string    `json:"title"`
	Party     text.Text `json:"party"`
	Code      string    `json:"creditCode,omitempty"`
	Kind      string    `json:"kind" enum:"tranche,clawback"`
	Part      text.Text `json:"part"`
	Amount    int64     `json:"amount"`
	State     string    `json:"state" enum:"planned,released,paid,dropped,due,received"`
	StateName text.Text `json:"stateName"`
	Due       string    `json:"due,omitempty" format:"date"`
	On        string    `json:"on,omitempty" format:"date"`
	Document  string    `json:"document,omitempty"`
	Overdue   bool      `json:"overdue,omitempty"`
	Revision  int64     `json:"revision"`
}

var paymentNames = map[string]text.Text{
	"planned": {Zh: "待验收", En: "after acceptance"}, "released": {Zh: "可拨付", En: "to be paid"}, "paid": {Zh: "已拨付", En: "paid"}, "dropped": {Zh: "已取消", En: "dropped"},
	"due": {Zh: "待收回", En: "to be paid back"}, "received": {Zh: "已收回", En: "paid back"},
}

func (s *Service) paymentView(ctx context.Context, p *paymentRow, f *fileRow, c *Call) (PaymentView, error) {
	v := PaymentView{ID: p.ID, Case: p.CaseID, Title: f.Title, Kind: p.Kind, Part: text.Both(p.Part), Amount: p.Amount, State: p.State, StateName: paymentNames[p.State], Due: p.Due, On: p.OnDay, Document: p.Document, Revision: p.Revision}
	today := field.DateOf(s.o.Now().UnixNano())
	v.Overdue = p.State == "due" && p.Due != "" && p.Due < today
	for _, t := range c.Award.Tranches {
		if p.Kind == "tranche" && t.ID == p.Part {
			v.Part = t.Name
		}
	}
	if p.Kind == "clawback" {
		v.Part = text.Text{Zh: "收回资金", En: "paid back"}
	}
	profile, _, err := s.o.Parties.Profile(ctx, f.Subject, today)
	if err != nil {
		return v, err
	}
	v.Code = profile.CreditCode
	v.Party, err = s.o.Parties.Name(ctx, f.Subject)
	return v, err
}

// Payments are those of a round, for its desk.
func (s *Service) Payments(ctx context.Context, id uuid.UUID) ([]PaymentView, error) {
	_, r, c, err := s.desk(ctx, id, auth.Operate)
	if err != nil {
		return nil, err
	}
	return s.paymentsOf(ctx, r, c)
}

func (s *Service) paymentsOf(ctx context.Context, r *roundRow, c *Call) ([]PaymentView, error) {
	var rows []paymentRow
	if err := s.o.DB.NewSelect().Model(&rows).Where("p.round = ?", r.ID).OrderExpr("p.case_id, p.kind DESC, p.id").Scan(ctx); err != nil {
		return nil, wrap("payments", err)
	}
	out := []PaymentView{}
	for i := range rows {
		f, err := s.file(ctx, s.o.DB, rows[i].CaseID)
		if err != nil {
			return nil, err
		}
		v, err := s.paymentView(ctx, &rows[i], f, c)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// Paying says that money has gone, or come back.
type Paying struct {
	Basis    int64  `json:"basis"`
	On       string `json:"on" format:"date"`
	Document string `json:"document" maxLength:"120" doc:"Number of the order or of the receipt"`
}

// Settle writes down that a released part was paid, or that what was claimed back has come. Errors: ErrPayment, ErrChanged, ErrField,
// those of the ledger.
func (s *Service) Settle(ctx context.Context, id string, in Paying) error {
	if _, err := auth.Need(ctx); err != nil {
		return err
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		p := new(paymentRow)
		if err := tx.NewSelect().Model(p).Where("p.id = ?", id).Scan(ctx); err != nil {
			return wrap("payment "+id, err)
		}
		scope, err := auth.Allow(ctx, auth.Configure, p.Org)
		if errors.Is(err, auth.ErrNotFound) {
			err = fmt.Errorf("payment %s: %w", id, store.ErrNotFound)
		}
		if err != nil {
			return err
		}
		now := s.o.Now()
		day, ok := workday.ParseDay(in.On)
		if !ok || day > workday.DayOf(now.UnixNano()) {
			return ErrField.At("body.on", in.On).With("name", both("日期", "Day")).With("reason", text.Text{Zh: "应为今天或以前的日期", En: "a day up to today is needed"})
		}
		if n := len([]rune(in.Document)); n < 1 || n > 120 {
			return ErrField.At("body.document", in.Document).With("name", both("凭证号", "Document")).With("reason", text.Text{Zh: "请填写凭证号", En: "give the number of the document"})
		}
		if p.Revision != in.Basis {
			return ErrChanged.At("body.basis", in.Basis)
		}
		next, ok := map[string]string{"released": "paid", "due": "received"}[p.State]
		if !ok {
			return ErrPayment.At("path.id", id).With("state", paymentNames[p.State])
		}
		f, err := s.file(ctx, tx, p.CaseID)
		if err != nil {
			return err
		}
		a, err := s.award(ctx, tx, p.CaseID)
		if err != nil {
			return err
		}
		if a.Ref != "" {
			if next == "paid" {
				err = s.o.Funds.Pay(ctx, tx, p.Org, a.Ref, p.ID, p.Amount, in.On, in.Document)
			} else {
				err = s.o.Funds.Receive(ctx, tx, p.Org, a.Ref, p.ID, p.Amount, in.On, in.Document)
			}
			if err != nil {
				return err
			}
		}
		p.State, p.OnDay, p.Document, p.Revision = next, in.On, in.Document, in.Basis+1
		res, err := tx.NewUpdate().Model(p).WherePK().Where("revision = ?", in.Basis).Exec(ctx)
		if err != nil {
			return wrap("payment", err)
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return ErrChanged.At("body.basis", in.Basis)
		}
		act := scope.Act(ctx, now, "programme.payment.settle", audit.Object{Kind: "programme.payment", ID: id, Name: short(f.Title)}, nil, map[string]any{"state": next, "amount": p.Amount, "on": in.On, "document": in.Document})
		if err := s.note(ctx, tx, f, nil, next, map[string]any{"amount": p.Amount, "on": in.On, "document": in.Document, "part": p.Part}, act.Actor, now.UnixNano()); err != nil {
			return err
		}
		return audit.Record(ctx, tx, act)
	})
}

// ProjectEntry is something that somebody writes into the time line of a project.
type ProjectEntry struct {
	Kind      string   `json:"kind" enum:"evidence,judged,use,order,answer,evaluation" doc:"Evidence of a milestone; the desk's judgement of it; a report on the use of money; a corrective order; the answer to one; the final evaluation"`
	Milestone string   `json:"milestone,omitempty" maxLength:"31"`
	Order     string   `json:"order,omitempty" maxLength:"36" doc:"Of an answer: the order"`
	Text      string   `json:"text" maxLength:"4000"`
	Amount    int64    `json:"amount,omitempty" doc:"Of a report on the use of money: fen"`
	Ok        bool     `json:"ok,omitempty" doc:"Of a judgement"`
	Due       string   `json:"due,omitempty" maxLength:"10" doc:"Of an order: the last day"`
	Documents []string `json:"documents,omitempty" maxItems:"20" doc:"Papers that the applicant has handed in"`
}

// Write writes into the time line. Evidence, reports and answers come from the applicant; judgements, orders and evaluations from the desk.
// Errors: ErrMilestone, ErrField, ErrState.
func (s *Service) Write(ctx context.Context, id uuid.UUID, in ProjectEntry) error {
	f, r, c, owner, err := s.project(ctx, id, auth.Operate)
	if err != nil {
		return err
	}
	desk := slices.Contains([]string{"judged", "order", "evaluation"}, in.Kind)
	if desk && !owner {
		return auth.ErrForbidden.With("verb", string(auth.Operate))
	}
	if _, err := auth.Allow(ctx, auth.Operate, f.Subject); !desk && err != nil {
		return auth.ErrForbidden.With("verb", string(auth.Operate))
	}
	if err := checkWords("text", both("内容", "Text"), in.Text); err != nil {
		return err
	}
	after := in.Kind == "evaluation" && (f.State == Accepted || f.State == Failed)
	if f.State != Building && f.State != Accepting && !after {
		return ErrState.At("path.id", id).With("state", stateName(f.State)).With("needs", stateName(Building))
	}
	body := map[string]any{"text": in.Text}
	switch in.Kind {
	case "evidence", "judged":
		if c.milestone(in.Milestone) == nil {
			var all []string
			for _, m := range c.Milestones {
				all = append(all, m.ID)
			}
			return ErrMilestone.At("body.milestone", in.Milestone).With("milestones", fmt.Sprint(all))
		}
		body["milestone"] = in.Milestone
		if in.Kind == "judged" {
			body["ok"] = in.Ok
		}
	case "use":
		if in.Amount <= 0 || in.Amount > field.MaxWhole {
			return ErrField.At("body.amount", in.Amount).With("name", both("金额", "Amount")).With("reason", text.Text{Zh: "应大于零", En: "more than nothing is needed"})
		}
		body["amount"] = in.Amount
	case "order":
		day, ok := workday.ParseDay(in.Due)
		if !ok || day < workday.DayOf(s.o.Now().UnixNano()) {
			return ErrField.At("body.due", in.Due).With("name", both("整改期限", "Due")).With("reason", text.Text{Zh: "应为今天或以后的日期", En: "a day from today on is needed"})
		}
		body["due"] = in.Due
	case "answer":
		n, err := s.o.DB.NewSelect().Model((*eventRow)(nil)).Where("e.id = ? AND e.case_id = ? AND e.kind = 'order'", in.Order, id.String()).Count(ctx)
		if err != nil {
			return wrap("order", err)
		}
		if n == 0 {
			return ErrField.At("body.order", in.Order).With("name", both("整改通知", "Order")).With("reason", text.Text{Zh: "没有这个整改通知", En: "there is no such order"})
		}
		body["order"] = in.Order
	case "evaluation":
	default:
		return ErrField.At("body.kind", in.Kind).With("name", both("类型", "Kind")).With("reason", text.Text{Zh: "没有这个类型", En: "there is no such kind"})
	}
	if len(in.Documents) > 0 {
		if s.o.Papers == nil {
			return ErrField.At("body.documents", in.Documents[0]).With("name", both("材料", "Documents")).With("reason", text.Text{Zh: "本节点不保存材料", En: "this node keeps no papers"})
		}
		for i, d := range in.Documents {
			if _, _, _, err := s.o.Papers.Open(ctx, f.Subject, d); err != nil {
				return ErrField.At(fmt.Sprintf("body.documents[%d]", i), d).With("name", both("材料", "Documents")).With("reason", text.Text{Zh: "没有这份材料", En: "there is no such paper"})
			}
		}
		body["documents"] = in.Documents
	}
	p, err := auth.Need(ctx)
	if err != nil {
		return err
	}
	now := s.o.Now()
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		act := auth.System(f.Org).Act(ctx, now, "programme.project.write", audit.Object{Kind: "programme.application", ID: id.String(), Name: short(f.Title)}, nil, map[string]any{"kind": in.Kind})
		act.Actor, act.Via = auth.ActorOf(p), p.Via
		if err := s.note(ctx, tx, f, r, in.Kind, body, act.Actor, now.UnixNano()); err != nil {
			return err
		}
		return audit.Record(ctx, tx, act)
	})
}

// ProjectEvent is one line of a time line.
type ProjectEvent struct {
	ID   uuid.UUID       `json:"id" format:"uuid"`
	Kind string          `json:"kind"`
	At   time.Time       `json:"at"`
	By   string          `json:"by,omitempty"`
	Body json.RawMessage `json:"body"`
}

// MilestoneView is a milestone with what is known of it.
type MilestoneView struct {
	Milestone
	Due     string `json:"due,omitempty" format:"date" doc:"Once it was awarded"`
	State   string `json:"state" enum:"planned,open,handed-in,reached,refused,overdue"`
	Warning bool   `json:"warning,omitempty" doc:"Its day is near or over"`
}

// IndicatorView is an indicator of a project: its series, its frozen baseline, what was measured, and what that means.
type IndicatorView struct {
	Indicator
	Bound    map[string]uuid.UUID `json:"bound"`
	Names    map[string]text.Text `json:"names"`
	Baseline *MeasurementView     `json:"baseline,omitempty"`
	Now      *MeasurementView     `json:"now,omitempty"`
	Target   string               `json:"target,omitempty"`
	Gain     string               `json:"gain,omitempty" doc:"Percent of the baseline that it is better"`
	Verdict  string               `json:"verdict" enum:"true,false,unknown"`
	Why      text.Text            `json:"why"`
}

// MeasurementView is one measurement.
type MeasurementView struct {
	ID       uuid.UUID `json:"id" format:"uuid"`
	Value    string    `json:"value,omitempty"`
	Exact    string    `json:"exact,omitempty" doc:"As a fraction"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Coverage string    `json:"coverage" doc:"Percent"`
	Grade    string    `json:"grade"`
	RestsOn  []string  `json:"restsOn" nullable:"false" doc:"Series and the roll-ups of them"`
	Input    string    `json:"input,omitempty" doc:"Newest commit of the samples"`
	Trouble  text.Text `json:"trouble,omitzero"`
	Document string    `json:"document,omitempty"`
	Frozen   bool      `json:"frozen,omitempty"`
	At       time.Time `json:"at"`
}

func (m *measurementRow) view() *MeasurementView {
	if m == nil {
		return nil
	}
	x := m.measured()
	return &MeasurementView{ID: m.ID, Value: shownOf(m.Value), Exact: m.Value, From: time.Unix(0, m.Since).UTC(), To: time.Unix(0, m.Until).UTC(), Coverage: permille(int(m.Coverage)), Grade: m.Grade,
		RestsOn: append([]string{}, x.References...), Input: m.Input, Trouble: x.Trouble, Document: m.Document, Frozen: m.Frozen, At: time.Unix(0, m.At).UTC()}
}

// CallProject is an application with all that follows from it.
type CallProject struct {
	Case       uuid.UUID       `json:"case" format:"uuid"`
	Org        uuid.UUID       `json:"org" format:"uuid" doc:"Who keeps it"`
	Subject    uuid.UUID       `json:"subject" format:"uuid" doc:"Who applied"`
	Round      CallRound       `json:"round"`
	Name       text.Text       `json:"name" doc:"Of the applicant"`
	Title      string          `json:"title"`
	State      string          `json:"state"`
	StateName  text.Text       `json:"stateName"`
	Filed      *time.Time      `json:"filed,omitempty"`
	Receipt    string          `json:"receipt,omitempty"`
	Award      *AwardView      `json:"award,omitempty"`
	Milestones []MilestoneView `json:"milestones" nullable:"false"`
	Indicators []IndicatorView `json:"indicators" nullable:"false"`
	Payments   []PaymentView   `json:"payments" nullable:"false"`
	Events     []ProjectEvent  `json:"events" nullable:"false" doc:"The time line, the oldest first"`
	Warnings   []text.Text     `json:"warnings" nullable:"false"`
	Clawback   []Clawback      `json:"clawback" nullable:"false"`
	Recheck    *RecheckView    `json:"recheck,omitempty"`
	Keeps      bool            `json:"keeps" doc:"The caller is of the organisation that keeps it"`
	Applies    bool            `json:"applies" doc:"The caller acts for the applicant"`
}

// RecheckView is the check-up that is asked for after acceptance.
type RecheckView struct {
	Instrument string `json:"instrument"`
	Due        string `json:"due" format:"date"`
}

// private are events that only the desk sees: they would tell who reviews, or how.
var private = []string{"review-left", "ranking", "draw"}

// CallProject returns one, for its applicant and for who keeps it. Error: store.ErrNotFound.
func (s *Service) Project(ctx context.Context, id uuid.UUID) (CallProject, error) {
	f, r, c, owner, err := s.project(ctx, id, auth.Read)
	if err != nil {
		return CallProject{}, err
	}
	v := CallProject{Case: id, Org: f.Org, Subject: f.Subject, Title: f.Title, State: f.State, StateName: stateName(f.State), Filed: store.Instant(f.Filed), Receipt: f.Receipt, Milestones: []MilestoneView{}, Indicators: []IndicatorView{},
		Payments: []PaymentView{}, Events: []ProjectEvent{}, Warnings: []text.Text{}, Clawback: append([]Clawback{}, c.Clawback...)}
	_, err = auth.Allow(ctx, auth.Operate, f.Subject)
	v.Applies = err == nil
	_, err = auth.Allow(ctx, auth.Operate, f.Org)
	v.Keeps = err == nil
	if v.Round, err = s.roundView(ctx, r, c); err != nil {
		return v, err
	}
	if v.Name, err = s.o.Parties.Name(ctx, f.Subject); err != nil {
		return v, err
	}
	if v.Award, err = s.awardView(ctx, c, id); err != nil {
		return v, err
	}
	var events []eventRow
	if err := s.o.DB.NewSelect().Model(&events).Where("e.case_id = ?", id.String()).OrderExpr("e.id").Limit(2000).Scan(ctx); err != nil {
		return v, wrap("time line", err)
	}
	for _, e := range events {
		if !owner && slices.Contains(private, e.Kind) {
			continue
		}
		by, err := decode[audit.Actor](e.Actor)
		if err != nil {
			return v, err
		}
		v.Events = append(v.Events, ProjectEvent{ID: e.ID, Kind: e.Kind, At: time.Unix(0, e.At).UTC(), By: by.Name, Body: json.RawMessage(e.Body)})
	}
	rows, err := s.payments(ctx, s.o.DB, id)
	if err != nil {
		return v, err
	}
	for i := range rows {
		p, err := s.paymentView(ctx, &rows[i], f, c)
		if err != nil {
			return v, err
		}
		v.Payments = append(v.Payments, p)
		if p.Overdue {
			v.Warnings = append(v.Warnings, text.Text{Zh: "应收回的资金已逾期（" + p.Due + "）", En: "money to be paid back is overdue (" + p.Due + ")"})
		}
	}
	for i := range c.Indicators {
		x, err := s.indicatorView(ctx, &c.Indicators[i], f)
		if err != nil {
			return v, err
		}
		v.Indicators = append(v.Indicators, x)
	}
	s.supervise(&v, c, events)
	if c.Recheck != nil && f.State == Accepted {
		v.Recheck = &RecheckView{Instrument: c.Recheck.Instrument, Due: timeOf(f.At).AddDate(0, c.Recheck.Months, 0).Format("2006-01-02")}
	}
	return v, nil
}

func (s *Service) indicatorView(ctx context.Context, x *Indicator, f *fileRow) (IndicatorView, error) {
	v := IndicatorView{Indicator: *x, Names: map[string]text.Text{}}
	base, now, verdict, why, err := s.verdict(ctx, s.o.DB, x, f)
	if err != nil {
		return v, err
	}
	v.Baseline, v.Now, v.Verdict, v.Why, v.Gain = base.view(), now.view(), verdict, why, x.Gain(base.measured(), now.measured())
	if b := base.measured(); x.Change != "" && b != nil && b.Value != nil {
		v.Target = Shown(x.target(b.Value))
	} else if x.Value != "" {
		v.Target = x.Value
	}
	if v.Bound, err = s.bindings(ctx, s.o.DB, f.CaseID, x.Key); err != nil {
		return v, err
	}
	for role, id := range v.Bound {
		if s.o.Indicators == nil {
			break
		}
		name, err := s.o.Indicators.Series(ctx, f.Subject, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return v, err
		}
		v.Names[role] = name
	}
	return v, nil
}

// warnDays is how long before a milestone's day its warning begins.
const warnDays = 14

// supervise works out milestones and warnings from what happened.
func (s *Service) supervise(v *CallProject, c *Call, events []eventRow) {
	now := s.o.Now()
	today := field.DateOf(now.UnixNano())
	soon := field.DateOf(now.AddDate(0, 0, warnDays).UnixNano())
	running := v.State == Building || v.State == Accepting
	type said struct {
		Milestone string `json:"milestone"`
		Ok        bool   `json:"ok"`
		Due       string `json:"due"`
		Order     string `json:"order"`
	}
	states, answered := map[string]string{}, map[string]bool{}
	orders := map[string]string{}
	for _, e := range events {
		b, err := decode[said](e.Body)
		if err != nil {
			continue
		}
		switch e.Kind {
		case "evidence":
			states[b.Milestone] = "handed-in"
		case "judged":
			states[b.Milestone] = map[bool]string{true: "reached", false: "refused"}[b.Ok]
		case "order":
			orders[e.ID.String()] = b.Due
		case "answer":
			answered[b.Order] = true
		}
	}
	for _, m := range c.Milestones {
		x := MilestoneView{Milestone: m, State: "planned"}
		if v.Award != nil && v.Award.Granted != "" {
			day, _ := time.ParseInLocation("2006-01-02", v.Award.Granted, field.China)
			x.Due, x.State = day.AddDate(0, m.Months, 0).Format("2006-01-02"), "open"
		}
		if st := states[m.ID]; st != "" {
			x.State = st
		}
		if running && x.State != "reached" && x.State != "handed-in" && x.Due != "" && x.Due < today {
			x.State, x.Warning = "overdue", true
			v.Warnings = append(v.Warnings, text.Text{Zh: "里程碑“" + m.Name.Zh + "”已逾期（" + x.Due + "）", En: "milestone “" + m.Name.En + "” is overdue (" + x.Due + ")"})
		} else if running && (x.State == "open" || x.State == "refused") && x.Due != "" && x.Due <= soon {
			x.Warning = true
			v.Warnings = append(v.Warnings, text.Text{Zh: "里程碑“" + m.Name.Zh + "”将于 " + x.Due + " 到期", En: "milestone “" + m.Name.En + "” is due on " + x.Due})
		}
		v.Milestones = append(v.Milestones, x)
	}
	for _, e := range v.Events {
		due, is := orders[e.ID.String()]
		if is && running && !answered[e.ID.String()] && due < today {
			v.Warnings = append(v.Warnings, text.Text{Zh: "整改通知已逾期未回复（" + due + "）", En: "a corrective order is overdue (" + due + ")"})
		}
	}
}

// Draws are the records of all draws of a round, the first one first: what anybody at the desk needs to draw again.
func (s *Service) Draws(ctx context.Context, id uuid.UUID) ([]DrawRecord, error) {
	_, r, _, err := s.desk(ctx, id, auth.Operate)
	if err != nil {
		return nil, err
	}
	var rows []eventRow
	if err := s.o.DB.NewSelect().Model(&rows).Where("e.round = ? AND e.kind = 'draw'", r.ID).OrderExpr("e.id").Scan(ctx); err != nil {
		return nil, wrap("draws", err)
	}
	out := []DrawRecord{}
	for _, e := range rows {
		d, err := decode[DrawRecord](e.Body)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// PublicAward is an application that is made public, for anybody.
type PublicAward struct {
	Case      uuid.UUID `json:"case" format:"uuid"`
	Org       uuid.UUID `json:"org" format:"uuid"`
	Name      text.Text `json:"name"`
	Title     string    `json:"title"`
	State     string    `json:"state"`
	StateName text.Text `json:"stateName"`
	Amount    int64     `json:"amount"`
	Score     string    `json:"score,omitempty"`
	Rank      int       `json:"rank,omitempty"`
	Until     string    `json:"until,omitempty" format:"date" doc:"The last day of objections"`
	Open      bool      `json:"open" doc:"Objections are taken"`
	Revision  int64     `json:"revision" doc:"The basis of an objection"`
}

// PublicRound is a round that is made public, for anybody.
type PublicRound struct {
	CallRound
	Text  text.Text     `json:"text"`
	Cases []PublicAward `json:"cases" nullable:"false"`
}

// Public is what anybody sees of a round.
func (s *Service) Public(ctx context.Context, id uuid.UUID) (PublicRound, error) {
	r, err := s.round(ctx, s.o.DB, id)
	if err != nil {
		return PublicRound{}, err
	}
	c, err := s.callOf(ctx, s.o.DB, r)
	if err != nil {
		return PublicRound{}, err
	}
	v := PublicRound{Text: c.Text, Cases: []PublicAward{}}
	if v.CallRound, err = s.roundView(ctx, r, c); err != nil || r.State != RoundPublished {
		return v, err
	}
	ranking, err := s.frozen(ctx, s.o.DB, r)
	if err != nil {
		return v, err
	}
	files, err := s.files(ctx, s.o.DB, id, Publicity, Objected, Building, Accepting, Accepted, Failed, Ended)
	if err != nil {
		return v, err
	}
	now := s.o.Now().UnixNano()
	until := map[uuid.UUID]flowClock{}
	if err := s.clocks(ctx, FlowPrefix+c.ID, r.Org, until); err != nil {
		return v, err
	}
	for _, f := range files {
		a, err := s.award(ctx, s.o.DB, f.CaseID)
		if err != nil {
			return v, err
		}
		x := PublicAward{Case: f.CaseID, Org: f.Org, Title: f.Title, State: f.State, StateName: stateName(f.State), Amount: a.Amount, Revision: f.Revision}
		if x.Name, err = s.o.Parties.Name(ctx, f.Subject); err != nil {
			return v, err
		}
		if k, ok := until[f.CaseID]; ok {
			x.Until, x.Open = k.last, k.due > now && (f.State == Publicity || f.State == Objected)
		}
		for _, p := range ranking.List {
			if p.Case == f.CaseID {
				x.Rank, x.Score = p.Rank, map[string]string{"raw": p.Raw, "adjusted": p.Adjusted}[ranking.By]
			}
		}
		v.Cases = append(v.Cases, x)
	}
	slices.SortFunc(v.Cases, func(a, b PublicAward) int { return a.Rank - b.Rank })
	return v, nil
}

type flowClock struct {
	last string
	due  int64
}

// clocks are the ends of the publicity of an organisation's public cases.
func (s *Service) clocks(ctx context.Context, flowID string, org uuid.UUID, out map[uuid.UUID]flowClock) error {
	page := store.Page{Limit: store.MaxLimit}
	for {
		list, next, err := s.o.Flows.ListPublic(ctx, flowID, org, page)
		if err != nil {
			return err
		}
		for _, c := range list {
			for _, k := range c.Clocks {
				if k.Deadline == "publicity" {
					out[c.ID] = flowClock{k.Last.String(), k.Due}
				}
			}
		}
		if next == "" {
			return nil
		}
		page.After = next
	}
}

package programme

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow/workday"
)

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

// sortPayments brings the payments of each project into the order of the call's tranches; what is claimed back comes after them.
func (c *Call) sortPayments(rows []paymentRow) {
	place := func(p *paymentRow) int {
		if k := slices.IndexFunc(c.Award.Tranches, func(t CallTranche) bool { return p.Kind == "tranche" && t.ID == p.Part }); k >= 0 {
			return k
		}
		return len(c.Award.Tranches)
	}
	slices.SortStableFunc(rows, func(a, b paymentRow) int {
		return cmp.Or(strings.Compare(a.CaseID.String(), b.CaseID.String()), place(&a)-place(&b))
	})
}

func (s *Service) paymentsOf(ctx context.Context, r *roundRow, c *Call) ([]PaymentView, error) {
	var rows []paymentRow
	if err := s.o.DB.NewSelect().Model(&rows).Where("p.round = ?", r.ID).OrderExpr("p.case_id, p.id").Scan(ctx); err != nil {
		return nil, wrap("payments", err)
	}
	c.sortPayments(rows)
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
		if err := s.back(ctx, tx, f, a); err != nil {
			return err
		}
		act := scope.Act(ctx, now, "programme.payment.settle", audit.Object{Kind: "programme.payment", ID: id, Name: short(f.Title)}, nil, map[string]any{"state": next, "amount": p.Amount, "on": in.On, "document": in.Document})
		if err := s.note(ctx, tx, f, nil, next, map[string]any{"amount": p.Amount, "on": in.On, "document": in.Document, "part": p.Part}, act.Actor, now.UnixNano()); err != nil {
			return err
		}
		return audit.Record(ctx, tx, act)
	})
}

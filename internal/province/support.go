package province

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// funds opens the funds with this year's budget.
func (f *filler) funds(ctx context.Context) error {
	officer := f.as(decides)
	type fund struct {
		ID string `json:"id"`
	}
	type line struct {
		Fund string `json:"fund"`
		Year int    `json:"year"`
	}
	there, err := All[fund](ctx, officer.get, "/ledger/funds?org="+f.home.String())
	if err != nil {
		return err
	}
	lines, err := All[line](ctx, officer.get, "/ledger/budget?org="+f.home.String())
	if err != nil {
		return err
	}
	for _, x := range f.p.Affairs.Funds {
		if find(there, func(v *fund) bool { return v.ID == x.ID }) == nil {
			if err := officer.post(ctx, "/ledger/funds", object{"org": f.home, "id": x.ID, "name": x.Name}, nil); err != nil {
				return err
			}
		}
		if find(lines, func(l *line) bool { return l.Fund == x.ID && l.Year == f.year() }) != nil {
			continue
		}
		if err := officer.post(ctx, "/ledger/budget", object{"org": f.home, "fund": x.ID, "year": f.year(), "amount": fen(x.Amount), "why": x.Why}, nil); err != nil {
			return err
		}
	}
	return nil
}

// support dates the policies, lets firms ask and file, awards and pays.
func (f *filler) support(ctx context.Context) error {
	type document struct {
		File      string `json:"file"`
		Published string `json:"published"`
	}
	there, err := All[document](ctx, f.as(decides).get, "/public/policies")
	if err != nil {
		return err
	}
	for _, d := range f.p.Affairs.Support.Documents {
		if v := find(there, func(v *document) bool { return v.File == d.File }); v != nil && v.Published != "" {
			continue
		}
		if err := f.as(decides).do(ctx, "PUT", "/support/documents/"+d.File+"/publication", object{"day": d.Day, "source": d.Source}, nil); err != nil {
			return err
		}
	}
	for i := range f.p.Affairs.Support.Inquiries {
		x := &f.p.Affairs.Support.Inquiries[i]
		if err := f.inquiry(ctx, x); err != nil {
			return fmt.Errorf("%s: %w", x.Key, err)
		}
	}
	return nil
}

func (f *filler) inquiry(ctx context.Context, x *Inquiry) error {
	rep, firm := f.as(firmLogin(x.Firm)), f.orgs[x.Firm]
	type view struct {
		ID       uuid.UUID `json:"id"`
		Name     string    `json:"name"`
		Revision int64     `json:"revision"`
		Answers  object    `json:"answers"`
	}
	there, err := All[view](ctx, rep.get, "/support/inquiries?org="+firm.String())
	if err != nil {
		return err
	}
	v := find(there, func(v *view) bool { return v.Name == x.Name })
	if v == nil {
		v = &view{}
		if err := rep.post(ctx, "/support/inquiries", object{"org": firm, "name": x.Name, "region": x.Region}, v); err != nil {
			return err
		}
	}
	if len(x.Answers) > 0 && len(v.Answers) == 0 {
		if err := rep.post(ctx, "/support/inquiries/"+v.ID.String()+"/answers", object{"basis": v.Revision, "answers": x.Answers}, nil); err != nil {
			return err
		}
	}
	if x.Measure == "" {
		return nil
	}
	type filing struct {
		ID      uuid.UUID `json:"id"`
		Measure string    `json:"measure"`
		Name    string    `json:"name"`
		State   string    `json:"state"`
	}
	filings, err := All[filing](ctx, rep.get, "/support/filings?org="+firm.String())
	if err != nil {
		return err
	}
	filed := find(filings, func(v *filing) bool { return v.Measure == x.Measure && v.Name == x.Name })
	if filed == nil {
		filed = &filing{}
		if err := rep.post(ctx, "/support/inquiries/"+v.ID.String()+"/filings", object{"measure": x.Measure}, filed); err != nil {
			return err
		}
	}
	if x.Award == 0 {
		return nil
	}
	if filed.State == "open" {
		if err := f.as(decides).post(ctx, "/support/filings/"+filed.ID.String()+"/award", object{"fund": f.p.Affairs.Funds[0].ID, "year": f.year(), "amount": fen(x.Award), "why": "专家评审通过（演示数据）"}, nil); err != nil {
			return err
		}
	}
	return f.pay(ctx, x, firm)
}

// pay pays parts of an award; a payment is known by its id, and the same again changes nothing.
func (f *filler) pay(ctx context.Context, x *Inquiry, firm uuid.UUID) error {
	type award struct {
		Org     uuid.UUID `json:"org"`
		Measure string    `json:"measure"`
		Name    string    `json:"name"`
		Ref     string    `json:"ref"`
	}
	officer := f.as(decides)
	awards, err := All[award](ctx, officer.get, "/support/awards?org="+f.home.String())
	if err != nil {
		return err
	}
	a := find(awards, func(a *award) bool { return a.Org == firm && a.Measure == x.Measure && a.Name == x.Name })
	if a == nil {
		return nil
	}
	for _, p := range x.Paid {
		if err := officer.post(ctx, "/ledger/movements", object{"org": f.home, "ref": a.Ref, "kind": "pay", "id": p.ID, "amount": fen(p.Amount), "on": f.on(p.Days), "document": "演示支付凭证 " + p.ID}, nil); err != nil {
			return err
		}
	}
	return nil
}

// vouchers issues vouchers, and takes each as far as it is to come.
func (f *filler) vouchers(ctx context.Context) error {
	type view struct {
		ID      uuid.UUID `json:"id"`
		Holder  uuid.UUID `json:"holder"`
		Purpose string    `json:"purpose"`
		State   string    `json:"state"`
	}
	officer := f.as(decides)
	there, err := All[view](ctx, officer.get, "/support/vouchers?org="+f.home.String())
	if err != nil {
		return err
	}
	for i := range f.p.Affairs.Vouchers {
		x := &f.p.Affairs.Vouchers[i]
		holder, rep := f.orgs[x.Firm], f.as(firmLogin(x.Firm))
		v := find(there, func(v *view) bool { return v.Holder == holder && v.Purpose == x.Purpose })
		if v == nil {
			v = &view{}
			if err := officer.post(ctx, "/support/vouchers", object{"keeper": f.home, "holder": holder, "fund": f.p.Affairs.Funds[1].ID, "year": f.year(), "amount": fen(x.Amount), "purpose": x.Purpose, "expires": f.on(x.Closes)}, v); err != nil {
				return err
			}
		}
		for steps := 0; v.State != x.To && steps < 5; steps++ {
			at := "/support/vouchers/" + v.ID.String()
			var err error
			switch v.State {
			case "held":
				err = rep.post(ctx, at+"/spending", object{"provider": f.orgs[x.Provider], "contract": x.Contract}, v)
			case "spent":
				err = f.as(providerLogin(x.Provider)).post(ctx, at+"/delivery", object{"what": x.Delivery}, v)
			case "delivered":
				err = rep.post(ctx, at+"/confirmation", object{"good": true, "what": x.Reply}, v)
			case "confirmed":
				err = officer.post(ctx, at+"/redemption", object{"payment": x.Payment, "on": f.on(x.Days)}, v)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", x.Purpose, err)
			}
		}
	}
	return nil
}

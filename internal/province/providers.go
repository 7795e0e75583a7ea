package province

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// ways lead an entry from one state to the next, by the state that it is to reach.
var ways = map[string]map[string]string{
	"admitted":  {"applied": "admit"},
	"grade-a":   {"applied": "admit", "admitted": "evaluate", "evaluated": "grade-a"},
	"grade-b":   {"applied": "admit", "admitted": "evaluate", "evaluated": "grade-b"},
	"grade-c":   {"applied": "admit", "admitted": "evaluate", "evaluated": "grade-c"},
	"suspended": {"applied": "admit", "admitted": "suspend"},
	"published": {"submitted": "publish"},
	"listed":    {"submitted": "check", "in-check": "pass", "checked": "list"},
	"returned":  {"submitted": "return"},
}

// whys are the reasons that are given on the way.
var whys = map[string]string{
	"admit": "资料齐全，准予入池（演示数据）", "evaluate": "年度评价完成（演示数据）", "grade-a": "评价得分优秀（演示数据）", "grade-b": "评价得分良好（演示数据）", "grade-c": "评价得分一般（演示数据）",
	"suspend": "连续两次未响应需求，暂停接单（演示数据）", "pass": "第三方检测通过（演示数据）",
}

// walk takes an entry to a state.
func (f *filler) walk(ctx context.Context, e *entry, to, why string) error {
	for steps := 0; e.State != to && steps < 6; steps++ {
		step, ok := ways[to][e.State]
		if !ok {
			return nil // the platform's people have taken it elsewhere since
		}
		reason := whys[step]
		if step == "return" {
			reason = why
		}
		id := e.ID
		if err := f.as(decides).post(ctx, "/register-entries/"+id.String()+"/transitions", object{"transition": step, "basis": e.Revision, "reason": reason}, e); err != nil {
			return err
		}
	}
	return nil
}

// providers founds the providers, who ask for the pool; the platform admits and grades them.
func (f *filler) providers(ctx context.Context) error {
	for i := range f.p.Providers {
		x := &f.p.Providers[i]
		id, err := f.node.Found(ctx, x.Name, x.Code)
		if err != nil {
			return err
		}
		f.orgs[x.Key] = id
		if err := f.node.Person(ctx, providerLogin(x.Key), x.Rep, id, "owner"); err != nil {
			return err
		}
		if x.Shown {
			if err := f.node.Show(ctx, id); err != nil {
				return err
			}
		}
		e, err := f.keyed(ctx, "providers", x.Code)
		if err != nil {
			return err
		}
		if e == nil {
			content := object{"nameEn": x.Name.En, "kind": x.Kind, "region": x.Region, "summary": x.Summary, "contact": x.Rep}
			if err := f.as(providerLogin(x.Key)).post(ctx, "/matching/supplies", object{"org": id, "register": "providers", "content": content}, nil); err != nil {
				return err
			}
			if e, err = f.keyed(ctx, "providers", x.Code); err != nil || e == nil {
				return fmt.Errorf("%s is not in the pool: %w", x.Key, err)
			}
		}
		if err := f.walk(ctx, e, x.Grade, ""); err != nil {
			return err
		}
		if err := f.check(ctx, x, id); err != nil {
			return err
		}
	}
	return nil
}

// check enters what a third party found of a provider.
func (f *filler) check(ctx context.Context, x *Provider, id uuid.UUID) error {
	if x.Check == nil {
		return nil
	}
	var rating struct {
		Checks *int64 `json:"checks"`
	}
	if err := f.as(decides).get(ctx, "/matching/providers/"+id.String()+"/rating", &rating); err != nil || rating.Checks != nil {
		return err
	}
	return f.as(decides).post(ctx, "/matching/checks", object{"provider": id, "party": x.Check.Party, "report": x.Check.Report, "score": x.Check.Score, "day": f.on(-x.Check.Days)}, nil)
}

// supplies files what providers offer, and publishes it.
func (f *filler) supplies(ctx context.Context) error {
	for i := range f.p.Providers {
		x := &f.p.Providers[i]
		rep, id := f.as(providerLogin(x.Key)), f.orgs[x.Key]
		there, err := All[entry](ctx, rep.get, "/matching/supplies?org="+id.String())
		if err != nil {
			return err
		}
		for j := range x.Supply {
			s := &x.Supply[j]
			var e entry
			for k := range there {
				if there[k].Content["title"] == s.Title {
					e = there[k]
				}
			}
			if e.ID == uuid.Nil {
				if err := rep.post(ctx, "/matching/supplies", object{"org": id, "register": s.Register, "content": s.content()}, &e); err != nil {
					return fmt.Errorf("%s: %w", s.Title, err)
				}
			}
			to := s.State
			if to == "" {
				if to = "published"; s.Register == "products" {
					to = "listed"
				}
			}
			if err := f.walk(ctx, &e, to, s.Reason); err != nil {
				return fmt.Errorf("%s: %w", s.Title, err)
			}
			f.supply[s.Title], f.seller[s.Title] = e.ID, x.Key
		}
	}
	return nil
}

// content of an entry, by the fields of its register.
func (s *Supply) content() object {
	out := object{"title": s.Title, "summary": s.Summary, "covers": rows("kind", s.Covers)}
	if s.Register == "cases" {
		out["effect"], out["industry"], out["region"] = s.Effect, s.Industry, s.Region
		return out
	}
	out["trades"], out["priceFrom"], out["priceTo"] = rows("industry", s.Trades), fen(s.From), fen(s.To)
	switch {
	case s.Register == "consultancies":
		out["standards"] = rows("standard", s.Standards)
	case len(s.Protocols) > 0:
		out["protocols"] = rows("protocol", s.Protocols)
	}
	if s.Register == "apps" {
		out["kind"], out["trial"] = s.Kind, s.Trial
	}
	return out
}

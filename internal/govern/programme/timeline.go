package programme

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow/workday"
)

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

// private are events that only the desk sees: they would tell who reviews, or how.
var private = []string{"review-left", "ranking", "draw"}

package form

import (
	"context"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
)

// Handover is how a draft is handed in.
type Handover struct {
	Basis int64 // the draft's revision that was seen
	Case  int64 // and that of the case; 0 where there is none
}

// Submit hands a draft in, once: asked again it answers what the draft has become. All that is wrong or missing is told together.
// Errors: ErrField, ErrLacking, ErrOthers, ErrEnded, ErrChanged, ErrFileBroken; those of the desk.
func (s *Service) Submit(ctx context.Context, id uuid.UUID, in Handover) (Draft, error) {
	d, scope, err := s.find(ctx, s.o.DB, id)
	if err != nil {
		return Draft{}, err
	}
	if d.State == Submitted && d.Person == scope.Principal().ID {
		return d, nil
	}
	if err := d.mine(scope); err != nil {
		return Draft{}, err
	}
	if d.Revision != in.Basis {
		return Draft{}, d.changed(in.Basis)
	}
	h, err := s.prepare(ctx, &d, in)
	if err != nil {
		return Draft{}, err
	}
	var blobs []string
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		now, err := s.again(ctx, tx, id)
		if err != nil {
			return err
		}
		if now.State == Submitted {
			d = now
			return nil
		}
		if now.State != Open || now.Person != d.Person {
			return ErrEnded.With("state", now.State.words())
		}
		if now.Revision != in.Basis {
			return now.changed(in.Basis)
		}
		out, err := s.o.Desks[d.Target.Kind].Hand(ctx, *h)
		if err != nil {
			return err
		}
		at := s.o.Now()
		blobs = nil
		for _, a := range now.Attachments {
			blobs = append(blobs, a.Blob)
		}
		now.State, now.Outcome, now.Revision, now.At, now.Attachments = Submitted, out, in.Basis+1, max(at.UnixNano(), now.At+1), nil
		if err := update(ctx, tx, &now, in.Basis); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*attachmentRow)(nil)).Where("draft = ?", id).Exec(ctx); err != nil {
			return wrap("hand a draft in", err)
		}
		d = now
		e := scope.Act(ctx, at, "form.draft.submit", d.object(), map[string]any{"state": Open, "revision": in.Basis}, map[string]any{"state": Submitted, "became": out, "papers": digest(h.Papers)})
		e.Org = d.Org
		return audit.Record(ctx, tx, e)
	})
	if err != nil {
		return Draft{}, err
	}
	s.drop(ctx, blobs)
	return d, nil
}

func (s *Service) again(ctx context.Context, tx bun.Tx, id uuid.UUID) (Draft, error) {
	d, _, err := s.find(ctx, tx, id)
	return d, err
}

// prepare checks a draft whole, and reads what is handed in with it.
func (s *Service) prepare(ctx context.Context, d *Draft, in Handover) (*Handing, error) {
	f, err := s.form(ctx, d)
	if err != nil {
		return nil, err
	}
	filling := f.fill(d.raw())
	wrong := told(filling.Faults)
	if lacking := f.lacking(d); len(lacking) > 0 {
		wrong = append(wrong, ErrLacking.At("body.attachments", "").With("kinds", names(lacking)))
	}
	if f.Reason && strings.TrimSpace(d.Reason) == "" {
		wrong = append(wrong, ErrField.At("body.reason", "").With("name", text.Text{Zh: "理由", En: "Reason"}).With("reason", text.Text{Zh: "未填写", En: "is missing"}).With("mend", text.Text{Zh: "请填写", En: "Fill it in"}))
	}
	if len(wrong) > 0 {
		return nil, problem.All(wrong...)
	}
	h := &Handing{Draft: d.ID, Org: d.Org, Target: d.Target, Basis: in.Case, Record: field.Record{}, Reason: strings.TrimSpace(d.Reason)}
	for i := range f.Fields { // what was emptied, or is not asked any more, is emptied in the case too
		h.Record[f.Fields[i].Key] = nil
	}
	for key, v := range filling.Record {
		h.Record[key] = v
	}
	for i := range d.Attachments {
		a := &d.Attachments[i]
		if f.paper(a.Kind) == nil { // the target does not take it any more
			continue
		}
		data, err := s.read(a)
		if err != nil {
			return nil, err
		}
		h.Papers = append(h.Papers, Paper{Kind: a.Kind, Name: a.Name, Data: data})
	}
	return h, nil
}

func names(list []AttachmentKind) text.Text {
	var zh, en []string
	for _, p := range list {
		zh, en = append(zh, p.Name.Zh), append(en, p.Name.En)
	}
	return text.Text{Zh: strings.Join(zh, "、"), En: strings.Join(en, ", ")}
}

// Look is a draft with its form as it is asked for now.
type Look struct {
	Draft   Draft
	Form    *Form // nil where it cannot be handed in any more
	Filling Filling
	Lacking []AttachmentKind
	Refused *problem.Error // why it cannot
}

// Look returns a draft with its form and what is wrong or missing.
func (s *Service) Look(ctx context.Context, d Draft) (Look, error) {
	l := Look{Draft: d}
	f, err := s.form(ctx, &d)
	if err != nil {
		p, ok := problem.From(err)
		if !ok {
			return l, err
		}
		l.Refused = p
		return l, nil
	}
	l.Form, l.Filling, l.Lacking = f, f.fill(d.raw()), f.lacking(&d)
	return l, nil
}

// as tells whether a draft is the caller's.
func (d *Draft) as(ctx context.Context) bool {
	p, ok := auth.FromContext(ctx)
	return ok && p.ID == d.Person
}

package main

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow"
	"jingwei/internal/office/form"
	"jingwei/internal/office/register"
)

// openCases opens the drafts: of cases and their steps, of entries, of facts.
func (n *node) openCases(ctx context.Context) error {
	files, err := blob.Open(n.files, filepath.Join(n.dir, "drafts"), fact.MaxDocument)
	if err != nil {
		return err
	}
	cases := caseDesk{n.flows, n.facts}
	n.forms, err = form.New(ctx, form.Options{
		DB: n.db, Blobs: files, Packs: n.packs, Now: n.now, Logger: n.log, Profile: profiles{n}, Notifier: draftMessages{n},
		Desks: map[string]form.Desk{
			form.KindCase: cases, form.KindStep: stepDesk{cases}, form.KindEntry: entryDesk{n.registers}, form.KindFact: factDesk{n.facts},
		},
	})
	return err
}

// orgNames tells cases what organisations are called (flow.Names).
type orgNames struct{ orgs *org.Service }

func (o orgNames) Names(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]text.Text, error) {
	out := map[uuid.UUID]text.Text{}
	for part := range slices.Chunk(ids, store.MaxLimit) {
		list, err := o.orgs.List(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, x := range list {
			out[x.ID] = x.Name
		}
	}
	return out, nil
}

// profiles tell forms what the node knows of an enterprise (form.Profile).
type profiles struct{ node *node }

func (p profiles) Profile(ctx context.Context, id uuid.UUID) (map[string]form.Known, error) {
	e, ok, err := p.node.known.Of(ctx, id, field.DateOf(p.node.now().UnixNano()))
	if err != nil || !ok {
		return nil, err
	}
	from := text.Text{Zh: "企业名录", En: "the register of enterprises"}
	out := map[string]form.Known{}
	for key, v := range map[string]string{"name": e.Name.In("zh"), "creditCode": e.CreditCode, "industry": e.Industry, "region": e.Region, "size": e.Size} {
		if v != "" {
			out["enterprise."+key] = form.Known{Value: v, From: from}
		}
	}
	for key, v := range map[string]*int64{"employees": e.Employees, "revenue": e.Revenue, "assets": e.Assets} {
		if v != nil {
			out["enterprise."+key] = form.Known{Value: *v, From: from}
		}
	}
	return out, nil
}

// caseDesk lets drafts open cases.
type caseDesk struct {
	flows *flow.Service
	facts *fact.Service
}

// asked are the fields and papers of a transition. What it needs and the case may have had before is needed in the form too, which
// begins with what the case has.
func asked(f *flow.Flow, t *flow.Transition, c *flow.Case) (field.Schema, []form.AttachmentKind) {
	fields := f.Asks(t)
	for i := range fields {
		fields[i].Required = fields[i].Required || slices.Contains(t.Has, fields[i].Key)
	}
	var papers []form.AttachmentKind
	for _, id := range slices.Concat(t.Documents, t.MayDocuments) {
		k := form.AttachmentKind{ID: id, Name: f.PaperKind(id).Name, Required: slices.Contains(t.Documents, id)}
		if c != nil {
			for _, d := range c.Documents {
				if d.Kind == id {
					k.Present++
				}
			}
		}
		papers = append(papers, k)
	}
	return fields, papers
}

func (d caseDesk) Declared(id, action string) (field.Schema, []form.AttachmentKind, bool) {
	f, err := d.flows.Flow(id)
	if err != nil {
		return nil, nil, false
	}
	t := f.Step(action)
	if t == nil {
		return nil, nil, false
	}
	fields, papers := asked(f, t, nil)
	return fields, papers, true
}

func (d caseDesk) Asked(ctx context.Context, org uuid.UUID, t form.Target) (form.Asked, error) {
	f, err := d.flows.Flow(t.ID)
	if err != nil {
		return form.Asked{}, err
	}
	if _, err := d.opening(f, org, t); err != nil {
		return form.Asked{}, err
	}
	fields, papers := asked(f, &f.Start, nil)
	return form.Asked{Name: f.Name, Version: f.Version, Fields: fields, Papers: papers, Reason: f.Start.Reason}, nil
}

// opening says who keeps a case that an organisation opens, and about whom it is.
func (d caseDesk) opening(f *flow.Flow, org uuid.UUID, t form.Target) (flow.Opening, error) {
	about := slices.ContainsFunc(f.Start.Roles, func(id string) bool { return f.RoleOf(id).Of == flow.Subject })
	switch {
	case about && t.Keeper != uuid.Nil:
		return flow.Opening{Flow: f.ID, Org: t.Keeper, Subject: org}, nil
	case about:
		return flow.Opening{}, flow.ErrOffer.At("body.keeper", "").With("flow", f.Name)
	}
	return flow.Opening{Flow: f.ID, Org: org}, nil
}

func (d caseDesk) Hand(ctx context.Context, h form.Handing) (form.Outcome, error) {
	f, err := d.flows.Flow(h.Target.ID)
	if err != nil {
		return form.Outcome{}, err
	}
	in, err := d.opening(f, h.Org, h.Target)
	if err != nil {
		return form.Outcome{}, err
	}
	in.Content, in.Reason = h.Record.Encode(), h.Reason
	if in.Documents, err = handed(ctx, d.facts, h); err != nil {
		return form.Outcome{}, err
	}
	c, err := d.flows.Open(ctx, in)
	return form.Outcome{Kind: form.KindCase, ID: c.ID}, err
}

// handed hands the papers of a draft in.
func handed(ctx context.Context, facts *fact.Service, h form.Handing) (out []flow.Paper, err error) {
	for _, p := range h.Papers {
		d, err := facts.HandIn(ctx, h.Org, p.Name, p.Data)
		if err != nil {
			return nil, err
		}
		out = append(out, flow.Paper{Kind: p.Kind, ID: string(d.ID)})
	}
	return out, nil
}

// stepDesk lets drafts take cases through a step.
type stepDesk struct{ caseDesk }

func (d stepDesk) Asked(ctx context.Context, org uuid.UUID, t form.Target) (form.Asked, error) {
	doing, err := d.flows.Doing(ctx, t.Case, t.Action, org)
	if err == nil {
		err = doing.Refused
	}
	if err != nil {
		return form.Asked{}, err
	}
	f, c := doing.Flow, &doing.Case
	fields, papers := asked(f, doing.Transition, c)
	held := field.Record{}
	for i := range fields {
		if v, ok := c.Record[fields[i].Key]; ok {
			held[fields[i].Key] = v
		}
	}
	name := text.Text{Zh: doing.Transition.Name.Zh, En: doing.Transition.Name.En}
	if c.Title != "" {
		name.Zh, name.En = name.Zh+"："+c.Title, name.En+": "+c.Title
	}
	return form.Asked{
		Name: name, Version: f.Version, Fields: fields, Papers: papers, Reason: doing.Transition.Reason, Basis: c.Revision, Held: held,
		Private: doing.Transition.Confidential || doing.Role.Of == flow.Assigned,
	}, nil
}

func (d stepDesk) Hand(ctx context.Context, h form.Handing) (form.Outcome, error) {
	papers, err := handed(ctx, d.facts, h)
	if err != nil {
		return form.Outcome{}, err
	}
	c, err := d.flows.Take(ctx, h.Target.Case, flow.Taking{Action: h.Target.Action, Basis: h.Basis, Content: h.Record.Encode(), Documents: papers, Reason: h.Reason, Acting: h.Org})
	return form.Outcome{Kind: form.KindCase, ID: c.ID}, err
}

// entryDesk lets drafts become entries of registers.
type entryDesk struct{ registers *register.Service }

func (d entryDesk) Declared(id, action string) (field.Schema, []form.AttachmentKind, bool) {
	r, err := d.registers.Register(id)
	if err != nil || action != "" {
		return nil, nil, false
	}
	return given(r.Fields), nil, true
}

// given are the fields that people give: what the room works out is left out.
func given(fields field.Schema) (out field.Schema) {
	for i := range fields {
		if fields[i].Calc == "" {
			out = append(out, fields[i])
		}
	}
	return out
}

func (d entryDesk) Asked(ctx context.Context, org uuid.UUID, t form.Target) (form.Asked, error) {
	r, err := d.registers.Register(t.ID)
	if err != nil {
		return form.Asked{}, err
	}
	if _, err := auth.Allow(ctx, auth.Configure, org); err != nil {
		return form.Asked{}, err
	}
	return form.Asked{Name: r.Name, Version: r.Version, Fields: given(r.Fields)}, nil
}

func (d entryDesk) Hand(ctx context.Context, h form.Handing) (form.Outcome, error) {
	e, err := d.registers.Add(ctx, h.Org, h.Target.ID, register.Input{Content: h.Record.Encode()})
	return form.Outcome{Kind: form.KindEntry, ID: e.ID}, err
}

// factDesk lets drafts become facts, known by the draft.
type factDesk struct{ facts *fact.Service }

// factPaper is the one kind of papers that a fact has.
const factPaper = "document"

func factPapers() []form.AttachmentKind {
	return []form.AttachmentKind{{ID: factPaper, Name: text.Text{Zh: "证明材料", En: "Documents"}}}
}

func (d factDesk) Declared(id, action string) (field.Schema, []form.AttachmentKind, bool) {
	k := d.facts.Kinds().Get(id)
	if k == nil || action != "" {
		return nil, nil, false
	}
	return given(k.Fields), factPapers(), true
}

func (d factDesk) Asked(_ context.Context, _ uuid.UUID, t form.Target) (form.Asked, error) {
	fields, papers, ok := d.Declared(t.ID, t.Action)
	if !ok {
		return form.Asked{}, fact.ErrKind.At("body.id", t.ID).With("kinds", "")
	}
	k := d.facts.Kinds().Get(t.ID)
	return form.Asked{Name: k.Name, Version: k.Version, Fields: fields, Papers: papers}, nil
}

func (d factDesk) Hand(ctx context.Context, h form.Handing) (form.Outcome, error) {
	in := fact.Input{Org: h.Org, Kind: h.Target.ID, Key: fact.Key{Source: "form", External: h.Draft.String()}, Content: h.Record.Encode()}
	for _, p := range h.Papers {
		doc, err := d.facts.HandIn(ctx, h.Org, p.Name, p.Data)
		if err != nil {
			return form.Outcome{}, err
		}
		if slices.Contains(in.Documents, doc.ID) {
			continue
		}
		in.Documents = append(in.Documents, doc.ID)
	}
	f, _, err := d.facts.Record(ctx, in)
	return form.Outcome{Kind: form.KindFact, ID: f.ID}, err
}

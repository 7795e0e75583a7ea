package form

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/form/calc"
)

const tag = api.Tag("forms")

// DraftTarget is what a draft is to become.
type DraftTarget struct {
	Kind   string     `json:"kind" enum:"case,step,entry,fact"`
	ID     string     `json:"id" maxLength:"100" doc:"The flow, register or kind of fact"`
	Action string     `json:"action,omitempty" maxLength:"50" doc:"Of a step"`
	Case   *uuid.UUID `json:"case,omitempty" format:"uuid" doc:"Of a step"`
	Keeper *uuid.UUID `json:"keeper,omitempty" format:"uuid" doc:"Who is to keep the case; absent: the draft's own organisation"`
}

func (t DraftTarget) target() Target {
	return Target{t.Kind, t.ID, t.Action, api.OrNil(t.Case), api.OrNil(t.Keeper)}
}

func targetView(t Target) DraftTarget {
	v := DraftTarget{Kind: t.Kind, ID: t.ID, Action: t.Action}
	if t.Case != uuid.Nil {
		v.Case = &t.Case
	}
	if t.Keeper != uuid.Nil {
		v.Keeper = &t.Keeper
	}
	return v
}

// DraftRequest begins a draft.
type DraftRequest struct {
	Org uuid.UUID `json:"org" format:"uuid" doc:"For which organisation you fill it in"`
	DraftTarget
}

// DraftSaving saves a draft.
type DraftSaving struct {
	Basis   int64           `json:"basis" minimum:"1" doc:"The revision that you knew"`
	Content json.RawMessage `json:"content" doc:"The whole content, as far as it goes"`
	Reason  string          `json:"reason,omitempty" maxLength:"2000"`
	Device  string          `json:"device,omitempty" maxLength:"200" doc:"What the device calls itself, for whoever saves with another"`
}

// DraftBasis names the revision that was seen.
type DraftBasis struct {
	Basis int64 `json:"basis" minimum:"1" doc:"The revision that you saw"`
}

// DraftSubmission hands a draft in.
type DraftSubmission struct {
	DraftBasis
	Case int64 `json:"caseRevision,omitempty" minimum:"0" doc:"Of a step: the revision of the case that you saw"`
}

// DraftFault is one thing wrong or missing.
type DraftFault struct {
	Path  string    `json:"path"`
	Name  text.Text `json:"name"`
	Value string    `json:"value,omitempty"`
	Code  string    `json:"code"`
	Text  text.Text `json:"text"`
	Mend  text.Text `json:"mend"`
}

// CalculatedView is a field that is worked out, with the tree of its expression for immediate display.
type CalculatedView struct {
	Key      string          `json:"key"`
	Own      bool            `json:"own" doc:"A field of the target; else it is only shown"`
	Field    json.RawMessage `json:"field"`
	Value    json.RawMessage `json:"value" doc:"The tree of its expression"`
	Rounding calc.Rounding   `json:"rounding"`
}

// FormView is a form as it is asked for now.
type FormView struct {
	Version     string           `json:"version"`
	Fields      json.RawMessage  `json:"fields" doc:"With their names in zh and en, types and bounds"`
	Sections    []Section        `json:"sections" nullable:"false"`
	Calculated  []CalculatedView `json:"calculated" nullable:"false"`
	Attachments []AttachmentKind `json:"attachments" nullable:"false"`
	Reason      bool             `json:"reason" doc:"A reason in words is needed"`
	Basis       int64            `json:"caseRevision,omitempty" doc:"Of the case, for handing in"`
}

// DraftView is a draft as it is told.
type DraftView struct {
	ID          uuid.UUID         `json:"id" format:"uuid"`
	Org         uuid.UUID         `json:"org" format:"uuid"`
	Mine        bool              `json:"mine"`
	By          string            `json:"by" doc:"Whose it is"`
	Before      string            `json:"before,omitempty" doc:"From whom it was taken over"`
	Device      string            `json:"device,omitempty" doc:"With which it was last saved"`
	Target      DraftTarget       `json:"target"`
	Title       text.Text         `json:"title"`
	State       string            `json:"state" enum:"open,submitted,discarded,expired"`
	Content     json.RawMessage   `json:"content"`
	Reason      string            `json:"reason,omitempty"`
	Filled      map[string]Filled `json:"filled,omitempty" doc:"Filled in by the node, by field"`
	Attachments []Attachment      `json:"attachments" nullable:"false"`
	Made        time.Time         `json:"made"`
	At          time.Time         `json:"at"`
	Expires     time.Time         `json:"expires"`
	Revision    int64             `json:"revision"`
	Outcome     *Outcome          `json:"outcome,omitempty" doc:"What it has become"`
	Form        *FormView         `json:"form,omitempty" doc:"Absent in lists, and where it cannot be handed in any more"`
	Asked       []string          `json:"asked,omitempty" doc:"The fields that are asked, by what is filled in so far"`
	Shown       map[string]any    `json:"calculated,omitempty" doc:"What was worked out; absent: not known yet"`
	Faults      []DraftFault      `json:"faults" nullable:"false" doc:"What is wrong or missing; saving is refused for none of it"`
	Lacking     []string          `json:"lacking,omitempty" doc:"Kinds of attachments that are needed and not there"`
	Refused     string            `json:"refused,omitempty" doc:"Code of the problem for which it cannot be handed in any more"`
}

func draftView(ctx context.Context, d *Draft) DraftView {
	v := DraftView{ID: d.ID, Org: d.Org, Mine: d.as(ctx), By: d.Name, Before: d.Before, Device: d.Device, Target: targetView(d.Target), Title: d.Title, State: string(d.State), Content: d.raw(), Reason: d.Reason,
		Filled: d.Filled, Attachments: d.Attachments, Made: time.Unix(0, d.Made).UTC(), At: time.Unix(0, d.At).UTC(), Expires: time.Unix(0, d.Expires).UTC(), Revision: d.Revision, Faults: []DraftFault{}}
	if v.Attachments == nil {
		v.Attachments = []Attachment{}
	}
	if d.State == Submitted {
		v.Outcome = &d.Outcome
	}
	return v
}

func (l *Look) view(ctx context.Context) (DraftView, error) {
	v := draftView(ctx, &l.Draft)
	if l.Refused != nil {
		v.Refused = l.Refused.Kind().Code()
	}
	if l.Form == nil {
		return v, nil
	}
	f := &FormView{Version: l.Form.Version, Sections: list(l.Form.Sections), Calculated: []CalculatedView{}, Attachments: list(l.Form.Papers), Reason: l.Form.Reason, Basis: l.Form.Basis}
	var err error
	if f.Fields, err = json.Marshal(l.Form.Fields); err != nil {
		return v, err
	}
	for _, c := range l.Form.Calculated {
		x := CalculatedView{Key: c.field.Key, Own: c.own, Rounding: c.rounding}
		if x.Rounding == "" {
			x.Rounding = calc.HalfUp
		}
		if x.Field, err = json.Marshal(c.field); err != nil {
			return v, err
		}
		if x.Value, err = json.Marshal(c.value); err != nil {
			return v, err
		}
		f.Calculated = append(f.Calculated, x)
	}
	v.Form, v.Asked, v.Shown = f, l.Filling.Asked, l.Filling.Shown
	for _, x := range l.Filling.Faults {
		v.Faults = append(v.Faults, DraftFault{x.Path, x.Name, x.Value, x.Code, x.Text, x.Mend})
	}
	for _, p := range l.Lacking {
		v.Lacking = append(v.Lacking, p.ID)
	}
	return v, nil
}

func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

type draftOutput struct{ Body DraftView }

func (s *Service) one(ctx context.Context, d Draft, err error) (*draftOutput, error) {
	if err != nil {
		return nil, err
	}
	if d.State != Open {
		return &draftOutput{draftView(ctx, &d)}, nil
	}
	l, err := s.Look(ctx, d)
	if err != nil {
		return nil, err
	}
	v, err := l.view(ctx)
	return &draftOutput{v}, err
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "beginDraft", "/drafts", "Begin to fill something in: what opens a case, a step, an entry, a fact")),
		func(ctx context.Context, in *struct{ Body DraftRequest }) (*draftOutput, error) {
			d, err := s.Begin(ctx, in.Body.Org, in.Body.target())
			return s.one(ctx, d, err)
		})
	type drafts struct {
		Org   uuid.UUID `query:"org" format:"uuid" doc:"Only this organisation's; without it all that you may see"`
		Kind  string    `query:"kind" maxLength:"50"`
		ID    string    `query:"target" maxLength:"100" doc:"Of one flow, register or kind of fact"`
		Case  uuid.UUID `query:"case" format:"uuid"`
		Mine  bool      `query:"mine"`
		Ended bool      `query:"ended" doc:"Those that were discarded or have expired"`
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listDrafts", "/drafts", "Drafts of your organisations, the newest first, without their forms"),
		func(ctx context.Context, in *drafts) (*api.List[DraftView], error) {
			items, next, err := s.List(ctx, Filter{Org: in.Org, Kind: in.Kind, ID: in.ID, Case: in.Case, Mine: in.Mine, Ended: in.Ended}, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, func(d *Draft) DraftView { return draftView(ctx, d) }), next), nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "getDraft", "/drafts/{id}", "A draft with its form, and what is wrong or missing"),
		func(ctx context.Context, in *api.ByID) (*draftOutput, error) {
			d, err := s.Get(ctx, in.ID)
			return s.one(ctx, d, err)
		})
	type save struct {
		api.ByID
		Body DraftSaving
	}
	api.Register(a, tag.Operation(http.MethodPut, "saveDraft", "/drafts/{id}", "Save a draft as far as it goes"),
		func(ctx context.Context, in *save) (*draftOutput, error) {
			d, err := s.Save(ctx, in.ID, Saving{Basis: in.Body.Basis, Content: in.Body.Content, Reason: in.Body.Reason, Device: in.Body.Device})
			return s.one(ctx, d, err)
		})
	type based struct {
		api.ByID
		Body DraftBasis
	}
	for _, x := range []struct {
		id, path, summary string
		do                func(context.Context, uuid.UUID, int64) (Draft, error)
	}{
		{"takeDraftOver", "take-over", "Take over the draft of a colleague", s.TakeOver},
		{"discardDraft", "discard", "Put a draft away; it can be taken back for 30 days", s.Discard},
		{"restoreDraft", "restore", "Take back a draft that was put away or has expired", s.Restore},
	} {
		api.Register(a, tag.Operation(http.MethodPost, x.id, "/drafts/{id}/"+x.path, x.summary), func(ctx context.Context, in *based) (*draftOutput, error) {
			d, err := x.do(ctx, in.ID, in.Body.Basis)
			return s.one(ctx, d, err)
		})
	}
	type submit struct {
		api.ByID
		Body DraftSubmission
	}
	api.Register(a, tag.Operation(http.MethodPost, "submitDraft", "/drafts/{id}/submit", "Hand a draft in, once: asked again it answers what the draft has become"),
		func(ctx context.Context, in *submit) (*draftOutput, error) {
			d, err := s.Submit(ctx, in.ID, Handover{Basis: in.Body.Basis, Case: in.Body.Case})
			return s.one(ctx, d, err)
		})
	s.attachmentRoutes(a)
}

// fileOutput is a file to be kept.
type fileOutput struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

func (s *Service) attachmentRoutes(a *api.Server) {
	type attach struct {
		api.ByID
		Kind    string `query:"kind" required:"true" maxLength:"100"`
		Name    string `query:"name" required:"true" maxLength:"400" doc:"The file's name, whose ending must be what its content is"`
		RawBody []byte `contentType:"application/octet-stream"`
	}
	op := api.Created(tag.Operation(http.MethodPost, "attachToDraft", "/drafts/{id}/attachments", "Put a file to a draft"))
	op.Description = "The body is the file. Which types and sizes a kind takes is told by the draft's form."
	op.MaxBodyBytes = fact.MaxDocument
	op.BodyReadTimeout = 5 * time.Minute // a photo over a slow mobile connection
	api.Register(a, op, func(ctx context.Context, in *attach) (*struct{ Body Attachment }, error) {
		x, err := s.Attach(ctx, in.ID, in.Kind, in.Name, in.RawBody)
		if err != nil {
			return nil, err
		}
		return &struct{ Body Attachment }{x}, nil
	})
	type one struct {
		api.ByID
		Attachment uuid.UUID `path:"attachment" format:"uuid"`
	}
	api.Register(a, tag.Operation(http.MethodDelete, "detachFromDraft", "/drafts/{id}/attachments/{attachment}", "Take a file away from a draft"),
		func(ctx context.Context, in *one) (*struct{}, error) { return nil, s.Detach(ctx, in.ID, in.Attachment) })
	get := tag.Operation(http.MethodGet, "getDraftAttachment", "/drafts/{id}/attachments/{attachment}", "A file of a draft")
	get.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	api.Register(a, get, func(ctx context.Context, in *one) (*fileOutput, error) {
		x, data, err := s.Attachment(ctx, in.ID, in.Attachment)
		if err != nil {
			return nil, err
		}
		return &fileOutput{x.Media, mime.FormatMediaType("attachment", map[string]string{"filename": x.Name}), data}, nil
	})
}

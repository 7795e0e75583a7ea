package account

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Grantable is a kind of thing that rooms let be granted, with what there is of it.
type Grantable struct {
	Kind     string
	Name     text.Text
	Subjects func() []GrantSubject
}

// GrantSubject is one thing that can be granted, such as a kind of fact or a register.
type GrantSubject struct {
	ID     string       `json:"id"`
	Name   text.Text    `json:"name"`
	Fields []GrantField `json:"fields" nullable:"false"`
}

// GrantField is a field of it.
type GrantField struct {
	Key        string    `json:"key"`
	Name       text.Text `json:"name"`
	Restricted bool      `json:"restricted,omitempty" doc:"Granted only where it is named"`
}

// GrantThing is a kind of thing with what there is of it.
type GrantThing struct {
	Kind     string         `json:"kind"`
	Name     text.Text      `json:"name"`
	Subjects []GrantSubject `json:"subjects" nullable:"false"`
}

// GrantPurpose is a purpose that a grant may have.
type GrantPurpose struct {
	ID   string    `json:"id"`
	Name text.Text `json:"name"`
}

// GrantChoices are what a grant may be given for and of.
type GrantChoices struct {
	Purposes []GrantPurpose `json:"purposes" nullable:"false"`
	Things   []GrantThing   `json:"things" nullable:"false"`
	Days     int            `json:"days" doc:"Longest time of a grant"`
}

// GrantSide is an organisation as the other side of a grant sees it.
type GrantSide struct {
	ID         uuid.UUID `json:"id" format:"uuid"`
	Name       text.Text `json:"name"`
	CreditCode string    `json:"creditCode,omitempty"`
}

// GrantView is a grant as it is told to both sides.
type GrantView struct {
	ID      uuid.UUID  `json:"id" format:"uuid"`
	From    GrantSide  `json:"from"`
	To      GrantSide  `json:"to"`
	Person  *uuid.UUID `json:"person,omitempty" format:"uuid" doc:"The one person who may read; absent: all who read in the receiving organisation"`
	Purpose string     `json:"purpose"`
	Words   string     `json:"words"`
	Kind    string     `json:"kind"`
	Subject string     `json:"subject"`
	Fields  *[]string  `json:"fields,omitempty" doc:"Absent: all that are not restricted"`
	Since   time.Time  `json:"since"`
	Until   time.Time  `json:"until"`
	Basis   string     `json:"basis,omitempty"`
	Given   time.Time  `json:"given"`
	GivenBy string     `json:"givenBy"`
	Ended   *time.Time `json:"ended,omitempty"`
	EndedBy string     `json:"endedBy,omitempty"`
	Reason  string     `json:"reason,omitempty" doc:"Of the end"`
	Stands  bool       `json:"stands"`
}

// GrantRequest gives a grant.
type GrantRequest struct {
	From         uuid.UUID  `json:"from" format:"uuid" doc:"Your organisation"`
	To           *uuid.UUID `json:"to,omitempty" format:"uuid" doc:"Who may read; or its credit code"`
	ToCreditCode string     `json:"toCreditCode,omitempty" maxLength:"40"`
	Person       *uuid.UUID `json:"person,omitempty" format:"uuid" doc:"Only this person of it"`
	Purpose      string     `json:"purpose" maxLength:"40"`
	Words        string     `json:"words" maxLength:"500" doc:"The purpose in your words, 3 to 500 characters"`
	Kind         string     `json:"kind" maxLength:"40"`
	Subject      string     `json:"subject" maxLength:"100"`
	Fields       *[]string  `json:"fields,omitempty" maxItems:"200" doc:"Absent: all that are not restricted"`
	Since        *time.Time `json:"since,omitempty" doc:"Absent: now"`
	Until        time.Time  `json:"until" doc:"At most three years later"`
	Basis        string     `json:"basis,omitempty" maxLength:"300" doc:"The document that it rests on"`
}

// GrantEnd ends a grant.
type GrantEnd struct {
	Reason string `json:"reason" maxLength:"500" doc:"3 to 500 characters"`
}

// GrantReadsView is who looked on one day.
type GrantReadsView struct {
	Day    string    `json:"day" format:"date"`
	Name   string    `json:"name" doc:"Of the person or token; … for all further ones of a busy day"`
	Reads  int64     `json:"reads" doc:"Requests"`
	Things int64     `json:"things" doc:"That were shown"`
	Last   time.Time `json:"last"`
}

func (s *Service) grantViews(ctx context.Context, list []org.Grant, now time.Time) ([]GrantView, error) {
	var ids []uuid.UUID
	for _, g := range list {
		ids = append(ids, g.From, g.To)
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	known, err := s.Orgs.List(ctx, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	side := func(id uuid.UUID) GrantSide {
		for _, o := range known {
			if o.ID == id {
				return GrantSide{o.ID, o.Name, o.CreditCode}
			}
		}
		return GrantSide{ID: id}
	}
	out := make([]GrantView, len(list))
	for i, g := range list {
		out[i] = GrantView{ID: g.ID, From: side(g.From), To: side(g.To), Purpose: g.Purpose, Words: g.Words, Kind: g.Kind, Subject: g.Subject, Since: time.Unix(0, g.Span.From).UTC(), Until: time.Unix(0, g.Span.To).UTC(),
			Basis: g.Basis, Given: time.Unix(0, g.Given).UTC(), GivenBy: g.GivenBy, Ended: store.Instant(g.Ended), EndedBy: g.EndedBy, Reason: g.Reason, Stands: g.Stands(now.UnixNano())}
		if g.Person != uuid.Nil {
			out[i].Person = &g.Person
		}
		if g.Fields != nil {
			out[i].Fields = &g.Fields
		}
	}
	return out, nil
}

// thing checks that what is to be granted is there.
func (s *Service) thing(kind, subject string, fields []string) error {
	var kinds []string
	for _, t := range s.Grantable {
		kinds = append(kinds, t.Kind)
		if t.Kind != kind {
			continue
		}
		var ids []string
		for _, x := range t.Subjects() {
			ids = append(ids, x.ID)
			if x.ID != subject {
				continue
			}
			var keys []string
			for _, f := range x.Fields {
				keys = append(keys, f.Key)
			}
			for _, f := range fields {
				if !slices.Contains(keys, f) {
					return org.ErrGrantFields.At("body.fields", f).With("fields", strings.Join(keys, ", "))
				}
			}
			return nil
		}
		return org.ErrGrantThing.At("body.subject", subject).With("things", strings.Join(ids, ", "))
	}
	return org.ErrGrantThing.At("body.kind", kind).With("things", strings.Join(kinds, ", "))
}

func (s *Service) grants(a *api.Server) {
	type grantOutput struct{ Body GrantView }
	one := func(ctx context.Context, g org.Grant) (*grantOutput, error) {
		list, err := s.grantViews(ctx, []org.Grant{g}, a.Now())
		if err != nil {
			return nil, err
		}
		return &grantOutput{list[0]}, nil
	}
	api.Register(a, get("listGrantChoices", "/grants/choices", "grants", "What a grant may be given for and of"),
		func(ctx context.Context, _ *struct{}) (*struct{ Body GrantChoices }, error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			out := GrantChoices{Purposes: []GrantPurpose{}, Things: []GrantThing{}, Days: int(org.MaxGrant.Hours() / 24)}
			for _, p := range org.Purposes {
				out.Purposes = append(out.Purposes, GrantPurpose(p))
			}
			for _, t := range s.Grantable {
				out.Things = append(out.Things, GrantThing{t.Kind, t.Name, t.Subjects()})
			}
			return &struct{ Body GrantChoices }{out}, nil
		})
	type listInput struct {
		OrgQuery
		Side     string `query:"side" enum:"given,received" doc:"Both where it is left out"`
		Standing bool   `query:"standing" doc:"Only those that have not ended"`
		api.Paging
	}
	api.Register(a, get("listGrants", "/grants", "grants", "What organisations let others read, the last given first"),
		func(ctx context.Context, in *listInput) (*api.List[GrantView], error) {
			list, next, err := s.Auth.ListGrants(ctx, in.Org, in.Side != "received", in.Side != "given", in.Standing, in.Page())
			if err != nil {
				return nil, err
			}
			views, err := s.grantViews(ctx, list, a.Now())
			if err != nil {
				return nil, err
			}
			return api.Listed(views, next), nil
		})
	type giveInput struct{ Body GrantRequest }
	api.Register(a, post("giveGrant", "/grants", "grants", "Let another organisation read something; for owners", 201),
		func(ctx context.Context, in *giveInput) (*grantOutput, error) {
			b := in.Body
			scope, err := auth.Allow(ctx, auth.Organise, b.From)
			if err != nil {
				return nil, err
			}
			g := org.Grant{To: api.OrNil(b.To), Person: api.OrNil(b.Person), Purpose: b.Purpose, Words: b.Words, Kind: b.Kind, Subject: b.Subject, Basis: b.Basis, Span: org.Span{To: b.Until.UnixNano()}}
			if b.Since != nil {
				g.Span.From = b.Since.UnixNano()
			}
			if b.Fields != nil {
				g.Fields = append([]string{}, *b.Fields...)
			}
			if err := s.thing(g.Kind, g.Subject, g.Fields); err != nil {
				return nil, err
			}
			if g.To == uuid.Nil {
				code, err := org.CreditCode(b.ToCreditCode)
				if err != nil {
					return nil, err
				}
				o, ok, err := s.Orgs.WithCreditCode(ctx, code)
				if err != nil {
					return nil, err
				}
				if !ok {
					return nil, org.ErrGrantTaker.At("body.toCreditCode", code)
				}
				g.To = o.ID
			}
			if g, err = s.Auth.Give(ctx, scope, g); err != nil {
				return nil, err
			}
			return one(ctx, g)
		})
	type idInput struct {
		ID uuid.UUID `path:"id" format:"uuid"`
	}
	api.Register(a, get("getGrant", "/grants/{id}", "grants", "A grant, for both sides"),
		func(ctx context.Context, in *idInput) (*grantOutput, error) {
			g, err := s.Auth.Grant(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return one(ctx, g)
		})
	type endInput struct {
		ID   uuid.UUID `path:"id" format:"uuid"`
		Body GrantEnd
	}
	api.Register(a, operation("POST", "endGrant", "/grants/{id}/end", "grants", "End a grant at once; for owners of the giver"),
		func(ctx context.Context, in *endInput) (*grantOutput, error) {
			g, err := s.Auth.EndGrant(ctx, in.ID, in.Body.Reason)
			if err != nil {
				return nil, err
			}
			return one(ctx, g)
		})
	type readsInput struct {
		ID uuid.UUID `path:"id" format:"uuid"`
		api.Paging
	}
	api.Register(a, get("listGrantReads", "/grants/{id}/reads", "grants", "Who looked through a grant, by day; for the giver"),
		func(ctx context.Context, in *readsInput) (*api.List[GrantReadsView], error) {
			list, next, err := s.Auth.GrantReads(ctx, in.ID, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(list, func(r *org.GrantReads) GrantReadsView {
				return GrantReadsView{r.Day, r.Name, r.Reads, r.Things, time.Unix(0, r.Last).UTC()}
			}), next), nil
		})
}

// GrantFields are what can be granted of a schema. base is the class of fields that name none.
func GrantFields(fields field.Schema, base field.Class) []GrantField {
	out := make([]GrantField, len(fields))
	for i, f := range fields {
		class := f.Class
		if class == "" {
			class = base
		}
		out[i] = GrantField{f.Key, f.Name, !class.Reaches(field.Internal)}
	}
	return out
}

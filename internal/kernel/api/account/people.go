package account

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
)

func person(p auth.Person) Person {
	out := Person{ID: p.ID, Login: p.Login, Name: p.Name, Disabled: p.Disabled, LastSeen: when(p.Seen), Created: when(p.Created)}
	for o, role := range p.Roles {
		out.Roles = append(out.Roles, RoleInID{Org: o, Role: role})
	}
	slices.SortFunc(out.Roles, func(a, b RoleInID) int { return bytes.Compare(a.Org[:], b.Org[:]) })
	return out
}

// OneTimeLink signs its holder in once.
type OneTimeLink struct {
	Link    string    `json:"link" doc:"Path to open in the console; told once"`
	Expires time.Time `json:"expires"`
}

// Invited is a new person with the link to sign in first.
type Invited struct {
	Person
	OneTimeLink
}

func (s *Service) people(a *api.Server) {
	type listInput struct {
		OrgQuery
		api.Paging
	}
	api.Register(a, get("listPeople", "/people", "people", "People with a role in my organisations"),
		func(ctx context.Context, in *listInput) (*api.List[Person], error) {
			scope, err := auth.AllowOrVisible(ctx, auth.People, in.Org)
			if err != nil {
				return nil, err
			}
			people, next, err := s.Auth.ListPeople(ctx, scope, in.Page())
			if err != nil {
				return nil, err
			}
			out := make([]Person, len(people))
			for i, p := range people {
				out[i] = person(p)
			}
			return api.Listed(out, next), nil
		})

	type addInput struct {
		OrgQuery
		Body struct {
			Org   uuid.UUID `json:"org,omitempty" format:"uuid" doc:"The organisation; may stand in the query instead"`
			Login string    `json:"login" minLength:"1" maxLength:"64"`
			Name  string    `json:"name" minLength:"1" maxLength:"100"`
			Role  auth.Role `json:"role,omitempty" enum:"owner,engineer,operator,viewer" default:"viewer"`
		}
	}
	type addOutput struct{ Body Invited }
	api.Register(a, post("addPerson", "/people", "people", "Add a person and get the link with which they sign in first", 201),
		func(ctx context.Context, in *addInput) (*addOutput, error) {
			o := in.Body.Org
			if o == uuid.Nil {
				o = in.Org
			}
			if o == uuid.Nil {
				return nil, api.Missing("body.org")
			}
			scope, err := auth.Allow(ctx, auth.People, o)
			if err != nil {
				return nil, err
			}
			p, link, err := s.Auth.CreatePerson(ctx, scope, in.Body.Login, in.Body.Name, in.Body.Role)
			if err != nil {
				return nil, err
			}
			return &addOutput{Invited{person(p), OneTimeLink{link.URL(""), link.Expires}}}, nil
		})

	type changeInput struct {
		ID   uuid.UUID `path:"id" format:"uuid"`
		Body struct {
			Name     *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
			Disabled *bool   `json:"disabled,omitempty" doc:"Ends all sessions and links of the person"`
		}
	}
	type personOutput struct{ Body Person }
	api.Register(a, operation("PATCH", "changePerson", "/people/{id}", "people", "Rename, disable or enable a person"),
		func(ctx context.Context, in *changeInput) (*personOutput, error) {
			p, err := s.Auth.UpdatePerson(ctx, in.ID, in.Body.Name, in.Body.Disabled)
			return &personOutput{person(p)}, err
		})

	type roleInput struct {
		ID   uuid.UUID `path:"id" format:"uuid"`
		Org  uuid.UUID `path:"org" format:"uuid"`
		Body struct {
			Role auth.Role `json:"role" enum:"owner,engineer,operator,viewer"`
		}
	}
	api.Register(a, operation("PUT", "setRole", "/people/{id}/roles/{org}", "people", "Give a person a role, or change it"),
		func(ctx context.Context, in *roleInput) (*struct{}, error) {
			scope, err := auth.Allow(ctx, auth.People, in.Org)
			if err != nil {
				return nil, err
			}
			return nil, s.Auth.SetRole(ctx, scope, in.ID, in.Body.Role)
		})

	type personOrg struct {
		ID  uuid.UUID `path:"id" format:"uuid"`
		Org uuid.UUID `path:"org" format:"uuid"`
	}
	api.Register(a, operation("DELETE", "removeRole", "/people/{id}/roles/{org}", "people", "Take a person's role away"),
		func(ctx context.Context, in *personOrg) (*struct{}, error) {
			scope, err := auth.Allow(ctx, auth.People, in.Org)
			if err != nil {
				return nil, err
			}
			return nil, s.Auth.RemoveRole(ctx, scope, in.ID)
		})

	type byID struct {
		ID uuid.UUID `path:"id" format:"uuid"`
	}
	type linkOutput struct{ Body OneTimeLink }
	api.Register(a, post("makeSignInLink", "/people/{id}/link", "people", "Make a one-time sign-in link for a person", 201),
		func(ctx context.Context, in *byID) (*linkOutput, error) {
			link, err := s.Auth.MakeLink(ctx, in.ID)
			return &linkOutput{OneTimeLink{link.URL(""), link.Expires}}, err
		})
}

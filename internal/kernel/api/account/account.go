package account

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Conditions are the current set, as the board keeps it.
type Conditions interface {
	// List returns the conditions of the organisations included, and the node's own when asked for.
	List(scope condition.Including, withNode bool) []condition.Condition
	// Version grows with every change that a reader sees.
	Version() uint64
}

// Service holds what the routes need.
type Service struct {
	DB         *store.DB
	Auth       *auth.Service
	Orgs       *org.Service
	Conditions Conditions // nil only where nothing is answered but the document
	Grantable  []Grantable
	Rehearsal  bool // the node's records are practice
	Demo       bool // what the node holds is for demonstration
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	s.sessions(a)
	s.doors(a)
	s.people(a)
	s.tokens(a)
	s.organisations(a)
	s.audits(a)
	s.grants(a)
	s.agreements(a)
	s.conditions(a)
}

func get(id, path, tag, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Tags: []string{tag}, Summary: summary}
}

func post(id, path, tag, summary string, status int) huma.Operation {
	return huma.Operation{OperationID: id, Method: http.MethodPost, Path: path, Tags: []string{tag}, Summary: summary, DefaultStatus: status}
}

func operation(method, id, path, tag, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Tags: []string{tag}, Summary: summary}
}

// OrgQuery is embedded where a list can be narrowed to one organisation.
type OrgQuery struct {
	Org uuid.UUID `query:"org" format:"uuid" doc:"Only this organisation; without it all that you may see"`
}

// Org is an organisation as it is answered.
type Org struct {
	ID         uuid.UUID  `json:"id" format:"uuid"`
	Kind       org.Kind   `json:"kind" enum:"enterprise,unit,park,government,association,institution"`
	Name       text.Text  `json:"name"`
	CreditCode string     `json:"creditCode,omitempty" doc:"Unified social credit code (GB 32100)"`
	Parent     *uuid.UUID `json:"parent,omitempty" format:"uuid" doc:"Owner, as of now"`
	Home       bool       `json:"home,omitempty" doc:"It runs this node"`
}

// Person is somebody who can sign in.
type Person struct {
	ID       uuid.UUID  `json:"id" format:"uuid"`
	Login    string     `json:"login"`
	Name     string     `json:"name"`
	Disabled bool       `json:"disabled,omitempty"`
	Roles    []RoleInID `json:"roles,omitempty" doc:"Own roles in the organisations asked for"`
	LastSeen *time.Time `json:"lastSeen,omitempty" doc:"Last request, exact to a minute"`
	Created  *time.Time `json:"created,omitempty"`
}

// RoleInID is a role in an organisation named by its id.
type RoleInID struct {
	Org  uuid.UUID `json:"org" format:"uuid"`
	Role auth.Role `json:"role" enum:"owner,engineer,operator,viewer,monitor"`
}

// RoleIn is a role in an organisation.
type RoleIn struct {
	Org  Org       `json:"org"`
	Role auth.Role `json:"role" enum:"owner,engineer,operator,viewer,monitor"`
}

// when leaves out times that never were.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// orgs answers organisations with their owners, in the order of their ids.
func (s *Service) orgs(ctx context.Context, ids []uuid.UUID, now time.Time) ([]Org, error) {
	list, err := s.Orgs.List(ctx, ids)
	if err != nil {
		return nil, err
	}
	parents, err := s.Orgs.Parents(ctx, ids, now.UnixNano())
	if err != nil {
		return nil, err
	}
	out := make([]Org, len(list))
	for i, o := range list {
		out[i] = Org{ID: o.ID, Kind: o.Kind, Name: o.Name, CreditCode: o.CreditCode, Home: o.Home}
		if p, ok := parents[o.ID]; ok {
			out[i].Parent = &p
		}
	}
	return out, nil
}

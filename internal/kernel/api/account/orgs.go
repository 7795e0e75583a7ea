package account

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/text"
)

func (s *Service) organisations(a *api.Server) {
	api.Register(a, get("listOrgs", "/orgs", "orgs", "Organisations that I may see"),
		func(ctx context.Context, _ *struct{}) (*api.List[Org], error) {
			scope, err := auth.Visible(ctx, auth.Read)
			if err != nil {
				return nil, err
			}
			orgs, err := s.orgs(ctx, scope.Orgs(), a.Now())
			return api.Listed(orgs, ""), err
		})

	type addInput struct {
		Body struct {
			Kind       org.Kind  `json:"kind" enum:"enterprise,unit,park,government,association,institution"`
			Name       text.Text `json:"name"`
			CreditCode string    `json:"creditCode,omitempty" maxLength:"40" doc:"Unified social credit code (GB 32100)"`
			Parent     uuid.UUID `json:"parent,omitempty" format:"uuid" doc:"The owner; a unit needs one"`
		}
	}
	type orgOutput struct{ Body Org }
	api.Register(a, post("addOrg", "/orgs", "orgs", "Add an organisation: a unit to one's own, or, for whoever runs the node, any", 201),
		func(ctx context.Context, in *addInput) (*orgOutput, error) {
			p, err := s.mayAdd(ctx, in.Body.Kind, in.Body.Parent)
			if err != nil {
				return nil, err
			}
			var made org.Org
			err = s.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
				made, err = s.Orgs.Create(ctx, org.Org{Kind: in.Body.Kind, Name: in.Body.Name, CreditCode: in.Body.CreditCode}, in.Body.Parent)
				if err != nil {
					return err
				}
				return s.Auth.Founded(ctx, tx, p, made, in.Body.Parent)
			})
			if err != nil {
				return nil, err
			}
			list, err := s.orgs(ctx, []uuid.UUID{made.ID}, a.Now())
			if err != nil || len(list) == 0 {
				return nil, err
			}
			return &orgOutput{list[0]}, nil
		})
}

// mayAdd: owners add units to what they own; anything else, and anything below somebody else, is for those who run the
// node.
func (s *Service) mayAdd(ctx context.Context, kind org.Kind, parent uuid.UUID) (auth.Principal, error) {
	if parent != uuid.Nil {
		if _, err := auth.Allow(ctx, auth.Organise, parent); err != nil {
			return auth.Principal{}, err
		}
	}
	if kind == org.Unit && parent != uuid.Nil {
		return auth.Need(ctx)
	}
	return auth.AllowNode(ctx, auth.Node)
}

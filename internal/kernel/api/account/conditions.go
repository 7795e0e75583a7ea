package account

import (
	"context"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/condition"
)

func (s *Service) conditions(a *api.Server) {
	api.Register(a, get("listConditions", "/conditions", "conditions", "What is wrong now"),
		func(ctx context.Context, in *struct{ OrgQuery }) (*api.List[condition.Condition], error) {
			scope, err := auth.AllowOrVisible(ctx, auth.Read, in.Org)
			if err != nil {
				return nil, err
			}
			return api.Listed(s.Conditions.List(scope, runsNode(ctx)), ""), nil
		})
	if s.Conditions != nil {
		a.Live().Add(conditionSource{s.Conditions})
	}
}

// runsNode tells whether the caller may see what concerns the node itself.
func runsNode(ctx context.Context) bool {
	_, err := auth.AllowNode(ctx, auth.Metrics)
	return err == nil
}

// conditionSource puts the current conditions on the live stream.
type conditionSource struct{ board Conditions }

func (c conditionSource) Event() string { return "conditions" }

func (c conditionSource) Watch(ctx context.Context, scope auth.Scope, _ api.LiveQuery) (api.Feed, error) {
	return &conditionFeed{board: c.board, scope: scope, node: runsNode(ctx)}, nil
}

type conditionFeed struct {
	board Conditions
	scope auth.Scope
	node  bool
	told  bool
	seen  uint64
}

func (f *conditionFeed) Next(context.Context) (any, error) {
	v := f.board.Version() // before the list: a change in between is told once more, never missed
	if f.told && v == f.seen {
		return nil, nil
	}
	f.told, f.seen = true, v
	return api.NewPage(f.board.List(f.scope, f.node), ""), nil
}

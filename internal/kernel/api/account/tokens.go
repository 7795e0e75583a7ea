package account

import (
	"context"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
)

// APIToken is a program's credential, without its secret.
type APIToken struct {
	ID       uuid.UUID  `json:"id" format:"uuid"`
	Name     string     `json:"name"`
	Org      uuid.UUID  `json:"org" format:"uuid"`
	Role     auth.Role  `json:"role" enum:"owner,engineer,operator,viewer,monitor"`
	Creator  string     `json:"creator"`
	Created  time.Time  `json:"created"`
	Expires  time.Time  `json:"expires"`
	LastUsed *time.Time `json:"lastUsed,omitempty" doc:"Exact to five minutes"`
}

// NewAPIToken is a token with its secret, told once.
type NewAPIToken struct {
	APIToken
	Token string `json:"token" doc:"Send it as Authorization: Bearer …; it is told only here"`
}

func token(t auth.Token) APIToken {
	return APIToken{ID: t.ID, Name: t.Name, Org: t.Org, Role: t.Role, Creator: t.Creator, Created: t.Created, Expires: t.Expires, LastUsed: when(t.Used)}
}

// tokenDays is how long a token lasts when nobody says otherwise.
const tokenDays = 90

func (s *Service) tokens(a *api.Server) {
	type listInput struct {
		OrgQuery
		api.Paging
	}
	api.Register(a, get("listTokens", "/tokens", "tokens", "API tokens of my organisations"),
		func(ctx context.Context, in *listInput) (*api.List[APIToken], error) {
			scope, err := auth.AllowOrVisible(ctx, auth.Tokens, in.Org)
			if err != nil {
				return nil, err
			}
			tokens, next, err := s.Auth.ListTokens(ctx, scope, in.Page())
			if err != nil {
				return nil, err
			}
			out := make([]APIToken, len(tokens))
			for i, t := range tokens {
				out[i] = token(t)
			}
			return api.Listed(out, next), nil
		})

	type makeInput struct {
		OrgQuery
		Body struct {
			Name    string     `json:"name" minLength:"1" maxLength:"100"`
			Org     uuid.UUID  `json:"org,omitempty" format:"uuid" doc:"The organisation; may stand in the query instead"`
			Role    auth.Role  `json:"role" enum:"owner,engineer,operator,viewer,monitor" doc:"A token never manages people, tokens or the organisation, whatever its role; monitor reads metrics only"`
			Expires *time.Time `json:"expires,omitempty" doc:"At most two years ahead; 90 days when left out"`
		}
	}
	type makeOutput struct{ Body NewAPIToken }
	api.Register(a, post("makeToken", "/tokens", "tokens", "Make an API token", 201),
		func(ctx context.Context, in *makeInput) (*makeOutput, error) {
			o := in.Body.Org
			if o == uuid.Nil {
				o = in.Org
			}
			if o == uuid.Nil {
				return nil, api.Missing("body.org")
			}
			scope, err := auth.Allow(ctx, auth.Tokens, o)
			if err != nil {
				return nil, err
			}
			expires := a.Now().Add(tokenDays * 24 * time.Hour)
			if in.Body.Expires != nil {
				expires = *in.Body.Expires
			}
			t, secret, err := s.Auth.CreateToken(ctx, scope, in.Body.Name, in.Body.Role, expires)
			if err != nil {
				return nil, err
			}
			return &makeOutput{NewAPIToken{token(t), secret}}, nil
		})

	type byID struct {
		ID uuid.UUID `path:"id" format:"uuid"`
	}
	api.Register(a, operation("DELETE", "endToken", "/tokens/{id}", "tokens", "Withdraw an API token"),
		func(ctx context.Context, in *byID) (*struct{}, error) {
			return nil, s.Auth.EndToken(ctx, in.ID)
		})
}

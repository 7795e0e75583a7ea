package account

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
)

// Me is who is signed in, and where they have which role, inherited ones included.
type Me struct {
	Person      Person   `json:"person"`
	PasswordSet bool     `json:"passwordSet" doc:"False after a first sign-in by link: a password is to be set"`
	Roles       []RoleIn `json:"roles" nullable:"false"`
}

type meOutput struct {
	SetCookie *http.Cookie `header:"Set-Cookie"`
	Body      Me
}

// secure tells whether the request came over TLS; it decides the cookie's name and mark.
type secure struct {
	tls bool
}

func (s *secure) Resolve(ctx huma.Context) []error {
	s.tls = ctx.TLS() != nil
	return nil
}

func (s *Service) sessions(a *api.Server) {
	type signIn struct {
		secure
		Body struct {
			Login    string `json:"login" minLength:"1" maxLength:"100"`
			Password string `json:"password" minLength:"1" maxLength:"1000"`
		}
	}
	api.Register(a, api.Public(post("signIn", "/session", "session", "Sign in with login and password", 200)),
		func(ctx context.Context, in *signIn) (*meOutput, error) {
			session, err := s.Auth.SignIn(ctx, in.Body.Login, in.Body.Password)
			return s.begun(a, ctx, session, in.tls, err)
		})

	type byLink struct {
		secure
		Body struct {
			Token string `json:"token" minLength:"1" maxLength:"200" doc:"What stands behind token= in the sign-in link"`
		}
	}
	api.Register(a, api.Public(post("signInByLink", "/session/link", "session", "Sign in with a one-time link", 200)),
		func(ctx context.Context, in *byLink) (*meOutput, error) {
			session, err := s.Auth.SignInByLink(ctx, in.Body.Token)
			return s.begun(a, ctx, session, in.tls, err)
		})

	type ended struct {
		SetCookie *http.Cookie `header:"Set-Cookie"`
	}
	api.Register(a, operation("DELETE", "signOut", "/session", "session", "Sign out"),
		func(ctx context.Context, in *struct{ secure }) (*ended, error) {
			if err := s.Auth.SignOut(ctx); err != nil {
				return nil, err
			}
			return &ended{auth.EndCookie(in.tls)}, nil
		})

	type me struct{ Body Me }
	api.Register(a, get("getMe", "/me", "session", "Who is signed in"),
		func(ctx context.Context, _ *struct{}) (*me, error) {
			m, err := s.me(a, ctx)
			return &me{m}, err
		})

	type password struct {
		Body struct {
			Current string `json:"current,omitempty" maxLength:"1000" doc:"Not needed where none is set, or within 15 minutes of a sign-in by link"`
			New     string `json:"new" minLength:"1" maxLength:"1000"`
		}
	}
	api.Register(a, operation("PUT", "setPassword", "/me/password", "session", "Set my password"),
		func(ctx context.Context, in *password) (*struct{}, error) {
			return nil, s.Auth.SetPassword(ctx, in.Body.Current, in.Body.New)
		})
}

func (s *Service) begun(a *api.Server, ctx context.Context, session auth.Session, tls bool, err error) (*meOutput, error) {
	if err != nil {
		return nil, err
	}
	m, err := s.me(a, auth.With(ctx, session.Principal))
	if err != nil {
		return nil, err
	}
	return &meOutput{SetCookie: session.Cookie(tls), Body: m}, nil
}

func (s *Service) me(a *api.Server, ctx context.Context) (Me, error) {
	m, err := s.Auth.Me(ctx)
	if err != nil {
		return Me{}, err
	}
	ids := slices.SortedFunc(maps.Keys(m.Roles), func(x, y uuid.UUID) int { return bytes.Compare(x[:], y[:]) })
	orgs, err := s.orgs(ctx, ids, a.Now())
	if err != nil {
		return Me{}, err
	}
	out := Me{Person: person(m.Person), PasswordSet: m.Person.PasswordSet, Roles: make([]RoleIn, len(orgs))}
	for i, o := range orgs {
		out.Roles[i] = RoleIn{Org: o, Role: m.Roles[o.ID]}
	}
	return out, nil
}

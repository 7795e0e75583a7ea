package account

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
)

// SignInWays are the ways in that the node offers besides login and password, and what kind of node one comes to.
type SignInWays struct {
	SMS       bool             `json:"sms" doc:"Codes are sent to phones"`
	SignUp    bool             `json:"signUp" doc:"People may come by themselves: by a proved phone where codes are sent, else by login and password"`
	Providers []SignInProvider `json:"providers" nullable:"false"`
	Rehearsal bool             `json:"rehearsal" doc:"The node keeps a rehearsal: its records and their dates are practice"`
	Demo      bool             `json:"demo" doc:"What the node holds is demonstration data"`
}

// SignInProvider vouches for people by OpenID Connect.
type SignInProvider struct {
	ID    string    `json:"id"`
	Label text.Text `json:"label"`
}

// SentCode is a code on its way.
type SentCode struct {
	Challenge string    `json:"challenge" doc:"To be sent back with the code"`
	Expires   time.Time `json:"expires"`
}

// ProviderSignIn is what comes of a provider's answer.
type ProviderSignIn struct {
	Me     *Me    `json:"me,omitempty" doc:"Who is signed in now"`
	Ticket string `json:"ticket,omitempty" doc:"The provider vouches for somebody whom nobody here is known by yet: sign in otherwise and bind it, or come anew with it"`
	Name   string `json:"name,omitempty" doc:"As the provider tells it"`
}

// browser reads the part of a sign-in at a provider that the browser holds.
type browser struct {
	tls    bool
	secret string
}

func (b *browser) Resolve(ctx huma.Context) []error {
	b.tls = ctx.TLS() != nil
	name := auth.PlainOIDCCookieName
	if b.tls {
		name = auth.OIDCCookieName
	}
	if c, err := huma.ReadCookie(ctx, name); err == nil {
		b.secret = c.Value
	}
	return nil
}

func (s *Service) doors(a *api.Server) {
	api.Register(a, api.Public(get("getSignInWays", "/session/ways", "session", "Ways to sign in")),
		func(ctx context.Context, _ *struct{}) (*struct{ Body SignInWays }, error) {
			w := s.Auth.Ways(ctx)
			out := SignInWays{SMS: w.SMS, SignUp: w.SignUp, Providers: []SignInProvider{}, Rehearsal: s.Rehearsal, Demo: s.Demo}
			for _, p := range w.Providers {
				out.Providers = append(out.Providers, SignInProvider{p.ID, p.Label})
			}
			return &struct{ Body SignInWays }{out}, nil
		})
	s.codes(a)
	s.providers(a)

	type signUp struct {
		secure
		Body struct {
			Login    string `json:"login" minLength:"1" maxLength:"100"`
			Name     string `json:"name" minLength:"1" maxLength:"400"`
			Password string `json:"password" minLength:"1" maxLength:"1000"`
		}
	}
	api.Register(a, api.Public(post("signUp", "/session/person", "session", "Come by oneself, with a login and a password; without any role", 201)),
		func(ctx context.Context, in *signUp) (*meOutput, error) {
			session, err := s.Auth.SignUp(ctx, in.Body.Login, in.Body.Name, in.Body.Password)
			return s.begun(a, ctx, session, in.tls, err)
		})
}

// CodeLanguage is embedded where a message is sent in the caller's language.
type CodeLanguage struct {
	AcceptLanguage string `header:"Accept-Language" maxLength:"200"`
}

func (s *Service) codes(a *api.Server) {
	type send struct {
		CodeLanguage
		Body struct {
			Phone string `json:"phone" minLength:"1" maxLength:"40"`
		}
	}
	api.Register(a, api.Public(post("sendCode", "/session/codes", "session", "Send a code to a phone; the answer does not tell whose it is", 201)),
		func(ctx context.Context, in *send) (*struct{ Body SentCode }, error) {
			c, err := s.Auth.SendCode(ctx, in.Body.Phone, string(problem.ParseAcceptLanguage(in.AcceptLanguage)))
			if err != nil {
				return nil, err
			}
			return &struct{ Body SentCode }{SentCode{c.Secret, c.Expires}}, nil
		})

	type byCode struct {
		secure
		Body struct {
			Challenge string `json:"challenge" maxLength:"200"`
			Code      string `json:"code" minLength:"1" maxLength:"20"`
			Name      string `json:"name,omitempty" maxLength:"400" doc:"Of somebody who is new here (problem person-not-known)"`
		}
	}
	api.Register(a, api.Public(post("signInByCode", "/session/code", "session", "Sign in with a code that was sent", 200)),
		func(ctx context.Context, in *byCode) (*meOutput, error) {
			session, err := s.Auth.SignInByCode(ctx, in.Body.Challenge, in.Body.Code, in.Body.Name)
			return s.begun(a, ctx, session, in.tls, err)
		})

	type setPhone struct {
		Body struct {
			Challenge string `json:"challenge" maxLength:"200"`
			Code      string `json:"code" minLength:"1" maxLength:"20"`
		}
	}
	type phone struct {
		Phone string `json:"phone"`
	}
	api.Register(a, operation("PUT", "setPhone", "/me/phone", "session", "Prove my phone, to sign in with it"),
		func(ctx context.Context, in *setPhone) (*struct{ Body phone }, error) {
			p, err := s.Auth.SetPhone(ctx, in.Body.Challenge, in.Body.Code)
			if err != nil {
				return nil, err
			}
			return &struct{ Body phone }{phone{p}}, nil
		})
}

func (s *Service) providers(a *api.Server) {
	type begin struct {
		secure
		Provider string `path:"provider" maxLength:"40"`
	}
	type address struct {
		URL string `json:"url" doc:"Where to send the browser"`
	}
	type begun struct {
		SetCookie *http.Cookie `header:"Set-Cookie"`
		Body      address
	}
	api.Register(a, api.Public(post("beginProviderSignIn", "/session/providers/{provider}", "session", "Begin to sign in at a provider; whoever is signed in binds it to themselves", 201)),
		func(ctx context.Context, in *begin) (*begun, error) {
			url, secret, err := s.Auth.BeginOIDC(ctx, in.Provider)
			if err != nil {
				return nil, err
			}
			return &begun{auth.OIDCCookie(secret, in.tls), address{url}}, nil
		})

	type finish struct {
		browser
		Body struct {
			State string `json:"state" maxLength:"200"`
			Code  string `json:"code,omitempty" maxLength:"4000"`
			Iss   string `json:"iss,omitempty" maxLength:"1000"`
			Error string `json:"error,omitempty" maxLength:"1000"`
		}
	}
	type finished struct {
		SetCookie *http.Cookie `header:"Set-Cookie"`
		Body      ProviderSignIn
	}
	api.Register(a, api.Public(post("finishProviderSignIn", "/session/provider", "session", "Take what a provider sent back with the browser", 200)),
		func(ctx context.Context, in *finish) (*finished, error) {
			r, err := s.Auth.FinishOIDC(ctx, auth.OIDCAnswer{State: in.Body.State, Code: in.Body.Code, Issuer: in.Body.Iss, Error: in.Body.Error, Browser: in.secret})
			if err != nil {
				return nil, err
			}
			out := &finished{Body: ProviderSignIn{Ticket: r.Ticket, Name: r.Name}}
			if r.Session != nil {
				ctx, out.SetCookie = auth.With(ctx, r.Session.Principal), r.Session.Cookie(in.tls)
			}
			if _, ok := auth.FromContext(ctx); ok && r.Ticket == "" {
				me, err := s.me(a, ctx)
				if err != nil {
					return nil, err
				}
				out.Body.Me = &me
			}
			return out, nil
		})

	type bind struct {
		Body struct {
			Ticket string `json:"ticket" maxLength:"200"`
		}
	}
	api.Register(a, post("bindProvider", "/me/providers", "session", "Bind to me what a provider vouches for", 204),
		func(ctx context.Context, in *bind) (*struct{}, error) {
			return nil, s.Auth.BindTicket(ctx, in.Body.Ticket)
		})

	type newcomer struct {
		secure
		Body struct {
			Ticket string `json:"ticket" maxLength:"200"`
			Name   string `json:"name" minLength:"1" maxLength:"400"`
		}
	}
	api.Register(a, api.Public(post("signUpByProvider", "/session/provider/person", "session", "Come by oneself, vouched for by a provider; without any role", 201)),
		func(ctx context.Context, in *newcomer) (*meOutput, error) {
			session, err := s.Auth.SignUpByTicket(ctx, in.Body.Ticket, in.Body.Name)
			return s.begun(a, ctx, session, in.tls, err)
		})
}

package snms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/identify/registry"
	"jingwei/internal/kernel/api"
)

const tag = api.Tag("identifiers")

// nameOrRecord is a handle, or an object with one.
type nameOrRecord struct{ Handle string }

// UnmarshalJSON reads both.
func (n *nameOrRecord) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &n.Handle) == nil {
		return nil
	}
	var r struct {
		Handle string `json:"handle"`
	}
	err := json.Unmarshal(b, &r)
	n.Handle = r.Handle
	return err
}

// read reads the body of a request.
func read(r *http.Request, into any) error {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return err
	case len(b) > maxBody:
		return fmt.Errorf("the body has more than %d bytes", maxBody)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("the body is not the JSON that is expected: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind the JSON of the body")
	}
	return nil
}

// credentials are what a token is asked for with.
type credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

func (s *Service) token(v1 bool) func(*http.Request) answer {
	return func(r *http.Request) answer {
		var in credentials
		if err := read(r, &in); err != nil {
			return answer{Status: statusFailed, Message: err.Error()}
		}
		out, ok, err := s.login(r.Context(), in.Username, in.Password, v1)
		switch {
		case err != nil:
			return s.refused(err)
		case !ok:
			return answer{Status: statusFailed, Message: "username or password is wrong"}
		}
		return answer{statusOK, "success", map[string]string{"token": out}}
	}
}

// handler makes an HTTP handler of a call; of others than the token itself one is needed.
func (s *Service) handler(open bool, call func(*http.Request) answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := answer{Status: statusLogin, Message: "not logged in"}
		ctx, ok := r.Context(), open
		if !open {
			given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			ctx, ok = s.as(ctx, given)
		}
		if ok {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			r.Body = http.MaxBytesReader(w, r.Body, maxBody+1)
			out = call(r.WithContext(ctx))
		}
		b, err := json.Marshal(out)
		if err != nil {
			b = []byte(`{"status":-4,"message":"internal error"}`)
		}
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		_, _ = w.Write(b) // the caller has gone, where it fails
	})
}

// Handler answers the paths of the interface.
func (s *Service) Handler() http.Handler {
	m := http.NewServeMux()
	m.Handle("POST /identity/token", s.handler(true, s.token(false)))
	m.Handle("POST /identity/token/v1", s.handler(true, s.token(true)))
	for pattern, call := range map[string]func(*http.Request) answer{
		"GET /identityv2/data/detail":         s.detail,
		"POST /identityv2/data":               s.create,
		"PUT /identityv2/data":                s.update,
		"DELETE /identityv2/data":             s.remove,
		"POST /identityv2/data/batchCreate":   s.many(registry.Create),
		"PUT /identityv2/data/batchUpdate":    s.many(registry.Replace),
		"DELETE /identityv2/data/batchDelete": s.many(registry.Delete),
	} {
		m.Handle(pattern, s.handler(false, call))
	}
	for _, version := range []string{"v3", "v5"} {
		at := " /snms/api/" + version + "/template"
		m.Handle("GET"+at, s.handler(false, s.getTemplate))
		m.Handle("POST"+at, s.handler(false, s.postTemplate))
		m.Handle("PUT"+at, s.handler(false, s.postTemplate))
		m.Handle("DELETE"+at, s.handler(false, s.deleteTemplate))
	}
	return m
}

// Routes adds the operations on accounts, and the interface itself beside the API.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	h := s.Handler()
	for _, prefix := range []string{"/identity/", "/identityv2/", "/snms/"} {
		a.HandleBounded(prefix, h)
	}
	type list struct {
		Org uuid.UUID `query:"org" format:"uuid" required:"true"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "listIdentifierAccounts", "/identifier-accounts", "Accounts of programs that speak SNMS"),
		func(ctx context.Context, in *list) (*api.List[AccountView], error) {
			items, err := s.Accounts(ctx, in.Org)
			if err != nil {
				return nil, err
			}
			return api.Listed(items, ""), nil
		})
	type open struct {
		Body struct {
			Org  uuid.UUID `json:"org" format:"uuid"`
			Name string    `json:"name" minLength:"3" maxLength:"64"`
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "openIdentifierAccount", "/identifier-accounts", "Make an account; its password is told once")),
		func(ctx context.Context, in *open) (*struct{ Body AccountView }, error) {
			out, err := s.Open(ctx, in.Body.Org, in.Body.Name)
			if err != nil {
				return nil, err
			}
			return &struct{ Body AccountView }{out}, nil
		})
	type end struct {
		Name string    `path:"name" maxLength:"64"`
		Org  uuid.UUID `query:"org" format:"uuid" required:"true"`
	}
	api.Register(a, tag.Operation(http.MethodDelete, "endIdentifierAccount", "/identifier-accounts/{name}", "End an account and its tokens"),
		func(ctx context.Context, in *end) (*struct{}, error) { return nil, s.End(ctx, in.Org, in.Name) })
}

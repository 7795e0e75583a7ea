package ingest

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/connect/ingest/push"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// ByID names one thing by the last part of its path.
type ByID struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

// One is the answer with one resource and its version.
type One[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

// Name takes a name as {"zh","en"} or as one string for both.
type Name text.Text

// UnmarshalJSON reads either form.
func (n *Name) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*n = Name{Zh: s, En: s}
		return nil
	}
	return json.Unmarshal(b, (*text.Text)(n))
}

// Schema describes both forms.
func (Name) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeString}, r.Schema(reflect.TypeFor[text.Text](), true, "Text")},
		Description: "One string, or {zh, en}"}
}

// Routes adds the operations, the live source "sources", and the paths under /push.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	a.Texts(push.Texts, "texts")
	a.HandleBounded("/push/", s.Push(a.WriteProblem))
	s.sourceRoutes(a)
	s.kindRoute(a)
	s.credentialRoutes(a)
	s.deviceRoutes(a)
	s.feedRoutes(a)
	a.Live().Add(liveSource{s})
}

func operation(method, id, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Tags: []string{"sources"}, Summary: summary}
}

func made(op huma.Operation) huma.Operation {
	op.DefaultStatus = http.StatusCreated
	return op
}

func (s *Service) one(id uuid.UUID) (*One[View], error) {
	v, ok := s.View(id)
	if !ok {
		return nil, store.ErrNotFound
	}
	return &One[View]{ETag: v.ETag, Body: v}, nil
}

// Adopting says where machines are made; a parent of null, in a change, ends it.
type Adopting struct {
	Parent *uuid.UUID `json:"parent" format:"uuid" nullable:"true"`
}

func (q *Adopting) node() uuid.UUID {
	if q == nil || q.Parent == nil {
		return uuid.Nil
	}
	return *q.Parent
}

func (s *Service) sourceRoutes(a *api.Server) {
	type list struct {
		Org uuid.UUID `query:"org" format:"uuid" doc:"Only this organisation; without it all that you may see"`
		api.Paging
	}
	api.Register(a, operation("GET", "listSources", "/sources", "What sends to the node by itself, and how it does"),
		func(ctx context.Context, in *list) (*api.List[View], error) {
			scope, err := auth.AllowOrVisible(ctx, auth.Read, in.Org)
			if err != nil {
				return nil, err
			}
			found, next, err := listSources(ctx, s.o.DB, scope, in.Page())
			if err != nil {
				return nil, err
			}
			out := make([]View, 0, len(found))
			for _, src := range found {
				if v, ok := s.View(src.ID); ok {
					out = append(out, v)
				}
			}
			return api.Listed(out, next), nil
		})

	api.Register(a, operation("GET", "getSource", "/sources/{id}", "A source and how it does"),
		func(ctx context.Context, in *ByID) (*One[View], error) {
			if _, err := s.visible(ctx, in.ID); err != nil {
				return nil, err
			}
			return s.one(in.ID)
		})

	type create struct {
		Body struct {
			Org       uuid.UUID      `json:"org" format:"uuid"`
			Name      Name           `json:"name"`
			Kind      string         `json:"kind" doc:"One of /sources/kinds"`
			Transport Transport      `json:"transport" enum:"broker,remote,http"`
			Config    map[string]any `json:"config,omitempty" doc:"As the kind's schema says, and remote for the transport remote"`
			Adopt     *Adopting      `json:"adopt,omitempty"`
			Origin    string         `json:"origin,omitempty" enum:"measured,replayed" default:"measured"`
		}
	}
	api.Register(a, made(operation("POST", "createSource", "/sources", "Add a source and set it to work")),
		func(ctx context.Context, in *create) (*One[View], error) {
			config, err := json.Marshal(orEmpty(in.Body.Config))
			if err != nil {
				return nil, err
			}
			src, err := s.Create(ctx, Draft{Org: in.Body.Org, Name: text.Text(in.Body.Name), Kind: in.Body.Kind, Transport: in.Body.Transport, Config: config,
				Adopt: in.Body.Adopt.node(), Origin: origins[in.Body.Origin]})
			if err != nil {
				return nil, err
			}
			return s.one(src.ID)
		})

	type update struct {
		ByID
		api.IfMatch
		Body struct {
			Name   *Name          `json:"name,omitempty"`
			Config map[string]any `json:"config,omitempty" doc:"The whole configuration; remote.password stays when it is left out"`
			Adopt  *Adopting      `json:"adopt,omitempty" doc:"With parent null: adopt no more"`
			Origin string         `json:"origin,omitempty" enum:"measured,replayed"`
		}
	}
	api.Register(a, operation("PATCH", "updateSource", "/sources/{id}", "Change a source"),
		func(ctx context.Context, in *update) (*One[View], error) {
			q := Change{Name: (*text.Text)(in.Body.Name), Origin: origins[in.Body.Origin]}
			if in.Body.Config != nil {
				var err error
				if q.Config, err = json.Marshal(in.Body.Config); err != nil {
					return nil, err
				}
			}
			if in.Body.Adopt != nil {
				parent := in.Body.Adopt.node()
				q.Adopt = &parent
			}
			if _, err := s.Update(ctx, in.ID, q, in.IfMatch); err != nil {
				return nil, err
			}
			return s.one(in.ID)
		})

	type remove struct {
		ByID
		api.IfMatch
	}
	api.Register(a, operation("DELETE", "removeSource", "/sources/{id}", "Remove a source; what it has sent stays"),
		func(ctx context.Context, in *remove) (*struct{}, error) {
			return nil, s.Remove(ctx, in.ID, in.IfMatch)
		})
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

func (s *Service) kindRoute(a *api.Server) {
	type view struct {
		Kind       string          `json:"kind"`
		Name       text.Text       `json:"name"`
		Transports []Transport     `json:"transports" nullable:"false"`
		Schema     json.RawMessage `json:"schema" doc:"JSON Schema of config, with titles in zh-CN and en"`
		Remote     json.RawMessage `json:"remote,omitempty" doc:"JSON Schema of config.remote, for the transport remote"`
		Presets    []Preset        `json:"presets" nullable:"false"`
	}
	type output struct {
		Body api.Page[view]
	}
	api.Register(a, operation("GET", "listSourceKinds", "/sources/kinds", "Kinds of sources, their configuration and presets"),
		func(ctx context.Context, _ *struct{}) (*output, error) {
			out := make([]view, len(kindTable))
			for i, k := range kindTable {
				out[i] = view{Kind: k.name, Name: k.text, Transports: k.transports, Schema: k.schema, Presets: k.presets}
				if strings.Contains(k.ways(), string(Remote)) {
					out[i].Remote = json.RawMessage(remoteSchema)
				}
			}
			return &output{Body: api.NewPage(out, "")}, nil
		})
}

// CredentialView is a credential as it is answered.
type CredentialView struct {
	ID          uuid.UUID  `json:"id" format:"uuid" doc:"The user name for MQTT and HTTP"`
	Name        string     `json:"name"`
	Device      string     `json:"device,omitempty" doc:"The only device that it may speak for"`
	Serial      string     `json:"serial,omitempty" doc:"Of the client certificate"`
	NotAfter    *time.Time `json:"notAfter,omitempty"`
	Created     time.Time  `json:"created"`
	Used        *time.Time `json:"used,omitempty" doc:"Last sign-in, exact to a minute"`
	Secret      string     `json:"secret,omitempty" doc:"Told once, when it is made"`
	Certificate string     `json:"certificate,omitempty" doc:"PEM; told once"`
	Chain       string     `json:"chain,omitempty" doc:"The node's authority, PEM"`
}

func (c *Credential) view() CredentialView {
	return CredentialView{ID: c.ID, Name: c.Name, Device: c.Device, Serial: c.Serial, NotAfter: instant(c.NotAfter), Created: time.Unix(0, c.Created).UTC(), Used: instant(c.Used)}
}

func instant(ns int64) *time.Time {
	if ns == 0 {
		return nil
	}
	t := time.Unix(0, ns).UTC()
	return &t
}

func (s *Service) credentialRoutes(a *api.Server) {
	type list struct{ Body api.Page[CredentialView] }
	const path = "/sources/{id}/credentials"
	api.Register(a, operation("GET", "listCredentials", path, "How devices of a source sign in"),
		func(ctx context.Context, in *ByID) (*list, error) {
			found, err := s.Credentials(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			out := make([]CredentialView, len(found))
			for i := range found {
				out[i] = found[i].view()
			}
			return &list{Body: api.NewPage(out, "")}, nil
		})
	type create struct {
		ByID
		Body struct {
			Name   string `json:"name" maxLength:"100" doc:"For people: which device or site has it"`
			Device string `json:"device,omitempty" doc:"Limit it to one device of the source"`
			CSR    string `json:"csr,omitempty" maxLength:"16384" doc:"PKCS #10, PEM: make a client certificate instead of a secret (MQTT over TLS only)"`
		}
	}
	type output struct{ Body CredentialView }
	api.Register(a, made(operation("POST", "createCredential", path, "Make a credential; its secret is told only here")),
		func(ctx context.Context, in *create) (*output, error) {
			var csr []byte
			if in.Body.CSR != "" {
				csr = []byte(in.Body.CSR)
			}
			c, err := s.NewCredential(ctx, in.ID, in.Body.Name, in.Body.Device, csr)
			if err != nil {
				return nil, err
			}
			v := c.view()
			v.Secret, v.Certificate, v.Chain = c.Secret, string(c.Certificate), string(c.Chain)
			return &output{v}, nil
		})
	type remove struct {
		ByID
		CID uuid.UUID `path:"cid" format:"uuid"`
	}
	api.Register(a, operation("DELETE", "revokeCredential", path+"/{cid}", "Revoke a credential and cut its connections"),
		func(ctx context.Context, in *remove) (*struct{}, error) {
			return nil, s.Revoke(ctx, in.ID, in.CID)
		})
}

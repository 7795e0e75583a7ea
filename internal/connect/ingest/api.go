package ingest

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/ingest/push"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// tag is the heading of the operations.
const tag = api.Tag("sources")

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

func (s *Service) one(id uuid.UUID) (*api.One[View], error) {
	v, ok := s.View(id)
	if !ok {
		return nil, store.ErrNotFound
	}
	return &api.One[View]{ETag: v.ETag, Body: v}, nil
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
	api.Register(a, tag.Operation("GET", "listSources", "/sources", "What sends to the node by itself, and how it does"),
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

	api.Register(a, tag.Operation("GET", "getSource", "/sources/{id}", "A source and how it does"),
		func(ctx context.Context, in *api.ByID) (*api.One[View], error) {
			if _, err := s.visible(ctx, in.ID); err != nil {
				return nil, err
			}
			return s.one(in.ID)
		})

	type create struct {
		Body struct {
			Org       uuid.UUID      `json:"org" format:"uuid"`
			Name      api.Name       `json:"name"`
			Kind      string         `json:"kind" doc:"One of /sources/kinds"`
			Transport Transport      `json:"transport" enum:"broker,remote,http"`
			Config    map[string]any `json:"config,omitempty" doc:"As the kind's schema says, and remote for the transport remote"`
			Adopt     *Adopting      `json:"adopt,omitempty"`
			Origin    string         `json:"origin,omitempty" enum:"measured,replayed" default:"measured"`
		}
	}
	api.Register(a, api.Created(tag.Operation("POST", "createSource", "/sources", "Add a source and set it to work")),
		func(ctx context.Context, in *create) (*api.One[View], error) {
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
		api.ByID
		api.IfMatch
		Body struct {
			Name   *api.Name      `json:"name,omitempty"`
			Config map[string]any `json:"config,omitempty" doc:"The whole configuration; remote.password stays when it is left out"`
			Adopt  *Adopting      `json:"adopt,omitempty" doc:"With parent null: adopt no more"`
			Origin string         `json:"origin,omitempty" enum:"measured,replayed"`
		}
	}
	api.Register(a, tag.Operation("PATCH", "updateSource", "/sources/{id}", "Change a source"),
		func(ctx context.Context, in *update) (*api.One[View], error) {
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
		api.ByID
		api.IfMatch
	}
	api.Register(a, tag.Operation("DELETE", "removeSource", "/sources/{id}", "Remove a source; what it has sent stays"),
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
	api.Register(a, tag.Operation("GET", "listSourceKinds", "/sources/kinds", "Kinds of sources, their configuration and presets"),
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
	return CredentialView{ID: c.ID, Name: c.Name, Device: c.Device, Serial: c.Serial, NotAfter: store.Instant(c.NotAfter), Created: time.Unix(0, c.Created).UTC(), Used: store.Instant(c.Used)}
}

func (s *Service) credentialRoutes(a *api.Server) {
	type list struct{ Body api.Page[CredentialView] }
	const path = "/sources/{id}/credentials"
	api.Register(a, tag.Operation("GET", "listCredentials", path, "How devices of a source sign in"),
		func(ctx context.Context, in *api.ByID) (*list, error) {
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
		api.ByID
		Body struct {
			Name   string `json:"name" maxLength:"100" doc:"For people: which device or site has it"`
			Device string `json:"device,omitempty" doc:"Limit it to one device of the source"`
			CSR    string `json:"csr,omitempty" maxLength:"16384" doc:"PKCS #10, PEM: make a client certificate instead of a secret (MQTT over TLS only)"`
		}
	}
	type output struct{ Body CredentialView }
	api.Register(a, api.Created(tag.Operation("POST", "createCredential", path, "Make a credential; its secret is told only here")),
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
		api.ByID
		CID uuid.UUID `path:"cid" format:"uuid"`
	}
	api.Register(a, tag.Operation("DELETE", "revokeCredential", path+"/{cid}", "Revoke a credential and cut its connections"),
		func(ctx context.Context, in *remove) (*struct{}, error) {
			return nil, s.Revoke(ctx, in.ID, in.CID)
		})
}

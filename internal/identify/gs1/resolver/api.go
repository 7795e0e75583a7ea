package resolver

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

const tag = api.Tag("gs1")

// DeclaredSet is what is declared for one thing.
type DeclaredSet struct {
	Anchor      string         `json:"anchor" doc:"The thing: /01/09506000134352, with qualifiers behind it or without"`
	Org         uuid.UUID      `json:"org" format:"uuid"`
	Prefix      string         `json:"prefix" doc:"GS1 Company Prefix by which the organisation may"`
	Version     int64          `json:"version" doc:"From 1; a version is never changed"`
	Description text.Text      `json:"description"`
	Links       []DeclaredLink `json:"links" nullable:"false" doc:"Empty where they were withdrawn"`
	Link        string         `json:"link" doc:"Path of the Digital Link at this node, behind its host"`
	At          time.Time      `json:"at"`
	By          string         `json:"by"`
}

// CompanyPrefix is a GS1 Company Prefix that is entrusted to an organisation.
type CompanyPrefix struct {
	Prefix string    `json:"prefix"`
	Org    uuid.UUID `json:"org" format:"uuid"`
	Since  time.Time `json:"since"`
	Ground string    `json:"ground" doc:"The certificate that was shown"`
	By     string    `json:"by"`
}

func (s *Service) view(set *Set) DeclaredSet {
	links := set.Links
	if links == nil {
		links = []DeclaredLink{}
	}
	return DeclaredSet{set.Anchor, set.Org, set.Prefix, set.Version, set.Description, links, s.o.Stem + set.Anchor, time.Unix(0, set.At).UTC(), set.By.Name}
}

func (s *Service) one(set *Set) *api.One[DeclaredSet] {
	return &api.One[DeclaredSet]{ETag: etag(set.Anchor, set.Version), Body: s.view(set)}
}

func etag(anchor string, version int64) string { return api.ETag(anchor, version) }

// Anchored names the thing that is meant.
type Anchored struct {
	Anchor string `query:"anchor" required:"true" maxLength:"500" doc:"Path of a Digital Link: /01/09506000134352/10/ABC"`
}

// Routes adds the operations, and the resolver itself.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	s.readingRoutes(a)
	s.prefixRoutes(a)
	s.linkRoutes(a)
	resolver, err := NewResolver(s, s.o.Name, s.o.Stem, a.WriteProblem)
	if err != nil {
		panic(err) // the embedded context is no JSON: a fault of the program
	}
	for _, path := range resolver.Paths() {
		a.Handle(path, resolver)
	}
}

func (s *Service) linkRoutes(a *api.Server) {
	api.Register(a, tag.Operation(http.MethodGet, "listGS1LinkTypes", "/gs1/link-types", "Link types of GS1's vocabulary"),
		func(context.Context, *struct{}) (*api.List[GS1LinkType], error) { return api.Listed(s.types, ""), nil })
	type list struct {
		api.Paging
		Org uuid.UUID `query:"org" format:"uuid" doc:"Of this organisation; without it, of all that you see"`
		Q   string    `query:"q" maxLength:"100" doc:"In the anchor or the description"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "listGS1Links", "/gs1/links", "Things with links, as they stand"),
		func(ctx context.Context, in *list) (*api.List[DeclaredSet], error) {
			sets, next, err := s.List(ctx, in.Org, in.Q, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(sets, func(x **Set) DeclaredSet { return s.view(*x) }), next), nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "listGS1LinkVersions", "/gs1/link-versions", "All versions of the links of a thing, the last first"),
		func(ctx context.Context, in *Anchored) (*api.List[DeclaredSet], error) {
			sets, err := s.Versions(ctx, in.Anchor)
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(sets, func(x **Set) DeclaredSet { return s.view(*x) }), ""), nil
		})
	type declare struct {
		Anchored
		api.IfMatch
		Org  uuid.UUID `query:"org" format:"uuid" required:"true"`
		Body struct {
			Description text.Text      `json:"description" doc:"What the thing is"`
			Links       []DeclaredLink `json:"links" minItems:"1" maxItems:"100"`
		}
	}
	op := tag.Operation(http.MethodPut, "declareGS1Links", "/gs1/links", "Declare the links of a thing: a further version")
	op.Description = "The organisation must hold the GS1 Company Prefix under which the thing stands. What was declared before is kept as a version."
	api.Register(a, op, func(ctx context.Context, in *declare) (*api.One[DeclaredSet], error) {
		set, err := s.Declare(ctx, Declared{Org: in.Org, Anchor: in.Anchor, Description: in.Body.Description, Links: in.Body.Links, Match: matching(in.Anchor, in.IfMatch)})
		if err != nil {
			return nil, err
		}
		return s.one(set), nil
	})
	type withdraw struct {
		Anchored
		api.IfMatch
		Org uuid.UUID `query:"org" format:"uuid" required:"true"`
	}
	api.Register(a, tag.Operation(http.MethodDelete, "withdrawGS1Links", "/gs1/links", "Withdraw the links of a thing; the versions are kept"),
		func(ctx context.Context, in *withdraw) (*struct{}, error) {
			_, err := s.Withdraw(ctx, Declared{Org: in.Org, Anchor: in.Anchor, Match: matching(in.Anchor, in.IfMatch)})
			return nil, err
		})
}

// matching refuses a change that was made from another version than the one that stands.
func matching(anchor string, m api.IfMatch) func(int64) error {
	return func(version int64) error {
		link, err := ParseAnchor(anchor)
		if err != nil {
			return err
		}
		return m.Check(etag(link.Identity(), version))
	}
}

func (s *Service) prefixRoutes(a *api.Server) {
	type whose struct {
		Org uuid.UUID `query:"org" format:"uuid" required:"true"`
	}
	view := func(p *Prefix) CompanyPrefix {
		return CompanyPrefix{p.Prefix, p.Org, time.Unix(0, p.Since).UTC(), p.Ground, p.By.Name}
	}
	api.Register(a, tag.Operation(http.MethodGet, "listGS1Prefixes", "/gs1/prefixes", "GS1 Company Prefixes that an organisation holds on this node"),
		func(ctx context.Context, in *whose) (*api.List[CompanyPrefix], error) {
			list, err := s.Prefixes(ctx, in.Org)
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(list, view), ""), nil
		})
	type entrust struct {
		Body struct {
			Prefix string    `json:"prefix" maxLength:"12" doc:"4 to 12 digits"`
			Org    uuid.UUID `json:"org" format:"uuid"`
			Ground string    `json:"ground" maxLength:"200" doc:"The certificate that was shown"`
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "entrustGS1Prefix", "/gs1/prefixes", "Entrust a prefix to an organisation (the node's operator)")),
		func(ctx context.Context, in *entrust) (*struct{ Body CompanyPrefix }, error) {
			p, err := s.Entrust(ctx, in.Body.Prefix, in.Body.Org, in.Body.Ground)
			if err != nil {
				return nil, err
			}
			return &struct{ Body CompanyPrefix }{view(&p)}, nil
		})
	type one struct {
		Prefix string `path:"prefix" maxLength:"12"`
	}
	api.Register(a, tag.Operation(http.MethodDelete, "takeBackGS1Prefix", "/gs1/prefixes/{prefix}", "Take a prefix back (the node's operator); its links stay as they stand"),
		func(ctx context.Context, in *one) (*struct{}, error) { return nil, s.TakeBack(ctx, in.Prefix) })
}

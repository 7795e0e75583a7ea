package search

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/text"
)

const tag = api.Tag("search")

// HitView is a hit as it is told.
type HitView struct {
	Kind           string    `json:"kind" doc:"entry, case, fact or measure"`
	ID             uuid.UUID `json:"id" format:"uuid"`
	Ref            string    `json:"ref,omitempty" doc:"By what people name it"`
	Org            uuid.UUID `json:"org" format:"uuid" doc:"Who keeps it; zero for what comes with the product"`
	Collection     string    `json:"collection" doc:"The register, flow or kind of fact"`
	CollectionName text.Text `json:"collectionName"`
	State          string    `json:"state,omitempty"`
	StateName      text.Text `json:"stateName,omitzero"`
	Title          []Span    `json:"title" nullable:"false" doc:"Pieces of the title; those that matched are marked"`
	Label          text.Text `json:"label,omitzero" doc:"The field that the snippet is from"`
	Snippet        []Span    `json:"snippet" nullable:"false"`
	At             time.Time `json:"at" doc:"When it was changed last"`
}

func view(h *Hit) HitView {
	d := h.Document
	c, st := d.Values[ByCollection], d.Values[ByState]
	v := HitView{Kind: h.Kind, ID: d.ID, Ref: d.Ref, Org: d.Org, Collection: c.ID, CollectionName: c.Name, Title: h.Title, Label: h.Label, Snippet: h.Snippet, At: time.Unix(0, d.At).UTC()}
	if rankOf(st.Class) <= rankOf(h.Level) {
		v.State, v.StateName = st.ID, st.Name
	}
	return v
}

// FacetView is a facet with the counts of its values.
type FacetView struct {
	Facet  Facet        `json:"facet" enum:"kind,collection,state,region,industry,year"`
	Values []FacetCount `json:"values" nullable:"false" doc:"Those with most hits first, at most 50. A facet by which you narrow counts what its other values would give"`
}

// FoundView is an answer.
type FoundView struct {
	Items    []HitView   `json:"items" nullable:"false"`
	Next     string      `json:"next,omitempty" doc:"Cursor of the next page"`
	Total    int         `json:"total"`
	Facets   []FacetView `json:"facets" nullable:"false"`
	Relaxed  bool        `json:"relaxed" doc:"Nothing has all the words; these have most of them"`
	Complete bool        `json:"complete" doc:"false shortly after the start, while the index is still being read"`
}

func foundView(f *Found, complete bool) *FoundView {
	v := &FoundView{Items: []HitView{}, Next: f.Next, Total: f.Total, Relaxed: f.Relaxed, Complete: complete}
	for i := range f.Hits {
		v.Items = append(v.Items, view(&f.Hits[i]))
	}
	for _, facet := range Facets {
		v.Facets = append(v.Facets, FacetView{facet, f.Facets[facet]})
	}
	return v
}

// Asked is a question as it comes in.
type Asked struct {
	Words      string   `query:"q" maxLength:"200" doc:"Words, in any language; Chinese needs no spaces. Without any all that you may see is listed, the newest first"`
	Typing     bool     `query:"typing" doc:"The last word is not finished yet"`
	Kind       []string `query:"kind,explode" maxItems:"10"`
	Collection []string `query:"collection,explode" maxItems:"20"`
	State      []string `query:"state,explode" maxItems:"20"`
	Region     []string `query:"region,explode" maxItems:"50"`
	Industry   []string `query:"industry,explode" maxItems:"50"`
	Year       []string `query:"year,explode" maxItems:"50"`
	Limit      int      `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor     string   `query:"cursor" maxLength:"200" doc:"Next of the page before"`
}

func (a *Asked) query() Query {
	return Query{Words: a.Words, Typing: a.Typing, Limit: a.Limit, Cursor: a.Cursor, Narrow: map[Facet][]string{
		ByKind: a.Kind, ByCollection: a.Collection, ByState: a.State, ByRegion: a.Region, ByIndustry: a.Industry, ByYear: a.Year}}
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	type asked struct {
		Asked
		Org uuid.UUID `query:"org" format:"uuid" doc:"Kept by this organisation; without it all that you may see"`
	}
	op := tag.Operation(http.MethodGet, "search", "/search", "Find entries of registers, cases, facts and measures of support")
	op.Description = "What you may not see is not found, not counted and not weighed. Values of one facet are alternatives, facets narrow each other."
	api.Register(a, op, func(ctx context.Context, in *asked) (*struct{ Body *FoundView }, error) {
		q := in.query()
		q.Org = in.Org
		return s.answer(s.Find(ctx, q))
	})
	api.Register(a, api.Public(tag.Operation(http.MethodGet, "searchPublic", "/public/search", "Find what is public, for anybody")),
		func(ctx context.Context, in *Asked) (*struct{ Body *FoundView }, error) {
			return s.answer(s.FindPublic(ctx, in.query()))
		})
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "rebuildSearch", "/search/rebuilds", "Make the index anew from what the rooms hold")),
		func(ctx context.Context, _ *struct{}) (*struct{ Body job.Job }, error) {
			j, err := s.SubmitRebuild(ctx)
			if err != nil {
				return nil, err
			}
			return &struct{ Body job.Job }{j}, nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "listSearchRebuilds", "/search/rebuilds", "Rebuilds that were asked for, and how far they are"),
		func(ctx context.Context, in *api.Paging) (*api.List[job.Job], error) {
			items, next, err := s.Rebuilds(ctx, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(items, next), nil
		})
}

func (s *Service) answer(f *Found, err error) (*struct{ Body *FoundView }, error) {
	if err != nil {
		return nil, err
	}
	_, complete := s.Documents()
	return &struct{ Body *FoundView }{foundView(f, complete)}, nil
}

package support

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

const tag = api.Tag("support")

// SupportMeasure is a measure as the library tells it.
type SupportMeasure struct {
	ID            string             `json:"id"`
	Code          string             `json:"code"`
	Version       string             `json:"version"`
	SHA256        string             `json:"sha256" doc:"Of the pack"`
	Policy        string             `json:"policy"`
	Name          text.Text          `json:"name"`
	Region        text.Text          `json:"region"`
	RegionCode    string             `json:"regionCode"`
	Level         string             `json:"level"`
	Kind          string             `json:"kind"`
	Instrument    string             `json:"instrument"`
	Strength      string             `json:"strength"`
	Beneficiary   text.Text          `json:"beneficiary"`
	Lead          string             `json:"lead,omitempty"`
	Clauses       []incentive.Clause `json:"clauses" nullable:"false"`
	Validity      string             `json:"validity" enum:"in-force,ended,not-yet,undated"`
	Span          text.Text          `json:"span"`
	Calculable    bool               `json:"calculable"`
	NotCalculable text.Text          `json:"notCalculable,omitzero" doc:"Why there is no amount"`
	Line          string             `json:"line,omitempty" doc:"Budget line"`
	Readings      []text.Text        `json:"readings,omitempty" doc:"What is read into the text where it leaves something open"`
}

// SupportDocument is a text of policy.
type SupportDocument struct {
	File      string           `json:"file"`
	Title     string           `json:"title"`
	SHA256    string           `json:"sha256"`
	Verified  bool             `json:"verified" doc:"Every quote of its measures stands in the text on file"`
	Undated   bool             `json:"undated" doc:"It does not date itself: the node's operator tells its day"`
	Published string           `json:"published,omitempty"`
	Source    string           `json:"source,omitempty"`
	Measures  []SupportMeasure `json:"measures" nullable:"false"`
}

// SupportInquiry is a project that is asked about.
type SupportInquiry struct {
	ID       uuid.UUID         `json:"id" format:"uuid"`
	Org      uuid.UUID         `json:"org" format:"uuid"`
	Name     string            `json:"name"`
	Object   string            `json:"object" doc:"The name as filings and awards know it"`
	Region   string            `json:"region,omitempty"`
	Day      string            `json:"day,omitempty" doc:"Of filing; absent for today"`
	Answers  map[string]any    `json:"answers"`
	Chosen   map[string]string `json:"chosen"`
	Revision int64             `json:"revision"`
	At       time.Time         `json:"at"`
}

func inquiryView(q *Inquiry) SupportInquiry {
	v := SupportInquiry{ID: q.ID, Org: q.Org, Name: q.Name, Object: q.Object, Region: q.Region, Day: q.Day, Answers: map[string]any{}, Chosen: map[string]string{}, Revision: q.Revision, At: time.Unix(0, q.At).UTC()}
	for k, a := range q.Answers {
		v.Answers[k] = a
	}
	for k, c := range q.Chosen {
		v.Chosen[k] = c
	}
	return v
}

// SupportKnown is a fact as it is known.
type SupportKnown struct {
	Fact     string     `json:"fact"`
	Name     text.Text  `json:"name"`
	Type     string     `json:"type"`
	Value    any        `json:"value"`
	Shown    text.Text  `json:"shown" doc:"The value in words"`
	Grade    string     `json:"grade" enum:"E0,E1,E2,E3"`
	Source   string     `json:"source" enum:"answer,register,fact,voucher,programme"`
	Document string     `json:"document,omitempty"`
	Declared any        `json:"declared,omitempty" doc:"What the firm answered, where the evidence says something else"`
	Ask      SupportAsk `json:"ask" doc:"How it is asked for, to change the answer"`
}

// SupportOpinion is what the measures say of an inquiry.
type SupportOpinion struct {
	Inquiry    SupportInquiry  `json:"inquiry"`
	Enterprise text.Text       `json:"enterprise,omitzero"`
	Registered bool            `json:"registered" doc:"It is in the register of enterprises"`
	Region     string          `json:"region,omitempty"`
	Day        string          `json:"day"`
	Asks       []SupportAsk    `json:"asks" nullable:"false" doc:"Questions that can still change the answer, the one that can change most first"`
	Known      []SupportKnown  `json:"known" nullable:"false"`
	Needs      []SupportNeed   `json:"needs" nullable:"false" doc:"Evidence that is still wanted of what was said"`
	Report     json.RawMessage `json:"report" doc:"Canonical report: outcomes with their explanation, groups, totals. Amounts are whole fen as text"`
	Packs      string          `json:"packs" doc:"Hash of the measures"`
	Facts      string          `json:"facts" doc:"Hash of the inputs"`
	Hash       string          `json:"hash" doc:"Hash of the report"`
}

func (s *Service) opinionView(ctx context.Context, o *Opinion) (*struct{ Body SupportOpinion }, error) {
	b, err := o.Report.JSON()
	if err != nil {
		return nil, err
	}
	region := o.Inquiry.Region
	if region == "" {
		region = o.Enterprise.Region
	}
	v := SupportOpinion{Inquiry: inquiryView(&o.Inquiry), Enterprise: o.Enterprise.Name, Registered: o.Registered, Region: region, Day: o.Day, Asks: o.Asks, Needs: o.Needs, Known: []SupportKnown{}, Report: b,
		Packs: o.Packs, Facts: o.FactsHash, Hash: o.Hash}
	if v.Asks == nil {
		v.Asks = []SupportAsk{}
	}
	if v.Needs == nil {
		v.Needs = []SupportNeed{}
	}
	sh, err := s.shelf(ctx, region)
	if err != nil {
		return nil, err
	}
	for _, k := range o.Known {
		f := sh.vocab[k.Fact]
		if f == nil {
			continue
		}
		a := SupportAsk{Fact: k.Fact, Type: f.Type, Ask: f.Name, Help: f.Evidence, Options: f.Options, Measures: []string{}}
		if q := s.guide.question(k.Fact); q != nil {
			a.Ask, a.Help = q.Ask, q.Help
		}
		x := SupportKnown{Fact: k.Fact, Name: f.Name, Type: f.Type, Value: k.Value, Shown: shown(f, k.Value), Grade: k.Grade, Source: k.Source, Document: k.Document, Ask: a}
		if k.Declared != nil {
			x.Declared = k.Declared
		}
		v.Known = append(v.Known, x)
	}
	return &struct{ Body SupportOpinion }{v}, nil
}

// SupportResult is an opinion that is kept.
type SupportResult struct {
	ID      uuid.UUID       `json:"id" format:"uuid"`
	Inquiry uuid.UUID       `json:"inquiry" format:"uuid"`
	Day     string          `json:"day"`
	Packs   string          `json:"packs"`
	Facts   string          `json:"facts"`
	Hash    string          `json:"hash"`
	Report  json.RawMessage `json:"report"`
	At      time.Time       `json:"at"`
}

func resultView(r *Result) SupportResult {
	return SupportResult{r.ID, r.Inquiry, r.Day, r.Packs, r.Facts, r.Hash, r.Report, r.At}
}

// OfParty names an organisation whose side is asked for.
type OfParty struct {
	Org uuid.UUID `query:"org" format:"uuid" required:"true"`
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	s.libraryRoutes(a)
	s.inquiryRoutes(a)
	s.filingRoutes(a)
	s.voucherRoutes(a)
	s.labRoutes(a)
}

func (s *Service) documentViews(ctx context.Context) ([]SupportDocument, error) {
	list, err := s.Documents(ctx)
	if err != nil {
		return nil, err
	}
	sh, err := s.shelf(ctx, "")
	if err != nil {
		return nil, err
	}
	day, err := incentive.ParseDate(s.today())
	if err != nil {
		return nil, err
	}
	var out []SupportDocument
	for _, d := range list {
		v := SupportDocument{File: d.File, Title: d.Title, SHA256: d.SHA256, Verified: d.Verified, Undated: d.Undated, Published: d.Published, Source: d.Source, Measures: []SupportMeasure{}}
		for _, m := range d.Measures {
			x := s.validity(sh, m, day)
			w := SupportMeasure{ID: m.ID, Code: m.Code, Version: m.Version, SHA256: m.Hash(), Policy: m.Policy, Name: m.Name, Region: m.Region.Name, RegionCode: m.Region.Code, Level: m.Level,
				Kind: m.Kind, Instrument: m.Instrument, Strength: m.Strength, Beneficiary: m.Beneficiary, Lead: m.Lead, Clauses: m.Clauses, Validity: x.State, Span: x.Text,
				Calculable: m.Calculable(), NotCalculable: m.NotCalculable, Readings: m.Readings}
			if m.Budget != nil {
				w.Line = m.Budget.Line
			}
			v.Measures = append(v.Measures, w)
		}
		out = append(out, v)
	}
	return out, nil
}

func (s *Service) libraryRoutes(a *api.Server) {
	api.Register(a, api.Public(tag.Operation(http.MethodGet, "listPolicies", "/public/policies", "The texts of policy and their measures")),
		func(ctx context.Context, _ *struct{}) (*api.List[SupportDocument], error) {
			list, err := s.documentViews(ctx)
			if err != nil {
				return nil, err
			}
			return api.Listed(list, ""), nil
		})
	type publish struct {
		Document string `path:"document" maxLength:"200"`
		Body     struct {
			Day    string `json:"day" doc:"yyyy-mm-dd; empty takes it back"`
			Source string `json:"source" maxLength:"2000" doc:"Where the document was published"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPut, "publishPolicy", "/support/documents/{document}/publication", "Tell the day on which a document was published that does not date itself"),
		func(ctx context.Context, in *publish) (*struct{}, error) {
			return &struct{}{}, s.Publish(ctx, in.Document, in.Body.Day, in.Body.Source)
		})
	type measure struct {
		Measure string `path:"measure" maxLength:"100"`
	}
	type source struct {
		Body struct {
			YAML string `json:"yaml"`
		}
	}
	api.Register(a, tag.Operation(http.MethodGet, "getMeasureSource", "/support/measures/{measure}/source", "A measure as it is written, to be copied and edited for the policy lab"),
		func(ctx context.Context, in *measure) (*source, error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			yaml, err := s.Source(ctx, in.Measure)
			if err != nil {
				return nil, err
			}
			out := &source{}
			out.Body.YAML = yaml
			return out, nil
		})
}

func (s *Service) inquiryRoutes(a *api.Server) {
	type list struct {
		OfParty
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listInquiries", "/support/inquiries", "Projects that an enterprise asks about, the newest first"),
		func(ctx context.Context, in *list) (*api.List[SupportInquiry], error) {
			items, next, err := s.Inquiries(ctx, in.Org, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, inquiryView), next), nil
		})
	type begin struct {
		Body struct {
			Org    uuid.UUID `json:"org" format:"uuid"`
			Name   string    `json:"name" maxLength:"200" doc:"Of the project"`
			Region string    `json:"region,omitempty" maxLength:"6" pattern:"^(\\d{6})?$" doc:"GB/T 2260; that of the register where it is left out"`
			Day    string    `json:"day,omitempty" doc:"Of filing; today where it is left out"`
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "beginInquiry", "/support/inquiries", "Ask what support a project can get")),
		func(ctx context.Context, in *begin) (*struct{ Body SupportInquiry }, error) {
			q, err := s.Begin(ctx, in.Body.Org, in.Body.Name, in.Body.Region, in.Body.Day)
			if err != nil {
				return nil, err
			}
			return &struct{ Body SupportInquiry }{inquiryView(&q)}, nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "getOpinion", "/support/inquiries/{id}", "What the measures give, why, and what can still change it"),
		func(ctx context.Context, in *api.ByID) (*struct{ Body SupportOpinion }, error) {
			o, err := s.Opinion(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return s.opinionView(ctx, o)
		})
	type answer struct {
		api.ByID
		Body struct {
			Basis   int64             `json:"basis" minimum:"1" doc:"The revision that you saw"`
			Answers map[string]any    `json:"answers,omitempty" doc:"By fact; null takes an answer back. Money is whole fen"`
			Chosen  map[string]string `json:"chosen,omitempty" doc:"By group of alternatives: the measure; empty takes a choice back"`
			Region  *string           `json:"region,omitempty" maxLength:"6"`
			Day     *string           `json:"day,omitempty"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "answerInquiry", "/support/inquiries/{id}/answers", "Answer questions; the opinion comes back at once"),
		func(ctx context.Context, in *answer) (*struct{ Body SupportOpinion }, error) {
			r := Reply{Basis: in.Body.Basis, Answers: map[string]Answer{}, Chosen: in.Body.Chosen, Region: in.Body.Region, Day: in.Body.Day}
			for k, v := range in.Body.Answers {
				r.Answers[k] = canonical(v)
			}
			if _, err := s.Answer(ctx, in.ID, r); err != nil {
				return nil, err
			}
			o, err := s.Opinion(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return s.opinionView(ctx, o)
		})
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "keepResult", "/support/inquiries/{id}/results", "Keep what comes out now, with the hashes of measures and inputs")),
		func(ctx context.Context, in *api.ByID) (*struct{ Body SupportResult }, error) {
			r, err := s.Keep(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &struct{ Body SupportResult }{resultView(&r)}, nil
		})
	type results struct {
		api.ByID
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listResults", "/support/inquiries/{id}/results", "Results that were kept, the newest first"),
		func(ctx context.Context, in *results) (*api.List[SupportResult], error) {
			items, next, err := s.Results(ctx, in.ID, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, resultView), next), nil
		})
	api.Register(a, tag.Operation(http.MethodPost, "recomputeResult", "/support/results/{id}/recomputation", "Work a kept result out again from its inputs"),
		func(ctx context.Context, in *api.ByID) (*struct{ Body SupportRecomputed }, error) {
			r, err := s.Recompute(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &struct{ Body SupportRecomputed }{r}, nil
		})
}

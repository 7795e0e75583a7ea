package fact

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

const tag = api.Tag("facts")

// FactView is a fact as it is told.
type FactView struct {
	ID          uuid.UUID       `json:"id" format:"uuid"`
	Revision    int64           `json:"revision"`
	RevisionID  uuid.UUID       `json:"revisionId" format:"uuid" doc:"By which the evidence log knows this revision"`
	Org         uuid.UUID       `json:"org" format:"uuid"`
	Kind        string          `json:"kind"`
	KindVersion string          `json:"kindVersion" doc:"Version of the pack that it was checked against"`
	Source      string          `json:"source"`
	External    string          `json:"externalId"`
	Content     json.RawMessage `json:"content" doc:"By the kind's schema; fields that you may not see are left out"`
	Documents   []Document      `json:"documents" nullable:"false"`
	Grade       string          `json:"grade" enum:"E0,E1,E2,E3"`
	Evidence    Evidence        `json:"evidence"`
	Since       time.Time       `json:"since" doc:"When it holds"`
	Until       *time.Time      `json:"until,omitempty" doc:"Absent while it lasts"`
	Withdrawn   bool            `json:"withdrawn,omitempty"`
	By          audit.Actor     `json:"by"`
	Reason      string          `json:"reason,omitempty"`
	Commit      string          `json:"commit"`
	At          time.Time       `json:"at" doc:"When this node knew it; never goes back"`
}

func viewOf(f *Fact) FactView {
	v := FactView{ID: f.ID, Revision: f.Revision, RevisionID: f.RevisionID, Org: f.Org, Kind: f.Kind, KindVersion: f.KindVersion, Source: f.Source, External: f.External, Content: f.Record.Encode(),
		Documents: f.Documents, Grade: f.Grade.String(), Evidence: f.Evidence, Since: time.Unix(0, f.Since).UTC(), Withdrawn: f.Withdrawn, By: f.By, Reason: f.Reason,
		Commit: strconv.FormatUint(f.Commit, 10), At: time.Unix(0, f.At).UTC()}
	if f.Until != store.Forever {
		until := time.Unix(0, f.Until).UTC()
		v.Until = &until
	}
	if v.Documents == nil {
		v.Documents = []Document{}
	}
	return v
}

// FactKind is a kind of fact as it is told.
type FactKind struct {
	ID      string          `json:"id"`
	Version string          `json:"version"`
	Name    text.Text       `json:"name"`
	Note    text.Text       `json:"note,omitzero"`
	Source  string          `json:"source" doc:"Where the pack comes from"`
	Class   field.Class     `json:"class" enum:"internal,restricted"`
	Since   string          `json:"since" doc:"The field that says when it holds"`
	Until   string          `json:"until,omitempty"`
	Lasting bool            `json:"lasting,omitempty"`
	Title   string          `json:"title,omitempty"`
	Fields  json.RawMessage `json:"fields" doc:"Fields with their names in zh and en, types and bounds"`
	Schema  json.RawMessage `json:"schema" doc:"JSON Schema 2020-12 of the content"`
}

func kindOf(k *Kind, lang string) (FactKind, error) {
	v := FactKind{ID: k.ID, Version: k.Version, Name: k.Name, Note: k.Note, Source: k.Source, Class: k.Class, Since: k.Valid.From, Until: k.Valid.To, Lasting: k.Valid.Lasting, Title: k.Title}
	var err error
	if v.Fields, err = json.Marshal(k.Fields); err == nil {
		v.Schema, err = json.Marshal(k.Fields.JSONSchema(lang))
	}
	return v, err
}

// FactRequest is a fact to be written down.
type FactRequest struct {
	Org       uuid.UUID       `json:"org" format:"uuid"`
	Kind      string          `json:"kind" maxLength:"100"`
	Source    string          `json:"source" maxLength:"100" doc:"The system or office that it comes from: small letters, digits, . _ -"`
	External  string          `json:"externalId" maxLength:"400" doc:"Its id there; the same id with the same content changes nothing"`
	Content   json.RawMessage `json:"content" doc:"By the kind's schema"`
	Documents []blob.ID       `json:"documents,omitempty" maxItems:"50" doc:"Ids of documents that were handed in"`
	Grade     string          `json:"grade,omitempty" doc:"E0 to E3; E0 where it is left out"`
	Evidence  Evidence        `json:"evidence,omitempty"`
}

// FactRevision is a further revision; what is left out stays.
type FactRevision struct {
	Basis     int64           `json:"basis" minimum:"1" doc:"The revision that you saw"`
	Content   json.RawMessage `json:"content,omitempty" doc:"The whole content"`
	Documents *[]blob.ID      `json:"documents,omitempty" maxItems:"50"`
	Grade     *string         `json:"grade,omitempty"`
	Evidence  *Evidence       `json:"evidence,omitempty"`
	Reason    string          `json:"reason" doc:"3 to 2000 characters"`
}

// FactWithdrawal says that a fact does not hold.
type FactWithdrawal struct {
	Basis  int64  `json:"basis" minimum:"1" doc:"The revision that you saw"`
	Reason string `json:"reason" doc:"3 to 2000 characters"`
}

// FactGroup is one line of a tally.
type FactGroup struct {
	Key      string `json:"key"`
	Count    int64  `json:"count"`
	Sum      string `json:"sum,omitempty" doc:"Exact"`
	Distinct int64  `json:"distinct,omitempty"`
}

// FactTally is the answer to a count.
type FactTally struct {
	Groups []FactGroup `json:"groups" nullable:"false"`
	Total  FactGroup   `json:"total"`
	Unit   string      `json:"unit,omitempty" doc:"Of the sum; money is in fen"`
	Commit string      `json:"commit" doc:"Counted as of this commit"`
}

// FactFilter is what lists and tallies are narrowed by.
type FactFilter struct {
	Org       uuid.UUID `query:"org" format:"uuid" doc:"Only this organisation; without it all that you may see"`
	Kind      string    `query:"kind" maxLength:"100"`
	Source    string    `query:"source" maxLength:"100"`
	From      time.Time `query:"from" doc:"That began at this time or later"`
	To        time.Time `query:"to" doc:"and before this"`
	At        time.Time `query:"at" doc:"That hold at this time"`
	AsOf      time.Time `query:"asOf" doc:"As this node knew it then"`
	MinGrade  string    `query:"minGrade" enum:"E0,E1,E2,E3"`
	Where     []string  `query:"where,explode" maxItems:"10" doc:"field=value; all of them hold; with kind"`
	Withdrawn bool      `query:"withdrawn" doc:"Also those that were withdrawn"`
}

func (f *FactFilter) filter() (Filter, error) {
	g, err := grade("query.minGrade", f.MinGrade)
	return Filter{Org: f.Org, Kind: f.Kind, Source: f.Source, From: f.From, To: f.To, At: f.At, AsOf: f.AsOf, MinGrade: g, Where: f.Where, Withdrawn: f.Withdrawn}, err
}

func grade(at, s string) (Grade, error) {
	g, ok := ParseGrade(s)
	if !ok {
		return 0, ErrGrade.At(at, s)
	}
	return g, nil
}

// FactLanguage is the caller's.
type FactLanguage struct {
	AcceptLanguage string `header:"Accept-Language"`
}

func (l FactLanguage) lang() string { return string(problem.ParseAcceptLanguage(l.AcceptLanguage)) }

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	type one struct {
		Status int
		Body   FactView
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "recordFact", "/facts", "Write a fact down; what is there already with the same content is answered with 200 and stays")),
		func(ctx context.Context, in *struct{ Body FactRequest }) (*one, error) {
			b := &in.Body
			g, err := grade("body.grade", b.Grade)
			if err != nil {
				return nil, err
			}
			f, created, err := s.Record(ctx, Input{Org: b.Org, Kind: b.Kind, Key: Key{b.Source, b.External}, Content: b.Content, Documents: b.Documents, Grade: g, Evidence: b.Evidence})
			if err != nil {
				return nil, err
			}
			status := http.StatusOK
			if created {
				status = http.StatusCreated
			}
			return &one{status, viewOf(&f)}, nil
		})
	type read struct {
		api.ByID
		AsOf time.Time `query:"asOf" doc:"As this node knew it then"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "getFact", "/facts/{id}", "One fact, as it is said now or was said at a time"),
		func(ctx context.Context, in *read) (*struct{ Body FactView }, error) {
			f, err := s.Get(ctx, in.ID, in.AsOf)
			if err != nil {
				return nil, err
			}
			return &struct{ Body FactView }{viewOf(&f)}, nil
		})
	type revise struct {
		api.ByID
		Body FactRevision
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "reviseFact", "/facts/{id}/revisions", "Correct a fact, or raise its grade, by a further revision")),
		func(ctx context.Context, in *revise) (*struct{ Body FactView }, error) {
			c := Change{Basis: in.Body.Basis, Content: in.Body.Content, Documents: in.Body.Documents, Evidence: in.Body.Evidence, Reason: in.Body.Reason}
			if in.Body.Grade != nil {
				g, err := grade("body.grade", *in.Body.Grade)
				if err != nil {
					return nil, err
				}
				c.Grade = &g
			}
			f, err := s.Revise(ctx, in.ID, c)
			if err != nil {
				return nil, err
			}
			return &struct{ Body FactView }{viewOf(&f)}, nil
		})
	type withdraw struct {
		api.ByID
		Body FactWithdrawal
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "withdrawFact", "/facts/{id}/withdrawal", "Withdraw a fact by a further revision; what was said stays readable as of its time")),
		func(ctx context.Context, in *withdraw) (*struct{ Body FactView }, error) {
			f, err := s.Withdraw(ctx, in.ID, in.Body.Basis, in.Body.Reason)
			if err != nil {
				return nil, err
			}
			return &struct{ Body FactView }{viewOf(&f)}, nil
		})
	type past struct {
		api.ByID
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listFactRevisions", "/facts/{id}/revisions", "All revisions of a fact, the first one first"),
		func(ctx context.Context, in *past) (*api.List[FactView], error) {
			items, next, err := s.History(ctx, in.ID, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, viewOf), next), nil
		})
	type list struct {
		FactFilter
		External string `query:"externalId" maxLength:"400"`
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listFacts", "/facts", "Facts, those recorded last first"),
		func(ctx context.Context, in *list) (*api.List[FactView], error) {
			f, err := in.filter()
			if err != nil {
				return nil, err
			}
			f.External = in.External
			items, next, err := s.List(ctx, f, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, viewOf), next), nil
		})
	s.tallyRoute(a)
	s.kindRoutes(a)
	s.documentRoutes(a)
	s.importRoute(a)
}

func (s *Service) tallyRoute(a *api.Server) {
	type in struct {
		FactFilter
		Sum      string `query:"sum" maxLength:"100" doc:"A number field to be summed"`
		Distinct string `query:"distinct" maxLength:"100" doc:"A field whose different values are counted"`
		By       string `query:"by" maxLength:"100" doc:"year, quarter, month, day (of when it began, in China), grade, org, or a field"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "tallyFacts", "/facts/tally", "Count and sum facts of one kind, exactly"),
		func(ctx context.Context, in *in) (*struct{ Body FactTally }, error) {
			f, err := in.filter()
			if err != nil {
				return nil, err
			}
			t, err := s.Tally(ctx, Tally{Filter: f, Sum: in.Sum, Distinct: in.Distinct, By: in.By})
			if err != nil {
				return nil, err
			}
			group := func(g *Group) FactGroup { return FactGroup{g.Key, g.Count, t.Text(g.Sum), g.Distinct} }
			return &struct{ Body FactTally }{FactTally{Groups: store.All(t.Groups, group), Total: group(&t.Total), Unit: t.Unit, Commit: strconv.FormatUint(t.Commit, 10)}}, nil
		})
}

func (s *Service) kindRoutes(a *api.Server) {
	api.Register(a, tag.Operation(http.MethodGet, "listFactKinds", "/fact-kinds", "The kinds of facts that this node has"),
		func(ctx context.Context, in *struct{ FactLanguage }) (*api.List[FactKind], error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			var out []FactKind
			for _, k := range s.kinds.All() {
				v, err := kindOf(k, in.lang())
				if err != nil {
					return nil, err
				}
				out = append(out, v)
			}
			return api.Listed(out, ""), nil
		})
	type template struct {
		FactLanguage
		Kind   string `path:"kind" maxLength:"100"`
		Format string `query:"format" enum:"xlsx,csv" default:"xlsx"`
	}
	api.Register(a, binary(tag.Operation(http.MethodGet, "emptyFactFile", "/fact-kinds/{kind}/template", "An empty file with headings, lists and notes, to be filled in and imported")),
		func(ctx context.Context, in *template) (*fileOutput, error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			f := table.Format(in.Format)
			data, err := s.Template(in.Kind, f, in.lang())
			if err != nil {
				return nil, err
			}
			return &fileOutput{f.MediaType(), fmt.Sprintf(`attachment; filename="%s.%s"`, in.Kind, f), data}, nil
		})
}

// fileOutput is a file to be kept.
type fileOutput struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

// binary describes an operation that answers a file.
func binary(op huma.Operation) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	return op
}

func (s *Service) documentRoutes(a *api.Server) {
	type handIn struct {
		Org     uuid.UUID `query:"org" format:"uuid" required:"true"`
		Name    string    `query:"name" required:"true" maxLength:"400" doc:"The file's name, whose ending must be what its content is"`
		RawBody []byte    `contentType:"application/octet-stream"`
	}
	op := api.Created(tag.Operation(http.MethodPost, "handInDocument", "/facts/documents", "Hand in a document, to be named by facts"))
	op.Description = "The body is the file: PDF, OFD, PNG, JPEG, DOCX, XLSX, PPTX, ZIP, XML or text, at most 20 MiB."
	op.MaxBodyBytes = MaxDocument
	op.BodyReadTimeout = 2 * time.Minute
	api.Register(a, op, func(ctx context.Context, in *handIn) (*struct{ Body Document }, error) {
		d, err := s.HandIn(ctx, in.Org, in.Name, in.RawBody)
		if err != nil {
			return nil, err
		}
		return &struct{ Body Document }{d}, nil
	})
	type download struct {
		api.ByID
		Document string `path:"document" maxLength:"80"`
	}
	api.Register(a, binary(tag.Operation(http.MethodGet, "getFactDocument", "/facts/{id}/documents/{document}", "A document of a fact")),
		func(ctx context.Context, in *download) (*fileOutput, error) {
			d, data, err := s.Document(ctx, in.ID, blob.ID(in.Document))
			if err != nil {
				return nil, err
			}
			// Always to be kept, never to be shown by the browser as a page of this node.
			return &fileOutput{d.Media, mime.FormatMediaType("attachment", map[string]string{"filename": d.Name}), data}, nil
		})
}

func (s *Service) importRoute(a *api.Server) {
	type in struct {
		Org     uuid.UUID `query:"org" format:"uuid" required:"true"`
		Kind    string    `query:"kind" required:"true" maxLength:"100"`
		Source  string    `query:"source" required:"true" maxLength:"100"`
		Format  string    `query:"format" enum:"xlsx,csv" doc:"Found out where it is left out"`
		DryRun  bool      `query:"dryRun" doc:"Only tell what would be done"`
		Revise  bool      `query:"revise" doc:"Rows whose id is there with other content are revisions; needs a reason"`
		Reason  string    `query:"reason" maxLength:"2000"`
		RawBody []byte    `contentType:"application/octet-stream"`
	}
	op := tag.Operation(http.MethodPost, "importFacts", "/facts/import", "Take a spreadsheet of facts: whole or not at all")
	op.Description = "The body is the file: XLSX or CSV, at most 32 MiB and 20,000 rows. What is wrong with rows comes in the answer, each with sheet, row and cell; with any, nothing is taken and applied is false."
	op.MaxBodyBytes = table.MaxFile
	op.BodyReadTimeout = 2 * time.Minute
	api.Register(a, op, func(ctx context.Context, in *in) (*struct{ Body *Imported }, error) {
		out, err := s.Import(ctx, Import{Org: in.Org, Kind: in.Kind, Source: in.Source, Format: table.Format(in.Format), Data: in.RawBody, DryRun: in.DryRun, Revise: in.Revise, Reason: in.Reason})
		if err != nil {
			return nil, err
		}
		return &struct{ Body *Imported }{out}, nil
	})
}

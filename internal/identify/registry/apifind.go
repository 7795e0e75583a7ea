package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
)

// IdentifierFilter is embedded in what asks for identifiers.
type IdentifierFilter struct {
	Prefix string   `query:"prefix" required:"true" maxLength:"255"`
	Words  string   `query:"q" maxLength:"200" doc:"Words in the name and the texts of records that follow a template"`
	Begins string   `query:"begins" maxLength:"1000" doc:"How the suffix begins"`
	Where  []string `query:"where,explode" maxItems:"10" doc:"item=value; also != > >= < <= of numbers and dates, ~ for a beginning. An item by name or index"`
	Asked  string   `query:"template" maxLength:"64" doc:"Version of the template whose items are meant; the newest published one where it is left out"`
	AsOf
}

func (f *IdentifierFilter) query() (Query, error) {
	when, err := f.time()
	return Query{Prefix: f.Prefix, Words: f.Words, Begins: f.Begins, Where: f.Where, Asked: f.Asked, AsOf: when}, err
}

// Language is the caller's, as the header says.
type Language struct {
	Accept string `header:"Accept-Language" hidden:"true"`
}

func (l *Language) lang() string {
	if len(l.Accept) >= 2 && l.Accept[:2] == "zh" {
		return "zh"
	}
	return "en"
}

// fileOutput is a file to be kept.
type fileOutput struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

func fileOf(name string, f table.Format, data []byte) *fileOutput {
	return &fileOutput{f.MediaType(), fmt.Sprintf(`attachment; filename="%s.%s"`, name, f), data}
}

// asFile describes an operation that answers a file.
func asFile(op huma.Operation) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	return op
}

// IdentifierCount is the answer to a count.
type IdentifierCount struct {
	Count int64 `json:"count,string"`
}

func (s *Service) findRoutes(a *api.Server) {
	type list struct {
		IdentifierFilter
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listIdentifiers", "/identifiers", "Find identifiers of a prefix by name, words and attributes"),
		func(ctx context.Context, in *list) (*api.List[IdentifierView], error) {
			q, err := in.query()
			if err != nil {
				return nil, err
			}
			items, next, err := s.Find(ctx, q, in.Page())
			if err != nil {
				return nil, err
			}
			p, _ := s.prefixes.get(folded(q.Prefix)) // Find has found it
			return s.listed(items, next, s.sightOf(ctx, &p.Prefix))
		})
	api.Register(a, tag.Operation(http.MethodGet, "countIdentifiers", "/identifiers/count", "How many identifiers a query finds"),
		func(ctx context.Context, in *IdentifierFilter) (*struct{ Body IdentifierCount }, error) {
			q, err := in.query()
			if err != nil {
				return nil, err
			}
			n, err := s.Total(ctx, q)
			if err != nil {
				return nil, err
			}
			return &struct{ Body IdentifierCount }{IdentifierCount{n}}, nil
		})
	type export struct {
		Language
		IdentifierFilter
		Format string `query:"format" enum:"xlsx,csv" default:"xlsx"`
	}
	api.Register(a, asFile(tag.Operation(http.MethodGet, "exportIdentifiers", "/identifiers/export", "What a query finds as a file that can be imported again, at most 100,000 identifiers")),
		func(ctx context.Context, in *export) (*fileOutput, error) {
			q, err := in.query()
			if err != nil {
				return nil, err
			}
			f := table.Format(in.Format)
			data, err := s.Export(ctx, q, f, in.lang())
			if err != nil {
				return nil, err
			}
			return fileOf(fileName(q.Prefix, s.o.Now()), f, data), nil
		})
}

// TemplatePath names a template.
type TemplatePath struct {
	Prefix  string `path:"prefix" maxLength:"255"`
	Version string `path:"version" maxLength:"64"`
}

func (s *Service) templateRoutes(a *api.Server) {
	type output struct{ Body IdentifierTemplateView }
	one := func(ctx context.Context, prefix string, t *Template, err error) (*output, error) {
		if err != nil {
			return nil, err
		}
		return &output{templateView(prefix, t)}, nil
	}
	type list struct {
		Prefix string `query:"prefix" required:"true" maxLength:"255"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "listIdentifierTemplates", "/identifier-templates", "Templates of a prefix, the oldest first"),
		func(ctx context.Context, in *list) (*api.List[IdentifierTemplateView], error) {
			items, err := s.Templates(ctx, in.Prefix)
			if err != nil {
				return nil, err
			}
			out := make([]IdentifierTemplateView, len(items))
			for i, t := range items {
				out[i] = templateView(in.Prefix, t)
			}
			return api.Listed(out, ""), nil
		})
	const at = "/identifier-templates/{prefix}/{version}"
	api.Register(a, tag.Operation(http.MethodGet, "getIdentifierTemplate", at, "One template"),
		func(ctx context.Context, in *TemplatePath) (*output, error) {
			_, p, t, err := s.TemplateOf(ctx, auth.Read, in.Prefix, in.Version)
			return one(ctx, p.Name, t, err)
		})
	type draft struct {
		TemplatePath
		Body TemplateContent
	}
	api.Register(a, tag.Operation(http.MethodPut, "draftIdentifierTemplate", at, "Make a template, or change one that is still a draft"),
		func(ctx context.Context, in *draft) (*output, error) {
			t, err := s.Draft(ctx, in.Prefix, in.Version, in.Body)
			return one(ctx, in.Prefix, t, err)
		})
	type move struct {
		TemplatePath
		Body struct {
			To     TemplateState `json:"to" enum:"published,withdrawn"`
			Reason string        `json:"reason,omitempty" maxLength:"2000"`
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "moveIdentifierTemplate", at+"/transitions", "Publish or withdraw a template")),
		func(ctx context.Context, in *move) (*output, error) {
			if in.Body.To == Published {
				t, err := s.Publish(ctx, in.Prefix, in.Version)
				return one(ctx, in.Prefix, t, err)
			}
			t, err := s.Withdraw(ctx, in.Prefix, in.Version, in.Body.Reason)
			return one(ctx, in.Prefix, t, err)
		})
	api.Register(a, tag.Operation(http.MethodDelete, "discardIdentifierTemplate", at, "Discard a draft"),
		func(ctx context.Context, in *TemplatePath) (*struct{}, error) {
			return nil, s.Discard(ctx, in.Prefix, in.Version)
		})
}

func (s *Service) importRoutes(a *api.Server) {
	type output struct{ Body job.Job }
	type start struct {
		Prefix    string `query:"prefix" required:"true" maxLength:"255"`
		Template  string `query:"template" maxLength:"64" doc:"Version of the template that the records follow"`
		Format    string `query:"format" enum:"csv,xlsx,ndjson" doc:"Found out where it is left out"`
		Mode      string `query:"mode" enum:"whole,proceed" default:"whole" doc:"whole: all rows or none; proceed: those that are right"`
		Overwrite bool   `query:"overwrite" doc:"Replace identifiers that are there"`
		Once      string `query:"once" maxLength:"100" doc:"Names the call: the same one again is answered with the same job"`
		Reason    string `query:"reason" maxLength:"2000"`
		RawBody   []byte `contentType:"application/octet-stream"`
	}
	op := api.Created(tag.Operation(http.MethodPost, "importIdentifiers", "/identifiers/imports", "Register the identifiers of a file, by a job"))
	op.Description = "The body is the file: CSV or NDJSON of at most 256 MiB, or XLSX of at most 32 MiB, with at most 1,000,000 rows. All rows are checked before the first is accepted. Columns: identifier or suffix, items of the template by name or label, and \"1 URL\" for a value of a type at an index."
	op.MaxBodyBytes = MaxFile
	op.BodyReadTimeout = 10 * time.Minute
	api.Register(a, op, func(ctx context.Context, in *start) (*output, error) {
		j, err := s.StartImport(ctx, in.RawBody, Import{Format: Format(in.Format), Prefix: in.Prefix, Template: in.Template, Mode: Mode(in.Mode), Overwrite: in.Overwrite}, in.Once, in.Reason)
		if err != nil {
			return nil, err
		}
		return &output{j}, nil
	})
	type list struct {
		Org uuid.UUID `query:"org" format:"uuid"`
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listIdentifierImports", "/identifiers/imports", "Imports of files, the latest first"),
		func(ctx context.Context, in *list) (*api.List[job.Job], error) {
			scope, err := auth.AllowOrVisible(ctx, auth.Read, in.Org)
			if err != nil {
				return nil, err
			}
			items, next, err := s.o.Jobs().ListKind(ctx, scope, ImportKind, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(items, next), nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "getIdentifierImport", "/identifiers/imports/{id}", "One import, with its progress"),
		func(ctx context.Context, in *api.ByID) (*output, error) {
			j, err := s.Job(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &output{j}, nil
		})
	api.Register(a, tag.Operation(http.MethodDelete, "cancelIdentifierImport", "/identifiers/imports/{id}", "Cancel an import; of a file that is taken whole nothing is left"),
		func(ctx context.Context, in *api.ByID) (*struct{}, error) {
			err := s.CancelImport(ctx, in.ID)
			if errors.Is(err, job.ErrEnded) {
				err = store.ErrConflict
			}
			return nil, err
		})
	type faults struct {
		Language
		api.ByID
		Format string `query:"format" enum:"xlsx,csv" default:"xlsx"`
	}
	api.Register(a, asFile(tag.Operation(http.MethodGet, "getIdentifierImportFaults", "/identifiers/imports/{id}/faults", "What is wrong with the rows of an import, as a file")),
		func(ctx context.Context, in *faults) (*fileOutput, error) {
			f := table.Format(in.Format)
			data, err := s.Faults(ctx, in.ID, f, in.lang())
			if err != nil {
				return nil, err
			}
			return fileOf("faults", f, data), nil
		})
}

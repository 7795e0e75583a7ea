package plant

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/plant/sheet"
)

// Language is the caller's.
type Language struct {
	AcceptLanguage string `header:"Accept-Language" doc:"Language of headings and notes"`
}

// fileOutput is a file to be kept.
type fileOutput struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

func file(name string, f sheet.Format, data []byte) *fileOutput {
	return &fileOutput{f.MediaType(), fmt.Sprintf(`attachment; filename="%s.%s"`, name, f), data}
}

// binary describes an operation that answers a file.
func binary(op huma.Operation) huma.Operation {
	content := map[string]*huma.MediaType{}
	for _, f := range []sheet.Format{sheet.XLSX, sheet.CSV, sheet.YAML} {
		content[f.MediaType()] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	}
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: content}}
	return op
}

func (s *Service) fileRoutes(a *api.Server) {
	type exportInput struct {
		Language
		Org    uuid.UUID `query:"org" format:"uuid" required:"true"`
		Format string    `query:"format" enum:"xlsx,csv,yaml" default:"xlsx"`
		At     time.Time `query:"at" doc:"As it was or will be at this time; now where it is left out"`
		IDs    bool      `query:"ids" default:"true" doc:"With the ids by which an import finds what exists; without them the file builds the same plant elsewhere"`
	}
	api.Register(a, binary(operation(http.MethodGet, "exportPlant", "/plant/export", "The plant of an organisation as a file")),
		func(ctx context.Context, in *exportInput) (*fileOutput, error) {
			scope, err := auth.Allow(ctx, auth.Read, in.Org)
			if err != nil {
				return nil, err
			}
			f := sheet.Format(in.Format)
			data, err := s.Export(ctx, scope, Export{Org: in.Org, Format: f, At: in.At, Bare: !in.IDs, Lang: string(problem.ParseAcceptLanguage(in.AcceptLanguage))})
			if err != nil {
				return nil, err
			}
			day := in.At
			if day.IsZero() {
				day = s.o.Now()
			}
			return file("plant-"+day.UTC().Format("2006-01-02"), f, data), nil
		})

	type emptyInput struct {
		Language
		Format string `query:"format" enum:"xlsx,csv,yaml" default:"xlsx"`
	}
	api.Register(a, binary(operation(http.MethodGet, "emptyPlantFile", "/plant/import/template", "An empty file with headings, lists and notes, to be filled in and imported")),
		func(_ context.Context, in *emptyInput) (*fileOutput, error) {
			f := sheet.Format(in.Format)
			data, err := s.EmptyFile(f, string(problem.ParseAcceptLanguage(in.AcceptLanguage)))
			if err != nil {
				return nil, err
			}
			return file("plant-template", f, data), nil
		})

	type importInput struct {
		Org     uuid.UUID `query:"org" format:"uuid" required:"true"`
		Format  string    `query:"format" enum:"xlsx,csv,yaml" doc:"Found out where it is left out"`
		DryRun  bool      `query:"dryRun" doc:"Only tell what would be done"`
		Prune   bool      `query:"prune" doc:"Also retire what the organisation has and the file does not name; needs a reason"`
		From    time.Time `query:"from" doc:"Since when the changes hold; now where it is left out"`
		Reason  string    `query:"reason" maxLength:"500"`
		RawBody []byte    `contentType:"application/octet-stream"`
	}
	type importOutput struct{ Body *Imported }
	op := operation(http.MethodPost, "importPlant", "/plant/import", "Make a file the plant: whole or not at all")
	op.Description = "The body is the file: XLSX, CSV or YAML, at most 16 MiB. Errors of rows come in the answer, each with sheet, row and column; with any, nothing is changed and applied is false."
	op.MaxBodyBytes = sheet.MaxFile
	op.BodyReadTimeout = 2 * time.Minute // a site's line may be slow
	api.Register(a, op, func(ctx context.Context, in *importInput) (*importOutput, error) {
		scope, err := auth.Allow(ctx, auth.Configure, in.Org)
		if err != nil {
			return nil, err
		}
		out, err := s.Import(ctx, scope, Import{
			Org: in.Org, Format: sheet.Format(in.Format), Data: in.RawBody, DryRun: in.DryRun, Prune: in.Prune, From: in.From, Reason: in.Reason,
		})
		if err != nil {
			return nil, err
		}
		return &importOutput{out}, nil
	})
}

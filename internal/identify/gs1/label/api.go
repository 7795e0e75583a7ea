package label

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/internal/identify/gs1"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
)

const tag = api.Tag("gs1")

// Service answers for symbols and sheets. Refuse words a *gs1.Fault at a place of the request.
type Service struct {
	Now    func() time.Time
	Refuse func(err error, location string) error
}

// file is an answer that is no JSON.
type file struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func binary(op huma.Operation, media string) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{media: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	return op
}

// Drawing is what a symbol is drawn from.
type Drawing struct {
	Kind   Kind   `query:"kind" enum:"qr,datamatrix,gs1-128" default:"qr"`
	Text   string `query:"text" required:"true" maxLength:"4000" doc:"Element string, bracketed or not, Digital Link, or GTIN"`
	Stem   string `query:"stem" maxLength:"300" doc:"Of the Digital Link in a QR code; that of the text, else https://id.gs1.org"`
	Module int    `query:"module" default:"500" minimum:"100" maximum:"3000" doc:"X-dimension in micrometres"`
	Bar    int    `query:"bar" default:"31750" minimum:"3000" maximum:"100000" doc:"Height of bars in micrometres"`
	Format string `query:"format" enum:"svg,png" default:"svg"`
	DPI    int    `query:"dpi" default:"300" minimum:"72" maximum:"1200" doc:"Of a PNG"`
}

// LabelSheet is a sheet that is asked for. Measures are in micrometres.
type LabelSheet struct {
	Kind   Kind   `json:"kind" enum:"qr,datamatrix,gs1-128"`
	Stem   string `json:"stem,omitempty" maxLength:"300" doc:"Of the Digital Links in QR codes; https://id.gs1.org without it"`
	Width  int    `json:"width" doc:"Of a label"`
	Height int    `json:"height"`
	Margin int    `json:"margin,omitempty" doc:"Of the page, at least"`
	Gap    int    `json:"gap,omitempty" doc:"Between labels"`
	Skip   int    `json:"skip,omitempty" doc:"Places of the first page that are used up"`
	Module int    `json:"module" doc:"X-dimension"`
	Bar    int    `json:"bar,omitempty" doc:"Height of bars"`
	Labels []struct {
		Title string `json:"title,omitempty" maxLength:"100"`
		Text  string `json:"text" maxLength:"4000" doc:"As for a symbol"`
		Count int    `json:"count,omitempty" minimum:"1" maximum:"2000" doc:"How many alike; 1 without it"`
	} `json:"labels" minItems:"1" maxItems:"2000"`
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	op := tag.Operation(http.MethodGet, "drawGS1Symbol", "/gs1/symbol", "A QR code, Data Matrix or GS1-128 as SVG or PNG")
	op.Description = "With its quiet zone. Data Matrix and GS1-128 carry FNC1 and the elements, a QR code their Digital Link."
	api.Register(a, binary(op, "image/svg+xml"), func(ctx context.Context, in *Drawing) (*file, error) {
		if _, err := auth.Need(ctx); err != nil {
			return nil, err
		}
		return s.draw(in)
	})
	sheet := tag.Operation(http.MethodPost, "printGS1Labels", "/gs1/label-sheets", "Labels with symbol and human readable interpretation on A4 paper")
	sheet.Description = "A PDF of at most 2,000 labels. What does not fit on a label is refused, nothing is cut."
	type wanted struct {
		Body LabelSheet
	}
	api.Register(a, binary(sheet, "application/pdf"), func(ctx context.Context, in *wanted) (*file, error) {
		if _, err := auth.Need(ctx); err != nil {
			return nil, err
		}
		return s.print(&in.Body)
	})
}

// elements reads the text of a request; the stem is that of a link in it where none is given.
func (s *Service) elements(text, stem, location string) (gs1.Elements, string, error) {
	r, err := gs1.Parse(text)
	if err != nil {
		return nil, "", s.Refuse(err, location)
	}
	if stem == "" {
		stem = "https://id.gs1.org"
		if r.Link != nil {
			stem = r.Link.Scheme + "://" + r.Link.Host + r.Link.Stem
		}
	}
	return r.Elements, stem, nil
}

// told words what GS1 has against data.
func (s *Service) told(err error, location string) error {
	if f := (*gs1.Fault)(nil); errors.As(err, &f) {
		return s.Refuse(err, location)
	}
	return err
}

func (s *Service) draw(in *Drawing) (*file, error) {
	es, stem, err := s.elements(in.Text, in.Stem, "query.text")
	if err != nil {
		return nil, err
	}
	symbol, err := Encode(in.Kind, es, stem)
	if err != nil {
		return nil, s.told(err, "query.text")
	}
	size := Size{in.Module, in.Bar}
	out := &file{ContentType: "image/svg+xml", Disposition: fmt.Sprintf("inline; filename=%q", string(in.Kind)+"."+in.Format)}
	if in.Format == "png" {
		out.ContentType = "image/png"
		out.Body, err = symbol.PNG(size, in.DPI)
	} else {
		out.Body, err = symbol.SVG(size)
	}
	return out, err
}

func (s *Service) print(in *LabelSheet) (*file, error) {
	sheet := &Sheet{Kind: in.Kind, Stem: in.Stem, Width: in.Width, Height: in.Height, Margin: in.Margin, Gap: in.Gap, Skip: in.Skip, Size: Size{in.Module, in.Bar}, Lang: "zh-CN", At: s.Now()}
	if sheet.Stem == "" {
		sheet.Stem = "https://id.gs1.org"
	}
	for i, l := range in.Labels {
		es, _, err := s.elements(l.Text, sheet.Stem, fmt.Sprintf("body.labels[%d].text", i))
		if err != nil {
			return nil, err
		}
		for range max(1, l.Count) {
			if len(sheet.Labels) == MaxLabels {
				return nil, ErrSheet.At("body.labels", "> 2000").With("what", "1–2000")
			}
			sheet.Labels = append(sheet.Labels, Label{l.Title, es})
		}
	}
	pdf, err := sheet.PDF()
	if err != nil {
		return nil, s.told(err, "body.labels")
	}
	return &file{"application/pdf", `attachment; filename="labels.pdf"`, pdf}, nil
}

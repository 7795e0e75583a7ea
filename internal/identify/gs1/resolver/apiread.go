package resolver

import (
	"context"
	"net/http"

	"jingwei/internal/identify/gs1"
	"jingwei/internal/identify/gs1/drug"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
)

// GS1Element is an AI with its value.
type GS1Element struct {
	AI        string `json:"ai"`
	Title     string `json:"title" doc:"Data title of the dictionary, such as BATCH/LOT"`
	Value     string `json:"value"`
	Attribute bool   `json:"attribute" doc:"May be an attribute of a Digital Link"`
	Key       bool   `json:"key" doc:"May be its key"`
}

// GS1Reading is what was read from a barcode, a scanner or a Digital Link.
type GS1Reading struct {
	Form       gs1.Form     `json:"form" enum:"element-string,bracketed,gtin,digital-link,plain"`
	Symbology  string       `json:"symbology,omitempty"`
	Elements   []GS1Element `json:"elements" nullable:"false"`
	Bracketed  string       `json:"bracketed"`
	Raw        string       `json:"raw" doc:"As a barcode carries it, GS for FNC1"`
	Link       string       `json:"link,omitempty" doc:"Digital Link in normal form, where a key is there"`
	Compressed string       `json:"compressed,omitempty"`
	Anchor     string       `json:"anchor,omitempty" doc:"Identity: the path of key and qualifiers"`
	Plain      string       `json:"plain,omitempty"`
	Drug       *DrugCode    `json:"drug,omitempty" doc:"Read as a Chinese drug trace code, where it can be one"`
}

// DrugCode is a Chinese drug trace code.
type DrugCode struct {
	Form    drug.Form `json:"form" enum:"supervision,gs1,own"`
	Product string    `json:"product" doc:"Of the package: its GTIN, the first seven digits of the supervision code, or what the firm's rule says"`
	Serial  string    `json:"serial"`
	Lot     string    `json:"lot,omitempty"`
	Expiry  string    `json:"expiry,omitempty" doc:"YYMMDD as marked"`
}

func (s *Service) readingRoutes(a *api.Server) {
	type what struct {
		Text string `query:"text" required:"true" maxLength:"8192" doc:"Scan data with symbology identifier, element string, Digital Link in full or compressed, GTIN, drug code"`
		Stem string `query:"stem" maxLength:"300" doc:"Of the Digital Link that is written; https://id.gs1.org without it"`
	}
	op := tag.Operation(http.MethodGet, "readGS1", "/gs1/read", "Read GS1 data, and write it in its other forms")
	op.Description = "Refused with the AI, the position and the rule when it is not valid: syntax, content, and which AIs may stand together."
	api.Register(a, op, func(ctx context.Context, in *what) (*struct{ Body GS1Reading }, error) {
		if _, err := auth.Need(ctx); err != nil {
			return nil, err
		}
		out, err := read(in.Text, in.Stem)
		if err != nil {
			return nil, err
		}
		return &struct{ Body GS1Reading }{out}, nil
	})
}

func read(text, stem string) (out GS1Reading, err error) {
	if c, err := drug.Parse(text, nil); err == nil && c.Form == drug.Supervision {
		return GS1Reading{Form: gs1.FormPlain, Elements: []GS1Element{}, Plain: text, Drug: drugView(c)}, nil
	}
	r, err := gs1.Parse(text)
	if err != nil {
		return out, Refused(err, "query.text")
	}
	if err := r.Elements.Check(); err != nil {
		return out, Refused(err, "query.text")
	}
	out = GS1Reading{Form: r.Form, Symbology: r.Symbology, Elements: []GS1Element{}, Bracketed: r.Elements.Bracketed(), Raw: r.Elements.String(), Plain: r.Plain}
	for _, e := range r.Elements {
		d := e.Is()
		out.Elements = append(out.Elements, GS1Element{e.AI, d.Title, e.Value, d.Attribute, d.Key})
	}
	if c, err := drug.Parse(text, nil); err == nil {
		out.Drug = drugView(c)
	}
	if stem == "" {
		stem = "https://id.gs1.org"
	}
	if l, err := gs1.BuildLink(stem, r.Elements); err == nil {
		out.Link, out.Compressed, out.Anchor = l.String(), l.Compress(), l.Identity()
	} else if f, ok := err.(*gs1.Fault); ok && len(r.Elements) > 0 && (f.Rule == gs1.RuleScheme || f.Rule == gs1.RuleDomain || f.Rule == gs1.RuleURICharacter) {
		return out, Refused(err, "query.stem")
	}
	return out, nil
}

func drugView(c drug.Code) *DrugCode {
	return &DrugCode{c.Form, c.Product, c.Serial, c.Lot, c.Expiry}
}

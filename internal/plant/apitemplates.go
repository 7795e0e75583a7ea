package plant

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/plant/class"
	"jingwei/internal/plant/template"
)

// sortedClasses are the classes of equipment, by id.
func (s *Service) sortedClasses() []class.Class {
	out := make([]class.Class, 0, len(s.classes))
	for _, c := range s.classes {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b class.Class) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// templateFilter narrows the list of templates; empty fields do not.
type templateFilter struct {
	Driver string `query:"driver" maxLength:"50" doc:"Only for this protocol, such as modbus"`
	Class  string `query:"class" maxLength:"100" doc:"Only of this class of equipment"`
	Maker  string `query:"maker" maxLength:"100" doc:"Only of this maker"`
	Text   string `query:"text" maxLength:"100" doc:"Only where id, name, maker or model holds these words, in any case"`
}

func (f *templateFilter) takes(t *template.Template) bool {
	if f.Driver != "" && t.Driver != f.Driver || f.Class != "" && t.Class != f.Class || f.Maker != "" && !strings.EqualFold(t.Maker, f.Maker) {
		return false
	}
	all := strings.ToLower(strings.Join([]string{t.ID, t.Name.Zh, t.Name.En, t.Maker, t.Model}, " "))
	for word := range strings.FieldsSeq(strings.ToLower(f.Text)) {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}

func (s *Service) templateRoutes(a *api.Server) {
	api.Register(a, operation(http.MethodGet, "listTemplates", "/templates", "Device templates"),
		func(_ context.Context, in *templateFilter) (*api.List[TemplateSummary], error) {
			var out []TemplateSummary
			for _, t := range s.Templates() {
				if in.takes(t) {
					out = append(out, summary(t))
				}
			}
			return api.Listed(out, ""), nil
		})

	type templateInput struct {
		ID string `path:"id" maxLength:"100"`
	}
	type templateOutput struct{ Body TemplateView }
	api.Register(a, operation(http.MethodGet, "getTemplate", "/templates/{id}", "A device template with its points"),
		func(_ context.Context, in *templateInput) (*templateOutput, error) {
			t := s.Template(in.ID)
			if t == nil {
				return nil, problem.NotFound.With("thing", "template")
			}
			return &templateOutput{templateView(t)}, nil
		})

	api.Register(a, operation(http.MethodGet, "listEquipmentClasses", "/plant/classes", "Classes of equipment"),
		func(context.Context, *struct{}) (*api.List[class.Class], error) {
			return api.Listed(s.sortedClasses(), ""), nil
		})
}

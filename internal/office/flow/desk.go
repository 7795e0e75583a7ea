package flow

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow/workday"
)

// Counts is how much lies on a desk.
type Counts struct {
	All     int64 `json:"all" doc:"What waits for the organisation"`
	Mine    int64 `json:"mine" doc:"Of it, that for which you were named in person"`
	Today   int64 `json:"today" doc:"That ends today"`
	Overdue int64 `json:"overdue"`
}

// DueCounts counts what waits for an organisation, as DueList lists it.
func (s *Service) DueCounts(ctx context.Context, org uuid.UUID) (Counts, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return Counts{}, err
	}
	now, me := s.o.Now().UnixNano(), scope.Principal().ID.String()
	q := scope.Where(s.o.DB.NewSelect().TableExpr("flow_task AS t"), "t.org").Where("t.seen IN ('', ?)", me).ColumnExpr("COUNT(*) AS everything").
		ColumnExpr("COALESCE(SUM(CASE WHEN t.person = ? THEN 1 ELSE 0 END), 0) AS mine", me).
		ColumnExpr("COALESCE(SUM(CASE WHEN t.due > ? AND t.due <= ? THEN 1 ELSE 0 END), 0) AS today", now, workday.DayOf(now).End()).
		ColumnExpr("COALESCE(SUM(CASE WHEN t.due <= ? THEN 1 ELSE 0 END), 0) AS overdue", now)
	var c struct{ Everything, Mine, Today, Overdue int64 }
	if err := q.Scan(ctx, &c); err != nil {
		return Counts{}, wrap("count what is due", err)
	}
	return Counts{c.Everything, c.Mine, c.Today, c.Overdue}, nil
}

// StateCount is how many cases of a flow are in a state.
type StateCount struct {
	Flow  string    `json:"flow"`
	Name  text.Text `json:"flowName"`
	State string    `json:"state"`
	Words text.Text `json:"stateName"`
	Count int64     `json:"count"`
}

// StateCounts counts the cases that the caller may see, by flow and state.
func (s *Service) StateCounts(ctx context.Context, f Filter) ([]StateCount, error) {
	q, err := s.visible(ctx, f.where(s.o.DB.NewSelect().Model((*caseRow)(nil))))
	if err != nil {
		return nil, err
	}
	out := []StateCount{}
	var rows []struct {
		Flow, State, Version string
		N                    int64
	}
	// MAX(version) is one of those that are there: it names the state.
	if err := q.ColumnExpr("c.flow, c.state, MAX(c.version) AS version, COUNT(*) AS n").GroupExpr("c.flow, c.state").OrderExpr("c.flow, c.state").Scan(ctx, &rows); err != nil {
		return nil, wrap("count cases", err)
	}
	for _, r := range rows {
		flow, err := s.version(ctx, s.o.DB, r.Flow, r.Version)
		if err != nil {
			return nil, err
		}
		c := StateCount{Flow: r.Flow, Name: flow.Name, State: r.State, Words: text.Both(r.State), Count: r.N}
		if st := flow.state(r.State); st != nil {
			c.Words = st.Name
		}
		out = append(out, c)
	}
	return out, nil
}

// ErrExport tells that more cases were asked for than a file takes.
var ErrExport = problem.Define("flow-export-many", 422) // max

// maxExport bounds a file of cases.
const maxExport = 20_000

// Export writes the cases of a list as a table: where a flow is named, with those of its fields that the caller may see in each.
func (s *Service) Export(ctx context.Context, f Filter, format table.Format, lang string) ([]byte, error) {
	both := func(zh, en string) string { return text.Text{Zh: zh, En: en}.In(lang) }
	out := table.Out{Name: both("办理件", "Cases"), Heading: []string{both("名称", "Title"), both("事项", "Flow"), both("状态", "State"), both("单位", "About"), both("受理单位", "Kept by"),
		both("创建", "Opened"), both("最近办理", "Last step"), both("期限", "Deadline"), both("编号", "Id")}}
	var fields field.Schema
	if f.Flow != "" {
		known, err := s.Flow(f.Flow)
		if err != nil {
			return nil, err
		}
		fields = known.Fields
		for i := range fields {
			out.Heading = append(out.Heading, fields[i].Heading(lang))
		}
	}
	err := store.Each(func(p store.Page) ([]CaseView, string, error) {
		items, next, err := s.List(ctx, f, p)
		if err != nil {
			return nil, "", err
		}
		views := make([]CaseView, len(items))
		for i := range items {
			if views[i], err = s.view(ctx, &items[i]); err != nil {
				return nil, "", err
			}
		}
		views, err = s.names(ctx, views)
		return views, next, err
	}, func(v CaseView) error {
		if len(out.Rows) == maxExport {
			return ErrExport.With("max", strconv.Itoa(maxExport))
		}
		due := ""
		for _, d := range v.Deadlines {
			if d.Stopped == nil && (due == "" || d.Last < due) {
				due = d.Last
			}
		}
		row := []string{v.Title, v.FlowName.In(lang), v.StateName.In(lang), v.About.In(lang), v.OrgName.In(lang), field.DateOf(v.Opened.UnixNano()), field.DateOf(v.At.UnixNano()), due, v.ID.String()}
		if len(fields) > 0 {
			record, err := fields.Decode(v.Content)
			if err != nil {
				return fmt.Errorf("export case %s: %w", v.ID, err)
			}
			for i := range fields {
				row = append(row, fields[i].Cell(record[fields[i].Key], lang))
			}
		}
		out.Rows = append(out.Rows, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return table.Write(format, out)
}

// CaseFilter is what counts and exports of cases are narrowed by.
type CaseFilter struct {
	Flow    string    `query:"flow" maxLength:"100"`
	State   string    `query:"state" maxLength:"50"`
	Org     uuid.UUID `query:"org" format:"uuid" doc:"Kept by this organisation"`
	Subject uuid.UUID `query:"subject" format:"uuid" doc:"About this organisation"`
	Words   string    `query:"q" maxLength:"200" doc:"Part of the title"`
	Running bool      `query:"running" doc:"Only those that have not ended"`
}

// fileOutput is a file to be kept.
type fileOutput struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

func binary(op huma.Operation) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	return op
}

func (s *Service) deskRoutes(a *api.Server) {
	type byOrg struct {
		Org uuid.UUID `query:"org" format:"uuid" required:"true"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "countDueCases", "/due-cases/counts", "How much waits for an organisation"),
		func(ctx context.Context, in *byOrg) (*struct{ Body Counts }, error) {
			c, err := s.DueCounts(ctx, in.Org)
			if err != nil {
				return nil, err
			}
			return &struct{ Body Counts }{c}, nil
		})
	of := func(in *CaseFilter) Filter {
		return Filter{Flow: in.Flow, State: in.State, Org: in.Org, Subject: in.Subject, Words: in.Words, Running: in.Running}
	}
	api.Register(a, tag.Operation(http.MethodGet, "countCases", "/cases/counts", "Cases that you may see, counted by flow and state"),
		func(ctx context.Context, in *CaseFilter) (*api.List[StateCount], error) {
			out, err := s.StateCounts(ctx, of(in))
			if err != nil {
				return nil, err
			}
			return api.Listed(out, ""), nil
		})
	type export struct {
		CaseFilter
		CaseLanguage
		Format string `query:"format" enum:"xlsx,csv" default:"xlsx"`
	}
	api.Register(a, binary(tag.Operation(http.MethodGet, "exportCases", "/cases/export", "Cases that you may see as a table; with a flow, its fields too")),
		func(ctx context.Context, in *export) (*fileOutput, error) {
			f := table.Format(in.Format)
			data, err := s.Export(ctx, of(&in.CaseFilter), f, string(problem.ParseAcceptLanguage(in.AcceptLanguage)))
			if err != nil {
				return nil, err
			}
			return &fileOutput{f.MediaType(), fmt.Sprintf(`attachment; filename="cases.%s"`, f), data}, nil
		})
	type paper struct {
		api.ByID
		Document string `path:"document" maxLength:"200"`
	}
	api.Register(a, binary(tag.Operation(http.MethodGet, "getCaseDocument", "/cases/{id}/documents/{document}", "A document of a case")),
		func(ctx context.Context, in *paper) (*fileOutput, error) {
			d, data, err := s.Paper(ctx, in.ID, in.Document)
			if err != nil {
				return nil, err
			}
			// Always to be kept, never to be shown by the browser as a page of this node.
			return &fileOutput{d.Media, mime.FormatMediaType("attachment", map[string]string{"filename": d.Name}), data}, nil
		})
}

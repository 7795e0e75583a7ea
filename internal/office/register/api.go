package register

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

const tag = api.Tag("registers")

// EntryView is an entry as it is told.
type EntryView struct {
	ID       uuid.UUID       `json:"id" format:"uuid"`
	Register string          `json:"register"`
	Org      uuid.UUID       `json:"org" format:"uuid" doc:"Who keeps it"`
	Key      string          `json:"key"`
	Title    string          `json:"title"`
	Subject  *uuid.UUID      `json:"subject,omitempty" format:"uuid" doc:"The organisation that it is about"`
	State    string          `json:"state"`
	Class    field.Class     `json:"class" enum:"public,internal,restricted"`
	Since    string          `json:"since,omitempty" doc:"The day since when it holds; absent where it always did"`
	Until    string          `json:"until,omitempty" doc:"Its last day; absent while it lasts"`
	Content  json.RawMessage `json:"content" doc:"By the register's schema; fields that you may not see are left out"`
	Revision int64           `json:"revision"`
	Version  string          `json:"version" doc:"Of the pack that it was checked against"`
	By       audit.Actor     `json:"by"`
	Reason   string          `json:"reason,omitempty"`
	At       time.Time       `json:"at"`
}

func (s *Service) view(e *Entry) EntryView {
	v := EntryView{ID: e.ID, Register: e.Register, Org: e.Org, Key: e.Key, State: e.State, Class: e.Class, Since: dateOf(e.Since), Until: lastDayOf(e.Until),
		Content: e.Record.Encode(), Revision: e.Revision, Version: e.Version, By: e.By, Reason: e.Reason, At: time.Unix(0, e.At).UTC()}
	if r := s.get(e.Register); r != nil {
		v.Title = r.title(e.Record)
	}
	if e.Subject != uuid.Nil {
		v.Subject = &e.Subject
	}
	return v
}

// PublicEntry is what anybody sees of an entry.
type PublicEntry struct {
	ID      uuid.UUID       `json:"id" format:"uuid"`
	State   string          `json:"state"`
	Since   string          `json:"since,omitempty"`
	Until   string          `json:"until,omitempty"`
	Content json.RawMessage `json:"content" doc:"The public fields"`
}

func publicView(e *Entry) PublicEntry {
	return PublicEntry{e.ID, e.State, dateOf(e.Since), lastDayOf(e.Until), e.Record.Encode()}
}

// RegisterView is a register as it is told.
type RegisterView struct {
	ID          string          `json:"id"`
	Version     string          `json:"version"`
	Name        text.Text       `json:"name"`
	Note        text.Text       `json:"note,omitzero"`
	Entry       text.Text       `json:"entry" doc:"What one entry is called"`
	Source      string          `json:"source" doc:"Where the pack comes from"`
	Key         string          `json:"key"`
	Title       []string        `json:"title" nullable:"false"`
	States      []State         `json:"states" nullable:"false"`
	Initial     string          `json:"initial"`
	Transitions []Transition    `json:"transitions" nullable:"false"`
	Public      []string        `json:"publicStates,omitempty" doc:"States in which entries are public"`
	Searchable  []string        `json:"searchable" nullable:"false"`
	Entries     int             `json:"entries" doc:"How many entries come with it"`
	Fields      json.RawMessage `json:"fields" doc:"Fields with their names in zh and en, types and bounds"`
	Schema      json.RawMessage `json:"schema" doc:"JSON Schema 2020-12 of the content"`
}

func registerView(r *Register, upTo field.Class, lang string) (RegisterView, error) {
	v := RegisterView{ID: r.ID, Version: r.Version, Name: r.Name, Note: r.Note, Entry: r.Entry, Source: r.Source, Key: r.Key, Title: r.Title, States: r.States, Initial: r.Initial,
		Transitions: r.Transitions, Searchable: r.searchable(upTo), Entries: len(r.seeds)}
	if r.Public != nil {
		v.Public = r.Public.States
	}
	for _, list := range []*[]string{&v.Title, &v.Searchable} {
		if *list == nil {
			*list = []string{}
		}
	}
	if v.Transitions == nil {
		v.Transitions = []Transition{}
	}
	fields := field.Schema{}
	for _, f := range r.columns(upTo) {
		fields = append(fields, *f)
	}
	var err error
	if v.Fields, err = json.Marshal(fields); err == nil {
		v.Schema, err = json.Marshal(fields.JSONSchema(lang))
	}
	return v, err
}

// EntryRequest is an entry to be entered.
type EntryRequest struct {
	Org     uuid.UUID       `json:"org" format:"uuid"`
	Content json.RawMessage `json:"content"`
	State   string          `json:"state,omitempty" doc:"The register's initial state where it is left out"`
	Class   field.Class     `json:"class,omitempty" doc:"public, internal or restricted; as wide as the register allows where it is left out"`
	Since   string          `json:"since,omitempty" format:"date"`
	Until   string          `json:"until,omitempty" format:"date"`
}

// EntryChange is a further revision; what is left out stays.
type EntryChange struct {
	Basis   int64           `json:"basis" minimum:"1" doc:"The revision that you saw"`
	Content json.RawMessage `json:"content,omitempty" doc:"The whole content"`
	Class   *field.Class    `json:"class,omitempty"`
	Since   *string         `json:"since,omitempty" doc:"A day; empty for always"`
	Until   *string         `json:"until,omitempty" doc:"A day; empty while it lasts"`
	Reason  string          `json:"reason" doc:"3 to 2000 characters"`
}

// EntryMove takes an entry through a transition.
type EntryMove struct {
	Transition string `json:"transition"`
	Basis      int64  `json:"basis" minimum:"1" doc:"The revision that you saw"`
	Reason     string `json:"reason,omitempty" maxLength:"2000"`
}

// EntryFilter is what lists, exports and counts are narrowed by.
type EntryFilter struct {
	Org   uuid.UUID `query:"org" format:"uuid" doc:"Kept by this organisation; without it all that you may see"`
	State string    `query:"state" maxLength:"50"`
	On    string    `query:"on" maxLength:"10" doc:"That hold on this day"`
	Key   string    `query:"key" maxLength:"200"`
	Words string    `query:"q" maxLength:"200" doc:"Part of key or title"`
	Where []string  `query:"where,explode" maxItems:"10" doc:"field=value; all of them hold"`
}

// Filter is what the room takes.
func (f *EntryFilter) Filter() Filter {
	return Filter{Org: f.Org, State: f.State, On: f.On, Key: f.Key, Words: f.Words, Where: f.Where}
}

// RegisterLanguage is the caller's.
type RegisterLanguage struct {
	AcceptLanguage string `header:"Accept-Language"`
}

func (l RegisterLanguage) lang() string {
	return string(problem.ParseAcceptLanguage(l.AcceptLanguage))
}

// ByRegister is embedded in the input of an operation on a register.
type ByRegister struct {
	Register string `path:"register" maxLength:"100"`
}

type entryOutput struct{ Body EntryView }

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	api.Register(a, tag.Operation(http.MethodGet, "listRegisters", "/registers", "The registers that this node has"),
		func(ctx context.Context, in *struct{ RegisterLanguage }) (*api.List[RegisterView], error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			return views(s.Registers(), field.Restricted, in.lang())
		})
	type add struct {
		ByRegister
		Body EntryRequest
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "addEntry", "/registers/{register}/entries", "Enter something into a register")),
		func(ctx context.Context, in *add) (*entryOutput, error) {
			b := &in.Body
			e, err := s.Add(ctx, b.Org, in.Register, Input{Content: b.Content, State: b.State, Class: b.Class, Since: b.Since, Until: b.Until})
			return s.one(e, err)
		})
	type list struct {
		ByRegister
		EntryFilter
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listEntries", "/registers/{register}/entries", "Entries of a register, in the order in which they were entered"),
		func(ctx context.Context, in *list) (*api.List[EntryView], error) {
			items, next, err := s.List(ctx, in.Register, in.Filter(), in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, s.view), next), nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "getEntry", "/register-entries/{id}", "One entry"),
		func(ctx context.Context, in *api.ByID) (*entryOutput, error) {
			e, err := s.Get(ctx, in.ID)
			return s.one(e, err)
		})
	type change struct {
		api.ByID
		Body EntryChange
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "changeEntry", "/register-entries/{id}/revisions", "Change an entry by a further revision")),
		func(ctx context.Context, in *change) (*entryOutput, error) {
			b := &in.Body
			e, err := s.Change(ctx, in.ID, Change{Basis: b.Basis, Content: b.Content, Since: b.Since, Until: b.Until, Class: b.Class, Reason: b.Reason})
			return s.one(e, err)
		})
	type move struct {
		api.ByID
		Body EntryMove
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "moveEntry", "/register-entries/{id}/transitions", "Take an entry through a transition to another state")),
		func(ctx context.Context, in *move) (*entryOutput, error) {
			e, err := s.Move(ctx, in.ID, in.Body.Transition, in.Body.Basis, in.Body.Reason)
			return s.one(e, err)
		})
	type past struct {
		api.ByID
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listEntryRevisions", "/register-entries/{id}/revisions", "All revisions of an entry, the first one first"),
		func(ctx context.Context, in *past) (*api.List[EntryView], error) {
			items, next, err := s.History(ctx, in.ID, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, s.view), next), nil
		})
	s.countRoutes(a)
	s.fileRoutes(a)
	s.publicRoutes(a)
}

func (s *Service) one(e Entry, err error) (*entryOutput, error) {
	if err != nil {
		return nil, err
	}
	return &entryOutput{s.view(&e)}, nil
}

func views(list []*Register, upTo field.Class, lang string) (*api.List[RegisterView], error) {
	var out []RegisterView
	for _, r := range list {
		v, err := registerView(r, upTo, lang)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return api.Listed(out, ""), nil
}

// EntryCounts is the answer to a count.
type EntryCounts struct {
	Counts []Count `json:"counts" nullable:"false"`
	Total  int64   `json:"total" doc:"Entries that the filter lets through, with a value or not"`
}

// AdoptedEntries tells what was entered from a pack.
type AdoptedEntries struct {
	Added int `json:"added"`
}

func (s *Service) countRoutes(a *api.Server) {
	type count struct {
		ByRegister
		EntryFilter
		By string `query:"by" default:"state" maxLength:"100" doc:"state, or a field"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "countEntries", "/registers/{register}/counts", "Count entries by state or by a field"),
		func(ctx context.Context, in *count) (*struct{ Body EntryCounts }, error) {
			counts, total, err := s.Counts(ctx, in.Register, in.By, in.Filter())
			if err != nil {
				return nil, err
			}
			if counts == nil {
				counts = []Count{}
			}
			return &struct{ Body EntryCounts }{EntryCounts{counts, total}}, nil
		})
	type adopt struct {
		ByRegister
		Org uuid.UUID `query:"org" format:"uuid" required:"true"`
	}
	api.Register(a, tag.Operation(http.MethodPost, "adoptEntries", "/registers/{register}/adopt", "Enter what comes with the register's pack and is not there yet"),
		func(ctx context.Context, in *adopt) (*struct{ Body AdoptedEntries }, error) {
			n, err := s.Adopt(ctx, in.Org, in.Register)
			if err != nil {
				return nil, err
			}
			return &struct{ Body AdoptedEntries }{AdoptedEntries{n}}, nil
		})
}

// fileOutput is a file to be kept.
type fileOutput struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

func file(name string, f table.Format, data []byte) *fileOutput {
	return &fileOutput{f.MediaType(), fmt.Sprintf(`attachment; filename="%s.%s"`, name, f), data}
}

// binary describes an operation that answers a file.
func binary(op huma.Operation) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	return op
}

func (s *Service) fileRoutes(a *api.Server) {
	type export struct {
		RegisterLanguage
		ByRegister
		EntryFilter
		Format string `query:"format" enum:"xlsx,csv" default:"xlsx"`
	}
	api.Register(a, binary(tag.Operation(http.MethodGet, "exportEntries", "/registers/{register}/export", "Entries of a register as a file")),
		func(ctx context.Context, in *export) (*fileOutput, error) {
			f := table.Format(in.Format)
			data, err := s.Export(ctx, in.Register, in.Filter(), f, in.lang())
			if err != nil {
				return nil, err
			}
			return file(in.Register+"-"+today(s.o.Now()), f, data), nil
		})
	type template struct {
		RegisterLanguage
		ByRegister
		Format string `query:"format" enum:"xlsx,csv" default:"xlsx"`
	}
	api.Register(a, binary(tag.Operation(http.MethodGet, "emptyRegisterFile", "/registers/{register}/template", "An empty file with headings, lists and notes, to be filled in and imported")),
		func(ctx context.Context, in *template) (*fileOutput, error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			f := table.Format(in.Format)
			data, err := s.Template(in.Register, f, in.lang())
			if err != nil {
				return nil, err
			}
			return file(in.Register, f, data), nil
		})
	type imported struct {
		Org      uuid.UUID `query:"org" format:"uuid" required:"true"`
		Register string    `query:"register" required:"true" maxLength:"100"`
		Format   string    `query:"format" enum:"xlsx,csv" doc:"Found out where it is left out"`
		DryRun   bool      `query:"dryRun" doc:"Only tell what would be done"`
		Reason   string    `query:"reason" maxLength:"2000" doc:"Needed where entries change"`
		RawBody  []byte    `contentType:"application/octet-stream"`
	}
	op := tag.Operation(http.MethodPost, "importEntries", "/register-entries/import", "Take a spreadsheet into a register: whole or not at all")
	op.Description = "The body is the file: XLSX or CSV, at most 32 MiB and 50,000 rows. What is wrong with rows comes in the answer, each with sheet, row and cell; with any, nothing is taken and applied is false."
	op.MaxBodyBytes = table.MaxFile
	op.BodyReadTimeout = 2 * time.Minute
	api.Register(a, op, func(ctx context.Context, in *imported) (*struct{ Body *Imported }, error) {
		out, err := s.Import(ctx, Import{Org: in.Org, Register: in.Register, Format: table.Format(in.Format), Data: in.RawBody, DryRun: in.DryRun, Reason: in.Reason})
		if err != nil {
			return nil, err
		}
		return &struct{ Body *Imported }{out}, nil
	})
}

func (s *Service) publicRoutes(a *api.Server) {
	api.Register(a, api.Public(tag.Operation(http.MethodGet, "listPublicRegisters", "/public/registers", "Registers that have something public")),
		func(_ context.Context, in *struct{ RegisterLanguage }) (*api.List[RegisterView], error) {
			return views(s.PublicRegisters(), field.Public, in.lang())
		})
	type list struct {
		ByRegister
		Org   uuid.UUID `query:"org" format:"uuid" doc:"Kept by this organisation"`
		Words string    `query:"q" maxLength:"200" doc:"Part of key or title"`
		Where []string  `query:"where,explode" maxItems:"10" doc:"field=value, of public fields"`
		api.Paging
	}
	api.Register(a, api.Public(tag.Operation(http.MethodGet, "listPublicEntries", "/public/registers/{register}/entries", "The public part of a register, for anybody")),
		func(ctx context.Context, in *list) (*api.List[PublicEntry], error) {
			items, next, err := s.ListPublic(ctx, in.Register, Filter{Org: in.Org, Words: in.Words, Where: in.Where}, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, publicView), next), nil
		})
	type one struct {
		ByRegister
		api.ByID
	}
	api.Register(a, api.Public(tag.Operation(http.MethodGet, "getPublicEntry", "/public/registers/{register}/entries/{id}", "The public part of an entry, for anybody")),
		func(ctx context.Context, in *one) (*struct{ Body PublicEntry }, error) {
			e, err := s.GetPublic(ctx, in.Register, in.ID)
			if err != nil {
				return nil, err
			}
			return &struct{ Body PublicEntry }{publicView(&e)}, nil
		})
}

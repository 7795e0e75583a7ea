package trace

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
)

// maxEvent bounds one event that comes by itself.
const maxEvent = 1 << 20

func (s *Service) eventRoutes(a *api.Server) {
	type input struct {
		EPCISRequest
		Org         uuid.UUID `query:"org" format:"uuid"`
		ContentType string    `header:"Content-Type"`
		RawBody     []byte    `contentType:"application/ld+json"`
	}
	type output struct {
		Location string `header:"Location"`
		EventID  string `header:"GS1-EPCIS-Event-ID"`
	}
	o := api.Created(op(http.MethodPost, "captureEpcisEvent", "/events", "Capture one event"))
	o.MaxBodyBytes = maxEvent
	api.Register(a, o, func(ctx context.Context, in *input) (*output, error) {
		if err := in.check(); err != nil {
			return nil, err
		}
		org, err := captor(ctx, in.Org)
		if err != nil {
			return nil, err
		}
		if _, err := auth.Allow(ctx, auth.Operate, org); err != nil {
			return nil, err
		}
		d, err := s.document(in.ContentType, in.RawBody)
		if err != nil {
			return nil, err
		}
		if !d.Bare || len(d.Events) != 1 {
			return nil, ErrOneEvent.At("body.type", "")
		}
		c, err := s.Capture(ctx, org, d, false)
		if err == nil && !c.Success {
			err = invalid(c.Faults)
		}
		if err != nil {
			return nil, err
		}
		return &output{base + "/events/" + escapePath(c.EventIDs[0]), c.EventIDs[0]}, nil
	})
	s.findRoute(a, "listEpcisEvents", "/events", "Events that fit a SimpleEventQuery", func(context.Context, *EventsInput) (Params, error) { return nil, nil })
	type byID struct {
		ID string `path:"eventID" maxLength:"1024"`
	}
	api.Register(a, op(http.MethodGet, "getEpcisEvent", "/events/{eventID}", "An event by its id, with what declared it wrong"), func(ctx context.Context, in *byID) (*eventsOutput, error) {
		v, err := s.sight(ctx)
		if err != nil {
			return nil, err
		}
		list, err := s.l.byID(ctx, s.l.raw(), v, in.ID)
		if err == nil && len(list) == 0 {
			err = ErrUnknown.At("path.eventID", in.ID)
		}
		if err != nil {
			return nil, err
		}
		if len(list) == 1 {
			return s.answered(list[0].AppendJSON(nil, true), ""), nil
		}
		return s.answered(s.queryDocument("SimpleEventQuery", list), ""), nil
	})
}

func escapePath(s string) string {
	return strings.NewReplacer("%", "%25", "/", "%2F", "?", "%3F", "#", "%23").Replace(s)
}

type eventsOutput struct {
	ContentType string `header:"Content-Type"`
	Link        string `header:"Link"`
	Expires     string `header:"GS1-Next-Page-Token-Expires"`
	Version     string `header:"GS1-EPCIS-Version"`
	CBV         string `header:"GS1-CBV-Version"`
	Body        []byte
}

func (s *Service) answered(body []byte, next string) *eventsOutput {
	o := &eventsOutput{ContentType: jsonLD, Version: version, CBV: cbv, Body: body, Link: next}
	if next != "" {
		o.Expires = s.o.Now().Add(tokenLife).UTC().Format(time.RFC3339)
	}
	return o
}

// queryDocument is an EPCISQueryDocument with these events.
func (s *Service) queryDocument(name string, list []Stored) []byte {
	return queryDocument(name, "", s.o.Now(), list)
}

func queryDocument(name, subscription string, now time.Time, list []Stored) []byte {
	b := []byte(contextHead + `"` + epcis.Context + `"],"type":"EPCISQueryDocument","schemaVersion":"2.0","creationDate":"` + now.UTC().Format("2006-01-02T15:04:05.000Z") +
		`","epcisBody":{"queryResults":{"queryName":` + strconv.Quote(name))
	if subscription != "" {
		b = append(b, `,"subscriptionID":"`+subscription+`"`...)
	}
	b = append(b, `,"resultsBody":{"eventList":[`...)
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = list[i].AppendJSON(b, false)
	}
	return append(b, `]}}}}`...)
}

// EventsInput are the parameters of a query: SimpleEventQuery's by their own names, and those of the page.
type EventsInput struct {
	EPCISRequest
	PerPage int    `query:"perPage" minimum:"1" maximum:"1000" default:"30"`
	Token   string `query:"nextPageToken" maxLength:"200"`
	Format  string `header:"GS1-EPC-Format" doc:"Never_Translates (default), No_Preference or Always_GS1_Digital_Link"`

	params Params
	query  string
	value  string // of EventsOfInput
}

// EventsOfInput names a value of a resource, or a query.
type EventsOfInput struct {
	EventsInput
	Value string `path:"value" maxLength:"1024"`
}

// Resolve keeps all parameters: their names are patterns.
func (in *EventsInput) Resolve(hc huma.Context) []error {
	u := hc.URL()
	values := u.Query()
	in.params = Params{}
	for name, list := range values {
		if name != "perPage" && name != "nextPageToken" {
			in.params[name] = list
		}
	}
	values.Del("nextPageToken")
	in.query = values.Encode()
	return nil
}

// findRoute adds a list of events; more gives parameters beyond those of the request.
func (s *Service) findRoute(a *api.Server, id, path, summary string, more func(context.Context, *EventsInput) (Params, error)) {
	o := op(http.MethodGet, id, path, summary)
	o.Description = "Parameters are those of SimpleEventQuery (EPCIS 2.0, 8.2.7.1) by their own names; see docs/trace.md. Several values of one parameter are repeated or have commas between them."
	o.Responses = map[string]*huma.Response{"200": {Description: "EPCISQueryDocument", Content: map[string]*huma.MediaType{jsonLD: {Schema: &huma.Schema{Type: huma.TypeObject}}}}}
	run := func(ctx context.Context, in *EventsInput) (*eventsOutput, error) {
		if err := in.check(); err != nil {
			return nil, err
		}
		v, err := s.sight(ctx)
		if err != nil {
			return nil, err
		}
		extra, err := more(ctx, in)
		if err != nil {
			return nil, err
		}
		params := in.params
		for name, list := range extra {
			params[name] = append(slices.Clone(params[name]), list...)
		}
		q, err := ParseQuery(params, in.extensions())
		if err != nil {
			return nil, err
		}
		if in.Format != "" && in.Format != "Never_Translates" && in.Format != "No_Preference" && in.Format != "Always_GS1_Digital_Link" {
			return nil, valueFault("GS1-EPC-Format", in.Format, "Never_Translates | No_Preference | Always_GS1_Digital_Link")
		}
		found, err := s.find(ctx, v, q, in.PerPage, in.Token)
		if err != nil {
			return nil, err
		}
		if in.Format == "Always_GS1_Digital_Link" {
			for i := range found.Events {
				linked := epcis.Linked(&found.Events[i].event)
				found.Events[i].Text = epcis.AppendJSON(nil, &linked)
			}
		}
		next := ""
		if found.Next != "" {
			query := in.query
			if query != "" {
				query += "&"
			}
			next = nextLink(strings.Replace(path, "{value}", escapePath(in.value), 1), query+"nextPageToken="+found.Next)
		}
		return s.answered(s.queryDocument("SimpleEventQuery", found.Events), next), nil
	}
	if !strings.Contains(path, "{value}") {
		api.Register(a, o, run)
		return
	}
	api.Register(a, o, func(ctx context.Context, in *EventsOfInput) (*eventsOutput, error) {
		in.value = in.Value
		return run(ctx, &in.EventsInput)
	})
}

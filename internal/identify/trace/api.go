package trace

import (
	"context"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
)

const (
	tag       = api.Tag("epcis")
	ownTag    = api.Tag("traceability")
	base      = api.Base + "/epcis"
	jsonLD    = "application/ld+json"
	version   = "2.0.0"
	cbv       = "2.0.0"
	vendor    = "jingwei-1"
	tokenLife = 24 * time.Hour // of a page token, as the header tells; nothing is kept for it
)

func op(method, id, path, summary string) huma.Operation {
	return tag.Operation(method, id, "/epcis"+path, summary)
}

// Routes adds the room's operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	s.discovery(a)
	s.captureRoutes(a)
	s.eventRoutes(a)
	s.resourceRoutes(a)
	s.queryRoutes(a)
	s.traceRoutes(a)
	s.partyRoutes(a)
}

// EPCISHeaders tell what this server speaks (EPCIS 2.0, 12.6).
type EPCISHeaders struct {
	Version  string `header:"GS1-EPCIS-Version"`
	Min      string `header:"GS1-EPCIS-Min"`
	Max      string `header:"GS1-EPCIS-Max"`
	CBV      string `header:"GS1-CBV-Version"`
	CBVMin   string `header:"GS1-CBV-Min"`
	CBVMax   string `header:"GS1-CBV-Max"`
	Vendor   string `header:"GS1-Vendor-Version"`
	EPC      string `header:"GS1-EPC-Format"`
	CBVXML   string `header:"GS1-CBV-XML-Format"`
	Allow    string `header:"Allow"`
	Events   string `header:"GS1-EPCIS-Capture-Limit" doc:"Events in one document"`
	FileSize string `header:"GS1-EPCIS-Capture-File-Size-Limit" doc:"Bytes of one document"`
}

func (s *Service) headers(allow string) *EPCISHeaders {
	return &EPCISHeaders{Version: version, Min: version, Max: version, CBV: cbv, CBVMin: cbv, CBVMax: cbv, Vendor: vendor, EPC: "Never_Translates", CBVXML: "No_Preference",
		Allow: allow, Events: strconv.Itoa(s.o.Limits.Events), FileSize: strconv.Itoa(s.o.Limits.Bytes)}
}

func (s *Service) discovery(a *api.Server) {
	for _, r := range []struct{ id, path, allow string }{
		{"epcis", "", "OPTIONS"}, {"capture", "/capture", "GET, POST, OPTIONS"}, {"events", "/events", "GET, POST, OPTIONS"}, {"queries", "/queries", "GET, POST, OPTIONS"},
	} {
		o := op(http.MethodOptions, "discover-"+r.id, r.path, "What "+r.path+" takes and speaks")
		o.OperationID = "discoverEpcis" + strings.ToUpper(r.id[:1]) + r.id[1:]
		o.DefaultStatus = http.StatusNoContent
		api.Register(a, o, func(context.Context, *struct{}) (*EPCISHeaders, error) { return s.headers(r.allow), nil })
	}
}

// EPCISRequest is what requests of EPCIS may say in headers.
type EPCISRequest struct {
	Version    string `header:"GS1-EPCIS-Version" doc:"2.0.0"`
	CBV        string `header:"GS1-CBV-Version"`
	Extensions string `header:"GS1-Extensions" doc:"prefix=namespace, with commas between them: what prefixes in names of parameters stand for"`
}

func (r *EPCISRequest) check() error {
	for at, v := range map[string]string{"header.GS1-EPCIS-Version": r.Version, "header.GS1-CBV-Version": r.CBV} {
		if v != "" && v != "2.0" && v != "2.0.0" && v != "2.0.1" {
			return ErrVersion.At(at, v).With("versions", "2.0.0")
		}
	}
	return nil
}

func (r *EPCISRequest) extensions() (out []epcis.Prefix) {
	for _, x := range strings.Split(r.Extensions, ",") {
		if p, space, ok := strings.Cut(strings.TrimSpace(x), "="); ok && len(out) < 100 {
			out = append(out, epcis.Prefix{Prefix: p, Space: space})
		}
	}
	return out
}

// document reads the body of a capture by its media type.
func (s *Service) document(contentType string, body []byte) (*epcis.Document, error) {
	if len(body) > s.o.Limits.Bytes {
		return nil, ErrTooLarge.At("body", "").With("max", strconv.Itoa(s.o.Limits.Bytes)+" B")
	}
	media, _, err := mime.ParseMediaType(contentType)
	if contentType == "" {
		media, err = jsonLD, nil
	}
	var d *epcis.Document
	switch {
	case err == nil && (media == jsonLD || media == "application/json"):
		d, err = epcis.ParseJSON(body, s.o.Limits)
	case err == nil && (media == "application/xml" || media == "text/xml"):
		d, err = epcis.ParseXML(body, s.o.Limits)
	default:
		return nil, ErrMedia.At("header.Content-Type", contentType).With("types", jsonLD+", application/json, application/xml")
	}
	if bad, ok := err.(*epcis.Invalid); ok {
		return nil, invalid(bad.Faults)
	}
	if err == nil && d.Query {
		err = ErrQueryDoc.At("body.type", "EPCISQueryDocument")
	}
	return d, err
}

// captor is the organisation that captures: the one that is named, else the only one that the caller may capture for.
func captor(ctx context.Context, org uuid.UUID) (uuid.UUID, error) {
	if org != uuid.Nil {
		return org, nil
	}
	scope, err := auth.Visible(ctx, auth.Operate)
	if err != nil {
		return uuid.Nil, err
	}
	if id := scope.Org(); id != uuid.Nil {
		return id, nil
	}
	if scope.Empty() && !scope.All() {
		return uuid.Nil, auth.ErrForbidden.With("verb", string(auth.Operate))
	}
	return uuid.Nil, api.Missing("query.org")
}

// CaptureJob is what became of a capture (EPCIS 2.0, 12.7).
type CaptureJob struct {
	CaptureID  string         `json:"captureID"`
	Created    time.Time      `json:"createdAt"`
	Finished   time.Time      `json:"finishedAt"`
	Running    bool           `json:"running"`
	Success    bool           `json:"success"`
	Behaviour  string         `json:"captureErrorBehaviour" enum:"rollback,proceed"`
	Errors     []CaptureError `json:"errors" nullable:"false"`
	Events     int            `json:"jingwei:events" doc:"New events"`
	Duplicates int            `json:"jingwei:duplicates" doc:"Events that were known"`
}

// CaptureError is one thing that was wrong.
type CaptureError struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Detail   string `json:"detail"`
	Instance string `json:"instance" doc:"Path in the document"`
}

func jobView(c *Captured) CaptureJob {
	j := CaptureJob{CaptureID: c.ID.String(), Created: c.Created, Finished: c.Created, Success: c.Success, Behaviour: "rollback", Errors: []CaptureError{}, Events: c.Events,
		Duplicates: c.Duplicates}
	if c.Proceed {
		j.Behaviour = "proceed"
	}
	for _, f := range c.Faults {
		j.Errors = append(j.Errors, CaptureError{"epcisException:ValidationException", f.Rule.Words().En, f.Error(), f.Path})
	}
	return j
}

func (s *Service) captureRoutes(a *api.Server) {
	type input struct {
		EPCISRequest
		Org         uuid.UUID `query:"org" format:"uuid" doc:"For whom; may be left out by who may capture for one organisation only"`
		ContentType string    `header:"Content-Type"`
		Behaviour   string    `header:"GS1-Capture-Error-Behaviour" doc:"rollback (default) or proceed"`
		RawBody     []byte    `contentType:"application/ld+json"`
	}
	type output struct {
		Location string `header:"Location"`
		Body     CaptureJob
	}
	o := op(http.MethodPost, "captureEpcisDocument", "/capture", "Capture the events of a document")
	o.Description = "JSON-LD of EPCIS 2.0, or XML of EPCIS 2.0 and 1.2. The answer comes when the events are on the medium: the job is done by then. With rollback any fault refuses the whole document with 400; with proceed events with faults are left out and the job tells which. Events that were captured before are known by their hash and not kept twice."
	o.DefaultStatus = http.StatusAccepted
	o.MaxBodyBytes = int64(epcis.DefaultLimits.Bytes)
	o.BodyReadTimeout = 2 * time.Minute
	api.Register(a, o, func(ctx context.Context, in *input) (*output, error) {
		if err := in.check(); err != nil {
			return nil, err
		}
		if in.Behaviour != "" && in.Behaviour != "rollback" && in.Behaviour != "proceed" {
			return nil, ErrBehaviour.At("header.GS1-Capture-Error-Behaviour", in.Behaviour).With("values", "rollback, proceed")
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
		c, err := s.Capture(ctx, org, d, in.Behaviour == "proceed")
		if err == nil && !c.Success {
			err = invalid(c.Faults)
		}
		if err != nil {
			return nil, err
		}
		return &output{base + "/capture/" + c.ID.String(), jobView(&c)}, nil
	})
	type list struct {
		PerPage int    `query:"perPage" minimum:"1" maximum:"1000" default:"30"`
		Token   string `query:"nextPageToken" maxLength:"40"`
	}
	type jobs struct {
		Link string `header:"Link"`
		Body []CaptureJob
	}
	api.Register(a, op(http.MethodGet, "listEpcisCaptures", "/capture", "Captures, the newest first"), func(ctx context.Context, in *list) (*jobs, error) {
		var before int64
		if in.Token != "" {
			n, err := strconv.ParseInt(in.Token, 10, 64)
			if err != nil || n <= 0 {
				return nil, ErrPageToken.At("query.nextPageToken", in.Token)
			}
			before = n
		}
		all, next, err := s.Jobs(ctx, before, in.PerPage)
		if err != nil {
			return nil, err
		}
		out := &jobs{Body: make([]CaptureJob, 0, len(all))}
		for i := range all {
			out.Body = append(out.Body, jobView(&all[i]))
		}
		if next > 0 {
			out.Link = nextLink("/capture", "perPage="+strconv.Itoa(in.PerPage)+"&nextPageToken="+strconv.FormatInt(next, 10))
		}
		return out, nil
	})
	type one struct {
		ID uuid.UUID `path:"captureID" format:"uuid"`
	}
	api.Register(a, op(http.MethodGet, "getEpcisCapture", "/capture/{captureID}", "What became of a capture"), func(ctx context.Context, in *one) (*struct{ Body CaptureJob }, error) {
		c, err := s.Job(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &struct{ Body CaptureJob }{jobView(&c)}, nil
	})
}

func nextLink(path, query string) string { return "<" + base + path + "?" + query + `>; rel="next"` }

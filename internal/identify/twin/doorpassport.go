package twin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// PassportPrefix is where the read calls of EN 18222 are: /api/dpp/v1/dpps/{dppId} and so on. They need nobody signed in: a
// caller reads the tiers that reach it.
const PassportPrefix = "/api/dpp/"

// PassportHandler serves the read calls of EN 18222. What that standard has besides (create, update, register) is answered with
// 501: passports are published through the node's own API.
func (s *Service) PassportHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		body, err := s.passportCall(r)
		if err != nil {
			s.refusePassport(w, r, err)
			return
		}
		write(w, http.StatusOK, body)
	})
}

// errNotImplemented is for calls of EN 18222 that this node does not serve.
var errNotImplemented = errors.New("this call of EN 18222 is not served here")

func (s *Service) passportCall(r *http.Request) (any, error) {
	path, _ := strings.CutPrefix(r.URL.EscapedPath(), PassportPrefix)
	parts := strings.Split(path, "/")
	for i := range parts {
		p, err := url.PathUnescape(parts[i])
		if err != nil {
			return nil, malformed("path", parts[i], "it is not percent-encoded")
		}
		parts[i] = p
	}
	full := false
	switch v := r.URL.Query().Get("representation"); v {
	case "", "compressed":
	case "full":
		full = true
	default:
		return nil, malformed("query.representation", v, "it is compressed or full")
	}
	ctx := r.Context()
	switch {
	case len(parts) == 3 && parts[0] == "v1" && r.Method == http.MethodGet:
		switch parts[1] {
		case "dpps":
			return s.passportAt(ctx, parts[2], time.Time{}, full)
		case "dppsByIdAndDate":
			at, err := time.Parse(time.RFC3339Nano, r.URL.Query().Get("date"))
			if err != nil {
				return nil, malformed("query.date", r.URL.Query().Get("date"), "a date is written as 2026-06-08T15:30:00Z")
			}
			return s.passportAt(ctx, parts[2], at, full)
		case "dppsByProductId":
			found, _, err := s.ofProducts(ctx, parts[2:], store.Page{Limit: 1})
			if err != nil {
				return nil, err
			}
			if len(found) == 0 {
				return nil, fmt.Errorf("passport of %s: %w", clip(parts[2]), store.ErrNotFound)
			}
			return s.shown(ctx, &found[0], time.Time{}, full)
		}
	case len(parts) == 5 && parts[0] == "v1" && parts[1] == "dpps" && parts[3] == "elements" && r.Method == http.MethodGet:
		return s.passportElement(ctx, parts[2], parts[4], full)
	case len(parts) == 2 && parts[0] == "v1" && parts[1] == "dppsByProductIds" && r.Method == http.MethodPost:
		return s.passportIDs(r)
	}
	if len(parts) >= 2 && parts[0] == "v1" && (parts[1] == "dpps" || parts[1] == "registerDPP") && r.Method != http.MethodGet {
		return nil, errNotImplemented
	}
	return nil, api.ErrNoRoute.With("path", clip(r.URL.Path))
}

func (s *Service) passportAt(ctx context.Context, id string, at time.Time, full bool) (aas.Object, error) {
	p, err := s.passport(ctx, id, at)
	if err != nil {
		return nil, err
	}
	return s.shown(ctx, &p, at, full)
}

func (s *Service) shown(ctx context.Context, p *Published, at time.Time, full bool) (aas.Object, error) {
	submodels, err := s.readPassport(ctx, p, at)
	if err != nil {
		return nil, err
	}
	if full {
		return p.full(submodels), nil
	}
	return p.compressed(submodels), nil
}

// passportElement reads one element by a JSONPath of names and indexes, such as $.Nameplate.SerialNumber or $['A'][0].
func (s *Service) passportElement(ctx context.Context, id, path string, full bool) (any, error) {
	steps, err := jsonPath(path)
	if err != nil {
		return nil, err
	}
	p, err := s.passport(ctx, id, time.Time{})
	if err != nil {
		return nil, err
	}
	submodels, err := s.readPassport(ctx, &p, time.Time{})
	if err != nil {
		return nil, err
	}
	for _, sm := range submodels {
		if sm["idShort"] != steps[0].Name {
			continue
		}
		e, _, ok := aas.Find(sm, steps[1:])
		if !ok {
			break
		}
		if full {
			return dataElement(e, steps[len(steps)-1].Name), nil
		}
		out := aas.Object{"elementId": steps[len(steps)-1].Name}
		if v, ok := aas.Value(e, aas.Shape{}); ok && v != nil {
			out["value"] = v
		}
		return out, nil
	}
	return nil, fmt.Errorf("element %s: %w", clip(path), store.ErrNotFound)
}

// jsonPath reads the part of RFC 9535 that names one place: $, .name, ['name'], [0].
func jsonPath(s string) (out []aas.Step, err error) {
	bad := malformed("path.elementIdPath", s, "a path is written as $.Nameplate.SerialNumber or $['Nameplate'][0]")
	rest, ok := strings.CutPrefix(s, "$")
	if !ok || len(s) > 1000 {
		return nil, bad
	}
	for rest != "" {
		switch {
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[") + 1
			if end == 0 {
				end = len(rest)
			}
			if end == 1 {
				return nil, bad
			}
			out, rest = append(out, aas.Step{Name: rest[1:end]}), rest[end:]
		case rest[0] == '[':
			inside, after, closed := strings.Cut(rest[1:], "]")
			if !closed {
				return nil, bad
			}
			if n := len(inside); n > 2 && (inside[0] == '\'' || inside[0] == '"') && inside[n-1] == inside[0] {
				out = append(out, aas.Step{Name: inside[1 : n-1]})
			} else if i, err := strconv.ParseUint(inside, 10, 31); err == nil {
				out = append(out, aas.Step{Index: int(i)})
			} else {
				return nil, bad
			}
			rest = after
		default:
			return nil, bad
		}
	}
	if len(out) == 0 || out[0].Name == "" {
		return nil, bad
	}
	return out, nil
}

// maxProducts bounds the products of one question.
const maxProducts = 1000

func (s *Service) passportIDs(r *http.Request) (any, error) {
	var in struct {
		ProductIDs []string `json:"productIds"`
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, malformed("body", "", `the body is {"productIds": […]}`)
	}
	if len(in.ProductIDs) == 0 || len(in.ProductIDs) > maxProducts {
		return nil, malformed("body.productIds", strconv.Itoa(len(in.ProductIDs)), "it holds 1 to 1,000 ids")
	}
	page, err := (&call{Request: r}).page()
	if err != nil {
		return nil, err
	}
	found, next, err := s.ofProducts(r.Context(), in.ProductIDs, page)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	out := map[string]any{"dppIds": ids}
	if next != "" {
		out["nextCursor"] = next
	}
	return out, nil
}

// statusCodes are EN 18222's words (table 15).
var statusCodes = map[int]string{
	http.StatusBadRequest: "ClientErrorBadRequest", http.StatusUnauthorized: "ClientNotAuthorized", http.StatusForbidden: "ClientForbidden",
	http.StatusNotFound: "ClientErrorResourceNotFound", http.StatusConflict: "ClientResourceConflict", http.StatusMethodNotAllowed: "ClientMethodNotAllowed",
}

func (s *Service) refusePassport(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errNotImplemented) {
		w.WriteHeader(http.StatusNotImplemented) // without a result object (table 15)
		return
	}
	status, code, words := s.worded(r.Context(), err)
	word, ok := statusCodes[status]
	if !ok {
		if word = "ServerInternalError"; status < 500 {
			word = "ClientErrorBadRequest"
		}
	}
	write(w, status, map[string]any{"statusCode": word, "message": []message{{
		Code: code, CorrelationID: auth.OriginFrom(r.Context()).Request, MessageType: "Error", Text: words, Timestamp: s.o.Now().UTC().Format(time.RFC3339Nano),
	}}})
}

// PassportView is a passport as its publisher sees it.
type PassportView struct {
	Org     uuid.UUID `json:"org" format:"uuid"`
	Version int64     `json:"version"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Passport
}

func (p *Published) view() PassportView {
	return PassportView{Org: p.Org, Version: p.Version, At: time.Unix(0, p.At).UTC(), By: actorOf(p.Actor).Name, Passport: p.Passport}
}

func (s *Service) passportRoutes(a *api.Server) {
	type putInput struct {
		Body struct {
			Org uuid.UUID `json:"org" format:"uuid"`
			Passport
		}
	}
	type output struct{ Body PassportView }
	api.Register(a, tag.Operation(http.MethodPut, "publishPassport", "/passports", "Publish a product passport, or a new version of one"),
		func(ctx context.Context, in *putInput) (*output, error) {
			scope, err := auth.Allow(ctx, auth.Configure, in.Body.Org)
			if err != nil {
				return nil, err
			}
			p, err := s.Publish(ctx, scope, in.Body.Passport)
			return &output{p.view()}, err
		})
	type listInput struct {
		Org uuid.UUID `query:"org" format:"uuid" doc:"Only this organisation; without it all that you may see"`
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listPassports", "/passports", "Product passports that organisations have published"),
		func(ctx context.Context, in *listInput) (*api.List[PassportView], error) {
			scope, err := auth.AllowOrVisible(ctx, auth.Read, in.Org)
			if err != nil {
				return nil, err
			}
			list, next, err := s.Passports(ctx, scope, in.Page())
			return api.Listed(store.All(list, (*Published).view), next), err
		})
}

package resolver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"jingwei/internal/identify/gs1"
)

// Links is where a resolver finds what is declared. Sets returns the sets of the identities that have one, in their order.
type Links interface {
	Sets(ctx context.Context, identities []string) ([]*Set, error)
}

// Resolver answers Digital Link URIs over HTTP.
type Resolver struct {
	links   Links
	name    string          // of the node, in the description file
	stem    string          // path before the key under which everything is answered, such as "/id"
	context json.RawMessage // of JSON-LD
	refuse  func(w http.ResponseWriter, r *http.Request, err error)
}

// NewResolver makes a resolver that answers at the root of the host, and under a stem, compressed URIs too. refuse words a problem.
func NewResolver(links Links, name, stem string, refuse func(http.ResponseWriter, *http.Request, error)) (*Resolver, error) {
	inner, err := innerContext()
	if err != nil {
		return nil, err
	}
	return &Resolver{links, name, strings.TrimRight(stem, "/"), inner, refuse}, nil
}

// WellKnown is where a resolver is described.
const WellKnown = "/.well-known/gs1resolver"

// Paths are the path prefixes that the resolver takes: one for each primary key, the stem, and the description file.
func (v *Resolver) Paths() (out []string) {
	for _, d := range gs1.All() {
		if d.Key {
			out = append(out, "/"+d.First+"/")
		}
	}
	if v.stem != "" {
		out = append(out, v.stem+"/")
	}
	return append(out, WellKnown)
}

// ServeHTTP answers GET, HEAD and OPTIONS.
func (v *Resolver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Accept, Accept-Language")
	h.Set("Access-Control-Expose-Headers", "Link, Location, Content-Type")
	h.Set("Access-Control-Max-Age", "86400")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Allow", "GET, HEAD, OPTIONS")
	switch r.Method {
	case http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
		return
	case http.MethodGet, http.MethodHead:
	default:
		v.refuse(w, r, ErrMethod.With("method", r.Method))
		return
	}
	if r.URL.Path == WellKnown {
		v.describe(w, r)
		return
	}
	v.resolve(w, r)
}

// root is the address of the resolver as the caller knows it.
func root(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (v *Resolver) resolve(w http.ResponseWriter, r *http.Request) {
	path, base := r.URL.EscapedPath(), root(r)
	if rest, ok := strings.CutPrefix(path, v.stem+"/"); ok {
		path, base = "/"+rest, base+v.stem
	}
	// What the query says of AIs is no part of the identity, and is passed on with the rest.
	uri := "https://id.gs1.org" + strings.TrimRight(path, "/")
	link, err := gs1.Read(uri)
	if err != nil {
		v.refuse(w, r, Refused(err, "path"))
		return
	}
	sets, err := v.links.Sets(r.Context(), link.Levels())
	if err != nil {
		v.refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Add("Link", "<"+base+link.Identity()+`?linkType=linkset>; rel="linkset"; type="application/linkset+json"`)
	if _, failed := gs1.ParseLink(uri); failed != nil { // it was compressed
		h.Add("Link", "<"+base+link.Identity()+`>; rel="owl:sameAs"`)
	}
	h.Set("Vary", "Accept, Accept-Language")
	if len(sets) == 0 {
		v.refuse(w, r, ErrUnknown.At("path", link.Identity()))
		return
	}
	a := askOf(r)
	if a.linkset {
		v.list(w, r, a, http.StatusOK, base, sets)
		return
	}
	c := choose(a, sets)
	switch len(c.links) {
	case 0:
		v.refuse(w, r, ErrNoLink.At("query.linkType", typeName(a.linkType)))
	case 1:
		h.Set("Location", forwarded(c.links[0], r.URL.RawQuery))
		h.Set("Cache-Control", "no-cache")
		w.WriteHeader(http.StatusTemporaryRedirect)
	default:
		// Of several that are equally good the caller chooses.
		some := *sets[c.level]
		some.Links = c.links
		v.list(w, r, a, http.StatusMultipleChoices, base, []*Set{&some})
	}
}

// forwarded is the target with the query of the request behind its own.
func forwarded(l DeclaredLink, query string) string {
	if query == "" || l.Closed {
		return l.Href
	}
	href, fragment, hasFragment := strings.Cut(l.Href, "#")
	switch {
	case !strings.Contains(href, "?"):
		href += "?" + query
	case strings.HasSuffix(href, "?"), strings.HasSuffix(href, "&"):
		href += query
	default:
		href += "&" + query
	}
	if hasFragment {
		href += "#" + fragment
	}
	return href
}

// list answers with a linkset, as JSON, JSON-LD or a page.
func (v *Resolver) list(w http.ResponseWriter, r *http.Request, a ask, status int, base string, sets []*Set) {
	lang := "en"
	if spoken(a.languages, "zh") > spoken(a.languages, "en") {
		lang = "zh"
	}
	media, best := linksetJSON, quality(a.media, linksetJSON, true)
	for _, m := range []string{linkedJSON, plainJSON, html} {
		if q := quality(a.media, m, false); q > best || q == best && q > 0 && quality(a.media, linksetJSON, false) == 0 {
			media, best = m, q
		}
	}
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Language", lang)
	if media == html {
		v.show(w, r, status, lang, base, sets)
		return
	}
	var inner json.RawMessage
	if media == linkedJSON {
		inner = v.context
	} else {
		h.Add("Link", `<`+contextURL+`>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"`)
	}
	body, err := linkset(base, lang, sets, inner)
	if err != nil {
		v.refuse(w, r, err)
		return
	}
	v.write(w, r, status, media, body)
}

// contextURL is where GS1 publishes the context of linksets.
const contextURL = "https://ref.gs1.org/standards/resolver/linkset-context"

func (v *Resolver) show(w http.ResponseWriter, r *http.Request, status int, lang, base string, sets []*Set) {
	data := struct {
		Lang, Title string
		Sets        []pageSet
	}{Lang: lang, Title: "Links"}
	if lang == "zh" {
		data.Title = "链接"
	}
	for _, s := range sets {
		p := pageSet{Name: s.Description.In(lang), Anchor: base + s.Anchor}
		for _, l := range s.Links {
			p.Links = append(p.Links, pageLink{l.Href, l.Title.In(lang), strings.TrimSpace(typeName(l.Type) + " " + strings.Join(l.Languages, " ") + " " + l.Media)})
		}
		data.Sets = append(data.Sets, p)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, data); err != nil {
		v.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	v.write(w, r, status, html+"; charset=utf-8", b.Bytes())
}

func (v *Resolver) write(w http.ResponseWriter, r *http.Request, status int, media string, body []byte) {
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// describe answers the description file.
func (v *Resolver) describe(w http.ResponseWriter, r *http.Request) {
	body, err := json.Marshal(map[string]any{
		"name": v.name, "resolverRoot": root(r), "supportedPrimaryKeys": []string{"all"}, "linkTypeDefaultCanBeLinkset": false,
		"supportedLinkType": []map[string]string{{"namespace": Namespace, "prefix": "gs1:"}}, "jsonLdContextLocation": contextURL,
	})
	if err != nil {
		v.refuse(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	v.write(w, r, http.StatusOK, plainJSON, body)
}

// Refused words a *gs1.Fault at a place of a request; other errors it leaves as they are.
func Refused(err error, location string) error {
	var f *gs1.Fault
	if !errors.As(err, &f) {
		return err
	}
	return ErrSyntax.At(location, f.Value).With("ai", f.AI).With("position", f.At).With("length", f.Len).With("rule", string(f.Rule)).
		With("words", f.Rule.Words()).With("other", f.Other).Because(err)
}

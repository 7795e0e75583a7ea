package resolver

import (
	"net/http"
	"strconv"
	"strings"
)

// ask is what a request wants.
type ask struct {
	linkType  string // in our form; "" for the default
	linkset   bool
	languages []weighted // of Accept-Language
	media     []weighted // of Accept
	context   string
}

// weighted is a range with its quality, 0 to 1 (RFC 9110, section 12.4.2).
type weighted struct {
	name    string // in small letters
	quality float64
}

// maxRanges bounds what is read of a header.
const maxRanges = 20

// Media types of linksets.
const (
	linksetJSON = "application/linkset+json"
	linkedJSON  = "application/ld+json"
	plainJSON   = "application/json"
	html        = "text/html"
)

func askOf(r *http.Request) ask {
	q := r.URL.Query()
	a := ask{linkType: typeURI(q.Get("linkType")), context: q.Get("context"), languages: ranges(r.Header.Values("Accept-Language")), media: ranges(r.Header.Values("Accept"))}
	switch a.linkType {
	case "linkset", "all": // all was the word before version 1.2
		a.linkset = true
	case defaultLink:
		a.linkType = ""
	}
	a.linkset = a.linkset || quality(a.media, linksetJSON, false) > 0
	return a
}

// ranges reads a header of ranges with qualities.
func ranges(values []string) (out []weighted) {
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, params, _ := strings.Cut(part, ";")
		if name = strings.ToLower(strings.TrimSpace(name)); name == "" || len(out) == maxRanges {
			continue
		}
		w := weighted{name, 1}
		for p := range strings.SplitSeq(params, ";") {
			if v, ok := strings.CutPrefix(strings.TrimSpace(p), "q="); ok {
				q, err := strconv.ParseFloat(v, 64)
				if err != nil || q < 0 || q > 1 {
					q = 0
				}
				w.quality = q
			}
		}
		out = append(out, w)
	}
	return out
}

// quality is how much a media type is wanted; wildcards count where they may. The most exact range decides.
func quality(list []weighted, media string, wildcards bool) float64 {
	kind, _, _ := strings.Cut(media, "/")
	q, exact := 0.0, 0
	for _, w := range list {
		switch {
		case w.name == media && exact < 3:
			q, exact = w.quality, 3
		case wildcards && w.name == kind+"/*" && exact < 2:
			q, exact = w.quality, 2
		case wildcards && w.name == "*/*" && exact < 1:
			q, exact = w.quality, 1
		}
	}
	return q
}

// spoken is how much a language is wanted (RFC 4647, section 3.4, and the other way round a little less: who asks for zh-CN takes zh).
func spoken(list []weighted, tag string) float64 {
	tag = strings.ToLower(tag)
	q, exact := 0.0, -1
	for _, w := range list {
		n, factor := -1, 1.0
		switch {
		case w.name == tag, strings.HasPrefix(tag, w.name+"-"):
			n = len(w.name) + 1
		case strings.HasPrefix(w.name, tag+"-"):
			n, factor = len(tag), 0.9
		case w.name == "*":
			n = 0
		}
		if n > exact {
			q, exact = w.quality*factor, n
		}
	}
	return q
}

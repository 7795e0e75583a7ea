package resolver

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/identify/gs1"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/text"
)

// Bounds of a set of links.
const (
	maxLinks       = 100
	maxHref        = 2000 // bytes
	maxTitle       = 200  // characters
	maxDescription = 300
	maxMembers     = 20 // languages or contexts of a link
)

// DeclaredLink is one target.
type DeclaredLink struct {
	Type      string    `json:"type" maxLength:"200" doc:"Link type: of GS1's vocabulary (gs1:pip), or another absolute URI"`
	Href      string    `json:"href" maxLength:"2000" doc:"Target: absolute, http or https"`
	Title     text.Text `json:"title"`
	Languages []string  `json:"languages,omitempty" maxItems:"20" doc:"Of the target: zh, en-GB, …"`
	Media     string    `json:"media,omitempty" maxLength:"100" doc:"Media type of the target"`
	Contexts  []string  `json:"contexts,omitempty" maxItems:"20" doc:"Where the link applies, such as CN"`
	Default   bool      `json:"default,omitempty" doc:"Where a request leads that asks for nothing; of exactly one link"`
	Closed    bool      `json:"closed,omitempty" doc:"The query string of a request is not passed on to this target"`
}

// Set is what is declared for one thing.
type Set struct {
	Anchor      string         // identity: "/01/09506000134352/10/ABC"
	Org         uuid.UUID      // who keeps it
	Prefix      string         // GS1 Company Prefix by which it may
	Version     int64          // from 1
	Description text.Text      // what the thing is
	Links       []DeclaredLink // none where it is withdrawn
	At          int64          // ns
	By          audit.Actor
}

// Withdrawn tells whether the last version took the links away.
func (s *Set) Withdrawn() bool { return len(s.Links) == 0 }

// ParseAnchor reads an identity: a path of a key and its qualifiers, with or without a host before it. It is returned in normal form.
func ParseAnchor(s string) (*gs1.Link, error) {
	if strings.HasPrefix(s, "/") {
		s = "https://id.gs1.org" + s
	}
	l, err := gs1.Read(strings.TrimRight(s, "/"))
	if err != nil {
		return nil, err
	}
	return l, nil
}

var (
	languageForm = regexp.MustCompile(`^[a-z]{2}(-[A-Z]{2})?$`)
	mediaForm    = regexp.MustCompile(`^[a-z0-9]+/[-+.a-z0-9]+$`)
	contextForm  = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9_.]{0,39}$`)
	relationForm = regexp.MustCompile(`^https?://[a-zA-Z0-9./]+$`)
)

// check puts links into their normal form and refuses the first that cannot be. known are GS1's link types.
func check(description text.Text, links []DeclaredLink, known []GS1LinkType) ([]DeclaredLink, error) {
	if err := description.Check(maxDescription); err != nil {
		return nil, ErrDescription.At("body.description", description.In("en")).With("what", err.Error()).With("max", maxDescription)
	}
	if len(links) == 0 || len(links) > maxLinks {
		return nil, ErrCount.At("body.links", len(links)).With("max", maxLinks)
	}
	out, defaults := make([]DeclaredLink, len(links)), 0
	for i, l := range links {
		at := func(field string) string { return fmt.Sprintf("body.links[%d].%s", i, field) }
		l.Type, l.Href = typeURI(strings.TrimSpace(l.Type)), strings.TrimSpace(l.Href)
		if !knownType(l.Type, known) {
			return nil, ErrType.At(at("type"), l.Type)
		}
		if !safeTarget(l.Href) {
			return nil, ErrTarget.At(at("href"), l.Href)
		}
		if err := l.Title.Check(maxTitle); err != nil {
			return nil, ErrTitle.At(at("title"), l.Title.In("en")).With("what", err.Error()).With("max", maxTitle)
		}
		if bad, ok := all(l.Languages, languageForm); !ok {
			return nil, ErrLanguage.At(at("languages"), bad)
		}
		if bad, ok := all(l.Contexts, contextForm); !ok {
			return nil, ErrContext.At(at("contexts"), bad)
		}
		if l.Media != "" && !mediaForm.MatchString(l.Media) {
			return nil, ErrMedia.At(at("media"), l.Media)
		}
		if l.Default {
			defaults++
		}
		out[i] = l
	}
	if defaults != 1 {
		return nil, ErrDefault.At("body.links", defaults)
	}
	return out, nil
}

func all(list []string, form *regexp.Regexp) (string, bool) {
	if len(list) > maxMembers {
		return strings.Join(list[:3], ", "), false
	}
	for _, s := range list {
		if !form.MatchString(s) {
			return s, false
		}
	}
	return "", true
}

// knownType takes GS1's types by name, and any relation of others that a linkset can carry.
func knownType(uri string, known []GS1LinkType) bool {
	if strings.HasPrefix(uri, Namespace) {
		return slices.ContainsFunc(known, func(t GS1LinkType) bool { return t.URI == uri })
	}
	return relationForm.MatchString(uri)
}

// safeTarget tells whether a redirect may go there: absolute, http or https, a host, nobody's name or password, no control character.
func safeTarget(s string) bool {
	if len(s) > maxHref || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' || r == '"' || r == '<' || r == '>' }) {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil && u.Opaque == ""
}

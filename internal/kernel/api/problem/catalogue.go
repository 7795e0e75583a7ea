package problem

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"jingwei/internal/kernel/text"
)

// Wording is what a caller reads of one kind in one language. Texts may hold {name} for an attribute, {value} and
// {location}.
type Wording struct {
	Title  string `yaml:"title"`  // the kind in a few words
	Detail string `yaml:"detail"` // this occurrence
	Mend   string `yaml:"mend"`   // what the caller can do
}

// Catalogue holds the wordings by code and language.
type Catalogue struct {
	words map[Language]map[string]Wording
}

// Languages a catalogue has one file of each for: zh.yaml and en.yaml.
var Languages = []Language{Chinese, English}

// ReadCatalogue reads <language>.yaml of each language from dir. Both must hold the same codes, each with a title,
// a detail and a mend, and with the same attributes; anything else is an error that names the file and the code.
func ReadCatalogue(files fs.FS, dir string) (*Catalogue, error) {
	c := &Catalogue{words: map[Language]map[string]Wording{}}
	for _, lang := range Languages {
		name := dir + "/" + string(lang) + ".yaml"
		if dir == "" || dir == "." {
			name = string(lang) + ".yaml"
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read texts: %w", err)
		}
		words := map[string]Wording{}
		if err := yaml.UnmarshalWithOptions(data, &words, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("read texts %s: %w", name, err)
		}
		c.words[lang] = words
	}
	return c, c.check()
}

func (c *Catalogue) check() error {
	var faults []error
	for _, lang := range Languages {
		for code, w := range c.words[lang] {
			if w.Title == "" || w.Detail == "" || w.Mend == "" {
				faults = append(faults, fmt.Errorf("%s: %s needs title, detail and mend", lang, code))
			}
			for _, other := range Languages {
				o, ok := c.words[other][code]
				if !ok {
					faults = append(faults, fmt.Errorf("%s: %s is missing (%s has it)", other, code, lang))
				} else if a, b := placeholders(w), placeholders(o); !slices.Equal(a, b) {
					faults = append(faults, fmt.Errorf("%s: %s names %v, %s names %v", lang, code, a, other, b))
				}
			}
		}
	}
	return errors.Join(faults...)
}

// Codes are those that the catalogue has words for, sorted.
func (c *Catalogue) Codes() []string { return slices.Sorted(maps.Keys(c.words[English])) }

// Add takes over another room's wordings; a code that is there already is an error.
func (c *Catalogue) Add(other *Catalogue) error {
	for lang, words := range other.words {
		for code, w := range words {
			if _, taken := c.words[lang][code]; taken {
				return fmt.Errorf("two rooms have texts for %q: rename one of the codes", code)
			}
			if c.words[lang] == nil {
				c.words[lang] = map[string]Wording{}
			}
			c.words[lang][code] = w
		}
	}
	return nil
}

// Missing returns those of the kinds that have no wording; a room's test wants none.
func (c *Catalogue) Missing(kinds ...*Kind) []string {
	var out []string
	for _, k := range kinds {
		if _, ok := c.words[English][k.code]; !ok {
			out = append(out, k.code)
		}
	}
	return out
}

// Field is one fault of a request.
type Field struct {
	Code     string `json:"code" doc:"Stable name of the fault"`
	Location string `json:"location" doc:"Where in the request, such as body.name or query.from"`
	Value    any    `json:"value,omitempty" doc:"The value found there; left out for secrets and for whole objects"`
	Message  string `json:"message" doc:"What is wrong, in the caller's language"`
	Mend     string `json:"mend" doc:"What to do about it, in the caller's language"`
}

// Document is a problem as it is answered (RFC 9457), in one language.
type Document struct {
	Type     string  `json:"type" doc:"urn:jingwei:problem: and the code"`
	Title    string  `json:"title"`
	Status   int     `json:"status"`
	Detail   string  `json:"detail"`
	Code     string  `json:"code" doc:"Stable name that programs act on"`
	Mend     string  `json:"mend,omitempty" doc:"What the caller can do"`
	Instance string  `json:"instance,omitempty" doc:"urn:jingwei:request: and the request's id, which the node's log carries too"`
	Errors   []Field `json:"errors,omitempty"`
}

// ContentType names the media type of a problem.
func (d *Document) ContentType(string) string { return MediaType }

// Document words an occurrence. A code without a wording is answered with its name alone, never with the cause.
func (c *Catalogue) Document(e *Error, lang Language) *Document {
	w := c.wording(e, lang)
	d := &Document{
		Type: "urn:jingwei:problem:" + e.kind.code, Title: w.Title, Status: e.kind.status,
		Detail: w.Detail, Code: e.kind.code, Mend: w.Mend,
	}
	fields := e.fields
	if e.location != "" {
		fields = append([]*Error{e}, fields...)
	}
	for _, f := range fields {
		w := c.wording(f, lang)
		item := Field{Code: f.kind.code, Location: f.location, Message: w.Detail, Mend: w.Mend}
		if v, ok := Echo(f.location, f.value); ok {
			item.Value = v
		}
		d.Errors = append(d.Errors, item)
	}
	return d
}

func (c *Catalogue) wording(e *Error, lang Language) Wording {
	w, ok := c.words[lang][e.kind.code]
	if !ok {
		return Wording{Title: e.kind.code, Detail: e.kind.code}
	}
	w.Title, w.Detail, w.Mend = e.fill(w.Title, lang), e.fill(w.Detail, lang), e.fill(w.Mend, lang)
	return w
}

// fill replaces {name} by the attribute; an unknown name becomes "?".
func (e *Error) fill(s string, lang Language) string {
	if !strings.Contains(s, "{") {
		return s
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "{")
		b.WriteString(before)
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			return b.String()
		}
		b.WriteString(e.attribute(name, lang))
		s = after
	}
}

// attribute is a word for a text. A text.Text comes in the caller's language.
func (e *Error) attribute(name string, lang Language) string {
	v, ok := e.attributes[name]
	switch {
	case ok:
		if both, two := v.(text.Text); two {
			v = both.In(string(lang))
		}
	case name == "location":
		v = e.location
	case name == "value":
		if v, ok = Echo(e.location, e.value); !ok {
			return "…"
		}
	default:
		return "?"
	}
	s := fmt.Sprint(v)
	if len(s) > maxEcho {
		s = cut(s) + "…"
	}
	return s
}

func placeholders(w Wording) []string {
	var names []string
	for _, s := range []string{w.Title, w.Detail, w.Mend} {
		for {
			_, rest, ok := strings.Cut(s, "{")
			if !ok {
				break
			}
			name, after, _ := strings.Cut(rest, "}")
			names, s = append(names, name), after
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// maxEcho is the longest value in bytes that is sent back.
const maxEcho = 200

// secrets are names of fields whose value is never sent back or logged.
var secrets = []string{"password", "current", "new", "token", "secret", "code", "csr", "authorization", "cookie"}

// Echo returns what of a value may be shown again: numbers, truth and short text; nothing of a secret field, and
// nothing of a whole object or list, which may hold one.
func Echo(location string, value any) (any, bool) {
	name := location
	if i := strings.LastIndexByte(location, '.'); i >= 0 {
		name = location[i+1:]
	}
	name, _, _ = strings.Cut(name, "[")
	if slices.Contains(secrets, strings.ToLower(name)) {
		return nil, false
	}
	switch v := value.(type) {
	case string:
		if len(v) > maxEcho {
			return cut(v) + "…", true
		}
		return strings.ToValidUTF8(v, "\uFFFD"), true
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Sprint(v), true // JSON has no such number
		}
		return v, true
	case bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		return v, true
	case fmt.Stringer:
		return v.String(), true
	}
	return nil, false
}

func cut(s string) string {
	n := maxEcho
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.ToValidUTF8(s[:n], "\uFFFD")
}

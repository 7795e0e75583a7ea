package mqttjson

import (
	"errors"
	"fmt"
	"strings"
)

// template is a text with captures: of a topic, level by level, or free.
type template []part

type part struct {
	kind partKind
	text string // the word, or the capture's name
}

type partKind uint8

const (
	word     partKind = iota
	capture           // {name}
	anyLevel          // +
	anyRest           // #
)

// parseTopic reads a topic template: each level is a word, {name}, + or, as the last, #.
func parseTopic(s string) (template, error) {
	if s == "" || len(s) > maxTopic || strings.Contains(s, "\x00") {
		return nil, fmt.Errorf("a topic has 1 to %d bytes", maxTopic)
	}
	var out template
	seen := map[string]bool{}
	levels := strings.Split(s, "/")
	for i, l := range levels {
		switch {
		case l == "+":
			out = append(out, part{kind: anyLevel})
		case l == "#":
			if i < len(levels)-1 {
				return nil, errors.New("# stands at the end only")
			}
			out = append(out, part{kind: anyRest})
		case strings.HasPrefix(l, "{") && strings.HasSuffix(l, "}") && len(l) > 2:
			name := l[1 : len(l)-1]
			if !plain(name) || seen[name] {
				return nil, fmt.Errorf("the name %s has other characters than letters and digits, or stands twice", l)
			}
			seen[name] = true
			out = append(out, part{kind: capture, text: name})
		case strings.ContainsAny(l, "+#{}"):
			return nil, fmt.Errorf("the level %q mixes a word with a wildcard", l)
		default:
			out = append(out, part{kind: word, text: l})
		}
	}
	return out, nil
}

// parseText reads a text with {name} in it.
func parseText(s string) (template, error) {
	var out template
	for s != "" {
		before, after, ok := strings.Cut(s, "{")
		if before != "" {
			out = append(out, part{kind: word, text: before})
		}
		if !ok {
			break
		}
		name, after, ok := strings.Cut(after, "}")
		if !ok || !plain(name) {
			return nil, fmt.Errorf("a name in braces wants letters and digits: {%s", name)
		}
		out = append(out, part{kind: capture, text: name})
		s = after
	}
	return out, nil
}

func plain(s string) bool {
	for _, r := range s {
		if !(r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return false
		}
	}
	return s != ""
}

func (t template) names() map[string]bool {
	out := map[string]bool{}
	for _, p := range t {
		if p.kind == capture {
			out[p.text] = true
		}
	}
	return out
}

// match takes a topic apart.
func (t template) match(topic string) (map[string]string, bool) {
	var got map[string]string
	more := true
	for _, p := range t {
		if p.kind == anyRest {
			return got, true
		}
		if !more {
			return nil, false
		}
		var level string
		level, topic, more = strings.Cut(topic, "/")
		switch p.kind {
		case word:
			if level != p.text {
				return nil, false
			}
		case capture:
			if level == "" {
				return nil, false
			}
			if got == nil {
				got = map[string]string{}
			}
			got[p.text] = level
		}
	}
	return got, !more
}

// fill puts captures into a text.
func (t template) fill(got map[string]string) string {
	if len(t) == 1 && t[0].kind == word {
		return t[0].text
	}
	var b strings.Builder
	for _, p := range t {
		if p.kind == word {
			b.WriteString(p.text)
			continue
		}
		b.WriteString(got[p.text])
	}
	return b.String()
}

// filter is the topic as an MQTT filter, with some captures known.
func (t template) filter(known map[string]string) string {
	levels := make([]string, len(t))
	for i, p := range t {
		switch p.kind {
		case word:
			levels[i] = p.text
		case anyRest:
			levels[i] = "#"
		default:
			levels[i] = "+"
			if k := known[p.text]; k != "" && p.kind == capture {
				levels[i] = k
			}
		}
	}
	return strings.Join(levels, "/")
}

// split is fill backwards: what the captures must have been.
func (t template) split(text string, into map[string]string) bool {
	for i, p := range t {
		if p.kind == word {
			var ok bool
			if text, ok = strings.CutPrefix(text, p.text); !ok {
				return false
			}
			continue
		}
		got := text
		if i+1 < len(t) && t[i+1].kind == word {
			end := strings.Index(text, t[i+1].text)
			if end < 0 {
				return false
			}
			got = text[:end]
		}
		into[p.text], text = got, text[len(got):]
	}
	return text == ""
}

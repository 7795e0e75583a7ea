package aas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Object is a JSON object.
type Object = map[string]any

// Bounds of what is read.
const (
	MaxDocument    = 16 << 20 // bytes of one shell, submodel or concept description
	MaxEnvironment = 64 << 20 // bytes of an environment
	maxDepth       = 128      // of JSON or XML: some sixty collections within one another
	maxNodes       = 2_000_000
)

// parse reads JSON as maps, slices, strings, float64 and bool, as the library's types are built from. It refuses what the
// standard reader lets through: names that stand twice, text that is not UTF-8, depth without bound.
func parse(b []byte, limit int) (any, *Fault) {
	if len(b) > limit {
		return nil, &Fault{Rule: RuleSize, Message: fmt.Sprintf("it has %d bytes; at most %d are read", len(b), limit)}
	}
	if !utf8.Valid(b) {
		return nil, &Fault{Rule: RuleSyntax, Message: "it is not UTF-8"}
	}
	p := &parser{d: json.NewDecoder(bytes.NewReader(b))}
	v, f := p.value(0)
	if f != nil {
		return nil, f
	}
	if _, err := p.d.Token(); !errors.Is(err, io.EOF) {
		return nil, p.fault(RuleSyntax, "something stands behind its end")
	}
	return v, nil
}

type parser struct {
	d     *json.Decoder
	at    segments
	nodes int
}

func (p *parser) fault(rule, message string) *Fault {
	return &Fault{Path: p.at.String(), Rule: rule, Message: message}
}

func (p *parser) token() (json.Token, *Fault) {
	t, err := p.d.Token()
	if err == nil {
		return t, nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, p.fault(RuleSyntax, "it ends in the middle")
	}
	return nil, p.fault(RuleSyntax, fmt.Sprintf("%s, at byte %d", shown(err.Error()), p.d.InputOffset()))
}

func (p *parser) value(depth int) (any, *Fault) {
	if p.nodes++; p.nodes > maxNodes {
		return nil, p.fault(RuleSize, fmt.Sprintf("it has more than %d values", maxNodes))
	}
	t, f := p.token()
	if f != nil {
		return nil, f
	}
	delim, nested := t.(json.Delim)
	if !nested {
		return t, nil
	}
	if depth >= maxDepth {
		return nil, p.fault(RuleSize, fmt.Sprintf("it is nested more than %d deep", maxDepth))
	}
	if delim == '{' {
		return p.object(depth)
	}
	return p.list(depth)
}

func (p *parser) object(depth int) (any, *Fault) {
	out := Object{}
	for p.d.More() {
		t, f := p.token()
		if f != nil {
			return nil, f
		}
		name, _ := t.(string)
		p.at = append(p.at, name)
		if _, twice := out[name]; twice {
			return nil, p.fault(RuleDuplicate, "the name stands twice in the object")
		}
		v, f := p.value(depth + 1)
		if f != nil {
			return nil, f
		}
		out[name] = v
		p.at = p.at[:len(p.at)-1]
	}
	_, f := p.token()
	return out, f
}

func (p *parser) list(depth int) (any, *Fault) {
	out := []any{}
	for p.d.More() {
		p.at = append(p.at, len(out))
		v, f := p.value(depth + 1)
		if f != nil {
			return nil, f
		}
		out = append(out, v)
		p.at = p.at[:len(p.at)-1]
	}
	_, f := p.token()
	return out, f
}

// Encode writes JSON with sorted names and without escapes that JSON does not need: the canonical bytes of a document.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write a document: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

package otlp

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"jingwei/internal/connect/ingest/push/rows"
)

// Options of decoding.
type Options struct {
	Keys  []string // resource attributes that name the device, the first that is there
	Scope bool     // the instrumentation scope's name is part of the metric, as {otel_scope_name=…}
}

const scopeTag = "otel_scope_name"

// device is the value of the first of the wanted attributes, which the pairs are of.
func (o Options) device(pairs []byte) string {
	tags, _ := split(pairs)
	device, _ := rows.Pick(tags, o.Keys)
	return device
}

// Naming is how points become metrics.
type Naming struct{ Omit map[string]bool }

// Device was found while decoding; "" where the resource names none.
func (Naming) Device(key []byte) (string, *rows.Fault) {
	if !utf8.Valid(key) {
		return "", notText(key)
	}
	return string(key), nil
}

// Metric is name{attribute=value,…}.
func (n Naming) Metric(_, name []byte) (string, *rows.Fault) {
	parts := words(name)
	if len(parts) < 2 {
		return "", notText(name)
	}
	for _, w := range parts {
		if !utf8.Valid(w) {
			return "", notText(w)
		}
	}
	tags, twice := split(name[len(pair(nil, string(parts[0]), string(parts[1]))):])
	if len(tags) > rows.MaxTags {
		return "", &rows.Fault{Kind: rows.ErrSyntax, Reason: rows.TooManyTags}
	}
	if twice != "" {
		return "", &rows.Fault{Kind: rows.ErrSyntax, Reason: attributeTwice, Value: twice}
	}
	return rows.Join(rows.Escape(string(parts[0])+string(parts[1]), `{}\`), tags, func(k string) bool { return n.Omit[k] }), nil
}

var attributeTwice = wrong{Zh: "同一属性出现两次", En: "an attribute stands there twice"}

func notText(v []byte) *rows.Fault {
	return &rows.Fault{Kind: rows.ErrSyntax, Reason: rows.NotUTF8, Value: string(bytes.ToValidUTF8(v, []byte("�")))}
}

// words takes apart what pair has put together.
func words(s []byte) (out [][]byte) {
	for len(s) > 0 {
		n, w := binary.Uvarint(s)
		if w <= 0 || n > uint64(len(s)-w) {
			return out
		}
		out = append(out, s[w:w+int(n)])
		s = s[w+int(n):]
	}
	return out
}

func split(pairs []byte) (tags []rows.Tag, twice string) {
	w := words(pairs)
	for i := 0; i+1 < len(w); i += 2 {
		t := rows.Tag{Key: string(w[i]), Value: string(w[i+1])}
		if slices.ContainsFunc(tags, func(o rows.Tag) bool { return o.Key == t.Key }) {
			twice = t.Key
			continue
		}
		if tags = append(tags, t); len(tags) > rows.MaxTags {
			break
		}
	}
	return tags, twice
}

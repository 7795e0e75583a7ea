package influx

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"jingwei/internal/connect/ingest/push/rows"
)

type escapes [256]byte // what stands for a character after a backslash, 0: the backslash stands for itself

var (
	measurementEscapes = &escapes{',': ',', ' ': ' '}
	tagEscapes         = &escapes{',': ',', ' ': ' ', '=': '='}
	stringEscapes      = escapes{'\\': '\\', '"': '"', 'n': '\n', 'r': '\r', 't': '\t'}
)

func unescape(s []byte, e *escapes) []byte {
	if bytes.IndexByte(s, '\\') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && e[s[i+1]] != 0 {
			i++
			out = append(out, e[s[i]])
			continue
		}
		out = append(out, s[i])
	}
	return out
}

func locate(line, _ uint32) string { return fmt.Sprintf("line %d", line) }

// Naming is how lines become devices and metrics.
type Naming struct {
	Keys []string // tags that name the device, the first that is there; without any the measurement is the device
	Omit map[string]bool
}

// Device is the value of the first tag of Keys that is there, else the measurement.
func (n Naming) Device(key []byte) (string, *rows.Fault) {
	measurement, tags, f := split(key)
	if f != nil {
		return "", f
	}
	if device, _ := rows.Pick(tags, n.Keys); device != "" {
		return device, nil
	}
	return measurement, nil
}

// Metric is measurement.field{tag=value,…} of the tags that remain. A dot in the field's name is escaped, so that the last
// one that is not stands between measurement and field.
func (n Naming) Metric(key, name []byte) (string, *rows.Fault) {
	measurement, tags, f := split(key)
	if f != nil {
		return "", f
	}
	_, device := rows.Pick(tags, n.Keys)
	field := string(unescape(name, tagEscapes))
	return rows.Join(rows.Escape(measurement, `{}\`)+"."+rows.Escape(field, `.{}\`), tags,
		func(k string) bool { return k == device || n.Omit[k] }), nil
}

var (
	noMeasurement = wrong{Zh: "缺少测量名", En: "there is no measurement"}
	badTag        = wrong{Zh: "标签应写成 键=值，键和值都不能为空", En: "a tag is written key=value, with neither of them empty"}
	twice         = wrong{Zh: "同一标签出现两次", En: "a tag stands there twice"}
)

// split takes measurement and tags apart.
func split(key []byte) (measurement string, tags []rows.Tag, f *rows.Fault) {
	fault := func(r wrong, v []byte) (string, []rows.Tag, *rows.Fault) {
		return "", nil, &rows.Fault{Kind: rows.ErrSyntax, Reason: r, Value: string(bytes.ToValidUTF8(v, []byte("�")))}
	}
	if !utf8.Valid(key) {
		return fault(rows.NotUTF8, key)
	}
	p := until(key, 0, measurementEscapes, false)
	if p == 0 {
		return fault(noMeasurement, key)
	}
	measurement = string(unescape(key[:p], measurementEscapes))
	for p < len(key) {
		from := p + 1
		eq := until(key, from, tagEscapes, true)
		if eq == from || eq >= len(key) || key[eq] != '=' {
			return fault(badTag, key[p:])
		}
		if p = until(key, eq+1, tagEscapes, true); p == eq+1 || p < len(key) && key[p] != ',' {
			return fault(badTag, key[from:])
		}
		t := rows.Tag{Key: string(unescape(key[from:eq], tagEscapes)), Value: string(unescape(key[eq+1:p], tagEscapes))}
		for _, o := range tags {
			if o.Key == t.Key {
				return fault(twice, key[from:p])
			}
		}
		if tags = append(tags, t); len(tags) > rows.MaxTags {
			return fault(rows.TooManyTags, key[:100])
		}
	}
	return measurement, tags, nil
}

// until finds the next comma, or = where that ends something too, that no backslash stands before.
func until(s []byte, p int, e *escapes, equals bool) int {
	for ; p < len(s); p++ {
		switch c := s[p]; {
		case c == '\\' && p+1 < len(s) && e[s[p+1]] != 0:
			p++
		case c == ',', c == '=' && equals:
			return p
		}
	}
	return p
}

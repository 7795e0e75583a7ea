package rows

import (
	"slices"
	"strings"
)

// Naming turns what a format calls a series into a device and a metric. It is a pure function of the configuration, asked
// once for a series, not for each value. ok is false where the key is malformed, and Reason says how.
type Naming interface {
	// Device of a group; "" where nothing in it names one.
	Device(key []byte) (device string, fault *Fault)
	// Metric of a name in a group.
	Metric(key, name []byte) (metric string, fault *Fault)
}

// Tag is a named property of a series: an Influx tag, a Prometheus label, an OTLP attribute.
type Tag struct{ Key, Value string }

// Pick returns the value of the first of the wanted keys that is there and not empty, and which it was.
func Pick(tags []Tag, wanted []string) (value, key string) {
	for _, w := range wanted {
		for _, t := range tags {
			if t.Key == w && t.Value != "" {
				return t.Value, w
			}
		}
	}
	return "", ""
}

// Join writes name{k=v,…}: tags in order of their keys without those that are left out, no braces where none remain.
// A backslash stands before , = { } and \ in keys and values, so that different tags never give the same metric; the
// caller has escaped { } and \ in the name.
func Join(name string, tags []Tag, without func(key string) bool) string {
	tags = slices.DeleteFunc(slices.Clone(tags), func(t Tag) bool { return without(t.Key) })
	if len(tags) == 0 {
		return name
	}
	slices.SortFunc(tags, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) })
	var b strings.Builder
	b.WriteString(name)
	for i, t := range tags {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(Escape(t.Key, `,={}\`))
		b.WriteByte('=')
		b.WriteString(Escape(t.Value, `,={}\`))
	}
	b.WriteByte('}')
	return b.String()
}

// Escape puts a backslash before each of the characters.
func Escape(s, chars string) string {
	if !strings.ContainsAny(s, chars) {
		return s
	}
	var b strings.Builder
	for {
		i := strings.IndexAny(s, chars)
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		b.WriteByte('\\')
		b.WriteByte(s[i])
		s = s[i+1:]
	}
}

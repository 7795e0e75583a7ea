package sheet

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// formatName stands at the head of a file; the number grows when a file of an older node would be misread.
const formatName = "jingwei-plant/1"

// nests tells under which field things of a level stand in what is above them, in the order of writing.
var nests = []struct{ field, level string }{{"sites", "site"}, {"areas", "area"}, {"lines", "line"}, {"machines", "machine"}, {"points", "point"}}

// writeYAML writes places and machines in blocks and each point on a line of its own.
func writeYAML(items []Item) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "format: %s\n", formatName)
	children := make([][]int, len(items)+1)
	for i := range items {
		children[items[i].Parent+1] = append(children[items[i].Parent+1], i)
	}
	var under func(parent int, indent string)
	under = func(parent int, indent string) {
		for _, n := range nests {
			first := true
			for _, i := range children[parent+1] {
				it := &items[i]
				if it.Level != n.level {
					continue
				}
				if first {
					fmt.Fprintf(&b, "%s%s:\n", indent, n.field)
					first = false
				}
				if it.Point != nil {
					fmt.Fprintf(&b, "%s  - %s\n", indent, pointFlow(it))
					continue
				}
				inner := indent + "    "
				fmt.Fprintf(&b, "%s  - name: %s\n", indent, textFlow(it.Name.Zh, it.Name.En))
				for _, f := range [][2]string{{"id", it.ID}, {"class", it.Class}, {"template", it.Template}} {
					if f[1] != "" {
						fmt.Fprintf(&b, "%s%s: %s\n", inner, f[0], scalar(f[1]))
					}
				}
				under(i, inner)
			}
		}
	}
	under(-1, "")
	return b.Bytes(), nil
}

func textFlow(zh, en string) string {
	var parts []string
	if zh != "" {
		parts = append(parts, "zh: "+scalar(zh))
	}
	if en != "" {
		parts = append(parts, "en: "+scalar(en))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func pointFlow(it *Item) string {
	var cells [columns]string
	pointCells(it.Point, &cells)
	parts := []string{"key: " + scalar(cells[Key]), "name: " + textFlow(cells[NameZh], cells[NameEn])}
	if it.ID != "" {
		parts = append(parts, "id: "+scalar(it.ID))
	}
	for c := Type; c < Values; c++ {
		switch s := cells[c]; {
		case s == "":
		case numeric(c):
			parts = append(parts, c.Field()+": "+s)
		default:
			parts = append(parts, c.Field()+": "+scalar(s))
		}
	}
	if len(it.Point.Values) > 0 {
		values := make([]string, len(it.Point.Values))
		for i, v := range it.Point.Values {
			values[i] = fmt.Sprintf("{value: %d, name: %s}", v.Value, textFlow(v.Name.Zh, v.Name.En))
		}
		parts = append(parts, "values: ["+strings.Join(values, ", ")+"]")
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// reserved are plain words that YAML, in some version of it, takes for something else than a text.
var reserved = []string{"true", "false", "yes", "no", "on", "off", "y", "n", "null"}

// scalar writes a text, in quotes where YAML could take it for something else.
func scalar(s string) string {
	bare := s != "" && !slices.Contains(reserved, strings.ToLower(s))
	for i, r := range s {
		letter := unicode.IsLetter(r)
		if !letter && (i == 0 || !unicode.IsDigit(r) && !strings.ContainsRune("._/-", r)) {
			bare = false
			break
		}
	}
	if bare {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f || r == 0x85 || r == 0xfeff || r == 0x2028 || r == 0x2029:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

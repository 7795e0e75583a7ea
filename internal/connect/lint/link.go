package lint

import (
	"encoding/json"
	"maps"

	"github.com/goccy/go-yaml"

	"jingwei/internal/connect/driver"
	"jingwei/internal/plant/template"
)

// linkOf makes a link's configuration as the template wants it: its own settings, and what the driver's schema requires
// besides (an address, mostly) taken from the schema's examples, so that the driver can judge the points without a
// device.
func linkOf(d driver.Driver, t *template.Template) json.RawMessage {
	var schema struct {
		Required   []string `json:"required"`
		Properties map[string]struct {
			Type     string `json:"type"`
			Default  any    `json:"default"`
			Examples []any  `json:"examples"`
			Enum     []any  `json:"enum"`
		} `json:"properties"`
	}
	_ = json.Unmarshal(d.Schema(), &schema) // a driver's own test holds its schema to be JSON
	fields := maps.Clone(t.Link)
	if fields == nil {
		fields = map[string]any{}
	}
	for _, name := range schema.Required {
		if _, given := fields[name]; given {
			continue
		}
		p := schema.Properties[name]
		switch {
		case len(p.Examples) > 0:
			fields[name] = p.Examples[0]
		case p.Default != nil:
			fields[name] = p.Default
		case len(p.Enum) > 0:
			fields[name] = p.Enum[0]
		case p.Type == "string":
			fields[name] = "example"
		}
	}
	raw, err := json.Marshal(fields)
	if err != nil { // a YAML map may hold what JSON cannot, such as a map with numbers as keys
		return json.RawMessage(`{}`)
	}
	return raw
}

// lenient reads a template without the pack's strictness, to word its faults in both languages; nil where that fails.
func lenient(data []byte) (t *template.Template) {
	defer func() {
		if recover() != nil { // the library panics on some malformed input
			t = nil
		}
	}()
	t = new(template.Template)
	if err := yaml.Unmarshal(data, t); err != nil {
		return nil
	}
	return t
}

package field

import (
	"encoding/json"
)

// number is a JSON number as it is written.
func number(s string) json.Number { return json.Number(s) }

// JSONSchema describes the records as JSON Schema 2020-12. lang is the language of titles and descriptions. What JSON Schema
// cannot say (formats with check digits, one date after another) is left to Read.
func (s Schema) JSONSchema(lang string) map[string]any {
	doc := s.object(lang)
	doc["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	return doc
}

func (s Schema) object(lang string) map[string]any {
	properties, required := map[string]any{}, []string{}
	for i := range s {
		f := &s[i]
		if f.Calc != "" {
			p := f.property(lang)
			p["readOnly"] = true
			properties[f.Key] = p
			continue
		}
		properties[f.Key] = f.property(lang)
		if f.Required {
			required = append(required, f.Key)
		}
	}
	out := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func (f *Field) property(lang string) map[string]any {
	p := map[string]any{"title": f.Name.In(lang)}
	if !f.Help.IsZero() {
		p["description"] = f.Help.In(lang)
	}
	switch f.Type {
	case Text:
		p["type"], p["maxLength"] = "string", f.length()
		if f.MinLength > 0 {
			p["minLength"] = f.MinLength
		}
		if f.Pattern != "" {
			p["pattern"] = whole(f.Pattern)
		}
		if f.Format != "" {
			p["format"] = f.Format
		}
	case Integer, Money:
		p["type"], p["minimum"], p["maximum"] = "integer", number("-9007199254740991"), number("9007199254740991")
		if f.Min != "" {
			p["minimum"] = number(string(f.Min))
		}
		if f.Max != "" {
			p["maximum"] = number(string(f.Max))
		}
	case Decimal:
		p["type"], p["pattern"] = []string{"string", "number"}, decimalForm.String()
		if f.Min != "" {
			p["minimum"] = number(string(f.Min))
		}
		if f.Max != "" {
			p["maximum"] = number(string(f.Max))
		}
	case Boolean:
		p["type"] = "boolean"
	case Date:
		p["type"], p["format"] = "string", "date"
	case Time:
		p["type"], p["format"] = "string", "date-time"
	case Org:
		p["type"], p["format"] = "string", "uuid"
	case Choice:
		ids := make([]string, len(f.Options))
		for i, o := range f.Options {
			ids[i] = o.ID
		}
		p["type"], p["enum"] = "string", ids
	case List:
		p["type"], p["items"], p["maxItems"] = "array", Schema(f.Fields).object(lang), f.items()
	}
	return p
}

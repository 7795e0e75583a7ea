package mirror

import (
	"encoding/base64"

	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
)

// qudt are QUDT's units for the UCUM codes that machines use most. Others are told by their UCUM code alone.
var qudt = map[string]string{
	"Cel": "DEG_C", "K": "K", "%": "PERCENT", "1": "UNITLESS", "A": "A", "V": "V", "kV": "KiloV", "W": "W", "kW": "KiloW", "MW": "MegaW", "kW.h": "KiloW-HR",
	"V.A": "V-A", "kV.A": "KiloV-A", "Hz": "HZ", "Pa": "PA", "kPa": "KiloPA", "MPa": "MegaPA", "bar": "BAR", "m": "M", "mm": "MilliM", "um": "MicroM", "m/s": "M-PER-SEC",
	"mm/s": "MilliM-PER-SEC", "m/s2": "M-PER-SEC2", "kg": "KiloGM", "g": "GM", "t": "TONNE", "N": "N", "kN": "KiloN", "N.m": "N-M", "J": "J", "s": "SEC", "min": "MIN", "h": "HR",
	"L": "L", "m3": "M3", "m3/h": "M3-PER-HR", "L/min": "L-PER-MIN", "{rev}/min": "REV-PER-MIN",
}

// ThingDescriptionOf is a machine as a WoT Thing Description 1.1: each point a property that can be read, with its unit in UCUM
// and, where it has one, QUDT. base is the address of the organisation's AAS API.
func ThingDescriptionOf(t *Thing, base string) Object {
	n := &t.Node
	names := pointNames(t.Points)
	properties := Object{}
	for i := range t.Points {
		properties[names[i]] = affordance(n, &t.Points[i], names[i])
	}
	out := Object{
		"@context": []any{"https://www.w3.org/2022/wot/td/v1.1", Object{
			"@language": "en", "qudt": "http://qudt.org/schema/qudt/", "unit": "http://qudt.org/vocab/unit/", "ucum": "urn:oid:2.16.840.1.113883.6.8:",
		}},
		"id": AssetID(n.ID), "title": titled(n.Name), "created": moment(n.From), "base": base + "/",
		"securityDefinitions": Object{"token": Object{"scheme": "bearer", "in": "header", "name": "Authorization", "format": "opaque"}},
		"security":            []any{"token"},
		"links": []any{Object{
			"rel": "describedby", "type": "application/json", "href": "shells/" + encoded(ID(n.ID, Shell)),
		}},
		"properties": properties,
	}
	if titles := inLanguages(n.Name); len(titles) > 0 {
		out["titles"] = titles
	}
	if m := t.Template; m != nil && m.Model != "" {
		out["version"] = Object{"instance": m.Version, "model": m.Model}
	}
	return out
}

func affordance(n *plant.Node, p *plant.Point, name string) Object {
	out := Object{
		"title": titled(p.Name), "type": jsonType(p), "readOnly": true, "observable": false,
		"forms": []any{Object{
			"href": "submodels/" + encoded(ID(n.ID, TimeSeries)) + "/submodel-elements/Segments.Latest.Records." + name + "." + name + "/$value",
			"op":   []any{"readproperty"}, "contentType": "application/json", "htv:methodName": "GET",
		}},
	}
	if out["title"] == "" {
		out["title"] = p.Key
	}
	if titles := inLanguages(p.Name); len(titles) > 0 {
		out["titles"] = titles
	}
	if p.Unit != "" {
		out["unit"] = "ucum:" + p.Unit
		if u, ok := qudt[p.Unit]; ok {
			out["qudt:hasUnit"] = "unit:" + u
		}
	}
	return out
}

func jsonType(p *plant.Point) string {
	switch p.Type {
	case "int64":
		return "integer"
	case "bool":
		return "boolean"
	case "string":
		return "string"
	}
	return "number"
}

func titled(t text.Text) string { return t.In("en") }

func inLanguages(t text.Text) Object {
	out := Object{}
	if t.Zh != "" {
		out["zh"] = t.Zh
	}
	if t.En != "" {
		out["en"] = t.En
	}
	return out
}

func encoded(id string) string { return base64.RawURLEncoding.EncodeToString([]byte(id)) }

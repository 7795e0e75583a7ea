package resolver

import "encoding/json"

// target is a link of a linkset (RFC 9264, section 4.2.3, in GS1's profile).
type target struct {
	Href     string   `json:"href"`
	Title    string   `json:"title"`
	Hreflang []string `json:"hreflang,omitempty"`
	Type     string   `json:"type,omitempty"`
	Context  []string `json:"context,omitempty"`
	Forward  *bool    `json:"fwqs,omitempty"`
}

// targetOf words a link in a language.
func targetOf(l DeclaredLink, lang string) target {
	t := target{Href: l.Href, Title: l.Title.In(lang), Hreflang: l.Languages, Type: l.Media, Context: l.Contexts}
	if l.Closed {
		t.Forward = new(bool)
	}
	return t
}

// linkset writes sets as a linkset; base is what stands before their anchors. With a context it is JSON-LD.
func linkset(base, lang string, sets []*Set, context json.RawMessage) ([]byte, error) {
	list := make([]map[string]any, 0, len(sets))
	for _, s := range sets {
		entry := map[string]any{"anchor": base + s.Anchor, "itemDescription": s.Description.In(lang)}
		byType := map[string][]target{}
		for _, l := range s.Links {
			t := targetOf(l, lang)
			if l.Default {
				byType[defaultLink] = []target{t}
			}
			byType[l.Type] = append(byType[l.Type], t)
		}
		for relation, targets := range byType {
			entry[relation] = targets
		}
		list = append(list, entry)
	}
	doc := map[string]any{"linkset": list}
	if context != nil {
		doc["@context"] = context
	}
	return json.Marshal(doc)
}

// innerContext is the context of linksets, to be embedded.
func innerContext() (json.RawMessage, error) {
	var c struct {
		Context json.RawMessage `json:"@context"`
	}
	return c.Context, json.Unmarshal(linksetContext, &c)
}

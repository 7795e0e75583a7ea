package snms

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"jingwei/internal/identify/registry"
	"jingwei/internal/kernel/text"
)

// template is a template as the interface has it.
type template struct {
	Prefix      string         `json:"prefix"`
	Version     string         `json:"version"`
	Category    string         `json:"industryCategory"`
	Specific    string         `json:"industrySpecific"`
	Trade       string         `json:"industryTrade"`
	Subclass    string         `json:"industrySubclass"`
	Type        int            `json:"type"`
	Description string         `json:"description"`
	Items       []templateItem `json:"items"`
}

type templateItem struct {
	Name     string   `json:"name"`
	Index    uint32   `json:"idIndex,omitempty"`
	IDType   string   `json:"idType"`
	Required bool     `json:"required"`
	Metadata metadata `json:"metadata"`
}

type metadata struct {
	Type      string `json:"type"`
	MinLength int    `json:"minLength"`
	MaxLength int    `json:"maxLength"`
}

// content is the template as the registry keeps it.
func (t *template) content() registry.TemplateContent {
	name := strings.TrimSpace(t.Description)
	if name == "" {
		name = t.Version
	}
	c := registry.TemplateContent{Name: text.Both(name), Category: t.Category, Division: t.Specific, Group: t.Trade, Class: t.Subclass, Object: registry.ObjectType(t.Type), Description: t.Description}
	for _, it := range t.Items {
		kind := registry.ItemType(it.Metadata.Type)
		if kind == "" {
			kind = registry.StringItem
		}
		c.Items = append(c.Items, registry.TemplateItem{Index: it.Index, Name: it.Name, IDType: it.IDType, Required: it.Required, Type: kind, MinLength: it.Metadata.MinLength, MaxLength: it.Metadata.MaxLength})
	}
	return c
}

func toldTemplate(prefix string, t *registry.Template) template {
	c := &t.Content
	out := template{Prefix: prefix, Version: t.Version, Category: c.Category, Specific: c.Division, Trade: c.Group, Subclass: c.Class, Type: int(c.Object), Description: c.Description, Items: []templateItem{}}
	for _, it := range c.Items {
		out.Items = append(out.Items, templateItem{it.Name, it.Index, it.IDType, it.Required, metadata{string(it.Type), it.MinLength, it.MaxLength}})
	}
	return out
}

// getTemplate answers GET …/template?prefix=&version=.
func (s *Service) getTemplate(r *http.Request) answer {
	q := r.URL.Query()
	list, err := s.o.Registry.Templates(r.Context(), q.Get("prefix"))
	if err != nil {
		return s.refused(err)
	}
	for _, t := range list {
		if t.Version == q.Get("version") {
			return answer{statusOK, "success", toldTemplate(q.Get("prefix"), t)}
		}
	}
	return s.refused(registry.ErrTemplate.At("query.version", q.Get("version")))
}

// postTemplate makes a template and publishes it: the interface knows no drafts. An equal one that is there is success.
func (s *Service) postTemplate(r *http.Request) answer {
	var in template
	if err := read(r, &in); err != nil {
		return answer{Status: statusFailed, Message: err.Error()}
	}
	return s.put(r.Context(), &in)
}

func (s *Service) put(ctx context.Context, in *template) answer {
	list, err := s.o.Registry.Templates(ctx, in.Prefix)
	if err != nil {
		return s.refused(err)
	}
	for _, t := range list {
		if t.Version == in.Version && t.State == registry.Published {
			if equal(toldTemplate(in.Prefix, t), *in) {
				return answer{statusOK, "success", true}
			}
			return s.refused(registry.ErrPublished.At("body.version", in.Version).With("state", string(t.State)))
		}
	}
	if _, err := s.o.Registry.Draft(ctx, in.Prefix, in.Version, in.content()); err != nil {
		return s.refused(err)
	}
	if _, err := s.o.Registry.Publish(ctx, in.Prefix, in.Version); err != nil {
		return s.refused(err)
	}
	return answer{statusOK, "success", true}
}

// equal tells whether a template says what was asked for; what was left out does not count.
func equal(have, want template) bool {
	if have.Category != want.Category || have.Specific != want.Specific || have.Trade != want.Trade || have.Subclass != want.Subclass || have.Type != want.Type || len(have.Items) != len(want.Items) {
		return false
	}
	for i := range want.Items {
		h, w := have.Items[i], want.Items[i]
		if h.Name != w.Name || h.Required != w.Required || w.Index != 0 && h.Index != w.Index || w.Metadata.MaxLength != 0 && h.Metadata != w.Metadata {
			return false
		}
	}
	return true
}

// deleteTemplate withdraws a template; records that follow it stay.
func (s *Service) deleteTemplate(r *http.Request) answer {
	q := r.URL.Query()
	_, err := s.o.Registry.Withdraw(r.Context(), q.Get("prefix"), q.Get("version"), "by SNMS")
	if errors.Is(err, registry.ErrPublished) {
		err = s.o.Registry.Discard(r.Context(), q.Get("prefix"), q.Get("version"))
	}
	if err != nil {
		return s.refused(err)
	}
	return answer{statusOK, "success", true}
}

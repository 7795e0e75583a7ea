package registry

import (
	"context"
	"strconv"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/server"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

const forever = store.Forever

func itoa(n int) string { return strconv.Itoa(n) }

// ResolvedIdentifier is what anybody may know of an identifier.
type ResolvedIdentifier struct {
	Identifier handle.Name `json:"identifier"`
	Template   *struct {
		Name    text.Text `json:"name"`
		Version string    `json:"version"`
	} `json:"template,omitempty"`
	Values   []IdentifierValue   `json:"values" nullable:"false"`
	Referral *IdentifierReferral `json:"referral,omitempty" doc:"Another node answers for it"`
}

// IdentifierReferral says who answers for an identifier.
type IdentifierReferral struct {
	Handle handle.Name       `json:"handle,omitempty" doc:"Whose HS_SITE values say where"`
	Values []IdentifierValue `json:"values" nullable:"false"`
}

// Resolve tells anybody the public values of an identifier, from the index. Errors: ErrName, ErrPrefix, ErrIdentifier.
func (s *Service) Resolve(_ context.Context, name string) (*ResolvedIdentifier, error) {
	parsed, err := handle.ParseName(name)
	if err != nil {
		return nil, ErrName.At("path.identifier", clip(name)).With("reason", err.Error())
	}
	record, ok := s.Append(nil, handle.Fold(nil, []byte(parsed)))
	if ok {
		return s.resolved(record)
	}
	service := s.Service([]byte(folded(parsed.Prefix())))
	switch service.Kind {
	case server.Homed:
		return nil, ErrIdentifier.At("path.identifier", clip(name))
	case server.ReferService, server.ReferAuthority:
		to, values, err := handle.DecodeReferral(service.Referral)
		if err != nil {
			return nil, err
		}
		return &ResolvedIdentifier{Identifier: parsed, Values: []IdentifierValue{}, Referral: &IdentifierReferral{to, valueViews(values, nil, publicSight)}}, nil
	}
	return nil, ErrPrefix.At("path.identifier", clip(name))
}

func (s *Service) resolved(record []byte) (*ResolvedIdentifier, error) {
	name, values, err := handle.DecodeRecord(record)
	if err != nil {
		return nil, err
	}
	out := &ResolvedIdentifier{Identifier: name}
	var t *Template
	if version, err := versionIn(values); err == nil && version != "" {
		if p, ok := s.prefixes.get(subject(name)); ok {
			t = s.templates.get(p.Number, version)
		}
	}
	if t != nil {
		out.Template = &struct {
			Name    text.Text `json:"name"`
			Version string    `json:"version"`
		}{t.Content.Name, t.Version}
	}
	out.Values = valueViews(values, t, publicSight)
	return out, nil
}

package registry

import (
	"encoding/base64"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/text"
)

// IdentifierValue is a value as the API tells and takes it.
type IdentifierValue struct {
	Index       uint32                `json:"index,omitempty" minimum:"0" doc:"1 and up; may be left out for an item of the template"`
	Type        string                `json:"type" minLength:"1" maxLength:"256"`
	Label       text.Text             `json:"label,omitzero" doc:"Of the template's item; only told"`
	Data        string                `json:"data" doc:"Text; base64 where format says so"`
	Format      string                `json:"format,omitempty" enum:"string,base64" doc:"string where it is left out"`
	TTL         uint32                `json:"ttl,omitempty" doc:"Seconds; a day where it is left out"`
	Permissions string                `json:"permissions,omitempty" pattern:"^[01]{4}$" doc:"Admin read, admin write, public read, public write; 1110 where it is left out"`
	References  []IdentifierReference `json:"references,omitempty" maxItems:"64"`
	Time        *time.Time            `json:"time,omitempty" doc:"Of the value's last change; only told"`
}

// IdentifierReference is a reference of a value.
type IdentifierReference struct {
	Handle handle.Name `json:"handle"`
	Index  uint32      `json:"index"`
}

// IdentifierView is a version of an identifier as it is told.
type IdentifierView struct {
	Name      handle.Name       `json:"name"`
	Org       uuid.UUID         `json:"org" format:"uuid"`
	Serial    int64             `json:"serial" doc:"Of the version; give it as basis of a change"`
	Operation Operation         `json:"operation" enum:"create,replace,delete,add,modify,remove"`
	By        IdentifierAuthor  `json:"by"`
	At        time.Time         `json:"at"`
	Until     *time.Time        `json:"until,omitempty" doc:"When another version followed; absent of the one that holds"`
	Template  string            `json:"template,omitempty" doc:"Version of the template that it follows"`
	Values    []IdentifierValue `json:"values" nullable:"false"`
}

// sight is which values somebody sees.
type sight int

const (
	publicSight sight = iota
	adminSight        // those that administrators read
)

// sees tells whether a value may be shown. A secret key is shown to nobody.
func (s sight) sees(v *handle.Value) bool {
	return v.Type != handle.TypeSecretKey && (v.Permissions&handle.PublicRead != 0 || s == adminSight && v.Permissions&handle.AdminRead != 0)
}

func (s *Service) view(v *Version, sees sight) (IdentifierView, error) {
	out := IdentifierView{Name: v.Name, Org: v.Org, Serial: v.Serial, Operation: v.Operation, By: v.By, At: time.Unix(0, v.At).UTC(), Values: []IdentifierValue{}}
	if v.Until != forever {
		until := time.Unix(0, v.Until).UTC()
		out.Until = &until
	}
	values, err := v.Values()
	if err != nil {
		return out, err
	}
	var t *Template
	if v.Template != 0 {
		if t = s.templates.byNumber(v.Template); t != nil {
			out.Template = t.Version
		}
	}
	out.Values = valueViews(values, t, sees)
	return out, nil
}

func valueViews(values []handle.Value, t *Template, sees sight) []IdentifierValue {
	out := []IdentifierValue{}
	for i := range values {
		if !sees.sees(&values[i]) {
			continue
		}
		v := valueView(&values[i])
		if t != nil {
			if it := t.item(v.Index); it != nil {
				v.Label = it.Label
			}
		}
		out = append(out, v)
	}
	return out
}

func valueView(v *handle.Value) IdentifierValue {
	out := IdentifierValue{Index: v.Index, Type: v.Type, TTL: v.TTL.Seconds, Permissions: digits(v.Permissions)}
	at := time.Unix(int64(v.Time), 0).UTC()
	out.Time = &at
	if plainText(v.Data) {
		out.Data = string(v.Data)
	} else {
		out.Data, out.Format = base64.StdEncoding.EncodeToString(v.Data), "base64"
	}
	for _, r := range v.References {
		out.References = append(out.References, IdentifierReference(r))
	}
	return out
}

// plainText tells whether data are text that JSON carries as it is.
func plainText(b []byte) bool {
	return utf8.Valid(b) && !strings.ContainsFunc(string(b), func(r rune) bool {
		return r < 0x20 && r != '\n' && r != '\t' && r != '\r' || r == unicode.ReplacementChar
	})
}

func digits(p handle.Permissions) string {
	b := []byte("0000")
	for i := range b {
		if p&(8>>i) != 0 {
			b[i] = '1'
		}
	}
	return string(b)
}

// value is a value as the caller gives it.
func (v *IdentifierValue) value(at string) (handle.Value, error) {
	out := handle.Value{Index: v.Index, Type: v.Type, Data: []byte(v.Data), TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions}
	if v.Format == "base64" {
		var err error
		if out.Data, err = base64.StdEncoding.DecodeString(v.Data); err != nil {
			return out, ErrValue.At(at+".data", clip(v.Data)).With("reason", "it is not base64")
		}
	}
	if v.TTL != 0 {
		out.TTL.Seconds = v.TTL
	}
	if v.Permissions != "" {
		out.Permissions = 0
		for i, c := range v.Permissions {
			if c == '1' {
				out.Permissions |= 8 >> i
			}
		}
	}
	for _, r := range v.References {
		out.References = append(out.References, handle.Reference(r))
	}
	return out, nil
}

func valuesOf(list []IdentifierValue, at string) ([]handle.Value, error) {
	out := make([]handle.Value, len(list))
	for i := range list {
		var err error
		if out[i], err = list[i].value(at + "[" + itoa(i) + "]"); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// PrefixView is a prefix as it is told.
type PrefixView struct {
	Prefix   string      `json:"prefix"`
	Org      uuid.UUID   `json:"org" format:"uuid"`
	State    PrefixState `json:"state" enum:"allocated,homed,delegated,withdrawn"`
	Revision int64       `json:"revision"`
	Since    time.Time   `json:"since"`
}

func prefixView(p *Prefix) PrefixView {
	return PrefixView{Prefix: p.Name, Org: p.Org, State: p.State, Revision: p.Revision, Since: p.Since()}
}

// PrefixPastView is a state that a prefix was in.
type PrefixPastView struct {
	Org    uuid.UUID        `json:"org" format:"uuid"`
	State  PrefixState      `json:"state" enum:"allocated,homed,delegated,withdrawn"`
	Since  time.Time        `json:"since"`
	Until  *time.Time       `json:"until,omitempty"`
	By     IdentifierAuthor `json:"by"`
	Reason string           `json:"reason,omitempty"`
}

func pastView(p *PrefixPast) PrefixPastView {
	out := PrefixPastView{Org: p.Org, State: p.State, Since: time.Unix(0, p.Since).UTC(), By: p.By, Reason: p.Reason}
	if p.Until != forever {
		until := time.Unix(0, p.Until).UTC()
		out.Until = &until
	}
	return out
}

// IdentifierTemplateView is a template as it is told.
type IdentifierTemplateView struct {
	ID       uuid.UUID        `json:"id" format:"uuid"`
	Prefix   string           `json:"prefix"`
	Version  string           `json:"version"`
	State    TemplateState    `json:"state" enum:"draft,published,withdrawn"`
	Content  TemplateContent  `json:"content"`
	Revision int64            `json:"revision"`
	By       IdentifierAuthor `json:"by"`
	At       time.Time        `json:"at"`
}

func templateView(prefix string, t *Template) IdentifierTemplateView {
	return IdentifierTemplateView{ID: t.ID, Prefix: prefix, Version: t.Version, State: t.State, Content: t.Content, Revision: t.Revision, By: t.By, At: time.Unix(0, t.At).UTC()}
}

package api

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/internal/kernel/text"
)

// Name takes a name as {"zh","en"} or as one string for both.
type Name text.Text

// UnmarshalJSON reads either form.
func (n *Name) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*n = Name(text.Both(s))
		return nil
	}
	return json.Unmarshal(b, (*text.Text)(n))
}

// Schema describes both forms.
func (Name) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeString}, r.Schema(reflect.TypeFor[text.Text](), true, "Text")},
		Description: "One string, or {zh, en}"}
}

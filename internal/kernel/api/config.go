package api

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/internal/kernel/api/problem"
)

// config makes the OpenAPI document's frame and the JSON manner.
func (s *Server) config() huma.Config {
	registry := huma.NewMapRegistry("#/components/schemas/", s.names.name)
	problemSchema := registry.Schema(reflect.TypeFor[problem.Document](), true, "Problem")
	c := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:   "Jingwei",
				Version: "v1",
				Description: "Times are RFC 3339 in UTC with nanoseconds; 64-bit integers are strings; names are {zh, en}. " +
					"Errors are application/problem+json with a stable code, in zh or en by Accept-Language. " +
					"Lists take limit and cursor and answer {items, next}.",
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"session": {Type: "apiKey", In: "cookie", Name: "__Host-jingwei", Description: "Cookie of a signed-in person; on plain HTTP its name is jingwei."},
					"token":   {Type: "http", Scheme: "bearer", Description: "API token, jw_…"},
				},
			},
			Security: []map[string][]string{{"session": {}}, {"token": {}}},
		},
		Formats:       map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{s.word},
	}
	c.OpenAPI.OnAddOperation = append(c.OpenAPI.OnAddOperation, func(doc *huma.OpenAPI, op *huma.Operation) {
		// huma documents its own error model, which no caller ever gets: the transformer words every error.
		for _, r := range op.Responses {
			if _, wrong := r.Content[problem.MediaType]; wrong {
				r.Content = map[string]*huma.MediaType{problem.MediaType: {Schema: problemSchema}}
			}
		}
		delete(doc.Components.Schemas.Map(), "ErrorModel")
		delete(doc.Components.Schemas.Map(), "ErrorDetail")
	})
	return c
}

// jsonFormat encodes into memory first: a value that cannot be encoded is a clean 500 and not half an answer.
var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			return err
		}
		_, err := w.Write(b.Bytes())
		return err
	},
	Unmarshal: json.Unmarshal,
}

// naming names schemas: by type; by package and type where two rooms have types of one name; an unnamed body by its
// operation. Rooms register in a fixed order, so the names are the same at every start.
type naming struct {
	taken             map[string]reflect.Type
	operation         string       // being registered
	request, response reflect.Type // its bodies
}

// begin tells which operation is registered next.
func (n *naming) begin(operation string, in, out reflect.Type) {
	n.operation, n.request, n.response = operation, body(in), body(out)
}

func body(t reflect.Type) reflect.Type {
	if f, ok := t.FieldByName("Body"); ok {
		return f.Type
	}
	return nil
}

func (n *naming) name(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := huma.DefaultSchemaNamer(t, hint)
	switch {
	case t.Kind() != reflect.Struct:
		return name
	case t == reflect.TypeFor[problem.Document]():
		name = "Problem"
	case t == reflect.TypeFor[problem.Field]():
		name = "ProblemField"
	case t.Name() != "":
	case t == n.request:
		name = title(n.operation) + "Request"
	case t == n.response:
		name = title(n.operation) + "Response"
	}
	if first, ok := n.taken[name]; ok && first != t {
		if t.Name() != "" {
			name = title(t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:]) + name
		}
		for i := 2; n.taken[name] != nil && n.taken[name] != t; i++ {
			name = strings.TrimRight(name, "0123456789") + strconv.Itoa(i)
		}
	}
	n.taken[name] = t
	return name
}

func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

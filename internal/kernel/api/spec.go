package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// WriteSpec writes the OpenAPI document, indented, in the same bytes at every call and on every machine: the console's
// types are generated from it and CI compares.
func (s *Server) WriteSpec(w io.Writer) error {
	b, err := s.spec()
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

func (s *Server) spec() ([]byte, error) {
	raw, err := json.Marshal(s.huma.OpenAPI())
	if err != nil {
		return nil, fmt.Errorf("openapi document: %w", err)
	}
	// Through a generic value: its maps come out in the order of their keys, whatever order the types had.
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("openapi document: %w", err)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("openapi document: %w", err)
	}
	return b.Bytes(), nil
}

func (s *Server) openapi(w http.ResponseWriter, r *http.Request) {
	b, err := s.spec()
	if err != nil {
		s.WriteProblem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.oai.openapi+json")
	_, _ = w.Write(b)
}

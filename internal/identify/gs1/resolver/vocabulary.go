package resolver

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Namespace is GS1's vocabulary, in the form in which link types are written.
const Namespace = "https://gs1.org/voc/"

// defaultLink is the relation of the default link.
const defaultLink = Namespace + "defaultLink"

//go:embed vocabulary/link-types.json
var linkTypes []byte

//go:embed vocabulary/linksetContext.jsonld
var linksetContext []byte

// GS1LinkType is a kind of link that GS1's vocabulary defines.
type GS1LinkType struct {
	Name    string `json:"name" doc:"Such as gs1:pip"`
	URI     string `json:"uri"`
	Label   string `json:"label" doc:"English, of GS1"`
	Comment string `json:"comment" doc:"English, of GS1"`
	Stable  bool   `json:"stable"`
}

// readLinkTypes reads the vocabulary, by name. The default link is no type that one gives.
func readLinkTypes() (out []GS1LinkType, err error) {
	var terms []struct {
		ID    string `json:"@id"`
		Label struct {
			Value string `json:"@value"`
		} `json:"rdfs:label"`
		Comment struct {
			Value string `json:"@value"`
		} `json:"rdfs:comment"`
		Status string `json:"sw:term_status"`
	}
	if err := json.Unmarshal(linkTypes, &terms); err != nil {
		return nil, fmt.Errorf("link-types.json: %w", err)
	}
	for _, t := range terms {
		name, ok := strings.CutPrefix(t.ID, "gs1:")
		if !ok || strings.HasPrefix(name, "defaultLink") {
			continue
		}
		out = append(out, GS1LinkType{t.ID, Namespace + name, t.Label.Value, t.Comment.Value, t.Status == "stable"})
	}
	slices.SortFunc(out, func(a, b GS1LinkType) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// namespaces are the ways in which GS1's vocabulary is written; the first is ours.
var namespaces = []string{Namespace, "gs1:", "http://gs1.org/voc/", "https://ref.gs1.org/voc/", "https://www.gs1.org/voc/"}

// typeURI brings a link type into our form; others than GS1's stay as they are.
func typeURI(s string) string {
	for _, n := range namespaces {
		if rest, ok := strings.CutPrefix(s, n); ok {
			return Namespace + rest
		}
	}
	return s
}

// typeName is the short form of a link type.
func typeName(uri string) string {
	if rest, ok := strings.CutPrefix(uri, Namespace); ok {
		return "gs1:" + rest
	}
	return uri
}

package aas

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"

	"github.com/aas-core-works/aas-core3.0-golang/jsonization"
	"github.com/aas-core-works/aas-core3.0-golang/types"
	"github.com/aas-core-works/aas-core3.0-golang/xmlization"
)

// maxItems bounds the shells, submodels and concept descriptions of one environment together.
const maxItems = 20_000

// ReadEnvironment reads shells, submodels and concept descriptions that travel together, from JSON. Two of one kind with the
// same id are refused. Error: *Fault.
func ReadEnvironment(b []byte) ([]*Document, error) {
	tree, f := parse(b, MaxEnvironment)
	if f != nil {
		return nil, f
	}
	o, ok := tree.(Object)
	if !ok {
		return nil, &Fault{Rule: RuleSchema, Message: "it is not a JSON object"}
	}
	e, err := jsonization.EnvironmentFromJsonable(o)
	if err != nil {
		return nil, undone(o, err)
	}
	return ofEnvironment(e)
}

// ReadEnvironmentXML is ReadEnvironment for XML of the namespace https://admin-shell.io/aas/3/0. Document types are refused,
// so that no entity is ever expanded.
func ReadEnvironmentXML(b []byte) ([]*Document, error) {
	empty, f := checkXML(b)
	if f != nil {
		return nil, f
	}
	c, err := xmlization.Unmarshal(xml.NewTokenDecoder(content{xml.NewDecoder(bytes.NewReader(b))}))
	if err != nil {
		return nil, undone(nil, err)
	}
	e, ok := c.(types.IEnvironment)
	if !ok {
		return nil, &Fault{Rule: RuleKind, Message: "its root is not an environment"}
	}
	docs, err := ofEnvironment(e)
	for i, d := range docs {
		if place := places(docs, i); len(empty[place]) > 0 {
			d.Warnings = append(d.Warnings, empty[place]...)
		}
	}
	return docs, err
}

// listOf is the list of an environment that holds documents of a kind.
func listOf(k Kind) string {
	switch k {
	case Shell:
		return "assetAdministrationShells"
	case Submodel:
		return "submodels"
	}
	return "conceptDescriptions"
}

// places says where in its environment a document stands.
func places(docs []*Document, i int) string {
	n := 0
	for _, d := range docs[:i] {
		if d.Kind == docs[i].Kind {
			n++
		}
	}
	return fmt.Sprintf("%s[%d]", listOf(docs[i].Kind), n)
}

func ofEnvironment(e types.IEnvironment) (out []*Document, err error) {
	if n := len(e.AssetAdministrationShells()) + len(e.Submodels()) + len(e.ConceptDescriptions()); n > maxItems {
		return nil, &Fault{Rule: RuleSize, Message: fmt.Sprintf("it has %d shells, submodels and concept descriptions; at most %d are read at once", n, maxItems)}
	}
	seen := map[string]bool{}
	add := func(where string, i int, c types.IIdentifiable) error {
		d, err := OfType(c)
		prefix := fmt.Sprintf("%s[%d]", where, i)
		var f *Fault
		if errors.As(err, &f) {
			f.Path = join(prefix, f.Path)
			return f
		}
		if err != nil {
			return err
		}
		if key := string(d.Kind) + " " + d.ID; seen[key] {
			return &Fault{Path: prefix + ".id", Value: shown(d.ID), Rule: RuleDuplicate, Message: "another of the same kind has this id"}
		} else {
			seen[key] = true
		}
		for j := range d.Warnings {
			d.Warnings[j].Path = join(prefix, d.Warnings[j].Path)
		}
		out = append(out, d)
		return nil
	}
	for i, c := range e.AssetAdministrationShells() {
		if err := add("assetAdministrationShells", i, c); err != nil {
			return nil, err
		}
	}
	for i, c := range e.Submodels() {
		if err := add("submodels", i, c); err != nil {
			return nil, err
		}
	}
	for i, c := range e.ConceptDescriptions() {
		if err := add("conceptDescriptions", i, c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func join(prefix, path string) string {
	switch {
	case path == "":
		return prefix
	case path[0] == '[':
		return prefix + path
	}
	return prefix + "." + path
}

// Environment is documents that travel together, as JSON. A kind of which there is none is left out: the metamodel knows no
// empty lists.
func Environment(docs []*Document) Object {
	lists := map[Kind][]any{}
	for _, d := range docs {
		lists[d.Kind] = append(lists[d.Kind], d.Tree)
	}
	out := Object{}
	for kind, list := range lists {
		out[listOf(kind)] = list
	}
	return out
}

// EnvironmentXML is Environment as XML.
func EnvironmentXML(docs []*Document) ([]byte, error) {
	e, err := jsonization.EnvironmentFromJsonable(any(Environment(docs)))
	if err != nil {
		return nil, undone(nil, err)
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	w := xml.NewEncoder(&b)
	if err := xmlization.Marshal(w, e, true); err != nil {
		return nil, fmt.Errorf("write XML: %w", err)
	}
	return b.Bytes(), nil
}

package aas

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// lists are the properties that are lists and, where they stand, hold something. "value" is one of some elements only.
var lists = map[string]bool{
	"annotations": true, "definition": true, "description": true, "displayName": true, "embeddedDataSpecifications": true, "extensions": true,
	"inoutputVariables": true, "inputVariables": true, "isCaseOf": true, "keys": true, "outputVariables": true, "preferredName": true,
	"qualifiers": true, "refersTo": true, "shortName": true, "specificAssetIds": true, "statements": true, "submodelElements": true,
	"submodels": true, "supplementalSemanticIds": true, "valueReferencePairs": true,
}

func isList(name, parent string) bool {
	if name == "value" {
		return parent == "submodelElementCollection" || parent == "submodelElementList" || parent == "multiLanguageProperty"
	}
	return lists[name]
}

// checkXML looks at XML before the library reads it: no document type, bounded depth. It also finds lists without items, which
// the library reads as if they did not stand there; they are told by the place of their document, such as "submodels[0]".
func checkXML(b []byte) (empty map[string][]Fault, f *Fault) {
	if len(b) > MaxEnvironment {
		return nil, &Fault{Rule: RuleSize, Message: fmt.Sprintf("it has %d bytes; at most %d are read", len(b), MaxEnvironment)}
	}
	empty = map[string][]Fault{}
	d := xml.NewDecoder(bytes.NewReader(b))
	var names []string // of the elements that are open
	var items []int    // how many elements each of them holds so far
	for nodes := 0; ; {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return empty, nil
		}
		if err != nil {
			return nil, &Fault{Rule: RuleSyntax, Message: shown(err.Error())}
		}
		switch t := t.(type) {
		case xml.Directive:
			return nil, &Fault{Rule: RuleDTD, Message: fmt.Sprintf("a document type stands at byte %d; none is read", d.InputOffset())}
		case xml.StartElement:
			if len(items) > 0 {
				items[len(items)-1]++
			}
			names, items = append(names, t.Name.Local), append(items, 0)
			if len(names) > 2*maxDepth {
				return nil, &Fault{Rule: RuleSize, Message: fmt.Sprintf("it is nested more than %d deep", 2*maxDepth)}
			}
			if nodes++; nodes > maxNodes {
				return nil, &Fault{Rule: RuleSize, Message: fmt.Sprintf("it has more than %d elements", maxNodes)}
			}
		case xml.EndElement:
			n := len(names)
			if n == 0 {
				return nil, &Fault{Rule: RuleSyntax, Message: "an element ends that has not begun"}
			}
			if n > 3 && items[n-1] == 0 && isList(names[n-1], names[n-2]) {
				place := fmt.Sprintf("%s[%d]", names[1], items[1]-1)
				empty[place] = append(empty[place], Fault{Path: place + "/" + strings.Join(names[3:], "/"), Rule: RuleInvariant, Message: "a list that stands holds at least one item"})
			}
			names, items = names[:n-1], items[:n-1]
		}
	}
}

// content is XML without its declaration, which the library does not take.
type content struct{ d *xml.Decoder }

func (c content) Token() (xml.Token, error) {
	for {
		t, err := c.d.RawToken()
		if _, declaration := t.(xml.ProcInst); !declaration || err != nil {
			return t, err
		}
	}
}

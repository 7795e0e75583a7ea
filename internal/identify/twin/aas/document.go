package aas

import (
	"fmt"

	"github.com/aas-core-works/aas-core3.0-golang/jsonization"
	"github.com/aas-core-works/aas-core3.0-golang/types"
	"github.com/aas-core-works/aas-core3.0-golang/verification"
)

// Kind is a kind of identifiable.
type Kind string

// The kinds, as the API's paths are called.
const (
	Shell    Kind = "shell"
	Submodel Kind = "submodel"
	Concept  Kind = "concept-description"
)

// modelType is the kind's name in the metamodel.
func (k Kind) modelType() string {
	switch k {
	case Shell:
		return "AssetAdministrationShell"
	case Submodel:
		return "Submodel"
	case Concept:
		return "ConceptDescription"
	}
	return ""
}

// Document is one identifiable that the metamodel can hold.
type Document struct {
	Kind     Kind
	ID       string // global, 1 to 2,000 characters
	IDShort  string // "" where it has none
	Semantic string // the first key of its semantic id; "" where it has none
	Tree     Object // canonical; whoever changes it makes a new Document
	Content  []byte // canonical JSON of Tree
	Warnings []Fault
}

// Read reads one document of a kind from JSON. Error: *Fault.
func Read(kind Kind, b []byte) (*Document, error) {
	tree, f := parse(b, MaxDocument)
	if f != nil {
		return nil, f
	}
	return OfTree(kind, tree)
}

// Tree reads a JSON object within the bounds of a document, whatever it says. Error: *Fault.
func Tree(b []byte) (Object, error) {
	tree, f := parse(b, MaxDocument)
	if f != nil {
		return nil, f
	}
	o, ok := tree.(Object)
	if !ok {
		return nil, &Fault{Rule: RuleSchema, Message: "it is not a JSON object"}
	}
	return o, nil
}

// OfTree reads a document from parsed JSON. Error: *Fault.
func OfTree(kind Kind, tree any) (*Document, error) {
	o, ok := tree.(Object)
	if !ok {
		return nil, &Fault{Rule: RuleSchema, Message: "it is not a JSON object"}
	}
	var c types.IIdentifiable
	var err error
	switch kind {
	case Shell:
		c, err = jsonization.AssetAdministrationShellFromJsonable(o)
	case Submodel:
		c, err = jsonization.SubmodelFromJsonable(o)
	case Concept:
		c, err = jsonization.ConceptDescriptionFromJsonable(o)
	default:
		return nil, fmt.Errorf("kind %q is not known", kind)
	}
	if err != nil {
		return nil, undone(o, err)
	}
	return OfType(c)
}

// OfType makes a document of the library's type. Error: *Fault, where it cannot be written as JSON.
func OfType(c types.IIdentifiable) (*Document, error) {
	tree, err := jsonization.ToJsonable(c)
	if err != nil {
		return nil, &Fault{Rule: RuleSchema, Message: shown(err.Error())}
	}
	d := &Document{ID: c.ID(), Tree: tree}
	switch c.(type) {
	case types.IAssetAdministrationShell:
		d.Kind = Shell
	case types.ISubmodel:
		d.Kind = Submodel
	case types.IConceptDescription:
		d.Kind = Concept
	}
	d.IDShort, _ = tree["idShort"].(string)
	d.Semantic = FirstKey(tree["semanticId"])
	d.Warnings = verify(c, tree)
	if n := len([]rune(d.ID)); n == 0 || n > 2000 {
		return nil, &Fault{Path: "id", Value: shown(d.ID), Rule: RuleInvariant, Message: "an id has 1 to 2,000 characters"}
	}
	d.Content, err = Encode(tree)
	return d, err
}

// verify lists what constraints say of an instance.
func verify(c types.IClass, tree Object) (out []Fault) {
	verification.Verify(c, func(e *verification.VerificationError) bool {
		out = append(out, broken(tree, e))
		return len(out) >= maxWarnings
	})
	return out
}

// FirstKey is the value of the first key of a reference; "" where it has none.
func FirstKey(reference any) string {
	r, _ := reference.(Object)
	keys, _ := r["keys"].([]any)
	if len(keys) == 0 {
		return ""
	}
	k, _ := keys[0].(Object)
	v, _ := k["value"].(string)
	return v
}

// AssetID is a name under which an asset is known: "globalAssetId", or the name of a specific asset id.
type AssetID struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// GlobalAssetID is the name of the one that is not specific.
const GlobalAssetID = "globalAssetId"

// AssetIDs lists under what a shell's asset is known.
func AssetIDs(shell Object) (out []AssetID) {
	info, _ := shell["assetInformation"].(Object)
	if g, _ := info[GlobalAssetID].(string); g != "" {
		out = append(out, AssetID{GlobalAssetID, g})
	}
	list, _ := info["specificAssetIds"].([]any)
	for _, x := range list {
		o, _ := x.(Object)
		name, _ := o["name"].(string)
		value, _ := o["value"].(string)
		out = append(out, AssetID{name, value})
	}
	return out
}

// Submodels lists the ids of the submodels that a shell refers to.
func Submodels(shell Object) (out []string) {
	list, _ := shell["submodels"].([]any)
	for _, x := range list {
		if id := FirstKey(x); id != "" {
			out = append(out, id)
		}
	}
	return out
}

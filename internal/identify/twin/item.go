package twin

import (
	"crypto/sha256"
	"encoding/base64"

	"github.com/google/uuid"

	"jingwei/internal/identify/twin/aas"
)

// Kind is a kind of what is kept.
type Kind = aas.Kind

// Kinds besides those of documents: descriptors of shells and submodels that other servers have.
const (
	ShellDescriptor    Kind = "shell-descriptor"
	SubmodelDescriptor Kind = "submodel-descriptor"
)

// Item is one thing at one of its versions.
type Item struct {
	Key     uuid.UUID // its place in lists; zero for what is worked out from the plant model and has nothing beside
	Org     uuid.UUID
	Kind    Kind
	ID      string
	Beside  bool
	Version int64 // 1 is the first
	At      int64 // commit time of the version, ns
	Actor   string
	Reason  string
	Content []byte // canonical JSON; nil where the version deletes
}

// Change is a change of one thing.
type Change struct {
	Kind     Kind
	ID       string
	Content  []byte // canonical JSON; nil deletes
	Short    string
	Semantic string
	Assets   []aas.AssetID // by which Shell is found
	Shell    string        // id; the thing's own where it is a shell
	Beside   bool
	Create   bool // there must be none yet
	Existing bool // there must be one already
}

// of makes the change that puts a document.
func of(d *aas.Document) Change {
	c := Change{Kind: d.Kind, ID: d.ID, Content: d.Content, Short: d.IDShort}
	if d.Kind == aas.Shell {
		c.Assets, c.Shell = aas.AssetIDs(d.Tree), d.ID
	}
	if d.Kind == aas.Submodel {
		c.Semantic = d.Semantic
	}
	return c
}

// digest is by what an id is found: 128 bits of SHA-256, for ids are as long as 2,000 characters.
func digest(words ...string) string {
	h := sha256.New()
	for _, w := range words {
		h.Write([]byte(w))
		h.Write([]byte{0})
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

package figure

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/pack"
)

// What a pack has proved.
const (
	Wrong      = "wrong"      // something is not what it says
	Unsealed   = "unsealed"   // the node's log does not hold it yet
	Sealed     = "sealed"     // the node's log holds it; that it is the sum of its parts is not shown
	Proved     = "proved"     // and it is the sum of its parts as their givers' logs hold them
	Recomputed = "recomputed" // and so are the parts, down to what enterprises' observations rest on
)

// Verified is what a pack has proved.
type Verified struct {
	Subject  string
	Node     uuid.UUID
	NodeName string
	Grade    string   // Wrong … Recomputed
	Checked  []string // what was checked
	Open     []string // what could not be, and why
	Problems []string // what is wrong: each names the record, figure, agreement, entry or blob
	Shown    string   // of a figure its readings, of an enterprise the formula with its numbers
	Below    []*Verified

	figure     *Figure
	row        *Row
	population *Population
	library    *indicator.Library
	definition *indicator.Definition
}

// VerifyPack proves a pack without asking anybody. It trusts the given keys of nodes' logs; of a node for which none is given it takes
// the key that the agreement with it has, or the pack, and says so. It is pure. Error: ErrPack.
func VerifyPack(b []byte, keys ...evidence.Verifier) (*Verified, error) {
	return (&verifier{keys: keys}).pack(b, "", 0)
}

// verifier verifies one pack and those in it.
type verifier struct {
	keys []evidence.Verifier
}

// check is the verification of one pack.
type check struct {
	*verifier
	p      *packFile
	out    *Verified
	origin string
	log    []evidence.Verifier
	depth  int
	open   int // what keeps it from being recomputed
}

func (c *check) wrong(format string, a ...any) {
	c.out.Problems = append(c.out.Problems, fmt.Sprintf(format, a...))
}
func (c *check) checked(format string, a ...any) {
	c.out.Checked = append(c.out.Checked, fmt.Sprintf(format, a...))
}
func (c *check) unchecked(format string, a ...any) {
	c.open++
	c.out.Open = append(c.out.Open, fmt.Sprintf(format, a...))
}

// pack verifies a pack. key is that of its node's log as the agreement with it has it, "" where nobody has said.
func (v *verifier) pack(b []byte, key string, depth int) (*Verified, error) {
	if depth > maxNested {
		return nil, fmt.Errorf("%w: packs are nested deeper than %d", ErrPack, maxNested)
	}
	p, err := readPack(b)
	if err != nil {
		return nil, err
	}
	c := &check{verifier: v, p: p, depth: depth, out: &Verified{Subject: p.m.Subject, Node: p.m.Node, NodeName: p.m.NodeName, Grade: Wrong}, origin: "jingwei.node/" + p.m.Node.String()}
	if c.log, err = c.keysOf(key); err != nil {
		c.wrong("%s", err)
		return c.out, nil
	}
	k, err := ParseKey(p.m.Subject)
	if err != nil {
		c.wrong("the subject of the pack: %s", err)
		return c.out, nil
	}
	for _, o := range p.m.Omitted {
		c.unchecked("%s: %s", o.What, o.Why)
	}
	sealed, summed := false, false
	if k.Code == "" {
		sealed, summed = c.figure(k)
	} else {
		sealed, summed = c.row(k)
	}
	switch {
	case len(c.out.Problems) > 0:
	case !sealed:
		c.out.Grade = Unsealed
	case !summed:
		c.out.Grade = Sealed
	case c.open > 0 || slices.ContainsFunc(c.out.Below, func(x *Verified) bool { return x.Grade != Recomputed }):
		c.out.Grade = Proved
	default:
		c.out.Grade = Recomputed
	}
	return c.out, nil
}

// keysOf are the keys with which the node's log must be signed.
func (c *check) keysOf(told string) (out []evidence.Verifier, err error) {
	for _, k := range c.keys {
		if evidence.OriginOf(k) == c.origin {
			out = append(out, k)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	words, from := []string{told}, "the agreement with it"
	if told == "" {
		words, from = c.p.m.Keys, "the pack itself"
	}
	for _, word := range words {
		k, err := evidence.ParseVerifier(word)
		if err != nil || evidence.OriginOf(k) != c.origin {
			return nil, fmt.Errorf("the key %.100q of %s is none of the log of node %s", word, from, c.p.m.Node)
		}
		out = append(out, k)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no key of the log of node %s is known", c.p.m.Node)
	}
	c.out.Open = append(c.out.Open, fmt.Sprintf("the key of node %s (%s) is taken from %s: compare it with what its operator hands out: %s", c.p.m.Node, c.p.m.NodeName, from, strings.Join(words, " ")))
	return out, nil
}

// library reads the definitions. Error: what is wrong.
func (c *check) library(id string, hash Hash) error {
	if len(c.p.m.Definitions) == 0 {
		return errors.New("the pack holds no definitions")
	}
	text, err := c.p.blob(c.p.m.Words, "the vocabulary")
	if err != nil {
		return err
	}
	var words indicator.Known
	if err := json.Unmarshal(text, &words); err != nil {
		return fmt.Errorf("the vocabulary: %w", err)
	}
	var list []*indicator.Definition
	for _, x := range c.p.m.Definitions {
		file, err := c.p.blob(x.File, "the definition "+x.ID)
		if err != nil {
			return err
		}
		d, err := pack.Decode[indicator.Definition]("indicators/"+x.ID+".yaml", file)
		if err != nil {
			return fmt.Errorf("the definition %s: %w", x.ID, err)
		}
		list = append(list, d)
	}
	l, err := indicator.NewLibrary(list, nil, nil, words)
	if err != nil {
		return fmt.Errorf("the definitions: %w", err)
	}
	d := l.Definition(id)
	if d == nil || hash != (Hash{}) && definitionHash(d) != hash {
		return fmt.Errorf("the definition %s of the pack is not the one, %s, by which it was computed", id, hash)
	}
	c.out.library, c.out.definition = l, d
	c.checked("definition %s %s", id, definitionHash(d))
	return nil
}

// sealed proves that the node's log holds an item.
func (c *check) sealed(s *packSeal, item Hash, what string) bool {
	if s == nil {
		c.out.Open = append(c.out.Open, what+" is not in its node's evidence log yet")
		return false
	}
	items, err := c.p.blob(s.Items, what+": the items of its commit")
	if err != nil {
		c.wrong("%s", err)
		return false
	}
	salt, err := ParseHash(s.Salt)
	if err != nil || len(items)%len(item) != 0 || s.Place < 0 || (s.Place+1)*len(item) > len(items) {
		c.wrong("%s: place %d of %d bytes of items cannot be", what, s.Place, len(items))
		return false
	}
	if Hash(items[s.Place*len(item):]) != Blind(salt, item) {
		c.wrong("%s: its bytes are not item %d of commit %d", what, s.Place, s.Commit)
		return false
	}
	proof, err := c.p.blob(s.Proof, what+": its proof")
	if err != nil {
		c.wrong("%s", err)
		return false
	}
	return c.leaf(c.origin, c.p.m.Node, c.log, proof, s.Commit, Sum(items), what)
}

// leaf proves that a log holds a root.
func (c *check) leaf(origin string, node uuid.UUID, keys []evidence.Verifier, file []byte, commit int64, root Hash, what string) bool {
	p, err := evidence.ParseProof(file)
	if err == nil {
		_, err = p.Verify(origin, keys...)
	}
	if err != nil {
		c.wrong("%s: entry of the log %s: %s", what, origin, err)
		return false
	}
	e, err := evidence.ParseEnvelope(p.Entry)
	if err != nil || e.Kind != KindFigures || e.Subject != node || e.CommitTime != commit || e.Algorithm != evidence.SHA256 || Hash(e.Digest) != root {
		c.wrong("%s: entry %d of the log %s is not of commit %d with the root %s", what, p.Index, origin, commit, root)
		return false
	}
	return true
}

// figure verifies a figure.
func (c *check) figure(k Key) (sealed, summed bool) {
	b, err := c.p.blob(c.p.m.Body, "the figure "+k.String())
	if err != nil {
		c.wrong("%s", err)
		return false, false
	}
	f, err := DecodeFigure(b)
	if err != nil || f.Key != k {
		c.wrong("the figure %s: %v", k, err)
		return false, false
	}
	c.out.figure = f
	what := fmt.Sprintf("figure %s, revision %d", k, f.Revision)
	if sealed = c.sealed(c.p.m.Seal, Sum(b), what); sealed {
		c.checked("%s is in the log of node %s", what, c.p.m.Node)
	}
	if len(c.p.m.Definitions) == 0 {
		return sealed, false
	}
	if err := c.library(k.Indicator, f.Definition); err != nil {
		c.wrong("%s: %s", what, err)
		return sealed, false
	}
	read, err := ReadFigure(c.out.library, c.out.definition, f)
	if err != nil {
		c.wrong("%s: %s", what, err)
		return sealed, false
	}
	var shown []string
	for i := range read.Readings {
		if r := readingView(c.out.definition, &read.Readings[i]); r.Number != nil {
			shown = append(shown, fmt.Sprintf("%s %s %s (%d of %d)", r.How, r.Number.Value, r.Number.Unit, r.Known, r.Of))
		} else {
			shown = append(shown, fmt.Sprintf("%s unknown: %s", r.How, r.Reason))
		}
	}
	c.out.Shown = strings.Join(shown, "; ")
	if f.Population == (Hash{}) && c.out.definition.Of != indicator.OfRegion {
		c.wrong("%s names no population", what)
		return sealed, false
	}
	if f.Population == (Hash{}) {
		return sealed, c.union(f) && sealed
	}
	return sealed, c.sum(f) && sealed
}

// row verifies an enterprise's value.
func (c *check) row(k Key) (sealed, summed bool) {
	b, err := c.p.blob(c.p.m.Body, "the observation "+k.String())
	if err != nil {
		c.wrong("%s", err)
		return false, false
	}
	r, err := DecodeRow(b)
	if err != nil || r.Code != k.Code {
		c.wrong("the observation %s: %v", k, err)
		return false, false
	}
	c.out.row = &r
	what := "observation " + k.Name()
	if sealed = c.sealed(c.p.m.Seal, r.sealed(k.Column(Local)), what); sealed {
		c.checked("%s is in the log of node %s", what, c.p.m.Node)
	}
	if err := c.library(k.Indicator, Hash{}); err != nil {
		c.wrong("%s: %s", what, err)
		return sealed, false
	}
	o, err := c.out.library.DecodeObservation(c.out.definition, r.Observation)
	if err != nil {
		c.wrong("%s: %s", what, err)
		return sealed, false
	}
	p, _ := k.Time()
	c.out.Shown = o.Evaluate(c.out.definition, p).Filled()
	if c.p.m.Ground == nil {
		if len(c.p.m.Omitted) == 0 {
			c.unchecked("%s: the pack does not hold what it rests on", what)
		}
		return sealed, sealed
	}
	c.ground(k, &r)
	return sealed, sealed
}

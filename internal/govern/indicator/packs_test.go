package indicator_test

import (
	"os"
	"sync"
	"testing"

	"jingwei/internal/govern/assess"
	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/pack/clause"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/office/register"
	"jingwei/internal/plant/class"
)

// words are what the packs of a folder let definitions speak of (indicator.Vocabulary).
type words struct {
	kinds       *fact.Kinds
	registers   *pack.Set[register.Register]
	instruments *pack.Set[assess.Instrument]
	classes     map[string]class.Class
}

// tree are the packs as they lie in the tree.
var tree = os.DirFS("../../../packs")

var spoken = sync.OnceValue(func() words {
	return words{proof.Must(fact.LoadKinds(tree)), proof.Must(pack.Load[register.Register](tree, register.Dir)), proof.Must(pack.Load[assess.Instrument](tree, assess.Dir)), class.All(proof.Must(class.Load(tree, "equipment")))}
})

func (w words) FactFields(kind string) (field.Schema, bool) {
	k := w.kinds.Get(kind)
	if k == nil {
		return nil, false
	}
	return k.Fields, true
}

func (w words) EntryFields(id string) (field.Schema, []string, bool) {
	r := w.registers.Get(id)
	if r == nil {
		return nil, nil, false
	}
	var states []string
	for _, s := range r.States {
		states = append(states, s.ID)
	}
	return r.Fields, states, true
}

func (w words) Instrument(id string) bool { return w.instruments.Get(id) != nil }

func (w words) Class(id string) bool {
	_, ok := w.classes[id]
	return ok
}

func (w words) Tag(id string) bool {
	f := w.registers.Get("enterprises").Fields.Field("tags.tag")
	for _, o := range f.Options {
		if o.ID == id {
			return true
		}
	}
	return false
}

var library = sync.OnceValues(func() (*indicator.Library, error) {
	docs, err := clause.LoadDocuments(tree, "policy/documents")
	if err != nil {
		return nil, err
	}
	return indicator.Load(tree, docs, spoken())
})

// shipped are the packs of the tree.
func shipped(t *testing.T) *indicator.Library {
	t.Helper()
	l, err := library()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Every target that ships has its indicator, and its words in the document.
func TestShippedPacks(t *testing.T) {
	l := shipped(t)
	for _, p := range l.Policies() {
		if !p.Verified() {
			t.Errorf("%s: its clauses were not all found in documents on file", p.ID)
		}
	}
	for _, d := range l.Definitions() {
		if indicators, targets := l.UsedBy(d.ID); len(indicators)+len(targets) == 0 {
			t.Errorf("%s: nothing uses it", d.ID)
		}
	}
	t.Logf("%d definitions, %d targets", len(l.Definitions()), len(l.Targets("", "2018-12-31")))
}

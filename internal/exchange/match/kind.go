package match

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// DirKinds is the folder of kinds of needs among the packs.
const DirKinds = "needs"

// Scene groups kinds.
type Scene struct {
	ID   string    `json:"id" yaml:"id"`
	Name text.Text `json:"name" yaml:"name"`
}

// Kind of need.
type Kind struct {
	ID       string    `json:"id" yaml:"id"`
	Name     text.Text `json:"name" yaml:"name"`
	Scene    string    `json:"scene" yaml:"scene"`
	Means    []string  `json:"means" yaml:"means,omitempty" nullable:"false" doc:"Equipment and technology by which it is met"`
	Synonyms []string  `json:"synonyms" yaml:"synonyms,omitempty" nullable:"false" doc:"Words by which firms and providers name it"`
}

// kindsPack is a file of kinds.
type kindsPack struct {
	pack.Header `yaml:",inline"`

	Scenes []Scene `yaml:"scenes"`
	Kinds  []Kind  `yaml:"kinds"`
}

var idForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Check reports what is wrong with the pack.
func (p *kindsPack) Check(report func(where, what string)) {
	scenes := map[string]bool{}
	for i, s := range p.Scenes {
		if !idForm.MatchString(s.ID) || s.Name.Zh == "" || s.Name.En == "" || scenes[s.ID] {
			report(fmt.Sprintf("$.scenes[%d]", i), "needs an id of its own and a name in zh and en")
		}
		scenes[s.ID] = true
	}
	seen := map[string]bool{}
	for i, k := range p.Kinds {
		at := fmt.Sprintf("$.kinds[%d]", i)
		if !idForm.MatchString(k.ID) || len(k.ID) > maxKind || k.Name.Zh == "" || k.Name.En == "" || seen[k.ID] {
			report(at, "needs an id of its own (lowercase letters, digits, hyphens) and a name in zh and en")
		}
		seen[k.ID] = true
		if !scenes[k.Scene] {
			report(at+".scene", fmt.Sprintf("there is no scene %q in this file", k.Scene))
		}
		for j, w := range k.Synonyms {
			if n := utf8.RuneCountInString(w); n < 2 || n > 40 || strings.TrimSpace(w) != w {
				report(fmt.Sprintf("%s.synonyms[%d]", at, j), "a word has 2 to 40 characters, without spaces around it")
			}
		}
	}
	if len(p.Kinds) == 0 {
		report("$.kinds", "holds no kind")
	}
}

const maxKind = 60

// Kinds are all kinds of needs of a node.
type Kinds struct {
	Scenes []Scene
	all    []Kind
	number map[string]int
	words  *dictionary
}

// LoadKinds reads the packs of kinds. Errors: pack.Faults; a kind that two files have.
func LoadKinds(files fs.FS) (*Kinds, error) {
	set, err := pack.Load[kindsPack](files, DirKinds)
	if err != nil {
		return nil, fmt.Errorf("kinds of needs: %w", err)
	}
	k := &Kinds{number: map[string]int{}}
	for _, p := range set.All() {
		for _, s := range p.Scenes {
			if !slices.ContainsFunc(k.Scenes, func(x Scene) bool { return x.ID == s.ID }) {
				k.Scenes = append(k.Scenes, s)
			}
		}
		for _, x := range p.Kinds {
			if _, twice := k.number[x.ID]; twice {
				return nil, fmt.Errorf("kinds of needs: %s: the kind %s stands in another file too", p.File(), x.ID)
			}
			k.number[x.ID] = len(k.all)
			k.all = append(k.all, x)
		}
	}
	k.words = newDictionary(k.all)
	return k, nil
}

// All returns the kinds in the order of their files.
func (k *Kinds) All() []Kind {
	if k == nil {
		return nil
	}
	return slices.Clone(k.all)
}

// Get returns a kind; false where there is none.
func (k *Kinds) Get(id string) (Kind, bool) {
	if k == nil {
		return Kind{}, false
	}
	n, ok := k.number[id]
	if !ok {
		return Kind{}, false
	}
	return k.all[n], true
}

// name of a kind, its id where there is none.
func (k *Kinds) name(id string) text.Text {
	if x, ok := k.Get(id); ok {
		return x.Name
	}
	return text.Both(id)
}

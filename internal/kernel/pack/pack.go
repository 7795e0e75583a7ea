package pack

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"golang.org/x/sync/errgroup"

	"jingwei/internal/kernel/text"
)

// maxFile bounds a pack, in bytes.
const maxFile = 4 << 20

// Header is what every pack begins with. A room's type embeds it with `yaml:",inline"`.
type Header struct {
	ID      string    `json:"id" yaml:"id"`           // lowercase letters, digits, hyphens; the file's name
	Version string    `json:"version" yaml:"version"` // major.minor.patch (semver.org)
	Source  string    `json:"source" yaml:"source"`   // where the knowledge comes from: standard and clause, manual, data set
	Licence string    `json:"licence,omitempty" yaml:"licence,omitempty"`
	Name    text.Text `json:"name" yaml:"name"`

	file string
	hash string
}

// Head gives Set access to the header of the type that embeds it.
func (h *Header) Head() *Header { return h }

// File is where the pack was read from.
func (h *Header) File() string { return h.file }

// Hash is the SHA-256 of the file, in hex: what exactly was read.
func (h *Header) Hash() string { return h.hash }

// Body is a room's type of pack. Check reports what is wrong beyond types; where is a YAML path such as
// "$.points[3].unit", which becomes line and column.
type Body interface {
	Head() *Header
	Check(report func(where, what string))
}

// Fault is one thing wrong with a pack.
type Fault struct {
	File         string
	Line, Column int    // from 1; 0 when unknown
	Where        string // "$.points[3].unit", "" when the line says it
	What         string
}

func (f Fault) Error() string {
	place := f.File
	if f.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
	}
	if f.Where != "" && f.Where != "$" {
		return place + ": " + strings.TrimPrefix(f.Where, "$.") + ": " + f.What
	}
	return place + ": " + f.What
}

// Faults are all that is wrong.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Place finds line and column of faults that show only between packs: they have a file and a field.
func (f Faults) Place(files fs.FS) {
	for i := range f {
		if data, err := fs.ReadFile(files, f[i].File); err == nil {
			f[i].Line, f[i].Column = Locate(data, f[i].Where)
		}
	}
}

// Set holds the packs of one kind.
type Set[T any] struct {
	list []*T
	byID map[string]*T
}

// Load reads all *.yaml of dir. Error: Faults, with every fault of every file.
func Load[T any, P interface {
	*T
	Body
}](files fs.FS, dir string) (*Set[T], error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, fmt.Errorf("read packs: %w", err)
	}
	var names []string
	for _, e := range entries { // sorted by name
		if !e.IsDir() && path.Ext(e.Name()) == ".yaml" {
			names = append(names, path.Join(dir, e.Name()))
		}
	}
	packs, wrong := make([]*T, len(names)), make([]error, len(names))
	var work errgroup.Group
	work.SetLimit(runtime.GOMAXPROCS(0)) // a node's start waits for this, and most of it is parsing
	for i, name := range names {
		work.Go(func() error {
			data, err := fs.ReadFile(files, name)
			if err == nil {
				packs[i], err = Decode[T, P](name, data)
			}
			wrong[i] = err
			return nil
		})
	}
	_ = work.Wait()
	s := &Set[T]{byID: map[string]*T{}}
	var faults Faults
	for i, v := range packs {
		var its Faults
		if errors.As(wrong[i], &its) {
			faults = append(faults, its...)
			continue
		}
		if wrong[i] != nil {
			return nil, fmt.Errorf("read pack: %w", wrong[i])
		}
		s.list = append(s.list, v)
		s.byID[P(v).Head().ID] = v
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return s, nil
}

// All returns the packs, by id.
func (s *Set[T]) All() []*T { return slices.Clone(s.list) }

// Get returns a pack, or nil.
func (s *Set[T]) Get(id string) *T { return s.byID[id] }

var (
	idForm      = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	versionForm = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$`)
)

// Decode reads one pack. Error: Faults.
func Decode[T any, P interface {
	*T
	Body
}](file string, data []byte) (*T, error) {
	v := new(T)
	tree, faults := parse(file, data, v)
	if len(faults) > 0 {
		return nil, faults
	}
	report := func(where, what string) {
		f := Fault{File: file, Where: where, What: what}
		f.Line, f.Column = locate(tree, where)
		faults = append(faults, f)
	}
	h := P(v).Head()
	h.check(file, report)
	P(v).Check(report)
	if len(faults) > 0 {
		slices.SortStableFunc(faults, func(a, b Fault) int { return a.Line - b.Line })
		return nil, faults
	}
	sum := sha256.Sum256(data)
	h.file, h.hash = file, hex.EncodeToString(sum[:])
	return v, nil
}

func (h *Header) check(file string, report func(where, what string)) {
	switch {
	case !idForm.MatchString(h.ID) || len(h.ID) > 100:
		report("$.id", fmt.Sprintf("%q is not an id; use lowercase letters, digits and hyphens", h.ID))
	case h.ID != strings.TrimSuffix(path.Base(file), ".yaml"):
		report("$.id", fmt.Sprintf("%q differs from the file's name; name the file %s.yaml", h.ID, h.ID))
	}
	if !versionForm.MatchString(h.Version) {
		report("$.version", fmt.Sprintf("%q is not a version; write major.minor.patch, such as 1.0.0", h.Version))
	}
	if strings.TrimSpace(h.Source) == "" {
		report("$.source", "is missing; say where this knowledge comes from")
	}
	if h.Name.Zh == "" || h.Name.En == "" {
		report("$.name", "needs zh and en")
	}
}

// parse decodes strictly. The library panics on some malformed input; a pack may come from outside, so that is a fault too.
func parse(file string, data []byte, v any) (tree *ast.File, faults Faults) {
	at := func(t *token.Token, what string) {
		f := Fault{File: file, What: what}
		if t != nil && t.Position != nil {
			f.Line, f.Column = t.Position.Line, t.Position.Column
		}
		faults = append(faults, f)
	}
	defer func() {
		if r := recover(); r != nil {
			tree, faults = nil, Faults{{File: file, What: fmt.Sprintf("is not readable as YAML (%v)", r)}}
		}
	}()
	if len(data) > maxFile {
		at(nil, fmt.Sprintf("has %d bytes; a pack has at most %d", len(data), maxFile))
		return nil, faults
	}
	tokens := lexer.Tokenize(string(data))
	for _, t := range tokens {
		if t.Type == token.AnchorType || t.Type == token.AliasType || t.Type == token.MergeKeyType {
			at(t, "anchors and aliases are not used in packs; write it out")
			return nil, faults
		}
	}
	tree, err := parser.Parse(tokens, 0)
	if err == nil && len(tree.Docs) != 1 {
		at(nil, fmt.Sprintf("holds %d documents; a pack is one", len(tree.Docs)))
		return nil, faults
	}
	if err == nil && tree.Docs[0].Body == nil {
		at(nil, "is empty")
		return nil, faults
	}
	if err == nil {
		err = yaml.NodeToValue(tree.Docs[0].Body, v, yaml.Strict())
	}
	var y yaml.Error
	switch {
	case err == nil:
		return tree, nil
	case errors.As(err, &y):
		at(y.GetToken(), y.GetMessage())
	default:
		at(nil, err.Error())
	}
	return nil, faults
}

// Locate finds line and column of a YAML path such as "$.points[3].unit" in a file, or of the nearest part of it that is
// there; 1, 1 where the file is not readable.
func Locate(data []byte, where string) (line, column int) {
	defer func() {
		if recover() != nil { // see parse
			line, column = 1, 1
		}
	}()
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		return 1, 1
	}
	return locate(tree, where)
}

// locate finds the line of a path, or of the nearest part of it that is there.
func locate(tree *ast.File, where string) (line, column int) {
	for where != "" {
		if p, err := yaml.PathString(where); err == nil {
			if node, err := p.FilterFile(tree); err == nil && node != nil && node.GetToken() != nil {
				pos := node.GetToken().Position
				return pos.Line, pos.Column
			}
		}
		cut := strings.LastIndexAny(where, ".[")
		if cut <= 0 {
			break
		}
		where = where[:cut]
	}
	return 1, 1
}

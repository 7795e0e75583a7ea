package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFile bounds a configuration file, in bytes.
const maxFile = 1 << 20

type entry struct {
	value string
	line  int
}

// UnknownKeyError names a key of the file that does not exist, and the nearest one that does.
type UnknownKeyError struct {
	File    string
	Line    int
	Key     string
	Nearest string // "" when nothing is near
}

func (e *UnknownKeyError) Error() string {
	s := fmt.Sprintf("%s:%d: unknown key %q", e.File, e.Line, e.Key)
	if e.Nearest != "" {
		return s + "; did you mean " + e.Nearest + "?"
	}
	return s + "; jingwei config lists the keys"
}

// readFile returns the values by key. Keys may be nested or written with dots. The YAML library panics on some
// malformed input, which is a fault of the file here.
func readFile(name string, data []byte, keys []Key) (values map[string]entry, err error) {
	defer func() {
		if r := recover(); r != nil {
			values, err = nil, fmt.Errorf("%s: is not readable as YAML (%v)", name, r)
		}
	}()
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: has %d bytes; a configuration has at most %d", name, len(data), maxFile)
	}
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		var y yaml.Error
		if errors.As(err, &y) && y.GetToken() != nil {
			return nil, fmt.Errorf("%s:%d: %s", name, y.GetToken().Position.Line, y.GetMessage())
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f := &reading{file: name, values: map[string]entry{}}
	for _, k := range keys {
		f.keys = append(f.keys, k.Name)
	}
	for _, d := range tree.Docs {
		if d.Body != nil {
			f.walk("", d.Body)
		}
	}
	return f.values, errors.Join(f.faults...)
}

type reading struct {
	file   string
	keys   []string
	values map[string]entry
	faults []error
}

func (f *reading) walk(prefix string, n ast.Node) {
	line := 0
	if t := n.GetToken(); t != nil {
		line = t.Position.Line
	}
	fault := func(format string, args ...any) {
		f.faults = append(f.faults, fmt.Errorf("%s:%d: %s", f.file, line, fmt.Sprintf(format, args...)))
	}
	known := false
	for _, k := range f.keys {
		known = known || k == prefix
	}
	switch v := n.(type) {
	case *ast.CommentGroupNode, *ast.NullNode:
		return
	case ast.MapNode:
		if known {
			fault("%s: want one value, not keys below it", prefix)
			return
		}
		for it := v.MapRange(); it.Next(); {
			key := it.Key().GetToken().Value
			if prefix != "" {
				key = prefix + "." + key
			}
			f.branch(key, it.Key().GetToken().Position.Line, it.Value())
		}
		return
	}
	if !known {
		fault("want keys and values, such as http:\n  address: 127.0.0.1:8480")
		return
	}
	switch v := n.(type) {
	case *ast.SequenceNode:
		var list []string
		for _, item := range v.Values {
			s, ok := scalar(item)
			if !ok || strings.Contains(s, ",") {
				fault("%s: want a list of single values", prefix)
				return
			}
			list = append(list, s)
		}
		f.put(prefix, strings.Join(list, ","), line, fault)
	default:
		s, ok := scalar(n)
		if !ok {
			fault("%s: want one value", prefix)
			return
		}
		f.put(prefix, s, line, fault)
	}
}

// branch refuses a key as soon as no known key begins with it, so that the line of the mistake is named.
func (f *reading) branch(key string, line int, value ast.Node) {
	for _, k := range f.keys {
		if k == key || strings.HasPrefix(k, key+".") {
			f.walk(key, value)
			return
		}
	}
	f.faults = append(f.faults, &UnknownKeyError{File: f.file, Line: line, Key: key, Nearest: nearest(key, withSections(f.keys))})
}

// withSections adds the sections that dotted keys stand in: a mistyped section is meant more often than another key.
func withSections(keys []string) []string {
	words := slices.Clone(keys)
	for _, k := range keys {
		for i, c := range k {
			if c == '.' && !slices.Contains(words, k[:i]) {
				words = append(words, k[:i])
			}
		}
	}
	return words
}

func (f *reading) put(key, value string, line int, fault func(string, ...any)) {
	if old, twice := f.values[key]; twice {
		fault("%s is given twice, first in line %d; remove one", key, old.line)
		return
	}
	f.values[key] = entry{value: value, line: line}
}

func scalar(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.LiteralNode:
		return v.Value.Value, true
	case *ast.StringNode:
		return v.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// nearest returns the known word that differs least, or "" when all differ in more than a third of their letters. Where
// the last part of a dotted key is that of a known key, that key is meant.
func nearest(word string, known []string) string {
	if len(word) > 100 {
		return ""
	}
	best, least := "", len([]rune(word))/3+1
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d <= least {
			if d < least || best == "" {
				best, least = k, d
			}
		}
	}
	if best != "" {
		return best
	}
	last := word[strings.LastIndexByte(word, '.')+1:]
	for _, k := range known {
		if k[strings.LastIndexByte(k, '.')+1:] == last {
			return k
		}
	}
	return ""
}

// distance is the number of letters to insert, remove, change or swap with a neighbour (optimal string alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	var before []int
	prev := make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		cur := make([]int, len(y)+1)
		cur[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev = prev, cur
	}
	return prev[len(y)]
}

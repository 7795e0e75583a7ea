package mqttjson

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/valyala/fastjson"
)

// path leads to a value in a JSON document: a subset of JSONPath (RFC 9535) that leads to one value at most: $.a.b,
// $['a b'], $.list[0]. A path may leave out the $.
type path []step

type step struct {
	key   string
	index int // of an array, where key is ""
}

const maxSteps = 16

func parsePath(s string) (path, error) {
	if s == "" || len(s) > maxTopic {
		return nil, errors.New("a path is wanted")
	}
	p := path{}
	rest := strings.TrimPrefix(s, "$")
	if rest == s {
		rest = "." + s
	}
	for rest != "" {
		if len(p) == maxSteps {
			return nil, fmt.Errorf("at most %d steps are allowed", maxSteps)
		}
		switch {
		case strings.HasPrefix(rest, "['"):
			key, after, ok := strings.Cut(rest[2:], "']")
			if !ok || key == "" {
				return nil, errors.New("a name in brackets ends with ']")
			}
			p, rest = append(p, step{key: key}), after
		case rest[0] == '[':
			digits, after, ok := strings.Cut(rest[1:], "]")
			n, err := strconv.ParseUint(digits, 10, 16)
			if !ok || err != nil {
				return nil, errors.New("brackets hold the number of an element, like [0]")
			}
			p, rest = append(p, step{index: int(n)}), after
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[")
			key := rest[1:]
			if end >= 0 {
				key = rest[1 : 1+end]
			}
			if key == "" || strings.ContainsAny(key, "*?'\"$@") {
				return nil, fmt.Errorf("a member's name is wanted at %q", clip(rest))
			}
			p, rest = append(p, step{key: key}), rest[1+len(key):]
		default:
			return nil, fmt.Errorf("a dot or a bracket is wanted at %q", clip(rest))
		}
	}
	return p, nil
}

// find follows the path; nil where it leads nowhere.
func (p path) find(v *fastjson.Value) *fastjson.Value {
	for _, s := range p {
		if v == nil {
			return nil
		}
		if s.key != "" {
			if v.Type() != fastjson.TypeObject {
				return nil
			}
			v = v.Get(s.key)
			continue
		}
		a := v.GetArray()
		if s.index >= len(a) {
			return nil
		}
		v = a[s.index]
	}
	return v
}

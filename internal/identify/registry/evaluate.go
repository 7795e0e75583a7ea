package registry

import (
	"context"

	"jingwei/internal/identify/handle"
)

// evaluation is a group of requests worked out: which versions come of them, and what is refused.
type evaluation struct {
	versions []Version
	keys     [][]byte // of each version
	before   []int    // what each follows: a version of the same commit, or one of the two below
	found    []*found // by what each is searched; nil: by its name alone
	authors  []int64
	records  [][]byte // the canonical bytes of each version
	prefixes []Prefix // that are new
	more     bool     // there is something to be written beside versions
	results  []*result

	latest  map[string]int         // the newest version of a key in this commit
	unique  map[uniqueKey]int      // values that must be unique, by the version that has them
	holders map[uniqueKey][]holder // who has had them before, of those that were looked for together
}

// What a version follows.
const (
	nothingBefore = -1
	heldBefore    = -2 // one that was committed before
)

// result is a request with the places of its versions.
type result struct {
	*request
	at []int // of each change in versions; -1 for none
}

// tell gives the changes their serials.
func (r *result) tell(first int64) {
	for i, at := range r.at {
		if at >= 0 {
			r.out.Serials[i] = first + int64(at)
		}
	}
}

// evaluate works requests out against what is held.
func (s *Service) evaluate(ctx context.Context, group []*request) *evaluation {
	e := &evaluation{latest: map[string]int{}, unique: map[uniqueKey]int{}, holders: map[uniqueKey][]holder{}}
	if err := e.foresee(ctx, s, group); err != nil {
		s.log.Warn("unique values are looked for one by one", "error", err)
	}
	for _, r := range group {
		r.out = outcome{Serials: make([]int64, len(r.changes)), Errors: make([]error, len(r.changes))}
		x := &result{request: r, at: make([]int, len(r.changes))}
		e.results = append(e.results, x)
		from, prefixes := len(e.versions), len(e.prefixes)
		for i := range r.changes {
			x.at[i] = -1
			at, err := e.change(ctx, s, r.by, &r.changes[i])
			if err != nil {
				r.out.Errors[i] = err
				r.out.Refused++
				continue
			}
			x.at[i] = at
		}
		if r.whole && r.out.Refused > 0 {
			e.takeBack(from, prefixes)
			for i := range x.at {
				x.at[i] = -1
			}
			r.err = firstOf(r.out.Errors)
		}
		e.more = e.more || r.within != nil || r.err == nil && len(r.audit) > 0
	}
	return e
}

func firstOf(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// takeBack forgets versions and prefixes from a place on.
func (e *evaluation) takeBack(from, prefixes int) {
	for i := len(e.versions) - 1; i >= from; i-- {
		if b := e.before[i]; b >= 0 {
			e.latest[string(e.keys[i])] = b
		} else {
			delete(e.latest, string(e.keys[i]))
		}
		if f := e.found[i]; f != nil {
			for _, u := range f.unique {
				if e.unique[u] == i {
					delete(e.unique, u)
				}
			}
		}
	}
	e.versions, e.keys, e.before, e.found, e.prefixes = e.versions[:from], e.keys[:from], e.before[:from], e.found[:from], e.prefixes[:prefixes]
}

// change works out one change and returns the place of its version.
func (e *evaluation) change(ctx context.Context, s *Service, by IdentifierAuthor, c *Change) (int, error) {
	prefix, err := e.owner(s, c)
	if err != nil {
		return 0, err
	}
	key := handle.Fold(nil, []byte(c.Name))
	before, old := nothingBefore, []byte(nil)
	if i, ok := e.latest[string(key)]; ok {
		before, old = i, e.versions[i].Record
	} else {
		if old, _, err = s.current(ctx, key); err != nil {
			return 0, err
		}
		if old != nil {
			before = heldBefore
		}
	}
	if c.Basis != 0 {
		if err := s.checkBasis(ctx, key, before, c); err != nil {
			return 0, err
		}
	}
	record, operation, err := c.next(old, seconds(s.o.Now()))
	if err != nil {
		return 0, err
	}
	v := Version{Name: c.Name, Prefix: prefix, Operation: operation, By: by, Record: record}
	if old != nil {
		v.Name, _ = nameOf(old)
	}
	at := len(e.versions)
	var f *found
	if record != nil {
		if v.Template, f, err = e.templated(ctx, s, &v, key, at); err != nil {
			return 0, err
		}
	}
	e.versions, e.keys, e.before, e.found = append(e.versions, v), append(e.keys, key), append(e.before, before), append(e.found, f)
	e.latest[string(key)] = at
	return at, nil
}

// owner is the number of the prefix that a name belongs to. The handle of a prefix that is not known may be made where the prefix above
// is served here; the prefix then belongs to the same organisation.
func (e *evaluation) owner(s *Service, c *Change) (int64, error) {
	name := subject(c.Name)
	_, ofPrefix := c.Name.OfPrefix()
	if p, ok := s.prefixes.get(name); ok {
		if p.State != Homed && !ofPrefix {
			return 0, handle.Refuse(handle.NotResponsible, nil, "prefix %s", p.Name)
		}
		return p.Number, nil
	}
	for _, p := range e.prefixes {
		if p.Prefix == name && ofPrefix {
			return p.Number, nil
		}
	}
	parent, ok := s.prefixes.get(handle.Parent(name))
	if !ofPrefix || !ok || parent.State != Homed || c.Operation != Create {
		return 0, handle.Refuse(handle.NotResponsible, nil, "prefix %s", name)
	}
	if err := checkPrefix(name); err != nil {
		return 0, err
	}
	p := Prefix{Number: s.number + int64(len(e.prefixes)) + 1, Prefix: name, Name: c.Name.Suffix(), Org: parent.Org, State: Allocated, Revision: 1, At: s.o.Now().UnixNano()}
	e.prefixes = append(e.prefixes, p)
	return p.Number, nil
}

// checkBasis tells whether what the caller has seen still holds.
func (s *Service) checkBasis(ctx context.Context, key []byte, before int, c *Change) error {
	serial := int64(0)
	if before == heldBefore {
		var operation string
		var record []byte
		if err := s.statements.find.QueryRowContext(ctx, key).Scan(&serial, &operation, &record); err != nil {
			return wrap("find the version that holds", err)
		}
	}
	if serial != c.Basis {
		return ErrBasis.At("body.basis", c.Basis).With("serial", serial)
	}
	return nil
}

// nameOf is the name in a record.
func nameOf(record []byte) (handle.Name, bool) {
	if len(record) < 4 {
		return "", false
	}
	n := int(record[0])<<24 | int(record[1])<<16 | int(record[2])<<8 | int(record[3])
	if n > len(record)-4 {
		return "", false
	}
	return handle.Name(record[4 : 4+n]), true
}

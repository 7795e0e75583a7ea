package indicator

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"jingwei/internal/kernel/fact"
)

// Union is what keepers know together of an indicator that is counted once for a region: of each input that counts entries the facts
// themselves, each once however many keepers know it, and what follows from them. Unions are merged in any order, and any number of times:
// equal facts give equal bytes. What a keeper declares of its own region, and what other indicators give it, is its own and goes nowhere.
//
// A Union is not safe for concurrent use.
type Union struct {
	d      *Definition
	root   [32]byte // over what the keeper's own inputs rest on
	inputs []Given
	sets   []*set
}

// Union is what a keeper knows by itself.
func (v *Valuation) Union() *Union {
	o := v.Observation()
	u := &Union{d: v.Definition, root: o.Root, inputs: o.Inputs, sets: make([]*set, len(o.Inputs))}
	for i := range v.Inputs {
		u.sets[i] = setOf(&u.d.Inputs[i], &v.Inputs[i])
	}
	u.settle()
	return u
}

// settle works out again what facts come to.
func (u *Union) settle() {
	for i, s := range u.sets {
		if s == nil {
			continue
		}
		if own := &u.inputs[i]; own.Num != nil && own.Source >= 0 && own.Source < s.source {
			u.sets[i] = nil // the keeper itself knows better
			continue
		}
		u.inputs[i] = s.given(&u.d.Inputs[i])
	}
}

// Merge adds what another keeper has told. Error: ErrObservation where it is of another definition.
func (u *Union) Merge(o *Union) error {
	if u.d.ID != o.d.ID || u.d.Hash() != o.d.Hash() {
		return fmt.Errorf("%w of %s %s does not go with one of %s %s", ErrObservation, o.d.ID, o.d.Version, u.d.ID, u.d.Version)
	}
	for i := range u.sets {
		u.sets[i] = u.sets[i].join(o.sets[i])
	}
	u.settle()
	return nil
}

// Clone is a union of its own with the same facts.
func (u *Union) Clone() *Union {
	out := &Union{d: u.d, root: u.root, inputs: slices.Clone(u.inputs), sets: make([]*set, len(u.sets))}
	for i, s := range u.sets {
		if s != nil {
			out.sets[i] = &set{s.source, s.none, maps.Clone(s.facts)}
		}
	}
	return out
}

// Told is the union as it goes to another node: facts alone.
func (u *Union) Told() *Union {
	out := &Union{d: u.d, root: u.root, inputs: make([]Given, len(u.inputs)), sets: u.Clone().sets}
	for i := range out.inputs {
		if out.inputs[i] = u.inputs[i]; u.sets[i] == nil {
			out.inputs[i] = Given{Lack: NoEntries, Source: -1}
		}
	}
	return out
}

// Facts is how many there are, and how many of them another union has not.
func (u *Union) Facts(beyond *Union) (all, more int) {
	for i, s := range u.sets {
		if s == nil {
			continue
		}
		all += len(s.facts)
		for k := range s.facts {
			if o := beyond.sets[i]; o == nil {
				more++
			} else if _, known := o.facts[k]; !known {
				more++
			}
		}
	}
	return all, more
}

// Evaluate works the value out.
func (u *Union) Evaluate(p Period) *Valuation { return evaluate(u.d, p, u.inputs) }

// unionFormat is the first byte of a union; an Observation has another one.
const unionFormat = 2

const hasSum = 1 << 4

// Encode gives the one encoding of a union.
func (u *Union) Encode() []byte {
	w := &writer{append([]byte{unionFormat}, u.root[:]...)}
	encodeInputs(w, u.inputs)
	for _, s := range u.sets {
		if s == nil {
			w.uint(0)
			continue
		}
		w.uint(uint64(s.source + 1))
		w.b = append(w.b, byte(s.none))
		w.uint(uint64(len(s.facts)))
		for _, k := range s.sorted() {
			h := s.facts[k]
			w.b = append(w.b, k.mark[:]...)
			w.text(k.group)
			head := byte(h.grade)
			if h.num != nil {
				head |= hasSum
			}
			if w.b = append(w.b, head); h.num != nil {
				w.rat(h.num)
			}
		}
	}
	return w.b
}

// DecodeUnion reads what Encode has written and nothing else, and an Observation as programs wrote it that merged nothing. Error:
// ErrObservation with what is wrong.
func (l *Library) DecodeUnion(d *Definition, b []byte) (*Union, error) {
	if len(b) > 0 && b[0] == observationFormat {
		o, err := l.DecodeObservation(d, b)
		return &Union{d: d, root: o.Root, inputs: o.Inputs, sets: make([]*set, len(o.Inputs))}, err
	}
	u := &Union{d: d, sets: make([]*set, len(d.Inputs))}
	r := &reader{b: b}
	if v := r.take(1, "format"); r.err == nil && v[0] != unionFormat {
		r.fail("format %d is not known, this program reads %d", v[0], unionFormat)
	}
	copy(u.root[:], r.take(len(u.root), "root"))
	u.inputs = l.decodeInputs(d, r, 0)
	for i := range u.sets {
		u.sets[i] = decodeSet(&d.Inputs[i], r)
	}
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("%w of %s: %w", ErrObservation, d.ID, err)
	}
	again := u.Clone()
	if again.settle(); !bytes.Equal(again.Encode(), b) {
		return nil, fmt.Errorf("%w of %s: its numbers are not what its facts come to", ErrObservation, d.ID)
	}
	return u, nil
}

func decodeSet(in *Input, r *reader) *set {
	source := int(r.uint(maxSources, "source")) - 1
	if source < 0 || r.err != nil {
		return nil
	}
	if source >= len(in.From) || !in.From[source].unites() {
		r.fail("input %s: source %d counts no facts", in.Key, source)
		return nil
	}
	s := &set{source: source, facts: map[factKey]held{}}
	if g := r.take(1, "a grade"); g != nil {
		if s.none = fact.Grade(g[0]); s.none > fact.Measured {
			r.fail("input %s: grade %d is not known", in.Key, g[0])
		}
	}
	for range r.uint(maxCounts, "facts") {
		var k factKey
		copy(k.mark[:], r.take(len(k.mark), "a fact"))
		k.group = r.text(maxWord, "a group")
		var h held
		if g := r.take(1, "a grade"); g != nil {
			if h.grade = fact.Grade(g[0] &^ hasSum); h.grade > fact.Measured {
				r.fail("input %s: grade %d is not known", in.Key, g[0])
			}
			if g[0]&hasSum != 0 {
				h.num = r.rat(in.Key)
			}
		}
		if r.err != nil {
			return nil
		}
		s.facts[k] = h
	}
	return s
}

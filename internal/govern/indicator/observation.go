package indicator

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator/formula"
	"jingwei/internal/kernel/fact"
)

// Observation is what was found out of an enterprise's inputs of one definition and period: all that its value follows from, and of what
// they rest on a hash only. It is what leaves an enterprise where it has agreed that its inputs do.
type Observation struct {
	Inputs []Given  // in the definition's order, without Rests
	Root   [32]byte // SHA-256 over everything that they rest on
}

// ErrObservation says that bytes are no observation.
var ErrObservation = errors.New("observation")

// mark is the hash of one thing that an input rests on. Titles are not in it.
func (r *Rest) mark() [32]byte {
	w := &writer{}
	w.text(r.Kind)
	w.b = append(w.b, r.ID[:]...)
	w.int(r.Revision)
	w.text(r.Value)
	counts := uint64(0)
	if r.Counts {
		counts = 1
	}
	w.uint(counts)
	w.int(int64(r.Days))
	w.int(int64(r.Of))
	w.uint(uint64(len(r.Series)))
	for _, id := range r.Series {
		w.b = append(w.b, id[:]...)
	}
	return sha256.Sum256(w.b)
}

// root is the hash over what inputs rest on, each in the order of its hashes: whatever order it was found in.
func root(inputs []Given) [32]byte {
	sum := sha256.New()
	for i := range inputs {
		marks := slices.Clone(inputs[i].marks)
		slices.SortFunc(marks, func(x, y [32]byte) int { return slices.Compare(x[:], y[:]) })
		_ = binary.Write(sum, binary.BigEndian, uint32(len(marks)))
		for _, m := range marks {
			sum.Write(m[:])
		}
		if b := inputs[i].Below; b != nil {
			below := root(b.Inputs)
			sum.Write(below[:])
		}
	}
	return [32]byte(sum.Sum(nil))
}

// Observation is what a valuation was made of.
func (v *Valuation) Observation() Observation {
	return Observation{Inputs: bare(v.Inputs), Root: root(v.Inputs)}
}

// bare is inputs without what they rest on.
func bare(inputs []Given) []Given {
	out := make([]Given, len(inputs))
	for i, g := range inputs {
		out[i] = Given{Num: g.Num, Lack: g.Lack, Grade: g.Grade, Source: g.Source, Days: g.Days, Of: g.Of, Distinct: g.Distinct}
		if g.Num != nil {
			out[i].Lack = ""
		}
		if b := g.Below; b != nil {
			out[i].Below = &Valuation{Definition: b.Definition, Period: b.Period, Inputs: bare(b.Inputs)}
		}
	}
	return out
}

// Evaluate works the value out. It is pure, and gives what the enterprise's own node had.
func (o *Observation) Evaluate(d *Definition, p Period) *Valuation { return evaluate(d, p, o.Inputs) }

// evaluate works out what rests on other indicators from the ground up.
func evaluate(d *Definition, p Period, inputs []Given) *Valuation {
	inputs = slices.Clone(inputs)
	for i := range inputs {
		if b := inputs[i].Below; b != nil {
			inputs[i].Below = evaluate(b.Definition, b.Period, b.Inputs)
		}
	}
	return Evaluate(d, p, inputs)
}

// observationFormat is the first byte of an observation.
const observationFormat = 1

// Encode gives the one encoding of an observation.
func (o *Observation) Encode() []byte {
	w := &writer{append([]byte{observationFormat}, o.Root[:]...)}
	encodeInputs(w, o.Inputs)
	return w.b
}

// What is known of an input, in the bits of its first byte.
const (
	hasNumber = 1 << iota
	hasDays
	hasWords
	hasBelow
)

func encodeInputs(w *writer, inputs []Given) {
	w.uint(uint64(len(inputs)))
	for i := range inputs {
		g := &inputs[i]
		head := byte(g.Grade) << 4
		for _, x := range []struct {
			bit byte
			is  bool
		}{{hasNumber, g.Num != nil}, {hasDays, g.Of != 0 || g.Days != 0}, {hasWords, len(g.Distinct) > 0}, {hasBelow, g.Below != nil}} {
			if x.is {
				head |= x.bit
			}
		}
		w.b = append(w.b, head)
		w.uint(uint64(g.Source + 1))
		if g.Num != nil {
			w.rat(g.Num)
		} else {
			w.text(string(g.Lack))
		}
		if head&hasDays != 0 {
			w.int(int64(g.Days))
			w.int(int64(g.Of))
		}
		if head&hasWords != 0 {
			w.uint(uint64(len(g.Distinct)))
			for _, s := range g.Distinct {
				w.text(s)
			}
		}
		if b := g.Below; b != nil {
			w.text(b.Definition.ID)
			w.text(b.Period.Kind)
			w.text(b.Period.Label)
			encodeInputs(w, b.Inputs)
		}
	}
}

// DecodeObservation reads what Encode has written and nothing else. Error: ErrObservation with what is wrong.
func (l *Library) DecodeObservation(d *Definition, b []byte) (Observation, error) {
	var o Observation
	r := &reader{b: b}
	if v := r.take(1, "format"); r.err == nil && v[0] != observationFormat {
		r.fail("format %d is not known, this program reads %d", v[0], observationFormat)
	}
	copy(o.Root[:], r.take(len(o.Root), "root"))
	o.Inputs = l.decodeInputs(d, r, 0)
	if err := r.end(); err != nil {
		return Observation{}, fmt.Errorf("%w of %s: %w", ErrObservation, d.ID, err)
	}
	return o, nil
}

func (l *Library) decodeInputs(d *Definition, r *reader, depth int) []Given {
	if n := r.uint(maxInputs, "inputs"); r.err == nil && int(n) != len(d.Inputs) {
		r.fail("%d inputs; %s %s has %d", n, d.ID, d.Version, len(d.Inputs))
	}
	out := make([]Given, len(d.Inputs))
	for i := range out {
		if r.err != nil {
			return nil
		}
		out[i] = l.decodeInput(&d.Inputs[i], r, depth)
	}
	return out
}

func (l *Library) decodeInput(in *Input, r *reader, depth int) (g Given) {
	var head byte
	if p := r.take(1, "an input"); p != nil {
		head = p[0]
	}
	if g.Grade = fact.Grade(head >> 4); g.Grade > fact.Measured {
		r.fail("input %s: grade %d is not known", in.Key, head>>4)
	}
	g.Source = int(r.uint(maxSources, "source")) - 1
	if head&hasNumber != 0 {
		g.Num = r.rat(in.Key)
	} else if g.Lack = Lack(r.text(40, "reason")); r.err == nil {
		if _, ok := lackTexts[g.Lack]; !ok {
			r.fail("input %s: %q is no reason", in.Key, g.Lack)
		}
	}
	if head&hasDays != 0 {
		g.Days, g.Of = int(r.members("days")), int(r.members("days"))
		if r.err == nil && (g.Days > g.Of || g.Of == 0) {
			r.fail("input %s: %d days of %d", in.Key, g.Days, g.Of)
		}
	}
	if head&hasWords != 0 {
		n := r.uint(maxWords, "words")
		for range n {
			s := r.text(maxWord, "a word")
			if r.err == nil && len(g.Distinct) > 0 && g.Distinct[len(g.Distinct)-1] >= s {
				r.fail("input %s: words are not in order", in.Key)
			}
			if r.err != nil {
				return g
			}
			g.Distinct = append(g.Distinct, s)
		}
		if n == 0 {
			r.fail("input %s: no words are written", in.Key)
		}
	}
	if head&hasBelow != 0 && r.err == nil {
		g.Below = l.decodeBelow(in, r, depth)
	}
	return g
}

func (l *Library) decodeBelow(in *Input, r *reader, depth int) *Valuation {
	d, id := l.below(in), r.text(100, "indicator")
	if d == nil || d.ID != id || depth >= maxBelow {
		r.fail("input %s does not rest on %q", in.Key, id)
		return nil
	}
	kind, label := r.text(10, "period"), r.text(10, "period")
	p, ok := ParsePeriod(kind, label)
	if !ok || !slices.Contains(d.Kinds(), kind) {
		r.fail("input %s: %q %q is no period of %s", in.Key, kind, label, id)
		return nil
	}
	return &Valuation{Definition: d, Period: p, Inputs: l.decodeInputs(d, r, depth+1)}
}

// Observe gathers an indicator of an enterprise that the register of a keeper lists, as the caller may read it. baseline is a day, or "".
func (s *Service) Observe(ctx context.Context, d *Definition, asked Asked) (*Valuation, error) {
	who := subject{keeper: asked.Keeper, org: asked.Firm.Org, firm: asked.Firm}
	if d.Of == OfRegion {
		who = subject{keeper: asked.Keeper, org: asked.Keeper, region: true, place: asked.Place}
	}
	return s.gatherer(asked.Baseline).value(ctx, d, who, asked.Period)
}

// Asked says of whom and when an indicator is gathered.
type Asked struct {
	Keeper   uuid.UUID  // of the registers
	Firm     Enterprise // of an indicator of a region left out
	Place    string     // GB/T 2260 of a region: entries of elsewhere do not count; "" for all
	Period   Period
	Baseline string // day, or ""
}

// Complete works out anew the inputs that the keeper's own registers say of an enterprise which lives on another node: its entries, its
// tags, its being a member. The other inputs stay as the enterprise gave them.
func (s *Service) Complete(ctx context.Context, d *Definition, asked Asked, o Observation) (Observation, error) {
	g, who := s.gatherer(asked.Baseline), subject{keeper: asked.Keeper, org: asked.Firm.Org, firm: asked.Firm}
	inputs := slices.Clone(o.Inputs)
	for i := range d.Inputs {
		for j := range d.Inputs[i].From {
			source := &d.Inputs[i].From[j]
			if inputs[i].Source >= 0 && inputs[i].Source < j {
				break // something that counts before it is known
			}
			if kind := source.Kind(); kind != "entry" && kind != "tag" && kind != "members" {
				continue
			}
			given, err := g.source(ctx, source, who, asked.Period)
			if err != nil {
				return o, fmt.Errorf("input %s of %s: %w", d.Inputs[i].Key, d.ID, err)
			}
			if given.Num != nil {
				if given.Num, err = formula.Convert(given.Num, source.given(), d.Inputs[i].unit); err != nil {
					return o, err
				}
				given.Source = j
				inputs[i] = given
				break
			}
		}
	}
	sum := sha256.New()
	own := root(inputs)
	sum.Write(o.Root[:])
	sum.Write(own[:])
	return Observation{Inputs: bare(inputs), Root: [32]byte(sum.Sum(nil))}, nil
}

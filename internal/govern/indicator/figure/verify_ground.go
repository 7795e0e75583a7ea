package figure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
	"jingwei/internal/telemetry/seal"
)

// terms reads the canonical bytes of an agreement's terms (org.Agreement.Terms).
func terms(b []byte) (map[string]string, error) {
	rest, ok := bytes.CutPrefix(b, []byte("jingwei.agreement/1\n"))
	out := map[string]string{}
	for ok && len(rest) > 0 {
		line, after, found := bytes.Cut(rest, []byte("\n"))
		name, digits, _ := strings.Cut(string(line), " ")
		n, err := strconv.Atoi(digits)
		if !found || err != nil || n < 0 || n >= len(after) || after[n] != '\n' || strconv.Itoa(n) != digits {
			ok = false
			break
		}
		out[name], rest = string(after[:n]), after[n+1:]
	}
	if !ok {
		return nil, fmt.Errorf("%w: the terms of an agreement", ErrBytes)
	}
	return out, nil
}

// agreement verifies what both sides have accepted.
func (c *check) agreement(a *packAgreement, id, what string) (*agreedIn, bool) {
	if a == nil || a.ID.String() != id && id != "" {
		c.wrong("%s: the pack does not hold its agreement", what)
		return nil, false
	}
	b, err := c.p.blob(a.Terms, "the terms of agreement "+a.ID.String())
	if err != nil {
		c.wrong("%s", err)
		return nil, false
	}
	said, err := terms(b)
	if err != nil || said["id"] != a.ID.String() || said["giver.node"] != a.Giver.String() || said["taker.node"] != c.p.m.Node.String() {
		c.wrong("the terms of agreement %s are not between node %s and node %s (%v)", a.ID, a.Giver, c.p.m.Node, err)
		return nil, false
	}
	accepted := map[string]bool{}
	for _, act := range a.Acts {
		payload, e, ok := c.record(act.Payload, act.Bundle, evidence.KindAgreement, "an act on agreement "+a.ID.String())
		if !ok {
			return nil, false
		}
		if payload["agreement"] != a.ID.String() || e.Subject != a.ID || payload["terms"] != Sum(b).String() || payload["act"] != org.ActAccept {
			c.wrong("agreement %s: what was accepted, %s, are not the terms %s", a.ID, payload["terms"], Sum(b))
			return nil, false
		}
		accepted[payload["side"]] = true
	}
	if !accepted["giver"] || !accepted["taker"] {
		c.unchecked("agreement %s: the log of this node does not show both sides' acceptance yet", a.ID)
	}
	out := &agreedIn{id: a.ID, giver: a.Giver, name: a.Name, key: a.Key, origin: "jingwei.node/" + a.Giver.String(), code: said["giver"]}
	for _, k := range c.keys {
		if evidence.OriginOf(k) == out.origin {
			out.keys = append(out.keys, k)
		}
	}
	if len(out.keys) == 0 && a.Key != "" {
		k, err := evidence.ParseVerifier(a.Key)
		if err != nil || evidence.OriginOf(k) != out.origin {
			c.wrong("agreement %s: %.100q is no key of the log of node %s", a.ID, a.Key, a.Giver)
			return nil, false
		}
		out.keys = append(out.keys, k)
	}
	return out, true
}

// record verifies a record that the node's log holds, and gives its fields.
func (c *check) record(payload, bundle, kind, what string) (map[string]string, *evidence.Envelope, bool) {
	b, err := c.p.blob(payload, what)
	if err != nil {
		c.wrong("%s", err)
		return nil, nil, false
	}
	e, x, err := c.bundle(bundle, what)
	if err == nil && e.Kind != kind {
		err = fmt.Errorf("it is a leaf of kind %s", e.Kind)
	}
	if err == nil {
		err = x.CheckRecord(b, e)
	}
	fields, malformed := seal.ParseRecord(b)
	if err == nil {
		err = malformed
	}
	if err != nil {
		c.wrong("%s: %s", what, err)
		return nil, nil, false
	}
	out := map[string]string{}
	for _, f := range fields {
		out[f.Name] = f.Text
	}
	return out, e, true
}

func (c *check) bundle(name, what string) (*evidence.Envelope, *seal.Bundle, error) {
	raw, err := c.p.blob(name, "the proof of "+what)
	if err != nil {
		return nil, nil, err
	}
	x, err := seal.ParseBundle(raw)
	if err != nil {
		return nil, nil, err
	}
	_, e, err := x.Verify(c.origin, nil, c.log...)
	return &e, x, err
}

// rows verifies observations and adds them.
func (c *check) rows(f *Figure, of *Part, part *packPart, total *indicator.Account, spoken map[string]bool) bool {
	d := c.out.definition
	p, _ := f.Key.Time()
	sum, whole := indicator.NewAccount(d), true
	for i := range part.Rows {
		x := &part.Rows[i]
		b, err := c.p.blob(x.Row, "an observation")
		if err != nil {
			c.wrong("%s", err)
			return false
		}
		r, err := DecodeRow(b)
		if err != nil {
			c.wrong("an observation of part %s: %s", of.Source, err)
			return false
		}
		what := fmt.Sprintf("observation %s from %s", f.Key.Of(r.Code).Name(), of.Source)
		if c.out.population.Find(r.Code) == nil || spoken[r.Code] {
			c.wrong("%s: the enterprise is no member of the population, or counted twice", what)
			return false
		}
		spoken[r.Code] = true
		if whole = c.sealed(x.Seal, r.sealed(f.Key.Column(of.Source)), what) && whole; len(c.out.Problems) > 0 {
			return false
		}
		a, ok := c.agreement(x.Agreement, "", what)
		if !ok {
			return false
		}
		if a.code != r.Code {
			c.wrong("%s: agreement %s is with %s", what, a.id, a.code)
			return false
		}
		added := r.Observation
		if of.Source == Remote {
			shown, ok := c.remote(what, f, &r, x, a)
			if !ok {
				return false
			}
			whole = whole && shown
			if x.Completed != "" {
				if added, err = c.p.blob(x.Completed, what+" with the keeper's registers"); err != nil {
					c.wrong("%s", err)
					return false
				}
				c.unchecked("%s: what the keeper's own registers add to it is the keeper's word", what)
			}
		} else if below := c.below(x.Below, x.Why, what, a, c.p.m.Keys); below != nil && (below.row == nil || string(below.row.Observation) != string(r.Observation)) {
			c.wrong("%s: the enterprise proves another observation than was added up", what)
			return false
		}
		o, err := c.out.library.DecodeObservation(d, added)
		if err != nil {
			c.wrong("%s: %s", what, err)
			return false
		}
		sum.Add(o.Evaluate(d, p))
	}
	if part.Why != "" {
		c.unchecked("observations from %s: %s", of.Source, part.Why)
		return false
	}
	if sum.Known() != of.Known {
		c.wrong("the observations from %s tell %d values, and figure %s says %d", of.Source, sum.Known(), f.Key, of.Known)
		return false
	}
	c.checked("%d observations from %s are in their logs and under agreements", len(part.Rows), of.Source)
	return total.Merge(sum) == nil && whole
}

// remote verifies an observation that was delivered; shown tells whether its giver has proved it.
func (c *check) remote(what string, f *Figure, r *Row, x *packRow, a *agreedIn) (shown, ok bool) {
	before := len(c.out.Problems)
	t, shown := c.told(what, a, x.Records, x.Told)
	if len(c.out.Problems) > before {
		return false, false
	}
	if t != nil {
		k := f.Key.Of(r.Code)
		k.Keeper, k.Filter = uuid.Nil, All
		tell, isObservation := t.(*TellObservation)
		if !isObservation || tell.Key != k || tell.Definition != f.Definition || string(tell.Observation) != string(r.Observation) {
			c.wrong("%s: the record of %s does not say what was added up", what, a.name)
			return false, false
		}
	}
	if below := c.below(x.Below, x.Why, what, a, nil); below != nil && (below.row == nil || string(below.row.Observation) != string(r.Observation)) {
		c.wrong("%s: the enterprise proves another observation than it has told", what)
		return false, false
	}
	return shown, len(c.out.Problems) == before
}

// ground gathers an enterprise's inputs again from what the pack holds, and proves what that was.
func (c *check) ground(k Key, r *Row) {
	what, g := "observation "+k.Name(), c.p.m.Ground
	b, err := c.p.blob(g.Transcript, "the transcript of "+what)
	if err != nil {
		c.wrong("%s", err)
		return
	}
	var t indicator.Transcript
	if err := json.Unmarshal(b, &t); err != nil {
		c.wrong("the transcript of %s: %s", what, err)
		return
	}
	if p, _ := k.Time(); t.Asked.Period != p || t.Asked.Baseline != k.Baseline || t.Asked.Firm.Code != k.Code {
		c.wrong("the transcript of %s is of another enterprise or period", what)
		return
	}
	v, err := indicator.Replay(c.out.library, c.out.definition, &t)
	if err != nil {
		c.wrong("%s: %s", what, err)
		return
	}
	o := v.Observation()
	if string(o.Encode()) != string(r.Observation) {
		c.wrong("%s is not what its inputs give now: they have changed since, or were changed", what)
		return
	}
	c.checked("%s is what %d questions for facts, %d for machines and meters and %d for registers and check-ups give, byte for byte", what, len(t.Facts), len(t.Fleets)+len(t.Counters), len(t.Entries)+len(t.Checkups))
	for i := range t.Facts {
		for j := range t.Facts[i].List {
			c.fact(&t, &t.Facts[i].Query, &t.Facts[i].List[j])
		}
	}
	if c.out.definition.OwnRegisters() {
		c.unchecked("%s: how the enterprise is listed is the node's word", what)
	}
	if n := len(t.Entries) + len(t.Checkups); n > 0 {
		c.unchecked("%s: %d answers of registers and check-ups are the node's word", what, n)
	}
	c.readings(k, &t)
}

// fact verifies that a fact is in the log as it counted.
func (c *check) fact(t *indicator.Transcript, q *indicator.FactQuery, f *indicator.FactRead) {
	what := fmt.Sprintf("fact %s, revision %d", f.ID, f.Revision)
	i := slices.IndexFunc(c.p.m.Ground.Facts, func(x packFact) bool { return x.ID == f.ID && x.Revision == f.Revision })
	if i < 0 {
		c.unchecked("%s is not in the pack", what)
		return
	}
	x := &c.p.m.Ground.Facts[i]
	if x.Why != "" {
		c.unchecked("%s: %s", what, x.Why)
		return
	}
	payload, e, ok := c.record(x.Payload, x.Bundle, evidence.KindFact, what)
	if !ok {
		return
	}
	content, err := t.Fields[q.Kind].Fields.Decode([]byte(payload["content"]))
	if err != nil {
		c.wrong("%s: its content: %s", what, err)
		return
	}
	cut := field.Record{}
	for _, key := range q.Fields {
		if v, ok := content[key]; ok {
			cut[key] = v
		}
	}
	since, _ := strconv.ParseInt(payload["since"], 10, 64)
	until, _ := strconv.ParseInt(payload["until"], 10, 64)
	within := since >= q.From && since < q.To
	if q.At != 0 {
		within = since <= q.At && q.At < until
	}
	switch {
	case payload["fact"] != f.ID.String(), payload["revision"] != strconv.FormatInt(f.Revision, 10), payload["org"] != q.Org.String(), e.Org != q.Org, payload["kind"] != q.Kind, payload["grade"] != f.Grade.String(), payload["withdrawn"] != "false":
		c.wrong("%s: the log holds another fact than was counted", what)
	case string(cut.Encode()) != string(f.Content):
		c.wrong("%s: the log holds another content than was counted", what)
	case !within:
		c.wrong("%s does not hold in the time that was asked for", what)
	default:
		c.checked("%s is in the log as it counted", what)
	}
}

package figure

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/evidence"
)

// sum proves that a figure is the sum of its parts: true where every part was there and it all adds up, byte for byte.
func (c *check) sum(f *Figure) bool {
	what := "figure " + f.Key.String()
	b, err := c.p.blob(c.p.m.Population, "the population of "+what)
	if err != nil {
		c.wrong("%s", err)
		return false
	}
	pop, err := DecodePopulation(b)
	if err != nil || !c.p.m.Told && Sum(b) != f.Population {
		c.wrong("the population %s of %s: the pack's has the hash %s (%v)", f.Population, what, Sum(b), err)
		return false
	}
	c.out.population = pop
	if c.p.m.Told {
		c.note("population %s of %s has %d members, whose codes the pack has as they are told to others; that it is just these is the node's word", f.Population, what, len(pop.Members))
	} else {
		c.checked("population %s: %d members", f.Population, len(pop.Members))
	}
	total, spoken, whole := indicator.NewAccount(c.out.definition), map[string]bool{}, true
	for i := range f.Parts {
		of, part := &f.Parts[i], c.p.part(i)
		if part == nil {
			c.unchecked("part %d of %s (%s) is not in the pack", i, what, of.Source)
			whole = false
			continue
		}
		if of.Kind == Account {
			whole = c.account(f, of, part, total, spoken) && whole
		} else {
			whole = c.rows(f, of, part, total, spoken) && whole
		}
	}
	if !whole {
		return false
	}
	return c.rest(f, total, pop, spoken)
}

// rest proves that nothing is in a figure but its parts, and members of which nothing is known.
func (c *check) rest(f *Figure, total *indicator.Account, pop *Population, spoken map[string]bool) bool {
	d, what := c.out.definition, "figure "+f.Key.String()
	account, err := c.out.library.DecodeAccount(d, f.Account)
	if err != nil {
		c.wrong("the account of %s: %s", what, err)
		return false
	}
	left := indicator.NewAccount(d)
	_ = left.Merge(account) // of the same definition
	_ = left.Part(total)
	silent := indicator.NewAccount(d)
	for _, x := range left.Absent() {
		if x.Input == "" {
			silent.Miss(x.Firms, x.Reason)
		}
	}
	unspoken := 0
	for i := range pop.Members {
		if !spoken[pop.Members[i].Code] {
			unspoken++
		}
	}
	if string(silent.Encode()) != string(left.Encode()) || silent.Of() != unspoken {
		c.wrong("the account of %s is not the sum of its %d parts and %d members of whom nothing is known: %d members with %d values are left over", what, len(f.Parts), unspoken, left.Of(), left.Known())
		return false
	}
	c.checked("the account of %s is the sum of its %d parts and %d members of whom nothing is known, byte for byte", what, len(f.Parts), unspoken)
	return true
}

// account verifies an account that somebody else has added up, and adds it.
func (c *check) account(f *Figure, of *Part, part *packPart, total *indicator.Account, spoken map[string]bool) bool {
	what := fmt.Sprintf("part %s of figure %s", of.Source, f.Key.Name())
	a, ok := c.agreement(part.Agreement, of.Source, what)
	if !ok {
		return false
	}
	if of.State == Undelivered {
		return true
	}
	b, err := c.p.blob(part.Delivered, "the account of "+what)
	if err != nil {
		c.wrong("%s", err)
		return false
	}
	came, err := DecodeFigure(b)
	if err != nil || Sum(b) != of.Record {
		c.wrong("the account of %s has the hash %s, and %s was added up (%v)", what, Sum(b), of.Record, err)
		return false
	}
	if b, err = c.p.blob(part.Population, "the population of "+what); err != nil {
		c.wrong("%s", err)
		return false
	}
	pop, err := DecodePopulation(b)
	told := c.p.m.Told && a.giver == c.p.m.Node
	if err != nil || !told && Sum(b) != of.Population || came.Population != of.Population || len(pop.Members) != of.Members {
		c.wrong("the population of %s is not %s with %d members (%v)", what, of.Population, of.Members, err)
		return false
	}
	for i := range pop.Members {
		code := pop.Members[i].Code
		switch {
		case c.out.population.Find(code) == nil:
			c.wrong("%s: %s is no member of the figure's population", what, code)
			return false
		case of.State == Given && spoken[code]:
			c.wrong("%s: %s is counted twice", what, code)
			return false
		}
	}
	hosted := a.giver == c.p.m.Node
	delivered := c.delivered(what, a, came, part, hosted)
	if of.State == Isolated {
		if of.Reason == Double && !slices.ContainsFunc(pop.Members, func(e indicator.Enterprise) bool { return spoken[e.Code] }) {
			c.wrong("%s is left out because others speak for its members, and none does", what)
			return false
		}
		return true
	}
	account, err := c.out.library.DecodeAccount(c.out.definition, came.Account)
	if err != nil {
		c.wrong("the account of %s: %s", what, err)
		return false
	}
	if hosted {
		account = account.Told()
	}
	if account.Of() != len(pop.Members) || account.Known() != of.Known {
		c.wrong("the account of %s is of %d members with %d known, and the figure says %d with %d", what, account.Of(), account.Known(), len(pop.Members), of.Known)
		return false
	}
	for i := range pop.Members {
		spoken[pop.Members[i].Code] = true
	}
	return total.Merge(account) == nil && delivered
}

// delivered proves that the giver's log holds what it has told, and follows it down.
func (c *check) delivered(what string, a *agreedIn, came *Figure, part *packPart, hosted bool) bool {
	if hosted {
		if below := c.below(part.Below, part.Why, what, a, c.p.m.Keys); below != nil && (below.figure == nil || below.figure.Hash() != came.Hash()) {
			c.wrong("%s: the giver's figure is not the one that was added up", what)
			return false
		}
		return true
	}
	t, ok := c.told(what, a, part.Records, part.Told)
	if t == nil {
		return ok
	}
	tell, isAccount := t.(*TellAccount)
	if !isAccount || !deliveredBy(came, tell) {
		c.wrong("%s: the record of %s does not say what was added up", what, a.name)
		return false
	}
	below := c.below(part.Below, part.Why, what, a, nil)
	if below == nil || below.figure == nil {
		return ok
	}
	g := below.figure
	k := g.Key
	k.Keeper = uuid.Nil
	if k != tell.Key || g.Revision != tell.Revision || g.Commit != tell.Commit || g.Definition != tell.Definition {
		c.wrong("%s: the giver proves revision %d of %s, and has told revision %d of %s", what, g.Revision, k, tell.Revision, tell.Key)
		return false
	}
	if below.library != nil {
		if account, err := told(below.library, below.definition, g); err != nil || string(account) != string(tell.Account) {
			c.wrong("%s: what the giver proves is not what it has told", what)
			return false
		}
	}
	if below.population != nil && below.population.told().Hash() != tell.Population {
		c.wrong("%s: the giver proves another population than it has told", what)
		return false
	}
	return ok
}

// told reads records as they came, and proves that the giver's log holds them; false where that is not shown.
func (c *check) told(what string, a *agreedIn, names []string, proof string) (Record, bool) {
	if len(names) == 0 {
		c.unchecked("%s: the record that delivered it is not in the pack", what)
		return nil, false
	}
	raw, err := c.p.all(names, "a record of "+what)
	if err != nil {
		c.wrong("%s", err)
		return nil, false
	}
	record, err := joined(raw)
	if err != nil || record == nil {
		c.wrong("%s: its record: %v", what, err)
		return nil, false
	}
	if proof == "" {
		c.unchecked("%s: %s has not proved the record yet", what, a.name)
		return record, false
	}
	b, err := c.p.blob(proof, "the giver's proof of "+what)
	if err != nil {
		c.wrong("%s", err)
		return nil, false
	}
	x, err := DecodeRecord(b)
	t, ok := x.(*TellProof)
	if err != nil || !ok {
		c.wrong("%s: the giver's proof cannot be read (%v)", what, err)
		return nil, false
	}
	if err := t.opens(raw); err != nil {
		c.wrong("%s: the record is not among what %s has proved: %s", what, a.name, err)
		return nil, false
	}
	if len(a.keys) == 0 {
		c.unchecked("%s: the agreement has no key of the log of %s", what, a.name)
		return record, false
	}
	if !c.leaf(a.origin, a.giver, a.keys, t.Proof, t.Commit, Root(t.Items), what) {
		return nil, false
	}
	c.checked("%s: the record that delivered it is in the log of node %s", what, a.giver)
	return record, true
}

// joined reads a record of one piece, or of several.
func joined(raw [][]byte) (Record, error) {
	if len(raw) == 1 {
		return DecodeRecord(raw[0])
	}
	var pieces []*TellPiece
	for _, b := range raw {
		r, err := DecodeRecord(b)
		p, ok := r.(*TellPiece)
		if err != nil || !ok || p.Of != len(raw) || p.Piece != len(pieces) {
			return nil, fmt.Errorf("%w: piece %d of %d", ErrBytes, len(pieces), len(raw))
		}
		pieces = append(pieces, p)
	}
	b, err := whole(pieces)
	if err != nil {
		return nil, err
	}
	return DecodeRecord(b)
}

// below verifies a pack in this one; nil where there is none.
func (c *check) below(blob, why, what string, a *agreedIn, own []string) *Verified {
	if blob == "" {
		c.unchecked("%s: not followed further down (%s)", what, why)
		return nil
	}
	b, err := c.p.blob(blob, "the pack of "+what)
	if err != nil {
		c.wrong("%s", err)
		return nil
	}
	key := a.key
	if len(own) > 0 { // of the same node
		key = own[0]
	}
	v, err := c.pack(b, key, c.depth+1)
	if err != nil {
		c.wrong("the pack of %s: %s", what, err)
		return nil
	}
	if v.Node != a.giver {
		c.wrong("the pack of %s is of node %s, and the agreement is with %s", what, v.Node, a.giver)
		return nil
	}
	c.out.Below = append(c.out.Below, v)
	for _, p := range v.Problems {
		c.wrong("%s: %s", what, p)
	}
	return v
}

// agreedIn is an agreement as a pack has it.
type agreedIn struct {
	id     uuid.UUID
	giver  uuid.UUID // node
	name   string
	key    string
	keys   []evidence.Verifier
	origin string
	code   string // of the giver, "" where it is named by its organisation
}

package figure

import (
	"fmt"

	"jingwei/internal/govern/indicator"
)

// union proves that what is counted once for a region holds the facts of all parts, and comes to what it says: false where a part could not
// be shown. What is in it beyond its parts is of the keeper's own registers.
func (c *check) union(f *Figure) bool {
	d, what := c.out.definition, "figure "+f.Key.String()
	all, err := c.out.library.DecodeUnion(d, f.Account)
	if err != nil {
		c.wrong("the account of %s: %s", what, err)
		return false
	}
	var together *indicator.Union
	shown := true
	for i := range f.Parts {
		of, part := &f.Parts[i], c.p.part(i)
		if of.Kind != Account {
			continue
		}
		if part == nil {
			c.unchecked("part %d of %s (%s) is not in the pack", i, what, of.Source)
			shown = false
			continue
		}
		one, ok := c.facts(f, of, part)
		if shown = shown && ok; one == nil {
			continue
		}
		if string(merged(all, one)) != string(f.Account) {
			c.wrong("part %s of %s tells facts that the figure does not hold", of.Source, what)
			return false
		}
		if together == nil {
			together = one
		} else if err := together.Merge(one); err != nil {
			c.wrong("part %s of %s: %s", of.Source, what, err)
			return false
		}
	}
	own, _ := all.Facts(all)
	if together != nil {
		_, own = all.Facts(together)
	}
	c.checked("the account of %s holds the facts of its %d parts, each once", what, len(f.Parts))
	c.unchecked("%s: %d facts that none of its parts tells are of its keeper's own registers, which the pack does not hold", what, own)
	return shown
}

// merged are the bytes of a union with another one in it.
func merged(all, one *indicator.Union) []byte {
	out := all.Clone()
	if err := out.Merge(one); err != nil {
		return nil
	}
	return out.Encode()
}

// facts verifies what one has told of its part of a region; nil where there is nothing.
func (c *check) facts(f *Figure, of *Part, part *packPart) (*indicator.Union, bool) {
	what := fmt.Sprintf("part %s of figure %s", of.Source, f.Key.Name())
	a, ok := c.agreement(part.Agreement, of.Source, what)
	if !ok {
		return nil, false
	}
	if of.State == Undelivered {
		return nil, true
	}
	b, err := c.p.blob(part.Delivered, "the account of "+what)
	if err != nil {
		c.wrong("%s", err)
		return nil, false
	}
	came, err := DecodeFigure(b)
	if err != nil || Sum(b) != of.Record {
		c.wrong("the account of %s has the hash %s, and %s was added up (%v)", what, Sum(b), of.Record, err)
		return nil, false
	}
	hosted := a.giver == c.p.m.Node
	delivered := c.delivered(what, a, came, part, hosted)
	if of.State == Isolated {
		return nil, delivered
	}
	told, err := c.out.library.DecodeUnion(c.out.definition, came.Account)
	if err != nil {
		c.wrong("the account of %s: %s", what, err)
		return nil, false
	}
	if hosted {
		told = told.Told()
	}
	if n, _ := told.Facts(told); n != of.Members {
		c.wrong("%s tells %d facts, and figure %s says %d", what, n, f.Key, of.Members)
		return nil, false
	}
	return told, delivered
}

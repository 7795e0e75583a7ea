package incentive

import (
	"fmt"
	"slices"
)

// Row is what is known of a subject in the form that a set evaluates: one cell for each fact of the set.
type Row struct {
	cells []cell
	lists [][]Item // of facts of type amounts, by date
}

type cell struct {
	n     int64 // of bool, count, money, date the value; of choice and set the options as bits
	known bool
	grade Grade
}

// Row makes the row of a subject. Facts that no measure of the set asks for are left out. Error: ErrType, ErrFact.
func (s *Set) Row(sub *Subject) (*Row, error) {
	r := &Row{}
	return r, s.Fill(r, sub)
}

// Fill is Row into a row that was used before: it makes no garbage where no list of amounts is known.
func (s *Set) Fill(r *Row, sub *Subject) error {
	if len(r.cells) != len(s.types) {
		r.cells, r.lists = make([]cell, len(s.types)), make([][]Item, len(s.types))
	}
	clear(r.cells)
	clear(r.lists)
	for key, k := range sub.Facts {
		slot, ok := s.keys[key]
		if !ok {
			continue
		}
		if k.Value.typ != s.types[slot] {
			return fmt.Errorf("%w: %s is a %s, not a %s", ErrType, key, s.types[slot], k.Value.typ)
		}
		if err := k.Value.check(); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		c := cell{n: k.Value.n, known: true, grade: k.Grade}
		switch k.Value.typ {
		case TypeChoice, TypeSet:
			for _, w := range k.Value.words { // an option that no measure names is no bit: it meets no condition
				if bit, ok := s.options[slot][w]; ok {
					c.n |= 1 << bit
				}
			}
		case TypeAmounts:
			items := slices.Clone(k.Value.items)
			slices.SortStableFunc(items, func(a, b Item) int { return int(a.Date) - int(b.Date) })
			r.lists[slot] = items
		}
		r.cells[slot] = c
	}
	return nil
}

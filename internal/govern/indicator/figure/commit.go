package figure

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// Commit is what one step of composing writes, all of it or nothing. Its zero value is empty.
type Commit struct {
	rows        map[ColumnKey][]Row
	populations map[Hash]*Population
	figures     map[Key]*Figure
	over        map[Key]*Figure // what stood, where it was read already
	cursors     map[string]Cursor
	dirty       []Dirty
	done        []Taken
	telling     bool // it has a commit though it writes nothing that has one: it tells others
}

// Written is what a commit wrote.
type Written struct {
	Commit  int64     // ns since 1970; 0 where nothing was that has one
	Figures []*Figure // new revisions, by key
	Hashes  []Hash    // of Figures
	Same    int       // figures that say what stands, and made no revision
}

// PutRow puts an enterprise's observation into a column. A row without a commit gets that of this one. The last of several counts.
func (c *Commit) PutRow(k ColumnKey, r Row) {
	c.PutRows(k, []Row{r})
}

// PutRows is PutRow for many.
func (c *Commit) PutRows(k ColumnKey, rows []Row) {
	if len(rows) == 0 {
		return
	}
	if c.rows == nil {
		c.rows = map[ColumnKey][]Row{}
	}
	if c.rows[k] == nil {
		c.rows[k] = rows
		return
	}
	c.rows[k] = append(c.rows[k], rows...)
}

// PutPopulation keeps a population, and says under which hash.
func (c *Commit) PutPopulation(p *Population) Hash {
	if c.populations == nil {
		c.populations = map[Hash]*Population{}
	}
	h := p.Hash()
	c.populations[h] = p
	return h
}

// PutFigure makes a further revision of a figure where it says something else than what stands. Revision and Commit are given when it is
// written; a Watermark of 0 is this commit.
func (c *Commit) PutFigure(f *Figure) {
	if c.figures == nil {
		c.figures = map[Key]*Figure{}
	}
	c.figures[f.Key] = f
}

// PutOver is PutFigure for what was made of the revision that stands.
func (c *Commit) PutOver(stands, f *Figure) {
	c.PutFigure(f)
	if c.over == nil {
		c.over = map[Key]*Figure{}
	}
	c.over[f.Key] = stands
}

// PutCursor says how far a source has been followed.
func (c *Commit) PutCursor(name string, to Cursor) {
	if c.cursors == nil {
		c.cursors = map[string]Cursor{}
	}
	c.cursors[name] = to
}

// Mark puts into the queue what is to be worked out again.
func (c *Commit) Mark(list ...Dirty) { c.dirty = append(c.dirty, list...) }

// Done takes out of the queue what this commit has worked out.
func (c *Commit) Done(list ...Taken) { c.done = append(c.done, list...) }

// Write writes a commit in the caller's transaction, which may write more: what is to go upward, for instance.
func (s *Store) Write(ctx context.Context, tx bun.Tx, c *Commit, now time.Time) (out Written, err error) {
	if len(c.rows)+len(c.populations)+len(c.figures) > 0 || c.telling {
		if out.Commit, err = s.tick(ctx, tx, now); err != nil {
			return out, err
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(c.rows), columnOrder) {
		c.rows[k] = lastOfEach(c.rows[k])
		rows := slices.Clone(c.rows[k]) // a transaction that is tried again gets another commit
		for i := range rows {
			if rows[i].Commit == 0 {
				rows[i].Commit = out.Commit
			}
		}
		if err := s.putRows(ctx, tx, k, rows, out.Commit); err != nil {
			return out, err
		}
	}
	for h, p := range c.populations {
		if err := s.putPopulation(ctx, tx, h, p, out.Commit); err != nil {
			return out, err
		}
	}
	list := slices.SortedFunc(maps.Values(c.figures), func(a, b *Figure) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	if out.Figures, out.Hashes, err = s.putFigures(ctx, tx, list, c.over, out.Commit); err != nil {
		return out, err
	}
	out.Same = len(list) - len(out.Figures)
	if err := s.putCursors(ctx, tx, c.cursors); err != nil {
		return out, err
	}
	if err := s.done(ctx, tx, c.done); err != nil {
		return out, err
	}
	return out, s.Mark(ctx, tx, c.dirty...)
}

// lastOfEach is rows by code, of several of one enterprise the last. It reorders them.
func lastOfEach(rows []Row) []Row {
	slices.SortStableFunc(rows, func(a, b Row) int { return strings.Compare(a.Code, b.Code) })
	out := rows[:0]
	for i := range rows {
		if i+1 == len(rows) || rows[i+1].Code != rows[i].Code {
			out = append(out, rows[i])
		}
	}
	return out
}

func columnOrder(a, b ColumnKey) int { return strings.Compare(a.String(), b.String()) }

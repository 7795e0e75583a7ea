package retention

import (
	"time"

	"github.com/google/uuid"
)

// Rules are all classes, assignments and holds of an organisation.
type Rules struct {
	Classes     map[uuid.UUID]*Class
	Assignments []Assignment
	Holds       []Hold
}

// ClassOf returns the class that counts for a place at a time, nil where samples are kept for ever: that of the series,
// else of the closest node, else of the template, else of the organisation.
func (r *Rules) ClassOf(p *Place, now int64) *Class {
	best, rank := (*Assignment)(nil), 0
	for i := range r.Assignments {
		a := &r.Assignments[i]
		if a.From > now || a.Until <= now {
			continue
		}
		if k := p.rank(a); k > rank {
			best, rank = a, k
		}
	}
	if best == nil {
		return nil
	}
	return r.Classes[best.Class]
}

// rank tells how close an assignment is to a place; 0 is not at all.
func (p *Place) rank(a *Assignment) int {
	const series, nodes, template, org = 1 << 20, 1 << 10, 2, 1
	switch a.Target {
	case ToSeries:
		if a.Of == p.Series.String() {
			return series
		}
	case ToNode:
		for i, n := range p.Nodes {
			if a.Of == n.String() {
				return nodes - i
			}
		}
	case ToTemplate:
		if a.Of == p.Template && a.Of != "" {
			return template
		}
	case ToOrg:
		if a.Of == p.Org.String() {
			return org
		}
	}
	return 0
}

// Cutoff returns the source time before which samples of a place may go, 0 for none: a whole UTC day, and none of a hold.
func (r *Rules) Cutoff(p *Place, now int64) int64 {
	c := r.ClassOf(p, now)
	if c == nil {
		return 0
	}
	days := c.At(now).Days
	if days == 0 {
		return 0
	}
	cut := now - int64(time.Duration(days)*Day)
	for i := range r.Holds {
		h := &r.Holds[i]
		if !h.Ended && h.To > 0 && h.From < cut && (h.Series == uuid.Nil || h.Series == p.Series) {
			cut = h.From // what is older than the hold may go, nothing after its begin: a store loses from its old end only
		}
	}
	return max(cut-cut%int64(Day), 0)
}

package plant

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/plant/sheet"
)

// Export asks for an organisation's plant as a file.
type Export struct {
	Org    uuid.UUID
	Format sheet.Format
	At     time.Time // zero: now
	Bare   bool      // without ids: to build the same plant elsewhere
	Lang   string    // of headings and notes
}

// Export writes the plant of an organisation as it is at a time. Error: auth.ErrNotFound.
func (s *Service) Export(ctx context.Context, scope auth.Scope, q Export) ([]byte, error) {
	if !scope.Includes(q.Org) {
		return nil, auth.ErrNotFound.With("thing", "org")
	}
	var items []sheet.Item
	err := s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		st, err := s.loadState(ctx, tx, scope, q.Org, s.at(q.At))
		if err == nil {
			items = st.items(!q.Bare)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("export the plant: %w", err)
	}
	return sheet.Write(q.Format, items, q.Lang, s.lists())
}

// EmptyFile is a file with headings, lists and notes and nothing of a plant.
func (s *Service) EmptyFile(format sheet.Format, lang string) ([]byte, error) {
	return sheet.Write(format, nil, lang, s.lists())
}

// lists are what the cells of a workbook may hold.
func (s *Service) lists() (out sheet.Lists) {
	for _, c := range s.sortedClasses() {
		out.Classes = append(out.Classes, sheet.Choice{ID: c.ID, Name: c.Name})
	}
	for _, t := range s.o.Templates.All() {
		out.Templates = append(out.Templates, sheet.Choice{ID: t.ID, Name: t.Name})
	}
	return out
}

// plantState is what an organisation's plant is at one time.
type plantState struct {
	nodes   []*Node // in the order in which they were made
	byID    map[uuid.UUID]*Node
	points  map[uuid.UUID][]*Point // by machine, in the order in which they were made
	pointOf map[uuid.UUID]*Point
	later   map[uuid.UUID]int64 // of nodes and points with a fact that begins after the time of the change
}

// loadState reads an organisation's plant.
func (s *Service) loadState(ctx context.Context, tx bun.Tx, scope auth.Scope, org uuid.UUID, at int64) (*plantState, error) {
	st := &plantState{byID: map[uuid.UUID]*Node{}, points: map[uuid.UUID][]*Point{}, pointOf: map[uuid.UUID]*Point{}, later: map[uuid.UUID]int64{}}
	var nodes []fullRow
	if err := selectNodes(tx, scope, &nodes, at).Where("n.org = ?", org).OrderExpr("n.id").Scan(ctx); err != nil {
		return nil, err
	}
	for i := range nodes {
		n := nodes[i].node()
		st.nodes = append(st.nodes, &n)
		st.byID[n.ID] = &n
	}
	var points []fullPoint
	if err := selectPoints(tx, scope, &points, at).Where("p.org = ?", org).OrderExpr("p.id").Scan(ctx); err != nil {
		return nil, err
	}
	for i := range points {
		p := points[i].point()
		st.points[p.Machine] = append(st.points[p.Machine], &p)
		st.pointOf[p.ID] = &p
	}
	return st, nil
}

func idStrings(ids []uuid.UUID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return out
}

// items lays the plant out as a tree: what stands in something follows it.
func (st *plantState) items(ids bool) (out []sheet.Item) {
	children := map[uuid.UUID][]*Node{}
	for _, n := range st.nodes {
		parent := n.Parent
		if parent != uuid.Nil && st.byID[parent] == nil {
			continue // its place is not there at that time
		}
		children[parent] = append(children[parent], n)
	}
	var under func(parent uuid.UUID, at int)
	under = func(parent uuid.UUID, at int) {
		for _, n := range children[parent] {
			it := sheet.Item{Parent: at, Level: string(n.Kind), Name: n.Name, Class: n.Class, Template: n.Template}
			if ids {
				it.ID = n.ID.String()
			}
			mine := len(out)
			out = append(out, it)
			for _, p := range st.points[n.ID] {
				setup := p.Point
				point := sheet.Item{Parent: mine, Level: "point", Name: p.Name, Point: &setup}
				if ids {
					point.ID = p.ID.String()
				}
				out = append(out, point)
			}
			under(n.ID, mine)
		}
	}
	under(uuid.Nil, -1)
	return out
}

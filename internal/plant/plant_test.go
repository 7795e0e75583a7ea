package plant_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/plant/class"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
	"jingwei/packs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	ctx   = context.Background()
	steel = uuid.MustParse("0190a0b0-0000-7000-8000-000000000001")
	mills = uuid.MustParse("0190a0b0-0000-7000-8000-000000000002")
	may   = time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
)

func day(n int) time.Time { return may.AddDate(0, 0, n) }

// series keeps declarations as a telemetry store would.
type series struct {
	mu       sync.Mutex
	declared map[uuid.UUID][]telemetry.Declaration
	refuse   error
	during   func() // runs once while series are declared
}

func (s *series) Declare(_ context.Context, d []telemetry.Declaration) ([]telemetry.Ref, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		return nil, s.refuse
	}
	if s.during != nil && len(d) > 0 {
		s.mu.Unlock()
		s.during()
		s.mu.Lock()
	}
	for _, v := range d {
		if !slices.Contains(s.declared[v.ID], v) {
			s.declared[v.ID] = append(s.declared[v.ID], v)
		}
	}
	return make([]telemetry.Ref, len(d)), nil
}

type house struct {
	*plant.Service
	t       *testing.T
	db      *store.DB
	series  *series
	changes []uuid.UUID
	now     time.Time
}

func open(t *testing.T, db *store.DB) *house {
	t.Helper()
	h := &house{t: t, db: db, series: &series{declared: map[uuid.UUID][]telemetry.Declaration{}}, now: day(30)}
	templates, err := template.Load(packs.Files, "devices")
	if err != nil {
		t.Fatal(err)
	}
	classes, err := class.Load(packs.Files, "equipment")
	if err != nil {
		t.Fatal(err)
	}
	if err := audit.Migrate(ctx, db); err != nil {
		t.Fatal(err)
	}
	h.Service, err = plant.New(ctx, plant.Options{
		DB: db, Templates: templates, Classes: classes, Series: h.series, Now: func() time.Time { return h.now },
		Changed: func(org uuid.UUID) { h.changes = append(h.changes, org) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func scope(org uuid.UUID) auth.Scope { return auth.System(org) }

// add creates a node on a day and returns its id.
func (h *house) add(kind plant.Kind, parent uuid.UUID, name string, from int) uuid.UUID {
	h.t.Helper()
	q := plant.NewNode{Org: steel, Kind: kind, Parent: parent, Name: text.Text{Zh: name}, From: day(from)}
	if kind == plant.Machine {
		q.Template = "power-meter-steel"
	}
	n, err := h.Create(ctx, scope(steel), q)
	if err != nil {
		h.t.Fatalf("add %s: %v", name, err)
	}
	return n.ID
}

// tree writes the plant at a time: each node below its parent.
func (h *house) tree(at time.Time) string {
	h.t.Helper()
	nodes, _, err := h.Nodes(ctx, scope(steel), plant.Filter{At: at}, store.Page{Limit: 1000})
	if err != nil {
		h.t.Fatal(err)
	}
	var below func(parent uuid.UUID) string
	below = func(parent uuid.UUID) string {
		var parts []string
		for _, n := range nodes {
			if n.Parent == parent {
				parts = append(parts, n.Name.Zh+below(n.ID))
			}
		}
		if len(parts) == 0 {
			return ""
		}
		slices.Sort(parts)
		return "(" + strings.Join(parts, " ") + ")"
	}
	return below(uuid.Nil)
}

func TestThePlantIsKeptAsItWasAtEachTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		site := h.add(plant.Site, uuid.Nil, "厂", 0)
		area := h.add(plant.Area, site, "区", 1)
		line := h.add(plant.Line, area, "线", 2)
		other := h.add(plant.Line, site, "旁", 2)
		mill := h.add(plant.Machine, line, "铣", 3)

		if _, err := h.Move(ctx, scope(steel), mill, plant.Move{Parent: other, From: day(10), Reason: "layout"}); err != nil {
			t.Fatal(err)
		}
		name := text.Text{Zh: "大铣", En: "Big mill"}
		if _, err := h.Update(ctx, scope(steel), mill, plant.Update{Name: &name, From: day(12)}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Move(ctx, scope(steel), other, plant.Move{Parent: area, From: day(15)}); err != nil { // with what stands under it
			t.Fatal(err)
		}
		if n, err := h.Retire(ctx, scope(steel), mill, plant.Retire{At: day(20), Reason: "sold"}); err != nil || n.To != day(20).UnixNano() || n.Reason != "sold" {
			t.Fatal(n, err)
		}
		for n, want := range map[time.Time]string{
			day(-1):                       "",
			day(0):                        "(厂)",
			day(2):                        "(厂(区(线) 旁))",
			day(3):                        "(厂(区(线(铣)) 旁))",
			day(10).Add(-time.Nanosecond): "(厂(区(线(铣)) 旁))",
			day(10):                       "(厂(区(线) 旁(铣)))",
			day(12):                       "(厂(区(线) 旁(大铣)))",
			day(15):                       "(厂(区(旁(大铣) 线)))",
			day(20).Add(-time.Nanosecond): "(厂(区(旁(大铣) 线)))",
			day(20):                       "(厂(区(旁 线)))",
			day(10_000):                   "(厂(区(旁 线)))",
		} {
			if got := h.tree(n); got != want {
				t.Errorf("%s: got %s, want %s", n.Format(time.RFC3339Nano), got, want)
			}
		}
		// A retired machine and its points can still be read as they were.
		n, points, err := h.Machine(ctx, scope(steel), mill, day(11))
		if err != nil || n.Name.Zh != "铣" || len(points) != 12 || n.Class != "plant-auxiliary" || n.Template != "power-meter-steel" || n.Release != "1.0.0" {
			t.Errorf("on day 11: %+v, %d points, %v", n, len(points), err)
		}
		if _, _, err := h.Machine(ctx, scope(steel), mill, time.Time{}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("today: got %v, want not found", err)
		}
		if len(h.changes) != 9 {
			t.Errorf("told of %d changes, want 9", len(h.changes))
		}
		entries, _, err := audit.List(ctx, db, scope(steel), audit.Filter{Object: mill.String()}, store.Page{})
		if err != nil || len(entries) != 4 || entries[0].Verb != "plant.node.retire" || entries[0].Reason != "sold" {
			t.Errorf("audit: %+v, %v", entries, err)
		}
		if move := entries[2]; !strings.Contains(string(move.Before), line.String()) || !strings.Contains(string(move.After), other.String()) || move.Reason != "layout" || move.Actor.Name != "node" {
			t.Errorf("the move is told as %+v", move)
		}
	})
}

func TestWhatCannotStandIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		site := h.add(plant.Site, uuid.Nil, "厂", 0)
		line := h.add(plant.Line, site, "线", 2)
		gone := h.add(plant.Line, site, "旧", 2)
		if _, err := h.Retire(ctx, scope(steel), gone, plant.Retire{At: day(9), Reason: "torn down"}); err != nil {
			t.Fatal(err)
		}
		foreign, err := h.Create(ctx, scope(mills), plant.NewNode{Org: mills, Kind: plant.Site, Name: text.Text{En: "Theirs"}})
		if err != nil {
			t.Fatal(err)
		}
		node := func(kind plant.Kind, parent uuid.UUID) plant.NewNode {
			return plant.NewNode{Org: steel, Kind: kind, Parent: parent, Name: text.Text{En: "x"}, From: day(5)}
		}
		with := func(q plant.NewNode, change func(*plant.NewNode)) plant.NewNode { change(&q); return q }
		before := len(h.series.declared)
		for what, c := range map[string]struct {
			q    plant.NewNode
			want *problem.Kind
		}{
			"machine under the enterprise":   {node(plant.Machine, uuid.Nil), plant.ErrLevel},
			"site under a site":              {node(plant.Site, site), plant.ErrLevel},
			"area under a line":              {node(plant.Area, line), plant.ErrLevel},
			"no such kind":                   {node("hall", site), plant.ErrLevel},
			"no such parent":                 {node(plant.Machine, uuid.Must(uuid.NewV7())), plant.ErrParent},
			"another's parent":               {node(plant.Machine, foreign.ID), plant.ErrParent},
			"retired parent":                 {node(plant.Machine, gone), plant.ErrRetired},
			"younger parent":                 {with(node(plant.Machine, line), func(q *plant.NewNode) { q.From = day(1) }), plant.ErrBefore},
			"no name":                        {with(node(plant.Machine, line), func(q *plant.NewNode) { q.Name = text.Text{Zh: "  "} }), plant.ErrName},
			"no such class":                  {with(node(plant.Machine, line), func(q *plant.NewNode) { q.Class = "spaceship" }), plant.ErrClass},
			"class of a line":                {with(node(plant.Line, site), func(q *plant.NewNode) { q.Class = "large-machine" }), plant.ErrNotHere},
			"no such template":               {with(node(plant.Machine, line), func(q *plant.NewNode) { q.Template = "loom" }), plant.ErrTemplate},
			"template of a line":             {with(node(plant.Line, site), func(q *plant.NewNode) { q.Template = "power-meter-steel" }), plant.ErrNotHere},
			"before computers":               {with(node(plant.Line, site), func(q *plant.NewNode) { q.From = time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC) }), plant.ErrTime},
			"far future":                     {with(node(plant.Line, site), func(q *plant.NewNode) { q.From = day(9999) }), plant.ErrTime},
			"an organisation out of reach":   {with(node(plant.Site, uuid.Nil), func(q *plant.NewNode) { q.Org = mills }), auth.ErrNotFound},
			"template under another's place": {with(node(plant.Machine, foreign.ID), func(q *plant.NewNode) { q.Template = "power-meter-steel" }), plant.ErrParent},
		} {
			if n, err := h.Create(ctx, scope(steel), c.q); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, %v; want %v", what, n, err, c.want)
			}
		}
		if len(h.series.declared) != before {
			t.Error("series were declared for machines that could not be created")
		}
		if got := h.tree(day(30)); got != "(厂(线))" {
			t.Errorf("the plant is now %s", got)
		}
		if _, err := h.Node(ctx, scope(mills), line, day(30)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another's node: got %v", err)
		}
	})
}

func TestChangesKeepTheirOrderInTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		site := h.add(plant.Site, uuid.Nil, "厂", 0)
		a, b := h.add(plant.Line, site, "甲", 1), h.add(plant.Line, site, "乙", 1)
		m := h.add(plant.Machine, a, "机", 2)
		if _, err := h.Move(ctx, scope(steel), m, plant.Move{Parent: b, From: day(10)}); err != nil {
			t.Fatal(err)
		}
		for what, c := range map[string]struct {
			err  error
			want *problem.Kind
		}{
			"move before the last move":       {second(h.Move(ctx, scope(steel), m, plant.Move{Parent: a, From: day(9)})), plant.ErrLater},
			"move before it was there":        {second(h.Move(ctx, scope(steel), m, plant.Move{Parent: a, From: day(1)})), plant.ErrBefore},
			"retire before the last move":     {second(h.Retire(ctx, scope(steel), m, plant.Retire{At: day(10), Reason: "x"})), plant.ErrLater},
			"retire without a reason":         {second(h.Retire(ctx, scope(steel), m, plant.Retire{At: day(20), Reason: "  "})), plant.ErrReason},
			"retire a line with a machine":    {second(h.Retire(ctx, scope(steel), b, plant.Retire{At: day(20), Reason: "x"})), plant.ErrParts},
			"retire what a machine was under": {second(h.Retire(ctx, scope(steel), a, plant.Retire{At: day(9), Reason: "x"})), plant.ErrParts},
			"move a site":                     {second(h.Move(ctx, scope(steel), site, plant.Move{Parent: a, From: day(20)})), plant.ErrLevel},
			"move to itself":                  {second(h.Move(ctx, scope(steel), a, plant.Move{Parent: a, From: day(20)})), plant.ErrLevel},
			"by a stranger":                   {second(h.Move(ctx, scope(mills), m, plant.Move{Parent: a, From: day(20)})), nil},
		} {
			if c.want == nil {
				if !errors.Is(c.err, store.ErrNotFound) {
					t.Errorf("%s: got %v, want not found", what, c.err)
				}
			} else if !errors.Is(c.err, c.want) {
				t.Errorf("%s: got %v, want %v", what, c.err, c.want)
			}
		}
		// A move at the very moment of the last one replaces it.
		if _, err := h.Move(ctx, scope(steel), m, plant.Move{Parent: a, From: day(10)}); err != nil {
			t.Fatal(err)
		}
		if got := h.tree(day(10)); got != "(厂(乙 甲(机)))" {
			t.Errorf("got %s", got)
		}
		if _, err := h.Retire(ctx, scope(steel), b, plant.Retire{At: day(11), Reason: "empty now"}); err != nil {
			t.Error(err)
		}
		if _, err := h.Update(ctx, scope(steel), b, plant.Update{Name: &text.Text{En: "y"}}); !errors.Is(err, plant.ErrRetired) {
			t.Errorf("rename what is retired: got %v", err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestAnOutdatedChangeIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		site := h.add(plant.Site, uuid.Nil, "厂", 0)
		seen, err := h.Node(ctx, scope(steel), site, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		rename := func(name, match string) error {
			_, err := h.Update(ctx, scope(steel), site, plant.Update{Name: &text.Text{En: name}, From: h.now, IfMatch: api.IfMatch{IfMatch: match}})
			h.now = h.now.Add(time.Second)
			return err
		}
		if err := rename("one", seen.ETag()); err != nil {
			t.Fatal(err)
		}
		if err := rename("two", seen.ETag()); !errors.Is(err, api.ErrPrecondition) {
			t.Errorf("with the old ETag: got %v", err)
		}
		if n, err := h.Node(ctx, scope(steel), site, time.Time{}); err != nil || n.Name.En != "one" || n.Version != 2 || n.ETag() == seen.ETag() {
			t.Errorf("got %+v, %v", n, err)
		}
		// Many at once with the same ETag: one wins.
		now, _ := h.Node(ctx, scope(steel), site, time.Time{})
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for i := range 5 {
			wg.Go(func() {
				_, err := h.Update(ctx, scope(steel), site, plant.Update{Name: &text.Text{En: fmt.Sprint(i)}, From: day(31), IfMatch: api.IfMatch{IfMatch: now.ETag()}})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else if !errors.Is(err, api.ErrPrecondition) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Errorf("%d of 5 won", won)
		}
	})
}

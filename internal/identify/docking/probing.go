package docking

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"golang.org/x/sync/errgroup"

	"jingwei/internal/kernel/store"
)

const (
	probeEvery = time.Minute
	atOnce     = 32                   // nodes that are asked at the same time
	hoursKept  = 400 * 24 * time.Hour // of probes
)

// Run probes the nodes below, makes and sends what is due to the node above, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		if err := s.Probe(ctx); err != nil && ctx.Err() == nil {
			s.o.Logger.Error("nodes below are not probed", "error", err)
		}
		if err := s.HandIn(ctx); err != nil && ctx.Err() == nil {
			s.o.Logger.Error("nothing is handed in", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake:
		case <-tick.C:
		}
	}
}

// Probe asks every node that is being tested or serves, once.
func (s *Service) Probe(ctx context.Context) error {
	var rows []nodeRow
	if err := s.o.DB.NewSelect().Model(&rows).Where("n.state IN (?)", bun.List([]string{string(Testing), string(Serving)})).Scan(ctx); err != nil {
		return wrap("list nodes to probe", err)
	}
	if len(rows) == 0 {
		return nil
	}
	var all errgroup.Group
	all.SetLimit(atOnce)
	answers := make([][]Answer, len(rows))
	nodes := make([]Node, len(rows))
	for i := range rows {
		var err error
		if nodes[i], err = rows[i].node(); err != nil {
			return err
		}
		all.Go(func() error { answers[i] = s.o.Prober.Ask(ctx, &nodes[i]); return nil })
	}
	_ = all.Wait()
	if ctx.Err() != nil {
		return ctx.Err() // what was cut short says nothing of the nodes
	}
	for i := range nodes {
		if err := s.note(ctx, &nodes[i], answers[i]); err != nil {
			return err
		}
	}
	now := s.o.Now()
	if now.Minute() != 0 { // once an hour is enough
		return nil
	}
	_, err := s.o.DB.NewDelete().Model((*hourRow)(nil)).Where("hour < ?", now.Add(-hoursKept).UnixNano()).Exec(ctx)
	return wrap("drop old hours of probes", err)
}

// answerTold is an answer as the records and the API have it.
type answerTold struct {
	Door string  `json:"door"`
	Well bool    `json:"well"`
	Took float64 `json:"took" doc:"Milliseconds"`
	What string  `json:"what,omitempty" doc:"Why it did not answer well"`
}

// note writes a round of probes down.
func (s *Service) note(ctx context.Context, n *Node, answers []Answer) error {
	now := s.o.Now().UnixNano()
	var turned, down bool
	var cause string
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row := healthRow{Node: n.ID}
		if err := store.Err(tx.NewSelect().Model(&row).WherePK().Scan(ctx)); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		h := Health{row.Down != 0, int(row.Streak)}
		h, turned = h.After(answers)
		down, cause = h.Down, causeOf(answers)
		told := make([]answerTold, len(answers))
		for i, a := range answers {
			told[i] = answerTold{a.Door.String(), a.Well, float64(a.Took.Microseconds()) / 1000, a.What}
		}
		if turned {
			id, err := s.event(ctx, tx, n, down, row.Event, cause)
			if err != nil {
				return err
			}
			row.Event = ""
			if down {
				row.Event = id.String()
			}
		}
		row.Down, row.Streak, row.At, row.Answers = 0, int64(h.Streak), now, encode(told)
		if h.Down {
			row.Down = 1
		}
		if _, err := tx.NewInsert().Model(&row).On("CONFLICT (node) DO UPDATE").Set("down = EXCLUDED.down, streak = EXCLUDED.streak, event = EXCLUDED.event, at = EXCLUDED.at, answers = EXCLUDED.answers").Exec(ctx); err != nil {
			return err
		}
		return s.addHours(ctx, tx, n, answers)
	})
	if err != nil {
		return wrap("note probes of "+n.Prefix, err)
	}
	if turned && s.o.Trouble != nil {
		s.o.Trouble(ctx, n, down, cause)
	}
	return nil
}

func (s *Service) event(ctx context.Context, tx bun.Tx, n *Node, down bool, of, cause string) (uuid.UUID, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return id, err
	}
	e := eventRow{ID: id, Node: n.ID, State: "recovered", Of: of, At: s.o.Now().UnixNano()}
	if down {
		e.State, e.Of, e.Cause = "abnormal", "", cause
	}
	_, err = tx.NewInsert().Model(&e).Exec(ctx)
	return id, err
}

// causeOf says what doors did not answer well.
func causeOf(answers []Answer) string {
	var out []string
	for _, a := range answers {
		if !a.Well {
			out = append(out, a.Door.String()+": "+a.What)
		}
	}
	return cut(strings.Join(out, "; "))
}

// addHours adds a round to the hours of its doors.
func (s *Service) addHours(ctx context.Context, tx bun.Tx, n *Node, answers []Answer) error {
	rows := make([]hourRow, len(answers)) // no door stands twice in an entry
	for i, a := range answers {
		rows[i] = hourRow{Node: n.ID, Door: a.Door.String(), Hour: a.At.Truncate(time.Hour).UnixNano(), Asked: 1}
		if a.Well {
			took := a.Took.Microseconds()
			rows[i].Well, rows[i].Took, rows[i].Least, rows[i].Most = 1, took, took, took
		}
	}
	_, err := tx.NewInsert().Model(&rows).On("CONFLICT (node, door, hour) DO UPDATE").
		Set("least = CASE WHEN EXCLUDED.well = 0 THEN h.least WHEN h.well = 0 OR EXCLUDED.least < h.least THEN EXCLUDED.least ELSE h.least END").
		Set("most = CASE WHEN EXCLUDED.most > h.most THEN EXCLUDED.most ELSE h.most END").
		Set("asked = h.asked + EXCLUDED.asked, well = h.well + EXCLUDED.well, took = h.took + EXCLUDED.took").Exec(ctx)
	return err
}

// Hour is how a door answered in an hour.
type Hour struct {
	Door  string    `json:"door"`
	Hour  time.Time `json:"hour"`
	Asked int64     `json:"asked"`
	Well  int64     `json:"well"`
	Mean  float64   `json:"mean" doc:"Milliseconds, of answers"`
	Least float64   `json:"least"`
	Most  float64   `json:"most"`
}

// Event is a node's going down or coming back.
type Event struct {
	ID    uuid.UUID `json:"id"`
	State string    `json:"state" enum:"abnormal,recovered"`
	Of    string    `json:"of,omitempty" doc:"Of a recovery: the abnormal event"`
	At    time.Time `json:"at"`
	Cause string    `json:"cause,omitempty"`
}

// Status is how a node does.
type Status struct {
	Known   bool // it was probed
	Down    bool
	At      time.Time
	Answers []answerTold
	Hours   []Hour
	Events  []Event
	Overdue []string // tables
}

const (
	statusHours = 24 * time.Hour
	eventsMost  = 50
)

// Status tells how a node does. Errors: store.ErrNotFound.
func (s *Service) Status(ctx context.Context, id uuid.UUID) (Node, Status, error) {
	n, err := s.Node(ctx, id)
	if err != nil {
		return n, Status{}, err
	}
	var out Status
	h := healthRow{Node: id}
	switch err := store.Err(s.o.DB.NewSelect().Model(&h).WherePK().Scan(ctx)); {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return n, out, wrap("health of a node", err)
	default:
		out.Known, out.Down, out.At = true, h.Down != 0, time.Unix(0, h.At).UTC()
		if err := json.Unmarshal([]byte(h.Answers), &out.Answers); err != nil {
			return n, out, fmt.Errorf("health of node %s: %w", id, err)
		}
	}
	var hours []hourRow
	if err := s.o.DB.NewSelect().Model(&hours).Where("h.node = ? AND h.hour > ?", id, s.o.Now().Add(-statusHours).UnixNano()).OrderExpr("h.hour, h.door").Scan(ctx); err != nil {
		return n, out, wrap("hours of a node", err)
	}
	for _, r := range hours {
		x := Hour{Door: r.Door, Hour: time.Unix(0, r.Hour).UTC(), Asked: r.Asked, Well: r.Well, Least: float64(r.Least) / 1000, Most: float64(r.Most) / 1000}
		if r.Well > 0 {
			x.Mean = float64(r.Took) / float64(r.Well) / 1000
		}
		out.Hours = append(out.Hours, x)
	}
	var events []eventRow
	if err := s.o.DB.NewSelect().Model(&events).Where("e.node = ?", id).OrderExpr("e.id DESC").Limit(eventsMost).Scan(ctx); err != nil {
		return n, out, wrap("events of a node", err)
	}
	for _, e := range events {
		out.Events = append(out.Events, Event{e.ID, e.State, e.Of, time.Unix(0, e.At).UTC(), e.Cause})
	}
	if n.Since > 0 && n.State.HandsIn() {
		done, err := s.handed(ctx, id)
		if err != nil {
			return n, out, err
		}
		out.Overdue = Overdue(s.o.Guide, time.Unix(0, n.Since), s.o.Now(), done)
	}
	return n, out, nil
}

// handed is the newest period of each table that a node has handed in.
func (s *Service) handed(ctx context.Context, id uuid.UUID) (map[string]Period, error) {
	var rows []struct{ Kind, Period string }
	if err := s.o.DB.NewSelect().Model((*returnRow)(nil)).ColumnExpr("kind, MAX(period) AS period").Where("r.node = ?", id).GroupExpr("kind").Scan(ctx, &rows); err != nil {
		return nil, wrap("newest returns of a node", err)
	}
	out := map[string]Period{}
	for _, r := range rows {
		out[r.Kind] = Period(r.Period)
	}
	return out, nil
}

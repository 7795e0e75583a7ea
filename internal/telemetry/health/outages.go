package health

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/text"
)

// Outage is something that was wrong in [From, To); To is store.Forever while it lasts.
type Outage struct {
	ID       uuid.UUID
	Org      uuid.UUID // zero for the node's own
	Kind     string
	Subject  string
	Text     text.Text
	From, To int64
}

// NodeStopped is the kind of the times at which the node itself did not run. It is no condition: nobody was there to raise it.
const NodeStopped = "node.stopped"

// explains are the kinds of conditions that can be the cause of missing values. Others are not written down.
var explains = map[string]bool{
	"gateway.offline": true, "gateway.dropped": true, "gateway.spool": true, "gateway.quarantine": true, "gateway.configuration": true, "gateway.identity": true,
	"gateway.clock": true, "link.down": true, "source.start": true, "source.remote": true, "source.trouble": true, "source.credential": true, "source.certificate": true,
	"journal.failed": true, "journal.full": true,
}

// How the history is followed.
const (
	keepOutages = 400 * 24 * time.Hour
	aliveEvery  = time.Minute
	restedAfter = 2*aliveEvery + 30*time.Second // without a sign of life: the node did not run
	together    = 500                           // events written at once
	retryAfter  = 5 * time.Second
)

// Events is the journal's partition of conditions; a log.Topic is one.
type Events interface{ Records(from uint64) log.Records }

// Run follows the events of the board into the history until ctx ends, and notes that the node is running.
func (s *Service) Run(ctx context.Context) error {
	if s.o.Events == nil {
		<-ctx.Done()
		return nil
	}
	for {
		err := s.follow(ctx)
		if ctx.Err() != nil || errors.Is(err, log.ErrClosed) {
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), retryAfter)
			defer cancel()
			return s.alive(last)
		}
		s.o.Logger.Error("the history of outages cannot be written; trying again", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(s.o.Retry):
		}
	}
}

// follow catches up with the journal, then waits for more.
func (s *Service) follow(ctx context.Context) error {
	if err := s.wake(ctx); err != nil {
		return err
	}
	cursor, _, err := state(ctx, s.o.DB, "cursor")
	if err != nil {
		return err
	}
	r := s.o.Events.Records(uint64(max(cursor, 1)))
	for caught := false; ; {
		events, next, err := s.read(ctx, r, &caught)
		if err != nil {
			return err
		}
		if len(events) > 0 {
			if err := s.write(ctx, events, next); err != nil {
				return err
			}
		}
	}
}

// wake writes down the time at which the node did not run, if there was one.
func (s *Service) wake(ctx context.Context) error {
	now := s.now()
	seen, ok, err := state(ctx, s.o.DB, "alive")
	if err != nil {
		return err
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if ok && now-seen > int64(restedAfter) {
			r := outageRow{ID: uuid.Must(uuid.NewV7()), Kind: NodeStopped, Since: seen, Until: now, Text: text.Text{Zh: "本节点未运行", En: "The node was not running"}}
			if err := upsert(ctx, tx, []outageRow{r}); err != nil {
				return err
			}
		}
		return put(ctx, tx, "alive", now)
	})
}

func (s *Service) alive(ctx context.Context) error {
	if err := put(ctx, s.o.DB, "alive", s.now()); err != nil {
		return err
	}
	now := s.now()
	if now-s.bounded < int64(24*time.Hour) {
		return nil
	}
	s.bounded = now
	return bound(ctx, s.o.DB, now-int64(keepOutages), maxOutages)
}

// event is one of the board's with its place in the journal.
type event struct {
	condition.Event
	lost bool // what lies before it was trimmed before it was read
}

// read returns the next events, and waits for one where there is none.
func (s *Service) read(ctx context.Context, r log.Records, caught *bool) (out []event, next uint64, err error) {
	lost := false
	for len(out) < together {
		rec, ok, err := r.TryNext()
		var trimmed *log.TrimmedError
		if errors.As(err, &trimmed) {
			lost = true
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		if !ok {
			if len(out) > 0 {
				return out, next, nil
			}
			if !*caught {
				*caught = true
				if err := s.reconcile(ctx); err != nil {
					return nil, 0, err
				}
				s.caught.Store(true)
			}
			if rec, err = s.wait(ctx, r); err != nil {
				return nil, 0, err
			}
		}
		next = rec.Number + 1
		var e condition.Event
		if err := json.Unmarshal(rec.Data, &e); err != nil || e.Version != 1 {
			s.o.Logger.Warn("an event of a condition cannot be read", "record", rec.Number, "error", err)
			continue
		}
		out = append(out, event{e, lost})
		lost = false
	}
	return out, next, nil
}

// wait waits for the next record, and tells now and then that the node is running.
func (s *Service) wait(ctx context.Context, r log.Records) (log.Record, error) {
	for {
		part, cancel := context.WithTimeout(ctx, aliveEvery)
		rec, err := r.Next(part)
		over := part.Err()
		cancel()
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) || over == nil {
			return rec, err
		}
		if err := s.alive(ctx); err != nil {
			return rec, err
		}
	}
}

// write brings events to the table, and moves the cursor, in one go.
func (s *Service) write(ctx context.Context, events []event, next uint64) error {
	rows, order := map[uuid.UUID]*outageRow{}, []uuid.UUID{}
	lost := int64(0)
	for i := range events {
		e := &events[i]
		if e.lost {
			lost = e.Time.UnixNano()
		}
		c := &e.Condition
		if !explains[c.Kind] {
			continue
		}
		r := rows[c.ID]
		if r == nil {
			r = &outageRow{ID: c.ID, Org: c.Org, Kind: c.Kind, Subject: c.Subject, Since: c.Raised.UnixNano(), Until: math.MaxInt64}
			rows[c.ID] = r
			order = append(order, c.ID)
		}
		r.Text = c.Text
		if e.Change == condition.Cleared {
			r.Until = max(e.Time.UnixNano(), r.Since+1)
		}
	}
	list := make([]outageRow, len(order))
	for i, id := range order {
		list[i] = *rows[id]
	}
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := upsert(ctx, tx, list); err != nil {
			return err
		}
		if lost != 0 {
			if err := put(ctx, tx, "known", lost); err != nil {
				return err
			}
		}
		return put(ctx, tx, "cursor", int64(next))
	})
	if err != nil {
		return fmt.Errorf("write the history of outages: %w", err)
	}
	return nil
}

// reconcile ends what the board does not hold any more although no end of it was read: its event was trimmed or lost.
func (s *Service) reconcile(ctx context.Context) error {
	if s.o.Board == nil {
		return nil
	}
	held := map[uuid.UUID]bool{}
	for _, c := range s.o.Board.List(everything{}, true) {
		held[c.ID] = true
	}
	rows, err := standing(ctx, s.o.DB)
	if err != nil {
		return err
	}
	gone := rows[:0]
	for _, r := range rows {
		if !held[r.ID] {
			r.Until = max(s.now(), r.Since+1)
			gone = append(gone, r)
		}
	}
	return upsert(ctx, s.o.DB, gone)
}

// everything includes all organisations: for the node's own work.
type everything struct{}

// Includes implements condition.Including.
func (everything) Includes(uuid.UUID) bool { return true }

// history reads what was wrong in a span with an organisation's things and with the node, and since when that is known for
// sure (0: always). Without a journal to follow only what stands on the board is known.
func (s *Service) history(ctx context.Context, scope auth.Scope, org uuid.UUID, from, to int64) (list []Outage, known int64, err error) {
	known = s.now()
	seen := map[uuid.UUID]bool{}
	if s.o.Events != nil {
		if list, err = outages(ctx, s.o.DB, scope, from, to); err != nil {
			return nil, 0, err
		}
		if s.caught.Load() { // else the journal is still being read
			if known, _, err = state(ctx, s.o.DB, "known"); err != nil {
				return nil, 0, err
			}
		}
		for i := range list {
			seen[list[i].ID] = true
		}
	}
	if s.o.Board == nil {
		return list, known, nil
	}
	for _, c := range s.o.Board.List(scope, true) {
		if at := c.Raised.UnixNano(); !seen[c.ID] && explains[c.Kind] && at < to && (c.Org == org || c.Org == uuid.Nil) {
			list = append(list, Outage{ID: c.ID, Org: c.Org, Kind: c.Kind, Subject: c.Subject, Text: c.Text, From: at, To: math.MaxInt64})
		}
	}
	return list, known, nil
}

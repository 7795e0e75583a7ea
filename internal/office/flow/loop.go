package flow

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// Run does what deadlines do and hands messages on, until ctx ends. Several processes on one database may run it.
func (s *Service) Run(ctx context.Context) error {
	if err := s.Recount(ctx); err != nil && ctx.Err() == nil {
		s.o.Logger.Error("recount deadlines of cases", "error", err)
	}
	tick := time.NewTicker(s.o.Every)
	defer tick.Stop()
	for {
		if err := s.Tick(ctx); err != nil && ctx.Err() == nil {
			s.o.Logger.Error("deadlines of cases", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-s.wake:
		}
	}
}

// rouse lets Run hand messages on soon.
func (s *Service) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// batch is how many cases or messages are looked for at once.
const batch = 200

// Tick is one round of Run: all deadlines that are ripe now, all messages that are to be handed on. What fails with one case or
// message does not keep the others; the first failure is returned.
func (s *Service) Tick(ctx context.Context) error {
	first := s.ripen(ctx)
	if err := s.deliver(ctx); first == nil {
		first = err
	}
	return first
}

func (s *Service) ripen(ctx context.Context) (first error) {
	now := s.o.Now().UnixNano()
	var after caseRow // the last one that was looked at: one that fails stays ripe
	for {
		var rows []caseRow
		q := s.o.DB.NewSelect().Model(&rows).Column("id", "next_at").Where("c.next_at <= ?", now).OrderExpr("c.next_at, c.id").Limit(batch)
		if after.ID != uuid.Nil {
			q = q.Where("(c.next_at, c.id) > (?, ?)", after.NextAt, after.ID)
		}
		if err := q.Scan(ctx); err != nil {
			return wrap("look for deadlines", err)
		}
		for _, r := range rows {
			if err := s.settle(ctx, r.ID); err != nil && first == nil {
				first = fmt.Errorf("deadlines of case %s: %w", r.ID, err)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			after = r
		}
		if len(rows) < batch {
			return first
		}
	}
}

// maxRound bounds what the deadlines of one case do in one transaction.
const maxRound = 100

// settle does what the deadlines of a case do up to now, in the order of their instants. A step that somebody takes settles first, so
// that it does not matter how soon Run comes. Error: store.ErrNotFound.
func (s *Service) settle(ctx context.Context, id uuid.UUID) error {
	now := s.o.Now().UnixNano()
	var row caseRow
	if err := s.o.DB.NewSelect().Model(&row).Column("id", "next_at").Where("c.id = ?", id).Scan(ctx); err != nil {
		return wrap("case "+id.String(), err)
	}
	if row.NextAt > now {
		return nil
	}
	told := false
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		f, c, err := s.load(ctx, tx, id)
		if err != nil {
			return err
		}
		for range maxRound {
			r, ok := f.next(s.cal, c)
			if !ok || r.at > now {
				return nil
			}
			told = true
			if err := s.ripe(ctx, tx, f, c, r, now); err != nil {
				return err
			}
		}
		return nil
	})
	if told && err == nil {
		s.rouse()
	}
	return err
}

// ripe does one thing that a deadline does.
func (s *Service) ripe(ctx context.Context, tx bun.Tx, f *Flow, c *Case, r ripe, now int64) error {
	node := auth.System(c.Org).Principal()
	if t := r.transition; t != nil {
		basis, from, deadline := c.Revision, c.State, c.Clocks[r.clock].Deadline
		at := max(now, c.At+1)
		notices := f.lead(s.cal, c, r, at)
		step := Step{Case: c.ID, Revision: c.Revision, Transition: t.ID, Action: t.action(), From: from, To: t.To, By: auth.ActorOf(node), Content: field.Record{}, Deadline: deadline, At: at}
		return s.commit(ctx, tx, f, c, &step, basis, notices, node)
	}
	notices := f.pass(s.cal, c, r, now)
	if err := s.updateCase(ctx, tx, f, c, c.Revision); err != nil {
		return err
	}
	if err := post(ctx, tx, notices); err != nil {
		return err
	}
	if k := c.Clocks[r.clock]; !r.remind {
		object := audit.Object{Kind: "flow." + f.ID, ID: c.ID.String(), Name: shorten(c.Title)}
		after := map[string]any{"deadline": k.Deadline, "due": timeOf(k.Due).UTC(), "escalated": f.deadline(k.Deadline).Passes.Escalate}
		return audit.Record(ctx, tx, auth.System(c.Org).Act(ctx, timeOf(now), "flow.deadline.pass", object, nil, after))
	}
	return nil
}

// Pauses before a message is tried again.
const (
	firstPause = time.Minute
	longPause  = time.Hour
)

// deliver hands messages on, the oldest first. Each goes in a transaction of its own with its mark: a process that stops in between
// has handed on nothing, and one that stops afterwards does not hand on again.
func (s *Service) deliver(ctx context.Context) (first error) {
	if s.o.Notifier == nil {
		return nil
	}
	for {
		var ids []uuid.UUID
		now := s.o.Now().UnixNano()
		if err := s.o.DB.NewSelect().Model((*noticeRow)(nil)).Column("id").Where("n.try_at <= ?", now).OrderExpr("n.try_at, n.id").Limit(batch).Scan(ctx, &ids); err != nil {
			return wrap("look for messages", err)
		}
		if len(ids) == 0 {
			return first
		}
		for _, id := range ids {
			err := s.hand(ctx, id, now)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err == nil {
				continue
			}
			if first == nil {
				first = fmt.Errorf("message %s: %w", id, err)
			}
			if err := s.later(ctx, id, now, err); err != nil {
				return err // the database does not take the mark: do not go round
			}
		}
	}
}

func (s *Service) hand(ctx context.Context, id uuid.UUID, now int64) error {
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var row noticeRow
		if err := tx.NewSelect().Model(&row).Where("n.id = ?", id).Scan(ctx); err != nil {
			return err
		}
		if row.TryAt > now {
			return nil // another process was faster
		}
		var n Notice
		if err := json.Unmarshal([]byte(row.Body), &n); err != nil {
			return err
		}
		if err := s.o.Notifier.Notify(ctx, tx, n); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*noticeRow)(nil)).Set("try_at = ?", store.Forever).Set("sent = ?", now).Set("tries = tries + 1").Set("trouble = ''").Where("id = ?", id).Exec(ctx)
		return err
	})
}

// later puts a message off that could not be handed on.
func (s *Service) later(ctx context.Context, id uuid.UUID, now int64, trouble error) error {
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var row noticeRow
		if err := tx.NewSelect().Model(&row).Where("n.id = ?", id).Scan(ctx); err != nil || row.TryAt > now {
			return err
		}
		pause := min(firstPause<<min(row.Tries, 6), longPause)
		_, err := tx.NewUpdate().Model((*noticeRow)(nil)).Set("try_at = ?", now+int64(pause)).Set("tries = tries + 1").Set("trouble = ?", shorten(trouble.Error())).Where("id = ?", id).Exec(ctx)
		return err
	})
}

// Recount works deadlines out again that were counted before the notice of holidays of some year was known, and do not stand still or
// have passed. Run does it once when it begins; a notice comes with a pack, and so with a new start.
func (s *Service) Recount(ctx context.Context) error {
	after := uuid.Nil
	for {
		var ids []uuid.UUID
		q := s.o.DB.NewSelect().Model((*caseRow)(nil)).Column("id").Where("c.ended = 0 AND c.clocks LIKE ?", `%"unknown"%`).Where("c.id > ?", after).OrderExpr("c.id").Limit(batch)
		if err := q.Scan(ctx, &ids); err != nil {
			return wrap("look for deadlines", err)
		}
		for _, id := range ids {
			if err := s.recount(ctx, id); err != nil {
				return fmt.Errorf("deadlines of case %s: %w", id, err)
			}
			after = id
		}
		if len(ids) < batch {
			return nil
		}
	}
}

func (s *Service) recount(ctx context.Context, id uuid.UUID) error {
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		f, c, err := s.load(ctx, tx, id)
		if err != nil {
			return err
		}
		moved := map[string][2]string{}
		for i := range c.Clocks {
			k := &c.Clocks[i]
			if k.Passed != 0 || k.Stopped != 0 || !slices.ContainsFunc(k.Unknown, func(y int) bool { return s.cal.Notice(y) != nil }) {
				continue
			}
			old := k.Last
			f.set(s.cal, f.deadline(k.Deadline), k, k.Since)
			moved[k.Deadline] = [2]string{old.String(), k.Last.String()}
		}
		if len(moved) == 0 {
			return nil
		}
		if err := s.updateCase(ctx, tx, f, c, c.Revision); err != nil {
			return err
		}
		object := audit.Object{Kind: "flow." + f.ID, ID: c.ID.String(), Name: shorten(c.Title)}
		return audit.Record(ctx, tx, auth.System(c.Org).Act(ctx, s.o.Now(), "flow.deadline.recount", object, nil, moved))
	})
}

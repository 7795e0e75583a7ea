package trace

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// Subscription sends what a named query finds to an address, signed, as it comes or every so often. What it has sent it knows by
// the number of the last event that the receiver answered with 2xx; whatever fails is sent again.
type Subscription struct {
	ID       uuid.UUID
	Query    uuid.UUID
	Org      uuid.UUID
	Dest     string
	Every    time.Duration // 0: as events come
	Empties  bool          // send also when there is nothing new
	Failures int           // since the last success
	Trouble  string        // what went wrong last; "" after a success
	Created  time.Time
}

type subscriptionRow struct {
	bun.BaseModel `bun:"table:trace_subscriptions,alias:s"`

	ID       uuid.UUID `bun:"id,pk"`
	Query    uuid.UUID
	Org      uuid.UUID
	Dest     string
	Every    int64
	Empties  bool
	Cursor   int64
	Due      int64
	Failures int
	Trouble  string
	Created  int64
}

func (r *subscriptionRow) subscription() Subscription {
	return Subscription{r.ID, r.Query, r.Org, r.Dest, time.Duration(r.Every), r.Empties, r.Failures, r.Trouble, time.Unix(0, r.Created).UTC()}
}

// Bounds of schedules and deliveries.
const (
	minEvery     = 10 * time.Second
	maxEvery     = 24 * time.Hour
	deliverMost  = 500 // events in one delivery
	deliverAtOne = 50  // subscriptions in one round
	longestPause = time.Hour
)

// Secret is what deliveries of a subscription are signed with. It is made from the node's key and never stored.
func (s *Service) Secret(id uuid.UUID) string {
	m := hmac.New(sha256.New, s.o.Key)
	m.Write([]byte("trace subscription " + id.String()))
	return hex.EncodeToString(m.Sum(nil))
}

// Subscribe begins to send what a query finds from now on. Errors: ErrDestination, ErrEvery, ErrMost, those of Query and auth.Allow.
func (s *Service) Subscribe(ctx context.Context, name string, sub Subscription) (Subscription, error) {
	q, err := s.Query(ctx, name)
	if err != nil {
		return Subscription{}, err
	}
	scope, err := auth.Allow(ctx, auth.Configure, q.Org)
	if err != nil {
		return Subscription{}, err
	}
	if sub.Every != 0 && (sub.Every < minEvery || sub.Every > maxEvery) {
		return Subscription{}, ErrEvery.At("body.schedule.second", int64(sub.Every/time.Second)).With("min", int64(minEvery/time.Second)).With("max", int64(maxEvery/time.Second))
	}
	if err := s.o.Outward.CheckAddress(sub.Dest); err != nil {
		return Subscription{}, ErrDestination.At("body.dest", sub.Dest).With("reason", err.Error())
	}
	row := &subscriptionRow{ID: uuid.Must(uuid.NewV7()), Query: q.ID, Org: q.Org, Dest: sub.Dest, Every: int64(sub.Every), Empties: sub.Empties, Created: s.o.Now().UnixNano()}
	row.Due = row.Created + row.Every
	err = s.l.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*subscriptionRow)(nil)).Where("s.org = ?", q.Org).Count(ctx)
		if err != nil {
			return err
		}
		if n >= maxNamed {
			return ErrMost.With("max", maxNamed)
		}
		if err := tx.NewRaw("SELECT COALESCE(MAX(num), 0) FROM trace_events").Scan(ctx, &row.Cursor); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return err
		}
		return s.noteQuery(ctx, tx, scope, "trace.subscription.begin", &queryRow{ID: row.ID, Org: q.Org, Name: q.Name}, map[string]any{"dest": row.Dest})
	})
	return row.subscription(), wrap("subscribe", err)
}

// Subscriptions lists those of a query.
func (s *Service) Subscriptions(ctx context.Context, name string) ([]Subscription, error) {
	q, err := s.Query(ctx, name)
	if err != nil {
		return nil, err
	}
	if _, err := auth.Allow(ctx, auth.Operate, q.Org); err != nil {
		return nil, err
	}
	var rows []subscriptionRow
	err = s.l.db.NewSelect().Model(&rows).Where("s.query = ?", q.ID).OrderExpr("s.created, s.id").Limit(maxNamed).Scan(ctx)
	return store.All(rows, (*subscriptionRow).subscription), wrap("list subscriptions", err)
}

// Unsubscribe ends one. Error: store.ErrNotFound.
func (s *Service) Unsubscribe(ctx context.Context, name string, id uuid.UUID) error {
	q, err := s.Query(ctx, name)
	if err != nil {
		return err
	}
	scope, err := auth.Allow(ctx, auth.Configure, q.Org)
	if err != nil {
		return err
	}
	err = s.l.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewDelete().Model((*subscriptionRow)(nil)).Where("id = ? AND query = ?", id, q.ID).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return fmt.Errorf("subscription %s: %w", id, store.ErrNotFound)
		}
		return s.noteQuery(ctx, tx, scope, "trace.subscription.end", &queryRow{ID: id, Org: q.Org, Name: q.Name}, nil)
	})
	return wrap("unsubscribe", err)
}

// deliver serves the subscriptions that are due.
func (s *Service) deliver(ctx context.Context) error {
	var rows []subscriptionRow
	err := s.l.db.NewSelect().Model(&rows).Where("s.due <= ?", s.o.Now().UnixNano()).OrderExpr("s.due").Limit(deliverAtOne).Scan(ctx)
	if err != nil {
		return wrap("list subscriptions that are due", err)
	}
	for i := range rows {
		if err := s.serve(ctx, &rows[i]); err != nil && ctx.Err() == nil {
			s.o.Logger.Warn("a subscription is not served", "subscription", rows[i].ID, "error", err)
		}
	}
	return nil
}

// serve sends what is new to one subscriber. The cursor moves after a 2xx alone.
func (s *Service) serve(ctx context.Context, r *subscriptionRow) error {
	found, last, name, err := s.news(ctx, r)
	if err != nil {
		return err
	}
	now := s.o.Now()
	if len(found) > 0 || r.Empties && r.Every > 0 {
		body := queryDocument(name, r.ID.String(), now, found)
		// The same events are the same delivery, however often it takes.
		id := fmt.Sprintf("%s-%d", r.ID, r.Cursor)
		status, err := s.o.Outward.Post(ctx, r.Dest, s.Secret(r.ID), id, jsonLD, now, body)
		if err == nil && (status < 200 || status > 299) {
			err = fmt.Errorf("status %d", status)
		}
		if err != nil {
			return s.failed(ctx, r, err)
		}
	}
	due := now.UnixNano() + r.Every
	if len(found) == deliverMost {
		due = now.UnixNano()
		s.captured()
	}
	return s.moved(ctx, r.ID, map[string]any{"cursor": last, "due": due, "failures": 0, "trouble": ""})
}

// news are the events that a subscription has not sent yet, in the order of their capture.
func (s *Service) news(ctx context.Context, r *subscriptionRow) (list []Stored, last int64, name string, err error) {
	var row queryRow
	if err = s.l.db.NewSelect().Model(&row).Where("q.id = ?", r.Query).Scan(ctx); err != nil {
		return nil, 0, "", wrap("read the query of a subscription", err)
	}
	named, err := row.named()
	if err != nil {
		return nil, 0, "", err
	}
	v, err := s.sightOf(ctx, []uuid.UUID{r.Org})
	if err != nil {
		return nil, 0, "", err
	}
	list, last, err = s.since(ctx, v, named.Params, r.Cursor, deliverMost)
	return list, last, named.Name, err
}

// since are the events after a number that a query finds, and the number up to which there are no others.
func (s *Service) since(ctx context.Context, v Sight, p Params, after int64, limit int) (list []Stored, last int64, err error) {
	q, err := ParseQuery(p, nil)
	if err != nil {
		return nil, 0, err
	}
	q.byTime, q.descending, q.limit, q.most, q.beyond = false, false, 0, 0, after
	if last, err = s.newest(ctx); err != nil {
		return nil, 0, err
	}
	found, err := s.find(ctx, v, q, limit, "")
	if err != nil {
		return nil, 0, err
	}
	switch n := len(found.Events); {
	case n > 0 && found.Next != "":
		last = found.Events[n-1].num
	case n > 0:
		last = max(last, found.Events[n-1].num)
	case found.Next != "": // much was looked at and nothing found: go on from there
		if c, err := q.cursor(found.Next); err == nil {
			last = c.num
		}
	}
	return found.Events, max(last, after), nil
}

// newest is the number of the event that was captured last.
func (s *Service) newest(ctx context.Context) (num int64, err error) {
	err = s.l.raw().QueryRowContext(ctx, "SELECT COALESCE(MAX(num), 0) FROM trace_events").Scan(&num)
	return num, wrap("read the newest event", err)
}

func (s *Service) failed(ctx context.Context, r *subscriptionRow, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	pause := min(minEvery<<min(r.Failures, 10), longestPause)
	words := []rune(cause.Error())
	return s.moved(ctx, r.ID, map[string]any{"due": s.o.Now().Add(pause).UnixNano(), "failures": r.Failures + 1, "trouble": string(words[:min(len(words), 300)])})
}

func (s *Service) moved(ctx context.Context, id uuid.UUID, set map[string]any) error {
	return s.l.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewUpdate().Model((*subscriptionRow)(nil)).Where("id = ?", id)
		for column, v := range set {
			q = q.Set("? = ?", bun.Ident(column), v)
		}
		_, err := q.Exec(ctx)
		return wrap("note a delivery", err)
	})
}

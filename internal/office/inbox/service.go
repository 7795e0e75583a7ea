package inbox

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// People tells who is behind an organisation's desk: those who have a verb in it, at most limit of them.
type People interface {
	With(ctx context.Context, org uuid.UUID, verb auth.Verb, limit int) ([]uuid.UUID, error)
	// May tells whether a person has a verb in an organisation now.
	May(ctx context.Context, person, org uuid.UUID, verb auth.Verb) (bool, error)
}

// Options build a Service. DB, Key, People and Now are required.
type Options struct {
	DB     *store.DB
	Key    []byte // LoadKey
	People People
	Base   func() string  // address of the console, for links; "" for none
	Allow  []string       // hosts that may be called although they lie in a private network
	Roots  *x509.CertPool // authorities of other servers' certificates; nil: the system's
	Now    func() time.Time
	Every  time.Duration // how often Run looks; default 5 s
	Logger *slog.Logger
}

// Service is what can be done with messages.
type Service struct {
	o      Options
	door   *door
	sealer *sealer
	wake   chan struct{}

	mu     sync.Mutex
	tokens map[string]wecomToken
}

// New brings the tables up to date.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Every <= 0 {
		o.Every = 5 * time.Second
	}
	if o.Base == nil {
		o.Base = func() string { return "" }
	}
	sealer, err := newSealer(o.Key)
	if err != nil {
		return nil, err
	}
	s := &Service{o: o, door: newDoor(o.Allow, o.Roots), sealer: sealer, wake: make(chan struct{}, 1), tokens: map[string]wecomToken{}}
	return s, store.MigrateRoom(ctx, o.DB, "inbox", migrations)
}

// Put takes a message. It joins the transaction of the context, so that the message is there with what it tells of or not at
// all. The same key again changes nothing.
func (s *Service) Put(ctx context.Context, m Message) error {
	if err := m.check(); err != nil {
		return err
	}
	if m.At == 0 {
		m.At = s.o.Now().UnixNano()
	}
	m.Text.Zh, m.Text.En = shorten(m.Text.Zh, maxText), shorten(m.Text.En, maxText)
	var rows []itemRow
	for _, r := range m.To {
		if r.Verb == "" {
			r.Verb = auth.Read
		}
		rows = append(rows, itemRow{
			ID: uuid.Must(uuid.NewV7()), ItemKey: strings.Join([]string{m.Key, store.Word(r.Person), store.Word(r.Org), string(r.Verb), r.Part}, "|"), Kind: string(m.Kind), Topic: m.Topic,
			Person: store.Word(r.Person), Org: store.Word(r.Org), Verb: string(r.Verb), Part: r.Part, Words: m.Text, Link: m.Link, ObjectKind: m.Object.Kind, ObjectID: m.Object.ID,
			Rank: m.Urgency.rank(), Due: forever(m.Due), At: m.At,
		})
	}
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&rows).On("CONFLICT (item_key) DO NOTHING").Exec(ctx)
		return err
	})
	if err != nil {
		return wrap("take a message", err)
	}
	s.rouse()
	return nil
}

// rouse lets Run send soon.
func (s *Service) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Waiting is a to-do that is not done, as the room that made it knows it.
type Waiting struct {
	Person, Org uuid.UUID
	Part        string
}

// Settle marks the to-dos about an object as done that still does not name. It joins the transaction of the context.
func (s *Service) Settle(ctx context.Context, o Object, still func(Waiting) bool) error {
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var rows []itemRow
		err := tx.NewSelect().Model(&rows).Column("id", "person", "org", "part").Where("i.object_kind = ? AND i.object_id = ? AND i.kind = ? AND i.done = 0", o.Kind, o.ID, string(Todo)).Scan(ctx)
		if err != nil {
			return wrap("look up to-dos", err)
		}
		var done []string
		for _, r := range rows {
			if still == nil || !still(Waiting{store.ID(r.Person), store.ID(r.Org), r.Part}) {
				done = append(done, r.ID.String())
			}
		}
		if len(done) == 0 {
			return nil
		}
		_, err = tx.NewUpdate().Model((*itemRow)(nil)).Set("done = ?", s.o.Now().UnixNano()).Where("id IN (?)", bun.List(done)).Exec(ctx)
		return wrapNil("finish to-dos", err)
	})
}

// Raise makes the to-dos about an object more urgent that which names, and gives them a due time where it is not 0.
func (s *Service) Raise(ctx context.Context, o Object, part string, org, person uuid.UUID, u Urgency, due int64) error {
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewUpdate().Model((*itemRow)(nil)).Set("rank = CASE WHEN rank > ? THEN ? ELSE rank END", u.rank(), u.rank()).
			Where("object_kind = ? AND object_id = ? AND part = ? AND org = ? AND person = ?", o.Kind, o.ID, part, store.Word(org), store.Word(person)).
			Where("kind = ? AND done = 0", string(Todo))
		if due != 0 {
			q = q.Set("due = ?", due)
		}
		_, err := q.Exec(ctx)
		return wrapNil("make to-dos more urgent", err)
	})
}

func wrapNil(doing string, err error) error {
	if err == nil {
		return nil
	}
	return wrap(doing, err)
}

// Filter narrows a list; zero fields do not.
type Filter struct {
	Org    uuid.UUID // and what is addressed to the person without an organisation
	Kind   Kind
	State  string // open, done (of to-dos); unread, read (of messages)
	Object string
}

// sight is what a caller may see: what is addressed to them, and what is addressed to organisations in which they have the verb.
type sight struct {
	person string
	scopes map[auth.Verb]auth.Scope
}

func see(ctx context.Context, org uuid.UUID) (v sight, err error) {
	p, err := auth.Need(ctx)
	if err != nil {
		return v, err
	}
	if org != uuid.Nil {
		if _, err := auth.Allow(ctx, auth.Read, org); err != nil {
			return v, err
		}
	}
	v.person, v.scopes = store.Word(p.ID), map[auth.Verb]auth.Scope{}
	if p.Kind != auth.KindPerson {
		v.person = "-" // is nobody's id
	}
	for _, verb := range verbs {
		if v.scopes[verb], err = auth.Visible(ctx, verb); err != nil {
			return v, err
		}
	}
	return v, nil
}

func (v sight) where(q *bun.SelectQuery) *bun.SelectQuery {
	return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("i.person = ? AND i.org = ''", v.person)
		q = q.WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery { // of an organisation: while they may read there
			return v.scopes[auth.Read].Where(q.Where("i.person = ?", v.person), "i.org")
		})
		for _, verb := range verbs {
			q = q.WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery {
				return v.scopes[verb].Where(q.Where("i.person = '' AND i.verb = ?", string(verb)), "i.org")
			})
		}
		return q
	})
}

func (s *Service) query(v sight, f Filter) *bun.SelectQuery {
	q := v.where(s.o.DB.NewSelect().Model((*itemRow)(nil)))
	if f.Org != uuid.Nil {
		q = q.Where("(i.org = ? OR i.org = '')", f.Org)
	}
	if f.Kind != "" {
		q = q.Where("i.kind = ?", string(f.Kind))
	}
	if f.Object != "" {
		q = q.Where("i.object_id = ?", f.Object)
	}
	switch f.State {
	case "open":
		q = q.Where("i.done = 0")
	case "done":
		q = q.Where("i.done > 0")
	case "unread":
		q = q.Where("NOT EXISTS (SELECT 1 FROM inbox_read AS r WHERE r.item = i.id AND r.person = ?)", v.person)
	case "read":
		q = q.Where("EXISTS (SELECT 1 FROM inbox_read AS r WHERE r.item = i.id AND r.person = ?)", v.person)
	}
	return q
}

var (
	byUrgency   = store.Keyset{Columns: []string{"i.rank", "i.due", "i.id"}}
	newestFirst = store.Keyset{Columns: []string{"i.id"}, Descending: true}
)

// List returns what a caller has: open to-dos the most urgent first and then by when they are due, anything else the newest first.
func (s *Service) List(ctx context.Context, f Filter, page store.Page) ([]Item, string, error) {
	v, err := see(ctx, f.Org)
	if err != nil {
		return nil, "", err
	}
	var rows []itemRow
	order, key := newestFirst, func(r *itemRow) []any { return []any{r.ID.String()} }
	if f.Kind == Todo && f.State == "open" {
		order, key = byUrgency, func(r *itemRow) []any { return []any{r.Rank, r.Due, r.ID.String()} }
	}
	q := s.query(v, f).Model(&rows).ColumnExpr("i.*").ColumnExpr("EXISTS (SELECT 1 FROM inbox_read AS r WHERE r.item = i.id AND r.person = ?) AS seen", v.person)
	list, next, err := store.List(ctx, order, q, &rows, page, key, (*itemRow).item)
	if err != nil {
		return nil, "", fmt.Errorf("list messages: %w", err)
	}
	return list, next, nil
}

// Counts are the numbers on the frame.
type Counts struct {
	Todos   int // that wait
	Urgent  int // of them: urgent, or past their time
	Unread  int // messages
	Maximum int // at which counting ends
}

// maxCount is where counting ends: who has more needs no number.
const maxCount = 1000

// Count counts what waits.
func (s *Service) Count(ctx context.Context, org uuid.UUID) (c Counts, err error) {
	v, err := see(ctx, org)
	if err != nil {
		return c, err
	}
	c.Maximum = maxCount
	count := func(f Filter, narrow func(*bun.SelectQuery) *bun.SelectQuery) (n int, err error) {
		f.Org = org
		inner := narrow(s.query(v, f).ColumnExpr("1")).Limit(maxCount)
		err = s.o.DB.NewSelect().TableExpr("(?) AS x", inner).ColumnExpr("COUNT(*)").Scan(ctx, &n)
		return n, wrapNil("count messages", err)
	}
	all := func(q *bun.SelectQuery) *bun.SelectQuery { return q }
	if c.Todos, err = count(Filter{Kind: Todo, State: "open"}, all); err != nil {
		return c, err
	}
	c.Urgent, err = count(Filter{Kind: Todo, State: "open"}, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("(i.rank = 0 OR i.due <= ?)", s.o.Now().UnixNano())
	})
	if err != nil {
		return c, err
	}
	c.Unread, err = count(Filter{Kind: Note, State: "unread"}, all)
	return c, err
}

// somebody returns the caller, who must be a person.
func somebody(ctx context.Context) (auth.Principal, error) {
	p, err := auth.Need(ctx)
	if err == nil && p.Kind != auth.KindPerson {
		err = ErrPerson
	}
	return p, err
}

// MarkRead marks one item as read by the caller. Error: store.ErrNotFound.
func (s *Service) MarkRead(ctx context.Context, id uuid.UUID) error {
	p, err := somebody(ctx)
	if err != nil {
		return err
	}
	v, err := see(ctx, uuid.Nil)
	if err != nil {
		return err
	}
	var row itemRow
	if err := v.where(s.o.DB.NewSelect().Model(&row).Column("i.id").Where("i.id = ?", id)).Scan(ctx); err != nil {
		return wrap("message "+id.String(), err)
	}
	return s.read(ctx, p, []itemRow{row})
}

// maxMark bounds what is marked at once.
const maxMark = 5000

// MarkAllRead marks all messages as read that the caller has (in an organisation, where one is named). It returns how many.
func (s *Service) MarkAllRead(ctx context.Context, org uuid.UUID) (int, error) {
	p, err := somebody(ctx)
	if err != nil {
		return 0, err
	}
	v, err := see(ctx, org)
	if err != nil {
		return 0, err
	}
	var rows []itemRow
	if err := s.query(v, Filter{Org: org, Kind: Note, State: "unread"}).Model(&rows).Column("i.id").Order("i.id").Limit(maxMark).Scan(ctx); err != nil {
		return 0, wrap("look up messages", err)
	}
	return len(rows), s.read(ctx, p, rows)
}

func (s *Service) read(ctx context.Context, p auth.Principal, items []itemRow) error {
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for len(items) > 0 {
			n := min(len(items), 500)
			rows := make([]readRow, n)
			for i, r := range items[:n] {
				rows[i] = readRow{Item: r.ID, Person: p.ID.String(), At: s.o.Now().UnixNano()}
			}
			if _, err := tx.NewInsert().Model(&rows).On("CONFLICT (item, person) DO NOTHING").Exec(ctx); err != nil {
				return wrap("mark as read", err)
			}
			items = items[n:]
		}
		return nil
	})
}

// Preference is how the caller wants to be told.
func (s *Service) Preference(ctx context.Context) (Preference, error) {
	p, err := somebody(ctx)
	if err != nil {
		return Preference{}, err
	}
	return s.preference(ctx, p.ID)
}

func (s *Service) preference(ctx context.Context, person uuid.UUID) (Preference, error) {
	var row preferenceRow
	err := store.Err(s.o.DB.NewSelect().Model(&row).Where("person = ?", person.String()).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return usual(person), nil
	}
	if err != nil {
		return Preference{}, wrap("read preferences", err)
	}
	return row.preference(), nil
}

// Prefer sets how the caller wants to be told. Error: ErrField.
func (s *Service) Prefer(ctx context.Context, f Preference) (Preference, error) {
	p, err := somebody(ctx)
	if err != nil {
		return Preference{}, err
	}
	f.Person = p.ID
	day := fault{"不是一天中的时间", "is no time of day", "请填写 00:00 至 23:59", "Give 00:00 to 23:59"}
	for place, m := range map[string]int{"body.quietFrom": f.QuietFrom, "body.quietTo": f.QuietTo, "body.digestAt": f.DigestAt} {
		if m < 0 || m >= minutesADay {
			return Preference{}, day.at(place, fmt.Sprint(m), nameTime)
		}
	}
	if f.Digest != AtOnce && f.Digest != Hourly && f.Digest != Daily {
		return Preference{}, fault{"没有这种方式", "is unknown", "可用 off、hourly、daily", "Use off, hourly or daily"}.at("body.digest", string(f.Digest), nameKind)
	}
	row := preferenceRow{Person: p.ID.String(), Quiet: f.Quiet, QuietFrom: f.QuietFrom, QuietTo: f.QuietTo, Digest: string(f.Digest), DigestAt: f.DigestAt, Desk: f.Desk}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (person) DO UPDATE").Set("quiet = EXCLUDED.quiet").Set("quiet_from = EXCLUDED.quiet_from").Set("quiet_to = EXCLUDED.quiet_to").
			Set("digest = EXCLUDED.digest").Set("digest_at = EXCLUDED.digest_at").Set("desk = EXCLUDED.desk").Exec(ctx)
		return err
	})
	return f, wrapNil("set preferences", err)
}

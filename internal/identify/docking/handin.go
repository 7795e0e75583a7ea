package docking

import (
	"cmp"
	"context"
	"errors"
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

// States of what is handed in.
const (
	Waiting  = "waiting"
	WasTaken = "taken"
	Refused  = "refused"
)

const (
	catchUp    = 400 // periods of a table that are made at most when the node was away
	firstRetry = time.Minute
	lastRetry  = time.Hour
	sendMost   = 200 // returns of an organisation in one go
)

// HandIn makes what has become due and sends what waits. What cannot be sent is tried again, later and later.
func (s *Service) HandIn(ctx context.Context) error {
	all, err := s.standing(ctx)
	if err != nil {
		return err
	}
	var failed error
	for i := range all {
		for j := range s.o.Guide.Tables {
			t := &s.o.Guide.Tables[j]
			if s.o.Makers[t.ID] == nil {
				continue
			}
			if err := s.due(ctx, &all[i], t); err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s of %s: %w", t.ID, all[i].Prefix, err))
			}
		}
		failed = errors.Join(failed, s.send(ctx, &all[i]))
	}
	return failed
}

// due makes the returns of a table that are due and were not made.
func (s *Service) due(ctx context.Context, a *Above, t *Table) error {
	now := s.o.Now()
	if t.Due == AtOnce {
		return s.make(ctx, a, t, "", false)
	}
	since, err := time.ParseInLocation(time.DateOnly, a.Since, China)
	if err != nil {
		return err
	}
	var made []string
	if err := s.o.DB.NewSelect().Model((*sentRow)(nil)).ColumnExpr("DISTINCT s.period").Where("s.org = ? AND s.kind = ?", a.Org, t.ID).Scan(ctx, &made); err != nil {
		return wrap("list what was made", err)
	}
	last := Last(t.Due, now)
	var wanted []Period
	for p := PeriodAt(t.Due, since); p <= last; p = p.Next(t.Due) {
		if !slices.Contains(made, string(p)) {
			wanted = append(wanted, p)
		}
	}
	if len(wanted) > catchUp {
		wanted = wanted[len(wanted)-catchUp:]
	}
	for _, p := range wanted {
		if err := s.make(ctx, a, t, p, false); err != nil {
			return err
		}
	}
	return nil
}

// make makes a return anew. One that says what the newest says is left out, unless it is the first, or it is to be sent again.
func (s *Service) make(ctx context.Context, a *Above, t *Table, p Period, again bool) error {
	made, err := s.o.Makers[t.ID](ctx, a, p)
	if err != nil {
		return err
	}
	rows := make([]field.Record, len(made))
	for i, r := range made {
		raw := field.Record(r).Encode()
		checked, wrong := t.Fields.Read(raw)
		if len(wrong) > 0 {
			return fmt.Errorf("row %d: %w", i+1, wrong[0])
		}
		rows[i] = checked
	}
	slices.SortFunc(rows, func(x, y field.Record) int {
		return cmp.Compare(t.KeyOf(x), t.KeyOf(y))
	})
	parts := slices.Collect(slices.Chunk(rows, MaxRows))
	if len(parts) == 0 {
		parts = [][]field.Record{{}}
	}
	var newest []sentRow
	if err := s.o.DB.NewSelect().Model(&newest).ExcludeColumn("document").Where("s.org = ? AND s.kind = ? AND s.period = ?", a.Org, t.ID, string(p)).OrderExpr("s.revision DESC, s.part").Scan(ctx); err != nil {
		return wrap("find what was made", err)
	}
	revision := int64(1)
	if len(newest) > 0 {
		if !again && says(newest, parts) {
			return nil // nothing is signed or written for what says the same
		}
		revision = newest[0].Revision + 1
	}
	out := make([]sentRow, len(parts))
	for i, part := range parts {
		if out[i], err = s.written(a, t, p, revision, i+1, len(parts), part); err != nil {
			return err
		}
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for i := range out { // one by one: a part may have 48 MiB
			if _, err := tx.NewInsert().Model(&out[i]).Exec(ctx); err != nil {
				return wrap("keep a return", err)
			}
		}
		return nil
	})
}

// says tells whether the newest revision, which comes first, has these rows.
func says(newest []sentRow, parts [][]field.Record) bool {
	if newest[0].Parts != int64(len(parts)) {
		return false
	}
	for i, part := range parts {
		if _, sum := encodeRows(part); newest[i].SHA256 != sum {
			return false
		}
	}
	return true
}

// written is a part of a return, signed.
func (s *Service) written(a *Above, t *Table, p Period, revision int64, part, parts int, rows []field.Record) (sentRow, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return sentRow{}, err
	}
	now := s.o.Now()
	h := Head{ID: id, Guide: s.o.Guide.ID, Version: s.o.Guide.Version, Table: t.ID, Prefix: a.Prefix, Period: p, Revision: revision, Part: part, Parts: parts, Made: now}
	document, err := Write(&h, rows, s.o.Signers...)
	if err != nil {
		return sentRow{}, err
	}
	return sentRow{
		ID: id, Org: a.Org, Kind: t.ID, Period: string(p), Revision: revision, Part: int64(part), Parts: int64(parts), Rows: int64(h.Rows), SHA256: h.SHA256,
		Made: h.Made.UnixNano(), State: Waiting, Due: now.UnixNano(), Document: s.packer.pack(document),
	}, nil
}

// send sends what waits of an organisation, in the order in which it was made, and stops at the first that cannot be sent.
func (s *Service) send(ctx context.Context, a *Above) error {
	for range sendMost {
		var row sentRow
		err := store.Err(s.o.DB.NewSelect().Model(&row).Where("s.org = ? AND s.state = ?", a.Org, Waiting).OrderExpr("s.made, s.id").Limit(1).Scan(ctx))
		if errors.Is(err, store.ErrNotFound) || err == nil && row.Due > s.o.Now().UnixNano() {
			return nil
		}
		if err != nil {
			return wrap("find what waits", err)
		}
		document, err := s.packer.unpack(row.Document)
		if err != nil {
			return fmt.Errorf("return %s: %w", row.ID, err)
		}
		taken, answer, err := s.o.Courier.Send(ctx, a.URL, document)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		now := s.o.Now().UnixNano()
		q := s.o.DB.NewUpdate().Model((*sentRow)(nil)).Set("tries = tries + 1, at = ?", now).Where("id = ?", row.ID)
		switch {
		case err != nil:
			wait := min(firstRetry<<min(row.Tries, 10), lastRetry)
			_, failed := q.Set("due = ?, answer = ?", now+int64(wait), cut(err.Error())).Exec(ctx)
			s.o.Logger.Warn("a return is not taken in yet", "table", row.Kind, "period", row.Period, "tries", row.Tries+1, "error", err)
			return wrap("note a try", failed)
		case taken:
			q = q.Set("state = ?, answer = ?", WasTaken, answer)
		default:
			q = q.Set("state = ?, answer = ?", Refused, answer)
			s.o.Logger.Error("a return is refused", "table", row.Kind, "period", row.Period, "answer", answer)
		}
		if _, err := q.Exec(ctx); err != nil {
			return wrap("note an answer", err)
		}
	}
	return nil
}

// Sent is a return of this node and what became of it.
type Sent struct {
	Head
	State  string
	Tries  int64
	At     time.Time // of the last try
	Next   time.Time // of the next one, while it waits
	Answer string
}

var newestSent = store.Keyset{Columns: []string{"s.made", "s.id"}, Descending: true}

// Handed are the returns of an organisation, the newest first; table and state narrow. Errors: store.ErrCursor and those of auth.Allow.
func (s *Service) Handed(ctx context.Context, org uuid.UUID, table, state string, page store.Page) (items []Sent, next string, err error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return nil, "", err
	}
	var rows []sentRow
	q := scope.Where(s.o.DB.NewSelect().Model(&rows).ExcludeColumn("document"), "s.org")
	if table != "" {
		q = q.Where("s.kind = ?", table)
	}
	if state != "" {
		q = q.Where("s.state = ?", state)
	}
	if q, err = newestSent.Apply(q, page); err != nil {
		return nil, "", err
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", wrap("list what was handed in", err)
	}
	rows, next = store.Cut(newestSent, rows, page, func(r *sentRow) []any { return []any{r.Made, r.ID.String()} })
	for _, r := range rows {
		x := Sent{Head: Head{
			ID: r.ID, Guide: s.o.Guide.ID, Version: s.o.Guide.Version, Table: r.Kind, Period: Period(r.Period), Revision: r.Revision, Part: int(r.Part), Parts: int(r.Parts),
			Made: time.Unix(0, r.Made).UTC(), Rows: int(r.Rows), SHA256: r.SHA256,
		}, State: r.State, Tries: r.Tries, Answer: r.Answer}
		if r.At > 0 {
			x.At = time.Unix(0, r.At).UTC()
		}
		if r.State == Waiting {
			x.Next = time.Unix(0, r.Due).UTC()
		}
		items = append(items, x)
	}
	return items, next, nil
}

// Again makes the return of a period anew and sends it as a further revision, such as after one was refused. Errors: ErrTable, ErrMaker, ErrReturn and
// those of auth.Allow.
func (s *Service) Again(ctx context.Context, org uuid.UUID, table string, p Period) error {
	scope, err := auth.Allow(ctx, auth.Configure, org)
	if err != nil {
		return err
	}
	t := s.o.Guide.Table(table)
	if t == nil {
		return ErrTable.At("body.table", table).With("guide", s.o.Guide.ID).With("tables", s.o.Guide.tables())
	}
	if s.o.Makers[t.ID] == nil {
		return ErrMaker.At("body.table", table).With("table", t.Name)
	}
	if _, to, err := p.Span(t.Due); err != nil {
		return refuse("body.period", string(p), err)
	} else if to.After(s.o.Now()) {
		return refuse("body.period", string(p), errNotEnded)
	}
	a, err := s.Above(ctx, org)
	if err != nil {
		return err
	}
	if a.URL == "" {
		return refuse("query.org", org.String(), noReturn("尚未设置上级节点", "nobody is named to whom it is handed in"))
	}
	if err := s.make(ctx, &a, t, p, true); err != nil {
		return err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		return audit.Record(ctx, tx, scope.Act(ctx, s.o.Now(), "docking.return.again", audit.Object{Kind: "return", ID: t.ID, Name: t.ID + " " + string(p)}, nil, nil))
	})
	s.poke()
	return err
}

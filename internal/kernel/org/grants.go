package org

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

type grantRow struct {
	bun.BaseModel `bun:"table:org_grant,alias:g"`

	ID      uuid.UUID `bun:"id,pk"`
	Giver   uuid.UUID
	Taker   uuid.UUID
	Person  string
	Purpose string
	Words   string
	Kind    string
	Subject string
	Fields  string
	Since   int64
	Until   int64
	Basis   string
	Given   int64
	GivenBy string
	Ended   int64
	EndedBy string
	Reason  string
}

func (r *grantRow) grant() Grant {
	g := Grant{ID: r.ID, From: r.Giver, To: r.Taker, Person: store.ID(r.Person), Purpose: r.Purpose, Words: r.Words, Kind: r.Kind, Subject: r.Subject, Span: Span{r.Since, r.Until},
		Basis: r.Basis, Given: r.Given, GivenBy: r.GivenBy, Ended: r.Ended, EndedBy: r.EndedBy, Reason: r.Reason}
	if r.Fields != "" && json.Unmarshal([]byte(r.Fields), &g.Fields) != nil {
		g.Fields = []string{} // what cannot be read gives nothing
	}
	return g
}

type grantReadRow struct {
	bun.BaseModel `bun:"table:org_grant_read,alias:x"`

	GrantID uuid.UUID `bun:"grant_id,pk"`
	Day     string    `bun:"day,pk"`
	Reader  string    `bun:"reader,pk"`
	Name    string
	Reads   int64
	Things  int64
	LastAt  int64
}

// Give records a grant. Whether its giver's owner gives it is asked by who calls (auth). Errors: those of grant.go.
func (s *Service) Give(ctx context.Context, g Grant) (Grant, error) {
	now := s.now().UnixNano()
	if err := g.check(now); err != nil {
		return Grant{}, err
	}
	g.ID, g.Given, g.Ended = uuid.Must(uuid.NewV7()), now, 0
	row := grantRow{ID: g.ID, Giver: g.From, Taker: g.To, Person: store.Word(g.Person), Purpose: g.Purpose, Words: g.Words, Kind: g.Kind, Subject: g.Subject, Since: g.Span.From, Until: g.Span.To,
		Basis: g.Basis, Given: g.Given, GivenBy: g.GivenBy}
	if g.Fields != nil {
		b, err := json.Marshal(g.Fields)
		if err != nil {
			return Grant{}, err
		}
		row.Fields = string(b)
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*grantRow)(nil)).Where("g.giver = ? AND g.ended = 0 AND g.until > ?", g.From, now).Count(ctx)
		if err != nil {
			return err
		}
		if n >= maxGrants {
			return ErrGrantMany.With("max", maxGrants)
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			if err = store.Err(err); errors.Is(err, store.ErrReference) {
				return ErrGrantTaker.At("body.to", g.To).Because(err)
			}
			return err
		}
		return nil
	})
	if err != nil {
		return Grant{}, fmt.Errorf("give a grant: %w", err)
	}
	return g, nil
}

// EndGrant ends a grant at once. Errors: store.ErrNotFound, ErrGrantEnded, ErrGrantReason.
func (s *Service) EndGrant(ctx context.Context, id uuid.UUID, by, reason string) (Grant, error) {
	reason, ok := clean(reason, minGrantWords, maxGrantWords)
	if !ok {
		return Grant{}, ErrGrantReason.At("body.reason", "").With("min", minGrantWords).With("max", maxGrantWords)
	}
	var row grantRow
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := tx.NewSelect().Model(&row).Where("g.id = ?", id).Scan(ctx); err != nil {
			return err
		}
		now := s.now().UnixNano()
		if row.Ended != 0 || row.Until <= now {
			at := row.Ended
			if at == 0 {
				at = row.Until
			}
			return ErrGrantEnded.With("at", time.Unix(0, at).UTC().Format(time.RFC3339))
		}
		row.Ended, row.EndedBy, row.Reason = now, by, reason
		_, err := tx.NewUpdate().Model(&row).Column("ended", "ended_by", "reason").Where("id = ? AND ended = 0", id).Exec(ctx)
		return err
	})
	if err != nil {
		return Grant{}, fmt.Errorf("end grant %s: %w", id, store.Err(err))
	}
	return row.grant(), nil
}

// GrantFilter narrows a list of grants.
type GrantFilter struct {
	From, To []uuid.UUID // given by one of these, or received by one of those; nil: none
	Standing bool
}

var grantOrder = store.Keyset{Columns: []string{"g.id"}, Descending: true}

// Grants lists grants that organisations have given or received, the last given first.
func (s *Service) Grants(ctx context.Context, f GrantFilter, page store.Page) ([]Grant, string, error) {
	var rows []grantRow
	q := s.db.NewSelect().Model(&rows).WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("1 = 0")
		if len(f.From) > 0 {
			q = q.WhereOr("g.giver IN (?)", bun.List(store.Words(f.From)))
		}
		if len(f.To) > 0 {
			q = q.WhereOr("g.taker IN (?)", bun.List(store.Words(f.To)))
		}
		return q
	})
	if f.Standing {
		q = q.Where("g.ended = 0 AND g.until > ?", s.now().UnixNano())
	}
	list, next, err := store.List(ctx, grantOrder, q, &rows, page, func(r *grantRow) []any { return []any{r.ID.String()} }, (*grantRow).grant)
	if err != nil {
		return nil, "", fmt.Errorf("list grants: %w", err)
	}
	return list, next, nil
}

// Grant finds one that one of the organisations has given or received. Error: store.ErrNotFound.
func (s *Service) Grant(ctx context.Context, id uuid.UUID, sides []uuid.UUID) (Grant, error) {
	if len(sides) == 0 {
		return Grant{}, fmt.Errorf("grant %s: %w", id, store.ErrNotFound)
	}
	var row grantRow
	in := bun.List(store.Words(sides))
	if err := s.db.NewSelect().Model(&row).Where("g.id = ? AND (g.giver IN (?) OR g.taker IN (?))", id, in, in).Scan(ctx); err != nil {
		return Grant{}, fmt.Errorf("grant %s: %w", id, store.Err(err))
	}
	return row.grant(), nil
}

// Held returns the grants that stand now for readers: of a kind of thing, from one giver. Only package
// auth, which knows who reads, has a use for it.
func (s *Service) Held(ctx context.Context, takers []uuid.UUID, person uuid.UUID, kind string, from uuid.UUID) ([]Grant, error) {
	if len(takers) == 0 {
		return nil, nil
	}
	now := s.now().UnixNano()
	var rows []grantRow
	q := s.db.NewSelect().Model(&rows).Where("g.taker IN (?) AND g.kind = ? AND g.giver = ?", bun.List(store.Words(takers)), kind, from).
		Where("(g.person = '' OR g.person = ?)", store.Word(person)).Where("g.ended = 0 AND g.since <= ? AND g.until > ?", now, now).OrderExpr("g.id").Limit(maxGrants)
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("look up grants: %w", store.Err(err))
	}
	return store.All(rows, (*grantRow).grant), nil
}

// china is by whose days reads are counted.
var china = time.FixedZone("UTC+8", 8*60*60)

// Looked counts that somebody read things through a grant. A grant that has ended meanwhile is an error: ErrNoOrg.
func (s *Service) Looked(ctx context.Context, grant uuid.UUID, reader, name string, things int) error {
	now := s.now()
	day := now.In(china).Format(time.DateOnly)
	return s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		stands, err := tx.NewSelect().Model((*grantRow)(nil)).Where("g.id = ? AND g.ended = 0 AND g.until > ?", grant, now.UnixNano()).Exists(ctx)
		if err != nil {
			return err
		}
		if !stands {
			return ErrNoOrg.With("thing", "grant")
		}
		known, err := tx.NewSelect().Model((*grantReadRow)(nil)).Where("x.grant_id = ? AND x.day = ? AND x.reader = ?", grant, day, reader).Exists(ctx)
		if err != nil {
			return err
		}
		if !known {
			n, err := tx.NewSelect().Model((*grantReadRow)(nil)).Where("x.grant_id = ? AND x.day = ?", grant, day).Count(ctx)
			if err != nil {
				return err
			}
			if n >= maxReaders {
				reader, name = "", "…"
			}
		}
		row := grantReadRow{GrantID: grant, Day: day, Reader: reader, Name: name, Reads: 1, Things: int64(things), LastAt: now.UnixNano()}
		_, err = tx.NewInsert().Model(&row).On("CONFLICT (grant_id, day, reader) DO UPDATE").Set("reads = x.reads + 1").Set("things = x.things + EXCLUDED.things").
			Set("name = EXCLUDED.name").Set("last_at = EXCLUDED.last_at").Exec(ctx)
		return err
	})
}

var readOrder = store.Keyset{Columns: []string{"x.day", "x.reader"}, Descending: true}

// GrantReads lists who looked through a grant, the last day first.
func (s *Service) GrantReads(ctx context.Context, grant uuid.UUID, page store.Page) ([]GrantReads, string, error) {
	var rows []grantReadRow
	q := s.db.NewSelect().Model(&rows).Where("x.grant_id = ?", grant)
	list, next, err := store.List(ctx, readOrder, q, &rows, page, func(r *grantReadRow) []any { return []any{r.Day, r.Reader} },
		func(r *grantReadRow) GrantReads {
			return GrantReads{r.Day, r.Reader, r.Name, r.Reads, r.Things, r.LastAt}
		})
	if err != nil {
		return nil, "", fmt.Errorf("list who looked: %w", err)
	}
	return list, next, nil
}

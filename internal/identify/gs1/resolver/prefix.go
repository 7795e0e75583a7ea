package resolver

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// Prefix is a GS1 Company Prefix that is entrusted to an organisation.
type Prefix struct {
	Prefix string
	Org    uuid.UUID
	Since  int64 // ns
	Ground string
	By     audit.Actor
}

const (
	shortestPrefix = 4
	longestPrefix  = 12
	maxGround      = 200 // characters
)

// Prefixes are those of an organisation, by their digits. Errors: those of auth.Allow.
func (s *Service) Prefixes(ctx context.Context, org uuid.UUID) ([]Prefix, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return nil, err
	}
	var rows []prefixRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&rows), "p.org").Where("p.until = ?", lasting).Order("p.prefix").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list prefixes: %w", err)
	}
	out := make([]Prefix, len(rows))
	for i, r := range rows {
		out[i] = Prefix{Prefix: r.Prefix, Org: r.Org, Since: r.Since, Ground: r.Ground}
		if err := json.Unmarshal([]byte(r.Actor), &out[i].By); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Entrust gives a prefix to an organisation; the node's operator does. Errors: ErrPrefix, ErrNote, ErrPrefixTaken, those of
// auth.AllowNode.
func (s *Service) Entrust(ctx context.Context, prefix string, org uuid.UUID, ground string) (Prefix, error) {
	p, err := auth.AllowNode(ctx, auth.Node)
	if err != nil {
		return Prefix{}, err
	}
	prefix, ground = strings.TrimSpace(prefix), strings.TrimSpace(ground)
	if len(prefix) < shortestPrefix || len(prefix) > longestPrefix || strings.Trim(prefix, "0123456789") != "" {
		return Prefix{}, ErrPrefix.At("body.prefix", prefix)
	}
	if n := utf8.RuneCountInString(ground); n == 0 || n > maxGround {
		return Prefix{}, ErrNote.At("body.ground", ground).With("max", maxGround)
	}
	if err := s.o.Known(ctx, org); err != nil {
		return Prefix{}, err
	}
	out := Prefix{Prefix: prefix, Org: org, Since: s.o.Now().UnixNano(), Ground: ground, By: auth.ActorOf(p)}
	by, err := json.Marshal(out.By)
	if err != nil {
		return Prefix{}, err
	}
	row := prefixRow{Prefix: prefix, Since: out.Since, Until: lasting, Org: org, Ground: ground, Actor: string(by)}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var taken []prefixRow
		// Of two prefixes one of which begins with the other only one can be a firm's. Those of other tenants are compared, and not shown
		// but for the digits that the operator has to know.
		q := auth.Everywhere().Where(tx.NewSelect().Model(&taken), "p.org").Where("p.until = ?", lasting).
			WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
				return q.Where("p.prefix LIKE ?", prefix+"%").WhereOr("? LIKE p.prefix || '%'", prefix)
			})
		if err := q.Limit(1).Scan(ctx); err != nil {
			return err
		}
		if len(taken) > 0 {
			return ErrPrefixTaken.At("body.prefix", prefix).With("prefix", taken[0].Prefix)
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.act(ctx, p, org, "gs1.prefix.entrust", prefix, nil, map[string]string{"prefix": prefix, "ground": ground}))
	})
	return out, store.Err(err)
}

// TakeBack ends the trust; the links under the prefix stay as they are until somebody who holds it changes them. Errors:
// store.ErrNotFound, those of auth.AllowNode.
func (s *Service) TakeBack(ctx context.Context, prefix string) error {
	p, err := auth.AllowNode(ctx, auth.Node)
	if err != nil {
		return err
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var row prefixRow
		if err := auth.Everywhere().Where(tx.NewSelect().Model(&row), "p.org").Where("p.prefix = ? AND p.until = ?", prefix, lasting).Scan(ctx); err != nil {
			return fmt.Errorf("prefix %.12q: %w", prefix, store.Err(err))
		}
		row.Until = s.o.Now().UnixNano()
		if _, err := tx.NewUpdate().Model(&row).Column("until").WherePK().Exec(ctx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.act(ctx, p, row.Org, "gs1.prefix.takeBack", prefix, map[string]string{"prefix": prefix, "ground": row.Ground}, nil))
	})
}

// act is what the operator does to a prefix, noted with the organisation whose it is.
func (s *Service) act(ctx context.Context, p auth.Principal, org uuid.UUID, verb, prefix string, before, after any) audit.Entry {
	e := auth.System(org).Act(ctx, s.o.Now(), verb, audit.Object{Kind: "gs1.prefix", ID: prefix, Name: prefix}, before, after)
	e.Actor, e.Via = auth.ActorOf(p), p.Via
	return e
}

// held returns the prefix of an organisation under which digits stand; "" when there is none.
func (s *Service) held(ctx context.Context, db bun.IDB, scope auth.Scope, digits string) (string, error) {
	var beginnings []string
	for n := shortestPrefix; n <= min(longestPrefix, len(digits)); n++ {
		beginnings = append(beginnings, digits[:n])
	}
	if len(beginnings) == 0 {
		return "", nil
	}
	var rows []prefixRow
	err := scope.Where(db.NewSelect().Model(&rows), "p.org").Where("p.until = ? AND p.prefix IN (?)", lasting, bun.List(beginnings)).Limit(1).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0].Prefix, nil
}

package resolver

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/text"
)

//go:embed migrations/*.sql
var migrations embed.FS

// lasting is the end of what has not ended.
const lasting = int64(math.MaxInt64)

type prefixRow struct {
	bun.BaseModel `bun:"table:gs1_prefix,alias:p"`

	Prefix string `bun:"prefix,pk"`
	Since  int64  `bun:"since,pk"`
	Until  int64
	Org    uuid.UUID
	Ground string
	Actor  string
}

type setRow struct {
	bun.BaseModel `bun:"table:gs1_set,alias:s"`

	Anchor      string `bun:"anchor,pk"`
	Version     int64  `bun:"version,pk"`
	Org         uuid.UUID
	Prefix      string
	Description text.Text
	Links       string
	At          int64
	Actor       string
}

func (r *setRow) read() (*Set, error) {
	s := &Set{Anchor: r.Anchor, Org: r.Org, Prefix: r.Prefix, Version: r.Version, Description: r.Description, At: r.At}
	if err := json.Unmarshal([]byte(r.Links), &s.Links); err != nil {
		return nil, fmt.Errorf("links of %s: %w", r.Anchor, err)
	}
	return s, json.Unmarshal([]byte(r.Actor), &s.By)
}

// newest keeps the last version of each anchor.
func newest(q *bun.SelectQuery) *bun.SelectQuery {
	return q.Where("s.version = (SELECT MAX(t.version) FROM gs1_set t WHERE t.anchor = s.anchor)")
}

// Sets returns what is declared for identities, in their order, to anybody: what stands, and is not withdrawn. This, and no scope, is
// the limit of the query.
func (s *Service) Sets(ctx context.Context, identities []string) ([]*Set, error) {
	var rows []setRow
	q := newest(s.o.DB.NewSelect().Model(&rows).Where("s.anchor IN (?)", bun.List(identities))).Where("s.links <> '[]'")
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("find links: %w", err)
	}
	out := make([]*Set, 0, len(rows))
	for i := range rows {
		set, err := rows[i].read()
		if err != nil {
			return nil, err
		}
		out = append(out, set)
	}
	slices.SortFunc(out, func(a, b *Set) int { return slices.Index(identities, a.Anchor) - slices.Index(identities, b.Anchor) })
	return out, nil
}

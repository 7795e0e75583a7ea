package resolver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Options build a Service. All are required.
type Options struct {
	DB    *store.DB
	Known func(ctx context.Context, org uuid.UUID) error // nil when there is such an organisation
	Name  string                                         // of the node
	Stem  string                                         // "/id": where compressed URIs are answered too
	Now   func() time.Time
}

// Service keeps links.
type Service struct {
	o     Options
	types []GS1LinkType
}

// New brings the tables up to date.
func New(ctx context.Context, o Options) (*Service, error) {
	if err := store.MigrateRoom(ctx, o.DB, "gs1", migrations); err != nil {
		return nil, err
	}
	types, err := readLinkTypes()
	if err != nil {
		return nil, err
	}
	return &Service{o, types}, nil
}

// LinkTypes is GS1's vocabulary, by name.
func (s *Service) LinkTypes() []GS1LinkType { return s.types }

// Declared is what somebody declares for a thing.
type Declared struct {
	Org         uuid.UUID
	Anchor      string
	Description text.Text
	Links       []DeclaredLink
	Match       func(version int64) error // refuses when another version stands than the caller knew; may be nil
}

// Declare appends a version. Errors: ErrSyntax, ErrAttributes, ErrNoPrefix, those of check and of auth.Allow, and what Match says.
func (s *Service) Declare(ctx context.Context, in Declared) (*Set, error) {
	links, err := check(in.Description, in.Links, s.types)
	if err != nil {
		return nil, err
	}
	return s.append(ctx, in, links, "gs1.links.declare")
}

// Withdraw appends a version without links: the thing is no longer resolved. Errors: as Declare; store.ErrNotFound when nothing stands.
func (s *Service) Withdraw(ctx context.Context, in Declared) (*Set, error) {
	return s.append(ctx, in, []DeclaredLink{}, "gs1.links.withdraw")
}

func (s *Service) append(ctx context.Context, in Declared, links []DeclaredLink, verb string) (*Set, error) {
	scope, err := auth.Allow(ctx, auth.Configure, in.Org)
	if err != nil {
		return nil, err
	}
	link, err := ParseAnchor(in.Anchor)
	if err != nil {
		return nil, Refused(err, "query.anchor")
	}
	if extra := link.Attributes(); len(extra) > 0 {
		return nil, ErrAttributes.At("query.anchor", in.Anchor).With("ai", extra[0].AI)
	}
	set := &Set{Anchor: link.Identity(), Org: in.Org, Description: in.Description, Links: links, By: auth.ActorOf(scope.Principal())}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		digits := link.Key().Company()
		if set.Prefix, err = s.held(ctx, tx, scope, digits); err != nil {
			return err
		}
		if set.Prefix == "" {
			return ErrNoPrefix.At("query.anchor", set.Anchor).With("digits", digits)
		}
		// The holder of a prefix takes over what its holder before had declared.
		var last setRow
		err := newest(auth.Everywhere().Where(tx.NewSelect().Model(&last), "s.org")).Where("s.anchor = ?", set.Anchor).Scan(ctx)
		if err = store.Err(err); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if len(links) == 0 && (last.Version == 0 || last.Links == "[]") {
			return fmt.Errorf("links of %s: %w", set.Anchor, store.ErrNotFound)
		}
		if in.Match != nil {
			if err := in.Match(last.Version); err != nil {
				return err
			}
		}
		if len(links) == 0 {
			set.Description = last.Description
		}
		return s.put(ctx, tx, scope, set, &last, verb)
	})
	if err != nil {
		return nil, store.Err(err)
	}
	return set, nil
}

// put writes a version behind the last. Two at once cannot both: the second finds the number taken.
func (s *Service) put(ctx context.Context, tx bun.Tx, scope auth.Scope, set *Set, last *setRow, verb string) error {
	now := s.o.Now()
	set.Version, set.At = last.Version+1, now.UnixNano()
	links, err := json.Marshal(set.Links)
	if err != nil {
		return err
	}
	by, err := json.Marshal(set.By)
	if err != nil {
		return err
	}
	row := setRow{Anchor: set.Anchor, Version: set.Version, Org: set.Org, Prefix: set.Prefix, Description: set.Description, Links: string(links), At: set.At, Actor: string(by)}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return err
	}
	type state struct {
		Version     int64           `json:"version"`
		Description text.Text       `json:"description"`
		Links       json.RawMessage `json:"links"`
	}
	var before any
	if last.Version > 0 {
		before = state{last.Version, last.Description, json.RawMessage(last.Links)}
	}
	object := audit.Object{Kind: "gs1.links", ID: set.Anchor, Name: set.Description.In("zh")}
	return audit.Record(ctx, tx, scope.Act(ctx, now, verb, object, before, state{set.Version, set.Description, links}))
}

// List returns the sets of organisations that the caller sees, as they stand, by anchor; those that were withdrawn too. Words are
// looked for in the description, a beginning in the anchor. Errors: those of auth.
func (s *Service) List(ctx context.Context, org uuid.UUID, words string, page store.Page) ([]*Set, string, error) {
	scope, err := auth.AllowOrVisible(ctx, auth.Read, org)
	if err != nil {
		return nil, "", err
	}
	var rows []setRow
	q := newest(scope.Where(s.o.DB.NewSelect().Model(&rows), "s.org"))
	if words = strings.TrimSpace(words); words != "" {
		q = q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			like := "%" + escapeLike(words) + "%"
			return q.Where("s.anchor LIKE ? ESCAPE '\\'", like).WhereOr("s.description LIKE ? ESCAPE '\\'", like)
		})
	}
	keys := store.Keyset{Columns: []string{"s.anchor"}}
	if q, err = keys.Apply(q, page); err != nil {
		return nil, "", err
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list links: %w", err)
	}
	rows, next := store.Cut(keys, rows, page, func(r *setRow) []any { return []any{r.Anchor} })
	sets, err := readAll(rows)
	return sets, next, err
}

// escapeLike takes the meaning from the signs of LIKE.
func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s)
}

// Versions are those of one anchor, the last first. Errors: ErrSyntax, store.ErrNotFound, those of auth.
func (s *Service) Versions(ctx context.Context, anchor string) ([]*Set, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return nil, err
	}
	link, err := ParseAnchor(anchor)
	if err != nil {
		return nil, Refused(err, "query.anchor")
	}
	var rows []setRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&rows), "s.org").Where("s.anchor = ?", link.Identity()).Order("s.version DESC").Limit(store.MaxLimit).Scan(ctx); err != nil {
		return nil, fmt.Errorf("versions of links: %w", err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("links of %s: %w", link.Identity(), store.ErrNotFound)
	}
	return readAll(rows)
}

func readAll(rows []setRow) ([]*Set, error) {
	out := make([]*Set, len(rows))
	for i := range rows {
		var err error
		if out[i], err = rows[i].read(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

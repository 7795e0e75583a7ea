package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
)

type templateRow struct {
	bun.BaseModel `bun:"table:identify_template,alias:t"`

	Number   int64     `bun:"number,pk"`
	ID       uuid.UUID `bun:"id"`
	Prefix   int64
	Version  string
	State    string
	Content  string
	Revision int64
	Actor    string
	At       int64
}

func (r *templateRow) template() (*Template, error) {
	t := &Template{Number: r.Number, ID: r.ID, Prefix: r.Prefix, Version: r.Version, State: TemplateState(r.State), Revision: r.Revision, At: r.At}
	err := json.Unmarshal([]byte(r.Content), &t.Content)
	if err == nil {
		err = json.Unmarshal([]byte(r.Actor), &t.By)
	}
	if err == nil {
		err = t.Content.complete(nil) // compiles its patterns
	}
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", r.ID, err)
	}
	return t, nil
}

func (t *Template) row() (*templateRow, error) {
	content, err := json.Marshal(t.Content)
	if err != nil {
		return nil, err
	}
	actor, err := json.Marshal(t.By)
	return &templateRow{Number: t.Number, ID: t.ID, Prefix: t.Prefix, Version: t.Version, State: string(t.State), Content: string(content), Revision: t.Revision, Actor: string(actor), At: t.At}, err
}

func (s *Service) loadTemplates(ctx context.Context) error {
	var rows []templateRow
	if err := s.o.DB.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return wrap("read templates", err)
	}
	for i := range rows {
		t, err := rows[i].template()
		if err != nil {
			return err
		}
		s.templates.put(t)
	}
	return nil
}

// templateFor is the template of a version; of "" the newest one that is published. nil where there is none.
func (s *Service) templateFor(prefix int64, version string) *Template {
	if version != "" {
		return s.templates.get(prefix, version)
	}
	var newest *Template
	for _, t := range s.templates.of(prefix) {
		if t.State == Published && (newest == nil || t.Number > newest.Number) {
			newest = t
		}
	}
	return newest
}

func (t *templates) of(prefix int64) (out []*Template) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, x := range t.list {
		if x.Prefix == prefix {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b *Template) int { return int(a.Number - b.Number) })
	return out
}

var versionForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$`)

// TemplateOf finds a template that the caller may use a verb on. Errors: ErrTemplate, ErrPrefix.
func (s *Service) TemplateOf(ctx context.Context, verb auth.Verb, prefix, version string) (auth.Scope, Prefix, *Template, error) {
	scope, p, err := s.prefixFor(ctx, verb, prefix, "path.prefix")
	if err != nil {
		return scope, p, nil, err
	}
	t := s.templates.get(p.Number, version)
	if t == nil {
		return scope, p, nil, ErrTemplate.At("path.version", version)
	}
	return scope, p, t, nil
}

// Templates are those of a prefix, the oldest first. Errors: ErrPrefix.
func (s *Service) Templates(ctx context.Context, prefix string) ([]*Template, error) {
	_, p, err := s.prefixFor(ctx, auth.Read, prefix, "query.prefix")
	if err != nil {
		return nil, err
	}
	return s.templates.of(p.Number), nil
}

// Draft makes a template, or changes one that is still a draft. Errors: ErrPrefix, ErrTemplates, ErrPublished.
func (s *Service) Draft(ctx context.Context, prefix, version string, c TemplateContent) (*Template, error) {
	scope, p, err := s.prefixFor(ctx, auth.Configure, prefix, "path.prefix")
	if err != nil {
		return nil, err
	}
	if !versionForm.MatchString(version) {
		return nil, ErrTemplates.At("path.version", version).With("item", "version").With("reason", "is not letters, digits, points").With("mend", "Write it as 1.0.0")
	}
	c.Items = slices.Clone(c.Items)
	if err := c.complete(s.o.Industry); err != nil {
		return nil, err
	}
	return s.template(ctx, scope, &p, version, "identify.template.draft", "", func(t *Template) error {
		if t.Number != 0 && t.State != Draft {
			return ErrPublished.At("path.version", version).With("state", string(t.State))
		}
		t.State, t.Content = Draft, c
		return nil
	})
}

// Publish makes a draft one by which records are made. Errors: ErrTemplate, ErrPublished.
func (s *Service) Publish(ctx context.Context, prefix, version string) (*Template, error) {
	return s.moveTemplate(ctx, prefix, version, "identify.template.publish", "", []TemplateState{Draft, Retired}, Published)
}

// Withdraw ends the making of records by a template. Errors: ErrTemplate, ErrPublished.
func (s *Service) Withdraw(ctx context.Context, prefix, version, reason string) (*Template, error) {
	return s.moveTemplate(ctx, prefix, version, "identify.template.withdraw", reason, []TemplateState{Published}, Retired)
}

func (s *Service) moveTemplate(ctx context.Context, prefix, version, verb, reason string, from []TemplateState, to TemplateState) (*Template, error) {
	scope, p, _, err := s.TemplateOf(ctx, auth.Configure, prefix, version)
	if err != nil {
		return nil, err
	}
	return s.template(ctx, scope, &p, version, verb, reason, func(t *Template) error {
		if !slices.Contains(from, t.State) {
			return ErrPublished.At("path.version", version).With("state", string(t.State))
		}
		t.State = to
		return nil
	})
}

// Discard removes a draft, by which nothing was made. Errors: ErrTemplate, ErrPublished.
func (s *Service) Discard(ctx context.Context, prefix, version string) error {
	scope, p, _, err := s.TemplateOf(ctx, auth.Configure, prefix, version)
	if err != nil {
		return err
	}
	return s.alone(ctx, func(ctx context.Context) error {
		t := s.templates.get(p.Number, version)
		if t == nil || t.State != Draft {
			return ErrPublished.At("path.version", version).With("state", "")
		}
		err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			if _, err := tx.NewDelete().Model((*templateRow)(nil)).Where("number = ?", t.Number).Exec(ctx); err != nil {
				return wrap("remove a draft", err)
			}
			return audit.Record(ctx, tx, scope.Act(ctx, s.o.Now(), "identify.template.discard", s.object(&p, version), map[string]any{"state": t.State}, nil))
		})
		if err == nil {
			s.templates.drop(t)
		}
		return err
	})
}

func (s *Service) object(p *Prefix, version string) audit.Object {
	return audit.Object{Kind: "identify.template", ID: p.Prefix + " " + version, Name: p.Name + " " + version}
}

// template writes what next makes of a template, or of none (Number 0).
func (s *Service) template(ctx context.Context, scope auth.Scope, p *Prefix, version, verb, reason string, next func(*Template) error) (out *Template, err error) {
	err = s.alone(ctx, func(ctx context.Context) error {
		t := &Template{ID: uuid.Must(uuid.NewV7()), Prefix: p.Number, Version: version}
		old := s.templates.get(p.Number, version)
		if old != nil {
			*t = *old
		}
		was := t.State
		if err := next(t); err != nil {
			return err
		}
		t.Revision, t.By, t.At = t.Revision+1, authorOf(scope.Principal()), max(s.o.Now().UnixNano(), t.At+1)
		err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			if old == nil {
				if err := tx.NewSelect().Model((*templateRow)(nil)).ColumnExpr("COALESCE(MAX(number), 0) + 1").Scan(ctx, &t.Number); err != nil {
					return wrap("number a template", err)
				}
			}
			row, err := t.row()
			if err != nil {
				return err
			}
			if old == nil {
				_, err = tx.NewInsert().Model(row).Exec(ctx)
			} else {
				_, err = tx.NewUpdate().Model(row).WherePK().Exec(ctx)
			}
			if err != nil {
				return wrap("write a template", err)
			}
			before := any(nil)
			if old != nil {
				before = map[string]any{"state": was, "revision": old.Revision}
			}
			entry := scope.Act(ctx, s.o.Now(), verb, s.object(p, version), before, map[string]any{"state": t.State, "revision": t.Revision, "content": t.Content})
			entry.Reason = strings.TrimSpace(reason)
			return audit.Record(ctx, tx, entry)
		})
		if err == nil {
			s.templates.put(t)
			out = t
		}
		return err
	})
	return out, err
}

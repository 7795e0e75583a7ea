package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// Grants are asked at each request, so that one that has ended counts no more from the next request on. org.Service is one.
type Grants interface {
	Held(ctx context.Context, takers []uuid.UUID, person uuid.UUID, kind string, from uuid.UUID) ([]org.Grant, error)
	Looked(ctx context.Context, grant uuid.UUID, reader, name string, things int) error
}

// WithGrants returns the principal with those who know its grants. Requests get theirs from Service.Authenticate; this is for tests.
func (p Principal) WithGrants(g Grants) Principal {
	p.grants = g
	return p
}

// Shares are what grants let a caller read of other organisations' things of one kind. Its zero value reaches nothing.
type Shares struct {
	scope  Scope
	grants []org.Grant
	asker  Principal
}

// Granted asks what grants let the caller read of a kind of thing ("fact", "register") of one organisation. It returns ErrUnauthenticated, and ErrNotFound where no grant stands: as for any organisation that
// the caller does not see.
//
// The way of a room: it looks with Allow or Visible first, and asks for grants only where that finds nothing. It limits its query
// with Scope and Subjects, leaves out what Fields does not name, and counts with Looked before it answers: a read that cannot be
// counted is not answered.
func Granted(ctx context.Context, kind string, from uuid.UUID) (Shares, error) {
	p, err := Need(ctx)
	if err != nil {
		return Shares{}, err
	}
	none := ErrNotFound.With("thing", "org")
	if p.grants == nil {
		return Shares{}, none
	}
	var takers []uuid.UUID
	for o := range p.roles {
		if p.may(Read, o) {
			takers = append(takers, o)
		}
	}
	slices.SortFunc(takers, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	person := uuid.Nil
	if p.Kind == KindPerson {
		person = p.ID
	}
	list, err := p.grants.Held(ctx, takers, person, kind, from)
	if err != nil {
		return Shares{}, err
	}
	if len(list) == 0 {
		return Shares{}, none
	}
	s := Shares{scope: Scope{principal: p, verb: Read}, grants: list, asker: p}
	for _, g := range list {
		if !slices.Contains(s.scope.orgs, g.From) {
			s.scope.orgs = append(s.scope.orgs, g.From)
		}
	}
	slices.SortFunc(s.scope.orgs, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return s, nil
}

// Scope reaches the givers. It says nothing about which of their things are granted: Subjects does.
func (s Shares) Scope() Scope { return s.scope }

// Subjects are which things of the kind an organisation grants, sorted.
func (s Shares) Subjects(from uuid.UUID) (out []string) {
	for _, g := range s.grants {
		if g.From == from && !slices.Contains(out, g.Subject) {
			out = append(out, g.Subject)
		}
	}
	slices.Sort(out)
	return out
}

// Where limits a select to what is granted, by the columns of the owning organisation and of the subject.
func (s Shares) Where(q *bun.SelectQuery, owner, subject string) *bun.SelectQuery {
	return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("1 = 0")
		for _, from := range s.scope.orgs {
			q = q.WhereOr("(? = ? AND ? IN (?))", bun.Ident(owner), from.String(), bun.Ident(subject), bun.List(s.Subjects(from)))
		}
		return q
	})
}

// Fields tells which fields of a subject the grants of an organisation name together; all tells that all are granted that are not
// restricted, besides those that are named. ok is false where nothing is granted.
func (s Shares) Fields(from uuid.UUID, subject string) (fields []string, all, ok bool) {
	for _, g := range s.grants {
		if g.From != from || g.Subject != subject {
			continue
		}
		ok = true
		if g.Fields == nil {
			all = true
		}
		for _, f := range g.Fields {
			if !slices.Contains(fields, f) {
				fields = append(fields, f)
			}
		}
	}
	slices.Sort(fields)
	return fields, all, ok
}

// Looked counts for the giver that things of a subject were read, through each grant that let them. A list that shows none is
// counted, too: that there are none has been learnt.
func (s Shares) Looked(ctx context.Context, from uuid.UUID, subject string, things int) error {
	for _, g := range s.grants {
		if g.From != from || subject != "" && g.Subject != subject {
			continue
		}
		if err := s.asker.grants.Looked(ctx, g.ID, store.Word(s.asker.ID), s.asker.Name, things); err != nil {
			return fmt.Errorf("count a granted read: %w", err)
		}
	}
	return nil
}

// Give gives a grant for the scope's one organisation (Allow(ctx, Organise, org)): only a person who owns it may. Both sides find it
// in their audit. Errors: those of org.Give, org.ErrGrantTaker.
func (s *Service) Give(ctx context.Context, scope Scope, g org.Grant) (org.Grant, error) {
	g.From, g.GivenBy = scope.Org(), scope.Principal().Name
	if g.Person != uuid.Nil {
		roles, err := s.RolesIn(ctx, g.To)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return org.Grant{}, err
		}
		if !roles[g.Person].May(Read) {
			return org.Grant{}, org.ErrGrantTaker.At("body.person", g.Person)
		}
	}
	var out org.Grant
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		if out, err = s.orgs.Give(ctx, g); err != nil {
			return err
		}
		return s.noteGrant(ctx, tx, out, "auth.grant.give", nil)
	})
	return out, err
}

func (s *Service) noteGrant(ctx context.Context, tx bun.Tx, g org.Grant, verb string, after map[string]any) error {
	if after == nil {
		after = map[string]any{"from": g.From, "to": g.To, "purpose": g.Purpose, "kind": g.Kind, "subject": g.Subject, "fields": g.Fields, "since": at(g.Span.From), "until": at(g.Span.To)}
	}
	object := audit.Object{Kind: "grant", ID: g.ID.String(), Name: g.Kind + " " + g.Subject}
	for _, side := range []uuid.UUID{g.From, g.To} {
		if err := s.note(ctx, tx, side, verb, object, nil, after); err != nil {
			return err
		}
	}
	return nil
}

// sides are the organisations in which the caller may read.
func sides(ctx context.Context) ([]uuid.UUID, error) {
	scope, err := Visible(ctx, Read)
	return scope.Orgs(), err
}

// Grant finds a grant that an organisation of the caller's has given or received. Error: ErrNotFound.
func (s *Service) Grant(ctx context.Context, id uuid.UUID) (org.Grant, error) {
	mine, err := sides(ctx)
	if err != nil {
		return org.Grant{}, err
	}
	g, err := s.orgs.Grant(ctx, id, mine)
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNotFound.With("thing", "grant")
	}
	return g, err
}

// ofGiver asks for a verb in the organisation that has given a grant; the other side sees the grant, and may not.
func (s *Service) ofGiver(ctx context.Context, id uuid.UUID, verb Verb) (org.Grant, error) {
	g, err := s.Grant(ctx, id)
	if err != nil {
		return g, err
	}
	if _, err = Allow(ctx, verb, g.From); errors.Is(err, ErrNotFound) {
		err = ErrForbidden.With("verb", string(verb))
	}
	return g, err
}

// EndGrant ends a grant at once. Only an owner of the giver may. Errors: ErrNotFound, ErrForbidden, those of org.EndGrant.
func (s *Service) EndGrant(ctx context.Context, id uuid.UUID, reason string) (org.Grant, error) {
	if _, err := s.ofGiver(ctx, id, Organise); err != nil {
		return org.Grant{}, err
	}
	p, err := Need(ctx)
	if err != nil {
		return org.Grant{}, err
	}
	var out org.Grant
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		if out, err = s.orgs.EndGrant(ctx, id, p.Name, reason); err != nil {
			return err
		}
		return s.noteGrant(ctx, tx, out, "auth.grant.end", map[string]any{"reason": out.Reason})
	})
	return out, err
}

// GrantReads lists who looked through a grant; for the giver's people alone. Errors: ErrNotFound, ErrForbidden.
func (s *Service) GrantReads(ctx context.Context, id uuid.UUID, page store.Page) ([]org.GrantReads, string, error) {
	if _, err := s.ofGiver(ctx, id, Read); err != nil {
		return nil, "", err
	}
	return s.orgs.GrantReads(ctx, id, page)
}

// ListGrants lists what the caller's organisations, or the one that is named, have given or received.
func (s *Service) ListGrants(ctx context.Context, id uuid.UUID, given, received, standing bool, page store.Page) ([]org.Grant, string, error) {
	scope, err := AllowOrVisible(ctx, Read, id)
	if err != nil {
		return nil, "", err
	}
	f := org.GrantFilter{Standing: standing}
	if given {
		f.From = scope.Orgs()
	}
	if received {
		f.To = scope.Orgs()
	}
	return s.orgs.Grants(ctx, f, page)
}

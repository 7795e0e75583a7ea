package auth

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

// Person is somebody who can sign in.
type Person struct {
	ID          uuid.UUID
	Login       string
	Name        string
	Disabled    bool
	PasswordSet bool
	Created     time.Time
	Seen        time.Time          // last request; zero for never
	Roles       map[uuid.UUID]Role // own roles, as far as the asker may see them; only in lists
}

// MaxPersonName is the longest name of a person or token in characters.
const MaxPersonName = 100

var loginForm = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9._@+-]{0,62}[a-z0-9])?$`)

func normalLogin(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func checkLogin(login string) error {
	if !loginForm.MatchString(login) {
		return ErrLogin.At("body.login", login)
	}
	return nil
}

func checkName(name string) (string, error) {
	name = strings.TrimSpace(name)
	bad := !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f })
	if n := utf8.RuneCountInString(name); n == 0 || n > MaxPersonName || bad {
		return "", ErrName.At("body.name", name).With("max", MaxPersonName)
	}
	return name, nil
}

func checkRole(r Role, allowed ...Role) error {
	if !slices.Contains(allowed, r) {
		return ErrRole.At("body.role", string(r)).With("roles", fmt.Sprint(allowed))
	}
	return nil
}

// ladder are the roles that a person can have.
var ladder = []Role{Owner, Engineer, Operator, Viewer}

var peopleOrder = store.Keyset{Columns: []string{"p.id"}}

// ListPeople returns the people with a role of their own in an organisation of the scope, in the order in which they
// were added. Of their roles it tells those inside the scope. Error: store.ErrCursor.
func (s *Service) ListPeople(ctx context.Context, scope Scope, page store.Page) ([]Person, string, error) {
	var rows []personRow
	now := s.now().UnixNano()
	inside := scope.Where(s.db.NewSelect().Model((*roleRow)(nil)).Column("r.person").Where("r.since <= ? AND r.until > ?", now, now), "r.org")
	q, err := peopleOrder.Apply(s.db.NewSelect().Model(&rows).Where("p.id IN (?)", inside), page)
	if err != nil {
		return nil, "", err
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list people: %w", store.Err(err))
	}
	rows, next := store.Cut(peopleOrder, rows, page, func(r *personRow) []any { return []any{r.ID.String()} })
	if len(rows) == 0 {
		return nil, next, nil
	}
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	var roles []roleRow
	q = scope.Where(s.db.NewSelect().Model(&roles), "r.org").Where("r.person IN (?) AND r.since <= ? AND r.until > ?", bun.List(store.Words(ids)), now, now)
	if err := q.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list roles: %w", store.Err(err))
	}
	people := make([]Person, len(rows))
	for i, r := range rows {
		people[i] = r.person()
		people[i].Roles = map[uuid.UUID]Role{}
		for _, role := range roles {
			if role.Person == r.ID {
				people[i].Roles[role.Org] = role.Role
			}
		}
	}
	return people, next, nil
}

// CreatePerson adds somebody with a role in the scope's one organisation (Allow(ctx, People, org)) and returns an
// invitation: a one-time link with which they sign in and set a password. Errors: ErrLogin, ErrLoginTaken, ErrName,
// ErrRole.
func (s *Service) CreatePerson(ctx context.Context, scope Scope, login, name string, role Role) (Person, Link, error) {
	login = normalLogin(login)
	if err := checkLogin(login); err != nil {
		return Person{}, Link{}, err
	}
	name, err := checkName(name)
	if err != nil {
		return Person{}, Link{}, err
	}
	if err := checkRole(role, ladder...); err != nil {
		return Person{}, Link{}, err
	}
	var person Person
	var link Link
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := s.addPerson(ctx, tx, login, name, scope.Org(), role)
		if err != nil {
			return err
		}
		person = row.person()
		person.Roles = map[uuid.UUID]Role{scope.Org(): role}
		link, err = s.makeLink(ctx, tx, row.ID, LinkLife)
		return err
	})
	if err != nil {
		return Person{}, Link{}, fmt.Errorf("add a person: %w", err)
	}
	return person, link, nil
}

func (s *Service) addPerson(ctx context.Context, tx bun.Tx, login, name string, o uuid.UUID, role Role) (personRow, error) {
	row := personRow{ID: uuid.Must(uuid.NewV7()), Login: login, Name: name, Created: s.now().UnixNano()}
	taken, err := tx.NewSelect().Model((*personRow)(nil)).Where("login = ?", login).Exists(ctx)
	if err != nil {
		return row, err
	}
	if taken {
		return row, ErrLoginTaken.At("body.login", login)
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		if err = store.Err(err); errors.Is(err, store.ErrConflict) {
			return row, ErrLoginTaken.At("body.login", login).Because(err)
		}
		return row, err
	}
	if _, err := tx.NewInsert().Model(lasting(row.ID, o, role, row.Created)).Exec(ctx); err != nil {
		return row, err
	}
	return row, s.note(ctx, tx, o, "auth.person.add", row.object(), nil, map[string]any{"login": login, "name": name, "role": role})
}

// managed loads a person whom the caller may see as one who manages people. whole asks for more: that the caller
// manages people in every organisation in which the person has a role, because what follows (a sign-in link, disabling)
// reaches all of them. Errors: ErrNotFound, ErrForbidden, ErrShared.
func (s *Service) managed(ctx context.Context, tx bun.Tx, id uuid.UUID, whole bool) (personRow, map[uuid.UUID]Role, error) {
	readable, err := Visible(ctx, Read)
	if err != nil {
		return personRow{}, nil, err
	}
	manage, err := Visible(ctx, People)
	if err != nil {
		return personRow{}, nil, err
	}
	row, err := personByID(ctx, tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return row, nil, ErrNotFound.With("thing", "person")
	}
	if err != nil {
		return row, nil, err
	}
	own, err := ownRoles(ctx, tx, id, s.now())
	if err != nil {
		return row, nil, err
	}
	seen, mine, all := false, false, true
	for o := range own {
		seen = seen || readable.Includes(o)
		mine = mine || manage.Includes(o)
		all = all && manage.Includes(o)
	}
	switch {
	case !seen && !manage.All():
		return row, nil, ErrNotFound.With("thing", "person")
	case !mine && !manage.All():
		return row, nil, ErrForbidden.With("verb", string(People))
	case whole && !all && !manage.All():
		return row, nil, ErrShared.With("login", row.Login)
	}
	return row, own, nil
}

// UpdatePerson changes a name or disables and enables somebody. Disabling ends their sessions and links. A person may
// change their own name. Errors: ErrNotFound, ErrForbidden, ErrShared, ErrName, ErrLastOwner.
func (s *Service) UpdatePerson(ctx context.Context, id uuid.UUID, name *string, disabled *bool) (Person, error) {
	p, err := Need(ctx)
	if err != nil {
		return Person{}, err
	}
	if name != nil {
		n, err := checkName(*name)
		if err != nil {
			return Person{}, err
		}
		name = &n
	}
	var out Person
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var row personRow
		var own map[uuid.UUID]Role
		var err error
		if p.Kind == KindPerson && p.ID == id && disabled == nil {
			row, err = personByID(ctx, tx, id)
		} else {
			row, own, err = s.managed(ctx, tx, id, true)
		}
		if err != nil {
			return err
		}
		before := map[string]any{"name": row.Name, "disabled": row.Disabled}
		if name != nil {
			row.Name = *name
		}
		if disabled != nil {
			if *disabled && !row.Disabled {
				for o, role := range own {
					if role == Owner {
						if err := s.keepOwner(ctx, tx, o, id); err != nil {
							return err
						}
					}
				}
				if err := s.endSessions(ctx, tx, id); err != nil {
					return err
				}
			}
			row.Disabled = *disabled
		}
		if _, err := tx.NewUpdate().Model(&row).Column("name", "disabled").WherePK().Exec(ctx); err != nil {
			return err
		}
		out = row.person()
		return s.notePerson(ctx, tx, p, row, "auth.person.change", before, map[string]any{"name": row.Name, "disabled": row.Disabled})
	})
	if err != nil {
		return Person{}, fmt.Errorf("change a person: %w", err)
	}
	return out, nil
}

func (s *Service) endSessions(ctx context.Context, tx bun.Tx, person uuid.UUID) error {
	if _, err := tx.NewDelete().Model((*sessionRow)(nil)).Where("person = ?", person).Exec(ctx); err != nil {
		return store.Err(err)
	}
	return endLinks(ctx, tx, person, s.now())
}

// MakeLink makes a one-time sign-in link for somebody who is new or has lost their password; links made before end.
// Whoever holds it becomes that person, so the caller must manage all the person's organisations.
// Errors: ErrNotFound, ErrForbidden, ErrShared, ErrDisabled.
func (s *Service) MakeLink(ctx context.Context, id uuid.UUID) (Link, error) {
	p, err := Need(ctx)
	if err != nil {
		return Link{}, err
	}
	var link Link
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, _, err := s.managed(ctx, tx, id, true)
		if err != nil {
			return err
		}
		if row.Disabled {
			return ErrDisabled.With("login", row.Login)
		}
		if link, err = s.makeLink(ctx, tx, id, LinkLife); err != nil {
			return err
		}
		return s.notePerson(ctx, tx, p, row, "auth.link.make", nil, map[string]any{"expires": link.Expires})
	})
	if err != nil {
		return Link{}, fmt.Errorf("make a sign-in link: %w", err)
	}
	return link, nil
}

// PersonByLogin finds somebody for the command line, where whoever holds the node's files acts as the node.
// Error: ErrNotFound.
func (s *Service) PersonByLogin(ctx context.Context, login string) (Person, error) {
	if p, err := Need(ctx); err != nil || p.Kind != KindSystem {
		return Person{}, errors.Join(err, ErrForbidden.With("verb", string(Node)))
	}
	var row personRow
	err := store.Err(s.db.NewSelect().Model(&row).Where("login = ?", normalLogin(login)).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return Person{}, ErrNotFound.With("thing", "person")
	}
	if err != nil {
		return Person{}, fmt.Errorf("look up the login: %w", err)
	}
	return row.person(), nil
}

// AsSystem is the context of the node's own work: the command line beside the node's files, and the start.
func AsSystem(ctx context.Context, via string) context.Context {
	return With(ctx, Principal{Kind: KindSystem, Name: "node", Via: via})
}

// Acting is the principal of somebody for whom the node itself acts, such as a person of the demo, with the roles that they have now. It
// is the node's own question and never the answer to a caller. Errors: ErrNotFound, ErrForbidden.
func (s *Service) Acting(ctx context.Context, login, via string) (Principal, error) {
	person, err := s.PersonByLogin(ctx, login)
	if err != nil {
		return Principal{}, err
	}
	if person.Disabled {
		return Principal{}, ErrNotFound.With("thing", "person")
	}
	own, err := ownRoles(ctx, s.db, person.ID, s.now())
	if err != nil {
		return Principal{}, err
	}
	return s.principal(ctx, KindPerson, person.ID, person.Login, via, own)
}

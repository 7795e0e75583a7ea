package party

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Filter narrows a list; zero fields do not.
type Filter struct {
	Org   uuid.UUID // applications to act for this organisation, for its owners; without it all, for the node's organisation
	State State
	Kind  Kind
	Words string
}

var like = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Reviews lists what was handed in, the latest first.
func (s *Service) Reviews(ctx context.Context, f Filter, page store.Page) ([]Application, string, error) {
	var rows []applicationRow
	q := s.o.DB.NewSelect().Model(&rows).Where("a.submitted > 0")
	home, err := s.home(ctx)
	if err != nil {
		return nil, "", err
	}
	if f.Org == uuid.Nil || f.Org == home {
		scope, err := s.officer(ctx)
		if err != nil {
			return nil, "", err
		}
		q = scope.Where(q, "a.home")
	} else {
		scope, err := auth.Allow(ctx, auth.People, f.Org)
		if err != nil {
			return nil, "", err
		}
		q = scope.Where(q.Where("a.kind = ?", Act), "a.target")
	}
	if f.State != "" {
		q = q.Where("a.state = ?", f.State)
	}
	if f.Kind != "" {
		q = q.Where("a.kind = ?", f.Kind)
	}
	if f.Words != "" {
		q = q.Where(`a.words LIKE ? ESCAPE '\'`, "%"+like.Replace(strings.ToLower(strings.TrimSpace(f.Words)))+"%")
	}
	return listed(ctx, q, &rows, page)
}

// Deciding is a decision. Until shortens the mandate; "" leaves what was asked for.
type Deciding struct {
	Basis    int64 // the revision that was seen
	Decision Decision
	Reason   string
	Until    string
}

// Decide decides an application that was handed in. Approval makes, in one transaction, the organisation, its entry in the register of
// enterprises and the applicant's mandate; of an application to act for one that is here, the mandate alone. Of two who decide at the
// same time the second is refused and told what the first decided.
// Errors: ErrChanged, ErrState, ErrReason, ErrUntil, ErrJoined, ErrOwn, auth.ErrRoleStands.
func (s *Service) Decide(ctx context.Context, id uuid.UUID, d Deciding) (a Application, err error) {
	reason, err := checkReason(d.Reason)
	if err != nil {
		return a, err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var scope auth.Scope
		if a, scope, err = s.find(ctx, tx, id); err != nil {
			return err
		}
		p, err := auth.Need(ctx)
		switch {
		case err != nil:
			return err
		case p.Kind != auth.KindPerson:
			return ErrPerson
		case p.ID == a.Person: // nobody lets themselves in
			return ErrOwn
		case a.State != Submitted:
			return ErrChanged.With("by", a.By.Name).With("state", string(a.State))
		case a.Revision != d.Basis:
			return ErrChanged.At("body.basis", d.Basis).With("by", a.By.Name).With("state", string(a.State))
		}
		now := s.o.Now().UnixNano()
		a.State, a.Revision, a.At, a.By, a.Reason = leadsTo[d.Decision], a.Revision+1, now, auth.ActorOf(p), reason
		// The row is taken first: of two who decide at once the second waits here, and then sees what the first decided.
		if _, err := tx.NewUpdate().Model((*applicationRow)(nil)).Set("at = ?", now).Where("a.id = ?", id).Exec(ctx); err != nil {
			return err
		}
		if d.Decision == Approve {
			if err := s.admit(ctx, tx, &a, scope, d); err != nil {
				return err
			}
		}
		if err := s.move(ctx, tx, &a, Submitted); err != nil {
			return err
		}
		e := scope.Act(ctx, s.o.Now(), "party.application."+string(d.Decision), a.object(), map[string]any{"state": Submitted}, map[string]any{"state": a.State, "org": store.Word(a.Target)})
		e.Reason = reason
		return audit.Record(ctx, tx, e)
	})
	return a, err
}

// admit does what an approval brings.
func (s *Service) admit(ctx context.Context, tx bun.Tx, a *Application, scope auth.Scope, d Deciding) error {
	day := a.word("until")
	if d.Until != "" && d.Until < day {
		day = d.Until
	}
	to, wrong := endOf("body.until", day, s.o.Now())
	if wrong != nil {
		return wrong
	}
	if a.Kind == Join {
		o, err := s.o.Orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Text{Zh: a.word("name"), En: a.word("nameEn")}, CreditCode: a.word("creditCode")}, uuid.Nil)
		if errors.Is(err, org.ErrCodeTaken) {
			return ErrJoined.At("body.content.creditCode", a.word("creditCode")).Because(err)
		}
		if err != nil {
			return err
		}
		a.Target = o.ID
		e := scope.Act(ctx, s.o.Now(), "org.org.add", audit.Object{Kind: "org", ID: o.ID.String(), Name: o.Name.In("en")}, nil, map[string]any{"kind": o.Kind, "name": o.Name, "creditCode": o.CreditCode, "application": a.ID})
		e.Org, e.Reason = o.ID, a.Reason
		if err := audit.Record(ctx, tx, e); err != nil {
			return err
		}
		if err := s.o.Enterprises.Enter(ctx, a.Home, Enterprise{Org: o.ID, Record: a.Record, Reason: a.Reason}); err != nil {
			return err
		}
	}
	span := org.Span{From: s.o.Now().UnixNano(), To: to}
	if err := s.o.Auth.Mandate(ctx, tx, auth.System(a.Target), auth.Mandate{Person: a.Person, Role: a.Role, Span: span}); err != nil {
		return err
	}
	m := Mandate{ID: uuid.Must(uuid.NewV7()), Org: a.Target, Person: a.Person, Login: a.Login, Name: a.Name, Role: a.Role, Span: span, Application: a.ID, Letter: *a.Letter, Revision: 1,
		By: a.By, Reason: a.Reason, At: a.At}
	_, err := tx.NewInsert().Model(mandateRowOf(&m)).Exec(ctx)
	return wrap("write a mandate", err)
}

package flow

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Naming names parties for a role of a case.
type Naming struct {
	Role    string
	Basis   int64
	Parties []Party // all of them; none: whoever the role is for
	Reason  string
}

// maxParties bounds those that are named for a role.
const maxParties = 100

// Name names organisations or people for a role, in place of those that were named before. The owner's people who may configure do.
// Errors: store.ErrNotFound, auth.ErrForbidden, ErrChanged, ErrEnded, ErrNamed.
func (s *Service) Name(ctx context.Context, id uuid.UUID, in Naming) (Case, error) {
	if err := s.settle(ctx, id); err != nil && !errors.Is(err, store.ErrNotFound) {
		return Case{}, err
	}
	var x *attempt
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var err error
		if x, err = s.attempt(ctx, tx, id, in.Basis, uuid.Nil); err != nil {
			return err
		}
		f, c := x.f, x.c
		if !x.st.may(auth.Configure, c.Org) {
			if !x.st.reads {
				return x.missing()
			}
			return auth.ErrForbidden.With("verb", string(auth.Configure))
		}
		role := f.role(in.Role)
		if role == nil || role.Of == Anyone || len(in.Parties) > maxParties {
			return ErrNamed.At("body.role", in.Role).With("roles", f.roleIDs())
		}
		if state := f.state(c.State); state.Final {
			return x.since(ctx, tx, ErrEnded.At("body.role", in.Role).With("state", state.Name))
		}
		if in.Reason != "" {
			if wrong := checkReason(in.Reason); wrong != nil {
				return wrong
			}
		}
		before := c.named(in.Role)
		parties := slices.DeleteFunc(slices.Clone(c.Parties), func(p Party) bool { return p.Role == in.Role })
		var fresh []Party
		for i, p := range in.Parties {
			p.Role = in.Role
			if p.Org == uuid.Nil || slices.Contains(parties, p) {
				return ErrNamed.At(fmt.Sprintf("body.parties[%d]", i), p.Org).With("roles", f.roleIDs())
			}
			parties = append(parties, p)
			if !slices.Contains(before, p) {
				fresh = append(fresh, p)
			}
		}
		basis := c.Revision
		c.Parties, c.Revision, c.At = fresh, basis+1, x.at
		about := f.about(c)
		words := text.Text{Zh: about.Zh + "：您被指定为" + role.Name.Zh + "。", En: about.En + ": you were named as " + role.Name.En + "."}
		var notices []Notice
		if len(fresh) > 0 {
			notices = f.notices(c, NoticeNamed, in.Role, "", fmt.Sprint(c.Revision), x.at, words)
		}
		c.Parties = parties
		step := Step{Case: c.ID, Revision: c.Revision, From: c.State, To: c.State, Org: c.Org, By: auth.ActorOf(x.st.principal), Reason: in.Reason, Content: field.Record{}, Named: c.named(in.Role), Confidential: true, At: x.at}
		return s.commit(ctx, tx, f, c, &step, basis, notices, x.st.principal)
	})
	if err != nil {
		return Case{}, err
	}
	s.rouse()
	return x.st.shown(), nil
}

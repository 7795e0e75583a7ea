package flow

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
)

// stand is what somebody is to a case.
type stand struct {
	f         *Flow
	c         *Case
	principal auth.Principal
	owner     bool // of the owner's people who may act: sees everything
	reads     bool // of the owner's, the subject's or a named organisation
	outside   bool // only as somebody who objected
	may       func(verb auth.Verb, org uuid.UUID) bool
}

// standing looks up what the caller is to a case. Error: auth.ErrUnauthenticated.
func standing(ctx context.Context, f *Flow, c *Case) (*stand, error) {
	p, err := auth.Need(ctx)
	if err != nil {
		return nil, err
	}
	st := &stand{f: f, c: c, principal: p, may: func(verb auth.Verb, org uuid.UUID) bool {
		if org == uuid.Nil {
			return false
		}
		_, err := auth.Allow(ctx, verb, org)
		return err == nil
	}}
	st.owner = st.may(auth.Operate, c.Org)
	st.reads = st.may(auth.Read, c.Org) || st.may(auth.Read, c.Subject)
	if st.reads {
		return st, nil
	}
	for _, party := range c.Parties {
		if st.is(party) && st.may(auth.Read, party.Org) {
			st.reads = true
			r := f.role(party.Role)
			st.outside = r != nil && r.Of == Anyone
			if !st.outside {
				break
			}
		}
	}
	return st, nil
}

// is tells whether a party includes the caller.
func (st *stand) is(p Party) bool { return p.Person == uuid.Nil || p.Person == st.principal.ID }

// plays tells whether the caller plays a role, and for which organisation. acting is the one that somebody from outside names.
func (st *stand) plays(role string, acting uuid.UUID) (uuid.UUID, bool) {
	r := st.f.role(role)
	if r.Of == Anyone {
		public := st.f.state(st.c.State).Public
		return acting, public && st.may(r.verb(), acting)
	}
	if named := st.c.named(role); len(named) > 0 {
		for _, p := range named {
			if st.is(p) && st.may(r.verb(), p.Org) {
				return p.Org, true
			}
		}
		return uuid.Nil, false
	}
	switch r.Of {
	case Owner:
		return st.c.Org, st.may(r.verb(), st.c.Org)
	case Subject:
		return st.c.Subject, st.may(r.verb(), st.c.Subject)
	}
	return uuid.Nil, false
}

// role is the first of several that the caller plays.
func (st *stand) role(roles []string, acting uuid.UUID) (role string, org uuid.UUID, ok bool) {
	for _, id := range roles {
		if org, ok := st.plays(id, acting); ok {
			return id, org, true
		}
	}
	return "", uuid.Nil, false
}

// sees tells whether the caller may see a field: restricted ones are for the owner's people who may act, and for those whose role
// fills them in.
func (st *stand) sees(key string) bool {
	class := st.f.classOf(key)
	if st.f.Fields.Field(key) == nil {
		class = field.Restricted
	}
	switch {
	case st.owner, class == field.Public:
		return true
	case !st.reads:
		return false
	case class == field.Internal && !st.outside:
		return true
	}
	return slices.ContainsFunc(slices.Concat(st.f.Transitions, []Transition{st.f.Start}), func(t Transition) bool {
		if !slices.Contains(t.asks(), key) {
			return false
		}
		return slices.ContainsFunc(t.Roles, func(id string) bool {
			r := st.f.role(id)
			if r.Of == Anyone {
				return slices.ContainsFunc(st.c.named(id), func(p Party) bool { return st.is(p) && st.may(auth.Read, p.Org) })
			}
			_, ok := st.plays(id, uuid.Nil)
			return ok
		})
	})
}

// shown leaves out of a case what the caller may not see.
func (st *stand) shown() Case {
	c := *st.c
	c.Record = visible(c.Record, st.sees)
	if !st.owner {
		c.Parties = slices.DeleteFunc(slices.Clone(c.Parties), func(p Party) bool { return !st.is(p) || !st.may(auth.Read, p.Org) })
		if st.outside || !st.reads {
			c.Documents = nil
		}
	}
	return c
}

// step leaves out of a step what the caller may not see.
func (st *stand) step(x Step) Step {
	x.Content = visible(x.Content, st.sees)
	if st.owner || x.By.ID != "" && x.By.ID == st.principal.ID.String() {
		return x
	}
	x.Named = nil
	if t := st.f.transition(x.Transition); x.Confidential || t == nil || st.outside {
		x.By.ID, x.By.Name, x.Reason, x.Org, x.Role = "", "", "", uuid.Nil, ""
		x.Documents = nil
	}
	return x
}

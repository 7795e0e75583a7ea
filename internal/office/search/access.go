package search

import (
	"context"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
)

// hidden is the level of a document that the caller does not see; others are ranks of field.Classes.
const hidden = -1

func rankOf(c field.Class) int8 {
	switch c {
	case field.Public:
		return 0
	case field.Restricted:
		return 2
	}
	return 1
}

// levelClass is the class of a level.
func levelClass(level int8) field.Class { return field.Classes[level] }

// caller is who asks: nobody, for what is public.
type caller struct {
	person                   uuid.UUID
	read, operate, configure auth.Scope
	signed                   bool
	now                      int64
}

// callerOf looks up what somebody who is signed in may do. Error: auth.ErrUnauthenticated.
func callerOf(ctx context.Context, now int64) (c caller, err error) {
	p, err := auth.Need(ctx)
	if err != nil {
		return c, err
	}
	c = caller{person: p.ID, signed: true, now: now}
	for verb, scope := range map[auth.Verb]*auth.Scope{auth.Read: &c.read, auth.Operate: &c.operate, auth.Configure: &c.configure} {
		if *scope, err = auth.Visible(ctx, verb); err != nil {
			return c, err
		}
	}
	return c, nil
}

// level is up to which class the caller sees what has these sights; hidden where it does not.
func (c *caller) level(sights []Sight) int8 {
	best := int8(hidden)
	if !c.signed {
		return best
	}
	for i := range sights {
		s := &sights[i]
		if s.Person != uuid.Nil && s.Person != c.person {
			continue
		}
		var scope *auth.Scope
		switch s.Verb {
		case auth.Read:
			scope = &c.read
		case auth.Operate:
			scope = &c.operate
		case auth.Configure:
			scope = &c.configure
		default:
			continue
		}
		if level := rankOf(s.UpTo); level > best && scope.Includes(s.Org) {
			best = level
		}
	}
	return best
}

// sees is the level of one document.
func (c *caller) sees(level int8, d *Document) int8 {
	if level == hidden && d.Public && d.Since <= c.now && c.now < d.Until {
		return 0
	}
	return level
}

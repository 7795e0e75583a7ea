package auth

import (
	"context"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/audit"
)

// Act is the audit entry of what the scope's principal does now to a thing of the scope's organisation.
func (s Scope) Act(ctx context.Context, now time.Time, verb string, object audit.Object, before, after any) audit.Entry {
	return act(ctx, s.principal, s.Org(), now, verb, object, before, after)
}

func act(ctx context.Context, p Principal, org uuid.UUID, now time.Time, verb string, object audit.Object, before, after any) audit.Entry {
	origin := OriginFrom(ctx)
	return audit.Entry{
		Time: now.UTC(), Org: org, Actor: ActorOf(p), Via: p.Via, Verb: verb, Object: object,
		Before: audit.State(before), After: audit.State(after), Remote: origin.Remote, Trace: origin.Trace,
	}
}

// ActorOf is how audit entries name a principal.
func ActorOf(p Principal) audit.Actor {
	a := audit.Actor{Kind: string(p.Kind), Name: p.Name}
	if p.ID != uuid.Nil {
		a.ID = p.ID.String()
	}
	return a
}

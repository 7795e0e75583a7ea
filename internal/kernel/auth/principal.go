package auth

import (
	"context"
	"maps"

	"github.com/google/uuid"
)

// Kind is the kind of a principal.
type Kind string

// Kinds of principals.
const (
	KindPerson  Kind = "person"  // signed in by password or link
	KindToken   Kind = "token"   // an API token
	KindGateway Kind = "gateway" // a gateway with a certificate of this node's authority
	KindSystem  Kind = "system"  // the node itself
)

// Principal is who acts. It is a value: what it may do was looked up when the request came in, so a changed role
// counts from the next request on, and long-lived streams look again (Service.Renew).
type Principal struct {
	Kind Kind
	ID   uuid.UUID // of the person, token, gateway; zero for the node
	Name string    // login, token name, gateway name; for logs and audit
	Via  string    // how: "session", "link", "token", "certificate", "node"

	roles   map[uuid.UUID]Role // effective roles: own ones and those inherited by ownership
	home    uuid.UUID          // the organisation that runs the node
	session uuid.UUID          // of a person
	until   int64              // when the first of the roles ends; 0 or store.Forever where none does
	grants  Grants             // asks what others let this caller read; nil: nothing
	seal    [32]byte           // derived from the credential, which is not kept; see Seal
}

// NewPrincipal makes a principal with effective roles. Requests get theirs from Service.Authenticate; this is for
// the node's own work on behalf of a gateway, and for tests.
func NewPrincipal(kind Kind, id uuid.UUID, name, via string, roles map[uuid.UUID]Role) Principal {
	return Principal{Kind: kind, ID: id, Name: name, Via: via, roles: maps.Clone(roles)}
}

// AtHome returns the principal with the organisation that runs the node, in which the node's verbs count.
func (p Principal) AtHome(home uuid.UUID) Principal {
	p.home = home
	return p
}

// Roles are the effective roles by organisation.
func (p Principal) Roles() map[uuid.UUID]Role { return maps.Clone(p.roles) }

// Session is the session of a person, or zero.
func (p Principal) Session() uuid.UUID { return p.session }

// Seal is a key derived from the caller's credential. The node cannot make it again without the caller: what is
// encrypted with it at rest is readable to nobody else.
func (p Principal) Seal() [32]byte { return p.seal }

// may tells whether the principal has the verb in an organisation.
func (p Principal) may(verb Verb, org uuid.UUID) bool {
	if p.Kind == KindSystem {
		return true
	}
	if p.Kind != KindPerson && has(personal, verb) {
		return false
	}
	if has(ofNode, verb) && (org != p.home || org == uuid.Nil) {
		return false
	}
	return p.roles[org].May(verb)
}

func has(list []Verb, v Verb) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

type contextKey struct{}

// With puts the principal into a context.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// FromContext returns who acts; false when nobody is known.
func FromContext(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(contextKey{}).(Principal)
	return p, ok
}

// Need returns who acts, or ErrUnauthenticated.
func Need(ctx context.Context) (Principal, error) {
	p, ok := FromContext(ctx)
	if !ok {
		return Principal{}, ErrUnauthenticated
	}
	return p, nil
}

// Package authtest makes callers for the tests of other rooms.
package authtest

import (
	"context"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
)

// As is a context in which somebody with this role in this organisation, and in no other, is signed in.
func As(ctx context.Context, org uuid.UUID, role auth.Role) context.Context {
	return auth.With(ctx, Person("test", map[uuid.UUID]auth.Role{org: role}))
}

// Person is somebody with these roles. The id is the same for the same name.
func Person(name string, roles map[uuid.UUID]auth.Role) auth.Principal {
	return auth.NewPrincipal(auth.KindPerson, uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)), name, "test", roles)
}

// Callers is an api.Authenticator that knows callers by the bearer token they send.
type Callers map[string]auth.Principal

// Authenticate finds the caller.
func (c Callers) Authenticate(r *http.Request) (auth.Principal, bool, error) {
	const bearer = "Bearer "
	h := r.Header.Get("Authorization")
	if len(h) < len(bearer) {
		return auth.Principal{}, false, nil
	}
	p, ok := c[h[len(bearer):]]
	return p, ok, nil
}

// Renew finds the caller again by name; one that has been taken out of the map has ended.
func (c Callers) Renew(_ context.Context, p auth.Principal) (auth.Principal, bool, error) {
	for _, now := range c {
		if now.ID == p.ID {
			return now, true, nil
		}
	}
	return auth.Principal{}, false, nil
}

// Sides is an api.Authenticator for tests between organisations, which it names: whoever sends "role@name", such as
// "engineer@a", has that role in that organisation and in no other.
type Sides map[string]uuid.UUID

// Person is who sends "role@name".
func (s Sides) Person(role auth.Role, at string) auth.Principal {
	return Person(string(role)+"@"+at, map[uuid.UUID]auth.Role{s[at]: role})
}

// As is a context in which that person is signed in.
func (s Sides) As(role auth.Role, at string) context.Context {
	return auth.With(context.Background(), s.Person(role, at))
}

// Authenticate finds the caller.
func (s Sides) Authenticate(r *http.Request) (auth.Principal, bool, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	role, at, _ := strings.Cut(token, "@")
	if _, known := s[at]; !ok || !known {
		return auth.Principal{}, false, nil
	}
	return s.Person(auth.Role(role), at), true, nil
}

// Renew keeps the caller.
func (Sides) Renew(_ context.Context, p auth.Principal) (auth.Principal, bool, error) {
	return p, true, nil
}

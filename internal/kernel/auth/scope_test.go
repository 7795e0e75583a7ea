package auth

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
)

// The whole matrix: every role and kind of caller, every verb, in their own, another's and the home organisation.
func TestRoleTimesVerbTimesOrganisation(t *testing.T) {
	own, other, home := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	all := []Verb{Read, Operate, Configure, Audit, People, Tokens, Organise, Metrics, Node}
	// The expectation is written out, not computed: v viewer, o operator, e engineer, w owner, m monitor.
	may := map[Verb]string{
		Read: "voew", Operate: "oew", Configure: "ew", Audit: "ew", People: "w", Tokens: "w", Organise: "w", Metrics: "ewm", Node: "w",
	}
	letter := map[Role]byte{Viewer: 'v', Operator: 'o', Engineer: 'e', Owner: 'w', Monitor: 'm'}
	has := func(verb Verb, role Role) bool {
		for i := range may[verb] {
			if may[verb][i] == letter[role] {
				return true
			}
		}
		return false
	}
	for _, kind := range []Kind{KindPerson, KindToken} {
		for _, role := range Roles {
			p := NewPrincipal(kind, uuid.Must(uuid.NewV7()), "x", "test", map[uuid.UUID]Role{own: role, home: role}).AtHome(home)
			ctx := With(context.Background(), p)
			for _, verb := range all {
				personOnly := verb == People || verb == Tokens || verb == Organise || verb == Node
				allowed := has(verb, role) && (kind == KindPerson || !personOnly)
				ofNode := verb == Metrics || verb == Node

				_, err := Allow(ctx, verb, own)
				if want := allowed && !ofNode; (err == nil) != want || !want && !errors.Is(err, ErrForbidden) {
					t.Errorf("%s %s %s in its own: %v, want allowed=%v or forbidden", kind, role, verb, err, want)
				}
				if _, err = Allow(ctx, verb, home); (err == nil) != allowed {
					t.Errorf("%s %s %s at home: %v, want allowed=%v", kind, role, verb, err, allowed)
				}
				if _, err = AllowNode(ctx, verb); (err == nil) != allowed {
					t.Errorf("%s %s %s of the node: %v, want allowed=%v", kind, role, verb, err, allowed)
				}
				if _, err = Allow(ctx, verb, other); !errors.Is(err, ErrNotFound) {
					t.Errorf("%s %s %s in another's: %v, want not found", kind, role, verb, err)
				}
				if _, err = Allow(ctx, verb, uuid.Nil); !errors.Is(err, ErrNotFound) {
					t.Errorf("%s %s %s in none: %v, want not found", kind, role, verb, err)
				}
				s, err := Visible(ctx, verb)
				if err != nil || s.Includes(other) || s.All() || s.Includes(own) != (allowed && !ofNode) {
					t.Errorf("%s %s %s visible: %v %v", kind, role, verb, s.Orgs(), err)
				}
			}
		}
	}
}

func TestNobodyIsUnauthenticated(t *testing.T) {
	ctx := context.Background()
	_, err1 := Allow(ctx, Read, uuid.Must(uuid.NewV7()))
	_, err2 := Visible(ctx, Read)
	_, err3 := AllowNode(ctx, Metrics)
	for _, err := range []error{err1, err2, err3} {
		if p, ok := problem.From(err); !ok || p.GetStatus() != 401 {
			t.Errorf("got %v, want 401", err)
		}
	}
}

func TestAZeroScopeReachesNothing(t *testing.T) {
	var s Scope
	if s.Includes(uuid.Nil) || s.Includes(uuid.Must(uuid.NewV7())) || !s.Empty() || s.All() {
		t.Errorf("%+v", s)
	}
	if s.condition() != "1 = 0" {
		t.Errorf("its condition is %q", s.condition())
	}
	if !Everywhere().Includes(uuid.Nil) || System(uuid.Nil).All() {
		t.Error("the node's own scopes are mixed up")
	}
}

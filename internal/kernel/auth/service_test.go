package auth

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

// house is a node with two enterprises, and a clock that the test moves.
type house struct {
	*Service
	t     *testing.T
	clock time.Time
	a, b  uuid.UUID
}

const horse = "correct horse battery"

func build(t *testing.T, db *store.DB) *house {
	t.Helper()
	h := &house{t: t, clock: time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)}
	now := func() time.Time { return h.clock }
	ctx := context.Background()
	orgs, err := org.New(ctx, db, now)
	h.must(err)
	h.Service, err = New(ctx, Options{DB: db, Orgs: orgs, Now: now})
	h.must(err)
	h.a, h.b = h.org("A", true), h.org("B", false)
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) org(name string, home bool) uuid.UUID {
	h.t.Helper()
	o, err := h.orgs.Create(context.Background(), org.Org{Kind: org.Enterprise, Name: text.Text{En: name}, Home: home}, uuid.Nil)
	h.must(err)
	return o.ID
}

// request is a request with a session cookie.
func request(secret string) *http.Request {
	r := httptest.NewRequest("GET", "http://127.0.0.1/", nil)
	if secret != "" {
		r.AddCookie(Session{Secret: secret}.Cookie(false))
	}
	return r
}

// person makes somebody with a password and returns them signed in.
func (h *house) person(login string, roles map[uuid.UUID]Role) (Person, context.Context, Session) {
	h.t.Helper()
	ctx := AsSystem(context.Background(), "command")
	var p Person
	var link Link
	var err error
	for o, role := range roles {
		if p.ID == uuid.Nil {
			p, link, err = h.CreatePerson(ctx, System(o), login, login, role)
		} else {
			err = h.SetRole(ctx, System(o), p.ID, role)
		}
		h.must(err)
	}
	session, err := h.SignInByLink(context.Background(), link.Secret)
	h.must(err)
	h.must(h.SetPassword(With(context.Background(), session.Principal), "", horse))
	return p, h.as(session.Secret), session
}

func (h *house) as(secret string) context.Context {
	h.t.Helper()
	p, ok, err := h.Authenticate(request(secret))
	if err != nil || !ok {
		h.t.Fatalf("session does not count: %v %v", ok, err)
	}
	return With(context.Background(), p)
}

func TestFirstStartLinkIsMadeAnewUntilAPasswordIsSet(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		clock := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
		now := func() time.Time { return clock }
		orgs, err := org.New(ctx, db, now)
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(ctx, Options{DB: db, Orgs: orgs, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		home := org.Org{Kind: org.Enterprise, Name: text.Text{Zh: "示范企业"}}
		first, ok, err := s.FirstStart(ctx, home, "admin")
		if err != nil || !ok || first.Expires != clock.Add(FirstLink) {
			t.Fatalf("%+v %v %v", first, ok, err)
		}
		second, ok, err := s.FirstStart(ctx, home, "admin")
		if err != nil || !ok || second.Secret == first.Secret {
			t.Fatalf("started again: %v %v", ok, err)
		}
		if _, err := s.SignInByLink(ctx, first.Secret); !errors.Is(err, ErrLink) {
			t.Errorf("the replaced link: %v", err)
		}
		clock = clock.Add(FirstLink)
		if _, err := s.SignInByLink(ctx, second.Secret); !errors.Is(err, ErrLink) {
			t.Errorf("the expired link: %v", err)
		}
		third, _, err := s.FirstStart(ctx, home, "admin")
		if err != nil {
			t.Fatal(err)
		}
		session, err := s.SignInByLink(ctx, third.Secret)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := AllowNode(With(ctx, session.Principal), Node); err != nil {
			t.Errorf("the administrator may not run the node: %v", err)
		}
		if err := s.SetPassword(With(ctx, session.Principal), "", horse); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := s.FirstStart(ctx, home, "admin"); ok || err != nil {
			t.Errorf("after a password is set: %v %v", ok, err)
		}
		if _, ok, err := s.FirstStart(ctx, home, "somebody-else"); ok || err != nil {
			t.Errorf("a second administrator by the back door: %v %v", ok, err)
		}
		// Nothing that opens a door stands in the database in readable form.
		for _, table := range []string{"auth_link", "auth_session"} {
			var hashes []string
			if err := db.NewSelect().Table(table).Column("hash").Scan(ctx, &hashes); err != nil {
				t.Fatal(err)
			}
			for _, h := range hashes {
				if h == third.Secret || h == session.Secret || len(h) != 64 {
					t.Errorf("%s holds %q", table, h)
				}
			}
		}
	})
}

func TestASignInLinkLetsExactlyOneIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := build(t, db)
		_, link, err := h.CreatePerson(AsSystem(context.Background(), "command"), System(h.a), "li", "Li", Viewer)
		h.must(err)
		var wg sync.WaitGroup
		var mu sync.Mutex
		in, refused := 0, 0
		for range 12 {
			wg.Go(func() {
				_, err := h.SignInByLink(context.Background(), link.Secret)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					in++
				case errors.Is(err, ErrLink):
					refused++
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if in != 1 || refused != 11 {
			t.Errorf("%d got in, %d were refused", in, refused)
		}
	})
}

func TestSessionEndsIdleAbsolutelyAndByOthers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := build(t, db)
		p, _, _ := h.person("li", map[uuid.UUID]Role{h.a: Owner})
		counts := func(secret string) bool {
			_, ok, err := h.Authenticate(request(secret))
			h.must(err)
			return ok
		}
		signIn := func() string {
			s, err := h.SignIn(context.Background(), " LI ", horse)
			h.must(err)
			return s.Secret
		}
		s := signIn()
		h.clock = h.clock.Add(SessionIdle - time.Second)
		if !counts(s) {
			t.Error("ended before it was idle for 12 h")
		}
		h.clock = h.clock.Add(SessionIdle)
		if counts(s) {
			t.Error("counts after 12 h without a request")
		}
		s = signIn()
		for hour := 6; hour <= 14*24; hour += 6 { // in use all the time
			h.clock = h.clock.Add(6 * time.Hour)
			if got, want := counts(s), hour < 14*24; got != want {
				t.Fatalf("after %d hours the session counts: %v", hour, got)
			}
		}
		// A new password ends every other session; disabling ends all.
		one, two := signIn(), signIn()
		h.must(h.SetPassword(h.as(one), horse, "another horse battery"))
		if !counts(one) || counts(two) {
			t.Error("a new password must end the other session and keep this one")
		}
		if err := h.SetPassword(h.as(one), horse, "a third horse battery"); !errors.Is(err, ErrPasswordWrong) {
			t.Errorf("wrong current password: %v", err)
		}
		_, owner, _ := h.person("owner", map[uuid.UUID]Role{h.a: Owner})
		yes := true
		_, err := h.UpdatePerson(owner, p.ID, nil, &yes)
		h.must(err)
		if counts(one) {
			t.Error("a disabled person's session counts")
		}
		if _, err := h.SignIn(context.Background(), "li", "another horse battery"); !errors.Is(err, ErrSignIn) {
			t.Errorf("a disabled person signs in: %v", err)
		}
		if err := h.SignOut(owner); err != nil {
			t.Error(err)
		}
	})
}

func TestSignInSaysTheSameForEveryReasonAndIsThrottled(t *testing.T) {
	h := build(t, storetest.SQLite(t))
	h.person("li", map[uuid.UUID]Role{h.a: Viewer})
	_, _, err := h.CreatePerson(AsSystem(context.Background(), "command"), System(h.a), "nopassword", "N", Viewer)
	h.must(err)
	from := func(remote string) context.Context { return WithOrigin(context.Background(), Origin{Remote: remote}) }
	for _, c := range [][2]string{{"li", "wrong"}, {"nobody", "wrong"}, {"nopassword", ""}} {
		if _, err := h.SignIn(from("192.0.2.9"), c[0], c[1]); !errors.Is(err, ErrSignIn) {
			t.Errorf("%v: %v", c, err)
		}
	}
	for range 4 {
		_, _ = h.SignIn(from("192.0.2.1"), "li", "wrong")
	}
	if _, err := h.SignIn(from("192.0.2.1"), "li", horse); err != nil {
		t.Errorf("the fifth attempt with the right password: %v", err)
	}
	for range 5 {
		_, _ = h.SignIn(from("192.0.2.1"), "li", "wrong")
	}
	if _, err := h.SignIn(from("192.0.2.1"), "li", horse); !errors.Is(err, ErrThrottled) {
		t.Errorf("after five wrong ones: %v", err)
	}
	if _, err := h.SignIn(from("192.0.2.2"), "li", horse); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
	// Refusals are in the audit of the person's organisation, by name; what nobody is called is not written down.
	entries, _, err := audit.List(context.Background(), h.db, Everywhere(), audit.Filter{Verb: "auth.session.refuse"}, store.Page{Limit: 100})
	h.must(err)
	names := map[string]int{}
	for _, e := range entries {
		names[e.Object.Name]++
	}
	if names["li"] != 10 || names["unknown"] != 1 || names["nobody"] != 0 {
		t.Errorf("refusals in the audit: %v", names)
	}
}

func TestTokenCountsForItsOrganisationUntilItEnds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := build(t, db)
		_, owner, _ := h.person("owner", map[uuid.UUID]Role{h.a: Owner})
		scope, err := Allow(owner, Tokens, h.a)
		h.must(err)
		token, secret, err := h.CreateToken(owner, scope, "historian", Owner, h.clock.Add(time.Hour))
		h.must(err)
		use := func(secret string) (context.Context, bool) {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Authorization", "Bearer "+secret)
			p, ok, err := h.Authenticate(r)
			h.must(err)
			return With(context.Background(), p), ok
		}
		ctx, ok := use(secret)
		if !ok {
			t.Fatal("the token does not count")
		}
		if _, err := Allow(ctx, Configure, h.a); err != nil {
			t.Error(err)
		}
		if _, err := Allow(ctx, Read, h.b); !errors.Is(err, ErrNotFound) {
			t.Errorf("another's organisation: %v", err)
		}
		for _, verb := range []Verb{People, Tokens} {
			if _, err := Allow(ctx, verb, h.a); !errors.Is(err, ErrForbidden) {
				t.Errorf("a token may %s: %v", verb, err)
			}
		}
		for _, bad := range []string{"", "jw_", secret[:len(secret)-1] + "x", secret + "x", strings.Replace(secret, "jw_", "xx_", 1), strings.ToUpper(secret)} {
			if _, ok := use(bad); ok && bad != secret {
				t.Errorf("%q counts", bad)
			}
		}
		var kept []string
		h.must(db.NewSelect().Table("auth_token").Column("hash").Scan(context.Background(), &kept))
		if len(kept) != 1 || strings.Contains(secret, kept[0]) || kept[0] != hashSecret(secret[36:]) {
			t.Errorf("kept: %v", kept)
		}
		h.clock = h.clock.Add(time.Hour)
		if _, ok := use(secret); ok {
			t.Error("an expired token counts")
		}
		h.clock = h.clock.Add(-time.Minute)
		if err := h.EndToken(ctx, token.ID); !errors.Is(err, ErrForbidden) {
			t.Errorf("a token withdraws tokens: %v", err)
		}
		_, stranger, _ := h.person("stranger", map[uuid.UUID]Role{h.b: Owner})
		if err := h.EndToken(stranger, token.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("a stranger withdraws it: %v", err)
		}
		h.must(h.EndToken(owner, token.ID))
		if _, ok := use(secret); ok {
			t.Error("a withdrawn token counts")
		}
		for _, days := range []int{-1, 0, 731} {
			if _, _, err := h.CreateToken(owner, scope, "x", Viewer, h.clock.AddDate(0, 0, days)); !errors.Is(err, ErrExpiry) {
				t.Errorf("a token for %d days: %v", days, err)
			}
		}
	})
}

func TestRolesInheritByOwnershipNeverByMembership(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := build(t, db)
		ctx := context.Background()
		plant, err := h.orgs.Create(ctx, org.Org{Kind: org.Unit, Name: text.Text{En: "Plant"}}, h.a)
		h.must(err)
		sub, err := h.orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Text{En: "Subsidiary"}}, h.a)
		h.must(err)
		park := h.org("Park", false)
		_, err = h.orgs.Join(ctx, org.Membership{Member: h.a, Body: park, Span: org.Span{From: 0, To: store.Forever}})
		h.must(err)

		_, engineer, _ := h.person("engineer", map[uuid.UUID]Role{h.a: Engineer, plant.ID: Viewer})
		_, parkOwner, _ := h.person("park", map[uuid.UUID]Role{park: Owner})
		if s, err := Allow(engineer, Configure, plant.ID); err != nil || s.Org() != plant.ID {
			t.Errorf("engineer of the company in its plant: %v (the heavier of inherited and own role counts)", err)
		}
		if _, err := Allow(engineer, Read, sub.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("in the subsidiary: %v", err)
		}
		if _, err := Allow(parkOwner, Read, h.a); !errors.Is(err, ErrNotFound) {
			t.Errorf("the park's owner in a member: %v", err)
		}
	})
}

func TestAnOwnerReachesOnlyTheirOwnPeople(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := build(t, db)
		_, ownerA, _ := h.person("owner-a", map[uuid.UUID]Role{h.a: Owner})
		_, ownerB, _ := h.person("owner-b", map[uuid.UUID]Role{h.b: Owner})
		shared, _, _ := h.person("shared", map[uuid.UUID]Role{h.a: Viewer, h.b: Owner})
		onlyA, viewer, _ := h.person("viewer", map[uuid.UUID]Role{h.a: Viewer})
		yes := true

		// A sign-in link is the whole person: who owns only one of their organisations must not get it.
		if _, err := h.MakeLink(ownerA, shared.ID); !errors.Is(err, ErrShared) {
			t.Errorf("a link for a person of two organisations: %v", err)
		}
		if _, err := h.UpdatePerson(ownerA, shared.ID, nil, &yes); !errors.Is(err, ErrShared) {
			t.Errorf("disabling them: %v", err)
		}
		if _, err := h.MakeLink(ownerB, onlyA.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("a link for another's person: %v", err)
		}
		if _, err := h.MakeLink(viewer, shared.ID); !errors.Is(err, ErrForbidden) {
			t.Errorf("a viewer makes links: %v", err)
		}
		if _, err := h.MakeLink(ownerA, onlyA.ID); err != nil {
			t.Error(err)
		}
		scopeA, err := Allow(ownerA, People, h.a)
		h.must(err)
		scopeB, err := Allow(ownerB, People, h.b)
		h.must(err)
		if err := h.SetRole(ownerB, scopeB, onlyA.ID, Viewer); !errors.Is(err, ErrNotFound) {
			t.Errorf("taking another's person in by id: %v", err)
		}
		people, _, err := h.ListPeople(ownerA, scopeA, store.Page{})
		h.must(err)
		var logins []string
		for _, p := range people {
			logins = append(logins, p.Login)
			if p.Login == "shared" && (len(p.Roles) != 1 || p.Roles[h.a] != Viewer) {
				t.Errorf("A sees the shared person's roles %v", p.Roles)
			}
		}
		if want := []string{"owner-a", "shared", "viewer"}; !slices.Equal(logins, want) {
			t.Errorf("A sees %v, want %v", logins, want)
		}
		page, next, err := h.ListPeople(ownerA, scopeA, store.Page{Limit: 2})
		h.must(err)
		rest, end, err := h.ListPeople(ownerA, scopeA, store.Page{Limit: 2, After: next})
		h.must(err)
		if len(page) != 2 || len(rest) != 1 || rest[0].Login != "viewer" || end != "" {
			t.Errorf("pages of two: %v then %v, %q", page, rest, end)
		}

		// The last owner who can sign in stays.
		self, _ := FromContext(ownerA)
		if err := h.RemoveRole(ownerA, scopeA, self.ID); !errors.Is(err, ErrLastOwner) {
			t.Errorf("the last owner leaves: %v", err)
		}
		if err := h.SetRole(ownerA, scopeA, self.ID, Viewer); !errors.Is(err, ErrLastOwner) {
			t.Errorf("the last owner becomes a viewer: %v", err)
		}
		h.must(h.SetRole(ownerA, scopeA, onlyA.ID, Owner))
		h.must(h.RemoveRole(ownerA, scopeA, self.ID))
		if _, _, err := h.CreatePerson(ownerB, scopeB, "Viewer", "V", Viewer); !errors.Is(err, ErrLoginTaken) {
			t.Errorf("a login in other case: %v", err)
		}
		for _, role := range []Role{"", "boss", Monitor} {
			if _, _, err := h.CreatePerson(ownerB, scopeB, "new", "N", role); !errors.Is(err, ErrRole) {
				t.Errorf("role %q: %v", role, err)
			}
		}
	})
}

func TestEveryActIsInTheAudit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := build(t, db)
		_, owner, _ := h.person("owner", map[uuid.UUID]Role{h.a: Owner})
		scope, err := Allow(owner, People, h.a)
		h.must(err)
		p, _, err := h.CreatePerson(owner, scope, "li", "Li", Viewer)
		h.must(err)
		h.must(h.SetRole(owner, scope, p.ID, Operator))
		_, err = h.MakeLink(owner, p.ID)
		h.must(err)
		name := "Li Na"
		_, err = h.UpdatePerson(owner, p.ID, &name, nil)
		h.must(err)
		token, _, err := h.CreateToken(owner, scope, "t", Viewer, h.clock.Add(time.Hour))
		h.must(err)
		h.must(h.EndToken(owner, token.ID))
		h.must(h.RemoveRole(owner, scope, p.ID))
		h.must(h.SignOut(owner))
		var verbs []string
		entries, _, err := audit.List(context.Background(), db, System(h.a), audit.Filter{}, store.Page{Limit: 1000})
		h.must(err)
		for _, e := range entries {
			verbs = append(verbs, e.Verb)
			if e.Actor.Kind == "person" && e.Actor.Name == "" {
				t.Errorf("no actor: %+v", e)
			}
		}
		for _, want := range []string{
			"auth.person.add", "auth.session.open", "auth.password.set", "auth.role.set", "auth.link.make", "auth.person.change",
			"auth.token.make", "auth.token.end", "auth.role.remove", "auth.session.close",
		} {
			if !slices.Contains(verbs, want) {
				t.Errorf("%s is not in the audit: %v", want, verbs)
			}
		}
		if other, _, err := audit.List(context.Background(), db, System(h.b), audit.Filter{}, store.Page{}); err != nil || len(other) != 0 {
			t.Errorf("B's audit holds %v, %v", other, err)
		}
	})
}

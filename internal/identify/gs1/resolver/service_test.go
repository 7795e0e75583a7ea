package resolver

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

// TestDeclaring: who may, what is refused, that nothing is overwritten.
func TestDeclaring(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		a, b := w.sides["a"], w.sides["b"]
		good := Declared{Org: a, Anchor: product, Description: text.Both("x"), Links: []DeclaredLink{to(pip, "https://firm.example/", standing)}}
		engineer := w.sides.As(auth.Engineer, "a")
		for _, c := range []struct {
			what string
			ctx  context.Context
			with func(*Declared)
			want error
		}{
			{"a viewer", w.sides.As(auth.Viewer, "a"), func(*Declared) {}, auth.ErrForbidden},
			{"another's engineer", w.sides.As(auth.Engineer, "b"), func(*Declared) {}, auth.ErrNotFound},
			{"another's organisation", w.sides.As(auth.Engineer, "b"), func(d *Declared) { d.Org = b }, ErrNoPrefix},
			{"a prefix that nobody holds", engineer, func(d *Declared) { d.Anchor = "/01/09521234543213" }, ErrNoPrefix},
			{"a wrong check digit", engineer, func(d *Declared) { d.Anchor = "/01/09506000134353" }, ErrSyntax},
			{"attributes", engineer, func(d *Declared) { d.Anchor += "?17=271231" }, ErrAttributes},
			{"no links", engineer, func(d *Declared) { d.Links = nil }, ErrCount},
			{"no description", engineer, func(d *Declared) { d.Description = text.Text{} }, ErrDescription},
			{"no default", engineer, func(d *Declared) { d.Links = []DeclaredLink{to(pip, "https://a.example")} }, ErrDefault},
			{"two defaults", engineer, func(d *Declared) {
				d.Links = []DeclaredLink{to(pip, "https://a.example", standing), to(pip, "https://b.example", standing)}
			}, ErrDefault},
			{"an unknown type", engineer, func(d *Declared) { d.Links = []DeclaredLink{to("gs1:nonsense", "https://a.example", standing)} }, ErrType},
			{"a type that is no URI", engineer, func(d *Declared) { d.Links = []DeclaredLink{to("review me", "https://a.example", standing)} }, ErrType},
			{"a script", engineer, func(d *Declared) { d.Links = []DeclaredLink{to(pip, "javascript:alert(1)", standing)} }, ErrTarget},
			{"a path", engineer, func(d *Declared) { d.Links = []DeclaredLink{to(pip, "//evil.example", standing)} }, ErrTarget},
			{"a password", engineer, func(d *Declared) { d.Links = []DeclaredLink{to(pip, "https://a:b@evil.example", standing)} }, ErrTarget},
			{"a second header", engineer, func(d *Declared) { d.Links = []DeclaredLink{to(pip, "https://a.example/\r\nSet-Cookie: x", standing)} }, ErrTarget},
			{"no title", engineer, func(d *Declared) { d.Links = []DeclaredLink{{Type: pip, Href: "https://a.example", Default: true}} }, ErrTitle},
			{"a language", engineer, func(d *Declared) { d.Links = []DeclaredLink{to(pip, "https://a.example", standing, in("Chinese"))} }, ErrLanguage},
			{"a media type", engineer, func(d *Declared) { d.Links = []DeclaredLink{to(pip, "https://a.example", standing, as("html"))} }, ErrMedia},
			{"a context", engineer, func(d *Declared) { d.Links = []DeclaredLink{to(pip, "https://a.example", standing, within("<x>"))} }, ErrContext},
			{"another version", engineer, func(d *Declared) { d.Match = func(int64) error { return api.ErrPrecondition } }, api.ErrPrecondition},
		} {
			d := good
			c.with(&d)
			if _, err := w.s.Declare(c.ctx, d); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.what, err, c.want)
			}
		}
		if sets, _, err := w.s.List(engineer, a, "", store.Page{}); err != nil || len(sets) != 0 {
			t.Fatalf("something was stored in part: %v %v", sets, err)
		}
		for i, href := range []string{"https://one.example", "https://two.example"} {
			good.Links[0].Href = href
			if set, err := w.s.Declare(engineer, good); err != nil || set.Version != int64(i+1) || set.Prefix != "950600" {
				t.Fatalf("%+v %v", set, err)
			}
		}
		w.goes(product, "https://two.example")
		if _, err := w.s.Withdraw(engineer, Declared{Org: a, Anchor: product}); err != nil {
			t.Fatal(err)
		}
		w.goes(product, "Not Found")
		if _, err := w.s.Withdraw(engineer, Declared{Org: a, Anchor: product}); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
		versions, err := w.s.Versions(w.sides.As(auth.Viewer, "a"), product)
		if err != nil || len(versions) != 3 || !versions[0].Withdrawn() || versions[2].Links[0].Href != "https://one.example" || versions[1].By.Name != "engineer@a" {
			t.Errorf("%+v %v", versions, err)
		}
		if _, err := w.s.Versions(w.sides.As(auth.Owner, "b"), product); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
		if sets, _, err := w.s.List(w.sides.As(auth.Owner, "b"), uuid.Nil, "", store.Page{}); err != nil || len(sets) != 0 {
			t.Errorf("another tenant sees %v %v", sets, err)
		}
		if sets, _, err := w.s.List(engineer, uuid.Nil, "950600", store.Page{}); err != nil || len(sets) != 1 {
			t.Errorf("%v %v", sets, err)
		}
		if sets, _, err := w.s.List(engineer, uuid.Nil, "100%", store.Page{}); err != nil || len(sets) != 0 {
			t.Errorf("%v %v", sets, err)
		}
		var verbs []string
		for e := range w.audited() {
			verbs = append(verbs, e)
		}
		if want := []string{"gs1.prefix.entrust", "gs1.links.declare", "gs1.links.declare", "gs1.links.withdraw"}; !slices.Equal(verbs, want) {
			t.Errorf("audited %q", verbs)
		}
	})
}

func (w *world) audited() func(func(string) bool) {
	entries, err := audit.Since(w.t.Context(), w.db, auth.Everywhere(), uuid.Nil, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	return func(yield func(string) bool) {
		for _, e := range entries {
			if !yield(e.Verb) {
				return
			}
		}
	}
}

func TestPrefixes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		a, b := w.sides["a"], w.sides["b"]
		if _, err := w.s.Entrust(w.sides.As(auth.Owner, "a"), "6901234", a, "x"); !errors.Is(err, auth.ErrForbidden) {
			t.Error(err)
		}
		for prefix, want := range map[string]error{"690": ErrPrefix, "69012345678901": ErrPrefix, "69O1234": ErrPrefix, "9506": ErrPrefixTaken, "9506010": nil, "95060001": ErrPrefixTaken, "950600": ErrPrefixTaken} {
			if _, err := w.s.Entrust(operator(), prefix, b, "x"); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", prefix, err, want)
			}
		}
		if _, err := w.s.Entrust(operator(), "6901234", b, " "); !errors.Is(err, ErrNote) {
			t.Error(err)
		}
		if _, err := w.s.Entrust(operator(), "6901234", uuid.Must(uuid.NewV7()), "x"); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
		w.declare(product, to(pip, "https://firm.example/", standing))
		w.clock = w.clock.Add(time.Hour)
		if err := w.s.TakeBack(operator(), "950600"); err != nil {
			t.Fatal(err)
		}
		w.goes(product, "https://firm.example/") // until its next holder changes it
		if _, err := w.s.Entrust(operator(), "950600", b, "certificate 2"); err != nil {
			t.Fatal(err)
		}
		again := Declared{Org: b, Anchor: product, Description: text.Both("x"), Links: []DeclaredLink{to(pip, "https://next.example/", standing)}}
		set, err := w.s.Declare(w.sides.As(auth.Engineer, "b"), again)
		if err != nil || set.Version != 2 {
			t.Fatalf("%+v %v", set, err)
		}
		w.goes(product, "https://next.example/")
		if list, err := w.s.Prefixes(w.sides.As(auth.Viewer, "b"), b); err != nil || len(list) != 2 || list[0].Prefix != "950600" {
			t.Errorf("%+v %v", list, err)
		}
		if list, err := w.s.Prefixes(w.sides.As(auth.Viewer, "a"), a); err != nil || len(list) != 0 {
			t.Errorf("%+v %v", list, err)
		}
	})
}

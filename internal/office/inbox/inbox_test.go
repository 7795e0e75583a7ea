package inbox

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// desk are the people of a test, by organisation.
type desk map[uuid.UUID]map[uuid.UUID]auth.Role

func (d desk) With(_ context.Context, org uuid.UUID, verb auth.Verb, limit int) (out []uuid.UUID, err error) {
	for person, role := range d[org] {
		if role.May(verb) && len(out) < limit {
			out = append(out, person)
		}
	}
	return out, nil
}

func (d desk) May(_ context.Context, person, org uuid.UUID, verb auth.Verb) (bool, error) {
	return d[org][person].May(verb), nil
}

// room is the inbox of a node with two organisations.
type room struct {
	t     *testing.T
	db    *store.DB
	s     *Service
	clock time.Time
	a, b  uuid.UUID
	desk  desk
}

func newRoom(t *testing.T, db *store.DB, o Options) *room {
	t.Helper()
	r := &room{t: t, db: db, clock: at("2026-05-04 10:00"), a: uuid.UUID{15: 1}, b: uuid.UUID{15: 2}, desk: desk{}}
	if err := audit.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	o.DB, o.People, o.Now, o.Key = db, r.desk, func() time.Time { return r.clock }, make([]byte, keyLength)
	r.s = proof.Must(New(t.Context(), o))
	t.Cleanup(r.s.door.Close)
	return r
}

// as is somebody with a role in an organisation.
func (r *room) as(name string, role auth.Role, org uuid.UUID) context.Context {
	p := authtest.Person(name, map[uuid.UUID]auth.Role{org: role})
	if r.desk[org] == nil {
		r.desk[org] = map[uuid.UUID]auth.Role{}
	}
	r.desk[org][p.ID] = role
	return auth.With(r.t.Context(), p)
}

func idOf(ctx context.Context) uuid.UUID { p, _ := auth.FromContext(ctx); return p.ID }

func (r *room) put(m Message) {
	r.t.Helper()
	if err := r.s.Put(r.t.Context(), m); err != nil {
		r.t.Fatal(err)
	}
}

// words are the English texts of a list.
func words(list []Item) (out []string) {
	for _, i := range list {
		out = append(out, i.Text.En)
	}
	return out
}

func (r *room) list(ctx context.Context, f Filter) []string {
	r.t.Helper()
	list, _, err := r.s.List(ctx, f, store.Page{})
	if err != nil {
		r.t.Fatal(err)
	}
	return words(list)
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func note(key, words string, to ...Recipient) Message {
	return Message{Key: key, Kind: Note, Topic: "test.note", To: to, Text: text.Both(words)}
}

func todo(key, words, object string, u Urgency, due time.Time, to ...Recipient) Message {
	m := Message{Key: key, Kind: Todo, Topic: "test.todo", To: to, Text: text.Both(words), Link: "cases/" + object, Object: Object{"case", object}, Urgency: u}
	if !due.IsZero() {
		m.Due = due.UnixNano()
	}
	return m
}

func TestWhoSeesWhat(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := newRoom(t, db, Options{})
		owner, viewer, other := r.as("owner", auth.Owner, r.a), r.as("viewer", auth.Viewer, r.a), r.as("other", auth.Owner, r.b)
		r.put(note("1", "all of A", Recipient{Org: r.a}))
		r.put(note("2", "those who configure A", Recipient{Org: r.a, Verb: auth.Configure}))
		r.put(note("3", "the viewer alone", Recipient{Person: idOf(viewer)}))
		r.put(note("4", "the viewer, of A", Recipient{Person: idOf(viewer), Org: r.a}))
		r.put(note("5", "the viewer, of B", Recipient{Person: idOf(viewer), Org: r.b})) // where they have no role (any more)
		r.put(note("1", "the same key again", Recipient{Org: r.a}))
		same(t, "owner", r.list(owner, Filter{}), "[those who configure A all of A]")
		same(t, "viewer", r.list(viewer, Filter{}), "[the viewer, of A the viewer alone all of A]")
		same(t, "viewer in A", r.list(viewer, Filter{Org: r.a, State: "unread"}), "[the viewer, of A the viewer alone all of A]")
		same(t, "other", r.list(other, Filter{}), "[]")
		if _, _, err := r.s.List(other, Filter{Org: r.a}, store.Page{}); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("another organisation's: %v", err)
		}
		if _, _, err := r.s.List(t.Context(), Filter{}, store.Page{}); !errors.Is(err, auth.ErrUnauthenticated) {
			t.Errorf("nobody: %v", err)
		}
		same(t, "count", proof.Must(r.s.Count(viewer, r.a)), Counts{0, 0, 3, maxCount})

		list, _, _ := r.s.List(viewer, Filter{}, store.Page{})
		if err := r.s.MarkRead(viewer, list[2].ID); err != nil {
			t.Fatal(err)
		}
		if err := r.s.MarkRead(viewer, list[2].ID); err != nil { // again changes nothing
			t.Fatal(err)
		}
		if err := r.s.MarkRead(other, list[2].ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another's message: %v", err)
		}
		same(t, "unread of the viewer", r.list(viewer, Filter{State: "unread"}), "[the viewer, of A the viewer alone]")
		same(t, "read of the viewer", r.list(viewer, Filter{State: "read"}), "[all of A]")
		same(t, "unread of the owner", r.list(owner, Filter{State: "unread"}), "[those who configure A all of A]")
		same(t, "marked", proof.Must(r.s.MarkAllRead(viewer, uuid.Nil)), 2)
		same(t, "unread after all", proof.Must(r.s.Count(viewer, uuid.Nil)).Unread, 0)
		token := auth.With(t.Context(), auth.NewPrincipal(auth.KindToken, uuid.UUID{15: 9}, "token", "token", map[uuid.UUID]auth.Role{r.a: auth.Viewer}))
		same(t, "token", r.list(token, Filter{}), "[all of A]")
		if err := r.s.MarkRead(token, list[2].ID); !errors.Is(err, ErrPerson) {
			t.Errorf("a token reads: %v", err)
		}
	})
}

func TestTodosStandByUrgencyAndEndWithTheirObject(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := newRoom(t, db, Options{})
		li := r.as("li", auth.Operator, r.a)
		to := Recipient{Org: r.a, Part: "reviewer"}
		r.put(todo("1", "whenever", "c1", Normal, time.Time{}, to))
		r.put(todo("2", "next week", "c2", Normal, r.clock.AddDate(0, 0, 7), to))
		r.put(todo("3", "tomorrow", "c3", Normal, r.clock.AddDate(0, 0, 1), to))
		r.put(todo("4", "high", "c4", High, time.Time{}, to))
		r.put(todo("5", "urgent", "c5", Urgent, time.Time{}, to))
		same(t, "order", r.list(li, Filter{Kind: Todo, State: "open"}), "[urgent high tomorrow next week whenever]")
		var paged []string
		for page := (store.Page{Limit: 2}); ; {
			list, next, err := r.s.List(li, Filter{Kind: Todo, State: "open"}, page)
			if err != nil {
				t.Fatal(err)
			}
			paged = append(paged, words(list)...)
			if page.After = next; next == "" {
				break
			}
		}
		same(t, "pages", paged, "[urgent high tomorrow next week whenever]")
		same(t, "count", proof.Must(r.s.Count(li, r.a)), Counts{5, 1, 0, maxCount})
		r.clock = r.clock.AddDate(0, 0, 2)
		same(t, "overdue", proof.Must(r.s.Count(li, r.a)).Urgent, 2)

		if err := r.s.Raise(t.Context(), Object{"case", "c2"}, "reviewer", r.a, uuid.Nil, High, r.clock.UnixNano()); err != nil {
			t.Fatal(err)
		}
		same(t, "raised", r.list(li, Filter{Kind: Todo, State: "open"}), "[urgent next week high tomorrow whenever]")

		// Two to-dos about one object: the one that still waits stays.
		r.put(todo("6", "another part", "c5", Normal, time.Time{}, Recipient{Org: r.a, Part: "officer"}))
		if err := r.s.Settle(t.Context(), Object{"case", "c5"}, func(w Waiting) bool { return w.Part == "officer" && w.Org == r.a }); err != nil {
			t.Fatal(err)
		}
		same(t, "settled in part", r.list(li, Filter{Kind: Todo, State: "open", Object: "c5"}), "[another part]")
		if err := r.s.Settle(t.Context(), Object{"case", "c5"}, nil); err != nil {
			t.Fatal(err)
		}
		same(t, "settled", r.list(li, Filter{Kind: Todo, State: "open"}), "[next week high tomorrow whenever]")
		same(t, "done", r.list(li, Filter{Kind: Todo, State: "done"}), "[another part urgent]")
	})
}

func TestMistakesOfRoomsAreFound(t *testing.T) {
	r := newRoom(t, storetest.SQLite(t), Options{})
	to := Recipient{Org: r.a}
	for name, m := range map[string]Message{
		"no key":               note("", "x", to),
		"nobody":               note("1", "x", Recipient{}),
		"no recipient":         note("1", "x"),
		"no words":             note("1", "", to),
		"a verb of the node":   note("1", "x", Recipient{Org: r.a, Verb: auth.Node}),
		"a to-do about naught": {Key: "1", Kind: Todo, Topic: "x", To: []Recipient{to}, Text: text.Both("x")},
		"a link elsewhere":     {Key: "1", Kind: Note, Topic: "x", To: []Recipient{to}, Text: text.Both("x"), Link: "https://evil.example"},
		"an absolute link":     {Key: "1", Kind: Note, Topic: "x", To: []Recipient{to}, Text: text.Both("x"), Link: "/x"},
	} {
		if err := r.s.Put(t.Context(), m); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestPreferencesAreAPersonsOwn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := newRoom(t, db, Options{})
		li, wang := r.as("li", auth.Viewer, r.a), r.as("wang", auth.Viewer, r.a)
		want := Preference{Person: idOf(li), Quiet: true, QuietFrom: 60, QuietTo: 120, Digest: Hourly, DigestAt: 5, Desk: true}
		for range 2 {
			if _, err := r.s.Prefer(li, want); err != nil {
				t.Fatal(err)
			}
		}
		same(t, "li", proof.Must(r.s.Preference(li)), want)
		same(t, "wang", proof.Must(r.s.Preference(wang)), usual(idOf(wang)))
		for name, p := range map[string]Preference{"24:00": {Digest: AtOnce, QuietTo: 1440}, "a digest": {Digest: "weekly"}} {
			if _, err := r.s.Prefer(li, p); !errors.Is(err, ErrField) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

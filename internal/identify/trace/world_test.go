package trace

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/group"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var begin = time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)

// world is a node h with a producer p, a warehouse w, a shop s, a stranger x and a regulator g.
type world struct {
	t       testing.TB
	db      *store.DB
	mu      sync.Mutex
	clock   time.Time
	sides   authtest.Sides
	log     *evidence.Log
	book    *group.Book
	service *Service
	out     *outward
}

// outward is the node's way out: it keeps what was posted and answers with a status.
type outward struct {
	mu     sync.Mutex
	status int
	posts  []posted
}

type posted struct {
	address, secret, id string
	body                []byte
}

func (o *outward) CheckAddress(address string) error {
	if address == "https://inside/" {
		return fmt.Errorf("leads into an internal network")
	}
	return nil
}

func (o *outward) Post(_ context.Context, address, secret, id, _ string, _ time.Time, body []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.posts = append(o.posts, posted{address, secret, id, body})
	return o.status, nil
}

func newWorld(t testing.TB, db *store.DB) *world {
	w := &world{t: t, db: db, clock: begin, sides: authtest.Sides{}, out: &outward{status: 200}}
	for _, name := range []string{"h", "p", "w", "s", "x", "g"} {
		w.sides[name] = uuid.Must(uuid.NewV7())
	}
	if err := audit.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	keys := proof.Must(evidence.GenerateKeys("test.trace", zeros{}))
	w.log = proof.Must(evidence.Open(evidence.Options{FS: file.OS(), Dir: t.TempDir(), Origin: "test.trace", Keys: keys, Now: w.now}))
	t.Cleanup(func() { _ = w.log.Close() })
	w.book = proof.Must(group.OpenBook(t.Context(), group.Options{DB: db, Log: w.log, Node: w.sides["h"], Logger: proof.Logger(t)}))
	w.open()
	return w
}

// zeros is a source of chance for keys of tests.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(i * 7)
	}
	return len(b), nil
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(time.Millisecond)
	return w.clock
}

func (w *world) open() {
	w.service = proof.Must(New(w.t.Context(), Options{DB: w.db, Book: w.book, Outward: w.out, Key: []byte("key"), Now: w.now, Logger: proof.Logger(w.t)}))
}

func (w *world) as(role auth.Role, side string) context.Context { return w.sides.As(role, side) }

// operator is who runs the node.
func (w *world) operator() context.Context { return auth.AsSystem(w.t.Context(), "test") }

// record tells events as the node itself.
func (w *world) record(side string, events ...epcis.Event) Captured {
	w.t.Helper()
	c, err := w.service.Record(w.t.Context(), w.sides[side], "test", events...)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func unit(n int) string   { return fmt.Sprintf("https://id.gs1.org/01/06901234567892/21/U%05d", n) }
func box(n int) string    { return fmt.Sprintf("https://id.gs1.org/00/%018d", n) }
func lot(s string) string { return "https://id.gs1.org/01/06901234567892/10/" + s }
func raw(s string) string { return "https://id.gs1.org/01/06909999999995/10/" + s }

const (
	partyP = "https://id.gs1.org/417/6901234500003"
	partyW = "https://id.gs1.org/417/6902345600001"
	partyS = "https://id.gs1.org/417/6903456700009"
	placeP = "https://id.gs1.org/414/6901234500003"
	placeW = "https://id.gs1.org/414/6902345600001"
	placeS = "https://id.gs1.org/414/6903456700009"
)

func minute(n int) epcis.Instant {
	return epcis.Instant{At: begin.Add(-48*time.Hour + time.Duration(n)*time.Minute)}
}

func at0(place string) *epcis.Place { return &epcis.Place{ID: place} }

func made(n int, place string, ids ...string) epcis.Event {
	return epcis.Event{Type: epcis.ObjectEvent, Time: minute(n), Action: epcis.Add, EPCs: ids, Step: "commissioning", Disposition: "active", ReadPoint: at0(place), Location: at0(place)}
}

func packed(n int, place, parent string, ids ...string) epcis.Event {
	return epcis.Event{Type: epcis.AggregationEvent, Time: minute(n), Action: epcis.Add, Parent: parent, Children: ids, Step: "packing", ReadPoint: at0(place), Location: at0(place)}
}

func unpacked(n int, place, parent string, ids ...string) epcis.Event {
	return epcis.Event{Type: epcis.AggregationEvent, Time: minute(n), Action: epcis.Delete, Parent: parent, Children: ids, Step: "unpacking", ReadPoint: at0(place), Location: at0(place)}
}

func moved(n int, step, place, from, to string, ids ...string) epcis.Event {
	e := epcis.Event{Type: epcis.ObjectEvent, Time: minute(n), Action: epcis.Observe, EPCs: ids, Step: step, Disposition: "in_transit", ReadPoint: at0(place),
		Sources:      []epcis.Typed{{Type: "owning_party", ID: from}, {Type: "possessing_party", ID: from}},
		Destinations: []epcis.Typed{{Type: "owning_party", ID: to}, {Type: "possessing_party", ID: to}}}
	if step == "receiving" {
		e.Location = at0(place)
	}
	return e
}

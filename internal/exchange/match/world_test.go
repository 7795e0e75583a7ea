package match

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/register"
	"jingwei/internal/office/register/party"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var begin = time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)

// node is a node with an office (h), firms (f, g) and providers (p, q).
type world struct {
	t         testing.TB
	db        *store.DB
	clock     time.Time
	registers *register.Service
	facts     *fact.Service
	service   *Service
	sides     authtest.Sides
	related   map[uuid.UUID][]uuid.UUID
}

var codes = map[string]string{"h": "", "f": "9144030071526726XG", "g": "91440101100000016H", "p": "914403001000000248", "q": "914403001000000323"}

// Home, Of and Related are what the node's own register tells (Parties).
func (w *world) Home(context.Context) (uuid.UUID, bool, error) { return w.sides["h"], true, nil }

func (w *world) Of(_ context.Context, org uuid.UUID, _ string) (Party, error) {
	for name, id := range w.sides {
		if id == org {
			return Party{Name: text.Text{Zh: "企业" + name, En: "Firm " + name}, CreditCode: codes[name], Industry: "C2929", Region: "440600", Size: "small"}, nil
		}
	}
	return Party{}, store.ErrNotFound
}

func (w *world) Related(_ context.Context, org uuid.UUID) ([]uuid.UUID, error) {
	return w.related[org], nil
}

func newWorld(t testing.TB, db *store.DB) *world {
	w := &world{t: t, db: db, clock: begin, sides: authtest.Sides{}, related: map[uuid.UUID][]uuid.UUID{}}
	for name := range codes {
		w.sides[name] = uuid.Must(uuid.NewV7())
	}
	if err := audit.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	var ticking sync.Mutex
	now := func() time.Time {
		ticking.Lock()
		defer ticking.Unlock()
		w.clock = w.clock.Add(time.Millisecond)
		return w.clock
	}
	w.registers = proof.Must(register.New(t.Context(), register.Options{DB: db, Packs: shipped, Now: now,
		Calculations: map[string]register.Calculation{"size-class": proof.Must(party.Load(shipped)).Sizes.SizeOf}}))
	w.facts = proof.Must(fact.New(t.Context(), fact.Options{DB: db, Blobs: proof.Must(blob.Open(file.OS(), t.TempDir(), 1<<20)), Packs: shipped, Now: now}))
	w.open(now)
	return w
}

func (w *world) open(now func() time.Time) {
	w.service = proof.Must(New(w.t.Context(), Options{DB: w.db, Packs: shipped, Registers: w.registers, Facts: w.facts, Parties: w, Now: now, Logger: proof.Logger(w.t)}))
}

func (w *world) as(role auth.Role, side string) context.Context { return w.sides.As(role, side) }

// pool brings a provider into the pool.
func (w *world) pool(side string) register.Entry {
	w.t.Helper()
	e, err := w.service.FileSupply(w.as(auth.Operator, side), w.sides[side], "providers", json.RawMessage(`{"kind":"software"}`))
	if err != nil {
		w.t.Fatal(err)
	}
	return w.move(e, "admit", "资料齐全")
}

func (w *world) move(e register.Entry, transition, reason string) register.Entry {
	w.t.Helper()
	out, err := w.registers.Move(w.as(auth.Engineer, "h"), e.ID, transition, e.Revision, reason)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

const offer = `{"title":"注塑机设备联网网关","summary":"给老旧注塑机加装网关，自动采集产量","covers":[{"kind":"equipment-networking"}],"trades":[{"industry":"C29"}],"protocols":[{"protocol":"Modbus"}],"priceFrom":5000000}`

// offer files and publishes a supply of a provider.
func (w *world) offer(side, content string) register.Entry {
	w.t.Helper()
	e, err := w.service.FileSupply(w.as(auth.Operator, side), w.sides[side], "solutions", json.RawMessage(content))
	if err != nil {
		w.t.Fatal(err)
	}
	return w.move(e, "publish", "")
}

func brief() Brief {
	return Brief{Kind: "equipment-networking", Title: "20 台注塑机联网", Words: "车间有 20 台老旧注塑机，想自动采集产量", BudgetTo: fen(80_000)}
}

func (w *world) need(side string, b Brief) Need {
	w.t.Helper()
	n, err := w.service.File(w.as(auth.Operator, side), w.sides[side], b)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) contact(n Need, supply uuid.UUID) Contact {
	w.t.Helper()
	c, err := w.service.Contact(w.as(auth.Operator, "f"), Ask{As: w.sides["f"], Need: n.ID, Supply: supply, Words: "想了解方案"})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) step(c Contact, side string, d Do) Contact {
	w.t.Helper()
	d.As, d.Basis = w.sides[side], c.Revision
	out, err := w.service.Step(w.as(auth.Operator, side), c.ID, d)
	if err != nil {
		w.t.Fatalf("%s: %v", d.Step, err)
	}
	return out
}

func (w *world) is(err error, kind *problem.Kind) {
	w.t.Helper()
	if !errors.Is(err, kind) {
		w.t.Errorf("want %s, got %v", kind.Code(), err)
	}
}

package docking

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/client"
	"jingwei/internal/identify/handle/handletest"
	"jingwei/internal/identify/handle/server"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/outward"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Fixed keys, so that what is signed is the same at every run. They guard nothing.
var (
	below = []evidence.Signer{
		proof.Must(evidence.NewSigner("PRIVATE+KEY+plant.example/evidence+aa5e852a+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f")),
		proof.Must(evidence.NewSigner("PRIVATE+KEY+plant.example/evidence/sm2+577fea74+/2ppbmd3ZWkvc20yLXNtMy92MQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f")),
	}
	vkeys = []string{below[0].Verifier().String(), below[1].Verifier().String()}
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func guide(t testing.TB) *Guide {
	t.Helper()
	set, err := LoadGuides(os.DirFS("../../../packs"))
	must(t, err)
	return set.Get("vaa")
}

// clock is a clock that goes on when it is told to.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time      { c.mu.Lock(); defer c.mu.Unlock(); return c.at }
func (c *clock) add(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }
func newClock() *clock               { return &clock{at: time.Date(2026, 11, 21, 12, 0, 0, 0, China)} }
func id(n byte) uuid.UUID            { return uuid.UUID{15: n} }
func zh(words string) text.Text      { return text.Text{Zh: words, En: words} }
func owner(t testing.TB, org uuid.UUID) context.Context {
	return authtest.As(t.Context(), org, auth.Owner)
}

// straight brings returns to another service of the same process; down: nobody is there.
type straight struct {
	to   *Service
	down bool
	sent int
}

func (c *straight) Send(ctx context.Context, _ string, document []byte) (bool, string, error) {
	c.sent++
	if c.down {
		return false, "", fmt.Errorf("connection refused")
	}
	r, err := c.to.Take(ctx, document)
	if err != nil {
		return false, err.Error(), nil
	}
	return true, encode(r), nil
}

// room opens the room on a database.
func room(t *testing.T, db *store.DB, c *clock, fill func(*Options)) *Service {
	t.Helper()
	must(t, audit.Migrate(t.Context(), db))
	o := Options{
		DB: db, Guide: guide(t), Signers: below, Door: outward.New([]string{"top.example"}, nil), Now: c.now, Logger: proof.Logger(t),
		Holds: func(_ context.Context, org uuid.UUID, prefix string) (bool, error) {
			return org == id(9) && prefix == "88.101", nil
		},
		Prober: &Prober{Client: &client.Client{Now: time.Now, Wait: []time.Duration{100 * time.Millisecond}, Timeout: time.Second}, Now: time.Now},
	}
	if fill != nil {
		fill(&o)
	}
	s, err := New(t.Context(), o)
	must(t, err)
	return s
}

// served starts a server that holds 88.101 and its probe.
func served(t *testing.T) *handletest.Node {
	t.Helper()
	shelf := handletest.NewShelf("88.101")
	shelf.Put("88.101/probe", handletest.Text(1, "URL", "https://node.example/"))
	return handletest.Start(t, server.Config{Holdings: shelf}, nil)
}

func doors(n *handletest.Node) []string {
	return []string{Door{handle.UDP, n.UDP()}.String(), Door{handle.TCP, n.TCP()}.String(), Door{handle.HTTP, n.HTTP()}.String()}
}

// entry is what is entered of a node.
func entry(doors ...string) Entry {
	if len(doors) == 0 {
		doors = []string{"udp 127.0.0.1:9"}
	}
	return Entry{Prefix: "88.101", Role: Secondary, Name: zh("汽车行业节点"), Operator: zh("某运营公司"), Division: "440100", Keys: vkeys, Probe: "88.101/probe", Doors: doors}
}

// serving registers a node and brings it into service.
func serving(t *testing.T, s *Service, org uuid.UUID, e Entry) Node {
	t.Helper()
	n, err := s.Register(owner(t, org), org, e, "申请对接")
	must(t, err)
	for _, next := range []State{Testing, Serving} {
		n, err = s.Change(owner(t, org), n.ID, n.Revision, e, next, "对接测试通过")
		must(t, err)
	}
	return n
}

package twin_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/identify/twin"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/group"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/plant/class"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/telemetrytest"
	"jingwei/packs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	ctx   = context.Background()
	steel = uuid.MustParse("0190a0b0-0000-7000-8000-000000000001")
	mills = uuid.MustParse("0190a0b0-0000-7000-8000-000000000002")
	node  = uuid.MustParse("0190a0b0-0000-7000-8000-0000000000ff")
	may   = time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
)

// house is a node with a plant, samples, twins and a door.
type house struct {
	t      testing.TB
	mu     sync.Mutex
	clock  time.Time
	db     *store.DB
	plant  *plant.Service
	tele   *telemetrytest.Store
	twin   *twin.Service
	log    *evidence.Log
	book   *group.Book
	server *httptest.Server
	live   *api.Server
}

const origin = "plant.example/evidence"

// A fixed key, so that what is signed is the same at every run. It guards nothing.
var key = proof.Must(evidence.NewSigner("PRIVATE+KEY+plant.example/evidence+aa5e852a+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"))

// seal puts what was committed into the evidence log and signs it.
func (h *house) seal() {
	h.t.Helper()
	if err := h.book.Seal(ctx); err != nil {
		h.t.Fatal(err)
	}
	must[evidence.Checkpoint](h.t)(h.log.Publish(ctx))
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clock
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock = h.clock.Add(d)
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func open(t testing.TB, db *store.DB) *house {
	t.Helper()
	h := &house{t: t, db: db, clock: may}
	if err := audit.Migrate(ctx, db); err != nil {
		t.Fatal(err)
	}
	catalog := must[telemetry.Catalog](t)(telemetry.NewSQLCatalog(ctx, db))
	h.tele = telemetrytest.Open(t, telemetrytest.Options{Dir: t.TempDir(), Catalog: catalog, Now: h.now})
	t.Cleanup(h.tele.Close)
	templates, err := template.Load(packs.Files, "devices")
	if err != nil {
		t.Fatal(err)
	}
	classes, err := class.Load(packs.Files, "equipment")
	if err != nil {
		t.Fatal(err)
	}
	h.plant = must[*plant.Service](t)(plant.New(ctx, plant.Options{DB: db, Templates: templates, Classes: classes, Series: h.tele.Store, Now: h.now}))
	blobs := must[*blob.Store](t)(blob.Open(file.OS(), t.TempDir(), 64<<20))
	names := class.All(classes)
	h.log = must[*evidence.Log](t)(evidence.Open(evidence.Options{FS: file.OS(), Dir: t.TempDir(), Origin: origin, Keys: []evidence.Signer{key}, Now: h.now, CheckpointEvery: -1}))
	t.Cleanup(func() {
		if err := h.log.Close(); err != nil {
			t.Error(err)
		}
	})
	h.book = must[*group.Book](t)(group.OpenBook(ctx, group.Options{DB: db, Log: h.log, Node: node, Logger: proof.Logger(t)}))
	h.twin = must[*twin.Service](t)(twin.New(ctx, twin.Options{
		DB: db, Plant: h.plant, Readings: h.tele.Store, Files: blobs, Book: h.book, Now: h.now,
		Class: func(id string) text.Text { return names[id].Name },
	}))
	h.live = must[*api.Server](t)(api.New(ctx, api.Options{Auth: authtest.Sides{"steel": steel, "mills": mills}, DB: db, Now: h.now, LiveEvery: 5 * time.Millisecond}))
	h.twin.Routes(h.live)
	h.server = httptest.NewServer(h.live.Handler())
	t.Cleanup(h.server.Close)
	return h
}

func scope(org uuid.UUID) auth.Scope { return auth.System(org) }

// mill is a machine of a template, on a line of a site.
func (h *house) mill(name string) uuid.UUID {
	h.t.Helper()
	return h.machine(h.line(), name)
}

func (h *house) line() uuid.UUID {
	h.t.Helper()
	site := must[plant.Node](h.t)(h.plant.Create(ctx, scope(steel), plant.NewNode{Org: steel, Kind: plant.Site, Name: text.Text{Zh: "一厂", En: "Works 1"}}))
	line := must[plant.Node](h.t)(h.plant.Create(ctx, scope(steel), plant.NewNode{Org: steel, Kind: plant.Line, Parent: site.ID, Name: text.Text{Zh: "一线", En: "Line 1"}}))
	return line.ID
}

func (h *house) machine(line uuid.UUID, name string) uuid.UUID {
	h.t.Helper()
	m := must[plant.Node](h.t)(h.plant.Create(ctx, scope(steel), plant.NewNode{Org: steel, Kind: plant.Machine, Parent: line, Name: text.Text{Zh: name, En: name}, Template: "power-meter-steel"}))
	return m.ID
}

// send stores one value of each of a machine's float points, at the clock's time.
func (h *house) send(machine uuid.UUID, value float64) {
	h.t.Helper()
	_, points, err := h.plant.Machine(ctx, scope(steel), machine, time.Time{})
	if err != nil {
		h.t.Fatal(err)
	}
	b := &telemetry.Batch{Origin: telemetry.Measured}
	for _, p := range points {
		if ref, ok := h.tele.Lookup(p.ID); ok && p.Type == "float64" {
			b.Ref, b.Time, b.Gateway = append(b.Ref, ref), append(b.Time, h.now().UnixNano()), append(b.Gateway, h.now().UnixNano())
			b.Bits, b.Status, b.Flags = append(b.Bits, math.Float64bits(value)), append(b.Status, 0), append(b.Flags, 0)
		}
	}
	h.tele.Send(node, b)
}

// reply is what the door has answered.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) json(t testing.TB) (out map[string]any) {
	t.Helper()
	if err := json.Unmarshal(r.body, &out); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
	return out
}

// call asks the AAS API of steel as somebody ("engineer@steel"; "" for nobody).
func (h *house) call(who, method, path string, body any) reply {
	h.t.Helper()
	return h.at(who, method, twin.Prefix+steel.String()+twin.Suffix+path, body, nil)
}

func (h *house) at(who, method, path string, body any, header http.Header) reply {
	h.t.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	case []byte:
		in = bytes.NewReader(b)
	default:
		x, err := json.Marshal(b)
		if err != nil {
			h.t.Fatal(err)
		}
		in = bytes.NewReader(x)
	}
	r, err := http.NewRequest(method, h.server.URL+path, in)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for k, v := range header {
		r.Header[k] = v
	}
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+who)
	}
	a, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	return reply{a.StatusCode, a.Header, b}
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func read(t testing.TB, name string) []byte {
	t.Helper()
	return must[[]byte](t)(os.ReadFile(name))
}

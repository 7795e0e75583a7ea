package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/connect/ingest/broker"
	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/plant/class"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
	"jingwei/packs"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// node is a node of real parts: SQL, journal and telemetry on disk, plant, certificates, broker, HTTP.
type node struct {
	t            testing.TB
	dir          string
	db           *store.DB
	a, b         uuid.UUID // organisations
	sides        authtest.Sides
	siteA, siteB uuid.UUID

	log       *log.Log
	store     *telemetry.Store
	plant     *plant.Service
	board     *condition.Board
	authority *auth.Authority
	ingest    *Service
	broker    *broker.Broker
	web       *httptest.Server
	ahead     atomic.Int64 // of the node's clock
	connected map[uuid.UUID]bool
	stop      func()
}

func newNode(t testing.TB, db *store.DB) *node {
	t.Helper()
	ctx := context.Background()
	n := &node{t: t, dir: t.TempDir(), db: db, connected: map[uuid.UUID]bool{}}
	orgs := proof.Must(org.New(ctx, db, time.Now))
	if err := audit.Migrate(ctx, db); err != nil {
		t.Fatal(err)
	}
	n.a = proof.Must(orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Text{Zh: "甲厂", En: "A"}}, uuid.Nil)).ID
	n.b = proof.Must(orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Text{Zh: "乙厂", En: "B"}}, uuid.Nil)).ID
	n.sides = authtest.Sides{"a": n.a, "b": n.b}
	n.start()
	t.Cleanup(func() { n.stop() })
	n.siteA = proof.Must(n.plant.Create(ctx, auth.System(n.a), plant.NewNode{Org: n.a, Kind: plant.Site, Name: text.Both("site A")})).ID
	n.siteB = proof.Must(n.plant.Create(ctx, auth.System(n.b), plant.NewNode{Org: n.b, Kind: plant.Site, Name: text.Both("site B")})).ID
	return n
}

func (n *node) now() time.Time { return time.Now().Add(time.Duration(n.ahead.Load())) }

// start brings the node up; stop takes it down; both may be called again and again on the same data.
func (n *node) start() {
	n.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	n.log = proof.Must(log.Open(log.Options{Dir: filepath.Join(n.dir, "journal"), SegmentBytes: 1 << 20, MaxBytes: 64 << 20, Keepers: []string{telemetry.Keeper}, Logger: n.logger()}))
	n.store = proof.Must(telemetry.Open(ctx, telemetry.Options{FS: file.OS(), Dir: filepath.Join(n.dir, "telemetry"), Log: n.log, Catalog: proof.Must(telemetry.NewSQLCatalog(ctx, n.db)), NoBackground: true}))
	n.board = proof.Must(condition.New(ctx, condition.Options{DB: n.db, Now: n.now}))
	n.authority = proof.Must(auth.OpenAuthority(file.OS(), filepath.Join(n.dir, "ca"), n.now))
	n.plant = proof.Must(plant.New(ctx, plant.Options{DB: n.db, Templates: proof.Must(template.Load(packs.Files, "devices")), Classes: proof.Must(class.Load(packs.Files, "equipment")), Series: n.store,
		Now: n.now, Changed: func(org uuid.UUID) { n.ingest.Changed(org) }}))
	n.ingest = proof.Must(New(ctx, Options{DB: n.db, Authority: n.authority, Plant: PlantOf(n.plant), Telemetry: n.store, Board: n.board, Tick: 20 * time.Millisecond, Now: n.now, Logger: n.logger(),
		Connected: func(_ context.Context, machine uuid.UUID) (bool, error) { return n.connected[machine], nil },
		Endpoints: func() Endpoints { return Endpoints{MQTT: "mqtts://node:8883", HTTP: "https://node/push"} }}))
	serving := proof.Must(n.authority.Serve([]string{"127.0.0.1"})).Clone()
	serving.ClientCAs, serving.ClientAuth, serving.NextProtos = n.authority.Pool(), 3, nil // VerifyClientCertIfGiven
	n.broker = proof.Must(broker.New(broker.Options{Handler: n.ingest, Plain: "127.0.0.1:0", Secure: "127.0.0.1:0", TLS: serving, Logger: n.logger()}))
	server := proof.Must(api.New(ctx, api.Options{Auth: n.sides, DB: n.db, LiveEvery: 20 * time.Millisecond, Now: n.now}))
	n.ingest.Routes(server)
	n.web = httptest.NewServer(server.Handler())
	var work sync.WaitGroup
	ready := make(chan struct{})
	work.Go(func() { close(ready); _ = n.ingest.Run(ctx) })
	work.Go(func() { _ = n.board.Run(ctx) })
	<-ready
	if err := n.broker.Start(ctx); err != nil {
		n.t.Fatal(err)
	}
	n.stop = sync.OnceFunc(func() {
		n.web.Close()
		_ = server.Stop(ctx)
		if err := n.broker.Stop(ctx); err != nil {
			n.t.Errorf("stop the broker: %v", err)
		}
		cancel()
		work.Wait()
		if err := n.store.Close(); err != nil {
			n.t.Errorf("close telemetry: %v", err)
		}
		if err := n.log.Close(); err != nil {
			n.t.Errorf("close the journal: %v", err)
		}
	})
	n.wait("all sources are at work", func() bool {
		for _, in := range n.ingest.all() {
			if v := in.view(); v.State == Off {
				return false
			}
		}
		n.ingest.changing.Lock()
		defer n.ingest.changing.Unlock()
		return n.ingest.running != nil
	})
}

func (n *node) logger() *slog.Logger { return proof.Logger(n.t) }

func (n *node) wait(what string, cond func() bool) {
	n.t.Helper()
	proof.Wait(n.t, what, cond)
}

// as is the context of somebody.
func (n *node) as(role auth.Role, at string) context.Context { return n.sides.As(role, at) }

// source adds one, adopting under the organisation's site if adopt is set.
func (n *node) source(at, kind string, transport Transport, adopt bool) Source {
	n.t.Helper()
	q := Draft{Org: n.a, Name: text.Both(kind + " of " + at), Kind: kind, Transport: transport, Config: json.RawMessage(`{}`)}
	site := n.siteA
	if at == "b" {
		q.Org, site = n.b, n.siteB
	}
	if adopt {
		q.Adopt = site
	}
	return proof.Must(n.ingest.Create(n.as(auth.Engineer, at), q))
}

func (n *node) credential(at string, src Source, device string) Issued {
	n.t.Helper()
	return proof.Must(n.ingest.NewCredential(n.as(auth.Engineer, at), src.ID, "line 1", device, nil))
}

// machine makes a machine with points by address.
func (n *node) machine(o, site uuid.UUID, addresses ...string) uuid.UUID {
	n.t.Helper()
	var points []template.Point
	for i, a := range addresses {
		key := keyOf(a, nil)
		points = append(points, template.Point{Key: key, Name: text.Both(a), Type: "float64", Unit: "1", Address: addresses[i], Every: template.Duration(time.Second), MaxSilence: template.Duration(time.Minute)})
	}
	return proof.Must(n.plant.Create(context.Background(), auth.System(o), plant.NewNode{Org: o, Kind: plant.Machine, Parent: site, Name: text.Both("machine"), Points: points})).ID
}

// points of a machine by address.
func (n *node) points(o, machine uuid.UUID) map[string]plant.Point {
	n.t.Helper()
	_, list, err := n.plant.Machine(context.Background(), auth.System(o), machine, time.Time{})
	if err != nil {
		n.t.Fatal(err)
	}
	out := map[string]plant.Point{}
	for _, p := range list {
		out[p.Address] = p
	}
	return out
}

// samples are all of a point, by source time.
func (n *node) samples(p plant.Point) []telemetry.Sample {
	n.t.Helper()
	ref, ok := n.store.Lookup(p.ID)
	if !ok {
		n.t.Fatalf("point %s %s has no series", p.Key, p.ID)
	}
	page, err := n.store.Raw(context.Background(), ref, telemetry.Span{From: 0, To: telemetry.MaxTime}, telemetry.RawOptions{Limit: telemetry.MaxLimit, History: true})
	if err != nil {
		n.t.Fatal(err)
	}
	return page.Samples
}

// call asks the HTTP API.
func (n *node) call(token, method, path string, body any) (int, http.Header, map[string]any) {
	n.t.Helper()
	status, header, raw := n.request(token, method, "/api/v1"+path, "application/json", body)
	out := map[string]any{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &out); err != nil {
			n.t.Fatalf("%s %s: %s", method, path, raw)
		}
	}
	return status, header, out
}

func (n *node) request(token, method, path, kind string, body any) (int, http.Header, []byte) {
	n.t.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	default:
		in = bytes.NewReader(proof.Must(json.Marshal(b)))
	}
	r := proof.Must(http.NewRequest(method, n.web.URL+path, in))
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Accept-Language", "en")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Close = true
	answer, err := n.web.Client().Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode, answer.Header, proof.Must(io.ReadAll(answer.Body))
}

// put hands a value to a source as its decoder would.
func (n *node) put(src Source, device, name string, at int64, v telemetry.Value) (slot intake.Slot, err error) {
	n.t.Helper()
	in := n.ingest.inlet(src.ID)
	slots, err := in.Bind(context.Background(), device, []intake.Metric{{Name: name, Type: v.Type}})
	if err != nil {
		return slot, err
	}
	slot = slots[0]
	in.Alive(device, true, at)
	if slot.Ref == 0 {
		in.Saw(device, intake.Metric{Name: name, Type: v.Type}, at, v)
		return slot, nil
	}
	v, ok := slot.Convert(v)
	if !ok {
		n.t.Fatalf("%s does not suit its point", name)
	}
	var m intake.Message
	m.Add(slot.Ref, at, at, v, 0)
	done := make(chan error, 1)
	if err := in.run.in.Put(context.Background(), &m, func(err error) { done <- err }); err != nil {
		return slot, err
	}
	return slot, <-done
}

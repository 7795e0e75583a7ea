package census_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/connect/census"
	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/driver/modbus"
	"jingwei/internal/connect/fleet"
	"jingwei/internal/connect/ingest"
	"jingwei/internal/connect/ingest/mqttjson"
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

// node is a node of real rooms on one clock that the test sets.
type node struct {
	t         testing.TB
	db        *store.DB
	clock     atomic.Int64
	a, b      uuid.UUID
	telemetry *telemetry.Store
	plant     *plant.Service
	fleet     *fleet.Service
	sources   *ingest.Service
	census    *census.Service
	web       *httptest.Server
	epoch     uint64
}

func (n *node) now() time.Time { return time.Unix(0, n.clock.Load()).UTC() }

// on sets the clock to noon of a day in Shanghai.
func (n *node) on(day string) time.Time {
	t := proof.Must(time.ParseInLocation("2006-01-02 15:04", day+" 12:00", census.Zone))
	n.clock.Store(t.UnixNano())
	return t
}

func newNode(t testing.TB, db *store.DB, catalog telemetry.Catalog) *node {
	t.Helper()
	ctx := context.Background()
	n := &node{t: t, db: db}
	n.on("2026-05-04")
	orgs := proof.Must(org.New(ctx, db, n.now))
	if err := audit.Migrate(ctx, db); err != nil {
		t.Fatal(err)
	}
	n.a = proof.Must(orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Text{Zh: "甲厂", En: "A"}}, uuid.Nil)).ID
	n.b = proof.Must(orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Text{Zh: "乙厂", En: "B"}}, uuid.Nil)).ID
	journal := proof.Must(log.Open(log.Options{Dir: filepath.Join(t.TempDir(), "journal"), SegmentBytes: 16 << 20, MaxBytes: 256 << 20, Keepers: []string{telemetry.Keeper}, Now: n.now}))
	if catalog == nil {
		catalog = proof.Must(telemetry.NewSQLCatalog(ctx, db))
	}
	n.telemetry = proof.Must(telemetry.Open(ctx, telemetry.Options{FS: file.OS(), Dir: filepath.Join(t.TempDir(), "telemetry"), Log: journal, Catalog: catalog, Now: n.now, NoBackground: true}))
	people := proof.Must(auth.New(ctx, auth.Options{DB: db, Orgs: orgs, Now: n.now}))
	authority := proof.Must(auth.OpenAuthority(file.OS(), t.TempDir(), n.now))
	board := proof.Must(condition.New(ctx, condition.Options{DB: db, Now: n.now}))
	n.plant = proof.Must(plant.New(ctx, plant.Options{DB: db, Templates: proof.Must(template.Load(packs.Files, "devices")), Classes: proof.Must(class.Load(packs.Files, "equipment")), Series: n.telemetry, Now: n.now}))
	n.fleet = proof.Must(fleet.New(ctx, fleet.Options{DB: db, Certificates: people, Authority: authority, TLS: proof.Must(authority.Serve([]string{"127.0.0.1"})), Plant: fleet.PlantOf(n.plant),
		Telemetry: n.telemetry, Board: board, Drivers: map[string]driver.Driver{"modbus": modbus.New()}, Node: uuid.New(), Now: n.now,
		URL: func() string { return "" }, Link: func() string { return "" }}))
	n.sources = proof.Must(ingest.New(ctx, ingest.Options{DB: db, Authority: authority, Plant: ingest.PlantOf(n.plant), Telemetry: n.telemetry, Board: board, Connected: n.fleet.Connected, Tick: time.Millisecond, Now: n.now}))
	n.census = census.New(census.Options{Plant: census.PlantOf(n.plant), Doors: []census.Door{census.FleetOf(n.fleet), census.SourcesOf(n.sources)}, Telemetry: n.telemetry, Orgs: orgs, Now: n.now})
	server := proof.Must(api.New(ctx, api.Options{DB: db, Now: n.now, Auth: authtest.Callers{
		"a":    authtest.Person("a", map[uuid.UUID]auth.Role{n.a: auth.Viewer}),
		"b":    authtest.Person("b", map[uuid.UUID]auth.Role{n.b: auth.Viewer}),
		"both": authtest.Person("both", map[uuid.UUID]auth.Role{n.a: auth.Viewer, n.b: auth.Engineer}),
		"none": authtest.Person("none", map[uuid.UUID]auth.Role{n.a: auth.Monitor}),
	}}))
	n.census.Routes(server)
	n.sources.Routes(server)
	n.web = httptest.NewServer(server.Handler())
	t.Cleanup(func() {
		n.web.Close()
		_ = server.Stop(ctx)
		if err := n.telemetry.Close(); err != nil {
			t.Error(err)
		}
		if err := journal.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// as is an engineer of an organisation.
func (n *node) as(o uuid.UUID) context.Context {
	return authtest.As(context.Background(), o, auth.Engineer)
}

func (n *node) place(o uuid.UUID, kind plant.Kind, parent uuid.UUID, name string) uuid.UUID {
	n.t.Helper()
	return proof.Must(n.plant.Create(context.Background(), auth.System(o), plant.NewNode{Org: o, Kind: kind, Parent: parent, Name: text.Both(name)})).ID
}

// machine makes a machine with as many points.
func (n *node) machine(o, parent uuid.UUID, name, class string, points int) uuid.UUID {
	n.t.Helper()
	var list []template.Point
	for i := range points {
		list = append(list, template.Point{Key: fmt.Sprintf("p%d", i), Name: text.Both("point"), Type: "float64", Unit: "1", Address: fmt.Sprintf("holding:%d", 2*i), Encoding: "f32",
			Every: template.Duration(time.Second), MaxSilence: template.Duration(time.Minute)})
	}
	return proof.Must(n.plant.Create(context.Background(), auth.System(o), plant.NewNode{Org: o, Kind: plant.Machine, Parent: parent, Name: text.Both(name), Class: class, Points: list})).ID
}

// link makes a gateway with a Modbus link.
func (n *node) link(o uuid.UUID, name string) (gateway, link uuid.UUID) {
	n.t.Helper()
	g := proof.Must(n.fleet.Create(n.as(o), o, text.Both(name), uuid.Nil))
	return g.ID, proof.Must(n.fleet.AddLink(n.as(o), g.ID, text.Both("line"), "modbus", json.RawMessage(`{"address":"10.0.0.7"}`))).ID
}

func (n *node) source(o uuid.UUID, kind string, transport ingest.Transport) uuid.UUID {
	n.t.Helper()
	config := json.RawMessage(`{}`)
	if kind == "mqtt" {
		config = mqttjson.Presets()[0].Config
	}
	return proof.Must(n.sources.Create(n.as(o), ingest.Draft{Org: o, Name: text.Both(kind), Kind: kind, Transport: transport, Config: config})).ID
}

// tell stores a sample of a machine's point.
func (n *node) tell(o, machine uuid.UUID, point int, at time.Time, status telemetry.Status, origin telemetry.Origin) {
	n.t.Helper()
	_, points, err := n.plant.Machine(context.Background(), auth.System(o), machine, time.Time{})
	if err != nil {
		n.t.Fatal(err)
	}
	ref, ok := n.telemetry.Lookup(points[point].ID)
	if !ok {
		n.t.Fatalf("point %d of %s is not declared", point, machine)
	}
	n.append(&telemetry.Batch{Origin: origin, Ref: []telemetry.Ref{ref}, Time: []int64{at.UnixNano()}, Gateway: []int64{at.UnixNano()}, Bits: []uint64{1}, Status: []telemetry.Status{status}})
}

func (n *node) append(b *telemetry.Batch) {
	n.t.Helper()
	n.epoch++
	done := make(chan error, 1)
	if err := n.telemetry.Append(context.Background(), uuid.MustParse("01980000-0000-7000-8000-0000000000cc"), 1, n.epoch, b, func(_ telemetry.Receipt, err error) { done <- err }); err != nil {
		n.t.Fatal(err)
	}
	if err := <-done; err != nil {
		n.t.Fatal(err)
	}
}

// get asks as somebody and returns the answer.
func (n *node) get(who, query string, header ...string) (int, http.Header, []byte) {
	n.t.Helper()
	r := proof.Must(http.NewRequest(http.MethodGet, n.web.URL+"/api/v1/scale"+query, nil))
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+who)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer := proof.Must(n.web.Client().Do(r))
	defer answer.Body.Close()
	return answer.StatusCode, answer.Header, proof.Must(io.ReadAll(answer.Body))
}

// scale asks for the figures.
func (n *node) scale(who, query string) census.View {
	n.t.Helper()
	status, _, body := n.get(who, query)
	if status != http.StatusOK {
		n.t.Fatalf("%s as %s: %d %s", query, who, status, body)
	}
	var v census.View
	if err := json.Unmarshal(body, &v); err != nil {
		n.t.Fatal(err)
	}
	return v
}

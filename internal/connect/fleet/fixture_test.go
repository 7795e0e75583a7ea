package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	mb "github.com/simonvetter/modbus"
	"go.uber.org/goleak"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/driver/modbus"
	"jingwei/internal/connect/gateway"
	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
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
	"jingwei/internal/peertest"
	"jingwei/internal/telemetry"
)

// TestMain runs a gateway process of its own when a test has started this binary for one.
func TestMain(m *testing.M) {
	if o := os.Getenv("FLEET_TEST_GATEWAY"); o != "" {
		dir, code, _ := strings.Cut(o, " ")
		err := gateway.Run(context.Background(), gatewayOptions(dir, code))
		fmt.Fprintln(os.Stderr, "gateway:", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

func gatewayOptions(dir, code string) gateway.Options {
	return gateway.Options{DataDir: dir, Code: code, Drivers: drivers(), Version: "jingwei test", SpoolBytes: 16 << 20, Interval: 10 * time.Millisecond,
		StatusEvery: 50 * time.Millisecond, MinWait: 10 * time.Millisecond, MaxWait: 100 * time.Millisecond}
}

func drivers() map[string]driver.Driver {
	return map[string]driver.Driver{"modbus": modbus.New(), "lab": laboratory}
}

// fakePlant is a plant of machines and points, as plant.Service answers them.
type fakePlant struct {
	mu     sync.Mutex
	owner  map[uuid.UUID]uuid.UUID
	points map[uuid.UUID][]Point
	sites  map[uuid.UUID]uuid.UUID
}

func (p *fakePlant) Owner(_ context.Context, scope auth.Scope, machine uuid.UUID) (uuid.UUID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o, ok := p.owner[machine]
	if !ok || !scope.Includes(o) {
		return uuid.Nil, store.ErrNotFound
	}
	return o, nil
}

func (p *fakePlant) Points(_ context.Context, scope auth.Scope, machine uuid.UUID) ([]Point, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o, ok := p.owner[machine]; !ok || !scope.Includes(o) {
		return nil, store.ErrNotFound
	}
	return append([]Point(nil), p.points[machine]...), nil
}

func (p *fakePlant) Site(_ context.Context, scope auth.Scope, id uuid.UUID) (bool, error) {
	o, ok := p.sites[id]
	return ok && scope.Includes(o), nil
}

// node is a node of real parts: SQL, journal, telemetry on disk, certificates, HTTPS, link listener.
type node struct {
	t     testing.TB
	dir   string
	db    *store.DB
	auth  *auth.Service
	plant *fakePlant
	a, b  uuid.UUID // organisations
	sides authtest.Sides
	http  string
	link  string

	log   *log.Log
	store *telemetry.Store
	cat   *telemetry.MemoryCatalog
	board *condition.Board
	fleet *Service
	stop  func()
}

func newNode(t testing.TB, db *store.DB) *node {
	t.Helper()
	ctx := context.Background()
	n := &node{t: t, dir: t.TempDir(), db: db, cat: &telemetry.MemoryCatalog{}, http: peertest.Port(t), link: peertest.Port(t),
		plant: &fakePlant{owner: map[uuid.UUID]uuid.UUID{}, points: map[uuid.UUID][]Point{}, sites: map[uuid.UUID]uuid.UUID{}}}
	orgs := proof.Must(org.New(ctx, db, time.Now))
	n.auth = proof.Must(auth.New(ctx, auth.Options{DB: db, Orgs: orgs, Now: time.Now}))
	if err := audit.Migrate(ctx, db); err != nil {
		t.Fatal(err)
	}
	n.a = proof.Must(orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Text{Zh: "甲厂", En: "A"}}, uuid.Nil)).ID
	n.b = proof.Must(orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Text{Zh: "乙厂", En: "B"}}, uuid.Nil)).ID
	n.sides = authtest.Sides{"a": n.a, "b": n.b}
	n.start()
	t.Cleanup(func() { n.stop() })
	return n
}

func listen(t testing.TB, address string) net.Listener {
	var ln net.Listener
	proof.Wait(t, "port "+address+" is free", func() bool { var err error; ln, err = net.Listen("tcp", address); return err == nil })
	return ln
}

// start brings the node up; stop takes it down; both may be called again and again on the same data.
func (n *node) start() {
	n.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	n.log = proof.Must(log.Open(log.Options{Dir: filepath.Join(n.dir, "journal"), SegmentBytes: 1 << 20, MaxBytes: 64 << 20, Keepers: []string{telemetry.Keeper}, Logger: n.logger()}))
	n.store = proof.Must(telemetry.Open(ctx, telemetry.Options{FS: file.OS(), Dir: filepath.Join(n.dir, "telemetry"), Log: n.log, Catalog: n.cat, NoBackground: true}))
	n.board = proof.Must(condition.New(ctx, condition.Options{DB: n.db, Now: time.Now}))
	ca := proof.Must(auth.OpenAuthority(file.OS(), filepath.Join(n.dir, "ca"), time.Now))
	n.fleet = proof.Must(New(ctx, Options{DB: n.db, Certificates: n.auth, Authority: ca, TLS: proof.Must(ca.Serve([]string{"127.0.0.1"})), Plant: n.plant, Telemetry: n.store, Board: n.board, Drivers: drivers(),
		Node: uuid.MustParse("01980000-0000-7000-8000-000000000001"), NodeName: "test node", Version: "jingwei test", URL: func() string { return "https://" + n.http },
		Link: func() string { return "0.0.0.0:" + port(n.link) }, Grace: 200 * time.Millisecond, Logger: n.logger(),
		Limits: federate.Limits{PingEvery: 50 * time.Millisecond, DeadAfter: 2 * time.Second}}))
	server := proof.Must(api.New(ctx, api.Options{Auth: n.sides, DB: n.db, LiveEvery: 20 * time.Millisecond}))
	n.fleet.Routes(server)
	web := &http.Server{Handler: server.Handler(), TLSConfig: proof.Must(ca.Serve([]string{"127.0.0.1"})), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	webListener, linkListener := listen(n.t, n.http), listen(n.t, n.link)
	var work sync.WaitGroup
	work.Go(func() { _ = web.ServeTLS(webListener, "", "") })
	work.Go(func() {
		if err := n.fleet.Serve(ctx, linkListener); err != nil {
			n.t.Errorf("serve links: %v", err)
		}
	})
	work.Go(func() { _ = n.fleet.Run(ctx) })
	work.Go(func() { _ = n.board.Run(ctx) })
	n.stop = sync.OnceFunc(func() {
		cancel()
		_ = web.Close()
		work.Wait()
		if err := n.store.Close(); err != nil {
			n.t.Errorf("close telemetry: %v", err)
		}
		if err := n.log.Close(); err != nil {
			n.t.Errorf("close the journal: %v", err)
		}
	})
}

func port(address string) string { _, p, _ := net.SplitHostPort(address); return p }

func (n *node) logger() *slog.Logger { return proof.Logger(n.t) }

// as is the context of somebody.
func (n *node) as(role auth.Role, at string) context.Context { return n.sides.As(role, at) }

// machine makes a machine with holding registers 0.. as int64 points, and declares their series.
func (n *node) machine(o uuid.UUID, points int, every time.Duration) (uuid.UUID, []uuid.UUID) {
	n.t.Helper()
	id := uuid.Must(uuid.NewV7())
	var ids []uuid.UUID
	var list []Point
	var d []telemetry.Declaration
	for i := range points {
		series := uuid.Must(uuid.NewV7())
		ids = append(ids, series)
		list = append(list, Point{Key: fmt.Sprintf("p%d", i), Point: document.Point{Series: series, Address: fmt.Sprintf("holding:%d", i*2), Encoding: "u32", Type: "int64",
			EveryMs: every.Milliseconds(), MaxSilence: 60000}})
		d = append(d, telemetry.Declaration{ID: series, Org: o, Type: telemetry.Int64, Unit: "1", Report: telemetry.Periodic, MaxSilence: time.Minute})
	}
	if _, err := n.store.Declare(context.Background(), d); err != nil {
		n.t.Fatal(err)
	}
	n.plant.mu.Lock()
	n.plant.owner[id], n.plant.points[id] = o, list
	n.plant.mu.Unlock()
	return id, ids
}

// samples are all of a series, by source time.
func (n *node) samples(series uuid.UUID) []telemetry.Sample {
	n.t.Helper()
	ref, ok := n.store.Lookup(series)
	if !ok {
		n.t.Fatalf("series %s is not known", series)
	}
	page, err := n.store.Raw(context.Background(), ref, telemetry.Span{From: 0, To: telemetry.MaxTime}, telemetry.RawOptions{Limit: telemetry.MaxLimit, History: true})
	if err != nil {
		n.t.Fatal(err)
	}
	return page.Samples
}

// meter is a Modbus device: every read of two registers gives the next number of that address.
type meter struct {
	mu   sync.Mutex
	n    map[uint16]uint32
	addr string
}

func startMeter(t testing.TB) *meter {
	m := &meter{n: map[uint16]uint32{}, addr: peertest.Port(t)}
	s := proof.Must(mb.NewServer(&mb.ServerConfiguration{URL: "tcp://" + m.addr, Timeout: 30 * time.Second, MaxClients: 5}, m))
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(); time.Sleep(20 * time.Millisecond) })
	return m
}

func (m *meter) HandleCoils(*mb.CoilsRequest) ([]bool, error) { return nil, mb.ErrIllegalFunction }
func (m *meter) HandleDiscreteInputs(*mb.DiscreteInputsRequest) ([]bool, error) {
	return nil, mb.ErrIllegalFunction
}
func (m *meter) HandleInputRegisters(*mb.InputRegistersRequest) ([]uint16, error) {
	return nil, mb.ErrIllegalFunction
}

func (m *meter) HandleHoldingRegisters(r *mb.HoldingRegistersRequest) ([]uint16, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]uint16, r.Quantity)
	for i := range out {
		at := (r.Addr + uint16(i)) / 2
		if (r.Addr+uint16(i))%2 == 0 {
			m.n[at]++
			out[i] = uint16(m.n[at] >> 16)
		} else {
			out[i] = uint16(m.n[at])
		}
	}
	return out, nil
}

func (m *meter) read(at uint16) uint32 { m.mu.Lock(); defer m.mu.Unlock(); return m.n[at] }

func (m *meter) config() json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"address":%q}`, m.addr))
}

// startGateway runs a gateway in this process.
func startGateway(t testing.TB, dir, code string) (stop func() error) {
	t.Helper()
	o := gatewayOptions(dir, code)
	o.Logger = proof.Logger(t)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- gateway.Run(ctx, o) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	return stop
}

// runToItsEnd runs a gateway that is to end by itself.
func runToItsEnd(t testing.TB, dir, code string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err := gateway.Run(ctx, gatewayOptions(dir, code))
	if ctx.Err() != nil {
		t.Error("it did not end by itself")
	}
	return err
}

// spawnGateway runs a gateway as a process of its own, to be killed.
func spawnGateway(t testing.TB, dir, code string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "FLEET_TEST_GATEWAY="+dir+" "+code)
	if testing.Verbose() {
		cmd.Stderr = os.Stderr
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}

// call asks the HTTP API over HTTPS.
func (n *node) call(token, method, path string, body any, header http.Header) (int, http.Header, map[string]any) {
	n.t.Helper()
	var in io.Reader
	if body != nil {
		in = bytes.NewReader(proof.Must(json.Marshal(body)))
	}
	r := proof.Must(http.NewRequest(method, "https://"+n.http+"/api/v1"+path, in))
	for k, v := range header {
		r.Header[k] = v
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept-Language", "en")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{TLSClientConfig: insecure(), DisableKeepAlives: true}
	answer, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	defer answer.Body.Close()
	raw := proof.Must(io.ReadAll(answer.Body))
	out := map[string]any{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &out); err != nil {
			n.t.Fatalf("%s %s: %s", method, path, raw)
		}
	}
	return answer.StatusCode, answer.Header, out
}

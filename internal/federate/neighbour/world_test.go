package neighbour

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"go.uber.org/goleak"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

var fast = federate.Limits{PingEvery: 50 * time.Millisecond, DeadAfter: 2 * time.Second}

// board keeps the conditions that stand.
type board struct {
	mu    sync.Mutex
	stand map[string]condition.Condition
}

func (b *board) Raise(_ context.Context, c condition.Condition) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stand[c.Kind+" "+c.Subject] = c
}

func (b *board) Clear(_ context.Context, kind, subject string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.stand, kind+" "+subject)
}

func (b *board) has(kind, subject string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.stand[kind+" "+subject]
	return ok
}

// node is one node with its listener; stop and start are a restart.
type node struct {
	t         testing.TB
	id        uuid.UUID
	name      string
	db        *store.DB
	dir       string
	authority *auth.Authority
	board     *board
	org       org.Org
	off       time.Duration // of its clock
	whole     int           // records that keep their bytes

	orgs *org.Service
	s    *Service
	http *httptest.Server
	addr string

	mu      sync.Mutex
	conns   map[net.Conn]bool // that it dialled
	epochs  []uuid.UUID
	prepare func(*node) // handlers and hooks, before it runs
	cancel  context.CancelFunc
	work    sync.WaitGroup
}

func (n *node) now() time.Time { return time.Now().Add(n.off) }

// newNode makes a node with one organisation.
func newNode(t testing.TB, db *store.DB, name string, prepare func(*node)) *node {
	n := &node{t: t, id: uuid.Must(uuid.NewV7()), name: name, db: db, dir: t.TempDir(), board: &board{stand: map[string]condition.Condition{}}, conns: map[net.Conn]bool{}, prepare: prepare}
	if err := audit.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	n.authority = proof.Must(auth.OpenAuthority(file.OS(), n.dir, time.Now))
	n.addr = "127.0.0.1:0"
	n.http = httptest.NewUnstartedServer(http.HandlerFunc(n.serveEnrol))
	serving := proof.Must(n.authority.Serve([]string{"127.0.0.1"}))
	n.http.TLS = &tls.Config{Certificates: []tls.Certificate{*proof.Must(serving.GetCertificate(nil))}}
	n.http.StartTLS()
	t.Cleanup(n.http.Close)
	n.start()
	n.org = proof.Must(n.orgs.Create(t.Context(), org.Org{Kind: org.Enterprise, Name: text.Both(name), Home: true}, uuid.Nil))
	t.Cleanup(n.stop)
	return n
}

func (n *node) serveEnrol(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Secret, CSR string
		Node        Introduction
	}
	raw, _ := io.ReadAll(r.Body)
	if r.URL.Path != "/api/v1/neighbours/enrol" || json.Unmarshal(raw, &body) != nil {
		w.WriteHeader(404)
		return
	}
	e, err := n.s.enrol(r.Context(), body.Secret, []byte(body.CSR), body.Node)
	if err != nil {
		code, _ := codeOf(err)
		w.WriteHeader(403)
		_, _ = fmt.Fprintf(w, `{"code":%q,"detail":%q}`, code, err.Error())
		return
	}
	_ = json.NewEncoder(w).Encode(e)
}

// noGateways is a host without gateways.
type noGateways struct{}

func (noGateways) Admit(federate.Visit) error {
	return &federate.Goodbye{Code: federate.CodeIdentity, Text: "no gateways here"}
}
func (noGateways) Began(*federate.Session, bool)  {}
func (noGateways) Ended(*federate.Session, error) {}
func (noGateways) Control(context.Context, *federate.Session, *federate.Desk) error {
	return nil
}
func (noGateways) Stream(*federate.Session) federate.ReceiverOptions {
	return federate.ReceiverOptions{Resolve: func(uuid.UUID, telemetry.Type) (telemetry.Ref, federate.Reason) { return 0, federate.ReasonUnknown }}
}

func (n *node) start() {
	t := n.t
	ctx, cancel := context.WithCancel(context.Background())
	n.cancel = cancel
	n.orgs = proof.Must(org.New(ctx, n.db, n.now))
	n.orgs.SetNode(n.id, n.name+"+key")
	people := proof.Must(auth.New(ctx, auth.Options{DB: n.db, Orgs: n.orgs, Now: n.now}))
	log := proof.Logger(t).With("at", n.name)
	n.s = proof.Must(New(ctx, Options{DB: n.db, Orgs: n.orgs, Certificates: people, Authority: n.authority, Board: n.board, FS: file.OS(), Dir: n.dir + "/neighbours",
		Node: n.id, NodeName: n.name, Key: n.name + "+key", Version: "test", URL: func() string { return n.http.URL }, Link: func() string { return n.addr },
		Limits: fast, MinWait: 10 * time.Millisecond, MaxWait: 100 * time.Millisecond, AskTime: 3 * time.Second, Whole: n.whole, Network: n.dial, Now: n.now, Logger: log}))
	n.s.OnEpoch(func(_ context.Context, id uuid.UUID) error {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.epochs = append(n.epochs, id)
		return nil
	})
	if n.prepare != nil {
		n.prepare(n)
	}
	ln := proof.Must(net.Listen("tcp", n.addr))
	n.addr = ln.Addr().String()
	serving := proof.Must(n.authority.Serve([]string{"127.0.0.1"}))
	serving.ClientCAs = n.authority.Pool()
	l := &federate.Listener{Node: n.id, Instance: uuid.New(), Software: "test", TLS: serving, Host: noGateways{}, Nodes: n.s.Host(), Limits: fast, Now: n.now, Logger: log, Packer: n.s.packer}
	n.work.Go(func() { _ = l.Serve(ctx, ln) })
	n.work.Go(func() { _ = n.s.Run(ctx) })
}

func (n *node) stop() {
	n.cancel()
	n.work.Wait()
}

func (n *node) restart() {
	n.stop()
	n.start()
}

func (n *node) dial(ctx context.Context, address string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err == nil {
		n.mu.Lock()
		n.conns[c] = true
		n.mu.Unlock()
	}
	return c, err
}

// cut breaks every connection that the node has dialled.
func (n *node) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.conns {
		_ = c.Close()
		delete(n.conns, c)
	}
}

// link has a node join another.
func link(giver, taker *node) {
	t := giver.t
	t.Helper()
	v := proof.Must(taker.s.Invite(auth.AsSystem(t.Context(), "test"), giver.name, uuid.Nil))
	_ = proof.Must(giver.s.Join(auth.AsSystem(t.Context(), "test"), v.Code))
	linked(giver, taker)
}

func (n *node) linkedTo(o *node, way Way) bool {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	p := n.s.peers[peerKey{o.id, way}]
	return p != nil && p.session != nil
}

func linked(giver, taker *node) {
	giver.t.Helper()
	proof.Wait(giver.t, "the two are linked", func() bool { return giver.linkedTo(taker, Up) && taker.linkedTo(giver, Down) })
}

func terms(giver, taker *node) org.Agreement {
	return org.Agreement{Kind: "parent", Giver: org.Party{Node: giver.id, Org: giver.org.ID}, Taker: org.Party{Node: taker.id, Org: taker.org.ID}, Figures: []string{"energy"},
		Detail: org.DetailEnterprise, Drill: org.LevelReadings, Onward: org.LevelReadings, Span: org.Span{To: time.Now().AddDate(1, 0, 0).UnixNano()}, Purpose: "statistics", Words: "monthly figures"}
}

// agree makes an agreement between two linked nodes: the taker asks, the giver accepts.
func agree(giver, taker *node) uuid.UUID {
	t := giver.t
	t.Helper()
	a := proof.Must(taker.orgs.RequestAgreement(t.Context(), terms(giver, taker), "taker's owner"))
	proof.Wait(t, "the giver has heard of it", func() bool { _, err := giver.orgs.Agreement(t.Context(), a.ID); return err == nil })
	_ = proof.Must(giver.orgs.AcceptAgreement(t.Context(), a.ID, org.Giver, 1, "giver's owner"))
	proof.Wait(t, "the taker has heard of it", func() bool { return taker.active(a.ID) })
	return a.ID
}

func (n *node) active(id uuid.UUID) bool {
	a, err := n.orgs.Agreement(n.t.Context(), id)
	return err == nil && a.State(n.now().UnixNano()) == org.AgreementActive
}

// put gives records whose bytes follow from their numbers.
func (n *node) put(id uuid.UUID, from, to int) {
	n.t.Helper()
	var list [][]byte
	for i := from; i <= to; i++ {
		list = append(list, body(i))
	}
	err := n.db.InTx(n.t.Context(), func(ctx context.Context, tx bun.Tx) error { return n.s.Put(ctx, tx, id, list) })
	if err != nil {
		n.t.Fatal(err)
	}
}

func body(i int) []byte { return fmt.Appendf(nil, "record %d of a stream", i) }

func (n *node) stream(id uuid.UUID) Stream {
	st, err := n.s.Stream(n.t.Context(), id)
	if err != nil {
		n.t.Fatal(err)
	}
	return st
}

// has waits until the taker holds records 1 to last of an epoch, and checks them.
func (n *node) has(id uuid.UUID, epoch uint64, last int) {
	n.t.Helper()
	proof.Wait(n.t, fmt.Sprintf("%s holds record %d of epoch %d", n.name, last, epoch), func() bool {
		st := n.stream(id)
		return st.Epoch == epoch && st.Last == uint64(last)
	})
	at := uint64(0)
	for {
		list, err := n.s.Incoming(n.t.Context(), id, epoch, at, 1000)
		if err != nil {
			n.t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
		for _, r := range list {
			if at++; r.Seq != at || string(r.Bytes) != string(body(int(at))) {
				n.t.Fatalf("record %d: %d %q", at, r.Seq, r.Bytes)
			}
		}
	}
	if at != uint64(last) {
		n.t.Fatalf("%d records, want %d", at, last)
	}
}

func (n *node) exec(query string, args ...any) {
	n.t.Helper()
	err := n.db.InTx(n.t.Context(), func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw(query, args...).Exec(ctx)
		if err == nil {
			if k, _ := res.RowsAffected(); k == 0 {
				return fmt.Errorf("nothing changed by %s", query)
			}
		}
		return err
	})
	if err != nil {
		n.t.Fatal(err)
	}
}

// pair runs a test with two linked nodes and an agreement, on both engines.
func pair(t *testing.T, test func(giver, taker *node, id uuid.UUID)) {
	for engine, open := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(engine, func(t *testing.T) {
			giver, taker := newNode(t, open(t), "giver", nil), newNode(t, open(t), "taker", nil)
			link(giver, taker)
			test(giver, taker, agree(giver, taker))
		})
	}
}

func problemCatalogue() (*problem.Catalogue, error) { return problem.ReadCatalogue(texts, "texts") }

package ingest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"jingwei/internal/connect/ingest/sparkplug"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// jsonSource takes devices/{device}/telemetry.
func (n *node) jsonSource(at string, adopt bool) Source {
	n.t.Helper()
	q := Draft{Org: n.a, Name: text.Both("json of " + at), Kind: "mqtt", Transport: Broker, Config: json.RawMessage(`{"mappings":[{"topic":"devices/{device}/telemetry","time":{"path":"$.time"},"exclude":["time"]}]}`)}
	site := n.siteA
	if at == "b" {
		q.Org, site = n.b, n.siteB
	}
	if adopt {
		q.Adopt = site
	}
	return proof.Must(n.ingest.Create(n.as(auth.Engineer, at), q))
}

// client is a paho client without its own reconnection.
type client struct {
	mqtt.Client
	lost chan error
	got  chan mqtt.Message
}

func (n *node) options(id string) (*mqtt.ClientOptions, *client) {
	c := &client{lost: make(chan error, 1), got: make(chan mqtt.Message, 100)}
	return mqtt.NewClientOptions().AddBroker("tcp://" + n.broker.Plain().String()).SetClientID(id).SetAutoReconnect(false).SetConnectRetry(false).
		SetConnectTimeout(5 * time.Second).SetProtocolVersion(4).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { c.lost <- err }).
		SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { c.got <- m }), c
}

// dial signs in; the error is the broker's refusal.
func (n *node) dial(id, user, password string) (*client, error) {
	n.t.Helper()
	o, c := n.options(id)
	return n.connect(o.SetUsername(user).SetPassword(password), c)
}

func (n *node) connect(o *mqtt.ClientOptions, c *client) (*client, error) {
	n.t.Helper()
	c.Client = mqtt.NewClient(o)
	t := c.Connect()
	if !t.WaitTimeout(10 * time.Second) {
		n.t.Fatal("no answer to CONNECT")
	}
	if t.Error() == nil {
		n.t.Cleanup(func() { c.Disconnect(0) })
	}
	return c, t.Error()
}

func (c *client) publish(topic string, payload any) error {
	t := c.Publish(topic, 1, false, payload)
	if !t.WaitTimeout(10 * time.Second) {
		return errors.New("no PUBACK")
	}
	return t.Error()
}

func TestAdoptionOverMQTTOnBothEngines(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		srcA, srcB := n.jsonSource("a", true), n.jsonSource("b", true)
		credA, credB := n.credential("a", srcA, ""), n.credential("b", srcB, "")
		const topic = "devices/oven 1/telemetry" // the same for both: only the credential tells the tenant
		at := time.Now().Truncate(time.Millisecond)
		send := func(c Issued, client string, value float64, at time.Time) {
			t.Helper()
			p := proof.Must(n.dial(client, c.ID.String(), c.Secret))
			if err := p.publish(topic, fmt.Sprintf(`{"temp":%g,"on":true,"recipe":"P7","time":%q}`, value, at.Format(time.RFC3339Nano))); err != nil {
				t.Fatal(err)
			}
			p.Disconnect(100)
		}
		send(credA, "same client", 180.5, at)
		send(credB, "same client", 20.25, at)
		a, b := n.ingest.inlet(srcA.ID).feeds["oven 1"], n.ingest.inlet(srcB.ID).feeds["oven 1"]
		if a.Org != n.a || b.Org != n.b || a.Machine == b.Machine {
			t.Fatalf("feeds %+v %+v", a, b)
		}
		pa, pb := n.points(n.a, a.Machine), n.points(n.b, b.Machine)
		if len(pa) != 3 || pa["temp"].Type != "float64" || pa["on"].Type != "bool" || pa["recipe"].Type != "string" {
			t.Fatalf("points %+v", pa)
		}
		if s := n.samples(pa["temp"]); len(s) != 1 || s[0].Value != float(180.5) || s[0].Time != at.UnixNano() {
			t.Errorf("A's samples %+v", s)
		}
		if s := n.samples(pb["temp"]); len(s) != 1 || s[0].Value != float(20.25) {
			t.Errorf("B's samples %+v", s)
		}
		if s := n.samples(pa["recipe"]); len(s) != 1 || s[0].Value.Text != "P7" {
			t.Errorf("texts %+v", s)
		}
		// A restart: the same machine and series, a new epoch.
		before, _ := n.store.LastSeq(srcA.ID)
		n.stop()
		n.start()
		send(credA, "same client", 181, at.Add(time.Second))
		if epoch, _ := n.store.LastSeq(srcA.ID); epoch <= before || before == 0 {
			t.Errorf("epoch %d after %d", epoch, before)
		}
		if s := n.samples(pa["temp"]); len(s) != 2 || n.ingest.inlet(srcA.ID).feeds["oven 1"].Machine != a.Machine {
			t.Errorf("after a restart %+v", s)
		}
		if nodes := len(proof.Must(PlantOf(n.plant).Versions(context.Background(), auth.System(n.a)))); nodes != 1 {
			t.Errorf("%d machines in A", nodes)
		}
	})
}

func TestCredentialsAtTheBroker(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	ctx := n.as(auth.Engineer, "a")
	src := n.jsonSource("a", true)
	pushed := n.credential("a", n.source("a", "push", HTTP, false), "")
	c, only := n.credential("a", src, ""), n.credential("a", src, "oven 1")
	for what, q := range map[string][2]string{"a wrong secret": {c.ID.String(), "wrong"}, "an unknown credential": {src.ID.String(), c.Secret}, "nothing": {"", ""},
		"one of a push source": {pushed.ID.String(), pushed.Secret}} {
		if _, err := n.dial("x", q[0], q[1]); err == nil {
			t.Errorf("%s was let in", what)
		}
	}
	// A credential for one device publishes for no other: the connection ends, and nothing is stored.
	p := proof.Must(n.dial("limited", only.ID.String(), only.Secret))
	if err := p.publish("devices/oven 1/telemetry", `{"temp":1}`); err != nil {
		t.Fatal(err)
	}
	p.Publish("devices/oven 2/telemetry", 1, false, `{"temp":1}`)
	select {
	case <-p.lost:
	case <-time.After(10 * time.Second):
		t.Error("a message for another device did not end the connection")
	}
	in := n.ingest.inlet(src.ID)
	if _, there := in.feeds["oven 2"]; there || len(in.feeds) != 1 {
		t.Errorf("feeds %+v", in.feeds)
	}
	// Revoking cuts the live connection, and it cannot come back.
	p = proof.Must(n.dial("live", c.ID.String(), c.Secret))
	n.wait("only the live connection is left", func() bool { return in.view().Connections == 1 }) // the client learns first that it is cut
	if err := n.ingest.Revoke(ctx, src.ID, c.ID); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.lost:
	case <-time.After(10 * time.Second):
		t.Error("revoking did not cut the connection")
	}
	if _, err := n.dial("live", c.ID.String(), c.Secret); err == nil {
		t.Error("a revoked credential was let in")
	}
	n.wait("the session has gone", func() bool { return in.view().Connections == 0 })
}

func TestClientCertificateSignsInWithoutAPassword(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	src := n.jsonSource("a", true)
	key := proof.Must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	csr := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: proof.Must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key))})
	c := proof.Must(n.ingest.NewCredential(n.as(auth.Engineer, "a"), src.ID, "oven", "oven 1", csr))
	if c.Secret != "" || len(c.Certificate) == 0 || c.Serial == "" || c.NotAfter == 0 {
		t.Fatalf("credential %+v", c)
	}
	block, _ := pem.Decode(c.Certificate)
	with := func(cert []byte) (*client, error) {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(c.Chain)
		o, p := n.options("tls")
		o.Servers = nil
		o.AddBroker("ssl://" + n.broker.Secure().String()).SetTLSConfig(&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}}})
		return n.connect(o, p)
	}
	p := proof.Must(with(block.Bytes))
	if err := p.publish("devices/oven 1/telemetry", `{"temp":7}`); err != nil {
		t.Fatal(err)
	}
	if f := n.ingest.inlet(src.ID).feeds["oven 1"]; len(n.samples(n.points(n.a, f.Machine)["temp"])) != 1 {
		t.Error("nothing was stored")
	}
	// A gateway's certificate of the same authority opens nothing here.
	gateway := proof.Must(n.authority.SignGateway(csr, src.ID))
	block, _ = pem.Decode(gateway.PEM)
	if _, err := with(block.Bytes); err == nil {
		t.Error("a gateway's certificate was let in as a source's credential")
	}
	if err := n.ingest.Revoke(n.as(auth.Engineer, "a"), src.ID, c.ID); err != nil {
		t.Fatal(err)
	}
	<-p.lost
	n.wait("a certificate near its end is told", func() bool { return !n.raised("source.certificate", src.ID) })
}

func TestSourceIsDeletedWhileItSends(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	src, other := n.jsonSource("a", true), n.jsonSource("b", true)
	c, keep := n.credential("a", src, ""), n.credential("b", other, "")
	p := proof.Must(n.dial("sender", c.ID.String(), c.Secret))
	stays := proof.Must(n.dial("other", keep.ID.String(), keep.Secret))
	var acked atomic.Int64
	ended := make(chan struct{})
	at := time.Now()
	if err := p.publish("devices/d/telemetry", fmt.Sprintf(`{"n":0,"time":%d}`, at.UnixMilli())); err != nil {
		t.Fatal(err)
	}
	acked.Add(1)
	feed := n.ingest.inlet(src.ID).feeds["d"]
	go func() {
		defer close(ended)
		for i := 1; ; i++ {
			if p.publish("devices/d/telemetry", fmt.Sprintf(`{"n":%d,"time":%d}`, i, at.UnixMilli()+int64(i))) != nil {
				return
			}
			acked.Add(1)
		}
	}()
	n.wait("some are sent", func() bool { return acked.Load() > 20 })
	if err := n.ingest.Remove(n.as(auth.Engineer, "a"), src.ID, noMatch); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.lost:
	case <-time.After(10 * time.Second):
		t.Fatal("the connection outlives its source")
	}
	p.Disconnect(0)
	<-ended
	// What was acknowledged is there; the point and its values outlive the source.
	got := n.samples(n.points(n.a, feed.Machine)["n"])
	if int64(len(got)) < acked.Load() {
		t.Errorf("%d acknowledged, %d stored", acked.Load(), len(got))
	}
	for i, s := range got {
		if math.Float64frombits(s.Value.Bits) != float64(i) {
			t.Fatalf("sample %d is %v", i, math.Float64frombits(s.Value.Bits))
		}
	}
	if err := stays.publish("devices/d/telemetry", `{"n":1}`); err != nil {
		t.Errorf("another source was disturbed: %v", err)
	}
}

// TestChangedConfigurationLetsDevicesConnectAnew also shows that the new one is in force at once.
func TestChangedConfigurationLetsDevicesConnectAnew(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	src := n.jsonSource("a", true)
	c := n.credential("a", src, "")
	p := proof.Must(n.dial("d", c.ID.String(), c.Secret))
	if err := p.publish("devices/d/telemetry", `{"n":1}`); err != nil {
		t.Fatal(err)
	}
	proof.Must(n.ingest.Update(n.as(auth.Engineer, "a"), src.ID, Change{Config: json.RawMessage(`{"mappings":[{"topic":"plant/{device}"}]}`), Origin: telemetry.Replayed}, noMatch))
	<-p.lost
	p = proof.Must(n.dial("d", c.ID.String(), c.Secret))
	if err := p.publish("plant/d", `{"n":2}`); err != nil {
		t.Fatal(err)
	}
	s := n.samples(n.points(n.a, n.ingest.inlet(src.ID).feeds["d"].Machine)["n"])
	if len(s) != 2 || s[0].Origin != telemetry.Measured || s[1].Origin != telemetry.Replayed {
		t.Errorf("samples %+v", s)
	}
}

// edge is a Sparkplug edge node by hand: paho and the product's own encoder.
type edge struct {
	*client
}

func (n *node) edge(c Issued, bd uint64) *edge {
	n.t.Helper()
	o, p := n.options("edge")
	will := sparkplug.AppendPayload(nil, sparkplug.Payload{}, []sparkplug.Metric{metricOf("bdSeq", 0, sparkplug.Int64, int64(bd))})
	o.SetUsername(c.ID.String()).SetPassword(c.Secret).SetBinaryWill("spBv1.0/G/NDEATH/E", will, 1, false)
	return &edge{client: proof.Must(n.connect(o, p))}
}

func TestSparkplugOverTheBrokerOnBothEngines(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		src := proof.Must(n.ingest.Create(n.as(auth.Engineer, "a"), Draft{Org: n.a, Name: text.Both("sparkplug"), Kind: "sparkplug", Transport: Broker, Adopt: n.siteA,
			Config: json.RawMessage(`{"host":"jw","reorderMs":0}`)}))
		c := n.credential("a", src, "")
		e := n.edge(c, 1)
		for _, f := range []string{"spBv1.0/STATE/jw", "spBv1.0/G/NCMD/E"} {
			if tok := e.Subscribe(f, 1, nil); !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
				t.Fatalf("subscribe %s: %v", f, tok.Error())
			}
		}
		select {
		case m := <-e.got:
			var state struct {
				Online    bool
				Timestamp int64
			}
			if err := json.Unmarshal(m.Payload(), &state); err != nil || !state.Online || state.Timestamp == 0 || m.Topic() != "spBv1.0/STATE/jw" || !m.Retained() {
				t.Errorf("state %s %s", m.Topic(), m.Payload())
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the host's state was not told")
		}
		at := uint64(time.Now().UnixMilli())
		birth := sparkplug.AppendPayload(nil, sparkplug.Payload{Timestamp: at, HasSeq: true}, []sparkplug.Metric{metricOf("bdSeq", 0, sparkplug.Int64, int64(1)), metricOf("Temp", 7, sparkplug.Double, 20.5),
			metricOf("Count", 8, sparkplug.Int32, int64(-5))})
		if err := e.publish("spBv1.0/G/NBIRTH/E", birth); err != nil {
			t.Fatal(err)
		}
		data := func(seq uint64, at uint64, v float64) {
			t.Helper()
			if err := e.publish("spBv1.0/G/NDATA/E", sparkplug.AppendPayload(nil, sparkplug.Payload{Timestamp: at, Seq: seq, HasSeq: true}, []sparkplug.Metric{metricOf("", 7, sparkplug.Double, v)})); err != nil {
				t.Fatal(err)
			}
		}
		data(1, at+1, 21.5)
		in := n.ingest.inlet(src.ID)
		feed := in.feeds["G/E"]
		points := n.points(n.a, feed.Machine)
		if points["Temp"].Type != "float64" || points["Count"].Type != "int64" {
			t.Fatalf("points %+v", points)
		}
		if s := n.samples(points["Temp"]); len(s) != 2 || s[1].Value != float(21.5) || s[1].Time != int64(at+1)*1e6 {
			t.Errorf("samples %+v", s)
		}
		if s := n.samples(points["Count"]); len(s) != 1 || int64(s[0].Value.Bits) != -5 {
			t.Errorf("samples %+v", s)
		}
		n.wait("the birth is kept", func() bool {
			k, err := db.NewSelect().Model((*memoryRow)(nil)).Where("m.source = ?", src.ID).Count(context.Background())
			return err == nil && k == 1
		})
		list := proof.Must((&memory{s: n.ingest, source: src.ID}).Load(context.Background()))
		if len(list) != 1 || list[0].Node != "G/E" {
			t.Errorf("kept: %+v", list)
		}
		if v := in.deviceView(in.devices["G/E"]); v.State != Online || v.Machine == nil || v.Metrics < 2 {
			t.Errorf("device %+v", v)
		}
		// The connection breaks off: the will is the node's death, and the values are marked.
		in.cut(func(*session) bool { return true }, errors.New("cut by the test"))
		<-e.lost
		n.wait("the death is noted", func() bool { return in.deviceView(in.devices["G/E"]).State == Offline })
	})
}

// metricOf is a metric with a value; alias 0 is none.
func metricOf(name string, alias uint64, d sparkplug.Datatype, v any) sparkplug.Metric {
	m := sparkplug.Metric{Name: []byte(name), Datatype: d}
	if alias != 0 {
		m.Alias, m.HasAlias = alias, true
	}
	m.Kind, m.Bits = d.Of(v)
	return m
}

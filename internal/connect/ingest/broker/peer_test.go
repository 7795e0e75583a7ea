package broker

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"jingwei/internal/peertest"
)

// Mosquitto's own client, over TCP and TLS, with every version and QoS.
func TestMosquittoPublishes(t *testing.T) {
	program := peertest.Require(t, "mosquitto_pub")
	ca := newAuthority(t)
	h := newHouse()
	b := open(t, h, func(o *Options) {
		o.Secure, o.TLS = "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{ca.issue(t, "localhost")}, ClientCAs: ca.pool}
	})
	dir := t.TempDir()
	caFile := write(t, dir, "ca.pem", "CERTIFICATE", ca.cert.Raw)
	device := ca.issue(t, "device-7")
	certFile := write(t, dir, "cert.pem", "CERTIFICATE", device.Certificate[0])
	key, err := x509.MarshalECPrivateKey(device.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	keyFile := write(t, dir, "key.pem", "EC PRIVATE KEY", key)
	stranger := newAuthority(t)
	strange := stranger.issue(t, "device-7")
	strangeCert := write(t, dir, "strange.pem", "CERTIFICATE", strange.Certificate[0])
	key, _ = x509.MarshalECPrivateKey(strange.PrivateKey.(*ecdsa.PrivateKey))
	strangeKey := write(t, dir, "strangekey.pem", "EC PRIVATE KEY", key)

	pub := func(addr net.Addr, args ...string) (string, error) {
		_, port, _ := net.SplitHostPort(addr.String())
		out, err := exec.CommandContext(t.Context(), program, append([]string{"-h", "127.0.0.1", "-p", port, "-i", "mosq"}, args...)...).CombinedOutput()
		return string(out), err
	}
	n := 0
	last := func() *session { n++; return h.session(t, n-1) }
	for _, version := range []string{"mqttv31", "mqttv311", "mqttv5"} {
		for qos := range 3 {
			if out, err := pub(b.Plain(), "-V", version, "-u", "u1", "-P", "secret", "-t", "plant/a", "-q", fmt.Sprint(qos), "-m", "21.5", "-r"); err != nil {
				t.Fatalf("%s QoS %d: %v %s", version, qos, err, out)
			}
			s := last()
			m := s.wait(t, 1)[0]
			if m.Topic != "plant/a" || string(m.Payload) != "21.5" || int(m.QoS) != qos || !m.Retained {
				t.Errorf("%s QoS %d: %+v", version, qos, m)
			}
			if err := s.end(t); err != nil {
				t.Errorf("%s QoS %d: closed with %v", version, qos, err)
			}
		}
		for _, wrong := range [][]string{{"-u", "u1", "-P", "guess"}, {}} {
			if out, err := pub(b.Plain(), append(wrong, "-V", version, "-t", "a", "-m", "x", "-q", "1")...); err == nil {
				t.Errorf("%s: %v was let in: %s", version, wrong, out)
			}
		}
	}
	if out, err := pub(b.Secure(), "--cafile", caFile, "--cert", certFile, "--key", keyFile, "--insecure", "-t", "tls", "-m", "x", "-q", "1"); err != nil {
		t.Fatalf("certificate: %v %s", err, out)
	}
	s := last()
	if s.wait(t, 1); s.client.Certificate == nil || s.client.Certificate.Subject.CommonName != "device-7" || s.client.Username != "" {
		t.Errorf("signed in as %+v", s.client)
	}
	if out, err := pub(b.Secure(), "--cafile", caFile, "--insecure", "-u", "u1", "-P", "secret", "-t", "tls", "-m", "x", "-q", "1"); err != nil {
		t.Fatalf("password over TLS: %v %s", err, out)
	}
	if s := last(); s.client.Certificate != nil {
		t.Error("a certificate out of nowhere")
	}
	for name, args := range map[string][]string{
		"a stranger's certificate": {"--cert", strangeCert, "--key", strangeKey, "-u", "u1", "-P", "secret"},
		"no certificate, no name":  {},
	} {
		if out, err := pub(b.Secure(), append(args, "--cafile", caFile, "--insecure", "-t", "tls", "-m", "x", "-q", "1")...); err == nil {
			t.Errorf("%s was let in: %s", name, out)
		}
	}
}

// A long stream from mosquitto_pub, over TLS: every line arrives once, in order, and acknowledgements are joined.
func TestMosquittoStreamsLinesOverTLS(t *testing.T) {
	program := peertest.Require(t, "mosquitto_pub")
	ca := newAuthority(t)
	h := newHouse()
	b := open(t, h, func(o *Options) {
		o.Secure, o.TLS = "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{ca.issue(t, "localhost")}, ClientCAs: ca.pool}
	})
	caFile := write(t, t.TempDir(), "ca.pem", "CERTIFICATE", ca.cert.Raw)
	const lines = 3000
	var in bytes.Buffer
	for i := range lines {
		fmt.Fprintf(&in, "line %d\n", i)
	}
	_, port, _ := net.SplitHostPort(b.Secure().String())
	cmd := exec.CommandContext(t.Context(), program, "-h", "127.0.0.1", "-p", port, "--cafile", caFile, "--insecure", "-V", "mqttv5", "-u", "u1", "-P", "secret", "-q", "1", "-t", "a", "-l")
	cmd.Stdin = &in
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	got := h.session(t, 0).wait(t, lines)
	for i, m := range got {
		if string(m.Payload) != fmt.Sprintf("line %d", i) {
			t.Fatalf("message %d is %q", i, m.Payload)
		}
	}
	if st := b.Stats(); len(got) != lines || st.Acks != lines {
		t.Errorf("%d messages, %+v", len(got), st)
	}
}

// A client that is killed before its message was durable sends it again when it is back, with DUP.
func TestPahoRedeliversWhatWasNotDurable(t *testing.T) {
	h := newHouse()
	k := hold(h)
	b := open(t, h)
	o := mqtt.NewClientOptions().AddBroker("tcp://" + b.Plain().String()).SetClientID("paho").SetUsername("u1").SetPassword("secret").
		SetCleanSession(false).SetAutoReconnect(true).SetMaxReconnectInterval(50 * time.Millisecond).SetConnectRetryInterval(20 * time.Millisecond)
	c := mqtt.NewClient(o)
	if tok := c.Connect(); !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
		t.Fatal(tok.Error())
	}
	defer c.Disconnect(0)
	c.Publish("a", 1, false, "x")
	k.next(t)
	h.session(t, 0).client.Conn.Close(nil) // the node loses it
	k.next(t)(nil)                         // and gets it again
	if m := h.session(t, 1).wait(t, 1)[0]; m.Topic != "a" || string(m.Payload) != "x" {
		t.Errorf("got %+v", m)
	}
	if tok := c.Publish("a", 1, false, "y"); !tok.WaitTimeout(time.Millisecond) {
		k.next(t)(nil)
		if !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
			t.Errorf("not acknowledged: %v", tok.Error())
		}
	}
}

func write(t *testing.T, dir, name, typ string, der []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// authority signs certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{pool: x509.NewCertPool()}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pool.AddCert(a.cert)
	return a
}

func (a *authority) issue(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	if strings.Contains(name, "localhost") {
		tmpl.DNSNames, tmpl.IPAddresses = []string{name}, []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

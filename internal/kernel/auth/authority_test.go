package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func request10(t testing.TB, key crypto.Signer, name string) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{"node.example", "*"},
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestAuthorityIsMadeOnceAndKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	a, err := OpenAuthority(file.OS(), dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	b, err := OpenAuthority(file.OS(), dir, time.Now)
	if err != nil || a.Fingerprint() != b.Fingerprint() || !strings.HasPrefix(a.Fingerprint(), "sha256:") || len(a.Fingerprint()) != 71 {
		t.Fatalf("%s and %s, %v", a.Fingerprint(), b.Fingerprint(), err)
	}
	info, err := os.Stat(filepath.Join(dir, "authority.pem"))
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file is %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "authority.pem"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAuthority(file.OS(), dir, time.Now); err == nil || !strings.Contains(err.Error(), "backup") {
		t.Errorf("a damaged file: %v", err)
	}
}

func TestGatewayCertificate(t *testing.T) {
	clock := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	a, err := OpenAuthority(file.OS(), t.TempDir(), func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	id := uuid.Must(uuid.NewV7())
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	csr := request10(t, key, "not the gateway's choice")
	for _, form := range [][]byte{csr, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})} {
		cert, err := a.SignGateway(form, id)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(cert.PEM)
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := GatewayID(c); !ok || got != id {
			t.Errorf("the certificate names %v, want %v", got, id)
		}
		if len(c.DNSNames) != 0 || c.Subject.CommonName != id.String() || SerialOf(c) != cert.Serial || c.IsCA {
			t.Errorf("the request's names came through: %v %v %s", c.DNSNames, c.Subject, cert.Serial)
		}
		if got := c.NotAfter.Sub(clock); got != 90*24*time.Hour {
			t.Errorf("it lasts %v", got)
		}
		o := x509.VerifyOptions{Roots: a.Pool(), CurrentTime: clock, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
		if _, err := c.Verify(o); err != nil {
			t.Error(err)
		}
		o.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		if _, err := c.Verify(o); err == nil {
			t.Error("a gateway's certificate serves as a server's")
		}
	}
	weak, _ := rsa.GenerateKey(rand.Reader, 2048)
	edPublic, ed, _ := ed25519.GenerateKey(rand.Reader)
	_ = edPublic
	if _, err := a.SignGateway(request10(t, ed, ""), id); err != nil {
		t.Errorf("Ed25519: %v", err)
	}
	forged := append([]byte{}, csr...)
	forged[len(forged)-1] ^= 1
	for name, bad := range map[string][]byte{"empty": nil, "noise": []byte("noise"), "RSA": request10(t, weak, ""), "forged": forged, "large": make([]byte, 1<<20)} {
		if _, err := a.SignGateway(bad, id); !errors.Is(err, ErrCSR) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzSignGateway(f *testing.F) {
	a, err := OpenAuthority(file.OS(), f.TempDir(), time.Now)
	if err != nil {
		f.Fatal(err)
	}
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	csr := request10(f, key, "x")
	f.Add(csr)
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}))
	id := uuid.Must(uuid.NewV7())
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := a.SignGateway(b, id); err != nil && !errors.Is(err, ErrCSR) {
			t.Fatal(err)
		}
	})
}

func TestNodeCertificateServesItsNamesAndRenews(t *testing.T) {
	dir := t.TempDir()
	clock := time.Now()
	a, err := OpenAuthority(file.OS(), dir, func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	config, err := a.Serve([]string{"node.example", "192.0.2.7", "0.0.0.0", "Node.Example."})
	if err != nil {
		t.Fatal(err)
	}
	first, _ := config.GetCertificate(nil)
	for _, name := range []string{"node.example", "localhost", "127.0.0.1", "::1", "192.0.2.7"} {
		if err := first.Leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if first.Leaf.VerifyHostname("other.example") == nil || len(first.Leaf.DNSNames) != 2 {
		t.Errorf("names: %v", first.Leaf.DNSNames)
	}
	// A handshake with a client that trusts the authority, at TLS 1.2 and 1.3, not below.
	for _, version := range []uint16{tls.VersionTLS13, tls.VersionTLS12, tls.VersionTLS11} {
		server, client := net.Pipe()
		go func() { _ = tls.Server(server, config).Handshake() }()
		err := tls.Client(client, &tls.Config{RootCAs: a.Pool(), ServerName: "node.example", MinVersion: tls.VersionTLS10, MaxVersion: version}).Handshake()
		if (err == nil) != (version >= tls.VersionTLS12) {
			t.Errorf("TLS %x: %v", version, err)
		}
		_ = client.Close()
		_ = server.Close()
	}
	// Another process finds the same one; two thirds through its time it is renewed in place; a new name makes a new one.
	again, err := OpenAuthority(file.OS(), dir, func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	config2, err := again.Serve([]string{"node.example", "192.0.2.7"})
	if err != nil {
		t.Fatal(err)
	}
	if kept, _ := config2.GetCertificate(nil); kept.Leaf.SerialNumber.Cmp(first.Leaf.SerialNumber) != 0 {
		t.Error("the certificate was made anew without need")
	}
	clock = clock.Add(61 * 24 * time.Hour)
	renewed, err := config.GetCertificate(nil)
	if err != nil || renewed.Leaf.SerialNumber.Cmp(first.Leaf.SerialNumber) == 0 {
		t.Errorf("not renewed after 61 days: %v", err)
	}
	config3, err := again.Serve([]string{"third.example"})
	if err != nil {
		t.Fatal(err)
	}
	if c, _ := config3.GetCertificate(nil); c.Leaf.VerifyHostname("third.example") != nil {
		t.Error("the new name is not in the certificate")
	}
}

func TestRevokedCertificateDoesNotCount(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := build(t, db)
		a, err := OpenAuthority(file.OS(), t.TempDir(), h.now)
		h.must(err)
		ctx := context.Background()
		key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		gateway, other := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
		one, err := h.IssueGateway(ctx, System(h.a), a, gateway, request10(t, key, ""))
		h.must(err)
		two, err := h.IssueGateway(ctx, System(h.a), a, gateway, request10(t, key, ""))
		h.must(err)
		foreign, err := a.SignGateway(request10(t, key, ""), gateway)
		h.must(err)
		h.must(h.CheckCertificate(ctx, one.Serial, gateway))
		if err := h.CheckCertificate(ctx, one.Serial, other); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("another gateway's: %v", err)
		}
		if err := h.CheckCertificate(ctx, foreign.Serial, gateway); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("one that is in no table: %v", err)
		}
		h.must(h.RevokeGateway(ctx, System(h.b), gateway, "wrong scope"))
		h.must(h.CheckCertificate(ctx, two.Serial, gateway))
		h.must(h.RevokeGateway(ctx, System(h.a), gateway, "stolen"))
		for _, serial := range []string{one.Serial, two.Serial} {
			if err := h.CheckCertificate(ctx, serial, gateway); !errors.Is(err, ErrUnauthenticated) {
				t.Errorf("a revoked one: %v", err)
			}
		}
	})
}

package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestANodesCertificateIsNoGateways(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := build(t, db)
		a, err := OpenAuthority(file.OS(), t.TempDir(), h.now)
		h.must(err)
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		h.must(err)
		id := uuid.Must(uuid.NewV7())
		issued, err := h.IssueNode(t.Context(), System(h.a), a, id, request10(t, key, "*"))
		h.must(err)
		block, _ := pem.Decode(issued.PEM)
		c, err := x509.ParseCertificate(block.Bytes)
		h.must(err)
		if len(c.URIs) != 1 || c.URIs[0].String() != "urn:jingwei:node:"+id.String() || len(c.DNSNames) != 0 || c.NotAfter.Sub(h.now()) != GatewayLife {
			t.Errorf("it holds %v %v until %v", c.URIs, c.DNSNames, c.NotAfter)
		}
		if _, ok := GatewayID(c); ok {
			t.Error("a node's certificate does for a gateway's")
		}
		o := x509.VerifyOptions{Roots: a.Pool(), CurrentTime: h.now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
		if _, err := c.Verify(o); err == nil {
			t.Error("it serves as a server's")
		}
		h.must(h.CheckCertificate(t.Context(), issued.Serial, id))
		if err := h.CheckCertificate(t.Context(), issued.Serial, uuid.New()); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("another node's: %v", err)
		}
		h.must(h.RevokeNode(t.Context(), System(h.a), id, "removed"))
		if err := h.CheckCertificate(t.Context(), issued.Serial, id); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("revoked: %v", err)
		}
		if _, err := a.SignNode([]byte("noise"), id); !errors.Is(err, ErrCSR) {
			t.Errorf("noise: %v", err)
		}
	})
}

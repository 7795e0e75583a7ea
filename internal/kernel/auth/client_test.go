package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file"
)

func TestClientCertificateNamesItsCredentialAndIsNoGateways(t *testing.T) {
	a, err := OpenAuthority(file.OS(), t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	source, credential := uuid.New(), uuid.New()
	csr := request10(t, key, "urn:jingwei:gateway:"+uuid.NewString())
	signed, err := a.SignClient(csr, source, credential)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(signed.PEM)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if id, ok := ClientID(c); !ok || id != credential || c.Subject.OrganizationalUnit[0] != source.String() || SerialOf(c) != signed.Serial {
		t.Errorf("it names %v %v, subject %v", id, ok, c.Subject)
	}
	if id, ok := GatewayID(c); ok {
		t.Errorf("it passes for gateway %v", id)
	}
	gateway, err := a.SignGateway(csr, uuid.New())
	if err != nil {
		t.Fatal(err)
	}
	block, _ = pem.Decode(gateway.PEM)
	g, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if id, ok := ClientID(g); ok {
		t.Errorf("a gateway's certificate passes for credential %v", id)
	}
	if _, ok := ClientID(nil); ok {
		t.Error("no certificate names a credential")
	}
	if _, err := c.Verify(x509.VerifyOptions{Roots: a.Pool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Errorf("it is not one of the authority: %v", err)
	}
	if left := time.Until(c.NotAfter); left < ClientLife-time.Hour || left > ClientLife {
		t.Errorf("it lives %v", left)
	}
	if _, err := a.SignClient([]byte("no request"), source, credential); !errors.Is(err, ErrCSR) {
		t.Errorf("no request: %v", err)
	}
}

package crash

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/google/uuid"

	"jingwei/internal/federate"
)

// member is an enrolled link client.
type member struct {
	id   uuid.UUID
	link string // address
	tls  *tls.Config
}

// enrol exchanges an enrolment code for a certificate, through the same route as a gateway.
func enrol(ctx context.Context, c *client, code string) (*member, error) {
	v, err := federate.ParseInvitation(code)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate request: %w", err)
	}
	var answer struct {
		Gateway     uuid.UUID `json:"gateway"`
		Certificate string    `json:"certificate"`
		Chain       string    `json:"chain"`
		Node        struct {
			Link string `json:"link"`
		} `json:"node"`
	}
	if err := c.call(ctx, http.MethodPost, "/api/v1/enrol", map[string]string{
		"secret": base64.RawURLEncoding.EncodeToString(v.Secret[:]),
		"csr":    string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})),
	}, &answer); err != nil {
		return nil, fmt.Errorf("enrol: %w", err)
	}
	ca, _ := pem.Decode([]byte(answer.Chain))
	if ca == nil || sha256.Sum256(ca.Bytes) != v.Fingerprint {
		return nil, errors.New("enrol: the node's authority is not the one that the code names")
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(answer.Chain))
	cert, _ := pem.Decode([]byte(answer.Certificate))
	if cert == nil {
		return nil, errors.New("enrol: the certificate is not PEM")
	}
	host, _, err := net.SplitHostPort(answer.Node.Link)
	if err != nil {
		return nil, fmt.Errorf("enrol: the node's link address: %w", err)
	}
	return &member{id: answer.Gateway, link: answer.Node.Link, tls: &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{federate.ALPN}, RootCAs: roots, ServerName: host,
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Bytes}, PrivateKey: key}},
	}}, nil
}

package gateway

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/file"
)

const identityFile = "identity.json"

// Identity is who a gateway is: its key and certificate, and the node that it belongs to. It is one file, replaced
// atomically, because a key without its certificate is worth nothing.
type Identity struct {
	Format    int       `json:"format"` // 1
	Gateway   uuid.UUID `json:"gateway"`
	Node      uuid.UUID `json:"node"`
	Name      string    `json:"name"` // of the node, for people
	URL       string    `json:"url"`  // of the node's HTTP API
	Link      string    `json:"link"` // host:port of the node's link
	Key       string    `json:"key"`  // PKCS #8, PEM
	Cert      string    `json:"certificate"`
	Authority string    `json:"authority"` // the node's CA certificate, PEM
	Code      string    `json:"code"`      // SHA-256 of the secret it was enrolled with: another code enrols it anew
}

// loadIdentity returns nil when there is none.
func loadIdentity(fs file.FS, dir string) (*Identity, error) {
	b, err := file.ReadAll(fs, filepath.Join(dir, identityFile), 1<<20)
	if errors.Is(err, errNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var id Identity
	if err := json.Unmarshal(b, &id); err != nil {
		return nil, fmt.Errorf("read %s: %w: restore the file, or remove it and enrol the gateway again with a new code", identityFile, err)
	}
	if id.Format != 1 {
		return nil, fmt.Errorf("read %s: format %d, this gateway reads format 1: update the gateway", identityFile, id.Format)
	}
	if _, err := id.certificate(); err != nil {
		return nil, fmt.Errorf("read %s: %w", identityFile, err)
	}
	return &id, nil
}

func (id *Identity) save(fs file.FS, dir string) error {
	b, err := json.MarshalIndent(id, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the identity: %w", err)
	}
	if err := file.WriteAtomic(fs, filepath.Join(dir, identityFile), b, 0o600); err != nil {
		return fmt.Errorf("keep the identity: %w", err)
	}
	return nil
}

func (id *Identity) certificate() (tls.Certificate, error) {
	c, err := tls.X509KeyPair([]byte(id.Cert), []byte(id.Key))
	if err != nil {
		return c, fmt.Errorf("certificate and key: %w", err)
	}
	named, err := federate.GatewayID(c.Leaf)
	if err == nil && named != id.Gateway {
		err = fmt.Errorf("the certificate is that of gateway %s, not of %s", named, id.Gateway)
	}
	return c, err
}

func (id *Identity) pool() (*x509.CertPool, *x509.Certificate, error) {
	block, _ := pem.Decode([]byte(id.Authority))
	if block == nil {
		return nil, nil, errors.New("the node's authority certificate is not PEM")
	}
	ca, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("the node's authority certificate: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	return pool, ca, nil
}

// linkTLS is the configuration for the link. The node is known by its authority, which signs one server certificate
// only, not by a host name: a plant's node is often reached by an address that no certificate names.
func (id *Identity) linkTLS(now func() time.Time) (*tls.Config, error) {
	cert, err := id.certificate()
	if err != nil {
		return nil, err
	}
	pool, ca, err := id.pool()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13, NextProtos: []string{federate.ALPN},
		InsecureSkipVerify: true, // the host name only: VerifyConnection checks the chain
		VerifyConnection: func(s tls.ConnectionState) error {
			return verifyServer(s.PeerCertificates, pool, plausible(now(), ca))
		},
	}, nil
}

// verifyServer checks that the chain ends at one of the roots and is a server's: a gateway's certificate of the same
// authority must not do for a node.
func verifyServer(chain []*x509.Certificate, roots *x509.CertPool, at time.Time) error {
	if len(chain) == 0 {
		return errors.New("the node shows no certificate")
	}
	rest := x509.NewCertPool()
	for _, c := range chain[1:] {
		rest.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: rest, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	if err != nil {
		return fmt.Errorf("the node's certificate: %w", err)
	}
	return nil
}

// plausible is the time to check certificates at. A gateway without a battery clock starts in 1970: a time before the
// authority was made is known to be wrong, and must not keep the gateway from the node that could tell it the time.
func plausible(now time.Time, ca *x509.Certificate) time.Time {
	if now.Before(ca.NotBefore) {
		return ca.NotBefore.Add(24 * time.Hour)
	}
	return now
}

func fingerprint(c *x509.Certificate) [32]byte { return sha256.Sum256(c.Raw) }

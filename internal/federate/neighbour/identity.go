package neighbour

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

// identity is who this node is towards one that it dials. It is one file, replaced atomically, because a key without its
// certificate is worth nothing.
type identity struct {
	Format    int       `json:"format"` // 1
	Node      uuid.UUID `json:"node"`   // that is dialled
	URL       string    `json:"url"`    // of its HTTP API
	Link      string    `json:"link"`   // host:port
	Key       string    `json:"key"`    // PKCS #8, PEM
	Cert      string    `json:"certificate"`
	Authority string    `json:"authority"` // its CA certificate, PEM
}

func (s *Service) identityFile(node uuid.UUID) string {
	return filepath.Join(s.o.Dir, node.String()+".json")
}

func (s *Service) loadIdentity(node uuid.UUID) (*identity, error) {
	b, err := file.ReadAll(s.o.FS, s.identityFile(node), 1<<20)
	if err != nil {
		return nil, fmt.Errorf("key for node %s: %w: join it again with a new invitation", node, err)
	}
	var id identity
	if err := json.Unmarshal(b, &id); err != nil || id.Format != 1 {
		return nil, fmt.Errorf("key for node %s cannot be read: restore the file, or join it again with a new invitation", node)
	}
	return &id, nil
}

func (s *Service) saveIdentity(id *identity) error {
	b, err := json.MarshalIndent(id, "", "  ")
	if err != nil {
		return err
	}
	if err := file.WriteAtomic(s.o.FS, s.identityFile(id.Node), b, 0o600); err != nil {
		return fmt.Errorf("keep the key for node %s: %w", id.Node, err)
	}
	return nil
}

// certificate is the pair, whose certificate must be one of this node.
func (id *identity) certificate(self uuid.UUID) (tls.Certificate, error) {
	c, err := tls.X509KeyPair([]byte(id.Cert), []byte(id.Key))
	if err != nil {
		return c, fmt.Errorf("certificate and key: %w", err)
	}
	named, node, err := federate.PeerID(c.Leaf)
	if err == nil && (!node || named != self) {
		err = fmt.Errorf("the certificate is that of %s, not of this node, %s", named, self)
	}
	return c, err
}

func (id *identity) authority() (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(id.Authority))
	if block == nil {
		return nil, errors.New("the other node's authority certificate is not PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

// tls is the configuration for the link: the other node is known by its authority, which signs one server certificate only.
func (id *identity) tls(self uuid.UUID, now time.Time) (*tls.Config, error) {
	cert, err := id.certificate(self)
	if err != nil {
		return nil, err
	}
	ca, err := id.authority()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13, NextProtos: []string{federate.ALPN},
		InsecureSkipVerify: true, // the host name only: VerifyConnection checks the chain
		VerifyConnection:   func(st tls.ConnectionState) error { return verifyServer(st.PeerCertificates, ca, now) },
	}, nil
}

// verifyServer checks that the chain ends at the authority and is a server's.
func verifyServer(chain []*x509.Certificate, ca *x509.Certificate, at time.Time) error {
	if len(chain) == 0 {
		return errors.New("the other node shows no certificate")
	}
	// Certificates that are not valid yet mean a clock that is behind; how far it may be is judged by the hello, which says so.
	for _, c := range []*x509.Certificate{ca, chain[0]} {
		if at.Before(c.NotBefore) {
			at = c.NotBefore
		}
	}
	roots, rest := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(ca)
	for _, c := range chain[1:] {
		rest.AddCert(c)
	}
	if _, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: rest, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}); err != nil {
		return fmt.Errorf("the other node's certificate: %w", err)
	}
	return nil
}

// errAuthority: whoever answers at the invitation's address is not the node that made it.
var errAuthority = errors.New("it shows another authority than the invitation names: the address leads to another node, or somebody stands between")

// verifyPinned looks for the authority of the invitation in the chain that the node shows.
func verifyPinned(chain []*x509.Certificate, pin [32]byte, now time.Time) error {
	for _, c := range chain {
		if c.IsCA && sha256.Sum256(c.Raw) == pin {
			return verifyServer(chain, c, now)
		}
	}
	return errAuthority
}

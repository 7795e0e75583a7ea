package opcua

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"jingwei/internal/kernel/file"
)

// Identity is an application's own certificate: what a server knows a gateway by, and has to trust. It is made once and
// kept, because a server's administrator would have to trust every new one again.
type Identity struct {
	Certificate []byte // DER
	Key         *rsa.PrivateKey
	URI         string // ApplicationURI; the certificate bears it too
}

const (
	identityFile  = "opcua-identity.pem"
	identityBits  = 2048 // the least and the most that every policy takes
	identityYears = 20
	maxIdentity   = 64 << 10
)

// NewIdentity makes a self-signed application certificate for a gateway on host (OPC 10000-6, 6.2.2).
func NewIdentity(host string, now time.Time) (*Identity, error) {
	key, err := rsa.GenerateKey(rand.Reader, identityBits)
	if err != nil {
		return nil, fmt.Errorf("make an RSA key: %w", err)
	}
	return newIdentity(key, host, now)
}

func newIdentity(key *rsa.PrivateKey, host string, now time.Time) (*Identity, error) {
	if host == "" {
		host = "localhost"
	}
	var tail [8]byte
	rand.Read(tail[:])
	uri := &url.URL{Scheme: "urn", Opaque: url.PathEscape(host) + ":jingwei:gateway:" + hex.EncodeToString(tail[:])}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)),
		Subject:      pkix.Name{CommonName: "Jingwei gateway " + host, Organization: []string{"Jingwei"}},
		// A day back: the clocks of plants differ.
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.AddDate(identityYears, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment | x509.KeyUsageKeyEncipherment |
			x509.KeyUsageDataEncipherment | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		URIs:                  []*url.URL{uri},
	}
	if ip := net.ParseIP(host); ip != nil {
		t.IPAddresses = []net.IP{ip}
	} else {
		t.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	return &Identity{Certificate: der, Key: key, URI: uri.String()}, nil
}

// LoadIdentity reads the identity kept in dir, or makes one and keeps it there (readable by its owner only). A file that
// cannot be read is an error, never replaced: servers trust what it holds.
func LoadIdentity(disk file.FS, dir, host string, now time.Time) (*Identity, error) {
	name := filepath.Join(dir, identityFile)
	b, err := readAll(disk, name)
	if errors.Is(err, fs.ErrNotExist) {
		if err := file.MakeDir(disk, dir, 0o700); err != nil {
			return nil, err
		}
		id, err := NewIdentity(host, now)
		if err != nil {
			return nil, err
		}
		if err := file.WriteAtomic(disk, name, id.pem(), 0o600); err != nil {
			return nil, fmt.Errorf("keep the OPC UA identity: %w", err)
		}
		return id, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	id, err := parsePair(b, b)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w: restore the file, or remove it; then a new identity is made, which every server has to trust anew", name, err)
	}
	return id, nil
}

// KeptIdentity gives what Options.Identity wants: LoadIdentity at the first call that needs it, and the same identity from
// then on. An error is not kept, so a disk that was full yesterday does no harm today.
func KeptIdentity(disk file.FS, dir, host string, now func() time.Time) func() (*Identity, error) {
	var mu sync.Mutex
	var kept *Identity
	return func() (*Identity, error) {
		mu.Lock()
		defer mu.Unlock()
		if kept == nil {
			id, err := LoadIdentity(disk, dir, host, now())
			if err != nil {
				return nil, err
			}
			kept = id
		}
		return kept, nil
	}
}

func readAll(disk file.FS, name string) ([]byte, error) {
	f, err := disk.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n, err := f.Size()
	if err != nil {
		return nil, err
	}
	if n > maxIdentity {
		return nil, fmt.Errorf("%d bytes; at most %d", n, maxIdentity)
	}
	b := make([]byte, n)
	if _, err := f.ReadAt(b, 0); err != nil {
		return nil, err
	}
	return b, nil
}

func (id *Identity) pem() []byte {
	key, err := x509.MarshalPKCS8PrivateKey(id.Key)
	if err != nil {
		panic(err) // an RSA key can always be written
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: id.Certificate}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
}

// PEM is the certificate for people: what an administrator puts into a server's list of trusted clients.
func (id *Identity) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: id.Certificate})
}

// Fingerprint is the SHA-256 of the certificate, in hexadecimal digits.
func (id *Identity) Fingerprint() string { return Fingerprint(id.Certificate) }

// Fingerprint is the SHA-256 of a certificate in DER, in hexadecimal digits.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// parsePair reads a certificate and its RSA key from PEM.
func parsePair(cert, key []byte) (*Identity, error) {
	id := &Identity{}
	for block, rest := pem.Decode(cert); block != nil && id.Certificate == nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			id.Certificate = block.Bytes
		}
	}
	if id.Certificate == nil {
		return nil, errors.New("there is no certificate in it")
	}
	c, err := x509.ParseCertificate(id.Certificate)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(key); block != nil && id.Key == nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "PRIVATE KEY":
			k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, err
			}
			id.Key, _ = k.(*rsa.PrivateKey)
		case "RSA PRIVATE KEY":
			if id.Key, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
				return nil, err
			}
		}
	}
	if id.Key == nil {
		return nil, errors.New("there is no RSA key in it")
	}
	if !id.Key.PublicKey.Equal(c.PublicKey) {
		return nil, errors.New("the key is not the certificate's")
	}
	if len(c.URIs) > 0 {
		id.URI = c.URIs[0].String()
	}
	return id, nil
}

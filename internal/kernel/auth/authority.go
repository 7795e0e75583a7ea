package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/text"
)

// Lifetimes of certificates. Leaves are renewed when a third of their time is left.
const (
	authorityLife = 20 * 365 * 24 * time.Hour
	GatewayLife   = 90 * 24 * time.Hour
	nodeLife      = 90 * 24 * time.Hour
	backdated     = time.Hour // for peers whose clock is behind
)

// gatewayURN begins the URI in the subject alternative name of a gateway's certificate; the gateway's id follows.
const gatewayURN = "urn:jingwei:gateway:"

// Authority is the node's own certificate authority: one ECDSA P-256 key in the data folder, readable by the node's user
// only, and part of the backup. It signs the node's HTTPS certificate and the client certificates of gateways and of neighbouring nodes, and
// nothing else. Its methods are safe for concurrent use.
type Authority struct {
	fs   file.FS
	dir  string
	now  func() time.Time
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool

	mu    sync.Mutex
	names []string // of the node: DNS names and addresses
	node  *tls.Certificate
}

// OpenAuthority opens the authority in dir, or makes it at the first start. Existing files that cannot be read are an
// error, never replaced: every gateway trusts the key in them.
func OpenAuthority(f file.FS, dir string, now func() time.Time) (*Authority, error) {
	a := &Authority{fs: f, dir: dir, now: now}
	if err := file.MakeDir(f, dir, 0o700); err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	data, err := file.ReadAll(f, a.file(), maxKeyFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := a.create(); err != nil {
			return nil, fmt.Errorf("make the certificate authority in %s: %w", dir, err)
		}
	case err != nil:
		return nil, fmt.Errorf("certificate authority: %w", err)
	default:
		if err := a.load(data); err != nil {
			return nil, fmt.Errorf("certificate authority: %s: %w; restore it from the backup", a.file(), err)
		}
	}
	a.pool = x509.NewCertPool()
	a.pool.AddCert(a.cert)
	return a, nil
}

// file holds the key and the certificate together, so that a crash leaves both or neither.
func (a *Authority) file() string { return filepath.Join(a.dir, "authority.pem") }

func (a *Authority) create() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := a.now()
	template := &x509.Certificate{
		SerialNumber: newSerial(), Subject: pkix.Name{CommonName: "Jingwei node authority", Organization: []string{"Jingwei"}, SerialNumber: hex.EncodeToString(newSerial().Bytes()[:4])},
		NotBefore: now.Add(-backdated), NotAfter: now.Add(authorityLife), IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return err
	}
	data := append(keyPEM, encodeCertificate(der)...)
	if err := file.WriteAtomic(a.fs, a.file(), data, 0o600); err != nil {
		return err
	}
	return a.load(data)
}

func (a *Authority) load(data []byte) error {
	pair, err := tls.X509KeyPair(data, data)
	if err != nil {
		return err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return errors.New("it does not hold an authority's ECDSA key and certificate")
	}
	a.key, a.cert = key, pair.Leaf
	return nil
}

// Certificate is the authority's own, in PEM: what a browser or a gateway is told to trust.
func (a *Authority) Certificate() []byte { return encodeCertificate(a.cert.Raw) }

// Pool holds the authority's certificate, to check peers against.
func (a *Authority) Pool() *x509.CertPool { return a.pool }

// Fingerprint is "sha256:" and the hex SHA-256 of the authority's certificate.
func (a *Authority) Fingerprint() string { return Fingerprint(a.cert.Raw) }

// Fingerprint of a certificate in DER: "sha256:" and 64 hex digits.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Certificate is one that the authority has signed.
type Certificate struct {
	PEM       []byte // the certificate alone; Authority.Certificate completes the chain
	Serial    string // lower-case hex
	NotBefore time.Time
	NotAfter  time.Time
}

// SignGateway signs a gateway's request (PKCS #10, DER or PEM) for GatewayLife. What the request says of names is
// ignored: the certificate holds urn:jingwei:gateway:<id> and is good for TLS clients only. Keys may be ECDSA P-256,
// P-384 or Ed25519. Error: ErrCSR.
func (a *Authority) SignGateway(csr []byte, id uuid.UUID) (Certificate, error) {
	key, err := requestedKey(csr)
	if err != nil {
		return Certificate{}, err
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: id.String(), Organization: []string{"Jingwei gateway"}},
		URIs:    []*url.URL{{Scheme: "urn", Opaque: strings.TrimPrefix(gatewayURN, "urn:") + id.String()}},
	}
	return a.sign(template, key, x509.ExtKeyUsageClientAuth, GatewayLife)
}

// SignNode is SignGateway for a neighbouring node: the certificate holds urn:jingwei:node:<id>. Error: ErrCSR.
func (a *Authority) SignNode(csr []byte, id uuid.UUID) (Certificate, error) {
	key, err := requestedKey(csr)
	if err != nil {
		return Certificate{}, err
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: id.String(), Organization: []string{"Jingwei node"}},
		URIs:    []*url.URL{{Scheme: "urn", Opaque: "jingwei:node:" + id.String()}},
	}
	return a.sign(template, key, x509.ExtKeyUsageClientAuth, GatewayLife)
}

// requestedKey is the public key of a request whose signature shows that the sender has the private one. Error: ErrCSR.
func requestedKey(csr []byte) (crypto.PublicKey, error) {
	wrong := func(zh, en string, err error) error {
		return ErrCSR.At("body.csr", nil).With("reason", text.Text{Zh: zh, En: en}).Because(err)
	}
	if len(csr) > 16<<10 {
		return nil, wrong("过大", "it is too large", nil)
	}
	if block, _ := pem.Decode(csr); block != nil {
		csr = block.Bytes
	}
	req, err := x509.ParseCertificateRequest(csr)
	if err != nil {
		return nil, wrong("不是 PKCS #10 格式", "it is not PKCS #10", err)
	}
	if err := req.CheckSignature(); err != nil {
		return nil, wrong("签名不符", "its signature does not fit", err)
	}
	if !goodKey(req.PublicKey) {
		return nil, wrong("密钥类型不受支持", "its key is of a kind that is not taken", nil)
	}
	return req.PublicKey, nil
}

func goodKey(k crypto.PublicKey) bool {
	switch k := k.(type) {
	case *ecdsa.PublicKey:
		return k.Curve == elliptic.P256() || k.Curve == elliptic.P384()
	case ed25519.PublicKey:
		return true
	}
	return false
}

func (a *Authority) sign(t *x509.Certificate, key crypto.PublicKey, use x509.ExtKeyUsage, life time.Duration) (Certificate, error) {
	now := a.now()
	serial := newSerial()
	t.SerialNumber = serial
	t.NotBefore, t.NotAfter = now.Add(-backdated), now.Add(life)
	if t.NotAfter.After(a.cert.NotAfter) {
		t.NotAfter = a.cert.NotAfter
	}
	t.KeyUsage, t.ExtKeyUsage, t.BasicConstraintsValid = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{use}, true
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, key, a.key)
	if err != nil {
		return Certificate{}, fmt.Errorf("sign a certificate: %w", err)
	}
	return Certificate{PEM: encodeCertificate(der), Serial: hex.EncodeToString(serial.Bytes()), NotBefore: t.NotBefore, NotAfter: t.NotAfter}, nil
}

// GatewayID reads the gateway's id from a certificate whose chain TLS has checked; ok is false for any other.
func GatewayID(c *x509.Certificate) (id uuid.UUID, ok bool) {
	if c == nil || len(c.URIs) != 1 || !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) {
		return uuid.Nil, false
	}
	s, ok := strings.CutPrefix(c.URIs[0].String(), gatewayURN)
	if !ok {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(s)
	return id, err == nil
}

// SerialOf is the serial number as the tables keep it.
func SerialOf(c *x509.Certificate) string { return hex.EncodeToString(c.SerialNumber.Bytes()) }

// Serve makes sure that the node has a certificate for these DNS names and addresses, kept beside the authority's, and
// returns the TLS configuration with it: TLS 1.2 and up, HTTP/2. The certificate renews itself while the node runs.
func (a *Authority) Serve(names []string) (*tls.Config, error) {
	a.mu.Lock()
	a.names = cleanNames(names)
	a.mu.Unlock()
	if _, err := a.current(); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return a.current() },
	}, nil
}

func cleanNames(names []string) []string {
	var out []string
	for _, n := range append([]string{"localhost", "127.0.0.1", "::1"}, names...) {
		n = strings.ToLower(strings.Trim(strings.TrimSpace(n), "[]."))
		if ip, err := netip.ParseAddr(n); err == nil {
			if ip.IsUnspecified() {
				continue
			}
			n = ip.Unmap().WithZone("").String()
		}
		if n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// current is the node's certificate, made or renewed when it is due.
func (a *Authority) current() (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.node == nil {
		a.node = a.loadNode()
	}
	if a.node != nil && a.now().Before(a.node.Leaf.NotAfter.Add(-nodeLife/3)) && covers(a.node.Leaf, a.names) {
		return a.node, nil
	}
	fresh, err := a.makeNode()
	if err != nil && a.node != nil && a.now().Before(a.node.Leaf.NotAfter) {
		return a.node, nil // tried again at the next handshake; the old one still counts
	}
	if err != nil {
		return nil, fmt.Errorf("make the node's certificate: %w", err)
	}
	a.node = fresh
	return fresh, nil
}

func (a *Authority) nodeFile() string { return filepath.Join(a.dir, "node.pem") }

// loadNode returns the kept certificate if it is one of this authority; anything else is made anew.
func (a *Authority) loadNode() *tls.Certificate {
	data, err := file.ReadAll(a.fs, a.nodeFile(), maxKeyFile)
	if err != nil {
		return nil
	}
	pair, err := tls.X509KeyPair(data, data)
	if err != nil {
		return nil
	}
	if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: a.pool, CurrentTime: a.now()}); err != nil {
		return nil
	}
	return &pair
}

func (a *Authority) makeNode() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{Subject: pkix.Name{CommonName: "Jingwei node"}}
	for _, n := range a.names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	cert, err := a.sign(t, key.Public(), x509.ExtKeyUsageServerAuth, nodeLife)
	if err != nil {
		return nil, err
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	data := bytes.Join([][]byte{keyPEM, cert.PEM, a.Certificate()}, nil)
	pair, err := tls.X509KeyPair(data, data)
	if err != nil {
		return nil, err
	}
	return &pair, file.WriteAtomic(a.fs, a.nodeFile(), data, 0o600)
}

func covers(c *x509.Certificate, names []string) bool {
	for _, n := range names {
		if c.VerifyHostname(n) != nil {
			return false
		}
	}
	return true
}

// newSerial is 127 random bits, positive (RFC 5280, 4.1.2.2).
func newSerial() *big.Int {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	b[0] = b[0]&0x7f | 0x40 // no leading zero byte, so that hex and number are one to one
	return new(big.Int).SetBytes(b)
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// maxKeyFile is more than any of our files holds.
const maxKeyFile = 64 << 10

package gateway

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/federate"
)

var errNotExist = fs.ErrNotExist

// ErrAuthority: the node at the code's address is not the one that made the code.
var ErrAuthority = errors.New("the node at this address shows another authority than the enrolment code names: the address leads to another node, or somebody stands between; check the address in the code, or make a new code")

// ErrOtherCode: the gateway is enrolled already, with another node.
var ErrOtherCode = errors.New("this gateway is enrolled already, with another node than the code names; give it another data folder, or remove identity.json to enrol it anew")

// EnrolError is the node's refusal of a code. It is final: trying again does not help.
type EnrolError struct {
	Status int
	Code   string // stable
	Detail string // in words, from the node
}

func (e *EnrolError) Error() string {
	return fmt.Sprintf("the node refuses the enrolment code (%s): %s", e.Code, e.Detail)
}

type enrolRequest struct {
	Secret string `json:"secret"` // base64url
	CSR    string `json:"csr"`    // PEM
}

type enrolAnswer struct {
	Certificate string `json:"certificate"`
	Chain       string `json:"chain"`
	Node        struct {
		ID   uuid.UUID `json:"id"`
		Name string    `json:"name"`
		Link string    `json:"link"`
	} `json:"node"`
	Gateway uuid.UUID `json:"gateway"`
}

const maxEnrolAnswer = 256 << 10

// enrol turns a code into an identity. key and its request are made by the caller, once for all attempts: a node whose
// answer was lost knows the request again. Errors: *EnrolError and ErrAuthority are
// final; others may pass.
func enrol(ctx context.Context, code federate.Invitation, key string, csr []byte, now func() time.Time) (*Identity, error) {
	body, err := json.Marshal(enrolRequest{Secret: base64.RawURLEncoding.EncodeToString(code.Secret[:]),
		CSR: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}))})
	if err != nil {
		return nil, fmt.Errorf("encode the enrolment: %w", err)
	}
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true, // VerifyConnection pins the authority instead
			VerifyConnection: func(s tls.ConnectionState) error { return verifyPinned(s.PeerCertificates, code.Fingerprint, now()) }},
	}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(code.URL, "/")+"/api/v1/enrol", bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("enrol at %s: %w", code.URL, err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("enrol at %s: %w", code.URL, err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxEnrolAnswer))
	if err != nil {
		return nil, fmt.Errorf("enrol at %s: %w", code.URL, err)
	}
	if answer.StatusCode/100 != 2 {
		return nil, refusal(answer.StatusCode, raw)
	}
	var a enrolAnswer
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("enrol at %s: read the answer: %w", code.URL, err)
	}
	return accept(code, key, &a)
}

// refusal tells a final refusal of the code from a node that cannot answer now.
func refusal(status int, raw []byte) error {
	var p struct{ Code, Detail, Title string }
	if json.Unmarshal(raw, &p) != nil || p.Code == "" {
		p.Code, p.Detail = "http", fmt.Sprintf("status %d: is this address a Jingwei node?", status)
	}
	e := &EnrolError{Status: status, Code: p.Code, Detail: p.Detail}
	if status == http.StatusTooManyRequests || status >= 500 {
		return fmt.Errorf("the node cannot enrol gateways now: status %d, %s", status, e.Detail)
	}
	return e
}

// accept checks that what came is ours before it is kept.
func accept(code federate.Invitation, key string, a *enrolAnswer) (*Identity, error) {
	id := &Identity{Format: 1, Code: codeHash(code), Gateway: a.Gateway, Node: a.Node.ID, Name: a.Node.Name, URL: code.URL, Key: key, Cert: a.Certificate, Authority: a.Chain}
	cert, err := tls.X509KeyPair([]byte(id.Cert), []byte(id.Key))
	if err != nil {
		return nil, fmt.Errorf("the certificate that the node answered with: %w", err)
	}
	if id.Gateway, err = federate.GatewayID(cert.Leaf); err != nil {
		return nil, err
	}
	pool, ca, err := id.pool()
	if err != nil {
		return nil, err
	}
	if fingerprint(ca) != code.Fingerprint {
		return nil, ErrAuthority
	}
	if _, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: cert.Leaf.NotBefore.Add(time.Minute),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		return nil, fmt.Errorf("the certificate that the node answered with: %w", err)
	}
	if id.Link, err = linkAddress(code.URL, a.Node.Link); err != nil {
		return nil, err
	}
	return id, nil
}

// linkAddress completes the node's link address: a host that it leaves out is the one that the code names, by which
// this gateway can reach it.
func linkAddress(api, link string) (string, error) {
	host, port, err := net.SplitHostPort(link)
	if err != nil {
		return "", fmt.Errorf("the node's link address %q: %w", link, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		u, err := url.Parse(api)
		if err != nil {
			return "", fmt.Errorf("the node's address %q: %w", api, err)
		}
		host = u.Hostname()
	}
	return net.JoinHostPort(host, port), nil
}

// verifyPinned looks for the authority of the code in the chain that the node shows.
func verifyPinned(chain []*x509.Certificate, pin [32]byte, now time.Time) error {
	for _, c := range chain {
		if fingerprint(c) == pin && c.IsCA {
			roots := x509.NewCertPool()
			roots.AddCert(c)
			return verifyServer(chain, roots, plausible(now, c))
		}
	}
	return ErrAuthority
}

func codeHash(code federate.Invitation) string {
	h := code.Hash()
	return hex.EncodeToString(h[:])
}

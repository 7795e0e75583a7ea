package federate

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"net/url"
	"strings"
)

// Invitation is what an enrolment code carries: where the node is, which authority it answers with, and a secret that
// the node accepts once.
type Invitation struct {
	URL         string   // base of the node's HTTP API, "https://host:port"; plain http only for a loopback host
	Fingerprint [32]byte // SHA-256 of the node's CA certificate (DER)
	Secret      [16]byte
}

const (
	invitationPrefix = "jwe1_" // of a gateway
	nodePrefix       = "jwn1_" // of another node
)

// Typed refusals of a code, in the words that the person who pasted it can act on.
var (
	ErrCodePrefix = errors.New(`an enrolment code begins with "` + invitationPrefix + `"; copy the whole code from the gateway's page`)
	ErrCodeCut    = errors.New("the enrolment code is cut or mistyped; copy the whole code from the gateway's page")
	ErrCodeURL    = errors.New("the enrolment code names an address that is not https (plain http is allowed only on a loopback address); make a new code on the node")
)

// String encodes the invitation: prefix, then base64url of version (1), fingerprint, secret, URL and a CRC-32 of all of
// it, which catches a code that was cut or mistyped before anything is sent anywhere.
func (v Invitation) String() string { return v.encode(invitationPrefix) }

// NodeCode is the invitation of another node: as String, with a beginning of its own, so that neither is taken for the other.
func (v Invitation) NodeCode() string { return v.encode(nodePrefix) }

func (v Invitation) encode(prefix string) string {
	b := append([]byte{1}, v.Fingerprint[:]...)
	b = append(b, v.Secret[:]...)
	b = append(b, v.URL...)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return prefix + base64.RawURLEncoding.EncodeToString(b)
}

// ParseInvitation reads a code. Its errors are ErrCodePrefix, ErrCodeCut or ErrCodeURL.
func ParseInvitation(code string) (Invitation, error) { return parseInvitation(code, invitationPrefix) }

// ParseNodeCode reads the invitation of a node. Its errors are those of ParseInvitation.
func ParseNodeCode(code string) (Invitation, error) { return parseInvitation(code, nodePrefix) }

func parseInvitation(code, prefix string) (Invitation, error) {
	var v Invitation
	code = strings.TrimSpace(code)
	if !strings.HasPrefix(code, prefix) {
		return v, ErrCodePrefix
	}
	b, err := base64.RawURLEncoding.DecodeString(code[len(prefix):])
	if err != nil || len(b) < 1+32+16+8+4 || len(b) > 1024 {
		return v, ErrCodeCut
	}
	n := len(b) - 4
	if crc32.ChecksumIEEE(b[:n]) != binary.LittleEndian.Uint32(b[n:]) || b[0] != 1 {
		return v, ErrCodeCut
	}
	copy(v.Fingerprint[:], b[1:])
	copy(v.Secret[:], b[33:])
	v.URL = string(b[49:n])
	if err := checkURL(v.URL); err != nil {
		return v, err
	}
	return v, nil
}

func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return ErrCodeURL
	}
	switch u.Scheme {
	case "https":
		return nil
	case "http":
		if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
			return nil
		}
	}
	return fmt.Errorf("%w (%s)", ErrCodeURL, raw)
}

// Hash is what the node keeps of the secret.
func (v Invitation) Hash() [32]byte { return sha256.Sum256(v.Secret[:]) }

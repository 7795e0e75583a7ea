package evidence

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"

	"github.com/emmansun/gmsm/sm3"
	"github.com/google/uuid"
)

// Algorithm names a hash function, as envelopes spell it.
type Algorithm string

const (
	SHA256 Algorithm = "sha-256" // FIPS 180-4
	SM3    Algorithm = "sm3"     // GB/T 32905-2016
)

// New returns the hash function, or an error for a name that is not known.
func (a Algorithm) New() (hash.Hash, error) {
	switch a {
	case SHA256:
		return sha256.New(), nil
	case SM3:
		return sm3.New(), nil
	}
	return nil, fmt.Errorf("hash algorithm %.20q is not known; use %s or %s", string(a), SHA256, SM3)
}

// Digests of both algorithms have 32 bytes.
const digestSize = 32

// SaltSize is the size of a salt in bytes.
const SaltSize = 32

// Salted is the digest of the salt followed by the canonical bytes. A digest without its salt tells nothing of bytes
// that can be guessed, and destroying salt and payload leaves a leaf that means nothing any more.
func Salted(a Algorithm, salt [SaltSize]byte, canonical []byte) ([]byte, error) {
	h, err := NewSalted(a, salt)
	if err != nil {
		return nil, err
	}
	h.Write(canonical)
	return h.Sum(nil), nil
}

// NewSalted is Salted for bytes that are written piece by piece.
func NewSalted(a Algorithm, salt [SaltSize]byte) (hash.Hash, error) {
	h, err := a.New()
	if err != nil {
		return nil, err
	}
	h.Write(salt[:])
	return h, nil
}

// Kinds of leaves that are known today. Other rooms add theirs: 1 to 32 of a-z, 0-9 and -, beginning with a letter.
const (
	KindSamples    = "samples"    // the tuples of (series, commit day); package tuple
	KindRunning    = "running"    // those of a day that has not ended, up to a commit: its number is the public payload, 8 bytes
	KindCorrection = "correction" // a person replaced values, with a reason
	KindWithdrawal = "withdrawal" // values were taken away by a correction
	KindRetention  = "retention"  // payloads were dropped by rule; the digest remembers what they were
	KindAudit      = "audit"      // who did what
	KindFact       = "fact"       // a revision of a business fact
	KindAgreement  = "agreement"  // a side has accepted the terms of an agreement, or ended it
	KindFigure     = "figure"     // a person has handed in, returned or accepted a period of figures, or entered a value beside one
)

// Limits of an envelope.
const (
	MaxKind    = 32
	MaxPayload = 4096
)

const envelopeVersion = 1

// Envelope is what an entry of the log says: at CommitTime this node held a payload about Subject whose (salted)
// digest is Digest.
type Envelope struct {
	Kind       string
	Subject    uuid.UUID // a series, an order, a person: what the payload is about
	Org        uuid.UUID // the owner; zero if it has none
	CommitTime int64     // the node's, nanoseconds since 1970-01-01 UTC
	Algorithm  Algorithm // of Digest
	Digest     []byte    // 32 bytes
	Public     []byte    // told to everybody who reads the log, for ever; at most 4,096 bytes, nothing personal
}

// Check tells what is wrong with an envelope.
func (e *Envelope) Check() error {
	if err := checkKind(e.Kind); err != nil {
		return err
	}
	if _, err := e.Algorithm.New(); err != nil {
		return err
	}
	if len(e.Digest) != digestSize {
		return fmt.Errorf("digest has %d bytes, want %d", len(e.Digest), digestSize)
	}
	if len(e.Public) > MaxPayload {
		return fmt.Errorf("public payload has %d bytes, at most %d are allowed", len(e.Public), MaxPayload)
	}
	return nil
}

func checkKind(kind string) error {
	ok := len(kind) >= 1 && len(kind) <= MaxKind && kind[0] >= 'a'
	for _, c := range []byte(kind) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-')
	}
	if !ok {
		return fmt.Errorf("kind %.40q is not 1 to %d of a-z, 0-9 and -, beginning with a letter", kind, MaxKind)
	}
	return nil
}

// Encode returns the one encoding of an envelope (docs/formats/evidence.md), or what is wrong with it.
func (e *Envelope) Encode() ([]byte, error) {
	if err := e.Check(); err != nil {
		return nil, fmt.Errorf("evidence entry: %w", err)
	}
	b := make([]byte, 0, 1+1+len(e.Kind)+16+16+8+1+len(e.Algorithm)+1+len(e.Digest)+2+len(e.Public))
	b = append(b, envelopeVersion, byte(len(e.Kind)))
	b = append(b, e.Kind...)
	b = append(b, e.Subject[:]...)
	b = append(b, e.Org[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.CommitTime))
	b = append(b, byte(len(e.Algorithm)))
	b = append(b, e.Algorithm...)
	b = append(b, byte(len(e.Digest)))
	b = append(b, e.Digest...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(e.Public)))
	return append(b, e.Public...), nil
}

var errCut = errors.New("it is cut short")

// ParseEnvelope reads what Encode has written and nothing else: bytes that it accepts are the encoding of what it
// returns. The result shares no memory with b.
func ParseEnvelope(b []byte) (Envelope, error) {
	e, err := parseEnvelope(b)
	if err != nil {
		return Envelope{}, fmt.Errorf("evidence entry: %w", err)
	}
	return e, nil
}

func parseEnvelope(b []byte) (e Envelope, err error) {
	take := func(n int) []byte {
		if len(b) < n {
			err, b = errCut, nil
			return make([]byte, n)
		}
		p := b[:n]
		b = b[n:]
		return p
	}
	version := take(1)[0]
	if err == nil && version != envelopeVersion {
		return e, fmt.Errorf("version %d is not known, this program reads version %d", version, envelopeVersion)
	}
	e.Kind = string(take(int(take(1)[0])))
	copy(e.Subject[:], take(16))
	copy(e.Org[:], take(16))
	e.CommitTime = int64(binary.BigEndian.Uint64(take(8)))
	e.Algorithm = Algorithm(take(int(take(1)[0])))
	e.Digest = append([]byte(nil), take(int(take(1)[0]))...)
	if n := int(binary.BigEndian.Uint16(take(2))); n > 0 {
		e.Public = append([]byte(nil), take(n)...)
	}
	switch {
	case err != nil:
		return e, err
	case len(b) > 0:
		return e, fmt.Errorf("%d bytes stand behind its end", len(b))
	}
	return e, e.Check()
}

package evidence

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/mod/sumdb/note"
)

// Names of the signature algorithms.
const (
	Ed25519 = "Ed25519" // RFC 8032
	SM2     = "SM2"     // GB/T 32918.2-2016 over SM3, with the standard's default identity
)

// sm2Suffix makes the name of a log's SM2 key from its origin.
const sm2Suffix = "/sm2"

// sm2Type stands where Ed25519 keys have the byte 0x01: 0xff opens the signature types that C2SP signed-note has given
// no number, and the text behind it names ours.
const sm2Type = "\xffjingwei/sm2-sm3/v1"

const (
	sm2PublicSize    = 65 // 0x04, X, Y
	sm2PrivateSize   = 32
	sm2SignatureSize = 64 // r, s
)

// Verifier is a public key of a log.
type Verifier interface {
	note.Verifier
	Algorithm() string // Ed25519 or SM2
	String() string    // the vkey: name+id+key
}

// Signer is a private key of a log.
type Signer interface {
	note.Signer
	Verifier() Verifier
	// Secret is the key as text, as NewSigner reads it.
	Secret() string
}

// OriginOf tells the origin of the log whose key this is.
func OriginOf(v Verifier) string {
	if v.Algorithm() == SM2 {
		return strings.TrimSuffix(v.Name(), sm2Suffix)
	}
	return v.Name()
}

// CheckOrigin tells what is wrong with a log's origin. It is a key name too, so it has no spaces and no plus, and one
// line of ASCII keeps it readable everywhere. A URL without its scheme is customary: "node.example.com/evidence".
func CheckOrigin(origin string) error {
	ok := origin != "" && len(origin) <= 200
	for _, c := range []byte(origin) {
		ok = ok && c > ' ' && c < 0x7f && c != '+'
	}
	if !ok {
		return fmt.Errorf("origin %.60q is not 1 to 200 printable ASCII characters without space and plus", origin)
	}
	return nil
}

// GenerateKeys makes the keys of a new log: Ed25519, then SM2.
func GenerateKeys(origin string, rand io.Reader) ([]Signer, error) {
	if err := CheckOrigin(origin); err != nil {
		return nil, err
	}
	skey, _, err := note.GenerateKey(rand, origin)
	if err != nil {
		return nil, fmt.Errorf("make an Ed25519 key: %w", err)
	}
	ed, err := NewSigner(skey)
	if err != nil {
		return nil, err
	}
	private, err := sm2.GenerateKey(rand)
	if err != nil {
		return nil, fmt.Errorf("make an SM2 key: %w", err)
	}
	sm, err := newSM2Signer(origin+sm2Suffix, private)
	if err != nil {
		return nil, err
	}
	return []Signer{ed, sm}, nil
}

const secretPrefix = "PRIVATE+KEY+"

// NewSigner reads a private key: "PRIVATE+KEY+name+id+key", for Ed25519 as golang.org/x/mod/sumdb/note has it.
func NewSigner(secret string) (Signer, error) {
	errMalformed := errors.New("malformed private key") // the text is a secret and not repeated
	rest, ok := strings.CutPrefix(secret, secretPrefix)
	name, id, key, err := splitKey(rest)
	if !ok || err != nil {
		return nil, errMalformed
	}
	if !strings.HasPrefix(string(key), sm2Type) {
		s, err := note.NewSigner(secret)
		if err != nil {
			return nil, fmt.Errorf("private key %s: %w", name, err)
		}
		// note does not tell the public key of a signer; the same seed gives it.
		public, err := ed25519Public(key)
		if err != nil {
			return nil, errMalformed
		}
		v, err := ParseVerifier(fmt.Sprintf("%s+%08x+%s", name, s.KeyHash(), base64.StdEncoding.EncodeToString(public)))
		if err != nil {
			return nil, errMalformed
		}
		return edSigner{s, v, secret}, nil
	}
	private, err := sm2.NewPrivateKey(key[len(sm2Type):])
	if err != nil {
		return nil, errMalformed
	}
	s, err := newSM2Signer(name, private)
	if err != nil || s.KeyHash() != id {
		return nil, errMalformed
	}
	return s, nil
}

// ParseVerifier reads a public key: "name+id+key" (C2SP signed-note, verifier keys).
func ParseVerifier(vkey string) (Verifier, error) {
	name, id, key, err := splitKey(vkey)
	if err != nil {
		return nil, fmt.Errorf("public key %.120q: %w", vkey, err)
	}
	if keyHash(name, key) != id {
		return nil, fmt.Errorf("public key %.120q: its id does not fit the key; copy the whole line", vkey)
	}
	if !strings.HasPrefix(string(key), sm2Type) {
		v, err := note.NewVerifier(vkey)
		if err != nil {
			return nil, fmt.Errorf("public key %.120q: %w", vkey, err)
		}
		return edVerifier{v, vkey}, nil
	}
	point := key[len(sm2Type):]
	if len(point) != sm2PublicSize {
		return nil, fmt.Errorf("public key %.120q: an SM2 key has %d bytes, not %d", vkey, sm2PublicSize, len(point))
	}
	public, err := sm2.NewPublicKey(point)
	if err != nil {
		return nil, fmt.Errorf("public key %.120q: its point is not on the SM2 curve", vkey)
	}
	return sm2Verifier{name, id, point, public}, nil
}

// splitKey takes name+id+base64 apart; only the one spelling that String gives is accepted.
func splitKey(s string) (name string, id uint32, key []byte, err error) {
	name, rest, _ := strings.Cut(s, "+")
	hex, text, _ := strings.Cut(rest, "+")
	n, err1 := strconv.ParseUint(hex, 16, 32)
	key, err2 := base64.StdEncoding.Strict().DecodeString(text)
	valid := utf8.ValidString(name) && name != "" && !strings.ContainsFunc(name, unicode.IsSpace)
	if !valid || len(hex) != 8 || err1 != nil || err2 != nil || len(key) < 2 || strings.ContainsAny(text, "\r\n") {
		return "", 0, nil, errors.New("it is not of the form name+id+key; copy the whole line")
	}
	return name, uint32(n), key, nil
}

// keyHash is a key's id: the first 4 bytes of SHA-256 over name, newline, type and key.
func keyHash(name string, key []byte) uint32 {
	h := sha256.Sum256(append([]byte(name+"\n"), key...))
	return binary.BigEndian.Uint32(h[:])
}

type edVerifier struct {
	note.Verifier
	vkey string
}

func (v edVerifier) Algorithm() string { return Ed25519 }
func (v edVerifier) String() string    { return v.vkey }

type edSigner struct {
	note.Signer
	verifier Verifier
	secret   string
}

func (s edSigner) Verifier() Verifier { return s.verifier }
func (s edSigner) Secret() string     { return s.secret }

type sm2Verifier struct {
	name   string
	hash   uint32
	point  []byte
	public *ecdsa.PublicKey
}

func (v sm2Verifier) Name() string      { return v.name }
func (v sm2Verifier) KeyHash() uint32   { return v.hash }
func (v sm2Verifier) Algorithm() string { return SM2 }

func (v sm2Verifier) String() string {
	return fmt.Sprintf("%s+%08x+%s", v.name, v.hash, base64.StdEncoding.EncodeToString(append([]byte(sm2Type), v.point...)))
}

func (v sm2Verifier) Verify(msg, sig []byte) bool {
	if len(sig) != sm2SignatureSize {
		return false
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, half := range [][]byte{sig[:32], sig[32:]} {
			b.AddASN1(asn1.INTEGER, func(b *cryptobyte.Builder) {
				for len(half) > 1 && half[0] == 0 {
					half = half[1:]
				}
				if half[0]&0x80 != 0 {
					b.AddUint8(0)
				}
				b.AddBytes(half)
			})
		}
	})
	der, err := b.Bytes()
	return err == nil && sm2.VerifyASN1WithSM2(v.public, nil, msg, der)
}

type sm2Signer struct {
	verifier sm2Verifier
	private  *sm2.PrivateKey
}

func newSM2Signer(name string, private *sm2.PrivateKey) (sm2Signer, error) {
	point, err := sm2Point(&private.PublicKey)
	if err != nil {
		return sm2Signer{}, err
	}
	key := append([]byte(sm2Type), point...)
	return sm2Signer{sm2Verifier{name, keyHash(name, key), point, &private.PublicKey}, private}, nil
}

func sm2Point(public *ecdsa.PublicKey) ([]byte, error) {
	p, err := sm2.PublicKeyToECDH(public)
	if err != nil {
		return nil, fmt.Errorf("SM2 public key: %w", err)
	}
	return p.Bytes(), nil
}

func (s sm2Signer) Name() string       { return s.verifier.name }
func (s sm2Signer) KeyHash() uint32    { return s.verifier.hash }
func (s sm2Signer) Verifier() Verifier { return s.verifier }

func (s sm2Signer) Secret() string {
	var d [sm2PrivateSize]byte
	s.private.D.FillBytes(d[:])
	return fmt.Sprintf("%s%s+%08x+%s", secretPrefix, s.verifier.name, s.verifier.hash,
		base64.StdEncoding.EncodeToString(append([]byte(sm2Type), d[:]...)))
}

// Sign draws the nonce from the key and the message (RFC 6979's way), so no weak random source can give the key away.
func (s sm2Signer) Sign(msg []byte) ([]byte, error) {
	der, err := s.private.Sign(nil, msg, sm2.DefaultSM2SignerOpts)
	if err != nil {
		return nil, fmt.Errorf("sign with SM2: %w", err)
	}
	var r, t []byte
	in := cryptobyte.String(der)
	var seq cryptobyte.String
	if !in.ReadASN1(&seq, asn1.SEQUENCE) || !seq.ReadASN1Integer(&r) || !seq.ReadASN1Integer(&t) || len(r) > 32 || len(t) > 32 {
		return nil, errors.New("sign with SM2: malformed signature")
	}
	sig := make([]byte, sm2SignatureSize)
	copy(sig[32-len(r):], r)
	copy(sig[64-len(t):], t)
	return sig, nil
}

package handle

import (
	"crypto"
	"crypto/dsa" //lint:ignore SA1019 keys of administrators in the field are DSA keys too
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/binary"
	"math/big"
	"slices"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// The kinds of public keys, as they stand in HS_PUBKEY data.
const (
	keyRSA = "RSA_PUB_KEY"
	keyDSA = "DSA_PUB_KEY"
	keyDH  = "DH_PUB_KEY"
	keySM2 = "SM2_PUB_KEY"
)

// DHKey is a Diffie-Hellman public key, by which sessions agree on a key.
type DHKey struct{ P, G, Y *big.Int }

// DecodePublicKey reads the data of an HS_PUBKEY value: *rsa.PublicKey, *dsa.PublicKey, *ecdsa.PublicKey (on the curve of
// SM2) or *DHKey. Bytes after it are passed over, as Java writes some. The error is a *FormatError.
func DecodePublicKey(b []byte) (crypto.PublicKey, error) {
	r := reader{b: b}
	kind := string(r.str("key type", 64))
	r.u16("key flags")
	var key crypto.PublicKey
	switch kind {
	case keyRSA:
		key = r.rsaKey()
	case keyDSA:
		q, p, g, y := r.number("DSA q"), r.number("DSA p"), r.number("DSA g"), r.number("DSA y")
		key = &dsa.PublicKey{Parameters: dsa.Parameters{P: p, Q: q, G: g}, Y: y}
	case keyDH:
		y, p, g := r.number("DH y"), r.number("DH p"), r.number("DH g")
		key = &DHKey{P: p, G: g, Y: y}
	case keySM2:
		key = r.sm2Key()
	default:
		r.fail(malformed("key type", kind, "RSA_PUB_KEY, DSA_PUB_KEY, DH_PUB_KEY or SM2_PUB_KEY"))
	}
	if r.err != nil {
		return nil, r.err
	}
	return key, nil
}

// number reads a positive integer in Java's form: two's complement, so that a leading zero byte may stand before it.
func (r *reader) number(field string) *big.Int {
	b := r.str(field, MaxKeyBits/8+1)
	if r.err == nil && (len(b) == 0 || b[0]&0x80 != 0 && len(b) > MaxKeyBits/8) {
		r.fail(malformed(field, len(b), "a positive number of at most %d bits", MaxKeyBits))
	}
	n := new(big.Int).SetBytes(b)
	if r.err == nil && n.Sign() == 0 {
		r.fail(malformed(field, 0, "a positive number"))
	}
	return n
}

func (r *reader) rsaKey() *rsa.PublicKey {
	e, n := r.number("RSA exponent"), r.number("RSA modulus")
	if r.err == nil && (!e.IsInt64() || e.Int64() > 1<<31-1 || e.Int64() < 2) {
		r.fail(malformed("RSA exponent", e, "2 to 2147483647"))
		return nil
	}
	if r.err != nil {
		return nil
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}
}

// sm2Key reads an X.509 SubjectPublicKeyInfo; some senders write it bare, others with a length before it.
func (r *reader) sm2Key() *ecdsa.PublicKey {
	rest := r.b[r.off:]
	if len(rest) > 4 && rest[0] == 0 {
		rest = r.str("SM2 key", MaxKey)
	}
	if r.err != nil {
		return nil
	}
	if len(rest) > MaxKey {
		r.fail(malformed("SM2 key", len(rest), "at most %d bytes", MaxKey))
		return nil
	}
	parsed, err := smx509.ParsePKIXPublicKey(rest)
	key, ok := parsed.(*ecdsa.PublicKey)
	if err != nil || !ok || key.Curve != sm2.P256() {
		r.fail(malformed("SM2 key", len(rest), "an X.509 key on the curve of SM2"))
		return nil
	}
	return key
}

func appendNumber(dst []byte, n *big.Int) []byte {
	size := n.BitLen()/8 + 1 // one bit for the sign
	dst = binary.BigEndian.AppendUint32(dst, uint32(size))
	at := len(dst)
	dst = append(dst, make([]byte, size)...)
	n.FillBytes(dst[at:])
	return dst
}

// AppendPublicKey appends the data of an HS_PUBKEY value for one of the keys that DecodePublicKey tells of; false for any
// other.
func AppendPublicKey(dst []byte, key crypto.PublicKey) ([]byte, bool) {
	switch k := key.(type) {
	case *rsa.PublicKey:
		dst = append(appendStr(dst, keyRSA), 0, 0)
		return appendNumber(appendNumber(dst, big.NewInt(int64(k.E))), k.N), true
	case *dsa.PublicKey:
		dst = append(appendStr(dst, keyDSA), 0, 0)
		return appendNumber(appendNumber(appendNumber(appendNumber(dst, k.Q), k.P), k.G), k.Y), true
	case *DHKey:
		dst = append(appendStr(dst, keyDH), 0, 0)
		return appendNumber(appendNumber(appendNumber(dst, k.Y), k.P), k.G), true
	case *ecdsa.PublicKey:
		der, err := smx509.MarshalPKIXPublicKey(k)
		if err != nil || k.Curve != sm2.P256() {
			return dst, false
		}
		dst = append(appendStr(dst, keySM2), 0, 0)
		return append(dst, der...), true
	}
	return dst, false
}

// SameKey reports whether two public keys are the same.
func SameKey(a, b crypto.PublicKey) bool {
	x, okA := AppendPublicKey(nil, a)
	y, okB := AppendPublicKey(nil, b)
	return okA && okB && slices.Equal(x, y)
}

package handle

import (
	"crypto"
	"crypto/dsa" //lint:ignore SA1019 keys of administrators in the field are DSA keys too
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/emmansun/gmsm/sm2"
)

// Challenge is what a server wants signed: its nonce and the digest of the request that it is about.
type Challenge struct {
	Digest Digest
	Nonce  []byte
}

// AppendChallenge appends the body of a 402: the digest, which always stands there, and the nonce.
func AppendChallenge(dst []byte, c Challenge) []byte {
	dst = append(dst, byte(c.Digest.Algorithm))
	dst = append(dst, c.Digest.Sum...)
	return appendStr(dst, c.Nonce)
}

// DecodeChallenge reads the body of a 402. The error is a *FormatError.
func DecodeChallenge(body []byte) (Challenge, error) {
	r := reader{b: body}
	c := Challenge{Digest: r.digest()}
	c.Nonce = slices.Clone(r.str("nonce", 1024))
	if r.err == nil && len(c.Nonce) == 0 {
		r.fail(malformed("nonce", "", "at least one byte"))
	}
	return c, r.err
}

// Answer is the body of an answer to a challenge (operation 200).
type Answer struct {
	Type   string // TypePublicKey or TypeSecretKey
	Signer Reference
	Signed []byte // by AnswerWithKey or AnswerWithSecret
}

// AppendAnswer appends the body of operation 200.
func AppendAnswer(dst []byte, a Answer) []byte {
	dst = appendStr(appendStr(dst, a.Type), a.Signer.Handle)
	dst = binary.BigEndian.AppendUint32(dst, a.Signer.Index)
	return appendStr(dst, a.Signed)
}

// DecodeAnswer reads the body of operation 200. The error is a *FormatError.
func DecodeAnswer(body []byte) (Answer, error) {
	r := reader{b: body}
	a := Answer{Type: string(r.str("authentication type", MaxType))}
	a.Signer.Handle = Name(r.str("signer", MaxName))
	a.Signer.Index = r.u32("signer's index")
	a.Signed = slices.Clone(r.str("answer", MaxAnswer))
	return a, r.err
}

// ErrNotSigned is the error of an answer or signature that does not prove what it should.
var ErrNotSigned = errors.New("the signature does not verify")

func (c Challenge) signed() []byte { return append(slices.Clone(c.Nonce), c.Digest.Sum...) }

// SignAs makes a signature in the protocol's form: the name of the hash and the signature, each with its length. The key
// is RSA, DSA (*dsa.PrivateKey) or SM2 (*sm2.PrivateKey).
func SignAs(v Version, key crypto.PrivateKey, message []byte) ([]byte, error) {
	hashName, hash := "SHA1", crypto.SHA1
	if v.AtLeast(sha256Version) {
		hashName, hash = "SHA-256", crypto.SHA256
	}
	var signature []byte
	var err error
	switch k := key.(type) {
	case *dsa.PrivateKey:
		if !v.AtLeast(dsa256Version) {
			hashName, hash = "SHA1", crypto.SHA1
		}
		signature, err = signDSA(k, sum(hash, message))
	case *sm2.PrivateKey:
		hashName = "SM3"
		signature, err = k.SignWithSM2(rand.Reader, nil, message)
	case *rsa.PrivateKey:
		signature, err = rsa.SignPKCS1v15(nil, k, hash, sum(hash, message))
	default:
		return nil, errors.New("sign: the key is none of RSA, DSA and SM2")
	}
	if err != nil {
		return nil, err
	}
	return appendStr(appendStr(nil, hashName), signature), nil
}

func sum(hash crypto.Hash, message []byte) []byte {
	if hash == crypto.SHA1 {
		s := sha1.Sum(message)
		return s[:]
	}
	s := sha256.Sum256(message)
	return s[:]
}

type dsaSignature struct{ R, S *big.Int }

func signDSA(k *dsa.PrivateKey, digest []byte) ([]byte, error) {
	r, s, err := dsa.Sign(rand.Reader, k, cutDigest(digest, k.Q))
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(dsaSignature{r, s})
}

// cutDigest keeps as many leading bits of a digest as the group's order has (FIPS 186-4, section 4.6).
func cutDigest(digest []byte, q *big.Int) []byte { return digest[:min(len(digest), (q.BitLen()+7)/8)] }

// VerifySignature checks what SignAs made. ErrNotSigned when it does not verify; a *FormatError when it is none.
func VerifySignature(key crypto.PublicKey, message, signed []byte) error {
	r := reader{b: signed}
	name := hashName(string(r.str("hash", 32)))
	signature := r.str("signature", MaxAnswer)
	if r.err != nil {
		return r.err
	}
	return verify(key, name, message, signature)
}

// hashName is a hash's name without the case and hyphens in which senders differ.
func hashName(s string) string { return strings.ReplaceAll(strings.ToUpper(s), "-", "") }

func verify(key crypto.PublicKey, name string, message, signature []byte) error {
	hash := crypto.SHA256
	switch name {
	case "SHA1":
		hash = crypto.SHA1
	case "SHA256", "SM3":
	default:
		return malformed("hash", name, "SHA1, SHA-256 or SM3")
	}
	ok := false
	switch k := key.(type) {
	case *rsa.PublicKey:
		ok = name != "SM3" && k.N.BitLen() >= MinKeyBits && k.N.BitLen() <= MaxKeyBits &&
			rsa.VerifyPKCS1v15(k, hash, sum(hash, message), signature) == nil
	case *dsa.PublicKey:
		var s dsaSignature
		rest, err := asn1.Unmarshal(signature, &s)
		ok = name != "SM3" && err == nil && len(rest) == 0 && k.P.BitLen() >= MinKeyBits && k.Q.BitLen() >= 160 &&
			k.Q.BitLen()%8 == 0 && k.P.Bit(0) == 1 && k.G.Cmp(k.P) < 0 && k.Y.Cmp(k.P) < 0 && dsa.Verify(k, cutDigest(sum(hash, message), k.Q), s.R, s.S)
	case *ecdsa.PublicKey:
		ok = sm2.IsSM2PublicKey(k) && sm2.VerifyASN1WithSM2(k, nil, message, signature)
	}
	if !ok {
		return ErrNotSigned
	}
	return nil
}

// AnswerWithKey answers a challenge by a signature over nonce and digest.
func AnswerWithKey(v Version, key crypto.PrivateKey, c Challenge) ([]byte, error) {
	return SignAs(v, key, c.signed())
}

// VerifyWithKey checks such an answer. ErrNotSigned when it does not verify; a *FormatError when it is none.
func VerifyWithKey(key crypto.PublicKey, c Challenge, answer []byte) error {
	return VerifySignature(key, c.signed(), answer)
}

// answerIterations and answerBits are what clients in the field use.
const (
	answerIterations = 10_000
	answerBits       = 160
)

// AnswerWithSecret answers a challenge with a secret key: from 2.7 by a key that PBKDF2 makes of it with a salt from
// random, before by a plain digest.
func AnswerWithSecret(v Version, random io.Reader, secret []byte, c Challenge) ([]byte, error) {
	if !v.AtLeast(sha256Version) {
		return plainAnswer(SHA1, secret, c), nil
	}
	salt := make([]byte, 16)
	if _, err := io.ReadFull(random, salt); err != nil {
		return nil, err
	}
	mac, err := derivedMAC(secret, salt, answerIterations, answerBits, c)
	if err != nil {
		return nil, err
	}
	b := appendStr([]byte{byte(PBKDF2)}, salt)
	b = binary.BigEndian.AppendUint32(b, answerIterations)
	b = binary.BigEndian.AppendUint32(b, answerBits)
	return appendStr(b, mac), nil
}

// derivedMAC is the code that a key derived from the secret makes. The field's clients take each byte of the secret for a
// character and write that in UTF-8 before they derive, which only shows in secrets beyond ASCII.
func derivedMAC(secret, salt []byte, iterations, bits int, c Challenge) ([]byte, error) {
	var password []byte
	for _, b := range secret {
		password = utf8.AppendRune(password, rune(b))
	}
	key, err := pbkdf2.Key(sha1.New, string(password), salt, iterations, bits/8)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(c.signed())
	return mac.Sum(nil), nil
}

// plainAnswer is the digest of secret, nonce, request digest and secret.
func plainAnswer(a DigestAlgorithm, secret []byte, c Challenge) []byte {
	all := slices.Concat(secret, c.Nonce, c.Digest.Sum, secret)
	return AppendDigest(nil, a, all)
}

// VerifyWithSecret checks an answer made with a secret key, in every form that clients in the field send. ErrNotSigned when
// it does not prove the secret; a *FormatError when it is none.
func VerifyWithSecret(secret []byte, c Challenge, answer []byte) error {
	if len(secret) == 0 {
		return ErrNotSigned
	}
	r := reader{b: answer}
	var want, got []byte
	switch a := DigestAlgorithm(r.u8("answer's algorithm")); a {
	case MD5, SHA1, SHA256:
		want, got = plainAnswer(a, secret, c)[1:], r.take("digest", a.Size())
	case HMACSHA1, HMACSHA256:
		mac := hmac.New(sha1.New, secret)
		if a == HMACSHA256 {
			mac = hmac.New(sha256.New, secret)
		}
		mac.Write(c.signed())
		want = mac.Sum(nil)
		got = r.take("code", len(want))
	case PBKDF2:
		salt := r.str("salt", 256)
		iterations, bits := r.u32("iterations"), r.u32("key length")
		got = r.str("code", 64)
		if r.err == nil && (iterations < MinIterations || iterations > MaxIterations) {
			r.fail(malformed("iterations", iterations, "%d to %d", MinIterations, MaxIterations))
		}
		if r.err == nil && (bits < 112 || bits > 512 || bits%8 != 0) {
			r.fail(malformed("key length", bits, "112 to 512 bits"))
		}
		if r.err == nil {
			want, r.err = derivedMAC(secret, salt, int(iterations), int(bits), c)
		}
	default:
		r.fail(malformed("answer's algorithm", byte(a), "1, 2, 3, 0x12, 0x13 or 0x22"))
	}
	if r.err != nil {
		return r.err
	}
	if subtle.ConstantTimeCompare(want, got) != 1 {
		return ErrNotSigned
	}
	return nil
}

// SignedAnswer is a signature by a hash of a name (SHA1, SHA-256, SM3) in the form that VerifyWithKey reads.
func SignedAnswer(hash string, signature []byte) []byte {
	return appendStr(appendStr(nil, hash), signature)
}

// DigestAnswer is a digest by a hash of a name (MD5, SHA1, SHA-256) in the form that VerifyWithSecret reads.
func DigestAnswer(hash string, digest []byte) []byte {
	a := SHA256
	switch hashName(hash) {
	case "MD5":
		a = MD5
	case "SHA1":
		a = SHA1
	}
	return append([]byte{byte(a)}, digest...)
}

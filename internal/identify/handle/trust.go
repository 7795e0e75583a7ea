package handle

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Claims are what an HS_CERT or an HS_SIGNATURE says: a JWT (RFC 7519) as CNRI's trust classes write it.
type Claims struct {
	Issuer      Reference // who signed
	Subject     string    // the handle signed, or the key certified as index:handle
	NotBefore   int64     // unix seconds; 0: always
	Expires     int64     // unix seconds; 0: never
	Chain       []Name    // the handles that hold the certificates, the issuer's first
	Permissions []Grant   // of a certificate
	PublicKey   crypto.PublicKey
	Digests     map[uint32][]byte // of a signature: by index, of values without index and time
	algorithm   string
	signed      *jose.JSONWebSignature
}

// Grant is what the key of a certificate may sign.
type Grant struct {
	Handle Name   `json:"handle"`
	What   string `json:"perm"` // everything, thisHandle, handlesUnderThisPrefix, derivedPrefixes
}

type claimsJSON struct {
	Issuer      string  `json:"iss"`
	Subject     string  `json:"sub"`
	NotBefore   int64   `json:"nbf"`
	Expires     int64   `json:"exp"`
	Chain       []Name  `json:"chain"`
	Permissions []Grant `json:"perms"`
	PublicKey   *struct {
		Kty string `json:"kty"`
		N   string `json:"n"`
		E   string `json:"e"`
	} `json:"publicKey"`
	Digests *struct {
		Algorithm string `json:"alg"`
		Digests   []struct {
			Index  uint32 `json:"index"`
			Digest string `json:"digest"`
		} `json:"digests"`
	} `json:"digests"`
}

// DecodeClaims reads the text of an HS_CERT or HS_SIGNATURE; nothing of it is believed before Verify. The error is a
// *FormatError.
func DecodeClaims(text []byte) (*Claims, error) {
	if len(text) > MaxToken {
		return nil, malformed("token", len(text), "at most %d bytes", MaxToken)
	}
	signed, err := jose.ParseSigned(string(text), []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512})
	if err != nil {
		return nil, malformed("token", string(text), "a JWS signed by RSA: %v", err)
	}
	var j claimsJSON
	if err := json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &j); err != nil {
		return nil, malformed("claims", "", "JSON: %v", err)
	}
	c := &Claims{Subject: j.Subject, NotBefore: j.NotBefore, Expires: j.Expires, Chain: j.Chain, Permissions: j.Permissions, signed: signed}
	if c.Issuer, err = ParseReference(j.Issuer); err != nil {
		return nil, err
	}
	if j.PublicKey != nil {
		n, err1 := base64.RawURLEncoding.DecodeString(j.PublicKey.N)
		e, err2 := base64.RawURLEncoding.DecodeString(j.PublicKey.E)
		if j.PublicKey.Kty != "RSA" || err1 != nil || err2 != nil || len(n)*8 > MaxKeyBits || len(e) == 0 || len(e) > 4 {
			return nil, malformed("publicKey", j.PublicKey.Kty, "an RSA key of at most %d bits", MaxKeyBits)
		}
		c.PublicKey = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	}
	if j.Digests != nil {
		c.algorithm = hashName(j.Digests.Algorithm)
		if c.algorithm != "SHA256" && c.algorithm != "SHA1" {
			return nil, malformed("digest algorithm", j.Digests.Algorithm, "SHA-256 or SHA-1")
		}
		c.Digests = map[uint32][]byte{}
		for _, d := range j.Digests.Digests {
			if c.Digests[d.Index], err = base64.StdEncoding.DecodeString(d.Digest); err != nil {
				return nil, malformed("digest", d.Digest, "base64")
			}
		}
	}
	return c, nil
}

// ParseReference reads "index:handle". The error is a *FormatError.
func ParseReference(s string) (Reference, error) {
	index, name, ok := strings.Cut(s, ":")
	n, err := strconv.ParseUint(index, 10, 32)
	if !ok || err != nil {
		return Reference{}, malformed("reference", s, "index:handle")
	}
	return Reference{Handle: Name(name), Index: uint32(n)}, nil
}

// Verify checks the signature by the issuer's key, and the time. ErrNotSigned is wrapped by what is wrong.
func (c *Claims) Verify(key crypto.PublicKey, now time.Time) error {
	k, ok := key.(*rsa.PublicKey)
	if !ok || k.N.BitLen() < MinKeyBits {
		return fmt.Errorf("%w: the key of %d:%s is no RSA key of %d bits and more", ErrNotSigned, c.Issuer.Index, c.Issuer.Handle, MinKeyBits)
	}
	if _, err := c.signed.Verify(k); err != nil {
		return fmt.Errorf("%w: not by the key of %d:%s", ErrNotSigned, c.Issuer.Index, c.Issuer.Handle)
	}
	if at := now.Unix(); c.NotBefore != 0 && at < c.NotBefore || c.Expires != 0 && at > c.Expires {
		return fmt.Errorf("%w: good from %d to %d, not at %d (unix seconds)", ErrNotSigned, c.NotBefore, c.Expires, at)
	}
	return nil
}

// Covers reports whether the key of a certificate may sign a handle. Who may sign derived prefixes may sign what is under
// them, too.
func (c *Claims) Covers(name Name) bool {
	for _, g := range c.Permissions {
		of, isPrefix := g.Handle.OfPrefix()
		switch g.What {
		case "everything":
			return true
		case "thisHandle":
			if g.Handle.Same(name) {
				return true
			}
		case "handlesUnderThisPrefix":
			if isPrefix && Name(of).Same(Name(name.Prefix())) {
				return true
			}
		case "derivedPrefixes":
			under := name.Prefix()
			if p, ok := name.OfPrefix(); ok {
				under = p
			}
			if isPrefix && len(under) > len(of) && under[len(of)] == '.' && Name(under[:len(of)]).Same(Name(of)) {
				return true
			}
		}
	}
	return false
}

// Vouches reports whether a signature covers a value, and whether the value is what was signed. What is signed is the value as
// it goes over the wire, without index and time.
func (c *Claims) Vouches(v Value) (covered, same bool) {
	want, ok := c.Digests[v.Index]
	if !ok {
		return false, false
	}
	encoded := AppendValue(nil, v)[8:]
	var got []byte
	if c.algorithm == "SHA1" {
		sum := sha1.Sum(encoded)
		got = sum[:]
	} else {
		sum := sha256.Sum256(encoded)
		got = sum[:]
	}
	return true, subtle.ConstantTimeCompare(want, got) == 1
}

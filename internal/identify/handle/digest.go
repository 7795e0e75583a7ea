package handle

import (
	"bytes"
	"crypto/md5"  // digests before 2.1
	"crypto/sha1" // digests of 2.1 to 2.6
	"crypto/sha256"
	"slices"
)

// DigestAlgorithm is the byte that tells how a digest was made.
type DigestAlgorithm byte

// The algorithms of digests and of answers with a secret key.
const (
	MD5        DigestAlgorithm = 1
	SHA1       DigestAlgorithm = 2
	SHA256     DigestAlgorithm = 3
	HMACSHA1   DigestAlgorithm = 0x12
	HMACSHA256 DigestAlgorithm = 0x13
	PBKDF2     DigestAlgorithm = 0x22
)

// Size is the length of a digest in bytes; 0 for what is none.
func (a DigestAlgorithm) Size() int {
	switch a {
	case MD5:
		return md5.Size
	case SHA1:
		return sha1.Size
	case SHA256:
		return sha256.Size
	}
	return 0
}

// Digest is the digest of a request: over its header and body as received.
type Digest struct {
	Algorithm DigestAlgorithm
	Sum       []byte
}

// Equal reports whether both are the same.
func (d Digest) Equal(o Digest) bool { return d.Algorithm == o.Algorithm && bytes.Equal(d.Sum, o.Sum) }

// AlgorithmOf is how requests are digested in a version.
func AlgorithmOf(v Version) DigestAlgorithm {
	switch {
	case v.AtLeast(sha256Version):
		return SHA256
	case v.AtLeast(sha1Version):
		return SHA1
	}
	return MD5
}

// AppendDigest appends the algorithm's byte and the digest of a request's header and body (Message.Digested). It does not
// allocate when dst has room.
func AppendDigest(dst []byte, a DigestAlgorithm, digested []byte) []byte {
	dst = append(dst, byte(a))
	switch a {
	case MD5:
		sum := md5.Sum(digested)
		return append(dst, sum[:]...)
	case SHA1:
		sum := sha1.Sum(digested)
		return append(dst, sum[:]...)
	default:
		sum := sha256.Sum256(digested)
		return append(dst, sum[:]...)
	}
}

// TakeDigest makes the digest of a request's header and body.
func TakeDigest(a DigestAlgorithm, digested []byte) Digest {
	return Digest{Algorithm: a, Sum: AppendDigest(nil, a, digested)[1:]}
}

func (r *reader) digest() Digest {
	a := DigestAlgorithm(r.u8("digest algorithm"))
	if r.err != nil {
		return Digest{}
	}
	if a == 0 { // the length form, which begins with three zero bytes
		r.off--
		sum := r.str("digest", 64)
		for _, known := range []DigestAlgorithm{MD5, SHA1, SHA256} {
			if known.Size() == len(sum) {
				return Digest{Algorithm: known, Sum: slices.Clone(sum)}
			}
		}
		r.fail(malformed("digest", len(sum), "16, 20 or 32 bytes"))
		return Digest{}
	}
	if a.Size() == 0 {
		r.fail(malformed("digest algorithm", byte(a), "1 MD5, 2 SHA-1, 3 SHA-256"))
		return Digest{}
	}
	return Digest{Algorithm: a, Sum: slices.Clone(r.take("digest", a.Size()))}
}

// SplitDigest takes the digest of the request off the body of an answer that begins with one: when FlagReturnDigest is set,
// and always in a challenge. The error is a *FormatError.
func SplitDigest(h Header, body []byte) (Digest, []byte, error) {
	if h.Flags&FlagReturnDigest == 0 && h.Code != Unauthenticated {
		return Digest{}, body, nil
	}
	r := reader{b: body}
	d := r.digest()
	return d, body[r.off:], r.err
}

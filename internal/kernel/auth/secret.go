package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/google/uuid"
)

// newSecret makes 256 random bits in URL-safe base64 (43 characters). The node keeps only its hash.
func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails (crypto/rand, since Go 1.24)
	return base64.RawURLEncoding.EncodeToString(b)
}

// secretLength is that of what newSecret makes; anything else is refused before it is hashed.
const secretLength = 43

// hashSecret is SHA-256: a secret of 256 random bits needs no slow hash.
func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func sameHash(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// sealOf derives what Principal.Seal returns. It is another function of the secret than the stored hash, so the
// database does not hold it.
func sealOf(secret string) (seal [32]byte) {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("jingwei seal 1"))
	copy(seal[:], m.Sum(nil))
	return seal
}

// tokenPrefix begins every API token, so that scanners for leaked secrets can find one.
const tokenPrefix = "jw_"

// tokenText is jw_<id>_<secret>, the id in 32 hex digits.
func tokenText(id uuid.UUID, secret string) string {
	return tokenPrefix + strings.ReplaceAll(id.String(), "-", "") + "_" + secret
}

func parseToken(s string) (id uuid.UUID, secret string, ok bool) {
	s, found := strings.CutPrefix(s, tokenPrefix)
	if !found || len(s) != 32+1+secretLength || s[32] != '_' {
		return uuid.Nil, "", false
	}
	id, err := uuid.Parse(s[:32])
	return id, s[33:], err == nil
}

package auth

import (
	"strings"
	"testing"

	"github.com/google/uuid"
)

func FuzzParseToken(f *testing.F) {
	f.Add(tokenText(uuid.Must(uuid.NewV7()), newSecret()))
	f.Add("jw_")
	f.Add("jw_" + strings.Repeat("0", 32) + "_" + strings.Repeat("x", 43))
	f.Fuzz(func(t *testing.T, s string) {
		id, secret, ok := parseToken(s)
		if ok && (len(secret) != secretLength || !strings.EqualFold(tokenText(id, secret), s)) {
			t.Fatalf("%q reads as %v %q", s, id, secret)
		}
	})
}

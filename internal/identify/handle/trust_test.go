package handle

import (
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// trusted reads testdata/cnri-trust.txt.
func trusted(t testing.TB) (words map[string]string, values []Value) {
	t.Helper()
	file, err := os.ReadFile("testdata/cnri-trust.txt")
	if err != nil {
		t.Fatal(err)
	}
	words = map[string]string{}
	for line := range strings.Lines(string(file)) {
		name, word, _ := strings.Cut(strings.TrimSpace(line), " ")
		words[name] = word
		if name == "VALUE" {
			b, err := hex.DecodeString(word)
			if err != nil {
				t.Fatal(err)
			}
			r := reader{b: b}
			values = append(values, r.value())
		}
	}
	return words, values
}

func TestChainOfCNRI(t *testing.T) {
	words, values := trusted(t)
	now := time.Unix(1_800_000_000, 0)
	claims := func(name string) *Claims {
		c, err := DecodeClaims([]byte(words[name]))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	root, prefix, signature := claims("ROOT"), claims("PREFIX"), claims("HANDLE")
	keyData, _ := hex.DecodeString(words["ROOTKEY"])
	key, err := DecodePublicKey(keyData)
	if err != nil || !SameKey(key, root.PublicKey) {
		t.Fatal(err)
	}
	for _, step := range []struct{ what, by *Claims }{{root, root}, {prefix, root}, {signature, prefix}} {
		if err := step.what.Verify(step.by.PublicKey, now); err != nil {
			t.Error(err)
		}
	}
	if err := signature.Verify(root.PublicKey, now); !errors.Is(err, ErrNotSigned) {
		t.Errorf("by another key: %v", err)
	}
	for _, at := range []int64{1_794_999_999, 2_110_000_001} {
		if err := prefix.Verify(root.PublicKey, time.Unix(at, 0)); !errors.Is(err, ErrNotSigned) {
			t.Errorf("at %d: %v", at, err)
		}
	}
	for name, want := range map[Name]bool{"88.1/pump": true, "0.NA/88.1": true, "88.2/pump": false, "88.1.1/x": false, "0.NA/88.1.1": false} {
		if prefix.Covers(name) != want {
			t.Errorf("the prefix's certificate and %s", name)
		}
	}
	derived := Claims{Permissions: []Grant{{"0.NA/88", "derivedPrefixes"}}}
	if !derived.Covers("0.NA/88.1") || !derived.Covers("88.1/x") || derived.Covers("88/x") || derived.Covers("889.1/x") {
		t.Error("derived prefixes")
	}
	for _, v := range values {
		if covered, same := signature.Vouches(v); !covered || !same {
			t.Errorf("value %d: %v %v", v.Index, covered, same)
		}
		v.Time++
		if _, same := signature.Vouches(v); !same {
			t.Error("the time is not signed")
		}
		v.Data = []byte("x")
		if covered, same := signature.Vouches(v); !covered || same {
			t.Error("another value is vouched for")
		}
	}
}

func FuzzClaims(f *testing.F) {
	words, values := trusted(f)
	f.Add([]byte(words["PREFIX"]))
	f.Add([]byte(words["HANDLE"]))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := DecodeClaims(b)
		if err != nil {
			return
		}
		c.Covers("88.1/x")
		c.Vouches(values[0])
	})
}

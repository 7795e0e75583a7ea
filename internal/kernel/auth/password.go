package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Argon2id parameters (RFC 9106): 32 MiB, three passes, one lane; about 60 ms of one core. They stand in each hash, so
// raising them later keeps old passwords valid, and a sign-in writes the new form. Two hashes run at a time, so that
// sign-ins cannot take more than 64 MiB however many come.
const (
	argonMemory  = 32 << 10 // KiB
	argonPasses  = 3
	argonLanes   = 1
	argonKey     = 32
	argonSalt    = 16
	argonAtOnce  = 2
	maxArgonCost = 1 << 20 // KiB times passes that a stored hash may ask for; more is a damaged row
)

// Length of a password in characters. Long ones are welcome; the upper bound keeps hashing cheap.
const (
	MinPassword = 10
	MaxPassword = 128
)

//go:embed guessable.txt
var guessableList string

// guessable are passwords that attackers try first: the common ones, and makers' defaults of control systems.
var guessable = func() map[string]bool {
	m := map[string]bool{}
	for line := range strings.Lines(guessableList) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			m[line] = true
		}
	}
	return m
}()

// CheckPassword tells whether somebody may use a password: ErrPasswordShort, ErrPasswordLong or ErrPasswordGuessable.
// It asks for length, not for kinds of characters (NIST SP 800-63B, 3.1.1.2).
func CheckPassword(password, login, name string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case n < MinPassword:
		return ErrPasswordShort.At("body.new", nil).With("min", MinPassword)
	case n > MaxPassword || !utf8.ValidString(password):
		return ErrPasswordLong.At("body.new", nil).With("max", MaxPassword)
	}
	plain := simplify(password)
	first, _ := utf8.DecodeRuneInString(password)
	oneCharacter := strings.Trim(password, string(first)) == ""
	stem := simplify(strings.TrimRight(password, "0123456789!@#$._-"))
	if oneCharacter || guessable[plain] || guessable[stem] || sequence(plain) {
		return ErrPasswordGuessable.At("body.new", nil)
	}
	for _, known := range []string{login, name} {
		if k := simplify(known); len(k) >= 4 && strings.Contains(plain, k) && len(plain)-len(k) < 6 {
			return ErrPasswordGuessable.At("body.new", nil)
		}
	}
	return nil
}

// simplify undoes the changes that everybody makes.
func simplify(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
	return strings.NewReplacer("0", "o", "1", "l", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i").Replace(s)
}

// sequence tells whether the whole runs up, down or along a keyboard row.
func sequence(s string) bool {
	for _, row := range []string{"abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", simplify("1234567890"), simplify("0987654321")} {
		if strings.Contains(row+row, s) {
			return true
		}
	}
	return false
}

type hasher struct{ turn chan struct{} }

func newHasher() *hasher { return &hasher{turn: make(chan struct{}, argonAtOnce)} }

// hash returns the PHC form of a password with a new salt.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // never fails (crypto/rand, since Go 1.24)
	key, err := h.key(ctx, password, salt, argonPasses, argonMemory, argonLanes, argonKey)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

func (h *hasher) key(ctx context.Context, password string, salt []byte, passes, memory uint32, lanes uint8, length uint32) ([]byte, error) {
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password), salt, passes, memory, lanes, length), nil
}

var errHash = errors.New("stored password is not an argon2id hash")

// verify compares in constant time. again tells that the hash was made with weaker parameters than today's. An empty
// hash (nobody, or no password set) costs the same time and never fits.
func (h *hasher) verify(ctx context.Context, phc, password string) (ok, again bool, err error) {
	if phc == "" {
		_, err := h.key(ctx, password, make([]byte, argonSalt), argonPasses, argonMemory, argonLanes, argonKey)
		return false, false, err
	}
	var version int
	var memory, passes uint32
	var lanes uint8
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, false, errHash
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, false, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil || passes == 0 || lanes == 0 ||
		uint64(memory)*uint64(passes) > maxArgonCost {
		return false, false, errHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) < 16 || len(want) > 64 {
		return false, false, errHash
	}
	got, err := h.key(ctx, password, salt, passes, memory, lanes, uint32(len(want)))
	if err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, memory < argonMemory || passes < argonPasses, nil
}

package auth

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/api/problem"
)

func TestPasswordRules(t *testing.T) {
	for password, want := range map[string]*problem.Kind{
		"short":                  ErrPasswordShort,
		"九个字的口令不够长":              ErrPasswordShort, // nine characters, however many bytes
		"十个字的口令刚好足够长":            nil,
		strings.Repeat("ab", 65): ErrPasswordLong,
		"aaaaaaaaaaaa":           ErrPasswordGuessable,
		"password123":            ErrPasswordGuessable,
		"P@ssw0rd2024!":          ErrPasswordGuessable,
		"1234567890":             ErrPasswordGuessable,
		"qwertyuiop":             ErrPasswordGuessable,
		"Admin@huawei":           ErrPasswordGuessable,
		"adminadmin":             ErrPasswordGuessable,
		"zhangwei2024":           ErrPasswordGuessable, // the login and a little
		"zhangwei-copper-lathe":  nil,
		"correct horse battery":  nil,
	} {
		err := CheckPassword(password, "zhangwei", "Zhang Wei")
		if want == nil && err != nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", password, err, want)
		}
		if err != nil && password != "short" && strings.Contains(err.Error(), password) {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
}

func TestPasswordHash(t *testing.T) {
	ctx := context.Background()
	h := newHasher()
	a, err := h.hash(ctx, "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := h.hash(ctx, "correct horse battery")
	if a == b || !strings.HasPrefix(a, "$argon2id$v=19$m=32768,t=3,p=1$") {
		t.Errorf("hashes %q and %q: want two salts and the parameters in front", a, b)
	}
	if ok, again, err := h.verify(ctx, a, "correct horse battery"); !ok || again || err != nil {
		t.Errorf("right password: %v %v %v", ok, again, err)
	}
	if ok, _, _ := h.verify(ctx, a, "correct horse batterz"); ok {
		t.Error("a wrong password fits")
	}
	if ok, _, err := h.verify(ctx, "", "anything"); ok || err != nil {
		t.Errorf("no password set: %v %v", ok, err)
	}
	// Made with golang.org/x/crypto/argon2 at m=4096, t=1, p=1: weaker than ours, still good, to be made anew.
	weak := strings.Replace(a, "m=32768,t=3", "m=4096,t=1", 1)
	if _, again, err := h.verify(ctx, weak, "x"); !again || err != nil {
		t.Errorf("weaker parameters: again=%v %v", again, err)
	}
	for _, bad := range []string{"x", "$argon2i$v=19$m=1,t=1,p=1$AA$AA", "$argon2id$v=19$m=4294967295,t=4,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=64,t=0,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAAAA"} {
		if ok, _, err := h.verify(ctx, bad, "x"); ok || err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	h.turn <- struct{}{}
	h.turn <- struct{}{}
	if _, err := h.hash(gone, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("with all turns taken: %v", err)
	}
}

func TestThrottleHoldsBackOneGuesserAndNotTheOthers(t *testing.T) {
	var th Throttle
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	guess := func(login, remote string) time.Duration { return th.Take(now, signInUses(login, remote)...) }
	for i := range 5 {
		if w := guess("li", "192.0.2.1"); w != 0 {
			t.Fatalf("attempt %d waits %v", i+1, w)
		}
	}
	if w := guess("li", "192.0.2.1"); w != 30*time.Second {
		t.Errorf("the sixth attempt waits %v, want 30s", w)
	}
	if w := guess("li", "192.0.2.2"); w != 0 {
		t.Errorf("from elsewhere the login waits %v", w)
	}
	if w := guess("wang", "192.0.2.1"); w != 0 {
		t.Errorf("another login from there waits %v", w)
	}
	now = now.Add(30 * time.Second)
	if w := guess("li", "192.0.2.1"); w != 0 {
		t.Errorf("after 30 s: %v", w)
	}
	if w := guess("li", "192.0.2.1"); w == 0 {
		t.Error("after 30 s there is more than one attempt")
	}
	th.forgive(signInUses("li", "192.0.2.1"))
	if w := guess("li", "192.0.2.1"); w != 0 {
		t.Errorf("after a success: %v", w)
	}
	// Addresses of one IPv6 customer count as one place.
	for i := range 5 {
		guess("zhao", "2001:db8::"+string(rune('1'+i)))
	}
	if w := guess("zhao", "2001:db8::ffff"); w == 0 {
		t.Error("a /64 gets a fresh burst for each address")
	}
}

func TestWaitTellsWhatTakeWouldAndUsesNothing(t *testing.T) {
	var th Throttle
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	// An address with a port is the same place as without.
	use, again := Use{Network("192.0.2.1:4711"), Limit{Burst: 2, Every: 3 * time.Second}}, Use{Network("192.0.2.1"), Limit{Burst: 2, Every: 3 * time.Second}}
	for i := range 2 {
		if w := th.Wait(now, again); w != 0 {
			t.Errorf("before use %d: %v", i+1, w)
		}
		th.Take(now, use)
	}
	for range 3 {
		if w := th.Wait(now.Add(time.Second), again); w != 2*time.Second {
			t.Errorf("after the burst: %v, want 2s", w)
		}
	}
	if w := th.Take(now.Add(3*time.Second), use); w != 0 {
		t.Errorf("after an interval: %v", w)
	}
}

func TestThrottleMemoryIsBounded(t *testing.T) {
	var th Throttle
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	for i := range 3 * maxKeys {
		th.Take(now, Use{"k" + time.Duration(i).String(), perLogin})
		if len(th.free) > maxKeys {
			t.Fatalf("%d keys", len(th.free))
		}
	}
}

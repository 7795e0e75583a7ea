package auth

import (
	"net/netip"
	"sync"
	"time"
)

// throttle holds back whoever guesses. It keeps one time per key (the generic cell rate algorithm): a key may be used
// burst times at once, then once in every interval. Memory is bounded: what has recovered is forgotten, and beyond
// maxKeys some key is forgotten early, which gives a guesser no more than a fresh burst for one of very many keys.
type throttle struct {
	mu   sync.Mutex
	free map[string]int64 // key → ns at which it will have recovered fully
}

const maxKeys = 20_000

// limit is how often a key may be used.
type limit struct {
	burst int
	every time.Duration
}

// Limits of sign-in. Together they let a person mistype, stop somebody who guesses at one login from one place within
// seconds, and keep a login usable from elsewhere while somebody guesses at it.
var (
	perLoginAndAddress = limit{burst: 5, every: 30 * time.Second}
	perLogin           = limit{burst: 30, every: 10 * time.Second}
	perAddress         = limit{burst: 40, every: 2 * time.Second}
)

type use struct {
	key   string
	limit limit
}

func signInUses(login, remote string) []use {
	place := network(remote)
	return []use{
		{"a " + place, perAddress},
		{"l " + login, perLogin},
		{"b " + place + " " + login, perLoginAndAddress},
	}
}

// network is the place of a caller: an IPv4 address, or the /64 of an IPv6 one, which one customer has whole.
func network(remote string) string {
	a, err := netip.ParseAddr(remote)
	if err != nil {
		return remote
	}
	if a = a.Unmap().WithZone(""); a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// take uses all keys once, or none and tells how long to wait.
func (t *throttle) take(now time.Time, uses []use) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := now.UnixNano()
	for _, u := range uses {
		// Using the key moves its time on by one interval; a burst is how far that may be ahead of now.
		ahead := max(t.free[u.key], n) + int64(u.limit.every) - n
		if over := ahead - int64(u.limit.every)*int64(u.limit.burst); over > 0 {
			wait = max(wait, time.Duration(over))
		}
	}
	if wait > 0 {
		return wait
	}
	for _, u := range uses {
		if t.free == nil {
			t.free = map[string]int64{}
		}
		if len(t.free) >= maxKeys {
			t.forget(n)
		}
		t.free[u.key] = max(t.free[u.key], n) + int64(u.limit.every)
	}
	return 0
}

// forgive gives the keys back after a success.
func (t *throttle) forgive(uses []use) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, u := range uses {
		if u.limit == perLoginAndAddress {
			delete(t.free, u.key)
		} else if f, ok := t.free[u.key]; ok {
			t.free[u.key] = f - int64(u.limit.every)
		}
	}
}

func (t *throttle) forget(now int64) {
	for k, f := range t.free {
		if f <= now {
			delete(t.free, k)
		}
	}
	for k := range t.free {
		if len(t.free) < maxKeys*9/10 {
			return
		}
		delete(t.free, k)
	}
}

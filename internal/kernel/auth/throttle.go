package auth

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// Throttle holds back whoever guesses. It keeps one time per key (the generic cell rate algorithm): a key may be used
// burst times at once, then once in every interval. Memory is bounded: what has recovered is forgotten, and beyond
// maxKeys some key is forgotten early, which gives a guesser no more than a fresh burst for one of very many keys. The
// zero value is ready.
type Throttle struct {
	mu   sync.Mutex
	free map[string]int64 // key → ns at which it will have recovered fully
}

const maxKeys = 20_000

// Limit is how often a key may be used: Burst times at once, then once in every interval.
type Limit struct {
	Burst int
	Every time.Duration
}

// Use is one use of a key.
type Use struct {
	Key   string
	Limit Limit
}

// Limits of sign-in. Together they let a person mistype, stop somebody who guesses at one login from one place within
// seconds, and keep a login usable from elsewhere while somebody guesses at it.
var (
	perLoginAndAddress = Limit{Burst: 5, Every: 30 * time.Second}
	perLogin           = Limit{Burst: 30, Every: 10 * time.Second}
	perAddress         = Limit{Burst: 40, Every: 2 * time.Second}
)

func signInUses(login, remote string) []Use {
	place := Network(remote)
	return []Use{
		{"a " + place, perAddress},
		{"l " + login, perLogin},
		{"b " + place + " " + login, perLoginAndAddress},
	}
}

// Network is the place of a caller, whose address may come with a port: an IPv4 address, or the /64 of an IPv6 one, which
// one customer has whole.
func Network(remote string) string {
	if host, _, err := net.SplitHostPort(remote); err == nil {
		remote = host
	}
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

// Take uses all keys once, or none and tells how long to wait.
func (t *Throttle) Take(now time.Time, uses ...Use) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := now.UnixNano()
	if wait := t.wait(n, uses); wait > 0 {
		return wait
	}
	for _, u := range uses {
		if t.free == nil {
			t.free = map[string]int64{}
		}
		if len(t.free) >= maxKeys {
			t.forget(n)
		}
		t.free[u.Key] = max(t.free[u.Key], n) + int64(u.Limit.Every)
	}
	return 0
}

// Wait tells how long Take would have to wait, and uses nothing.
func (t *Throttle) Wait(now time.Time, uses ...Use) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.wait(now.UnixNano(), uses)
}

func (t *Throttle) wait(now int64, uses []Use) (wait time.Duration) {
	for _, u := range uses {
		// Using the key moves its time on by one interval; a burst is how far that may be ahead of now.
		ahead := max(t.free[u.Key], now) + int64(u.Limit.Every) - now
		if over := ahead - int64(u.Limit.Every)*int64(u.Limit.Burst); over > 0 {
			wait = max(wait, time.Duration(over))
		}
	}
	return wait
}

// forgive gives the keys back after a success.
func (t *Throttle) forgive(uses []Use) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, u := range uses {
		if u.Limit == perLoginAndAddress {
			delete(t.free, u.Key)
		} else if f, ok := t.free[u.Key]; ok {
			t.free[u.Key] = f - int64(u.Limit.Every)
		}
	}
}

func (t *Throttle) forget(now int64) {
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

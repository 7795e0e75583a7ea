package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxRecent bounds the callers that are remembered, in each of two generations.
const maxRecent = 10_000

// recent remembers who was let in not long ago, by a hash of the credential, for the time in which the database does not
// answer (Options.Bridge). Nobody's session, token or role can be ended then either.
type recent struct {
	bridge time.Duration

	mu   sync.Mutex
	now  map[[32]byte]admitted
	old  map[[32]byte]admitted
	turn time.Time // when now began
}

// secretKey stands for a credential, which is not kept.
func secretKey(credential string) [32]byte { return sha256.Sum256([]byte(credential)) }

type admitted struct {
	p  Principal
	at time.Time
}

// note remembers a caller who has just been let in by what the database says.
func (r *recent) note(credential [32]byte, p Principal, at time.Time) {
	if r.bridge <= 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now == nil || at.Sub(r.turn) > r.bridge {
		r.now, r.old, r.turn = map[[32]byte]admitted{}, r.now, at
	}
	if _, known := r.now[credential]; known || len(r.now) < maxRecent {
		r.now[credential] = admitted{p, at}
	}
}

// find returns a caller who was let in at most a bridge ago.
func (r *recent) find(credential [32]byte, at time.Time) (Principal, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.now[credential]
	if !ok {
		a, ok = r.old[credential]
	}
	return a.p, ok && at.Sub(a.at) <= r.bridge
}

// forget drops a credential that the database does not let in any more.
func (r *recent) forget(credential [32]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.now, credential)
	delete(r.old, credential)
}

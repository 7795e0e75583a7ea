package server

import (
	"sync"
	"time"

	"jingwei/internal/identify/handle"
)

// pending are the challenges that wait for an answer: each belongs to a session number and a request. At most so many; the
// oldest makes room. One that was answered or is late is remembered for as long again, so that a second answer is known for
// what it is.
type pending struct {
	mu     sync.Mutex
	limit  int
	life   time.Duration
	byKey  map[pendingKey]*challenge
	latest map[uint32]*challenge // of a session
	queue  []*challenge          // oldest first
}

type pendingKey struct{ session, request uint32 }

type challenge struct {
	handle.Challenge
	key     pendingKey
	request handle.Message // the request that is to be done, with bytes of its own
	made    time.Time
	spent   bool
}

func newPending(l Limits) *pending {
	return &pending{limit: l.Pending, life: l.ChallengeTime, byKey: map[pendingKey]*challenge{}, latest: map[uint32]*challenge{}}
}

func (p *pending) put(c *challenge) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) > 0 && (len(p.queue) >= p.limit || c.made.Sub(p.queue[0].made) > 2*p.life) {
		p.drop(p.queue[0])
		p.queue[0] = nil
		p.queue = p.queue[1:]
	}
	p.byKey[c.key] = c
	p.latest[c.key.session] = c
	p.queue = append(p.queue, c)
}

func (p *pending) drop(c *challenge) {
	if p.byKey[c.key] == c {
		delete(p.byKey, c.key)
	}
	if p.latest[c.key.session] == c {
		delete(p.latest, c.key.session)
	}
}

// take returns the challenge that an answer is to, once: ChallengeExpired when it is late or not known, Replayed when it was
// answered before.
func (p *pending) take(session, request uint32, now time.Time) (*challenge, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.byKey[pendingKey{session, request}]
	if c == nil {
		c = p.latest[session]
	}
	switch {
	case c == nil:
		return nil, handle.Refuse(handle.ChallengeExpired, nil, "no challenge waits for this answer")
	case c.spent:
		return nil, handle.Refuse(handle.Replayed, nil, "the challenge was answered before")
	case now.Sub(c.made) > p.life:
		return nil, handle.Refuse(handle.ChallengeExpired, nil, "the answer came %v after the challenge", now.Sub(c.made).Round(time.Second))
	}
	c.spent = true
	return c, nil
}

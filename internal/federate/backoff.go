package federate

import "time"

// Backoff spaces attempts: each wait is drawn from the upper half of a ceiling that doubles from Min to Max. The jitter
// keeps a thousand gateways from coming back in step after their node restarted.
type Backoff struct {
	Min, Max time.Duration
	Rand     func() float64 // [0, 1)

	ceiling time.Duration
}

// Next returns how long to wait before the next attempt.
func (b *Backoff) Next() time.Duration {
	if b.ceiling == 0 {
		b.ceiling = b.Min
	} else {
		b.ceiling = min(b.ceiling*2, b.Max)
	}
	return b.ceiling/2 + time.Duration(b.Rand()*float64(b.ceiling/2))
}

// AtLeast raises the ceiling, for an answer that asks for patience (superseded, busy).
func (b *Backoff) AtLeast(d time.Duration) { b.ceiling = min(max(b.ceiling, d/2), b.Max) }

// Reset starts over; called once a connection has proved to work.
func (b *Backoff) Reset() { b.ceiling = 0 }

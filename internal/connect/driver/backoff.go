package driver

import "time"

// Bounds of the pause before a link is opened again.
const (
	BackoffMin = 500 * time.Millisecond
	BackoffMax = 30 * time.Second
)

// backoff doubles the pause from BackoffMin to BackoffMax, with jitter, so that a hall full of links does not dial in
// step after a power cut. Only a success in collecting resets it: a server that accepts and then breaks off does not.
type backoff struct {
	random func() float64
	pause  time.Duration
}

func (b *backoff) next() time.Duration {
	b.pause = min(max(BackoffMin, 2*b.pause), BackoffMax)
	return jitter(b.pause, b.random, BackoffMin, BackoffMax)
}

func (b *backoff) reset() { b.pause = 0 }

// jitter spreads d by a fifth to either side, within the bounds.
func jitter(d time.Duration, random func() float64, lo, hi time.Duration) time.Duration {
	d += time.Duration(float64(d) * 0.4 * (random() - 0.5))
	return min(max(d, lo), hi)
}

package federate

import (
	"encoding/binary"
	"time"
)

// Clock is what the pings of a connection tell: how long the way is and how far the other end's clock is off.
type Clock struct {
	RoundTrip time.Duration // of the fastest recent ping
	Offset    time.Duration // other end's clock minus ours; uncertain by RoundTrip/2
	Known     bool
}

// clockWindow is how many pings the estimate looks back on. The fastest of them was queued least, so its offset is
// the surest (the clock filter of RFC 5905, section 10, reduced to its first rule).
const clockWindow = 8

type clockFilter struct {
	seen [clockWindow]Clock
	n    int
}

// add takes one exchange: sent and back are our clock, got and answered the other's, trip is measured on the monotonic
// clock so that a step of the wall clock between the two cannot make it negative.
func (f *clockFilter) add(sent, got, answered int64, trip time.Duration) {
	far := time.Duration(answered - got)
	if far < 0 || far > trip {
		far = 0
	}
	way := trip - far
	f.seen[f.n%clockWindow] = Clock{RoundTrip: way, Offset: time.Duration(got-sent) - way/2, Known: true}
	f.n++
}

func (f *clockFilter) estimate() Clock {
	var best Clock
	for _, c := range f.seen {
		if c.Known && (!best.Known || c.RoundTrip < best.RoundTrip) {
			best = c
		}
	}
	return best
}

// A ping is a nonce (u64) and the sender's clock (i64); the pong repeats both and adds when it came and when the
// answer was written.
func appendPing(dst []byte, nonce uint64, sent int64) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, nonce)
	return binary.LittleEndian.AppendUint64(dst, uint64(sent))
}

func parsePing(b []byte) (nonce uint64, sent int64, err error) {
	r := reader{b: b}
	nonce, sent = r.u64(), int64(r.u64())
	return nonce, sent, r.end()
}

func appendPong(dst []byte, nonce uint64, sent, got, answered int64) []byte {
	dst = appendPing(dst, nonce, sent)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(got))
	return binary.LittleEndian.AppendUint64(dst, uint64(answered))
}

func parsePong(b []byte) (nonce uint64, sent, got, answered int64, err error) {
	r := reader{b: b}
	nonce, sent = r.u64(), int64(r.u64())
	got, answered = int64(r.u64()), int64(r.u64())
	return nonce, sent, got, answered, r.end()
}

package server

import (
	"context"
	"crypto"
	"io"
	"log/slog"
	"time"

	"jingwei/internal/identify/handle"
)

// Config is what a server is made of.
type Config struct {
	Holdings Holdings
	// Now is the clock. It is read once for each message, and once for each batch of packets.
	Now func() time.Time
	// Random makes nonces and session numbers.
	Random io.Reader
	// Site is what GetSiteInfo answers; it can be replaced (Processor.SetSite).
	Site handle.Site
	// Key signs answers when the client asks for it; nil: answers are not signed. Its public half stands in Site.
	Key crypto.PrivateKey
	// Operators may home and unhome prefixes and list them.
	Operators []handle.Reference
	// Elsewhere finds what is not held here: keys of administrators, HS_ADMIN values of prefix handles; nil: nothing.
	Elsewhere Elsewhere
	Limits    Limits
	Log       *slog.Logger
}

// Elsewhere asks other servers.
type Elsewhere interface {
	// Values resolves a handle that is not held here. A *handle.Refusal when there is no such handle or value.
	Values(ctx context.Context, name handle.Name, indexes []uint32, types []string) ([]handle.Value, error)
	// Verify asks the server that holds a secret key whether an answer proves it.
	Verify(ctx context.Context, v handle.Verification) (bool, error)
}

// Limits bound what outsiders can make the server do. Zero fields take the values of DefaultLimits; a Rate below 0 is
// no limit.
type Limits struct {
	// Rate and Burst are the packets that one source (an IPv4 address, an IPv6 /56) may send over UDP, per second and at once.
	Rate, Burst int
	// AnswerUDP is the longest answer that is sent over UDP, in bytes. Of a longer one the first packet is sent, marked
	// truncated, with the length of the whole: the client is to ask over TCP.
	AnswerUDP int
	// Gain is how many times the bytes of the request an answer over UDP may have, but never less than one packet, so that
	// forged senders gain little. After it, as after AnswerUDP, the client is to ask over TCP.
	Gain int
	// Slow is how many operations other than resolutions over UDP run at the same time.
	Slow int
	// Partial is how many messages in many packets may be incomplete, PartialBytes what they may hold together.
	Partial, PartialBytes int
	// PartialTime is how long one may stay incomplete.
	PartialTime time.Duration
	// Connections and ConnectionsEach bound TCP connections, in all and from one address.
	Connections, ConnectionsEach int
	// Idle is how long a connection waits for a message, Write for one to be taken.
	Idle, Write time.Duration
	// Pending is how many challenges wait for an answer, ChallengeTime how long.
	Pending       int
	ChallengeTime time.Duration
	// Sessions is how many sessions there are, SessionTime the longest that one lives unused.
	Sessions    int
	SessionTime time.Duration
	// Elsewhere is how long asking another server may take.
	Elsewhere time.Duration
	// MessageTime is how long after it was sent an answer is good.
	MessageTime time.Duration
}

// DefaultLimits is what stands without configuration.
func DefaultLimits() Limits {
	return Limits{
		Rate: 5_000, Burst: 10_000, AnswerUDP: 8 * handle.MaxPayload, Gain: 48,
		Slow: 64, Partial: 256, PartialBytes: 8 << 20, PartialTime: 5 * time.Second,
		Connections: 1024, ConnectionsEach: 128, Idle: 30 * time.Second, Write: 10 * time.Second,
		Pending: 4096, ChallengeTime: time.Minute,
		Sessions: 1024, SessionTime: time.Hour,
		Elsewhere: 5 * time.Second, MessageTime: 12 * time.Hour,
	}
}

func (l Limits) filled() Limits {
	d := DefaultLimits()
	or := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	orTime := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	or(&l.Rate, d.Rate)
	or(&l.Burst, d.Burst)
	or(&l.AnswerUDP, d.AnswerUDP)
	or(&l.Gain, d.Gain)
	or(&l.Slow, d.Slow)
	or(&l.Partial, d.Partial)
	or(&l.PartialBytes, d.PartialBytes)
	or(&l.Connections, d.Connections)
	or(&l.ConnectionsEach, d.ConnectionsEach)
	or(&l.Pending, d.Pending)
	or(&l.Sessions, d.Sessions)
	orTime(&l.PartialTime, d.PartialTime)
	orTime(&l.Idle, d.Idle)
	orTime(&l.Write, d.Write)
	orTime(&l.ChallengeTime, d.ChallengeTime)
	orTime(&l.SessionTime, d.SessionTime)
	orTime(&l.Elsewhere, d.Elsewhere)
	orTime(&l.MessageTime, d.MessageTime)
	return l
}

package jetstream

import (
	"fmt"
	"log/slog"
	"math"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"jingwei/internal/kernel/log"
)

// Options say where a journal lies and how much it may hold. Only Conn is required.
type Options struct {
	// Conn is the connection to the cluster, made with ConnectOptions; it stays the caller's. A connection that gives up
	// ends the journal.
	Conn *nats.Conn
	// Stream is the stream's name, default "journal": 1 to 32 letters, digits, - and _. It is made if need be.
	Stream string
	// Replicas of a stream that is made: 1, 3 or 5, default 3. An existing stream must have at least as many.
	Replicas int
	// Epoch of this owner, from his lease: at least that of the owner before. 0: one more than his.
	Epoch uint64

	// MaxBytes bounds the groups in the stream: default 4 GiB. The servers need that room for each replica, and some more.
	MaxBytes int64
	// RetainBytes of what all keepers have let go stay for slower followers, until MaxBytes needs the room. Default
	// 128 MiB, MaxBytes where there are no keepers; negative: none.
	RetainBytes int64
	// TrimBytes are trimmed at once, at least: default 64 MiB or a sixteenth of MaxBytes, where that is less.
	TrimBytes int64

	MaxGroupBytes   int   // of one message; default 1 MiB or what the servers' max_payload allows
	MaxRecordBytes  int   // default 16 MiB or what the servers' max_payload allows
	MaxPendingBytes int64 // queued and not yet acknowledged; default 16 MiB; Append waits beyond it
	CacheBytes      int64 // newest groups that stay in memory for readers; default 8 MiB

	AckWait   time.Duration // for the cluster's answer to a message, before the owner looks what became of it; default 2 s
	ReadWait  time.Duration // for a message that is read; default 10 s
	CloseWait time.Duration // for records under way when Close is called; default 10 s
	// Promise is how far ahead of the newest group Closed may run while nothing is appended; default 5 s. The next owner
	// dates his records behind it, so a takeover may date that much ahead of its clock.
	Promise time.Duration

	Keepers []string // as those of log.Options
	Now     func() time.Time
	Logger  *slog.Logger
	// OnFailure is called once after the journal has failed and every waiting record has been told. It must not call Close.
	OnFailure func(error)
}

const (
	headerRoom  = 1 << 10 // for NATS' own headers, which count for max_payload
	retryPause  = 50 * time.Millisecond
	retryMax    = time.Second
	cursorEvery = 2 * time.Second  // how much of a follower's way may be lost in a crash
	lossWait    = 30 * time.Second // how long a cluster may deny what it had acknowledged, before that counts for lost
)

// ConnectOptions are those that a journal's connection needs beside addresses, TLS and credentials. It reconnects for ever;
// it notices within seconds that a server hangs or a network swallows what is sent (the library's default is minutes); and
// while there is no connection nothing is kept to be sent later, for the journal sends it again itself.
func ConnectOptions() []nats.Option {
	return []nats.Option{
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(200 * time.Millisecond), nats.ReconnectBufSize(-1),
		nats.PingInterval(3 * time.Second), nats.MaxPingsOutstanding(2), nats.FlusherTimeout(5 * time.Second), nats.Timeout(5 * time.Second),
	}
}

func (o Options) filled() (Options, error) {
	if o.Conn == nil {
		return o, fmt.Errorf("journal: Conn is missing; connect to the NATS cluster first")
	}
	if o.Stream == "" {
		o.Stream = "journal"
	}
	if len(o.Stream) > 32 || strings.Trim(o.Stream, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		return o, fmt.Errorf("journal: Stream is %q; it must be 1 to 32 letters, digits, - or _", o.Stream)
	}
	if o.Replicas == 0 {
		o.Replicas = 3
	}
	if o.Replicas != 1 && o.Replicas != 3 && o.Replicas != 5 {
		return o, fmt.Errorf("journal: Replicas is %d; it must be 1, 3 or 5", o.Replicas)
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 4 << 30
	}
	if o.MaxBytes < 128<<10 {
		return o, fmt.Errorf("journal: MaxBytes is %d; it must be at least %d", o.MaxBytes, 128<<10)
	}
	switch {
	case o.RetainBytes < 0:
		o.RetainBytes = 0
	case len(o.Keepers) == 0:
		o.RetainBytes = math.MaxInt64
	case o.RetainBytes == 0:
		o.RetainBytes = 128 << 20
	}
	if o.TrimBytes <= 0 {
		o.TrimBytes = min(64<<20, o.MaxBytes/16)
	}
	payload := o.Conn.MaxPayload()
	if payload == 0 {
		payload = 1 << 20
	}
	largest := min(int(payload)-headerRoom-groupHeaderBytes-tableMaxBytes-entryHeaderBytes, int(min(o.MaxBytes, math.MaxInt32))/4)
	if largest <= 0 {
		return o, fmt.Errorf("journal: max_payload of the NATS servers is %d; raise it to 8MB", payload)
	}
	if o.MaxRecordBytes == 0 {
		o.MaxRecordBytes = min(16<<20, largest)
	}
	if o.MaxRecordBytes < 0 || o.MaxRecordBytes > largest {
		return o, fmt.Errorf("journal: MaxRecordBytes is %d; max_payload of the NATS servers (%d) and MaxBytes allow at most %d", o.MaxRecordBytes, payload, largest)
	}
	if o.MaxGroupBytes <= 0 {
		o.MaxGroupBytes = 1 << 20
	}
	o.MaxGroupBytes = min(o.MaxGroupBytes, largest)
	if o.MaxPendingBytes <= 0 {
		o.MaxPendingBytes = 16 << 20
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = 8 << 20
	}
	orDefault(&o.AckWait, 2*time.Second)
	orDefault(&o.ReadWait, 10*time.Second)
	orDefault(&o.CloseWait, 10*time.Second)
	orDefault(&o.Promise, 5*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	seen := map[string]bool{}
	for _, k := range o.Keepers {
		if err := log.CheckName("keeper", k); err != nil {
			return o, err
		}
		if seen[k] {
			return o, fmt.Errorf("journal: keeper %q is named twice", k)
		}
		seen[k] = true
	}
	return o, nil
}

func orDefault(d *time.Duration, v time.Duration) {
	if *d <= 0 {
		*d = v
	}
}

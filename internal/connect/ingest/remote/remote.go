package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"time"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/ingest/broker"
)

// Will is what the broker publishes when it loses the node.
type Will struct {
	Topic    string
	Payload  []byte
	QoS      byte
	Retained bool
}

// Phase is where a connection stands.
type Phase string

// Phases.
const (
	Connecting Phase = "connecting"
	Connected  Phase = "connected" // and subscribed
	Failed     Phase = "failed"    // until the pause is over
)

// State is told whenever it changes.
type State struct {
	Phase Phase
	Since time.Time
	Fault *driver.Fault // of Failed: why, in both languages
}

// Codes of faults beside those of package driver.
const (
	CodeCredentials = "credentials" // user name, password or certificate refused
	CodeSubscribe   = "subscribe"   // a filter was refused
	CodeBusy        = "busy"        // the broker is not available now
	CodeClientID    = "clientId"    // the client id was refused
)

// Options say which broker is read. URL, Filters and Session are required.
type Options struct {
	URL      string // mqtt://host:1883, mqtts://host:8883, ws://host/mqtt, wss://host/mqtt
	ClientID string // stable, and nobody else's at this broker: the session that is kept hangs on it
	Username string
	Password string
	TLS      *tls.Config // for mqtts and wss
	Filters  []string
	QoS      byte // of the subscriptions; 0 or 1
	// Clean has the broker forget the session with each connection: what it sends while the node is away is lost.
	Clean bool
	Will  func() *Will // asked for each connection; nil for none

	// Session takes the messages of one connection. It is asked when a connection stands, or before, if the broker has
	// messages waiting.
	Session func(broker.Conn) broker.Session
	OnState func(State)                  // does not block; may be nil
	OnLarge func(topic string, size int) // a message above MaxPacket was acknowledged and not taken; may be nil

	MaxPacket  int           // default 1 MiB; more is not kept in memory, but acknowledged, or it would come for ever
	KeepAlive  time.Duration // default 30 s
	Timeout    time.Duration // of connecting, subscribing and writing; default 10 s
	BackoffMin time.Duration // between attempts; default 500 ms …
	BackoffMax time.Duration // … doubling to 30 s
	Now        func() time.Time
	Logger     *slog.Logger
}

// Run reads the broker until ctx ends. It returns an error only for options that cannot work.
func Run(ctx context.Context, o Options) error {
	u, err := url.Parse(o.URL)
	switch {
	case err != nil:
		return err
	case schemes[u.Scheme] == 0 || u.Host == "":
		return errors.New("remote: the address must be like mqtts://host:8883")
	case o.Session == nil || len(o.Filters) == 0:
		return errors.New("remote: no session, or nothing to subscribe to")
	}
	o.defaults()
	pause := time.Duration(0)
	tell := func(s State) {
		s.Since = o.Now()
		if o.OnState != nil {
			o.OnState(s)
		}
	}
	for ctx.Err() == nil {
		tell(State{Phase: Connecting})
		lived, err := o.connection(ctx, u, func() { tell(State{Phase: Connected}) })
		if ctx.Err() != nil {
			return nil
		}
		if lived {
			pause = 0
		}
		pause = min(max(o.BackoffMin, 2*pause), o.BackoffMax)
		fault := explain(err)
		o.Logger.Warn("MQTT: no connection to the broker", "broker", u.Redacted(), "code", fault.Code, "error", fault.Error(), "again", pause)
		tell(State{Phase: Failed, Fault: fault})
		// A fifth to either side, so that many sources do not dial in step.
		t := time.NewTimer(pause + time.Duration(float64(pause)*0.4*(rand.Float64()-0.5)))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
	return nil
}

func (o *Options) defaults() {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.KeepAlive, 30*time.Second)
	def(&o.Timeout, 10*time.Second)
	def(&o.BackoffMin, driver.BackoffMin)
	def(&o.BackoffMax, driver.BackoffMax)
	if o.MaxPacket <= 0 {
		o.MaxPacket = 1 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.QoS = min(o.QoS, 1)
}

package broker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"

	"jingwei/internal/kernel/api"
)

// Handler decides who may come in.
type Handler interface {
	// Connect is asked once for each CONNECT, on the connection's own goroutine; ctx ends with Options.ConnectTimeout. An
	// error refuses the client: ErrCredentials, ErrNotAllowed, or, for anything else, "server unavailable", which makes a
	// well-built client try again later.
	Connect(ctx context.Context, c *Client) (Session, error)
}

// Reasons for which a Handler refuses a client.
var (
	ErrCredentials = errors.New("the user name, password or certificate is wrong")
	ErrNotAllowed  = errors.New("this client is not allowed in")
)

// Reasons for which a connection ends, as Session.Closed may get them.
var (
	ErrTakenOver = errors.New("the same client has connected again")
	ErrStopping  = errors.New("the node is stopping")
	ErrUnread    = errors.New("the client does not read what it is sent")
	ErrTopic     = errors.New("the client published to a topic that it has no right to")
	ErrTooLarge  = errors.New("the client announced a packet larger than allowed")
)

// Client is who wants to come in.
type Client struct {
	ID          string // as the client names itself; "" where it leaves that to the node
	Username    string
	Password    []byte            // valid during Connect only
	Certificate *x509.Certificate // verified against the authorities of Options.TLS; nil without one
	Remote      string            // address and port
	Version     byte              // 3: MQTT 3.1, 4: 3.1.1, 5: 5.0
	Conn        Conn              // may be used once Connect has returned its Session
}

// Session takes what one connection publishes. All its methods but Closed's consequences are called on the connection's
// own goroutine, one at a time.
type Session interface {
	// Message takes a published message, or the client's will. The payload is valid during the call only. done is to be
	// called exactly once, from any goroutine, also later than Closed: nil acknowledges the message, an error closes the
	// connection without an acknowledgement, so that the client sends it again. Acknowledgements go out in the order of
	// the messages, whatever the order of the dones. Message may block: then nothing more is read from this client.
	Message(m Message, done func(error))
	// MayPublish and MaySubscribe tell whether a topic, or a filter, is the client's to use.
	MayPublish(topic string) bool
	MaySubscribe(filter string) bool
	// Subscribed comes after the SUBACK of a filter: the session may send state that the client waits for.
	Subscribed(filter string)
	// Closed is the last call: the connection is gone, and the will has been handed over where one was due. nil is a
	// proper DISCONNECT.
	Closed(err error)
}

// Message is what a client published.
type Message struct {
	Topic    string
	Payload  []byte
	QoS      byte
	Retained bool // the client wants it kept for later subscribers; the broker keeps nothing
	Will     bool // the client's last will: its connection ended without a DISCONNECT
}

// Conn is one client's connection, for the node's own messages. Its methods do not block and may be called from any
// goroutine.
type Conn interface {
	// Send queues a message for this client alone. It goes out if a subscription of the client matches, with the lesser of
	// the two QoS (QoS 2 goes as 1). ErrNotSubscribed, ErrQueueFull and ErrTooLarge tell why it did not.
	Send(topic string, payload []byte, qos byte, retained bool) error
	// Close ends the connection; reason goes to Session.Closed.
	Close(reason error)
}

// Errors of Conn.Send.
var (
	ErrNotSubscribed = errors.New("the client has no subscription for this topic")
	ErrQueueFull     = errors.New("too much waits to be sent to this client")
	ErrGone          = errors.New("the connection has ended")
)

// Options say where the door is and how wide. Zero fields take the defaults.
type Options struct {
	Handler Handler
	Plain   string      // address for MQTT over TCP, "" for none; only where the network is trusted: passwords go in clear
	Secure  string      // address for MQTT over TLS, "" for none
	TLS     *tls.Config // for Secure; with ClientCAs a client's certificate is verified if it shows one
	// Accept gives the connections of Secure, before TLS, in place of listening on the address; nil: listen.
	Accept func(ctx context.Context) (net.Listener, error)

	MaxPacket        int           // bytes; default 1 MiB. A longer packet is refused by its announced length, unread
	MaxInflight      int           // messages of one client that are not acknowledged yet; default 64
	MaxInflightBytes int           // their bytes; default 4 MiB, at least MaxPacket
	MaxConns         int           // clients signed in; default 10,000
	MaxPending       int           // connections that have not signed in yet; default 256
	MaxSubscriptions int           // filters of one client; default 100
	ConnectTimeout   time.Duration // for TLS, CONNECT and Handler together; default 10 s
	WriteTimeout     time.Duration // a client that takes no byte for so long is closed; default 10 s
	ReadBuffer       int           // bytes for each connection; default 16 KiB

	Logger *slog.Logger
}

// Broker is the door. It is a module of the process.
type Broker struct {
	o      Options
	log    *slog.Logger
	server *mqtt.Server
	doors  []*door
	stats  stats

	wg       sync.WaitGroup // one for each connection and each accepting loop
	serial   atomic.Uint64  // makes ids of connections unique
	stopping atomic.Bool

	mu      sync.Mutex
	conns   map[*conn]struct{}
	clients map[string]*peer // by owner and client id
	signed  int              // clients signed in or signing in
}

// New checks the options.
func New(o Options) (*Broker, error) {
	switch {
	case o.Handler == nil:
		return nil, errors.New("broker: no handler")
	case o.Plain == "" && o.Secure == "":
		return nil, errors.New("broker: no address to listen at")
	case o.Secure != "" && o.TLS == nil:
		return nil, errors.New("broker: an address for TLS, but no certificate")
	}
	o.MaxPacket = def(o.MaxPacket, 1<<20)
	o.MaxInflight = min(def(o.MaxInflight, 64), math.MaxUint16)
	o.MaxInflightBytes = max(def(o.MaxInflightBytes, 4<<20), o.MaxPacket)
	o.MaxConns = def(o.MaxConns, 10_000)
	o.MaxPending = def(o.MaxPending, 256)
	o.MaxSubscriptions = def(o.MaxSubscriptions, 100)
	o.ConnectTimeout = def(o.ConnectTimeout, 10*time.Second)
	o.WriteTimeout = def(o.WriteTimeout, 10*time.Second)
	o.ReadBuffer = def(o.ReadBuffer, 16<<10)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.TLS != nil {
		o.TLS = o.TLS.Clone()
		if o.TLS.ClientCAs != nil && o.TLS.ClientAuth == tls.NoClientCert {
			o.TLS.ClientAuth = tls.VerifyClientCertIfGiven
		}
	}
	b := &Broker{o: o, log: o.Logger, conns: map[*conn]struct{}{}, clients: map[string]*peer{}}
	b.stats.init()
	return b, nil
}

func def[T int | time.Duration](v, d T) T {
	if v <= 0 {
		return d
	}
	return v
}

// Name is the room's noun.
func (b *Broker) Name() string { return "broker" }

// Start listens. It returns when clients can connect.
func (b *Broker) Start(context.Context) error {
	caps := mqtt.NewDefaultServerCapabilities()
	caps.MaximumPacketSize = uint32(b.o.MaxPacket)
	caps.ReceiveMaximum = uint16(b.o.MaxInflight)
	caps.MaximumSessionExpiryInterval = 0 // no session outlives its connection
	caps.MaximumClientWritesPending = 1   // mochi's own queue; the node's messages do not go through it
	caps.TopicAliasMaximum = maxAliases
	caps.SharedSubAvailable, caps.SubIDAvailable = 0, 0
	b.server = mqtt.New(&mqtt.Options{
		Capabilities:            caps,
		ClientNetReadBufferSize: b.o.ReadBuffer,
		SysTopicResendInterval:  math.MaxInt32,                 // it stops the world to measure memory; nobody may read $SYS here
		Logger:                  slog.New(slog.DiscardHandler), // it would log payloads and the packets of sign-ins
	})
	if err := b.server.AddHook(&hook{broker: b}, nil); err != nil {
		return err
	}
	if b.o.Plain != "" {
		b.doors = append(b.doors, &door{broker: b, id: "mqtt", address: b.o.Plain})
	}
	if b.o.Secure != "" {
		b.doors = append(b.doors, &door{broker: b, id: "mqtts", address: b.o.Secure, accept: b.o.Accept, tls: b.o.TLS})
	}
	for _, d := range b.doors {
		if err := b.server.AddListener(d); err != nil {
			for _, other := range b.doors {
				other.shut()
			}
			return api.NewListenError(d.address, err)
		}
	}
	return b.server.Serve()
}

// Plain and Secure are the addresses in use, nil where there is none.
func (b *Broker) Plain() net.Addr  { return b.addr("mqtt") }
func (b *Broker) Secure() net.Addr { return b.addr("mqtts") }

func (b *Broker) addr(id string) net.Addr {
	for _, d := range b.doors {
		if d.id == id && d.l != nil {
			return d.l.Addr()
		}
	}
	return nil
}

// Stop closes the door and every connection. Messages that are not acknowledged yet are not lost: their clients send
// them again. Wills are not handed over, for it is the node that goes.
func (b *Broker) Stop(ctx context.Context) error {
	if b.stopping.Swap(true) {
		return nil
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for _, d := range b.doors {
			d.shut()
		}
		b.mu.Lock()
		conns := make([]*conn, 0, len(b.conns))
		for c := range b.conns {
			conns = append(conns, c)
		}
		b.mu.Unlock()
		for _, c := range conns {
			c.end(ErrStopping, disconnectShuttingDown)
		}
		b.server.Close()
		b.wg.Wait()
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("connections still open: %w", ctx.Err())
	}
}

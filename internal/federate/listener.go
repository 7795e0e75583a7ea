package federate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Visit is a child at the door: who its certificate says it is, and what it says of itself.
type Visit struct {
	Child  uuid.UUID
	Node   bool // it is a node, else a gateway
	Cert   *x509.Certificate
	Remote string
	Hello  Hello
}

// Session is one connection of a child. Number grows with each connection of any child: of two sessions of one child
// the one with the greater number has fenced the other.
type Session struct {
	Visit
	Number uint64
	Began  time.Time
	conn   *Conn
}

// Conn is the session's connection.
func (s *Session) Conn() *Conn { return s.conn }

// Host is the node behind a listener. Its methods are called by goroutines of the sessions.
type Host interface {
	// Admit lets a child in, or refuses it with a *Goodbye that it will read. It must answer fast.
	Admit(v Visit) error
	// Began and Ended frame each session. stolen tells that the session replaced another, alive one of a different
	// process: the identity is in use twice.
	Began(s *Session, stolen bool)
	Ended(s *Session, reason error)
	// Control serves a session's control channel until ctx ends or it fails.
	Control(ctx context.Context, s *Session, d *Desk) error
	// Stream says how the session's samples are received.
	Stream(s *Session) ReceiverOptions
}

// NodeHost is what serves the links of other nodes; its methods are called as those of Host.
type NodeHost interface {
	Admit(v Visit) error
	Began(s *Session, stolen bool)
	Ended(s *Session, reason error)
	Control(ctx context.Context, s *Session, d *Desk) error
	// Records serves one record stream that the other node has opened, until ctx ends or it fails.
	Records(ctx context.Context, s *Session, ch *Channel) error
}

// guests are what a listener asks of either host.
type guests interface {
	Admit(v Visit) error
	Began(s *Session, stolen bool)
	Ended(s *Session, reason error)
	Control(ctx context.Context, s *Session, d *Desk) error
}

// Listener is the node's end of all its children's links.
type Listener struct {
	Node     uuid.UUID
	Instance uuid.UUID
	Software string
	TLS      *tls.Config // server certificate, client authorities; the listener sets version, ALPN and client check
	Host     Host
	Nodes    NodeHost // nil: links of other nodes are refused
	Limits   Limits
	MaxConns int // connections at a time, those in their handshake included; default 4,096
	Now      func() time.Time
	Logger   *slog.Logger
	Packer   *Packer

	mu       sync.Mutex
	children map[who]*child
	number   uint64
}

// who is a child: a gateway or a node.
type who struct {
	id   uuid.UUID
	node bool
}

func (v *Visit) who() who { return who{v.Child, v.Node} }

// words name a child in the log.
func (v *Visit) words() string {
	if v.Node {
		return "node"
	}
	return "gateway"
}

// host is who serves a child.
func (l *Listener) host(v *Visit) guests {
	if v.Node {
		return l.Nodes
	}
	return l.Host
}

// child is what the listener keeps of a child over its sessions.
type child struct {
	session *Session
	stream  chan struct{} // holds a token while a stream of this child is being received
}

// Serve accepts children until ctx ends; it returns after every session has ended. It closes ln.
func (l *Listener) Serve(ctx context.Context, ln net.Listener) error {
	if l.Logger == nil {
		l.Logger = slog.New(slog.DiscardHandler)
	}
	if l.MaxConns <= 0 {
		l.MaxConns = 4096
	}
	l.mu.Lock()
	if l.children == nil {
		l.children = map[who]*child{}
	}
	l.mu.Unlock()
	config := l.TLS.Clone()
	config.MinVersion = tls.VersionTLS13
	config.NextProtos = []string{ALPN}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	// A ticket would let a session resume without the revocation check of a full handshake having been repeated.
	config.SessionTicketsDisabled = true

	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	var sessions sync.WaitGroup
	defer sessions.Wait()
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	places := make(chan struct{}, l.MaxConns)
	pause := Backoff{Min: 5 * time.Millisecond, Max: time.Second, Rand: func() float64 { return 0.5 }}
	for {
		raw, err := ln.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if errors.Is(err, net.ErrClosed) {
				return fmt.Errorf("accept on the link port: %w", err)
			}
			l.Logger.Warn("accept on the link port", "error", err) // out of file descriptors, mostly
			select {
			case <-time.After(pause.Next()):
			case <-ctx.Done():
			}
			continue
		}
		pause.Reset()
		select {
		case places <- struct{}{}:
		default:
			l.Logger.Warn("link refused: too many connections", "remote", raw.RemoteAddr(), "limit", l.MaxConns)
			_ = raw.Close()
			continue
		}
		sessions.Go(func() {
			defer func() { <-places }()
			l.serve(running, raw, config)
		})
	}
}

func (l *Listener) serve(ctx context.Context, raw net.Conn, config *tls.Config) {
	log := l.Logger.With("remote", raw.RemoteAddr().String())
	tune(raw)
	s, err := l.greet(ctx, raw, config, log)
	if err != nil {
		_ = raw.Close()
		log.Warn("link refused", "error", err)
		return
	}
	log = log.With(s.words(), s.Child, "session", s.Number)
	stolen := l.enter(s)
	host := l.host(&s.Visit)
	host.Began(s, stolen)
	log.Info(s.words()+" is linked", "version", s.conn.version, "software", s.Hello.Software)
	reason := s.conn.Run(ctx)
	l.leave(s)
	host.Ended(s, reason)
	log.Info(s.words()+"'s link ended", "reason", reason)
}

func (l *Listener) greet(ctx context.Context, raw net.Conn, config *tls.Config, log *slog.Logger) (*Session, error) {
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	secure := tls.Server(raw, config)
	handshake, cancel := context.WithTimeout(ctx, l.Limits.withDefaults().HandshakeTimeout)
	defer cancel()
	if err := secure.HandshakeContext(handshake); err != nil {
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	state := secure.ConnectionState()
	if state.NegotiatedProtocol != ALPN {
		return nil, fmt.Errorf("the other end speaks %q, not %q", state.NegotiatedProtocol, ALPN)
	}
	id, node, err := PeerID(state.PeerCertificates[0])
	if err != nil {
		return nil, err
	}
	if node && l.Nodes == nil {
		return nil, fmt.Errorf("node %s wants a link, and this one links with no others", id)
	}
	s := &Session{Visit: Visit{Child: id, Node: node, Cert: state.PeerCertificates[0], Remote: raw.RemoteAddr().String()}, Began: l.Now()}
	admit := func(h Hello) (Hello, error) {
		if h.ID != id {
			return Hello{}, &Goodbye{Code: CodeIdentity, Text: fmt.Sprintf("the certificate is of %s, the hello of %s", id, h.ID)}
		}
		s.Hello = h
		if err := l.host(&s.Visit).Admit(s.Visit); err != nil {
			return Hello{}, err
		}
		l.mu.Lock()
		l.number++
		s.Number = l.number
		l.mu.Unlock()
		return Hello{ID: l.Node, Instance: l.Instance, Software: l.Software, Features: []string{FeatureZstd, FeatureRefusal}, Session: s.Number}, nil
	}
	s.conn, err = Server(secure, admit, l.Limits, l.Now, log, func(ctx context.Context, ch *Channel) { l.channel(ctx, s, ch) })
	return s, err
}

// enter makes s the session of its child and fences the one before it.
func (l *Listener) enter(s *Session) (stolen bool) {
	l.mu.Lock()
	c := l.children[s.who()]
	if c == nil {
		c = &child{stream: make(chan struct{}, 1)}
		l.children[s.who()] = c
	}
	old := c.session
	if old == nil || old.Number < s.Number {
		c.session = s
	}
	l.mu.Unlock()
	if old == nil {
		return false
	}
	if old.Number > s.Number { // overtaken between hello and here
		s.conn.Close(CodeSuperseded, "a newer connection of this "+s.words()+" took over")
		return false
	}
	_, heard := old.conn.Stats()
	stolen = old.Hello.Instance != s.Hello.Instance && l.Now().Sub(heard) < 2*old.conn.limits.PingEvery
	old.conn.Close(CodeSuperseded, "a newer connection of this "+s.words()+" took over")
	return stolen
}

func (l *Listener) leave(s *Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.children[s.who()]; c != nil && c.session == s {
		c.session = nil
	}
}

// Session returns the live session of a gateway, or nil.
func (l *Listener) Session(id uuid.UUID) *Session { return l.session(who{id: id}) }

func (l *Listener) session(of who) *Session {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.children[of]; c != nil {
		return c.session
	}
	return nil
}

func (l *Listener) channel(ctx context.Context, s *Session, ch *Channel) {
	log := l.Logger.With(s.words(), s.Child, "session", s.Number)
	var err error
	switch kind := ch.Kind(); {
	case kind == KindControl:
		err = l.host(&s.Visit).Control(ctx, s, AcceptDesk(ch, l.Packer))
	case kind == KindSamples && !s.Node:
		err = l.receive(ctx, s, ch)
	case kind == KindRecords && s.Node:
		err = l.Nodes.Records(ctx, s, ch)
	default:
		ch.Close(CodeKind, fmt.Sprintf("channels of kind %d are not known in version %d", ch.Kind(), s.conn.version))
	}
	if err != nil && ctx.Err() == nil {
		log.Warn("channel ended", "kind", ch.Kind(), "error", err)
	}
}

// receive waits until the stream before it is settled: two sessions never hand batches of one producer to the door at
// the same time, and the position told to the new one is final.
func (l *Listener) receive(ctx context.Context, s *Session, ch *Channel) error {
	l.mu.Lock()
	c := l.children[s.who()]
	l.mu.Unlock()
	if c == nil {
		return nil // the session has ended before it began
	}
	select {
	case c.stream <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-c.stream }()
	o := l.Host.Stream(s)
	o.Producer, o.Packer = s.Child, l.Packer
	return Receive(ctx, ch, o)
}

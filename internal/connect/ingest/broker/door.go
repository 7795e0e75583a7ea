package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// door is a listener for mochi, over TCP or TLS, which hands it connections that join their writes.
type door struct {
	broker  *Broker
	id      string
	address string
	accept  func(ctx context.Context) (net.Listener, error) // nil: listen on address
	tls     *tls.Config
	l       net.Listener
	closed  atomic.Bool
}

func (d *door) ID() string       { return d.id }
func (d *door) Address() string  { return d.address }
func (d *door) Protocol() string { return "tcp" }

// Init listens. Where the client has gone without a word TCP finds out in two minutes, also without a keep-alive.
func (d *door) Init(*slog.Logger) (err error) {
	accept := d.accept
	if accept == nil {
		accept = func(ctx context.Context) (net.Listener, error) {
			cfg := net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4}}
			return cfg.Listen(ctx, "tcp", d.address)
		}
	}
	if d.l, err = accept(context.Background()); err == nil {
		d.broker.wg.Add(1) // Serve's, which mochi starts in a goroutine of its own
	}
	return err
}

func (d *door) shut() {
	d.closed.Store(true)
	if d.l != nil {
		d.l.Close()
	}
}

// Close is called by mochi; the connections are the broker's to close.
func (d *door) Close(listeners.CloseFn) { d.shut() }

// Serve accepts until the door is shut. An error of accept (no descriptors left) passes.
func (d *door) Serve(establish listeners.EstablishFn) {
	defer d.broker.wg.Done()
	for {
		c, err := d.l.Accept()
		if err == nil {
			d.broker.admit(d, c, establish)
			continue
		}
		if d.closed.Load() || errors.Is(err, net.ErrClosed) {
			return
		}
		d.broker.log.Warn("MQTT: a connection could not be accepted", "error", err)
		time.Sleep(100 * time.Millisecond)
	}
}

// admit takes a connection in, or closes it where too many are at the door already.
func (b *Broker) admit(d *door, raw net.Conn, establish listeners.EstablishFn) {
	c := newConn(b, raw, raw)
	c.heardBy = time.Now().Add(b.o.ConnectTimeout)
	raw.SetDeadline(c.heardBy)
	if d.tls != nil {
		c.Conn = tls.Server(raw, d.tls)
	}
	b.mu.Lock()
	full := len(b.conns) >= b.signed+b.o.MaxPending || b.stopping.Load()
	if !full {
		b.conns[c] = struct{}{}
	}
	b.mu.Unlock()
	b.stats.connections.Add(1)
	if full {
		b.stats.refuse(refusedBusy)
		raw.Close()
		return
	}
	b.wg.Go(func() { b.serve(d, c, establish) })
}

// serve is the goroutine of a connection.
func (b *Broker) serve(d *door, c *conn, establish listeners.EstablishFn) {
	err := func() (err error) {
		defer func() {
			if r := recover(); r != nil { // one client's bytes must not end the node
				b.log.Error("MQTT: panic in a connection", "remote", c.raw.RemoteAddr().String(), "panic", r, "stack", string(debug.Stack()))
				err = fmt.Errorf("panic: %v", r)
			}
		}()
		if err := c.handshake(b.o.ConnectTimeout); err != nil {
			b.stats.refuse(refusedTLS)
			return fmt.Errorf("TLS: %w", err)
		}
		return establish(d.id, c)
	}()
	c.Close()
	if p := c.peer; p != nil {
		p.leave(err)
	} else if errors.Is(err, packets.ErrPacketTooLarge) || errors.Is(err, ErrTooLarge) {
		b.stats.refuse(refusedSize)
	}
	b.log.Debug("MQTT: connection ended", "remote", c.raw.RemoteAddr().String(), "reason", err)
	b.mu.Lock()
	delete(b.conns, c)
	b.mu.Unlock()
}

func (c *conn) handshake(timeout time.Duration) error {
	t, ok := c.Conn.(*tls.Conn)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		return err
	}
	c.raw.SetDeadline(c.heardBy) // the handshake's context has taken it away
	if state := t.ConnectionState(); len(state.VerifiedChains) > 0 {
		c.cert = state.PeerCertificates[0]
	}
	return nil
}

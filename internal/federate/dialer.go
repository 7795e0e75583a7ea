package federate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// Dialer is the child's end: it keeps one connection to the node and dials again, with back-off, for as long as it runs.
type Dialer struct {
	Address  func() string               // host:port, asked before each attempt
	TLS      func() (*tls.Config, error) // asked before each attempt, so that a renewed certificate is used
	Hello    Hello
	Limits   Limits
	MinWait  time.Duration // first wait after a failure; default 0.5 s
	MaxWait  time.Duration // longest; default 30 s
	Now      func() time.Time
	Rand     func() float64
	Logger   *slog.Logger
	Network  func(ctx context.Context, address string) (net.Conn, error) // default: TCP
	OnChange func(up *Conn, failure error, retryIn time.Duration)        // a connection stands, or an attempt or connection ended; must not block

	// Serve uses the connection until its context, which ends with the connection, is done. When it returns, the
	// connection is closed with its error.
	Serve func(ctx context.Context, c *Conn) error
}

const dialTimeout = 10 * time.Second

// Run returns when ctx has ended and every goroutine it started is gone.
func (d *Dialer) Run(ctx context.Context) {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Rand == nil {
		d.Rand = rand.Float64
	}
	wait := Backoff{Min: orDefault(d.MinWait, 500*time.Millisecond), Max: orDefault(d.MaxWait, 30*time.Second), Rand: d.Rand}
	for ctx.Err() == nil {
		began := d.Now()
		err := d.once(ctx)
		if ctx.Err() != nil {
			return
		}
		// A node that takes a connection and drops it at once is as good as one that is down.
		if d.Now().Sub(began) > max(wait.ceiling, 5*time.Second) {
			wait.Reset()
		}
		var g *Goodbye
		if errors.As(err, &g) && g.Far {
			wait.AtLeast(patience(g.Code))
		}
		next := wait.Next()
		d.Logger.Warn("link to the node is down", "error", err, "retryIn", next.Round(time.Millisecond))
		if d.OnChange != nil {
			d.OnChange(nil, err, next)
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

func orDefault(d, def time.Duration) time.Duration {
	if d <= 0 {
		return def
	}
	return d
}

// patience is how long to stay away at least after what the node said.
func patience(c Code) time.Duration {
	switch c {
	case CodeSuperseded, CodeIdentity, CodeVersion, CodeClock:
		return 30 * time.Second
	case CodeUnavailable, CodeBusy:
		return 2 * time.Second
	}
	return 0
}

func (d *Dialer) once(ctx context.Context) error {
	config, err := d.TLS()
	if err != nil {
		return err
	}
	address := d.Address()
	raw, err := d.dial(ctx, address)
	if err != nil {
		return fmt.Errorf("dial %s: %w", address, err)
	}
	tune(raw)
	c, err := d.greet(ctx, raw, named(config, address))
	if err != nil {
		_ = raw.Close()
		return fmt.Errorf("greet %s: %w", address, err)
	}
	d.Logger.Info("link to the node is up", "node", c.peer.ID, "address", address, "version", c.version, "session", c.peer.Session, "software", c.peer.Software)
	if d.OnChange != nil {
		d.OnChange(c, nil, 0)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var run sync.WaitGroup
	run.Go(func() { _ = c.Run(ctx); cancel() })
	served := d.Serve(ctx, c)
	if served != nil && ctx.Err() == nil {
		c.Close(codeOf(served), served.Error())
	} else {
		c.Close(CodeClosing, "done")
	}
	run.Wait()
	// The connection's reason comes first: what Serve met is mostly its echo.
	if err := c.Err(); err != nil {
		var g *Goodbye
		if errors.As(err, &g) && !g.Far && served != nil && g.Code != CodeSilent {
			return served
		}
		return err
	}
	return served
}

func codeOf(err error) Code {
	var g *Goodbye
	switch {
	case errors.As(err, &g):
		return g.Code
	case errors.Is(err, ErrMalformed):
		return CodeProtocol
	}
	return CodeInternal
}

func (d *Dialer) dial(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if d.Network != nil {
		return d.Network(ctx, address)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}

// named gives the server's name in the handshake where the configuration has none: whoever stands before several nodes
// tells by it which of them is meant.
func named(config *tls.Config, address string) *tls.Config {
	host, _, err := net.SplitHostPort(address)
	if err != nil || config.ServerName != "" {
		return config
	}
	config = config.Clone()
	config.ServerName = host
	return config
}

// greet does TLS and hello; it ends when ctx does.
func (d *Dialer) greet(ctx context.Context, raw net.Conn, config *tls.Config) (*Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	secure := tls.Client(raw, config)
	handshake, cancel := context.WithTimeout(ctx, d.Limits.withDefaults().HandshakeTimeout)
	defer cancel()
	if err := secure.HandshakeContext(handshake); err != nil {
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	if p := secure.ConnectionState().NegotiatedProtocol; p != ALPN {
		return nil, fmt.Errorf("TLS handshake: the other end speaks %q, not %q: is this the node's link port?", p, ALPN)
	}
	return Client(secure, d.Hello, d.Limits, d.Now, d.Logger, nil)
}

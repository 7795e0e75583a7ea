package federate

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"
)

// Client says hello on a connection whose TLS handshake is done and waits for the welcome. A refusal is a *Goodbye.
func Client(raw net.Conn, hello Hello, l Limits, now func() time.Time, log *slog.Logger, h Handler) (*Conn, error) {
	c := newConn(raw, l, now, log, h)
	c.child = true
	if err := raw.SetDeadline(time.Now().Add(c.limits.HandshakeTimeout)); err != nil {
		return nil, fmt.Errorf("set handshake deadline: %w", err)
	}
	hello.Min, hello.Max = MinVersion, MaxVersion
	if err := c.sayHello(frameHello, hello); err != nil {
		return nil, err
	}
	t, body, err := c.readHello(frameWelcome)
	if err != nil {
		return nil, fmt.Errorf("read welcome: %w", err)
	}
	if t == frameGoodbye {
		g, err := parseGoodbye(body)
		if err != nil {
			return nil, fmt.Errorf("read refusal: %w", err)
		}
		return nil, g
	}
	if c.peer, err = parseHello(body); err != nil {
		return nil, fmt.Errorf("read welcome: %w", err)
	}
	if c.peer.Min != c.peer.Max || c.peer.Max < MinVersion || c.peer.Max > MaxVersion {
		return nil, malformed("the node chose version %d to %d, offered were %d to %d", c.peer.Min, c.peer.Max, MinVersion, MaxVersion)
	}
	c.version = c.peer.Max
	return c, raw.SetDeadline(time.Time{})
}

// Server reads the hello of a child and lets admit decide: a welcome, or a *Goodbye that is sent as the refusal.
func Server(raw net.Conn, admit func(Hello) (Hello, error), l Limits, now func() time.Time, log *slog.Logger, h Handler) (*Conn, error) {
	c := newConn(raw, l, now, log, h)
	if err := raw.SetDeadline(time.Now().Add(c.limits.HandshakeTimeout)); err != nil {
		return nil, fmt.Errorf("set handshake deadline: %w", err)
	}
	_, body, err := c.readHello(frameHello)
	if err != nil {
		return nil, fmt.Errorf("read hello: %w", err)
	}
	if c.peer, err = parseHello(body); err != nil {
		c.refuse(&Goodbye{Code: CodeProtocol, Text: err.Error()})
		return nil, err
	}
	v, ok := choose(MinVersion, MaxVersion, c.peer.Min, c.peer.Max)
	if !ok {
		g := &Goodbye{Code: CodeVersion, Text: fmt.Sprintf("this node speaks link versions %d to %d, the gateway %d to %d: update the older of the two",
			MinVersion, MaxVersion, c.peer.Min, c.peer.Max)}
		c.refuse(g)
		return nil, g
	}
	welcome, err := admit(c.peer)
	if err != nil {
		var g *Goodbye
		if !errors.As(err, &g) {
			g = &Goodbye{Code: CodeInternal, Text: "the node cannot answer now"}
		}
		c.refuse(g)
		return nil, err
	}
	welcome.Min, welcome.Max = v, v
	c.version = v
	if err := c.sayHello(frameWelcome, welcome); err != nil {
		return nil, err
	}
	return c, raw.SetDeadline(time.Time{})
}

func (c *Conn) sayHello(t frameType, h Hello) error {
	h.MaxFrame = uint32(c.limits.MaxFrame)
	h.Clock = c.now().UnixNano()
	body, err := h.append(nil)
	if err != nil {
		return err
	}
	if _, err := c.raw.Write(appendFrame(nil, t, 0, 0, body)); err != nil {
		return fmt.Errorf("write hello: %w", err)
	}
	return nil
}

// readHello accepts the wanted first frame, or a goodbye in its place.
func (c *Conn) readHello(want frameType) (frameType, []byte, error) {
	h, err := c.readHeader()
	if err != nil {
		return 0, nil, err
	}
	if h.Type != want && (h.Type != frameGoodbye || want != frameWelcome) {
		return 0, nil, malformed("first frame is of type %d", h.Type)
	}
	body := make([]byte, h.Length)
	_, err = io.ReadFull(c.in, body)
	return h.Type, body, err
}

func (c *Conn) refuse(g *Goodbye) {
	_, _ = c.raw.Write(appendFrame(nil, frameGoodbye, 0, 0, g.append(nil)))
}

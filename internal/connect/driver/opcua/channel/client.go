package channel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/gopcua/opcua/uasc"
)

// Options are what a client needs.
type Options struct {
	Endpoint string // URL, as the server knows itself
	Security Security
	Lifetime time.Duration // of a security token; default 1 h
	Timeout  time.Duration // of a write, and of renewing the token; default 10 s
}

// Client is the client's end of an open channel.
type Client struct {
	w    *wire
	o    Options
	done chan struct{} // closed when the connection is dead
	wg   sync.WaitGroup

	mu      sync.Mutex
	session *ua.NodeID
	next    uint32
	waiting map[uint32]func(ua.Response, error)
	closing bool // whatever ends the channel now, it was Close
	err     error
}

// ServiceError is a service that failed as a whole.
type ServiceError struct {
	Service string // the request's type: "CreateSession"
	Status  ua.StatusCode
}

func (e *ServiceError) Error() string { return fmt.Sprintf("%s: %v", e.Service, e.Status) }

// Unwrap returns the status.
func (e *ServiceError) Unwrap() error { return e.Status }

// ErrClosed: Close was called.
var ErrClosed = errors.New("the channel was closed")

// Dial connects to address (host:port), greets, and opens a secure channel.
func Dial(ctx context.Context, address string, o Options) (*Client, error) {
	if o.Lifetime <= 0 {
		o.Lifetime = time.Hour
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c := &Client{w: newWire(conn, o.Security), o: o, done: make(chan struct{}), waiting: map[uint32]func(ua.Response, error){}}
	c.w.asym = c.judge
	c.w.asymWide = o.Security.Key != nil && o.Security.Key.Size() > 256
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	err = c.hello()
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, orContext(ctx, err)
	}
	c.wg.Go(c.run)
	lifetime, err := c.openChannel(ctx, ua.SecurityTokenRequestTypeIssue)
	if err != nil {
		c.Close()
		return nil, orContext(ctx, err)
	}
	c.wg.Go(func() { c.renew(lifetime) })
	return c, nil
}

func orContext(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (c *Client) header(session *ua.NodeID, id uint32, hint time.Duration) *ua.RequestHeader {
	return &ua.RequestHeader{AuthenticationToken: session, Timestamp: time.Now(), RequestHandle: id,
		TimeoutHint: uint32(hint / time.Millisecond), AdditionalHeader: ua.NewExtensionObject(nil)}
}

// SetSession puts the session's authentication token into every later request.
func (c *Client) SetSession(token *ua.NodeID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session = token
}

// Send sends a request. done is called exactly once: on the reader's goroutine with the answer, in the order in which
// answers arrive, or with the error that ends the channel; it must not block. A returned error means that done is not
// called. hint is how long the caller means to wait; the server may give up after that.
func (c *Client) Send(req ua.Request, hint time.Duration, done func(ua.Response, error)) error {
	_, err := c.send(req, hint, done)
	return err
}

func (c *Client) send(req ua.Request, hint time.Duration, done func(ua.Response, error)) (uint32, error) {
	c.mu.Lock()
	if c.err != nil {
		defer c.mu.Unlock()
		return 0, c.err
	}
	if c.next++; c.next == 0 {
		c.next++
	}
	id, session := c.next, c.session
	c.waiting[id] = func(r ua.Response, err error) { done(r, named(req, err)) }
	c.mu.Unlock()
	if session == nil {
		session = ua.NewTwoByteNodeID(0)
	}
	req.SetHeader(c.header(session, id, hint))
	body, err := service(req)
	if err == nil {
		err = c.write(uasc.MessageTypeMessage, id, body)
	}
	if err != nil && c.forget(id) {
		return 0, err
	}
	return id, nil // a write that failed has ended the channel, and done has been called
}

// named adds the service to a status.
func named(req ua.Request, err error) error {
	if status, ok := err.(ua.StatusCode); ok {
		return &ServiceError{Service: Service(req), Status: status}
	}
	return err
}

// Service is the name of a request's service: "CreateSession".
func Service(req ua.Request) string {
	s := fmt.Sprintf("%T", req)
	const prefix, suffix = "*ua.", "Request"
	if len(s) > len(prefix)+len(suffix) {
		s = s[len(prefix) : len(s)-len(suffix)]
	}
	return s
}

func (c *Client) write(kind string, id uint32, body []byte) error {
	c.w.conn.SetWriteDeadline(time.Now().Add(c.o.Timeout))
	if err := c.w.write(kind, id, body); err != nil {
		c.fail(err)
		return err
	}
	return nil
}

// forget takes a request back; false when it was answered or the channel ended.
func (c *Client) forget(id uint32) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.waiting[id]
	delete(c.waiting, id)
	return ok
}

// Do sends a request and waits for its answer. Error: *ServiceError when the service failed, ctx's, or the channel's.
func (c *Client) Do(ctx context.Context, req ua.Request) (ua.Response, error) {
	hint := c.o.Timeout
	if at, ok := ctx.Deadline(); ok {
		hint = max(time.Until(at), time.Millisecond)
	}
	type answer struct {
		r   ua.Response
		err error
	}
	got := make(chan answer, 1)
	id, err := c.send(req, hint, func(r ua.Response, err error) { got <- answer{r, err} })
	if err != nil {
		return nil, err
	}
	select {
	case a := <-got:
		return a.r, a.err
	case <-ctx.Done():
		c.forget(id)
		return nil, fmt.Errorf("%s: %w", Service(req), context.Cause(ctx))
	}
}

// Ask is Do for one kind of answer.
func Ask[R ua.Response](ctx context.Context, c *Client, req ua.Request) (R, error) {
	var none R
	r, err := c.Do(ctx, req)
	if err != nil {
		return none, err
	}
	a, ok := r.(R)
	if !ok {
		return none, protocol("%T is no answer to %s", r, Service(req))
	}
	return a, nil
}

// run reads until the connection ends.
func (c *Client) run() {
	defer func() {
		if p := recover(); p != nil {
			c.fail(protocol("a message that cannot be decoded: %v\n%s", p, debug.Stack()))
		}
	}()
	for {
		m, err := c.w.read()
		if err == nil && m.kind == uasc.MessageTypeCloseSecureChannel {
			err = io.EOF
		}
		if err != nil {
			c.fail(err)
			return
		}
		c.mu.Lock()
		done := c.waiting[m.id]
		delete(c.waiting, m.id)
		c.mu.Unlock()
		if done == nil {
			continue // given up meanwhile
		}
		done(answerOf(m))
	}
}

func answerOf(m message) (ua.Response, error) {
	if m.aborted != nil {
		return nil, m.aborted
	}
	v, err := decode(m.body)
	if err != nil {
		return nil, fmt.Errorf("decode the answer: %w", err)
	}
	r, ok := v.(ua.Response)
	if !ok || r.Header() == nil {
		return nil, protocol("%T is no answer", v)
	}
	if s := r.Header().ServiceResult; s&0x80000000 != 0 {
		return r, s
	}
	return r, nil
}

// fail ends the channel; the first reason stands.
func (c *Client) fail(err error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	if c.closing {
		err = ErrClosed
	}
	c.err = err
	waiting := c.waiting
	c.waiting = map[uint32]func(ua.Response, error){}
	c.mu.Unlock()
	c.w.conn.Close()
	close(c.done)
	for _, done := range waiting {
		done(nil, err)
	}
}

// Done is closed when the channel is dead; Err then tells why.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns why the channel is dead, or nil.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close says farewell and waits until the channel's goroutines are gone.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closing = true
	alive := c.err == nil
	c.mu.Unlock()
	if alive {
		if body, err := service(&ua.CloseSecureChannelRequest{RequestHeader: c.header(ua.NewTwoByteNodeID(0), 0, 0)}); err == nil {
			c.w.conn.SetWriteDeadline(time.Now().Add(time.Second))
			c.w.write(uasc.MessageTypeCloseSecureChannel, 0, body)
		}
	}
	c.fail(ErrClosed)
	c.wg.Wait()
	return nil
}

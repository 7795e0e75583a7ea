package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"jingwei/internal/connect/ingest/broker"
)

// connection is one paho client from its making to its end.
type connection struct {
	o      *Options
	client mqtt.Client
	end    context.CancelCauseFunc
	out    chan outgoing

	// handing is held while the session is handed a message; its last call comes after the last of them.
	handing sync.Mutex
	session broker.Session
	closed  bool

	mu     sync.Mutex
	flight []*message // in the order in which they came
	acks   chan struct{}
}

type message struct {
	mqtt.Message
	done bool
}

type outgoing struct {
	topic    string
	payload  []byte
	qos      byte
	retained bool
}

const (
	maxOutgoing  = 1000 // the node's own messages that wait
	disconnectMs = 250  // for paho to say goodbye
)

// connection makes a connection, serves it and returns why it ended; lived tells whether it came to work.
func (o *Options) connection(ctx context.Context, u *url.URL, up func()) (lived bool, err error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	c := &connection{o: o, end: end, out: make(chan outgoing, maxOutgoing), acks: make(chan struct{}, 1)}
	po := mqtt.NewClientOptions().AddBroker(u.String()).SetClientID(o.ClientID).SetUsername(o.Username).SetPassword(o.Password).
		SetCleanSession(o.Clean).SetProtocolVersion(4).SetKeepAlive(o.KeepAlive).
		// While the store stands still a session blocks, and paho with it: that is no reason to give the broker up at once.
		SetPingTimeout(2 * o.KeepAlive).
		SetConnectTimeout(o.Timeout).SetWriteTimeout(o.Timeout).
		SetAutoReconnect(false).SetConnectRetry(false).SetResumeSubs(false).
		SetOrderMatters(true).SetAutoAckDisabled(true).
		SetCustomOpenConnectionFn(func(u *url.URL, _ mqtt.ClientOptions) (net.Conn, error) { return o.dial(ctx, u) }).
		SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { c.take(m) }).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { end(fmt.Errorf("connection lost: %w", err)) })
	if o.Will != nil {
		if w := o.Will(); w != nil {
			po.SetBinaryWill(w.Topic, w.Payload, w.QoS, w.Retained)
		}
	}
	c.client = mqtt.NewClient(po)
	var work, sending sync.WaitGroup
	defer func() {
		end(errors.New("closed"))
		sending.Wait() // its last words go out before DISCONNECT
		c.client.Disconnect(disconnectMs)
		work.Wait()
		c.close(context.Cause(ctx))
	}()
	if err := c.wait(ctx, c.client.Connect()); err != nil {
		end(err)
		return false, err
	}
	c.handing.Lock()
	session := c.greet()
	c.handing.Unlock()
	work.Go(func() { c.acknowledge(ctx) })
	sending.Go(func() { c.send(ctx) })
	if err := c.subscribe(ctx); err != nil {
		end(err)
		return false, err
	}
	up()
	for _, f := range o.Filters {
		session.Subscribed(f)
	}
	<-ctx.Done()
	return true, context.Cause(ctx)
}

// greet makes the session, at the first message or when the connection stands; handing is locked.
func (c *connection) greet() broker.Session {
	if c.session == nil {
		c.session = c.o.Session(c)
	}
	return c.session
}

// close is the session's last call.
func (c *connection) close(why error) {
	c.handing.Lock()
	defer c.handing.Unlock()
	c.closed = true
	if c.session == nil {
		return
	}
	if errors.Is(why, context.Canceled) { // the node asked for it
		why = nil
	}
	c.session.Closed(why)
}

func (c *connection) wait(ctx context.Context, t mqtt.Token) error {
	limit := time.NewTimer(2 * c.o.Timeout)
	defer limit.Stop()
	select {
	case <-t.Done():
		return t.Error()
	case <-limit.C:
		return context.DeadlineExceeded
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *connection) subscribe(ctx context.Context) error {
	want := map[string]byte{}
	for _, f := range c.o.Filters {
		want[f] = c.o.QoS
	}
	t := c.client.SubscribeMultiple(want, nil)
	if err := c.wait(ctx, t); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	for f, granted := range t.(*mqtt.SubscribeToken).Result() {
		if granted > 2 {
			return &refusedFilter{f}
		}
	}
	return nil
}

// refusedFilter: the broker does not let the node read a filter.
type refusedFilter struct{ filter string }

func (e *refusedFilter) Error() string { return "the broker refused the subscription " + e.filter }

// take hands a message to the session. paho calls it from one goroutine, in the order of the messages.
func (c *connection) take(m mqtt.Message) {
	c.handing.Lock()
	defer c.handing.Unlock()
	if c.closed {
		return
	}
	e := &message{Message: m}
	if m.Qos() > 0 {
		c.mu.Lock()
		c.flight = append(c.flight, e)
		c.mu.Unlock()
	}
	if size := 4 + len(m.Topic()) + len(m.Payload()); size > c.o.MaxPacket {
		c.o.Logger.Warn("MQTT: a message is too large and was not taken", "topic", m.Topic(), "limit", c.o.MaxPacket)
		if c.o.OnLarge != nil {
			c.o.OnLarge(m.Topic(), size)
		}
		c.done(e, nil)
		return
	}
	c.greet().Message(broker.Message{Topic: m.Topic(), Payload: m.Payload(), QoS: m.Qos(), Retained: m.Retained()}, func(err error) { c.done(e, err) })
}

// done is called by the session from any goroutine. It does not block.
func (c *connection) done(e *message, err error) {
	if err != nil {
		c.end(fmt.Errorf("a message could not be made durable: %w", err))
		return
	}
	c.mu.Lock()
	e.done = true
	c.mu.Unlock()
	select {
	case c.acks <- struct{}{}:
	default:
	}
}

// acknowledge has paho acknowledge what is durable, in order. paho waits for the socket there, the session does not.
func (c *connection) acknowledge(ctx context.Context) {
	for {
		c.mu.Lock()
		n := 0
		for n < len(c.flight) && c.flight[n].done {
			n++
		}
		ready := c.flight[:n:n]
		c.flight = c.flight[n:]
		c.mu.Unlock()
		for _, e := range ready {
			if ctx.Err() != nil {
				return
			}
			e.Ack()
		}
		if n > 0 {
			continue
		}
		select {
		case <-c.acks:
		case <-ctx.Done():
			return
		}
	}
}

// Send is broker.Conn's.
func (c *connection) Send(topic string, payload []byte, qos byte, retained bool) error {
	select {
	case c.out <- outgoing{topic, append([]byte(nil), payload...), min(qos, 1), retained}:
		return nil
	default:
		return broker.ErrQueueFull
	}
}

// Close is broker.Conn's.
func (c *connection) Close(reason error) {
	if reason == nil {
		reason = errors.New("closed by the node")
	}
	c.end(reason)
}

func (c *connection) send(ctx context.Context) {
	for {
		select {
		case m := <-c.out:
			if err := c.wait(ctx, c.client.Publish(m.topic, m.qos, m.retained, m.payload)); err != nil && ctx.Err() == nil {
				c.end(fmt.Errorf("publish: %w", err))
			}
		case <-ctx.Done():
			c.lastWords()
			return
		}
	}
}

// lastWords sends what is queued when the connection is closed on purpose, such as the death certificate of a host: after
// DISCONNECT the broker sends no Will.
func (c *connection) lastWords() {
	for c.client.IsConnectionOpen() {
		select {
		case m := <-c.out:
			if t := c.client.Publish(m.topic, m.qos, m.retained, m.payload); !t.WaitTimeout(time.Second) || t.Error() != nil {
				return
			}
		default:
			return
		}
	}
}

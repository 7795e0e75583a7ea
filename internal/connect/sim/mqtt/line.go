package mqtt

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"jingwei/internal/connect/sim/broker"
	"jingwei/internal/connect/sim/control"
)

// line is one connection and the devices behind it.
type line struct {
	s       *Simulator
	id      string
	devices []*device
	ready   func()
	once    sync.Once

	mu     sync.Mutex
	client paho.Client
	socket *socket
	up     chan struct{} // closed while there is a connection
	down   chan struct{} // closed when the connection has ended
}

const timeout = 10 * time.Second // of dialling, and of waiting for an acknowledgement

// run keeps a connection until ctx ends; its devices publish when there is one.
func (l *line) run(ctx context.Context) {
	l.up = make(chan struct{})
	var work sync.WaitGroup
	defer work.Wait()
	for i, d := range l.devices {
		work.Go(func() { l.publish(ctx, d, i) })
	}
	broker.Keep(ctx, 50*time.Millisecond, 5*time.Second, l.connect, func(err error, pause time.Duration) {
		l.s.log.Warn("MQTT: the connection ended", "client", l.id, "error", err, "again in", pause)
	})
}

// connect makes a connection and waits for its end; stood tells whether there was one.
func (l *line) connect(ctx context.Context) (stood bool, err error) {
	lost := make(chan error, 1)
	o := l.s.o.Session(ctx, l.id, timeout, l.tap, lost)
	if will := l.availability(); len(l.devices) == 1 {
		o.SetWill(will, "offline", 1, true)
	} else {
		o.SetWill(strings.TrimSuffix(l.s.o.Topic, "{device}")+"bridge/state", `{"state":"offline"}`, 1, true)
	}
	c := paho.NewClient(o)
	defer c.Disconnect(100)
	t := c.Connect()
	select {
	case <-t.Done():
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if t.Error() != nil {
		return false, t.Error()
	}
	l.s.stats.connections.Add(1)
	for _, d := range l.devices {
		c.Publish(d.topic+"/availability", 1, true, "online")
	}
	l.mu.Lock()
	l.client, l.down = c, make(chan struct{})
	close(l.up)
	l.mu.Unlock()
	l.once.Do(l.ready)
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		close(l.down)
		l.up = make(chan struct{})
	}()
	select {
	case err := <-lost:
		return true, err
	case <-ctx.Done():
		return true, ctx.Err()
	}
}

func (l *line) availability() string { return l.devices[0].topic + "/availability" }

// tap keeps the socket, so that it can be cut.
func (l *line) tap(c net.Conn) net.Conn {
	sock := &socket{Conn: c}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.socket = sock
	return sock
}

// socket can be cut. paho takes a socket that was closed on this side for one that it closed itself, and would not notice.
type socket struct {
	net.Conn
	gone atomic.Bool
}

var errCut = errors.New("the simulator broke the connection")

func (s *socket) cut() {
	s.gone.Store(true)
	if t, ok := s.Conn.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	s.Conn.Close()
}

func (s *socket) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if err != nil && s.gone.Load() {
		err = errCut
	}
	return n, err
}

func (s *socket) Write(p []byte) (int, error) {
	n, err := s.Conn.Write(p)
	if err != nil && s.gone.Load() {
		err = errCut
	}
	return n, err
}

// current is the connection, once there is one.
func (l *line) current(ctx context.Context) (paho.Client, <-chan struct{}, bool) {
	l.mu.Lock()
	up := l.up
	l.mu.Unlock()
	select {
	case <-up:
	case <-ctx.Done():
		return nil, nil, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.client, l.down, true
}

// publish is the life of a device. Devices of a line do not speak in step.
func (l *line) publish(ctx context.Context, d *device, nth int) {
	s := l.s
	if !control.Pause(ctx, s.o.Every*time.Duration(nth)/time.Duration(len(l.devices))) {
		return
	}
	for {
		began := time.Now()
		now := s.o.Now()
		f := s.draw(d.numbers(now))
		if f.stall > 0 && !control.Pause(ctx, f.stall) {
			return
		}
		payload := d.payload(now, f.spoil)
		if f.malformed {
			s.stats.malformed.Add(1)
			if !l.deliver(ctx, d.topic, payload[:len(payload)/2], false) {
				return
			}
		}
		if !l.deliver(ctx, d.topic, payload, f.drop) {
			return
		}
		s.stats.published.Add(1)
		if !control.Pause(ctx, s.o.Every-time.Since(began)) {
			return
		}
	}
}

// deliver publishes until it is acknowledged, over as many connections as that takes. false: ctx has ended.
func (l *line) deliver(ctx context.Context, topic string, payload []byte, drop bool) bool {
	for again := false; ; again = true {
		c, down, ok := l.current(ctx)
		if !ok {
			return false
		}
		if again {
			l.s.stats.resent.Add(1)
		}
		t := c.Publish(topic, 1, false, payload)
		if drop {
			drop = false
			l.s.stats.dropped.Add(1)
			l.mu.Lock()
			l.socket.cut()
			l.mu.Unlock()
			select { // paho may take a token of a broken connection for done
			case <-down:
			case <-ctx.Done():
				return false
			}
			continue
		}
		limit := time.NewTimer(timeout)
		select {
		case <-t.Done():
			limit.Stop()
			if t.Error() == nil && !ended(down) {
				return true
			}
			if !control.Pause(ctx, 10*time.Millisecond) { // paho knows before connect does
				return false
			}
		case <-down:
			limit.Stop()
		case <-limit.C:
		case <-ctx.Done():
			limit.Stop()
			return false
		}
	}
}

func ended(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

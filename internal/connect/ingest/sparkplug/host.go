package sparkplug

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/telemetry"
)

// Options build a Host. Binder, Put and Send are required.
type Options struct {
	Binder intake.Binder
	// Put is Intake.Put: it copies the message and may wait.
	Put func(ctx context.Context, m *intake.Message, done func(error)) error
	// Send publishes the host's own messages: commands to the connection of their edge node, its state to all. It must not
	// wait, and must not call the Host.
	Send   func(topic string, payload []byte, qos byte, retained bool) error
	Config Config
	Memory Memory // nil: a restarted host asks every edge node for its births

	MaxNodes   int // edge nodes of the source; default 10,000
	MaxDevices int // of one edge node; default 1,000

	Now    func() time.Time // default time.Now
	Logger *slog.Logger
}

// Bounds of what is kept of messages that wait for another one, for an edge node and for the host.
const (
	maxWaiting      = 128
	maxWaitingBytes = 1 << 20
	maxHostBytes    = 64 << 20
	// maxPayload is the largest payload that is read, compressed ones after they have been unpacked. A broker refuses larger
	// packets before.
	maxPayload = 8 << 20
)

// Message is a published message, or an edge node's Will. It is a broker.Message.
type Message struct {
	Topic    string
	Payload  []byte
	QoS      byte
	Retained bool
	Will     bool
}

// Host is the Sparkplug host application of one source.
type Host struct {
	o Options
	c Config

	mu     sync.RWMutex
	routes map[string]*route // by topic
	nodes  map[string]*node  // by "group/node"

	waiting atomic.Int64 // bytes of messages that wait

	timersMu sync.Mutex
	timers   map[*node]struct{}
	wake     chan struct{}

	receipts sync.Pool
	empty    intake.Message

	state struct {
		sync.Mutex
		at       int64 // milliseconds: the time of the Will and of the birth
		online   bool
		again    bool // to be asserted once more, at asserted + 1 s
		asserted time.Time
	}
}

// route is what a topic leads to.
type route struct {
	topic
	name  string // of the topic
	node  *node
	scope *scope // under the node's lock; nil until the first message
}

// New makes a host and reads what an earlier one kept. The error is a *FieldError, or that of the Memory.
func New(ctx context.Context, o Options) (*Host, error) {
	if err := o.Config.check(); err != nil {
		return nil, err
	}
	if o.MaxNodes <= 0 {
		o.MaxNodes = 10_000
	}
	if o.MaxDevices <= 0 {
		o.MaxDevices = 1_000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	h := &Host{o: o, c: o.Config, routes: map[string]*route{}, nodes: map[string]*node{}, timers: map[*node]struct{}{}, wake: make(chan struct{}, 1)}
	h.receipts.New = func() any {
		r := &receipt{h: h}
		r.tell = r.told
		return r
	}
	return h, h.recall(ctx)
}

// Filters, MayPublish and MaySubscribe are those of the configuration.
func (h *Host) Filters() []string                      { return h.c.Filters() }
func (h *Host) MayPublish(topic, limit string) bool    { return h.c.MayPublish(topic, limit) }
func (h *Host) MaySubscribe(filter, limit string) bool { return h.c.MaySubscribe(filter, limit) }

// Message takes a published message, whose payload it does not keep. done runs exactly once: nil when everything of the
// message that can be stored is durable, or when nothing of it can ever be (the Binder has been told why); an error where
// the node cannot take it now, and the sender must not be told that it did. Messages of one edge node are taken in the
// order of their sequence numbers; those of different ones do not wait for each other.
func (h *Host) Message(ctx context.Context, m Message, done func(error)) {
	if strings.HasPrefix(m.Topic, namespace+"/STATE/") || strings.HasPrefix(m.Topic, "STATE/") {
		h.told(m.Topic, m.Payload)
		h.nothing(ctx, done)
		return
	}
	r, why := h.route(m.Topic)
	if r == nil {
		h.o.Binder.Trouble("", why)
		h.nothing(ctx, done)
		return
	}
	if r.verb == ncmd || r.verb == dcmd {
		h.nothing(ctx, done)
		return
	}
	r.node.mu.Lock()
	defer r.node.mu.Unlock()
	r.node.receive(ctx, r, m.Payload, done)
}

// nothing acknowledges a message of which nothing is stored, after those before it.
func (h *Host) nothing(ctx context.Context, done func(error)) {
	if done == nil {
		return
	}
	if err := h.o.Put(ctx, &h.empty, done); err != nil {
		done(err)
	}
}

// route finds what a topic leads to, and makes edge node and device at first sight.
func (h *Host) route(name string) (*route, intake.Trouble) {
	h.mu.RLock()
	r := h.routes[name]
	h.mu.RUnlock()
	if r != nil {
		return r, intake.Trouble{}
	}
	t, why := parseTopic(name)
	if why == "" && !h.c.takes(t.group) {
		why = "is of a group that this source does not take"
	}
	if why != "" {
		return nil, topicTrouble(name, why)
	}
	if t.verb == ncmd || t.verb == dcmd {
		return &route{topic: t}, intake.Trouble{}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if r = h.routes[name]; r != nil {
		return r, intake.Trouble{}
	}
	n := h.nodes[t.nodeKey()]
	if n == nil {
		if len(h.nodes) >= h.o.MaxNodes {
			return nil, boundTrouble(name, "edge nodes", h.o.MaxNodes)
		}
		n = h.newNode(t.group, t.node)
	}
	r = &route{topic: t, name: strings.Clone(name), node: n}
	h.routes[r.name] = r
	return r, intake.Trouble{}
}

// receipt waits for what becomes of a message. It is reused.
type receipt struct {
	h     *Host
	scope *scope
	where string
	done  func(error)
	tell  func(error)
}

// put hands the rows over. What the store refuses will be refused again: it is told and acknowledged.
func (h *Host) put(ctx context.Context, m *intake.Message, s *scope, where string, done func(error)) {
	r := h.receipts.Get().(*receipt)
	r.scope, r.where, r.done = s, where, done
	if err := h.o.Put(ctx, m, r.tell); err != nil {
		r.told(err)
	}
}

func (r *receipt) told(err error) {
	h, done := r.h, r.done
	if err != nil {
		if refused := (*telemetry.BatchError)(nil); errors.As(err, &refused) {
			h.o.Binder.Trouble(r.scope.key, refusedTrouble(r.where, refused))
			err = nil
		}
	}
	r.scope, r.done = nil, nil
	h.receipts.Put(r)
	if done != nil {
		done(err)
	}
}

// Lost tells that the connection to a broker of others is gone: every edge node behind it is out of reach, and each
// metric gets its mark. When messages come again, their edge nodes are asked for their births, because what has not
// changed meanwhile is not told again.
func (h *Host) Lost(ctx context.Context) {
	for _, n := range h.all() {
		n.mu.Lock()
		n.lost(ctx)
		n.mu.Unlock()
	}
}

func (h *Host) all() []*node {
	h.mu.RLock()
	defer h.mu.RUnlock()
	out := make([]*node, 0, len(h.nodes))
	for _, n := range h.nodes {
		out = append(out, n)
	}
	return out
}

// step is how exactly time-outs are kept.
const step = 100 * time.Millisecond

// Run keeps the time-outs, asks again, and saves, until ctx ends.
func (h *Host) Run(ctx context.Context) error {
	t := time.NewTimer(time.Hour)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			save, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			h.save(save, true)
			return nil
		case <-h.wake:
		case <-t.C:
		}
		if h.tick(ctx) {
			t.Reset(step)
		} else {
			t.Reset(time.Hour)
		}
	}
}

// tick does what is due; false where nothing will be.
func (h *Host) tick(ctx context.Context) bool {
	h.timersMu.Lock()
	due := make([]*node, 0, len(h.timers))
	for n := range h.timers {
		due = append(due, n)
	}
	h.timersMu.Unlock()
	for _, n := range due {
		n.mu.Lock()
		if !n.tick(ctx) {
			h.timersMu.Lock()
			delete(h.timers, n)
			h.timersMu.Unlock()
		}
		n.mu.Unlock()
	}
	h.save(ctx, false)
	stating := h.restate()
	h.timersMu.Lock()
	defer h.timersMu.Unlock()
	return len(h.timers) > 0 || stating
}

// time wants ticks for a node.
func (h *Host) time(n *node) {
	h.timersMu.Lock()
	h.timers[n] = struct{}{}
	h.timersMu.Unlock()
	h.poke()
}

func (h *Host) poke() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

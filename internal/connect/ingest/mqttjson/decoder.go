package mqttjson

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"jingwei/internal/connect/ingest/broker"
	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/telemetry"
)

// Options build a Decoder. Binder, Put and Config are required.
type Options struct {
	Binder intake.Binder
	// Put is Intake.Put: it copies the message and may wait.
	Put func(ctx context.Context, m *intake.Message, done func(error)) error
	// Send publishes replies; nil sends none.
	Send   func(topic string, payload []byte, qos byte, retained bool) error
	Config Config
	// Remote: the messages come from a broker of others, where a retained one is old: without a time of its own its values
	// are not taken, for they would be given the time of their arrival.
	Remote bool

	MaxDevices int // whose metrics are kept in memory; default 20,000

	Now    func() time.Time // default time.Now
	Logger *slog.Logger
}

// Decoder takes the messages of one source.
type Decoder struct {
	o    Options
	plan *plan

	mu      sync.RWMutex
	routes  map[string]route // by topic
	devices map[string]*device

	work sync.Pool
}

// route is what a topic leads to.
type route struct {
	mapping *mapping
	got     map[string]string
	device  string // "" where the payload names it
}

// maxRoutes bounds the topics that are remembered; beyond it they are looked up anew.
const maxRoutes = 50_000

// device is what is known of one device's metrics. Its lock keeps its messages in order.
type device struct {
	name string

	mu         sync.Mutex
	generation uint64
	metrics    map[string]*metric
	away       bool // its points have been told that it is not there
}

type metric struct {
	intake.Metric
	slot  intake.Slot
	bound bool
}

// New makes a decoder. The error is a *FieldError.
func New(o Options) (*Decoder, error) {
	p, err := compile(o.Config)
	if err != nil {
		return nil, err
	}
	if o.MaxDevices <= 0 {
		o.MaxDevices = 20_000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Decoder{o: o, plan: p, routes: map[string]route{}, devices: map[string]*device{}}
	d.work.New = func() any { return &work{buf: make([]byte, 64)} }
	return d, nil
}

// Filters are what to subscribe to at a broker of others.
func (d *Decoder) Filters() []string { return d.plan.filters() }

// Run has nothing to time.
func (d *Decoder) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// MayPublish tells whether a topic is taken. limit is the only device that the sender may speak for, "" for any; then a
// topic whose device stands in the payload is not the sender's to use.
func (d *Decoder) MayPublish(topic, limit string) bool {
	r, ok := d.route(topic)
	return ok && (limit == "" || r.device == limit)
}

// MaySubscribe tells whether a client may subscribe: to what the configuration lists, to replies and, for a sender of any
// device, to what the source takes. Nothing but replies is ever sent.
func (d *Decoder) MaySubscribe(filter, limit string) bool {
	if strings.ContainsAny(limit, "+#") {
		return false
	}
	known := map[string]string{}
	for _, m := range d.plan.mappings {
		if limit != "" && m.inside == nil {
			m.device.split(limit, known)
		}
	}
	for _, t := range d.plan.subscribe {
		if broker.Covers(t.filter(known), filter) {
			return true
		}
	}
	for _, m := range d.plan.mappings {
		if m.Reply != nil && broker.Covers(m.replies(known), filter) {
			return true
		}
		if limit == "" && broker.Covers(m.topic.filter(nil), filter) {
			return true
		}
	}
	return false
}

// replies is the filter of a mapping's replies.
func (m *mapping) replies(known map[string]string) string {
	wild := map[string]string{}
	for n := range m.topic.names() {
		if wild[n] = "+"; known[n] != "" {
			wild[n] = known[n]
		}
	}
	return m.reply.fill(wild)
}

func (d *Decoder) route(topic string) (route, bool) {
	d.mu.RLock()
	r, ok := d.routes[topic]
	d.mu.RUnlock()
	if ok {
		return r, r.mapping != nil
	}
	topic = strings.Clone(topic) // it is a piece of the packet, which would be kept with it
	for _, m := range d.plan.mappings {
		got, fits := m.topic.match(topic)
		if !fits {
			continue
		}
		r = route{mapping: m, got: got}
		if m.inside == nil {
			r.device = m.device.fill(got)
		}
		break
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.routes) >= maxRoutes {
		clear(d.routes)
	}
	d.routes[topic] = r
	return r, r.mapping != nil
}

// device returns a device by its name, nil where there are too many.
func (d *Decoder) device(name string) *device {
	d.mu.RLock()
	dev := d.devices[name]
	d.mu.RUnlock()
	if dev != nil {
		return dev
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if dev = d.devices[name]; dev == nil && len(d.devices) < d.o.MaxDevices {
		dev = &device{name: strings.Clone(name), metrics: map[string]*metric{}}
		d.devices[dev.name] = dev
	}
	return dev
}

// Message takes a message, whose payload is valid during the call only. done runs exactly once: nil when what the message
// holds is durable, or nothing of it can ever be taken; an error when the node could not.
func (d *Decoder) Message(ctx context.Context, m broker.Message, done func(error)) {
	w := d.work.Get().(*work)
	defer func() {
		w.reset()
		d.work.Put(w)
	}()
	w.d, w.topic, w.now = d, m.Topic, d.o.Now().UnixNano()
	r, ok := d.route(m.Topic)
	if !ok {
		d.o.Binder.Trouble("", topicTrouble(m.Topic))
		d.put(ctx, w, "", done)
		return
	}
	w.m, w.got = r.mapping, r.got
	if w.m.Shape == Ignore {
		d.put(ctx, w, "", done)
		return
	}
	var doc *fastjson.Value
	var err error
	if w.m.Shape != Alive && w.m.Shape != Value || w.m.inside != nil {
		if doc, err = parse(&w.parser, m.Payload); err != nil {
			d.o.Binder.Trouble(r.device, payloadTrouble(m.Topic, m.Payload, err))
			d.put(ctx, w, "", done)
			return
		}
	}
	name := r.device
	if w.m.inside != nil {
		v := w.m.inside.find(doc)
		if v == nil || v.Type() != fastjson.TypeString && v.Type() != fastjson.TypeNumber {
			d.o.Binder.Trouble("", deviceTrouble(m.Topic, w.m.DevicePath))
			d.put(ctx, w, "", done)
			return
		}
		b, _ := scalar(v, w.buf)
		got := map[string]string{"payload": show(b)}
		for k, v := range r.got {
			got[k] = v
		}
		name = w.m.device.fill(got)
	}
	if name == "" || len(name) > maxName || !utf8.ValidString(name) {
		d.o.Binder.Trouble("", nameTrouble(m.Topic, name))
		d.put(ctx, w, "", done)
		return
	}
	dev := d.device(name)
	if dev == nil {
		d.o.Binder.Trouble("", manyTrouble(m.Topic, d.o.MaxDevices))
		d.put(ctx, w, "", done)
		return
	}
	w.dev = dev
	dev.mu.Lock()
	defer dev.mu.Unlock()
	if g := d.o.Binder.Generation(); g != dev.generation {
		for _, m := range dev.metrics {
			m.bound = false
		}
		dev.generation = g
	}
	if w.m.Shape == Alive {
		w.alive(m.Payload)
		d.put(ctx, w, name, done)
		return
	}
	dev.away = false
	d.o.Binder.Alive(name, true, w.now)
	w.old = d.o.Remote && m.Retained
	w.read(doc, m.Payload)
	if err := w.bind(ctx); err != nil {
		done(err)
		return
	}
	w.fill()
	if w.m.Reply != nil && d.o.Send != nil && doc != nil {
		done = d.replying(w, doc, done)
	}
	d.put(ctx, w, name, done)
}

// put hands the rows over. What the store refuses for good is told and acknowledged: it would be refused again.
func (d *Decoder) put(ctx context.Context, w *work, device string, done func(error)) {
	topic := w.topic
	landed := func(err error) {
		if e := (*telemetry.BatchError)(nil); errors.As(err, &e) {
			d.o.Binder.Trouble(device, refusedTrouble(topic, e))
			err = nil
		}
		done(err)
	}
	if err := d.o.Put(ctx, &w.rows, landed); err != nil {
		landed(err)
	}
}

// replying answers the device once its message is durable.
func (d *Decoder) replying(w *work, doc *fastjson.Value, done func(error)) func(error) {
	id := "null"
	if v := doc.Get("id"); v != nil && (v.Type() == fastjson.TypeString || v.Type() == fastjson.TypeNumber) {
		id = v.String()
	}
	topic := w.m.reply.fill(w.got)
	body := []byte(strings.ReplaceAll(w.m.Reply.Body, "{id}", id))
	return func(err error) {
		done(err)
		if err == nil {
			// A device that has not subscribed does not want it.
			if err := d.o.Send(topic, body, 0, false); err != nil && !errors.Is(err, broker.ErrNotSubscribed) {
				d.o.Logger.Debug("MQTT: a reply was not sent", "topic", topic, "error", err)
			}
		}
	}
}

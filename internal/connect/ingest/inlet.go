package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"jingwei/internal/connect/ingest/broker"
	"jingwei/internal/connect/ingest/intake"
)

// inlet is one source: what is known of it, and its intake and decoder while it is at work. Locks are taken in the order
// adopting, mu, device.mu.
type inlet struct {
	s   *Service
	log *slog.Logger

	adopting   sync.Mutex // one change of feeds at a time
	generation atomic.Uint64
	seen       atomic.Int64  // metrics kept in memory
	unclaimed  atomic.Uint64 // values without a point

	mu       sync.RWMutex
	src      Source
	feeds    map[string]Feed // by device
	settled  map[string]bool // devices that a feed was ended of: they are not adopted again by themselves
	devices  map[string]*device
	dirty    map[*device]struct{} // differ from SQL
	sessions map[*session]struct{}
	run      *run // nil while it is not at work
	failure  *Trouble
	state    string    // of a remote source's connection
	since    time.Time // of state, where that is not connected
	far      *Trouble  // why it is not connected
	troubles uint64
	trouble  *Trouble
	telling  *Trouble  // in the words of the condition
	wrong    time.Time // of the last wrong secret

	lastTrouble time.Time // but for wrong secrets
	told        view      // what was last put on the live stream
	rate        rate
	raised      map[string]bool // kinds of conditions
}

// view is what moves of a source by itself, to see whether it has changed.
type view struct {
	devices, online, unclaimed int
	troubles                   uint64
	rate                       float64
	state                      string
}

// rate is values per second over the last few ticks.
type rate struct {
	at   time.Time
	rows int64
	now  float64
}

func newInlet(s *Service, src Source) *inlet {
	in := &inlet{s: s, log: s.log.With("source", src.ID), src: src, feeds: map[string]Feed{}, settled: map[string]bool{}, devices: map[string]*device{},
		dirty: map[*device]struct{}{}, sessions: map[*session]struct{}{}, raised: map[string]bool{}, since: s.o.Now()}
	in.generation.Store(1)
	return in
}

func (in *inlet) source() Source {
	in.mu.RLock()
	defer in.mu.RUnlock()
	return in.src
}

// touch tells the live stream to look at the sources again.
func (in *inlet) touch() {
	in.s.mu.Lock()
	in.s.version++
	in.s.mu.Unlock()
}

// rebind reads anew where a device's metrics go. If the plant cannot be read now, that is done when the device tells more.
func (in *inlet) rebind(ctx context.Context, d *device) {
	d.unbind()
	in.generation.Add(1)
	if _, err := in.bindingOf(ctx, d); err != nil {
		in.log.Warn("the points of a machine cannot be read", "error", err)
	}
}

// reconsider lets metrics be adopted that were declined, and devices that came before the source adopted.
func (in *inlet) reconsider() {
	in.mu.RLock()
	for _, d := range in.devices {
		d.mu.Lock()
		d.declined = nil
		d.mu.Unlock()
	}
	in.mu.RUnlock()
	in.generation.Add(1)
	in.touch()
}

// run is the work of one source from a start to its stop.
type run struct {
	ctx    context.Context // of the decoder; ends before the intake's
	end    context.CancelFunc
	work   sync.WaitGroup
	in     *intake.Intake
	drain  context.CancelFunc
	dry    chan struct{}
	origin Source
	*decoder
}

// begin sets a source to work, if sources are. s.changing is held.
func (s *Service) begin(in *inlet) {
	if s.running == nil {
		return
	}
	src := in.source()
	r, err := in.open(s.running, src)
	if err != nil {
		in.log.Error("the source cannot be set to work", "error", err)
		in.mu.Lock()
		in.failure = s.troubleOf("start", err)
		in.mu.Unlock()
		in.touch()
		return
	}
	in.mu.Lock()
	in.run, in.failure, in.rate, in.since, in.far = r, nil, rate{}, s.o.Now(), nil
	in.mu.Unlock()
	if r.host != nil && src.Transport == Broker {
		_ = r.host.Online() // nobody is connected yet: those who come are told when they subscribe
	}
	if r.stream != nil {
		r.work.Go(func() {
			if err := r.stream.Run(r.ctx); err != nil && !errors.Is(err, context.Canceled) {
				in.log.Error("the decoder ended", "error", err)
			}
		})
	}
	if src.Transport == Remote {
		r.work.Go(func() { in.readRemote(r) })
	}
	in.touch()
}

// open builds a source's intake and decoder.
func (in *inlet) open(ctx context.Context, src Source) (*run, error) {
	k, ok := kindOf(src.Kind)
	if !ok {
		return nil, fmt.Errorf("this binary does not know the kind %s", src.Kind)
	}
	own, _, err := split(src.Config)
	if err != nil {
		return nil, err
	}
	s := in.s
	r := &run{origin: src, dry: make(chan struct{})}
	o := intake.Options{Store: s.o.Telemetry, Producer: src.ID, Origin: src.Origin, Logger: in.log}
	if src.Transport != HTTP { // a push is large already, and somebody waits for its answer
		o.Linger = linger
	}
	r.in = intake.New(o)
	// The decoder's context ends first, then the intake makes durable what it holds.
	r.ctx, r.end = context.WithCancel(context.WithoutCancel(ctx))
	d, err := k.open(r.ctx, opening{config: own, binder: in, put: r.in.Put, send: in.send, memory: &memory{s: s, source: src.ID}, remote: src.Transport == Remote,
		now: s.o.Now, log: in.log})
	if err != nil {
		r.end()
		return nil, err
	}
	r.decoder = d
	drain, stop := context.WithCancel(context.WithoutCancel(ctx))
	r.drain = stop
	go func() {
		defer close(r.dry)
		if err := r.in.Run(drain); err != nil {
			in.log.Error("the intake ended", "error", err)
		}
	}()
	return r, nil
}

// stop ends a source's work: its connections are closed, what was taken is made durable.
func (in *inlet) stop(reason error) {
	in.mu.Lock()
	r := in.run
	in.run, in.state, in.failure = nil, "", nil
	in.mu.Unlock()
	if r == nil {
		return
	}
	if r.host != nil {
		_ = r.host.Offline()
	}
	in.cut(func(*session) bool { return true }, reason)
	r.end()
	r.work.Wait()
	r.drain()
	<-r.dry
	st := r.in.Stats()
	in.s.metrics.rows.Add(st.Rows)
	in.s.metrics.failed.Add(st.Failed)
	in.s.metrics.rejected.Add(st.Refused)
	in.touch()
}

// cut closes connections.
func (in *inlet) cut(which func(*session) bool, reason error) {
	in.mu.RLock()
	var conns []broker.Conn
	for c := range in.sessions {
		if which(c) {
			conns = append(conns, c.conn)
		}
	}
	in.mu.RUnlock()
	for _, c := range conns {
		c.Close(reason)
	}
}

// send publishes the node's own message to whoever of the source's connections has subscribed to its topic.
func (in *inlet) send(topic string, payload []byte, qos byte, retained bool) error {
	in.mu.RLock()
	conns := make([]broker.Conn, 0, len(in.sessions))
	for c := range in.sessions {
		conns = append(conns, c.conn)
	}
	in.mu.RUnlock()
	err := broker.ErrNotSubscribed
	for _, c := range conns {
		if e := c.Send(topic, payload, qos, retained); e == nil || errors.Is(err, broker.ErrNotSubscribed) {
			err = e
		}
	}
	return err
}

// Run sets the sources to work until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	for _, kind := range conditionKinds { // those of before the start are looked at anew
		s.o.Board.ClearKind(ctx, kind)
	}
	s.changing.Lock()
	s.running = ctx
	for _, in := range s.all() {
		s.begin(in)
	}
	s.changing.Unlock()
	tick := time.NewTicker(s.o.Tick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.changing.Lock()
			s.running = nil
			s.changing.Unlock()
			s.end(context.WithoutCancel(ctx))
			return nil
		case <-tick.C:
			s.tick(ctx)
		}
	}
}

// end stops all sources side by side and saves what is not saved.
func (s *Service) end(ctx context.Context) {
	save, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var work sync.WaitGroup
	for _, in := range s.all() {
		work.Go(func() {
			in.stop(errStopped)
			if err := in.saveDevices(save, true); err != nil {
				in.log.Warn("devices are not saved", "error", err)
			}
		})
	}
	work.Wait()
	if err := s.saveUses(save); err != nil {
		s.log.Warn("uses of credentials are not saved", "error", err)
	}
}

func (s *Service) all() []*inlet {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]*inlet, 0, len(s.inlets))
	for _, in := range s.inlets {
		out = append(out, in)
	}
	return out
}

package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
	"jingwei/internal/kernel/file"
	"jingwei/internal/telemetry"
)

// Options say what a gateway needs. DataDir and Drivers are required; Code is at the first start.
type Options struct {
	DataDir string                   // identity, configuration and spool; belongs to this gateway alone
	Code    string                   // enrolment code; one that the gateway was enrolled with already is not looked at again
	Drivers map[string]driver.Driver // by the name that a link's configuration gives
	Version string                   // software, for the node's page

	FS           file.FS          // default file.OS()
	Now          func() time.Time // default time.Now
	Random       func() float64   // jitter; default math/rand/v2
	Logger       *slog.Logger     // default: none
	SpoolBytes   int64            // bound of the spool on disk; default 4 GiB
	SpoolSegment int64            // default 8 MiB, or a fourth of SpoolBytes where that is less
	Interval     time.Duration    // how long a sample waits for company before it is spooled; default 250 ms
	StatusEvery  time.Duration    // default 5 s
	LinkAddress  string           // overrides the node's link address, "host:port"
	Limits       federate.Limits
	MinWait      time.Duration // between attempts to reach the node; default 0.5 s
	MaxWait      time.Duration // default 30 s

	// Spooled, where set, is told of each batch once it is durable in the spool: this is the gateway's own
	// acknowledgement of its samples. Ref are places in the table. It runs on the journal's goroutine, in the order of
	// the spool, and must not block or keep what it is given. It is for tests and the crash bench.
	Spooled func(t federate.Table, b *telemetry.Batch)

	reopenAfter time.Duration // pause before a failed spool is opened again; default 5 s
}

func (o *Options) fill() error {
	if o.DataDir == "" {
		return errors.New("gateway: no data folder is named; give one with --data")
	}
	if o.FS == nil {
		o.FS = file.OS()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.SpoolBytes <= 0 {
		o.SpoolBytes = 4 << 30
	}
	if o.SpoolSegment <= 0 {
		o.SpoolSegment = min(8<<20, o.SpoolBytes/4)
	}
	if o.Interval <= 0 {
		o.Interval = 250 * time.Millisecond
	}
	if o.StatusEvery <= 0 {
		o.StatusEvery = statusEvery
	}
	o.MinWait = orElse(o.MinWait, 500*time.Millisecond)
	o.MaxWait = orElse(o.MaxWait, 30*time.Second)
	o.reopenAfter = orElse(o.reopenAfter, 5*time.Second)
	return nil
}

func orElse(d, def time.Duration) time.Duration {
	if d <= 0 {
		return def
	}
	return d
}

// Gateway is the edge runtime. New makes it, Run runs it; Status may be called from anywhere.
type Gateway struct {
	o        Options
	started  time.Time
	instance uuid.UUID
	session  atomic.Pointer[session]
}

// New checks the options.
func New(o Options) (*Gateway, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	return &Gateway{o: o, started: o.Now().UTC(), instance: uuid.Must(uuid.NewV7())}, nil
}

// Run is New and Run in one.
func Run(ctx context.Context, o Options) error {
	g, err := New(o)
	if err != nil {
		return err
	}
	return g.Run(ctx)
}

// Run enrols the gateway if need be and collects until ctx ends; it then returns nil after everything it started has
// ended. Errors: *EnrolError, ErrAuthority, ErrOtherCode and the errors of federate.ParseInvitation (final);
// file.ErrLocked in a data folder that another process uses; a spool or identity that cannot be read.
func (g *Gateway) Run(ctx context.Context) error {
	o := &g.o
	if err := file.MakeDir(o.FS, o.DataDir, 0o700); err != nil {
		return fmt.Errorf("make the gateway's data folder: %w", err)
	}
	lock, err := o.FS.Lock(filepath.Join(o.DataDir, "gateway.lock"))
	if err != nil {
		return fmt.Errorf("the data folder %s: %w; another gateway is running with it", o.DataDir, err)
	}
	defer lock.Close()
	id, err := g.identify(ctx)
	if err != nil || id == nil {
		return err
	}
	for ctx.Err() == nil {
		err := g.collect(ctx, id)
		if !errors.Is(err, errSpoolFailed) {
			return err
		}
		// A disk that failed a write may come back (a full volume, a card that was pulled): what the links deliver until
		// then is lost and they are stopped, which marks their points when they start again.
		o.Logger.Error("the spool has failed; it is opened again", "in", o.reopenAfter, "error", err)
		if kept, err := loadIdentity(o.FS, o.DataDir); err == nil && kept != nil {
			id = kept
		}
		select {
		case <-time.After(o.reopenAfter):
		case <-ctx.Done():
		}
	}
	return nil
}

// identify returns the identity on disk or enrols; nil without an error when ctx ended first.
func (g *Gateway) identify(ctx context.Context) (*Identity, error) {
	o := &g.o
	id, err := loadIdentity(o.FS, o.DataDir)
	if err != nil {
		return nil, err
	}
	var code federate.Invitation
	if o.Code != "" {
		if code, err = federate.ParseInvitation(o.Code); err != nil {
			return nil, err
		}
	}
	if id != nil {
		if o.Code == "" || codeHash(code) == id.Code {
			return id, nil // the code on a service's command line stays there for ever
		}
		if _, ca, err := id.pool(); err == nil && fingerprint(ca) != code.Fingerprint {
			return nil, ErrOtherCode
		}
	}
	if o.Code == "" {
		return nil, errors.New("this gateway is not enrolled: make an enrolment code on its page at the node, and start it with --code CODE")
	}
	old := id
	key, csr, err := federate.NewKey()
	if err != nil {
		return nil, err
	}
	wait := federate.Backoff{Min: o.MinWait, Max: o.MaxWait, Rand: o.Random}
	for {
		id, err := enrol(ctx, code, key, csr, o.Now)
		if err == nil {
			if err := id.save(o.FS, o.DataDir); err != nil {
				return nil, err
			}
			o.Logger.Info("enrolled", "gateway", id.Gateway, "node", id.Name, "link", id.Link)
			return id, nil
		}
		var final *EnrolError
		if errors.As(err, &final) || errors.Is(err, ErrAuthority) {
			if id := old; id != nil { // an old code on the command line must not stop a gateway that is enrolled
				o.Logger.Warn("the enrolment code is not taken; the gateway goes on with the identity that it has", "error", err)
				return id, nil
			}
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, nil
		}
		next := wait.Next()
		o.Logger.Warn("the node cannot be reached; trying again", "error", err, "retryIn", next.Round(time.Millisecond))
		select {
		case <-time.After(next):
		case <-ctx.Done():
			return nil, nil
		}
	}
}

var errSpoolFailed = errors.New("the spool has failed")

// session is one life of the spool, normally that of the process.
type session struct {
	g       *Gateway
	spool   *spool
	collect *collector
	apply   *applier
	uplink  *uplink
	unsure  atomic.Int64 // second of the last look << 1 | its answer
}

// collect runs until ctx ends or the journal fails. What stops first is what feeds: links, then the collector, then
// the link to the node, then the spool.
func (g *Gateway) collect(ctx context.Context, id *Identity) error {
	o := &g.o
	log := o.Logger.With("gateway", id.Gateway)
	sp, err := openSpool(spoolOptions{FS: o.FS, Dir: filepath.Join(o.DataDir, "spool"), Producer: id.Gateway, MaxBytes: o.SpoolBytes, Segment: o.SpoolSegment, Now: o.Now, Logger: log, Spooled: o.Spooled})
	if err != nil {
		return err
	}
	packer, err := federate.NewPacker(1)
	if err != nil {
		return errors.Join(err, sp.close())
	}
	s := &session{g: g, spool: sp}
	s.collect = newCollector(sp, o, id.Gateway.String())
	s.uplink = &uplink{o: o, log: log, packer: packer, source: newSource(sp, s.collect.acked), id: id, status: s.status, news: make(chan struct{}, 1)}
	links, stopLinks := context.WithCancel(ctx)
	defer stopLinks()
	s.apply = newApplier(links, o, sp, s.collect, id.Gateway, s.clockUnsure, s.uplink.tell)
	s.uplink.apply = s.apply
	g.session.Store(s)
	defer g.session.Store(nil)

	st := sp.status()
	log.Info("spool open", "epoch", st.Epoch, "lastSeq", st.LastSeq, "ackedSeq", st.AckedSeq, "batches", st.Batches, "samples", st.Samples, "bytes", st.Bytes)

	collecting, stopCollecting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopCollecting()
	up, stopUplink := context.WithCancel(context.WithoutCancel(ctx))
	defer stopUplink()
	var work sync.WaitGroup
	failed := make(chan error, 1)
	work.Go(func() {
		if err := s.collect.run(collecting); err != nil {
			failed <- err
		}
	})
	var linked sync.WaitGroup
	linked.Go(func() { s.uplink.run(up, g.instance) })
	linked.Go(func() { s.keepPlace(up) })
	s.apply.start()

	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
		err = fmt.Errorf("%w: %w", errSpoolFailed, err)
	case <-sp.failed:
		err = errSpoolFailed
	}
	stopLinks()
	s.apply.stop()
	stopCollecting()
	work.Wait()
	stopUplink()
	linked.Wait()
	if closing := sp.close(); err == nil {
		err = closing
	}
	return err
}

// keepPlace writes where the link stands, so that a restart counts what is at risk rightly even while the node is away.
func (s *session) keepPlace(ctx context.Context) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := s.spool.savePlace(); err != nil {
				s.g.o.Logger.Error("keep the spool's place", "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// clockSure is how far the node's clock may be off for it to vouch for ours.
const clockSure = time.Second

// clockUnsure tells whether samples stamped here carry ClockUnsure: the system says that nobody keeps its clock, and
// no node that is linked agrees with it.
func (s *session) clockUnsure() bool {
	now := s.g.o.Now().Unix() // asked once in a second: it is told with each sample
	if old := s.unsure.Load(); old>>1 == now {
		return old&1 != 0
	}
	v := now << 1
	if s.lookAtClock() {
		v |= 1
	}
	s.unsure.Store(v)
	return v&1 != 0
}

func (s *session) lookAtClock() bool {
	synchronised, known := kernelSynchronised()
	if known && synchronised {
		return false
	}
	c := s.uplink.clock()
	if c.Known {
		return c.Offset.Abs() > clockSure+c.RoundTrip/2
	}
	return known
}

func (s *session) status() document.Status {
	o := &s.g.o
	applied, links := s.apply.status()
	clock := s.uplink.clock()
	out := document.Status{Time: o.Now().UTC(), Started: s.g.started, Version: o.Version, Hash: applied.Hash, Applied: applied,
		Spool: s.spool.status(), Samples: s.collect.status(), Links: links, Memory: resident(),
		Clock: document.Clock{Unsure: s.clockUnsure(), OffsetMs: ms(clock.Offset), TripMs: ms(clock.RoundTrip)}}
	if cert, err := s.uplink.identity().certificate(); err == nil {
		out.NotAfter = cert.Leaf.NotAfter.UTC()
	}
	return out
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Status tells how the gateway does; false before it runs.
func (g *Gateway) Status() (document.Status, bool) {
	s := g.session.Load()
	if s == nil {
		return document.Status{}, false
	}
	return s.status(), true
}

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/cell"
	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/front"
	"jingwei/internal/kernel/lease"
	"jingwei/internal/kernel/log/jetstream"
	"jingwei/internal/kernel/module"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// How long a process may take with what it shares.
const (
	leaseGrace   = bridge      // for which a cell goes on while the database does not answer anybody
	keepReplaced = time.Hour   // for which objects stay that no file has any more: a copy of all of them takes less
	clusterPause = time.Minute // for closing all cells
)

// process is one of those that serve the cells of a cluster (docs/cluster.md).
type process struct {
	cfg    *config.Loaded
	log    *slog.Logger
	now    func() time.Time
	db     *store.DB // the schema that all processes share
	conn   *nats.Conn
	office *lease.Office
	doors  map[string]*front.Door
	keeper *cell.Keeper
	warmth map[string]*warmth // by cell

	lines sync.Mutex // held while lines are written for people
	out   io.Writer

	closers []func()
}

// serveCells runs a process of a cluster until ctx ends.
func serveCells(ctx context.Context, cfg *config.Loaded, out, errs io.Writer) (err error) {
	p := &process{cfg: cfg, log: newLogger(cfg, errs), now: clock, out: out, doors: map[string]*front.Door{}, warmth: map[string]*warmth{}}
	for _, name := range cfg.Cluster.Cells {
		p.warmth[name] = &warmth{}
	}
	defer p.close()
	if err := file.MakeDir(file.OS(), cfg.Data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w; choose another with --data", err)
	}
	for _, open := range []func(context.Context) error{p.openShared, p.connect, p.openKeeper, p.openDoors} {
		if err := open(ctx); err != nil {
			return err
		}
	}
	var modules []module.Module
	for kind, d := range p.doors {
		modules = append(modules, module.Loop(kind+" door", d.Serve))
	}
	modules = append(modules, module.Loop("cells", p.keeper.Run))
	if cfg.Cluster.Standby {
		modules = append(modules, module.Loop("standby", p.keepWarm))
	}
	return module.Run(ctx, module.Options{Logger: p.log, StopTimeout: clusterPause, Started: func() {
		p.say("process %s: %d cells, https %s\n", p.name(), len(cfg.Cluster.Cells), p.doors[doorHTTPS].Addr())
	}}, modules...)
}

// say writes lines for people.
func (p *process) say(format string, args ...any) {
	p.lines.Lock()
	defer p.lines.Unlock()
	fmt.Fprintf(p.out, format, args...)
}

// name is what people call this process.
func (p *process) name() string { return p.cfg.Node.Name + "@" + p.advertised() }

// advertised is the host under which other processes reach this one.
func (p *process) advertised() string {
	if p.cfg.Cluster.Advertise != "" {
		return p.cfg.Cluster.Advertise
	}
	if host, err := os.Hostname(); err == nil {
		return host
	}
	return "localhost"
}

func (p *process) openShared(ctx context.Context) (err error) {
	p.db, err = store.Open(ctx, p.cfg.Database.URL, store.Options{Schema: clusterSchema, Label: "jw cluster", Logger: p.log})
	if err != nil {
		return err
	}
	p.closers = append(p.closers, func() { _ = p.db.Close() })
	p.office, err = lease.New(ctx, lease.Options{DB: p.db, Note: p.name(), Length: p.cfg.Cluster.Lease, Grace: leaseGrace, Logger: p.log})
	if err != nil {
		return err
	}
	p.closers = append(p.closers, p.office.Close)
	return nil
}

// connect reaches the NATS cluster.
func (p *process) connect(context.Context) (err error) {
	o := append(jetstream.ConnectOptions(), nats.Name("jingwei "+p.name()),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { p.log.Warn("NATS", "error", err) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil { // nil: it is we who close it
				p.log.Warn("the connection to NATS was lost; it is made again", "error", err)
			}
		}))
	if f := p.cfg.Cluster.Credentials; f != "" {
		o = append(o, nats.UserCredentials(f))
	}
	if f := p.cfg.Cluster.CA; f != "" {
		o = append(o, nats.RootCAs(f))
	}
	if p.conn, err = nats.Connect(strings.Join(p.cfg.Cluster.NATS, ","), o...); err != nil {
		return fmt.Errorf("connect to NATS at %s: %w", strings.Join(p.cfg.Cluster.NATS, ", "), err)
	}
	p.closers = append(p.closers, p.conn.Close)
	return nil
}

// openDoors listens for clients of all cells; whoever has a cell serves it.
func (p *process) openDoors(ctx context.Context) error {
	names, err := front.Names(p.cfg.Cluster.Cells, []string{p.cfg.Cluster.Domain}, nil)
	if err != nil {
		return err
	}
	for kind, address := range p.addresses() {
		d, err := front.Listen(ctx, front.Options{
			Kind: kind, Address: address, Cell: names, Key: p.keeper.Key(), Logger: p.log,
			Owner: func(ctx context.Context, cell string, fresh bool) (front.Place, bool) {
				at, ok, err := p.keeper.Where(ctx, cell, fresh)
				if err != nil {
					p.log.Debug("who has a cell was told from what was seen last", "cell", cell, "error", err)
				}
				return front.Place{Process: at.Process.ID, Address: at.Process.Addresses[kind], Mine: at.Mine}, ok
			},
		})
		if err != nil {
			return fmt.Errorf("listen for %s on %s: %w", kind, address, err)
		}
		p.doors[kind] = d
		p.closers = append(p.closers, func() { _ = d.Close() })
	}
	return nil
}

// addresses are what each door listens on.
func (p *process) addresses() map[string]string {
	all := map[string]string{doorHTTPS: p.cfg.HTTPS.Address, doorLink: p.cfg.Link.Address, doorMQTT: p.cfg.MQTT.Address}
	for kind, address := range all {
		if address == "off" {
			delete(all, kind)
		}
	}
	return all
}

func (p *process) openKeeper(ctx context.Context) (err error) {
	reached := map[string]string{}
	for kind, address := range p.addresses() {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		reached[kind] = net.JoinHostPort(p.advertised(), port)
	}
	p.keeper, err = cell.New(ctx, cell.Options{
		DB: p.db, Office: p.office, Cells: p.cfg.Cluster.Cells, Addresses: reached, Process: p.name(),
		Open: p.open, Now: p.now, Logger: p.log, Changed: func(s cell.State) {
			p.log.Info("cell", "cell", s.Cell, "phase", s.Phase, "epoch", s.Epoch, "error", s.Err)
		},
	})
	return err
}

// cellConfig is the configuration of a cell's node: that of the process, with a folder and names of its own.
func cellConfig(cfg *config.Loaded, name string) *config.Loaded {
	c := *cfg
	c.Data = filepath.Join(cfg.Data, "cells", name)
	c.Node.Name = cfg.Node.Name + " " + name
	host := name + "." + cfg.Cluster.Domain
	c.HTTPS.Names, c.Link.Names = []string{host}, []string{host}
	return &c
}

// open opens the node of a cell.
func (p *process) open(ctx context.Context, name string, held *lease.Held) (_ cell.Serving, err error) {
	begun := time.Now()
	s := &served{process: p, failed: make(chan error, 1)}
	cfg, logger := cellConfig(p.cfg, name), p.log.With("cell", name)
	if err := file.MakeDir(file.OS(), cfg.Data, 0o700); err != nil {
		return nil, err
	}
	p.warmth[name].take()
	s.ground = &cellGround{cell: name, held: held, cfg: cfg, shared: p.db, conn: p.conn, objects: p.files(cfg, name), doors: p.doors, now: p.now, logger: logger, failed: s.fail}
	defer func() {
		if err != nil {
			_ = s.ground.close()
			p.warmth[name].give()
		}
	}()
	if s.node, err = openNodeOn(ctx, s.ground, cfg, logger); err != nil {
		return nil, err
	}
	for _, d := range p.doors {
		s.node.metrics.MustRegister(d)
	}
	s.opened = time.Since(begun)
	return s, nil
}

func (p *process) close() {
	for i := len(p.closers) - 1; i >= 0; i-- {
		p.closers[i]()
	}
}

// served is the node of a cell while this process has it.
type served struct {
	process *process
	ground  *cellGround
	node    *node
	opened  time.Duration
	failed  chan error
}

// fail tells that the node cannot go on.
func (s *served) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// Serve runs the node.
func (s *served) Serve(ctx context.Context) error {
	n := s.node
	home := org.Org{Kind: org.Enterprise, Name: text.Text{Zh: n.cfg.Node.Name, En: n.cfg.Node.Name}}
	link, first, err := n.auth.FirstStart(auth.AsSystem(ctx, "start"), home, administrator)
	if err != nil {
		return err
	}
	go func() {
		select {
		case err := <-s.failed:
			n.fail(err)
		case <-ctx.Done():
		}
	}()
	return n.serve(ctx, func() {
		s.process.say("cell %s ready: %s (epoch %d, opened in %d ms)\n", s.ground.cell, n.base(), s.ground.held.Epoch(), s.opened.Milliseconds())
		if first {
			s.process.say("cell %s sign in: %s\n         once, as %q, until %s\n", s.ground.cell, link.URL(n.base()), administrator, link.Expires.Format(time.RFC3339))
		}
	})
}

// Close closes the node. Where the lease is lost, what is left to be written is refused by journal, database and files.
func (s *served) Close(bool) error {
	defer s.process.warmth[s.ground.cell].give()
	s.node.close()
	return s.ground.close()
}

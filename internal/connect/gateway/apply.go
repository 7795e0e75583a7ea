package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/google/uuid"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
	"jingwei/internal/kernel/file"
	"jingwei/internal/telemetry"
)

const (
	configFile = "config.json"
	maxConfig  = 32 << 20
)

// applier turns configuration documents into running links. The same document again changes nothing, and of a changed
// one only the links that differ are restarted: what the node pushes, and how often, never disturbs collection.
type applier struct {
	o       *Options
	spool   *spool
	collect *collector
	gateway uuid.UUID
	log     *slog.Logger
	unsure  func() bool
	tell    func() // that a link's state has changed

	ctx  context.Context // of all links
	work sync.WaitGroup

	mu      sync.Mutex
	applied document.Applied
	running map[uuid.UUID]*runningLink
	places  map[federate.Entry]telemetry.Ref // of the spool's table; grows, so that the places of running links stay
	table   federate.Table
	starts  int // links started since the process began
}

type runningLink struct {
	key    string
	driver string
	series []uuid.UUID // by the number of the point
	link   *driver.Link
	stop   context.CancelFunc
	done   chan struct{}
}

func newApplier(ctx context.Context, o *Options, s *spool, c *collector, gateway uuid.UUID, unsure func() bool, tell func()) *applier {
	return &applier{o: o, spool: s, collect: c, gateway: gateway, log: o.Logger, unsure: unsure, tell: tell, ctx: ctx,
		running: map[uuid.UUID]*runningLink{}, places: map[federate.Entry]telemetry.Ref{}}
}

// start applies the document on disk, if there is one: a gateway works before, and without, its node.
func (a *applier) start() {
	encoded, err := file.ReadAll(a.o.FS, filepath.Join(a.o.DataDir, configFile), maxConfig)
	if errors.Is(err, os.ErrNotExist) {
		a.log.Info("no configuration yet; waiting for the node's")
		return
	}
	if err == nil {
		got := a.apply(encoded, false)
		if got.OK {
			return
		}
		err = errors.New(got.Error)
	}
	a.log.Error("the configuration on disk cannot be used; waiting for the node's", "error", err)
}

// apply puts a document into force and tells what became of it. keep writes it to disk first.
func (a *applier) apply(encoded []byte, keep bool) document.Applied {
	a.mu.Lock()
	defer a.mu.Unlock()
	hash := document.Hash(encoded)
	if a.applied.OK && a.applied.Hash == hash {
		return a.applied
	}
	out := document.Applied{Hash: hash, Time: a.o.Now().UTC()}
	doc, err := document.Parse(encoded)
	if err == nil && doc.Gateway != a.gateway {
		err = fmt.Errorf("the configuration is that of gateway %s, this is %s", doc.Gateway, a.gateway)
	}
	if err == nil && keep {
		err = file.WriteAtomic(a.o.FS, filepath.Join(a.o.DataDir, configFile), encoded, 0o600)
	}
	if err != nil {
		out.Error = err.Error()
		a.log.Error("configuration refused", "hash", hash, "error", err)
		return out // the one in force stays in force
	}
	out.OK, out.Faults = true, a.bring(doc)
	a.applied = out
	a.log.Info("configuration in force", "hash", hash, "links", len(doc.Links), "faults", len(out.Faults))
	return out
}

// bring starts, stops and restarts links until they are those of the document.
func (a *applier) bring(doc *document.Document) []document.Fault {
	wanted := map[uuid.UUID]string{}
	for i := range doc.Links {
		wanted[doc.Links[i].ID] = doc.Links[i].Key()
	}
	// All that go are told first and awaited then: a device that takes one client must be free before its link restarts.
	var going []*runningLink
	for id, r := range a.running {
		if wanted[id] != r.key {
			r.stop()
			going = append(going, r)
			delete(a.running, id)
		}
	}
	for _, r := range going {
		<-r.done
	}
	a.number(doc)
	var faults []document.Fault
	for i := range doc.Links {
		l := &doc.Links[i]
		if _, ok := a.running[l.ID]; !ok {
			faults = append(faults, a.launch(l)...)
		} else {
			faults = append(faults, a.check(l)...)
		}
	}
	return faults
}

// number gives every series a place. Places are only added while the process lives, because batches on their way to the
// spool name series by them; a gateway whose series have changed 65,535 times over has to be restarted.
func (a *applier) number(doc *document.Document) {
	fresh := 0
	for _, l := range doc.Links {
		for _, p := range l.Points {
			if e, ok := entryOf(&p); ok {
				if _, known := a.places[e]; !known {
					fresh++
				}
			}
		}
	}
	if fresh == 0 && a.table != nil {
		return
	}
	table := slices.Clone(a.table)
	for _, l := range doc.Links {
		for _, p := range l.Points {
			e, ok := entryOf(&p)
			if _, known := a.places[e]; !ok || known || len(table) == federate.MaxTable {
				continue
			}
			a.places[e] = telemetry.Ref(len(table))
			table = append(table, e)
		}
	}
	a.table = table
	a.spool.setTable(table)
}

// adopt gives places to the series of a table, which need not be in the configuration (any more).
func (a *applier) adopt(t federate.Table) ([]telemetry.Ref, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	table := slices.Clone(a.table)
	out := make([]telemetry.Ref, len(t))
	for i, e := range t {
		place, known := a.places[e]
		if !known {
			if len(table) == federate.MaxTable {
				return nil, fmt.Errorf("the gateway has met more than %d series since it started; restart it", federate.MaxTable)
			}
			place = telemetry.Ref(len(table))
			a.places[e] = place
			table = append(table, e)
		}
		out[i] = place
	}
	if len(table) > len(a.table) {
		a.table = table
		a.spool.setTable(table)
	}
	return out, nil
}

func entryOf(p *document.Point) (federate.Entry, bool) {
	e := federate.Entry{Series: p.Series, Type: document.TypeOf(p.Type)}
	return e, e.Type != 0 && e.Series != uuid.Nil
}

// launch starts one link. What is wrong with single points is told and does not stop the others.
func (a *applier) launch(l *document.Link) []document.Fault {
	drv := a.o.Drivers[l.Driver]
	if drv == nil {
		return []document.Fault{{Link: l.ID, Field: "driver", Value: l.Driver, Text: driver.Text{
			Zh: "此网关没有该驱动；请升级网关或改用其他驱动", En: "this gateway has no such driver; update the gateway or choose another driver"}}}
	}
	var faults []document.Fault
	var points []driver.Point
	var places []telemetry.Ref
	var series []uuid.UUID
	for i := range l.Points {
		p := &l.Points[i]
		e, ok := entryOf(p)
		place, numbered := a.places[e]
		if ok && !numbered {
			faults = append(faults, document.Fault{Link: l.ID, Series: p.Series, Field: "series", Value: p.Series.String(), Text: driver.Text{
				Zh: fmt.Sprintf("网关自启动以来的序列已超过 %d 个，请重启网关", federate.MaxTable),
				En: fmt.Sprintf("the gateway has met more than %d series since it started; restart it", federate.MaxTable)}})
			continue
		}
		if !ok {
			faults = append(faults, document.Fault{Link: l.ID, Series: p.Series, Field: "type", Value: p.Type, Text: driver.Text{
				Zh: "测点类型应为 float64、int64、bool 或 string", En: "a point's type is float64, int64, bool or string"}})
			continue
		}
		points = append(points, p.Driver(uint32(len(places))))
		places = append(places, place)
		series = append(series, p.Series)
	}
	link, err := driver.New(driver.Spec{ID: l.ID.String(), Name: l.Name, Driver: drv, Config: l.Config, Points: points},
		driver.Options{Out: a.collect.outlet(places), Now: a.o.Now, Random: a.o.Random, Logger: a.log, QueueBytes: 1 << 20, ClockUnsure: a.unsure,
			OnState: func(driver.State) { a.tell() }})
	if err != nil {
		return append(faults, faultOf(drv, l.ID, uuid.Nil, err))
	}
	faults = append(faults, a.check(l)...)
	ctx, stop := context.WithCancel(a.ctx)
	r := &runningLink{key: l.Key(), driver: l.Driver, series: series, link: link, stop: stop, done: make(chan struct{})}
	a.running[l.ID] = r
	a.starts++
	a.work.Go(func() {
		defer close(r.done)
		defer stop()
		if err := driver.Supervise(ctx, link); err != nil {
			a.log.Error("link cannot be supervised", "link", l.ID, "error", err)
		}
	})
	return faults
}

// check asks the driver what is wrong with the points of a link.
func (a *applier) check(l *document.Link) []document.Fault {
	drv := a.o.Drivers[l.Driver]
	if drv == nil {
		return nil
	}
	points := make([]driver.Point, len(l.Points))
	for i := range l.Points {
		points[i] = l.Points[i].Driver(uint32(i))
	}
	var faults []document.Fault
	for i, err := range drv.Check(l.Config, points) {
		if err != nil && i < len(l.Points) {
			faults = append(faults, faultOf(drv, l.ID, l.Points[i].Series, err))
		}
	}
	return faults
}

func faultOf(drv driver.Driver, link, series uuid.UUID, err error) document.Fault {
	var f *driver.FieldError
	if errors.As(err, &f) {
		return document.Fault{Link: link, Series: series, Field: f.Field, Value: tellable(drv, f), Text: f.Text}
	}
	return document.Fault{Link: link, Series: series, Text: driver.Text{Zh: err.Error(), En: err.Error()}}
}

// tellable is the value that an error may show: never a secret, and never a whole configuration, which may hold one.
func tellable(drv driver.Driver, f *driver.FieldError) string {
	if s, ok := drv.(driver.Secretive); ok && (f.Field == "config" || slices.Contains(s.Secrets(), f.Field)) {
		return ""
	}
	return f.Value
}

// link returns a running link; nil where there is none of that id.
func (a *applier) link(id uuid.UUID) *runningLink {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.running[id]
}

// leadsTo finds a running link that has the same device at its other end.
func (a *applier) leadsTo(driverName, endpoint string) (name string, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.running {
		if r.driver == driverName && endpoint != "" && r.link.State().Endpoint == endpoint {
			return r.link.Spec().Name, true
		}
	}
	return "", false
}

// stop ends all links and waits for them to hand over what they have read.
func (a *applier) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.running {
		r.stop()
	}
	a.work.Wait()
	clear(a.running)
}

func (a *applier) hash() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.applied.Hash
}

func (a *applier) status() (document.Applied, []driver.State) {
	a.mu.Lock()
	defer a.mu.Unlock()
	links := make([]driver.State, 0, len(a.running))
	for _, r := range a.running {
		links = append(links, r.link.State())
	}
	slices.SortFunc(links, func(x, y driver.State) int {
		if x.ID < y.ID {
			return -1
		}
		return 1
	})
	return a.applied, links
}

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"jingwei/internal/backup"
	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/driver/modbus"
	"jingwei/internal/connect/driver/opcua"
	"jingwei/internal/connect/fleet"
	"jingwei/internal/connect/ingest"
	"jingwei/internal/connect/ingest/broker"
	"jingwei/internal/connect/lint"
	"jingwei/internal/exchange/match"
	"jingwei/internal/federate/neighbour"
	"jingwei/internal/govern/assess/checkup"
	"jingwei/internal/govern/assess/measured"
	"jingwei/internal/govern/atlas"
	"jingwei/internal/govern/incentive"
	"jingwei/internal/govern/incentive/support"
	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/govern/programme"
	"jingwei/internal/govern/task"
	"jingwei/internal/identify/docking"
	"jingwei/internal/identify/gs1/resolver"
	"jingwei/internal/identify/handle/rest"
	"jingwei/internal/identify/handle/server"
	"jingwei/internal/identify/registry"
	"jingwei/internal/identify/registry/snms"
	"jingwei/internal/identify/trace"
	"jingwei/internal/identify/twin"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/group"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/module"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/store"
	"jingwei/internal/office/flow"
	"jingwei/internal/office/form"
	"jingwei/internal/office/inbox"
	"jingwei/internal/office/ledger"
	parties "jingwei/internal/office/party"
	"jingwei/internal/office/register"
	"jingwei/internal/office/register/party"
	"jingwei/internal/office/search"
	"jingwei/internal/operate/energy/quality"
	"jingwei/internal/plant"
	"jingwei/internal/plant/class"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/correction"
	"jingwei/internal/telemetry/health"
	"jingwei/internal/telemetry/promql"
	"jingwei/internal/telemetry/retention"
	"jingwei/internal/telemetry/rollup/kept"
	"jingwei/internal/telemetry/seal"
	"jingwei/packs"
	"jingwei/web"
)

// drivers are the protocols that this binary speaks, by the name that a link's configuration gives. identity is that of
// the gateway which opens links; a node only checks them, and has none.
func drivers(identity func() (*opcua.Identity, error)) map[string]driver.Driver {
	return map[string]driver.Driver{"modbus": modbus.New(), "opcua": opcua.New(opcua.Options{Identity: identity, Now: clock})}
}

// maxBlob bounds every object of a node, in bytes.
const maxBlob = 1 << 30

// bridge is for how long a node goes on being read by those who were reading while its database fails over.
const bridge = 5 * time.Minute

// node is one node with all its rooms, opened but not yet serving. The fields stand in the order in which they are
// built: each uses those above it.
type node struct {
	ground     ground
	files      file.FS // of the ground, and the folder in it
	dir        string
	cfg        *config.Loaded
	log        *slog.Logger
	now        func() time.Time
	rehearsal  bool // what it keeps is practice
	started    time.Time
	demo       bool // what it holds is for demonstration
	metrics    *prometheus.Registry
	packs      fs.FS          // those that ship, and the folder of one's own
	measures   *incentive.Set // of the policies in the packs
	db         *store.DB
	journal    journal
	board      *condition.Board
	id         uuid.UUID // of this node, for its links; minted at the first start
	telemetry  *telemetry.Store
	correct    *correction.Service
	orgs       *org.Service
	auth       *auth.Service
	authority  *auth.Authority
	tls        *tls.Config
	blobs      *blob.Store
	facts      *fact.Service
	registers  *register.Service
	flows      *flow.Service
	inbox      *inbox.Service
	forms      *form.Service
	gates      gates       // rooms that have a say in steps of cases
	known      enterprises // who an organisation is
	search     *search.Service
	ledger     *ledger.Service
	support    *support.Service
	programmes *programme.Service
	parties    *parties.Service
	matching   *match.Service
	plant      *plant.Service
	twins      *twin.Service
	rollups    *kept.Service
	promql     *promql.Service
	signers    []evidence.Signer // of this node
	evidence   *evidence.Log
	registry   *registry.Service
	snms       *snms.Service
	doors      *server.Server // nil where handles are not served
	handles    *rest.API      // nil then too
	groups     *group.Book
	neighbours *neighbour.Service
	seal       *seal.Service
	retention  *retention.Service
	fleet      *fleet.Service
	sources    *ingest.Service
	broker     *broker.Broker // nil where MQTT is not served
	health     *health.Service
	backups    *backup.Service
	measured   *measured.Service
	checkups   *checkup.Service
	indicators *indicator.Service
	figures    *figure.Service
	composer   *figure.Composer
	explainer  *figure.Explainer
	energy     *quality.Service
	outcomes   *task.Outcomes
	atlas      *atlas.Service
	gs1        *resolver.Service
	docking    *docking.Service
	trace      *trace.Service
	jobs       *job.Runner
	api        *api.Server

	rate         rate                         // of accepted samples
	journalErr   atomic.Pointer[error]        // why the journal failed; nil while it is well
	linkListener atomic.Pointer[net.Listener] // once gateways are listened to
	failed       chan error                   // a room that cannot go on
	closers      []func() error               // in the order of opening
}

// openNode opens a node in the data folder of its configuration.
func openNode(ctx context.Context, cfg *config.Loaded, logger *slog.Logger) (*node, error) {
	return openRehearsal(ctx, cfg, 0, logger)
}

// openRehearsal opens a node whose clock is set off from true time, 0 for not at all.
func openRehearsal(ctx context.Context, cfg *config.Loaded, by time.Duration, logger *slog.Logger) (*node, error) {
	r, err := rehearse(cfg, by)
	if err != nil {
		return nil, err
	}
	n, err := openNodeOn(ctx, &machine{cfg, r.clock, logger}, cfg, logger)
	if err != nil {
		return nil, err
	}
	if err := r.keep(); err != nil {
		n.close()
		return nil, fmt.Errorf("keep the mark of the rehearsal: %w", err)
	}
	return n, nil
}

// openNodeOn opens the stores and builds the rooms of a node. What it opened before an error is closed again.
func openNodeOn(ctx context.Context, g ground, cfg *config.Loaded, logger *slog.Logger) (_ *node, err error) {
	n := &node{ground: g, cfg: cfg, log: logger, now: g.clock, started: g.clock(), metrics: prometheus.NewRegistry(), failed: make(chan error, 1)}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	if err := g.prepare(ctx); err != nil {
		return nil, err
	}
	n.files, n.dir = g.files()
	if n.rehearsal, err = marked(n.files, n.dir, rehearsalMark); err != nil {
		return nil, err
	}
	if n.demo, err = marked(n.files, n.dir, demoMark); err != nil {
		return nil, err
	}
	if n.rehearsal {
		n.log.Warn("this node keeps a rehearsal: its records are practice and no real ones", "data", n.dir, "clock", n.now().Format(time.RFC3339))
	}
	n.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, open := range []func(context.Context) error{n.openPacks, n.openRecords, n.openJournal, n.openTelemetry, n.openTenants, n.openCertificate, n.openInbox, n.openOffice, n.openCaseMessages, n.openPlant, n.openPromQL, n.openEvidence, n.openRegistry, n.openTwins, n.openNeighbours, n.openRetention, n.openRollups, n.openGateways, n.openSources, n.openMatching, n.openCases, n.openLedger, n.openMeasures, n.openSupport, n.openHealth, n.openSearch, n.openCheckups, n.openIndicators, n.openFigures, n.openComposer, n.openExplainer, n.openEnergy, n.openAtlas, n.openGS1, n.openTrace, n.openDocking, n.openProgrammes, n.openJobs, n.openJoin, n.openHandles, n.openAPI} {
		if err := open(ctx); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// openPacks lays the folder of one's own packs over those that ship.
func (n *node) openPacks(context.Context) (err error) {
	n.packs = packs.Files
	if n.cfg.Node.Packs != "" {
		if n.packs, err = pack.Over(os.DirFS(n.cfg.Node.Packs), packs.Files); err != nil {
			return fmt.Errorf("node.packs %s: %w", n.cfg.Node.Packs, err)
		}
	}
	return nil
}

// openMeasures reads the measures of the policies, which search, support and programmes share.
func (n *node) openMeasures(context.Context) (err error) {
	n.measures, err = incentive.Load(n.packs, "policy", incentive.Options{})
	return err
}

func (n *node) openRecords(ctx context.Context) (err error) {
	if n.db, err = n.ground.records(ctx); err != nil {
		return err
	}
	n.closers = append(n.closers, n.db.Close)
	return audit.Migrate(ctx, n.db)
}

func (n *node) openJournal(ctx context.Context) (err error) {
	if n.journal, err = n.ground.journal(ctx, n.journalFailed); err != nil {
		return err
	}
	n.closers = append(n.closers, n.journal.Close)
	events, err := n.journal.Topic("conditions")
	if err != nil {
		return err
	}
	n.board, err = condition.New(ctx, condition.Options{DB: n.db, Events: condition.Partition(events), Now: n.now, Logger: n.log})
	if err != nil {
		return err
	}
	n.board.ClearKind(ctx, journalFailure)
	n.tellTorn(ctx)
	n.metrics.MustRegister(n.board, journalMetrics{n.journal})
	return nil
}

func (n *node) openTelemetry(ctx context.Context) error {
	catalog, err := telemetry.NewSQLCatalog(ctx, n.db)
	if err != nil {
		return err
	}
	n.telemetry, err = telemetry.Open(ctx, telemetry.Options{
		FS: n.files, Dir: filepath.Join(n.dir, "telemetry"), Log: n.journal, Catalog: catalog,
		Now: n.now, Logger: n.log, Raise: n.telemetryTrouble, HeadBytes: int64(n.cfg.Telemetry.HeadBytes),
	})
	if err != nil {
		return err
	}
	n.closers = append(n.closers, n.telemetry.Close)
	n.metrics.MustRegister(telemetryMetrics{n.telemetry})
	n.correct, err = correction.New(ctx, correction.Options{DB: n.db, Store: n.telemetry, Now: n.now, Logger: n.log})
	return err
}

func (n *node) openTenants(ctx context.Context) (err error) {
	if n.orgs, err = org.New(ctx, n.db, n.now); err != nil {
		return err
	}
	providers, err := providersFrom(n.cfg.Auth.Providers)
	if err != nil {
		return err
	}
	n.auth, err = auth.New(ctx, auth.Options{
		DB: n.db, Orgs: n.orgs, Bridge: bridge, Now: n.now, Logger: n.log,
		SignUp: n.cfg.Auth.SignUp, Providers: providers, URL: n.cfg.Auth.URL,
	})
	return err
}

// openCertificate opens the authority and gives the node its own certificate, for browsers and gateways alike. Both are
// of true time, also in a rehearsal: peers judge them by their own clocks.
func (n *node) openCertificate(context.Context) (err error) {
	if n.authority, err = auth.OpenAuthority(n.files, filepath.Join(n.dir, "authority"), clock); err != nil {
		return err
	}
	n.tls, err = n.authority.Serve(n.names())
	return err
}

// openOffice opens what keeps paper: objects, facts, registers and cases.
func (n *node) openOffice(ctx context.Context) (err error) {
	if n.blobs, err = blob.Open(n.files, filepath.Join(n.dir, "blobs"), maxBlob); err != nil {
		return err
	}
	if n.facts, err = fact.New(ctx, fact.Options{DB: n.db, Blobs: n.blobs, Packs: n.packs, Now: n.now, Logger: n.log}); err != nil {
		return err
	}
	trades, err := party.Load(n.packs)
	if err != nil {
		return err
	}
	n.registers, err = register.New(ctx, register.Options{
		DB: n.db, Packs: n.packs, Now: n.now, Logger: n.log,
		Calculations: map[string]register.Calculation{"size-class": trades.Sizes.SizeOf},
	})
	if err != nil {
		return err
	}
	n.gates, n.known = gates{}, enterprises{n.orgs, n.registers}
	flows, err := programme.WithFlows(n.packs)
	if err != nil {
		return err
	}
	n.flows, err = flow.New(ctx, flow.Options{DB: n.db, Packs: flows, Documents: factual{n.facts}, Notifier: caseMessages{n}, Gate: n.gates, Names: orgNames{n.orgs}, Now: n.now, Logger: n.log})
	return err
}

func (n *node) openPlant(ctx context.Context) error {
	templates, err := template.Load(n.packs, "devices")
	if err != nil {
		return err
	}
	classes, err := class.Load(n.packs, "equipment")
	if err != nil {
		return err
	}
	if n.id, err = nodeID(n.files, filepath.Join(n.dir, "node.id")); err != nil {
		return err
	}
	n.plant, err = plant.New(ctx, plant.Options{
		DB: n.db, Templates: templates, Classes: classes, Series: n.telemetry, Now: n.now, Logger: n.log,
		Judge: lint.Judge(judges()),
		Changed: func(org uuid.UUID) {
			n.fleet.Changed(org)
			n.sources.Changed(org)
			n.promql.Changed(org)
			n.rollups.Changed(org)
			n.plantChanged(org)
		},
	})
	if err != nil {
		return err
	}
	return n.plant.Declare(ctx)
}

// openRollups opens what keeps hours, shifts, days and months.
func (n *node) openRollups(ctx context.Context) (err error) {
	n.rollups, err = kept.New(ctx, kept.Options{
		DB: n.db, Store: n.telemetry, Calendars: calendarsOf(n.plant), Now: n.now, Logger: n.log,
		Cutoff: func(s *telemetry.Series) int64 { return n.retention.Horizon(s.ID) },
		Made:   n.rollupsMade,
	})
	if err != nil {
		return err
	}
	n.metrics.MustRegister(n.rollups)
	return nil
}

func (n *node) openPromQL(context.Context) error {
	n.promql = promql.New(promql.Options{Store: n.telemetry, Catalogue: named{n.plant}, Auth: n.auth, Now: n.now, Logger: n.log, Register: n.metrics, Version: version})
	return nil
}

// openEvidence opens the transparency log and the room that puts samples, corrections and audit entries into it.
func (n *node) openEvidence(ctx context.Context) error {
	origin, dir := "jingwei.node/"+n.id.String(), filepath.Join(n.dir, "evidence")
	keys, err := evidence.LoadKeys(n.files, n.dir, origin)
	if err != nil {
		return err
	}
	n.signers = keys
	n.evidence, err = evidence.Open(evidence.Options{FS: n.files, Dir: dir, Origin: origin, Keys: keys, Now: n.now, Logger: n.log})
	if err != nil {
		return err
	}
	n.closers = append(n.closers, n.evidence.Close)
	n.orgs.SetNode(n.id, keys[0].Verifier().String())
	if n.groups, err = group.OpenBook(ctx, group.Options{DB: n.db, Log: n.evidence, Node: n.id, Logger: n.log}); err != nil {
		return err
	}
	n.seal, err = seal.New(ctx, seal.Options{
		DB: n.db, Log: n.evidence, Store: n.telemetry, Keys: seal.PublicKeys(keys), Tiles: seal.TilesOf(n.files, dir),
		Corrections: corrected{n.correct}, Facts: factual{n.facts}, Agreements: agreed{n.orgs}, Figures: figureWords{n}, Audits: seal.AuditsOf(n.db), Now: n.now, Logger: n.log, Raise: n.telemetryTrouble,
	})
	return err
}

func (n *node) openRetention(ctx context.Context) (err error) {
	n.retention, err = retention.New(ctx, retention.Options{
		DB: n.db, Store: n.telemetry, Plant: retained{n.plant}, Free: func() (uint64, error) { return n.files.Free(n.dir) },
		Budget: int64(n.cfg.Telemetry.Budget), Before: n.seal.Release, Raise: n.forecast, Now: n.now, Logger: n.log,
	})
	return err
}

func (n *node) openGateways(ctx context.Context) (err error) {
	n.fleet, err = fleet.New(ctx, fleet.Options{
		DB: n.db, Certificates: n.auth, Authority: n.authority, TLS: n.tls, Plant: fleet.PlantOf(n.plant), Telemetry: n.telemetry, Board: n.board,
		Nodes: n.neighbours.Host(), Drivers: drivers(nil), Node: n.id, NodeName: n.cfg.Node.Name, Version: version, URL: n.enrolURL, Link: n.linkAddress,
		Fed: func(ctx context.Context, machine uuid.UUID) (bool, error) { return n.sources.Fed(ctx, machine) },
		Now: n.now, Logger: n.log,
	})
	if err != nil {
		return err
	}
	n.metrics.MustRegister(n.fleet.Collectors()...)
	return nil
}

// openSources opens what takes values that come without a gateway: MQTT and HTTP push.
func (n *node) openSources(ctx context.Context) (err error) {
	n.sources, err = ingest.New(ctx, ingest.Options{
		DB: n.db, Authority: n.authority, Plant: ingest.PlantOf(n.plant), Telemetry: n.telemetry, Board: n.board,
		Connected: n.fleet.Connected, Endpoints: n.endpoints, Now: n.now, Logger: n.log,
	})
	if err != nil {
		return err
	}
	n.metrics.MustRegister(n.sources.Collectors()...)
	o := broker.Options{Handler: n.sources, Plain: n.cfg.MQTT.Plain, Logger: n.log}
	if n.cfg.MQTT.Address != "off" {
		o.Secure, o.Accept, o.TLS = n.cfg.MQTT.Address, n.ground.listen(doorMQTT), n.tls.Clone()
		o.TLS.ClientCAs = n.authority.Pool()
	}
	if o.Plain == "" && o.Secure == "" {
		return nil
	}
	if n.broker, err = broker.New(o); err != nil {
		return err
	}
	n.metrics.MustRegister(n.broker.Collectors()...)
	return nil
}

// openHealth opens what judges the data of a plant: it knows the doors through which they come.
func (n *node) openHealth(ctx context.Context) error {
	events, err := n.journal.Topic("conditions")
	if err != nil {
		return err
	}
	n.health, err = health.New(ctx, health.Options{
		DB: n.db, Store: n.telemetry, Plant: watched{n.plant}, Doors: []health.Door{gatewayTies{n.fleet}, sourceTies{n.sources}},
		Board: n.board, Events: events, Restated: restatedHours(n.rollups), Now: n.now, Logger: n.log,
	})
	return err
}

// names are what the node's certificate and its enrolment codes hold: those configured, this host's, and loopback.
func (n *node) names() []string {
	names := append([]string{}, n.cfg.HTTPS.Names...)
	if host := n.ground.host(); host != "" {
		names = append(names, host)
	}
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	return append(names, "localhost", "127.0.0.1", "::1")
}

func (n *node) openAPI(ctx context.Context) (err error) {
	console, built := web.Console()
	if !built {
		n.log.Warn("this binary was built without the console; run make build")
	}
	o := api.Options{
		Auth: n.auth, DB: n.db, TLS: n.tls, Metrics: n.metrics, Register: n.metrics, Console: console, Version: version,
		Now: n.now, Logger: n.log, Failed: n.fail,
	}
	if n.cfg.HTTP.Address != "" {
		o.Listen = append(o.Listen, api.Listen{Address: n.cfg.HTTP.Address, Plain: true})
	}
	if n.cfg.HTTPS.Address != "off" {
		o.Listen = append(o.Listen, api.Listen{Address: n.cfg.HTTPS.Address, Accept: n.ground.listen(doorHTTPS)})
	}
	if n.api, err = api.New(ctx, o); err != nil {
		return err
	}
	n.routes()
	n.api.Ready("records", func(ctx context.Context) error { return n.db.PingContext(ctx) })
	n.api.Ready("journal", n.journalState)
	return nil
}

// fail tells module.Run that a room cannot go on.
func (n *node) fail(err error) {
	select {
	case n.failed <- err:
	default:
	}
}

// serve runs the node until ctx ends or a room fails. started is called once everything serves.
func (n *node) serve(ctx context.Context, started func()) error {
	defer giveBackOnce()()
	return module.Run(ctx, module.Options{Logger: n.log, Started: started, Failed: n.failed}, n.modules()...)
}

// close closes what openNode opened, the last first.
func (n *node) close() {
	for i := len(n.closers) - 1; i >= 0; i-- {
		if err := n.closers[i](); err != nil && !errors.Is(err, net.ErrClosed) {
			n.log.Error("did not close cleanly", "error", err)
		}
	}
	n.closers = nil
}

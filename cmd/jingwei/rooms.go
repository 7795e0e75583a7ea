package main

import (
	"jingwei/internal/backup"
	"jingwei/internal/connect/census"
	"jingwei/internal/connect/fleet"
	"jingwei/internal/connect/ingest"
	"jingwei/internal/exchange/match"
	"jingwei/internal/federate/neighbour"
	"jingwei/internal/govern/assess/checkup"
	"jingwei/internal/govern/atlas"
	"jingwei/internal/govern/incentive/support"
	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/govern/programme"
	"jingwei/internal/govern/task"
	"jingwei/internal/identify/docking"
	"jingwei/internal/identify/gs1/resolver"
	"jingwei/internal/identify/registry"
	"jingwei/internal/identify/registry/snms"
	"jingwei/internal/identify/trace"
	"jingwei/internal/identify/twin"
	"jingwei/internal/kernel/api/account"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/module"
	"jingwei/internal/office/flow"
	"jingwei/internal/office/form"
	"jingwei/internal/office/inbox"
	"jingwei/internal/office/ledger"
	parties "jingwei/internal/office/party"
	"jingwei/internal/office/register"
	"jingwei/internal/office/search"
	"jingwei/internal/operate/energy/quality"
	"jingwei/internal/plant"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/correction"
	"jingwei/internal/telemetry/health"
	"jingwei/internal/telemetry/promql"
	"jingwei/internal/telemetry/reading"
	"jingwei/internal/telemetry/retention"
	"jingwei/internal/telemetry/rollup/kept"
	"jingwei/internal/telemetry/seal"
)

// routes adds every room's operations. It needs the rooms for what they do when called, not for what they are: the
// OpenAPI document is written from a node whose stores were never opened.
func (n *node) routes() {
	(&account.Service{DB: n.db, Auth: n.auth, Orgs: n.orgs, Conditions: n.board, Grantable: n.grantable(), Rehearsal: n.rehearsal, Demo: n.demo}).Routes(n.api)
	n.facts.Routes(n.api)
	n.registers.Routes(n.api)
	n.flows.Routes(n.api)
	n.search.Routes(n.api)
	n.printRoutes()
	n.taskRoutes()
	n.outcomes.Routes(n.api)
	n.atlas.Routes(n.api)
	n.regionRoutes()
	n.inbox.Routes(n.api)
	n.parties.Routes(n.api)
	n.forms.Routes(n.api)
	n.ledger.Routes(n.api)
	n.support.Routes(n.api)
	n.programmes.Routes(n.api)
	n.matching.Routes(n.api)
	n.plant.Routes(n.api)
	reading.New(n.telemetry, described{n.plant}, n.now).Routes(n.api)
	n.correct.Routes(n.api)
	n.rollups.Routes(n.api)
	n.promql.Routes(n.api)
	n.seal.Routes(n.api)
	n.retention.Routes(n.api)
	n.health.Routes(n.api)
	n.fleet.Routes(n.api)
	n.sources.Routes(n.api)
	census.New(census.Options{
		Plant: census.PlantOf(n.plant), Doors: []census.Door{census.FleetOf(n.fleet), census.SourcesOf(n.sources)},
		Telemetry: n.telemetry, Orgs: n.orgs, Now: n.now,
	}).Routes(n.api)
	n.checkups.Routes(n.api)
	n.indicators.Routes(n.api)
	n.figures.Routes(n.api)
	n.explainer.Routes(n.api)
	n.energy.Routes(n.api)
	n.backups.Routes(n.api)
	n.neighbours.Routes(n.api)
	n.statusRoute()
	n.identifyRoutes()
}

// modules are what runs, in the order of starting.
func (n *node) modules() []module.Module {
	all := []module.Module{
		module.Loop("conditions", n.board.Run),
		module.Loop("disk watch", n.watchDisk),
		module.Loop("rate", n.watchRate),
		module.Loop("sources", n.sources.Run),
		n.jobs,
	}
	all = append(all, n.handleModules()...)
	if n.broker != nil {
		all = append(all, n.broker)
	}
	return append(all, n.api,
		module.Loop("corrections", n.correct.Run),
		module.Loop("roll-ups", n.rollups.Run),
		module.Loop("sealing", n.seal.Run),
		module.Loop("groups", n.groups.Run),
		module.Loop("retention", n.retention.Run),
		module.Loop("health", n.health.Run),
		module.Loop("cases", n.flows.Run),
		module.Loop("search", n.search.Run),
		module.Loop("matching", n.matching.Run),
		module.Loop("vouchers", n.support.Run),
		module.Loop("messages", n.inbox.Run),
		module.Loop("drafts", n.forms.Run),
		module.Loop("gateways", n.fleet.Run),
		module.Loop("neighbours", n.neighbours.Run),
		module.Loop("figures", n.composeFigures),
		module.Loop("decisions", n.deliverDecisions),
		module.Loop("docking", n.docking.Run),
		module.Loop("trace", n.trace.Run),
		&linkDoor{node: n})
}

// describeRooms stands in for the rooms where only their operations are described.
func (n *node) describeRooms() {
	n.checkups, n.indicators, n.outcomes = &checkup.Service{}, &indicator.Service{}, &task.Outcomes{}
	n.atlas, n.gs1, n.docking = &atlas.Service{}, &resolver.Service{}, &docking.Service{}
	n.trace = &trace.Service{}
	n.figures, n.explainer = &figure.Service{}, &figure.Explainer{}
	n.energy = &quality.Service{}
	n.ledger, n.support = &ledger.Service{}, &support.Service{}
	n.programmes = &programme.Service{}
	n.facts, n.registers, n.flows = &fact.Service{}, &register.Service{}, &flow.Service{}
	n.inbox = &inbox.Service{}
	n.twins = &twin.Service{}
	n.neighbours = &neighbour.Service{}
	n.forms = &form.Service{}
	n.parties = &parties.Service{}
	n.matching = &match.Service{}
	n.registry, n.snms = &registry.Service{}, &snms.Service{}
	n.search = &search.Service{}
	n.board, n.plant, n.telemetry, n.fleet, n.sources = &condition.Board{}, &plant.Service{}, &telemetry.Store{}, &fleet.Service{}, &ingest.Service{}
	n.promql, n.seal, n.rollups = promql.New(promql.Options{}), &seal.Service{}, &kept.Service{}
	n.backups, n.correct, n.retention, n.health = &backup.Service{}, &correction.Service{}, &retention.Service{}, &health.Service{}
}

package census

import (
	"context"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// Place is a site, area or line.
type Place struct {
	ID   uuid.UUID
	Name text.Text
	Up   *Place // what it stands in; nil: the enterprise
}

// site is the outermost place, which is a site.
func (p *Place) site() *Place {
	for p != nil && p.Up != nil {
		p = p.Up
	}
	return p
}

// Machine is a machine as it is at the time that is counted. Times are ns since 1970 UTC.
type Machine struct {
	ID       uuid.UUID
	Org      uuid.UUID
	Name     text.Text
	Class    string // as it is now: a class has no dates
	Template string
	Place    *Place // nil where it is not there at that time
	From     int64
}

// Life is when a machine is there: [From, To).
type Life struct {
	ID    uuid.UUID
	Class string
	From  int64
	To    int64
}

// Tie is what connects a machine over [From, To).
type Tie struct {
	Machine  uuid.UUID
	Channel  uuid.UUID
	Protocol string // modbus, opcua, mqtt, sparkplug, push
	Device   string // unit behind the link, or the source's device
	From     int64
	To       int64
}

// Kinds of channels.
const (
	Gateway = "gateway"
	Source  = "source"
)

// Channel is a gateway or a source.
type Channel struct {
	ID              uuid.UUID
	Org             uuid.UUID
	Kind            string // Gateway or Source
	Name            text.Text
	Protocol        string  // of a source; "" for a gateway, whose links tell
	ValuesPerSecond float64 // now
}

// Named is something with an id and a name.
type Named struct {
	ID   string
	Name text.Text
}

// Plant is what census needs of the plant model. PlantOf makes one of plant.Service.
type Plant interface {
	// Machines returns the scope's machines as they are at a time.
	Machines(ctx context.Context, scope auth.Scope, at int64) ([]Machine, error)
	// Lives returns all machines that the scope has, ever had or is to have.
	Lives(ctx context.Context, scope auth.Scope) ([]Life, error)
	// EachPoint calls do with each point that the scope has at a time, and its machine.
	EachPoint(ctx context.Context, scope auth.Scope, at int64, do func(point, machine uuid.UUID) error) error
	// CountPoints tells how many points the scope has at a time.
	CountPoints(ctx context.Context, scope auth.Scope, at int64) (int, error)
	// Classes are all classes of equipment.
	Classes() []Named
	// Template is the name of a device template; zero for one that this node does not have.
	Template(id string) text.Text
}

// Door is a room through which machines are connected. FleetOf and SourcesOf make one each.
type Door interface {
	// Ties returns the scope's ties that hold at some moment of [from, to). Those of one machine do not overlap. Protocol
	// is told of ties that hold at the last moment of it.
	Ties(ctx context.Context, scope auth.Scope, from, to int64) ([]Tie, error)
	// Channels returns the scope's gateways or sources that are there at a time.
	Channels(ctx context.Context, scope auth.Scope, at int64) ([]Channel, error)
}

// Telemetry is where the samples are; *telemetry.Store is one.
type Telemetry interface {
	Lookup(id uuid.UUID) (telemetry.Ref, bool)
	Series(ref telemetry.Ref) (telemetry.Series, bool)
	Latest(refs []telemetry.Ref, now int64, out []telemetry.Sample) []telemetry.Sample
}

// Orgs knows organisations by name; *org.Service is one.
type Orgs interface {
	List(ctx context.Context, ids []uuid.UUID) ([]org.Org, error)
}

// Package driver is the contract between a protocol and the gateway, and the one supervisor that keeps links alive.
// A driver knows a protocol's addresses, requests and answers; it never reconnects, schedules or stamps quality of a
// lost line: the supervisor does that, once, for all protocols.
package driver

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"time"

	"jingwei/internal/telemetry"
)

// Point is one configured tag of one unit, in the protocol's own address syntax.
type Point struct {
	ID       uint32 // the caller's number; comes back in Sample
	Unit     string // which device behind the link (Modbus unit id, …); "" where the link has only one
	Address  string
	Encoding string // how the wire holds the value: "u16", "f32", "bcd32", "string:12" …
	Order    string // byte order where it is not the protocol's own: ABCD, CDAB, BADC, DCBA
	Type     telemetry.Type
	Scale    float64 // engineering value = raw × Scale + Offset; 0 means 1
	Offset   float64
	Every    time.Duration // scan class; 0 means DefaultEvery

	// Report OnChange passes on a value only when it or its status changes, and tells it again (flag Repeated) before
	// MaxSilence has passed. The zero Report means Periodic: every scan is passed on.
	Report     telemetry.Report
	MaxSilence time.Duration // 0: an unchanged value is never repeated
}

// DefaultEvery is the scan class of a point that names none.
const DefaultEvery = time.Second

// Sample is what a driver delivers. Time is the source's clock in ns since 1970 UTC, 0 when it has none.
type Sample struct {
	ID     uint32
	Time   int64
	Status telemetry.Status
	Value  telemetry.Value // null when there is none to tell
}

// Sink takes samples. It copies what it keeps and blocks while its queue is full. A call without samples is a sign of
// life: a subscription that has nothing to tell, but was told so by its source, calls it to stay clear of the watchdog.
type Sink func(ctx context.Context, samples []Sample) error

// Frame is one message seen on the wire, for the trace that integrators read.
type Frame struct {
	Time time.Time // a driver leaves it zero: the supervisor stamps it
	Sent bool
	Data []byte // only valid during the call of trace; the trace copies it
	Note string // decoded in one line; a driver with an Annotator leaves it empty and is asked when somebody reads
}

type freshKey struct{}

// Fresh marks a context of a read that wants what the device says now: a session that saves requests for what its
// device keeps refusing sends them nevertheless. On-demand reads are fresh.
func Fresh(ctx context.Context) context.Context { return context.WithValue(ctx, freshKey{}, true) }

// IsFresh tells whether Fresh marked ctx.
func IsFresh(ctx context.Context) bool { return ctx.Value(freshKey{}) != nil }

// Driver is stateless: it checks a configuration without any I/O, and opens sessions.
type Driver interface {
	// Schema is the JSON Schema of the link's configuration, with titles and help in zh-CN and en.
	Schema() json.RawMessage
	// Check returns nil, or one entry per point (nil where the point is right).
	Check(link json.RawMessage, points []Point) []error
	// Open dials. trace may be nil; it is called on the session's goroutine and must not block.
	Open(ctx context.Context, link json.RawMessage, trace func(Frame)) (Session, error)
}

// Session is one live connection, used by one goroutine. Any error it returns except a *UnitError means that it is
// dead: the supervisor closes it and opens another. A session never reconnects.
type Session interface {
	// Read delivers exactly one sample for each point, in one call of sink or in several as the answers come. What
	// fails for one point is that sample's Status; what fails for a unit that does not answer is a *UnitError (the
	// other units of the session are well); what fails for all is any other error. With an error, the samples that had
	// been delivered before it stand. The supervisor asks for the points of one unit at a time.
	Read(ctx context.Context, points []Point, sink Sink) error
	io.Closer
}

// What a session may also do.
type (
	// Subscriber delivers by itself until ctx ends or the session dies.
	Subscriber interface {
		Subscribe(ctx context.Context, points []Point, sink Sink) error
	}
	// Writer sets points; one outcome for each. Nothing calls it unless the site has enabled writing.
	Writer interface {
		Write(ctx context.Context, values []Sample) []error
	}
	// Browser walks the addresses that a device offers, below node ("" is the root).
	Browser interface {
		Browse(ctx context.Context, node string) iter.Seq2[Node, error]
	}
	// Prober shows what an address holds in every reading that makes sense, side by side: how an integrator finds the
	// encoding of a register that nobody documented. It only reads. A refused address is the probe's Status, not an
	// error; errors are as Read's, and a *FieldError for an address that cannot be understood.
	Prober interface {
		Probe(ctx context.Context, unit, address string) (Probe, error)
	}
	// Planner tells what Read would send, for the page that shows it.
	Planner interface {
		Plan(points []Point) []Request
	}
	// Transient is a session to be closed between polls, for devices that have one connection to give.
	Transient interface {
		CloseAfterPoll() bool
	}
	// Learner is a session that has found out something about its devices (holes, limits) that the next session of
	// the same link should not have to find out again; see Rememberer.
	Learner interface {
		Learned() any
	}
)

// What a driver may also do.
type (
	// Rememberer opens a session that knows what an earlier session of the same link had Learned.
	Rememberer interface {
		OpenWith(ctx context.Context, link json.RawMessage, trace func(Frame), learned any) (Session, error)
	}
	// LinkChecker checks a link's configuration without any I/O; the error is a *FieldError.
	LinkChecker interface {
		CheckLink(link json.RawMessage) error
	}
	// Annotator decodes a frame in one line, for the trace.
	Annotator interface {
		Note(Frame) string
	}
	// OfflinePlanner tells what a session would send, without one.
	OfflinePlanner interface {
		PlanFor(link json.RawMessage, points []Point) ([]Request, error)
	}
	// Secretive names the members of its links' configuration that are never told again once they are saved
	// ("password", "key"): they are masked in every answer, log and audit entry.
	Secretive interface {
		Secrets() []string
	}
	// Addresser turns an address as people type it into the protocol's canonical one.
	Addresser interface {
		Normalize(address string) (string, error)
	}
	// Endpointer tells where a link leads ("10.0.0.7:502"), for people.
	Endpointer interface {
		Endpoint(link json.RawMessage) string
	}
)

// Probe is what one address holds. Raw are the bytes as they came (nil where Status is bad), and each Reading is what
// they would mean.
type Probe struct {
	Address  string // canonical
	Raw      []byte
	Status   telemetry.Status
	Readings []Reading
}

// Reading is one meaning of a probed address. Encoding and Order are what a point would have to be given to be read
// that way. Likely marks those that a person would believe; it is a guess, and several may be.
type Reading struct {
	Encoding string
	Order    string // "" where there is none
	Value    string // for people; numbers in full precision
	Type     telemetry.Type
	Likely   bool
}

// Node is a browsed address.
type Node struct {
	Address, Name, Encoding string
	Leaf, Writable          bool
}

// Request is one planned request: how much it asks for and for which points.
type Request struct {
	Summary string   `json:"summary"` // "unit 1 holding 0..27"
	Points  []uint32 `json:"points"`

	// Every is the scan class, where the supervisor tells the plan of a link.
	Every time.Duration `json:"every,omitempty"`
}

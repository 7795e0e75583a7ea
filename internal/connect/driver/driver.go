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
	Every    time.Duration // scan class
}

// Sample is what a driver delivers. Time is the source's clock in ns since 1970 UTC, 0 when it has none.
type Sample struct {
	ID     uint32
	Time   int64
	Status telemetry.Status
	Value  telemetry.Value // null when there is none to tell
}

// Sink takes samples. It copies what it keeps and blocks while its queue is full.
type Sink func(ctx context.Context, samples []Sample) error

// Frame is one message seen on the wire, for the trace that integrators read.
type Frame struct {
	Time time.Time
	Sent bool
	Data []byte
	Note string // decoded in one line
}

// Driver is stateless: it checks a configuration without any I/O, and opens sessions.
type Driver interface {
	// Schema is the JSON Schema of the link's configuration, with titles and help in zh-CN and en.
	Schema() json.RawMessage
	// Check returns nil, or one entry per point (nil where the point is right).
	Check(link json.RawMessage, points []Point) []error
	// Open dials. trace may be nil; it is called on the session's goroutine and must not block.
	Open(ctx context.Context, link json.RawMessage, trace func(Frame)) (Session, error)
}

// Session is one live connection, used by one goroutine. Any error it returns means that it is dead: the supervisor
// closes it and opens another.
type Session interface {
	// Read delivers exactly one sample for each point. What fails for one point is that sample's Status; what fails
	// for a unit that does not answer is a *UnitError; what fails for all is any other error.
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
	// Planner tells what Read would send, for the page that shows it.
	Planner interface {
		Plan(points []Point) []Request
	}
)

// Node is a browsed address.
type Node struct {
	Address, Name, Encoding string
	Leaf, Writable          bool
}

// Request is one planned request: how much it asks for and for which points.
type Request struct {
	Summary string // "unit 1 holding 0..27"
	Points  []uint32
}

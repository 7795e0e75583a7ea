package document

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/connect/driver"
	"jingwei/internal/federate"
	"jingwei/internal/telemetry"
)

// Verb is what a question asks for. Nothing that can be asked writes to a machine.
type Verb string

// The verbs. Those after Plan are asked of the gateway itself and name no link.
const (
	Read   Verb = "read"   // points, now
	Probe  Verb = "probe"  // one address in every reading
	Browse Verb = "browse" // what lies below a node of the device
	Trace  Verb = "trace"  // the last frames on the wire
	Plan   Verb = "plan"   // the requests that a scan would send
	Open   Verb = "open"   // only whether a session can be opened; for Try

	Release Verb = "release" // offer the records of the quarantine to the node again
	Discard Verb = "discard" // throw the records of the quarantine away
)

// Bounds of a question and its answer.
const (
	MaxPoints = 500
	MaxNodes  = 2000
	MaxFrames = 500
	MaxTime   = 30 * time.Second
	maxWord   = 2000 // bytes of an address, unit or node
)

// Ask is a question of the node. It is about the link of the configuration in force that Link names, or, with Try,
// about one that is opened for this question alone.
type Ask struct {
	Verb   Verb      `json:"verb"`
	Link   uuid.UUID `json:"link,omitzero"`
	Try    *Try      `json:"try,omitempty"`
	TimeMs int64     `json:"timeMs,omitempty"` // how long the node waits; 0 or more than MaxTime means MaxTime

	Points  []Point `json:"points,omitempty"` // read, plan with Try; only what a driver needs of them
	Unit    string  `json:"unit,omitempty"`   // probe
	Address string  `json:"address,omitempty"`
	Node    string  `json:"node,omitempty"` // browse; "" is the root
	Skip    int     `json:"skip,omitempty"` // browse: nodes before the page
	Limit   int     `json:"limit,omitempty"`
	Reason  string  `json:"reason,omitempty"` // discard: for the gateway's log
}

// Try is a link that is not saved.
type Try struct {
	Driver string          `json:"driver"`
	Config json.RawMessage `json:"config"`
}

// ParseAsk reads a question and checks its bounds.
func ParseAsk(b []byte) (*Ask, error) {
	if len(b) > federate.MaxAsk {
		return nil, fmt.Errorf("a question of %d bytes, at most %d are allowed", len(b), federate.MaxAsk)
	}
	var a Ask
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, fmt.Errorf("read a question: %w", err)
	}
	return &a, a.check()
}

func (a *Ask) check() error {
	switch {
	case a.Verb == "":
		return errors.New("a question without a verb")
	case len(a.Points) > MaxPoints:
		return fmt.Errorf("%d points, at most %d are allowed", len(a.Points), MaxPoints)
	case a.Skip < 0 || a.Limit < 0 || a.TimeMs < 0:
		return errors.New("a negative number")
	case a.Try != nil && a.Link != uuid.Nil:
		return errors.New("a link and a try in one question")
	}
	for _, w := range []string{a.Unit, a.Address, a.Node, a.Reason} {
		if len(w) > maxWord {
			return fmt.Errorf("%d bytes where at most %d are allowed", len(w), maxWord)
		}
	}
	for i := range a.Points {
		if p := &a.Points[i]; len(p.Unit) > maxWord || len(p.Address) > maxWord {
			return fmt.Errorf("point %d: more than %d bytes", i, maxWord)
		}
	}
	return nil
}

// Time is how long the question may take.
func (a *Ask) Time() time.Duration {
	d := time.Duration(a.TimeMs) * time.Millisecond
	if d <= 0 || d > MaxTime {
		return MaxTime
	}
	return d
}

// Encode writes the question.
func (a *Ask) Encode() ([]byte, error) {
	b, err := json.Marshal(a)
	if err == nil && len(b) > federate.MaxAsk {
		err = fmt.Errorf("%d bytes, at most %d are allowed", len(b), federate.MaxAsk)
	}
	if err != nil {
		return nil, fmt.Errorf("encode a question: %w", err)
	}
	return b, nil
}

// Answer is what a question brought. Refusal says that the gateway did not ask the device; Fault is what came between
// the gateway and the device, or what the device says. Both are nil where all went well.
type Answer struct {
	Refusal *Refusal        `json:"refusal,omitempty"`
	Fault   *driver.Failure `json:"fault,omitempty"`
	TookMs  float64         `json:"tookMs"`

	Samples  []Sample  `json:"samples,omitempty"`  // of each point, in their order
	Probe    *Probed   `json:"probe,omitempty"`    // of Probe
	Nodes    []Node    `json:"nodes,omitempty"`    // of Browse
	More     bool      `json:"more,omitempty"`     // there are nodes behind these
	Frames   []Frame   `json:"frames,omitempty"`   // of Trace and of Try, oldest first
	Requests []Request `json:"requests,omitempty"` // of Plan

	Records uint64 `json:"records,omitempty"` // of Release and Discard: how many it was about
}

// Why a gateway does not ask the device.
const (
	RefusedRequest = "request" // the question cannot be read or is out of bounds
	RefusedVerb    = "verb"    // this gateway does not know the verb: it is older than the node
	RefusedDriver  = "driver"  // this gateway does not know the driver
	RefusedCannot  = "cannot"  // the driver has no such thing
	RefusedLink    = "link"    // the link is not running here
	RefusedTaken   = "taken"   // a running link leads to the same device: ask that
	RefusedBusy    = "busy"    // too many questions at a time
	RefusedTime    = "time"    // the time is over
	RefusedSize    = "size"    // the answer would be too long
	RefusedField   = "field"   // a field is wrong; Field, Value and Text say how
	RefusedStopped = "stopped" // the gateway is stopping
)

// Refusal is why a question was not put to the device.
type Refusal struct {
	Code  string      `json:"code"`
	Field string      `json:"field,omitempty"`
	Value string      `json:"value,omitempty"`
	Text  driver.Text `json:"text,omitzero"`
}

// ParseAnswer reads an answer.
func ParseAnswer(b []byte) (*Answer, error) {
	if len(b) > federate.MaxAnswer {
		return nil, fmt.Errorf("an answer of %d bytes, at most %d are allowed", len(b), federate.MaxAnswer)
	}
	var a Answer
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, fmt.Errorf("read an answer: %w", err)
	}
	return &a, nil
}

// Encode writes the answer so that it is no longer than allowed: of frames the oldest go first, of nodes the last are
// left to the next page; what is too long even so is refused.
func (a *Answer) Encode() ([]byte, error) {
	for {
		b, err := json.Marshal(a)
		if err != nil {
			return nil, fmt.Errorf("encode an answer: %w", err)
		}
		switch {
		case len(b) <= federate.MaxAnswer:
			return b, nil
		case len(a.Frames) > 1:
			a.Frames = a.Frames[(len(a.Frames)+1)/2:]
		case len(a.Nodes) > 1:
			a.Nodes, a.More = a.Nodes[:len(a.Nodes)/2], true
		default:
			*a = Answer{Refusal: &Refusal{Code: RefusedSize}, TookMs: a.TookMs}
		}
	}
}

// Sample is a point's value as it travels in an answer.
type Sample struct {
	Time    int64            `json:"time,string"` // ns; the source's, or the gateway's where it has none
	Gateway int64            `json:"gateway,string"`
	Status  telemetry.Status `json:"status"`
	Type    string           `json:"type,omitempty"` // "" where there is no value
	Value   string           `json:"value,omitempty"`
	Wrong   *Refusal         `json:"wrong,omitempty"` // why the point cannot be read as it is written
}

// SetValue puts a value in words that lose nothing: floats as hexadecimal bits.
func (s *Sample) SetValue(v telemetry.Value) {
	switch v.Type {
	case telemetry.String:
		s.Type, s.Value = v.Type.String(), v.Text
	case telemetry.Float64, telemetry.Int64, telemetry.Bool:
		s.Type, s.Value = v.Type.String(), strconv.FormatUint(v.Bits, 16)
	}
}

// Get reads it back; null where there is none, or where it cannot be read.
func (s *Sample) Get() telemetry.Value {
	t := TypeOf(s.Type)
	if t == telemetry.String {
		return telemetry.Value{Type: t, Text: s.Value}
	}
	bits, err := strconv.ParseUint(s.Value, 16, 64)
	if t == 0 || err != nil {
		return telemetry.Value{}
	}
	return telemetry.Value{Type: t, Bits: bits}
}

// Probed is a driver.Probe as it travels.
type Probed struct {
	Address  string           `json:"address"`
	Raw      []byte           `json:"raw,omitempty"`
	Status   telemetry.Status `json:"status"`
	Readings []Reading        `json:"readings,omitempty"`
}

// Reading is a driver.Reading as it travels.
type Reading struct {
	Encoding string `json:"encoding"`
	Order    string `json:"order,omitempty"`
	Value    string `json:"value"`
	Type     string `json:"type"`
	Likely   bool   `json:"likely,omitempty"`
}

// ProbedOf turns a driver's probe into what travels.
func ProbedOf(p driver.Probe) *Probed {
	out := &Probed{Address: p.Address, Raw: p.Raw, Status: p.Status}
	for _, r := range p.Readings {
		out.Readings = append(out.Readings, Reading{Encoding: r.Encoding, Order: r.Order, Value: words(r.Value), Type: r.Type.String(), Likely: r.Likely})
	}
	return out
}

// Node is a driver.Node as it travels.
type Node struct {
	Address  string `json:"address"`
	Name     string `json:"name"`
	Encoding string `json:"encoding,omitempty"`
	Leaf     bool   `json:"leaf,omitempty"`
	Writable bool   `json:"writable,omitempty"`
}

// NodeOf turns a driver's node into what travels.
func NodeOf(n driver.Node) Node {
	return Node{Address: n.Address, Name: words(n.Name), Encoding: n.Encoding, Leaf: n.Leaf, Writable: n.Writable}
}

// Frame is a driver.Frame as it travels. Of a long one only the beginning does, and Size says how long it was.
type Frame struct {
	Time time.Time `json:"time"`
	Sent bool      `json:"sent,omitempty"`
	Data []byte    `json:"data"`
	Size int       `json:"size,omitempty"` // where Data is cut
	Note string    `json:"note,omitempty"`
}

const maxFrameData, maxNote = 2048, 1024

// FrameOf turns a driver's frame into what travels.
func FrameOf(f driver.Frame) Frame {
	out := Frame{Time: f.Time.UTC(), Sent: f.Sent, Data: f.Data, Note: words(f.Note)}
	if len(out.Data) > maxFrameData {
		out.Data, out.Size = out.Data[:maxFrameData], len(f.Data)
	}
	if len(out.Note) > maxNote {
		out.Note = words(out.Note[:maxNote]) + "…"
	}
	return out
}

// Request is one planned request and the points that it serves: of a link its series, of a try their places in Points.
type Request struct {
	Summary string      `json:"summary"`
	EveryMs int64       `json:"everyMs,omitempty"`
	Series  []uuid.UUID `json:"series,omitempty"`
	Places  []uint32    `json:"places,omitempty"`
}

// words makes text from a device fit for JSON.
func words(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	b := []rune(s) // each wrong byte becomes U+FFFD
	return string(b)
}

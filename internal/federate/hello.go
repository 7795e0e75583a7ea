package federate

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

// Versions of the link protocol that this build speaks. A release keeps the two versions before its own.
const (
	MinVersion uint16 = 1
	MaxVersion uint16 = 1
)

var magic = [4]byte{'J', 'W', 'L', 'K'}

// Features name what a version leaves optional; a feature is used when both ends name it.
const (
	FeatureZstd    = "zstd"    // sample blocks and messages may be Zstandard compressed
	FeatureRefusal = "refusal" // the child answers a typed refusal by sending the batch again without the refused rows
	FeatureAsk     = "ask"     // the child answers questions (MessageAsk)
)

// Hello is what an end says of itself. Unknown JSON members are ignored, so a later version may add some.
type Hello struct {
	Min uint16 `json:"-"` // lowest protocol version understood
	Max uint16 `json:"-"` // highest; in a welcome both are the version chosen

	ID       uuid.UUID `json:"id"`       // of the gateway or node; must agree with its certificate
	Instance uuid.UUID `json:"instance"` // of the process: tells a reconnection from a second process with the same identity
	Software string    `json:"software"` // name and version, for people
	Features []string  `json:"features,omitempty"`
	Clock    int64     `json:"clock,string"` // ns Unix UTC when this was written
	MaxFrame uint32    `json:"maxFrame"`     // the longest payload this end reads, ≤ MaxFrame
	Session  uint64    `json:"session,omitempty"`
}

// Has reports whether a feature is named.
func (h Hello) Has(feature string) bool {
	for _, f := range h.Features {
		if f == feature {
			return true
		}
	}
	return false
}

// append writes magic, min, max (u16 each) and the JSON. The versions are binary so that the choice never depends on
// the shape of the JSON.
func (h Hello) append(dst []byte) ([]byte, error) {
	body, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode hello: %w", err)
	}
	dst = append(dst, magic[:]...)
	dst = binary.LittleEndian.AppendUint16(dst, h.Min)
	dst = binary.LittleEndian.AppendUint16(dst, h.Max)
	return append(dst, body...), nil
}

func parseHello(b []byte) (Hello, error) {
	var h Hello
	r := reader{b: b}
	if got := r.take(4); r.err == nil && [4]byte(got) != magic {
		return h, malformed("the other end does not speak the Jingwei link (first bytes % x)", got)
	}
	lo, hi := r.u16(), r.u16()
	if r.err != nil {
		return h, r.err
	}
	if lo == 0 || lo > hi {
		return h, malformed("version range %d to %d", lo, hi)
	}
	if err := json.Unmarshal(r.b, &h); err != nil {
		return h, malformed("hello: %v", err)
	}
	h.Min, h.Max = lo, hi
	if len(h.Software) > 200 || len(h.Features) > 100 {
		return h, malformed("hello with a software name of %d bytes and %d features", len(h.Software), len(h.Features))
	}
	if h.MaxFrame < 1024 {
		return h, malformed("largest frame %d is below 1024", h.MaxFrame)
	}
	h.MaxFrame = min(h.MaxFrame, MaxFrame)
	return h, nil
}

// choose picks the highest version that both ranges hold.
func choose(aMin, aMax, bMin, bMax uint16) (uint16, bool) {
	v := min(aMax, bMax)
	return v, v >= max(aMin, bMin)
}

// Code says why a connection or a channel ended. The numbers are part of the format.
type Code uint16

const (
	CodeClosing     Code = 1  // the end is shutting down; come back
	CodeVersion     Code = 2  // no common protocol version
	CodeIdentity    Code = 3  // certificate and hello disagree, or the certificate is revoked or its owner removed
	CodeProtocol    Code = 4  // the other end broke the format
	CodeSuperseded  Code = 5  // a newer connection of the same child took over
	CodeSilent      Code = 6  // nothing heard for too long
	CodeUnavailable Code = 7  // cannot store now (disk full, log closed); come back later
	CodeBusy        Code = 8  // too many connections
	CodeKind        Code = 9  // channel kind not known
	CodeFenced      Code = 10 // the stream's epoch is older than the one the receiver holds
	CodeInternal    Code = 11
	CodeClock       Code = 12 // the clocks of two nodes are too far apart to date anything
)

var codeNames = map[Code]string{
	CodeClosing: "closing", CodeVersion: "version", CodeIdentity: "identity", CodeProtocol: "protocol",
	CodeSuperseded: "superseded", CodeSilent: "silent", CodeUnavailable: "unavailable", CodeBusy: "busy",
	CodeKind: "kind", CodeFenced: "fenced", CodeInternal: "internal", CodeClock: "clock",
}

func (c Code) String() string {
	if s, ok := codeNames[c]; ok {
		return s
	}
	return fmt.Sprintf("code %d", uint16(c))
}

// Goodbye is the reason with which an end closed a connection or a channel. Far tells which end said it.
type Goodbye struct {
	Code Code
	Text string
	Far  bool
}

func (g *Goodbye) Error() string {
	who := "this end"
	if g.Far {
		who = "the other end"
	}
	return fmt.Sprintf("%s closed the link (%s): %s", who, g.Code, g.Text)
}

const maxReason = 1024

func (g *Goodbye) append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(g.Code))
	return append(dst, g.Text[:min(len(g.Text), maxReason)]...)
}

func parseGoodbye(b []byte) (*Goodbye, error) {
	r := reader{b: b}
	g := &Goodbye{Code: Code(r.u16()), Far: true}
	if r.err != nil {
		return nil, r.err
	}
	if len(r.b) > maxReason {
		return nil, malformed("a reason of %d bytes", len(r.b))
	}
	g.Text = string(r.b)
	return g, nil
}

// Package document holds the words that a gateway and its node exchange over the link: the configuration document that
// goes down, and the report of what became of it and the status that come up. They are JSON; members that a reader does
// not know are ignored, so that a later release may add some.
package document

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/driver"
	"jingwei/internal/telemetry"
)

// Format is the version of Document that this build writes and reads.
const Format = 1

// Document is all that a gateway is to do. The node builds it whole; the gateway keeps it on disk, starts from it when
// the node is away, and compares it by hash: the same document again changes nothing.
type Document struct {
	Format  int       `json:"format"`
	Gateway uuid.UUID `json:"gateway"`
	Org     uuid.UUID `json:"org"`
	Links   []Link    `json:"links"`
}

// Link is one connection to one or more machines.
type Link struct {
	ID     uuid.UUID       `json:"id"`
	Name   string          `json:"name"`
	Driver string          `json:"driver"` // "modbus"
	Config json.RawMessage `json:"config"`
	Points []Point         `json:"points"`
}

// Point is one tag to collect, and the series that it fills.
type Point struct {
	Series     uuid.UUID `json:"series"`
	Unit       string    `json:"unit,omitempty"`
	Address    string    `json:"address"`
	Encoding   string    `json:"encoding,omitempty"`
	Order      string    `json:"order,omitempty"`
	Type       string    `json:"type"` // float64, int64, bool, string
	Scale      float64   `json:"scale,omitempty"`
	Offset     float64   `json:"offset,omitempty"`
	EveryMs    int64     `json:"everyMs"`
	OnChange   bool      `json:"onChange,omitempty"`
	MaxSilence int64     `json:"maxSilenceMs"`
}

// Encode writes the document as it travels and is hashed.
func (d *Document) Encode() ([]byte, error) {
	b, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode the configuration of gateway %s: %w", d.Gateway, err)
	}
	return b, nil
}

// Hash is the SHA-256 of an encoded document, in hex.
func Hash(encoded []byte) string {
	h := sha256.Sum256(encoded)
	return hex.EncodeToString(h[:])
}

// Parse reads a document; it refuses one of a later format, because leaving out what it does not understand would
// collect less than its author meant.
func Parse(b []byte) (*Document, error) {
	var d Document
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, fmt.Errorf("read the configuration document: %w", err)
	}
	if d.Format != Format {
		return nil, fmt.Errorf("read the configuration document: format %d, this gateway reads format %d: update the gateway", d.Format, Format)
	}
	return &d, nil
}

// Key is equal for two links that need not be told apart: a link with the same key is left running.
func (l *Link) Key() string {
	b, err := json.Marshal(l)
	if err != nil {
		return ""
	}
	return Hash(b)
}

// TypeOf turns a point's type into telemetry's; 0 for a name that is none.
func TypeOf(name string) telemetry.Type {
	for _, t := range []telemetry.Type{telemetry.Float64, telemetry.Int64, telemetry.Bool, telemetry.String} {
		if t.String() == name {
			return t
		}
	}
	return 0
}

// Driver returns the point as a driver takes it, under a number of the caller.
func (p *Point) Driver(id uint32) driver.Point {
	report := telemetry.Periodic
	if p.OnChange {
		report = telemetry.OnChange
	}
	return driver.Point{ID: id, Unit: p.Unit, Address: p.Address, Encoding: p.Encoding, Order: p.Order, Type: TypeOf(p.Type),
		Scale: p.Scale, Offset: p.Offset, Every: time.Duration(p.EveryMs) * time.Millisecond,
		Report: report, MaxSilence: time.Duration(p.MaxSilence) * time.Millisecond}
}

// Fault is one thing of a document that could not be applied; the rest was.
type Fault struct {
	Link   uuid.UUID   `json:"link"`
	Series uuid.UUID   `json:"series,omitzero"` // zero: the link as a whole
	Field  string      `json:"field,omitempty"`
	Value  string      `json:"value,omitempty"`
	Text   driver.Text `json:"text"`
}

// Applied tells what became of a document.
type Applied struct {
	Hash   string    `json:"hash"`
	OK     bool      `json:"ok"` // the document is in force, apart from Faults
	Error  string    `json:"error,omitempty"`
	Faults []Fault   `json:"faults,omitempty"`
	Time   time.Time `json:"time"`
}

// Greeting opens the control channel: what the child holds already.
type Greeting struct {
	Hash string `json:"hash"` // of the document in force; "" for none
}

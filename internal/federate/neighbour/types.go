package neighbour

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/text"
)

// MaxRecord is the greatest length of a record in bytes.
const MaxRecord = federate.MaxRecord

// Record is one record of a stream.
type Record struct {
	Seq   uint64
	Bytes []byte
}

// Handler answers a question of a taker. What it returns is sent as JSON, at most 1 MiB. The agreement is active; its Drill has not been
// judged: that is the handler's part, as is counting what it shows. A *problem.Error reaches the asker as it is; ErrConsent is for what
// the agreement, or one below it, does not let the taker have.
type Handler func(ctx context.Context, a *org.Agreement, body json.RawMessage) (any, error)

// Way says which of two nodes dials.
type Way string

// The ways.
const (
	Up   Way = "up"   // this node dials: it gives
	Down Way = "down" // the other dials: it gives to this one
)

// Peer is a linked node as it is now.
type Peer struct {
	Node     uuid.UUID
	Way      Way
	Name     string // as it tells it
	Org      *PeerOrg
	Address  string // that is dialled (Up), or from which it came last (Down)
	Software string
	Linked   bool
	Since    time.Time // linked since then, or not since then; zero: never linked
	Failure  string    // why the last link ended or could not be made
	NotAfter time.Time // of its certificate, or of this node's for it
	Clock    federate.Clock
	Streams  int // of agreements with it
	Backlog  uint64
	Joined   time.Time
}

// PeerOrg is the organisation that runs a node.
type PeerOrg struct {
	ID         uuid.UUID `json:"id"`
	Name       text.Text `json:"name"`
	CreditCode string    `json:"creditCode,omitempty"`
}

// StreamState says how a stream stands.
type StreamState string

// The states.
const (
	StreamNone   StreamState = "none"   // no record yet
	StreamOpen   StreamState = "open"   // records are taken and sent
	StreamForked StreamState = "forked" // stands still: both sides hold other bytes under one number
	StreamClosed StreamState = "closed" // its agreement has ended
)

// Stream is the stream of an agreement on this node.
type Stream struct {
	Agreement uuid.UUID
	Side      org.Side // what this node is
	Peer      uuid.UUID
	State     StreamState
	Epoch     uint64
	Last      uint64 // last record that is here
	Acked     uint64 // last record that the taker has durably (at the giver); Last at the taker
	Checked   int64  // when the ranges were last compared to the end without a difference, ns; 0 never (at the taker)
	Repaired  int64  // records repaired since ever (at the taker)
	Moved     int64  // when a record was last put or taken, ns
	Fork      *Fork
}

// Fork is two records under one number.
type Fork struct {
	Epoch, Seq uint64
	Held, Came string // hexadecimal SHA-256 of what is held and of what came
	At         int64
}

// Question is one entry of the log of questions.
type Question struct {
	ID        uuid.UUID
	Agreement uuid.UUID
	Side      org.Side // what this node is: Taker asked, Giver was asked
	Verb      string
	Who       string // as the asking node names them
	Body      string // what was asked, cut after 4,000 bytes
	At        int64
	Took      time.Duration
	Outcome   string // "answered", or the code of the problem
	Bytes     int    // of the answer
}

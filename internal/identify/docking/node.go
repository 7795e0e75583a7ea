package docking

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/text"
)

// Role is what a node is in the identifier system.
type Role string

// The roles of nodes below another.
const (
	Secondary  Role = "secondary"  // hands out prefixes in a trade or region
	Enterprise Role = "enterprise" // registers and resolves what an enterprise makes and has
)

// State is how far the docking of a node is.
type State string

// The states. Only a serving node is referred to, and only a serving or suspended one hands in.
const (
	Applied   State = "applied"
	Testing   State = "testing"
	Serving   State = "serving"
	Suspended State = "suspended"
	Ended     State = "ended"
)

// steps are the states that may follow.
var steps = map[State][]State{
	Applied:   {Testing, Ended},
	Testing:   {Serving, Ended},
	Serving:   {Suspended, Ended},
	Suspended: {Serving, Ended},
	Ended:     {},
}

var stateNames = map[State]text.Text{
	Applied: {Zh: "已申请", En: "applied"}, Testing: {Zh: "对接测试", En: "being tested"}, Serving: {Zh: "服务中", En: "serving"},
	Suspended: {Zh: "已暂停", En: "suspended"}, Ended: {Zh: "已终止", En: "ended"},
}

// Name is how people call the state.
func (s State) Name() text.Text { return stateNames[s] }

// May tells whether one state may follow another.
func (s State) May(next State) bool { return slices.Contains(steps[s], next) }

// HandsIn tells whether returns of a node are taken.
func (s State) HandsIn() bool { return s == Testing || s == Serving || s == Suspended }

// Node is a node below this one, as a revision of the register has it. Revisions are only ever added.
type Node struct {
	ID       uuid.UUID
	Org      uuid.UUID // the organisation of this node in whose register it stands
	Revision int64
	Prefix   string // "88.101"
	Role     Role
	Name     text.Text   // of the node
	Operator text.Text   // who runs it
	Credit   string      // the operator's unified social credit code
	Division string      // where it serves: GB/T 2260, "" for the country
	Keys     []string    // its public keys (vkeys); all sign its returns
	Probe    handle.Name // a handle that it must resolve; "": it is asked for its site
	Doors    []Door      // where it is asked
	State    State
	Reason   string
	By       audit.Actor
	At       int64 // ns
	Since    int64 // ns: first in service; 0 before
}

// Bounds of a node's entry.
const (
	MaxDoors  = 16
	MaxKeys   = 4
	MaxText   = 120
	MaxReason = 500
)

// Verifiers are its keys.
func (n *Node) Verifiers() ([]evidence.Verifier, error) {
	out := make([]evidence.Verifier, len(n.Keys))
	for i, k := range n.Keys {
		var err error
		if out[i], err = evidence.ParseVerifier(k); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Overdue are the tables of a guide of which a node should have handed in a period that ended, and has not. done tells the newest period
// that stands for a table.
func Overdue(g *Guide, since, now time.Time, done map[string]Period) []string {
	var out []string
	for _, t := range g.Tables {
		if t.Due == AtOnce || t.Within > 0 {
			continue // what is due at once is due when it changes; months are judged by working days
		}
		last := Last(t.Due, now.Add(-grace))
		if _, to, err := last.Span(t.Due); err != nil || !to.After(since) {
			continue // it was not docked yet
		}
		if done[t.ID] < last {
			out = append(out, t.ID)
		}
	}
	return out
}

// grace is how long after its period a return may take.
const grace = time.Hour

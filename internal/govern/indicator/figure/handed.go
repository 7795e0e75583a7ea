package figure

import (
	"github.com/google/uuid"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/text"
)

// Handed is a step of a period that a giver on another node has told.
type Handed struct {
	Agreement uuid.UUID
	Taker     uuid.UUID // organisation of this node
	Kind      string
	Period    string
	Step      int64
	State     string
	Figures   int64 // of a submission: that the agreement names
	Here      int64 // of these, that stand here as they were handed in
	Root      Hash
	Reason    string
	By        string    // as the giver's node names them
	Decision  uuid.UUID // of this node, that it follows
	AsOf, At  int64     // the giver's commits
	Came      int64     // ns
}

// Outcomes of a decision on a period of another node.
const (
	Waiting = "waiting" // it has not reached the giver yet
	Done    = "done"
	Refused = "refused" // the giver had handed in something else meanwhile, or the agreement had ended
)

// Ruling is a decision of this node on a period that a giver on another node has handed in.
type Ruling struct {
	ID        uuid.UUID
	Agreement uuid.UUID
	Taker     uuid.UUID
	Kind      string
	Period    string
	Step      int64 // the submission on which it is
	Root      Hash
	State     string
	Reason    string
	By        audit.Actor
	At        int64 // commit
	Outcome   string
	Why       text.Text
	Settled   int64 // ns
}

// stance is where a period of a giver on another node stands for its taker: what the giver has told, and what was decided since. What
// waits counts: its taker has decided.
type stance struct {
	last      *Handed // step; nil for none
	submitted *Handed // the last submission
	ruling    *Ruling // the last on it that the giver's steps do not show yet; nil for none
	state     string
}

func stanceOf(steps []Handed, rulings []Ruling) (out stance) {
	shown := map[uuid.UUID]bool{}
	for i := range steps {
		x := &steps[i]
		shown[x.Decision] = true
		if out.last == nil || x.Step > out.last.Step {
			out.last, out.state = x, x.State
		}
		if x.State == Submitted && (out.submitted == nil || x.Step > out.submitted.Step) {
			out.submitted = x
		}
	}
	if out.submitted == nil {
		return out
	}
	for i := range rulings {
		r := &rulings[i]
		if r.Step == out.submitted.Step && r.Outcome != Refused && !shown[r.ID] && (out.ruling == nil || r.At > out.ruling.At) {
			out.ruling, out.state = r, r.State
		}
	}
	return out
}

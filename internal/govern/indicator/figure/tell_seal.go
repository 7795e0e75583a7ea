package figure

import (
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
)

// TellSeal is a step of a period as the taker of an agreement on another node is told it: of a submission the figures that the agreement
// names, and nothing of the others; of a decision the reason and who only where it was that taker's.
type TellSeal struct {
	Kind, Period string
	Step         int64
	State        string
	Reason       string
	By           string    // name
	Decision     uuid.UUID // of the taker, that the step follows; zero for none of its
	AsOf, At     int64     // commits of the giver
	Figures      []SealedFigure
}

// SealedFigure is a figure that was handed in.
type SealedFigure struct {
	Key      Key // without the keeper
	Revision int64
	Account  Hash // of the account as it was told (TellAccount)
}

const (
	maxSealed = 5000 // figures: an agreement names up to 500 items, each with its baselines
	maxWords  = 8000 // bytes of a reason
	maxActor  = 800  // bytes of a name
)

var states = []string{Submitted, Returned, Accepted}

// Root is the hash over the figures of a submission, zero of a decision.
func (x *TellSeal) Root() Hash {
	if x.State != Submitted {
		return Hash{}
	}
	w := &wire{}
	for i := range x.Figures {
		x.Figures[i].encode(w)
	}
	return Sum(w.b)
}

func (f *SealedFigure) encode(w *wire) {
	w.text(f.Key.Name())
	w.number(f.Revision)
	w.hash(f.Account)
}

func (x *TellSeal) encode(w *wire) {
	w.text(x.Kind)
	w.text(x.Period)
	w.number(x.Step)
	w.byte(byte(slices.Index(states, x.State)))
	w.text(x.Reason)
	w.text(x.By)
	w.id(x.Decision)
	w.number(x.AsOf)
	w.number(x.At)
	w.count(len(x.Figures))
	for i := range x.Figures {
		x.Figures[i].encode(w)
	}
}

func (x *TellSeal) decode(r *unwire) {
	x.Kind, x.Period, x.Step = r.text(maxKey, "a kind"), r.text(maxKey, "a period"), r.number("a step")
	state := int(r.byte("a state"))
	x.Reason, x.By, x.Decision = r.text(maxWords, "a reason"), r.text(maxActor, "a name"), r.id("a decision")
	x.AsOf, x.At = r.number("a commit"), r.number("a commit")
	n := r.count(maxSealed, "figures")
	if r.err == nil {
		if _, ok := indicator.ParsePeriod(x.Kind, x.Period); !ok || x.Step < 1 || state >= len(states) || n > 0 && state != 0 {
			r.fail("step %d of %s %s", x.Step, x.Kind, x.Period)
			return
		}
		x.State = states[state]
	}
	for i := range n {
		f := SealedFigure{r.key(), r.number("a revision"), r.hash("an account")}
		if r.err != nil {
			return
		}
		if f.Key.Code != "" || f.Key.Kind != x.Kind || f.Key.Period != x.Period || f.Revision < 1 || i > 0 && x.Figures[i-1].Key.Name() >= f.Key.Name() {
			r.fail("the figure %s in a submission of %s", f.Key, x.Period)
			return
		}
		x.Figures = append(x.Figures, f)
	}
}

package gateway

import "github.com/google/uuid"

// place is how the spool's batches are numbered on the link: batch Index goes as sequence Index-First+1 of Epoch.
// It is kept on disk beside the spool and changed only before anything is sent under the change.
type place struct {
	// Producer is the gateway under whose identity this was. A data folder that is enrolled as another gateway keeps its
	// spool, and numbers it anew.
	Producer uuid.UUID `json:"producer"`

	Epoch uint64 `json:"epoch,string"`
	First uint64 `json:"first,string"`
	Acked uint64 `json:"acked,string"` // greatest index that the node is known to hold; 0: none
	Holes uint64 `json:"holes"`        // see resumeHole
}

// seq returns the sequence number of an index.
func (p place) seq(index uint64) uint64 { return index - p.First + 1 }

// resumption says what a connection has to do about the numbering.
type resumption string

const (
	resumeSame   resumption = "same"   // go on
	resumeOther  resumption = "other"  // another process or an older spool of this identity has sent since
	resumeRolled resumption = "rolled" // this spool is older than what the node holds of it: it was restored from a copy
	resumeHole   resumption = "hole"   // the node no longer holds what it had acknowledged, and the spool has let go of it
)

// resume compares what the spool holds (batches held to last; held is last+1 when there is none) with what the node
// holds of this producer, and returns the numbering to use and the index of the next batch to send.
//
// Where the two do not continue each other a new epoch begins: the node would otherwise take new batches for old ones
// (losing them) or wait for ever for ones that are gone.
func (p place) resume(held, last, farEpoch, farSeq uint64) (place, uint64, resumption) {
	again := func(epoch, from uint64, why resumption) (place, uint64, resumption) {
		n := place{Producer: p.Producer, Epoch: epoch + 1, First: min(max(from, held), last+1), Acked: p.Acked, Holes: p.Holes}
		n.Acked = n.First - 1
		if why == resumeHole {
			n.Holes++
		}
		return n, n.First, why
	}
	switch {
	case farEpoch > p.Epoch:
		return again(farEpoch, p.Acked+1, resumeOther)
	case farEpoch < p.Epoch:
		if p.First < held {
			return again(p.Epoch, held, resumeHole)
		}
		if p.Acked >= p.First { // it was acknowledged under this epoch and is there no more
			p.Holes++
			p.Acked = p.First - 1
			return p, p.First, resumeHole
		}
		return p, p.First, resumeSame
	}
	next := p.First + farSeq
	switch {
	case next > last+1:
		return again(farEpoch, p.Acked+1, resumeRolled)
	case next < held:
		return again(farEpoch, held, resumeHole)
	}
	if next <= p.Acked { // held still, so it can be sent again
		p.Holes++
	}
	p.Acked = next - 1
	return p, next, resumeSame
}

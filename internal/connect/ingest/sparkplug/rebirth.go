package sparkplug

import (
	"time"
)

// Why an edge node is asked for its births. Each reason has a throttle of its own, so that one that keeps coming does not
// hold up another.
const (
	askBirth    = "birth"    // its messages come, and no birth has been seen
	askAlias    = "alias"    // values by aliases that nobody knows, or that are in doubt
	askSequence = "sequence" // messages are missing
	askType     = "type"     // values of other types than the births say
	askClock    = "clock"    // its messages are older than its birth
	askRegain   = "regain"   // the broker was out of reach meanwhile
)

// Pauses between two requests of one reason.
const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// asking is one reason's throttle.
type asking struct {
	wanted bool  // since the last birth
	sent   int64 // ns
	next   int64 // not before
	pause  time.Duration
	vain   int // requests without a birth
}

// ask wants births of the node: at once where the throttle allows it, or when it does.
func (n *node) ask(why string) {
	now := n.h.o.Now().UnixNano()
	a := n.asks[why]
	if a == nil {
		a = &asking{pause: firstPause}
		n.asks[why] = a
	}
	if !a.wanted {
		a.wanted = true
		n.h.time(n)
	}
	n.send(a, now)
}

func (n *node) send(a *asking, now int64) {
	if now < a.next {
		return
	}
	if now-a.sent > int64(max(4*a.pause, lastPause)) {
		a.pause = firstPause // it was quiet for long
	}
	a.sent, a.next, a.vain = now, now+int64(a.pause), a.vain+1
	a.pause = min(2*a.pause, lastPause)
	payload := AppendPayload(nil, Payload{Timestamp: uint64(now / 1e6)}, []Metric{
		{Name: []byte("Node Control/Rebirth"), Timestamp: uint64(now / 1e6), Datatype: Boolean, Kind: KindBool, Bits: 1}})
	if err := n.h.o.Send(namespace+"/"+n.group+"/NCMD/"+n.name, payload, 0, false); err != nil {
		n.h.o.Logger.Warn("ask an edge node for its births", "node", n.own.key, "err", err)
	}
}

// answered ends the asking: a birth has come. The pauses stay, so that an edge node that gives reason again and again is
// not asked ever faster.
func (n *node) answered() {
	for _, a := range n.asks {
		a.wanted, a.vain = false, 0
	}
}

// askAgain repeats what has not been answered while the node is heard, and a few times where it is not; false where
// nothing is to be repeated.
func (n *node) askAgain(now int64) (more bool) {
	for _, a := range n.asks {
		if a.wanted && (a.vain < 5 || n.heardAt > a.sent) {
			n.send(a, now)
			more = true
		}
	}
	return more
}

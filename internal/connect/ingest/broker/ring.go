package broker

import "time"

// ring holds the messages of one client that are under way, in the order in which they came. A message is known by its
// number; its acknowledgement leaves the ring when those before it have left (MQTT-4.6.0-2).
type ring struct {
	entries    []entry // a power of two
	head, tail uint64  // numbers of the oldest message and of the next
	bytes      int
}

type entry struct {
	number uint64
	began  time.Time
	size   int
	packet byte // its acknowledgement: packetPuback, packetPubrec, 0 for none
	id     uint16
	code   byte // reason code of version 5
	done   bool
}

func newRing(limit int) ring {
	n := 1
	for n < limit {
		n *= 2
	}
	return ring{entries: make([]entry, n)}
}

func (r *ring) len() int { return int(r.tail - r.head) }

// add puts a message in and returns its number; there must be room.
func (r *ring) add(e entry) uint64 {
	e.number = r.tail
	r.entries[r.tail&uint64(len(r.entries)-1)] = e
	r.tail++
	r.bytes += e.size
	return e.number
}

// finish marks a message as done. It returns false for one that was done before or never added.
func (r *ring) finish(number uint64) bool {
	if number < r.head || number >= r.tail {
		return false
	}
	e := &r.entries[number&uint64(len(r.entries)-1)]
	if e.done {
		return false
	}
	e.done = true
	return true
}

// next takes the oldest message out, if it is done.
func (r *ring) next() (entry, bool) {
	if r.head == r.tail {
		return entry{}, false
	}
	e := r.entries[r.head&uint64(len(r.entries)-1)]
	if !e.done {
		return entry{}, false
	}
	r.head++
	r.bytes -= e.size
	return e, true
}

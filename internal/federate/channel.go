package federate

import (
	"context"
	"encoding/binary"
	"fmt"
)

// Kind says what a channel is for. The numbers are part of the format.
type Kind uint8

const (
	KindControl Kind = 1 // configuration down, status up, certificates; goes before all others
	KindSamples Kind = 2 // one stream of sample batches, child to node, and its acknowledgements back
	KindRecords Kind = 3 // records of one agreement, from the giver's node to the taker's, and what comes back
)

// frameCost is added to the length of each data frame when credit is counted: what a receiver spends on keeping it.
// Without it a sender could fill a receiver's memory with one-byte messages inside its window.
const frameCost = 64

// Message is one whole message of a channel. Its bytes belong to the receiver.
type Message struct {
	Data []byte
	cost int
}

// Cost is the credit that the message holds until it is released.
func (m Message) Cost() int { return m.cost }

// Channel is one of the streams of messages on a connection. Send may be used by several goroutines, whose messages are
// never mixed; Receive by one at a time.
type Channel struct {
	c      *Conn
	number uint16
	kind   Kind
	hello  []byte // body of the open

	// All below is guarded by c.mu.
	changed  chan struct{} // closed and renewed when something a waiter looks at has changed
	err      error
	accepted bool
	answer   []byte // body of the opened

	queue   [][]byte // messages to send; the first may be partly sent
	sent    int      // bytes of queue[0] already sent
	queued  int
	credit  int // what the other end allows us to send
	farSize int // its whole window

	window int // what we allow the other end
	used   int // received and not released
	grant  int // released and not yet told
	part   []byte
	cost   int
	inbox  []Message
}

// Kind and Hello tell what the opener asked for.
func (ch *Channel) Kind() Kind    { return ch.kind }
func (ch *Channel) Hello() []byte { return ch.hello }

// Open asks the other end for a channel and waits for its answer. window is how many bytes (messages plus 64 per
// frame) the other end may have under way to us; no message either way can be longer than its receiver's window.
func (c *Conn) Open(ctx context.Context, kind Kind, window int, body []byte) (*Channel, []byte, error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return nil, nil, c.err
	}
	side := 0
	if !c.child {
		side = 1
	}
	number := c.opened[side] + 2
	if c.opened[side] == 0 {
		number = uint16(2 - side)
	}
	if number < c.opened[side] || len(c.channels) >= maxChannels {
		c.mu.Unlock()
		return nil, nil, fmt.Errorf("open a channel: %d are open, number %d is next", len(c.channels), number)
	}
	c.opened[side] = number
	ch := c.addLocked(number, kind, window, body)
	open := []byte{byte(kind), 0, 0, 0}
	open = binary.LittleEndian.AppendUint32(open, uint32(window))
	c.urgentLocked(frameOpen, number, append(open, body...))
	for !ch.accepted && ch.err == nil {
		if err := ch.waitLocked(ctx); err != nil {
			c.mu.Unlock()
			ch.Close(CodeClosing, "given up")
			return nil, nil, err
		}
	}
	defer c.mu.Unlock()
	return ch, ch.answer, ch.err
}

func (c *Conn) addLocked(number uint16, kind Kind, window int, body []byte) *Channel {
	ch := &Channel{c: c, number: number, kind: kind, hello: body, window: window, changed: make(chan struct{})}
	c.channels[number] = ch
	c.order = append(c.order, ch)
	return ch
}

func (c *Conn) removeLocked(ch *Channel) {
	delete(c.channels, ch.number)
	for i, o := range c.order {
		if o == ch {
			c.order = append(c.order[:i:i], c.order[i+1:]...)
		}
	}
	c.turn = 0
}

// Accept takes a channel that the other end opened.
func (ch *Channel) Accept(window int, body []byte) {
	c := ch.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch.err != nil || ch.accepted {
		return
	}
	ch.accepted, ch.window = true, window
	c.urgentLocked(frameOpened, ch.number, append(binary.LittleEndian.AppendUint32(nil, uint32(window)), body...))
}

// Close ends the channel and tells the other end why. What was queued and not yet sent is dropped.
func (ch *Channel) Close(code Code, text string) {
	c := ch.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch.err != nil {
		return
	}
	g := &Goodbye{Code: code, Text: text}
	ch.endLocked(g)
	c.removeLocked(ch)
	c.urgentLocked(frameReset, ch.number, g.append(nil))
}

func (ch *Channel) endLocked(err error) {
	if ch.err == nil {
		ch.err = err
		ch.queue, ch.queued, ch.part = nil, 0, nil
		ch.signalLocked()
	}
}

func (ch *Channel) signalLocked() {
	close(ch.changed)
	ch.changed = make(chan struct{})
}

// waitLocked releases the lock until something changed.
func (ch *Channel) waitLocked(ctx context.Context) error {
	changed := ch.changed
	ch.c.mu.Unlock()
	defer ch.c.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Send queues a message, which must not be changed afterwards, and waits while the queue is full. It returns the
// reason once the channel or the connection has ended.
func (ch *Channel) Send(ctx context.Context, message []byte) error {
	c := ch.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if cost := ch.costOf(len(message)); len(message) == 0 || ch.farSize < cost {
		return fmt.Errorf("send %d bytes: a message has 1 byte at least and its frames must fit the receiver's window of %d", len(message), ch.farSize)
	}
	for ch.err == nil && ch.queued > 0 && ch.queued+len(message) > c.limits.SendQueue {
		if err := ch.waitLocked(ctx); err != nil {
			return err
		}
	}
	if ch.err != nil {
		return ch.err
	}
	ch.queue = append(ch.queue, message)
	ch.queued += len(message)
	c.poke()
	return nil
}

// costOf is the credit that a message needs when it is cut into full pieces.
func (ch *Channel) costOf(n int) int {
	piece := min(ch.c.limits.BulkFrame, int(ch.c.peer.MaxFrame))
	return n + (n+piece-1)/piece*frameCost
}

// pieceLocked appends the next data frame if credit allows the whole of it: never a splinter, so that the cost of a
// message is what costOf says.
func (ch *Channel) pieceLocked(buf *[]byte) int {
	if len(ch.queue) == 0 {
		return 0
	}
	message := ch.queue[0]
	n := min(len(message)-ch.sent, ch.c.limits.BulkFrame, int(ch.c.peer.MaxFrame))
	if ch.credit < n+frameCost {
		return 0
	}
	var flags uint8
	if ch.sent+n == len(message) {
		flags = flagEnd
	}
	*buf = appendFrame(*buf, frameData, flags, ch.number, message[ch.sent:ch.sent+n])
	ch.credit -= n + frameCost
	ch.sent += n
	if flags == flagEnd {
		ch.queue[0] = nil
		ch.queue = ch.queue[1:]
		ch.queued -= len(message)
		ch.sent = 0
		ch.signalLocked()
	}
	return n
}

// Receive returns the next message. Its credit goes back to the sender with Release, once the message needs no more
// memory: that is how a slow consumer slows its sender and nobody else.
func (ch *Channel) Receive(ctx context.Context) (Message, error) {
	c := ch.c
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if c.err != nil {
			return Message{}, c.err // what a dead connection left behind comes again on the next
		}
		if len(ch.inbox) > 0 {
			break
		}
		if ch.err != nil {
			return Message{}, ch.err
		}
		if err := ch.waitLocked(ctx); err != nil {
			return Message{}, err
		}
	}
	m := ch.inbox[0]
	ch.inbox[0] = Message{}
	ch.inbox = ch.inbox[1:]
	return m, nil
}

// Waiting returns how many whole messages Receive would deliver without waiting.
func (ch *Channel) Waiting() int {
	ch.c.mu.Lock()
	defer ch.c.mu.Unlock()
	return len(ch.inbox)
}

// Release returns the credit of messages of that cost.
func (ch *Channel) Release(cost int) {
	c := ch.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch.err != nil || cost <= 0 {
		return
	}
	ch.used -= cost
	ch.grant += cost
	c.poke()
}

func appendCredit(dst []byte, channel uint16, n int) []byte {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], uint32(n))
	return appendFrame(dst, frameCredit, 0, channel, b[:])
}

package federate

import (
	"context"
	"io"
)

// known returns the channel, nil for one that has been closed already (frames may still be under way), or an error for
// one that was never opened.
func (c *Conn) known(number uint16) (*Channel, error) {
	if ch := c.channels[number]; ch != nil {
		return ch, nil
	}
	if number <= c.opened[number%2] {
		return nil, nil
	}
	return nil, malformed("channel %d was never opened", number)
}

// readData reads a piece straight into the message it belongs to. The window is checked before anything is allocated.
func (c *Conn) readData(h header) error {
	c.mu.Lock()
	ch, err := c.known(h.Channel)
	if err == nil && ch != nil {
		err = ch.admitLocked(h)
	}
	c.mu.Unlock()
	if err != nil {
		return err
	}
	if ch == nil {
		_, err := io.CopyN(io.Discard, c.in, int64(h.Length))
		return err
	}
	// Only this goroutine touches part while the channel lives.
	piece := make([]byte, h.Length)
	if _, err := io.ReadFull(c.in, piece); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch.err != nil {
		return nil
	}
	if ch.part == nil {
		ch.part = piece
	} else {
		ch.part = append(ch.part, piece...)
	}
	ch.cost += int(h.Length) + frameCost
	if h.Flags&flagEnd != 0 {
		ch.inbox = append(ch.inbox, Message{Data: ch.part, cost: ch.cost})
		ch.part, ch.cost = nil, 0
		ch.signalLocked()
	}
	return nil
}

func (ch *Channel) admitLocked(h header) error {
	if h.Length == 0 {
		return malformed("an empty data frame on channel %d", h.Channel)
	}
	if !ch.accepted {
		return malformed("data on channel %d before it was accepted", h.Channel)
	}
	ch.used += int(h.Length) + frameCost
	if ch.used > ch.window {
		return malformed("channel %d: %d bytes under way, the window is %d", h.Channel, ch.used, ch.window)
	}
	return nil
}

func (c *Conn) openedByPeer(ctx context.Context, number uint16, body []byte) error {
	r := reader{b: body}
	kind := Kind(r.u8())
	r.take(3)
	window := r.u32()
	if r.err != nil {
		return r.err
	}
	theirs := uint16(0) // the child opens even numbers
	if c.child {
		theirs = 1
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if number%2 != theirs || number <= c.opened[theirs] {
		return malformed("the other end opened channel %d", number)
	}
	c.opened[theirs] = number
	if len(c.channels) >= maxChannels || c.handler == nil || c.err != nil {
		c.urgentLocked(frameReset, number, (&Goodbye{Code: CodeBusy, Text: "no channel to spare"}).append(nil))
		return nil
	}
	ch := c.addLocked(number, kind, 0, r.b)
	ch.farSize = int(min(window, 1<<30))
	ch.credit = ch.farSize
	c.work.Go(func() {
		c.handler(ctx, ch)
		ch.Close(CodeClosing, "done")
	})
	return nil
}

func (c *Conn) acceptedByPeer(number uint16, body []byte) error {
	r := reader{b: body}
	window := r.u32()
	if r.err != nil {
		return r.err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ch, err := c.known(number)
	if err != nil || ch == nil {
		return err
	}
	if ch.accepted {
		return malformed("channel %d was accepted twice", number)
	}
	ch.accepted, ch.answer = true, r.b
	ch.farSize = int(min(window, 1<<30))
	ch.credit = ch.farSize
	ch.signalLocked()
	return nil
}

func (c *Conn) creditFromPeer(number uint16, body []byte) error {
	r := reader{b: body}
	n := r.u32()
	if err := r.end(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ch, err := c.known(number)
	if err != nil || ch == nil {
		return err
	}
	ch.credit += int(n)
	if ch.credit > ch.farSize {
		return malformed("channel %d: credit of %d beyond its window of %d", number, ch.credit, ch.farSize)
	}
	c.poke()
	return nil
}

func (c *Conn) resetByPeer(number uint16, body []byte) error {
	g, err := parseGoodbye(body)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ch, err := c.known(number)
	if err != nil || ch == nil {
		return err
	}
	ch.endLocked(g)
	c.removeLocked(ch)
	return nil
}

package federate

import (
	"context"
	"sync/atomic"
)

// controlWindow holds one document of the greatest length, packed.
const controlWindow = 8 << 20

// Desk is the control channel of a connection as its user sees it: whole control messages both ways.
type Desk struct {
	ch     *Channel
	packer *Packer
	ids    atomic.Uint32
}

// OpenDesk opens the control channel; the child calls it once per connection. hello is JSON: what the child holds.
func OpenDesk(ctx context.Context, c *Conn, k *Packer, hello []byte) (*Desk, error) {
	ch, _, err := c.Open(ctx, KindControl, controlWindow, hello)
	if err != nil {
		return nil, err
	}
	return &Desk{ch: ch, packer: k}, nil
}

// AcceptDesk takes a control channel that the child opened.
func AcceptDesk(ch *Channel, k *Packer) *Desk {
	ch.Accept(controlWindow, nil)
	return &Desk{ch: ch, packer: k}
}

// Hello is what the opener told when it opened the channel.
func (d *Desk) Hello() []byte { return d.ch.Hello() }

// Fresh is an ID that this end has not used yet, for a message whose answer must be waited for before it is sent.
func (d *Desk) Fresh() uint32 { return d.ids.Add(1) }

// Send sends a message; ID 0 is replaced by a fresh one, which is returned. Several goroutines may send.
func (d *Desk) Send(ctx context.Context, m Control) (uint32, error) {
	if m.ID == 0 {
		m.ID = d.ids.Add(1)
	}
	return m.ID, d.ch.Send(ctx, m.append(nil, d.packer))
}

// Receive returns the next message. One that it does not know is answered and skipped.
func (d *Desk) Receive(ctx context.Context) (Control, error) {
	for {
		raw, err := d.ch.Receive(ctx)
		if err != nil {
			return Control{}, err
		}
		m, err := parseControl(raw.Data, d.packer)
		d.ch.Release(raw.Cost())
		if err != nil {
			d.ch.c.Close(CodeProtocol, err.Error())
			return m, err
		}
		if m.Kind >= MessageConfig && m.Kind <= MessageAgreed {
			return m, nil
		}
		if err := d.ch.Send(ctx, Control{Kind: MessageUnknown, ID: m.ID}.append(nil, d.packer)); err != nil {
			return m, err
		}
	}
}

package front

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// again is the pause between two questions who owns a cell.
const again = 100 * time.Millisecond

var (
	errNobody  = errors.New("nobody has the cell")
	errMoved   = errors.New("another process has the cell, and a piped connection is not piped again")
	errNoDoor  = errors.New("the process that has the cell tells no address of such a door")
	errOpening = errors.New("this process has the cell, and its node does not take connections")
)

// route brings a client to its cell: to the node of this process, or to the process that has it, whoever that becomes
// within Options.Wait.
func (d *Door) route(ctx context.Context, g *guest) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, d.o.Wait)
	defer cancel()
	for fresh := g.hop; ; {
		var why error
		l, changed := d.local(g.cell)
		if l != nil {
			if d.offer(ctx, l, g) {
				return outcomeLocal, nil
			}
			why = errOpening
		} else {
			place, ok := d.o.Owner(ctx, g.cell, fresh)
			switch {
			case !ok:
				why = errNobody
			case place.Mine:
				why = errOpening
			case g.hop:
				return outcomeMoved, errMoved
			case place.Address == "" || len(d.o.Key) == 0:
				why = errNoDoor
			default:
				if why = d.pipe(ctx, g, place); why == nil {
					return outcomePiped, nil
				}
			}
			fresh = true
		}
		select {
		case <-changed:
		case <-time.After(again):
		case <-ctx.Done():
			return outcomeNobody, fmt.Errorf("%w, after %v", why, d.o.Wait)
		}
	}
}

// offer hands a connection to a node.
func (d *Door) offer(ctx context.Context, l *listener, g *guest) bool {
	c := &Conn{Conn: g.tcp, head: g.head, client: g.client}
	c.closed = func() {
		d.mu.Lock()
		d.conns--
		d.mu.Unlock()
	}
	select {
	case <-l.done: // before the queue: a node that has closed its listener accepts no more
		return false
	default:
	}
	// From the moment it is accepted it is the node's: the door must not cut it.
	d.mu.Lock()
	delete(d.guests, g)
	closing := d.closing
	d.mu.Unlock()
	if !closing {
		select {
		case l.queue <- c:
			d.stats.count(outcomeLocal)
			return true
		case <-l.done:
		case <-ctx.Done():
		}
	}
	d.mu.Lock()
	d.guests[g] = struct{}{}
	if d.closing {
		g.cut()
	}
	d.mu.Unlock()
	return false
}

// pipe joins a client to another process's door until one of them ends. It returns an error as long as the client has
// heard nothing, so that another place can be tried.
func (d *Door) pipe(ctx context.Context, g *guest, place Place) error {
	reached, ok := g.tcp.LocalAddr().(*net.TCPAddr)
	if !ok {
		return errors.New("the door's own address is unknown")
	}
	first, err := introduce(d.o.Key, d.o.Kind, g.client, reached, g.head)
	if err != nil {
		return err
	}
	dialer := net.Dialer{Timeout: d.o.DialTimeout, KeepAliveConfig: keepAlive}
	c, err := dialer.DialContext(ctx, "tcp", place.Address)
	if err != nil {
		return err
	}
	far := c.(*net.TCPConn)
	defer far.Close()
	d.mu.Lock()
	g.far, g.process = far, place.Process
	closing := d.closing
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		g.far, g.process = nil, ""
		d.mu.Unlock()
	}()
	if closing {
		return net.ErrClosed
	}
	// The server speaks first after a ClientHello. Until it does the client's bytes are kept, and its next ones are not
	// read. The other door may wait as long as this one.
	_ = far.SetDeadline(time.Now().Add(d.o.Wait + d.o.DialTimeout))
	if _, err := far.Write(first); err != nil {
		return fmt.Errorf("speak to %s: %w", place.Address, err)
	}
	answer := make([]byte, bufferSize)
	n, err := far.Read(answer)
	if n == 0 {
		return fmt.Errorf("%s took the connection and closed it: %w", place.Address, err)
	}
	_ = far.SetDeadline(time.Time{})
	d.stats.count(outcomePiped)
	d.settle(g)
	g.head = nil
	if _, err := g.tcp.Write(answer[:n]); err != nil {
		return nil // the client has gone
	}
	splice(g.tcp, far)
	return nil
}

// splice copies both ways, on Linux inside the kernel, until both have ended or one has failed. An end that one side
// sends is passed on; the other side may still speak.
func splice(a, b *net.TCPConn) {
	var both sync.WaitGroup
	one := func(to, from *net.TCPConn) {
		if _, err := io.Copy(to, from); err != nil || to.CloseWrite() != nil {
			_ = to.Close()
			_ = from.Close()
		}
	}
	both.Go(func() { one(a, b) })
	one(b, a)
	both.Wait()
}

// watch ends pipes to processes that do not have the cell any more: a machine that lost its power says nothing, and its
// clients are better off dialling again.
func (d *Door) watch(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		d.mu.Lock()
		cells := map[string]bool{}
		for g := range d.guests {
			if g.far != nil {
				cells[g.cell] = true
			}
		}
		d.mu.Unlock()
		for c := range cells {
			place, ok := d.o.Owner(ctx, c, false)
			if !ok {
				continue // nobody yet: the old owner may still be closing
			}
			d.mu.Lock()
			for g := range d.guests {
				if g.cell == c && g.far != nil && g.process != place.Process {
					_ = g.far.Close()
				}
			}
			d.mu.Unlock()
		}
	}
}

//go:build !linux

package datagram

import (
	"net"
	"net/netip"
	"syscall"
)

const reusePort = false

func control(_, _ string, _ syscall.RawConn) error { return nil }

// Conn is one socket. One goroutine reads and queues; Send and Close are everybody's.
type Conn struct {
	udp  *net.UDPConn
	in   [2048]byte
	out  [2048]byte
	n    int
	from netip.AddrPort
}

func newConn(udp *net.UDPConn) (*Conn, error) { return &Conn{udp: udp}, nil }

// Read waits for a packet and returns 1. The error is net.ErrClosed after Close.
func (c *Conn) Read() (int, error) {
	n, from, err := c.udp.ReadFromUDPAddrPort(c.in[:])
	if err != nil {
		return 0, err
	}
	c.n, c.from = n, from
	return 1, nil
}

// Packet is the packet read; it is good until the next Read.
func (c *Conn) Packet(int) []byte { return c.in[:c.n] }

// Source is where it came from.
func (c *Conn) Source(int) netip.AddrPort {
	return netip.AddrPortFrom(c.from.Addr().Unmap(), c.from.Port())
}

// Slot is room for the next packet to be sent.
func (c *Conn) Slot() []byte { return c.out[:0] }

// Queue sends a packet to where the last one came from.
func (c *Conn) Queue(packet []byte, _ int) { c.udp.WriteToUDPAddrPort(packet, c.from) }

// Put sends a packet to whom the socket is connected with (Dial).
func (c *Conn) Put(packet []byte) { c.udp.Write(packet) }

// Flush has nothing to do.
func (c *Conn) Flush() error { return nil }

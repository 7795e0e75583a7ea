// Package datagram reads and writes UDP packets in batches without allocating: recvmmsg and sendmmsg on Linux, one at a time
// elsewhere. golang.org/x/net's ReadBatch makes an address for each packet; here an address stays the bytes that the kernel
// gave, and goes back as these.
package datagram

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// BatchSize is how many packets one system call takes.
const BatchSize = 64

// Listen opens n sockets on one UDP address, over which the kernel spreads what comes (SO_REUSEPORT); one socket where that
// is not known. Port 0 is chosen by the kernel for all of them.
func Listen(ctx context.Context, address string, n int) ([]*Conn, error) {
	if !reusePort {
		n = 1
	}
	// A socket of our own alone first: with SO_REUSEPORT a second process would take a share of the packets in silence.
	probe, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", address)
	if err != nil {
		return nil, err
	}
	if err := probe.Close(); err != nil {
		return nil, err
	}
	config := net.ListenConfig{Control: control}
	var conns []*Conn
	for range max(n, 1) {
		p, err := config.ListenPacket(ctx, "udp", address)
		if err != nil {
			for _, c := range conns {
				c.Close()
			}
			return nil, err
		}
		udp := p.(*net.UDPConn)
		udp.SetReadBuffer(socketBuffer)
		udp.SetWriteBuffer(socketBuffer)
		address = udp.LocalAddr().String()
		c, err := newConn(udp)
		if err != nil {
			udp.Close()
			return nil, err
		}
		conns = append(conns, c)
	}
	return conns, nil
}

// Dial opens a socket that is connected with an address, from which alone it hears.
func Dial(to netip.AddrPort) (*Conn, error) {
	udp, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return nil, err
	}
	udp.SetReadBuffer(socketBuffer)
	c, err := newConn(udp)
	if err != nil {
		udp.Close()
		return nil, err
	}
	return c, nil
}

// socketBuffer is what the kernel is asked to hold for a socket, in bytes.
const socketBuffer = 4 << 20

// Port is the UDP port of a socket.
func (c *Conn) Port() uint16 { return c.udp.LocalAddr().(*net.UDPAddr).AddrPort().Port() }

// LocalAddr is where the socket listens.
func (c *Conn) LocalAddr() netip.AddrPort { return c.udp.LocalAddr().(*net.UDPAddr).AddrPort() }

// SetReadDeadline ends reads that wait at a time, with os.ErrDeadlineExceeded.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.udp.SetReadDeadline(t) }

// Close ends reads that wait.
func (c *Conn) Close() error { return c.udp.Close() }

// Send sends one packet at once; it may be called from any goroutine.
func (c *Conn) Send(packet []byte, to netip.AddrPort) error {
	_, err := c.udp.WriteToUDPAddrPort(packet, to)
	return err
}

//go:build linux

package datagram

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const reusePort = true

func control(_, _ string, c syscall.RawConn) error {
	var err error
	if e := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}); e != nil {
		return e
	}
	return err
}

// mmsghdr is the kernel's struct mmsghdr.
type mmsghdr struct {
	unix.Msghdr
	n uint32
	_ [unsafe.Sizeof(uintptr(0)) - 4]byte
}

// Conn is one socket with room for a batch each way. One goroutine reads, one queues and flushes (the same, when it answers
// what it read); Send and Close are everybody's.
type Conn struct {
	udp *net.UDPConn
	raw syscall.RawConn

	in      batch
	got     int // packets read
	readErr syscall.Errno

	out      batch
	queued   int
	sent     int
	writeErr syscall.Errno

	readFn, writeFn func(fd uintptr) bool // made once, as making one allocates
}

// batch is what one system call fills or empties. The headers hold addresses of the other arrays, which never move.
type batch struct {
	headers [BatchSize]mmsghdr
	vectors [BatchSize]unix.Iovec
	names   [BatchSize]unix.RawSockaddrInet6 // large enough for IPv4
	data    [BatchSize][2048]byte
}

func (b *batch) init() {
	for i := range b.headers {
		b.vectors[i].Base = &b.data[i][0]
		b.vectors[i].SetLen(len(b.data[i]))
		h := &b.headers[i].Msghdr
		h.Name = (*byte)(unsafe.Pointer(&b.names[i]))
		h.Namelen = uint32(unsafe.Sizeof(b.names[i]))
		h.Iov = &b.vectors[i]
		h.SetIovlen(1)
	}
}

func newConn(udp *net.UDPConn) (*Conn, error) {
	raw, err := udp.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &Conn{udp: udp, raw: raw}
	c.in.init()
	c.out.init()
	c.readFn = func(fd uintptr) bool {
		n, _, errn := syscall.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&c.in.headers)), BatchSize, unix.MSG_DONTWAIT, 0, 0)
		c.got, c.readErr = int(n), errn
		return errn != unix.EAGAIN && errn != unix.EINTR
	}
	c.writeFn = func(fd uintptr) bool {
		n, _, errn := syscall.Syscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&c.out.headers[c.sent])), uintptr(c.queued-c.sent), unix.MSG_DONTWAIT, 0, 0)
		if errn != 0 {
			c.writeErr = errn
			return errn != unix.EAGAIN && errn != unix.EINTR
		}
		c.sent += int(n)
		c.writeErr = 0
		return true
	}
	return c, nil
}

// Read waits for packets and returns how many there are, at most BatchSize. The error is net.ErrClosed after Close.
func (c *Conn) Read() (int, error) {
	for i := range BatchSize {
		c.in.headers[i].Namelen = uint32(unsafe.Sizeof(c.in.names[i]))
	}
	if err := c.raw.Read(c.readFn); errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, os.ErrDeadlineExceeded
	} else if err != nil {
		return 0, net.ErrClosed
	}
	runtime.KeepAlive(c)
	if c.readErr != 0 {
		return 0, c.readErr
	}
	return c.got, nil
}

// Packet is the i-th packet read; it is good until the next Read. A packet longer than 2,048 bytes is cut there.
func (c *Conn) Packet(i int) []byte {
	return c.in.data[i][:min(int(c.in.headers[i].n), len(c.in.data[i]))]
}

// Source is where the i-th packet came from.
func (c *Conn) Source(i int) netip.AddrPort {
	name := &c.in.names[i]
	port := func(p uint16) uint16 {
		b := (*[2]byte)(unsafe.Pointer(&p))
		return binary.BigEndian.Uint16(b[:])
	}
	if name.Family == unix.AF_INET {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), port(v4.Port))
	}
	return netip.AddrPortFrom(netip.AddrFrom16(name.Addr).Unmap(), port(name.Port))
}

// Slot is room for the next packet to be sent, 2,048 bytes; when the batch is full it is sent first.
func (c *Conn) Slot() []byte {
	if c.queued == BatchSize {
		c.Flush()
	}
	return c.out.data[c.queued][:0]
}

// Queue takes what was written into Slot, to be sent to where the i-th packet came from.
func (c *Conn) Queue(packet []byte, i int) {
	c.out.names[c.queued] = c.in.names[i]
	c.out.headers[c.queued].Namelen = c.in.headers[i].Namelen
	c.out.vectors[c.queued].SetLen(len(packet))
	c.queued++
}

// Put takes what was written into Slot, to be sent to whom the socket is connected with (Dial).
func (c *Conn) Put(packet []byte) {
	c.out.headers[c.queued].Name, c.out.headers[c.queued].Namelen = nil, 0
	c.out.vectors[c.queued].SetLen(len(packet))
	c.queued++
}

// Flush sends what is queued. A packet that the kernel refuses is passed over, as the network might have lost it.
func (c *Conn) Flush() error {
	for c.sent = 0; c.sent < c.queued; {
		c.writeErr = 0
		if err := c.raw.Write(c.writeFn); err != nil {
			c.queued = 0
			return net.ErrClosed
		}
		if c.writeErr != 0 {
			c.sent++
		}
	}
	runtime.KeepAlive(c)
	c.queued = 0
	return nil
}

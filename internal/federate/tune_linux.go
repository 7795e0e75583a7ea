package federate

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// unsent bounds what the kernel keeps of data that it has not sent yet. Without it a slow uplink would hold megabytes
// of bulk in the socket, and a ping would wait behind them however our own queue is ordered.
const unsent = 64 << 10

// tune sets what a long-lived link wants of its TCP connection; each setting is an improvement, not a condition.
func tune(c net.Conn) {
	if w, ok := c.(interface{ NetConn() net.Conn }); ok { // a connection that came through a front door
		c = w.NetConn()
	}
	t, ok := c.(*net.TCPConn)
	if !ok {
		return
	}
	_ = t.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3})
	raw, err := t.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsent)
	})
}

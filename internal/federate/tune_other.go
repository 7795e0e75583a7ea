//go:build !linux

package federate

import (
	"net"
	"time"
)

// tune sets what a long-lived link wants of its TCP connection.
func tune(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3})
	}
}

package port

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestARestartEndsEveryConnectionAndTheAddressStays(t *testing.T) {
	var every atomic.Int64
	changed := make(chan struct{})
	p := New(Options{Listen: "127.0.0.1:0", Most: 1, Changed: changed, Logger: slog.New(slog.DiscardHandler),
		Restarts: func() (time.Duration, time.Duration) { return time.Duration(every.Load()), 10 * time.Millisecond },
		Serve:    func(_ context.Context, c net.Conn) { io.Copy(c, c) }})
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- p.Run(ctx, func() { close(ready) }) }()
	<-ready
	address := p.Address()
	// echo dials until it is served, and returns the connection.
	echo := func() net.Conn {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
			c, err := net.Dial("tcp", address)
			if err != nil {
				continue
			}
			c.SetDeadline(end)
			c.Write([]byte("x"))
			if n, _ := c.Read(make([]byte, 1)); n == 1 {
				return c
			}
			c.Close()
		}
		t.Fatal("never served")
		return nil
	}
	closed := func(c net.Conn) {
		t.Helper()
		if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("%d bytes, %v", n, err)
		}
		c.Close()
	}
	first := echo()
	if n := p.Counts(); n.Connections != 1 || n.Open != 1 || n.Restarts != 0 {
		t.Errorf("%+v", n)
	}
	second, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	closed(second) // one too many
	p.Restart()
	closed(first)
	third := echo()
	every.Store(int64(time.Millisecond))
	changed <- struct{}{}
	closed(third)
	echo().Close()
	if n := p.Counts(); n.Restarts < 2 || n.Connections < 3 || p.Address() != address {
		t.Errorf("%+v at %s", n, p.Address())
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAPortInUseIsTold(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := New(Options{Listen: l.Addr().String()}).Run(t.Context(), func() { t.Error("ready") }); err == nil {
		t.Error("no error")
	}
}

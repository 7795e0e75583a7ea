package datagram

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestBatchesGoThereAndBack sends packets of many lengths over IPv4 and IPv6 to two sockets that echo them.
func TestBatchesGoThereAndBack(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		conns, err := Listen(context.Background(), address, 2)
		if err != nil {
			t.Skip(address, err)
		}
		done := make(chan error, len(conns))
		for _, c := range conns {
			go func() {
				for {
					n, err := c.Read()
					if err != nil {
						done <- err
						return
					}
					for i := range n {
						if !c.Source(i).Addr().IsLoopback() {
							t.Errorf("%v", c.Source(i))
						}
						c.Queue(append(c.Slot(), c.Packet(i)...), i)
					}
					c.Flush()
				}
			}()
		}
		client, err := Dial(conns[0].LocalAddr())
		if err != nil {
			t.Fatal(err)
		}
		client.SetReadDeadline(time.Now().Add(10 * time.Second))
		back := map[int]bool{}
		for n := range 100 {
			client.Put(append(client.Slot(), bytes.Repeat([]byte{byte(n)}, n+1)...))
		}
		client.Flush()
		for len(back) < 100 {
			n, err := client.Read()
			if err != nil {
				t.Fatalf("%s: %d back: %v", address, len(back), err)
			}
			for i := range n {
				p := client.Packet(i)
				if !bytes.Equal(p, bytes.Repeat([]byte{byte(len(p) - 1)}, len(p))) {
					t.Fatalf("%x", p)
				}
				back[len(p)] = true
			}
		}
		client.Close()
		for _, c := range conns {
			c.Close()
			if err := <-done; !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		}
	}
}

func TestAnAddressIsNotShared(t *testing.T) {
	conns, err := Listen(context.Background(), "127.0.0.1:0", 2)
	if err != nil {
		t.Fatal(err)
	}
	if more, err := Listen(context.Background(), conns[0].LocalAddr().String(), 2); err == nil {
		t.Error("a second listener shares the address")
		for _, c := range more {
			c.Close()
		}
	}
	for _, c := range conns {
		c.Close()
	}
}

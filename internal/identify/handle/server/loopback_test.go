package server

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/datagram"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// BenchmarkUDP resolves over a real socket, one question at a time: what it allocates is for both ends together.
func BenchmarkUDP(b *testing.B) {
	p := NewProcessor(Config{Holdings: oneRecord(), Now: time.Now, Limits: Limits{Rate: -1}})
	door := newUDPDoor(NewDesk(p))
	ctx, cancel := context.WithCancel(context.Background())
	conns, err := datagram.Listen(ctx, "127.0.0.1:0", 1)
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- door.serve(ctx, conns[0]) }()
	defer func() {
		cancel()
		<-done
	}()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(conns[0].LocalAddr()))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	q, buf := question("88.101.5/pump-17", handle.FlagPublicOnly, handle.Question{}), make([]byte, 2048)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := conn.Write(q); err != nil {
			b.Fatal(err)
		}
		if n, err := conn.Read(buf); err != nil || n < 100 {
			b.Fatal(n, err)
		}
	}
}

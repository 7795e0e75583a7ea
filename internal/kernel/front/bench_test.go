package front

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"testing"
)

// BenchmarkDoor: a new connection with its TLS handshake, and bytes over one that stands: without a door, through the
// door of the process that has the cell, and through another's.
func BenchmarkDoor(b *testing.B) {
	echo := func(l net.Listener) {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				t := tls.Server(c, serverTLS())
				_, _ = io.Copy(io.Discard, t)
			}()
		}
	}
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()
	go echo(raw)
	r := newRegion()
	r.set("east", "owner")
	names, err := Names(testCells, []string{domain}, nil)
	if err != nil {
		b.Fatal(err)
	}
	addresses := map[string]string{"none": raw.Addr().String()}
	for _, process := range []string{"owner", "other"} {
		d, err := Listen(b.Context(), Options{Kind: "https", Address: "127.0.0.1:0", Cell: names, Owner: r.of(process), Key: testKey})
		if err != nil {
			b.Fatal(err)
		}
		r.doors[process] = d
		addresses[process] = d.Addr().String()
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan error)
		go func() { done <- d.Serve(ctx) }()
		defer func() { cancel(); <-done }()
	}
	l, err := r.doors["owner"].Listener("east")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go echo(l)
	config := &tls.Config{ServerName: "east." + domain, InsecureSkipVerify: true}
	for _, door := range []string{"none", "owner", "other"} {
		b.Run("connect/"+door, func(b *testing.B) {
			for b.Loop() {
				c, err := tls.Dial("tcp", addresses[door], config)
				if err != nil {
					b.Fatal(err)
				}
				c.Close()
			}
		})
		b.Run("bytes/"+door, func(b *testing.B) {
			c, err := tls.Dial("tcp", addresses[door], config)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			chunk := make([]byte, 256<<10)
			b.SetBytes(int64(len(chunk)))
			for b.Loop() {
				if _, err := c.Write(chunk); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

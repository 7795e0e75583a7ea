//go:build conformance

package server_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/handletest"
)

// recorder stands between the client and the server over UDP and TCP and writes what passes, a line for each packet or
// message: "UDP >" from the client, "UDP <" to it, then hex.
type recorder struct {
	mu  sync.Mutex
	out io.Writer
}

func (r *recorder) line(what string, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.out, "%s %s\n", what, hex.EncodeToString(b))
}

// record starts a recorder into dir/cnri.hex and returns the site by which clients find it.
func record(t *testing.T, n *handletest.Node, dir string) handle.Site {
	f, err := os.Create(filepath.Join(dir, "cnri.hex"))
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{out: f}
	key, _ := handle.AppendPublicKey(nil, &handletest.RSAKey().PublicKey)
	r.line("KEY", key)
	udp, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	t.Cleanup(func() { udp.Close(); tcp.Close(); work.Wait(); f.Close() })
	work.Go(func() { r.udp(udp, n.UDP(), &work) })
	work.Go(func() {
		for {
			conn, err := tcp.Accept()
			if err != nil {
				return
			}
			work.Go(func() { r.tcp(conn, n.TCP()) })
		}
	})
	site := n.Site(3)
	site.Servers[0].Interfaces[0].Port = uint32(udp.LocalAddr().(*net.UDPAddr).Port)
	site.Servers[0].Interfaces[1].Port = uint32(tcp.Addr().(*net.TCPAddr).Port)
	return site
}

func (r *recorder) udp(conn *net.UDPConn, to netip.AddrPort, work *sync.WaitGroup) {
	up := map[netip.AddrPort]*net.UDPConn{}
	defer func() {
		for _, c := range up {
			c.Close()
		}
	}()
	buf := make([]byte, 2048)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		r.line("UDP >", buf[:n])
		c := up[from]
		if c == nil {
			if c, err = net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to)); err != nil {
				return
			}
			up[from] = c
			work.Go(func() {
				back := make([]byte, 2048)
				for {
					n, err := c.Read(back)
					if err != nil {
						return
					}
					r.line("UDP <", back[:n])
					conn.WriteToUDPAddrPort(back[:n], from)
				}
			})
		}
		c.Write(buf[:n])
	}
}

func (r *recorder) tcp(conn net.Conn, to netip.AddrPort) {
	defer conn.Close()
	up, err := net.Dial("tcp", to.String())
	if err != nil {
		return
	}
	defer up.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer up.(*net.TCPConn).CloseWrite()
		r.messages("TCP >", conn, up)
	}()
	r.messages("TCP <", up, conn)
	conn.(*net.TCPConn).CloseWrite()
	<-done
}

func (r *recorder) messages(what string, from io.Reader, to io.Writer) {
	for {
		head := make([]byte, handle.EnvelopeSize)
		if _, err := io.ReadFull(from, head); err != nil {
			return
		}
		e, err := handle.DecodeEnvelope(head)
		if err != nil {
			return
		}
		message := append(head, make([]byte, e.Length)...)
		if _, err := io.ReadFull(from, message[handle.EnvelopeSize:]); err != nil {
			return
		}
		r.line(what, message)
		if _, err := to.Write(message); err != nil {
			return
		}
	}
}

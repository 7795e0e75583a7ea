package federate

import (
	"net"
	"sync"
	"testing"
	"time"
)

// proxy forwards to the node and can cut, stall and slow what goes through it.
type proxy struct {
	addr string
	mu   sync.Mutex
	open []net.Conn
	mode func() (delay time.Duration, chunk int, stall bool)
}

func startProxy(t testing.TB, to string) *proxy {
	ln := must(net.Listen("tcp", "127.0.0.1:0"))
	p := &proxy{addr: ln.Addr().String()}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			a, err := ln.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial("tcp", to)
			if err != nil {
				a.Close()
				continue
			}
			p.mu.Lock()
			p.open = append(p.open, a, b)
			p.mu.Unlock()
			all.Go(func() { p.copy(a, b) })
			all.Go(func() { p.copy(b, a) })
		}
	})
	t.Cleanup(func() { ln.Close(); p.cut(); all.Wait() })
	return p
}

func (p *proxy) copy(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		p.mu.Lock()
		mode := p.mode
		p.mu.Unlock()
		size := len(buf)
		if mode != nil {
			delay, chunk, stall := mode()
			time.Sleep(delay)
			if chunk > 0 {
				size = chunk
			}
			if stall {
				time.Sleep(5 * time.Millisecond)
				if _, err := to.Write(nil); err != nil {
					return
				}
				if p.closed(from) {
					return
				}
				continue
			}
		}
		k, err := from.Read(buf[:size])
		if k > 0 {
			if _, err := to.Write(buf[:k]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *proxy) closed(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.open {
		if o == c {
			return false
		}
	}
	return true
}

func (p *proxy) set(mode func() (time.Duration, int, bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = mode
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.open {
		if t, ok := c.(*net.TCPConn); ok {
			_ = t.SetLinger(0) // a reset, not an orderly end
		}
		c.Close()
	}
	p.open = nil
}

package remote

import (
	"bytes"
	"net"
	"testing"
	"time"
)

// FuzzGuard: whatever a broker sends, what the guard gives out is made of packets that are not above the limit, and
// packets within it come through byte by byte.
func FuzzGuard(f *testing.F) {
	f.Add([]byte("\x30\x05\x00\x01axy"), 3)
	f.Add(append([]byte{0x32, 0xff, 0x01}, make([]byte, 300)...), 7)
	f.Add([]byte{0x30, 0xff, 0xff, 0xff, 0xff, 1}, 1)
	f.Fuzz(func(t *testing.T, in []byte, step int) {
		const limit = 50
		step = max(1, step&63)
		near, far := net.Pipe()
		go func() { far.Write(in); far.Close() }()
		defer near.Close()
		g := newGuard(near, limit, time.Second)
		var out []byte
		buf := make([]byte, step)
		for {
			n, err := g.Read(buf)
			out = append(out, buf[:n]...)
			if err != nil {
				break
			}
		}
		for len(in) > 0 && len(out) > 0 {
			n, h := length(in)
			if h == 0 {
				return
			}
			cut := min(n, limit+1)
			k, oh := length(out)
			if out[0] != in[0] || oh == 0 && len(out) > 4 || oh > 0 && k != cut {
				t.Fatalf("packet of %d became %d", n, k)
			}
			if oh == 0 {
				return
			}
			body, want := out[oh:], in[h:]
			have := min(len(body), cut)
			if !bytes.Equal(body[:have], want[:min(have, len(want))]) {
				t.Fatal("bytes changed")
			}
			out, in = body[have:], want[min(n, len(want)):]
		}
	})
}

// length reads a packet's header; 0 for a header that is not whole.
func length(p []byte) (n, header int) {
	for i := 1; i < len(p) && i <= 4; i++ {
		n |= int(p[i]&127) << (7 * (i - 1))
		if p[i]&128 == 0 {
			return n, i + 1
		}
	}
	return 0, 0
}

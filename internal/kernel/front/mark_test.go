package front

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"testing"

	"github.com/pires/go-proxyproto"
)

var testKey = bytes.Repeat([]byte{7}, 32)

func addr(s string) *net.TCPAddr {
	a, err := net.ResolveTCPAddr("tcp", s)
	if err != nil {
		panic(err)
	}
	return a
}

func read(b []byte, key []byte, door string) (string, []byte, error) {
	a, hello, err := recognise(bufio.NewReaderSize(bytes.NewReader(b), bufferSize), key, door)
	if err != nil {
		return "", nil, err
	}
	return a.String(), hello, nil
}

func TestClientIsRecognised(t *testing.T) {
	hello := helloOf(t, &tls.Config{ServerName: "east.example.com"})
	for _, c := range []struct{ client, reached, want string }{
		{"203.0.113.9:50123", "10.0.0.1:8443", "203.0.113.9:50123"},
		{"[2001:db8::9]:50123", "[2001:db8::1]:8443", "[2001:db8::9]:50123"},
		{"203.0.113.9:50123", "[2001:db8::1]:8443", "203.0.113.9:50123"},
	} {
		b, err := introduce(testKey, "https", addr(c.client), addr(c.reached), hello)
		if err != nil {
			t.Fatal(err)
		}
		if got, first, err := read(append(bytes.Clone(b), "more"...), testKey, "https"); err != nil || got != c.want || !bytes.Equal(first, hello) {
			t.Errorf("%s: %s %v", c.client, got, err)
		}
	}
}

// TestForgedHeaderIsNotBelieved: not one bit of what a door says can be changed, nor said by who has not the key, nor at
// a door of another kind.
func TestForgedHeaderIsNotBelieved(t *testing.T) {
	hello := helloOf(t, &tls.Config{ServerName: "east.example.com"})
	b, err := introduce(testKey, "https", addr("203.0.113.9:50123"), addr("10.0.0.1:8443"), hello)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range len(b) * 8 {
		x := bytes.Clone(b)
		x[bit/8] ^= 1 << (bit % 8)
		if who, _, err := read(x, testKey, "https"); err == nil {
			t.Fatalf("with bit %d changed the client is believed to be %s", bit, who)
		}
	}
	for name, f := range map[string]func() (string, []byte, error){
		"another key":  func() (string, []byte, error) { return read(b, bytes.Repeat([]byte{8}, 32), "https") },
		"another door": func() (string, []byte, error) { return read(b, testKey, "link") },
		"no key here":  func() (string, []byte, error) { return read(b, nil, "https") },
	} {
		if who, _, err := f(); !errors.Is(err, ErrForged) {
			t.Errorf("%s: %s %v", name, who, err)
		}
	}
	// Headers as any program can write them.
	plain := proxyproto.HeaderProxyFromAddrs(2, addr("127.0.0.1:1"), addr("127.0.0.1:2"))
	first := proxyproto.HeaderProxyFromAddrs(1, addr("127.0.0.1:1"), addr("127.0.0.1:2"))
	local := &proxyproto.Header{Version: 2, Command: proxyproto.LOCAL, TransportProtocol: proxyproto.UNSPEC}
	for _, h := range []*proxyproto.Header{plain, first, local} {
		x, err := h.Format()
		if err != nil {
			t.Fatal(err)
		}
		if who, _, err := read(append(x, hello...), testKey, "https"); !errors.Is(err, ErrForged) {
			t.Errorf("version %d, command %d: %s %v", h.Version, h.Command, who, err)
		}
	}
	if _, err := introduce(testKey, "https", &net.TCPAddr{}, addr("10.0.0.1:1"), hello); err == nil {
		t.Error("a header was written for a client without an address")
	}
}

// FuzzRecognise: no bytes are believed but those that the key's owner wrote.
func FuzzRecognise(f *testing.F) {
	good, err := introduce(testKey, "https", addr("203.0.113.9:50123"), addr("10.0.0.1:8443"), []byte("hello"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:30])
	f.Add([]byte("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"))
	f.Add(append(bytes.Clone(proxyproto.SIGV2), 0x21, 0x11, 0xff, 0xff))
	f.Fuzz(func(t *testing.T, b []byte) {
		if who, _, err := read(b, testKey, "https"); err == nil && !bytes.HasPrefix(b, good) {
			t.Fatalf("believed: %s", who)
		}
	})
}

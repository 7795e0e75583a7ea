package front

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// helloOf is the ClientHello that a real client sends.
func helloOf(t testing.TB, config *tls.Config) []byte {
	t.Helper()
	client, server := net.Pipe()
	defer server.Close()
	config.InsecureSkipVerify = true
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = tls.Client(client, config).Handshake()
		client.Close()
	}()
	b := make([]byte, MaxHello)
	n, err := server.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	<-done
	return b[:n]
}

// fragments puts the handshake message of one record into records of n bytes each, which RFC 8446 5.1 allows.
func fragments(record []byte, n int) []byte {
	var out []byte
	for body := record[5:]; len(body) > 0; {
		part := body[:min(n, len(body))]
		body = body[len(part):]
		out = append(append(out, record[0], record[1], record[2], byte(len(part)>>8), byte(len(part))), part...)
	}
	return out
}

func TestServerNameIsRead(t *testing.T) {
	plain := helloOf(t, &tls.Config{ServerName: "East.Example.com"})
	for _, c := range []struct {
		name string
		in   []byte
		want string
		err  error
	}{
		{"TLS 1.3", plain, "east.example.com", nil},
		{"TLS 1.2 only", helloOf(t, &tls.Config{ServerName: "west.example.com", MaxVersion: tls.VersionTLS12}), "west.example.com", nil},
		{"no name", helloOf(t, &tls.Config{}), "", nil},
		{"an address is no name", helloOf(t, &tls.Config{ServerName: "10.0.0.1"}), "", nil},
		{"in fragments of a byte", fragments(plain, 1), "east.example.com", nil},
		{"with more behind it", append(bytes.Clone(plain), "early"...), "east.example.com", nil},
		{"cut off", plain[:len(plain)-1], "", io.EOF},
		{"nothing", nil, "", io.EOF},
		{"HTTP", []byte("GET / HTTP/1.1\r\nHost: east.example.com\r\n\r\n"), "", ErrNotTLS},
		{"an alert", []byte{21, 3, 1, 0, 2, 2, 40}, "", ErrNotTLS},
		{"a ServerHello's type", append([]byte{22, 3, 1, 0, 4}, 2, 0, 0, 0), "", ErrNotTLS},
		{"empty records without end", bytes.Repeat([]byte{22, 3, 1, 0, 0}, MaxHello), "", ErrNotTLS},
		{"a hello of 60 KiB", append([]byte{22, 3, 1, 0x40, 0, 1, 0, 0xf0, 0}, make([]byte, 1<<16)...), "", ErrTooLong},
	} {
		for how, r := range map[string]io.Reader{"at once": bytes.NewReader(c.in), "by bytes": iotest.OneByteReader(bytes.NewReader(c.in))} {
			name, read, err := ReadHello(r)
			if name != c.want || !errors.Is(err, c.err) || len(read) > MaxHello || !bytes.HasPrefix(c.in, read) {
				t.Errorf("%s, %s: %q, %d bytes, %v", c.name, how, name, len(read), err)
			}
		}
	}
}

func TestNamesOfCells(t *testing.T) {
	of, err := Names([]string{"east", "west"}, []string{"jw.example.com", "Plant.Local"}, map[string]string{"Old-Name.example.com": "west"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"east.jw.example.com": "east", "WEST.plant.local": "west", "old-name.example.com": "west",
		"": "", "jw.example.com": "", "north.jw.example.com": "", "east.jw.example.com.evil.com": "", "x.east.jw.example.com": "", "east": "",
	} {
		if got, ok := of(name); got != want || ok != (want != "") {
			t.Errorf("%q is of %q", name, got)
		}
	}
	for _, c := range []struct {
		domains []string
		exact   map[string]string
		want    string
	}{
		{nil, nil, "no names"},
		{[]string{"a b"}, nil, `"a b"`},
		{[]string{"*.example.com"}, nil, "*.example.com"},
		{nil, map[string]string{"x.example.com": "north"}, `"north"`},
		{nil, map[string]string{"-x": "east"}, `"-x"`},
		{[]string{"d.com"}, map[string]string{"east.d.com": "west"}, "of the cells east and west"},
	} {
		if _, err := Names([]string{"east", "west"}, c.domains, c.exact); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v %v: %v", c.domains, c.exact, err)
		}
	}
}

// FuzzReadHello: whatever a client sends, reading ends within the limit, never panics, and keeps exactly what was sent.
func FuzzReadHello(f *testing.F) {
	plain := helloOf(f, &tls.Config{ServerName: "east.example.com"})
	f.Add(plain)
	f.Add(helloOf(f, &tls.Config{ServerName: "west.example.com", MaxVersion: tls.VersionTLS12}))
	f.Add(helloOf(f, &tls.Config{}))
	f.Add(fragments(plain, 7))
	f.Add(plain[:40])
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte{21, 3, 1, 0, 2, 2, 40})
	files, _ := filepath.Glob("testdata/*.hello")
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		name, read, err := ReadHello(bytes.NewReader(b))
		if !bytes.HasPrefix(b, read) || len(read) > MaxHello {
			t.Fatalf("%d bytes of %d read", len(read), len(b))
		}
		if err != nil && name != "" {
			t.Fatalf("%q of a ClientHello that is none: %v", name, err)
		}
		if err == nil {
			// What was read is all that a server needs to see the same name.
			if again, _, err := ReadHello(bytes.NewReader(read)); err != nil || again != name {
				t.Fatalf("%q, then %q %v", name, again, err)
			}
			if name != strings.ToLower(name) {
				t.Fatal(name)
			}
		}
	})
}

// TestHellosOfOpenSSL: those in testdata were sent by OpenSSL 3, s_client.
func TestHellosOfOpenSSL(t *testing.T) {
	for file, want := range map[string]string{"openssl-tls13.hello": "east.example.com", "openssl-tls12.hello": "west.example.com", "openssl-noname.hello": ""} {
		b, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		if name, read, err := ReadHello(bytes.NewReader(b)); err != nil || name != want || !bytes.Equal(read, b) {
			t.Errorf("%s: %q %v", file, name, err)
		}
	}
}

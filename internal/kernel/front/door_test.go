package front

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"
	"github.com/prometheus/client_golang/prometheus"
)

const domain = "jw.test"

var testCells = []string{"east", "west"}

// region is a deployment whose owners the test sets.
type region struct {
	mu    sync.Mutex
	owner map[string]string // by cell: a process
	stale map[string]string // what those who do not ask afresh are told
	doors map[string]*Door
	asked int // afresh
}

func (r *region) set(cell, process string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.owner[cell] = process
}

func (r *region) of(process string) func(context.Context, string, bool) (Place, bool) {
	return func(_ context.Context, cell string, fresh bool) (Place, bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		owner := r.owner[cell]
		if old, ok := r.stale[cell]; ok && !fresh {
			owner = old
		}
		if fresh {
			r.asked++
		}
		if owner == "" {
			return Place{}, false
		}
		p := Place{Process: owner, Mine: owner == process}
		if d := r.doors[owner]; d != nil {
			p.Address = d.Addr().String()
		}
		return p, true
	}
}

func newRegion() *region {
	return &region{owner: map[string]string{}, stale: map[string]string{}, doors: map[string]*Door{}}
}

func (r *region) door(t *testing.T, process string, tune func(*Options)) *Door {
	t.Helper()
	names, err := Names(testCells, []string{domain}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Kind: "https", Address: "127.0.0.1:0", Cell: names, Owner: r.of(process), Key: testKey}
	if tune != nil {
		tune(&o)
	}
	d, err := Listen(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	r.doors[process] = d
	r.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- d.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if len(d.guests) != 0 || d.pending != 0 {
			t.Errorf("%s's door has %d connections, %d pending after it has closed", process, len(d.guests), d.pending)
		}
	})
	return d
}

var certificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: []string{"*." + domain},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

func serverTLS() *tls.Config { return &tls.Config{Certificates: []tls.Certificate{certificate()}} }

// web serves HTTPS on a cell's end of a door: it answers with its process and the address it sees.
func web(t *testing.T, d *Door, cell, process string) (stop func()) {
	t.Helper()
	l, err := d.Listener(cell)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_, _ = io.Copy(w, r.Body)
			return
		}
		fmt.Fprintf(w, "%s %s %s", cell, process, r.RemoteAddr)
	})}
	done := make(chan error)
	go func() { done <- s.Serve(tls.NewListener(l, serverTLS())) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			_ = s.Close()
			if err := <-done; !errors.Is(err, http.ErrServerClosed) {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// client is a browser of one tab that remembers its own address.
func client(t *testing.T, d *Door) (c *http.Client, local func() string) {
	var mu sync.Mutex
	var mine string
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, "tcp", d.Addr().String())
			if err == nil {
				mu.Lock()
				mine = c.LocalAddr().String()
				mu.Unlock()
			}
			return c, err
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}, func() string { mu.Lock(); defer mu.Unlock(); return mine }
}

func get(c *http.Client, cell string) (string, error) {
	r, err := c.Get("https://" + cell + "." + domain + "/")
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return string(b), err
}

// TestClientsReachTheirCell through the door of either process, and the node sees their own address.
func TestClientsReachTheirCell(t *testing.T) {
	r := newRegion()
	a, b := r.door(t, "a", nil), r.door(t, "b", nil)
	r.set("east", "a")
	r.set("west", "b")
	web(t, a, "east", "a")
	web(t, b, "west", "b")
	for _, d := range []*Door{a, b} {
		for cell, process := range r.owner {
			c, local := client(t, d)
			got, err := get(c, cell)
			if want := cell + " " + process + " " + local(); err != nil || got != want {
				t.Errorf("%q %v, want %q", got, err, want)
			}
			// Much data, both ways, on the same connection.
			body := bytes.Repeat([]byte("0123456789abcdef"), 1<<17)
			p, err := c.Post("https://"+cell+"."+domain+"/", "", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			back, err := io.ReadAll(p.Body)
			p.Body.Close()
			if err != nil || !bytes.Equal(back, body) {
				t.Errorf("%d bytes of %d came back: %v", len(back), len(body), err)
			}
		}
	}
	if a.Count("local") != 2 || a.Count("piped") != 1 || b.Count("local") != 2 || b.Count("piped") != 1 {
		t.Errorf("a: %d local, %d piped; b: %d, %d", a.Count("local"), a.Count("piped"), b.Count("local"), b.Count("piped"))
	}
}

// TestCellMovesWhileClientsDial: its listener closes here and opens there, and the next connection finds it.
func TestCellMovesWhileClientsDial(t *testing.T) {
	r := newRegion()
	a, b := r.door(t, "a", nil), r.door(t, "b", func(o *Options) { o.Wait = time.Minute })
	r.set("east", "a")
	stop := web(t, a, "east", "a")
	c, _ := client(t, b)
	if got, err := get(c, "east"); err != nil || !strings.HasPrefix(got, "east a") {
		t.Fatal(got, err)
	}
	if _, err := a.Listener("east"); err == nil {
		t.Error("a listener was opened twice")
	}
	// Nobody has it; the client waits.
	r.set("east", "")
	stop()
	answer := make(chan string)
	go func() {
		got, err := get(c, "east")
		answer <- fmt.Sprint(got, err)
	}()
	for { // until the door has asked
		r.mu.Lock()
		asked := r.asked
		r.mu.Unlock()
		if asked > 2 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	// b has it before its node is open.
	r.set("east", "b")
	stop = web(t, b, "east", "b")
	if got := <-answer; !strings.HasPrefix(got, "east b") {
		t.Error(got)
	}
	// And back: the door of b was told long ago that a has no such cell.
	stop()
	r.set("east", "a")
	web(t, a, "east", "a")
	if got, err := get(c, "east"); err != nil || !strings.HasPrefix(got, "east a") {
		t.Error(got, err)
	}
}

// TestNoOneHasTheCell: the client is let go after a while.
func TestNoOneHasTheCell(t *testing.T) {
	r := newRegion()
	d := r.door(t, "a", func(o *Options) { o.Wait = 50 * time.Millisecond })
	c, _ := client(t, d)
	if got, err := get(c, "east"); err == nil {
		t.Error(got)
	}
	// Somebody has it who cannot be reached, or has no such door.
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	for _, address := range []string{gone.Addr().String(), ""} {
		d := r.door(t, "b", func(o *Options) {
			o.Wait = 50 * time.Millisecond
			o.Owner = func(context.Context, string, bool) (Place, bool) { return Place{Process: "x", Address: address}, true }
		})
		c, _ := client(t, d)
		if got, err := get(c, "east"); err == nil || d.Count("nobody") != 1 {
			t.Error(got, err)
		}
	}
}

// TestDoorsThatDisagreeDoNotLoop: each believes that the other has the cell; a connection is piped once, and refused.
func TestDoorsThatDisagreeDoNotLoop(t *testing.T) {
	r := newRegion()
	a := r.door(t, "a", func(o *Options) { o.Wait = 300 * time.Millisecond })
	b := r.door(t, "b", func(o *Options) {
		o.Owner = func(ctx context.Context, cell string, fresh bool) (Place, bool) {
			return Place{Process: "a", Address: a.Addr().String()}, true
		}
	})
	r.set("east", "b")
	c, _ := client(t, a)
	if got, err := get(c, "east"); err == nil {
		t.Error(got)
	}
	if b.Count("moved") == 0 || a.Count("moved") != 0 || a.Count("piped")+b.Count("piped") != 0 {
		t.Errorf("b refused %d, a %d; piped %d, %d", b.Count("moved"), a.Count("moved"), a.Count("piped"), b.Count("piped"))
	}
}

// TestOldPictureIsMended: a's picture is old; b refuses, a asks afresh and finds the cell at c, with the same first bytes.
func TestOldPictureIsMended(t *testing.T) {
	r := newRegion()
	a, b, c := r.door(t, "a", nil), r.door(t, "b", nil), r.door(t, "c", nil)
	r.set("east", "c")
	r.stale["east"] = "b"
	web(t, c, "east", "c")
	h, local := client(t, a)
	if got, err := get(h, "east"); err != nil || got != "east c "+local() {
		t.Error(got, err)
	}
	if b.Count("moved") != 1 || c.Count("local") != 1 || a.Count("piped") != 1 {
		t.Error(b.Count("moved"), c.Count("local"), a.Count("piped"))
	}
}

// TestPipesToFormerOwnerEnd: a machine that lost its power does not close its connections; its clients are let go once the
// cell is another's.
func TestPipesToFormerOwnerEnd(t *testing.T) {
	r := newRegion()
	a, b := r.door(t, "a", nil), r.door(t, "b", nil)
	r.set("east", "b")
	web(t, b, "east", "b")
	raw, err := tls.Dial("tcp", a.Addr().String(), &tls.Config{ServerName: "east." + domain, InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	r.set("east", "a") // b's node still stands
	if n, err := raw.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d bytes came", n)
	}
}

// TestHalfClosedPipeGoesOn: a client that has ended its side still hears the rest.
func TestHalfClosedPipeGoesOn(t *testing.T) {
	r := newRegion()
	a, b := r.door(t, "a", nil), r.door(t, "b", nil)
	r.set("east", "b")
	l, err := b.Listener("east")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	hello := helloOf(t, &tls.Config{ServerName: "east." + domain})
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			done <- err
			return
		}
		defer c.Close()
		first := make([]byte, len(hello))
		if _, err := io.ReadFull(c, first); err != nil || !bytes.Equal(first, hello) {
			done <- fmt.Errorf("the node read %d bytes: %v", len(first), err)
			return
		}
		_, _ = c.Write([]byte("hear"))
		if rest, err := io.ReadAll(c); err != nil || string(rest) != "said" {
			done <- fmt.Errorf("the node heard %q %v", rest, err)
			return
		}
		_, _ = c.Write([]byte(" more"))
		done <- c.(*Conn).CloseWrite()
	}()
	c, err := net.Dial("tcp", a.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = c.Write(hello)
	got := make([]byte, 4)
	if _, err := io.ReadFull(c, got); err != nil {
		t.Fatal(err)
	}
	_, _ = c.Write([]byte("said"))
	_ = c.(*net.TCPConn).CloseWrite()
	rest, err := io.ReadAll(c)
	if err != nil || string(got)+string(rest) != "hear more" {
		t.Errorf("%q %q %v", got, rest, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestUnknownNameIsAnsweredWithAnAlert that clients understand.
func TestUnknownNameIsAnsweredWithAnAlert(t *testing.T) {
	r := newRegion()
	d := r.door(t, "a", nil)
	for _, name := range []string{"north." + domain, "", domain} {
		c, err := tls.Dial("tcp", d.Addr().String(), &tls.Config{ServerName: name, InsecureSkipVerify: true})
		if err == nil {
			c.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "remote error: tls: unrecognized name") {
			t.Errorf("%q: %v", name, err)
		}
	}
	if d.Count("unknown-name") != 3 {
		t.Error(d.Count("unknown-name"))
	}
}

// TestForgedAddressIsNotBelieved: a client's own PROXY header closes its connection.
func TestForgedAddressIsNotBelieved(t *testing.T) {
	r := newRegion()
	d := r.door(t, "a", nil)
	r.set("east", "a")
	web(t, d, "east", "a")
	hello := helloOf(t, &tls.Config{ServerName: "east." + domain})
	header, err := proxyproto.HeaderProxyFromAddrs(2, addr("8.8.8.8:53"), addr("127.0.0.1:1")).Format()
	if err != nil {
		t.Fatal(err)
	}
	v1, err := proxyproto.HeaderProxyFromAddrs(1, addr("8.8.8.8:53"), addr("127.0.0.1:1")).Format()
	if err != nil {
		t.Fatal(err)
	}
	other, err := introduce(bytes.Repeat([]byte{9}, 32), "https", addr("8.8.8.8:53"), addr("127.0.0.1:1"), hello)
	if err != nil {
		t.Fatal(err)
	}
	for name, first := range map[string][]byte{"version 2": append(header, hello...), "version 1": append(v1, hello...), "another deployment": other} {
		if got := speak(t, d, first); len(got) > 0 {
			t.Errorf("%s: the door answers % x", name, got)
		}
	}
	if d.Count("forged") != 2 || d.Count("not-tls") != 1 || d.Count("local") != 0 {
		t.Error(d.Count("forged"), d.Count("not-tls"), d.Count("local"))
	}
}

// speak sends bytes and returns what comes until the door closes.
func speak(t *testing.T, d *Door, b []byte) []byte {
	t.Helper()
	c, err := net.Dial("tcp", d.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = c.Write(b)
	got, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
	return got
}

// TestSlowClientIsCutOff however steadily it drips.
func TestSlowClientIsCutOff(t *testing.T) {
	r := newRegion()
	d := r.door(t, "a", func(o *Options) { o.HelloTimeout = 100 * time.Millisecond })
	r.set("east", "a")
	web(t, d, "east", "a")
	hello := helloOf(t, &tls.Config{ServerName: "east." + domain})
	silent, err := net.Dial("tcp", d.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	c, err := net.Dial("tcp", d.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	dripped := 0
	for _, b := range hello {
		if _, err := c.Write([]byte{b}); err != nil {
			break
		}
		dripped++
		time.Sleep(5 * time.Millisecond)
	}
	if dripped == len(hello) {
		t.Error("a ClientHello of a second was read to its end")
	}
	if _, err := silent.Read(make([]byte, 1)); err == nil {
		t.Error("a silent client hears something")
	}
	for d.Count("slow") < 2 {
		time.Sleep(time.Millisecond)
	}
	// The door is not the worse for it.
	h, _ := client(t, d)
	if got, err := get(h, "east"); err != nil {
		t.Error(got, err)
	}
}

// TestThousandConnectionsAreBounded: those beyond the limit are refused at once, those within are served, and places come
// free again.
func TestThousandConnectionsAreBounded(t *testing.T) {
	const limit, pending = 300, 100
	r := newRegion()
	d := r.door(t, "a", func(o *Options) { o.MaxConns, o.MaxPending, o.HelloTimeout = limit, pending, time.Minute })
	r.set("east", "a")
	l, err := d.Listener("east")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	hello := helloOf(t, &tls.Config{ServerName: "east." + domain})
	var conns []net.Conn
	dial := func(n int, first []byte) {
		for range n {
			c, err := net.Dial("tcp", d.Addr().String())
			if errors.Is(err, syscall.ECONNRESET) { // refused before dialling had ended
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, c)
			_, _ = c.Write(first)
		}
	}
	settled := func(what string, ok func() bool) {
		t.Helper()
		for limit := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatal(what)
			}
		}
	}
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	// Those that say nothing.
	dial(500, nil)
	settled("the silent are bounded", func() bool { return d.Count("full") == 500-pending })
	for _, c := range conns {
		c.Close()
	}
	conns = conns[:0]
	settled("their places are free", func() bool { d.mu.Lock(); defer d.mu.Unlock(); return d.conns == 0 && d.pending == 0 })
	// Those that a node accepts and keeps.
	var accepted []net.Conn
	for range limit {
		dial(1, hello)
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		accepted = append(accepted, c)
	}
	before := d.Count("full")
	dial(1000-500-limit, hello)
	settled("the others are refused", func() bool { return d.Count("full")-before == 1000-500-limit })
	if d.Count("local") != limit {
		t.Error(d.Count("local"))
	}
	for _, c := range accepted {
		c.Close()
		c.Close() // once counts
	}
	d.mu.Lock()
	if d.conns != 0 {
		t.Errorf("%d places are taken", d.conns)
	}
	d.mu.Unlock()
	dial(1, hello)
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// TestNodeThatDoesNotAccept: what was not accepted stays the door's, and is closed with it.
func TestNodeThatDoesNotAccept(t *testing.T) {
	r := newRegion()
	d := r.door(t, "a", func(o *Options) { o.Wait = 50 * time.Millisecond })
	r.set("east", "a")
	l, err := d.Listener("east")
	if err != nil {
		t.Fatal(err)
	}
	hello := helloOf(t, &tls.Config{ServerName: "east." + domain})
	if got := speak(t, d, hello); len(got) > 0 || d.Count("nobody") != 1 {
		t.Errorf("% x", got)
	}
	if l.Addr().String() != d.Addr().String() {
		t.Error(l.Addr())
	}
	l.Close()
	l.Close()
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if l, err = d.Listener("east"); err != nil {
		t.Fatal(err)
	}
	l.Close()
}

func TestDoorTellsItsNumbers(t *testing.T) {
	r := newRegion()
	a, b := r.door(t, "a", nil), r.door(t, "b", func(o *Options) { o.Kind = "link" })
	g := prometheus.NewRegistry()
	g.MustRegister(a, b)
	speak(t, a, []byte("GET / HTTP/1.1\r\n\r\n"))
	all, err := g.Gather()
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	found := false
	for _, m := range all[1].Metric {
		s := m.String()
		found = found || strings.Contains(s, `"not-tls"`) && strings.Contains(s, `"https"`) && m.Counter.GetValue() == 1
	}
	if !found {
		t.Error(all)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	cells := func(string) (string, bool) { return "", false }
	owner := func(context.Context, string, bool) (Place, bool) { return Place{}, false }
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Kind: "https", Address: "127.0.0.1:0", Cell: cells}, "Owner"},
		{Options{Kind: "https", Address: "127.0.0.1:0", Cell: cells, Owner: owner, Key: []byte("short")}, "5 bytes"},
		{Options{Kind: "https", Address: "127.0.0.1:x", Cell: cells, Owner: owner}, "127.0.0.1:x"},
	} {
		if d, err := Listen(t.Context(), c.o); err == nil || !strings.Contains(fmt.Sprint(err, c.o.Address), c.want) {
			t.Error(d, err)
		}
	}
	d, err := Listen(t.Context(), Options{Kind: "https", Address: "127.0.0.1:0", Cell: cells, Owner: owner})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

package broker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestClientsThatHaveNoRightAreRefusedInTheWordsOfTheirVersion(t *testing.T) {
	h := newHouse()
	b := open(t, h)
	for _, c := range []struct {
		name   string
		hello  hello
		v3, v5 byte
	}{
		{"wrong password", hello{id: "d", password: "guess"}, 4, 0x86},
		{"barred", hello{id: "d", user: "barred"}, 5, 0x87},
		{"the node cannot tell now", hello{id: "d", user: "store"}, 3, 0x89},
		{"a will to another's topic", hello{id: "d", will: "other/x"}, 5, 0x87},
		{"an endless client id", hello{id: strings.Repeat("x", 600)}, 2, 0x85},
	} {
		for version, want := range map[byte]byte{4: c.v3, 5: c.v5} {
			c.hello.version = version
			client, ack := connect(t, b, c.hello)
			if ack[0] != 0 || ack[1] != want {
				t.Errorf("%s, version %d: CONNACK % x, want code %x", c.name, version, ack, want)
			}
			client.cut(0)
		}
	}
	// Nobody is anonymous, whatever the handler thinks.
	c := dial(t, b)
	c.send([]byte("\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01d"))
	c.expect(0x20, 0, 4)
	c.cut(0)
}

func TestASessionIsNeverKept(t *testing.T) {
	h := newHouse()
	b := open(t, h)
	c := must(t, b, hello{id: "d1", keep: true})
	c.send(packet(0x82, append([]byte{0, 1}, append(field("mine/#"), 1)...)))
	c.expect(0x90, 0, 1, 1)
	c.Close()
	h.session(t, 0).end(t)
	must(t, b, hello{id: "d1", keep: true}) // must looks at session present
	if err := h.session(t, 1).client.Conn.Send("mine/x", nil, 0, false); !errors.Is(err, ErrNotSubscribed) {
		t.Errorf("a subscription outlived its connection: %v", err)
	}
	expiry := []byte{17, 0, 0, 14, 16} // session expiry interval 3600 s
	v5, ack := connect(t, b, hello{version: 5, id: "d2", keep: true, props: expiry})
	if ack[0] != 0 || ack[1] != 0 || !bytes.Contains(ack[3:], []byte{17, 0, 0, 0, 0}) {
		t.Errorf("CONNACK % x does not say that the session is not kept", ack)
	}
	v5.send(packet(0xE0, append([]byte{0, 5}, expiry...)))
	if err := h.session(t, 2).end(t); err != nil {
		t.Errorf("a proper DISCONNECT closed with %v", err)
	}
}

func TestAClientTakesOverItsOwnConnectionOnly(t *testing.T) {
	h := newHouse()
	b := open(t, h)
	first := must(t, b, hello{version: 5, id: "d1", user: "u1", will: "will"})
	other := must(t, b, hello{id: "d1", user: "u2"})
	second := must(t, b, hello{id: "d1", user: "u1"})
	first.cut(0x8E)
	old := h.session(t, 0)
	if err := old.end(t); !errors.Is(err, ErrTakenOver) {
		t.Errorf("closed with %v", err)
	}
	if m := old.wait(t, 1); !m[0].Will {
		t.Errorf("no will: %v", m)
	}
	other.alive()
	second.alive()
	if n := b.Stats(); n.TakeOvers != 1 || n.Clients != 2 {
		t.Errorf("%+v", n)
	}
	// A name cannot be built that collides with another's.
	must(t, b, hello{id: "b/c", user: "a"})
	must(t, b, hello{id: "c", user: "a/b"})
	if n := b.Stats(); n.Clients != 4 {
		t.Errorf("%d clients", n.Clients)
	}
}

func TestWills(t *testing.T) {
	h := newHouse()
	b := open(t, h, func(o *Options) { o.ConnectTimeout = time.Second })
	for i, c := range []struct {
		name string
		end  func(*raw)
		will bool
	}{
		{"killed", func(c *raw) { c.Conn.(*net.TCPConn).SetLinger(0); c.Close() }, true},
		{"closed", func(c *raw) { c.Close() }, true},
		{"disconnected", func(c *raw) { c.send([]byte{0xE0, 0}) }, false},
		{"not MQTT any more", func(c *raw) { c.send([]byte{0xF3, 0}) }, true},
		{"disconnected with will", func(c *raw) { c.send([]byte{0xE0, 2, 4, 0}) }, true},
	} {
		version := byte(4)
		if strings.Contains(c.name, "with will") {
			version = 5
		}
		client := must(t, b, hello{version: version, id: fmt.Sprint("d", i), will: "my/will"})
		client.publish("a", 0, 0, "x")
		s := h.session(t, i)
		s.wait(t, 1)
		c.end(client)
		err := s.end(t)
		m := s.wait(t, 1)
		if got := len(m) == 2; got != c.will || (err == nil) == c.will {
			t.Errorf("%s: will %v, closed with %v", c.name, got, err)
		} else if got && (!m[1].Will || m[1].Topic != "my/will" || string(m[1].Payload) != "gone" || m[1].QoS != 1) {
			t.Errorf("%s: %+v", c.name, m[1])
		}
	}
}

func TestAMessageThatIsTooLargeIsRefusedUnread(t *testing.T) {
	h := newHouse()
	b := open(t, h)
	c, neighbour := must(t, b, hello{id: "d1"}), must(t, b, hello{id: "d2"})
	head := binary.AppendUvarint([]byte{0x32}, 100_000_000)
	c.send(append(head, make([]byte, 1000)...))
	c.cut(0)
	if err := h.session(t, 0).end(t); !errors.Is(err, ErrTooLarge) {
		t.Errorf("closed with %v", err)
	}
	neighbour.publish("a", 1, 1, "x")
	neighbour.expect(0x40, 0, 1)
	// Nor before signing in: a CONNECT has no business to be long.
	d := dial(t, b)
	d.send(binary.AppendUvarint([]byte{0x10}, 900_000))
	d.cut(0)
	h.until(t, "counts", func() bool { return true })
	for began := time.Now(); b.Stats().Refused["size"] != 2; time.Sleep(time.Millisecond) {
		if time.Since(began) > 5*time.Second {
			t.Fatalf("counted %v", b.Stats().Refused)
		}
	}
}

func TestTopicsThatAreNotTheClients(t *testing.T) {
	h := newHouse()
	b := open(t, h)
	v5, v4 := must(t, b, hello{version: 5, id: "d1"}), must(t, b, hello{id: "d2"})
	v5.publish("other/x", 1, 1, "x")
	v5.expect(0x40, 0, 1, 0x87)
	v5.publish("a", 1, 2, "x")
	v5.expect(0x40, 0, 2)
	v4.publish("other/x", 0, 0, "x") // nobody waits for an answer
	v4.alive()
	v4.publish("other/x", 1, 1, "x")
	v4.cut(0)
	if err := h.session(t, 1).end(t); !errors.Is(err, ErrTopic) {
		t.Errorf("closed with %v", err)
	}
	if m := h.session(t, 0).wait(t, 1); len(m) != 1 || m[0].Topic != "a" {
		t.Errorf("got %v", m)
	}
	if n := b.Stats().Refused["topic"]; n != 3 {
		t.Errorf("counted %d", n)
	}
}

func TestTopicAliasesAndTopicsThatBeginWithSys(t *testing.T) {
	h := newHouse()
	b := open(t, h)
	c := must(t, b, hello{version: 5, id: "d1"})
	c.publish("$sys/product/device/thing/property/post", 1, 1, "one", 35, 0, 3)
	c.expect(0x40, 0, 1)
	c.publish("", 1, 2, "two", 35, 0, 3)
	c.expect(0x40, 0, 2)
	for i, m := range h.session(t, 0).wait(t, 2) {
		if m.Topic != "$sys/product/device/thing/property/post" || string(m.Payload) != []string{"one", "two"}[i] {
			t.Errorf("got %+v", m)
		}
	}
	c.publish("", 1, 3, "x", 35, 0, 4) // never introduced
	c.cut(0x94)
}

func TestTheNodesMessagesGoToTheRightClientAlone(t *testing.T) {
	h := newHouse()
	b := open(t, h)
	a, other := must(t, b, hello{id: "a"}), must(t, b, hello{version: 5, id: "b", props: []byte{33, 0, 2}}) // receive maximum 2
	subscribe := func(c *raw, id byte, filter string, want byte) {
		t.Helper()
		p := []byte{0, id}
		if c.version == 5 {
			p = append(p, 0)
		}
		c.send(packet(0x82, append(append(p, field(filter)...), 1)))
		first, body := c.read()
		if first != 0x90 || body[len(body)-1] != want {
			t.Fatalf("SUBSCRIBE %s: %x % x", filter, first, body)
		}
	}
	subscribe(a, 1, "mine/#", 1)
	subscribe(other, 1, "mine/+", 1)
	subscribe(a, 2, "#", 0x80)
	subscribe(other, 2, "$share/g/mine/x", 0x87)
	subscribe(a, 3, "state/+", 1) // the state comes right after the SUBACK
	a.expect(0x33, append(field("state/host"), append([]byte{0, 1}, "online"...)...)...)
	a.send([]byte{0x40, 2, 0, 1})
	sa, sb := h.session(t, 0), h.session(t, 1)
	for _, err := range []error{sa.client.Conn.Send("mine/a", []byte("1"), 0, false), sb.client.Conn.Send("mine/b", []byte("2"), 2, false)} {
		if err != nil {
			t.Error(err)
		}
	}
	a.expect(0x30, append(field("mine/a"), '1')...)
	other.expect(0x32, append(field("mine/b"), 0, 1, 0, '2')...)
	a.publish("mine/b", 1, 1, "to the other?") // no bus
	a.expect(0x40, 0, 1)
	other.alive()
	if err := sb.client.Conn.Send("mine/b/c", nil, 0, false); !errors.Is(err, ErrNotSubscribed) {
		t.Error(err)
	}
	// The client's receive maximum is kept, and what waits goes out with its acknowledgements.
	for i := range 4 {
		if err := sb.client.Conn.Send("mine/b", []byte{byte(i)}, 1, false); err != nil {
			t.Fatal(err)
		}
	}
	other.expect(0x32, append(field("mine/b"), 0, 2, 0, 0)...)
	other.alive()
	other.send([]byte{0x40, 2, 0, 1, 0x40, 2, 0, 2})
	other.expect(0x32, append(field("mine/b"), 0, 3, 0, 1)...)
	other.expect(0x32, append(field("mine/b"), 0, 4, 0, 2)...)
	for range 2000 { // and it is bounded
		if err := sb.client.Conn.Send("mine/b", nil, 1, false); err != nil {
			if !errors.Is(err, ErrQueueFull) {
				t.Error(err)
			}
			return
		}
	}
	t.Error("no end of the queue")
}

func TestClientsThatSayNothing(t *testing.T) {
	h := newHouse()
	b := open(t, h, func(o *Options) { o.ConnectTimeout = 150 * time.Millisecond })
	c := dial(t, b)
	c.send([]byte{0x10})
	c.cut(0) // never said the rest of its CONNECT
	quiet := must(t, b, hello{id: "quiet"})
	one := must(t, b, hello{id: "one", keepAlive: 1})
	one.cut(0)
	if err := h.session(t, 1).end(t); err == nil {
		t.Error("a silent client closed without a reason")
	}
	quiet.alive() // no keep-alive was promised
}

func TestTheDoorHasAWidth(t *testing.T) {
	h := newHouse()
	b := open(t, h, func(o *Options) { o.MaxConns, o.MaxPending = 2, 3 })
	must(t, b, hello{id: "a"})
	second := must(t, b, hello{id: "b"})
	_, ack := connect(t, b, hello{id: "c"})
	if ack[1] != 3 {
		t.Errorf("CONNACK % x", ack)
	}
	second.Close()
	h.session(t, 1).end(t)
	for began := time.Now(); b.Stats().Clients != 1 && time.Since(began) < 5*time.Second; time.Sleep(time.Millisecond) {
	}
	must(t, b, hello{id: "c"})
	silent := []*raw{dial(t, b), dial(t, b), dial(t, b), dial(t, b)}
	silent[3].cut(0)
	// One client and one connection; another where the first client's connection was still ending.
	if n := b.Stats().Refused["busy"]; n != 2 && n != 3 {
		t.Errorf("counted %d", n)
	}
}

func TestASlowReaderHarmsNobody(t *testing.T) {
	h := newHouse()
	k := hold(h)
	b := open(t, h, func(o *Options) { o.WriteTimeout = 300 * time.Millisecond })
	slow := must(t, b, hello{id: "slow"})
	slow.Conn.(*net.TCPConn).SetReadBuffer(1024)
	slow.send(packet(0x82, append([]byte{0, 1}, append(field("mine/#"), 0)...)))
	slow.expect(0x90, 0, 1, 0)
	slow.publish("a", 1, 1, "x")
	done := k.next(t)
	s := h.session(t, 0)
	big := make([]byte, 100_000)
	for i := 0; ; i++ { // fill the socket and the queue; no call blocks
		if err := s.client.Conn.Send("mine/x", big, 0, false); err != nil {
			if !errors.Is(err, ErrGone) {
				t.Error(err)
			}
			break
		}
		if i > 1000 {
			t.Fatal("no bound")
		}
	}
	done(nil) // the committer does not wait either
	if err := s.end(t); !errors.Is(err, ErrUnread) {
		t.Errorf("closed with %v", err)
	}
	// One that reads nothing, with little enough queued: it is given the write time-out.
	slow = must(t, b, hello{id: "slow2"})
	slow.Conn.(*net.TCPConn).SetReadBuffer(1024)
	slow.send(packet(0x82, append([]byte{0, 1}, append(field("mine/#"), 0)...)))
	slow.expect(0x90, 0, 1, 0)
	s = h.session(t, 1)
	c := s.client.Conn.(*peer).conn
	waits := func() int { c.mu.Lock(); defer c.mu.Unlock(); return len(c.out) }
	for i := 0; waits() < 200_000 && c.reason() == nil; i++ { // until the socket takes no more
		if s.client.Conn.Send("mine/x", big[:50_000], 0, false); waits() >= 200_000 {
			time.Sleep(20 * time.Millisecond)
		}
	}
	neighbour := must(t, b, hello{id: "n"})
	neighbour.publish("a", 1, 9, "x")
	k.next(t)(nil)
	neighbour.expect(0x40, 0, 9)
	if err := s.end(t); !errors.Is(err, ErrUnread) {
		t.Errorf("closed with %v", err)
	}
}

func TestAPanicEndsOneConnection(t *testing.T) {
	h := newHouse()
	b := open(t, h)
	c, neighbour := must(t, b, hello{id: "d1"}), must(t, b, hello{id: "d2"})
	c.publish("panic", 1, 1, "x")
	c.cut(0)
	if err := h.session(t, 0).end(t); err == nil || !strings.Contains(err.Error(), "panic") {
		t.Errorf("closed with %v", err)
	}
	neighbour.alive()
	must(t, b, hello{id: "d1"}).alive()
}

func TestStopTellsClientsAndSendsNoWills(t *testing.T) {
	h := newHouse()
	b := open(t, h)
	c := must(t, b, hello{version: 5, id: "d1", will: "will"})
	dial(t, b).send([]byte{0x10}) // one that has not signed in
	if err := b.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.cut(0x8B)
	s := h.session(t, 0)
	if err := s.end(t); !errors.Is(err, ErrStopping) || len(s.messages) != 0 {
		t.Errorf("closed with %v, messages %v", err, s.messages)
	}
	if _, err := net.Dial("tcp", b.Plain().String()); err == nil {
		t.Error("still listening")
	}
}

// FuzzConnection lets a client say anything, before and after it has signed in. Whatever it says, the next client is served.
func FuzzConnection(f *testing.F) {
	f.Add([]byte{}, false)
	f.Add(hello{id: "a"}.bytes(), false)
	f.Add(hello{version: 5, id: "a", will: "w", props: []byte{17, 0, 0, 0, 1}}.bytes(), false)
	v4, v5 := &raw{version: 4}, &raw{version: 5}
	f.Add(v4.message("a/b", 1, 1, "x"), true)
	f.Add(v4.message("a/b", 2, 1, "x"), true)
	f.Add(v5.message("a/b", 1, 1, "x", 35, 0, 1), true)
	f.Add(packet(0x82, append([]byte{0, 1}, append(field("mine/#"), 1)...)), true)
	f.Add(packet(0xA2, append([]byte{0, 1}, field("mine/#")...)), true)
	f.Add([]byte{0x62, 2, 0, 5, 0x40, 2, 0, 1, 0x50, 2, 0, 1, 0x70, 2, 0, 1, 0xE0, 0}, true)
	f.Add([]byte{0x62, 0}, true)
	f.Add([]byte{0x10, 0xff, 0xff, 0xff, 0xff, 0xff}, false)
	f.Add([]byte{0xF0, 2, 0, 0}, true)
	h := newHouse()
	b := open(f, h, func(o *Options) { o.MaxPacket = 1 << 16 })
	f.Fuzz(func(t *testing.T, p []byte, signed bool) {
		c, err := net.Dial("tcp", b.Plain().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		if signed {
			c.Write(hello{version: 4 + byte(len(p)&1), id: "f"}.bytes())
		}
		c.Write(p)
		c.(*net.TCPConn).CloseWrite()
		if _, err := io.Copy(io.Discard, c); errors.Is(err, net.ErrClosed) {
			t.Fatal(err)
		}
		must(t, b, hello{id: "g"}).alive()
		h.mu.Lock()
		h.sessions = nil
		h.mu.Unlock()
	})
}

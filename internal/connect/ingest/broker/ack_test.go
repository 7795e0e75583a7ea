package broker

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// holder keeps the dones of messages until a test lets them go.
type holder struct{ dones chan func(error) }

func hold(h *house) *holder {
	k := &holder{dones: make(chan func(error), 10000)}
	h.hold = func(_ *session, m Message, done func(error)) bool {
		if !m.Will {
			k.dones <- done
		}
		return !m.Will
	}
	return k
}

func (k *holder) next(t *testing.T) func(error) {
	t.Helper()
	select {
	case done := <-k.dones:
		return done
	case <-time.After(10 * time.Second):
		t.Fatal("no message within ten seconds")
		return nil
	}
}

func TestNothingIsAcknowledgedBeforeItIsDurable(t *testing.T) {
	for _, version := range []byte{4, 5} {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			h := newHouse()
			k := hold(h)
			c := must(t, open(t, h), hello{version: version, id: "d1"})
			c.publish("a/b", 1, 7, "one")
			done := k.next(t)
			c.alive() // a PUBACK would have come before the PINGRESP
			done(nil)
			c.expect(0x40, 0, 7)
			if m := h.session(t, 0).wait(t, 1)[0]; m.Topic != "a/b" || string(m.Payload) != "one" || m.QoS != 1 {
				t.Errorf("got %+v", m)
			}
		})
	}
}

func TestAcknowledgementsKeepTheOrderOfTheMessages(t *testing.T) {
	h := newHouse()
	k := hold(h)
	c := must(t, open(t, h), hello{id: "d1"})
	var dones []func(error)
	for i := range 10 {
		c.publish("a", byte(i%3), uint16(i+1), "x") // QoS 0, 1 and 2 in turn
		dones = append(dones, k.next(t))
	}
	for _, i := range []int{9, 3, 5, 8, 1, 2, 7, 4, 6} {
		dones[i](nil)
	}
	c.alive() // the oldest is not durable
	dones[0](nil)
	for i := range 10 {
		if i%3 > 0 {
			c.expect([]byte{0, 0x40, 0x50}[i%3], 0, byte(i+1))
		}
	}
	c.alive()
}

func TestQoS2IsTakenOnce(t *testing.T) {
	h := newHouse()
	c := must(t, open(t, h), hello{id: "d1"})
	c.publish("a", 2, 5, "x")
	c.expect(0x50, 0, 5)
	again := c.message("a", 2, 5, "x")
	again[0] |= 8 // DUP: the PUBREC was lost
	c.send(again)
	c.expect(0x50, 0, 5)
	c.send([]byte{0x62, 2, 0, 5})
	c.expect(0x70, 0, 5)
	c.send([]byte{0x62, 2, 0, 5}) // the PUBCOMP was lost
	c.expect(0x70, 0, 5)
	c.publish("a", 2, 5, "y")
	c.expect(0x50, 0, 5)
	if m := h.session(t, 0).wait(t, 2); len(m) != 2 || string(m[1].Payload) != "y" {
		t.Errorf("got %v", m)
	}
}

func TestWhatCannotBeMadeDurableEndsTheConnectionWithoutAcknowledgement(t *testing.T) {
	for _, version := range []byte{4, 5} {
		h := newHouse()
		k := hold(h)
		b := open(t, h)
		c, neighbour := must(t, b, hello{version: version, id: "d1"}), must(t, b, hello{id: "d2"})
		for i := range 3 {
			c.publish("a", 1, uint16(i+1), "x")
		}
		first, second, third := k.next(t), k.next(t), k.next(t)
		first(nil)
		c.expect(0x40, 0, 1)
		third(nil)
		second(errors.New("disk full"))
		c.cut(0x80)
		if err := h.session(t, 0).end(t); err == nil || err.Error() != "disk full" {
			t.Errorf("closed with %v", err)
		}
		neighbour.publish("a", 1, 9, "x")
		k.next(t)(nil)
		neighbour.expect(0x40, 0, 9)
		if n := b.Stats().Refused["store"]; n != 1 {
			t.Errorf("counted %d", n)
		}
	}
}

func TestDoneTwiceDoesNotAcknowledgeAnotherMessage(t *testing.T) {
	h := newHouse()
	k := hold(h)
	c := must(t, open(t, h, func(o *Options) { o.MaxInflight = 1 }), hello{id: "d1"})
	c.publish("a", 1, 1, "x")
	first := k.next(t)
	first(nil)
	c.expect(0x40, 0, 1)
	c.publish("a", 1, 2, "x")
	second := k.next(t)
	first(nil) // a bug of the session, on the same place of the ring
	c.alive()
	second(nil)
	c.expect(0x40, 0, 2)
}

func TestMessagesUnderWayAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		o        Options
		payload  string
		underWay int
	}{
		"by count": {Options{MaxInflight: 5}, "x", 5},
		"by bytes": {Options{MaxPacket: 4096, MaxInflightBytes: 10_000}, strings.Repeat("x", 3000), 3},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse()
			k := hold(h)
			b := open(t, h, func(o *Options) {
				o.MaxInflight, o.MaxPacket, o.MaxInflightBytes = c.o.MaxInflight, c.o.MaxPacket, c.o.MaxInflightBytes
			})
			client := must(t, b, hello{id: "d1"})
			var dones []func(error)
			for i := range 20 {
				client.publish("a", byte(i%2), uint16(i+1), c.payload)
			}
			for range c.underWay {
				dones = append(dones, k.next(t))
			}
			must(t, b, hello{id: "d2"}).alive() // others are served meanwhile
			if n := len(k.dones); n != 0 {
				t.Fatalf("%d messages above the bound", n)
			}
			for i := range 20 {
				dones[i](nil)
				if i+c.underWay < 20 {
					dones = append(dones, k.next(t))
				}
				if i%2 == 1 {
					client.expect(0x40, 0, byte(i+1))
				}
			}
		})
	}
}

package broker

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

func TestFiltersMatchTopics(t *testing.T) {
	for _, c := range []struct {
		filter, topic string
		want          bool
	}{
		{"a/b", "a/b", true}, {"a/b", "a/bc", false}, {"a/b", "a", false}, {"a", "a/b", false},
		{"a/+", "a/b", true}, {"a/+", "a", false}, {"a/+", "a/b/c", false}, {"+/+", "/x", true}, {"+", "/x", false},
		{"a/#", "a", true}, {"a/#", "a/b/c", true}, {"a/#", "ab", false}, {"#", "a/b", true}, {"+/b/#", "a/b", true},
		{"#", "$SYS/x", false}, {"+/x", "$SYS/x", false}, {"$SYS/#", "$SYS/x", true}, {"a/+/c", "a//c", true},
	} {
		if got := Matches(c.filter, c.topic); got != c.want {
			t.Errorf("Matches(%q, %q) = %v", c.filter, c.topic, got)
		}
	}
}

func TestFiltersCoverFilters(t *testing.T) {
	for _, c := range []struct {
		bound, filter string
		want          bool
	}{
		{"a/#", "a/b", true}, {"a/#", "a/#", true}, {"a/#", "a/+/c", true}, {"a/#", "#", false}, {"a/#", "+/b", false},
		{"a/+", "a/b", true}, {"a/+", "a/+", true}, {"a/+", "a/#", false}, {"a/b", "a/+", false}, {"a/b", "a/b", true},
		{"a/b", "a/b/c", false}, {"a/b/c", "a/b", false}, {"a/#", "a", true}, {"a/+/c", "a/#", false},
	} {
		if got := Covers(c.bound, c.filter); got != c.want {
			t.Errorf("Covers(%q, %q) = %v", c.bound, c.filter, got)
		}
	}
}

// Whatever a filter that is covered takes, the bound takes too.
func TestCoversKeepsItsPromise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(parts ...string) string {
		n, s := 1+r.IntN(3), ""
		for i := range n {
			if i > 0 {
				s += "/"
			}
			p := parts[r.IntN(len(parts))]
			s += p
			if p == "#" {
				break
			}
		}
		return s
	}
	held := 0
	for range 200_000 {
		bound, filter, topic := pick("a", "b", "+", "#"), pick("a", "b", "+", "#"), pick("a", "b", "")
		if Covers(bound, filter) && Matches(filter, topic) {
			held++
			if !Matches(bound, topic) {
				t.Fatalf("%q covers %q, which takes %q", bound, filter, topic)
			}
		}
	}
	if held < 1000 {
		t.Errorf("tried %d times only", held)
	}
}

func TestRingGivesBackInOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	g := newRing(5) // rounded up to 8
	var waiting []uint64
	next := uint64(0)
	for range 10_000 {
		if g.len() < 8 && r.IntN(2) == 0 {
			waiting = append(waiting, g.add(entry{size: 3}))
			continue
		}
		if len(waiting) > 0 {
			i := r.IntN(len(waiting))
			if !g.finish(waiting[i]) || g.finish(waiting[i]) {
				t.Fatal("finish")
			}
			waiting = append(waiting[:i], waiting[i+1:]...)
		}
		for {
			e, ok := g.next()
			if !ok {
				break
			}
			if e.number != next {
				t.Fatalf("got %d, want %d", e.number, next)
			}
			next++
		}
		if g.bytes != 3*g.len() {
			t.Fatalf("%d bytes for %d messages", g.bytes, g.len())
		}
	}
	if next < 1000 || g.finish(next+100) || next > 0 && g.finish(next-1) {
		t.Error("numbers outside the ring are not known")
	}
}

// What many goroutines queue arrives whole, each one's in its order, in fewer writes than packets.
func TestWritesAreJoinedAndNoneIsLost(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialled, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(Options{Handler: newHouse(), Plain: "-"})
	if err != nil {
		t.Fatal(err)
	}
	c := newConn(b, near, near)
	const writers, each = 8, 3000
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				p := binary.BigEndian.AppendUint32([]byte{byte(w)}, uint32(i))
				if w == 0 { // mochi's way
					if _, err := c.Write(p); err != nil {
						t.Error(err)
					}
					continue
				}
				c.queue(p, true)
			}
		})
	}
	var got bytes.Buffer
	read := make(chan struct{})
	go func() {
		defer close(read)
		got.ReadFrom(dialled)
	}()
	wg.Wait()
	c.end(ErrStopping, 0) // writes what is left, and closes
	<-read
	dialled.Close()
	if got.Len() != writers*each*5 {
		t.Fatalf("%d bytes of %d", got.Len(), writers*each*5)
	}
	var next [writers]uint32
	for p := got.Bytes(); len(p) > 0; p = p[5:] {
		if n := binary.BigEndian.Uint32(p[1:]); n != next[p[0]] {
			t.Fatalf("writer %d: %d after %d", p[0], n, next[p[0]])
		}
		next[p[0]]++
	}
	if n := b.stats.writes.Load(); n >= writers*each {
		t.Errorf("%d writes for %d packets", n, writers*each)
	}
}

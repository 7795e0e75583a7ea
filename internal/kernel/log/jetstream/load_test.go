package jetstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"jingwei/internal/kernel/log"
)

// load appends records named producer/number from several producers, each of which keeps a few under way.
type load struct {
	mu    sync.Mutex
	acked map[string]log.Commit
	last  log.Commit // of the newest acknowledgement
	count atomic.Int64
	err   error // the first one that was told

	stop context.CancelFunc
	wg   sync.WaitGroup
}

func startLoad(t *testing.T, p log.Topic, prefix string, producers int) *load {
	ctx, stop := context.WithCancel(context.Background())
	w := &load{acked: map[string]log.Commit{}, stop: stop}
	for i := range producers {
		w.wg.Go(func() {
			room := make(chan struct{}, 4)
			for k := 0; ctx.Err() == nil; k++ {
				select {
				case room <- struct{}{}:
				case <-ctx.Done():
					return
				}
				name := fmt.Sprintf("%s%d/%d", prefix, i, k)
				err := p.Append(ctx, []byte(name+" "+strings.Repeat(".", 500)), func(c log.Commit, err error) {
					w.mu.Lock()
					if err != nil && w.err == nil {
						w.err = err
					}
					if err == nil {
						if _, twice := w.acked[name]; twice {
							t.Errorf("%s was acknowledged twice", name)
						}
						if c.Number <= w.last.Number || c.Time < w.last.Time {
							t.Errorf("%v was acknowledged after %v", c, w.last)
						}
						w.acked[name], w.last = c, c
						w.count.Add(1)
					}
					w.mu.Unlock()
					<-room
				})
				if err != nil {
					w.mu.Lock()
					if w.err == nil && !errors.Is(err, context.Canceled) {
						w.err = err
					}
					w.mu.Unlock()
					return
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	return w
}

// goOn waits for n more acknowledgements.
func (w *load) goOn(t *testing.T, n int64) {
	t.Helper()
	begin := w.count.Load()
	for deadline := time.Now().Add(90 * time.Second); w.count.Load() < begin+n; time.Sleep(10 * time.Millisecond) {
		w.mu.Lock()
		err := w.err
		w.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d acknowledgements", w.count.Load()-begin, n)
		}
	}
}

func (w *load) end() {
	w.stop()
	w.wg.Wait()
}

// verify reads the partition and holds it against what was acknowledged by the loads: nothing lost, nothing twice, each
// producer's records in order, the numbers and times those that were told.
func verify(t *testing.T, l *Log, name string, loads ...*load) {
	t.Helper()
	if err := l.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	found := map[string]log.Commit{}
	next := map[string]int{}
	r := topic(t, l, name).Records(1)
	for {
		rec, ok, err := r.TryNext()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		id, _, _ := strings.Cut(string(rec.Data), " ")
		producer, number, _ := strings.Cut(id, "/")
		k, _ := strconv.Atoi(number)
		if k != next[producer] {
			t.Fatalf("record %d is %s where %d of that producer is due", rec.Number, id, next[producer])
		}
		next[producer]++
		found[id] = rec.Commit
	}
	acked := 0
	for _, w := range loads {
		w.mu.Lock()
		for id, c := range w.acked {
			if found[id] != c {
				t.Fatalf("%s was acknowledged as %v and is there as %v", id, c, found[id])
			}
		}
		acked += len(w.acked)
		w.mu.Unlock()
	}
	t.Logf("%d records acknowledged, %d there, %+v", acked, len(found), l.Stats())
}

// gate is a way to the servers that can be blocked, as when a cable is pulled or a process sleeps: what is written waits,
// nothing is read, no connection ends.
type gate struct {
	mu   sync.Mutex
	open atomic.Pointer[chan struct{}] // closed while it is open
	all  map[*gated]struct{}
}

func newGate() *gate {
	g := &gate{all: map[*gated]struct{}{}}
	g.shut()
	g.pass()
	return g
}

func (g *gate) Dial(network, address string) (net.Conn, error) {
	<-g.way()
	c, err := net.DialTimeout(network, address, 5*time.Second)
	if err != nil {
		return nil, err
	}
	w := &gated{Conn: c, g: g}
	g.mu.Lock()
	g.all[w] = struct{}{}
	g.mu.Unlock()
	return w, nil
}

func (g *gate) way() chan struct{} { return *g.open.Load() }

func (g *gate) shut() {
	c := make(chan struct{})
	g.open.Store(&c)
}

func (g *gate) pass() {
	g.mu.Lock()
	select {
	case <-g.way():
	default:
		close(g.way())
	}
	for c := range g.all {
		_, _ = c.Write(nil)
	}
	g.mu.Unlock()
}

// cut ends all connections.
func (g *gate) cut() {
	g.mu.Lock()
	for c := range g.all {
		c.Close()
	}
	clear(g.all)
	g.mu.Unlock()
}

type gated struct {
	net.Conn
	g    *gate
	mu   sync.Mutex
	held []byte // written while the gate was shut, as a kernel would keep it
}

func (c *gated) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = append(c.held, b...)
	select {
	case <-c.g.way():
	default:
		return len(b), nil
	}
	_, err := c.Conn.Write(c.held)
	c.held = nil
	return len(b), err
}

func (c *gated) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	<-c.g.way()
	return n, err
}

func through(g *gate) []nats.Option { return append(ConnectOptions(), nats.SetCustomDialer(g)) }

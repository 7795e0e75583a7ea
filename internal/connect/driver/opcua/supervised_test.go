package opcua

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"jingwei/internal/connect/driver"
	"jingwei/internal/telemetry"
)

// collector is the gateway's end: it keeps the newest output of each point.
type collector struct {
	mu     sync.Mutex
	newest map[uint32]driver.Output
	marks  int
	woken  chan struct{}
}

func (c *collector) out(_ context.Context, batch []driver.Output) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range batch {
		if o.Status == telemetry.BadNoCommunication {
			c.marks++
		}
		c.newest[o.Point] = o
	}
	select {
	case c.woken <- struct{}{}:
	default:
	}
	return nil
}

// wait blocks until ok holds of what has been collected.
func (c *collector) wait(t *testing.T, what string, ok func(newest map[uint32]driver.Output) bool) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	for {
		c.mu.Lock()
		done := ok(c.newest)
		c.mu.Unlock()
		if done {
			return
		}
		select {
		case <-c.woken:
		case <-deadline:
			c.mu.Lock()
			defer c.mu.Unlock()
			t.Fatalf("%s did not happen; %d points known, %d marks", what, len(c.newest), c.marks)
		}
	}
}

func supervise(t *testing.T, d driver.Driver, config []byte, points []driver.Point) (*collector, *driver.Link) {
	t.Helper()
	c := &collector{newest: map[uint32]driver.Output{}, woken: make(chan struct{}, 1)}
	l, err := driver.New(driver.Spec{ID: "1", Name: "peer", Driver: d, Config: config, Points: points}, driver.Options{Out: c.out})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- driver.Supervise(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return c, l
}

// 150 items and one that does not exist, in calls of 60 (research: a client that puts them all into one call never gets
// a value again after the server has restarted). The server is stalled, then killed and started again: values come back
// by themselves, and the bad node harms no other.
func TestServerStallsAndRestartsUnderSubscription(t *testing.T) {
	t.Parallel()
	p := startPeer(t, map[string]any{})
	const good = 150
	points := []driver.Point{{ID: 9999, Address: peerNS + "s=Line1.Nowhere", Every: 100 * time.Millisecond}}
	for i := range good { // the first hundred change, the others stand still
		points = append(points, driver.Point{ID: uint32(i), Address: fmt.Sprintf(peerNS+"s=Line1.T%d", i), Every: 100 * time.Millisecond})
	}
	c, l := supervise(t, testDriver(), link(t, p.Endpoint, p.Fingerprint, `"publishingMs":200,"pingMs":500,"requestTimeoutMs":2000`), points)
	alive := func(after int64) func(map[uint32]driver.Output) bool {
		return func(newest map[uint32]driver.Output) bool {
			for i := range uint32(good) {
				if o := newest[i]; o.Gateway <= after || o.Status != 0 || o.Value.Type != telemetry.Float64 {
					return false
				}
			}
			return newest[9999].Status == telemetry.BadNodeIdUnknown && newest[9999].Gateway > after
		}
	}
	marked := func(newest map[uint32]driver.Output) bool {
		for i := range uint32(good) {
			if newest[i].Status != telemetry.BadNoCommunication {
				return false
			}
		}
		return true
	}
	c.wait(t, "the first value of every point", alive(0))

	p.signal(syscall.SIGSTOP)
	c.wait(t, "the mark of the stall", marked)
	stalled := time.Now().UnixNano()
	p.signal(syscall.SIGCONT)
	c.wait(t, "the values after the stall", alive(stalled))

	p.kill()
	c.wait(t, "the mark of the restart", marked)
	killed := time.Now().UnixNano()
	p.start()
	c.wait(t, "the values after the restart", alive(killed))

	c.mu.Lock()
	defer c.mu.Unlock()
	for id, o := range c.newest {
		if id >= good/2+25 && id < good && o.Time <= killed-int64(time.Minute) {
			t.Errorf("point %d stood still and was told with the time of its last change, before the outage: %+v", id, o)
		}
	}
	if s := l.State(); s.Outages != 2 || s.Connects < 3 || s.Phase != driver.Connected {
		t.Errorf("%d outages, %d connects, %s", s.Outages, s.Connects, s.Phase)
	}
}

// A question goes over a session of its own while the link collects.
func testQuestions(t *testing.T, p *peer) {
	c, l := supervise(t, testDriver(), link(t, p.Endpoint, p.Fingerprint, `"publishingMs":200`),
		[]driver.Point{{ID: 1, Address: peerNS + "s=Line1.T1", Every: 100 * time.Millisecond}})
	c.wait(t, "the first value", func(n map[uint32]driver.Output) bool { return n[1].Status == 0 && n[1].Value.Type != 0 })
	got, err := l.ReadNow(t.Context(), []driver.Point{{ID: 5, Address: peerNS + "s=Line1.I16"}})
	if err != nil || len(got) != 1 || got[0].Value != whole(-12) {
		t.Errorf("%+v %v", got, err)
	}
	nodes, more, err := l.Browse(t.Context(), peerNS+"s=Line1", 0, 5)
	if err != nil || len(nodes) != 5 || !more {
		t.Errorf("%+v %v %v", nodes, more, err)
	}
	probe, err := l.Probe(t.Context(), "", peerNS+"s=Line1.I16")
	if err != nil || len(probe.Readings) == 0 || probe.Readings[0].Value != "-12" {
		t.Errorf("%+v %v", probe, err)
	}
	frames := l.Trace()
	if len(frames) == 0 || frames[0].Note != "GetEndpoints" || !frames[0].Sent {
		t.Errorf("%d frames, the first is %+v", len(frames), frames)
	}
	if s := l.State(); s.Outages != 0 || s.Connects != 1 {
		t.Errorf("%d outages, %d connects", s.Outages, s.Connects)
	}
}

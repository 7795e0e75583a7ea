package jetstream

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/log/jetstream/natstest"
)

// leader returns the server that leads the journal's stream, and those that follow.
func leader(t *testing.T, l *Log) (leads string, follow []string) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		info, err := l.stream.Info(ctx)
		cancel()
		if err == nil && info.Cluster != nil && info.Cluster.Leader != "" {
			for _, r := range info.Cluster.Replicas {
				follow = append(follow, r.Name)
			}
			return info.Cluster.Leader, follow
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody leads: %v", err)
		}
	}
}

// TestServersDieUnderLoad kills, as kill -9 does, the one of three servers that leads the stream, then another, while
// producers append. No acknowledged record is lost or there twice, each producer's order is kept, and without a quorum
// nothing is acknowledged. JINGWEI_DRILL_ROUNDS in the environment asks for more than one round.
func TestServersDieUnderLoad(t *testing.T) {
	t.Parallel()
	rounds, _ := strconv.Atoi(os.Getenv("JINGWEI_DRILL_ROUNDS"))
	dir := t.TempDir()
	c, err := natstest.Start(dir, 3) // of its own: the other tests' servers live on
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	o := fresh(t, c, 3)
	o.MaxPendingBytes = 64 << 10
	l := open(t, o)
	p, noise := topic(t, l, "p"), topic(t, l, "noise")
	w := startLoad(t, p, "a", 8)
	w.goOn(t, 300)
	for range max(rounds, 1) {
		leads, _ := leader(t, l)
		begin := time.Now()
		c.Kill(t, leads)
		w.goOn(t, 300)
		t.Logf("300 records after the leader's death took %v, with the election", time.Since(begin).Round(100*time.Millisecond))

		second, _ := leader(t, l)
		c.Kill(t, second)
		alone(t, l, w)
		// Those that append meanwhile wait, and are told why when they give up.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		for err = nil; err == nil; {
			err = noise.Append(ctx, make([]byte, 10_000), nil)
		}
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "the cluster takes nothing") {
			t.Errorf("without a quorum: %v", err)
		}
		c.Restart(t, leads)
		c.Restart(t, second)
		w.goOn(t, 300)
	}
	w.end()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if s := l.Stats(); s.Recoveries == 0 {
		t.Errorf("nothing happened: %+v", s)
	}
	verify(t, open(t, o), "p", w)
}

// alone waits until what was under way when the quorum went is through, and checks that nothing is acknowledged then.
func alone(t *testing.T, l *Log, w *load) {
	t.Helper()
	before := w.count.Load()
	for deadline := time.Now().Add(20 * time.Second); l.Stats().Stalled == ""; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the journal does not notice that the quorum is gone")
		}
	}
	if n := w.count.Load() - before; n > 200 {
		t.Errorf("%d records were acknowledged without a quorum", n)
	}
	before = w.count.Load()
	time.Sleep(500 * time.Millisecond)
	if n := w.count.Load() - before; n != 0 {
		t.Errorf("%d records were acknowledged without a quorum", n)
	}
}

package shared

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log/jetstream/natstest"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// cutter stands between a process and PostgreSQL and ends a connection at its next commit: before the server sees it, or after
// it is done and before the answer is told.
type cutter struct {
	l      net.Listener
	target string
	mode   atomic.Int32
	cuts   atomic.Int32
	wg     sync.WaitGroup
	mu     sync.Mutex
	conns  []net.Conn
}

const (
	cutBefore = 1
	cutAfter  = 2
)

// cutOff returns the address of the database behind a cutter.
func cutOff(t *testing.T, address string) (string, *cutter) {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	q := u.Query()
	dir := t.TempDir()
	c := &cutter{target: filepath.Join(q.Get("host"), ".s.PGSQL.5432")}
	c.l, err = net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	must(t, err)
	q.Set("host", dir)
	u.RawQuery = q.Encode()
	c.wg.Go(func() {
		for {
			conn, err := c.l.Accept()
			if err != nil {
				return
			}
			c.wg.Go(func() { c.serve(conn) })
		}
	})
	t.Cleanup(func() {
		c.l.Close()
		c.mu.Lock()
		for _, conn := range c.conns {
			conn.Close()
		}
		c.mu.Unlock()
		c.wg.Wait()
	})
	return u.String(), c
}

func (c *cutter) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", c.target)
	if err != nil {
		return
	}
	defer server.Close()
	c.mu.Lock()
	c.conns = append(c.conns, client, server)
	c.mu.Unlock()
	var swallow atomic.Bool
	c.wg.Go(func() {
		defer client.Close()
		b := make([]byte, 64<<10)
		for {
			n, err := server.Read(b)
			if err != nil || swallow.Load() {
				return
			}
			if _, err := client.Write(b[:n]); err != nil {
				return
			}
		}
	})
	b := make([]byte, 64<<10)
	for {
		n, err := client.Read(b)
		if err == io.EOF || err != nil {
			return
		}
		if mode := c.mode.Load(); mode != 0 && bytes.Contains(b[:n], []byte("commit\x00")) && c.mode.CompareAndSwap(mode, 0) {
			c.cuts.Add(1)
			if mode == cutBefore {
				return
			}
			swallow.Store(true)
		}
		if _, err := server.Write(b[:n]); err != nil {
			return
		}
	}
}

// TestLostAnswerOfACommit: nobody knows whether it was done; the next try finds out, and does it once.
func TestLostAnswerOfACommit(t *testing.T) {
	t.Parallel()
	address := storetest.PostgresURL(t)
	behind, cut := cutOff(t, address)
	db, err := store.Open(t.Context(), behind, store.Options{})
	must(t, err)
	defer db.Close()
	straight, err := store.Open(t.Context(), address, store.Options{})
	must(t, err)
	defer straight.Close()
	c := newCell(t, straight, 1) // the lease's own transactions are not cut
	c.o.Held = c.take()
	c.o.DB = db
	f := c.open()
	want := map[string]string{}
	for i := range 12 {
		before := f.version
		cut.mode.Store(int32(1 + i%2))
		name, s := fmt.Sprintf("/f%d", i%5), fmt.Sprint("content ", i)
		switch i % 3 {
		case 0, 1:
			write(t, f, name, s)
			want[name] = s
		case 2:
			must(t, f.Rename("/f0", "/renamed"))
			want["/renamed"] = want["/f0"]
			delete(want, "/f0")
			cut.mode.Store(0)
			write(t, f, "/f0", s)
			want["/f0"] = s
		}
		if f.version == before {
			t.Error("nothing was committed")
		}
	}
	if n := cut.cuts.Load(); n != 12 || f.Stats().Retries != 12 {
		t.Errorf("%d commits were cut, %+v", n, f.Stats())
	}
	wantOnlyLive(t, f)
	crash(f)
	c.elsewhere()
	c.o.DB = straight
	f = c.open()
	list, err := f.ReadDir("/")
	if err != nil || len(list) != len(want) {
		t.Errorf("%v, %v", list, err)
	}
	for name, s := range want {
		wantFile(t, f, name, s)
	}
	f.Close()
}

// TestServerDies: one of three servers is killed while files are written, and comes back. No sync fails, nothing is lost.
func TestServerDies(t *testing.T) {
	c := newCell(t, storetest.SQLite(t), 3)
	f := c.open()
	servers := natstest.Shared(t, 3)
	text := func(g, i int) string { return strings.Repeat(fmt.Sprintf("%d/%d ", g, i), 20_000) }
	var done atomic.Int64
	var last [3]atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for g := range 3 {
		wg.Go(func() {
			for i := 1; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := file.WriteAtomic(f, fmt.Sprintf("/f%d", g), []byte(text(g, i)), 0o600); err != nil {
					t.Error(err)
					return
				}
				last[g].Store(int64(i))
				done.Add(1)
			}
		})
	}
	goOn := func(n int64) {
		t.Helper()
		begin := done.Load()
		for deadline := time.Now().Add(90 * time.Second); done.Load() < begin+n; time.Sleep(5 * time.Millisecond) {
			if t.Failed() || time.Now().After(deadline) {
				t.Fatalf("%d files of %d", done.Load()-begin, n)
			}
		}
	}
	goOn(6)
	info, err := f.bucket.stream.Info(t.Context())
	must(t, err)
	leader := info.Cluster.Leader
	servers.Kill(t, leader)
	goOn(9)
	servers.Restart(t, leader)
	goOn(9)
	close(stop)
	wg.Wait()
	crash(f)
	c.elsewhere()
	f = c.open()
	for g := range 3 {
		wantFile(t, f, fmt.Sprintf("/f%d", g), text(g, int(last[g].Load())))
	}
	if _, err := f.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	wantOnlyLive(t, f)
	f.Close()
}

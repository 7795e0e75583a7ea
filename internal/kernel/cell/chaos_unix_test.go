//go:build unix

package cell_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// wire is a connection to the database that the test can hold up and cut.
type wire struct {
	l     net.Listener
	far   string
	tasks sync.WaitGroup

	mu    sync.Mutex
	free  chan struct{} // closed while bytes pass
	conns map[net.Conn]struct{}
}

const socketFile = ".s.PGSQL.5432"

// wired returns the address of a database through a wire of its own.
func wired(t *testing.T, address string) (*wire, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "jww")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{far: filepath.Join(u.Query().Get("host"), socketFile), free: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	close(w.free)
	if w.l, err = net.Listen("unix", filepath.Join(dir, socketFile)); err != nil {
		t.Fatal(err)
	}
	w.tasks.Go(w.serve)
	t.Cleanup(func() {
		w.l.Close()
		w.hold(false)
		w.cut()
		w.tasks.Wait()
		os.RemoveAll(dir)
	})
	u.RawQuery = url.Values{"host": {dir}}.Encode()
	return w, u.String()
}

func (w *wire) serve() {
	for {
		c, err := w.l.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("unix", w.far)
		if err != nil {
			c.Close()
			continue
		}
		w.mu.Lock()
		w.conns[c], w.conns[far] = struct{}{}, struct{}{}
		w.mu.Unlock()
		w.tasks.Go(func() { w.copy(far, c) })
		w.tasks.Go(func() { w.copy(c, far) })
	}
}

func (w *wire) copy(to, from net.Conn) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		w.mu.Lock()
		free := w.free
		w.mu.Unlock()
		<-free
		if n > 0 {
			if _, e := to.Write(b[:n]); e != nil {
				err = e
			}
		}
		if err != nil {
			break
		}
	}
	to.Close()
	from.Close()
	w.mu.Lock()
	delete(w.conns, to)
	delete(w.conns, from)
	w.mu.Unlock()
}

// hold keeps bytes on the way, both ways, or lets them go.
func (w *wire) hold(still bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.free:
		if still {
			w.free = make(chan struct{})
		}
	default:
		if !still {
			close(w.free)
		}
	}
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		c.Close()
	}
}

// TestNeverTwoOwners: processes that lose their database for a while or longer than a lease lasts, are ended and started
// anew, all at random: at no moment do two own a cell, and in the end all are served fairly again.
func TestNeverTwoOwners(t *testing.T) {
	t.Parallel()
	const cells, processes, rounds = 6, 4, 28
	address := storetest.PostgresURL(t)
	r := &record{}
	random := rand.New(rand.NewPCG(11, 22))
	type seat struct {
		wire *wire
		db   *store.DB
		p    *process
	}
	seats := make([]seat, processes)
	for i := range seats {
		w, through := wired(t, address)
		db, err := store.Open(t.Context(), through, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		seats[i] = seat{w, db, start(t, db, fmt.Sprint("p", i), names(cells), r, nil)}
	}
	var later sync.WaitGroup
	done := map[string]int{}
	for round := range rounds {
		i := random.IntN(processes)
		s := &seats[i]
		pause := time.Duration(random.IntN(int(2 * length)))
		switch random.IntN(4) {
		case 0, 1:
			done["held up"]++
			s.wire.hold(true)
			later.Go(func() { time.Sleep(pause); s.wire.hold(false) })
		case 2:
			done["cut"]++
			s.wire.cut()
		case 3:
			done["started anew"]++
			old := s.p
			old.stop()
			select { // where its database is away this takes as long as it must
			case <-old.done:
				old.office.Close()
				s.wire.hold(false)
				s.p = start(t, s.db, fmt.Sprintf("p%d.%d", i, round), names(cells), r, nil)
			case <-time.After(length / 4):
				s.wire.hold(false)
				<-old.done
				old.office.Close()
				s.p = start(t, s.db, fmt.Sprintf("p%d.%d", i, round), names(cells), r, nil)
			}
		}
		time.Sleep(time.Duration(random.IntN(int(length / 5))))
	}
	later.Wait()
	var all []*process
	for _, s := range seats {
		s.wire.hold(false)
		all = append(all, s.p)
	}
	fair(t, cells, []int{2, 2, 1, 1}, all...)
	for _, p := range all {
		p.stop()
		<-p.done
	}
	noTwoOwners(t, r)
	r.mu.Lock()
	defer r.mu.Unlock()
	owners := map[string]bool{}
	for _, s := range r.spans {
		owners[s.process] = true
	}
	t.Logf("%v: %d ownerships by %d processes, %d of them lost", done, len(r.spans), len(owners), r.lost)
	if len(r.spans) < 3*cells || r.lost == 0 {
		t.Errorf("too quiet to tell anything: %d ownerships, %d lost", len(r.spans), r.lost)
	}
}

// child is this test binary as a process of its own.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bytes.Buffer
}

func spawn(t *testing.T, address string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0]), out: &bytes.Buffer{}}
	c.cmd.Env = append(os.Environ(), childEnv+"="+address)
	c.cmd.Stdout, c.cmd.Stderr = c.out, os.Stderr
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *child) end() error {
	_ = c.cmd.Process.Signal(syscall.SIGCONT)
	_ = c.in.Close()
	return c.cmd.Wait()
}

// TestProcessesThatSleepAreFenced stops processes in their sleep (SIGSTOP), for longer than a lease lasts, kills some
// (SIGKILL) and starts others: whatever wakes up and writes on, no write of an older epoch stands behind one of a newer.
func TestProcessesThatSleepAreFenced(t *testing.T) {
	t.Parallel()
	address := storetest.PostgresURL(t)
	db, err := store.Open(t.Context(), address, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.NewRaw("CREATE TABLE written (id BIGSERIAL PRIMARY KEY, cell TEXT NOT NULL, epoch BIGINT NOT NULL)").Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	all := make([]*child, 3)
	for i := range all {
		all[i] = spawn(t, address)
	}
	defer func() {
		for _, c := range all {
			_ = c.cmd.Process.Kill()
		}
	}()
	written := func() (n, epochs int) {
		err := db.NewRaw("SELECT count(*), count(DISTINCT (cell, epoch)) FROM written").Scan(t.Context(), &n, &epochs)
		if err != nil {
			t.Fatal(err)
		}
		return n, epochs
	}
	eventually(t, "all cells are written", func() bool {
		var n int
		err := db.NewRaw("SELECT count(DISTINCT cell) FROM written").Scan(t.Context(), &n)
		return err == nil && n == childCells
	})
	for range 11 {
		i := random.IntN(len(all))
		switch random.IntN(3) {
		case 0, 1:
			if err := all[i].cmd.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(random.IntN(1400)) * time.Millisecond)
			if err := all[i].cmd.Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
		case 2:
			_ = all[i].cmd.Process.Kill()
			_ = all[i].end()
			all[i] = spawn(t, address)
		}
		time.Sleep(time.Duration(random.IntN(150)) * time.Millisecond)
	}
	before, _ := written()
	eventually(t, "all go on", func() bool { n, _ := written(); return n > before+50 })
	var refused int
	for _, c := range all {
		var exit *exec.ExitError
		if err := c.end(); errors.As(err, &exit) {
			t.Errorf("a process ended with %v", exit)
		}
		refused += bytes.Count(c.out.Bytes(), []byte("refused"))
	}
	rows, err := db.QueryContext(context.Background(), "SELECT cell, epoch FROM written ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	newest := map[string]int64{}
	for rows.Next() {
		var c string
		var epoch int64
		if err := rows.Scan(&c, &epoch); err != nil {
			t.Fatal(err)
		}
		if epoch < newest[c] {
			t.Errorf("%s: epoch %d wrote after %d", c, epoch, newest[c])
		}
		newest[c] = epoch
	}
	n, epochs := written()
	t.Logf("%d writes of %d ownerships of %d cells; the last processes were refused %d times", n, epochs, len(newest), refused)
	if len(newest) != childCells || epochs < 2*childCells {
		t.Errorf("too quiet to tell anything: %d cells, %d ownerships", len(newest), epochs)
	}
	if !slices.Equal(slices.Sorted(maps.Keys(newest)), names(childCells)) {
		t.Error(newest)
	}
}

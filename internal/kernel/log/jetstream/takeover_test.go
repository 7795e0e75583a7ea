package jetstream

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"jingwei/internal/kernel/lease"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/log/jetstream/natstest"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// ownerEnv makes this test binary a process that wants to own a journal: database, servers, stream, name.
const ownerEnv = "JINGWEI_TEST_OWNER"

// own waits for the lease, opens the journal with its epoch and appends until the lease ends, again and again. It prints
// "owner <epoch>" and "ack <record> <number> <time>".
func own(arguments string) {
	a := strings.Split(arguments, " ")
	check := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, a[3], err)
			os.Exit(1)
		}
	}
	go natstest.DieWithParent()
	ctx := context.Background()
	db, err := store.Open(ctx, a[0], store.Options{})
	check(err)
	office, err := lease.New(ctx, lease.Options{DB: db, Note: a[3], Length: 2 * time.Second})
	check(err)
	nc, err := nats.Connect(a[1], append(ConnectOptions(), nats.UserInfo("app", "app"))...)
	check(err)
	for {
		h, err := office.Wait(ctx, "journal "+a[2])
		check(err)
		l, err := Open(h.Context(), Options{Conn: nc, Stream: a[2], Replicas: 3, Epoch: h.Epoch(), Logger: quiet})
		if err != nil {
			h.Release()
			continue
		}
		fmt.Printf("owner %d\n", h.Epoch())
		p, err := l.Topic("p")
		check(err)
		room := make(chan struct{}, 16)
		for k := 0; h.Context().Err() == nil; k++ {
			room <- struct{}{}
			id := fmt.Sprintf("%s-%d/%d", a[3], h.Epoch(), k)
			err := p.Append(h.Context(), []byte(id+" "), func(c log.Commit, err error) {
				if err == nil {
					fmt.Printf("ack %s %d %d\n", id, c.Number, c.Time)
				}
				<-room
			})
			if err != nil {
				break
			}
			time.Sleep(500 * time.Microsecond)
		}
		_ = l.Close()
		h.Release()
	}
}

// TestOwnersDieAndOthersTakeOver: three processes want to own one journal on three servers, by a lease in PostgreSQL. The
// owner is killed, as kill -9 does, and the next one too. Every record that any of them saw acknowledged is there once.
func TestOwnersDieAndOthersTakeOver(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	c := natstest.Shared(t, 3)
	o := fresh(t, c, 3)
	seen := &load{acked: map[string]log.Commit{}}
	owners := make(chan string, 100)
	processes := map[string]*exec.Cmd{}
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b", "c"} {
		p := exec.Command(os.Args[0])
		p.Env = append(os.Environ(), ownerEnv+"="+strings.Join([]string{url, c.URL(), o.Stream, name}, " "))
		p.Stderr = os.Stderr
		if _, err := p.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		out, err := p.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		processes[name] = p
		wg.Go(func() {
			for lines := bufio.NewScanner(out); lines.Scan(); {
				var id string
				var at log.Commit
				if n, _ := fmt.Sscanf(lines.Text(), "ack %s %d %d", &id, &at.Number, &at.Time); n == 3 {
					seen.mu.Lock()
					seen.acked[id] = at
					seen.count.Add(1)
					seen.mu.Unlock()
				} else if strings.HasPrefix(lines.Text(), "owner ") {
					owners <- name
				}
			}
		})
	}
	kill := func(name string) {
		_ = processes[name].Process.Kill()
		_ = processes[name].Wait()
		delete(processes, name)
	}
	defer func() {
		for name := range processes {
			kill(name)
		}
		wg.Wait()
	}()
	next := func() string {
		select {
		case name := <-owners:
			return name
		case <-time.After(60 * time.Second):
			t.Fatal("nobody takes over")
			return ""
		}
	}
	for range 2 {
		owner := next()
		seen.goOn(t, 200)
		kill(owner)
	}
	last := next()
	seen.goOn(t, 200)
	kill(last)
	wg.Wait()
	l := open(t, o)
	verify(t, l, "p", seen)
	if l.Epoch() != 4 {
		t.Errorf("epoch %d after three owners", l.Epoch())
	}
}

package outage

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/federate/neighbour"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// child is one node below the parent.
type child struct {
	number    int
	db        *store.DB
	orgs      *org.Service
	room      *neighbour.Service
	agreement uuid.UUID
}

// nursery is a process of children.
type nursery struct {
	p    *plan
	dir  string
	list []*child
}

// workers is how many children are set up, or put records, at the same time.
const workers = 8

// runChildren opens children from first to before end, and answers orders until the input ends.
func runChildren(ctx context.Context, p *plan, dir string, first, end int, log *slog.Logger, talk func(do func(order) answer) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	x := &nursery{p: p, dir: dir}
	if err := x.template(ctx, first); err != nil {
		return err
	}
	for i := first; i < end; i++ {
		x.list = append(x.list, &child{number: i})
	}
	err := x.all(func(c *child) error {
		if err := x.open(ctx, c, first, log); err != nil {
			return err
		}
		work.Go(func() { _ = c.room.Run(ctx) })
		return nil
	})
	if err != nil {
		return err
	}
	return talk(func(o order) answer {
		a, err := x.do(ctx, o)
		if err != nil {
			a.Error = err.Error()
		}
		return a
	})
}

// all does something for every child, some at a time.
func (x *nursery) all(do func(*child) error) error {
	var mu sync.Mutex
	var first error
	var work sync.WaitGroup
	next := make(chan *child)
	for range workers {
		work.Go(func() {
			for c := range next {
				if err := do(c); err != nil {
					mu.Lock()
					if first == nil {
						first = fmt.Errorf("child %d: %w", c.number, err)
					}
					mu.Unlock()
				}
			}
		})
	}
	for _, c := range x.list {
		next <- c
	}
	close(next)
	work.Wait()
	return first
}

func (x *nursery) templateFile(first int) string {
	return filepath.Join(x.dir, "template-"+strconv.Itoa(first)+".db")
}

// template makes the tables once; each child begins with a copy of them.
func (x *nursery) template(ctx context.Context, first int) error {
	c := &child{number: first}
	if err := x.openDB(ctx, c, x.templateFile(first)); err != nil {
		return err
	}
	if err := x.rooms(ctx, c, filepath.Join(x.dir, "template-"+strconv.Itoa(first)), slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	if _, err := c.db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return err
	}
	return c.db.Close()
}

func (x *nursery) openDB(ctx context.Context, c *child, path string) (err error) {
	c.db, err = store.Open(ctx, store.SQLiteURL(path), store.Options{MaxConns: 2})
	return err
}

func (x *nursery) rooms(ctx context.Context, c *child, dir string, log *slog.Logger) (err error) {
	if err := audit.Migrate(ctx, c.db); err != nil {
		return err
	}
	if c.orgs, err = org.New(ctx, c.db, time.Now); err != nil {
		return err
	}
	node := uuid.NewSHA1(uuid.NameSpaceOID, []byte(fmt.Sprintf("child %d", c.number)))
	c.orgs.SetNode(node, "")
	c.room, err = neighbour.New(ctx, neighbour.Options{DB: c.db, Orgs: c.orgs, Board: silent{}, FS: file.OS(), Dir: dir, Node: node, NodeName: fmt.Sprintf("child %d", c.number), Version: "bench",
		URL: func() string { return "" }, Link: func() string { return "" }, Now: time.Now, Logger: log})
	return err
}

func (x *nursery) open(ctx context.Context, c *child, first int, log *slog.Logger) error {
	dir := filepath.Join(x.dir, fmt.Sprintf("child-%d", c.number))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tables, err := os.ReadFile(x.templateFile(first))
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "records.db")
	if err := os.WriteFile(path, tables, 0o600); err != nil {
		return err
	}
	if err := x.openDB(ctx, c, path); err != nil {
		return err
	}
	if err := x.rooms(ctx, c, filepath.Join(dir, "neighbours"), log); err != nil {
		return err
	}
	_, err = c.orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Both(fmt.Sprintf("child %d", c.number)), CreditCode: x.p.codes[c.number], Home: true}, uuid.Nil)
	return err
}

func (x *nursery) do(ctx context.Context, o order) (a answer, err error) {
	switch o.Do {
	case "join":
		return a, x.all(func(c *child) error {
			_, err := c.room.Join(auth.AsSystem(ctx, "bench"), o.Codes[c.number-x.list[0].number])
			return err
		})
	case "accept":
		return a, x.all(func(c *child) error { return c.accept(ctx) })
	case "put":
		began := time.Now()
		err = x.all(func(c *child) error { return x.put(ctx, c, o.N) })
		a.Seconds = time.Since(began).Seconds()
		return a, err
	case "stats":
		return x.stats(ctx)
	}
	return a, fmt.Errorf("no order %q", o.Do)
}

// accept waits for the parent's request, and accepts it.
func (c *child) accept(ctx context.Context) error {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		peers, err := c.room.Peers(ctx)
		if err != nil {
			return err
		}
		if len(peers) == 0 {
			continue
		}
		list, err := c.orgs.AgreementsWith(ctx, peers[0].Node, 0, 1)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			continue
		}
		c.agreement = list[0].ID
		_, err = c.orgs.AcceptAgreement(ctx, c.agreement, org.Giver, 1, "bench")
		return err
	}
	return fmt.Errorf("the parent has asked for nothing")
}

// put puts the records of a round, in one commit as the figure room does.
func (x *nursery) put(ctx context.Context, c *child, round int) error {
	list, _ := x.p.round(c.number, round)
	return c.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error { return c.room.Put(ctx, tx, c.agreement, list) })
}

func (x *nursery) stats(ctx context.Context) (a answer, err error) {
	for _, c := range x.list {
		st, err := c.room.Stream(ctx, c.agreement)
		if err != nil {
			return a, err
		}
		if st.State == neighbour.StreamOpen {
			a.Streams++
		}
		a.Records += int64(st.Acked)
		a.Bytes += int64(st.Last)
	}
	a.Routine, a.Files = runtime.NumGoroutine(), files()
	return a, nil
}

package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"jingwei/internal/kernel/proof/port"
)

const (
	lanes      = 4
	checkEvery = 25 // cycles
	patience   = 3 * time.Minute
)

// CycleSum is what the cycles found.
type CycleSum struct {
	Cycles     int            `json:"cycles"`
	Kills      map[string]int `json:"kills"` // by process and moment
	Checks     int            `json:"checks"`
	Written    int            `json:"blocksWritten"`
	Merges     int            `json:"mergesSeen"`
	Unfinished int            `json:"unfinishedBlocks"` // starts that removed a block which a kill had cut short
	Replaced   int            `json:"replacedBlocks"`   // starts that removed what a merge had replaced just before the kill
	SlowestMs  int64          `json:"slowestStartMs"`   // of the node, from its start to "ready"
	Status     status         `json:"acknowledged"`
	Tally      Tally          `json:"samples"`
	Strace     *StraceSum     `json:"strace,omitempty"`
	Seconds    float64        `json:"seconds"`
	Notes      []string       `json:"-"`
}

// cycles holds the processes of a run.
type cycles struct {
	o        Options
	dir      string // of the run
	data     string // of the node
	rng      *rand.Rand
	node     *process
	edge     *process
	verifier *process
	control  client // of the verifier
	world    *world
	strays   map[string]bool // blocks that the node's last kill left; nil: looked at already

	mu  sync.Mutex // guards Written and Merges while watch runs
	sum CycleSum
}

// runCycles kills node and gateway o.Cycles times under load.
func runCycles(ctx context.Context, o Options, dir string) (sum CycleSum, err error) {
	ctx, cancel := context.WithCancel(ctx)
	c := &cycles{o: o, dir: dir, data: filepath.Join(dir, "node"), rng: rand.New(rand.NewPCG(o.Seed, 2)), sum: CycleSum{Kills: map[string]int{}}}
	var work sync.WaitGroup
	began := time.Now()
	defer func() {
		cancel()
		work.Wait()
		c.control.http.CloseIdleConnections()
		for _, p := range []*process{c.edge, c.node, c.verifier} {
			if p != nil && p.life != nil {
				<-p.life.ended
			}
		}
		c.sum.Seconds = time.Since(began).Seconds()
		sum = c.sum
	}()
	if err := c.begin(ctx); err != nil {
		return sum, fmt.Errorf("set up: %w", err)
	}
	work.Go(func() { c.watch(ctx) })
	if err := c.underStrace(ctx); err != nil {
		return sum, err
	}
	for i := range o.Cycles {
		if err := c.cycle(ctx); err != nil {
			return sum, fmt.Errorf("cycle %d of seed %d: %w", i+1, o.Seed, err)
		}
		c.sum.Cycles++
		if (i+1)%checkEvery == 0 && i+1 < o.Cycles {
			if err := c.check(ctx, false); err != nil {
				return sum, fmt.Errorf("after cycle %d of seed %d: %w", i+1, o.Seed, err)
			}
			if !c.sum.Tally.clean() {
				return sum, nil // what is told first is nearest to the cause
			}
		}
	}
	if err := c.check(ctx, true); err != nil {
		return sum, fmt.Errorf("at the end of seed %d: %w", o.Seed, err)
	}
	return sum, c.autopsy(ctx)
}

func (c *cycles) progress(format string, a ...any) { c.o.progress(format, a...) }

// begin starts the processes and sets the node up.
func (c *cycles) begin(ctx context.Context) error {
	ports, err := port.Free(3)
	if err != nil {
		return err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make the pipe for notices: %w", err)
	}
	defer read.Close()
	context.AfterFunc(ctx, func() { _ = write.Close() })
	file := func(name string) string { return filepath.Join(c.dir, name) }
	c.node = &process{name: "node", log: file("node.log"), args: append(append([]string{}, c.o.Node...), "serve", "--data", c.data,
		"--http", ports[0], "--https", ports[1], "--link", ports[2], "--mqtt", "off", "--head-bytes", "1MiB", "--journal-max", "64MiB", "--log-level", "warn")}
	c.edge = &process{name: "gateway", log: file("gateway.log"), out: write, args: append(append([]string{}, c.o.Self...), edgeName, file("gateway"))}
	c.verifier = &process{name: "verifier", log: file("verifier.log"), in: read, args: append(append([]string{}, c.o.Self...), verifierName)}
	if err := c.verifier.start(ctx); err != nil {
		return err
	}
	addresses, err := c.verifier.wait(ctx)
	if err != nil {
		return err
	}
	control, modbus, _ := strings.Cut(addresses, " ")
	c.control = client{base: "http://" + control}
	if err := c.node.start(ctx); err != nil {
		return err
	}
	base, err := c.node.wait(ctx)
	if err != nil {
		return err
	}
	base, _, _ = strings.Cut(base, " ")
	link, err := c.signIn(ctx)
	if err != nil {
		return err
	}
	if c.world, err = makeWorld(ctx, base, link, lanes, modbus); err != nil {
		return err
	}
	c.edge.env = []string{edgeCode + "=" + c.world.code}
	if err := c.control.call(ctx, http.MethodPost, "/begin", begin{Node: base, Token: c.world.client.token, Seed: c.o.Seed, Lanes: c.world.lanes, Machine: c.world.machine}, nil); err != nil {
		return err
	}
	if err := c.edge.start(ctx); err != nil {
		return err
	}
	return c.flowing(ctx, status{})
}

// signIn finds the sign-in link that the node's first start prints.
func (c *cycles) signIn(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		select {
		case line := <-c.node.life.lines:
			if link, ok := strings.CutPrefix(line, "sign in: "); ok {
				return link, nil
			}
		case <-ctx.Done():
			return "", errors.New("the node printed no sign-in link")
		}
	}
}

// flowing waits until more has been acknowledged, by node and gateway, than before.
func (c *cycles) flowing(ctx context.Context, before status) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var now status
	err := until(ctx, func() (bool, error) {
		if err := errors.Join(c.node.alive(), c.edge.alive(), c.verifier.alive()); err != nil {
			cancel()
			return false, err
		}
		err := c.control.call(ctx, http.MethodPost, "/status", struct{}{}, &now)
		return now.Batches > before.Batches && now.Noticed > before.Noticed, err
	})
	if err != nil {
		return fmt.Errorf("no samples flow (%+v, before %+v): %w", now, before, err)
	}
	return nil
}

// ready waits until the node serves. Blocks that were there at the kill and are gone had been cut short.
func (c *cycles) ready(ctx context.Context) error {
	if _, err := c.node.wait(ctx); err != nil {
		return err
	}
	if c.strays != nil {
		now, gone := blocks(c.data), 0
		for name := range c.strays {
			if !now[name] {
				gone++
			}
		}
		if gone >= mergeFiles {
			c.sum.Replaced++
		} else if gone > 0 {
			c.sum.Unfinished++
		}
		c.strays = nil
	}
	return nil
}

func (c *cycles) killNode(ctx context.Context, what string, when moment) error {
	if err := c.kill(ctx, c.node, what, when); err != nil {
		return err
	}
	c.strays = blocks(c.data)
	return c.node.start(ctx)
}

func (c *cycles) killEdge(ctx context.Context, what string, when moment) error {
	if err := c.kill(ctx, c.edge, what, when); err != nil {
		return err
	}
	return c.edge.start(ctx)
}

func (c *cycles) kill(ctx context.Context, p *process, what string, when moment) error {
	if when != nil {
		if err := when(ctx); err != nil {
			return err
		}
	}
	if err := errors.Join(c.node.alive(), c.edge.alive(), c.verifier.alive()); err != nil {
		return err
	}
	c.sum.Kills[p.name+", "+what]++
	return p.kill()
}

// check has the verifier read back.
func (c *cycles) check(ctx context.Context, whole bool) error {
	if err := c.ready(ctx); err != nil {
		return err
	}
	c.sum.SlowestMs = c.node.slow.Milliseconds()
	var a checkAnswer
	if err := c.control.call(ctx, http.MethodPost, "/check", checkAsk{Whole: whole, PatienceMs: patience.Milliseconds()}, &a); err != nil {
		return errors.Join(err, c.node.alive(), c.edge.alive(), c.verifier.alive())
	}
	c.sum.Checks++
	c.sum.Status = a.Status
	if whole { // it has looked at everything once more: what was counted before is in it
		c.sum.Tally.Acknowledged, c.sum.Tally.Read = 0, 0
	}
	for _, t := range []Tally{a.Lanes, a.Machine, a.Live} {
		c.sum.Tally.join(t)
	}
	if a.Error != "" {
		if err := errors.Join(c.node.alive(), c.edge.alive()); err != nil {
			return fmt.Errorf("%s: %w", a.Error, err)
		}
		c.sum.Tally.add(Violation{Wrong: Broken, Detail: a.Error})
	}
	c.progress("check after %d cycles: %d samples acknowledged, %d read, %s (%d ms)", c.sum.Cycles, a.Lanes.Acknowledged+a.Machine.Acknowledged,
		a.Lanes.Read+a.Machine.Read, verdict(c.sum.Tally), a.TookMs)
	return nil
}

func verdict(t Tally) string {
	if t.clean() {
		return "all as it was sent"
	}
	return fmt.Sprintf("VIOLATIONS: %v", t.Wrong)
}

// mergeFiles: a merge replaces at least so many files at once; a flush that was cut short leaves fewer.
const mergeFiles = 4

// watch counts the block files that come and go. It sees what lasts for some milliseconds.
func (c *cycles) watch(ctx context.Context) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	seen, live := map[string]bool{}, map[string]bool{}
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := blocks(c.data)
		c.mu.Lock()
		for name := range now {
			if !seen[name] {
				c.sum.Written++
			}
			seen[name] = true
		}
		gone := 0
		for name := range live {
			if !now[name] {
				gone++
			}
		}
		if gone >= mergeFiles {
			c.sum.Merges++
		}
		c.mu.Unlock()
		live = now
	}
}

// interrupt ends the node as a person would, and wants it to end cleanly.
func (c *cycles) interrupt(ctx context.Context) error {
	l := c.node.life
	l.killed.Store(true)
	if err := l.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return c.node.kill() // a system without signals
	}
	select {
	case err := <-l.ended:
		l.ended <- nil
		if err != nil {
			return fmt.Errorf("the node did not end cleanly when it was told to: %w", err)
		}
		return nil
	case <-time.After(15 * time.Second):
		_ = l.cmd.Process.Kill()
		return errors.New("the node did not end within 15 s when it was told to")
	case <-ctx.Done():
		return ctx.Err()
	}
}

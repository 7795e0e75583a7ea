package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"jingwei/internal/kernel/log/jetstream/natstest"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/peertest"
)

// deployment is a whole cluster: a PostgreSQL pair, three NATS servers, three processes and their cells.
type deployment struct {
	t         *testing.T
	dir       string
	pair      *storetest.Pair
	nats      *natstest.Cluster
	processes []*program
	doors     []string // of the processes, for https
	mu        sync.Mutex
	owner     map[string]int // by cell: the process that said last that it has it
	links     map[string]string
}

const drillDomain = "cells.test"

func newDeployment(t *testing.T, cells ...string) *deployment {
	t.Helper()
	d := &deployment{t: t, dir: t.TempDir(), pair: storetest.NewPair(t), owner: map[string]int{}, links: map[string]string{}}
	var err error
	if d.nats, err = natstest.Start(d.dir, 3); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.nats.Stop)
	for i := range 3 {
		d.doors = append(d.doors, peertest.Port(t))
		d.processes = append(d.processes, nil)
		d.start(i, cells)
	}
	eventually(t, "every cell is served", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.owner) == len(cells)
	})
	return d
}

func (d *deployment) start(i int, cells []string) {
	p := start(d.t, "serve", "--data", filepath.Join(d.dir, fmt.Sprint("p", i)), "--name", fmt.Sprint("p", i), "--database", d.pair.URL(),
		"--cells", strings.Join(cells, ","), "--cluster-domain", drillDomain, "--cluster-advertise", "127.0.0.1", "--cluster-nats", d.nats.URL(),
		"--cluster-lease", "3s", "--https", d.doors[i], "--link", "off", "--mqtt", "off", "--head-bytes", "1MiB", "--journal-max", "1GiB")
	d.processes[i] = p
	go func() {
		for line := range p.line {
			if rest, ok := strings.CutPrefix(line, "cell "); ok {
				name, what, _ := strings.Cut(rest, " ")
				d.mu.Lock()
				if strings.HasPrefix(what, "ready:") {
					d.owner[name] = i
					d.t.Logf("%s: process %d: %s", time.Now().Format("05.000"), i, line)
				}
				if link, ok := strings.CutPrefix(what, "sign in: "); ok {
					d.links[name] = link
				}
				d.mu.Unlock()
			}
		}
	}()
}

// administer asks as an operator does: who has what, and for a link into one cell.
func (d *deployment) administer(cells []string) {
	d.t.Helper()
	ask := func(args ...string) string {
		d.t.Helper()
		code, out, errs := command(d.t, append(args, "--database", d.pair.URL(), "--cells", strings.Join(cells, ","), "--cluster-domain", drillDomain, "--cluster-nats", d.nats.URL())...)
		if code != 0 {
			d.t.Fatalf("%v: %d\n%s", args, code, errs)
		}
		return strings.Join(out, "\n")
	}
	table := ask("admin", "cells")
	for _, c := range cells {
		if !strings.Contains(table, "\n"+c+"     p") {
			d.t.Errorf("cell %s has no process in\n%s", c, table)
		}
	}
	d.t.Log("\n" + table)
	if link := ask("admin", "link", administrator, "--cell", "b"); !strings.HasPrefix(link, "https://b."+drillDomain+":8443/welcome?token=") {
		d.t.Errorf("a link into cell b: %s", link)
	}
}

// client is somebody outside who knows the cells' names and finds a process that listens.
func (d *deployment) client() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	turn := atomic.Int64{}
	return &http.Client{Jar: jar, Timeout: 20 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // each cell has an authority of its own; who is who is not what this is about
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var last error
			for range d.doors {
				c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, network, d.doors[int(turn.Add(1))%len(d.doors)])
				if err == nil {
					return c, nil
				}
				last = err
			}
			return nil, last
		},
	}}
}

// lane writes numbered values to one cell and reads them.
type lane struct {
	d          *deployment
	cell       string
	http       *http.Client
	base       string
	credential string
	series     string
	begin      time.Time
	acked      []int // numbers that were acknowledged, in order
	writes     gaps
	reads      gaps
}

// gaps notes how long nothing succeeded.
type gaps struct {
	mu      sync.Mutex
	last    time.Time
	longest time.Duration
	n       int
}

func (g *gaps) success() {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if !g.last.IsZero() {
		g.longest = max(g.longest, now.Sub(g.last))
	}
	g.last = now
	g.n++
}

// reset returns the longest gap since the last call, the one that stands open included.
func (g *gaps) reset() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := max(g.longest, time.Since(g.last))
	g.longest = 0
	return out
}

func (l *lane) call(method, path string, body, into any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, l.base+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", l.base)
	if strings.HasPrefix(path, "/push/") {
		req.Header.Set("Authorization", "Bearer "+l.credential)
	}
	res, err := l.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode, answer)
	}
	if into != nil {
		return json.Unmarshal(answer, into)
	}
	return nil
}

func (d *deployment) lane(cell string) *lane {
	d.t.Helper()
	d.mu.Lock()
	link := d.links[cell]
	d.mu.Unlock()
	base, secret, ok := strings.Cut(link, "/welcome?token=")
	if !ok {
		d.t.Fatalf("cell %s: the link is %q", cell, link)
	}
	l := &lane{d: d, cell: cell, http: d.client(), base: base, begin: time.Now().Truncate(time.Second).Add(-time.Hour)}
	must := func(err error) {
		d.t.Helper()
		if err != nil {
			d.t.Fatalf("cell %s: %v", cell, err)
		}
	}
	type made struct{ ID, Secret string }
	must(l.call("POST", "/api/v1/session/link", map[string]any{"token": secret}, nil))
	var orgs struct{ Items []made }
	must(l.call("GET", "/api/v1/orgs", nil, &orgs))
	org := orgs.Items[0].ID
	var site, source, credential made
	must(l.call("POST", "/api/v1/plant/nodes", map[string]any{"org": org, "kind": "site", "name": map[string]string{"zh": "一厂", "en": "Plant one"}}, &site))
	must(l.call("POST", "/api/v1/sources", map[string]any{"org": org, "kind": "push", "transport": "http", "name": map[string]string{"zh": "推送", "en": "push"},
		"adopt": map[string]string{"parent": site.ID}}, &source))
	must(l.call("POST", "/api/v1/sources/"+source.ID+"/credentials", map[string]any{"name": "drill"}, &credential))
	l.credential = credential.ID + ":" + credential.Secret
	must(l.write(0))
	l.acked = append(l.acked, 0)
	var series struct{ Items []made }
	must(l.call("GET", "/api/v1/series?org="+org, nil, &series))
	l.series = series.Items[0].ID
	return l
}

func (l *lane) write(n int) error {
	return l.call("POST", "/push/json", map[string]any{"device": "press", "time": l.begin.Add(time.Duration(n) * time.Millisecond).UnixMilli(), "values": map[string]any{"n": n}}, nil)
}

// run writes one number after the other until stop is closed; each again until it is acknowledged.
func (l *lane) run(stop <-chan struct{}) {
	for n := 1; ; n++ {
		for {
			select {
			case <-stop:
				return
			default:
			}
			err := l.write(n)
			if err == nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		l.acked = append(l.acked, n)
		l.writes.success()
	}
}

func (l *lane) watch(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(20 * time.Millisecond):
		}
		var page samplePage
		if err := l.call("GET", l.page("", 10), nil, &page); err == nil && len(page.Items) > 0 {
			l.reads.success()
		}
	}
}

type samplePage struct {
	Items []struct {
		Time  time.Time
		Value float64
	}
	Next string
}

func (l *lane) page(cursor string, limit int) string {
	return fmt.Sprintf("/api/v1/series/%s/samples?from=%s&to=%s&limit=%d&cursor=%s", l.series, l.begin.UTC().Format(time.RFC3339), l.begin.Add(2*time.Hour).UTC().Format(time.RFC3339), limit, cursor)
}

// judge reads everything: each acknowledged number is there once, with its time, and nothing that was never sent.
func (l *lane) judge() {
	l.d.t.Helper()
	seen := map[int]int{}
	for cursor := ""; ; {
		var page samplePage
		if err := l.call("GET", l.page(cursor, 10000), nil, &page); err != nil {
			l.d.t.Fatalf("cell %s: %v", l.cell, err)
		}
		for _, s := range page.Items {
			n := int(s.Value)
			if !s.Time.Equal(l.begin.Add(time.Duration(n) * time.Millisecond)) {
				l.d.t.Fatalf("cell %s: %d stands at %v", l.cell, n, s.Time)
			}
			seen[n]++
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	lost := 0
	for _, n := range l.acked {
		if seen[n] != 1 {
			lost++
			if lost < 5 {
				l.d.t.Errorf("cell %s: %d was acknowledged and is there %d times", l.cell, n, seen[n])
			}
		}
	}
	if extra := len(seen) - len(l.acked); extra > 1 { // the last one may have been stored without its answer
		l.d.t.Errorf("cell %s: %d values more than were acknowledged", l.cell, extra)
	}
	l.d.t.Logf("cell %s: %d acknowledged, %d lost", l.cell, len(l.acked), lost)
}

// TestClusterLosesOneOfEach: three cells on three processes, three NATS servers, a PostgreSQL pair; under load a process
// is killed, a NATS server, and the primary, whose standby is promoted by hand. Nothing acknowledged is lost, and each cell
// is read and written again.
func TestClusterLosesOneOfEach(t *testing.T) {
	t.Parallel()
	cells := []string{"a", "b", "c"}
	d := newDeployment(t, cells...)
	var lanes []*lane
	for _, c := range cells {
		lanes = append(lanes, d.lane(c))
	}
	stop := make(chan struct{})
	var running sync.WaitGroup
	for _, l := range lanes {
		running.Go(func() { l.run(stop) })
		running.Go(func() { l.watch(stop) })
	}
	// goOn waits until each cell has taken and answered something after what was done to it.
	goOn := func(what string) {
		t.Helper()
		for _, l := range lanes {
			for _, g := range []*gaps{&l.writes, &l.reads} {
				g.mu.Lock()
				n := g.n
				g.mu.Unlock()
				eventually(t, what+": cell "+l.cell+" goes on", func() bool { g.mu.Lock(); defer g.mu.Unlock(); return g.n >= n+20 })
			}
		}
		for _, l := range lanes {
			t.Logf("%s: cell %s: nothing written for %v, nothing read for %v", what, l.cell, l.writes.reset().Round(time.Millisecond), l.reads.reset().Round(time.Millisecond))
		}
	}
	goOn("at rest")

	d.mu.Lock()
	victim := d.owner["a"]
	d.mu.Unlock()
	if err := syscall.Kill(-d.processes[victim].cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	goOn("a process was killed")

	d.nats.Kill(t, "n1")
	goOn("a NATS server was killed")
	d.nats.Restart(t, "n1")

	d.pair.KillPrimary()
	time.Sleep(4 * time.Second) // longer than a lease
	d.pair.Promote()
	goOn("the primary was killed, the standby promoted")

	d.start(victim, cells)
	eventually(t, "the process that came back has a cell", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		for _, p := range d.owner {
			if p == victim {
				return true
			}
		}
		return false
	})
	goOn("a process came back")
	d.administer(cells)
	close(stop)
	running.Wait()
	for _, l := range lanes {
		l.judge()
	}
}

package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/client"
	"jingwei/internal/identify/handle/resolver"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/proof/port"
)

// level is one node of the drill: a process, killed and started again on the same folder and addresses.
type level struct {
	t       *testing.T
	name    string
	prefix  string
	args    []string
	web     string
	handle  netip.AddrPort // UDP and TCP
	mu      sync.Mutex
	running *program
	visit   *visit
}

func (l *level) start() {
	p := start(l.t, l.args...)
	p.expect("ready: ")
	l.mu.Lock()
	l.running = p
	l.mu.Unlock()
}

func (l *level) kill() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := syscall.Kill(-l.running.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		l.t.Error(err)
	}
	_ = l.running.wait() // it was killed
}

// site is where the node is resolved.
func (l *level) site() handle.Site {
	door := func(p handle.Protocol) handle.Interface {
		return handle.Interface{Admin: p == handle.TCP, Query: true, Protocol: p, Port: uint32(l.handle.Port())}
	}
	return handle.Site{DataVersion: 1, Version: handle.NewestVersion, Serial: 1, Primary: true, Hash: handle.HashByHandle,
		Servers: []handle.SiteServer{{ID: 1, Address: l.handle.Addr(), Interfaces: []handle.Interface{door(handle.UDP), door(handle.TCP)}}}}
}

func newLevel(t *testing.T, name, prefix string) *level {
	free := proof.Must(port.Free(2))
	l := &level{t: t, name: name, prefix: prefix, web: free[0], handle: netip.MustParseAddrPort(free[1])}
	l.args = []string{"serve", "--data", t.TempDir(), "--name", name, "--http", l.web, "--https", "127.0.0.1:0", "--link", "off", "--mqtt", "off", "--handle-udp", free[1], "--handle-tcp", free[1]}
	p := start(t, l.args...)
	p.expect("ready: ")
	l.running, l.visit = p, visitTo(t, "http://"+l.web)
	_, token, _ := strings.Cut(strings.TrimSpace(p.expect("sign in: ")), "token=")
	if status := l.visit.json("POST", "/session/link", map[string]string{"token": token}, nil); status != 200 {
		t.Fatalf("signing in at %s: %d", name, status)
	}
	return l
}

// put allocates a prefix at the node: homed there, or delegated to the node below.
func (l *level) put(prefix, state string, to *level) {
	l.t.Helper()
	body := map[string]any{"prefix": prefix, "state": state, "reason": "drill"}
	if to != nil {
		body["values"] = []map[string]any{{"index": 1, "type": handle.TypeSite, "format": "base64", "data": base64.StdEncoding.EncodeToString(handle.AppendSite(nil, to.site()))}}
	}
	var answer map[string]any
	if status := l.visit.json("POST", "/prefixes", body, &answer); status/100 != 2 {
		l.t.Fatalf("%s at %s: %d %v", prefix, l.name, status, answer)
	}
}

// acknowledged is what the enterprise node has acknowledged.
type acknowledged struct {
	mu    sync.Mutex
	names []handle.Name
}

func (a *acknowledged) add(names []handle.Name) {
	a.mu.Lock()
	a.names = append(a.names, names...)
	a.mu.Unlock()
}

func (a *acknowledged) some() (handle.Name, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.names) == 0 {
		return "", false
	}
	return a.names[rand.IntN(len(a.names))], true
}

// said is what an identifier of the drill must answer.
func said(name handle.Name) string { return "https://works.example/" + name.Suffix() }

// TestThreeLevelsAnswerRightWhileTheirNodesAreKilled: a top, a secondary and an enterprise node as three processes; clients that know
// the top only resolve through referrals; each node is killed and started again under load. No answer is wrong, and nothing that was
// acknowledged is lost.
func TestThreeLevelsAnswerRightWhileTheirNodesAreKilled(t *testing.T) {
	top, second, works := newLevel(t, "top", "88"), newLevel(t, "second", "88.101"), newLevel(t, "works", "88.101.5")
	top.put("88", "homed", nil)
	top.put("88.101", "delegated", second)
	second.put("88.101", "homed", nil)
	second.put("88.101.5", "delegated", works)
	works.put("88.101.5", "homed", nil)

	newResolver := func() *resolver.Resolver {
		return resolver.New(resolver.Config{Root: []handle.Site{top.site()}, Now: time.Now,
			Client: &client.Client{Now: time.Now, Wait: []time.Duration{150 * time.Millisecond, 300 * time.Millisecond}, Timeout: 2 * time.Second}})
	}
	// ask resolves an identifier that was acknowledged. An answer must be right; a node that is away is none.
	var answers, silences atomic.Int64
	ask := func(ctx context.Context, r *resolver.Resolver, name handle.Name) bool {
		got, err := r.Resolve(ctx, handle.Question{Name: name, Types: []string{"URL"}}, resolver.Options{Fresh: true})
		var refused *handle.Refusal
		switch {
		case errors.As(err, &refused):
			t.Errorf("%s, which was acknowledged: %v, by %v", name, err, got.Path)
		case err != nil:
			silences.Add(1)
			return false
		case len(got.Values) != 1 || string(got.Values[0].Data) != said(name):
			t.Errorf("%s: %v, by %v", name, got.Values, got.Path)
		}
		answers.Add(1)
		return err == nil
	}

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var kept acknowledged
	var load sync.WaitGroup
	for writer := range 2 {
		load.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				var names []handle.Name
				var changes []map[string]any
				for i := range 20 {
					name := handle.Name(fmt.Sprintf("88.101.5/part-%d-%d-%d", writer, n, i))
					names = append(names, name)
					changes = append(changes, map[string]any{"name": name, "operation": "create", "values": []map[string]any{{"index": 1, "type": "URL", "data": said(name)}}})
				}
				if works.visit.tries(ctx, "POST", "/identifiers/batch", map[string]any{"changes": changes, "whole": true}) {
					kept.add(names)
				}
			}
		})
	}
	for range 3 {
		load.Go(func() {
			for r := newResolver(); ctx.Err() == nil; {
				if name, ok := kept.some(); ok {
					ask(ctx, r, name)
				}
			}
		})
	}
	eventually(t, "the first answers", func() bool { return answers.Load() > 50 })
	for range 2 {
		for _, l := range []*level{works, second, top} {
			l.kill()
			time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond) // what load does meanwhile is the point
			l.start()
			before := answers.Load()
			eventually(t, "answers after "+l.name+" was killed", func() bool { return answers.Load() > before+50 })
		}
	}
	stop()
	load.Wait()

	r := newResolver()
	for _, name := range kept.names {
		if !ask(t.Context(), r, name) {
			t.Errorf("%s, which was acknowledged, is not answered", name)
		}
	}
	got, err := newResolver().Resolve(t.Context(), handle.Question{Name: "88.101.5/never"}, resolver.Options{})
	var refused *handle.Refusal
	if !errors.As(err, &refused) || refused.Code != handle.NotFound || len(got.Path) < 3 {
		t.Errorf("what was never registered: %v by %v", err, got.Path)
	}
	t.Logf("%d identifiers, %d answers, %d questions while a node was away", len(kept.names), answers.Load(), silences.Load())
	if silences.Load() == 0 {
		t.Error("no question met a node that was away: the drill killed nothing")
	}
}

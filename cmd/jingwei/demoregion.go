package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/kernel/config"
	"jingwei/internal/province/region"
)

// demoRegion is the region of a demo: nodes as processes of their own, and what stands below them.
type demoRegion struct {
	n        *node // the province's own
	cfg      *config.Loaded
	world    *world
	months   int
	headless bool
	nodes    *children // nodes; the other processes are below
	below    *children
	out      io.Writer

	kept    *regionKept
	address map[string]string // that gateways dial, by node
}

// tell makes the region in the background and says how it went: a demo whose region fails goes on as its province.
func (r *demoRegion) tell(ctx context.Context) {
	defer giveBack()
	begun := time.Now()
	switch err := r.run(ctx); {
	case err == nil:
		fmt.Fprintf(r.out, "region: whole (%d ms)\n", time.Since(begun).Milliseconds())
	case ctx.Err() != nil: // the next start goes on
	default:
		r.n.log.Error("the demo's region is not whole; the next start goes on", "error", err)
		fmt.Fprintf(r.out, "region: not whole: %v\n", err)
	}
}

func (r *demoRegion) run(ctx context.Context) error {
	of, err := region.Load()
	if err != nil {
		return err
	}
	access, err := r.start(ctx, of)
	if err != nil {
		return err
	}
	items, counted, policies := r.n.wanted()
	return region.Fill(ctx, region.Options{
		Region: of, Packs: r.n.packs, Day: r.world.Day, Months: r.months, Now: r.n.now, Nodes: access, Kept: r.kept, Processes: r, Figures: items, Counted: counted, Policies: policies,
		Tell: func(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) },
	})
}

// wanted are the figures that the policies want of enterprises, as agreements name them, each also of everybody, and what changes are worked
// out of; those that are counted once for a region; and the policies.
func (n *node) wanted() (items, counted, policies []string) {
	library := n.indicators.Library()
	for _, p := range library.Policies() {
		policies = append(policies, p.ID)
		for i := range p.Targets {
			t := &p.Targets[i]
			for _, id := range append([]string{t.Indicator}, t.Beside...) {
				d := library.Definition(id)
				if d.Of != indicator.OfEnterprise {
					continue
				}
				item := figure.Item{Indicator: id, Filter: t.Population.Where.String()}
				if d.Changes() && t.Baseline != nil {
					item.Baseline = t.Baseline.Date
				}
				all := item
				all.Filter = figure.All
				items = append(items, item.String(), all.String())
			}
		}
	}
	for _, d := range library.Definitions() {
		item := figure.Item{Indicator: d.ID, Filter: figure.All}.String()
		switch {
		case d.Of == indicator.OfRegion:
			counted = append(counted, item)
		case !d.Changes():
			items = append(items, item)
		}
	}
	slices.Sort(items)
	return slices.Compact(items), counted, policies
}

// start starts the nodes, all at once, and says where they are.
func (r *demoRegion) start(ctx context.Context, of *region.Region) (map[string]region.Access, error) {
	token, err := r.n.ownerToken(ctx, r.world.Made["org/"+demoOrgs[0].key])
	if err != nil {
		return nil, err
	}
	door, err := r.n.demoDoor(ctx)
	if err != nil {
		return nil, err
	}
	access := map[string]region.Access{region.Province: {URL: r.n.base(), ID: r.n.id.String(), Door: door, Tokens: map[string]string{"": token}}}
	r.address = map[string]string{region.Province: r.n.linkAddress()}
	began := make([]regionNode, len(of.Nodes))
	errs := make([]error, len(of.Nodes))
	var group sync.WaitGroup
	for i := range of.Nodes {
		group.Go(func() { began[i], errs[i] = startRegionNode(ctx, r.cfg, r.kept, r.nodes, &of.Nodes[i], i+1) })
	}
	group.Wait()
	for i := range of.Nodes {
		n := &of.Nodes[i]
		if errs[i] != nil {
			return nil, fmt.Errorf("node %s: %w", n.Key, errs[i])
		}
		access[n.Key], r.address[n.Key] = began[i].Access, began[i].link
		fmt.Fprintf(r.out, "node %s: %s %s\n", n.Key, began[i].URL, n.Name.En)
		if s := began[i].signIn; s != "" {
			fmt.Fprintf(r.out, "sign in at %s: %s\n", n.Key, s)
		}
		if r.headless {
			for firm, token := range began[i].Tokens {
				if firm != "" || n.Firm == "" {
					fmt.Fprintf(r.out, "token at %s %s: %s\n", n.Key, firm, token)
				}
			}
		}
	}
	return access, nil
}

// Simulator implements region.Processes.
func (r *demoRegion) Simulator(ctx context.Context, devices []string) (string, error) {
	args := []string{"sim", "modbus", "--listen", sameOrFree(r.kept.Get("simulator"))}
	for _, d := range devices {
		args = append(args, "--device", d)
	}
	said, err := r.below.start(ctx, true, nil, args...)
	if err != nil {
		return "", err
	}
	return said["ready"], r.kept.Keep("simulator", said["ready"])
}

// Gateway implements region.Processes.
func (r *demoRegion) Gateway(ctx context.Context, firm, node, code string) error {
	var env []string
	if code != "" {
		env = append(env, codeVariable+"="+code)
	}
	_, err := r.below.start(ctx, false, env, "edge", "--data", filepath.Join(r.cfg.Data, "gateways", firm), "--journal-max", "256MiB",
		"--link-address", r.address[node], "--log-level", r.below.level.String())
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/file"
	"jingwei/internal/province/region"
)

// anyPort is one on loopback that nobody else listens on.
const anyPort = "127.0.0.1:0"

func demoCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run a fictional region of six nodes with gateways and simulated machines, and print how to sign in",
		Long: `Run a whole small world in one process tree: a node, and two enterprises with three gateways and twenty machines that
replay recorded data: CNC mills and energy meters over Modbus TCP, gas turbines over OPC UA, more mills over Sparkplug B
and climate sensors over MQTT. Nothing is short-circuited: machines, gateways and nodes are processes of their own that
speak over sockets, with certificates where the protocol has them.

The node is the platform of a fictional province: once it is ready, two dozen firms, a dozen providers, experts and what
has come to pass between them are entered behind it, through the same API as everything else (some seconds; a start that
was interrupted is completed by the next). All of it is marked as demonstration data. Its people sign in by a link that
"jingwei admin link LOGIN" makes while the demo is stopped, or People in the console.

Once the province is there, five more nodes are started beside it: two cities, a park and two enterprises, each with a folder
and an authority of its own, on the ports after the printed one. Six enterprises keep their data on these, with a gateway each, a
year of measurements and three years of books that are generated from the recorded data. Without --region there is the
province's node alone. See docs/demo.md.

A second start goes on where the first stopped. The console is served over plain HTTP on loopback, so that a browser
needs no certificate; gateways use TLS as always.`,
		Example: `  jingwei demo
  jingwei demo --fresh
  jingwei demo --region=false
  jingwei demo --province=false
  jingwei demo --headless --http 127.0.0.1:8480 --data /tmp/demo`,
		Args: cobra.NoArgs,
	}
	addConfigFlags(c)
	fresh := c.Flags().Bool("fresh", false, "delete what an earlier demo left in the data folder and begin anew")
	headless := c.Flags().Bool("headless", false, "print API tokens for the two enterprises (token, token-b) as well")
	province := c.Flags().Bool("province", true, "people the node with the fictional province; without it, its registers are empty")
	around := c.Flags().Bool("region", true, "run the nodes of two cities, a park and two enterprises below the province too; never without the province")
	months := c.Flags().Int("history", 12, "months of measurements that the region's machines have before the first start, 0 to 12")
	c.AddCommand(demoNodeCommand())
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *months < 0 || *months > 12 {
			return usageError{fmt.Errorf("--history %d: give 0 to 12 months", *months)}
		}
		cfg, err := configured(c, map[string]string{
			"data": "jingwei-demo", "node.name": "Jingwei demo", "http.address": "127.0.0.1:8480",
			"https.address": anyPort, "link.address": anyPort, "mqtt.address": anyPort, "auth.signUp": "true", "log.level": "warn",
		})
		if err != nil {
			return err
		}
		if cfg.HTTP.Address == "" {
			return usageError{errors.New("the demo serves its console over plain HTTP: give a loopback address with --http, such as 127.0.0.1:8480")}
		}
		if *fresh {
			if err := removeDemo(cfg.Data); err != nil {
				return err
			}
		}
		return demo(c.Context(), cfg, demoScope{*headless, *province, *province && *around, *months}, c.OutOrStdout(), c.ErrOrStderr())
	}
	return c
}

// demoScope is how much of the demo's world there is.
type demoScope struct {
	headless, province, region bool
	months                     int // of the region's past
}

// demoMark is the file by which a data folder is known as a demo's: --fresh deletes no other.
const demoMark = "demo"

func removeDemo(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, demoMark)); err != nil {
		return usageError{fmt.Errorf("%s is not the data folder of a demo, so --fresh leaves it alone; give another with --data", dir)}
	}
	return os.RemoveAll(dir)
}

func demo(ctx context.Context, cfg *config.Loaded, of demoScope, out, errs io.Writer) error {
	begun := time.Now()
	logger := newLogger(cfg, errs)
	if err := markDemo(cfg.Data); err != nil {
		return err
	}
	kept, err := keptRegion(cfg.Data)
	if err != nil {
		return err
	}
	if of.region {
		if cfg.Node.Packs == "" {
			if cfg.Node.Packs, err = demoPacks(cfg.Data); err != nil {
				return err
			}
		}
		// neighbours look for it where it was
		for key, address := range map[string]*string{"listen/https/": &cfg.HTTPS.Address, "listen/link/": &cfg.Link.Address} {
			if *address != anyPort {
				continue
			}
			if *address, err = kept.port(key + region.Province); err != nil {
				return err
			}
		}
	}
	n, err := openNode(ctx, cfg, logger)
	if err != nil {
		return err
	}
	defer n.close()
	world, err := n.makeWorld(demoContext(ctx))
	if err != nil {
		return fmt.Errorf("set up the demo: %w", err)
	}
	if of.province {
		if err := n.beginProvince(world); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	below := &children{level: cfg.Log.Level, errs: errs, failed: n.fail, patience: childPatience}
	defer below.wait()
	gone := func(err error) {
		n.log.Error("a node of the demo's region is gone; the others go on without it, the next start brings it back", "error", err)
	}
	around := &demoRegion{n: n, cfg: cfg, kept: kept, world: world, months: of.months, headless: of.headless, below: below, out: out,
		nodes: &children{level: cfg.Log.Level, errs: errs, failed: gone, patience: regionPatience}}
	defer around.nodes.wait()
	var filling sync.WaitGroup
	defer filling.Wait()
	defer cancel()
	return n.serve(ctx, func() {
		fmt.Fprintf(out, "Jingwei demo: %s (ready in %d ms)\n", n.base(), time.Since(begun).Milliseconds())
		if world.link != nil {
			fmt.Fprintf(out, "sign in: %s\n", world.link.URL(n.base())) // the address is known once it is listened on
		} else {
			fmt.Fprintf(out, "sign in as %q with the password you chose\n", administrator)
		}
		if of.headless {
			fmt.Fprintf(out, "token: %s\ntoken-b: %s\n", world.token, world.tokenB)
		}
		if err := n.startMachines(demoContext(ctx), world, below); err != nil {
			n.fail(fmt.Errorf("start the demo's machines: %w", err))
			return
		}
		fmt.Fprintf(out, "running: %d gateways and %d machines; Ctrl-C ends the demo\n", len(demoGateways), len(demoMachines))
		if of.province {
			filling.Go(func() {
				n.tellProvince(demoContext(ctx), world, out)
				if of.region && ctx.Err() == nil {
					around.tell(demoContext(ctx))
				}
			})
		}
	})
}

// markDemo makes the folder and the mark, unless they are there: a node that opens it knows that it is a demo's.
func markDemo(dir string) error {
	if err := file.MakeDir(file.OS(), dir, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w; choose another with --data", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, demoMark), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

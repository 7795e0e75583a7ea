package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/text"
)

// administrator is the login of the person whom the first start makes. The password is theirs to choose.
const administrator = "admin"

func serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run a node: telemetry, plant model, gateways, console and API",
		Long: `Run a node. The first start makes the node's secrets and certificate authority in the data folder and prints a
one-time link with which the administrator signs in and chooses a password. It is printed again at each start until
that has been done.

HTTPS uses a certificate of the node's own authority. Plain HTTP is served on loopback only, for a proxy beside it.
With --rehearse the clock of the node is set back, so that what takes weeks can be walked through in minutes: on a new
data folder only, which is marked as a rehearsal's for good. See docs/rehearsal.md.
With --cells the process is one of several that serve the cells of a cluster: records in PostgreSQL, journals and files in
NATS JetStream. See docs/cluster.md.

SIGINT or SIGTERM ends it cleanly.`,
		Example: `  jingwei serve --data /var/lib/jingwei --https :8443 --https-names node.example.com
  jingwei serve --http 127.0.0.1:8480 --https off --link off`,
		Args: cobra.NoArgs,
	}
	addConfigFlags(c)
	rehearsed := c.Flags().Duration("rehearse", 0, "set the node's clock back by this time, such as -336h, to rehearse; only on a new data folder, or on that of a rehearsal")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := configured(c, nil)
		if err != nil {
			return err
		}
		if len(cfg.Cluster.Cells) > 0 {
			if *rehearsed != 0 {
				return usageError{errors.New("--rehearse and --cells: only a node with a data folder of its own can rehearse; leave one of them out")}
			}
			return serveCells(c.Context(), cfg, c.OutOrStdout(), c.ErrOrStderr())
		}
		return serve(c.Context(), cfg, *rehearsed, c.OutOrStdout(), c.ErrOrStderr())
	}
	return c
}

func serve(ctx context.Context, cfg *config.Loaded, by time.Duration, out, errs io.Writer) error {
	begun := time.Now()
	n, err := openRehearsal(ctx, cfg, by, newLogger(cfg, errs))
	if err != nil {
		return err
	}
	defer n.close()
	home := org.Org{Kind: org.Enterprise, Name: text.Text{Zh: cfg.Node.Name, En: cfg.Node.Name}}
	link, first, err := n.auth.FirstStart(auth.AsSystem(ctx, "start"), home, administrator)
	if err != nil {
		return err
	}
	return n.serve(ctx, func() {
		fmt.Fprintf(out, "ready: %s (in %d ms)\n", n.base(), time.Since(begun).Milliseconds())
		if address := n.mqttPlain(); address != "" {
			fmt.Fprintf(out, "mqtt: %s\n", address)
		}
		fmt.Fprintf(out, "authority: %s\n", n.authority.Fingerprint())
		if first {
			fmt.Fprintf(out, "sign in: %s\n         once, as %q, until %s\n", link.URL(n.base()), administrator, link.Expires.Format(time.RFC3339))
		}
	})
}

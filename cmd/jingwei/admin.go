package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"jingwei/internal/connect/ingest"
	"jingwei/internal/connect/lint"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/config"
	"jingwei/internal/plant/class"
	"jingwei/packs"
)

func adminCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "admin",
		Short: "Administration beside the node's files",
	}
	c.AddCommand(adminLinkCommand(), adminCellsCommand(), adminOpenAPICommand(), adminLintCommand())
	return c
}

func adminLinkCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "link LOGIN",
		Short: "Make a one-time sign-in link for a person, for instance after a lost password",
		Long: `Make a one-time sign-in link. It needs read and write access to the node's data folder or database, and is audited.
The node may be running.`,
		Args: func(c *cobra.Command, args []string) error {
			if err := cobra.ExactArgs(1)(c, args); err != nil {
				return usageError{err}
			}
			return nil
		},
	}
	addConfigFlags(c, "data", "database.url", "http.address", "https.address", "cluster.cells", "cluster.domain", "cluster.nats")
	in := c.Flags().String("cell", "", "the cell whose person it is, in a cluster")
	base := c.Flags().String("base", "", "address of the console in the link, such as https://node.example.com:8443")
	c.RunE = func(c *cobra.Command, args []string) error {
		cfg, err := configured(c, nil)
		if err != nil {
			return err
		}
		n, err := visiting(cfg, *in)
		if err != nil {
			return err
		}
		defer n.close()
		ctx := auth.AsSystem(c.Context(), "command line")
		if err := n.openRecords(ctx); err != nil {
			return err
		}
		if err := n.openTenants(ctx); err != nil {
			return err
		}
		p, err := n.auth.PersonByLogin(ctx, args[0])
		if err != nil {
			return err
		}
		link, err := n.auth.MakeLink(ctx, p.ID)
		if err != nil {
			return err
		}
		if *base == "" {
			*base = n.base()
		}
		_, err = fmt.Fprintln(c.OutOrStdout(), link.URL(*base))
		return err
	}
	return c
}

func adminOpenAPICommand() *cobra.Command {
	return &cobra.Command{
		Use:   "openapi",
		Short: "Print the OpenAPI 3.1 document of the HTTP API",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return writeOpenAPI(c.Context(), c.OutOrStdout())
		},
	}
}

// writeOpenAPI describes the operations of a node whose stores were never opened. The version is left out, so that the
// document changes only when the API does.
func writeOpenAPI(ctx context.Context, out io.Writer) error {
	n := &node{cfg: &config.Loaded{}, log: slog.New(slog.DiscardHandler), now: clock}
	var err error
	if n.api, err = api.New(ctx, api.Options{}); err != nil {
		return err
	}
	n.describeRooms()
	n.routes()
	var b bytes.Buffer
	if err := n.api.WriteSpec(&b); err != nil {
		return err
	}
	_, err = out.Write(b.Bytes())
	return err
}

func adminLintCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "lint FILE…",
		Short: "Judge device templates: what is wrong in them, by line, with the mend",
		Long: `Judge device templates (packs/devices) as their integrators write them: the pack's form, units, texts in both
languages, and what only the protocol knows: addresses, encodings, points that lie on each other's registers, and a scan
that the device's line cannot carry. The exit code is 1 when a file is wrong.`,
		Example: `  jingwei admin lint packs/devices/*.yaml`,
		Args: func(c *cobra.Command, args []string) error {
			if err := cobra.MinimumNArgs(1)(c, args); err != nil {
				return usageError{err}
			}
			return nil
		},
	}
	lang := c.Flags().String("lang", "en", "language of the findings: en or zh")
	c.RunE = func(c *cobra.Command, args []string) error {
		classes, err := class.Load(packs.Files, "equipment")
		if err != nil {
			return err
		}
		o := judges()
		o.Classes = class.All(classes)
		wrong, err := lint.Files(c.OutOrStdout(), *lang, args, o)
		if err == nil && wrong > 0 {
			err = fmt.Errorf("%d of %d files are wrong", wrong, len(args))
		}
		return err
	}
	return c
}

// judges are what device templates are judged by.
func judges() lint.Options {
	return lint.Options{Drivers: drivers(nil), Sources: ingest.Kinds()}
}

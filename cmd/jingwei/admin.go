package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/config"
)

func adminCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "admin",
		Short: "Administration beside the node's files",
	}
	c.AddCommand(adminLinkCommand(), adminOpenAPICommand())
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
	addConfigFlags(c, "data", "database.url", "http.address", "https.address")
	base := c.Flags().String("base", "", "address of the console in the link, such as https://node.example.com:8443")
	c.RunE = func(c *cobra.Command, args []string) error {
		cfg, err := configured(c, nil)
		if err != nil {
			return err
		}
		n := &node{cfg: cfg, log: slog.New(slog.DiscardHandler), now: clock}
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

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"jingwei/internal/kernel/cell"
	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/lease"
	"jingwei/internal/kernel/store"
)

// visitor is the ground of a command that looks at one cell's records without having the cell.
type visitor struct {
	machine
	cell string
}

func (v *visitor) records(ctx context.Context) (*store.DB, error) {
	return store.Open(ctx, v.cfg.Database.URL, store.Options{Schema: schemaOf(v.cell), Label: "jw visitor", Logger: v.logger})
}

func (v *visitor) host() string { return v.cell + "." + v.cfg.Cluster.Domain }

// visiting is the node of a configuration, or in a cluster that of one of its cells, with nothing opened.
func visiting(cfg *config.Loaded, cell string) (*node, error) {
	cells := cfg.Cluster.Cells
	switch {
	case len(cells) == 0 && cell == "":
		return standing(cfg)
	case len(cells) == 0:
		return nil, usageError{errors.New("--cell names a cell of a cluster, and cluster.cells is empty; leave it out")}
	case !slices.Contains(cells, cell):
		return nil, usageError{fmt.Errorf("--cell is %q; it must be one of %s", cell, strings.Join(cells, ", "))}
	}
	n, err := standing(cellConfig(cfg, cell))
	if err != nil {
		return nil, err
	}
	n.ground = &visitor{machine{n.cfg, n.now, n.log}, cell}
	return n, nil
}

func adminCellsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "cells",
		Short:   "Tell which process has which cell of a cluster",
		Example: `  jingwei admin cells --config /etc/jingwei/jingwei.yaml`,
		Args:    cobra.NoArgs,
	}
	addConfigFlags(c, "database.url", "cluster.cells", "cluster.domain", "cluster.nats")
	asJSON := c.Flags().Bool("json", false, "print one JSON object")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := configured(c, nil)
		if err != nil {
			return err
		}
		if len(cfg.Cluster.Cells) == 0 {
			return usageError{errors.New("there are no cells: name them with --cells, or give the file of a cluster's process with --config")}
		}
		o, err := overview(c.Context(), cfg)
		if err != nil {
			return err
		}
		if *asJSON {
			e := json.NewEncoder(c.OutOrStdout())
			e.SetIndent("", "  ")
			return e.Encode(o)
		}
		return printCells(c.OutOrStdout(), o)
	}
	return c
}

// overview asks the database what the processes tell.
func overview(ctx context.Context, cfg *config.Loaded) (o cell.Overview, err error) {
	db, err := store.Open(ctx, cfg.Database.URL, store.Options{Schema: clusterSchema, Label: "jw visitor"})
	if err != nil {
		return o, err
	}
	defer db.Close()
	office, err := lease.New(ctx, lease.Options{DB: db, Note: "visitor", Length: cfg.Cluster.Lease, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return o, err
	}
	defer office.Close()
	keeper, err := cell.New(ctx, cell.Options{DB: db, Office: office, Cells: cfg.Cluster.Cells, Process: "visitor",
		Open: func(context.Context, string, *lease.Held) (cell.Serving, error) {
			return nil, errors.New("a visitor takes no cells")
		}})
	if err != nil {
		return o, err
	}
	return keeper.Overview(ctx)
}

func printCells(out io.Writer, o cell.Overview) error {
	names := map[string]string{}
	for _, p := range o.Processes {
		names[p.ID] = p.Name
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CELL\tPROCESS\tEPOCH\tSINCE")
	for _, c := range o.Cells {
		process, since := names[c.Owner], ""
		switch {
		case c.Owner == "":
			process = "nobody"
		case process == "":
			process = c.Owner
		}
		if !c.Taken.IsZero() {
			since = c.Taken.Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", c.Name, process, c.Epoch, since)
	}
	fmt.Fprintln(w, "\nPROCESS\tALIVE\tSERVING\tFAILING\tHTTPS")
	for _, p := range o.Processes {
		alive := "yes"
		if !p.Alive {
			alive = "no"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.Name, alive, strings.Join(p.Serving, ","), strings.Join(p.Failing, ","), p.Addresses[doorHTTPS])
	}
	return w.Flush()
}

package main

import (
	"github.com/spf13/cobra"

	"jingwei/bench/backup"
	"jingwei/bench/crash"
	"jingwei/bench/faults"
	"jingwei/bench/idle"
	"jingwei/bench/ingest"
	"jingwei/bench/late"
	"jingwei/bench/match"
	"jingwei/bench/outage"
	"jingwei/bench/policy"
	"jingwei/bench/resolve"
	"jingwei/bench/rollup"
	"jingwei/bench/search"
	"jingwei/bench/trace"
	"jingwei/bench/tsdb"
)

func benchCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure, beside peers where they are installed",
		Long: `Run a measurement. Each prints a table for people; with --json its last line is one object with figures, goals,
seed and versions. Peers are built by "make bench-peers"; a peer that is absent is left out, and the output says so.`,
	}
	c.AddCommand(backup.Command(), backup.RestartCommand(), tsdb.StoreCommand(), tsdb.Command(), crash.Command(), faults.Command(), idle.Command(), ingest.Command(), late.Command(), match.Command(), outage.Command(), policy.Command(), resolve.Command(), rollup.Command(), search.Command(entrySources), trace.Command())
	return c
}

// Package telegraf pins Telegraf, a peer of `jingwei bench ingest`, in a module of its own: its dependencies are none of
// the other peers'. `make bench-peers` builds it with the plugins that the bench uses, as its authors' custom builder does.
package telegraf

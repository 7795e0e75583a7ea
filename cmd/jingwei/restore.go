package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"jingwei/internal/backup"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/store"
)

func restoreCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "restore --from DIR --to EMPTY_DIR",
		Short: "Write a snapshot of a backup into an empty folder",
		Long: `Write a snapshot, the newest one where none is named, into a folder that is empty or not there yet. Start the node on it
with "jingwei serve --data". It never writes over a node's data, running or stopped.

A snapshot of a node whose records were in PostgreSQL needs an empty database (--database).

Gateways that had sent more than the backup holds go on by themselves with what they still keep; what they had deleted
after the node's acknowledgement, between the backup and the loss, is gone (docs/backup.md).`,
		Example: `  jingwei restore --from /mnt/backup/node --to /var/lib/jingwei-restored
  jingwei restore --from /mnt/backup/node --snapshot 20261122T0 --to /var/lib/jingwei-restored`,
		Args: cobra.NoArgs,
	}
	from := c.Flags().String("from", "", "folder of the repository")
	snapshot := c.Flags().String("snapshot", "", "which snapshot: its name or the beginning of it; the newest when left out")
	to := c.Flags().String("to", "", "folder to write into: empty, or not there yet")
	database := c.Flags().String("database", "", "empty PostgreSQL database, postgres://user@host/name, where the records were in one")
	asJSON := c.Flags().Bool("json", false, "print progress and result as JSON lines")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *from == "" || *to == "" {
			return usageError{errors.New("--from and --to are needed: the repository, and an empty folder")}
		}
		r, err := backup.OpenRepository(file.OS(), *from)
		if err != nil {
			return err
		}
		t := newTeller(*asJSON, c.OutOrStdout(), c.ErrOrStderr())
		o := backup.RestoreOptions{Snapshot: *snapshot, Tell: t.progress}
		if o.To, err = filepath.Abs(*to); err != nil {
			return err
		}
		if *database != "" {
			if o.DB, err = store.Open(c.Context(), *database, store.Options{}); err != nil {
				return err
			}
			defer o.DB.Close()
		}
		s, err := backup.Restore(c.Context(), r, o)
		if err != nil {
			return err
		}
		return t.result(map[string]any{"snapshot": s.ID(), "commit": fmt.Sprint(s.Commit), "bytes": fmt.Sprint(s.Bytes()), "to": o.To}, func(w io.Writer) {
			fmt.Fprintf(w, "restored %s: node %s as of commit %d, %s, %s in %s\n  start it with: jingwei serve --data %s\n",
				s.ID(), s.Name, s.Commit, s.CommitTime.Format(time.RFC3339), size(s.Bytes()), time.Since(t.begun).Round(100*time.Millisecond), o.To)
			fmt.Fprintf(w, "  its configuration then is in %s\n", filepath.Join(o.To, "configuration.json"))
		})
	}
	return c
}

package main

import (
	"net/url"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"jingwei/internal/backup"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/store"
)

func fsckCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "fsck",
		Short: "Examine the data folder of a stopped node for damage",
		Long: `Examine the data folder of a node that does not run: every page of every block, every group of the journal, what binds
them together, SQLite's integrity and foreign keys, objects by their hash, the certificate authority. It prints what is
damaged, where, which series and span that is, and what to do. Nothing is changed unless you ask for it:

  --isolate            moves blocks aside of which nothing can be read
  --mend-from DIR      replaces damaged blocks by the same blocks from a backup repository

The exit code is 1 when something is damaged.`,
		Example: `  jingwei fsck --data /var/lib/jingwei
  jingwei fsck --data /var/lib/jingwei --mend-from /mnt/backup/node`,
		Args: cobra.NoArgs,
	}
	addConfigFlags(c, "data", "database.url")
	isolate := c.Flags().Bool("isolate", false, "move blocks aside of which nothing can be read")
	mend := c.Flags().String("mend-from", "", "backup repository to replace damaged blocks from")
	asJSON := c.Flags().Bool("json", false, "print progress and result as JSON lines")
	lang := langFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := configured(c, nil)
		if err != nil {
			return err
		}
		t := newTeller(*asJSON, c.OutOrStdout(), c.ErrOrStderr())
		o := backup.FsckOptions{FS: file.OS(), Isolate: *isolate, Tell: t.progress}
		if o.Dir, err = filepath.Abs(cfg.Data); err != nil {
			return err
		}
		if strings.HasPrefix(cfg.Database.URL, "postgres") {
			if o.DB, err = store.Open(c.Context(), cfg.Database.URL, store.Options{}); err != nil {
				return err
			}
			defer o.DB.Close()
		} else if u, err := url.Parse(cfg.Database.URL); err == nil && u.Scheme == "sqlite" {
			o.Records = filepath.FromSlash(u.Path)
		}
		if *mend != "" {
			if o.MendFrom, err = backup.OpenRepository(file.OS(), *mend); err != nil {
				return err
			}
		}
		report, mended, err := backup.Fsck(c.Context(), o)
		if err != nil {
			return err
		}
		return t.report(report, mended, *lang)
	}
	return c
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"jingwei/internal/backup"
	"jingwei/internal/govern/incentive/support"
	"jingwei/internal/identify/registry"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/office/search"
)

// openJobs opens the node's long work. Its handlers are complete from here on.
func (n *node) openJobs(ctx context.Context) (err error) {
	src := n.backupSource()
	src.Telemetry = n.telemetry
	src.Journal, _ = n.journal.(*log.Log)
	n.backups = &backup.Service{Source: *src, Home: n.home}
	n.jobs, err = job.New(ctx, job.Options{
		DB: n.db, Node: n.id.String(), Now: n.now, Logger: n.log, Poll: 2 * time.Second, // the command line leaves jobs unannounced
		Handlers: map[string]job.Handler{backup.JobKind: n.backups.Handle, search.JobKind: n.search.Handle, support.JobKind: n.support.Handle, registry.ImportKind: n.registry.HandleImport},
	})
	n.backups.Jobs, n.search.Work.Jobs = n.jobs, n.jobs
	return err
}

func (n *node) home(ctx context.Context) (uuid.UUID, error) {
	home, _, err := n.orgs.Home(ctx)
	return home.ID, err
}

// backupSource is this node as a backup sees it while it is stopped.
func (n *node) backupSource() *backup.Source {
	settings, err := json.MarshalIndent(n.cfg.Effective(), "", " ")
	if err != nil {
		settings = nil // strings alone: it cannot fail
	}
	return &backup.Source{FS: file.OS(), Dir: n.cfg.Data, DB: n.db, Node: n.id, Name: n.cfg.Node.Name, Program: version, Config: settings, Now: n.now}
}

func backupCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "backup --to DIR",
		Short: "Copy the node's data into a repository, while it runs or not",
		Long: `Copy the node's data into a backup repository: records, journal, telemetry, objects, evidence, certificate authority.
The node may be running; it goes on meanwhile, and everything it had acknowledged when the backup began is in it. What
the repository has already is not copied again. A backup that is interrupted leaves no snapshot; run it again, and it
goes on where it was.

The repository holds private keys and is readable for its owner only. It is not encrypted: put it on a disk that is.

A running node does the work itself: this command needs access to its data folder and database, as "admin link" does.`,
		Example: `  jingwei backup --data /var/lib/jingwei --to /mnt/backup/node
  jingwei backup --data /var/lib/jingwei --to /mnt/backup/node --prune --keep 7
  jingwei backup list /mnt/backup/node
  jingwei backup verify /mnt/backup/node`,
		Args: cobra.NoArgs,
	}
	addConfigFlags(c, "data", "node.name", "database.url")
	to := c.Flags().String("to", "", "folder of the repository: new, empty, or one from before")
	prune := c.Flags().Bool("prune", false, "afterwards keep only the newest snapshots (--keep)")
	keep := c.Flags().Int("keep", 7, "with --prune: how many")
	asJSON := c.Flags().Bool("json", false, "print progress and result as JSON lines")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := configured(c, nil)
		if err != nil {
			return err
		}
		q := backup.Request{To: *to}
		if *to == "" {
			return usageError{errors.New("--to is missing: name the folder of the repository, such as --to /mnt/backup/node")}
		}
		if *prune {
			if q.Keep = *keep; *keep < 1 {
				return usageError{fmt.Errorf("--keep %d: keep at least 1", *keep)}
			}
		}
		if q.To, err = filepath.Abs(*to); err != nil {
			return err
		}
		return backUp(c.Context(), cfg, q, newTeller(*asJSON, c.OutOrStdout(), c.ErrOrStderr()))
	}
	c.AddCommand(backupListCommand(), backupVerifyCommand(), backupPruneCommand())
	return c
}

// backUp asks a running node to do it, and does it itself where none runs.
func backUp(ctx context.Context, cfg *config.Loaded, q backup.Request, t *teller) error {
	if _, err := os.Stat(filepath.Join(cfg.Data, "node.id")); err != nil {
		return fmt.Errorf("%s is no data folder of a node: it has no node.id; name the right one with --data", cfg.Data)
	}
	n, err := standing(cfg)
	if err != nil {
		return err
	}
	defer n.close()
	if err := backup.CheckFormats(file.OS(), cfg.Data); err != nil {
		return err
	}
	if n.id, err = nodeID(file.OS(), filepath.Join(cfg.Data, "node.id")); err != nil {
		return err
	}
	address, err := databaseURL(n.cfg)
	if err != nil {
		return err
	}
	if n.db, err = store.Open(ctx, address, store.Options{}); err != nil {
		return err
	}
	n.closers = append(n.closers, n.db.Close)
	running, err := backup.Running(file.OS(), cfg.Data)
	if err != nil {
		return err
	}
	var out backup.Output
	if running {
		out, err = n.askForBackup(auth.AsSystem(ctx, "command line"), q, t)
	} else {
		out, err = n.backUpStopped(ctx, q, t)
	}
	if err != nil {
		return err
	}
	return t.result(out, func(w io.Writer) {
		fmt.Fprintf(w, "snapshot %s\n  commit %d, %d files, %s; %s new in the repository, in %s\n",
			out.Snapshot, out.Commit, out.Files, size(out.Bytes), size(out.Written), time.Since(t.begun).Round(100*time.Millisecond))
		if out.Damaged > 0 {
			fmt.Fprintf(w, "  %d files were damaged already or missing: see jingwei backup verify, and jingwei fsck on the stopped node\n", out.Damaged)
		}
		if out.Pruned != nil {
			tellPruned(w, out.Pruned)
		}
	})
}

func (n *node) backUpStopped(ctx context.Context, q backup.Request, t *teller) (out backup.Output, err error) {
	r, err := backup.WriteRepository(file.OS(), q.To, version, n.now())
	if err != nil {
		return out, err
	}
	defer r.Close()
	res, err := backup.Run(ctx, n.backupSource(), r, t.progress)
	if err != nil {
		return out, err
	}
	out.Result = *res
	if q.Keep > 0 {
		out.Pruned, err = r.Prune(q.Keep)
	}
	return out, err
}

// followEvery is how often the job of a running node is looked at.
const followEvery = 300 * time.Millisecond

// askForBackup leaves the job in the node's records, where it finds it within seconds, and follows it.
func (n *node) askForBackup(ctx context.Context, q backup.Request, t *teller) (out backup.Output, err error) {
	orgs, err := org.New(ctx, n.db, n.now)
	if err != nil {
		return out, err
	}
	n.orgs = orgs
	home, err := n.home(ctx)
	if err != nil {
		return out, err
	}
	jobs, err := job.New(ctx, job.Options{DB: n.db, Node: n.id.String(), Now: n.now, Handlers: map[string]job.Handler{backup.JobKind: func(context.Context, *job.Run) (any, error) {
		return nil, errors.New("the node does this, not the command line")
	}}})
	if err != nil {
		return out, err
	}
	j, err := jobs.Submit(ctx, job.Request{Org: home, Kind: backup.JobKind, Actor: "command line", Input: q})
	if err != nil {
		return out, err
	}
	t.say("the node is running and backs itself up (job %s)", j.ID)
	for !j.Status.Ended() {
		select {
		case <-ctx.Done():
			over := context.WithoutCancel(ctx)
			if err := jobs.Cancel(over, auth.Everywhere(), j.ID); err != nil && !errors.Is(err, job.ErrEnded) {
				return out, err
			}
			return out, ctx.Err()
		case <-time.After(followEvery):
		}
		if j, err = jobs.Get(ctx, auth.Everywhere(), j.ID); err != nil {
			return out, err
		}
		t.progress(backup.Progress{Phase: string(j.Status), Done: j.Done, Total: j.Total})
	}
	if j.Status != job.Done {
		return out, fmt.Errorf("the node's backup is %s: %s", j.Status, j.Error)
	}
	return out, json.Unmarshal(j.Output, &out)
}

func backupListCommand() *cobra.Command {
	c := &cobra.Command{Use: "list DIR", Short: "List the snapshots of a repository", Args: exactly(1)}
	asJSON := c.Flags().Bool("json", false, "print one JSON array")
	c.RunE = func(c *cobra.Command, args []string) error {
		r, err := backup.OpenRepository(file.OS(), args[0])
		if err != nil {
			return err
		}
		ids, err := r.IDs()
		if err != nil {
			return err
		}
		type line struct {
			Snapshot string    `json:"snapshot"`
			Made     time.Time `json:"made"`
			Node     string    `json:"node"`
			Commit   uint64    `json:"commit,string"`
			Files    int       `json:"files"`
			Bytes    int64     `json:"bytes,string"`
			Program  string    `json:"program"`
			Error    string    `json:"error,omitempty"`
		}
		lines := make([]line, 0, len(ids))
		for _, id := range ids {
			s, err := r.Load(id)
			if err != nil {
				lines = append(lines, line{Snapshot: id, Error: err.Error()})
				continue
			}
			lines = append(lines, line{id, s.Made, s.Name, s.Commit, len(s.Files), s.Bytes(), s.Program, ""})
		}
		if *asJSON {
			return json.NewEncoder(c.OutOrStdout()).Encode(lines)
		}
		w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "SNAPSHOT\tNODE\tCOMMIT\tFILES\tSIZE\tVERSION")
		for _, l := range lines {
			if l.Error != "" {
				fmt.Fprintf(w, "%s\t%s\n", l.Snapshot, l.Error)
				continue
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s\n", l.Snapshot, l.Node, l.Commit, l.Files, size(l.Bytes), l.Program)
		}
		return w.Flush()
	}
	return c
}

func backupVerifyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "verify DIR [SNAPSHOT]",
		Short: "Check a snapshot without restoring it: every hash, and what is in the files",
		Long: `Check a snapshot, the newest one where none is named: the SHA-256 of every piece, every page of every block, every group
of the journal, SQLite's integrity and foreign keys. Nothing is written but a copy of the records in a temporary folder.
The exit code is 1 when something is damaged.`,
		Args: func(c *cobra.Command, args []string) error {
			if err := cobra.RangeArgs(1, 2)(c, args); err != nil {
				return usageError{err}
			}
			return nil
		},
	}
	asJSON := c.Flags().Bool("json", false, "print progress and result as JSON lines")
	lang := langFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		r, err := backup.OpenRepository(file.OS(), args[0])
		if err != nil {
			return err
		}
		t := newTeller(*asJSON, c.OutOrStdout(), c.ErrOrStderr())
		report, err := r.Verify(c.Context(), strings.Join(args[1:], ""), "", t.progress)
		if err != nil {
			return err
		}
		return t.report(report, nil, *lang)
	}
	return c
}

func backupPruneCommand() *cobra.Command {
	c := &cobra.Command{Use: "prune DIR --keep N", Short: "Keep the newest snapshots, and remove what only older ones need", Args: exactly(1)}
	keep := c.Flags().Int("keep", 0, "how many snapshots to keep")
	c.RunE = func(c *cobra.Command, args []string) error {
		if *keep < 1 {
			return usageError{fmt.Errorf("--keep %d: keep at least 1", *keep)}
		}
		if _, err := backup.OpenRepository(file.OS(), args[0]); err != nil { // never begin one here
			return err
		}
		r, err := backup.WriteRepository(file.OS(), args[0], version, clock())
		if err != nil {
			return err
		}
		defer r.Close()
		p, err := r.Prune(*keep)
		if err != nil {
			return err
		}
		tellPruned(c.OutOrStdout(), p)
		return nil
	}
	return c
}

func tellPruned(w io.Writer, p *backup.Pruned) {
	fmt.Fprintf(w, "kept %d snapshots; removed %d, and %d pieces of %s\n", len(p.Kept), len(p.Snapshots), p.Pieces, size(p.Bytes))
}

func langFlag(c *cobra.Command) *string {
	return c.Flags().String("lang", "en", "language of the findings: en or zh")
}

// size writes bytes for people.
func size(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 10<<20:
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	case n >= 10<<10:
		return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}

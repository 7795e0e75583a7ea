package backup

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"jingwei/bench/result"
	"jingwei/internal/kernel/file"
	"jingwei/internal/telemetry"
)

// RestartCommand is `jingwei bench restart`.
func RestartCommand() *cobra.Command {
	o := Options{}
	var asJSON, quick bool
	var megabytes, longest int64
	var fill, filled string
	c := &cobra.Command{
		Use:   "restart",
		Short: "Measure how soon a node with 10 GB of telemetry answers after kill -9",
		Long: `A process of its own fills a node's stores with samples made from a seed until the blocks have the given size, and is killed while
it goes on. Its files are put out of the page cache; then records, journal and telemetry are opened as "jingwei serve" does, and a series
is read. The clock runs from the first open to the first answer. Free disk is checked first.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Bytes = megabytes * 1e6; quick {
				o.Bytes = min(o.Bytes, 64e6)
			}
			if o.Bytes <= 0 {
				return fmt.Errorf("--megabytes %d: give at least 1", megabytes)
			}
			if fill != "" {
				return fillForever(c.Context(), o, fill, c.OutOrStdout())
			}
			r, err := restart(c.Context(), o, filled, time.Duration(longest)*time.Second, c.ErrOrStderr())
			if err != nil {
				return err
			}
			if err := r.Summary(c.OutOrStdout()); err != nil || !asJSON {
				return err
			}
			return r.JSON(c.OutOrStdout())
		},
	}
	c.Flags().Int64Var(&megabytes, "megabytes", 10_000, "size of the telemetry blocks, in 10^6 bytes")
	c.Flags().Int64Var(&longest, "goal", 10, "seconds that the restart may take")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of the samples")
	c.Flags().BoolVar(&quick, "quick", false, "at most 64 MB")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as one object in the last line")
	c.Flags().StringVar(&o.Dir, "dir", os.TempDir(), "a directory on the disk to measure")
	c.Flags().StringVar(&fill, "fill", "", "be the process that fills this folder until it is killed")
	c.Flags().StringVar(&filled, "filled", "", "a folder that was filled and killed before: only start on it")
	_ = c.Flags().MarkHidden("fill")
	return c
}

// fillForever fills a folder, tells when it has the size, and goes on.
func fillForever(ctx context.Context, o Options, dir string, out io.Writer) error {
	s, err := open(ctx, dir)
	if err != nil {
		return err
	}
	f, err := newFeed(ctx, s, o.Seed)
	if err != nil {
		return err
	}
	told := false
	_, err = f.run(0, func(samples int64) bool {
		if st := s.series.Stats(); !told && st.Bytes >= o.Bytes {
			told = true
			fmt.Fprintf(out, "%d %d %d\n", samples, st.Blocks, st.Bytes)
		}
		return ctx.Err() != nil
	})
	return err
}

// restart measures, on a folder that was filled before or on one that it fills first.
func restart(ctx context.Context, o Options, filled string, longest time.Duration, progress io.Writer) (*result.Result, error) {
	if filled != "" {
		return start(ctx, filled, result.New("restart", o.Seed), longest, progress)
	}
	dir, err := os.MkdirTemp(o.Dir, "jingwei-restart-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	// What is merged stands there twice for a moment, and the journal holds what is not in blocks yet: at most 4 GiB.
	need := uint64(o.Bytes)*3/2 + min(5<<30, uint64(o.Bytes)*4+256<<20)
	if free, err := file.OS().Free(dir); err == nil && free < need {
		return nil, fmt.Errorf("%s has room for %d MB and this needs about %d MB; name another disk with --dir", o.Dir, free/1e6, need/1e6)
	}
	r := result.New("restart", o.Seed)
	node := filepath.Join(dir, "node")
	fmt.Fprintf(progress, "filling %d MB of blocks\n", o.Bytes/1e6)
	if err := fillAndKill(ctx, o, node, r); err != nil {
		return nil, err
	}
	return start(ctx, node, r, longest, progress)
}

// start opens a node that was killed, from a cold disk, and asks it.
func start(ctx context.Context, node string, r *result.Result, longest time.Duration, progress io.Writer) (*result.Result, error) {
	r.Versions["go"] = runtime.Version()
	cold, err := evict(node)
	if err != nil {
		return nil, err
	}
	if !cold {
		r.Note("this system cannot put files out of its page cache: the files may have been warm")
	}
	r.Figures["journalBytes"], r.Figures["telemetryBytes"] = sizeOf(filepath.Join(node, "journal")), sizeOf(filepath.Join(node, "telemetry"))

	fmt.Fprintln(progress, "starting")
	begun := time.Now()
	s, err := open(ctx, node)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.close() }() // the folder goes away
	opened := time.Since(begun)
	first, rows := telemetry.Ref(1), 0
	latest := s.series.Latest([]telemetry.Ref{first}, time.Now().UnixNano(), nil)
	last := latest[0].Time
	err = s.series.Scan(ctx, first, telemetry.Span{From: last - int64(24*time.Hour), To: last + 1}, telemetry.ScanOptions{}, func(run *telemetry.Run) bool {
		rows += len(run.Time)
		return true
	})
	if err != nil {
		return nil, err
	}
	took := time.Since(begun)
	r.Figures["openSeconds"], r.Figures["firstAnswerSeconds"], r.Figures["firstAnswerRows"] = opened.Seconds(), took.Seconds(), rows
	r.AtMost("seconds from the start to the first answer", took.Seconds(), longest.Seconds())
	r.Holds("the first answer has samples", rows > 0)
	return r, nil
}

// fillAndKill runs the process that fills, and kills it when the blocks have the size.
func fillAndKill(ctx context.Context, o Options, node string, r *result.Result) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.CommandContext(ctx, self, "bench", "restart", "--fill", node, "--megabytes", strconv.FormatInt(o.Bytes/1e6, 10), "--seed", strconv.FormatUint(o.Seed, 10))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := c.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the process that fills ended early: %w", c.Wait())
	}
	var samples, bytes int64
	var blocks int
	if _, err := fmt.Sscan(line, &samples, &blocks, &bytes); err != nil {
		return fmt.Errorf("the process that fills said %q: %w", line, err)
	}
	r.Figures["samples"], r.Figures["blocks"], r.Figures["blockBytes"], r.Figures["fillSeconds"] = samples, blocks, bytes, time.Since(begun).Seconds()
	if err := c.Process.Kill(); err != nil {
		return err
	}
	_ = c.Wait() // killed
	return nil
}

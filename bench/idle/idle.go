// Package idle is `jingwei bench idle`: how soon a node is ready and what a node and a gateway hold in memory while
// little happens. It runs the demo as anybody would, waits, and reads the resident sets of its processes.
package idle

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"jingwei/bench/result"
)

// Goals of the product.
const (
	nodeMiB    = 150.0
	gatewayMiB = 50.0
	readyMs    = 1000.0
)

// Options of a measurement.
type Options struct {
	Program string        // jingwei
	Dir     string        // for data; a new folder below it is removed afterwards
	Starts  int           // how often the node is started; the median counts
	Settle  time.Duration // how long the last start runs before memory is read
}

// Command is `jingwei bench idle`.
func Command() *cobra.Command {
	o := Options{Starts: 5, Settle: 30 * time.Second}
	var asJSON, quick bool
	c := &cobra.Command{
		Use:   "idle",
		Short: "Measure how soon a node is ready, and what node and gateway hold in memory with the demo's model",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if o.Program, err = os.Executable(); err != nil {
				return fmt.Errorf("find this program: %w", err)
			}
			if quick {
				o.Starts, o.Settle = 3, 10*time.Second
			}
			r, err := Run(c.Context(), o, c.ErrOrStderr())
			if err != nil {
				return err
			}
			if err := r.Summary(c.OutOrStdout()); err != nil || !asJSON {
				return err
			}
			return r.JSON(c.OutOrStdout())
		},
	}
	c.Flags().BoolVar(&quick, "quick", false, "fewer starts, a shorter wait")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as one object in the last line")
	c.Flags().StringVar(&o.Dir, "dir", os.TempDir(), "where the demo's data folder is made")
	return c
}

// Run measures. Errors: no /proc (Linux only), a demo that does not start.
func Run(ctx context.Context, o Options, progress io.Writer) (*result.Result, error) {
	if runtime.GOOS != "linux" {
		return nil, errors.New("bench idle reads /proc, which this system does not have; run it on Linux")
	}
	dir, err := os.MkdirTemp(o.Dir, "jingwei-idle-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	r := result.New("idle", 0)
	var ready []float64
	var memory map[string]float64
	for i := range o.Starts {
		last := i == o.Starts-1
		fmt.Fprintf(progress, "start %d of %d\n", i+1, o.Starts)
		ms, held, err := demo(ctx, o, dir, last)
		if err != nil {
			return nil, err
		}
		ready, memory = append(ready, ms), held
	}
	first := ready[0]
	slices.Sort(ready)
	r.Figures["firstStartMs"] = first
	r.Figures["readyMs"] = ready[len(ready)/2]
	r.Figures["readyMsWorst"] = ready[len(ready)-1]
	r.Figures["nodeMiB"], r.Figures["gatewayMiB"] = memory["demo"], memory["edge"]
	r.Figures["settleSeconds"] = o.Settle.Seconds()
	r.AtMost("node, resident MiB", memory["demo"], nodeMiB)
	r.AtMost("gateway, resident MiB", memory["edge"], gatewayMiB)
	r.AtMost("node ready after ms, median", ready[len(ready)/2], readyMs)
	r.Versions["go"] = runtime.Version()
	return r, nil
}

var readyLine = regexp.MustCompile(`\(ready in (\d+) ms\)`)

// demo starts a demo and ends it, after the settling time where memory is wanted.
func demo(ctx context.Context, o Options, dir string, settle bool) (readyMs float64, memory map[string]float64, err error) {
	cmd := exec.CommandContext(ctx, o.Program, "demo", "--headless", "--region=false", "--http", "127.0.0.1:0", "--data", filepath.Join(dir, "demo"))
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, nil, err
	}
	if err := cmd.Start(); err != nil {
		return 0, nil, fmt.Errorf("start the demo: %w", err)
	}
	lines := bufio.NewScanner(out)
	up := false
	for !up && lines.Scan() {
		if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
			readyMs, _ = strconv.ParseFloat(m[1], 64)
		}
		up = strings.HasPrefix(lines.Text(), "running: ")
	}
	if up && settle {
		select {
		case <-time.After(o.Settle):
		case <-ctx.Done():
		}
		memory, err = residents(cmd.Process.Pid)
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	for lines.Scan() { // to the end, so that Wait may close the pipe
	}
	if wait := cmd.Wait(); wait != nil || !up {
		return 0, nil, errors.Join(fmt.Errorf("the demo failed: %s", strings.TrimSpace(errs.String())), wait, ctx.Err())
	}
	return readyMs, memory, err
}

// residents reads the resident sets, in MiB, of a process and its children, by the first argument of each.
func residents(pid int) (map[string]float64, error) {
	out := map[string]float64{}
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	for _, name := range all {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		end := strings.LastIndexByte(string(b), ')')
		fields := strings.Fields(string(b)[end+1:]) // state, ppid, … rss is the 22nd (proc(5))
		own, _, _ := strings.Cut(string(b), " ")
		if end < 0 || len(fields) < 22 || own != strconv.Itoa(pid) && fields[1] != strconv.Itoa(pid) {
			continue
		}
		args, err := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline"))
		if err != nil {
			continue
		}
		words := strings.Split(string(args), "\x00")
		pages, err := strconv.ParseFloat(fields[21], 64)
		if err != nil || len(words) < 2 {
			continue
		}
		out[words[1]] = max(out[words[1]], pages*float64(os.Getpagesize())/(1<<20)) // of several gateways the greatest
	}
	if out["demo"] == 0 || out["edge"] == 0 {
		return nil, fmt.Errorf("the demo's processes were not found in /proc: %v", out)
	}
	return out, nil
}

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// children are the processes of a demo beside the node: this same binary under other commands. They end with the
// context they were started with, at the latest their patience after it.
type children struct {
	level    slog.Level
	errs     io.Writer
	failed   func(error)
	patience time.Duration
	group    sync.WaitGroup
}

// childPatience is how long gateways and simulators may take to end.
const childPatience = 3 * time.Second

// start runs `jingwei args…` and returns what it said up to the line that begins with "ready: ", by the words before the
// colons; at once, and nothing, when ready is false.
func (c *children) start(ctx context.Context, ready bool, env []string, args ...string) (map[string]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	apart(cmd)
	cmd.Env = append(os.Environ(), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = c.patience
	cmd.Stderr = c.errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	name := "jingwei " + strings.Join(args[:min(2, len(args))], " ")
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	told := make(chan map[string]string, 1)
	c.group.Go(func() {
		lines := bufio.NewScanner(out)
		said := map[string]string{}
		for lines.Scan() {
			word, rest, ok := strings.Cut(lines.Text(), ": ")
			if !ok || said["ready"] != "" {
				continue
			}
			if said[word] = rest; word == "ready" {
				told <- said
			}
		}
		err := cmd.Wait()
		close(told)
		if ctx.Err() == nil {
			c.failed(fmt.Errorf("%s ended by itself: %w", name, errors.Join(err, errors.New("see the lines above"))))
		}
	})
	if !ready {
		return nil, nil
	}
	said, ok := <-told
	if !ok {
		return nil, fmt.Errorf("%s did not start; see the lines above", name)
	}
	return said, nil
}

// wait returns when all have ended.
func (c *children) wait() { c.group.Wait() }

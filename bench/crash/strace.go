package crash

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// StraceSum is what the kernel was asked for while the node ran under strace: evidence from outside that it syncs.
type StraceSum struct {
	Seconds   float64 `json:"seconds"`
	Fdatasync int     `json:"fdatasync"`
	Fsync     int     `json:"fsync"`
	Journal   int     `json:"journalFdatasync"` // of files in the journal's folder
	Batches   uint64  `json:"batches"`          // acknowledged meanwhile
}

// underStrace runs one life of the node under strace, where that is installed and allowed.
func (c *cycles) underStrace(ctx context.Context) error {
	tool, err := exec.LookPath("strace")
	if err != nil {
		c.sum.Notes = append(c.sum.Notes, "strace is not installed: no outside evidence of the syncs")
		return nil
	}
	if err := c.node.kill(); err != nil {
		return err
	}
	trace := filepath.Join(c.dir, "strace.txt")
	plain := c.node.args
	// -D: strace is the child, so that the process that is killed is the node itself.
	c.node.args = append([]string{tool, "-D", "-f", "-qq", "-y", "-e", "trace=fdatasync,fsync", "-o", trace}, plain...)
	err = c.node.start(ctx)
	if err == nil {
		_, err = c.node.wait(ctx)
	}
	c.node.args = plain
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.sum.Notes = append(c.sum.Notes, "strace may not watch processes here: no outside evidence of the syncs")
		c.node.life.killed.Store(true)
		_ = c.node.life.cmd.Process.Kill()
		<-c.node.life.ended
		return c.node.start(ctx)
	}
	var before, after status
	ask := func(s *status) error { return c.control.call(ctx, http.MethodPost, "/status", struct{}{}, s) }
	if err := ask(&before); err != nil {
		return err
	}
	began := time.Now()
	if err := c.flowing(ctx, before); err != nil {
		return err
	}
	select {
	case <-time.After(1500 * time.Millisecond):
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ask(&after); err != nil {
		return err
	}
	s := &StraceSum{Seconds: time.Since(began).Seconds(), Batches: after.Batches - before.Batches}
	if err := c.killNode(ctx, "under strace", nil); err != nil {
		return err
	}
	b, err := os.ReadFile(trace)
	if err != nil {
		return fmt.Errorf("read what strace wrote: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		switch {
		case strings.Contains(line, "resumed>"): // the end of a call that was told before
		case strings.Contains(line, "fdatasync("):
			s.Fdatasync++
			if strings.Contains(line, "/journal/") {
				s.Journal++
			}
		case strings.Contains(line, "fsync("):
			s.Fsync++
		}
	}
	c.sum.Strace = s
	return nil
}

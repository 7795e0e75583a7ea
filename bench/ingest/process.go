package ingest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a program under test.
type process struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	name string
	log  string
	out  chan string // lines of its output; closed at its end
	end  chan struct{}
}

// start runs a program; what it says on stderr goes to a file in dir.
func start(ctx context.Context, dir, name, program string, args ...string) (*process, error) {
	p := &process{name: name, log: filepath.Join(dir, name+".log"), out: make(chan string, 64), end: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd = exec.CommandContext(ctx, program, args...)
	p.cmd.Stderr = log
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "JINGWEI_") { // configuration of whoever runs the bench is none of ours
			p.cmd.Env = append(p.cmd.Env, v)
		}
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		defer close(p.end)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			select {
			case p.out <- lines.Text():
			case <-ctx.Done():
			}
		}
		close(p.out)
		_ = p.cmd.Wait() // how it ended shows in what it said
	}()
	return p, nil
}

// line waits for a line that begins so, and returns the rest of it.
func (p *process) line(ctx context.Context, prefix string, within time.Duration) (string, error) {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		select {
		case s, ok := <-p.out:
			if !ok {
				return "", fmt.Errorf("%s ended before it said %q; see %s%s", p.name, prefix, p.log, p.tail())
			}
			if rest, ok := strings.CutPrefix(s, prefix); ok {
				return strings.TrimSpace(rest), nil
			}
		case <-timer.C:
			return "", fmt.Errorf("%s did not say %q within %v; see %s", p.name, prefix, within, p.log)
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func (p *process) tail() string {
	b, err := os.ReadFile(p.log)
	if err != nil || len(b) == 0 {
		return ""
	}
	return ": " + string(b[max(0, len(b)-400):])
}

// stop ends it and waits.
func (p *process) stop() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.end:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.end
	}
}

// cpu is the processor time of the process, its threads included, in seconds (proc(5), stat: utime and stime).
func (p *process) cpu() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("%s: %w%s", p.name, err, p.tail())
	}
	fields := strings.Fields(string(b)[strings.LastIndexByte(string(b), ')')+1:])
	if len(fields) < 13 {
		return 0, errors.New("/proc/PID/stat is not as proc(5) says")
	}
	ticks := 0.0
	for _, f := range fields[11:13] {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return ticks / 100, nil
}

// group adds up what several processes take.
type group []*process

func (g group) cpu() (total float64, each []float64, err error) {
	for _, p := range g {
		s, err := p.cpu()
		if err != nil {
			return 0, nil, err
		}
		total += s
		each = append(each, s)
	}
	return total, each, nil
}

func (g group) stop() {
	var wg sync.WaitGroup
	for _, p := range g {
		wg.Go(p.stop)
	}
	wg.Wait()
}

// listening waits until somebody does.
func listening(ctx context.Context, p *process, address string) error {
	for end := time.Now().Add(20 * time.Second); ; {
		c, err := net.Dial("tcp", address)
		if err == nil {
			return c.Close()
		}
		select {
		case <-p.end:
			return fmt.Errorf("%s ended%s", p.name, p.tail())
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s does not listen at %s: %w%s", p.name, address, err, p.tail())
		}
	}
}

package crash

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// process is one of the programs under test, through its many lives.
type process struct {
	name string
	args []string // program first
	env  []string
	log  string   // file that its stderr is added to
	in   *os.File // its stdin
	out  *os.File // its stdout; nil: lines are looked through for "ready: "

	life   *life
	starts int
	slow   time.Duration // the longest start to "ready"
}

// life is one run of a process.
type life struct {
	cmd    *exec.Cmd
	began  time.Time
	ready  chan string // what came after "ready: "; closed at the end
	told   string
	lines  chan string // the other lines of the first life
	ended  chan error  // once
	killed atomic.Bool
}

// start begins a life. It does not wait.
func (p *process) start(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, p.args[0], p.args[1:]...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "JINGWEI_") { // configuration of whoever runs the bench is none of ours
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, p.env...)
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	fmt.Fprintf(log, "--- start %d of %s\n", p.starts+1, p.name)
	cmd.Stderr = log
	if p.in != nil {
		cmd.Stdin = p.in
	}
	l := &life{cmd: cmd, began: time.Now(), ready: make(chan string, 1), lines: make(chan string, 16), ended: make(chan error, 1)}
	scanned := make(chan struct{})
	if p.out != nil {
		cmd.Stdout = p.out
		close(scanned)
	} else {
		r, err := cmd.StdoutPipe()
		if err != nil {
			return err
		}
		go func() { // ends with the process, at the other end of the pipe
			defer close(scanned)
			in := bufio.NewScanner(r)
			for in.Scan() {
				if address, ok := strings.CutPrefix(in.Text(), "ready: "); ok {
					select {
					case l.ready <- address:
					default:
					}
					continue
				}
				select {
				case l.lines <- in.Text():
				default:
				}
			}
		}()
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	p.life = l
	p.starts++
	go func() {
		<-scanned
		err := cmd.Wait()
		close(l.ready)
		l.ended <- err
	}()
	return nil
}

// wait waits until it has said that it is ready.
func (p *process) wait(ctx context.Context) (string, error) {
	l := p.life
	if l.told != "" {
		return l.told, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case address, ok := <-l.ready:
		if !ok {
			return "", p.died()
		}
		l.told = address
		p.slow = max(p.slow, time.Since(l.began))
		return address, nil
	case <-ctx.Done():
		return "", fmt.Errorf("%s was not ready in time; see %s", p.name, p.log)
	}
}

// alive tells whether it has ended by itself.
func (p *process) alive() error {
	select {
	case err := <-p.life.ended:
		p.life.ended <- err
		if !p.life.killed.Load() {
			return p.died()
		}
	default:
	}
	return nil
}

func (p *process) died() error {
	end := ""
	if b, err := os.ReadFile(p.log); err == nil {
		end = "\n" + string(b[max(0, len(b)-1500):])
	}
	return fmt.Errorf("%s ended by itself in its life %d; the end of %s:%s", p.name, p.starts, p.log, end)
}

// kill is kill -9. It returns an error if the process had ended by itself before.
func (p *process) kill() error {
	if p.life == nil {
		return nil
	}
	if err := p.alive(); err != nil {
		return err
	}
	p.life.killed.Store(true)
	if err := p.life.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", p.name, err)
	}
	err := <-p.life.ended
	p.life.ended <- err
	return nil
}

// blocks lists the node's block files.
func blocks(dir string) map[string]bool {
	out := map[string]bool{}
	entries, _ := os.ReadDir(filepath.Join(dir, "telemetry", "blocks"))
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".jwb" {
			out[e.Name()] = true
		}
	}
	return out
}

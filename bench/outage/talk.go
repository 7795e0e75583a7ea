package outage

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// order is what the measuring process asks of a part; answer, one line each.
type order struct {
	Do    string
	Codes []string `json:",omitempty"`
	N     int      `json:",omitempty"`
}

type answer struct {
	Error   string   `json:",omitempty"`
	Codes   []string `json:",omitempty"` // invitations
	Link    string   `json:",omitempty"`
	Linked  int      `json:",omitempty"`
	Streams int      `json:",omitempty"`
	Records int64    `json:",omitempty"` // durable at the parent; acknowledged, as children know it
	Bytes   int64    `json:",omitempty"`
	Taken   int64    `json:",omitempty"` // into the figure room
	Checked int      `json:",omitempty"` // streams whose ranges were compared to the end since the start
	Repairs int64    `json:",omitempty"`
	Wrong   []string `json:",omitempty"` // what is not as it should be
	Figures int      `json:",omitempty"`
	Routine int      `json:",omitempty"` // goroutines
	Files   int      `json:",omitempty"`
	Idle    int64    `json:",omitempty"` // how often the composer found nothing to do
	Seconds float64  `json:",omitempty"`
}

// serve answers orders until the input ends.
func serve(in io.Reader, out io.Writer, do func(order) answer) error {
	lines, write := bufio.NewScanner(in), json.NewEncoder(out)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return err
		}
		if err := write.Encode(do(o)); err != nil {
			return err
		}
	}
	return lines.Err()
}

// part is a process of the measurement.
type part struct {
	name string
	log  string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

// start runs a part of this program.
func start(ctx context.Context, program, dir, name string, args ...string) (*part, error) {
	p := &part{name: name, log: filepath.Join(dir, name+".log")}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd = exec.CommandContext(ctx, program, append([]string{"bench", "outage", partName}, args...)...)
	p.cmd.Stderr = log
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	return p, p.cmd.Start()
}

// ask gives an order and waits for its answer.
func (p *part) ask(o order) (a answer, err error) {
	b, err := json.Marshal(o)
	if err != nil {
		return a, err
	}
	if _, err := p.in.Write(append(b, '\n')); err != nil {
		return a, p.ended(o.Do, err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return a, p.ended(o.Do, err)
	}
	if err := json.Unmarshal(line, &a); err != nil {
		return a, err
	}
	if a.Error != "" {
		return a, fmt.Errorf("%s, %s: %s", p.name, o.Do, a.Error)
	}
	return a, nil
}

func (p *part) ended(doing string, err error) error {
	b, _ := os.ReadFile(p.log)
	return fmt.Errorf("%s ended while it was to %s: %w: %s", p.name, doing, err, b[max(0, len(b)-600):])
}

// stop ends it and waits.
func (p *part) stop() {
	if p == nil || p.cmd.ProcessState != nil {
		return
	}
	_ = p.in.Close()
	done := make(chan struct{})
	go func() { _ = p.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		<-done
	}
}

// kill is kill -9.
func (p *part) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// usage is what a process has taken: processor time in seconds, resident memory now and at its greatest, in MiB (proc(5), stat and status).
func (p *part) usage() (cpu, now, most float64) {
	pid := p.cmd.Process.Pid
	if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
		fields := strings.Fields(string(b)[strings.LastIndexByte(string(b), ')')+1:])
		if len(fields) > 12 {
			var user, system float64
			_, _ = fmt.Sscan(fields[11], &user)
			_, _ = fmt.Sscan(fields[12], &system)
			cpu = (user + system) / 100
		}
	}
	if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
		for line := range strings.Lines(string(b)) {
			var kib float64
			if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kib); n == 1 {
				now = kib / 1024
			}
			if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kib); n == 1 {
				most = kib / 1024
			}
		}
	}
	return cpu, now, most
}

// files is how many descriptors this process holds.
func files() int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(list)
}

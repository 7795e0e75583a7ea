package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what must come; it is a bound for a machine in trouble, not a measure.
const patience = 60 * time.Second

// program is a running jingwei.
type program struct {
	t    *testing.T
	cmd  *exec.Cmd
	line chan string // of standard output; closed at its end
	errs *lockedBuffer
	once sync.Once
	err  error
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// start runs jingwei with the arguments; it is killed when the test ends.
func start(t *testing.T, args ...string) *program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, cmd: exec.Command(self, args...), line: make(chan string, 100), errs: &lockedBuffer{}}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.Stderr = p.errs
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that nothing outlives the test
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			p.line <- lines.Text()
		}
		close(p.line)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		_ = p.wait()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", strings.Join(args, " "), p.errs)
		}
	})
	return p
}

func (p *program) wait() error {
	p.once.Do(func() {
		for range p.line { // to the end, so that Wait may close the pipe
		}
		p.err = p.cmd.Wait()
	})
	return p.err
}

// expect reads lines until one begins with prefix, and returns the rest of it.
func (p *program) expect(prefix string) string {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case l, ok := <-p.line:
			if !ok {
				p.t.Fatalf("ended before it printed %q; it wrote:\n%s", prefix, p.errs)
			}
			if rest, found := strings.CutPrefix(l, prefix); found {
				return rest
			}
		case <-deadline:
			p.t.Fatalf("did not print %q; it wrote:\n%s", prefix, p.errs)
		}
	}
}

// end asks the program to end and returns its exit code.
func (p *program) end(how os.Signal) int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(how); err != nil {
		p.t.Fatal(err)
	}
	err := p.wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return p.cmd.ProcessState.ExitCode()
}

// get asks the API and decodes the answer, whose status it returns.
func get(t *testing.T, url, token string, into any) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil && res.StatusCode == http.StatusOK {
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatalf("%s answered %s: %v", url, b, err)
		}
	}
	return res.StatusCode
}

// eventually calls ok until it holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come about", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

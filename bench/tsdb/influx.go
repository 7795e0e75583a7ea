package tsdb

import (
	"bytes"
	"context"
	"embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"jingwei/bench/trial"
	"jingwei/bench/workload"
	"jingwei/internal/kernel/proof/port"
)

//go:embed peers/influxdb.conf
var influxConf embed.FS

// influxRows is about how many values go into one request: its authors advise 5,000 to 10,000.
const influxRows = 10_000

// influx is InfluxDB 1.6 under trial: a server of its own, written to by its line protocol over HTTP and asked in InfluxQL.
// A device's values of one time are the fields of one line, which is what it keeps best.
type influx struct {
	program string
	dir     string
	base    string
	per     int // series of a device
	cmd     *exec.Cmd
	ended   chan struct{}
	said    bytes.Buffer // of the server; read when it has ended
	cpu     float64      // when it has ended
	peak    int64
	client  http.Client
	lines   [2][]byte
	held    [2]int
	flight  chan []byte // what requests under way have, or a free buffer
	mu      sync.Mutex
	failed  error
}

// influxFlight is how many requests are under way at a time: each waits for the log's fsync.
const influxFlight = 16

func (*influx) Name() string { return influxName }

func (e *influx) Version() string {
	out, err := exec.Command(e.program, "version").Output()
	if err != nil {
		return "unknown"
	}
	f := strings.Fields(string(out)) // InfluxDB v1.6.7 (git: …)
	if len(f) < 2 {
		return "unknown"
	}
	return f[1]
}

func (e *influx) Open(dir string, spec workload.Spec) error {
	e.dir, e.per = dir, spec.PerDevice()
	conf, err := influxConf.ReadFile("peers/influxdb.conf")
	if err != nil {
		return err
	}
	name := filepath.Join(dir, "influxdb.conf")
	if err := os.WriteFile(name, conf, 0o600); err != nil {
		return err
	}
	ports, err := port.Free(2)
	if err != nil {
		return err
	}
	e.base = "http://" + ports[0]
	e.cmd = exec.Command(e.program, "-config", name)
	e.cmd.Env = append(os.Environ(), "INFLUXDB_HTTP_BIND_ADDRESS="+ports[0], "INFLUXDB_BIND_ADDRESS="+ports[1],
		"INFLUXDB_META_DIR="+filepath.Join(dir, "meta"), "INFLUXDB_DATA_DIR="+filepath.Join(dir, "data"), "INFLUXDB_DATA_WAL_DIR="+filepath.Join(dir, "wal"))
	e.cmd.Stdout, e.cmd.Stderr = &e.said, &e.said
	if err := e.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", e.program, err)
	}
	e.ended = make(chan struct{})
	go func() {
		_ = e.cmd.Wait() // how it ended shows in what it said
		close(e.ended)
	}()
	e.flight = make(chan []byte, influxFlight)
	for range influxFlight {
		e.flight <- nil
	}
	e.client = http.Client{Timeout: 10 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: influxFlight}}
	if err := e.up(); err != nil {
		return errors.Join(err, e.Close())
	}
	body, err := e.ask(http.MethodPost, "CREATE DATABASE bench")
	if err != nil {
		return errors.Join(err, e.Close())
	}
	return body.Close()
}

// up waits until the server answers: it reads its log first.
func (e *influx) up() error {
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		a, err := e.client.Get(e.base + "/ping")
		if err == nil {
			_ = a.Body.Close()
			if a.StatusCode == http.StatusNoContent {
				return nil
			}
		}
		select {
		case <-e.ended:
			return fmt.Errorf("it ended: %s", tail(e.said.String()))
		default:
		}
	}
	return errors.New("it does not answer")
}

// Write adds a batch to the lines of its writer, and sends them when they are enough for a request.
func (e *influx) Write(writer int, b *workload.Batch) error {
	d, n := e.lines[writer], 0
	open := false // a line
	for i, s := range b.Series {
		if open && (int(b.Series[i-1])/e.per != int(s)/e.per || b.Time[i-1] != b.Time[i]) {
			d = endLine(d, b.Time[i-1])
			open = false
		}
		if b.Flags[i]&workload.NoValue != 0 {
			continue
		}
		if open {
			d = append(d, ',')
		} else {
			d = fmt.Appendf(d, "value,device=d%04d ", int(s)/e.per)
			open = true
		}
		d = fmt.Appendf(d, "p%02d=", int(s)%e.per)
		d = strconv.AppendFloat(d, math.Float64frombits(b.Bits[i]), 'g', -1, 64)
		n++
	}
	if open {
		d = endLine(d, b.Time[len(b.Time)-1])
	}
	e.lines[writer] = d
	if e.held[writer] += n; e.held[writer] >= influxRows {
		return e.send(writer)
	}
	return nil
}

func endLine(d []byte, at int64) []byte {
	return append(strconv.AppendInt(append(d, ' '), at, 10), '\n')
}

// send hands the lines of a writer to a request of their own.
func (e *influx) send(writer int) error {
	if e.held[writer] == 0 {
		return e.failure()
	}
	lines := e.lines[writer]
	e.lines[writer], e.held[writer] = (<-e.flight)[:0], 0
	go func() {
		err := e.post(lines)
		e.mu.Lock()
		e.failed = errors.Join(e.failed, err)
		e.mu.Unlock()
		e.flight <- lines
	}()
	return e.failure()
}

func (e *influx) failure() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.failed
}

func (e *influx) post(lines []byte) error {
	a, err := e.client.Post(e.base+"/write?db=bench&precision=ns", "text/plain", bytes.NewReader(lines))
	if err != nil {
		return err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(io.LimitReader(a.Body, 1<<20))
	if err == nil && a.StatusCode != http.StatusNoContent {
		err = fmt.Errorf("write: status %d: %.500s", a.StatusCode, text)
	}
	return err
}

// Flush sends what is held. What the server keeps in memory is in its log; it writes it to files when nothing comes any
// more, which counts as compaction, as with Prometheus.
func (e *influx) Flush() error {
	for w := range e.lines {
		if err := e.send(w); err != nil {
			return err
		}
	}
	for range influxFlight {
		<-e.flight
	}
	for range influxFlight {
		e.flight <- nil
	}
	return e.failure()
}

// Compact waits until the server has written what is in its log to files and has merged them: it does so by itself, two
// seconds after the last write by our configuration.
func (e *influx) Compact() error {
	var before string
	steady := 0
	for end := time.Now().Add(30 * time.Minute); time.Now().Before(end); time.Sleep(time.Second) {
		now, busy, err := e.files()
		if err != nil {
			return err
		}
		if steady++; busy || now != before {
			steady = 0
		}
		if before = now; steady >= 5 {
			return nil
		}
	}
	return errors.New("it still merges after half an hour")
}

// files lists the data files; busy: something is being written or waits to be, or nothing has been yet.
func (e *influx) files() (list string, busy bool, err error) {
	var b strings.Builder
	any := false
	err = filepath.WalkDir(filepath.Join(e.dir, "data"), func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it went away meanwhile
		}
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		busy = busy || strings.HasSuffix(name, ".tmp")
		any = any || strings.HasSuffix(name, ".tsm")
		fmt.Fprintln(&b, name, info.Size())
		return nil
	})
	if err != nil {
		return "", false, err
	}
	cached, err := e.cached()
	return b.String(), busy || !any || cached > 0, err
}

// cached is how many bytes the server has in its log and in memory alone.
func (e *influx) cached() (bytes int64, err error) {
	a, err := e.client.Get(e.base + "/debug/vars")
	if err != nil {
		return 0, err
	}
	defer a.Body.Close()
	var vars map[string]json.RawMessage
	if err := json.NewDecoder(a.Body).Decode(&vars); err != nil {
		return 0, fmt.Errorf("the server's figures: %w", err)
	}
	for name, v := range vars {
		if !strings.HasPrefix(name, "tsm1_cache") {
			continue
		}
		var cache struct {
			Values struct{ MemBytes int64 }
		}
		if err := json.Unmarshal(v, &cache); err != nil {
			return 0, fmt.Errorf("the server's figures of %s: %w", name, err)
		}
		bytes += cache.Values.MemBytes
	}
	return bytes, nil
}

// ask sends a query and returns the answer as CSV.
func (e *influx) ask(method, query string) (io.ReadCloser, error) {
	r, err := http.NewRequest(method, e.base+"/query?"+url.Values{"db": {"bench"}, "epoch": {"ns"}, "q": {query}}.Encode(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/csv")
	a, err := e.client.Do(r)
	if err != nil {
		return nil, err
	}
	if a.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(a.Body, 500))
		return nil, errors.Join(fmt.Errorf("%s: status %d: %s", query, a.StatusCode, text), a.Body.Close())
	}
	return a.Body, nil
}

// cells adds up all cells of an answer from the fourth column on: name, tags and time come before them.
func (e *influx) cells(query string) (a trial.Answer, err error) {
	body, err := e.ask(http.MethodGet, query)
	if err != nil {
		return a, err
	}
	defer body.Close()
	rows := csv.NewReader(body)
	rows.ReuseRecord = true
	rows.FieldsPerRecord = -1
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return a, nil
		}
		if err != nil {
			return a, fmt.Errorf("%s: %w", query, err)
		}
		if len(row) < 4 || row[0] == "name" {
			continue
		}
		for _, cell := range row[3:] {
			if cell == "" {
				continue
			}
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				return a, fmt.Errorf("%s: %w", query, err)
			}
			a.Points++
			a.Sum += v
		}
	}
}

func (e *influx) Raw(series int, from, to int64) (trial.Answer, error) {
	return e.cells(fmt.Sprintf(`SELECT "p%02d" FROM value WHERE device='d%04d' AND time >= %d AND time < %d`, series%e.per, series/e.per, from, to))
}

func (e *influx) Count(from, to int64) (int, error) {
	a, err := e.cells(fmt.Sprintf(`SELECT count(*) FROM value WHERE time >= %d AND time < %d`, from, to))
	return int(a.Sum), err
}

func (*influx) Ways() []string { return []string{"InfluxQL"} }

func (e *influx) Means(_ string, from, to, step int64) (trial.Answer, error) {
	return e.cells(fmt.Sprintf(`SELECT mean(*) FROM value WHERE time >= %d AND time < %d GROUP BY time(%ds), device fill(none)`, from, to, step/1e9))
}

// Close ends the server.
func (e *influx) Close() error {
	e.client.CloseIdleConnections()
	e.cpu, e.peak = e.Usage()
	if err := e.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	select {
	case <-e.ended:
	case <-ctx.Done():
		_ = e.cmd.Process.Kill()
		<-e.ended
	}
	if s := e.cmd.ProcessState; s != nil {
		e.cpu = (s.UserTime() + s.SystemTime()).Seconds()
	}
	return nil
}

func (*influx) LogPaths(dir string) []string {
	return []string{filepath.Join(dir, "wal"), filepath.Join(dir, "influxdb.conf")}
}

// Usage implements trial.Outside (proc(5): stat and status).
func (e *influx) Usage() (cpu float64, peak int64) {
	if e.cpu > 0 {
		return e.cpu, e.peak
	}
	dir := fmt.Sprintf("/proc/%d/", e.cmd.Process.Pid)
	if b, err := os.ReadFile(dir + "stat"); err == nil {
		f := strings.Fields(string(b)[strings.LastIndexByte(string(b), ')')+1:])
		if len(f) > 12 {
			user, _ := strconv.ParseFloat(f[11], 64)
			system, _ := strconv.ParseFloat(f[12], 64)
			cpu = (user + system) / 100
		}
	}
	if b, err := os.ReadFile(dir + "status"); err == nil {
		for line := range strings.Lines(string(b)) {
			var kib int64
			if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
				peak = kib << 10
			}
		}
	}
	return cpu, peak
}

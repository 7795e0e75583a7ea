package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"jingwei/bench/result"
)

// Goals of the product.
const (
	timesPipeline = 4.0   // points per CPU second, of the pipeline's
	pointsPerSec  = 1.5e6 // at 32 in flight
	pacedCore     = 0.04  // of a core, at 20,000 points/s
	pacedMessages = 200   // per second
)

// Options of a measurement.
type Options struct {
	Program  string // jingwei
	Dir      string // for data; a new folder below it is removed afterwards
	Peers    string
	Seed     uint64
	Quick    bool
	Progress io.Writer
}

// plan is how long the parts of a round last.
type plan struct {
	rounds                     int
	flood, single, paced, echo time.Duration
	remote, settle             time.Duration
	pipelineMessages           int
}

func (o *Options) plan() plan {
	if o.Quick {
		return plan{rounds: 1, flood: 2 * time.Second, single: time.Second, paced: 3 * time.Second, echo: 500 * time.Millisecond, remote: 1500 * time.Millisecond,
			settle: 500 * time.Millisecond, pipelineMessages: 8000}
	}
	return plan{rounds: 5, flood: 5 * time.Second, single: 3 * time.Second, paced: 8 * time.Second, echo: time.Second, remote: 3 * time.Second,
		settle: 1500 * time.Millisecond, pipelineMessages: 30_000}
}

// bench is a run.
type bench struct {
	Options
	plan
	dir      string
	r        *result.Result
	node     *node
	pipeline *pipeline
	victoria *victoria
	echo     *process
	echoAt   string

	points  map[string]int // that an engine must be able to read, by engine
	figures map[string][]float64
}

// Run measures and tells.
func Run(ctx context.Context, o Options, out io.Writer) (_ *result.Result, err error) {
	b := &bench{Options: o, plan: o.plan(), r: result.New("ingest", o.Seed), points: map[string]int{}, figures: map[string][]float64{}}
	if b.dir, err = os.MkdirTemp(o.Dir, "jingwei-ingest-"); err != nil {
		return nil, err
	}
	defer func() {
		if err == nil {
			os.RemoveAll(b.dir)
		}
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer b.stop()
	if err := b.start(ctx); err != nil {
		return nil, err
	}
	for round := range b.rounds {
		fmt.Fprintf(o.Progress, "round %d of %d\n", round+1, b.rounds)
		if err := b.round(ctx); err != nil {
			return nil, fmt.Errorf("round %d: %w", round+1, err)
		}
	}
	if err := b.check(ctx); err != nil {
		return nil, err
	}
	b.tell(out)
	return b.r, nil
}

func (b *bench) start(ctx context.Context) (err error) {
	fmt.Fprintln(b.Progress, "starting the engines")
	programs, missing := findPeers(b.Peers)
	for _, m := range missing {
		b.r.Note("left out: %s", m)
	}
	if b.node, err = startNode(ctx, b.dir, b.Program); err != nil {
		return err
	}
	if programs["mosquitto"] != "" && programs["telegraf"] != "" && programs["victoria-metrics"] != "" {
		if b.pipeline, err = startPipeline(ctx, b.dir, programs); err != nil {
			return err
		}
	}
	if p := programs["victoria-metrics"]; p != "" {
		if b.victoria, err = startVictoria(ctx, b.dir, "remote-write-store", p); err != nil {
			return err
		}
	}
	if b.echo, err = start(ctx, b.dir, "echo", b.Program, "bench", "ingest", "echo"); err != nil {
		return err
	}
	b.echoAt, err = b.echo.line(ctx, "ready: ", 10*time.Second)
	b.r.Versions["go"] = runtime.Version()
	for name, args := range map[string][]string{"mosquitto": {"-h"}, "telegraf": {"--version"}, "victoria-metrics": {"--version"}} {
		if p := programs[name]; p != "" {
			said, _ := exec.CommandContext(ctx, p, args...).CombinedOutput() // mosquitto's help ends with an error code
			b.r.Versions[name] = version(string(said))
		}
	}
	return err
}

// version finds the first word that is a version number.
func version(said string) string {
	for _, w := range strings.Fields(said) {
		w = strings.Trim(w, ",()")
		if i := strings.LastIndex(w, "-v"); i >= 0 {
			w = w[i+1:]
		}
		if digits := strings.TrimLeft(w, "v"); strings.Count(digits, ".") >= 1 && digits[0] >= '0' && digits[0] <= '9' {
			return w
		}
	}
	return "unknown"
}

func (b *bench) stop() {
	if b.node != nil {
		b.node.process.stop()
	}
	if b.pipeline != nil {
		b.pipeline.group.stop()
	}
	if b.victoria != nil {
		b.victoria.process.stop()
	}
	if b.echo != nil {
		b.echo.stop()
	}
}

func (b *bench) add(name string, v float64) { b.figures[name] = append(b.figures[name], v) }

func (b *bench) round(ctx context.Context) error {
	for _, part := range []struct {
		name string
		load load
	}{
		{"32", load{Inflight: 32, For: b.flood}},
		{"1", load{Inflight: 1, For: b.single}},
		{"paced", load{Inflight: 1, For: b.paced, Rate: pacedMessages}},
	} {
		if err := b.own(ctx, part.name, part.load); err != nil {
			return fmt.Errorf("the node, %s: %w", part.name, err)
		}
		l := part.load
		l.Mode, l.Address, l.For = "sparkplug", b.echoAt, b.plan.echo
		s, _, err := b.run(ctx, l, group{b.echo}, nil)
		if err != nil {
			return fmt.Errorf("the echo, %s: %w", part.name, err)
		}
		b.add("echo p50 "+part.name, s.P50)
		b.add("echo p99 "+part.name, s.P99)
	}
	if b.pipeline != nil {
		if err := b.peer(ctx); err != nil {
			return fmt.Errorf("the pipeline: %w", err)
		}
	}
	if b.victoria != nil {
		if err := b.remoteWrite(ctx); err != nil {
			return fmt.Errorf("remote write into VictoriaMetrics: %w", err)
		}
	}
	return nil
}

// measured is what a run of a load cost the engine.
type measured struct {
	cpu  float64   // seconds
	each []float64 // by process
	wall float64   // until everything was stored
}

// run sends a load and measures the engine from the first message until stored says that all is, and b.settle more.
func (b *bench) run(ctx context.Context, l load, g group, stored func(context.Context, *sent) error) (*sent, measured, error) {
	l.Seed = b.Seed
	var m measured
	p, err := start(ctx, b.dir, "load", b.Program, "bench", "ingest", "load", "--mode", l.Mode, "--address", l.Address, "--user", l.User, "--password", l.Password,
		"--inflight", fmt.Sprint(l.Inflight), "--rate", fmt.Sprint(l.Rate), "--for", l.For.String(), "--messages", fmt.Sprint(l.Messages), "--seed", fmt.Sprint(l.Seed))
	if err != nil {
		return nil, m, err
	}
	defer p.stop()
	if _, err := p.line(ctx, "ready: ", 2*time.Minute); err != nil {
		return nil, m, err
	}
	if err := b.rest(ctx); err != nil { // what came with connections and births is done with
		return nil, m, err
	}
	before, eachBefore, err := g.cpu()
	if err != nil {
		return nil, m, err
	}
	began := time.Now()
	if _, err := io.WriteString(p.in, "go\n"); err != nil {
		return nil, m, err
	}
	told, err := p.line(ctx, "{", time.Minute+2*l.For)
	if err != nil {
		return nil, m, err
	}
	s := new(sent)
	if err := json.Unmarshal([]byte("{"+told), s); err != nil {
		return nil, m, err
	}
	m.wall = s.Wall
	if stored != nil {
		if err := stored(ctx, s); err != nil {
			return nil, m, err
		}
		m.wall = max(m.wall, time.Since(began).Seconds())
	}
	if err := b.rest(ctx); err != nil {
		return nil, m, err
	}
	after, eachAfter, err := g.cpu()
	m.cpu = after - before
	for i := range eachAfter {
		m.each = append(m.each, eachAfter[i]-eachBefore[i])
	}
	return s, m, err
}

// rest waits until the engine has settled.
func (b *bench) rest(ctx context.Context) error {
	select {
	case <-time.After(b.settle):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *bench) own(ctx context.Context, name string, l load) error {
	l.Mode, l.Address, l.User, l.Password = "sparkplug", b.node.mqtt, b.node.user, b.node.password
	s, m, err := b.run(ctx, l, group{b.node.process}, nil)
	if err != nil {
		return err
	}
	b.points["node"] += s.Births + s.Points
	b.add("points/s "+name, float64(s.Points)/s.Wall)
	b.add("CPU "+name, m.cpu/float64(s.Points)*1e6)
	b.add("cores "+name, m.cpu/s.Wall)
	b.add("p50 "+name, s.P50)
	b.add("p99 "+name, s.P99)
	return nil
}

func (b *bench) peer(ctx context.Context) error {
	before, err := b.pipeline.store.inserted(ctx)
	if err != nil {
		return err
	}
	s, m, err := b.run(ctx, load{Mode: "influx", Address: b.pipeline.broker, Inflight: 32, Messages: b.pipelineMessages}, b.pipeline.group,
		func(ctx context.Context, s *sent) error {
			for end := time.Now().Add(time.Minute); ; {
				n, err := b.pipeline.store.inserted(ctx)
				if err != nil || n-before >= s.Points {
					return err
				}
				if time.Now().After(end) {
					return fmt.Errorf("%d of %d points have arrived after a minute", n-before, s.Points)
				}
				time.Sleep(20 * time.Millisecond)
			}
		})
	if err != nil {
		return err
	}
	b.points["pipeline"] += s.Points
	b.add("pipeline points/s", float64(s.Points)/m.wall)
	b.add("pipeline CPU", m.cpu/float64(s.Points)*1e6)
	for i, p := range b.pipeline.group {
		b.add("pipeline CPU "+p.name, m.each[i]/float64(s.Points)*1e6)
	}
	return nil
}

func (b *bench) remoteWrite(ctx context.Context) error {
	s, m, err := b.run(ctx, load{Mode: "remote-write", Address: "http://" + b.victoria.address + "/api/v1/write", For: b.remote}, group{b.victoria.process}, nil)
	if err != nil {
		return err
	}
	b.points["victoria"] += s.Points
	b.add("remote write points/s", float64(s.Points)/s.Wall)
	b.add("remote write CPU", m.cpu/float64(s.Points)*1e6)
	return nil
}

// check asks every engine how many points it can read.
func (b *bench) check(ctx context.Context) error {
	fmt.Fprintln(b.Progress, "counting what can be read")
	points, series, err := b.node.count(ctx)
	if err != nil {
		return fmt.Errorf("count the node's points: %w", err)
	}
	b.r.Figures["nodeSeries"], b.r.Figures["nodePoints"] = series, points
	b.r.Holds(fmt.Sprintf("the node can read all %d points that it acknowledged (%d)", b.points["node"], points), points == b.points["node"])
	for name, v := range map[string]*victoria{"victoria": b.victoria, "pipeline": b.store()} {
		if v == nil {
			continue
		}
		n := 0
		for range 20 { // what has come last is not shown at once
			if n, err = v.count(ctx); err != nil {
				return err
			}
			if n >= b.points[name] {
				break
			}
			time.Sleep(500 * time.Millisecond)
		}
		b.r.Figures[name+"Points"] = n
		b.r.Holds(fmt.Sprintf("%s can read all %d points that were sent (%d)", name, b.points[name], n), n == b.points[name])
	}
	return nil
}

func (b *bench) store() *victoria {
	if b.pipeline == nil {
		return nil
	}
	return b.pipeline.store
}

package tsdb

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"
	"time"

	"jingwei/bench/trial"
	"jingwei/bench/workload"
	"jingwei/internal/telemetry"
)

// trial runs one phase in a process of its own and reads its report.
func (c *contender) trial(ctx context.Context, o trial.Options) (trial.Report, error) {
	var report trial.Report
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return report, err
	}
	cmd := exec.CommandContext(ctx, c.command[0], append(append([]string(nil), c.command[1:]...), o.Args()...)...)
	cmd.WaitDelay = 10 * time.Second
	var said, complained bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &complained
	if err := cmd.Run(); err != nil {
		return report, fmt.Errorf("%s, %s of %s: %w: %s", c.name, o.Phase, o.Spec.Name, err, tail(complained.String()))
	}
	if err := json.Unmarshal(said.Bytes(), &report); err != nil {
		return report, fmt.Errorf("%s, %s of %s: no report in %q: %w", c.name, o.Phase, o.Spec.Name, tail(said.String()), err)
	}
	return report, nil
}

func tail(s string) string {
	s = strings.TrimSpace(s)
	return s[max(0, len(s)-2000):]
}

// truth is what the queries of a stream must answer. A store that knows statuses gives the means of good values.
type truth struct{ raw, means, goodMeans trial.Answer }

// answers makes the stream again and computes them.
func answers(spec workload.Spec, rawQueries int) truth {
	var t truth
	from, rawTo, meansTo := trial.Spans(spec)
	asked := make([]int, spec.Series())
	for i := range rawQueries {
		asked[trial.RawSeries(spec, i)]++
	}
	steps := int((meansTo - from) / trial.Step)
	all, good := make([]mean, spec.Series()*steps), make([]mean, spec.Series()*steps)
	g := spec.Generator(0, 1)
	var b workload.Batch
	for g.Next(&b) {
		for i, s := range b.Series {
			at := b.Time[i]
			if b.Flags[i]&workload.NoValue != 0 || at < from || at >= rawTo {
				continue
			}
			v := math.Float64frombits(b.Bits[i])
			if n := asked[s]; n > 0 {
				t.raw.Points += n
				t.raw.Sum += float64(v * float64(n))
			}
			if at < meansTo {
				k := int(s)*steps + int((at-from)/trial.Step)
				all[k].add(v)
				if b.Status[i] == workload.Good {
					good[k].add(v)
				}
			}
		}
	}
	t.means, t.goodMeans = answer(all), answer(good)
	return t
}

type mean struct {
	sum float64
	n   int
}

func (m *mean) add(v float64) {
	m.sum += v
	m.n++
}

func answer(means []mean) (a trial.Answer) {
	for _, m := range means {
		if m.n > 0 {
			a.Points++
			a.Sum += m.sum / float64(m.n)
		}
	}
	return a
}

// compare checks that every contender has answered the same.
func (b *race) compare(l *lane) {
	want := answers(l.whole, b.plan.raw)
	all := true
	for _, c := range b.contenders {
		means := want.means
		if c.name == ownName {
			means = want.goodMeans
		}
		for _, ask := range c.runs[l.name()].asks {
			// sums are added in another order, and VictoriaMetrics rounds values
			if ask.Raw == nil || ask.Raw.Points != want.raw.Points || !near(ask.Raw.Sum, want.raw.Sum, 1e-9) {
				all = false
				b.r.Note("%s, %s: raw days gave %+v instead of %+v", c.name, l.name(), ask.Raw, want.raw)
			}
			for _, m := range ask.Means {
				// a query language counts a value on the edge of a step to the step before
				if m.Points != means.Points || !near(m.Sum, means.Sum, 1e-6) {
					all = false
					b.r.Note("%s, %s: means by %s gave %d of sum %v instead of %d of sum %v", c.name, l.name(), m.Way, m.Points, m.Sum, means.Points, means.Sum)
				}
			}
		}
	}
	b.r.Holds(l.name()+": all queries find every value", all)
}

func near(a, b, within float64) bool { return math.Abs(a-b) <= within*math.Abs(b) }

// Trial runs one phase of our own store in a process of its own: command is the program that has `bench tsdb trial` and
// the words that name it.
func Trial(ctx context.Context, command []string, o trial.Options) (trial.Report, error) {
	return (&contender{name: ownName, command: command}).trial(ctx, o)
}

// TrialPath are the words that name the command of a trial below `bench`.
var TrialPath = []string{"tsdb", trialName}

// Declare declares the series of a stream, in its order.
func Declare(ctx context.Context, spec workload.Spec, c telemetry.Catalog) ([]telemetry.Ref, error) {
	declared, err := c.Declare(ctx, declarations(spec))
	if err != nil {
		return nil, err
	}
	refs := make([]telemetry.Ref, len(declared))
	for i, s := range declared {
		refs[i] = s.Ref
	}
	return refs, nil
}

// Rows fills a batch of the door with one of a stream.
func Rows(t *telemetry.Batch, b *workload.Batch, refs []telemetry.Ref) {
	t.Origin = telemetry.Measured
	t.Ref, t.Status, t.Flags = t.Ref[:0], t.Status[:0], t.Flags[:0]
	for i, s := range b.Series {
		t.Ref = append(t.Ref, refs[s])
		t.Status = append(t.Status, telemetry.Status(b.Status[i]))
		t.Flags = append(t.Flags, telemetry.Flags(b.Flags[i]))
	}
	t.Time, t.Gateway, t.Bits, t.Text = b.Time, b.Gateway, b.Bits, b.Text
}

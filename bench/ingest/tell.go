package ingest

import (
	"fmt"
	"io"

	"jingwei/bench/result"
)

// median of a figure over the rounds.
func (b *bench) median(name string) result.Spread { return result.Median(b.figures[name]) }

// tell prints the table and judges the goals.
func (b *bench) tell(out io.Writer) {
	for name := range b.figures {
		b.r.Figures[name] = b.median(name)
	}
	t := result.Table{Head: []string{"", "points/s", "CPU s per million", "p50 ms", "p99 ms", "echo p99 ms"}}
	for _, part := range []struct{ name, words string }{{"32", "node, 32 in flight"}, {"1", "node, 1 in flight"}, {"paced", "node, 20,000 points/s"}} {
		t.Add(part.words, b.median("points/s "+part.name).String(), b.median("CPU "+part.name).String(), b.median("p50 "+part.name).String(),
			b.median("p99 "+part.name).String(), b.median("echo p99 "+part.name).String())
	}
	if b.pipeline != nil {
		t.Add("mosquitto + Telegraf + VictoriaMetrics", b.median("pipeline points/s").String(), b.median("pipeline CPU").String())
		for _, p := range b.pipeline.group {
			t.Add("  "+p.name, "", b.median("pipeline CPU "+p.name).String())
		}
	}
	if b.victoria != nil {
		t.Add("VictoriaMetrics, remote write", b.median("remote write points/s").String(), b.median("remote write CPU").String())
	}
	fmt.Fprintln(out, t.String())
	own := b.median("CPU 32").Median
	b.r.AtLeast("points/s at 32 in flight", b.median("points/s 32").Median, pointsPerSec)
	if b.pipeline != nil {
		b.r.AtLeast("points per CPU second, times the pipeline's", b.median("pipeline CPU").Median/own, timesPipeline)
	}
	if b.victoria != nil {
		b.r.AtMost("CPU seconds per point, of remote write into VictoriaMetrics", own/b.median("remote write CPU").Median, 1)
	}
	b.r.AtMost("of a core at 20,000 points/s", b.median("cores paced").Median, pacedCore)
}

package bench

import (
	"fmt"
	"io"

	"jingwei/bench/result"
)

// figures are what a contender has done on a workload, as they stand in the result.
type figures struct {
	CPU          result.Spread  `json:"cpuNsPerSample"`     // of the rounds; 0 runs where there were none
	FullCPU      float64        `json:"fullCpuNsPerSample"` // of the whole stream
	CompactCPU   float64        `json:"compactCpuNsPerSample"`
	Rate         float64        `json:"samplesPerSecond"` // of the whole stream, wall time
	Bytes        float64        `json:"bytesPerSample"`   // after compaction, log apart
	PeakRSS      int64          `json:"peakRssBytes"`
	Samples      int            `json:"samples"`
	RawDay       *result.Spread `json:"rawDayMs,omitempty"`
	Means        *result.Spread `json:"meansMs,omitempty"`
	MeansWay     string         `json:"meansWay,omitempty"`
	RawDayCPU    float64        `json:"rawDayCpuMs,omitempty"`
	MeansCPU     float64        `json:"meansCpuMs,omitempty"` // of the same way
	AskRSS       int64          `json:"askPeakRssBytes,omitempty"`
	IngestToDisk int64          `json:"bytesBeforeCompaction"`
	Log          int64          `json:"logBytes"`
}

func (c *contender) figures(workload string) figures {
	runs := c.runs[workload]
	n := float64(max(1, c.samples(runs.full)))
	f := figures{
		CPU: result.Median(runs.cpu), FullCPU: runs.full.CPU * 1e9 / n, CompactCPU: runs.compact.CPU * 1e9 / n,
		Rate: n / runs.full.Wall, Bytes: float64(runs.compact.DataBytes) / n, PeakRSS: runs.full.PeakRSS,
		Samples: int(n), IngestToDisk: runs.full.DataBytes, Log: runs.full.LogBytes,
	}
	if len(runs.asks) == 0 {
		return f
	}
	var raw, rawCPU []float64
	ways, waysCPU := map[string][]float64{}, map[string][]float64{}
	for _, ask := range runs.asks {
		f.AskRSS = max(f.AskRSS, ask.PeakRSS)
		raw, rawCPU = append(raw, ask.Raw.Median), append(rawCPU, ask.Raw.CPU)
		for _, m := range ask.Means {
			ways[m.Way], waysCPU[m.Way] = append(ways[m.Way], m.Median), append(waysCPU[m.Way], m.CPU)
		}
	}
	s := result.Median(raw)
	f.RawDay, f.RawDayCPU = &s, result.Median(rawCPU).Median
	for way, times := range ways { // the fastest way counts
		if s := result.Median(times); f.Means == nil || s.Median < f.Means.Median {
			f.Means, f.MeansWay, f.MeansCPU = &s, way, result.Median(waysCPU[way]).Median
		}
	}
	return f
}

// tell prints the tables, keeps the figures and judges the goals.
func (b *storeBench) tell() error {
	for _, w := range []struct{ name, title string }{
		{"wide", "wide: 20,000 series, 2% minutes late, 0.1% days late"},
		{"mill", "recorded machine tool, 40 replicas at 10 Hz"},
		{"d2", "D2: 1,000 series"},
	} {
		t := result.Table{Head: []string{w.title, "CPU ns/sample", "whole stream", "compaction", "M samples/s", "B/sample", "RSS MiB"}}
		asked := result.Table{Head: []string{"queries", "raw day ms", "CPU ms", "means of 5 min ms", "CPU ms", "asked by", "RSS MiB"}}
		all := map[string]figures{}
		for _, c := range b.contenders {
			f := c.figures(w.name)
			all[c.name] = f
			rounds := ""
			if f.CPU.Runs > 0 {
				rounds = f.CPU.String()
			}
			t.Add(c.name, rounds, result.Number(f.FullCPU), result.Number(f.CompactCPU), result.Number(f.Rate/1e6),
				result.Number(f.Bytes), fmt.Sprint(f.PeakRSS>>20))
			if f.RawDay != nil && f.Means != nil {
				asked.Add(c.name, f.RawDay.String(), result.Number(f.RawDayCPU), f.Means.String(), result.Number(f.MeansCPU), f.MeansWay, fmt.Sprint(f.AskRSS>>20))
			}
		}
		b.r.Figures[w.name] = all
		text := t.String()
		if w.name == "d2" {
			text += "\n" + asked.String()
		}
		if _, err := io.WriteString(b.out, text+"\n"); err != nil {
			return err
		}
		b.judge(w.name, all)
	}
	return nil
}

// judge compares our figures with VictoriaMetrics', if it was there.
func (b *storeBench) judge(workload string, all map[string]figures) {
	own := all[ownName]
	peer, present := all[victoriaName]
	if !present {
		return
	}
	most, judged := map[string]float64{"wide": 1.0 / 3, "d2": 0.5}[workload]
	if !judged {
		return
	}
	if peer.CPU.Median > 0 && own.CPU.Median > 0 {
		b.r.AtMost(workload+": CPU per sample, part of VictoriaMetrics'", own.CPU.Median/peer.CPU.Median, most)
	}
	b.r.AtMost(workload+": bytes per sample, part of VictoriaMetrics'", own.Bytes/peer.Bytes, 1)
	if own.Means == nil || peer.Means == nil {
		return
	}
	b.r.AtMost("means of 1,000 series: time, part of VictoriaMetrics'", own.Means.Median/peer.Means.Median, 1)
	b.r.AtMost("raw day: time, part of VictoriaMetrics'", own.RawDay.Median/peer.RawDay.Median, 0.5)
}

package tsdb

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"jingwei/bench/result"
)

// figures are what a contender has done on a lane, as they stand in the result.
type figures struct {
	CPU          result.Spread  `json:"cpuNsPerSample"` // of the rounds; 0 runs where there were none
	PerCPU       float64        `json:"samplesPerCpuSecond"`
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
	MeansCPU     float64        `json:"meansCpuMs,omitempty"`  // of the same way
	FromRollUps  float64        `json:"fromRollUps,omitempty"` // part of the samples of means that kept roll-ups told of
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
	if f.CPU.Median > 0 {
		f.PerCPU = 1e9 / f.CPU.Median
	}
	if runs.full.Wall == 0 { // it took no part
		f.Rate = 0
	}
	if len(runs.asks) == 0 {
		return f
	}
	var raw, rawCPU []float64
	ways, waysCPU := map[string][]float64{}, map[string][]float64{}
	for _, ask := range runs.asks {
		f.AskRSS, f.FromRollUps = max(f.AskRSS, ask.PeakRSS), ask.FromRollUps
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

// tell prints the tables and keeps the figures.
func (b *race) tell() error {
	for i := range b.plan.lanes {
		l := &b.plan.lanes[i]
		t := result.Table{Head: []string{l.title, "CPU ns/sample", "M samples/CPU s", "whole stream", "compaction", "M samples/s", "B/sample", "RSS MiB"}}
		asked := result.Table{Head: []string{"queries of " + l.name(), "raw day ms", "CPU ms", "means of 5 min ms", "CPU ms", "asked by", "RSS MiB"}}
		all := map[string]figures{}
		for _, c := range b.contenders {
			f := c.figures(l.name())
			all[c.name] = f
			rounds, rate, rss := "", "", f.PeakRSS
			if f.CPU.Runs > 0 {
				rounds, rate = f.CPU.String(), result.Number(f.PerCPU/1e6)
				rss = max(rss, c.runs[l.name()].peak)
			}
			if l.without[c.name] != "" {
				if rounds != "" {
					t.Add(c.name, rounds, rate, "", "", "", "", fmt.Sprint(rss>>20))
				}
				continue
			}
			t.Add(c.name, rounds, rate, result.Number(f.FullCPU), result.Number(f.CompactCPU), result.Number(f.Rate/1e6),
				result.Number(f.Bytes), fmt.Sprint(rss>>20))
			if f.RawDay != nil && f.Means != nil {
				asked.Add(c.name, f.RawDay.String(), result.Number(f.RawDayCPU), f.Means.String(), result.Number(f.MeansCPU), f.MeansWay, fmt.Sprint(f.AskRSS>>20))
			}
		}
		b.r.Figures[l.name()] = all
		text := t.String()
		if l.asked {
			text += "\n" + asked.String()
		}
		if _, err := io.WriteString(b.out, text+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// of returns the figures of a lane by contender.
func (b *race) of(lane string) map[string]figures {
	f, _ := b.r.Figures[lane].(map[string]figures)
	return f
}

// best is the least of the peers' figures that value gives, 0 where there is none, and whose it is.
func best(all map[string]figures, value func(figures) float64) (least float64, whose string) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if v := value(all[name]); name != ownName && v > 0 && (least == 0 || v < least) {
			least, whose = v, name
		}
	}
	return least, whose
}

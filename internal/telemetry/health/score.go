package health

// ScoreWeights are what the parts of a score count, of 100. They are shown with every score.
type ScoreWeights struct {
	Coverage float64 `json:"coverage" doc:"Share of time with a good value"`
	Fresh    float64 `json:"fresh" doc:"Share of series that are live now; stale ones count half. Left out where the span does not reach to the present"`
	Quality  float64 `json:"quality" doc:"Share of samples that are good; uncertain ones count half"`
	InTime   float64 `json:"inTime" doc:"Share of samples that were not late. Left out where only coverage was counted, or what tells of it is damaged"`
	Clock    float64 `json:"clock" doc:"Share of samples that were neither dated ahead nor taken by an unsure clock. Left out where only coverage was counted"`
}

// Weighing are in use. Values that are not there are worst, values not there now come next.
var Weighing = ScoreWeights{Coverage: 50, Fresh: 20, Quality: 15, InTime: 10, Clock: 5}

// ScoreParts are the shares that a score is made of, from 0 to 1; nil: left out.
type ScoreParts struct {
	Coverage *float64 `json:"coverage,omitempty"`
	Fresh    *float64 `json:"fresh,omitempty"`
	Quality  *float64 `json:"quality,omitempty"`
	InTime   *float64 `json:"inTime,omitempty"`
	Clock    *float64 `json:"clock,omitempty"`
}

// parts works the shares out. present tells that the span reaches to the present, counted that more than coverage is known.
func (m *Sum) parts(present, counted bool) ScoreParts {
	var p ScoreParts
	share := func(n, of float64) *float64 {
		x := min(max(n/of, 0), 1)
		return &x
	}
	if m.Span > 0 {
		p.Coverage = share(float64(m.Covered), float64(m.Span))
	}
	if present && m.Series > 0 {
		p.Fresh = share(float64(m.Live)+float64(m.Stale)/2, float64(m.Series))
	}
	if n := float64(m.Counts.Received); n > 0 {
		p.Quality = share(float64(m.Counts.Good)+float64(m.Counts.Uncertain)/2, n)
		if counted {
			if !m.LateUnknown {
				p.InTime = share(n-float64(m.Counts.Late), n)
			}
			p.Clock = share(n-float64(m.Counts.Ahead)-float64(m.Counts.ClockUnsure), n)
		}
	}
	return p
}

// score is 100 · Σ weight · share / Σ weight over the parts that there are; ok is false where there are none.
func (p ScoreParts) score() (score float64, ok bool) {
	var sum, of float64
	for _, x := range [...]struct {
		share  *float64
		weight float64
	}{{p.Coverage, Weighing.Coverage}, {p.Fresh, Weighing.Fresh}, {p.Quality, Weighing.Quality}, {p.InTime, Weighing.InTime}, {p.Clock, Weighing.Clock}} {
		if x.share != nil {
			sum += x.weight * *x.share
			of += x.weight
		}
	}
	if of == 0 {
		return 0, false
	}
	return 100 * sum / of, true
}

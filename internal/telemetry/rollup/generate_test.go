package rollup

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"jingwei/internal/telemetry"
)

const (
	second = int64(time.Second)
	hour   = 60 * Minute
	epoch  = int64(1_763_200_800) * second // a whole UTC hour of 2025
)

// point is one sample of a trial.
type point struct {
	t      int64
	bits   uint64
	text   string
	status telemetry.Status
	flags  telemetry.Flags
	commit uint64
}

// trial is a series with samples, and a span to be rolled up.
type trial struct {
	d      Definition
	span   telemetry.Span
	now    int64
	before Reading
	points []point
}

// The kinds of trials.
var kinds = []string{"decimals", "mantissas", "extremes", "codes", "bool", "text", "counter", "whole counter", "measured integers"}

// newTrial makes a trial from a seed. It computes with operations only that are the same on every platform.
func newTrial(seed uint64, kind string) *trial {
	r := rand.New(rand.NewPCG(seed, 77))
	x := &trial{span: telemetry.Span{From: epoch + int64(r.IntN(120))*Minute}}
	x.span.To = x.span.From + (1+int64(r.IntN(150)))*Minute
	x.d.Type = map[string]telemetry.Type{"decimals": telemetry.Float64, "mantissas": telemetry.Float64, "extremes": telemetry.Float64, "codes": telemetry.Int64,
		"bool": telemetry.Bool, "text": telemetry.String, "counter": telemetry.Float64, "whole counter": telemetry.Int64, "measured integers": telemetry.Int64}[kind]
	x.d.States = kind == "codes"
	silences := []time.Duration{500 * time.Millisecond, time.Second, 1500 * time.Millisecond, 10 * time.Second, 90 * time.Second, 25 * time.Minute}
	at := int64(0)
	for i := range 1 + r.IntN(4) {
		x.d.Reporting = append(x.d.Reporting, telemetry.Reporting{From: at, Report: telemetry.Periodic, MaxSilence: silences[r.IntN(len(silences))]})
		at = max(at, epoch-hour) + int64(1+r.IntN(3*3600*10))*second/10
		if i == 0 && r.IntN(3) == 0 {
			break
		}
	}
	x.now = x.span.To + hour
	if r.IntN(3) == 0 {
		x.now = x.span.From + int64(r.Uint64N(uint64(x.span.To-x.span.From)))
	}
	x.samples(r, kind)
	if strings.HasSuffix(kind, "counter") {
		x.counter(r, kind)
	}
	return x
}

func (x *trial) samples(r *rand.Rand, kind string) {
	from := x.span.From - int64(x.d.LookBack()) - int64(r.IntN(1000))*second
	t := from + int64(r.IntN(int(second)))
	if r.IntN(3) == 0 {
		t = x.span.From + int64(r.IntN(2))*Minute // the first sample ever lies on a bound
	}
	state := float64(r.IntN(1000)) / 10
	reading := float64(r.IntN(9000))
	code := int64(0)
	commit := uint64(100)
	for t < x.span.To+2*Minute {
		// a stretch of samples of one manner
		n := 1 + r.IntN(400)
		step := []int64{second, second, second, 250 * second / 1000, 7 * second, 40 * second, 333 * second}[r.IntN(7)]
		jitter := []int64{0, 0, 40_000, 4_000_000, second / 5}[r.IntN(5)]
		trouble := r.IntN(3) == 0
		if step > 10*second {
			n = min(n, 20)
		}
		if r.IntN(6) == 0 {
			t = minuteOf(t) + Minute
		}
		for range n {
			p := point{t: t, commit: commit}
			commit += uint64(r.IntN(3))
			switch kind {
			case "decimals":
				state = math.Round((state+float64(r.IntN(3)-1)/10)*10) / 10
				p.bits = math.Float64bits(state)
			case "mantissas":
				p.bits = math.Float64bits(50 + r.Float64() - 0.5)
			case "extremes":
				p.bits = r.Uint64() &^ (1 << 58)
				if r.IntN(4) > 0 {
					p.bits = math.Float64bits([]float64{0, math.Copysign(0, -1), 1, -1, 1e-300, 1e280, -1e280, 0.1, 12345.678}[r.IntN(9)])
				}
				if e := p.bits >> 52 & 0x7FF; e < 200 { // products would be denormal, which the model's numbers do not know
					p.bits &= 1 << 63
				}
				if r.IntN(300) == 0 {
					p.bits = math.Float64bits(math.Inf(1))
				}
			case "codes":
				if r.IntN(5) == 0 {
					code = int64(r.IntN(40)) - 8
					if r.IntN(20) == 0 {
						code = int64(r.Uint64())
					}
				}
				p.bits = uint64(code)
			case "bool":
				if r.IntN(9) == 0 {
					code ^= 1
				}
				p.bits = uint64(code)
			case "text":
				if r.IntN(5) == 0 {
					code = int64(r.IntN(25))
				}
				p.text = fmt.Sprintf("状态 %d", code)
				if code > 20 {
					p.text += strings.Repeat("长", int(code)*3)
				}
			case "counter", "whole counter":
				reading += float64(r.IntN(30)) / 10
				switch r.IntN(200) {
				case 0:
					reading = float64(r.IntN(50)) / 10
				case 1:
					reading = 9990
				case 2:
					reading = -3
				}
				if reading >= 10000 {
					reading -= 10000
				}
				if p.bits = math.Float64bits(reading); kind == "whole counter" {
					p.bits = uint64(int64(reading))
				}
			case "measured integers":
				p.bits = uint64(int64(r.Uint64()) >> r.IntN(64))
			}
			if trouble {
				x.trouble(r, &p)
			}
			x.points = append(x.points, p)
			t += step
			if jitter > 0 {
				t += int64(r.Uint64N(uint64(jitter)))
			}
		}
		if r.IntN(4) == 0 {
			t += int64(r.IntN(900)) * second
		}
	}
}

// trouble gives a sample a status, takes its value away, or dates it ahead.
func (x *trial) trouble(r *rand.Rand, p *point) {
	switch r.IntN(14) {
	case 0:
		p.status = telemetry.BadNotConnected
	case 1:
		p.status = telemetry.UncertainLastUsable
	case 2:
		p.status, p.flags = telemetry.BadNoCommunication, telemetry.NoValue
	case 3:
		p.flags = telemetry.NoValue
	case 4:
		p.flags = telemetry.FutureTime
	case 5:
		p.flags = telemetry.Repeated | telemetry.GatewayTime
	case 6:
		if x.d.Type == telemetry.Float64 {
			p.bits = math.Float64bits(math.NaN())
		}
	case 7:
		if x.d.Type == telemetry.Float64 {
			p.bits = math.Float64bits(math.Inf(1))
		}
	}
}

func (x *trial) counter(r *rand.Rand, kind string) {
	c := &Counter{Version: "1"}
	if r.IntN(3) > 0 {
		c.Modulus = 10000
	}
	if r.IntN(2) == 0 {
		c.MaxStep = 50
	}
	v := func(n int) telemetry.Value {
		if kind == "whole counter" {
			return telemetry.Value{Type: telemetry.Int64, Bits: uint64(n)}
		}
		return telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(float64(n) / 8)}
	}
	at := x.span.From - 20*Minute
	for r.IntN(3) > 0 && len(c.Changes) < 6 {
		at += 1 + int64(r.IntN(40*60))*second
		switch r.IntN(4) {
		case 0:
			at = minuteOf(at) + Minute
		case 1: // at a sample
			if i, _ := slices.BinarySearchFunc(x.points, at, func(p point, t int64) int { return int(p.t - t) }); i < len(x.points) {
				at = max(at, x.points[i].t)
			}
		}
		c.Changes = append(c.Changes, MeterChange{At: at, Old: v(r.IntN(9000)), New: v(r.IntN(500)), Reason: "calibration"})
	}
	x.d.Counter = c
	if r.IntN(2) == 0 {
		x.before = Reading{Known: true, Time: x.span.From - int64(x.d.LookBack()) - 500*hour, Bits: v(r.IntN(5000)).Bits, Commit: 7}
	}
}

// runs cuts the samples of the scan into runs, as a store would give them.
func (x *trial) runs(r *rand.Rand, give func(*telemetry.Run)) {
	scan := x.d.Scan(x.span)
	var in []point
	for _, p := range x.points {
		if p.t >= scan.From && p.t < scan.To {
			in = append(in, p)
		}
	}
	for len(in) > 0 {
		part := in[:1+r.IntN(min(len(in), 3000))]
		in = in[len(part):]
		run := &telemetry.Run{Type: x.d.Type}
		plain := true
		for _, p := range part {
			run.Time = append(run.Time, p.t)
			run.Commit = append(run.Commit, int64(p.commit))
			run.Status = append(run.Status, uint32(p.status))
			run.Flags = append(run.Flags, uint32(p.flags))
			run.Nulls = run.Nulls || p.flags&telemetry.NoValue != 0
			plain = plain && p.status == 0 && p.flags == 0
			if x.d.Type == telemetry.String {
				run.Text = append(run.Text, p.text)
			} else {
				run.Bits = append(run.Bits, p.bits)
			}
		}
		if plain {
			run.Status, run.Flags = nil, nil
		}
		give(run)
	}
}

// fold rolls the trial up. cut decides how the samples are cut into runs.
func (x *trial) fold(f *Fold, cut uint64) ([]Row, error) {
	var rows []Row
	before := x.before
	if x.d.Counter != nil { // what was read before the scan is the caller's to know
		scan := x.d.Scan(x.span)
		for _, p := range x.points {
			if p.t < scan.From && x.visible(&p) && x.reads(&p) {
				before = Reading{true, p.t, p.bits, p.commit}
			}
		}
	}
	if err := f.Begin(&x.d, x.span, x.now, before, func(r *Row) { rows = append(rows, *r) }); err != nil {
		return nil, err
	}
	x.runs(rand.New(rand.NewPCG(cut, 5)), f.Add)
	f.End()
	return rows, nil
}

func (x *trial) visible(p *point) bool { return p.flags&telemetry.FutureTime == 0 || p.t <= x.now }

func (x *trial) good(p *point) bool {
	return p.status>>30 == 0 && p.flags&telemetry.NoValue == 0 && (x.d.Type != telemetry.Float64 || !math.IsNaN(math.Float64frombits(p.bits)))
}

func (x *trial) reads(p *point) bool {
	return x.good(p) && (x.d.Type != telemetry.Float64 || !math.IsInf(math.Float64frombits(p.bits), 0))
}

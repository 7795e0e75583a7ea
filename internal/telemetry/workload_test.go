package telemetry

import (
	"math"
	"slices"
	"time"
)

// workload makes the "wide" load of the engine measurements: devices of 20 properties, one sample a second. Of the
// properties 6 are quantised to 0.1, 3 have full mantissas, 3 come from float32, 3 are counters, 2 set-points, 2 switches
// and 1 a state; all are float64 as the peers know nothing else. A device's properties share source and gateway time.
type workload struct {
	devices int
	state   []float64
	phase   []int64
	rng     uint64
	second  int64
	late    bool
	apart   bool // every property has times of its own
	held    []heldBatch
}

// heldBatch is withheld until a second of data time.
type heldBatch struct {
	until int
	batch *Batch
}

func (w *workload) hold(b *Batch, until int) {
	c := *b
	c.Ref, c.Time, c.Gateway = slices.Clone(b.Ref), slices.Clone(b.Time), slices.Clone(b.Gateway)
	c.Bits, c.Status, c.Flags = slices.Clone(b.Bits), slices.Clone(b.Status), slices.Clone(b.Flags)
	w.held = append(w.held, heldBatch{until, &c})
}

func (w *workload) due(second int) *Batch {
	for i, h := range w.held {
		if h.until <= second {
			w.held = slices.Delete(w.held, i, i+1)
			return h.batch
		}
	}
	return nil
}

const properties = 20

func newWorkload(devices int, late bool) *workload {
	w := &workload{devices: devices, state: make([]float64, devices*properties), phase: make([]int64, devices), rng: 88172645463325252, late: late}
	for d := range devices {
		w.phase[d] = int64(w.random()%1000) * int64(time.Millisecond)
		for p := range properties {
			s := &w.state[d*properties+p]
			switch {
			case p < 12:
				*s = 20 + float64(w.random()%800)/10
			case p < 15:
				*s = float64(w.random() % 1000000)
			case p < 17:
				*s = float64(w.random() % 100)
			}
		}
	}
	return w
}

func (w *workload) random() uint64 {
	x := w.rng
	x ^= x << 13
	x ^= x >> 7
	x ^= x << 17
	w.rng = x
	return x
}

// fill makes the batch of one second of devices from to to. shift moves its source times.
func (w *workload) fill(b *Batch, refs []Ref, from, to int, shift int64) {
	b.Origin = Measured
	b.Ref, b.Time, b.Gateway, b.Bits = b.Ref[:0], b.Time[:0], b.Gateway[:0], b.Bits[:0]
	b.Status, b.Flags = b.Status[:0], b.Flags[:0]
	for d := from; d < to; d++ {
		r := w.random()
		t := begin + w.second*int64(time.Second) + shift + w.phase[d] + int64(r&3)*int64(time.Millisecond)
		gateway := t - shift + 800_000 + int64(r>>8%500_000)
		s := w.state[d*properties : (d+1)*properties]
		for p := range s {
			r = r*6364136223846793005 + 1442695040888963407
			u := r >> 33
			switch {
			case p < 6:
				if u&1 == 0 {
					s[p] = math.Round((s[p]+float64(int(u>>1&3)-1)*0.1-0.05*float64(u>>4&1))*10) / 10
				}
			case p < 9:
				s[p] += (float64(u)/float64(1<<31) - 0.5) * 0.01
			case p < 12:
				s[p] = float64(float32(s[p] + (float64(u)/float64(1<<31)-0.5)*0.05))
			case p < 15:
				s[p] += float64(u % 5)
			case p < 17:
				if u%600 == 0 {
					s[p] = float64(u>>10%1000) / 10
				}
			case p < 19:
				if u%120 == 0 {
					s[p] = 1 - s[p]
				}
			default:
				if u%60 == 0 {
					s[p] = float64(u >> 12 % 8)
				}
			}
			at, got := t, gateway
			if w.apart {
				own := int64((d*properties+p)*7919%900+int(u>>20&63)) * int64(time.Millisecond)
				at, got = t+own, gateway+own
			}
			b.Ref = append(b.Ref, refs[d*properties+p])
			b.Time = append(b.Time, at)
			b.Gateway = append(b.Gateway, got)
			b.Bits = append(b.Bits, math.Float64bits(s[p]))
			b.Status = append(b.Status, Good)
			b.Flags = append(b.Flags, 0)
		}
	}
}

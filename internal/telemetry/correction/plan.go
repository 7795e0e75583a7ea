package correction

import (
	"math"
	"math/bits"
	"time"

	"jingwei/internal/telemetry"
)

// badNoData is OPC 10000-6 A.2 Bad_NoData: the status under which a withdrawn sample stands in the history.
const badNoData telemetry.Status = 0x809B0000

// group is all samples of one source time, in the order in which they count: the last one is what is said now.
type group []telemetry.Sample

func (g group) winner() *telemetry.Sample { return &g[len(g)-1] }

// change is a further revision of a sample.
type change struct {
	before telemetry.Sample // zero where nothing stood
	after  telemetry.Sample // without commit
	rests  uint64           // newest commit of the samples that it was worked out from
}

// planner turns what was asked for into changes. Groups come in order of time.
type planner struct {
	asked
	typ     telemetry.Type
	at      int64 // when the correction was accepted: the changes' gateway time
	own     func(commit uint64) (bool, error)
	next    int // of given
	changes []change
}

// step takes the samples of one source time.
func (p *planner) step(g group) error {
	for p.kind == Enter && p.next < len(p.given) && p.given[p.next].time < g.winner().Time {
		if err := p.enter(0); err != nil {
			return err
		}
	}
	w := g.winner()
	stands := w.Flags&telemetry.Withdrawn == 0
	if p.kind == Undo {
		return p.undo(g)
	}
	if p.kind == Enter {
		if p.next == len(p.given) || p.given[p.next].time != w.Time {
			return nil
		}
		if stands {
			return ErrSample.At("body.values", stamp(w.Time))
		}
		return p.enter(w.Revision + 1)
	}
	after := telemetry.Sample{Time: w.Time, Gateway: p.at, Value: w.Value, Status: w.Status, Flags: w.Flags & telemetry.NoValue, Origin: telemetry.Manual}
	switch p.kind {
	case Set:
		if p.next == len(p.given) || w.Time < p.given[p.next].time {
			return nil
		}
		if w.Time > p.given[p.next].time || !stands {
			return ErrNoSample.At("body.values", stamp(p.given[p.next].time))
		}
		after.Value, after.Status, after.Flags = p.value(), telemetry.Good, 0
		p.next++
	case Withdraw:
		if !stands {
			return nil
		}
		after.Value, after.Status, after.Flags = telemetry.Value{}, badNoData, telemetry.NoValue|telemetry.Withdrawn
	case Regrade:
		if !stands || w.Status == p.status {
			return nil
		}
		if p.status.IsGood() && w.Flags&telemetry.NoValue != 0 {
			return ErrStatus.At("body.status", stamp(w.Time))
		}
		after.Status = p.status
	case Scale:
		if !stands || w.Flags&telemetry.NoValue != 0 {
			return nil
		}
		var ok bool
		if after.Value.Bits, ok = p.scale(w.Value.Bits); !ok {
			return ErrOverflow.At("body.factor", stamp(w.Time))
		}
	}
	return p.add(*w, after, w.Revision+1, 0)
}

// end tells of values that met no sample, or enters those after the last one.
func (p *planner) end() error {
	for p.next < len(p.given) {
		if p.kind == Set {
			return ErrNoSample.At("body.values", stamp(p.given[p.next].time))
		}
		if err := p.enter(0); err != nil {
			return err
		}
	}
	if len(p.changes) == 0 {
		return ErrNothing
	}
	return nil
}

// enter adds the next given value where nothing stands.
func (p *planner) enter(revision uint32) error {
	t := p.given[p.next].time
	after := telemetry.Sample{Time: t, Gateway: p.at, Value: p.value(), Origin: telemetry.Manual}
	p.next++
	return p.add(telemetry.Sample{}, after, revision, 0)
}

func (p *planner) value() telemetry.Value {
	g := &p.given[p.next]
	return telemetry.Value{Type: p.typ, Bits: g.bits, Text: g.text}
}

// undo makes what counted before the correction count again, where the correction is what counts.
func (p *planner) undo(g group) error {
	for i := range g {
		own, err := p.own(g[i].Commit)
		if err != nil {
			return err
		}
		if !own {
			continue
		}
		w := g.winner()
		if i != len(g)-1 {
			return ErrLater.At("body", stamp(w.Time))
		}
		after := telemetry.Sample{Time: w.Time, Gateway: p.at, Status: badNoData, Flags: telemetry.NoValue | telemetry.Withdrawn, Origin: telemetry.Manual}
		rests := uint64(0)
		if i > 0 {
			b := &g[i-1]
			after.Value, after.Status, after.Flags = b.Value, b.Status, b.Flags&(telemetry.NoValue|telemetry.Withdrawn)
			rests = b.Commit // it may have come after the correction
		}
		return p.add(*w, after, w.Revision+1, rests)
	}
	return nil
}

// add notes a change of before, worked out from it and from samples that are as old as a commit.
func (p *planner) add(before, after telemetry.Sample, revision uint32, rests uint64) error {
	if len(p.changes) == MaxRows {
		return ErrTooMany.With("max", MaxRows)
	}
	after.Revision = revision
	p.changes = append(p.changes, change{before, after, max(before.Commit, rests)})
	return nil
}

// scale is value × factor + offset: of floats each rounded once, of integers exact.
func (p *planner) scale(v uint64) (uint64, bool) {
	if p.typ == telemetry.Float64 {
		product := float64(math.Float64frombits(v) * p.factor)
		return math.Float64bits(float64(product + p.offset)), true
	}
	const most = 1 << 53
	if math.Abs(p.factor) > most || math.Abs(p.offset) > most {
		return 0, false
	}
	x, f := int64(v), int64(p.factor)
	negative := (x < 0) != (f < 0)
	hi, lo := bits.Mul64(magnitude(x), magnitude(f))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	product := int64(lo)
	if negative {
		product = -product
	}
	sum := product + int64(p.offset)
	if (product > 0) == (int64(p.offset) > 0) && (sum > 0) != (product > 0) && product != 0 && p.offset != 0 {
		return 0, false
	}
	return uint64(sum), true
}

func magnitude(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

// stamp is a source time as people read it.
func stamp(t int64) string { return time.Unix(0, t).UTC().Format(time.RFC3339Nano) }

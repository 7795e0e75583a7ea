package crash

import (
	"fmt"
	"math"
	"strings"
	"time"

	"jingwei/internal/telemetry"
)

// A lane is one producer's stream. Its rows are numbered from 0, and everything about a row follows from the lane's seed
// and the number: so a list of what was sent and acknowledged is two numbers, and what is read back can be checked bit
// for bit without keeping it. Each number makes one sample in each of four series, one of every type.
type lane struct {
	seed uint64 // of this lane alone
	base int64  // ns; source time of row 0
	text int    // about the length of the longest strings, in bytes
}

const (
	laneRows = 16 // numbers of a batch
	laneStep = int64(10 * time.Millisecond)
	lateBy   = int64(26 * time.Hour) // how far back late rows are dated: into another day's blocks
)

// laneTypes are the types of a lane's series, in order.
var laneTypes = [4]telemetry.Type{telemetry.Float64, telemetry.Int64, telemetry.Bool, telemetry.String}

// laneUnits are their units.
var laneUnits = [4]string{"1", "1", "", ""}

// isLate: every eighth row is dated a day back.
func isLate(n uint64) bool { return n%8 == 5 }

func (l *lane) time(n uint64) int64 {
	t := l.base + int64(n)*laneStep
	if isLate(n) {
		t -= lateBy
	}
	return t
}

// number is the inverse of time; false for a time that no row has.
func (l *lane) number(t int64) (uint64, bool) {
	late := t < l.base
	if late {
		t += lateBy
	}
	t -= l.base
	n := uint64(t / laneStep)
	return n, t >= 0 && t%laneStep == 0 && isLate(n) == late
}

// mix is splitmix64: a different number for each row and series.
func (l *lane) mix(series int, n uint64) uint64 {
	z := l.seed + (n*4+uint64(series)+1)*0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func origin(n uint64) telemetry.Origin {
	if n/laneRows%3 == 1 {
		return telemetry.Replayed
	}
	return telemetry.Measured
}

func isNull(n uint64) bool { return n%10 == 6 }

// sample is row n of one of the lane's series.
func (l *lane) sample(series int, n uint64) telemetry.Sample {
	s := telemetry.Sample{Time: l.time(n), Origin: origin(n)}
	s.Gateway = s.Time + int64(n%5)*1000 + 3
	switch n % 10 {
	case 3:
		s.Status = telemetry.UncertainLastUsable
	case 6:
		s.Status, s.Flags = telemetry.BadNoCommunication, telemetry.NoValue
	case 9:
		s.Status = 0x80AB0412 // a device's own info bits come back too
	}
	for _, f := range []struct {
		every uint64
		flag  telemetry.Flags
	}{{7, telemetry.GatewayTime}, {13, telemetry.Repeated}, {11, telemetry.ClockUnsure}} {
		if n%f.every == 0 {
			s.Flags |= f.flag
		}
	}
	if s.Flags&telemetry.NoValue != 0 {
		return s
	}
	h := l.mix(series, n)
	s.Value.Type = laneTypes[series]
	switch s.Value.Type {
	case telemetry.Float64:
		s.Value.Bits = float(n, h)
	case telemetry.Int64:
		s.Value.Bits = integer(n, h)
	case telemetry.Bool:
		s.Value.Bits = h & 1
	case telemetry.String:
		s.Value.Text = l.string(n, h)
	}
	return s
}

// float covers what a codec may get wrong: signed zero, infinities, subnormals, full mantissas, few decimals.
func float(n, h uint64) uint64 {
	switch n % 16 {
	case 0:
		return 1 << 63
	case 1:
		return math.Float64bits(math.Inf(int(h&2) - 1))
	case 2:
		return h >> 13 // subnormal or small
	case 3, 4:
		if f := math.Float64frombits(h); f-f == 0 {
			return h
		}
	}
	return math.Float64bits(float64(int64(h%200000)-100000) / 100)
}

func integer(n, h uint64) uint64 {
	switch n % 16 {
	case 0:
		return 1 << 63
	case 1:
		return 1<<63 - 1
	case 2, 3:
		return h
	}
	return n
}

// string begins with the row's own number; rows of 32 without one are empty. The rest fills the head, so that it is
// flushed often.
func (l *lane) string(n, h uint64) string {
	if n%32 == 7 {
		return ""
	}
	var b strings.Builder
	b.WriteString(l.mark(n))
	for i := int(h % uint64(l.text+1)); i > 0; i -= 19 {
		fmt.Fprintf(&b, "温%016x", h)
		h = h*0x9E3779B97F4A7C15 + 1
	}
	return b.String()
}

func (l *lane) mark(n uint64) string { return fmt.Sprintf("%08x#%d.", uint32(l.seed), n) }

// batchMark is text that batch b holds and no other.
func (l *lane) batchMark(b uint64) string {
	n := b * laneRows
	if isNull(n) {
		n++
	}
	return l.mark(n)
}

// batch fills dst with batch b, whose series have these refs (or places in a table).
func (l *lane) batch(dst *telemetry.Batch, b uint64, refs [4]telemetry.Ref) {
	dst.Origin = origin(b * laneRows)
	dst.Ref, dst.Time, dst.Gateway, dst.Bits = dst.Ref[:0], dst.Time[:0], dst.Gateway[:0], dst.Bits[:0]
	dst.Status, dst.Flags, dst.Text = dst.Status[:0], dst.Flags[:0], dst.Text[:0]
	for n := b * laneRows; n < (b+1)*laneRows; n++ {
		for series := range refs {
			s := l.sample(series, n)
			if s.Value.Type == telemetry.String {
				s.Value.Bits = uint64(len(dst.Text))
				dst.Text = append(dst.Text, s.Value.Text)
			}
			dst.Ref = append(dst.Ref, refs[series])
			dst.Time, dst.Gateway, dst.Bits = append(dst.Time, s.Time), append(dst.Gateway, s.Gateway), append(dst.Bits, s.Value.Bits)
			dst.Status, dst.Flags = append(dst.Status, s.Status), append(dst.Flags, s.Flags)
		}
	}
}

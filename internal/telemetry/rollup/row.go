package rollup

import (
	"fmt"
	"math"
	"time"

	"jingwei/internal/telemetry"
)

// Flags of a row.
type Flags uint8

const (
	HasStates  Flags = 1 << 0 // States and Others are kept: the durations in them and Others are Covered together
	HasCounter Flags = 1 << 1 // Consumption and what follows it are kept
	// Unread: there is no reading at or before From, so that the consumption is unknown. What was counted after the first
	// reading, if one came, is in Consumption nevertheless.
	Unread   Flags = 1 << 2
	allFlags       = HasStates | HasCounter | Unread
)

// Row is what is said about one series in one bucket. All bounds lie on whole UTC minutes, all times are nanoseconds since
// 1970-01-01 UTC.
type Row struct {
	From, To int64 // [From, To)
	Type     telemetry.Type
	Flags    Flags

	Received  uint64 // samples in the bucket
	Good      uint64 // of good status with a value that is no NaN
	Uncertain uint64 // of uncertain status
	Bad       uint64 // the others

	Covered int64 // ns of the bucket with a good value

	// Of the good samples; zero where Good is 0. The values are bits of the series' type. For strings there are the texts
	// (see Name), and First, Last, Min and Max are zero.
	First, Last         uint64
	FirstText, LastText string
	FirstTime, LastTime int64
	Min, Max            uint64 // -0 is less than +0

	Sum      Total // of the good samples; a bool is 0 or 1. Zero for strings
	Integral Total // over the covered time, unit·s. Zero for strings

	Consumption Total  // R(To) - R(From), see Counter
	Resets      uint64 // falls of the reading that were no roll-over
	RollOvers   uint64
	Exchanges   uint64 // meter changes

	States      []State // the MaxStates least (see State) that a good sample of the bucket has, or that covers a part of it
	Others      int64   // ns in all other states
	OthersCount uint64  // good samples of all other states
	Input       uint64  // greatest commit number of the samples that bear on the row, as far as commits were told
}

// State is one value of a bool, int64 or string series, and what a bucket has of it. States have an order: strings that
// of their bytes, numbers that of their distance from zero, the positive one of two first (0, 1, -1, 2 …). That a row keeps
// the least states makes composing independent of grouping: what is among the least of a whole is so in every part of it.
type State struct {
	Bits     uint64
	Text     string // strings: see Name
	Count    uint64 // good samples
	Duration int64  // ns
}

// MaxStates is the number of states that a row tells apart.
const MaxStates = 16

// Mean is the time-weighted mean over the covered time; NaN where nothing is covered.
func (r *Row) Mean() float64 {
	if r.Covered == 0 || r.Type == telemetry.String {
		return math.NaN()
	}
	return r.Integral.Hi / seconds(r.Covered)
}

// SampleMean is the mean of the good samples; NaN where there are none.
func (r *Row) SampleMean() float64 {
	if r.Good == 0 || r.Type == telemetry.String {
		return math.NaN()
	}
	return r.Sum.Hi / float64(r.Good)
}

// Coverage is the share of the bucket with a good value, 0 to 1.
func (r *Row) Coverage() float64 {
	if r.To <= r.From {
		return 0
	}
	return float64(r.Covered) / float64(r.To-r.From)
}

// Piece is what a value adds to the integral by covering ns nanoseconds of a minute, in unit·s. The factor is rounded
// before the product: whole seconds make no rounding at all.
func Piece(value float64, ns int64) float64 { return float64(value * seconds(ns)) }

// seconds converts a duration, rounded once or, beyond 104 days, twice.
func seconds(ns int64) float64 { return float64(float64(ns) / float64(time.Second)) }

// number is a value as sums take it: an int64 rounded to a float64.
func number(t telemetry.Type, bits uint64) float64 {
	if t == telemetry.Float64 {
		return math.Float64frombits(bits)
	}
	return float64(int64(bits))
}

// less orders the values of a type; -0 is less than +0.
func less(t telemetry.Type, x, y uint64) bool {
	if t == telemetry.Float64 {
		return ordered(x) < ordered(y)
	}
	return int64(x) < int64(y)
}

// ordered maps the bits of floats to integers of the same order.
func ordered(b uint64) int64 {
	x := int64(b)
	return x ^ int64(uint64(x>>63)>>1)
}

// totals are the sums of the row in the order of its forms.
func (r *Row) totals() [3]*Total { return [3]*Total{&r.Sum, &r.Integral, &r.Consumption} }

// check tells what a row cannot be: decoders use it.
func (r *Row) check() error {
	bad := func(what string) error { return fmt.Errorf("row of %s: %s: %w", instant(r.From), what, ErrMalformed) }
	switch {
	case !r.Type.Valid():
		return bad("type " + r.Type.String())
	case r.Flags&^allFlags != 0 || r.Flags&(HasCounter|Unread) == Unread:
		return bad(fmt.Sprintf("flags %08b", r.Flags))
	case r.From < 0 || r.To <= r.From || r.From%Minute != 0 || r.To%Minute != 0:
		return bad("its bounds")
	case r.Good > r.Received || r.Uncertain > r.Received-r.Good || r.Bad != r.Received-r.Good-r.Uncertain:
		return bad("its counts")
	case r.Covered < 0 || r.Covered > r.To-r.From:
		return bad("its covered time")
	case r.Good == 0 && (r.FirstTime != 0 || r.LastTime != 0 || r.First|r.Last|r.Min|r.Max != 0 || r.FirstText != "" || r.LastText != ""):
		return bad("values without good samples")
	case r.Good > 0 && (r.FirstTime < r.From || r.LastTime < r.FirstTime || r.LastTime >= r.To):
		return bad("its first and last time")
	case r.Type == telemetry.String && (r.First|r.Last|r.Min|r.Max != 0 || !r.Sum.zero() || !r.Integral.zero()):
		return bad("numbers of a string series")
	case r.Type != telemetry.String && (r.FirstText != "" || r.LastText != ""):
		return bad("text of a series of numbers")
	case r.Flags&HasStates == 0 && (len(r.States) > 0 || r.Others != 0 || r.OthersCount != 0):
		return bad("states that it does not keep")
	case r.Flags&HasStates != 0 && r.Type == telemetry.Float64:
		return bad("states of a float64 series")
	case r.Flags&HasCounter == 0 && (!r.Consumption.zero() || r.Resets|r.RollOvers|r.Exchanges != 0):
		return bad("consumption of what is no counter")
	case len(r.FirstText) > maxName || len(r.LastText) > maxName:
		return bad("text that is too long")
	case len(r.States) > MaxStates:
		return bad(fmt.Sprintf("%d states", len(r.States)))
	}
	for _, t := range r.totals() {
		if !t.canonical() {
			return bad("a sum that is not in its canonical form")
		}
	}
	if r.Flags&HasStates != 0 {
		return r.checkStates(bad)
	}
	return nil
}

func (r *Row) checkStates(bad func(string) error) error {
	left, samples := r.Covered, r.Good
	take := func(ns int64, n uint64) bool {
		if ns < 0 || ns > left || n > samples {
			return false
		}
		left, samples = left-ns, samples-n
		return true
	}
	for i := range r.States {
		s := &r.States[i]
		switch {
		case !take(s.Duration, s.Count) || s.Duration == 0 && s.Count == 0:
			return bad("durations or counts of its states")
		case r.Type == telemetry.String && s.Bits != 0, r.Type != telemetry.String && s.Text != "", len(s.Text) > maxName, r.Type == telemetry.Bool && s.Bits > 1:
			return bad("a state of another type")
		case i > 0 && !stateLess(&r.States[i-1], s):
			return bad("order of its states")
		}
	}
	if !take(r.Others, r.OthersCount) || left != 0 || samples != 0 || len(r.States) < MaxStates && (r.Others != 0 || r.OthersCount != 0) {
		return bad("durations or counts of its states")
	}
	return nil
}

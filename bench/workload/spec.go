package workload

import (
	"fmt"
	"time"
)

// Properties is the number of series of a synthetic device. The series of device d are d*Properties and the 19 that
// follow.
const Properties = 20

// BatchRows is the greatest number of rows of a batch.
const BatchRows = 1000

// Kind is the type of a series' values. The numbers are those of telemetry.Type.
type Kind uint8

const (
	Float64 Kind = 1 // IEEE 754 bits
	Int64   Kind = 2 // two's complement
	Bool    Kind = 3 // 0 or 1
	String  Kind = 4 // an index into the batch's Text
)

// Start is the source time of the first tick, 2026-03-02 00:00 UTC, in nanoseconds. It is fixed so that a seed always
// gives the same bytes.
var Start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC).UnixNano()

// Spec names one stream.
type Spec struct {
	Name    string
	Seed    uint64
	Devices int
	Seconds int
	Late    bool // some batches come late
	Typed   bool // counters are int64, switches bool, states strings, and some floats are of every bit pattern
	// Older is how many batches of a hundred come with times a minute to 30 days back, as often near as far (in powers). A
	// group of devices is late for so many ticks at a time: 1 scatters, more is what a gateway sends that was cut off.
	Older, Backlog int
	// Recording, where set, is what the devices are replicas of.
	Recording *Recording
	Every     time.Duration // of a replica's ticks; 0: a tenth of a second
	Most      int           // series; the last replica has fewer signals where it has more. 0: no bound
}

// Wide is many series over a short time, with late data: 1,000 devices. It has at least the given number of seconds.
func Wide(seed uint64, seconds int) Spec {
	return Spec{Name: "wide", Seed: seed, Devices: 1000, Seconds: seconds, Late: true}
}

// D2 is 1,000 series over a long time, a day when seconds is 86,400.
func D2(seed uint64, seconds int) Spec {
	return Spec{Name: "d2", Seed: seed, Devices: 50, Seconds: seconds}
}

// Typed is for round trips: series of all four types, with late data.
func Typed(seed uint64, seconds int) Spec {
	return Spec{Name: "typed", Seed: seed, Devices: 50, Seconds: seconds, Late: true, Typed: true}
}

// Mill is 40 replicas of a recorded machine tool.
func Mill(seed uint64, seconds int, r *Recording) Spec {
	return Spec{Name: "mill", Seed: seed, Devices: 40, Seconds: seconds, Recording: r}
}

// Aged is for late data: 1,000 devices, older of a hundred batches with times a minute to 30 days back, backlog ticks of a
// group of devices at a time.
func Aged(seed uint64, seconds, older, backlog int) Spec {
	return Spec{Name: fmt.Sprintf("aged%dx%d", older, backlog), Seed: seed, Devices: 1000, Seconds: seconds, Older: older, Backlog: backlog}
}

// Real is replicas of everything that was recorded, as many as make the given number of series, told at an interval of
// which 100 ms are a divisor.
func Real(seed uint64, series, seconds int, every time.Duration, r *Recording) Spec {
	per := len(r.columns)
	return Spec{Name: fmt.Sprintf("real%d", series), Seed: seed, Devices: (series + per - 1) / per, Seconds: seconds, Recording: r, Every: every, Most: series}
}

// PerDevice is the number of series of a device.
func (s Spec) PerDevice() int { return s.perDevice() }

// every is the time between two ticks.
func (s Spec) every() time.Duration {
	switch {
	case s.Recording == nil:
		return time.Second
	case s.Every == 0:
		return 100 * time.Millisecond
	}
	return s.Every
}

// perDevice is the number of series of a device.
func (s Spec) perDevice() int {
	if s.Recording != nil {
		return len(s.Recording.columns)
	}
	return Properties
}

// groupDevices is the number of devices whose values come in one batch.
func (s Spec) groupDevices() int { return BatchRows / s.perDevice() }

// ticks is how often each device tells its values.
func (s Spec) ticks() int {
	return int(time.Duration(s.Seconds) * time.Second / s.every())
}

// Series is the number of series, numbered from 0.
func (s Spec) Series() int {
	if n := s.Devices * s.perDevice(); s.Most == 0 || n < s.Most {
		return n
	}
	return s.Most
}

// Groups is the number of batches of one tick.
func (s Spec) Groups() int { return (s.Devices + s.groupDevices() - 1) / s.groupDevices() }

// Kind is the type of the values of a series.
func (s Spec) Kind(series int) Kind {
	if !s.Typed {
		return Float64
	}
	switch p := series % Properties; {
	case p >= 12 && p < 15:
		return Int64
	case p == 17 || p == 18:
		return Bool
	case p == 19:
		return String
	}
	return Float64
}

// Span is the half-open span of source times of the values that are not days old.
func (s Spec) Span() (from, to int64) {
	return Start, Start + int64(s.Seconds+1)*int64(time.Second)
}

// Statuses and flags of rows; the numbers are those of OPC UA and of telemetry.Flags.
const (
	Good               = 0
	UncertainLastValue = 0x40900000
	BadDeviceFailure   = 0x808B0000
	BadNoCommunication = 0x80310000

	NoValue uint16 = 1 << 0
)

// Batch is rows column by column. A row with the flag NoValue has a status only.
type Batch struct {
	Group   int // of devices
	Tick    int // at which the rows were taken
	Series  []uint32
	Time    []int64
	Gateway []int64
	Bits    []uint64
	Status  []uint32
	Flags   []uint16
	Text    []string
}

// Len is the number of rows.
func (b *Batch) Len() int { return len(b.Series) }

func (b *Batch) reset() {
	b.Series, b.Time, b.Gateway, b.Bits = b.Series[:0], b.Time[:0], b.Gateway[:0], b.Bits[:0]
	b.Status, b.Flags, b.Text = b.Status[:0], b.Flags[:0], b.Text[:0]
}

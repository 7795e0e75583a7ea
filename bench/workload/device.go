package workload

import (
	"fmt"
	"math"
)

// device is the state of one machine. It moves by itself: which shard makes it does not matter.
type device struct {
	random  uint64
	phase   int64   // of its ticks in a second, ns
	latency int64   // least time until its gateway has its values, ns
	scale   float64 // of its noise
	number  int     // of the device
	typed   bool

	level   [6]int32 // tenths
	wide    [3]float64
	narrow  [3]float32
	count   [3]int64
	set     [2]int32 // tenths
	on      [2]bool
	state   uint8
	lot     int
	silent  int // tick until which it does not answer
	sick    int8
	status  uint32
	sickEnd int // tick until which property sick has status
}

// mix is SplitMix64: it makes independent numbers of neighbouring ones.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func newDevice(seed uint64, number int, typed bool) *device {
	d := &device{number: number, typed: typed, random: mix(seed ^ mix(uint64(number))), sick: -1}
	next := func(n uint64) uint64 { d.random = mix(d.random); return d.random % n }
	d.phase = int64(next(1000)) * 1e6
	d.latency = 1_500_000 + int64(next(2_000_000))
	d.scale = float64(next(1500))/1000 + 0.5
	for i := range d.level {
		d.level[i] = 200 + int32(next(800))
	}
	for i := range d.wide {
		d.wide[i] = 20 + float64(next(800))/10
		d.narrow[i] = 20 + float32(next(800))/10
		d.count[i] = int64(next(1_000_000))
	}
	for i := range d.set {
		d.set[i] = int32(next(1000))
	}
	return d
}

// unit turns 31 random bits into 0 <= x < 1.
func unit(u uint64) float64 { return float64(u) / (1 << 31) }

// tell implements ticker: a tick is a second.
func (d *device) tell(b *Batch, second int, shift int64) {
	d.random = d.random*6364136223846793005 + 1442695040888963407
	r := d.random ^ d.random>>29
	if d.silent > second {
		return
	}
	time := Start + shift + int64(second)*1e9 + d.phase + int64(r>>40&3)*1e6
	gateway := time + d.latency + int64(r>>32&0xfffff)
	if r>>20&0x3fff == 0 { // about every 4.5 hours a device falls silent for up to a minute
		d.silent = second + 4 + int(r>>3&63)
		for p := range uint32(Properties) {
			b.add(uint32(d.number)*Properties+p, time, gateway, 0, BadNoCommunication, NoValue)
		}
		return
	}
	if d.sickEnd <= second {
		d.sick = -1
		if r>>8&0x7ff == 0 { // about every half hour one property is in doubt or out of order for a while
			d.sick = int8(r >> 3 % Properties)
			d.sickEnd = second + 10 + int(r>>45&63)
			if d.status = UncertainLastValue; r>>4&1 == 0 {
				d.status = BadDeviceFailure
			}
		}
	}
	first := uint32(d.number) * Properties
	for p := range int8(Properties) {
		r = r*6364136223846793005 + 1442695040888963407
		value := d.move(p, r>>33, b)
		status, flags := uint32(Good), uint16(0)
		if p == d.sick {
			if status = d.status; status == BadDeviceFailure {
				value, flags = 0, NoValue
			}
		}
		b.add(first+uint32(p), time, gateway, value, status, flags)
	}
}

func (b *Batch) add(series uint32, time, gateway int64, bits uint64, status uint32, flags uint16) {
	b.Series = append(b.Series, series)
	b.Time = append(b.Time, time)
	b.Gateway = append(b.Gateway, gateway)
	b.Bits = append(b.Bits, bits)
	b.Status = append(b.Status, status)
	b.Flags = append(b.Flags, flags)
}

// move takes property p one second further and returns the bits of its value. u has 31 random bits. Products are
// converted explicitly, so that no platform fuses them with the addition.
func (d *device) move(p int8, u uint64, b *Batch) uint64 {
	switch {
	case p < 6: // a converter's value holds half of the time, else it moves by up to two tenths, drawn back to its range
		if u&1 == 0 {
			step := int32(u>>1&3) - 1 - int32(u>>4&1)
			level := d.level[p] + step
			if level < 0 || level > 1200 {
				level = d.level[p] - step
			}
			d.level[p] = level
		}
		return math.Float64bits(float64(d.level[p]) / 10)
	case p < 9:
		d.wide[p-6] += float64((unit(u) - 0.5) * float64(0.01*d.scale))
		if d.typed && p == 8 {
			return odd(u, d.random)
		}
		return math.Float64bits(d.wide[p-6])
	case p < 12:
		d.narrow[p-9] += float32((unit(u) - 0.5) * float64(0.05*d.scale))
		return math.Float64bits(float64(d.narrow[p-9]))
	case p < 15:
		d.count[p-12] += int64(u % 5)
		if d.typed {
			return uint64(d.large(p-12, u))
		}
		return math.Float64bits(float64(d.count[p-12]))
	case p < 17:
		if u%600 == 0 {
			d.set[p-15] = int32(u >> 10 % 1000)
		}
		return math.Float64bits(float64(d.set[p-15]) / 10)
	case p < 19:
		if u%120 == 0 {
			d.on[p-17] = !d.on[p-17]
		}
		one := uint64(1)
		if !d.typed {
			one = math.Float64bits(1)
		}
		if d.on[p-17] {
			return one
		}
		return 0
	}
	if u%60 == 0 {
		d.state = uint8(u >> 12 % 8)
		d.lot++
	}
	if d.typed {
		b.Text = append(b.Text, d.text())
		return uint64(len(b.Text) - 1)
	}
	return math.Float64bits(float64(d.state))
}

// odd is a float64 of any bit pattern: signed zeros, infinities, NaNs with payloads, denormals, and random bits.
func odd(u, more uint64) uint64 {
	switch u % 8 {
	case 0:
		return 1 << 63
	case 1:
		return 0x7ff0000000000000 | u<<63
	case 2:
		return 0x7ff0000000000001 | u>>3<<20
	case 3:
		return u >> 3
	case 4:
		return math.Float64bits(float64(u) / 100)
	}
	return mix(u ^ more)
}

// large gives a typed device's counters: one beyond 2^53, one that falls below zero, one that is reset.
func (d *device) large(i int8, u uint64) int64 {
	switch i {
	case 0:
		return 1<<60 + d.count[i]
	case 1:
		return -d.count[i] * 1_000_003
	}
	if u%500 == 7 {
		d.count[i] = 0
	}
	return d.count[i]
}

func (d *device) text() string {
	switch d.state {
	case 0:
		return ""
	case 1:
		return "RUN"
	case 2:
		return "待机"
	case 3:
		return fmt.Sprintf("LOT-%d-%06d", d.number, d.lot)
	case 4:
		return "a\x00b\u2028"
	}
	return "STATE " + string('A'+rune(d.state))
}

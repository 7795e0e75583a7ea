package ingest

import (
	"math/rand/v2"
	"strconv"
)

// The shape of the stream.
const (
	devices = 200 // one connection each
	metrics = 100 // in one message of a device
	period  = 4096
)

// values is what the devices measure: a walk in steps of a hundredth, on which every metric stands somewhere else. The
// same values travel in every format.
type values struct {
	number [period]float64
	text   [period]string
}

func newValues(seed uint64) *values {
	v := new(values)
	r := rand.New(rand.NewPCG(seed, 0x1a6e57))
	at := 5000
	for i := range period {
		at += r.IntN(41) - 20
		v.number[i] = float64(at) / 100
		v.text[i] = strconv.FormatFloat(v.number[i], 'f', -1, 64)
	}
	return v
}

// index is where metric m of device d stands in its message n.
func index(d, m, n int) int { return (n + d*131 + m*17) & (period - 1) }

package rows

import (
	"math"
	"strconv"

	"jingwei/internal/telemetry"
)

// SetFloat puts a number into a row. What is not a number, or infinite, is no value: devices and exporters write it for
// "nothing to tell", and the row says Bad_OutOfRange as other protocols' do.
func (r *Row) SetFloat(f float64) {
	if math.Float64bits(f)&0x7ff0000000000000 == 0x7ff0000000000000 {
		r.SetNull(telemetry.BadOutOfRange)
		return
	}
	r.Type, r.Bits, r.Status = telemetry.Float64, math.Float64bits(f), telemetry.Good
}

// SetNull says that there is no value, and why.
func (r *Row) SetNull(why telemetry.Status) { r.Type, r.Bits, r.Status = 0, 0, why }

// Scale turns a told time into nanoseconds. ok is false where it does not fit into 64 bits. A told time is never 0, which
// means that none was told: the sender's 0 becomes -1, and is refused as too old.
func Scale(n, unit int64) (at int64, ok bool) {
	if n > math.MaxInt64/unit || n < math.MinInt64/unit {
		return 0, false
	}
	if n == 0 {
		return -1, true
	}
	return n * unit, true
}

// Tens are the powers of ten that a double holds exactly: a mantissa below 2^53 times or by one of them is rounded once,
// which is the nearest double (Clinger 1990).
var Tens = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// SetNumber puts a JSON number, which is well written, into a row: a whole one within 64 bits as an integer. ok is false
// where it is beyond a double.
func (r *Row) SetNumber(token []byte) (ok bool) {
	var n uint64
	i, count, fraction := 0, 0, 0
	if token[0] == '-' {
		i = 1
	}
	for ; i < len(token) && token[i]-'0' < 10; i++ {
		n = n*10 + uint64(token[i]-'0')
		count++
	}
	whole := i == len(token)
	if i < len(token) && token[i] == '.' {
		for i++; i < len(token) && token[i]-'0' < 10; i++ {
			n = n*10 + uint64(token[i]-'0')
			count++
			fraction++
		}
	}
	switch {
	case whole && count < 19:
		if token[0] == '-' {
			n = -n
		}
		r.Type, r.Bits = telemetry.Int64, n
		if n == 0 && token[0] == '-' {
			r.Type, r.Bits = telemetry.Float64, math.Float64bits(math.Copysign(0, -1))
		}
		return true
	case i == len(token) && count < 16 && fraction < len(Tens):
		f := float64(n) / Tens[fraction]
		if token[0] == '-' {
			f = -f
		}
		r.Type, r.Bits = telemetry.Float64, math.Float64bits(f)
		return true
	}
	if whole {
		if n, err := strconv.ParseInt(string(token), 10, 64); err == nil {
			r.Type, r.Bits = telemetry.Int64, uint64(n)
			return true
		}
	}
	f, err := strconv.ParseFloat(string(token), 64)
	r.Type, r.Bits = telemetry.Float64, math.Float64bits(f)
	return err == nil
}

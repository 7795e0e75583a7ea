package ingest

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
)

// A payload is the bytes of one device's messages. It is written once and then only patched, so that the generator costs
// the engines as little of the shared cores as it can.
type payload interface {
	topic() string
	// fill returns the message with number n and a time in milliseconds since 1970. The bytes are valid until the next call.
	fill(n int, at int64) []byte
}

// sparkplug is a Sparkplug B NDATA with alias, timestamp and double of each metric (Sparkplug 3.0, 6.4). It is written
// here from the field numbers, apart from the product's codec.
type sparkplug struct {
	v      *values
	device int
	b      []byte
	clocks []int // where timestamps stand
	at     []int // where the doubles stand
	seq    int   // where the sequence number stands
	next   byte
}

// stamp is a varint of fixed length: milliseconds of this century take six bytes.
func stamp(b []byte, at int64) { binary.PutUvarint(b, uint64(at)) }

const stampLen = 6

func newSparkplug(v *values, device int, at int64) *sparkplug {
	s := &sparkplug{v: v, device: device}
	clock := func(field byte) {
		s.b = append(s.b, field<<3)
		s.clocks = append(s.clocks, len(s.b))
		s.b = binary.AppendUvarint(s.b, uint64(at))
	}
	clock(1)
	for m := range metrics {
		s.b = append(s.b, 2<<3|2, byte(2+1+stampLen+9))
		if m >= 128 {
			panic("an alias of one byte is wanted")
		}
		s.b = append(s.b, 2<<3, byte(m)) // alias
		clock(3)
		s.b = append(s.b, 13<<3|1)
		s.at = append(s.at, len(s.b))
		s.b = append(s.b, make([]byte, 8)...)
	}
	s.b = append(s.b, 3<<3)
	s.seq = len(s.b)
	s.b = append(s.b, 0, 0) // the sequence number always takes two bytes: a varint may
	return s
}

func (s *sparkplug) topic() string { return fmt.Sprintf("spBv1.0/bench/NDATA/n%03d", s.device) }

func (s *sparkplug) fill(n int, at int64) []byte {
	for _, c := range s.clocks {
		stamp(s.b[c:], at)
	}
	for m, p := range s.at {
		binary.LittleEndian.PutUint64(s.b[p:], math.Float64bits(s.v.number[index(s.device, m, n)]))
	}
	s.next++
	s.b[s.seq], s.b[s.seq+1] = s.next|0x80, s.next>>7
	return s.b
}

// birth is the NBIRTH that goes before: names, aliases, types and first values.
func (s *sparkplug) birth(at int64, bd uint64) (topic string, b []byte) {
	field := func(dst []byte, n int, body []byte) []byte {
		return append(binary.AppendUvarint(binary.AppendUvarint(dst, uint64(n<<3|2)), uint64(len(body))), body...)
	}
	number := func(dst []byte, n int, v uint64) []byte {
		return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(n<<3)), v)
	}
	b = number(nil, 1, uint64(at))
	m := field(nil, 1, []byte("bdSeq"))
	m = number(number(number(m, 3, uint64(at)), 4, 4), 11, bd) // Int64
	b = field(b, 2, m)
	for i := range metrics {
		m = field(nil, 1, []byte("m"+strconv.Itoa(i)))
		m = number(number(number(m, 2, uint64(i)), 3, uint64(at)), 4, 10) // Double
		m = binary.LittleEndian.AppendUint64(append(m, 13<<3|1), math.Float64bits(s.v.number[index(s.device, i, 0)]))
		b = field(b, 2, m)
	}
	s.next = 0
	return fmt.Sprintf("spBv1.0/bench/NBIRTH/n%03d", s.device), number(b, 3, 0)
}

// lines is the same as Influx line protocol: five lines of twenty fields.
type lines struct {
	v      *values
	device int
	b      []byte
}

// fields in one line: at twenty, Telegraf and VictoriaMetrics take a point for a quarter of what single fields cost them.
const fields = 20

func (l *lines) topic() string { return fmt.Sprintf("bench/d%03d", l.device) }

func (l *lines) fill(n int, at int64) []byte {
	l.b = l.b[:0]
	for m := 0; m < metrics; m += fields {
		l.b = append(l.b, 'g')
		l.b = strconv.AppendInt(l.b, int64(m/fields), 10)
		l.b = append(l.b, ",device=d"...)
		l.b = strconv.AppendInt(l.b, int64(l.device), 10)
		for k := range fields {
			l.b = append(l.b, ' ')
			if k > 0 {
				l.b[len(l.b)-1] = ','
			}
			l.b = append(l.b, 'm')
			l.b = strconv.AppendInt(l.b, int64(k), 10)
			l.b = append(l.b, '=')
			l.b = append(l.b, l.v.text[index(l.device, m+k, n)]...)
		}
		l.b = append(l.b, ' ')
		l.b = strconv.AppendInt(l.b, at*1e6, 10)
		l.b = append(l.b, '\n')
	}
	return l.b
}

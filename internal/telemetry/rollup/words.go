package rollup

import (
	"encoding/binary"
	"fmt"
	"math"

	"jingwei/internal/telemetry"
)

// WordsVersion is the version of the layout of AppendRow.
//
// A row is fixedWords words of 64 bits:
//
//	 0  bits 0-7 version, 8-15 type, 16-23 flags, 24-31 number of states, 32-39 terms of Sum.More, 40-47 of Integral.More,
//	    48-55 of Consumption.More, 56-63 zero
//	 1  From       2  To          3  Received   4  Good       5  Uncertain   6  Bad         7  Covered
//	 8  First      9  Last       10  FirstTime 11  LastTime  12  Min        13  Max
//	14  Sum.Hi    15  Sum.Lo     16  Integral.Hi             17  Integral.Lo
//	18  Consumption.Hi           19  Consumption.Lo          20  Resets     21  RollOvers  22  Exchanges
//	23  Others    24  OthersCount                            25  Input
//
// then the terms of the three More, then the states: value, count, duration each; for strings the value is a text. Strings
// have FirstText and LastText at the end. A text is its number of bytes, then the bytes, eight to a word, the first
// lowest, the rest of the last word zero. Floats are their IEEE 754 bits, signed integers two's complement. Equal rows have
// equal words, and no other words are taken for a row.
const WordsVersion = 1

const fixedWords = 26

// MostWords is the greatest number of words of a row.
const MostWords = fixedWords + 3*mostMore + (MaxStates+2)*(3+maxName/8)

// AppendRow appends the words of a row.
func AppendRow(dst []uint64, r *Row) []uint64 {
	f := math.Float64bits
	head := uint64(WordsVersion) | uint64(r.Type)<<8 | uint64(r.Flags)<<16 | uint64(len(r.States))<<24 |
		uint64(len(r.Sum.More))<<32 | uint64(len(r.Integral.More))<<40 | uint64(len(r.Consumption.More))<<48
	dst = append(dst, head, uint64(r.From), uint64(r.To), r.Received, r.Good, r.Uncertain, r.Bad, uint64(r.Covered),
		r.First, r.Last, uint64(r.FirstTime), uint64(r.LastTime), r.Min, r.Max,
		f(r.Sum.Hi), f(r.Sum.Lo), f(r.Integral.Hi), f(r.Integral.Lo),
		f(r.Consumption.Hi), f(r.Consumption.Lo), r.Resets, r.RollOvers, r.Exchanges,
		uint64(r.Others), r.OthersCount, r.Input)
	for _, t := range r.totals() {
		for _, x := range t.More {
			dst = append(dst, f(x))
		}
	}
	for i := range r.States {
		s := &r.States[i]
		if r.Type == telemetry.String {
			dst = appendText(dst, s.Text)
		} else {
			dst = append(dst, s.Bits)
		}
		dst = append(dst, s.Count, uint64(s.Duration))
	}
	if r.Type == telemetry.String {
		dst = appendText(dst, r.FirstText)
		dst = appendText(dst, r.LastText)
	}
	return dst
}

func appendText(dst []uint64, s string) []uint64 {
	dst = append(dst, uint64(len(s)))
	for len(s) > 0 {
		var b [8]byte
		s = s[copy(b[:], s):]
		dst = append(dst, binary.LittleEndian.Uint64(b[:]))
	}
	return dst
}

// DecodeRow reads the row at the begin of src and returns the words after it. Words that AppendRow does not write are an
// error that wraps ErrMalformed.
func DecodeRow(src []uint64) (r Row, rest []uint64, err error) {
	if len(src) < fixedWords {
		return Row{}, src, fmt.Errorf("%d words, a row has at least %d: %w", len(src), fixedWords, ErrMalformed)
	}
	head := src[0]
	if byte(head) != WordsVersion || head>>56 != 0 {
		return Row{}, src, fmt.Errorf("row of layout version %d, %d is known: %w", byte(head), WordsVersion, ErrMalformed)
	}
	states, more := int(head>>24&0xFF), [3]int{int(head >> 32 & 0xFF), int(head >> 40 & 0xFF), int(head >> 48 & 0xFF)}
	if states > MaxStates || max(more[0], more[1], more[2]) > mostMore {
		return Row{}, src, fmt.Errorf("row of %d states and sums of %v more terms: %w", states, more, ErrMalformed)
	}
	w := words{src[1:], false}
	r.Type, r.Flags = telemetry.Type(head>>8), Flags(head>>16)
	for _, p := range []*int64{&r.From, &r.To} {
		*p = int64(w.next())
	}
	r.Received, r.Good, r.Uncertain, r.Bad, r.Covered = w.next(), w.next(), w.next(), w.next(), int64(w.next())
	r.First, r.Last, r.FirstTime, r.LastTime, r.Min, r.Max = w.next(), w.next(), int64(w.next()), int64(w.next()), w.next(), w.next()
	totals := r.totals()
	for _, t := range totals {
		t.Hi, t.Lo = w.float(), w.float()
	}
	r.Resets, r.RollOvers, r.Exchanges = w.next(), w.next(), w.next()
	r.Others, r.OthersCount, r.Input = int64(w.next()), w.next(), w.next()
	for i, t := range totals {
		for range more[i] {
			t.More = append(t.More, w.float())
		}
	}
	for range states {
		var s State
		if r.Type == telemetry.String {
			s.Text = w.text()
		} else {
			s.Bits = w.next()
		}
		s.Count, s.Duration = w.next(), int64(w.next())
		r.States = append(r.States, s)
	}
	if r.Type == telemetry.String {
		r.FirstText, r.LastText = w.text(), w.text()
	}
	if w.bad {
		return Row{}, src, fmt.Errorf("row of %s: cut off, or text that is too long: %w", instant(r.From), ErrMalformed)
	}
	if err := r.check(); err != nil {
		return Row{}, src, err
	}
	return r, w.left, nil
}

// words are read one by one. After a failure every read gives zero.
type words struct {
	left []uint64
	bad  bool
}

func (w *words) next() uint64 {
	if len(w.left) == 0 {
		w.bad = true
		return 0
	}
	x := w.left[0]
	w.left = w.left[1:]
	return x
}

func (w *words) float() float64 { return math.Float64frombits(w.next()) }

func (w *words) text() string {
	n := w.next()
	if n > maxName || uint64(len(w.left)) < (n+7)/8 {
		w.bad = true
		return ""
	}
	var b [maxName]byte
	k := int(n+7) / 8
	for i := range k {
		binary.LittleEndian.PutUint64(b[8*i:], w.next())
	}
	for _, x := range b[n : 8*k] {
		w.bad = w.bad || x != 0
	}
	return string(b[:n])
}

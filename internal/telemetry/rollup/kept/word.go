package kept

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
)

// Word is a row as it is kept: with all that names its formula, in clear.
type Word struct {
	rollup.Row
	Level    rollup.Level
	Nothing  bool   // there was something, and there is nothing any more: the row is empty but for its bounds and Input
	States   bool   // of the definition: durations in state are kept for an int64 series
	Calendar string // version; "" for buckets that do not depend on one
	Counter  string // version of what bears on the bucket; "" for a series that is none
	Silence  string
}

// Formula is what the row was made by.
func (w *Word) Formula() rollup.Formula {
	return rollup.Formula{Level: w.Level, Type: w.Type, States: w.States, Counter: w.Counter, Calendar: w.Calendar, Silence: w.Silence}
}

// wordHead begins the text of every row. docs/formats/rollup.md describes the rest.
const wordHead = "jingwei-rollup/1"

// maxWord bounds the text of a row; the longest there can be is shorter by far.
const maxWord = 32 << 10

// ErrWord: a text is no row of a known version.
var ErrWord = errors.New("not the text of a roll-up row")

// String writes the row as one line of text. Equal rows have equal texts.
func (w *Word) String() string { return string(w.append(make([]byte, 0, 640), true)) }

// figures is the text without the input: what a restatement changes.
func (w *Word) figures() string { return string(w.append(make([]byte, 0, 640), false)) }

func (w *Word) append(b []byte, whole bool) []byte {
	r := &w.Row
	b = append(b, wordHead...)
	key := func(name string) { b = append(append(append(b, ' '), name...), '=') }
	text := func(name, s string) {
		if s != "" {
			key(name)
			b = append(b, s...)
		}
	}
	number := func(name string, n uint64) {
		if n != 0 {
			key(name)
			b = strconv.AppendUint(b, n, 10)
		}
	}
	key("level")
	b = append(b, w.Level.String()...)
	key("from")
	b = strconv.AppendInt(b, r.From, 10)
	key("to")
	b = strconv.AppendInt(b, r.To, 10)
	key("type")
	b = append(b, r.Type.String()...)
	key("definitions")
	b = strconv.AppendInt(b, rollup.Definitions, 10)
	if whole {
		key("formula")
		b = append(b, rollup.FormulaHash(w.Formula())...)
	}
	if w.States {
		text("states", "kept")
	}
	if w.Calendar != "" {
		key("calendar")
		b = strconv.AppendQuoteToASCII(b, w.Calendar)
	}
	text("counter", w.Counter)
	text("silence", w.Silence)
	if whole {
		key("input")
		b = strconv.AppendUint(b, r.Input, 10)
	}
	if w.Nothing {
		return append(b, " nothing end"...)
	}
	number("flags", uint64(r.Flags))
	number("received", r.Received)
	number("good", r.Good)
	number("uncertain", r.Uncertain)
	number("bad", r.Bad)
	number("covered", uint64(r.Covered))
	if r.Good > 0 {
		key("firstTime")
		b = strconv.AppendInt(b, r.FirstTime, 10)
		key("lastTime")
		b = strconv.AppendInt(b, r.LastTime, 10)
		key("first")
		b = appendValue(b, r.Type, r.First, r.FirstText)
		key("last")
		b = appendValue(b, r.Type, r.Last, r.LastText)
		if r.Type != telemetry.String {
			key("min")
			b = appendValue(b, r.Type, r.Min, "")
			key("max")
			b = appendValue(b, r.Type, r.Max, "")
		}
	}
	for _, t := range totals(r) {
		if t.Hi == 0 && t.Lo == 0 {
			continue
		}
		key(t.name)
		b = appendFloat(b, t.Hi)
		if t.Lo != 0 {
			b = appendFloat(append(b, ','), t.Lo)
		}
		for _, x := range t.More {
			b = appendFloat(append(b, ','), x)
		}
	}
	number("resets", r.Resets)
	number("rollOvers", r.RollOvers)
	number("exchanges", r.Exchanges)
	if len(r.States) > 0 {
		key("durations")
		for i := range r.States {
			if i > 0 {
				b = append(b, ';')
			}
			s := &r.States[i]
			b = appendValue(b, r.Type, s.Bits, s.Text)
			b = strconv.AppendUint(append(b, ':'), s.Count, 10)
			b = strconv.AppendInt(append(b, ':'), s.Duration, 10)
		}
	}
	number("others", uint64(r.Others))
	number("othersCount", r.OthersCount)
	return append(b, " end"...)
}

type namedTotal struct {
	name string
	*rollup.Total
}

func totals(r *rollup.Row) [3]namedTotal {
	return [3]namedTotal{{"sum", &r.Sum}, {"integral", &r.Integral}, {"consumption", &r.Consumption}}
}

func appendValue(b []byte, t telemetry.Type, bits uint64, s string) []byte {
	switch t {
	case telemetry.Float64:
		return appendFloat(b, math.Float64frombits(bits))
	case telemetry.String:
		return strconv.AppendQuoteToASCII(b, s)
	}
	return strconv.AppendInt(b, int64(bits), 10)
}

func appendFloat(b []byte, x float64) []byte { return strconv.AppendFloat(b, x, 'g', -1, 64) }

// ParseWord reads what String wrote, and nothing else: the error for any other text wraps ErrWord.
func ParseWord(s string) (Word, error) {
	bad := func(what string) (Word, error) { return Word{}, fmt.Errorf("%w: %s", ErrWord, what) }
	if len(s) > maxWord {
		return bad(fmt.Sprintf("%d bytes, at most %d", len(s), maxWord))
	}
	rest, ok := strings.CutPrefix(s, wordHead)
	if !ok {
		return bad(fmt.Sprintf("%.40q does not begin with %s", s, wordHead))
	}
	var w Word
	for rest != "" {
		var token string
		if token, rest, ok = cutToken(rest); !ok {
			return bad(fmt.Sprintf("at %.40q", rest))
		}
		name, value, _ := strings.Cut(token, "=")
		if !w.set(name, value) {
			return bad(fmt.Sprintf("%.80q", token))
		}
	}
	// The row itself is sound if its words are; the text is what String writes if it comes back.
	if len(w.Row.States) > rollup.MaxStates {
		return bad("too many states")
	}
	if _, _, err := rollup.DecodeRow(rollup.AppendRow(nil, &w.Row)); err != nil {
		return Word{}, fmt.Errorf("%w: %w", ErrWord, err)
	}
	if w.String() != s {
		return bad("not in its canonical form")
	}
	return w, nil
}

// cutToken takes a space and what follows up to the next space that is not quoted.
func cutToken(s string) (token, rest string, ok bool) {
	if s[0] != ' ' {
		return "", s, false
	}
	s = s[1:]
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '\\' && quoted:
			i++
		case s[i] == ' ' && !quoted:
			return s[:i], s[i:], i > 0
		}
	}
	return s, "", s != ""
}

// set takes one token. What is out of range or out of order is found when the row is written again.
func (w *Word) set(name, value string) bool {
	r := &w.Row
	var err error
	signed := func(p *int64) { *p, err = strconv.ParseInt(value, 10, 64) }
	number := func(p *uint64) { *p, err = strconv.ParseUint(value, 10, 64) }
	switch name {
	case "level":
		for l := rollup.LevelMinute; l <= rollup.LevelMonth; l++ {
			if l.String() == value {
				w.Level = l
			}
		}
		return w.Level != 0
	case "type":
		for t := telemetry.Float64; t <= telemetry.String; t++ {
			if t.String() == value {
				r.Type = t
			}
		}
		return r.Type != 0
	case "end":
		return true // nothing is cut off
	case "definitions", "formula":
		return value != "" // written from what else is said
	case "states":
		w.States = true
	case "calendar":
		w.Calendar, err = strconv.Unquote(value)
	case "counter":
		w.Counter = value
	case "silence":
		w.Silence = value
	case "nothing":
		w.Nothing = true
	case "from":
		signed(&r.From)
	case "to":
		signed(&r.To)
	case "input":
		number(&r.Input)
	case "flags":
		var n uint64
		n, err = strconv.ParseUint(value, 10, 8)
		r.Flags = rollup.Flags(n)
	case "received":
		number(&r.Received)
	case "good":
		number(&r.Good)
	case "uncertain":
		number(&r.Uncertain)
	case "bad":
		number(&r.Bad)
	case "covered":
		signed(&r.Covered)
	case "firstTime":
		signed(&r.FirstTime)
	case "lastTime":
		signed(&r.LastTime)
	case "first":
		return parseValue(value, r.Type, &r.First, &r.FirstText)
	case "last":
		return parseValue(value, r.Type, &r.Last, &r.LastText)
	case "min":
		return parseValue(value, r.Type, &r.Min, nil)
	case "max":
		return parseValue(value, r.Type, &r.Max, nil)
	case "sum", "integral", "consumption":
		for _, t := range totals(r) {
			if t.name == name {
				return parseTotal(value, t.Total)
			}
		}
	case "resets":
		number(&r.Resets)
	case "rollOvers":
		number(&r.RollOvers)
	case "exchanges":
		number(&r.Exchanges)
	case "durations":
		return parseStates(value, r)
	case "others":
		signed(&r.Others)
	case "othersCount":
		number(&r.OthersCount)
	default:
		return false
	}
	return err == nil
}

func parseValue(s string, t telemetry.Type, bits *uint64, text *string) bool {
	switch {
	case t == telemetry.Float64:
		x, err := strconv.ParseFloat(s, 64)
		*bits = math.Float64bits(x)
		return err == nil
	case t == telemetry.String:
		if text == nil {
			return false
		}
		var err error
		*text, err = strconv.Unquote(s)
		return err == nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	*bits = uint64(n)
	return err == nil
}

func parseTotal(s string, t *rollup.Total) bool {
	for i := 0; s != ""; i++ {
		part, rest, more := strings.Cut(s, ",")
		x, err := strconv.ParseFloat(part, 64)
		if err != nil || more && rest == "" || i > 200 {
			return false
		}
		switch i {
		case 0:
			t.Hi = x
		case 1:
			t.Lo = x
		default:
			t.More = append(t.More, x)
		}
		s = rest
	}
	return true
}

func parseStates(s string, r *rollup.Row) bool {
	for len(r.States) <= rollup.MaxStates {
		var x rollup.State
		value, rest, ok := strings.Cut(s, ":")
		if r.Type == telemetry.String {
			quoted, err := strconv.QuotedPrefix(s)
			if err != nil {
				return false
			}
			value = quoted
			rest, ok = strings.CutPrefix(s[len(quoted):], ":")
		}
		if !ok || !parseValue(value, r.Type, &x.Bits, &x.Text) {
			return false
		}
		count, rest, ok := strings.Cut(rest, ":")
		if !ok {
			return false
		}
		duration, rest, more := strings.Cut(rest, ";")
		var err, err2 error
		x.Count, err = strconv.ParseUint(count, 10, 64)
		x.Duration, err2 = strconv.ParseInt(duration, 10, 64)
		if err != nil || err2 != nil {
			return false
		}
		r.States = append(r.States, x)
		if !more {
			return true
		}
		s = rest
	}
	return false
}

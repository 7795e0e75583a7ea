package rollup

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"jingwei/internal/telemetry"
)

// Definitions is the version of the rules of this package (see its documentation). Other rules are another version.
const Definitions = 1

// Level is the kind of bucket that a row is of.
type Level uint8

// The levels. Their numbers are stored.
const (
	LevelMinute Level = 1
	LevelHour   Level = 2
	LevelShift  Level = 3
	LevelDay    Level = 4
	LevelMonth  Level = 5
)

// String names the level as the API does.
func (l Level) String() string {
	switch l {
	case LevelMinute:
		return "minute"
	case LevelHour:
		return "hour"
	case LevelShift:
		return "shift"
	case LevelDay:
		return "day"
	case LevelMonth:
		return "month"
	}
	return "level " + strconv.Itoa(int(l))
}

// Formula is everything besides samples and now that a row depends on.
type Formula struct {
	Level      Level
	Type       telemetry.Type
	States     bool   // of the definition
	Counter    string // its version; "" for a series that is none
	Calendar   string // version of zone and shift calendar; "" for minutes
	Silence    string // see SilenceVersion
	Population string // version of the group's members; "" for a series
}

// Hash names the formula: the SHA-256 of its canonical description.
func (f Formula) Hash() [sha256.Size]byte { return sha256.Sum256([]byte(f.Description())) }

// Description is the canonical text of the formula: one line for each part, texts quoted as Go does.
func (f Formula) Description() string {
	var b strings.Builder
	line := func(name, value string) { b.WriteString(name + " " + value + "\n") }
	line("jingwei roll-up formula", "1")
	line("definitions", strconv.Itoa(Definitions))
	line("level", f.Level.String())
	line("type", f.Type.String())
	line("states", strconv.FormatBool(f.States))
	line("counter", strconv.QuoteToASCII(f.Counter))
	line("calendar", strconv.QuoteToASCII(f.Calendar))
	line("silence", strconv.QuoteToASCII(f.Silence))
	line("population", strconv.QuoteToASCII(f.Population))
	return b.String()
}

// FormulaHash is Formula.Hash in hexadecimal digits.
func FormulaHash(f Formula) string {
	h := f.Hash()
	return hex.EncodeToString(h[:])
}

// SilenceVersion names the longest silences that bear on a span: those in effect in it, and those of before by which a
// sample can reach into it. What is declared for later does not change it.
func SilenceVersion(reporting []telemetry.Reporting, span telemetry.Span) string {
	h := sha256.New()
	var line []byte
	for i, r := range reporting {
		from := r.From
		if i == 0 {
			from = 0 // before the first one the first one counts
		}
		if from >= span.To {
			break
		}
		if i+1 < len(reporting) {
			end := reporting[i+1].From
			if end <= 0 || end <= span.From && span.From-end >= int64(r.MaxSilence) {
				continue
			}
		}
		line = strconv.AppendInt(line[:0], from, 10)
		line = append(line, ' ')
		line = strconv.AppendInt(line, int64(r.MaxSilence), 10)
		h.Write(append(line, '\n'))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

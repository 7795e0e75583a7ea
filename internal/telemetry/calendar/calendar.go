package calendar

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync/atomic"
)

// Level is a size of buckets.
type Level uint8

// The levels, from the finest.
const (
	Minute Level = iota
	Hour
	Shift
	Day
	Month
	levels
)

var levelNames = [levels]string{"minute", "hour", "shift", "day", "month"}

func (l Level) String() string {
	if l < levels {
		return levelNames[l]
	}
	return fmt.Sprintf("level %d", uint8(l))
}

// ParseLevel reads what String wrote.
func ParseLevel(s string) (Level, bool) {
	for i, name := range levelNames {
		if name == s {
			return Level(i), true
		}
	}
	return 0, false
}

// Calendar cuts time into buckets. It is immutable and may be used from many goroutines. The zero value is that of UTC
// without shifts.
type Calendar struct{ b *book }

// book is a calendar worked out.
type book struct {
	given      Definition // canonical
	version    string
	zone       *zone
	dayStart   int64 // minutes of the day
	monthStart int64 // 1..28
	patterns   []pattern
	exceptions map[int64]exception // by day

	// The last bucket that was asked for, per level: whoever walks through time asks for it again and again.
	last [levels]atomic.Pointer[bucket]
}

var utc = func() *book {
	c, err := New(Definition{Zone: "UTC"})
	if err != nil {
		panic(err) // a zone that needs no file
	}
	return c.b
}()

func (c Calendar) book() *book {
	if c.b == nil {
		return utc
	}
	return c.b
}

// New works a definition out. Error: Faults, with all that is wrong.
func New(d Definition) (Calendar, error) {
	b, faults := compile(d)
	if len(faults) > 0 {
		return Calendar{}, faults
	}
	doc, err := json.Marshal(b.given)
	if err != nil {
		return Calendar{}, fmt.Errorf("encode calendar: %w", err)
	}
	h := sha256.New()
	h.Write([]byte("jingwei calendar 1\n"))
	h.Write(doc)
	h.Write([]byte{'\n'})
	h.Write(b.zone.hash[:])
	b.version = hex.EncodeToString(h.Sum(nil)[:16])
	return Calendar{b}, nil
}

// Plain is the calendar of a zone without shifts, its days from midnight. Error: Faults.
func Plain(zone string) (Calendar, error) { return New(Definition{Zone: zone}) }

// Version names the calendar: the first 16 bytes, in hex, of a SHA-256 over its canonical definition and its zone's
// changes of the clocks. It changes when a bound or a name of a bucket may have: a new release of the zone database
// changes it only where it changes this zone.
func (c Calendar) Version() string { return c.book().version }

// Zone is the name of the time zone.
func (c Calendar) Zone() string { return c.book().given.Zone }

// ZoneVersion names the zone's rules as this machine knows them: the first 8 bytes, in hex, of a SHA-256 over its changes
// of the clocks from 1970 to 2200.
func (c Calendar) ZoneVersion() string { return hex.EncodeToString(c.book().zone.hash[:8]) }

// Definition is the calendar in its canonical form: what may be left out is left out, shifts have ends in place of
// lengths, exceptions are sorted. The caller must not change what it holds.
func (c Calendar) Definition() Definition { return c.book().given }

// HasShifts tells whether any pattern or exception has shifts.
func (c Calendar) HasShifts() bool {
	b := c.book()
	for _, p := range b.patterns {
		if p.works() {
			return true
		}
	}
	return false
}

// MarshalJSON writes the canonical definition.
func (c Calendar) MarshalJSON() ([]byte, error) { return json.Marshal(c.book().given) }

// UnmarshalJSON reads a definition strictly. Error: Faults.
func (c *Calendar) UnmarshalJSON(data []byte) (err error) {
	*c, err = Parse(data)
	return err
}

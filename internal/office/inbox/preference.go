package inbox

import (
	"time"

	"github.com/google/uuid"
)

// Digest says how messages are bundled.
type Digest string

// The digests.
const (
	AtOnce Digest = "off"    // each by itself
	Hourly Digest = "hourly" // at the full hour
	Daily  Digest = "daily"  // at Preference.DigestAt
)

// minutesADay bounds times of day.
const minutesADay = 24 * 60

// Preference is how a person wants to be told. Times are minutes since midnight, China Standard Time.
type Preference struct {
	Person    uuid.UUID
	Quiet     bool // from QuietFrom to QuietTo, which may lie on the next day, only what is urgent is sent
	QuietFrom int
	QuietTo   int
	Digest    Digest
	DigestAt  int
	Desk      bool // also what their organisations get, not only what is addressed to them
}

// usual is what holds for those who have chosen nothing.
func usual(person uuid.UUID) Preference {
	return Preference{Person: person, Quiet: true, QuietFrom: 22 * 60, QuietTo: 7 * 60, Digest: AtOnce, DigestAt: 8*60 + 30}
}

// when tells at which instant a message of an urgency is to be sent, and whether with others in one. It never lies before now.
func (p *Preference) when(now time.Time, u Urgency) (at time.Time, bundled bool) {
	if u == Urgent {
		return now, false
	}
	at = now
	switch p.Digest {
	case Hourly:
		at, bundled = now.In(china).Truncate(time.Hour).Add(time.Hour), true
	case Daily:
		at, bundled = nextAt(now, p.DigestAt), true
	}
	if p.Quiet && p.quietAt(at) {
		at = nextAt(at, p.QuietTo)
	}
	return at, bundled
}

// quietAt tells whether an instant lies in the quiet hours [from, to); where both are the same there are none.
func (p *Preference) quietAt(t time.Time) bool {
	t = t.In(china)
	m := t.Hour()*60 + t.Minute()
	if p.QuietFrom <= p.QuietTo {
		return p.QuietFrom <= m && m < p.QuietTo
	}
	return p.QuietFrom <= m || m < p.QuietTo
}

// nextAt is the next instant after t with a time of day.
func nextAt(t time.Time, minute int) time.Time {
	c := t.In(china)
	at := time.Date(c.Year(), c.Month(), c.Day(), minute/60, minute%60, 0, 0, china)
	if !at.After(t) {
		at = at.AddDate(0, 0, 1)
	}
	return at
}

package workday

import (
	"errors"
	"fmt"
	"io/fs"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// Dir is the folder of notices among the packs.
const Dir = "calendar"

// Notice is what the State Council's general office has arranged for a year, declared by a pack.
type Notice struct {
	pack.Header `yaml:",inline"`

	Year     int       `yaml:"year"`
	Document string    `yaml:"document"` // its number
	Issued   string    `yaml:"issued"`
	Holidays []Holiday `yaml:"holidays"`

	days map[Day]mark
}

// Holiday is one of them, with the weekend days on which people work for it.
type Holiday struct {
	Name    text.Text `yaml:"name"`
	From    string    `yaml:"from"`
	To      string    `yaml:"to"` // its last day
	Working []string  `yaml:"working,omitempty"`
}

type mark struct {
	working bool
	name    text.Text
}

// maxHoliday bounds a holiday, in days: a longer one is a slip of the pen.
const maxHoliday = 15

// Check reports what is wrong with the notice.
func (n *Notice) Check(report func(where, what string)) {
	n.days = map[Day]mark{}
	if n.Year < 1950 || n.Year > 2199 {
		report("$.year", fmt.Sprintf("%d is not a year from 1950 to 2199", n.Year))
	}
	if n.Document == "" {
		report("$.document", "is missing; give the number of the notice")
	}
	if _, ok := ParseDay(n.Issued); !ok {
		report("$.issued", fmt.Sprintf("%q is not a day; write 2025-11-04", n.Issued))
	}
	if len(n.Holidays) == 0 {
		report("$.holidays", "has none")
	}
	day := func(at, s string) (Day, bool) {
		d, ok := ParseDay(s)
		if !ok {
			report(at, fmt.Sprintf("%q is not a day; write 2026-05-01", s))
			return 0, false
		}
		// A holiday of New Year may begin in the last days of the year before.
		if near := d + 10; near.Year() != n.Year && d.Year() != n.Year {
			report(at, fmt.Sprintf("%s does not lie in %d", s, n.Year))
			return 0, false
		}
		if _, taken := n.days[d]; taken {
			report(at, fmt.Sprintf("%s is there twice", s))
			return 0, false
		}
		return d, true
	}
	for i, h := range n.Holidays {
		at := fmt.Sprintf("$.holidays[%d]", i)
		if h.Name.Zh == "" || h.Name.En == "" {
			report(at+".name", "needs zh and en")
		}
		from, ok1 := day(at+".from", h.From)
		to, ok2 := day(at+".to", h.To)
		if ok1 && ok2 && (to < from || to-from >= maxHoliday) {
			report(at+".to", fmt.Sprintf("%s: a holiday has 1 to %d days, and ends after it begins", h.To, maxHoliday))
			ok1 = false
		}
		for d := from; ok1 && ok2 && d <= to; d++ {
			if _, taken := n.days[d]; taken {
				report(at, fmt.Sprintf("%s is there twice", d))
			}
			n.days[d] = mark{false, h.Name}
		}
		for j, s := range h.Working {
			where := fmt.Sprintf("%s.working[%d]", at, j)
			d, ok := day(where, s)
			if ok && !d.Weekend() {
				report(where, fmt.Sprintf("%s is no Saturday or Sunday; people work then anyway", s))
			} else if ok {
				n.days[d] = mark{true, h.Name}
			}
		}
	}
}

// Load reads the notices of all years. A folder that is not there holds none. Errors: pack.Faults, two notices for a year.
func Load(files fs.FS) (*Calendar, error) {
	set, err := pack.Load[Notice](files, Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return New()
	}
	if err != nil {
		return nil, err
	}
	return New(set.All()...)
}

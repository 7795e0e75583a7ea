package measured

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/text"
)

// Keys of the facts that can be found out.
const (
	Digital       = "machines.digital"         // production machines that deliver data, of all
	Networked     = "machines.networked"       // the same within the last days; over a span machine-days of machine-days
	Production    = "collection.production"    // a production machine delivers
	Equipment     = "collection.equipment"     // a machine delivers
	Energy        = "collection.energy"        // an energy meter delivers
	Realtime      = "equipment.realtime-share" // production machines read at least once a minute that deliver, of all
	MeterDays     = "energy.meter-days"        // days on which an energy meter delivered
	SubmeterDays  = "energy.submeter-days"     // days on which meters at two or more places delivered
	SubmeterEvery = "energy.submeter-interval" // minutes between readings of the slowest of these
	// Consumption, followed by the id of a series, is what that counter of energy counted, in kWh; over a span only. There is no sum of a
	// plant: meters stand behind each other, and the model does not say which.
	Consumption = "energy.consumption:"
)

// Keys are those of a plant, sorted.
var Keys = []string{Production, Energy, Equipment, MeterDays, SubmeterDays, SubmeterEvery, Realtime, Digital, Networked}

// Days that are looked at for a fact at a time, that time's own day included.
const (
	recent = 7   // whether a machine delivers
	ever   = 365 // whether it has delivered at all
	long   = 90  // days of metering
	most   = 400 // of a span
)

// realtime is how often at least a machine that is watched in real time is read.
const realtime = time.Minute

// Machine is a machine of a plant.
type Machine struct {
	ID         uuid.UUID
	Name       text.Text
	Class      string // of equipment; "" where nobody said
	Production bool
}

// Point is a point of a machine.
type Point struct {
	ID      uuid.UUID // of its series
	Machine uuid.UUID
	Name    text.Text
	Energy  bool // its unit is one of energy
	Every   time.Duration
}

// Day is what a series has of a day.
type Day struct {
	Good    uint64
	Covered time.Duration // with a good value
}

// seen is a plant with the days of its points.
type seen struct {
	span     span
	machines []Machine
	points   []Point
	days     map[uuid.UUID][]Day // by point; nil where nothing came
}

// span is civil days, cut off at its ends.
type span struct {
	from, to time.Time
	bounds   []int64 // n+1 of n days
	looked   int     // civil days, however they are cut
}

func (s *span) days() int { return len(s.bounds) - 1 }

// delivered counts the days of a machine, and of which of its points.
func (w *seen) delivered(machine uuid.UUID, which func(*Point) bool) (days int) {
	for d := range w.span.days() {
		for i := range w.points {
			p := &w.points[i]
			if p.Machine == machine && (which == nil || which(p)) && w.good(p.ID, d) {
				days++
				break
			}
		}
	}
	return days
}

func (w *seen) good(point uuid.UUID, day int) bool {
	list := w.days[point]
	return day < len(list) && list[day].Good > 0
}

func (w *seen) production() []Machine {
	return slices.DeleteFunc(slices.Clone(w.machines), func(m Machine) bool { return !m.Production })
}

// known is a fact without its value.
func (w *seen) known(key, zh, en string, a ...any) assess.Known {
	return assess.Known{Key: key, From: w.span.from.UTC(), To: w.span.to.UTC(), Text: text.Text{Zh: fmt.Sprintf(zh, a...), En: fmt.Sprintf(en, a...)}, Rests: []assess.Rest{}}
}

// rest adds what a fact rests on.
func rest(k *assess.Known, r assess.Rest) {
	if len(k.Rests) >= assess.MaxRests {
		k.More++
		return
	}
	k.Rests = append(k.Rests, r)
}

// share counts the production machines for which holds is true.
func (w *seen) share(k assess.Known, holds func(m Machine, days int) bool, which func(*Point) bool) (assess.Known, bool) {
	list := w.production()
	part, of := int64(0), int64(len(list))
	for _, m := range list {
		days := w.delivered(m.ID, which)
		counts := holds(m, days)
		if counts {
			part++
		}
		rest(&k, assess.Rest{Kind: "machine", ID: m.ID, Name: m.Name, Counts: counts, Days: days})
	}
	k.Part, k.Of = &part, &of
	return k, of > 0
}

// machineDays is the share of machine-days on which machines delivered.
func (w *seen) machineDays(k assess.Known) (assess.Known, bool) {
	list := w.production()
	part, of := int64(0), int64(len(list)*w.span.days())
	for _, m := range list {
		days := w.delivered(m.ID, nil)
		part += int64(days)
		rest(&k, assess.Rest{Kind: "machine", ID: m.ID, Name: m.Name, Counts: days > 0, Days: days})
	}
	k.Part, k.Of = &part, &of
	return k, of > 0
}

// flag holds where a machine delivers; where none does nothing is known.
func (w *seen) flag(k assess.Known, machines []Machine, which func(*Point) bool) (assess.Known, bool) {
	yes := false
	for _, m := range machines {
		if days := w.delivered(m.ID, which); days > 0 {
			yes = true
			rest(&k, assess.Rest{Kind: "machine", ID: m.ID, Name: m.Name, Counts: true, Days: days})
		}
	}
	k.Flag = &yes
	return k, yes
}

func isEnergy(p *Point) bool { return p.Energy }

func isRealtime(p *Point) bool { return p.Every > 0 && p.Every <= realtime }

// meterDays counts the days on which meters at so many machines delivered.
func (w *seen) meterDays(k assess.Known, atLeast int) (assess.Known, bool) {
	n := 0
	for d := range w.span.days() {
		at := map[uuid.UUID]bool{}
		for i := range w.points {
			if p := &w.points[i]; p.Energy && w.good(p.ID, d) {
				at[p.Machine] = true
			}
		}
		if len(at) >= atLeast {
			n++
		}
	}
	w.meters(&k)
	k.Number, k.Unit = strconv.Itoa(n), "d"
	return k, n > 0
}

// meters are the energy series that delivered.
func (w *seen) meters(k *assess.Known) (list []*Point) {
	for i := range w.points {
		p := &w.points[i]
		if !p.Energy {
			continue
		}
		days := 0
		for d := range w.span.days() {
			if w.good(p.ID, d) {
				days++
			}
		}
		if days > 0 {
			list = append(list, p)
			rest(k, assess.Rest{Kind: "series", ID: p.ID, Machine: &p.Machine, Name: p.Name, Counts: true, Days: days})
		}
	}
	return list
}

// interval is the mean time between readings of the slowest machine among those that meter, in minutes, rounded up to a thousandth. Of a
// machine with several energy series the fastest counts.
func (w *seen) interval(k assess.Known) (assess.Known, bool) {
	fastest := map[uuid.UUID]int64{} // thousandths of a minute
	for _, p := range w.meters(&k) {
		good, covered := uint64(0), time.Duration(0)
		for _, d := range w.days[p.ID] {
			good, covered = good+d.Good, covered+d.Covered
		}
		const unit = int64(time.Minute) / 1000
		n := (int64(covered)/max(int64(good), 1) + unit - 1) / unit
		if old, ok := fastest[p.Machine]; !ok || n < old {
			fastest[p.Machine] = n
		}
	}
	if len(fastest) < 2 {
		return k, false
	}
	slowest := int64(0)
	for _, n := range fastest {
		slowest = max(slowest, n)
	}
	k.Number, k.Unit = fmt.Sprintf("%d.%03d", slowest/1000, slowest%1000), "min"
	return k, true
}

package trace

import (
	"fmt"
	"math/rand/v2"
	"time"

	"jingwei/internal/identify/trace/epcis"
)

// Shapes of the two lots that are followed.
const (
	deepLevels = 12      // transformations from the first lot to the last units
	recalled   = 100_000 // units that the other lot went into
	perCase    = 3       // units in a case of ordinary goods
	perPallet  = 10      // cases on a pallet
	customers  = 50
)

// maker makes events: a pure function of the seed.
type maker struct {
	rng  *rand.Rand
	at   time.Time
	unit int
	sscc int
	lot  int
}

// began is when the first event of the world happened; each is a little later than the one before.
var began = time.Date(2025, 1, 1, 0, 0, 0, 0, time.FixedZone("", 8*3600))

func newMaker(seed uint64) *maker {
	return &maker{rng: rand.New(rand.NewPCG(seed, 7)), at: began}
}

func (m *maker) tick() epcis.Instant {
	m.at = m.at.Add(time.Duration(100+m.rng.IntN(900)) * time.Millisecond)
	return epcis.Instant{At: m.at}
}

func (m *maker) units(n int) []string {
	out := make([]string, n)
	for i := range out {
		m.unit++
		out[i] = fmt.Sprintf("https://id.gs1.org/01/0690123456%04d/21/%09d", 1000+m.unit%7*11, m.unit)
	}
	return out
}

func (m *maker) carrier() string {
	m.sscc++
	return fmt.Sprintf("https://id.gs1.org/00/%018d", 690123450000000000+m.sscc)
}

func (m *maker) batch() string {
	m.lot++
	return fmt.Sprintf("https://id.gs1.org/01/06901234569990/10/L%07d", m.lot)
}

func place(n int) *epcis.Place {
	return &epcis.Place{ID: fmt.Sprintf("https://id.gs1.org/414/690123%07d", n)}
}

func party(n int) string { return fmt.Sprintf("https://id.gs1.org/417/690123%07d", n) }

func (m *maker) made(at int, ids ...string) epcis.Event {
	return epcis.Event{Type: epcis.ObjectEvent, Time: m.tick(), Action: epcis.Add, EPCs: ids, Step: "commissioning", Disposition: "active", ReadPoint: place(at), Location: place(at)}
}

func (m *maker) packed(at int, parent string, ids ...string) epcis.Event {
	return epcis.Event{Type: epcis.AggregationEvent, Time: m.tick(), Action: epcis.Add, Parent: parent, Children: ids, Step: "packing", Disposition: "in_progress", ReadPoint: place(at), Location: place(at)}
}

func (m *maker) turned(in string, amount int, out []string, lots bool) epcis.Event {
	e := epcis.Event{Type: epcis.TransformationEvent, Time: m.tick(), Step: "commissioning", Disposition: "active", ReadPoint: place(1),
		InputQuantities: []epcis.Quantity{{Class: in, Amount: fmt.Sprint(amount), Unit: "KGM"}}}
	if !lots {
		e.Outputs = out
		return e
	}
	for _, id := range out {
		e.OutputQuantities = append(e.OutputQuantities, epcis.Quantity{Class: id, Amount: fmt.Sprint(amount / len(out)), Unit: "KGM"})
	}
	return e
}

func (m *maker) moved(step string, at, from, to int, ids ...string) epcis.Event {
	e := epcis.Event{Type: epcis.ObjectEvent, Time: m.tick(), Action: epcis.Observe, EPCs: ids, Step: step, Disposition: "in_transit", ReadPoint: place(at),
		Transactions: []epcis.Typed{{Type: "desadv", ID: fmt.Sprintf("urn:epcglobal:cbv:bt:%013d:D%d", 6901230000000+from, m.sscc)}},
		Sources:      []epcis.Typed{{Type: "possessing_party", ID: party(from)}}, Destinations: []epcis.Typed{{Type: "owning_party", ID: party(to)}, {Type: "possessing_party", ID: party(to)}}}
	if step == "receiving" {
		e.Disposition, e.Location = "in_progress", place(at)
	}
	return e
}

// pallet is ordinary trade: a lot made into units, cases and a pallet that goes to a customer. 25 events.
func (m *maker) pallet() (out []epcis.Event) {
	to := 100 + m.rng.IntN(customers)
	lot, carrier := m.batch(), m.carrier()
	var cases, units []string
	for range perPallet {
		ids, box := m.units(perCase), m.carrier()
		out = append(out, m.made(1, ids...), m.packed(2, box, ids...))
		cases, units = append(cases, box), append(units, ids...)
	}
	out = append([]epcis.Event{m.turned(lot, 500, units, false)}, out...)
	out[0].Time = epcis.Instant{At: m.at.Add(-time.Minute)}
	out = append(out, m.packed(2, carrier, cases...), m.moved("shipping", 2, 1, to, carrier), m.moved("receiving", to, 1, to, carrier))
	e := m.packed(to, carrier)
	e.Action, e.Step = epcis.Delete, "unpacking"
	return append(out, e)
}

// deep is a lot that is made into others twelve times, with 10,000 descendants. It gives the first lot and one of the last units.
func (m *maker) deep() (out []epcis.Event, first, last string, descendants int) {
	first = m.batch()
	level := []string{first}
	for d := 1; d < deepLevels; d++ {
		var next []string
		for _, in := range level {
			n := 1
			if d <= 9 {
				n = 2
			}
			lots := make([]string, n)
			for i := range lots {
				lots[i] = m.batch()
			}
			out = append(out, m.turned(in, 4096>>min(d, 9), lots, true))
			next = append(next, lots...)
		}
		level = next
		descendants += len(level)
	}
	for _, in := range level {
		units := m.units(16)
		out = append(out, m.turned(in, 8, units, false))
		last = units[len(units)-1]
		descendants += len(units)
	}
	return out, first, last, descendants
}

// wide is a lot in many units, in cases of 100 that went to fifty customers.
func (m *maker) wide(units int) (out []epcis.Event, lot string) {
	lot = m.batch()
	const each = 1000
	for range units / each {
		units := m.units(each)
		out = append(out, m.turned(lot, 1000, units, false))
		var cases []string
		for i := 0; i < each; i += 100 {
			box := m.carrier()
			out = append(out, m.packed(2, box, units[i:i+100]...))
			cases = append(cases, box)
		}
		to := 100 + m.rng.IntN(customers)
		out = append(out, m.moved("shipping", 2, 1, to, cases...), m.moved("receiving", to, 1, to, cases...))
	}
	return out, lot
}

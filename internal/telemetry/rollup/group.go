package rollup

import (
	"fmt"
	"math"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/sum"
)

// GroupRow is what is said about a declared group of series in one bucket. A member without a row is not left out: it is
// among Members, and CoveredLeast is 0.
type GroupRow struct {
	From, To  int64
	Members   uint64 // of the group, as declared
	Reporting uint64 // of them, those with a good value at some time of the bucket

	Received, Good, Uncertain, Bad uint64 // over the members

	Covered      int64 // ns, over the members: at most Members · (To − From)
	CoveredLeast int64 // ns, of the member with the least

	Min, Max float64 // of the good samples of all members, an int64 rounded; NaN where Good is 0
	Sum      Total   // of the good samples of all members
	Integral Total   // over the members, unit·s

	Consumption       Total  // over the members that are counters, of what is known
	Counters          uint64 // members with a row that are counters
	CountersUnread    uint64 // of them, those whose consumption is unknown (flag Unread)
	Resets, RollOvers uint64
	Exchanges         uint64
	Input             uint64 // greatest commit number of the samples that bear on the row
}

// Mean is the mean of the members' time-weighted means, each weighted by its covered time; NaN where nothing is covered.
func (g *GroupRow) Mean() float64 {
	if g.Covered == 0 {
		return math.NaN()
	}
	return g.Integral.Hi / seconds(g.Covered)
}

// Coverage is the share of the members' time with a good value, 0 to 1. A member without a row counts.
func (g *GroupRow) Coverage() float64 {
	if g.Members == 0 {
		return 0
	}
	return float64(g.Covered) / (float64(g.Members) * float64(g.To-g.From))
}

// Combine returns the row of a group in the bucket [from, to) from the rows of its members in it, at most one of each, in
// any order; members is the number of members that the group has. The rows are of float64, int64 or bool series; it is the
// caller who knows that their units agree.
func Combine(from, to int64, members int, rows []Row) (GroupRow, error) {
	if from < 0 || to <= from || from%Minute != 0 || to%Minute != 0 {
		return GroupRow{}, fmt.Errorf("combine a group from %s to %s: %w", instant(from), instant(to), ErrBadBounds)
	}
	if len(rows) > members || members <= 0 {
		return GroupRow{}, fmt.Errorf("%d rows of a group of %d members: %w", len(rows), members, ErrRows)
	}
	g := GroupRow{From: from, To: to, Members: uint64(members), Min: math.NaN(), Max: math.NaN(), CoveredLeast: to - from}
	if len(rows) < members {
		g.CoveredLeast = 0
	}
	var all, integral, used sum.Exact
	for i := range rows {
		r := &rows[i]
		if r.From != from || r.To != to {
			return GroupRow{}, fmt.Errorf("row from %s to %s in a group's bucket from %s to %s: %w", instant(r.From), instant(r.To), instant(from), instant(to), ErrRows)
		}
		if !r.Type.Valid() || r.Type == telemetry.String {
			return GroupRow{}, fmt.Errorf("row of a series of type %s in a group: %w", r.Type, ErrRows)
		}
		if r.Good > 0 || r.Covered > 0 {
			g.Reporting++
		}
		g.Received += r.Received
		g.Good += r.Good
		g.Uncertain += r.Uncertain
		g.Bad += r.Bad
		g.Covered += r.Covered
		g.CoveredLeast = min(g.CoveredLeast, r.Covered)
		g.Input = max(g.Input, r.Input)
		r.Sum.addTo(&all)
		r.Integral.addTo(&integral)
		if r.Good > 0 {
			g.extend(number(r.Type, r.Min), number(r.Type, r.Max))
		}
		if r.Flags&HasCounter != 0 {
			g.Counters++
			if r.Flags&Unread != 0 {
				g.CountersUnread++
			}
			r.Consumption.addTo(&used)
			g.Resets += r.Resets
			g.RollOvers += r.RollOvers
			g.Exchanges += r.Exchanges
		}
	}
	g.Sum, g.Integral, g.Consumption = total(&all), total(&integral), total(&used)
	return g, nil
}

// extend widens Min and Max; the built-in min and max know -0 and +0 apart.
func (g *GroupRow) extend(least, most float64) {
	if g.Min != g.Min {
		g.Min, g.Max = least, most
		return
	}
	g.Min, g.Max = min(g.Min, least), max(g.Max, most)
}

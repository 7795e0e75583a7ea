package rollup

import (
	"fmt"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/sum"
)

// Composer makes rows of rows. The zero value is ready; it keeps memory between calls and must not be shared by goroutines.
type Composer struct {
	sum, integral, used sum.Exact
	states              stateSet
	slab                []State
}

// Compose returns the row of [from, to) from the rows of one series that lie in it, in order of time, of whatever
// widths. Grouping does not matter: hours of minutes make the same day as the minutes do, byte for byte, as long as no
// part of a sum leaves the range of float64. There must be at least one row: nothing makes no row.
func Compose(from, to int64, rows []Row) (Row, error) {
	var c Composer
	return c.Compose(from, to, rows)
}

// Compose is the function of that name.
func (c *Composer) Compose(from, to int64, rows []Row) (Row, error) {
	if from < 0 || to <= from || from%Minute != 0 || to%Minute != 0 {
		return Row{}, fmt.Errorf("compose a row from %s to %s: %w", instant(from), instant(to), ErrBadBounds)
	}
	if len(rows) == 0 {
		return Row{}, fmt.Errorf("compose a row from %s to %s of nothing: %w", instant(from), instant(to), ErrRows)
	}
	out := Row{From: from, To: to, Type: rows[0].Type, Flags: rows[0].Flags &^ Unread}
	c.sum.Reset()
	c.integral.Reset()
	c.used.Reset()
	c.states.reset()
	at := from
	for i := range rows {
		r := &rows[i]
		if r.From < at || r.To > to || r.To <= r.From {
			return Row{}, fmt.Errorf("row from %s to %s as a part of %s to %s, after %s: %w", instant(r.From), instant(r.To), instant(from), instant(to), instant(at), ErrRows)
		}
		if r.Type != out.Type || r.Flags&^Unread != out.Flags&^Unread {
			return Row{}, fmt.Errorf("row of %s is of a type or definition other than the rows before: %w", instant(r.From), ErrRows)
		}
		at = r.To
		out.Flags |= r.Flags
		c.add(&out, r)
	}
	out.Sum, out.Integral = total(&c.sum), total(&c.integral)
	if out.Flags&HasCounter != 0 {
		out.Consumption = total(&c.used)
	}
	if out.Flags&HasStates != 0 {
		c.states.put(&out, &c.slab)
	}
	return out, nil
}

func (c *Composer) add(out, r *Row) {
	if r.Good > 0 {
		if out.Good == 0 {
			out.First, out.FirstText, out.FirstTime = r.First, r.FirstText, r.FirstTime
			out.Min, out.Max = r.Min, r.Max
		}
		out.Last, out.LastText, out.LastTime = r.Last, r.LastText, r.LastTime
		if less(out.Type, r.Min, out.Min) {
			out.Min = r.Min
		}
		if less(out.Type, out.Max, r.Max) {
			out.Max = r.Max
		}
	}
	out.Received += r.Received
	out.Good += r.Good
	out.Uncertain += r.Uncertain
	out.Bad += r.Bad
	out.Covered += r.Covered
	out.Input = max(out.Input, r.Input)
	if out.Type != telemetry.String {
		r.Sum.addTo(&c.sum)
		r.Integral.addTo(&c.integral)
	}
	if out.Flags&HasCounter != 0 {
		r.Consumption.addTo(&c.used)
		out.Resets += r.Resets
		out.RollOvers += r.RollOvers
		out.Exchanges += r.Exchanges
	}
	for _, s := range r.States {
		c.states.add(s)
	}
	c.states.others.Duration += r.Others
	c.states.others.Count += r.OthersCount
}

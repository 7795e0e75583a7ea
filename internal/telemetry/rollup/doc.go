// Package rollup computes the rows of roll-ups: what a series' samples say about a minute, and what minutes say about an
// hour, a shift, a day, a month, and what series say about a group. It is pure: values in, values out.
//
// A row depends on the samples, the definition and now, and on nothing else: not on how the samples are cut into runs, not
// on how minutes are grouped on their way to a month, not on the platform. Sums are exact (package sum), every product is
// rounded by itself, so that no compiler fuses it with an addition, and counters of integers are counted in integers.
//
// The rules (version Definitions):
//
//   - A minute row begins on a UTC minute. All other rows are composed of minute rows. Spans are half-open.
//   - A good sample is one of good status with a value that is no NaN. Of the others those of uncertain status are counted
//     apart, the rest is bad. Only good samples enter sum, min, max, first, last, states and readings of counters.
//   - A sample that is flagged FutureTime does not exist before it is due.
//   - A good sample covers the time until the next sample, whatever that is, but no longer than the longest silence in
//     effect at its time, and not beyond now. Before the first reporting of a series the first one counts.
//   - Each sample adds Piece(value, time) to the integral for each minute that it covers a part of.
//   - The consumption of a counter in [from, to) is R(to) - R(from), where R(x) is the last good reading at or before x:
//     see Counter.
//   - A minute without samples, cover and consumption has no row.
//
// Files, in the order of reading: definition.go, row.go, total.go; fold.go with plain.go, states.go, text.go and meter.go
// (samples to minutes), reach.go (which minutes a sample bears on); compose.go (minutes to more), group.go (series to
// groups); formula.go (names of all that); words.go, pages.go, columns.go and tails.go (rows as words and as
// bytes).
//
// Sources: OPC 10000-13 (aggregates: time-weighted average, duration in state); D. E. Knuth, The Art of Computer Programming
// 2, 4.2.2.
package rollup

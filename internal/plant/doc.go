// Package plant is the model of what stands where: an enterprise's sites, areas, lines and machines, the points of each
// machine, and how its gateway reads them. Levels follow ISA-95; small plants may leave some out. Everything has an
// opaque identifier for life. Where a thing stands, what it is called, of which template it is, and how a point is read
// are dated facts, half-open [from, to): a move or a new name ends the old fact and begins another, so that a figure of
// last year is counted for the line that the machine stood in last year. Nothing is deleted; what goes away is retired
// with a reason.
//
// A point's identifier is that of its telemetry series, which this package declares.
//
// Sources: IEC 62264-1:2013, 5.3 (equipment hierarchy); UCUM 2.1 (units); requirement S002 (classes of equipment).
package plant

// Package correction changes what the store says of a series, without overwriting anything: a correction is a further
// revision of samples, with who made it, why, and on what evidence. What was said before stays readable as of its time.
//
// A correction is written down first (records), then carried out (telemetry), and both are the same whether or not the
// node falls between: its rows follow from its words and from the samples as of the commit that it names, and they are
// sent under sequence numbers that it names too, so that carrying it out again from the beginning stores nothing twice.
// Corrections are carried out one after the other.
//
// Files: correction.go (what can be asked), plan.go (the rows it comes to, pure), store.go, service.go, api.go.
package correction

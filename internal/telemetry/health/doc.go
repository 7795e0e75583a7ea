// Package health tells how good the data of a plant is: how much of a span is covered by good values, how old the latest
// ones are, what came late, was corrected or restated, and where values are missing and why.
//
// It counts when it is asked, from the samples themselves, so it cannot drift from them. What it does keep is the history of
// outages (outages.go): the board of conditions knows only what is wrong now, and the journal that carries its events is
// trimmed, so beginnings and ends are copied into a table, with the times at which the node itself did not run. A gap of
// last week can then be explained by the gateway that was offline last week.
//
// A gap is a stretch without a good value that is longer than the series' longest silence. A good value holds until the next
// sample, at most the longest silence: the rule of telemetry.Store.Aggregate, whose covered time is the same figure. The
// cause of a gap follows from facts by a fixed order of rules (cause.go); the facts are told with it.
//
// Files: health.go (nouns), walk.go (samples to coverage and gaps: pure), cause.go (facts to a cause: pure), score.go (pure),
// arrive.go (what came late), outages.go and store.go (the history), survey.go (the work), service.go, api.go, views.go, csv.go.
package health

// Package kept keeps the rows of roll-ups and keeps them right: hours, shifts, days and months of every series, restated
// when a sample comes late, is corrected or taken away, when a meter is changed, and when a calendar or a longest silence
// is said to be another. Minutes are computed when they are asked for.
//
// A roll-up is a pure function of samples as of a commit (package rollup), so any revision of any row can be computed again.
// Rows are kept for speed, to outlive the samples, and to tell who relied on what. A kept row is a sample of a derived series,
// one for each series and level: its source time is the begin of the bucket, its value the row as one line of text (word.go),
// its revision the number of restatements. It goes through the store's door like any other sample: durable, bitemporal,
// nothing overwritten. A bucket that a change of the calendar did away with is withdrawn.
//
// How rows stay right. The store tells of every commit dated before the settled time (Store.Watch); each is noted as a dirty
// range before anybody can read the sample. A read takes a kept row only if it lies in no dirty range and was made by
// today's formula; otherwise it computes the row. The keeper takes the dirty ranges in rounds and writes the rows whose
// figures are others than before. What a process had not finished the next one finds through Store.MarksSince from the cursor
// in the records. A row is written again only if its text, apart from the input commit, has changed: the same work done twice
// writes nothing twice.
//
// A restatement is written down in the feed (feed.go) under the number of the batch that carries its rows, before the batch
// is sent: a feed row counts once the store has the batch, and one whose batch never came is removed with the next.
//
// Files: kept.go (what there is), word.go (rows as text), derived.go, bounds.go (buckets of a series), setting.go (counters,
// meters, states), compute.go (samples to rows), reading.go (reads of what is kept), read.go, dirty.go, restate.go, keeper.go,
// recheck.go, feed.go, told.go, group.go, store.go, metrics.go, api.go and its views.
package kept

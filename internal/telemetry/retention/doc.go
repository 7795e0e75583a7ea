// Package retention says how long samples are kept, and lets the store lose what is older.
//
// A class names a time to keep. What belongs to which class is assigned: to an organisation as a whole, to a part of the
// plant, to a device template, to one series; the closest assignment counts, and without any samples are kept for ever. A
// hold keeps everything of a span whatever the classes say. Changes that would take samples away take effect a day
// later, so that they can be taken back.
//
// Before samples go, whoever needs them is asked to take what it wants to keep (Options.Before), and a tombstone is left:
// the leaves of the evidence log stay, and say what the samples were when somebody brings them from elsewhere.
//
// Files: class.go (nouns), decide.go (which class, which cutoff: pure), disk.go (how long the disk will last: pure), store.go,
// service.go, sweep.go (the work), api.go.
package retention

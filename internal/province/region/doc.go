// Package region makes a region of the demo's province: nodes of two cities, a park and two enterprises beside the province's own, six
// enterprises with machines, gateways, a year of measurements and three years of books. What there is stands in region.yaml.
//
// Each node is a process of its own with a folder and an authority of its own. This package speaks to them over HTTP with a token, as any
// program does, and reads what it needs to know from their answers: nothing is written past the doors. Samples of the past go through a
// source of kind push with the time at which they were, then the machine is handed to its gateway; books go through the import of facts.
//
// Before each act it looks whether it has been done, in what the caller keeps for it (Kept) and, where the node itself tells the same
// thing from a new one, by doing it again. So a filling that was interrupted is gone on with by the next.
//
// Files: region.go (nouns), client.go (the way to a node), fill.go (the order of acts), plant.go, past.go, live.go, books.go,
// registers.go, keepers.go, session.go, agreements.go (acts by room).
package region

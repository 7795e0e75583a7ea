// Package province peoples the demo's node with a fictional province: firms of four trades in two cities and a park, providers with what they
// supply, experts, and what has come to pass between them. The province is data (world/*.yaml); this package lets its people act, one act
// after another, through the node's own API, so that every rule, message and audit entry of the rooms is there as if they had come by.
//
// Before each act it looks whether the thing is there already. A filling that was interrupted anywhere therefore goes on where it stopped,
// and a second one changes nothing. Acts that take their day as a value (contracts, orders, payments, tags) are spread over the past year,
// counted from the day of the first start; what a room stamps itself is of now.
//
// Everything is marked as demonstration data where it is shown: names of organisations, people, projects and offers end with the mark of
// world/province.yaml. A test holds this.
//
// Files: province.go, affairs.go (nouns), actor.go (one who acts), fill.go (the order of acts), parties.go, providers.go, checkups.go,
// matching.go, support.go, programmes.go, office.go (acts by room), paper.go (papers that are handed in).
package province

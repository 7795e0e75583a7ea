// Package outage measures how a node comes back to a thousand children after an hour without it: how soon all are linked again, how fast
// what they have kept is drained, and that nothing of it is lost, doubled or out of order.
//
// The parent is a process of its own, with the rooms of a real node that links and figures need: records, organisations, certificates,
// neighbours, the evidence log and the figure room. Each child is a neighbour.Service with records, a certificate, an agreement and an
// outgoing stream of its own; some hundreds of them share a process. Beside it, in the same run, a bare loop sends the same bytes over as many
// TLS connections and writes them to a file with as many syncs.
package outage

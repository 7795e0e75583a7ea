// Package neighbour links this node with others: which nodes there are, by whose invitation, and what travels between them. The
// node of an agreement's giver dials, the node of its taker listens, over the same port and protocol as gateways (package federate).
//
// Three things travel on a link: agreements both ways (package org keeps them), the records of each agreement from giver to taker, and
// questions from taker to giver with their answers. Records are numbered from 1 in an epoch and opaque here. They are durable at the
// giver before they are sent and at the taker before they are acknowledged, compared by hashes of ranges, and repaired one by one. What
// cannot be explained by a damaged row is a fork: the stream stands still until its giver begins a new epoch.
//
// The bytes are in docs/formats/link.md, agreements in docs/agreements.md.
package neighbour

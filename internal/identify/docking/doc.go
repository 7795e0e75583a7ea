// Package docking is what nodes of the identifier system owe each other: the register of the nodes below this one, probes that tell
// whether they answer, and the returns that a node hands in to the one above it (who it is, where it is resolved, the figures of each
// day, its templates, events, the monthly report). The same room plays both sides: it makes, signs and sends the returns of this
// node, and takes in, checks and keeps those of the nodes below.
//
// What is handed in and when is a pack (packs/docking): the tables of the guide for docking with the national top nodes. The guide's
// JSON interface is not public; a return travels as a signed note (C2SP signed-note) with a line of JSON for each row, so that it is
// proved by whom it was made however it travelled. A node above that asks for another form is served by another Courier.
package docking

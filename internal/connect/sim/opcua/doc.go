// Package opcua simulates machines behind an OPC UA server: the real protocol over real sockets, signed and encrypted,
// with subscriptions. Each machine is a folder, whose variables replay recorded data as a device template says. Source
// time is now and the recorded step is compressed by a factor; at the end of the recording it begins again, and counters
// go on counting. Faults can be switched on at the start and while it runs: stalls, restarts, windows of uncertain or bad
// values, nodes that are not there.
//
// It is a small server of its own on the driver's secure channel. gopcua's server package was looked at and left: it asks
// nobody to sign in, takes items on nodes that do not exist, gives one number to two subscriptions, and a request of a
// client can end the whole process (docs/decisions/0009).
//
// Nothing in OPC UA says that a value is not measured. So the link that leads to a simulator says it: its configuration
// has "origin": "replayed" (driver.Common), and that origin is shown with the value wherever the value is shown.
package opcua

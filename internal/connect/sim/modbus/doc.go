// Package modbus simulates machines behind Modbus TCP: servers that speak the real protocol over real sockets and replay recorded data, laid
// out in registers as a device template says. Source time is now and the recorded step is compressed by a factor; at the
// end of the recording it begins again, and counters go on counting. Faults can be switched on at the start and while it
// runs: dropped connections, answers that never come, come late or bear another unit's number, holes in the register
// map, dead units, restarts.
//
// Nothing in Modbus can say that a value is not measured. So the link that leads to a simulator says it: its
// configuration has "origin": "replayed" (driver.Common), the supervisor stamps that origin on every sample, and it is
// shown with the value wherever the value is shown.
package modbus

// Package modbus is the driver for Modbus TCP: codec, addresses, encodings, request planner and session.
//
// The codec works on bytes and does no I/O; the simulator uses the same one from the server's side. Only the read
// functions exist here (1, 2, 3, 4): nothing in this package can write to a device.
//
// Sources: Modbus Application Protocol Specification V1.1b3 (2012), sections 4.1, 6.1–6.4 and 7; Modbus Messaging on
// TCP/IP Implementation Guide V1.0b (2006), sections 3.1.3 and 4.4.
package modbus

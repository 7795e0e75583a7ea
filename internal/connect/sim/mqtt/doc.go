// Package mqtt simulates devices that publish JSON over MQTT as Zigbee2MQTT's do, with QoS 1: real clients of a real
// broker, the node's own or another, that replay recorded data. A device's object has one member for each point of its
// template, named by the point's address (a dot nests), and last_seen, the time of the message. A message that was not
// acknowledged is sent again, unchanged, when there is a connection again.
//
// Faults can be switched on at the start and while it runs: connections that break, objects that are cut short, numbers
// that have become texts, devices that fall silent. Nothing in such a message can say that its values are not measured:
// the source at the node says it, with "origin": "replayed".
package mqtt

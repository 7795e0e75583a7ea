// Package broker is the node's own MQTT door (3.1, 3.1.1 and 5; OASIS MQTT 5.0 and 3.1.1). Devices publish to it; a
// message is acknowledged only when the session that took it says that it is durable. It is a door and not a bus: what
// one client publishes no other client ever gets, nothing is retained, and no session outlives its connection. The
// node's own messages go to the one connection that they are meant for.
//
// Below it works mochi-mqtt: it parses packets, greets, subscribes, answers pings. Its own way of a PUBLISH, which ends
// in an acknowledgement before anything is durable and in the queues of subscribers, is never walked (see hook.go).
package broker

// Package remote reads an MQTT broker that others run (mosquitto, EMQX, a cloud's): it signs in, subscribes, hands
// messages to the same kind of session as the node's own broker does, and acknowledges a message only when the session
// says that it is durable. What was not acknowledged when a connection or the node ended comes again, because the
// session at the broker is kept (clean session off): at QoS 1 nothing is lost while the node is away, within the bounds
// that the broker sets for what it queues.
//
// One connection is one paho client, without its own reconnection: a connection that fails is thrown away whole, its
// Will with it, and another one is made after a pause.
package remote

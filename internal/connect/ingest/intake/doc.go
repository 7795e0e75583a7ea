// Package intake is the way from what a source tells to durable samples, the same for MQTT, Sparkplug and HTTP. A decoder
// asks a Binder once where the values of a metric go, keeps the Slot that it got, fills a Message with rows and puts it
// into the Intake; done runs when the rows are durable and readable, and only then may the sender be told so.
package intake

// Package ingest is the room of sources: what sends to the node by itself, without our gateway. A source belongs to one
// organisation and speaks MQTT JSON, Sparkplug B or one of the HTTP push formats; MQTT kinds come to the node's own broker
// or are read from another. This room knows the sources, how their devices sign in (credentials), which machine each
// device feeds, what has been seen of devices and their metrics, and makes machines of them where a source adopts.
//
// The credential decides the source, and the source decides the organisation: no topic, label or tag can name another's
// series. A sender is told that a message was taken only once it is durable (package intake).
//
// Sources: design section 7; research/connect.md 2.3 and 3; docs/sources.md; docs/decisions/0006-sources.md.
package ingest

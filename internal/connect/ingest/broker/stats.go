package broker

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// refusal is why a connection or a message was refused.
type refusal int

const (
	refusedBusy        refusal = iota // too many connections, or the node cannot look the client up
	refusedTLS                        // the handshake failed
	refusedCredentials                // wrong name, password or certificate
	refusedTopic                      // no right to the topic
	refusedProtocol                   // not MQTT as the standard has it
	refusedSize                       // announced larger than allowed
	refusedStore                      // a message could not be made durable
	refusals
)

var refusalNames = [refusals]string{"busy", "tls", "credentials", "topic", "protocol", "size", "store"}

type stats struct {
	connections, bytes, acks, writes, sent, wills, takeovers atomic.Uint64
	received                                                 [3]atomic.Uint64 // by QoS
	refused                                                  [refusals]atomic.Uint64
	delay                                                    prometheus.Histogram
}

func (s *stats) init() {
	s.delay = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "jingwei_mqtt_ack_delay_seconds",
		Help:    "Time from reading a message to its acknowledgement; between the two it is made durable.",
		Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10}})
}

func (s *stats) refuse(r refusal) { s.refused[r].Add(1) }

func (s *stats) ack(d time.Duration) {
	s.acks.Add(1)
	s.delay.Observe(d.Seconds())
}

// Stats are counts since the start.
type Stats struct {
	Connections uint64 // accepted
	Clients     int    // signed in now
	Received    uint64 // messages
	Bytes       uint64 // of them
	Acks        uint64 // acknowledged as durable
	Writes      uint64 // system calls, or TLS records, that took all packets to the clients
	Sent        uint64 // messages of the node
	Wills       uint64
	TakeOvers   uint64
	Refused     map[string]uint64 // busy, tls, credentials, topic, protocol, size, store
}

// Stats returns them.
func (b *Broker) Stats() Stats {
	s := &b.stats
	b.mu.Lock()
	clients := len(b.clients)
	b.mu.Unlock()
	out := Stats{Connections: s.connections.Load(), Clients: clients, Bytes: s.bytes.Load(), Acks: s.acks.Load(), Writes: s.writes.Load(),
		Sent: s.sent.Load(), Wills: s.wills.Load(), TakeOvers: s.takeovers.Load(), Refused: map[string]uint64{}}
	for i := range s.received {
		out.Received += s.received[i].Load()
	}
	for i, name := range refusalNames {
		out.Refused[name] = s.refused[i].Load()
	}
	return out
}

// Collectors are the room's metrics for a Prometheus registry.
func (b *Broker) Collectors() []prometheus.Collector {
	s := &b.stats
	count := func(name, help string, labels prometheus.Labels, v *atomic.Uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "jingwei_mqtt_" + name, Help: help, ConstLabels: labels}, func() float64 { return float64(v.Load()) })
	}
	out := []prometheus.Collector{
		s.delay,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "jingwei_mqtt_clients", Help: "MQTT clients signed in now."}, func() float64 {
			b.mu.Lock()
			defer b.mu.Unlock()
			return float64(len(b.clients))
		}),
		count("connections_total", "Connections accepted.", nil, &s.connections),
		count("received_bytes_total", "Bytes of messages received.", nil, &s.bytes),
		count("acks_total", "Messages acknowledged after they were durable.", nil, &s.acks),
		count("writes_total", "Writes to clients; acknowledgements are joined in them.", nil, &s.writes),
		count("sent_total", "Messages of the node sent to clients.", nil, &s.sent),
		count("wills_total", "Last wills delivered.", nil, &s.wills),
		count("takeovers_total", "Connections that ended because their client connected again.", nil, &s.takeovers),
	}
	for i, q := range []string{"0", "1", "2"} {
		out = append(out, count("messages_total", "Messages received.", prometheus.Labels{"qos": q}, &s.received[i]))
	}
	for i, name := range refusalNames {
		out = append(out, count("refused_total", "Connections and messages refused.", prometheus.Labels{"reason": name}, &s.refused[i]))
	}
	return out
}

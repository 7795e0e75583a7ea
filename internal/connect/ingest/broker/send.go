package broker

import (
	"sync"

	"github.com/mochi-mqtt/server/v2/packets"
)

// sender is the way of the node's own messages to one client.
type sender struct {
	peer   *peer
	window int // QoS 1 messages that the client takes unacknowledged
	limit  int // longest packet that the client takes; 0: any

	mu     sync.Mutex
	subs   map[string]byte // granted QoS by filter
	fresh  []string        // granted in the SUBACK that is being written
	id     uint16
	flying map[uint16]struct{}
	queue  [][]byte // QoS 1 that waits for its turn, without packet ids
	bytes  int      // in queue
}

// Bounds of what waits for one client.
const (
	maxSendWindow = 32
	maxSendQueue  = 1000
	maxSendBytes  = 1 << 20
)

func (s *sender) init(p *peer) {
	s.peer, s.window = p, maxSendWindow
	s.subs, s.flying = map[string]byte{}, map[uint16]struct{}{}
}

// greet reads the limits of the CONNECT.
func (s *sender) greet(pk *packets.Packet) {
	if n := pk.Properties.ReceiveMaximum; n > 0 {
		s.window = min(int(n), maxSendWindow)
	}
	s.limit = int(pk.Properties.MaximumPacketSize)
}

func (s *sender) subscribe(filter string, qos byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subs[filter] = qos
	s.fresh = append(s.fresh, filter)
}

func (s *sender) unsubscribe(filter string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.subs, filter)
}

func (s *sender) granted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := s.fresh
	s.fresh = nil
	return fresh
}

func (s *sender) send(topic string, payload []byte, qos byte, retained bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.peer.conn.reason() != nil {
		return ErrGone
	}
	granted, subscribed := byte(0), false
	for filter, q := range s.subs {
		if Matches(filter, topic) {
			granted, subscribed = max(granted, q), true
		}
	}
	if !subscribed {
		return ErrNotSubscribed
	}
	qos = min(qos, granted, 1)
	packet := publish(topic, payload, qos, retained, s.peer.version)
	switch {
	case s.limit > 0 && len(packet) > s.limit, len(payload) > maxSendBytes:
		return ErrTooLarge
	case qos == 0:
		s.peer.conn.queue(packet, true)
	case len(s.flying) < s.window:
		s.fly(packet)
	case len(s.queue) >= maxSendQueue || s.bytes+len(packet) > maxSendBytes:
		return ErrQueueFull
	default:
		s.queue = append(s.queue, packet)
		s.bytes += len(packet)
	}
	s.peer.broker.stats.sent.Add(1)
	return nil
}

// fly gives a packet an id that the client has acknowledged, and sends it.
func (s *sender) fly(packet []byte) {
	for {
		s.id++
		if _, taken := s.flying[s.id]; s.id != 0 && !taken {
			break
		}
	}
	s.flying[s.id] = struct{}{}
	at := 1
	for packet[at]&128 != 0 {
		at++
	}
	at += 1 + 2 + int(packet[at+1])<<8 + int(packet[at+2])
	packet[at], packet[at+1] = byte(s.id>>8), byte(s.id)
	s.peer.conn.queue(packet, true)
}

// acked is the client's PUBACK. Nothing is sent twice on one connection, and the next one begins anew.
func (s *sender) acked(id uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.flying, id)
	for len(s.queue) > 0 && len(s.flying) < s.window {
		packet := s.queue[0]
		s.queue[0] = nil
		s.queue = s.queue[1:]
		s.bytes -= len(packet)
		s.fly(packet)
	}
}

// publish encodes a PUBLISH; a packet id is left zero.
func publish(topic string, payload []byte, qos byte, retained bool, version byte) []byte {
	n := 2 + len(topic) + len(payload)
	if qos > 0 {
		n += 2
	}
	if version == 5 {
		n++
	}
	p := make([]byte, 0, n+5)
	first := byte(packetPublish) | qos<<1
	if retained {
		first |= 1
	}
	p = append(p, first)
	for rest := n; ; {
		b := byte(rest & 127)
		if rest >>= 7; rest > 0 {
			p = append(p, b|128)
			continue
		}
		p = append(p, b)
		break
	}
	p = append(p, byte(len(topic)>>8), byte(len(topic)))
	p = append(p, topic...)
	if qos > 0 {
		p = append(p, 0, 0)
	}
	if version == 5 {
		p = append(p, 0) // no properties
	}
	return append(p, payload...)
}

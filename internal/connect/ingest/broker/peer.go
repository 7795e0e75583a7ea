package broker

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// First bytes of packets.
const (
	packetPublish    = 0x30
	packetPuback     = 0x40
	packetPubrec     = 0x50
	packetPubcomp    = 0x70
	packetDisconnect = 0xE0
)

// Reason codes of DISCONNECT (MQTT 5.0, table 3-10).
const (
	disconnectError        = 0x80
	disconnectShuttingDown = 0x8B
	disconnectTakenOver    = 0x8E
	disconnectAdmin        = 0x98
)

// peer is a client that has signed in: its messages under way and its acknowledgements, its subscriptions, its will.
// The methods that take packets are called on the connection's own goroutine.
type peer struct {
	broker  *Broker
	conn    *conn
	session Session
	key     string // of Broker.clients
	version byte
	will    *Message
	left    chan struct{} // closed after Session.Closed

	handing atomic.Uint64 // number + 1 of the message that is being handed to the session
	room    chan struct{} // capacity 1: a message has left the ring

	mu      sync.Mutex
	ring    ring
	waiting bool // the reader, for room
	failed  bool // a message could not be made durable: nothing after it is acknowledged

	released map[uint16]struct{} // QoS 2: taken, PUBREL not yet seen; the connection's goroutine only
	sender   sender
}

func newPeer(b *Broker, c *conn, s Session, key string) *peer {
	p := &peer{broker: b, conn: c, session: s, key: key, version: c.version, left: make(chan struct{}), room: make(chan struct{}, 1), ring: newRing(b.o.MaxInflight)}
	p.sender.init(p)
	return p
}

// take takes a PUBLISH. An error ends the connection.
func (p *peer) take(cl *mqtt.Client, pk *packets.Packet) error {
	s := &p.broker.stats
	if code := pk.PublishValidate(maxAliases); code != packets.CodeSuccess {
		s.refuse(refusedProtocol)
		return code
	}
	topic := pk.TopicName
	if pk.Properties.TopicAliasFlag {
		if topic = cl.State.TopicAliases.Inbound.Set(pk.Properties.TopicAlias, topic); topic == "" {
			s.refuse(refusedProtocol)
			return packets.ErrTopicAliasInvalid // never introduced
		}
	}
	size := pk.FixedHeader.Remaining
	e := entry{began: time.Now(), size: size, id: pk.PacketID}
	qos := pk.FixedHeader.Qos
	s.received[qos].Add(1)
	s.bytes.Add(uint64(size))
	switch qos {
	case 1:
		e.packet = packetPuback
	case 2:
		e.packet = packetPubrec
		if _, again := p.released[e.id]; again { // MQTT-4.3.3-10
			return p.answer(e)
		}
	}
	if !p.session.MayPublish(topic) {
		s.refuse(refusedTopic)
		switch {
		case qos == 0:
			return nil
		case p.version == 5:
			e.code = packets.ErrNotAuthorized.Code
			return p.answer(e)
		}
		return ErrTopic // 3.1.1 has no other way to say so
	}
	if qos == 2 {
		if len(p.released) >= p.broker.o.MaxInflight {
			s.refuse(refusedProtocol)
			return packets.ErrReceiveMaximum
		}
		if p.released == nil {
			p.released = map[uint16]struct{}{}
		}
		p.released[e.id] = struct{}{}
	}
	number, err := p.enter(e)
	if err != nil {
		return err
	}
	p.handing.Store(number + 1)
	p.session.Message(Message{Topic: topic, Payload: pk.Payload, QoS: qos, Retained: pk.FixedHeader.Retain}, func(err error) { p.done(number, err) })
	p.handing.Store(0)
	return nil
}

// answer acknowledges without asking the session, in its turn.
func (p *peer) answer(e entry) error {
	number, err := p.enter(e)
	if err != nil {
		return err
	}
	p.done(number, nil)
	return nil
}

// release answers a PUBREL. It is right also for an id that is not known: the PUBCOMP may have been lost.
func (p *peer) release(id uint16) {
	delete(p.released, id)
	p.conn.queue([]byte{packetPubcomp, 2, byte(id >> 8), byte(id)}, false)
}

// enter puts a message into the ring, and waits for room there.
func (p *peer) enter(e entry) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.ring.len() >= p.broker.o.MaxInflight || p.ring.len() > 0 && p.ring.bytes+e.size > p.broker.o.MaxInflightBytes {
		p.waiting = true
		p.mu.Unlock()
		p.conn.flush() // the client waits for its acknowledgements as we wait for room
		select {
		case <-p.room:
		case <-p.conn.gone:
		}
		p.mu.Lock()
		if err := p.conn.reason(); err != nil {
			return 0, err
		}
	}
	return p.ring.add(e), nil
}

// done is what a session calls, from any goroutine. It does not block.
func (p *peer) done(number uint64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ring.finish(number) {
		p.broker.log.Error("MQTT: a session told twice that a message is done", "client", p.key)
		return
	}
	if err != nil {
		p.failed = true
		p.broker.stats.refuse(refusedStore)
		p.conn.end(err, disconnectError)
	}
	if p.failed {
		return
	}
	var buf [64]byte
	acks, freed := buf[:0], false
	for {
		e, ok := p.ring.next()
		if !ok {
			break
		}
		freed = true
		if e.packet == 0 {
			continue
		}
		if e.code != 0 {
			acks = append(acks, e.packet, 3, byte(e.id>>8), byte(e.id), e.code)
			continue
		}
		acks = append(acks, e.packet, 2, byte(e.id>>8), byte(e.id))
		p.broker.stats.ack(time.Since(e.began))
	}
	if len(acks) > 0 {
		// A session that is done while it is being handed the message does not stand still: the reader will be back in
		// Read at once, and writes there.
		p.conn.queue(acks, p.handing.Load() != number+1)
	}
	if freed && p.waiting {
		p.waiting = false
		select {
		case p.room <- struct{}{}:
		default:
		}
	}
}

// Send is Conn's.
func (p *peer) Send(topic string, payload []byte, qos byte, retained bool) error {
	return p.sender.send(topic, payload, qos, retained)
}

// Close is Conn's.
func (p *peer) Close(reason error) {
	if reason == nil {
		reason = errors.New("closed by the node")
	}
	p.conn.end(reason, disconnectAdmin)
}

// leave is the end of the connection: the will, and the session's last call.
func (p *peer) leave(err error) {
	b := p.broker
	if why := p.conn.reason(); err != nil && !errors.Is(why, net.ErrClosed) {
		err = why // the node's own reason; the read error is only its consequence
	}
	switch {
	case errors.Is(err, packets.ErrPacketTooLarge):
		b.stats.refuse(refusedSize)
		err = ErrTooLarge
	case errors.Is(err, packets.ErrProtocolViolationZeroNonZeroExpiry):
		err = nil // a DISCONNECT that asks to keep a session which we said we do not keep
	case b.stopping.Load():
		err = ErrStopping
	}
	if p.will != nil && err != nil && err != ErrStopping {
		b.stats.wills.Add(1)
		p.session.Message(*p.will, func(error) {})
	}
	p.session.Closed(err)
	b.mu.Lock()
	if b.clients[p.key] == p {
		delete(b.clients, p.key)
	}
	b.signed--
	b.mu.Unlock()
	close(p.left)
}

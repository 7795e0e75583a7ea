package broker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// hook stands between mochi (v2.7.9) and the sessions. What it must know of mochi's inside:
//
//   - After OnPublish mochi acknowledges and hands on to subscribers; before it, it asks for the right to a topic that
//     may still be an alias, drops topics that begin with $SYS in any case of letters without a word (OneNET's begin
//     with $sys), and lowers QoS 2 to 1 where only 1 is offered but the client does not know it. A rejection there
//     costs a copy of the packet for a log line that nobody reads. So messages are taken one step earlier, in
//     OnPacketRead, and mochi goes on with a packet that does nothing.
//   - An error of OnPacketRead other than ErrRejectPacket is ignored; that one ends the connection.
//   - A session of the same client id is inherited. Here ids are unique to the connection, so that there is never one.
//   - OnDisconnect is not called when the CONNACK cannot be written. The end of a session hangs on the goroutine of the
//     connection instead (peer.leave).
//   - A will is published to subscribers and retained. It is taken out of mochi's hands at the CONNECT.
//   - Subscriptions stand in mochi's index, but nothing is ever published through it.
type hook struct {
	mqtt.HookBase
	broker *Broker
}

// maxAliases is how many topics a client of version 5 may abbreviate.
const maxAliases = 256

// maxName bounds client ids and user names.
const maxName = 512

func (h *hook) ID() string { return "jingwei" }

func (h *hook) Provides(b byte) bool {
	return bytes.IndexByte([]byte{mqtt.OnConnect, mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnPacketRead,
		mqtt.OnPacketEncode, mqtt.OnPacketSent, mqtt.OnSubscribed, mqtt.OnUnsubscribed}, b) >= 0
}

// OnConnect signs the client in. Its refusals are written here: mochi's own would be "not authorised" for every reason.
func (h *hook) OnConnect(cl *mqtt.Client, pk packets.Packet) error {
	c, b := cl.Net.Conn.(*conn), h.broker
	refuse := func(why refusal, code packets.Code, v3 byte, err error) error {
		b.stats.refuse(why)
		b.log.Info("MQTT: client refused", "client", pk.Connect.ClientIdentifier, "user", string(pk.Connect.Username), "remote", cl.Net.Remote, "reason", err)
		if pk.ProtocolVersion < 5 {
			code = packets.Code{Code: v3}
		}
		b.server.SendConnack(cl, code, false, nil)
		return err
	}
	busy := func(err error) error { return refuse(refusedBusy, packets.ErrServerBusy, 3, err) }
	switch {
	case pk.Properties.AuthenticationMethod != "":
		return refuse(refusedProtocol, packets.ErrBadAuthenticationMethod, 5, errors.New("extended authentication is not offered"))
	case len(pk.Connect.ClientIdentifier) > maxName:
		return refuse(refusedProtocol, packets.ErrClientIdentifierNotValid, 2, errors.New("the client id is too long"))
	case len(pk.Connect.Username) > maxName, len(pk.Connect.Username) == 0 && c.cert == nil: // nobody is anonymous
		return refuse(refusedCredentials, packets.ErrBadUsernameOrPassword, 4, ErrCredentials)
	}
	b.mu.Lock()
	full := b.signed >= b.o.MaxConns || b.stopping.Load()
	if !full {
		b.signed++
	}
	b.mu.Unlock()
	if full {
		return busy(errors.New("too many clients"))
	}
	leave := func() {
		b.mu.Lock()
		b.signed--
		b.mu.Unlock()
	}
	client := &Client{ID: pk.Connect.ClientIdentifier, Username: string(pk.Connect.Username), Password: pk.Connect.Password,
		Certificate: c.cert, Remote: cl.Net.Remote, Version: pk.ProtocolVersion}
	ctx, cancel := context.WithTimeout(context.Background(), b.o.ConnectTimeout)
	defer cancel()
	p := newPeer(b, c, nil, owner(client, cl.ID))
	client.Conn = p
	session, err := b.o.Handler.Connect(ctx, client)
	clear(pk.Connect.Password)
	if err != nil {
		leave()
		switch {
		case errors.Is(err, ErrCredentials):
			return refuse(refusedCredentials, packets.ErrBadUsernameOrPassword, 4, err)
		case errors.Is(err, ErrNotAllowed):
			return refuse(refusedCredentials, packets.ErrNotAuthorized, 5, err)
		}
		return busy(err)
	}
	p.session, p.version = session, pk.ProtocolVersion
	if pk.Connect.WillFlag {
		if session.MayPublish(pk.Connect.WillTopic) {
			p.will = &Message{Topic: pk.Connect.WillTopic, Payload: pk.Connect.WillPayload, QoS: pk.Connect.WillQos, Retained: pk.Connect.WillRetain, Will: true}
		} else {
			leave()
			session.Closed(ErrTopic)
			return refuse(refusedTopic, packets.ErrNotAuthorized, 5, ErrTopic)
		}
	}
	if err := b.takeOver(ctx, p); err != nil {
		leave()
		session.Closed(err)
		return busy(err)
	}
	p.sender.greet(&pk)
	c.mu.Lock()
	c.version = pk.ProtocolVersion
	c.mu.Unlock()
	c.peer = p
	c.keepAlive = time.Duration(pk.Connect.Keepalive) * time.Second
	cl.ID = p.key + "#" + strconv.FormatUint(b.serial.Add(1), 36)
	cl.Properties.Clean = true // forgotten with its connection
	cl.Properties.Will = mqtt.Will{}
	return nil
}

// owner is the key of a client: its id within the credential that it signed in with. So one tenant cannot take over
// another's connection by using its client id.
func owner(c *Client, id string) string {
	key := strconv.Itoa(len(c.Username)) + ":" + c.Username + "/"
	if c.Certificate != nil {
		sum := sha256.Sum256(c.Certificate.Raw)
		key += hex.EncodeToString(sum[:8]) + "/"
	}
	return key + id
}

// takeOver ends the connection that the same client has already, waits until its session has closed, will and all, and
// takes its place: the newest wins, and nothing of the older one comes after it.
func (b *Broker) takeOver(ctx context.Context, p *peer) error {
	for {
		b.mu.Lock()
		old := b.clients[p.key]
		if old == nil {
			b.clients[p.key] = p
			b.mu.Unlock()
			return nil
		}
		b.mu.Unlock()
		b.stats.takeovers.Add(1)
		old.conn.end(ErrTakenOver, disconnectTakenOver)
		select {
		case <-old.left:
		case <-ctx.Done():
			return errors.New("the client's older connection is still being closed")
		}
	}
}

// OnConnectAuthenticate lets in whom OnConnect has signed in.
func (h *hook) OnConnectAuthenticate(cl *mqtt.Client, _ packets.Packet) bool {
	return cl.Net.Conn.(*conn).peer != nil
}

// OnACLCheck is asked for subscriptions only: no PUBLISH gets as far as mochi's question.
func (h *hook) OnACLCheck(cl *mqtt.Client, filter string, write bool) bool {
	p := cl.Net.Conn.(*conn).peer
	if write || p == nil || mqtt.IsSharedFilter(filter) || cl.State.Subscriptions.Len() >= h.broker.o.MaxSubscriptions {
		return false
	}
	return p.session.MaySubscribe(filter)
}

// nothing is what mochi goes on with when a packet has been dealt with: the acknowledgement of a message that it never
// sent.
var nothing = packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Puback}}

// OnPacketRead takes the messages and the acknowledgements of the node's own.
func (h *hook) OnPacketRead(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	c := cl.Net.Conn.(*conn)
	p := c.peer
	if p == nil {
		return pk, nil // the CONNECT
	}
	switch pk.FixedHeader.Type {
	case packets.Publish:
		if err := p.take(cl, &pk); err != nil {
			code := byte(disconnectError)
			if told, ok := err.(packets.Code); ok {
				code = told.Code
			} else if err == ErrTopic {
				code = packets.ErrNotAuthorized.Code
			}
			c.end(err, code)
			return pk, packets.ErrRejectPacket
		}
	case packets.Puback:
		p.sender.acked(pk.PacketID)
	case packets.Pubrel:
		p.release(pk.PacketID)
	case packets.Pubrec, packets.Pubcomp: // the node sends no QoS 2
	default:
		return pk, nil
	}
	return nothing, nil
}

// OnPacketEncode adds to the CONNACK what mochi leaves out, so that clients of version 5 keep to it.
func (h *hook) OnPacketEncode(_ *mqtt.Client, pk packets.Packet) packets.Packet {
	if pk.FixedHeader.Type == packets.Connack && pk.ReasonCode == 0 {
		pk.Properties.TopicAliasMaximum = maxAliases
		pk.Properties.MaximumPacketSize = uint32(h.broker.o.MaxPacket)
		pk.Properties.SharedSubAvailableFlag, pk.Properties.SharedSubAvailable = true, 0
		pk.Properties.SubIDAvailableFlag, pk.Properties.SubIDAvailable = true, 0
	}
	return pk
}

// OnSubscribed comes before the SUBACK, OnPacketSent after it.
func (h *hook) OnSubscribed(cl *mqtt.Client, pk packets.Packet, codes []byte) {
	p := cl.Net.Conn.(*conn).peer
	for i, f := range pk.Filters {
		if codes[i] <= 2 {
			p.sender.subscribe(f.Filter, codes[i])
		}
	}
}

func (h *hook) OnPacketSent(cl *mqtt.Client, pk packets.Packet, _ []byte) {
	if pk.FixedHeader.Type != packets.Suback {
		return
	}
	p := cl.Net.Conn.(*conn).peer
	for _, filter := range p.sender.granted() {
		p.session.Subscribed(filter)
	}
}

func (h *hook) OnUnsubscribed(cl *mqtt.Client, pk packets.Packet) {
	p := cl.Net.Conn.(*conn).peer
	if p == nil {
		return
	}
	for _, f := range pk.Filters {
		p.sender.unsubscribe(strings.Clone(f.Filter))
	}
}

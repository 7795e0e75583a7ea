package ingest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// mqttClient is as much of an MQTT 3.1.1 client as a load generator needs: CONNECT, PUBLISH at QoS 1, PUBACK.
type mqttClient struct {
	conn net.Conn
	out  []byte
	in   []byte
	held int // bytes of in that are the start of a packet
	next uint16
}

func dialMQTT(address, id, user, password string) (*mqttClient, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	c := &mqttClient{conn: conn, in: make([]byte, 4096)}
	text := func(b []byte, s string) []byte {
		return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
	}
	flags := byte(2) // clean session
	body := text(nil, id)
	if user != "" {
		flags |= 0xc0
		body = text(text(body, user), password)
	}
	head := append(text(nil, "MQTT"), 4, flags, 0, 60)
	packet := binary.AppendUvarint([]byte{0x10}, uint64(len(head)+len(body)))
	packet = append(append(packet, head...), body...)
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err = conn.Write(packet); err == nil {
		var answer [4]byte
		if _, err = io.ReadFull(conn, answer[:]); err == nil && (answer[0] != 0x20 || answer[3] != 0) {
			err = fmt.Errorf("CONNACK % x", answer)
		}
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("connect %s as %q: %w", address, id, err)
	}
	conn.SetDeadline(time.Time{})
	return c, nil
}

// add queues a message and returns its packet identifier.
func (c *mqttClient) add(topic string, body []byte) uint16 {
	if c.next++; c.next == 0 {
		c.next = 1
	}
	c.out = append(c.out, 0x32) // PUBLISH, QoS 1
	c.out = binary.AppendUvarint(c.out, uint64(2+len(topic)+2+len(body)))
	c.out = binary.BigEndian.AppendUint16(c.out, uint16(len(topic)))
	c.out = append(c.out, topic...)
	c.out = binary.BigEndian.AppendUint16(c.out, c.next)
	c.out = append(c.out, body...)
	return c.next
}

// flush writes what was queued, in one go.
func (c *mqttClient) flush() error {
	_, err := c.conn.Write(c.out)
	c.out = c.out[:0]
	return err
}

// acks waits for PUBACKs and calls done for each that has come. Other packets than those without a body are an error.
func (c *mqttClient) acks(done func(id uint16)) error {
	n, err := c.conn.Read(c.in[c.held:])
	if err != nil {
		return err
	}
	b := c.in[:c.held+n]
	for len(b) >= 2 {
		size := int(b[1])
		if size >= 0x80 {
			return errors.New("a packet longer than a generator expects")
		}
		if len(b) < 2+size {
			break
		}
		switch b[0] >> 4 {
		case 4: // PUBACK
			done(binary.BigEndian.Uint16(b[2:]))
		case 13, 9: // PINGRESP, SUBACK
		case 3: // a command of the host, which this device does not obey
		default:
			return fmt.Errorf("packet of type %d", b[0]>>4)
		}
		b = b[2+size:]
	}
	c.held = copy(c.in, b)
	return nil
}

// close says DISCONNECT, so that nobody mourns the device.
func (c *mqttClient) close() error {
	_, err := c.conn.Write([]byte{0xe0, 0})
	return errors.Join(err, c.conn.Close())
}

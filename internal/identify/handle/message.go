package handle

import (
	"encoding/binary"
	"slices"
)

// EnvelopeSize and HeaderSize are the lengths of the two fixed parts of a message, in bytes.
const (
	EnvelopeSize = 20
	HeaderSize   = 24
)

// Envelope begins each packet (RFC 3652, section 2.2.1, with DO-IRP's suggested version in the flags).
type Envelope struct {
	Version    Version
	Compressed bool
	Encrypted  bool
	Truncated  bool    // the message does not end with this packet, or did not begin with it
	Suggested  Version // what the sender would like to speak; major 0: none
	Session    uint32
	Request    uint32
	Sequence   uint32 // of the packet in its message, from 0
	Length     uint32 // of the whole message without envelopes, in bytes
}

const (
	flagCompressed = 0x80
	flagEncrypted  = 0x40
	flagTruncated  = 0x20
	maskSuggested  = 0x1f
)

// AppendEnvelope appends the 20 bytes.
func AppendEnvelope(dst []byte, e Envelope) []byte {
	flags := e.Suggested.Major & maskSuggested
	if e.Compressed {
		flags |= flagCompressed
	}
	if e.Encrypted {
		flags |= flagEncrypted
	}
	if e.Truncated {
		flags |= flagTruncated
	}
	dst = append(dst, e.Version.Major, e.Version.Minor, flags, e.Suggested.Minor)
	dst = binary.BigEndian.AppendUint32(dst, e.Session)
	dst = binary.BigEndian.AppendUint32(dst, e.Request)
	dst = binary.BigEndian.AppendUint32(dst, e.Sequence)
	return binary.BigEndian.AppendUint32(dst, e.Length)
}

// DecodeEnvelope reads the first 20 bytes of a packet. A message of another major version than 2 (or 5, which old clients
// send for 2.0), longer than MaxMessage or shorter than a header is a *FormatError.
func DecodeEnvelope(b []byte) (Envelope, error) {
	if len(b) < EnvelopeSize {
		return Envelope{}, malformed("envelope", len(b), "%d bytes", EnvelopeSize)
	}
	e := Envelope{
		Version:    Version{b[0], b[1]},
		Compressed: b[2]&flagCompressed != 0,
		Encrypted:  b[2]&flagEncrypted != 0,
		Truncated:  b[2]&flagTruncated != 0,
		Suggested:  Version{b[2] & maskSuggested, b[3]},
		Session:    binary.BigEndian.Uint32(b[4:]),
		Request:    binary.BigEndian.Uint32(b[8:]),
		Sequence:   binary.BigEndian.Uint32(b[12:]),
		Length:     binary.BigEndian.Uint32(b[16:]),
	}
	switch {
	case e.Version.Major != 2 && e.Version.Major != 5 && e.Version.Major != 3:
		return e, malformed("protocol version", e.Version, "2.1 to 2.11")
	case e.Length > MaxMessage:
		return e, malformed("message length", e.Length, "at most %d bytes", MaxMessage)
	case e.Length < HeaderSize:
		return e, malformed("message length", e.Length, "at least the header's %d bytes", HeaderSize)
	}
	return e, nil
}

// Header is what a message is about (RFC 3652, section 2.2.2).
type Header struct {
	Operation  Operation
	Code       Code
	Flags      Flags
	SiteSerial uint16 // of the HS_SITE by which the client chose the server; 0 unknown
	Recursion  uint8
	Expiration uint32 // unix seconds after which the message is void; 0 never
	BodyLength uint32
}

// AppendHeader appends the 24 bytes.
func AppendHeader(dst []byte, h Header) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(h.Operation))
	dst = binary.BigEndian.AppendUint32(dst, uint32(h.Code))
	dst = binary.BigEndian.AppendUint32(dst, uint32(h.Flags))
	dst = binary.BigEndian.AppendUint16(dst, h.SiteSerial)
	dst = append(dst, h.Recursion, 0)
	dst = binary.BigEndian.AppendUint32(dst, h.Expiration)
	return binary.BigEndian.AppendUint32(dst, h.BodyLength)
}

// Message is a whole message. Body, Credential and Digested are parts of the bytes that were decoded.
type Message struct {
	Envelope
	Header
	Body       []byte
	Credential []byte // empty: none; DecodeCredential
	// Digested is header and body as they were received: what digests and signatures are over. Nothing else may stand
	// for it, for another encoder's bytes may differ.
	Digested []byte
}

// DecodeMessage reads header, body and credential, which came in one or more packets under the envelope. The error is a
// *FormatError.
func DecodeMessage(e Envelope, payload []byte) (Message, error) {
	m := Message{Envelope: e}
	err := m.decode(payload)
	return m, err
}

func (m *Message) decode(payload []byte) error {
	if len(payload) < HeaderSize {
		return malformed("header", len(payload), "%d bytes", HeaderSize)
	}
	be := binary.BigEndian
	m.Header = Header{
		Operation:  Operation(be.Uint32(payload)),
		Code:       Code(be.Uint32(payload[4:])),
		Flags:      Flags(be.Uint32(payload[8:])),
		SiteSerial: be.Uint16(payload[12:]),
		Recursion:  payload[14],
		Expiration: be.Uint32(payload[16:]),
		BodyLength: be.Uint32(payload[20:]),
	}
	if uint64(m.BodyLength) > uint64(len(payload)-HeaderSize) {
		return malformed("body length", m.BodyLength, "%d bytes are left", len(payload)-HeaderSize)
	}
	end := HeaderSize + int(m.BodyLength)
	m.Body, m.Digested, m.Credential = payload[HeaderSize:end:end], payload[:end:end], nil
	if rest := payload[end:]; len(rest) >= 4 {
		n := be.Uint32(rest)
		if uint64(n) > uint64(len(rest)-4) {
			return malformed("credential length", n, "%d bytes are left", len(rest)-4)
		}
		m.Credential = rest[4 : 4+n : 4+n]
	}
	return nil
}

// AppendMessage appends a message in one piece: envelope (its length filled in), header (its body length filled in), body,
// and the length of no credential.
func AppendMessage(dst []byte, e Envelope, h Header, body []byte) []byte {
	h.BodyLength = uint32(len(body))
	e.Length = uint32(HeaderSize + len(body) + 4)
	dst = slices.Grow(dst, EnvelopeSize+int(e.Length))
	dst = AppendEnvelope(dst, e)
	dst = AppendHeader(dst, h)
	dst = append(dst, body...)
	return append(dst, 0, 0, 0, 0)
}

// Packets is how many UDP packets a message of so many bytes (without envelope) takes.
func Packets(length int) int { return (length + MaxPayload - 1) / MaxPayload }

// AppendPacket appends the i-th packet of a message that AppendMessage wrote: an envelope with its sequence number, and
// its part of the message. Each packet of a message that takes more than one is marked truncated.
func AppendPacket(dst, message []byte, i int) []byte {
	length := len(message) - EnvelopeSize
	from, to := i*MaxPayload, min((i+1)*MaxPayload, length)
	at := len(dst)
	dst = append(dst, message[:EnvelopeSize]...)
	if Packets(length) > 1 {
		dst[at+2] |= flagTruncated
	}
	binary.BigEndian.PutUint32(dst[at+12:], uint32(i))
	return append(dst, message[EnvelopeSize+from:EnvelopeSize+to]...)
}

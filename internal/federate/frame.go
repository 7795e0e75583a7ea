package federate

import "encoding/binary"

// ALPN is the protocol name offered in the TLS handshake. It names the framing; the version of what is inside is
// negotiated in the hello.
const ALPN = "jingwei-link"

const (
	headerBytes = 8
	// MaxFrame bounds the payload of any frame, whatever the two ends agreed on.
	MaxFrame = 1 << 20
	// maxBaseFrame bounds the payload of frames on channel 0, which no credit holds back.
	maxBaseFrame = 64 << 10
)

// frameType is the first byte of a frame.
type frameType uint8

const (
	frameHello   frameType = 1  // child, first frame
	frameWelcome frameType = 2  // node, answer to it
	frameGoodbye frameType = 3  // either, last frame
	framePing    frameType = 4  // either
	framePong    frameType = 5  // answer to a ping
	frameOpen    frameType = 6  // opens the channel of its header
	frameOpened  frameType = 7  // the other end took it
	frameData    frameType = 8  // a piece of a message
	frameCredit  frameType = 9  // so many bytes more may be sent on the channel
	frameReset   frameType = 10 // the channel ends, with a reason; also the refusal of an open
)

const (
	// flagEnd marks the last piece of a message.
	flagEnd = 1 << 0
	// flagIgnorable marks a frame of a later version that a receiver which does not know its type may skip.
	flagIgnorable = 1 << 7
)

// header stands before every payload: type, flags, channel (u16), length of the payload (u32), little-endian.
type header struct {
	Type    frameType
	Flags   uint8
	Channel uint16
	Length  uint32
}

func (h header) append(dst []byte) []byte {
	dst = append(dst, byte(h.Type), h.Flags)
	dst = binary.LittleEndian.AppendUint16(dst, h.Channel)
	return binary.LittleEndian.AppendUint32(dst, h.Length)
}

// parseHeader checks what can be known before the payload is read: nothing is allocated for a frame that is too long.
func parseHeader(b [headerBytes]byte, limit int) (header, error) {
	h := header{
		Type: frameType(b[0]), Flags: b[1],
		Channel: binary.LittleEndian.Uint16(b[2:]),
		Length:  binary.LittleEndian.Uint32(b[4:]),
	}
	if h.Channel == 0 {
		limit = min(limit, maxBaseFrame)
	}
	if uint64(h.Length) > uint64(limit) {
		return h, malformed("frame of type %d on channel %d announces %d bytes, the limit is %d", h.Type, h.Channel, h.Length, limit)
	}
	known := h.Type >= frameHello && h.Type <= frameReset
	if !known && h.Flags&flagIgnorable == 0 {
		return h, malformed("frame type %d is not known in this version", h.Type)
	}
	if known && (h.Channel == 0) != (h.Type <= framePong) {
		return h, malformed("frame of type %d on channel %d", h.Type, h.Channel)
	}
	return h, nil
}

func appendFrame(dst []byte, t frameType, flags uint8, channel uint16, payload []byte) []byte {
	dst = header{Type: t, Flags: flags, Channel: channel, Length: uint32(len(payload))}.append(dst)
	return append(dst, payload...)
}

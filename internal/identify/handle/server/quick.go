package server

import (
	"encoding/binary"
	"time"

	"jingwei/internal/identify/handle"
)

// quick answers resolutions that need nothing but the record: in one packet, from anybody, not signed. It allocates nothing
// once its buffers have grown, and belongs to one goroutine.
type quick struct {
	processor *Processor
	message   handle.QuestionView
	key       []byte
	out       []byte
	expires   uint32 // of answers, unix seconds
	now       uint32
}

// at tells the time of the next packets.
func (w *quick) at(now time.Time) {
	w.now = uint32(now.Unix())
	w.expires = uint32(now.Add(w.processor.config.Limits.MessageTime).Unix())
}

// unquick are the flags of a resolution that need the desk.
const unquick = handle.FlagCertify | handle.FlagEncrypt | handle.FlagDoNotRefer

// answer answers a packet. The message is good until the next call; nil when the packet is not for here: it is more than a
// plain resolution, or broken.
func (w *quick) answer(packet []byte) []byte {
	be := binary.BigEndian
	if len(packet) < handle.EnvelopeSize+handle.HeaderSize {
		return nil
	}
	// The fields are read where they stand.
	length, body := be.Uint32(packet[16:]), be.Uint32(packet[40:])
	flags := handle.Flags(be.Uint32(packet[28:]))
	expiration := be.Uint32(packet[36:])
	digested := packet[handle.EnvelopeSize:]
	if packet[0] != 2 || packet[2]&0xe0 != 0 || be.Uint32(packet[4:]) != 0 || int(length) != len(digested) ||
		be.Uint32(packet[20:]) != uint32(handle.Resolve) || be.Uint32(packet[24:]) != 0 || flags&unquick != 0 ||
		packet[34] > handle.MaxRecursion || expiration != 0 && expiration < w.now || uint64(body) > uint64(length-handle.HeaderSize) {
		return nil
	}
	digested = digested[:handle.HeaderSize+body]
	if rest := packet[handle.EnvelopeSize+len(digested):]; len(rest) >= 4 && be.Uint32(rest) != 0 {
		return nil
	}
	if w.message.Decode(digested[handle.HeaderSize:]) != nil {
		return nil
	}
	version := handle.Speak(handle.Version{Major: packet[0], Minor: packet[1]}, handle.Version{Major: packet[2] & 0x1f, Minor: packet[3]})
	echo := flags & (echoed | handle.FlagReturnDigest)
	out := handle.AppendEnvelope(w.out[:0], handle.Envelope{Version: version, Suggested: handle.NewestVersion, Request: be.Uint32(packet[8:])})
	out = handle.AppendHeader(out, handle.Header{
		Operation: handle.Resolve, Flags: echo, SiteSerial: w.processor.site.Load().site.Serial, Recursion: packet[34], Expiration: w.expires,
	})
	if flags&handle.FlagReturnDigest != 0 {
		out = handle.AppendDigest(out, handle.AlgorithmOf(version), digested)
	}
	out, code := w.record(out, flags)
	w.out = out[:0]
	if code == handle.Request {
		return nil
	}
	code = handle.DownMap(code, version)
	out = append(out, 0, 0, 0, 0)
	be.PutUint32(out[16:], uint32(len(out)-handle.EnvelopeSize))
	be.PutUint32(out[24:], uint32(code))
	be.PutUint32(out[40:], uint32(len(out)-handle.EnvelopeSize-handle.HeaderSize-4))
	return out
}

// record appends the body of the answer: the record, a referral, or an empty text. Code 0: the desk must see to it.
func (w *quick) record(out []byte, flags handle.Flags) ([]byte, handle.Code) {
	w.key = handle.Fold(w.key[:0], w.message.Name)
	at := len(out)
	out, ok := w.processor.config.Holdings.Append(out, w.key)
	if ok {
		access := handle.Anybody
		if flags&handle.FlagPublicOnly != 0 {
			access = handle.PublicOnly
		}
		n, code := handle.Select(out[at:], &w.message, access)
		switch code {
		case handle.Success:
			return out[:at+n], code
		case handle.ValueNotFound:
			return append(out[:at], 0, 0, 0, 0), code
		}
		return out, handle.Request
	}
	service, valid := w.processor.service(w.key)
	switch {
	case !valid:
		return out, handle.Request
	case service.Kind == Homed:
		return append(out, 0, 0, 0, 0), handle.NotFound
	case service.Kind == ReferService:
		return append(out, service.Referral...), handle.ServiceReferral
	case service.Kind == ReferAuthority:
		return append(out, service.Referral...), handle.PrefixReferral
	}
	return append(out, 0, 0, 0, 0), handle.NotResponsible
}

package handle

import (
	"encoding/binary"
	"slices"
)

// KeyExchange is how a session comes to its key.
type KeyExchange uint16

// The ways to a session's key (RFC 3652, section 2.2.4, and CNRI's numbers).
const (
	ExchangeNone   KeyExchange = 0
	ExchangeClient KeyExchange = 1 // the server makes it and encrypts it with the client's RSA key
	ExchangeServer KeyExchange = 2 // the client makes it and encrypts it with the server's RSA key
	ExchangeHandle KeyExchange = 3 // as ExchangeClient, with the key of a handle
	ExchangeDH     KeyExchange = 4 // Diffie-Hellman
)

// Setup is the body of operation 400.
type Setup struct {
	Exchange  KeyExchange
	Timeout   uint32    // seconds
	Identity  Reference // who the client says to be; nothing is believed of it
	PublicKey []byte    // the client's, for ExchangeClient and ExchangeDH
	KeyOf     Reference // for ExchangeHandle
}

// AppendSetup appends the body of operation 400.
func AppendSetup(dst []byte, s Setup) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(s.Exchange))
	dst = binary.BigEndian.AppendUint32(dst, s.Timeout)
	dst = appendStr(dst, s.Identity.Handle)
	dst = binary.BigEndian.AppendUint32(dst, s.Identity.Index)
	switch s.Exchange {
	case ExchangeClient, ExchangeDH:
		dst = appendStr(dst, s.PublicKey)
	case ExchangeHandle:
		dst = appendStr(dst, s.KeyOf.Handle)
		dst = binary.BigEndian.AppendUint32(dst, s.KeyOf.Index)
	}
	return dst
}

// DecodeSetup reads the body of operation 400; the two bytes that Java leaves at its end are passed over. The error is a
// *FormatError.
func DecodeSetup(body []byte) (Setup, error) {
	r := reader{b: body}
	s := Setup{Exchange: KeyExchange(r.u16("key exchange")), Timeout: r.u32("session timeout")}
	s.Identity.Handle = Name(r.str("identity", MaxName))
	s.Identity.Index = r.u32("identity's index")
	switch s.Exchange {
	case ExchangeClient, ExchangeDH:
		s.PublicKey = slices.Clone(r.str("public key", MaxKey))
	case ExchangeHandle:
		s.KeyOf.Handle = Name(r.str("key's handle", MaxName))
		s.KeyOf.Index = r.u32("key's index")
	}
	return s, r.err
}

// AppendSetupAnswer appends the answer of operation 400: the way, the key as the way has it, and two bytes that clients in the
// field count with.
func AppendSetupAnswer(dst []byte, way KeyExchange, data []byte) []byte {
	dst = appendStr(binary.BigEndian.AppendUint16(dst, uint16(way)), data)
	return append(dst, 0, 0)
}

// DecodeSetupAnswer reads the answer of operation 400. The error is a *FormatError.
func DecodeSetupAnswer(body []byte) (KeyExchange, []byte, error) {
	r := reader{b: body}
	way := KeyExchange(r.u16("key exchange"))
	data := slices.Clone(r.str("key", MaxKey))
	return way, data, r.err
}

// AppendExchange appends the body of operation 402: the session's key, encrypted.
func AppendExchange(dst, encrypted []byte) []byte { return appendStr(dst, encrypted) }

// DecodeExchange reads the body of operation 402. The error is a *FormatError.
func DecodeExchange(body []byte) ([]byte, error) {
	r := reader{b: body}
	return slices.Clone(r.str("encrypted key", MaxKey)), r.err
}

package handle

import (
	"crypto"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// The types of credentials.
const (
	CredentialSigned = "HS_SIGNED" // by a private key
	CredentialMAC    = "HS_MAC"    // by a session's key
)

// Credential stands at the end of a message that is signed (RFC 3652, section 2.2.4).
type Credential struct {
	Signer    Reference // empty for a server, and in sessions; there the index is the session's counter
	Type      string
	Algorithm string // such as "SHA-256"
	Signature []byte
}

// AppendCredential appends a credential without the length that stands before it in the message.
func AppendCredential(dst []byte, c Credential) []byte {
	dst = append(dst, 0, 0, 0, 0) // version, reserved, options
	dst = appendStr(dst, c.Signer.Handle)
	dst = binary.BigEndian.AppendUint32(dst, c.Signer.Index)
	dst = appendStr(dst, c.Type)
	dst = binary.BigEndian.AppendUint32(dst, uint32(8+len(c.Algorithm)+len(c.Signature)))
	return appendStr(appendStr(dst, c.Algorithm), c.Signature)
}

// DecodeCredential reads a message's credential. The error is a *FormatError.
func DecodeCredential(b []byte) (Credential, error) {
	r := reader{b: b}
	r.take("credential version and options", 4)
	c := Credential{Signer: Reference{Handle: Name(r.str("signer", MaxName))}}
	c.Signer.Index = r.u32("signer's index or session counter")
	c.Type = string(r.str("credential type", MaxType))
	r.u32("length of the signed information")
	c.Algorithm = string(r.str("digest algorithm", MaxType))
	c.Signature = slices.Clone(r.str("signature", MaxAnswer))
	return c, r.err
}

// WithCredential puts a credential at the end of a message that AppendMessage wrote with none.
func WithCredential(message []byte, c Credential) []byte {
	message = message[:len(message)-4]
	at := len(message)
	message = AppendCredential(append(message, 0, 0, 0, 0), c)
	binary.BigEndian.PutUint32(message[at:], uint32(len(message)-at-4))
	binary.BigEndian.PutUint32(message[16:], uint32(len(message)-EnvelopeSize))
	return message
}

// signed is what a credential is over: header and body, from 2.6 with version, session, request and counter before them, so
// that a message cannot be passed off as another's, from 2.8 with the suggested version after the version.
func signed(e Envelope, counter uint32, digested []byte) []byte {
	if !e.Version.AtLeast(boundVersion) {
		return digested
	}
	b := make([]byte, 0, 16+len(digested))
	b = append(b, e.Version.Major, e.Version.Minor)
	if e.Version.AtLeast(bound8Version) {
		b = append(b, e.Suggested.Major, e.Suggested.Minor)
	}
	b = binary.BigEndian.AppendUint32(b, e.Session)
	b = binary.BigEndian.AppendUint32(b, e.Request)
	b = binary.BigEndian.AppendUint32(b, counter)
	return append(b, digested...)
}

// Sign is the credential of a server that vouches for a message's envelope, header and body (Message.Digested).
func Sign(e Envelope, key crypto.PrivateKey, digested []byte) (Credential, error) {
	made, err := SignAs(e.Version, key, signed(e, 0, digested))
	if err != nil {
		return Credential{}, err
	}
	r := reader{b: made}
	c := Credential{Type: CredentialSigned, Algorithm: string(r.str("hash", 32))}
	c.Signature = r.str("signature", MaxAnswer)
	return c, r.err
}

// VerifyMessage checks a message that says it is signed by the key. ErrNotSigned when it is not; a *FormatError when the
// credential is none.
func VerifyMessage(key crypto.PublicKey, m Message) error {
	c, err := DecodeCredential(m.Credential)
	if err != nil {
		return err
	}
	if c.Type != CredentialSigned {
		return ErrNotSigned
	}
	return verify(key, hashName(c.Algorithm), signed(m.Envelope, c.Signer.Index, m.Digested), c.Signature)
}

// Authenticate is the credential of a message in a session with a key: the counter goes up with each message of the one
// who sends it.
func Authenticate(e Envelope, key []byte, counter uint32, digested []byte) Credential {
	c := Credential{Signer: Reference{Index: counter}, Type: CredentialMAC}
	if !e.Version.AtLeast(sha256Version) {
		sum := sha1.Sum(slices.Concat(key, digested, key))
		c.Algorithm, c.Signature = string(rune(SHA1)), sum[:]
		return c
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(signed(e, counter, digested))
	c.Algorithm, c.Signature = "HMAC-SHA256", mac.Sum(nil)
	return c
}

// VerifySession checks a message of a session and returns its counter. ErrNotSigned when it is not of the session; a
// *FormatError when the credential is none.
func VerifySession(key []byte, m Message) (uint32, error) {
	c, err := DecodeCredential(m.Credential)
	if err != nil {
		return 0, err
	}
	want := Authenticate(m.Envelope, key, c.Signer.Index, m.Digested)
	if c.Type != CredentialMAC || !hmac.Equal(c.Signature, want.Signature) {
		return 0, ErrNotSigned
	}
	return c.Signer.Index, nil
}

package federate

import (
	"encoding/binary"
)

// MessageKind is what a control message is about. The numbers are part of the format; a receiver answers one that it
// does not know with MessageUnknown and goes on.
type MessageKind uint8

const (
	MessageConfig      MessageKind = 1  // node: 32 bytes SHA-256 of the document, then the document
	MessageApplied     MessageKind = 2  // child: JSON of what became of a document (or of the one it holds, at the start)
	MessageStatus      MessageKind = 3  // child: JSON, coalesced: the newest replaces one that was not sent yet
	MessageRenew       MessageKind = 4  // child: a certificate signing request (DER)
	MessageCertificate MessageKind = 5  // node: the new certificate and its chain (PEM)
	MessageRenewRefuse MessageKind = 6  // node: why not, for people
	MessageUnknown     MessageKind = 7  // either: ID repeats the message that was not understood
	MessageAsk         MessageKind = 8  // node: JSON, a question that wants an answer now; to a gateway only where its hello names FeatureAsk
	MessageAnswer      MessageKind = 9  // child: JSON; ID repeats the question's
	MessageWithdraw    MessageKind = 10 // node: empty; ID repeats a question that nobody waits for any more
	MessageAgreement   MessageKind = 11 // either, between nodes: an agreement as the sender has it, JSON
	MessageAgreed      MessageKind = 12 // either, between nodes: JSON of what became of it; ID repeats the agreement's
)

// Bounds of questions and answers, before compression. A longer answer is the child's fault to mend: it cuts it short.
const (
	MaxAsk    = 256 << 10
	MaxAnswer = 1 << 20
)

// Control is one message of the control channel. ID ties an answer to what it answers.
type Control struct {
	Kind MessageKind
	ID   uint32
	Body []byte
}

// append writes kind, compression, two zero bytes, id, length and the packed body.
func (m Control) append(dst []byte, k *Packer) []byte {
	method, packed := k.pack(m.Body)
	dst = append(dst, byte(m.Kind), method, 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, m.ID)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(m.Body)))
	return append(dst, packed...)
}

func parseControl(b []byte, k *Packer) (Control, error) {
	r := reader{b: b}
	m := Control{Kind: MessageKind(r.u8())}
	method := r.u8()
	r.take(2)
	m.ID = r.u32()
	size := r.u32()
	if r.err != nil {
		return m, r.err
	}
	if size > maxDocument {
		return m, malformed("control message of %d bytes, at most %d are allowed", size, maxDocument)
	}
	body, err := k.unpack(method, r.b, int(size), maxDocument)
	m.Body = body
	return m, err
}

package channel

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/gopcua/opcua/ua"
	"github.com/gopcua/opcua/uacp"
	"github.com/gopcua/opcua/uapolicy"
	"github.com/gopcua/opcua/uasc"
)

// Bounds of what is taken from the other side, and what it is told of them. The length of a message also bounds how
// deep its values can be nested: a decoder that recurses must not run out of stack.
const (
	BufferSize = 65535 // of a chunk
	MaxMessage = 1 << 20
	maxChunks  = 1024
	maxParts   = 64 // messages that have come in part
	minBuffer  = 8192
)

const (
	headerLen    = 12 // type, chunk, size, channel
	symHeaderLen = headerLen + 4
	seqHeaderLen = 8
)

// ErrProtocol: what came is not OPC UA, or breaks its rules.
var ErrProtocol = errors.New("not OPC UA")

func protocol(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrProtocol}, args...)...)
}

// RemoteError is an ERR message: the other side ends the connection and says why.
type RemoteError struct {
	Status ua.StatusCode
	Reason string
}

func (e *RemoteError) Error() string { return fmt.Sprintf("%v: %s", e.Status, e.Reason) }

// Unwrap returns the status.
func (e *RemoteError) Unwrap() error { return e.Status }

// wire is one end of a conversation. One goroutine reads; any may write.
type wire struct {
	conn net.Conn
	buf  *bufio.Reader

	// asym gives the algorithm for an incoming OPN and judges its header.
	asym func(*uasc.AsymmetricSecurityHeader) (*uapolicy.EncryptionAlgorithm, error)

	// owned by the reader
	lastSeq  uint32
	anySeq   bool
	parts    map[uint32]*part
	asymWide bool // own key longer than 2048 bits: incoming padding has two size bytes

	mu      sync.Mutex
	sec     Security
	channel uint32
	token   uint32
	out     *uapolicy.EncryptionAlgorithm
	tokens  []token // for what comes: the newest and the one before it

	writing  sync.Mutex // never taken under mu: a reader must not wait for a writer whose peer does not read
	seq      uint32
	sendSize int
}

type token struct {
	id   uint32
	algo *uapolicy.EncryptionAlgorithm
}

type part struct {
	body   []byte
	chunks int
}

// message is one whole message as it came.
type message struct {
	kind    string // OPN, MSG, CLO
	id      uint32 // of the request
	body    []byte
	aborted error // the sender gave it up
}

func newWire(conn net.Conn, sec Security) *wire {
	return &wire{conn: conn, buf: bufio.NewReaderSize(conn, BufferSize), sec: sec, parts: map[uint32]*part{}, sendSize: minBuffer}
}

// chunk returns the next raw chunk, its 8-byte header included. It is valid until the caller lets go of it.
func (w *wire) chunk() ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(w.buf, head[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head[4:])
	if n < 8 || n > BufferSize {
		return nil, protocol("a chunk of %d bytes, beginning % x", n, head)
	}
	b := make([]byte, n)
	copy(b, head[:])
	if _, err := io.ReadFull(w.buf, b[8:]); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if string(b[:3]) == uacp.MessageTypeError {
		var e uacp.Error
		if _, err := e.Decode(b[8:]); err != nil {
			return nil, protocol("an ERR that cannot be decoded")
		}
		return nil, &RemoteError{Status: ua.StatusCode(e.ErrorCode), Reason: e.Reason}
	}
	return b, nil
}

// read returns the next whole message.
func (w *wire) read() (message, error) {
	for {
		raw, err := w.chunk()
		if err != nil {
			return message{}, err
		}
		kind := string(raw[:3])
		plain, err := w.open(kind, raw)
		if err != nil {
			return message{}, err
		}
		seq, id := binary.LittleEndian.Uint32(plain), binary.LittleEndian.Uint32(plain[4:])
		if err := w.follows(seq); err != nil {
			return message{}, err
		}
		body := plain[seqHeaderLen:]
		p := w.parts[id]
		switch raw[3] {
		case 'A':
			delete(w.parts, id)
			var a uasc.MessageAbort
			if _, err := a.Decode(body); err != nil {
				return message{}, protocol("an abort that cannot be decoded")
			}
			return message{kind: kind, id: id, aborted: ua.StatusCode(a.ErrorCode)}, nil
		case 'C':
			if p == nil {
				if len(w.parts) == maxParts {
					return message{}, protocol("more than %d messages in part", maxParts)
				}
				p = &part{}
				w.parts[id] = p
			}
			if p.chunks++; p.chunks > maxChunks || len(p.body)+len(body) > MaxMessage {
				return message{}, protocol("a message of more than %d bytes or %d chunks", MaxMessage, maxChunks)
			}
			p.body = append(p.body, body...)
			continue
		case 'F':
		default:
			return message{}, protocol("a chunk of type %q", raw[3])
		}
		if p != nil {
			delete(w.parts, id)
			body = append(p.body, body...)
		}
		if len(body) > MaxMessage {
			return message{}, protocol("a message of %d bytes; at most %d", len(body), MaxMessage)
		}
		return message{kind: kind, id: id, body: body}, nil
	}
}

// follows refuses a chunk that was replayed, dropped or moved. Only a signed sequence number is worth looking at.
func (w *wire) follows(seq uint32) error {
	last, any := w.lastSeq, w.anySeq
	w.lastSeq, w.anySeq = seq, true
	if !any || w.security().Mode == ua.MessageSecurityModeNone || seq == last+1 || seq < 1024 && last > 0xFFFFFFFF-1024 {
		return nil
	}
	return protocol("sequence number %d after %d", seq, last)
}

func (w *wire) security() Security {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sec
}

// open decrypts and verifies a chunk; what it returns begins with the sequence header.
func (w *wire) open(kind string, raw []byte) ([]byte, error) {
	switch kind {
	case uasc.MessageTypeOpenSecureChannel:
		if len(raw) < headerLen {
			return nil, protocol("an OPN of %d bytes", len(raw))
		}
		h := new(uasc.AsymmetricSecurityHeader)
		n, err := h.Decode(raw[headerLen:])
		if err != nil {
			return nil, protocol("an OPN header that cannot be decoded")
		}
		algo, err := w.asym(h)
		if err != nil {
			return nil, err
		}
		secure := h.SecurityPolicyURI != ua.SecurityPolicyURINone
		return unseal(algo, raw, headerLen+n, secure, secure, w.asymWide)
	case uasc.MessageTypeMessage, uasc.MessageTypeCloseSecureChannel:
		if len(raw) < symHeaderLen {
			return nil, protocol("a %s of %d bytes", kind, len(raw))
		}
		id := binary.LittleEndian.Uint32(raw[headerLen:])
		w.mu.Lock()
		mode := w.sec.Mode
		var algo *uapolicy.EncryptionAlgorithm
		for _, t := range w.tokens {
			if t.id == id {
				algo = t.algo
			}
		}
		w.mu.Unlock()
		if algo == nil {
			return nil, fmt.Errorf("security token %d is unknown: %w", id, ua.StatusBadSecureChannelTokenUnknown)
		}
		return unseal(algo, raw, symHeaderLen, mode != ua.MessageSecurityModeNone, mode == ua.MessageSecurityModeSignAndEncrypt, false)
	}
	return nil, protocol("a message of type %q", kind)
}

// use makes t the token of what is sent, and takes it for what comes beside the one before it.
func (w *wire) use(channel uint32, t token) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.channel, w.token, w.out = channel, t.id, t.algo
	w.tokens = append(w.tokens, t)
	if len(w.tokens) > 2 {
		w.tokens = w.tokens[len(w.tokens)-2:]
	}
}

// write sends a message in as many chunks as it takes.
func (w *wire) write(kind string, id uint32, body []byte) error {
	w.writing.Lock()
	defer w.writing.Unlock()
	w.mu.Lock()
	sec, out, channel, tokenID := w.sec, w.out, w.channel, w.token
	w.mu.Unlock()
	if out == nil && kind != uasc.MessageTypeOpenSecureChannel {
		return protocol("the channel is not open")
	}
	var b []byte
	for first := true; first || len(body) > 0; first = false {
		head := binary.LittleEndian.AppendUint32(append([]byte(kind), 'F', 0, 0, 0, 0), channel)
		algo, signed, encrypted, wide := out, sec.Mode != ua.MessageSecurityModeNone, sec.Mode == ua.MessageSecurityModeSignAndEncrypt, false
		if kind == uasc.MessageTypeOpenSecureChannel {
			var err error
			if algo, err = sec.Asymmetric(); err != nil {
				return err
			}
			h, err := sec.header().Encode()
			if err != nil {
				return err
			}
			head = append(head, h...)
			signed = sec.Policy != ua.SecurityPolicyURINone
			encrypted, wide = signed, algo.BlockSize() > 256
		} else {
			head = binary.LittleEndian.AppendUint32(head, tokenID)
		}
		n := min(len(body), room(algo, w.sendSize-len(head), signed, encrypted))
		if n < len(body) {
			if kind == uasc.MessageTypeOpenSecureChannel {
				return protocol("the buffer of %d bytes is too small to open a channel", w.sendSize)
			}
			head[3] = 'C'
		}
		if w.seq++; w.seq > 0xFFFFFFFF-1024 {
			w.seq = 1
		}
		plain := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, w.seq), id)
		sealed, err := seal(algo, head, append(plain, body[:n]...), signed, encrypted, wide)
		if err != nil {
			return fmt.Errorf("secure a %s: %w", kind, err)
		}
		b, body = append(b, sealed...), body[n:]
	}
	_, err := w.conn.Write(b)
	return err
}

// room is how much body a chunk holds whose headers leave n bytes.
func room(algo *uapolicy.EncryptionAlgorithm, n int, signed, encrypted bool) int {
	if encrypted {
		n = n/algo.BlockSize()*algo.PlaintextBlockSize() - 2
	}
	if signed {
		n -= algo.SignatureLength()
	}
	return max(n-seqHeaderLen, 1)
}

// seal signs and encrypts a chunk; head gets the size, plain begins with the sequence header.
func seal(algo *uapolicy.EncryptionAlgorithm, head, plain []byte, signed, encrypted, wide bool) ([]byte, error) {
	sig := 0
	if signed {
		sig = algo.SignatureLength()
	}
	size := len(head) + len(plain) + sig
	if encrypted {
		block, sizes := algo.PlaintextBlockSize(), 1
		if wide {
			sizes = 2
		}
		pad := (block - (len(plain)+sizes+sig)%block) % block
		for range pad + 1 {
			plain = append(plain, byte(pad))
		}
		if wide {
			plain = append(plain, byte(pad>>8))
		}
		size = len(head) + (len(plain)+sig)/block*algo.BlockSize()
	}
	binary.LittleEndian.PutUint32(head[4:], uint32(size))
	if signed {
		s, err := algo.Signature(append(append([]byte(nil), head...), plain...))
		if err != nil {
			return nil, err
		}
		plain = append(plain, s...)
	}
	if encrypted {
		var err error
		if plain, err = algo.Encrypt(plain); err != nil {
			return nil, err
		}
	}
	return append(head, plain...), nil
}

// unseal undoes seal. head is the length of what is not encrypted.
func unseal(algo *uapolicy.EncryptionAlgorithm, raw []byte, head int, signed, encrypted, wide bool) ([]byte, error) {
	bad := func(what string) ([]byte, error) {
		return nil, fmt.Errorf("%s: %w", what, ua.StatusBadSecurityChecksFailed)
	}
	data := raw[head:]
	if encrypted {
		var err error
		if data, err = algo.Decrypt(data); err != nil {
			return bad("a chunk cannot be decrypted")
		}
	}
	if signed {
		n := len(data) - algo.RemoteSignatureLength()
		if n < 0 {
			return bad("a chunk is shorter than its signature")
		}
		if err := algo.VerifySignature(append(append([]byte(nil), raw[:head]...), data[:n]...), data[n:]); err != nil {
			return bad("a chunk's signature is wrong")
		}
		data = data[:n]
	}
	if encrypted {
		n, sizes := 0, 1
		if wide {
			sizes = 2
		}
		if len(data) < sizes {
			return bad("a chunk has no padding")
		}
		n = int(data[len(data)-1])
		if wide {
			n = n<<8 | int(data[len(data)-2])
		}
		if n += sizes; n > len(data) {
			return bad("a chunk is shorter than its padding")
		}
		data = data[:len(data)-n]
	}
	if len(data) < seqHeaderLen {
		return nil, protocol("a chunk without a sequence header")
	}
	return data, nil
}

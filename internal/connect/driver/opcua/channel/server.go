package channel

import (
	"crypto/rsa"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/gopcua/opcua/uacp"
	"github.com/gopcua/opcua/uapolicy"
	"github.com/gopcua/opcua/uasc"
)

// ServerOptions are what a server's end needs.
type ServerOptions struct {
	Certificate []byte
	Key         *rsa.PrivateKey
	// Allow tells whether a client may open a channel so.
	Allow func(policy string, mode ua.MessageSecurityMode) bool
	// MaxLifetime bounds a security token's; default 1 h.
	MaxLifetime time.Duration
}

// Server is the server's end of one connection.
type Server struct {
	Endpoint string // as the client's Hello says

	w    *wire
	o    ServerOptions
	next Security // of the OPN being read
}

// Request is one service request.
type Request struct {
	ID      uint32
	Service ua.Request
}

var lastChannel, lastToken atomic.Uint32

// Accept answers the greeting of a client. The caller closes conn.
func Accept(conn net.Conn, o ServerOptions) (*Server, error) {
	if o.MaxLifetime <= 0 {
		o.MaxLifetime = time.Hour
	}
	s := &Server{w: newWire(conn, Security{Policy: ua.SecurityPolicyURINone, Mode: ua.MessageSecurityModeNone}), o: o}
	s.w.asym = s.judge
	s.w.asymWide = o.Key != nil && o.Key.Size() > 256
	s.w.channel = lastChannel.Add(1)
	b, err := s.w.chunk()
	if err != nil {
		return nil, err
	}
	var hel uacp.Hello
	if string(b[:4]) != "HELF" {
		return nil, protocol("%q instead of a Hello", b[:4])
	}
	if _, err := hel.Decode(b[8:]); err != nil || hel.ReceiveBufSize < minBuffer {
		return nil, protocol("a Hello that cannot be decoded")
	}
	s.Endpoint = hel.EndpointURL
	s.w.sendSize = int(min(hel.ReceiveBufSize, BufferSize))
	ack, err := (&uacp.Acknowledge{ReceiveBufSize: BufferSize, SendBufSize: uint32(s.w.sendSize), MaxMessageSize: MaxMessage, MaxChunkCount: maxChunks}).Encode()
	if err != nil {
		return nil, err
	}
	return s, writeHello(conn, "ACKF", ack)
}

// Security is what the channel is protected with.
func (s *Server) Security() Security { return s.w.security() }

func (s *Server) judge(h *uasc.AsymmetricSecurityHeader) (*uapolicy.EncryptionAlgorithm, error) {
	s.next = Security{Policy: h.SecurityPolicyURI, Certificate: s.o.Certificate, Key: s.o.Key, Remote: h.SenderCertificate}
	return s.next.Asymmetric()
}

// Next returns the next request; channels are opened, renewed and closed inside. An error ends the connection (io.EOF
// where the client said farewell).
func (s *Server) Next() (r Request, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = protocol("a message that cannot be decoded: %v", p)
		}
	}()
	for {
		m, err := s.w.read()
		if err != nil {
			return Request{}, err
		}
		if m.kind == uasc.MessageTypeCloseSecureChannel {
			return Request{}, io.EOF
		}
		if m.aborted != nil {
			continue
		}
		v, err := decode(m.body)
		if err != nil {
			if m.kind == uasc.MessageTypeOpenSecureChannel {
				return Request{}, err
			}
			if err := s.Reply(m.id, &ua.ServiceFault{ResponseHeader: Header(0, ua.StatusBadServiceUnsupported)}); err != nil {
				return Request{}, err
			}
			continue
		}
		req, ok := v.(ua.Request)
		if !ok || req.Header() == nil {
			return Request{}, protocol("%T is no request", v)
		}
		if open, ok := v.(*ua.OpenSecureChannelRequest); ok != (m.kind == uasc.MessageTypeOpenSecureChannel) {
			return Request{}, protocol("%T in a %s", v, m.kind)
		} else if !ok {
			return Request{ID: m.id, Service: req}, nil
		} else if err := s.opened(m.id, open); err != nil {
			return Request{}, err
		}
	}
}

func (s *Server) opened(id uint32, r *ua.OpenSecureChannelRequest) error {
	next := s.next
	next.Mode = r.SecurityMode
	if !s.o.Allow(next.Policy, next.Mode) {
		return s.Refuse(ua.StatusBadSecurityPolicyRejected, "this policy and mode are not offered")
	}
	algo, err := next.Asymmetric()
	if err != nil {
		return err
	}
	nonce, err := algo.MakeNonce()
	if err != nil {
		return err
	}
	lifetime := min(time.Duration(r.RequestedLifetime)*time.Millisecond, s.o.MaxLifetime)
	s.w.mu.Lock()
	s.w.sec = next
	channel := s.w.channel
	s.w.mu.Unlock()
	t := token{id: lastToken.Add(1)}
	body, err := service(&ua.OpenSecureChannelResponse{ResponseHeader: Header(r.Header().RequestHandle, ua.StatusOK),
		SecurityToken: &ua.ChannelSecurityToken{ChannelID: channel, TokenID: t.id, CreatedAt: time.Now(), RevisedLifetime: uint32(lifetime / time.Millisecond)},
		ServerNonce:   nonce})
	if err != nil {
		return err
	}
	if t.algo, err = uapolicy.Symmetric(next.Policy, nonce, r.ClientNonce); err != nil {
		return err
	}
	if err := s.w.write(uasc.MessageTypeOpenSecureChannel, id, body); err != nil {
		return err
	}
	s.w.use(channel, t)
	return nil
}

// Refuse tells the client why the connection ends, and returns it as an error.
func (s *Server) Refuse(status ua.StatusCode, reason string) error {
	if body, err := (&uacp.Error{ErrorCode: uint32(status), Reason: reason}).Encode(); err == nil {
		writeHello(s.w.conn, "ERRF", body)
	}
	return fmt.Errorf("%s: %w", reason, status)
}

// Header is an answer's header.
func Header(handle uint32, status ua.StatusCode) *ua.ResponseHeader {
	return &ua.ResponseHeader{Timestamp: time.Now(), RequestHandle: handle, ServiceResult: status,
		ServiceDiagnostics: &ua.DiagnosticInfo{}, StringTable: []string{}, AdditionalHeader: ua.NewExtensionObject(nil)}
}

// Reply answers a request.
func (s *Server) Reply(id uint32, r ua.Response) error {
	body, err := service(r)
	if err != nil {
		return err
	}
	s.w.conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
	return s.w.write(uasc.MessageTypeMessage, id, body)
}

package channel

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/gopcua/opcua/uacp"
	"github.com/gopcua/opcua/uapolicy"
	"github.com/gopcua/opcua/uasc"
)

func (c *Client) hello() error {
	body, err := (&uacp.Hello{ReceiveBufSize: BufferSize, SendBufSize: BufferSize, MaxMessageSize: MaxMessage,
		MaxChunkCount: maxChunks, EndpointURL: c.o.Endpoint}).Encode()
	if err != nil {
		return err
	}
	if err := writeHello(c.w.conn, "HELF", body); err != nil {
		return err
	}
	b, err := c.w.chunk()
	if err != nil {
		return err
	}
	var ack uacp.Acknowledge
	if string(b[:4]) != "ACKF" {
		return protocol("%q instead of an ACK", b[:4])
	}
	if _, err := ack.Decode(b[8:]); err != nil {
		return protocol("an ACK that cannot be decoded")
	}
	if ack.ReceiveBufSize < minBuffer {
		return protocol("the server takes only %d bytes at once", ack.ReceiveBufSize)
	}
	c.w.sendSize = int(min(ack.ReceiveBufSize, BufferSize))
	return nil
}

func writeHello(conn net.Conn, kind string, body []byte) error {
	h, err := (&uacp.Header{MessageType: kind[:3], ChunkType: kind[3], MessageSize: uint32(8 + len(body))}).Encode()
	if err != nil {
		return err
	}
	_, err = conn.Write(append(h, body...))
	return err
}

// judge takes an OPN only from the server that was asked for, under the policy that was asked for.
func (c *Client) judge(h *uasc.AsymmetricSecurityHeader) (*uapolicy.EncryptionAlgorithm, error) {
	s := &c.o.Security
	if h.SecurityPolicyURI != s.Policy {
		return nil, fmt.Errorf("the server answers under policy %q, not %q: %w", h.SecurityPolicyURI, s.Policy, ua.StatusBadSecurityPolicyRejected)
	}
	if s.Policy != ua.SecurityPolicyURINone && !SameLeaf(h.SenderCertificate, s.Remote) {
		return nil, fmt.Errorf("the server answers with another certificate: %w", ua.StatusBadCertificateInvalid)
	}
	return s.Asymmetric()
}

// openChannel issues or renews the token and returns how long it lives.
func (c *Client) openChannel(ctx context.Context, kind ua.SecurityTokenRequestType) (time.Duration, error) {
	algo, err := c.o.Security.Asymmetric()
	if err != nil {
		return 0, err
	}
	nonce, err := algo.MakeNonce()
	if err != nil {
		return 0, err
	}
	var lifetime time.Duration
	done := make(chan error, 1)
	c.mu.Lock()
	if c.err != nil {
		defer c.mu.Unlock()
		return 0, c.err
	}
	c.next++
	id := c.next
	c.waiting[id] = func(r ua.Response, err error) {
		// On the reader's goroutine: the token is in force before the next message is read.
		if status, ok := err.(ua.StatusCode); ok {
			err = &ServiceError{Service: "OpenSecureChannel", Status: status}
		} else if err == nil {
			lifetime, err = c.opened(nonce, r)
		}
		done <- err
	}
	c.mu.Unlock()
	body, err := service(&ua.OpenSecureChannelRequest{
		RequestHeader: c.header(ua.NewTwoByteNodeID(0), id, c.o.Timeout), RequestType: kind,
		SecurityMode: c.o.Security.Mode, ClientNonce: nonce, RequestedLifetime: uint32(c.o.Lifetime / time.Millisecond)})
	if err != nil {
		return 0, err
	}
	if err := c.write(uasc.MessageTypeOpenSecureChannel, id, body); err != nil {
		return 0, err
	}
	select {
	case err := <-done:
		return lifetime, err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (c *Client) opened(nonce []byte, r ua.Response) (time.Duration, error) {
	a, ok := r.(*ua.OpenSecureChannelResponse)
	if !ok || a.SecurityToken == nil {
		return 0, protocol("%T instead of an OpenSecureChannelResponse", r)
	}
	algo, err := uapolicy.Symmetric(c.o.Security.Policy, nonce, a.ServerNonce)
	if err != nil {
		return 0, err
	}
	c.w.use(a.SecurityToken.ChannelID, token{a.SecurityToken.TokenID, algo})
	lifetime := time.Duration(a.SecurityToken.RevisedLifetime) * time.Millisecond
	if lifetime <= 0 || lifetime > c.o.Lifetime {
		lifetime = c.o.Lifetime
	}
	return lifetime, nil
}

// renew renews the token at three quarters of its life (OPC 10000-4, 5.5.2.1). A channel that cannot be renewed is dead.
func (c *Client) renew(lifetime time.Duration) {
	for {
		t := time.NewTimer(lifetime * 3 / 4)
		select {
		case <-c.done:
			t.Stop()
			return
		case <-t.C:
		}
		ctx, cancel := context.WithTimeout(context.Background(), c.o.Timeout)
		next, err := c.openChannel(ctx, ua.SecurityTokenRequestTypeRenew)
		cancel()
		if err != nil {
			c.fail(fmt.Errorf("renew the security token: %w", err))
			return
		}
		lifetime = next
	}
}

package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"time"

	"jingwei/internal/identify/handle"
)

var defaultWait = []time.Duration{400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond}

// restTime is how long after the first packets of an answer the others are waited for.
const restTime = 150 * time.Millisecond

func (c *Client) overUDP(ctx context.Context, to netip.AddrPort, message []byte, x *collected) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp", to.String())
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	parts := handle.NewReassembly(4, handle.MaxMessage, time.Minute)
	wait := c.Wait
	if len(wait) == 0 {
		wait = defaultWait
	}
	buf := make([]byte, 2048)
	begun := false
	for _, w := range wait {
		for k := range handle.Packets(len(message) - handle.EnvelopeSize) {
			if _, err := conn.Write(handle.AppendPacket(nil, message, k)); err != nil {
				return err
			}
		}
		until := time.Now().Add(w)
		for {
			limit := until
			if begun {
				limit = time.Now().Add(restTime)
			}
			if err := conn.SetReadDeadline(limit); err != nil {
				return err
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			n, err := conn.Read(buf)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err != nil {
				return err
			}
			e, payload, whole, err := parts.Add(to, buf[:n], c.Now())
			if err != nil || e.Request != x.request {
				continue // somebody else's, or late
			}
			if !whole {
				begun = true
				continue
			}
			last, err := x.add(e, bytes.Clone(payload))
			if errors.Is(err, ErrForged) {
				continue
			}
			if err != nil || last {
				return err
			}
			return ErrTruncated // lists go on over TCP
		}
		if begun {
			return ErrTruncated
		}
	}
	return fmt.Errorf("no answer after %d tries: %w", len(wait), os.ErrDeadlineExceeded)
}

func (c *Client) timeout() time.Duration {
	if c.Timeout == 0 {
		return 10 * time.Second
	}
	return c.Timeout
}

func (c *Client) overTCP(ctx context.Context, to netip.AddrPort, message []byte, x *collected) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", to.String())
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write(message); err != nil {
		return err
	}
	return x.read(conn)
}

// read takes messages until the last.
func (x *collected) read(r io.Reader) error {
	for {
		head := make([]byte, handle.EnvelopeSize)
		if _, err := io.ReadFull(r, head); err != nil {
			return err
		}
		e, err := handle.DecodeEnvelope(head)
		if err != nil {
			return err
		}
		var payload bytes.Buffer
		if _, err := io.CopyN(&payload, r, int64(e.Length)); err != nil {
			return err
		}
		last, err := x.add(e, payload.Bytes())
		if err != nil || last {
			return err
		}
		if len(x.response.More) > maxMessages {
			return fmt.Errorf("the answer has more than %d messages", maxMessages)
		}
	}
}

// maxMessages is how many messages a list may have.
const maxMessages = 4096

func (c *Client) overHTTP(ctx context.Context, t Target, message []byte, x *collected) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	scheme := "http"
	if t.Protocol == handle.HTTPS {
		scheme = "https"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, scheme+"://"+t.Address.String()+"/", bytes.NewReader(message))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-hdl-message")
	r.Header.Set("Accept", "application/x-hdl-message")
	h := c.HTTP
	if h == nil {
		transport := &http.Transport{DisableKeepAlives: true}
		defer transport.CloseIdleConnections()
		h = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	resp, err := h.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP status %d", resp.StatusCode)
	}
	return x.read(resp.Body)
}

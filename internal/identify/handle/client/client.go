package client

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"jingwei/internal/identify/handle"
)

// Target is one door of a server.
type Target struct {
	Protocol handle.Protocol
	Address  netip.AddrPort
	Key      crypto.PublicKey // of the server; nil: its signatures cannot be checked
}

// String is such as "UDP 127.0.0.1:2641".
func (t Target) String() string { return t.Protocol.String() + " " + t.Address.String() }

// Client asks servers. Its fields are not to be changed after the first question. It is safe for concurrent use.
type Client struct {
	// Now is the clock.
	Now func() time.Time
	// Version is spoken and suggested; zero: the newest.
	Version handle.Version
	// Wait is how long an answer over UDP is waited for, once for each time the question is sent; empty: 400 ms, 800 ms, 1.6 s.
	Wait []time.Duration
	// Timeout is how long a question over TCP or HTTP may take; 0: 10 s.
	Timeout time.Duration
	// HTTP speaks HTTP and HTTPS; nil: a client without proxies and redirects.
	HTTP *http.Client
}

// Request is a question.
type Request struct {
	Operation handle.Operation
	Flags     handle.Flags
	Body      []byte
	Serial    uint16 // of the HS_SITE by which the server was chosen
	Recursion uint8
	Signer    Signer // answers a challenge; nil: a challenge is an error
}

// Response is an answer: of the several messages of a list, all. Body is without the digest of the request.
type Response struct {
	handle.Message
	Body []byte
	More [][]byte // the bodies of the messages after the first
}

// ErrTruncated is the error when a server sent the beginning of an answer only: it is to be asked over TCP.
var ErrTruncated = errors.New("the answer is too long for UDP: ask over TCP")

// ErrForged is the error of an answer that is not to the question: its digest or its signature is another's.
var ErrForged = errors.New("the answer does not belong to the question")

// Do asks and returns the answer, whatever its code is. A challenge is answered when there is a signer. The error is
// the network's, ErrTruncated, ErrForged, or a *handle.FormatError.
func (c *Client) Do(ctx context.Context, t Target, r Request) (Response, error) {
	version := c.version()
	r.Flags |= handle.FlagReturnDigest
	first, err := c.exchange(ctx, t, version, 0, r)
	if err != nil || first.Code != handle.Unauthenticated || r.Signer == nil {
		return first, err
	}
	challenge, err := handle.DecodeChallenge(first.Message.Body)
	if err != nil {
		return first, err
	}
	spoken := handle.Speak(first.Version, handle.Version{})
	answer, err := r.Signer.Answer(spoken, challenge)
	if err != nil {
		return first, fmt.Errorf("answer the challenge of %v: %w", t, err)
	}
	return c.exchange(ctx, t, version, first.Session, Request{
		Operation: handle.AnswerChallenge, Flags: r.Flags, Body: handle.AppendAnswer(nil, answer), Serial: r.Serial, Recursion: r.Recursion,
	})
}

func (c *Client) version() handle.Version {
	if c.Version.Major == 0 {
		return handle.NewestVersion
	}
	return c.Version
}

// exchange sends one message and collects its answers.
func (c *Client) exchange(ctx context.Context, t Target, v handle.Version, session uint32, r Request) (Response, error) {
	var number [4]byte
	rand.Read(number[:])
	e := handle.Envelope{Version: v, Suggested: v, Session: session, Request: binary.BigEndian.Uint32(number[:])&0x7fffffff | 1}
	message := handle.AppendMessage(nil, e, handle.Header{
		Operation: r.Operation, Flags: r.Flags, SiteSerial: r.Serial, Recursion: r.Recursion,
		Expiration: uint32(c.Now().Add(12 * time.Hour).Unix()),
	}, r.Body)
	digested := message[handle.EnvelopeSize : len(message)-4]
	x := &collected{request: e.Request, digested: digested, wanted: r.Operation, key: t.Key, certify: r.Flags&handle.FlagCertify != 0}
	var err error
	switch t.Protocol {
	case handle.UDP:
		err = c.overUDP(ctx, t.Address, message, x)
	case handle.TCP:
		err = c.overTCP(ctx, t.Address, message, x)
	case handle.HTTP, handle.HTTPS:
		err = c.overHTTP(ctx, t, message, x)
	default:
		err = fmt.Errorf("protocol %d is not spoken", t.Protocol)
	}
	if ctx.Err() != nil && err != nil {
		err = ctx.Err()
	}
	if err != nil {
		return Response{}, fmt.Errorf("ask %v: %w", t, err)
	}
	return x.response, nil
}

// collected puts the messages of one answer together.
type collected struct {
	request  uint32
	digested []byte
	wanted   handle.Operation
	key      crypto.PublicKey
	certify  bool
	response Response
	started  bool
}

// add takes a message in and reports whether it was the last. One that answers something else is an error.
func (x *collected) add(e handle.Envelope, payload []byte) (bool, error) {
	m, err := handle.DecodeMessage(e, payload)
	if err != nil {
		return false, err
	}
	if m.Envelope.Request != x.request || m.Code == handle.Request {
		return false, ErrForged
	}
	digest, body, err := handle.SplitDigest(m.Header, m.Body)
	if err != nil {
		return false, err
	}
	// The answer to an answered challenge carries the digest of the question before it.
	if digest.Algorithm != 0 && x.wanted != handle.AnswerChallenge && !digest.Equal(handle.TakeDigest(digest.Algorithm, x.digested)) {
		return false, ErrForged
	}
	if x.certify && x.key != nil && m.Code != handle.Unauthenticated {
		if err := handle.VerifyMessage(x.key, m); err != nil {
			return false, fmt.Errorf("%w: %w", ErrForged, err)
		}
	}
	if x.started {
		x.response.More = append(x.response.More, body)
	} else {
		x.response = Response{Message: m, Body: body}
		x.started = true
	}
	return m.Flags&handle.FlagContinuous == 0, nil
}

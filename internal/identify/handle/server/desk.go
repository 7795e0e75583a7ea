package server

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"time"

	"jingwei/internal/identify/handle"
)

// Desk turns messages into operations and what comes of them into messages. It is safe for concurrent use.
type Desk struct {
	processor *Processor
	pending   *pending
	sessions  *sessions
}

// NewDesk makes a desk over a processor.
func NewDesk(p *Processor) *Desk {
	return &Desk{processor: p, pending: newPending(p.config.Limits), sessions: newSessions(p.config.Limits)}
}

// Emit sends one message (envelope, header, body, credential). The bytes are the caller's after it returns.
type Emit func(message []byte) error

// Answer does what a message asks for and emits the answer, in more than one message where a list is long. What is an answer
// itself is passed over. The error is Emit's own.
func (d *Desk) Answer(ctx context.Context, m handle.Message, emit Emit) error {
	if m.Code != handle.Request {
		return nil
	}
	e := &exchange{desk: d, request: m, about: m, version: handle.Speak(m.Version, m.Suggested), now: d.processor.config.Now(), emit: emit}
	by, err := e.admit()
	if err == nil {
		err = e.run(ctx, by)
	}
	if e.emitErr != nil || err == nil {
		return e.emitErr
	}
	return e.refuse(err)
}

// exchange is one message and its answers.
type exchange struct {
	desk    *Desk
	request handle.Message // what came
	about   handle.Message // what is done: the request, or the one whose challenge it answers
	version handle.Version
	now     time.Time
	session *session
	emit    Emit
	emitErr error
}

// admit refuses what cannot be done whatever it asks for, and finds out who a message of a session comes from.
func (e *exchange) admit() (*Identity, error) {
	m := &e.request
	switch {
	case m.Compressed:
		return nil, handle.Refuse(handle.ProtocolError, nil, "compressed messages are not understood")
	case m.Encrypted:
		return nil, handle.Refuse(handle.NotSupported, nil, "encrypted messages are not understood: use TLS")
	case m.Recursion > handle.MaxRecursion:
		return nil, handle.Refuse(handle.RecursionTooHigh, nil, "passed on %d times: at most %d", m.Recursion, handle.MaxRecursion)
	case m.Expiration != 0 && int64(m.Expiration) < e.now.Unix():
		return nil, handle.Refuse(handle.ProtocolError, nil, "the message expired at %d (unix seconds)", m.Expiration)
	}
	return e.desk.sessions.admit(e)
}

// run does the operation.
func (e *exchange) run(ctx context.Context, by *Identity) error {
	switch e.request.Operation {
	case handle.AnswerChallenge:
		return e.answered(ctx)
	case handle.SessionSetup:
		return e.setUp(ctx)
	case handle.SessionExchange:
		return e.exchangeKey()
	case handle.SessionTerminate:
		return e.terminate()
	}
	return e.do(ctx, by)
}

// answered authenticates who answered a challenge and does what was asked before it.
func (e *exchange) answered(ctx context.Context) error {
	a, err := handle.DecodeAnswer(e.request.Body)
	if err != nil {
		return handle.Refuse(handle.InvalidCredential, nil, "%v", err)
	}
	c, err := e.desk.pending.take(e.request.Session, e.request.Request, e.now)
	if err != nil {
		return err
	}
	by, err := e.desk.processor.Authenticate(ctx, a, c.Challenge)
	if err != nil {
		return err
	}
	if e.session != nil {
		e.session.authenticated(by)
	}
	e.about = c.request
	return e.do(ctx, &by)
}

// do does an operation that is about handles.
func (e *exchange) do(ctx context.Context, by *Identity) error {
	p, body := e.desk.processor, e.about.Body
	var answer []byte
	var err error
	switch e.about.Operation {
	case handle.Resolve:
		answer, err = e.resolve(ctx, by)
	case handle.GetSiteInfo:
		answer = p.site.Load().data
	case handle.CreateHandle:
		answer, err = e.create(ctx, by)
	case handle.DeleteHandle, handle.HomePrefix, handle.UnhomePrefix:
		err = e.byName(ctx, by)
	case handle.AddValue, handle.ModifyValue:
		err = e.byValues(ctx, by)
	case handle.RemoveValue:
		var name handle.Name
		var indexes []uint32
		if name, indexes, err = handle.DecodeRemoval(body); err == nil {
			err = p.Remove(ctx, by, name, indexes)
		}
	case handle.ListHandles, handle.ListDerived:
		return e.list(ctx, by)
	case handle.ListHomed:
		var names []handle.Name
		if names, err = p.Homed(ctx, by); err == nil {
			return e.names(func(after string) ([]handle.Name, error) { return following(names, after), nil })
		}
	case handle.VerifyAnswer:
		answer, err = e.verify()
	default:
		err = handle.Refuse(handle.NotSupported, nil, "operation %d is not understood", e.about.Operation)
	}
	if err != nil {
		return err
	}
	return e.send(handle.Success, 0, answer)
}

func (e *exchange) resolve(ctx context.Context, by *Identity) ([]byte, error) {
	var q handle.QuestionView
	if err := q.Decode(e.about.Body); err != nil {
		return nil, err
	}
	return e.desk.processor.Record(ctx, by, nil, &q, e.about.Flags&handle.FlagPublicOnly != 0)
}

func (e *exchange) create(ctx context.Context, by *Identity) ([]byte, error) {
	name, values, err := handle.DecodeRecord(e.about.Body)
	if err != nil {
		return nil, err
	}
	mint := e.about.Flags&handle.FlagMint != 0
	made, err := e.desk.processor.Create(ctx, by, name, values, e.about.Flags&handle.FlagOverwrite != 0, mint)
	if err != nil || !mint {
		return nil, err
	}
	return handle.AppendName(nil, made), nil
}

func (e *exchange) byName(ctx context.Context, by *Identity) error {
	name, err := handle.DecodeName(e.about.Body)
	if err != nil {
		return err
	}
	switch e.about.Operation {
	case handle.DeleteHandle:
		return e.desk.processor.Delete(ctx, by, name)
	case handle.HomePrefix:
		return e.desk.processor.Home(ctx, by, name)
	}
	return e.desk.processor.Unhome(ctx, by, name)
}

func (e *exchange) byValues(ctx context.Context, by *Identity) error {
	name, values, err := handle.DecodeRecord(e.about.Body)
	if err != nil {
		return err
	}
	if e.about.Operation == handle.ModifyValue {
		return e.desk.processor.Modify(ctx, by, name, values)
	}
	return e.desk.processor.Add(ctx, by, name, values, e.about.Flags&handle.FlagOverwrite != 0)
}

// verify answers whether a secret key that is held here was proved; the one who asks wants it signed.
func (e *exchange) verify() ([]byte, error) {
	v, err := handle.DecodeVerification(e.about.Body)
	if err != nil {
		return nil, err
	}
	ok, err := e.desk.processor.Verify(v)
	if err != nil {
		return nil, err
	}
	if ok {
		return []byte{1}, nil
	}
	return []byte{0}, nil
}

func (e *exchange) list(ctx context.Context, by *Identity) error {
	prefix, err := handle.DecodeName(e.about.Body)
	if err != nil {
		return err
	}
	if e.about.Operation == handle.ListDerived {
		if _, ok := prefix.OfPrefix(); !ok {
			return handle.Refuse(handle.InvalidName, nil, "a list is of a prefix: 0.NA/prefix")
		}
		names, err := e.desk.processor.Derived(ctx, by, prefix)
		if err != nil {
			return err
		}
		return e.names(func(after string) ([]handle.Name, error) { return following(names, after), nil })
	}
	return e.names(func(after string) ([]handle.Name, error) {
		return e.desk.processor.List(ctx, by, prefix, after, handle.MaxList)
	})
}

// following are those of a list sorted by key whose keys come after the given one, at most MaxList.
func following(names []handle.Name, after string) []handle.Name {
	i := 0
	for i < len(names) && after != "" && names[i].Key() <= after {
		i++
	}
	return names[i:min(len(names), i+handle.MaxList)]
}

// listBytes is how much of a list goes into one message.
const listBytes = handle.MaxMessage / 2

// names sends a list, page by page: each message but the last says that another follows.
func (e *exchange) names(page func(after string) ([]handle.Name, error)) error {
	rest, err := page("")
	if err != nil {
		return err
	}
	for {
		n, size := 0, 0
		for n < len(rest) && size < listBytes {
			size += 4 + len(rest[n])
			n++
		}
		now, last := rest[:n], handle.Name("")
		if n > 0 {
			last = now[n-1]
		}
		if rest = rest[n:]; len(rest) == 0 && n > 0 {
			if rest, err = page(last.Key()); err != nil {
				return err
			}
		}
		var flags handle.Flags
		if len(rest) > 0 {
			flags = handle.FlagContinuous
		}
		if err := e.send(handle.Success, flags, handle.AppendNames(nil, now)); err != nil || len(rest) == 0 {
			return err
		}
	}
}

// refuse answers with an error: a challenge when it is to be known who asks, a referral, or a code with its text.
func (e *exchange) refuse(err error) error {
	var f *handle.Refusal
	var r *Referral
	err = e.desk.processor.refusal(err)
	switch {
	case errors.As(err, &r) && e.about.Flags&handle.FlagDoNotRefer != 0:
		return e.send(handle.NotResponsible, 0, handle.AppendRefusal(nil, "served elsewhere", nil))
	case errors.As(err, &r):
		return e.send(handle.DownMap(r.Code, e.version), 0, r.Body)
	case errors.As(err, &f) && f.Code == handle.Unauthenticated:
		return e.challenge()
	case errors.As(err, &f):
		return e.send(handle.DownMap(f.Code, e.version), 0, handle.AppendRefusal(nil, f.Message, f.Indexes))
	}
	return err
}

// challenge asks who it is. The request is kept, so that the answer need not repeat it.
func (e *exchange) challenge() error {
	c := &challenge{made: e.now, request: e.about}
	c.Digest = handle.TakeDigest(handle.AlgorithmOf(e.version), e.about.Digested)
	c.Nonce = make([]byte, handle.NonceSize)
	number := make([]byte, 4)
	if _, err := io.ReadFull(e.desk.processor.config.Random, c.Nonce); err != nil {
		return e.send(handle.Failed, 0, handle.AppendRefusal(nil, "the server has no random numbers", nil))
	}
	if _, err := io.ReadFull(e.desk.processor.config.Random, number); err != nil {
		return e.send(handle.Failed, 0, handle.AppendRefusal(nil, "the server has no random numbers", nil))
	}
	c.request.Digested = slices.Clone(e.about.Digested)
	c.request.Body = c.request.Digested[handle.HeaderSize:]
	c.key = pendingKey{e.request.Session, e.request.Request}
	if e.session == nil {
		c.key.session = binary.BigEndian.Uint32(number)&0x7fffffff | 1
	}
	e.desk.pending.put(c)
	e.request.Session = c.key.session
	return e.message(handle.Unauthenticated, handle.FlagReturnDigest, handle.AppendChallenge(nil, c.Challenge))
}

// send sends an answer, after the digest of the request where it was asked for.
func (e *exchange) send(code handle.Code, flags handle.Flags, body []byte) error {
	if e.about.Flags&handle.FlagReturnDigest != 0 {
		digested := handle.AppendDigest(make([]byte, 0, 33+len(body)), handle.AlgorithmOf(e.version), e.about.Digested)
		return e.message(code, flags|handle.FlagReturnDigest, append(digested, body...))
	}
	return e.message(code, flags, body)
}

// echoed are the flags of a request that stand in its answers, too.
const echoed = handle.FlagAuthoritative | handle.FlagRecursive | handle.FlagCacheCertify | handle.FlagKeepAlive | handle.FlagPublicOnly

func (e *exchange) message(code handle.Code, flags handle.Flags, body []byte) error {
	p := e.desk.processor
	certify := e.about.Flags&handle.FlagCertify != 0 && (p.config.Key != nil || e.session != nil && e.session.keyed())
	if certify {
		flags |= handle.FlagCertify
	}
	envelope := handle.Envelope{Version: e.version, Suggested: handle.NewestVersion, Session: e.request.Session, Request: e.request.Request}
	message := handle.AppendMessage(nil, envelope, handle.Header{
		Operation: e.about.Operation, Code: code, Flags: flags | e.about.Flags&echoed,
		SiteSerial: p.site.Load().site.Serial, Recursion: e.request.Recursion,
		Expiration: uint32(e.now.Add(p.config.Limits.MessageTime).Unix()),
	}, body)
	if certify {
		c, err := e.vouch(envelope, message[handle.EnvelopeSize:len(message)-4])
		if err != nil {
			p.config.Log.Error("an answer could not be signed", "error", err)
		} else {
			message = handle.WithCredential(message, c)
		}
	}
	e.emitErr = e.emit(message)
	return e.emitErr
}

// vouch signs an answer with the session's key, where there is one, else with the server's.
func (e *exchange) vouch(envelope handle.Envelope, digested []byte) (handle.Credential, error) {
	if e.session != nil && e.session.keyed() {
		return e.session.vouch(envelope, digested), nil
	}
	return handle.Sign(envelope, e.desk.processor.config.Key, digested)
}

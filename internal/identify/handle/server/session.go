package server

import (
	"context"
	"crypto/rsa"
	"encoding/binary"
	"io"
	"sync"
	"time"

	"jingwei/internal/identify/handle"
)

// sessions are the sessions that clients have set up, by number. At most so many; the one unused longest makes room.
type sessions struct {
	mu    sync.Mutex
	limit int
	life  time.Duration
	byID  map[uint32]*session
}

// session is a key that a client and the server share, and who the client has proved to be.
type session struct {
	id   uint32
	life time.Duration

	mu      sync.Mutex
	key     []byte // empty until it is exchanged
	who     *Identity
	used    time.Time
	highest uint32 // the highest counter seen, and
	seen    uint64 // those of the 64 up to it that were
	sent    uint32 // the counter of the last answer
}

func newSessions(l Limits) *sessions {
	return &sessions{limit: l.Sessions, life: l.SessionTime, byID: map[uint32]*session{}}
}

func (t *sessions) open(id uint32, key []byte, life time.Duration, now time.Time) {
	s := &session{id: id, key: key, life: min(life, t.life), used: now}
	if life <= 0 {
		s.life = t.life
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.byID) >= t.limit {
		t.makeRoom(now)
	}
	t.byID[id] = s
}

// makeRoom drops what has expired, and at least the session unused longest.
func (t *sessions) makeRoom(now time.Time) {
	var oldest *session
	for id, s := range t.byID {
		s.mu.Lock()
		used, life := s.used, s.life
		s.mu.Unlock()
		if now.Sub(used) > life {
			delete(t.byID, id)
		} else if oldest == nil || used.Before(oldest.used) {
			oldest = s
		}
	}
	if len(t.byID) >= t.limit && oldest != nil {
		delete(t.byID, oldest.id)
	}
}

func (t *sessions) get(id uint32, now time.Time) (*session, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.byID[id]
	if !ok {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.used) > s.life {
		delete(t.byID, id)
		return nil, false
	}
	s.used = now
	return s, true
}

func (t *sessions) close(id uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byID, id)
}

// admit finds the session of a message and who speaks in it. A message that is not signed with the session's key is nobody's.
func (t *sessions) admit(e *exchange) (*Identity, error) {
	m := e.request
	if m.Session == 0 {
		return nil, nil
	}
	s, ok := t.get(m.Session, e.now)
	signed := len(m.Credential) > 0
	switch {
	case !ok && signed:
		return nil, handle.Refuse(handle.SessionTimeout, nil, "there is no session %d", m.Session)
	case !ok:
		return nil, nil // the number of a challenge
	}
	e.session = s
	if !signed {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.key) == 0 {
		return nil, handle.Refuse(handle.InvalidSessionKey, nil, "the session has no key yet")
	}
	counter, err := handle.VerifySession(s.key, m)
	if err != nil {
		return nil, handle.Refuse(handle.InvalidCredential, nil, "the message is not signed with the session's key")
	}
	if !s.count(counter) {
		return nil, handle.Refuse(handle.Replayed, nil, "message %d of the session came before", counter)
	}
	return s.who, nil
}

// count takes a counter in once: those of the last 64 in any order, older ones never.
func (s *session) count(n uint32) bool {
	switch {
	case n > s.highest:
		shift := n - s.highest
		s.seen = s.seen<<min(shift, 64) | 1
		s.highest = n
		return true
	case s.highest-n >= 64:
		return false
	}
	bit := uint64(1) << (s.highest - n)
	if s.seen&bit != 0 {
		return false
	}
	s.seen |= bit
	return true
}

func (s *session) authenticated(by Identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.who = &by
}

// vouch signs an answer with the session's key.
func (s *session) vouch(e handle.Envelope, digested []byte) handle.Credential {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent++
	return handle.Authenticate(e, s.key, s.sent, digested)
}

func (s *session) keyed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.key) > 0
}

// give gives a session its key, once.
func (s *session) give(key []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.key) > 0 {
		return false
	}
	s.key = key
	return true
}

// setUp makes a session (operation 400).
func (e *exchange) setUp(ctx context.Context) error {
	setup, err := handle.DecodeSetup(e.request.Body)
	if err != nil {
		return handle.Refuse(handle.InvalidSession, nil, "%v", err)
	}
	var key, answer []byte
	switch setup.Exchange {
	case handle.ExchangeDH:
		key, answer, err = e.agree(setup.PublicKey)
	case handle.ExchangeClient, handle.ExchangeHandle:
		key, answer, err = e.giveKey(ctx, setup)
	case handle.ExchangeServer:
		answer, err = e.ownKey()
	default:
		err = handle.Refuse(handle.InvalidSession, nil, "key exchange %d: 1 to 4", setup.Exchange)
	}
	if err != nil {
		return err
	}
	var number [4]byte
	if _, err := io.ReadFull(e.desk.processor.config.Random, number[:]); err != nil {
		return err
	}
	id := binary.BigEndian.Uint32(number[:])&0x7fffffff | 1
	e.desk.sessions.open(id, key, time.Duration(setup.Timeout)*time.Second, e.now)
	e.request.Session = id
	return e.send(handle.Success, 0, handle.AppendSetupAnswer(nil, setup.Exchange, answer))
}

// agree makes a key by Diffie-Hellman in the client's group.
func (e *exchange) agree(public []byte) (key, answer []byte, err error) {
	decoded, err := handle.DecodePublicKey(public)
	theirs, ok := decoded.(*handle.DHKey)
	if err != nil || !ok {
		return nil, nil, handle.Refuse(handle.InvalidSessionKey, nil, "a Diffie-Hellman key is needed")
	}
	ours, secret, err := theirs.Agree(e.desk.processor.config.Random)
	if err != nil {
		return nil, nil, handle.Refuse(handle.InvalidSessionKey, nil, "%v", err)
	}
	answer, _ = handle.AppendPublicKey(append([]byte(nil), cipherAES...), ours)
	return secret[:sessionKeySize], answer, nil
}

// cipherAES stands before a session's key and says what it is for; no message is encrypted with it here.
var cipherAES = []byte{0, 0, 0, 3}

// sessionKeySize is the length of a session's key in bytes: of AES-256.
const sessionKeySize = 32

// giveKey makes a key and encrypts it for the client.
func (e *exchange) giveKey(ctx context.Context, setup handle.Setup) (key, answer []byte, err error) {
	data := setup.PublicKey
	if setup.Exchange == handle.ExchangeHandle {
		values, err := e.desk.processor.values(ctx, setup.KeyOf.Handle, indexesOf(setup.KeyOf), []string{handle.TypePublicKey})
		if err != nil {
			return nil, nil, handle.Refuse(handle.InvalidSessionKey, nil, "the key %d:%s is not found", setup.KeyOf.Index, setup.KeyOf.Handle)
		}
		for _, v := range values {
			if v.Type == handle.TypePublicKey && (setup.KeyOf.Index == 0 || v.Index == setup.KeyOf.Index) {
				data = v.Data
				break
			}
		}
	}
	decoded, err := handle.DecodePublicKey(data)
	public, ok := decoded.(*rsa.PublicKey)
	if err != nil || !ok {
		return nil, nil, handle.Refuse(handle.NeedRSAKey, nil, "an RSA key is needed")
	}
	key = make([]byte, sessionKeySize)
	if _, err := io.ReadFull(e.desk.processor.config.Random, key); err != nil {
		return nil, nil, err
	}
	answer, err = rsa.EncryptPKCS1v15(nil, public, append(append([]byte(nil), cipherAES...), key...)) //lint:ignore SA1019 the protocol has no other padding
	if err != nil {
		return nil, nil, handle.Refuse(handle.InvalidSessionKey, nil, "the RSA key cannot encrypt a session's key")
	}
	return key, answer, nil
}

// ownKey is the server's public key, with which the client is to encrypt the session's key.
func (e *exchange) ownKey() ([]byte, error) {
	own, ok := e.desk.processor.config.Key.(*rsa.PrivateKey)
	if !ok {
		return nil, handle.Refuse(handle.NeedRSAKey, nil, "this server has no RSA key")
	}
	data, _ := handle.AppendPublicKey(nil, &own.PublicKey)
	return data, nil
}

// exchangeKey takes the key that the client has made for its session (operation 402).
func (e *exchange) exchangeKey() error {
	encrypted, err := handle.DecodeExchange(e.request.Body)
	own, ok := e.desk.processor.config.Key.(*rsa.PrivateKey)
	if err != nil || !ok || e.session == nil {
		return handle.Refuse(handle.InvalidSession, nil, "there is no session that waits for a key")
	}
	// A wrong padding gives a random key: whether it was wrong is not to be seen from outside.
	key := make([]byte, len(cipherAES)+sessionKeySize)
	if _, err := io.ReadFull(e.desk.processor.config.Random, key); err != nil {
		return err
	}
	err = rsa.DecryptPKCS1v15SessionKey(nil, own, encrypted, key) //lint:ignore SA1019 the protocol has no other padding
	if err != nil {
		return handle.Refuse(handle.InvalidSessionKey, nil, "the key is not encrypted with this server's")
	}
	if !e.session.give(key[len(cipherAES):]) {
		return handle.Refuse(handle.InvalidSession, nil, "the session has a key")
	}
	return e.send(handle.Success, 0, nil)
}

// terminate ends the session that the message is signed in (operation 401).
func (e *exchange) terminate() error {
	if e.session == nil || len(e.request.Credential) == 0 {
		return handle.Refuse(handle.InvalidSession, nil, "a session is ended by a message that is signed in it")
	}
	e.desk.sessions.close(e.session.id)
	return e.send(handle.Success, 0, nil)
}

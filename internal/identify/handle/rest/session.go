package rest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/server"
)

const (
	sessionsKept = 4096
	sessionTime  = 30 * time.Minute // unused
	nonceTime    = time.Minute      // unanswered
)

// sessions are those of this interface, by a hash of their number: the number itself is the client's alone.
type sessions struct {
	mu   sync.Mutex
	byID map[[sha256.Size]byte]*session
}

type session struct {
	nonce []byte
	who   *server.Identity
	used  time.Time
}

func newSessions() *sessions { return &sessions{byID: map[[sha256.Size]byte]*session{}} }

// open makes a session with a nonce.
func (s *sessions) open(random io.Reader, now time.Time) (id string, nonce []byte, err error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", nil, err
	}
	id, nonce = hex.EncodeToString(b[:16]), b[16:]
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byID) >= sessionsKept {
		s.makeRoom(now)
	}
	s.byID[sha256.Sum256([]byte(id))] = &session{nonce: nonce, used: now}
	return id, nonce, nil
}

// makeRoom drops what has expired, then those that nobody has proved himself in, then any.
func (s *sessions) makeRoom(now time.Time) {
	for k, v := range s.byID {
		if v.expired(now) {
			delete(s.byID, k)
		}
	}
	for _, all := range []bool{false, true} {
		for k, v := range s.byID {
			if len(s.byID) < sessionsKept {
				return
			}
			if all || v.who == nil {
				delete(s.byID, k)
			}
		}
	}
}

func (v *session) expired(now time.Time) bool {
	life := sessionTime
	if v.who == nil {
		life = nonceTime
	}
	return now.Sub(v.used) > life
}

// get is a session's nonce and who has proved himself in it; false when there is no such session.
func (s *sessions) get(id string, now time.Time) (nonce []byte, who *server.Identity, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := sha256.Sum256([]byte(id))
	v := s.byID[key]
	if v == nil || v.expired(now) {
		delete(s.byID, key)
		return nil, nil, false
	}
	if v.who != nil {
		v.used = now
	}
	return v.nonce, v.who, true
}

// prove notes who has proved himself. The nonce is spent.
func (s *sessions) prove(id string, nonce []byte, who server.Identity, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.byID[sha256.Sum256([]byte(id))]
	if v == nil || !bytes.Equal(v.nonce, nonce) {
		return false
	}
	v.who, v.nonce, v.used = &who, nil, now
	return true
}

func (s *sessions) close(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, sha256.Sum256([]byte(id)))
}

// proof is what a client says of itself, in the Authorization header ("Handle name=value, …") or in JSON.
type proof struct {
	SessionID  string `json:"sessionId"`
	CNonce     string `json:"cnonce"`
	ID         string `json:"id"`        // index:handle
	Type       string `json:"type"`      // HS_PUBKEY or HS_SECKEY
	Alg        string `json:"alg"`       // SHA1, SHA256, SM3
	Signature  string `json:"signature"` // base64
	ClientCert string `json:"clientCert"`
}

func parseProof(header string) proof {
	var p proof
	fields := map[string]*string{"sessionid": &p.SessionID, "cnonce": &p.CNonce, "id": &p.ID, "type": &p.Type, "alg": &p.Alg, "signature": &p.Signature, "clientcert": &p.ClientCert}
	for part := range strings.SplitSeq(header, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if field := fields[strings.ToLower(name)]; ok && field != nil {
			*field = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return p
}

// challenge asks for proof, with a new session for those who answer by a signature.
func (a *API) challenge(w http.ResponseWriter) {
	if id, nonce, err := a.sessions.open(a.config.Random, a.config.Now()); err == nil {
		w.Header().Add("WWW-Authenticate", `Handle sessionId="`+id+`", nonce="`+base64.StdEncoding.EncodeToString(nonce)+`"`)
	}
	w.Header().Add("WWW-Authenticate", `Basic realm="handle"`)
}

// who finds out who asks; nil when nobody says. The error is a *handle.Refusal.
func (a *API) who(r *http.Request) (*server.Identity, error) {
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case strings.EqualFold(scheme, "Basic"):
		if !a.secure(r) {
			return nil, handle.Refuse(handle.AuthenticationFailed, nil, "secrets are sent over HTTPS")
		}
		user, secret, ok := r.BasicAuth()
		ref, err := parseReference(user)
		if !ok || err != nil {
			return nil, handle.Refuse(handle.InvalidAdmin, nil, "the user of Basic is index%%3Ahandle")
		}
		return a.withSecret(r.Context(), ref, []byte(secret))
	case strings.EqualFold(scheme, "Handle"):
		p := parseProof(rest)
		if p.ClientCert == "true" {
			return a.withCertificate(r, p)
		}
		return a.withProof(r.Context(), p)
	}
	return nil, nil
}

// parseReference reads index:handle, percent-encoded or not.
func parseReference(s string) (handle.Reference, error) {
	if decoded, err := url.PathUnescape(s); err == nil {
		s = decoded
	}
	index, name, ok := strings.Cut(s, ":")
	n, err := strconv.ParseUint(index, 10, 32)
	if !ok || err != nil {
		return handle.Reference{}, handle.Refuse(handle.InvalidAdmin, nil, "%q: index:handle", s)
	}
	return handle.Reference{Index: uint32(n), Handle: handle.Name(name)}, nil
}

// withSecret checks a secret key that came in the open, by answering a challenge of our own with it.
func (a *API) withSecret(ctx context.Context, ref handle.Reference, secret []byte) (*server.Identity, error) {
	c := handle.Challenge{Nonce: make([]byte, handle.NonceSize)}
	if _, err := io.ReadFull(a.config.Random, c.Nonce); err != nil {
		return nil, err
	}
	c.Digest = handle.TakeDigest(handle.SHA1, c.Nonce)
	signed, err := handle.AnswerWithSecret(handle.OldestVersion, a.config.Random, secret, c)
	if err != nil {
		return nil, err
	}
	by, err := a.config.Processor.Authenticate(ctx, handle.Answer{Type: handle.TypeSecretKey, Signer: ref, Signed: signed}, c)
	if err != nil {
		return nil, err
	}
	return &by, nil
}

// withProof checks an answer to a session's nonce, or takes the session's word for who has proved himself before.
func (a *API) withProof(ctx context.Context, p proof) (*server.Identity, error) {
	now := a.config.Now()
	nonce, who, ok := a.sessions.get(p.SessionID, now)
	if !ok {
		return nil, handle.Refuse(handle.Unauthenticated, nil, "there is no such session")
	}
	if p.Signature == "" {
		return who, nil
	}
	if nonce == nil {
		return nil, handle.Refuse(handle.AuthenticationFailed, nil, "the session's nonce was answered before")
	}
	ref, err := parseReference(p.ID)
	if err != nil {
		return nil, err
	}
	signature, err1 := base64.StdEncoding.DecodeString(p.Signature)
	cnonce, err2 := base64.StdEncoding.DecodeString(p.CNonce)
	if err1 != nil || err2 != nil || len(cnonce) > 64 {
		return nil, handle.Refuse(handle.InvalidCredential, nil, "signature and cnonce are in base64")
	}
	// What is signed is the server's nonce and then the client's, which stands where the digest of a request does elsewhere.
	c := handle.Challenge{Nonce: nonce, Digest: handle.Digest{Sum: cnonce}}
	answer := handle.Answer{Type: p.Type, Signer: ref, Signed: handle.SignedAnswer(p.Alg, signature)}
	if p.Type == handle.TypeSecretKey {
		answer.Signed = handle.DigestAnswer(p.Alg, signature)
	}
	by, err := a.config.Processor.Authenticate(ctx, answer, c)
	if err != nil {
		return nil, err
	}
	if !a.sessions.prove(p.SessionID, nonce, by, now) {
		return nil, handle.Refuse(handle.AuthenticationFailed, nil, "the session's nonce was answered before")
	}
	return &by, nil
}

// withCertificate takes the key of a client's certificate, whose possession TLS has proved, for the key of the handle that the
// certificate (or id) names.
func (a *API) withCertificate(r *http.Request, p proof) (*server.Identity, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil, handle.Refuse(handle.AuthenticationFailed, nil, "no client certificate came")
	}
	certificate := r.TLS.PeerCertificates[0]
	id := p.ID
	if id == "" {
		id = certificate.Subject.CommonName
	}
	ref, err := parseReference(id)
	if err != nil {
		return nil, err
	}
	by, err := a.config.Processor.Holder(r.Context(), ref, certificate.PublicKey)
	if err != nil {
		return nil, err
	}
	return &by, nil
}

// sessionJSON is what a client is told of its session.
type sessionJSON struct {
	SessionID     string `json:"sessionId"`
	Nonce         string `json:"nonce,omitempty"`
	Authenticated bool   `json:"authenticated"`
	ID            string `json:"id,omitempty"`
	Error         string `json:"error,omitempty"`
}

func (a *API) makeSession(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "POST makes a session", http.StatusMethodNotAllowed)
		return
	}
	id, nonce, err := a.sessions.open(a.config.Random, a.config.Now())
	if err != nil {
		a.refuse(w, r, "", err)
		return
	}
	answer := sessionJSON{SessionID: id, Nonce: base64.StdEncoding.EncodeToString(nonce)}
	if by, err := a.who(r); err == nil && by != nil && a.sessions.prove(id, nonce, *by, a.config.Now()) {
		answer = sessionJSON{SessionID: id, Authenticated: true, ID: reference(*by)}
	}
	w.Header().Set("Location", "/api/sessions/this")
	write(w, r, http.StatusCreated, answer)
}

func reference(by server.Identity) string {
	return strconv.FormatUint(uint64(by.Index), 10) + ":" + string(by.Handle)
}

// thisSession tells of the session named in the Authorization header, takes proof for it, or ends it.
func (a *API) thisSession(w http.ResponseWriter, r *http.Request) {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	p := parseProof(rest)
	switch r.Method {
	case http.MethodGet:
	case http.MethodPut, http.MethodPost:
		if body, err := io.ReadAll(r.Body); err == nil && len(bytes.TrimSpace(body)) > 0 {
			id := p.SessionID
			if json.Unmarshal(body, &p) != nil {
				a.refuse(w, r, "", handle.Refuse(handle.ProtocolError, nil, "the body is no JSON"))
				return
			}
			if p.SessionID == "" {
				p.SessionID = id
			}
		}
	case http.MethodDelete:
		a.sessions.close(p.SessionID)
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		w.Header().Set("Allow", "GET, PUT, DELETE")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	by, err := a.withProof(r.Context(), p)
	nonce, _, ok := a.sessions.get(p.SessionID, a.config.Now())
	answer := sessionJSON{SessionID: p.SessionID, Nonce: base64.StdEncoding.EncodeToString(nonce)}
	switch {
	case !ok || err != nil:
		if err == nil {
			err = &handle.Refusal{Code: handle.Unauthenticated}
		}
		a.refuse(w, r, "", err)
		return
	case by != nil:
		answer.Authenticated, answer.ID = true, reference(*by)
	}
	write(w, r, http.StatusOK, answer)
}

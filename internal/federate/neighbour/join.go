package neighbour

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

const (
	codeLife  = 24 * time.Hour
	codeGrace = time.Hour // in which a node that missed the answer may ask again with the same request
	maxName   = 120       // characters
	maxAnswer = 256 << 10
)

// perAddress is how often an address may try an invitation.
var perAddress = auth.Limit{Burst: 10, Every: 6 * time.Second}

// Invitation is a code that another node joins with, told once.
type Invitation struct {
	Code    string
	Expires time.Time
}

// Invite makes a one-time code, good for 24 hours, with which another node links itself to this one as one that gives. Whoever calls has
// the verb auth.Node. again names a node that is linked already and may join with another key; zero for a new one. Errors: ErrName, ErrAddress.
func (s *Service) Invite(ctx context.Context, name string, again uuid.UUID) (Invitation, error) {
	if name = strings.TrimSpace(name); name == "" || utf8.RuneCountInString(name) > maxName {
		return Invitation{}, ErrName.At("body.name", name).With("max", maxName)
	}
	v := federate.Invitation{URL: s.o.URL()}
	block, _ := pem.Decode(s.o.Authority.Certificate())
	if _, _, err := net.SplitHostPort(s.o.Link()); v.URL == "" || block == nil || err != nil {
		return Invitation{}, ErrAddress.Because(err)
	}
	v.Fingerprint = sha256.Sum256(block.Bytes)
	if _, err := rand.Read(v.Secret[:]); err != nil {
		return Invitation{}, fmt.Errorf("make a secret: %w", err)
	}
	now, hash := s.o.Now(), v.Hash()
	r := codeRow{ID: uuid.Must(uuid.NewV7()), Name: name, Node: store.Word(again), Hash: hex.EncodeToString(hash[:]), Created: now.UnixNano(), Expires: now.Add(codeLife).UnixNano()}
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, "neighbour.code.create", audit.Object{Kind: "neighbour", ID: r.ID.String(), Name: name}, nil, map[string]any{"expires": now.Add(codeLife).UTC()})
	})
	if err != nil {
		return Invitation{}, fmt.Errorf("make an invitation: %w", err)
	}
	return Invitation{Code: v.NodeCode(), Expires: now.Add(codeLife).UTC()}, nil
}

// Introduction is what two nodes tell each other of themselves where one joins the other.
type Introduction struct {
	ID   uuid.UUID `json:"id" format:"uuid"`
	Name string    `json:"name" maxLength:"200"`
	Key  string    `json:"key,omitempty" maxLength:"500" doc:"Verifier of its evidence log (C2SP vkey)"`
	Org  *PeerOrg  `json:"org,omitempty" doc:"The organisation that runs it"`
	Link string    `json:"link,omitempty" maxLength:"300" doc:"Address of its link, in the answer"`
}

func (s *Service) me(ctx context.Context) (Introduction, error) {
	_, home, err := s.homeScope(ctx)
	return Introduction{ID: s.o.Node, Name: s.o.NodeName, Key: s.o.Key, Org: home}, err
}

func (h *Introduction) row(way Way, now time.Time) peerRow {
	r := peerRow{Node: h.ID, Way: way, Name: h.Name, Evidence: h.Key, Joined: now.UnixNano()}
	if utf8.RuneCountInString(r.Name) > maxName {
		r.Name = string([]rune(r.Name)[:maxName])
	}
	if h.Org != nil {
		r.Org = string(encoded(h.Org))
	}
	return r
}

// Enrolment is the answer to a node that showed a good invitation.
type Enrolment struct {
	Certificate string       `json:"certificate" doc:"PEM"`
	Chain       string       `json:"chain" doc:"PEM: the authority of the node that was joined"`
	Node        Introduction `json:"node"`
}

// enrol exchanges an invitation's secret and a certificate request for a certificate. Nobody is signed in: the secret is the credential.
// Errors: ErrSlowDown, ErrSecret, ErrSecretOld, ErrSelf, ErrKnown, auth.ErrCSR.
func (s *Service) enrol(ctx context.Context, secret string, csr []byte, from Introduction) (Enrolment, error) {
	now := s.o.Now()
	if wait := s.throttle.Take(now, auth.Use{Key: auth.Network(auth.OriginFrom(ctx).Remote), Limit: perAddress}); wait > 0 {
		return Enrolment{}, ErrSlowDown.With("wait", wait.Round(time.Second).String()).Header("Retry-After", fmt.Sprint(int(wait.Seconds())+1))
	}
	raw, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil || len(raw) != len(federate.Invitation{}.Secret) {
		return Enrolment{}, ErrSecret
	}
	if from.ID == s.o.Node || from.ID == uuid.Nil {
		return Enrolment{}, ErrSelf
	}
	scope, _, err := s.homeScope(ctx)
	if err != nil {
		return Enrolment{}, err
	}
	hash, request := federate.Invitation{Secret: [16]byte(raw)}.Hash(), sha256.Sum256(csr)
	asked := hex.EncodeToString(request[:])
	row := from.row(Down, now)
	var cert auth.Certificate
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var code codeRow
		err := store.Err(tx.NewSelect().Model(&code).Where("c.hash = ?", hex.EncodeToString(hash[:])).Scan(ctx))
		again := code.Used != 0 && code.Request == asked && now.UnixNano()-code.Used < int64(codeGrace)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return ErrSecret
		case err != nil:
			return err
		case !again && (code.Used != 0 || now.UnixNano() >= code.Expires):
			return ErrSecretOld
		}
		// A node tells its own id. That of one which is linked already is taken only where the invitation was made for it.
		switch known, err := tx.NewSelect().Model((*peerRow)(nil)).Where("p.node = ? AND p.way = ? AND p.removed = 0", from.ID, Down).Exists(ctx); {
		case err != nil:
			return err
		case known && !again && code.Node != from.ID.String():
			return ErrKnown.At("body.node.id", from.ID)
		case known:
			if err := s.o.Certificates.RevokeNode(ctx, scope, from.ID, "joined again"); err != nil {
				return err
			}
		}
		if cert, err = s.o.Certificates.IssueNode(ctx, scope, s.o.Authority, from.ID, csr); err != nil {
			return err
		}
		if code.Used == 0 {
			code.Used = now.UnixNano()
		}
		code.Request = asked
		if _, err := tx.NewUpdate().Model(&code).Column("used", "request").WherePK().Exec(ctx); err != nil {
			return err
		}
		row.NotAfter = cert.NotAfter.UnixNano()
		if err := putPeer(ctx, tx, &row); err != nil {
			return err
		}
		return s.note(ctx, tx, "neighbour.node.enrol", peerObject(&row), nil, map[string]any{"serial": cert.Serial, "invitation": code.Name})
	})
	if err != nil {
		return Enrolment{}, fmt.Errorf("let a node join: %w", err)
	}
	s.keep(row, "this node has been joined again, with another key")
	me, err := s.me(ctx)
	me.Link = anyHost(s.o.Link())
	return Enrolment{Certificate: string(cert.PEM), Chain: string(s.o.Authority.Certificate()), Node: me}, err
}

// putPeer writes a neighbour; what was told and heard before counts no more: all is told again.
func putPeer(ctx context.Context, tx bun.Tx, r *peerRow) error {
	_, err := tx.NewInsert().Model(r).On("CONFLICT (node, way) DO UPDATE").Set("name = EXCLUDED.name").Set("org = EXCLUDED.org").Set("evidence = EXCLUDED.evidence").
		Set("joined = EXCLUDED.joined").Set("not_after = EXCLUDED.not_after").Set("told = 0").Set("heard = 0").Set("removed = 0").Exec(ctx)
	return err
}

// keep has a neighbour in memory as its row says, and cuts the session that it had.
func (s *Service) keep(row peerRow, why string) *peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := peerKey{row.Node, row.Way}
	p := s.peers[key]
	if p == nil {
		p = s.newPeer(row)
		s.peers[key] = p
	}
	p.row = row
	if p.session != nil {
		p.session.conn.Close(federate.CodeIdentity, why)
	}
	return p
}

// anyHost leaves out a host that means "all addresses": the other node knows by which of them it reached this one.
func anyHost(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = ""
	}
	return net.JoinHostPort(host, port)
}

// Join links this node to the one that made an invitation: this one gives, and dials from now on. Whoever calls has the verb auth.Node.
// Errors: ErrCode, ErrSelf, ErrJoin.
func (s *Service) Join(ctx context.Context, code string) (Peer, error) {
	v, err := federate.ParseNodeCode(code)
	if err != nil {
		reason := text.Text{Zh: "不完整或有误", En: "is cut or mistyped"}
		switch {
		case errors.Is(err, federate.ErrCodePrefix):
			reason = text.Text{Zh: "不是节点邀请码", En: "is none of a node"}
		case errors.Is(err, federate.ErrCodeURL):
			reason = text.Text{Zh: "所含地址不是 https", En: "names an address that is not https"}
		}
		return Peer{}, ErrCode.At("body.code", nil).With("reason", reason).Because(err)
	}
	key, csr, err := federate.NewKey()
	if err != nil {
		return Peer{}, err
	}
	answer, err := s.present(ctx, v, csr)
	if err != nil {
		return Peer{}, err
	}
	failed := func(err error) error { return ErrJoin.With("url", v.URL).With("reason", err.Error()).Because(err) }
	if answer.Node.ID == s.o.Node || answer.Node.ID == uuid.Nil {
		return Peer{}, ErrSelf
	}
	id := &identity{Format: 1, Node: answer.Node.ID, URL: v.URL, Key: key, Cert: answer.Certificate, Authority: answer.Chain}
	cert, err := id.certificate(s.o.Node)
	if err != nil {
		return Peer{}, failed(err)
	}
	ca, err := id.authority()
	if err != nil {
		return Peer{}, failed(err)
	}
	if sha256.Sum256(ca.Raw) != v.Fingerprint {
		return Peer{}, failed(errAuthority)
	}
	if id.Link, err = linkAddress(v.URL, answer.Node.Link); err != nil {
		return Peer{}, failed(err)
	}
	if err := s.saveIdentity(id); err != nil {
		return Peer{}, err
	}
	row := answer.Node.row(Up, s.o.Now())
	row.NotAfter = cert.Leaf.NotAfter.UnixNano()
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := putPeer(ctx, tx, &row); err != nil {
			return err
		}
		return s.note(ctx, tx, "neighbour.node.join", peerObject(&row), nil, map[string]any{"url": v.URL, "link": id.Link})
	})
	if err != nil {
		return Peer{}, fmt.Errorf("join node %s: %w", row.Node, err)
	}
	p := s.keep(row, "joined again")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dialLocked(p)
	return s.viewLocked(p), nil
}

// linkAddress completes the other node's link address: a host that it leaves out is the one that the invitation names.
func linkAddress(api, link string) (string, error) {
	host, port, err := net.SplitHostPort(link)
	if err != nil {
		return "", fmt.Errorf("the node's link address %q: %w", link, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		u, err := url.Parse(api)
		if err != nil {
			return "", fmt.Errorf("the node's address %q: %w", api, err)
		}
		host = u.Hostname()
	}
	return net.JoinHostPort(host, port), nil
}

// present shows an invitation at the node that made it. An answer that was lost is asked for again with the same request.
func (s *Service) present(ctx context.Context, v federate.Invitation, csr []byte) (*Enrolment, error) {
	me, err := s.me(ctx)
	if err != nil {
		return nil, err
	}
	body := encoded(map[string]any{"secret": base64.RawURLEncoding.EncodeToString(v.Secret[:]),
		"csr": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})), "node": me})
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true, // VerifyConnection pins the authority instead
			VerifyConnection: func(st tls.ConnectionState) error {
				return verifyPinned(st.PeerCertificates, v.Fingerprint, s.o.Now())
			}}}
	client := &http.Client{Timeout: 15 * time.Second, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	for attempt := 0; ; attempt++ {
		answer, final, err := presentOnce(ctx, client, v.URL, body)
		if err == nil {
			return answer, nil
		}
		if final || attempt == 2 || ctx.Err() != nil {
			return nil, ErrJoin.With("url", v.URL).With("reason", err.Error()).Because(err)
		}
	}
}

func presentOnce(ctx context.Context, client *http.Client, base string, body []byte) (_ *Enrolment, final bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(base, "/")+"/api/v1/neighbours/enrol", bytes.NewReader(body))
	if err != nil {
		return nil, true, err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return nil, errors.Is(err, errAuthority), err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, false, err
	}
	if answer.StatusCode/100 != 2 {
		var p struct{ Code, Detail string }
		if json.Unmarshal(raw, &p) != nil || p.Code == "" {
			p.Code, p.Detail = "http", fmt.Sprintf("status %d: is this address a Jingwei node?", answer.StatusCode)
		}
		return nil, true, fmt.Errorf("it refuses the invitation (%s): %s", p.Code, p.Detail)
	}
	var e Enrolment
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, true, fmt.Errorf("read its answer: %w", err)
	}
	return &e, true, nil
}

// Remove ends the link with a node in one way: its certificates are revoked here, or this node's key for it is thrown away. Agreements
// with it that have not ended keep it, unless force is given; they then stand without a link. Errors: ErrNoPeer, ErrInUse.
func (s *Service) Remove(ctx context.Context, node uuid.UUID, way Way, force bool) error {
	s.mu.Lock()
	p := s.peers[peerKey{node, way}]
	var row peerRow
	if p != nil {
		row = p.row
	}
	s.mu.Unlock()
	if p == nil {
		return ErrNoPeer.With("thing", "neighbour")
	}
	scope, _, err := s.homeScope(ctx)
	if err != nil {
		return err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var n int64
		var err error
		if way == Up {
			n, err = tx.NewSelect().Model((*outRow)(nil)).Where("o.peer = ? AND o.closed = 0", node).Count(ctx)
		} else {
			n, err = tx.NewSelect().Model((*inRow)(nil)).Where("i.peer = ? AND i.closed = 0", node).Count(ctx)
		}
		if err != nil {
			return err
		}
		if n > 0 && !force {
			return ErrInUse.With("count", n)
		}
		if way == Down {
			if err := s.o.Certificates.RevokeNode(ctx, scope, node, "removed"); err != nil {
				return err
			}
		}
		if _, err := tx.NewUpdate().Model((*peerRow)(nil)).Set("removed = ?", s.o.Now().UnixNano()).Where("node = ? AND way = ?", node, way).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, "neighbour.node.remove", peerObject(&row), map[string]any{"way": way}, nil)
	})
	if err != nil {
		return fmt.Errorf("remove node %s: %w", node, err)
	}
	s.mu.Lock()
	delete(s.peers, peerKey{node, way})
	if p.stop != nil {
		p.stop()
	}
	session, raised := p.session, p.raised
	p.raised = map[string]bool{}
	s.mu.Unlock()
	for kind := range raised {
		s.o.Board.Clear(ctx, kind, p.subject())
	}
	if session != nil {
		session.conn.Close(federate.CodeIdentity, "this node was removed by the other")
	}
	if way == Up {
		if err := s.o.FS.Remove(s.identityFile(node)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the key for node %s: %w", node, err)
		}
	}
	return nil
}

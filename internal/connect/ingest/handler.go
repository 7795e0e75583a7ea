package ingest

import (
	"context"
	"errors"
	"time"

	"jingwei/internal/connect/ingest/broker"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
)

// The service is the broker's Handler: the credential decides to which source a connection belongs, and nothing that the
// client says afterwards can change that.
var _ broker.Handler = (*Service)(nil)

// Connect implements broker.Handler.
func (s *Service) Connect(ctx context.Context, c *broker.Client) (broker.Session, error) {
	var st *standing
	var in *inlet
	var err error
	if c.Certificate != nil && c.Username == "" && len(c.Password) == 0 {
		st, in, err = s.verifyCertificate(c.Certificate, c.Remote)
	} else {
		st, in, err = s.verify(c.Username, c.Password, c.Remote)
	}
	switch {
	case errors.Is(err, ErrCredential):
		return nil, broker.ErrCredentials
	case err != nil:
		return nil, err
	}
	in.mu.Lock()
	r := in.run
	if in.src.Transport != Broker {
		in.mu.Unlock()
		return nil, broker.ErrNotAllowed
	}
	if r == nil || r.stream == nil {
		in.mu.Unlock()
		return nil, errors.New("the source is not at work")
	}
	session := &session{in: in, run: r, credential: st, conn: c.Conn}
	in.sessions[session] = struct{}{}
	in.mu.Unlock()
	s.mu.RLock()
	stands := s.credentials[st.id] == st
	s.mu.RUnlock()
	if !stands { // revoked between the two looks: whoever revoked it has not seen this session
		session.Closed(ErrRevoked)
		return nil, broker.ErrNotAllowed
	}
	in.touch()
	return session, nil
}

// session is one client of the broker, or the connection to a broker of others (credential is nil).
type session struct {
	in         *inlet
	run        *run
	credential *standing
	conn       broker.Conn
}

func (c *session) device() string {
	if c.credential == nil {
		return ""
	}
	return c.credential.device
}

// Message implements broker.Session.
func (c *session) Message(m broker.Message, done func(error)) {
	c.in.s.metrics.messages.Add(1)
	c.run.stream.Message(c.run.ctx, m, done)
}

// MayPublish implements broker.Session.
func (c *session) MayPublish(topic string) bool {
	return c.run.stream.MayPublish(topic, c.device())
}

// MaySubscribe implements broker.Session.
func (c *session) MaySubscribe(filter string) bool {
	return c.run.stream.MaySubscribe(filter, c.device())
}

// Subscribed implements broker.Session: the state of the host is what an edge node waits for.
func (c *session) Subscribed(filter string) {
	if c.run.host == nil || c.credential == nil {
		return
	}
	for _, m := range c.run.host.Retained(filter) {
		if err := c.conn.Send(m.Topic, m.Payload, 1, true); err != nil {
			c.in.log.Warn("the host's state was not told to an edge node", "error", err)
		}
	}
}

// Closed implements broker.Session.
func (c *session) Closed(error) {
	c.in.mu.Lock()
	delete(c.in.sessions, c)
	c.in.mu.Unlock()
	c.in.touch()
}

// refusedSecret notes that somebody used a credential of the source with a wrong secret.
func (in *inlet) refusedSecret(remote string) {
	now := in.s.o.Now().UTC()
	in.mu.Lock()
	defer in.mu.Unlock()
	in.wrong = now
	in.troubles++
	in.trouble = &Trouble{Code: "credential", Where: auth.Network(remote), Time: now, Text: text.Text{
		Zh: "有设备使用了错误的密钥；请核对其凭据", En: "a device used a wrong secret; check its credential"}}
}

// troubleOf puts an error of the node's own work into words.
func (s *Service) troubleOf(code string, err error) *Trouble {
	words := text.Text{Zh: err.Error(), En: err.Error()}
	if f := (*fieldError)(nil); errors.As(err, &f) {
		words = text.Text{Zh: f.field + "：" + f.text.Zh, En: f.field + ": " + f.text.En}
	}
	return &Trouble{Code: code, Text: words, Time: time.Unix(0, s.now()).UTC()}
}

package gateway

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
)

// statusEvery is the pace of status reports: a few hundred bytes each, which matters where the line is paid by volume.
// One goes at once when a link's state changes, but no faster than statusLeast.
const (
	statusEvery = 5 * time.Second
	statusLeast = 500 * time.Millisecond
)

// uplink is the gateway's end of the link to its node.
type uplink struct {
	o      *Options
	log    *slog.Logger
	packer *federate.Packer
	source *source
	apply  *applier
	status func() document.Status
	news   chan struct{} // 1: something changed that its page shows

	mu      sync.Mutex
	id      *Identity
	conn    *federate.Conn
	pending string // key of a certificate that has been asked for
}

func (u *uplink) run(ctx context.Context, instance uuid.UUID) {
	d := &federate.Dialer{
		Address: func() string {
			if u.o.LinkAddress != "" {
				return u.o.LinkAddress
			}
			return u.identity().Link
		},
		TLS:    func() (*tls.Config, error) { return u.identity().linkTLS(u.o.Now) },
		Hello:  federate.Hello{ID: u.identity().Gateway, Instance: instance, Software: u.o.Version, Features: []string{federate.FeatureZstd, federate.FeatureRefusal, federate.FeatureAsk}},
		Limits: u.o.Limits, MinWait: u.o.MinWait, MaxWait: u.o.MaxWait, Now: u.o.Now, Rand: u.o.Random, Logger: u.log, Serve: u.serve,
		OnChange: func(up *federate.Conn, _ error, _ time.Duration) { u.setConn(up) },
	}
	d.Run(ctx)
}

func (u *uplink) identity() *Identity {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.id
}

func (u *uplink) setConn(c *federate.Conn) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.conn = c
}

// clock is the link's estimate, unknown while there is no connection.
func (u *uplink) clock() federate.Clock {
	u.mu.Lock()
	c := u.conn
	u.mu.Unlock()
	if c == nil {
		return federate.Clock{}
	}
	return c.Clock()
}

// serve uses one connection: control both ways and the sample stream, until one of them ends.
func (u *uplink) serve(ctx context.Context, c *federate.Conn) error {
	u.forget()
	greeting, err := json.Marshal(document.Greeting{Hash: u.apply.hash()})
	if err != nil {
		return fmt.Errorf("encode the greeting: %w", err)
	}
	desk, err := federate.OpenDesk(ctx, c, u.packer, greeting)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var work sync.WaitGroup
	work.Go(func() { cancel(u.listen(ctx, desk)) })
	work.Go(func() { cancel(u.report(ctx, desk)) })
	work.Go(func() { cancel(u.send(ctx, c)) })
	work.Wait()
	return context.Cause(ctx)
}

// send moves the spool to the node. While the node cannot store (its disk is full) only the stream ends and is opened
// again: control stays, so that the node's page goes on telling how the gateway does.
func (u *uplink) send(ctx context.Context, c *federate.Conn) error {
	wait := federate.Backoff{Min: u.o.MinWait, Max: u.o.MaxWait, Rand: u.o.Random}
	for {
		began := u.o.Now()
		err := federate.Send(ctx, c, u.source, federate.SenderOptions{Producer: u.identity().Gateway, Packer: u.packer,
			Compress: c.Peer().Has(federate.FeatureZstd), Logger: u.log})
		var g *federate.Goodbye
		if ctx.Err() != nil || c.Err() != nil || !errors.As(err, &g) || g.Code != federate.CodeUnavailable {
			return err
		}
		if u.o.Now().Sub(began) > u.o.MaxWait {
			wait.Reset()
		}
		next := wait.Next()
		u.log.Warn("the node cannot take samples now", "reason", g.Text, "retryIn", next.Round(time.Millisecond))
		select {
		case <-time.After(next):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// listen takes configuration, certificates and questions.
func (u *uplink) listen(ctx context.Context, desk *federate.Desk) error {
	q := &questions{o: u.o, log: u.log, apply: u.apply, desk: desk, source: u.source, under: map[uint32]context.CancelFunc{}, trying: map[string]bool{}}
	defer q.end()
	for {
		m, err := desk.Receive(ctx)
		if err != nil {
			return err
		}
		switch m.Kind {
		case federate.MessageAsk:
			q.take(ctx, m)
		case federate.MessageWithdraw:
			q.withdraw(m.ID)
		case federate.MessageConfig:
			applied := u.configure(m.Body)
			body, err := json.Marshal(applied)
			if err != nil {
				return fmt.Errorf("encode the answer to a configuration: %w", err)
			}
			if _, err := desk.Send(ctx, federate.Control{Kind: federate.MessageApplied, ID: m.ID, Body: body}); err != nil {
				return err
			}
		case federate.MessageCertificate:
			if err := u.renewed(m.Body); err != nil {
				u.log.Error("the renewed certificate cannot be used; the old one stays in use", "error", err)
			}
		case federate.MessageRenewRefuse:
			u.log.Error("the node does not renew the certificate", "reason", string(m.Body))
			u.mu.Lock()
			u.pending = ""
			u.mu.Unlock()
		}
	}
}

func (u *uplink) configure(body []byte) document.Applied {
	if len(body) < sha256.Size {
		return document.Applied{Error: "a configuration without its hash", Time: u.o.Now().UTC()}
	}
	want, encoded := [32]byte(body[:sha256.Size]), body[sha256.Size:]
	if sha256.Sum256(encoded) != want {
		return document.Applied{Hash: fmt.Sprintf("%x", want), Error: "the configuration does not have the announced hash", Time: u.o.Now().UTC()}
	}
	return u.apply.apply(encoded, true)
}

// report sends the status when it has changed, and asks for a new certificate in time.
func (u *uplink) report(ctx context.Context, desk *federate.Desk) error {
	tick := time.NewTicker(u.o.StatusEvery)
	defer tick.Stop()
	for {
		body, err := json.Marshal(u.status())
		if err != nil {
			return fmt.Errorf("encode the status: %w", err)
		}
		// Send waits while the message before it is on its way, so a slow link gets fewer reports, not a queue of old ones.
		if _, err := desk.Send(ctx, federate.Control{Kind: federate.MessageStatus, Body: body}); err != nil {
			return err
		}
		if err := u.renew(ctx, desk); err != nil {
			return err
		}
		select {
		case <-tick.C:
			continue
		case <-u.news:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		select {
		case <-time.After(min(statusLeast, u.o.StatusEvery)): // several changes come together
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// tell has a status sent soon; it does not wait.
func (u *uplink) tell() {
	select {
	case u.news <- struct{}{}:
	default:
	}
}

// renew asks for a certificate when the one in use has less than a third of its life left. The request is repeated on
// each connection until it is answered; its key waits in memory, and a restart makes another.
func (u *uplink) renew(ctx context.Context, desk *federate.Desk) error {
	id := u.identity()
	cert, err := id.certificate()
	if err != nil {
		return err
	}
	u.mu.Lock()
	asked := u.pending != ""
	u.mu.Unlock()
	if asked || u.o.Now().Before(federate.RenewAfter(cert.Leaf)) {
		return nil
	}
	key, csr, err := federate.NewKey()
	if err != nil {
		return err
	}
	u.mu.Lock()
	u.pending = key
	u.mu.Unlock()
	u.log.Info("asking for a new certificate", "until", cert.Leaf.NotAfter)
	_, err = desk.Send(ctx, federate.Control{Kind: federate.MessageRenew, Body: csr})
	return err
}

// renewed keeps a new certificate. The connection goes on under the old one; the next uses the new.
func (u *uplink) renewed(body []byte) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	block, _ := pem.Decode(body)
	if block == nil || u.pending == "" {
		return fmt.Errorf("it was not asked for, or is not PEM")
	}
	next := *u.id
	next.Key, next.Cert = u.pending, string(pem.EncodeToMemory(block))
	cert, err := next.certificate()
	if err != nil {
		return err
	}
	if err := next.save(u.o.FS, u.o.DataDir); err != nil {
		return err
	}
	u.id, u.pending = &next, ""
	u.log.Info("certificate renewed", "until", cert.Leaf.NotAfter)
	return nil
}

// forget drops a request that an earlier connection left unanswered.
func (u *uplink) forget() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.pending = ""
}

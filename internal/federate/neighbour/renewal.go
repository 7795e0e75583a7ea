package neighbour

import (
	"context"
	"encoding/pem"
	"errors"

	"jingwei/internal/federate"
)

// renewOther signs the new key of a node that dials this one.
func (x *session) renewOther(ctx context.Context, m federate.Control) error {
	s := x.s
	answer := federate.Control{Kind: federate.MessageCertificate, ID: m.ID}
	scope, _, err := s.homeScope(ctx)
	if err != nil {
		return err
	}
	cert, err := s.o.Certificates.IssueNode(ctx, scope, s.o.Authority, x.node, m.Body)
	if err != nil {
		s.log.Error("a neighbour's certificate cannot be renewed", "node", x.node, "error", err)
		answer.Kind, answer.Body = federate.MessageRenewRefuse, []byte("the certificate cannot be renewed now")
	} else {
		answer.Body = cert.PEM
		s.mu.Lock()
		x.p.row.NotAfter = cert.NotAfter.UnixNano()
		row := x.p.row
		s.mu.Unlock()
		s.saveSeen(row)
	}
	_, err = x.desk.Send(ctx, answer)
	return err
}

// renew asks for a certificate when the one in use has less than a third of its life left. The request is repeated on each connection
// until it is answered.
func (x *session) renew(ctx context.Context) error {
	s := x.s
	id, err := s.loadIdentity(x.node)
	if err != nil {
		return err
	}
	cert, err := id.certificate(s.o.Node)
	if err != nil {
		return err
	}
	x.mu.Lock()
	asked := x.pending != ""
	x.mu.Unlock()
	if asked || s.o.Now().Before(federate.RenewAfter(cert.Leaf)) {
		return nil
	}
	key, csr, err := federate.NewKey()
	if err != nil {
		return err
	}
	x.mu.Lock()
	x.pending = key
	x.mu.Unlock()
	s.log.Info("asking for a new certificate", "node", x.node, "until", cert.Leaf.NotAfter)
	_, err = x.desk.Send(ctx, federate.Control{Kind: federate.MessageRenew, Body: csr})
	return err
}

// renewed keeps a new certificate; the next connection uses it.
func (x *session) renewed(body []byte) error {
	s := x.s
	x.mu.Lock()
	key := x.pending
	x.mu.Unlock()
	block, _ := pem.Decode(body)
	if block == nil || key == "" {
		return errors.New("it was not asked for, or is not PEM")
	}
	id, err := s.loadIdentity(x.node)
	if err != nil {
		return err
	}
	id.Key, id.Cert = key, string(pem.EncodeToMemory(block))
	cert, err := id.certificate(s.o.Node)
	if err != nil {
		return err
	}
	if err := s.saveIdentity(id); err != nil {
		return err
	}
	x.mu.Lock()
	x.pending = ""
	x.mu.Unlock()
	s.mu.Lock()
	x.p.row.NotAfter = cert.Leaf.NotAfter.UnixNano()
	row := x.p.row
	s.mu.Unlock()
	s.saveSeen(row)
	s.log.Info("certificate for a neighbour renewed", "node", x.node, "until", cert.Leaf.NotAfter)
	return nil
}

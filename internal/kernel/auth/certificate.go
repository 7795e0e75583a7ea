package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/store"
)

type certificateRow struct {
	bun.BaseModel `bun:"table:auth_certificate,alias:c"`
	Serial        string    `bun:"serial,pk"`
	Subject       uuid.UUID `bun:"subject"`
	Org           uuid.UUID `bun:"org"`
	NotBefore     int64     `bun:"not_before"`
	NotAfter      int64     `bun:"not_after"`
	Revoked       int64     `bun:"revoked"`
	Reason        string    `bun:"reason"`
}

// IssueGateway signs a gateway's request and keeps the serial, in the transaction of the context if there is one. The
// scope is that of the gateway's organisation. Error: ErrCSR.
func (s *Service) IssueGateway(ctx context.Context, scope Scope, a *Authority, gateway uuid.UUID, csr []byte) (Certificate, error) {
	return s.issue(ctx, scope, audit.Object{Kind: "gateway", ID: gateway.String()}, gateway, csr, a.SignGateway)
}

// IssueNode is IssueGateway for a neighbouring node; the scope is that of this node's home organisation, or of none.
func (s *Service) IssueNode(ctx context.Context, scope Scope, a *Authority, node uuid.UUID, csr []byte) (Certificate, error) {
	return s.issue(ctx, scope, audit.Object{Kind: "node", ID: node.String()}, node, csr, a.SignNode)
}

func (s *Service) issue(ctx context.Context, scope Scope, object audit.Object, subject uuid.UUID, csr []byte, sign func([]byte, uuid.UUID) (Certificate, error)) (Certificate, error) {
	cert, err := sign(csr, subject)
	if err != nil {
		return Certificate{}, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&certificateRow{
			Serial: cert.Serial, Subject: subject, Org: scope.Org(), NotBefore: cert.NotBefore.UnixNano(), NotAfter: cert.NotAfter.UnixNano(),
		}).Exec(ctx)
		if err != nil {
			return err
		}
		return s.noteAs(ctx, tx, scope.Principal(), scope.Org(), "auth.certificate.issue",
			object, nil, map[string]any{"serial": cert.Serial, "notAfter": cert.NotAfter.UTC()})
	})
	if err != nil {
		return Certificate{}, fmt.Errorf("keep the certificate's serial: %w", err)
	}
	return cert, nil
}

// RevokeGateway ends all certificates of a gateway, in the transaction of the context if there is one.
func (s *Service) RevokeGateway(ctx context.Context, scope Scope, gateway uuid.UUID, reason string) error {
	return s.revoke(ctx, scope, audit.Object{Kind: "gateway", ID: gateway.String()}, gateway, reason)
}

// RevokeNode is RevokeGateway for a neighbouring node.
func (s *Service) RevokeNode(ctx context.Context, scope Scope, node uuid.UUID, reason string) error {
	return s.revoke(ctx, scope, audit.Object{Kind: "node", ID: node.String()}, node, reason)
}

func (s *Service) revoke(ctx context.Context, scope Scope, object audit.Object, subject uuid.UUID, reason string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewUpdate().Model((*certificateRow)(nil)).Set("revoked = ?", s.now().UnixNano()).Set("reason = ?", reason).
			Where("subject = ? AND revoked = 0", subject)
		if _, err := scope.WhereUpdate(q, "org").Exec(ctx); err != nil {
			return err
		}
		return s.noteAs(ctx, tx, scope.Principal(), scope.Org(), "auth.certificate.revoke", object, nil, map[string]any{"reason": reason})
	})
}

// CheckCertificate tells whether a certificate that TLS has verified still counts: it was issued here to this gateway
// and has not been revoked. Error: ErrUnauthenticated.
func (s *Service) CheckCertificate(ctx context.Context, serial string, gateway uuid.UUID) error {
	var row certificateRow
	err := store.Err(s.db.NewSelect().Model(&row).Where("serial = ?", serial).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) || err == nil && (row.Revoked != 0 || row.Subject != gateway) {
		return ErrUnauthenticated.With("reason", "certificate")
	}
	if err != nil {
		return fmt.Errorf("look up the certificate: %w", err)
	}
	return nil
}

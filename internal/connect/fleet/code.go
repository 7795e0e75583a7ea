package fleet

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// Code is an enrolment code; it is told once and kept as a hash.
type Code struct {
	Code    string
	Expires time.Time
}

// NewCode makes an enrolment code for a gateway and ends those made before. It can be used once, within 24 hours; using
// it ends the gateway's older certificates, which is how a gateway's hardware is replaced.
// Errors: ErrNotEnrolled (the node does not know its own address), store.ErrNotFound.
func (s *Service) NewCode(ctx context.Context, id uuid.UUID) (Code, error) {
	g, scope, err := s.own(ctx, id)
	if err != nil {
		return Code{}, err
	}
	v := federate.Invitation{URL: s.o.URL()}
	block, _ := pem.Decode(s.o.Authority.Certificate())
	if v.URL == "" || block == nil {
		return Code{}, ErrNotEnrolled
	}
	v.Fingerprint = sha256.Sum256(block.Bytes)
	if _, err := rand.Read(v.Secret[:]); err != nil {
		return Code{}, fmt.Errorf("make a secret: %w", err)
	}
	now := s.o.Now()
	hash := v.Hash()
	r := codeRow{ID: uuid.Must(uuid.NewV7()), Gateway: id, Org: g.Org, Hash: hex.EncodeToString(hash[:]), Created: now.UnixNano(), Expires: now.Add(codeLife).UnixNano()}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewUpdate().Model((*codeRow)(nil)).Set("used = ?", now.UnixNano()).Where("gateway = ? AND used = 0", id).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "fleet.code.create", gatewayObject(g), nil, map[string]any{"expires": now.Add(codeLife).UTC()})
	})
	if err != nil {
		return Code{}, fmt.Errorf("make an enrolment code: %w", err)
	}
	return Code{Code: v.String(), Expires: now.Add(codeLife).UTC()}, nil
}

// perAddress is how often an address may try a code.
var perAddress = auth.Limit{Burst: 10, Every: 6 * time.Second}

// Enrolled is the answer to a gateway that showed a good code.
type Enrolled struct {
	Gateway     uuid.UUID
	Certificate []byte // PEM
	Chain       []byte // PEM: the authority
}

// Enrol exchanges a code's secret and a certificate request for a certificate. Nobody is signed in: the secret is the
// credential. A gateway that missed the answer may ask again with the same request within an hour.
// Errors: ErrSlowDown, ErrSecret, ErrSecretUsed, ErrSecretOld, auth.ErrCSR.
func (s *Service) Enrol(ctx context.Context, secret string, csr []byte) (Enrolled, error) {
	now := s.o.Now()
	if wait := s.throttle.Take(now, auth.Use{Key: auth.Network(auth.OriginFrom(ctx).Remote), Limit: perAddress}); wait > 0 {
		return Enrolled{}, ErrSlowDown.With("wait", wait.Round(time.Second).String()).Header("Retry-After", fmt.Sprint(int(wait.Seconds())+1))
	}
	raw, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil || len(raw) != len(federate.Invitation{}.Secret) {
		return Enrolled{}, ErrSecret
	}
	v := federate.Invitation{Secret: [16]byte(raw)}
	hash, request := v.Hash(), sha256.Sum256(csr)
	asked := hex.EncodeToString(request[:])
	var code codeRow
	var cert auth.Certificate
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		code = codeRow{}
		err := store.Err(tx.NewSelect().Model(&code).Where("hash = ?", hex.EncodeToString(hash[:])).Scan(ctx))
		if errors.Is(err, store.ErrNotFound) {
			return ErrSecret
		}
		if err != nil {
			return err
		}
		scope := auth.System(code.Org)
		g, err := findGateway(ctx, tx, scope, code.Gateway)
		switch again := code.Used != 0 && code.Request == asked && now.UnixNano()-code.Used < int64(codeGrace); {
		case errors.Is(err, store.ErrNotFound):
			return ErrSecretUsed
		case err != nil:
			return err
		case code.Used != 0 && !again:
			return ErrSecretUsed
		case now.UnixNano() >= code.Expires && !again:
			return ErrSecretOld.With("hours", int(codeLife.Hours()))
		}
		if err := s.o.Certificates.RevokeGateway(ctx, scope, code.Gateway, "enrolled again"); err != nil {
			return err
		}
		if cert, err = s.o.Certificates.IssueGateway(ctx, scope, s.o.Authority, code.Gateway, csr); err != nil {
			return err
		}
		if code.Used == 0 {
			code.Used = now.UnixNano()
		}
		if _, err := tx.NewUpdate().Model((*codeRow)(nil)).Set("used = ?", code.Used).Set("request = ?", asked).Where("id = ?", code.ID).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model((*gatewayRow)(nil)).Set("enrolled = ?", now.UnixNano()).Set("not_after = ?", cert.NotAfter.UnixNano()).
			Set("version = version + 1").Where("id = ?", g.ID).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "fleet.gateway.enrol", gatewayObject(g), nil, map[string]any{"serial": cert.Serial})
	})
	if err != nil {
		return Enrolled{}, fmt.Errorf("enrol: %w", err)
	}
	if session := s.listener.Session(code.Gateway); session != nil {
		session.Conn().Close(federate.CodeIdentity, "this gateway has been enrolled again, with another key")
	}
	return Enrolled{Gateway: code.Gateway, Certificate: cert.PEM, Chain: s.o.Authority.Certificate()}, s.load(ctx, code.Gateway)
}

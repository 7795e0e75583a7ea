package ingest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// standing is a credential that counts, ready to be checked without SQL.
type standing struct {
	id, source uuid.UUID
	device     string
	hash       [sha256.Size]byte
	secret     bool // hash is one
	serial     string
	notAfter   int64
}

func stand(r *credentialRow) *standing {
	st := &standing{id: r.ID, source: r.Source, device: r.Device, serial: r.Serial, notAfter: r.NotAfter}
	if b, err := hex.DecodeString(r.Hash); err == nil && len(b) == len(st.hash) {
		st.hash, st.secret = [sha256.Size]byte(b), true
	}
	return st
}

// secretLength is that of 32 bytes in base64url; anything else is refused unhashed.
const secretLength = 43

// Issued is a new credential with what is told only once.
type Issued struct {
	Credential
	Secret      string // base64url of 32 random bytes; "" for a certificate
	Certificate []byte // PEM; nil for a secret
	Chain       []byte // PEM: the authority, with a certificate
}

// NewCredential makes a way to sign in for devices of a source: a secret, or, with a certificate request (PKCS #10), a
// client certificate. device limits it to one device. Errors: ErrName, ErrDevice, ErrTooMany, auth.ErrCSR, store.ErrNotFound.
func (s *Service) NewCredential(ctx context.Context, source uuid.UUID, name, device string, csr []byte) (Issued, error) {
	in, scope, err := s.own(ctx, source)
	if err != nil {
		return Issued{}, err
	}
	if err := (text.Text{En: name}).Check(maxName); err != nil {
		return Issued{}, ErrName.At("body.name", name).With("reason", err.Error()).With("limit", maxName)
	}
	if why := badDevice(device); device != "" && why != "" {
		return Issued{}, ErrDevice.At("body.device", device).With("reason", why)
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	src := in.source()
	r := credentialRow{ID: uuid.Must(uuid.NewV7()), Source: source, Org: src.Org, Name: name, Device: device, Created: s.now()}
	out := Issued{}
	if csr != nil {
		cert, err := s.o.Authority.SignClient(csr, source, r.ID)
		if err != nil {
			return Issued{}, err
		}
		r.Serial, r.NotAfter = cert.Serial, cert.NotAfter.UnixNano()
		out.Certificate, out.Chain = cert.PEM, s.o.Authority.Certificate()
	} else {
		b := make([]byte, 32)
		_, _ = rand.Read(b) // never fails (crypto/rand, since Go 1.24)
		out.Secret = base64.RawURLEncoding.EncodeToString(b)
		hash := sha256.Sum256([]byte(out.Secret))
		r.Hash = hex.EncodeToString(hash[:])
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*credentialRow)(nil)).Where("source = ? AND revoked = 0", source).Count(ctx)
		if err != nil {
			return err
		}
		if n >= maxCredentials {
			return ErrTooMany.With("limit", maxCredentials)
		}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "ingest.credential.create", credentialObject(&r), nil,
			map[string]any{"source": source, "name": name, "device": device, "serial": r.Serial})
	})
	if err != nil {
		return Issued{}, fmt.Errorf("make a credential of source %s: %w", source, err)
	}
	s.mu.Lock()
	if s.inlets[source] != nil {
		s.credentials[r.ID] = stand(&r)
	}
	s.mu.Unlock()
	out.Credential = r.credential()
	return out, nil
}

func credentialObject(r *credentialRow) audit.Object {
	return audit.Object{Kind: "source.credential", ID: r.ID.String(), Name: r.Name}
}

// Credentials lists those of a source that count. Error: store.ErrNotFound.
func (s *Service) Credentials(ctx context.Context, source uuid.UUID) ([]Credential, error) {
	in, err := s.visible(ctx, source)
	if err != nil {
		return nil, err
	}
	rows, err := sourceCredentials(ctx, s.o.DB, auth.System(in.source().Org), source)
	if err != nil {
		return nil, err
	}
	out := make([]Credential, len(rows))
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := range rows {
		out[i] = rows[i].credential()
		out[i].Used = max(out[i].Used, s.used[out[i].ID])
	}
	return out, nil
}

// Revoke ends a credential and cuts the connections that were made with it. Error: store.ErrNotFound.
func (s *Service) Revoke(ctx context.Context, source, id uuid.UUID) error {
	in, scope, err := s.own(ctx, source)
	if err != nil {
		return err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var r credentialRow
		q := scope.Where(tx.NewSelect().Model(&r).Where("c.id = ? AND c.source = ? AND c.revoked = 0", id, source), "c.org")
		if err := store.Err(q.Scan(ctx)); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model((*credentialRow)(nil)).Set("revoked = ?", s.now()).Where("id = ?", id).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "ingest.credential.revoke", credentialObject(&r), map[string]any{"source": source, "name": r.Name}, nil)
	})
	if err != nil {
		return fmt.Errorf("revoke credential %s: %w", id, err)
	}
	s.mu.Lock()
	delete(s.credentials, id)
	s.mu.Unlock()
	in.cut(func(c *session) bool { return c.credential.id == id }, ErrRevoked)
	return nil
}

// verify finds the credential of a name and secret. It costs a map look-up and a hash: a secret of 256 random bits needs
// no slow one. A right secret is never held back; whoever sends wrong ones is told to slow down.
// Errors: ErrCredential, ErrSlowDown.
func (s *Service) verify(name string, secret []byte, remote string) (*standing, *inlet, error) {
	id, err := uuid.Parse(name)
	if err == nil && len(name) == 36 {
		s.mu.RLock()
		st := s.credentials[id]
		var in *inlet
		if st != nil {
			in = s.inlets[st.source]
		}
		s.mu.RUnlock()
		if st != nil && in != nil && st.secret && len(secret) == secretLength {
			hash := sha256.Sum256(secret)
			if subtle.ConstantTimeCompare(hash[:], st.hash[:]) == 1 {
				s.use(st.id)
				return st, in, nil
			}
		}
		if in != nil && s.guesses.Wait(s.o.Now(), guess(remote)) == 0 {
			in.refusedSecret(remote)
		}
	}
	return nil, nil, s.wrong(remote)
}

// verifyCertificate finds the credential of a certificate that TLS has checked. Errors: ErrCredential, ErrSlowDown.
func (s *Service) verifyCertificate(c *x509.Certificate, remote string) (*standing, *inlet, error) {
	if id, ok := auth.ClientID(c); ok {
		s.mu.RLock()
		st := s.credentials[id]
		var in *inlet
		if st != nil {
			in = s.inlets[st.source]
		}
		s.mu.RUnlock()
		if st != nil && in != nil && st.serial != "" && st.serial == auth.SerialOf(c) && s.now() < st.notAfter {
			s.use(st.id)
			return st, in, nil
		}
	}
	return nil, nil, s.wrong(remote)
}

// use notes a sign-in; SQL learns of it within a minute.
func (s *Service) use(id uuid.UUID) {
	now := s.now()
	s.mu.RLock()
	fresh := now-s.used[id] < minute
	s.mu.RUnlock()
	if fresh {
		return
	}
	s.mu.Lock()
	s.used[id] = now
	s.mu.Unlock()
}

// perAddress is how often an address may send a wrong credential.
var perAddress = auth.Limit{Burst: 20, Every: 3 * time.Second}

func guess(remote string) auth.Use { return auth.Use{Key: auth.Network(remote), Limit: perAddress} }

func (s *Service) wrong(remote string) error {
	s.metrics.refused.Add(1)
	if wait := s.guesses.Take(s.o.Now(), guess(remote)); wait > 0 {
		return ErrSlowDown.With("wait", wait.Round(time.Second).String()).Header("Retry-After", fmt.Sprint(int(wait.Seconds())+1))
	}
	return ErrCredential
}

// saveUses tells SQL when credentials were used.
func (s *Service) saveUses(ctx context.Context) error {
	s.mu.RLock()
	uses := maps.Clone(s.used)
	s.mu.RUnlock()
	if len(uses) == 0 {
		return nil
	}
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for id, at := range uses {
			if _, err := tx.NewUpdate().Model((*credentialRow)(nil)).Set("used = ?", at).Where("id = ? AND used < ?", id, at).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, at := range uses { // what is older than a minute is noted anew at the next sign-in anyway
		if s.used[id] == at && s.now()-at > minute {
			delete(s.used, id)
		}
	}
	return nil
}

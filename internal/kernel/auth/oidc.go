package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"golang.org/x/oauth2"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Provider is who vouches for people by OpenID Connect: an enterprise's directory, WeCom, DingTalk or a province's identity behind it.
type Provider struct {
	ID     string // in addresses
	Issuer string
	Client string
	Secret string // "" for a public client: PKCE alone then proves who asks
	Label  text.Text
	Scopes []string // besides openid
}

const (
	oidcLife   = 10 * time.Minute // from the start to the provider's answer, and again to the binding
	oidcAnswer = 10 * time.Second
	oidcBytes  = 1 << 20 // of an answer of a provider
	// OIDCPath is the console's page to which providers send the browser back. It posts what came to /session/oidc.
	OIDCPath = "/sign-in/oidc"
)

// Names of the cookie that ties a sign-in at a provider to the browser that began it.
const (
	OIDCCookieName      = "__Host-jingwei-oidc"
	PlainOIDCCookieName = "jingwei-oidc"
)

// OIDCCookie carries the browser's part. It goes no further than this host and ends with the sign-in.
func OIDCCookie(secret string, secure bool) *http.Cookie {
	name := PlainOIDCCookieName
	if secure {
		name = OIDCCookieName
	}
	return &http.Cookie{Name: name, Value: secret, Path: "/", MaxAge: int(oidcLife / time.Second), Secure: secure, HttpOnly: true, SameSite: http.SameSiteStrictMode}
}

type identityRow struct {
	bun.BaseModel `bun:"table:auth_identity,alias:i"`
	Issuer        string    `bun:"issuer,pk"`
	Subject       string    `bun:"subject,pk"`
	Person        uuid.UUID `bun:"person"`
	Created       int64     `bun:"created"`
}

type oidcRow struct {
	bun.BaseModel `bun:"table:auth_oidc,alias:q"`
	State         string `bun:"state,pk"`
	Provider      string `bun:"provider"`
	Browser       string `bun:"browser"`
	Person        string `bun:"person"`
	Expires       int64  `bun:"expires"`
	Used          int64  `bun:"used"`
	Issuer        string `bun:"issuer"`
	Subject       string `bun:"subject"`
	Ticket        string `bun:"ticket"`
}

// discovered is a provider as it described itself; its keys are fetched again when one is used that is not among them.
type discovered struct {
	mu    sync.Mutex
	found map[string]*oidc.Provider
}

// oidcClient asks providers. It keeps no connections, and its answers are bounded.
var oidcClient = &http.Client{Timeout: oidcAnswer, Transport: bounded{&http.Transport{DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment}}}

type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.next.RoundTrip(r)
	if err == nil {
		answer.Body = http.MaxBytesReader(nil, answer.Body, oidcBytes)
	}
	return answer, err
}

func (s *Service) provider(id string) (*Provider, error) {
	for i := range s.o.Providers {
		if s.o.Providers[i].ID == id {
			return &s.o.Providers[i], nil
		}
	}
	return nil, ErrProvider.At("path.provider", id)
}

// discover reads a provider's description once; while it does not answer each sign-in tries anew.
func (s *Service) discover(ctx context.Context, p *Provider) (*oidc.Provider, error) {
	s.discovered.mu.Lock()
	defer s.discovered.mu.Unlock()
	if found := s.discovered.found[p.ID]; found != nil {
		return found, nil
	}
	// The keys are fetched long after this request: their context is not its.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), oidcClient), p.Issuer)
	if err != nil {
		s.log.WarnContext(ctx, "an OIDC provider does not answer", "issuer", p.Issuer, "error", err)
		return nil, ErrProviderDown.With("provider", p.Label).Because(err)
	}
	if s.discovered.found == nil {
		s.discovered.found = map[string]*oidc.Provider{}
	}
	s.discovered.found[p.ID] = found
	return found, nil
}

func (p *Provider) exchange(found *oidc.Provider, base string) *oauth2.Config {
	return &oauth2.Config{ClientID: p.Client, ClientSecret: p.Secret, Endpoint: found.Endpoint(), RedirectURL: base + OIDCPath, Scopes: append([]string{oidc.ScopeOpenID}, p.Scopes...)}
}

// derived is a value that the browser's secret stands for: the nonce and the PKCE verifier are kept nowhere.
func derived(browser, what string) string {
	m := hmac.New(sha256.New, []byte(browser))
	m.Write([]byte("jingwei oidc 1 " + what))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// BeginOIDC prepares a sign-in at a provider and returns where to send the browser, with the secret of its cookie. Somebody who is signed
// in already binds the provider's subject to themselves in this way. Errors: ErrProvider, ErrProviderDown, ErrThrottled.
func (s *Service) BeginOIDC(ctx context.Context, id string) (address, browser string, err error) {
	p, err := s.provider(id)
	if err != nil {
		return "", "", err
	}
	if err := s.hold(ctx, []Use{{"a " + Network(OriginFrom(ctx).Remote), perAddress}}); err != nil {
		return "", "", err
	}
	found, err := s.discover(ctx, p)
	if err != nil {
		return "", "", err
	}
	state, now := newSecret(), s.now()
	browser = newSecret()
	row := oidcRow{State: hashSecret(state), Provider: p.ID, Browser: hashSecret(browser), Expires: now.Add(oidcLife).UnixNano()}
	if who, ok := FromContext(ctx); ok && who.Kind == KindPerson {
		row.Person = who.ID.String()
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewDelete().Model((*oidcRow)(nil)).Where("expires <= ?", now.UnixNano()).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
	if err != nil {
		return "", "", fmt.Errorf("begin a sign-in at a provider: %w", err)
	}
	return p.exchange(found, s.o.URL).AuthCodeURL(state, oidc.Nonce(derived(browser, "nonce")), oauth2.S256ChallengeOption(derived(browser, "verifier"))), browser, nil
}

// OIDCAnswer is what a provider sent back with the browser.
type OIDCAnswer struct {
	State   string
	Code    string
	Issuer  string // "iss" of RFC 9207; "" where the provider does not send it
	Error   string
	Browser string // the secret of the cookie
}

// OIDCResult is a session, or a ticket: the provider vouches for somebody whom nobody here is known by yet.
type OIDCResult struct {
	Session *Session // nil where somebody who was signed in has bound the subject, and where there is a ticket
	Ticket  string
	Name    string // as the provider tells it
}

// FinishOIDC takes a provider's answer: it counts once, in the browser that began, within ten minutes. The provider's token must be
// signed by a key that it publishes, be made for this client and for this very sign-in (nonce), and not have ended.
// Errors: ErrOIDCState, ErrOIDCRefused, ErrOIDCToken, ErrProviderDown, ErrIdentityHeld, ErrSignIn, ErrThrottled.
func (s *Service) FinishOIDC(ctx context.Context, a OIDCAnswer) (OIDCResult, error) {
	if err := s.hold(ctx, []Use{{"a " + Network(OriginFrom(ctx).Remote), perAddress}}); err != nil {
		return OIDCResult{}, err
	}
	row, err := s.takeState(ctx, a)
	if err != nil {
		return OIDCResult{}, err
	}
	p, err := s.provider(row.Provider)
	if err != nil {
		return OIDCResult{}, err
	}
	if a.Issuer != "" && a.Issuer != p.Issuer { // another provider answers (RFC 9207, 2.4)
		return OIDCResult{}, ErrOIDCState
	}
	if a.Error != "" || a.Code == "" {
		return OIDCResult{}, ErrOIDCRefused.With("provider", p.Label).With("reason", printable(a.Error))
	}
	token, name, err := s.idToken(ctx, p, a)
	if err != nil {
		return OIDCResult{}, err
	}
	return s.vouched(ctx, p, row, token, name)
}

// takeState uses a state up.
func (s *Service) takeState(ctx context.Context, a OIDCAnswer) (row oidcRow, err error) {
	if len(a.State) != secretLength || len(a.Browser) != secretLength {
		return row, ErrOIDCState
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := store.Err(tx.NewSelect().Model(&row).Where("state = ?", hashSecret(a.State)).Scan(ctx))
		if errors.Is(err, store.ErrNotFound) || err == nil && !sameHash(row.Browser, hashSecret(a.Browser)) {
			return ErrOIDCState
		}
		if err != nil {
			return err
		}
		res, err := tx.NewUpdate().Model(&row).Set("used = ?", s.now().UnixNano()).Where("state = ? AND used = 0 AND expires > ?", row.State, s.now().UnixNano()).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return ErrOIDCState.Because(err)
		}
		return nil
	})
	return row, err
}

// idToken exchanges the code and checks what came for it.
func (s *Service) idToken(ctx context.Context, p *Provider, a OIDCAnswer) (*oidc.IDToken, string, error) {
	found, err := s.discover(ctx, p)
	if err != nil {
		return nil, "", err
	}
	out := oidc.ClientContext(ctx, oidcClient)
	tokens, err := p.exchange(found, s.o.URL).Exchange(out, a.Code, oauth2.VerifierOption(derived(a.Browser, "verifier")))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode < 500 {
			s.log.WarnContext(ctx, "an OIDC provider gave no token", "issuer", p.Issuer, "error", err)
			return nil, "", ErrOIDCRefused.With("provider", p.Label).With("reason", printable(refused.ErrorCode)).Because(err)
		}
		return nil, "", ErrProviderDown.With("provider", p.Label).Because(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	token, err := found.Verifier(&oidc.Config{ClientID: p.Client, Now: s.now}).Verify(out, raw)
	if err != nil {
		s.log.WarnContext(ctx, "an OIDC token does not hold", "issuer", p.Issuer, "error", err)
		return nil, "", ErrOIDCToken.With("provider", p.Label).Because(err)
	}
	var claims struct {
		Azp  string `json:"azp"`
		Name string `json:"name"`
	}
	if err := token.Claims(&claims); err != nil {
		return nil, "", ErrOIDCToken.With("provider", p.Label).Because(err)
	}
	if !sameHash(token.Nonce, derived(a.Browser, "nonce")) || len(token.Audience) > 1 && claims.Azp != p.Client || token.Subject == "" || len(token.Subject) > 255 {
		return nil, "", ErrOIDCToken.With("provider", p.Label)
	}
	return token, printable(claims.Name), nil
}

// vouched signs in whom a provider vouches for, binds them to who was signed in at the start, or gives a ticket. An e-mail address
// that the provider tells means nothing: subjects are bound, and nothing else is.
func (s *Service) vouched(ctx context.Context, p *Provider, row oidcRow, token *oidc.IDToken, name string) (OIDCResult, error) {
	var out OIDCResult
	var person personRow
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		out, person = OIDCResult{}, personRow{}
		var known identityRow
		err := store.Err(tx.NewSelect().Model(&known).Where("issuer = ? AND subject = ?", token.Issuer, token.Subject).Scan(ctx))
		switch {
		case err == nil && row.Person != "" && row.Person != known.Person.String():
			return ErrIdentityHeld
		case err == nil:
			if person, err = personByID(ctx, tx, known.Person); err == nil && person.Disabled {
				err = ErrSignIn
			}
			return err
		case !errors.Is(err, store.ErrNotFound):
			return err
		case row.Person != "":
			return s.bind(ctx, tx, token.Issuer, token.Subject, uuid.MustParse(row.Person))
		}
		out = OIDCResult{Ticket: newSecret(), Name: name}
		row.Issuer, row.Subject, row.Ticket, row.Expires = token.Issuer, token.Subject, hashSecret(out.Ticket), s.now().Add(oidcLife).UnixNano()
		_, err = tx.NewUpdate().Model(&row).Column("issuer", "subject", "ticket", "expires").WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return OIDCResult{}, fmt.Errorf("sign in at %s: %w", p.ID, err)
	}
	if person.ID == uuid.Nil || row.Person != "" {
		return out, nil
	}
	session, err := s.open(ctx, person, "oidc")
	return OIDCResult{Session: &session}, err
}

// bind ties a subject to a person.
func (s *Service) bind(ctx context.Context, tx bun.Tx, issuer, subject string, person uuid.UUID) error {
	row, err := personByID(ctx, tx, person)
	if err != nil {
		return err
	}
	_, err = tx.NewInsert().Model(&identityRow{Issuer: issuer, Subject: subject, Person: person, Created: s.now().UnixNano()}).Exec(ctx)
	if err = store.Err(err); errors.Is(err, store.ErrConflict) {
		return ErrIdentityHeld.Because(err)
	}
	if err != nil {
		return err
	}
	who := Principal{Kind: KindPerson, ID: row.ID, Name: row.Login, Via: "oidc"}
	return s.notePerson(ctx, tx, who, row, "auth.identity.bind", nil, map[string]any{"issuer": issuer})
}

// takeTicket uses a ticket up.
func (s *Service) takeTicket(ctx context.Context, tx bun.Tx, ticket string) (row oidcRow, err error) {
	if len(ticket) != secretLength {
		return row, ErrOIDCState
	}
	err = store.Err(tx.NewSelect().Model(&row).Where("ticket = ? AND expires > ?", hashSecret(ticket), s.now().UnixNano()).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return row, ErrOIDCState
	}
	if err != nil {
		return row, err
	}
	_, err = tx.NewDelete().Model(&row).WherePK().Exec(ctx)
	return row, store.Err(err)
}

// BindTicket ties the subject of a ticket to the caller, who has signed in otherwise. Errors: ErrOIDCState, ErrIdentityHeld, ErrNotPerson.
func (s *Service) BindTicket(ctx context.Context, ticket string) error {
	who, err := Need(ctx)
	if err != nil {
		return err
	}
	if who.Kind != KindPerson {
		return ErrNotPerson
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := s.takeTicket(ctx, tx, ticket)
		if err != nil {
			return err
		}
		return s.bind(ctx, tx, row.Issuer, row.Subject, who.ID)
	})
}

// SignUpByTicket takes somebody in for whom a provider vouches. They have no role anywhere. Errors: ErrOIDCState, ErrSignUp, ErrName,
// ErrThrottled.
func (s *Service) SignUpByTicket(ctx context.Context, ticket, name string) (Session, error) {
	if !s.o.SignUp {
		return Session{}, ErrSignUp
	}
	if err := s.hold(ctx, s.joinUses(ctx)); err != nil {
		return Session{}, err
	}
	var person personRow
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := s.takeTicket(ctx, tx, ticket)
		if err != nil {
			return err
		}
		login := "oidc-" + strings.ReplaceAll(uuid.Must(uuid.NewRandom()).String(), "-", "")[:16]
		if person, err = s.join(ctx, tx, login, name, "", "oidc"); err != nil {
			return err
		}
		return s.bind(ctx, tx, row.Issuer, row.Subject, person.ID)
	})
	if err != nil {
		return Session{}, fmt.Errorf("sign up by a provider: %w", err)
	}
	return s.open(ctx, person, "oidc")
}

// printable cuts what a provider says to what may be shown and kept.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if r := []rune(s); len(r) > MaxPersonName {
		s = string(r[:MaxPersonName])
	}
	return strings.TrimSpace(s)
}

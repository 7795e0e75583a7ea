package snms

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/identify/registry"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on.
var (
	ErrName  = problem.Define("snms-account-name", 422)
	ErrTaken = problem.Define("snms-account-taken", 409)
)

func problems() []*problem.Kind { return []*problem.Kind{ErrName, ErrTaken} }

// Options build a Service.
type Options struct {
	DB       *store.DB
	Registry *registry.Service
	Now      func() time.Time
	Zone     *time.Location // of the day that v1 of the token holds; nil: UTC+8
	Logger   *slog.Logger
}

// Service answers the interface.
type Service struct {
	o Options

	mu     sync.Mutex
	tokens map[[32]byte]token // by the hash of the token
}

// token lets an account in until a time.
type token struct {
	account account
	until   time.Time
}

// Bounds of tokens.
const (
	tokenFor  = 24 * time.Hour
	maxTokens = 10_000
)

// New makes the table.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Zone == nil {
		o.Zone = time.FixedZone("UTC+8", 8*3600)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{o: o, tokens: map[[32]byte]token{}}, store.MigrateRoom(ctx, o.DB, "identify_snms", migrations)
}

type account struct {
	bun.BaseModel `bun:"table:identify_snms_account,alias:a"`

	Name     string    `bun:"name,pk"`
	ID       uuid.UUID `bun:"id"`
	Org      uuid.UUID
	Verifier string
	Since    int64
	Until    int64
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$`)

// AccountView is an account as it is told. The password is told once.
type AccountView struct {
	Name     string    `json:"name"`
	Org      uuid.UUID `json:"org" format:"uuid"`
	Since    time.Time `json:"since"`
	Password string    `json:"password,omitempty" doc:"Told once, when the account is made"`
}

// Open makes an account for an organisation. Errors: ErrName, ErrTaken, those of auth.
func (s *Service) Open(ctx context.Context, org uuid.UUID, name string) (AccountView, error) {
	scope, err := auth.Allow(ctx, auth.Tokens, org)
	if err != nil {
		return AccountView{}, err
	}
	if !nameForm.MatchString(name) {
		return AccountView{}, ErrName.At("body.name", name)
	}
	secret := make([]byte, 20)
	_, _ = rand.Read(secret) // it never fails
	password := base32.StdEncoding.EncodeToString(secret)
	now := s.o.Now()
	row := account{Name: name, ID: uuid.Must(uuid.NewV7()), Org: org, Verifier: hexHash(password), Since: now.UnixNano(), Until: store.Forever}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, scope.Act(ctx, now, "identify.account.open", audit.Object{Kind: "identify.account", ID: row.ID.String(), Name: name}, nil, nil))
	})
	if errors.Is(err, store.ErrConflict) {
		err = ErrTaken.At("body.name", name)
	}
	return AccountView{Name: name, Org: org, Since: now.UTC(), Password: password}, err
}

// Accounts are those of an organisation.
func (s *Service) Accounts(ctx context.Context, org uuid.UUID) ([]AccountView, error) {
	scope, err := auth.Allow(ctx, auth.Tokens, org)
	if err != nil {
		return nil, err
	}
	var rows []account
	if err := scope.Where(s.o.DB.NewSelect().Model(&rows).Where("a.until = ?", store.Forever), "a.org").OrderExpr("a.since, a.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list accounts: %w", store.Err(err))
	}
	return store.All(rows, func(a *account) AccountView {
		return AccountView{Name: a.Name, Org: a.Org, Since: time.Unix(0, a.Since).UTC()}
	}), nil
}

// End ends an account and its tokens; its name is not given again. Error: store.ErrNotFound.
func (s *Service) End(ctx context.Context, org uuid.UUID, name string) error {
	scope, err := auth.Allow(ctx, auth.Tokens, org)
	if err != nil {
		return err
	}
	now := s.o.Now()
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var row account
		if err := scope.Where(tx.NewSelect().Model(&row).Where("a.name = ? AND a.until = ?", name, store.Forever), "a.org").Scan(ctx); err != nil {
			return store.Err(err)
		}
		if _, err := tx.NewUpdate().Model((*account)(nil)).Set("until = ?", now.UnixNano()).Where("name = ?", name).Exec(ctx); err != nil {
			return store.Err(err)
		}
		return audit.Record(ctx, tx, scope.Act(ctx, now, "identify.account.end", audit.Object{Kind: "identify.account", ID: row.ID.String(), Name: name}, nil, nil))
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, t := range s.tokens {
		if t.account.Name == name {
			delete(s.tokens, k)
		}
	}
	return nil
}

func hexHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// login gives a token for user and password; of v1 the password is the hash of the verifier and the day. ok is false where they are wrong.
func (s *Service) login(ctx context.Context, name, password string, v1 bool) (string, bool, error) {
	var a account
	err := store.Err(s.o.DB.NewSelect().Model(&a).Where("a.name = ? AND a.until = ?", name, store.Forever).Scan(ctx))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", false, fmt.Errorf("find an account: %w", err)
	}
	now := s.o.Now()
	given, want := hexHash(password), a.Verifier
	if v1 {
		given, want = password, hexHash(a.Verifier+now.In(s.o.Zone).Format(time.DateOnly))
	}
	if a.Name == "" || subtle.ConstantTimeCompare([]byte(given), []byte(want)) != 1 {
		return "", false, nil
	}
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // it never fails
	out := hex.EncodeToString(raw)
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, t := range s.tokens {
		if !now.Before(t.until) {
			delete(s.tokens, k)
		}
	}
	if len(s.tokens) >= maxTokens {
		return "", false, errors.New("too many tokens are out")
	}
	s.tokens[sha256.Sum256([]byte(out))] = token{a, now.Add(tokenFor)}
	return out, true, nil
}

// as is a context of the account that a token lets in.
func (s *Service) as(ctx context.Context, given string) (context.Context, bool) {
	s.mu.Lock()
	t, ok := s.tokens[sha256.Sum256([]byte(given))]
	s.mu.Unlock()
	if !ok || !s.o.Now().Before(t.until) {
		return ctx, false
	}
	return auth.With(ctx, auth.NewPrincipal(auth.KindToken, t.account.ID, t.account.Name, "snms", map[uuid.UUID]auth.Role{t.account.Org: auth.Engineer})), true
}

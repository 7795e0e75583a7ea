package api

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

//go:embed migrations
var migrations embed.FS

// Bounds of idempotency.
const (
	idempotencyKept  = 24 * time.Hour   // how long an answer can be asked for again
	idempotencyStale = 90 * time.Second // a request that has run longer died with its process
	maxKept          = 256 << 10        // largest answer kept, bytes
)

// idempotency makes POST safe to repeat: the answer to (credential, key) is kept in SQL, sealed with the caller's
// credential, and given again for the same request. A request that failed with 5xx is forgotten and may be tried
// again. A crash between the work and the keeping of its answer is the one case that runs twice, a minute and a half
// later at the earliest; a room for which that matters puts a unique key of its own on what it makes.
type idempotency struct {
	db  *store.DB
	now func() time.Time
	log *slog.Logger

	mu     sync.Mutex
	purged time.Time
}

type kept struct {
	bun.BaseModel `bun:"table:api_idempotency,alias:k"`
	Credential    string `bun:"credential,pk"`
	Key           string `bun:"key,pk"`
	Request       string `bun:"request"`
	Started       int64  `bun:"started"`
	Status        int64  `bun:"status"`
	Answer        []byte `bun:"answer"`
}

// answer is what is sealed.
type answer struct {
	Header http.Header
	Body   []byte
}

func (s *Server) idempotent(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("Idempotency-Key")
		p, known := auth.FromContext(r.Context())
		if r.Method != http.MethodPost || key == "" || !known || s.idem == nil {
			next.ServeHTTP(w, r)
			return
		}
		if len(key) > 255 || strings.ContainsFunc(key, func(c rune) bool { return c < 0x21 || c > 0x7e }) {
			s.WriteProblem(w, r, ErrIdempotencyKey.At("header.Idempotency-Key", key))
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			var large *http.MaxBytesError
			if errors.As(err, &large) {
				err = ErrTooLarge.With("limit", large.Limit)
			} else {
				err = ErrBody.At("body", nil).With("reason", "the body broke off")
			}
			s.WriteProblem(w, r, err)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if err := s.idem.do(w, r, p, key, body, next); err != nil {
			s.WriteProblem(w, r, err)
		}
	})
}

// do runs the request or answers from what is kept. An error means that nothing has been answered yet.
func (i *idempotency) do(w http.ResponseWriter, r *http.Request, p auth.Principal, key string, body []byte, next http.Handler) error {
	seal := p.Seal()
	mine := kept{
		Credential: derive(seal, "credential", p.ID.String()),
		Key:        key,
		Request:    digest(r.Method, r.URL.RequestURI(), string(body)),
		Started:    i.now().UnixNano(),
		Answer:     []byte{},
	}
	i.purge(r.Context())
	there, err := i.begin(r.Context(), &mine)
	switch {
	case err != nil:
		return fmt.Errorf("look up the idempotency key: %w", err)
	case there == nil:
	case there.Request != mine.Request:
		return ErrIdempotencyOther.At("header.Idempotency-Key", key)
	case there.Status == 0:
		return ErrIdempotencyBusy.At("header.Idempotency-Key", key).Header("Retry-After", "2")
	default:
		a, err := open(seal, key, there.Answer)
		if err != nil {
			return fmt.Errorf("open the kept answer: %w", err)
		}
		for name, values := range a.Header {
			w.Header()[name] = values
		}
		w.Header().Set("Idempotency-Replayed", "true")
		w.WriteHeader(int(there.Status))
		_, _ = w.Write(a.Body)
		return nil
	}

	// The work is done for the caller who asked, gone or not: half a request cannot be replayed.
	rec := &capture{header: http.Header{}}
	finished := false
	defer func() {
		if !finished {
			i.forget(r.Context(), &mine)
		}
	}()
	next.ServeHTTP(rec, r)
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	if rec.status < 500 && len(rec.body) <= maxKept {
		sealed, err := shut(seal, key, answer{rec.header, rec.body})
		if err == nil {
			mine.Status, mine.Answer = int64(rec.status), sealed
			err = i.keep(r.Context(), &mine)
		}
		if err != nil {
			i.log.ErrorContext(r.Context(), "answer of an idempotent request is not kept", "error", err)
		}
		finished = err == nil
	}
	for name, values := range rec.header {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.status)
	_, _ = w.Write(rec.body)
	return nil
}

// begin takes the key for this request, or returns who has it.
func (i *idempotency) begin(ctx context.Context, mine *kept) (there *kept, err error) {
	err = i.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		there = nil
		var row kept
		err := tx.NewSelect().Model(&row).Where("credential = ? AND key = ?", mine.Credential, mine.Key).Scan(ctx)
		if err := store.Err(err); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		} else if err == nil {
			dead := row.Status == 0 && row.Started < mine.Started-int64(idempotencyStale)
			expired := row.Started < mine.Started-int64(idempotencyKept)
			if !dead && !expired {
				there = &row
				return nil
			}
			if _, err := tx.NewDelete().Model(&row).WherePK().Exec(ctx); err != nil {
				return err
			}
		}
		_, err = tx.NewInsert().Model(mine).Exec(ctx)
		return err
	})
	if errors.Is(err, store.ErrConflict) { // somebody was faster
		return &kept{Request: mine.Request}, nil
	}
	return there, err
}

func (i *idempotency) keep(ctx context.Context, k *kept) error {
	_, err := i.db.NewUpdate().Model(k).Column("status", "answer").WherePK().Where("started = ?", k.Started).Exec(context.WithoutCancel(ctx))
	return store.Err(err)
}

func (i *idempotency) forget(ctx context.Context, k *kept) {
	_, err := i.db.NewDelete().Model(k).WherePK().Where("started = ?", k.Started).Exec(context.WithoutCancel(ctx))
	if err != nil {
		i.log.WarnContext(ctx, "idempotency key stays taken until it is stale", "error", err)
	}
}

// purge removes what has expired, at most once a minute.
func (i *idempotency) purge(ctx context.Context) {
	now := i.now()
	i.mu.Lock()
	due := now.Sub(i.purged) > time.Minute
	if due {
		i.purged = now
	}
	i.mu.Unlock()
	if !due {
		return
	}
	if _, err := i.db.NewDelete().Model((*kept)(nil)).Where("started < ?", now.Add(-idempotencyKept).UnixNano()).Exec(ctx); err != nil {
		i.log.WarnContext(ctx, "expired idempotency keys stay", "error", err)
	}
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// derive makes a name or key for one use of the caller's seal.
func derive(seal [32]byte, use, what string) string {
	return digest("jingwei idempotency 1", hex.EncodeToString(seal[:]), use, what)
}

func sealer(seal [32]byte, key string) (cipher.AEAD, error) {
	k, err := hex.DecodeString(derive(seal, "answer", key))
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func shut(seal [32]byte, key string, a answer) ([]byte, error) {
	plain, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	c, err := sealer(seal, key)
	if err != nil {
		return nil, err
	}
	return c.Seal(nil, nil, plain, nil), nil
}

func open(seal [32]byte, key string, sealed []byte) (a answer, err error) {
	c, err := sealer(seal, key)
	if err != nil {
		return a, err
	}
	plain, err := c.Open(nil, nil, sealed, nil)
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(plain, &a)
}

// capture holds an answer back until it is kept.
type capture struct {
	header http.Header
	status int
	body   []byte
}

func (c *capture) Header() http.Header { return c.header }

func (c *capture) WriteHeader(status int) {
	if c.status == 0 && status >= 200 {
		c.status = status
	}
}

func (c *capture) Write(b []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	c.body = append(c.body, b...)
	return len(b), nil
}

package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

// Sender brings a code to a phone. Who can is for the wiring to say (Options.Codes).
type Sender interface {
	// SendCode sends a code in a language ("zh" or "en") and returns once the gateway has taken it.
	SendCode(ctx context.Context, phone, code, lang string) error
}

// Readiness is asked of a Sender that has it: whether it has a gateway now. One without it always has.
type Readiness interface {
	SendsCodes(ctx context.Context) bool
}

// codes is who sends codes now, or nil.
func (s *Service) codes(ctx context.Context) Sender {
	if r, ok := s.o.Codes.(Readiness); ok && !r.SendsCodes(ctx) {
		return nil
	}
	return s.o.Codes
}

// Codes that are sent: six digits, which live five minutes and bear five tries. A guesser who does not hold the phone hits with
// 5 in 1,000,000, and the limits below make that slow.
const (
	CodeLife   = 5 * time.Minute
	CodeTries  = 5
	codeDigits = 6
)

// Limits of sending: a message costs money, and rings in somebody's pocket.
var (
	codePerMinute  = Limit{Burst: 1, Every: time.Minute}
	codePerPhone   = Limit{Burst: 5, Every: 12 * time.Minute} // 5 at once, then 5 an hour
	codePerAddress = Limit{Burst: 10, Every: time.Minute}
	codePerNode    = Limit{Burst: 200, Every: time.Second}
)

// Challenge is a code that was sent. Secret stays with who asked for it; without it the code opens nothing.
type Challenge struct {
	Secret  string
	Expires time.Time
}

type phoneRow struct {
	bun.BaseModel `bun:"table:auth_phone,alias:ph"`
	Phone         string    `bun:"phone,pk"`
	Person        uuid.UUID `bun:"person"`
	Verified      int64     `bun:"verified"`
}

type codeRow struct {
	bun.BaseModel `bun:"table:auth_code,alias:c"`
	Challenge     string `bun:"challenge,pk"`
	Phone         string `bun:"phone"`
	Hash          string `bun:"hash"`
	Tries         int64  `bun:"tries"`
	Expires       int64  `bun:"expires"`
	Used          int64  `bun:"used"`
}

var (
	mainlandMobile = regexp.MustCompile(`^1[3-9][0-9]{9}$`)
	international  = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	blanks         = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", "\u00a0", "")
)

// NormalPhone is a number in E.164: +8613800138000 of 138 0013 8000. Error: ErrPhone.
func NormalPhone(s string) (string, error) {
	n := blanks.Replace(s)
	if len(s) > 40 {
		return "", ErrPhone.At("body.phone", nil)
	}
	for _, prefix := range []string{"+86", "0086", "86", ""} {
		if rest, ok := strings.CutPrefix(n, prefix); ok && mainlandMobile.MatchString(rest) {
			return "+86" + rest, nil
		}
	}
	if international.MatchString(n) && !strings.HasPrefix(n, "+86") {
		return n, nil
	}
	return "", ErrPhone.At("body.phone", s)
}

// masked is a number as the audit keeps it.
func masked(phone string) string {
	if len(phone) < 8 {
		return phone
	}
	return phone[:len(phone)-8] + "****" + phone[len(phone)-4:]
}

// codeHash is keyed with the challenge: six digits alone would be found by trying all of them.
func codeHash(secret, code string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("jingwei code 1 " + code))
	return hex.EncodeToString(m.Sum(nil))
}

// SendCode sends a code to a phone. The answer is the same whoever the number belongs to. Errors: ErrSMS, ErrPhone, ErrThrottled,
// ErrCodeSent.
func (s *Service) SendCode(ctx context.Context, phone, lang string) (Challenge, error) {
	sender := s.codes(ctx)
	if sender == nil {
		return Challenge{}, ErrSMS
	}
	phone, err := NormalPhone(phone)
	if err != nil {
		return Challenge{}, err
	}
	err = s.hold(ctx, []Use{{"cn", codePerNode}, {"ca " + Network(OriginFrom(ctx).Remote), codePerAddress}, {"cp " + phone, codePerPhone}, {"cm " + phone, codePerMinute}})
	if err != nil {
		return Challenge{}, err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return Challenge{}, fmt.Errorf("make a code: %w", err)
	}
	code, now := fmt.Sprintf("%0*d", codeDigits, n), s.now().UTC()
	c := Challenge{Secret: newSecret(), Expires: now.Add(CodeLife)}
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		// What has ended goes, and so do the codes sent to this phone before: one counts at a time.
		if _, err := tx.NewDelete().Model((*codeRow)(nil)).Where("expires <= ? OR phone = ?", now.UnixNano(), phone).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(&codeRow{Challenge: hashSecret(c.Secret), Phone: phone, Hash: codeHash(c.Secret, code), Expires: c.Expires.UnixNano()}).Exec(ctx)
		return err
	})
	if err != nil {
		return Challenge{}, fmt.Errorf("keep a code: %w", err)
	}
	if err := sender.SendCode(ctx, phone, code, lang); err != nil {
		s.log.WarnContext(ctx, "a code was not sent", "phone", masked(phone), "error", err)
		return Challenge{}, ErrCodeSent.Because(err)
	}
	return c, nil
}

// try spends one try of a challenge and tells whose phone it proves. The try is counted whether or not it fits, in a transaction of its
// own that nothing takes back. Errors: ErrCode with the tries that are left, ErrCodeEnded, ErrThrottled.
func (s *Service) try(ctx context.Context, secret, code string) (codeRow, error) {
	if err := s.hold(ctx, []Use{{"a " + Network(OriginFrom(ctx).Remote), perAddress}}); err != nil {
		return codeRow{}, err
	}
	var row codeRow
	if len(secret) != secretLength {
		return row, ErrCodeEnded.At("body.code", nil)
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := store.Err(tx.NewSelect().Model(&row).Where("challenge = ?", hashSecret(secret)).Scan(ctx))
		if errors.Is(err, store.ErrNotFound) {
			return ErrCodeEnded.At("body.code", nil)
		}
		if err != nil {
			return err
		}
		res, err := tx.NewUpdate().Model(&row).Set("tries = tries + 1").Where("challenge = ? AND used = 0 AND tries < ? AND expires > ?", row.Challenge, CodeTries, s.now().UnixNano()).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return ErrCodeEnded.At("body.code", nil).Because(err)
		}
		return nil
	})
	if err != nil {
		return row, err
	}
	if !sameHash(row.Hash, codeHash(secret, strings.TrimSpace(code))) {
		left := CodeTries - row.Tries - 1
		s.log.WarnContext(ctx, "a wrong code", "phone", masked(row.Phone), "left", left)
		if left <= 0 {
			return row, ErrCodeEnded.At("body.code", nil)
		}
		return row, ErrCode.At("body.code", nil).With("left", left)
	}
	return row, nil
}

// spend uses a code up: of several callers with the right one exactly one gets on.
func (s *Service) spend(ctx context.Context, tx bun.Tx, row codeRow) error {
	res, err := tx.NewUpdate().Model(&row).Set("used = ?", s.now().UnixNano()).Where("challenge = ? AND used = 0", row.Challenge).Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return ErrCodeEnded.At("body.code", nil).Because(err)
	}
	return nil
}

// SignInByCode signs in whoever proves a phone. A number that nobody is known by is ErrNewcomer, and the code goes on counting: with a
// name, and where the node takes people in (Options.SignUp), the newcomer becomes a person without any role.
// Errors: those of a code, ErrNewcomer, ErrSignUp, ErrName, ErrThrottled.
func (s *Service) SignInByCode(ctx context.Context, secret, code, name string) (Session, error) {
	row, err := s.try(ctx, secret, code)
	if err != nil {
		return Session{}, err
	}
	var person personRow
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var known phoneRow
		err := store.Err(tx.NewSelect().Model(&known).Where("phone = ?", row.Phone).Scan(ctx))
		switch {
		case errors.Is(err, store.ErrNotFound) && !s.o.SignUp:
			return ErrSignUp
		case errors.Is(err, store.ErrNotFound) && name == "":
			return ErrNewcomer
		case errors.Is(err, store.ErrNotFound):
			if person, err = s.join(ctx, tx, row.Phone, name, "", "code"); err != nil {
				return err
			}
			if _, err := tx.NewInsert().Model(&phoneRow{Phone: row.Phone, Person: person.ID, Verified: s.now().UnixNano()}).Exec(ctx); err != nil {
				return err
			}
		case err != nil:
			return err
		default:
			if person, err = personByID(ctx, tx, known.Person); err != nil {
				return err
			}
		}
		if person.Disabled {
			return ErrSignIn
		}
		return s.spend(ctx, tx, row)
	})
	if errors.Is(err, ErrNewcomer) { // what was right is no guess
		s.untry(ctx, row)
	}
	if err != nil {
		return Session{}, fmt.Errorf("sign in by code: %w", err)
	}
	return s.open(ctx, person, "code")
}

// untry gives a try back.
func (s *Service) untry(ctx context.Context, row codeRow) {
	if _, err := s.db.NewUpdate().Model(&row).Set("tries = tries - 1").Where("challenge = ? AND tries > 0", row.Challenge).Exec(ctx); err != nil {
		s.log.WarnContext(ctx, "a try of a code is not given back", "error", err)
	}
}

// SetPhone proves a phone of the caller, who may sign in with it from then on; the one before is forgotten. Errors: those of a code,
// ErrPhoneHeld, ErrNotPerson.
func (s *Service) SetPhone(ctx context.Context, secret, code string) (string, error) {
	p, err := Need(ctx)
	if err != nil {
		return "", err
	}
	if p.Kind != KindPerson {
		return "", ErrNotPerson
	}
	row, err := s.try(ctx, secret, code)
	if err != nil {
		return "", err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.spend(ctx, tx, row); err != nil {
			return err
		}
		person, err := personByID(ctx, tx, p.ID)
		if err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*phoneRow)(nil)).Where("person = ?", p.ID).Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&phoneRow{Phone: row.Phone, Person: p.ID, Verified: s.now().UnixNano()}).Exec(ctx)
		if err = store.Err(err); errors.Is(err, store.ErrConflict) {
			return ErrPhoneHeld.Because(err)
		}
		if err != nil {
			return err
		}
		return s.notePerson(ctx, tx, p, person, "auth.phone.set", nil, map[string]any{"phone": masked(row.Phone)})
	})
	return row.Phone, err
}

// Phone of a person, "" where none is proved.
func (s *Service) Phone(ctx context.Context, person uuid.UUID) (string, error) {
	var row phoneRow
	err := store.Err(s.db.NewSelect().Model(&row).Where("person = ?", person).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return row.Phone, err
}

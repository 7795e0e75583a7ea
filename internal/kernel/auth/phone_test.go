package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// receiver is the phone: it keeps what it was sent.
type receiver struct {
	code, phone, lang string
	broken            error
	off               bool
}

func (r *receiver) SendsCodes(context.Context) bool { return !r.off }

func (r *receiver) SendCode(_ context.Context, phone, code, lang string) error {
	if r.broken == nil {
		r.phone, r.code, r.lang = phone, code, lang
	}
	return r.broken
}

// other is a code that is not this one.
func other(code string) string {
	if code[5] == '0' {
		return code[:5] + "1"
	}
	return code[:5] + "0"
}

func from(address string) context.Context {
	return WithOrigin(context.Background(), Origin{Remote: address})
}

func TestNormalPhone(t *testing.T) {
	for in, want := range map[string]string{
		"13800138000": "+8613800138000", "+86 138 0013 8000": "+8613800138000", "0086-138-0013-8000": "+8613800138000", "86 13800138000": "+8613800138000",
		"+852 5123 4567": "+85251234567", "12345678901": "", "+8612345678901": "", "": "", "110": "", "+0123456789": "", "１３８００１３８０００": "", strings.Repeat("1", 50): "",
	} {
		if got, err := NormalPhone(in); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func FuzzNormalPhone(f *testing.F) {
	f.Add("+86 138 0013 8000")
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := NormalPhone(s); err == nil {
			if again, err := NormalPhone(n); err != nil || again != n {
				t.Errorf("%q became %q, which becomes %q, %v", s, n, again, err)
			}
		}
	})
}

func TestSigningInByACode(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h, phone := build(t, db), &receiver{}
		ctx := from("192.0.2.1")
		if _, err := h.SendCode(ctx, "13800138000", "zh"); !errors.Is(err, ErrSMS) {
			t.Errorf("without a gateway: %v", err)
		}
		h.SendCodesBy(phone)
		h.o.SignUp, phone.off = true, true
		if _, err := h.SendCode(ctx, "13800138000", "zh"); !errors.Is(err, ErrSMS) || h.Ways(ctx).SMS {
			t.Errorf("before the gateway is set up: %v", err)
		}
		if phone.off = false; !h.Ways(ctx).SMS {
			t.Error("codes are not offered")
		}
		if _, err := h.Service.SignUp(ctx, "li", "李娜", horse); !errors.Is(err, ErrSignUp) {
			t.Errorf("where codes are sent, a password is no way in: %v", err)
		}
		send := func() Challenge {
			t.Helper()
			h.clock = h.clock.Add(15 * time.Minute)
			c, err := h.SendCode(ctx, "138 0013 8000", "en")
			h.must(err)
			return c
		}
		c := send()
		if len(phone.code) != 6 || phone.phone != "+8613800138000" || phone.lang != "en" || !c.Expires.Equal(h.clock.Add(5*time.Minute)) {
			t.Fatalf("%+v %+v", phone, c)
		}
		var stored []codeRow
		h.must(db.NewSelect().Model(&stored).Scan(ctx))
		if len(stored) != 1 || strings.Contains(fmt.Sprint(stored), phone.code) || strings.Contains(fmt.Sprint(stored), c.Secret) {
			t.Errorf("the table tells the code: %+v", stored)
		}

		// New here: the right code asks for a name, as often as it likes, and makes a person without any role.
		for range 8 {
			if _, err := h.SignInByCode(ctx, c.Secret, phone.code, ""); !errors.Is(err, ErrNewcomer) {
				t.Fatalf("%v", err)
			}
		}
		s, err := h.SignInByCode(ctx, c.Secret, phone.code, "李娜")
		if err != nil || len(s.Principal.Roles()) != 0 || s.Principal.Name != "+8613800138000" {
			t.Fatalf("%+v, %v", s.Principal, err)
		}
		if _, err := h.SignInByCode(ctx, c.Secret, phone.code, ""); !errors.Is(err, ErrCodeEnded) {
			t.Errorf("a code counts twice: %v", err)
		}
		// Known from then on.
		c = send()
		again, err := h.SignInByCode(ctx, c.Secret, phone.code, "")
		if err != nil || again.Principal.ID != s.Principal.ID {
			t.Fatalf("%v", err)
		}

		// Five wrong ones end it, and the right one then comes too late.
		c = send()
		for i := range CodeTries {
			_, err := h.SignInByCode(ctx, c.Secret, other(phone.code), "")
			if want := []error{ErrCode, ErrCodeEnded}[i/4]; !errors.Is(err, want) {
				t.Fatalf("try %d: %v", i+1, err)
			}
		}
		if _, err := h.SignInByCode(ctx, c.Secret, phone.code, ""); !errors.Is(err, ErrCodeEnded) {
			t.Errorf("the sixth try: %v", err)
		}
		// A code opens the challenge that it was sent for, and no other; a later one ends the one before.
		c = send()
		code := phone.code
		d := send()
		if _, err := h.SignInByCode(ctx, c.Secret, code, ""); !errors.Is(err, ErrCodeEnded) {
			t.Errorf("the code before: %v", err)
		}
		if code != phone.code {
			if _, err := h.SignInByCode(ctx, d.Secret, code, ""); !errors.Is(err, ErrCode) {
				t.Errorf("a code of another challenge: %v", err)
			}
		}
		h.clock = h.clock.Add(CodeLife)
		if _, err := h.SignInByCode(ctx, d.Secret, phone.code, ""); !errors.Is(err, ErrCodeEnded) {
			t.Errorf("after five minutes: %v", err)
		}

		// A minute between messages, and so many from an address.
		c = send()
		if _, err := h.SendCode(from("192.0.2.9"), "13800138000", "zh"); !errors.Is(err, ErrThrottled) {
			t.Errorf("at once again: %v", err)
		}
		var held error
		for i := range 12 {
			if _, err := h.SendCode(from("192.0.2.7"), fmt.Sprintf("1390013%04d", i), "zh"); err != nil {
				held = err
			}
		}
		if !errors.Is(held, ErrThrottled) {
			t.Errorf("twelve numbers from one address: %v", held)
		}
		phone.broken = errors.New("out of money")
		if _, err := h.SendCode(from("192.0.2.8"), "13700137000", "zh"); !errors.Is(err, ErrCodeSent) {
			t.Errorf("the gateway refuses: %v", err)
		}
		phone.broken = nil

		// A phone of somebody who is here already; one that another has is not taken over.
		_, li, _ := h.person("wang", map[uuid.UUID]Role{h.b: Viewer})
		li = WithOrigin(li, Origin{Remote: "192.0.2.1"})
		c = send()
		if _, err := h.SetPhone(li, c.Secret, phone.code); !errors.Is(err, ErrPhoneHeld) {
			t.Errorf("somebody else's phone: %v", err)
		}
		h.clock = h.clock.Add(time.Hour)
		c, err = h.SendCode(ctx, "13600136000", "zh")
		h.must(err)
		if got, err := h.SetPhone(li, c.Secret, phone.code); err != nil || got != "+8613600136000" {
			t.Fatalf("%v %v", got, err)
		}
		h.clock = h.clock.Add(time.Hour)
		c, err = h.SendCode(ctx, "13600136000", "zh")
		h.must(err)
		if s, err := h.SignInByCode(ctx, c.Secret, phone.code, ""); err != nil || s.Principal.Name != "wang" {
			t.Fatalf("%v", err)
		}
		h.o.SignUp = false
		h.clock = h.clock.Add(time.Hour)
		c, err = h.SendCode(ctx, "13500135000", "zh")
		h.must(err)
		if _, err := h.SignInByCode(ctx, c.Secret, phone.code, "新人"); !errors.Is(err, ErrSignUp) {
			t.Errorf("a node that takes nobody in: %v", err)
		}
	})
}

func TestWhoSignsUpSeesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := build(t, db)
		ctx := from("192.0.2.1")
		if _, err := h.Service.SignUp(ctx, "li", "李娜", horse); !errors.Is(err, ErrSignUp) {
			t.Errorf("a node that takes nobody in: %v", err)
		}
		h.o.SignUp = true
		for _, c := range []struct {
			login, name, password string
			want                  error
		}{
			{"li na", "李娜", horse, ErrLogin}, {"li", "", horse, ErrName}, {"li", "李娜", "short", ErrPasswordShort}, {"li", "李娜", "password123", ErrPasswordGuessable},
			{"li", "李娜", horse, nil}, {"LI", "李娜", horse, ErrLoginTaken},
		} {
			if _, err := h.Service.SignUp(ctx, c.login, c.name, c.password); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", c.login, err, c.want)
			}
		}
		s, err := h.SignIn(ctx, "li", horse)
		h.must(err)
		in := h.as(s.Secret)
		for _, o := range []uuid.UUID{h.a, h.b, uuid.Must(uuid.NewV7())} {
			for _, verb := range []Verb{Read, Operate, Configure, Audit, People, Tokens, Organise, Metrics, Node} {
				if _, err := Allow(in, verb, o); !errors.Is(err, ErrNotFound) {
					t.Errorf("%s: %v", verb, err)
				}
			}
		}
		if scope, err := Visible(in, Read); err != nil || !scope.Empty() {
			t.Errorf("they see %v, %v", scope.Orgs(), err)
		}
		var held error
		for i := range 12 {
			_, held = h.Service.SignUp(ctx, fmt.Sprintf("p%d", i), "某人", horse)
		}
		if !errors.Is(held, ErrThrottled) {
			t.Errorf("twelve from one address: %v", held)
		}
	})
}

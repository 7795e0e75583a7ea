package inbox

import (
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/api/problem"
)

func TestEveryProblemHasWords(t *testing.T) {
	c, err := problem.ReadCatalogue(texts, "texts")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range problems() {
		for _, lang := range []problem.Language{"zh", "en"} {
			d := c.Document(k.With("name", "x").With("reason", "x").With("mend", "x").With("max", 1).With("left", 1).With("seconds", 1).With("kind", "x"), lang)
			if d.Title == "" || strings.Contains(d.Detail+d.Title, "{") {
				t.Errorf("%v in %s: %q %q", k, lang, d.Title, d.Detail)
			}
		}
	}
}

func at(clock string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", clock, china)
	if err != nil {
		panic(err)
	}
	return t
}

func TestQuietHoursAndDigestsAreKept(t *testing.T) {
	night := Preference{Quiet: true, QuietFrom: 22 * 60, QuietTo: 7 * 60, Digest: AtOnce}
	noon := Preference{Quiet: true, QuietFrom: 12 * 60, QuietTo: 13 * 60, Digest: Hourly}
	daily := Preference{Digest: Daily, DigestAt: 8*60 + 30}
	early := Preference{Quiet: true, QuietFrom: 22 * 60, QuietTo: 9 * 60, Digest: Daily, DigestAt: 8 * 60}
	never := Preference{Quiet: true, QuietFrom: 600, QuietTo: 600}
	for _, c := range []struct {
		name    string
		p       Preference
		now     string
		u       Urgency
		want    string
		bundled bool
	}{
		{"by day at once", night, "2026-05-04 21:59", Normal, "2026-05-04 21:59", false},
		{"the quiet hours begin", night, "2026-05-04 22:00", High, "2026-05-05 07:00", false},
		{"after midnight", night, "2026-05-05 06:59", Normal, "2026-05-05 07:00", false},
		{"their end is out of them", night, "2026-05-05 07:00", Normal, "2026-05-05 07:00", false},
		{"urgent goes through", night, "2026-05-05 03:00", Urgent, "2026-05-05 03:00", false},
		{"at the full hour", noon, "2026-05-04 10:20", Normal, "2026-05-04 11:00", true},
		{"not at a quiet one", noon, "2026-05-04 11:00", Normal, "2026-05-04 13:00", true},
		{"this morning", daily, "2026-05-04 08:29", Normal, "2026-05-04 08:30", true},
		{"next morning", daily, "2026-05-04 08:30", Normal, "2026-05-05 08:30", true},
		{"a digest in quiet hours waits", early, "2026-05-04 10:00", Normal, "2026-05-05 09:00", true},
		{"urgent past a digest", daily, "2026-05-04 10:00", Urgent, "2026-05-04 10:00", false},
		{"an empty quiet time is none", never, "2026-05-04 10:00", Normal, "2026-05-04 10:00", false},
	} {
		got, bundled := c.p.when(at(c.now), c.u)
		if !got.Equal(at(c.want)) || bundled != c.bundled {
			t.Errorf("%s: got %s %v, want %s %v", c.name, got.In(china), bundled, c.want, c.bundled)
		}
	}
}

func TestPausesDoubleUpToAnHour(t *testing.T) {
	total := time.Duration(0)
	for i := int64(1); i < maxTries; i++ {
		total += pause(i)
	}
	if pause(1) != time.Minute || pause(2) != 2*time.Minute || pause(6) != 32*time.Minute || pause(7) != time.Hour || pause(1000) != time.Hour || total < 12*time.Hour {
		t.Errorf("pauses %v %v %v %v, in all %v", pause(1), pause(2), pause(6), pause(7), total)
	}
}

func TestOurSignatureIsOfTheBodyTheSecretAndTheTime(t *testing.T) {
	now := time.Unix(1_777_000_000, 0)
	body := []byte(`{"a":1}`)
	h := Sign("a secret", now, body)
	if err := Verify("a secret", h, now.Add(Window), body); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"another body":   Verify("a secret", h, now, []byte(`{"a":2}`)),
		"another secret": Verify("a Secret", h, now, body),
		"too late":       Verify("a secret", h, now.Add(Window+time.Second), body),
		"too early":      Verify("a secret", h, now.Add(-Window-time.Second), body),
		"another time":   Verify("a secret", strings.Replace(h, "t=1777000000", "t=1777000001", 1), now, body),
		"no signature":   Verify("a secret", "", now, body),
		"no hexadecimal": Verify("a secret", "t=1777000000,v1=zz", now, body),
	} {
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("t=1777000000,v1=00", []byte("x"))
	f.Add("", []byte(""))
	f.Add("t=,v1=", []byte("中"))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		if Verify("secret", header, time.Unix(1_777_000_000, 0), body) == nil && header != Sign("secret", time.Unix(1_777_000_000, 0), body) && !strings.HasPrefix(header, "t=") {
			t.Fatalf("%q is accepted", header)
		}
	})
}

// What a vendor answers is bytes from outside.
func FuzzVendorAnswer(f *testing.F) {
	f.Add(200, []byte(`{"errcode":0,"errmsg":"ok"}`))
	f.Add(200, []byte(`{"code":19021,"msg":"sign match fail"}`))
	f.Add(502, []byte(`<html>`))
	f.Add(302, []byte(``))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		err := judge(status, body, dingTalkCodes)
		if err == nil && (status/100 != 2 || len(body) == 0) {
			t.Fatalf("%d %q counts as success", status, body)
		}
		if err != nil && len([]rune(network(err).detail)) > maxDetail {
			t.Fatalf("%d characters are kept", len(network(err).detail))
		}
	})
}

func TestWordsAreCutBetweenCharacters(t *testing.T) {
	if got := cutBytes("中文中文", 10); got != "中文…" {
		t.Errorf("got %q", got)
	}
	if got := cutBytes("short", 10); got != "short" {
		t.Errorf("got %q", got)
	}
	if got := shorten("一二三四五", 3); got != "一二…" {
		t.Errorf("got %q", got)
	}
	if got := lineOf("a\r\nb\x00c"); got != "a b c" {
		t.Errorf("got %q", got)
	}
}

func TestNumbersAndMailboxesAreRead(t *testing.T) {
	for in, want := range map[string]string{"138 0013 8000": "13800138000", "+86 13800138000": "13800138000", "+85261234567": "+85261234567", "12345678901": "", "1380013800": "", "x": ""} {
		got, ok := phone(in)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q %v", in, got, ok)
		}
	}
	for in, ok := range map[string]bool{"a@b.cn": true, "Name <a@b.cn>": false, "a@b.cn\r\nBcc: c@d.cn": false, "a": false, "a@b.cn, c@d.cn": false} {
		if _, got := mailAddress(in); got != ok {
			t.Errorf("%q: %v", in, got)
		}
	}
}

package seal

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence"
)

// FuzzRow: whatever parseRow takes is what appendRow writes of it.
func FuzzRow(f *testing.F) {
	for _, s := range []string{
		`{"time":"2026-11-20T00:00:00Z","commit":"7","revision":0,"gateway":"2026-11-20T00:00:00.000000001Z","status":0,"flags":0,"origin":1,"type":"float64","value":-0}`,
		`{"time":"2026-11-20T00:00:00Z","commit":"7","revision":0,"gateway":"2026-11-20T00:00:00.5Z","status":0,"flags":0,"origin":1,"type":"float64","bits":"7ff8000000000001"}`,
		`{"time":"1970-01-01T00:00:00Z","commit":"18446744073709551615","revision":4294967295,"gateway":"2199-12-31T23:59:59.999999999Z","status":1,"flags":65535,"origin":255,"type":"string","value":"a\"\\\u000a机"}`,
		`{"time":"2026-11-20T00:00:00Z","commit":"7","revision":0,"gateway":"2026-11-20T00:00:00Z","status":0,"flags":1,"origin":1,"type":"none"}`,
		`{"time":"2026-11-20T00:00:00Z","commit":"7","revision":0,"gateway":"2026-11-20T00:00:00Z","status":0,"flags":1,"origin":1,"type":"bool","value":true}`,
		`{"time":"2026-11-20T00:00:00Z","commit":"7","revision":0,"gateway":"2026-11-20T00:00:00Z","status":0,"flags":1,"origin":1,"type":"int64","value":"-9223372036854775808"}`,
	} {
		if _, err := parseRow([]byte(s)); err != nil {
			f.Errorf("%s: %v", s, err)
		}
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := parseRow(line)
		if err != nil {
			return
		}
		if again := appendRow(nil, &r); !bytes.Equal(again, line) {
			t.Fatalf("%s became %s", line, again)
		}
		if _, err := r.Append(nil); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	})
}

// FuzzFiles: no file that an auditor is handed ends the program, and rows are never taken for those of a digest that they
// do not have.
func FuzzFiles(f *testing.F) {
	series := uuid.MustParse("01935d0e-7a00-7000-8000-0000000000a1")
	f.Add([]byte(`{"series":"01935d0e-7a00-7000-8000-0000000000a1","day":"1970-01-01"}` + "\n" + `{"rows":"0"}` + "\n"))
	f.Add([]byte(`{"format":"jingwei-seal-proof/1","salt":"AAAA"}`))
	f.Add([]byte("jingwei-record/1\nrecord 10\ncorrection\nreason 6\nratio\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if b, err := ParseBundle(data); err == nil {
			again, err := b.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ParseBundle(again); err != nil {
				t.Fatal(err)
			}
		}
		if fields, err := ParseRecord(data); err == nil && !bytes.Equal(Canonical(fields), data) {
			t.Fatalf("%q is not canonical", data)
		}
		b := &Bundle{Salt: make([]byte, 32), LastCommit: 1 << 63}
		e := evidence.Envelope{Kind: evidence.KindSamples, Subject: series, Algorithm: evidence.SHA256, Digest: make([]byte, 32)}
		if _, err := b.CheckRows(bytes.NewReader(data), &e); err == nil {
			t.Fatal("they fit a digest of zeros")
		}
	})
}

func TestRecordsHaveOneForm(t *testing.T) {
	fields := []Field{{"record", "audit"}, {"reason", "two\nlines\n"}, {"empty", ""}, {"name", "李 9"}}
	b := Canonical(fields)
	got, err := ParseRecord(b)
	if err != nil || len(got) != 4 || got[1] != fields[1] || got[3] != fields[3] {
		t.Errorf("%q: %v %v", b, got, err)
	}
	if want := "jingwei-record/1\nrecord 5\naudit\nreason 10\ntwo\nlines\n\nempty 0\n\nname 5\n李 9\n"; string(b) != want {
		t.Errorf("%q, want %q", b, want)
	}
	for _, bad := range []string{"", "jingwei-record/2\n", "jingwei-record/1\na 1\n", "jingwei-record/1\na 01\nx\n", "jingwei-record/1\na -1\nx\n", "jingwei-record/1\n 1\nx\n", "jingwei-record/1\na 1\nxy"} {
		if _, err := ParseRecord([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	e := evidence.Envelope{Algorithm: "md5"}
	if err := (&Bundle{}).CheckRecord(b, &e); err == nil || errors.Is(err, evidence.ErrNotProved) {
		t.Error(err)
	}
}

func TestDaysAndMonths(t *testing.T) {
	for word, month := range map[string]string{"2026-11-30": "2026-11", "2027-01-01": "2027-01", "1970-01-01": "1970-01", "2024-02-29": "2024-02"} {
		d, err := ParseDay(word)
		if err != nil || d.String() != word || d.Month().String() != month || DayOf(d.Begin()) != d || DayOf(d.End()) != d+1 {
			t.Errorf("%s is day %s of %s: %v", word, d, d.Month(), err)
		}
		if m, err := ParseMonth(month); err != nil || m != d.Month() || m.End().Month() != m+1 || (m.End()-1).Month() != m {
			t.Errorf("%s: %s until %s, %v", month, m, m.End(), err)
		}
	}
	for _, bad := range []string{"", "2026-1-1", "1969-12-31", "2200-01-01", "2026-02-30", "2026-11-30T00:00:00Z"} {
		if d, err := ParseDay(bad); err == nil {
			t.Errorf("%q is %s", bad, d)
		}
	}
}

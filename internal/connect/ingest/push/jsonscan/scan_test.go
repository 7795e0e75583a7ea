package jsonscan

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestSkipFindsWhatIsWrongAndWhere(t *testing.T) {
	for in, want := range map[string]struct {
		at  int
		why string
	}{
		`{"a": [1, -2.5e+3, true, null, "x"], "b": {}}`: {},
		`{"a": [1, 2}`:                       {11, noComma.En},
		`{"a": 01}`:                          {8, noNumber.En},
		`{"a": 1.}`:                          {8, noNumber.En},
		`{"a"`:                               {4, end.En},
		`{"a": "half`:                        {11, end.En},
		`{a: 1}`:                             {1, noKey.En},
		`{"a" 1}`:                            {5, noColon.En},
		`["\x"]`:                             {3, noEscape.En},
		`["\ud8"]`:                           {8, end.En},
		"[\"\t\"]":                           {2, control.En},
		"[\"a\xff\"]":                        {2, notUTF8.En},
		`[1,]`:                               {3, noValue.En},
		`tru`:                                {0, noValue.En},
		strings.Repeat("[", 65):              {64, tooDeep.En},
		strings.Repeat("[", 64) + "1" + "]]": {67, end.En},
	} {
		d := Scanner{S: []byte(in)}
		d.Skip()
		why := ""
		if d.Wrong != nil {
			why = d.Wrong.En
		}
		if why != want.why || why != "" && d.P != want.at {
			t.Errorf("%q: %q at %d, want %q at %d", in, why, d.P, want.why, want.at)
		}
	}
}

func FuzzSkip(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,"x\n\u00e9\ud83d\ude00",true,false,null,{}]}`, `[[],[[]],{"":""}]`, `-0`, `1e5`, `"\ud800"`, `{"a":1,}`, `[1 2]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		d := Scanner{S: []byte(in)}
		d.Skip()
		good := d.Wrong == nil && d.Peek() == 0
		want := json.Valid([]byte(in))
		if d.Wrong == tooDeep || d.Wrong == notUTF8 {
			return // encoding/json takes both
		}
		if good != want {
			t.Fatalf("%q: we say %t (%v at %d), encoding/json %t", in, good, d.Wrong, d.P, want)
		}
		if !good || d.S[0] != '"' {
			return
		}
		var text string
		if json.Unmarshal(d.S, &text) != nil {
			return
		}
		e := Scanner{S: d.S}
		if from, to, _ := e.String(); string(Unescape(nil, d.S[from:to])) != text {
			t.Fatalf("%q: %q, want %q", in, Unescape(nil, d.S[from:to]), text)
		}
	})
}

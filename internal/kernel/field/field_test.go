package field

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"jingwei/internal/kernel/text"
)

func both(s string) text.Text { return text.Text{Zh: s + "中", En: s} }

// every has one field of each type.
var every = Schema{
	{Key: "word", Name: both("Word"), Type: Text, Required: true, MinLength: 2, MaxLength: 5, Search: true},
	{Key: "code", Name: both("Code"), Type: Text, Pattern: "[A-Z]{2}", Help: text.Text{Zh: "两个大写字母", En: "Two capitals"}},
	{Key: "credit", Name: both("Credit"), Type: Text, Format: "credit-code"},
	{Key: "count", Name: both("Count"), Type: Integer, Min: "0", Max: "10", Unit: "个"},
	{Key: "rate", Name: both("Rate"), Type: Decimal, Places: 3, Min: "0", Max: "1"},
	{Key: "pay", Name: both("Pay"), Type: Money, Min: "1", Search: true, Class: Restricted},
	{Key: "yes", Name: both("Yes"), Type: Boolean},
	{Key: "day", Name: both("Day"), Type: Date, Search: true},
	{Key: "end", Name: both("End"), Type: Date, NotBefore: "day"},
	{Key: "moment", Name: both("Moment"), Type: Time},
	{Key: "kind", Name: both("Kind"), Type: Choice, Options: []Option{{"a", text.Text{Zh: "甲", En: "First"}}, {"b", text.Text{Zh: "乙", En: "Second"}}}},
	{Key: "owner", Name: both("Owner"), Type: Org},
	{Key: "tags", Name: both("Tags"), Type: List, MaxItems: 2, Since: "from", Until: "to", Fields: []Field{
		{Key: "tag", Name: both("Tag"), Type: Text, Required: true, Search: true}, {Key: "from", Name: both("From"), Type: Date}, {Key: "to", Name: both("To"), Type: Date, NotBefore: "from"}}},
	{Key: "size", Name: both("Size"), Type: Integer, Calc: "size"},
}

func TestEveryTypeComesIntoItsCanonicalForm(t *testing.T) {
	every.Check("$.fields", func(where, what string) { t.Errorf("%s: %s", where, what) })
	r, faults := every.Read([]byte(`{"word":" abc ","code":"XY","credit":"9144 0300 7152 6726 xg","count":10,"rate":0.5,"pay":123,"yes":false,"day":"2026-02-28","end":"2026-02-28",
		"moment":"2026-05-01T08:00:00.5+08:00","kind":"b","owner":"0190A0B0-0000-7000-8000-000000000001","tags":[{"tag":"x","from":"2026-01-01","to":"2026-01-31"},{"tag":"y"}],"size":99}`))
	if len(faults) != 0 {
		t.Fatal(faults[0].Error())
	}
	const want = `{"code":"XY","count":10,"credit":"9144030071526726XG","day":"2026-02-28","end":"2026-02-28","kind":"b","moment":"2026-05-01T00:00:00.5Z","owner":"0190a0b0-0000-7000-8000-000000000001","pay":123,"rate":"0.500","tags":[{"from":"2026-01-01","tag":"x","to":"2026-01-31"},{"tag":"y"}],"word":"abc","yes":false}`
	if got := string(r.Encode()); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	again, err := every.Decode(r.Encode())
	if err != nil || !reflect.DeepEqual(again, r) {
		t.Errorf("%#v\nis not %#v, %v", again, r, err)
	}
	// Through the cells of a spreadsheet, in both languages.
	for _, lang := range []string{"zh", "en"} {
		given := map[string]any{}
		for i := range every {
			f := &every[i]
			if every.Named(f.Heading(lang)) != f {
				t.Errorf("the heading %q does not name %s", f.Heading(lang), f.Key)
			}
			if v, ok := r[f.Key]; ok {
				given[f.Key] = f.Given(f.Cell(v, lang))
			}
		}
		if got, faults := every.ReadCells(given); len(faults) != 0 || !reflect.DeepEqual(got, r) {
			t.Errorf("%s: %#v, %v", lang, got, faults)
		}
	}
	x := every.Index(r)
	if len(x) != 5 || x[1].Number != 123 || x[3].Field != "tags.tag" || x[3].Since != x[2].Number-58*86_400*1e9 || x[3].Until-x[3].Since != 31*86_400*1e9 || x[4].Since != Always {
		t.Errorf("%+v", x)
	}
	if seen := every.Visible(r, Internal, Internal); seen["pay"] != nil || seen["word"] != "abc" {
		t.Errorf("%v", seen)
	}
}

func TestFaults(t *testing.T) {
	for content, want := range map[string]string{
		`{}`:                                                          "word required",
		`{"word":"  "}`:                                               "word required",
		`{"word":null}`:                                               "word required",
		`{"word":"a"}`:                                                "word length",
		`{"word":"企业企业企"}`:                                            "",
		`{"word":"企业企业企业"}`:                                           "word length",
		`{"word":1}`:                                                  "word type",
		`{"word":"a\u0007b"}`:                                         "word type",
		`{"word":"abc","code":"xY"}`:                                  "code pattern",
		`{"word":"abc","code":"XYZ"}`:                                 "code pattern",
		`{"word":"abc","count":11}`:                                   "count range",
		`{"word":"abc","count":1.5}`:                                  "count places",
		`{"word":"abc","count":1e3}`:                                  "count type",
		`{"word":"abc","count":"1"}`:                                  "count type",
		`{"word":"abc","rate":"0.1234"}`:                              "rate places",
		`{"word":"abc","rate":"1.001"}`:                               "rate range",
		`{"word":"abc","rate":"NaN"}`:                                 "rate type",
		`{"word":"abc","pay":9007199254740992}`:                       "pay range",
		`{"word":"abc","pay":0}`:                                      "pay range",
		`{"word":"abc","yes":"true"}`:                                 "yes type",
		`{"word":"abc","day":"2026-02-29"}`:                           "day type",
		`{"word":"abc","day":"2026-2-1"}`:                             "day type",
		`{"word":"abc","day":"2026-02-01","end":"2026-01-31"}`:        "end order",
		`{"word":"abc","moment":"2026-05-01 08:00"}`:                  "moment type",
		`{"word":"abc","kind":"甲"}`:                                   "kind option",
		`{"word":"abc","owner":"x"}`:                                  "owner type",
		`{"word":"abc","tags":{}}`:                                    "tags type",
		`{"word":"abc","tags":[1]}`:                                   "tags[0] type",
		`{"word":"abc","tags":[{"tag":"a"},{"tag":"b"},{"tag":"c"}]}`: "tags items",
		`{"word":"abc","tags":[{"tag":"a"},{"from":"x"}]}`:            "tags[1].from type tags[1].tag required",
		`{"word":"abc","tags":[{"tag":"a","from":"2026-01-02","to":"2026-01-01"}]}`: "tags[0].to order",
		`{"word":"abc","more":1}`:     "more unknown",
		`{"word":"abc","tags.tag":1}`: "tags.tag unknown",
		`[]`:                          " type",
		`{"word":"abc"} {}`:           " type",
	} {
		_, faults := every.Read([]byte(content))
		var got []string
		for _, f := range faults {
			got = append(got, f.Path+" "+f.Code)
			if f.Text.Zh == "" || f.Text.En == "" || f.Mend.Zh == "" || f.Mend.En == "" || f.Name.In("zh") == "" {
				t.Errorf("%s: %+v has no words", content, f)
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", content, strings.Join(got, " "), want)
		}
	}
}

func TestCellsAsPeopleWriteThem(t *testing.T) {
	for _, c := range []struct{ key, cell, want string }{
		{"pay", "1,234.5", "123450"}, {"pay", "１２", "1200"}, {"pay", "1234.567", "places"}, {"pay", "12元", "type"},
		{"day", "2026/5/1", "2026-05-01"}, {"day", "2026年5月1日", "2026-05-01"}, {"day", "46143", "2026-05-01"}, {"day", "20260501", "2026-05-01"}, {"day", "soon", "type"},
		{"yes", "是", "true"}, {"yes", "No", "false"}, {"yes", "perhaps", "type"},
		{"kind", "甲", "a"}, {"kind", "second", "b"}, {"kind", "丙", "option"},
		{"count", "3", "3"}, {"count", "", "required"}, {"rate", "0.25", "0.250"},
	} {
		v, fault := every.Field(c.key).Parse(c.cell)
		got := shown(v)
		if fault != nil {
			got = fault.Code
		}
		if got != c.want {
			t.Errorf("%s %q: %s, want %s", c.key, c.cell, got, c.want)
		}
	}
}

func TestWrongDeclarationsAreTold(t *testing.T) {
	ok := Field{Key: "a", Name: both("A"), Type: Text}
	for want, change := range map[string]func(*Field){
		"is not a key":            func(f *Field) { f.Key = "A b" },
		"needs zh and en":         func(f *Field) { f.Name.En = "" },
		"is not a type":           func(f *Field) { f.Type = "float" },
		"does not fit the type":   func(f *Field) { f.Places = 2 },
		"there is no format":      func(f *Field) { f.Format = "iban" },
		"missing closing":         func(f *Field) { f.Pattern = "(" },
		"needs options":           func(f *Field) { f.Type = Choice },
		"is greater than max":     func(f *Field) { f.Type, f.Min, f.Max = Integer, "2", "1" },
		"is not a decimal number": func(f *Field) { f.Type, f.Min = Integer, "x" },
		"must name another field": func(f *Field) { f.Type, f.NotBefore = Date, "b" },
		"a record has 1 to 100":   func(f *Field) { f.Type = List },
		"is not asked for":        func(f *Field) { f.Calc, f.Required = "x", true },
	} {
		f := ok
		change(&f)
		var said []string
		Schema{f}.Check("$.fields", func(where, what string) { said = append(said, where+" "+what) })
		if !strings.Contains(strings.Join(said, "\n"), want) {
			t.Errorf("%q is not said: %v", want, said)
		}
	}
	twice := 0
	Schema{ok, ok}.Check("$.fields", func(_, what string) {
		if strings.Contains(what, "twice") {
			twice++
		}
	})
	if twice != 1 {
		t.Error("a key that is there twice is not told")
	}
}

func TestExactNumbers(t *testing.T) {
	for s, want := range map[string]int64{"0.1": 100, "-0.001": -1, "12": 12000, "9007199254740.991": MaxWhole} {
		v, err := parseUnits(s, 3)
		if err != nil || v != want {
			t.Errorf("%s: %d, %v", s, v, err)
		}
		if back, err := parseUnits(FormatUnits(v, 3), 3); err != nil || back != v {
			t.Errorf("%s comes back as %s", s, FormatUnits(v, 3))
		}
	}
	for _, s := range []string{"", ".5", "5.", "01", "+1", "1e3", "0x1", "1_000", "9007199254740.992", "99999999999999999999"} {
		if v, err := parseUnits(s, 3); err == nil {
			t.Errorf("%q is taken as %d", s, v)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"word":"abc","tags":[{"tag":"x"}],"rate":"0.1","pay":5,"day":"2026-05-01"}`))
	f.Add([]byte(`{"word":"abc","count":1e400}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, faults := every.Read(b)
		if len(faults) > 0 {
			return
		}
		// What was taken is canonical: reading it again changes nothing.
		again, faults := every.Read(r.Encode())
		if len(faults) > 0 || string(again.Encode()) != string(r.Encode()) {
			t.Errorf("%s becomes %s %v", r.Encode(), again.Encode(), faults)
		}
	})
}

func FuzzCell(f *testing.F) {
	for _, s := range []string{"1,234.5", "x|2026-01-01; y", `a\|b`, "2026年5月1日", "46143", "甲"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		for i := range every {
			given := map[string]any{"word": "abc"}
			if v := every[i].Given(cell); v != nil {
				given[every[i].Key] = v
			}
			r, faults := every.ReadCells(given)
			if len(faults) == 0 && !json.Valid(r.Encode()) {
				t.Errorf("%q gives %s", cell, r.Encode())
			}
		}
	})
}

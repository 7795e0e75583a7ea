package problem

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"jingwei/internal/kernel/text"
)

var unit = Define("unit-unknown", 422)

func catalogue(t *testing.T, zh, en string) (*Catalogue, error) {
	t.Helper()
	return ReadCatalogue(fstest.MapFS{"texts/zh.yaml": {Data: []byte(zh)}, "texts/en.yaml": {Data: []byte(en)}}, "texts")
}

const zhUnit = "unit-unknown: {title: 单位不存在, detail: '{machine} 的单位 {value} 不存在', mend: '使用 {allowed}'}\n"
const enUnit = "unit-unknown: {title: Unknown unit, detail: 'Unit {value} of {machine} is unknown', mend: 'Use {allowed}'}\n"

func TestAnOccurrenceIsWordedInTheCallersLanguage(t *testing.T) {
	c, err := catalogue(t, zhUnit, enUnit)
	if err != nil {
		t.Fatal(err)
	}
	e := unit.At("body.unit", "furlong").With("machine", "mill 3").With("allowed", text.Text{Zh: "米", En: "metres"}).Because(errors.New("secret cause"))
	for lang, want := range map[Language]string{
		Chinese: `{"type":"urn:jingwei:problem:unit-unknown","title":"单位不存在","status":422,"detail":"mill 3 的单位 furlong 不存在","code":"unit-unknown","mend":"使用 米","errors":[{"code":"unit-unknown","location":"body.unit","value":"furlong","message":"mill 3 的单位 furlong 不存在","mend":"使用 米"}]}`,
		English: `{"type":"urn:jingwei:problem:unit-unknown","title":"Unknown unit","status":422,"detail":"Unit furlong of mill 3 is unknown","code":"unit-unknown","mend":"Use metres","errors":[{"code":"unit-unknown","location":"body.unit","value":"furlong","message":"Unit furlong of mill 3 is unknown","mend":"Use metres"}]}`,
	} {
		b, err := json.Marshal(c.Document(e, lang))
		if err != nil || string(b) != want {
			t.Errorf("%s: %s, %v\nwant %s", lang, b, err, want)
		}
	}
	wrapped := fmt.Errorf("add a point: %w", e)
	if !errors.Is(wrapped, unit) || errors.Is(wrapped, NotFound) || !strings.Contains(wrapped.Error(), "secret cause") {
		t.Errorf("wrapped: %v", wrapped)
	}
	if p, ok := From(fmt.Errorf("x: %w", NotFound)); !ok || p.GetStatus() != 404 {
		t.Errorf("a bare kind: %v", p)
	}
}

func TestACatalogueNeedsBothLanguagesWhole(t *testing.T) {
	for name, files := range map[string][2]string{
		"a code only in Chinese":  {zhUnit, "{}"},
		"another attribute":       {strings.Replace(zhUnit, "{machine}", "{line}", 1), enUnit},
		"no mend":                 {zhUnit, strings.Replace(enUnit, "Use {allowed}", "", 1)},
		"a field that is unknown": {zhUnit, strings.Replace(enUnit, "mend", "amend", 1)},
	} {
		if _, err := catalogue(t, files[0], files[1]); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	a, _ := catalogue(t, zhUnit, enUnit)
	b, _ := catalogue(t, zhUnit, enUnit)
	if err := a.Add(b); err == nil {
		t.Error("two rooms with one code were taken")
	}
}

func TestEchoKeepsSecretsAndBulkBack(t *testing.T) {
	for _, c := range []struct {
		location string
		value    any
		want     any
		shown    bool
	}{
		{"body.name", "Mill", "Mill", true},
		{"body.limit", 7, 7, true},
		{"body.password", "hunter2", nil, false},
		{"body.items[3].token", "jw_x", nil, false},
		{"body.Secret", "x", nil, false},
		{"body", map[string]any{"password": "x"}, nil, false},
		{"body.list", []any{"x"}, nil, false},
		{"body.nan", math.NaN(), "NaN", true},
		{"body.long", strings.Repeat("界", 100), strings.Repeat("界", 66) + "…", true},
		{"body.bytes", "a\xffb", "a\uFFFDb", true},
	} {
		got, shown := Echo(c.location, c.value)
		if got != c.want || shown != c.shown {
			t.Errorf("%s: got %v, %v", c.location, got, shown)
		}
	}
}

func TestAcceptLanguage(t *testing.T) {
	for header, want := range map[string]Language{
		"": English, "zh-CN,zh;q=0.9,en;q=0.8": Chinese, "en-GB,en;q=0.9,zh;q=0.8": English, "fr, zh;q=0.3": Chinese,
		"en;q=0.2, ZH-Hant;q=0.5": Chinese, "zh;q=0, en;q=0.1": English, "*": English, "zh;q=x": English, strings.Repeat("zh,", 1000): Chinese,
	} {
		if got := ParseAcceptLanguage(header); got != want {
			t.Errorf("%.40q: got %s, want %s", header, got, want)
		}
	}
}

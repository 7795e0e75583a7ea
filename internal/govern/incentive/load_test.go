package incentive_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/kernel/pack"
	"jingwei/packs"
)

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := fs.ReadFile(packs.Files, "policy/"+name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// folder is a folder of packs with the documents of the policies.
func folder(t *testing.T, files map[string]string) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	for name, s := range files {
		out["p/"+name] = &fstest.MapFile{Data: []byte(s)}
	}
	docs, err := fs.Glob(packs.Files, "policy/documents/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range docs {
		data, err := fs.ReadFile(packs.Files, d)
		if err != nil {
			t.Fatal(err)
		}
		out["p/documents/"+strings.TrimPrefix(d, "policy/documents/")] = &fstest.MapFile{Data: data}
	}
	return out
}

// Every fault names file, field, value and the mend.
func TestBadPacksAreRefused(t *testing.T) {
	hn, gz6, gz7 := read(t, "inc-hn-01.yaml"), read(t, "inc-gz-06.yaml"), read(t, "inc-gz-07.yaml")
	brackets := func(list string) string {
		s := strings.Replace(hn, "form: rate", "form: brackets\n  method: slice\n  brackets:\n"+list, 1)
		return strings.Replace(s, "  rate: '0.2'\n", "", 1)
	}
	for name, x := range map[string]struct {
		file, text string
		want       []string
	}{
		"rate above one":          {"inc-hn-01", strings.Replace(hn, "rate: '0.2'", "rate: '20'", 1), []string{"p/inc-hn-01.yaml:", "amount.rate: 20 is above one", "write 30% as 0.3"}},
		"rate of nothing":         {"inc-hn-01", strings.Replace(hn, "rate: '0.2'", "rate: '0'", 1), []string{"amount.rate: 0 pays nothing"}},
		"rate no number":          {"inc-hn-01", strings.Replace(hn, "rate: '0.2'", "rate: 20%", 1), []string{`amount.rate: "20%" is not a decimal number`}},
		"cap without unit":        {"inc-hn-01", strings.Replace(hn, "amount: 500万元", "amount: 500", 1), []string{`amount.cap.amount: "500" has no unit`}},
		"part of a fen":           {"inc-hn-01", strings.Replace(hn, "amount: 500万元", "amount: 0.005元", 1), []string{"no whole number of fen"}},
		"unknown yaml field":      {"inc-hn-01", hn + "subsidy: much\n", []string{`unknown field "subsidy"`}},
		"unknown fact":            {"inc-hn-01", strings.Replace(hn, "fact: project.demonstration", "fact: project.demo", 1), []string{`conditions[1].fact: "project.demo" is an unknown field; declare it under facts`}},
		"unknown option":          {"inc-hn-01", strings.Replace(hn, "is: 'enterprise_platform'", "is: 'platform'", 1), []string{`conditions[0].is: "platform" is not an option of project.category`}},
		"missing clause":          {"inc-hn-01", strings.Replace(hn, "    clause: main\n    fact: project.category", "    fact: project.category", 1), []string{"conditions[0].clause: is missing; name the clause"}},
		"amount's clause":         {"inc-hn-01", strings.Replace(hn, "form: rate\n  clause: main", "form: rate\n  clause: mine", 1), []string{`amount.clause: "mine" is not the id of a clause`}},
		"hash not the seed's":     {"inc-hn-01", strings.Replace(hn, "sha256: '5a02", "sha256: '5a03", 1), []string{"p/inc-hn-01.yaml:18:13: clauses[0].sha256", "is not the hash of 001_a73fb7626b88447e.txt, which is 5a0212"}},
		"hash no hash":            {"inc-hn-01", strings.Replace(hn, "sha256: '5a02", "sha256: 'zz02", 1), []string{"clauses[0].sha256", "is no SHA-256"}},
		"quote not the seed's":    {"inc-hn-01", strings.Replace(hn, "不超过项目投资20%、金额", "不超过项目投资25%、金额", 1), []string{"clauses[0].quote", "does not stand in 001_a73fb7626b88447e.txt", "word for word"}},
		"dates reversed":          {"inc-hn-01", strings.Replace(hn, "{start: publication,", "{from: '2020-01-02', to: '2020-01-01',", 1), []string{"valid.to: 2020-01-01 lies before 2020-01-02; the dates are reversed"}},
		"no day":                  {"inc-hn-01", strings.Replace(hn, "{start: publication,", "{from: '2020-02-30',", 1), []string{`valid.from: "2020-02-30" is no day`}},
		"no validity":             {"inc-hn-01", strings.Replace(hn, "{start: publication,", "{", 1), []string{"valid: needs from (a day) or start: publication"}},
		"brackets overlap":        {"inc-hn-01", brackets("    - {over: 0元, upTo: 100万元, rate: '0.3'}\n    - {over: 90万元, rate: '0.1'}\n"), []string{"amount.brackets[1].over: 90万元 overlaps the bracket before it"}},
		"brackets gap":            {"inc-hn-01", brackets("    - {over: 0元, upTo: 100万元, rate: '0.3'}\n    - {over: 110万元, rate: '0.1'}\n"), []string{"amount.brackets[1].over: 110万元 leaves a gap"}},
		"bracket reversed":        {"inc-hn-01", brackets("    - {over: 0元, upTo: 0元, rate: '0.3'}\n"), []string{"amount.brackets[0].upTo"}},
		"bracket rate":            {"inc-hn-01", brackets("    - {over: 0元, rate: '1.5'}\n"), []string{"amount.brackets[0].rate: 1.5 is above one"}},
		"no amount and no reason": {"inc-hn-01", cut(hn, "\namount:\n", "\nfrequency:"), []string{"notCalculable: needs zh and en"}},
		"rule of a group":         {"inc-hn-01", strings.Replace(hn, "rule: highest", "rule: lowest", 1), []string{`stacking[0].rule: "lowest" is not highest or choice`}},
		"grade":                   {"inc-hn-01", strings.Replace(hn, "grade: E2", "grade: E4", 1), []string{`"E4" is no grade`}},
		"fact never used":         {"inc-hn-01", strings.Replace(hn, "base: {sum: [project.investment]}", "base: {sum: []}", 1), []string{"facts[3].key: \"project.investment\" is declared and never used", "amount.base"}},
		"base of another type":    {"inc-hn-01", strings.Replace(hn, "base: {sum: [project.investment]}", "base: {sum: [project.investment, project.demonstration]}", 1), []string{"amount.base.sum[1]: project.demonstration is a bool, not money"}},
		"test of another type":    {"inc-hn-01", strings.Replace(hn, "fact: project.demonstration\n    is: true", "fact: project.demonstration\n    atLeast: 3", 1), []string{"conditions[1].atLeast: does not go with project.demonstration, which is a bool"}},
		"range that never holds":  {"inc-hn-01", strings.Replace(hn, "fact: project.demonstration\n    is: true", "fact: project.investment\n    above: 10万元\n    below: 10万元", 1), []string{"conditions[1]: can never hold"}},
		"two tests":               {"inc-hn-01", strings.Replace(hn, "is: 'enterprise_platform'", "is: 'enterprise_platform'\n    in: ['enterprise_platform']", 1), []string{"conditions[0]: needs exactly one test"}},
		"region":                  {"inc-hn-01", strings.Replace(hn, "'430000'", "'43'", 1), []string{`region.code: "43" is no code of GB/T 2260`}},
		"name in one language":    {"inc-hn-01", strings.Replace(hn, ", en: 'project category'", "", 1), []string{"facts[0].name: needs zh and en"}},
		"file's name":             {"inc-hn-99", hn, []string{`differs from the file's name`}},
		"ceiling without cap":     {"inc-gz-06", cut(gz6, "  cap: {amount", "\nstacking:"), []string{"amount.cap: a ceiling amount needs it"}},
		"first of nothing":        {"inc-gz-07", strings.Replace(gz7, "base: {first: 3, of: contracts.first_edition}", "base: {of: contracts.first_edition}", 1), []string{"amount.base: is the sum of facts, or the first so many"}},
	} {
		_, err := incentive.Load(folder(t, map[string]string{x.file + ".yaml": x.text}), "p", incentive.Options{})
		var faults pack.Faults
		if !errors.As(err, &faults) {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		for _, want := range x.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: missing %q in\n%v", name, want, err)
			}
		}
	}
}

// cut removes what lies between two marks, the first included, the second not.
func cut(s, from, to string) string {
	a, rest, ok := strings.Cut(s, from)
	i := strings.Index(rest, to)
	if !ok || i < 0 {
		return s
	}
	return a + "\n" + strings.TrimPrefix(rest[i:], "\n")
}

func TestWhatOnlyShowsBetweenPacks(t *testing.T) {
	hn1, hn8 := read(t, "inc-hn-01.yaml"), read(t, "inc-hn-08.yaml")
	exclude := func(s, other string) string {
		return strings.Replace(s, "\nreadings:", "\nexcludes:\n  - {measure: "+other+", clause: highest, text: {zh: 不同时享受, en: not together}}\nreadings:", 1)
	}
	for name, x := range map[string]struct {
		files map[string]string
		want  string
	}{
		"one key, two types":   {map[string]string{"inc-hn-01.yaml": hn1, "inc-hn-08.yaml": strings.NewReplacer("key: recognition.miit_integration_pilot_enterprise\n    type: bool", "key: project.investment\n    type: bool", "fact: recognition.miit_integration_pilot_enterprise", "fact: project.investment").Replace(hn8)}, "one key means one fact"},
		"one group, two rules": {map[string]string{"inc-hn-01.yaml": hn1, "inc-hn-08.yaml": strings.Replace(hn8, "rule: highest", "rule: choice", 1)}, "a group has one rule"},
		"excludes an unknown":  {map[string]string{"inc-hn-01.yaml": exclude(hn1, "inc-hn-77")}, `"inc-hn-77" is not a measure of this set`},
		"circle":               {map[string]string{"inc-hn-01.yaml": exclude(hn1, "inc-hn-08"), "inc-hn-08.yaml": exclude(hn8, "inc-hn-01")}, "closes a circle of exclusions"},
	} {
		if _, err := incentive.Load(folder(t, x.files), "p", incentive.Options{}); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: got %v, want %s", name, err, x.want)
		}
	}
}

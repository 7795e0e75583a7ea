package incentive_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/govern/incentive/decimal"
)

// province is all that a province writes to add a measure: one file. It is fictional, and uses what the five policies do not:
// a table of tiers, costs that do not count, shares of province and city, a term of years, exclusion of another measure.
const province = `id: east-lake-01
version: 1.0.0
source: 东湖省数字化改造补助办法(虚构)第三条
name: {zh: 数字化改造补助, en: Digital renovation grant}
code: EL-01
policy: eastlake2026
region: {code: '990000', name: {zh: 东湖省(虚构), en: East Lake Province (fictional)}}
level: province
kind: project-subsidy
instrument: grant
strength: in-force
beneficiary: {zh: 制造业企业, en: manufacturers}
clauses:
  - id: main
    document: east-lake.txt
    sha256: 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'
    title: 东湖省数字化改造补助办法(虚构)
    section: 第三条
    quote: 对设备联网率提高20个百分点以上的企业，按合格投入的50%(湖西地区)或30%给予补助，最高200万元或100万元。
valid: {from: '2026-01-01', years: 2, text: {zh: 自2026年1月1日起施行，有效期2年, en: in force from 1 January 2026 for two years}}
facts:
  - key: plant.networked_gain
    type: count
    name: {zh: 设备联网率提高(百分点), en: gain of the networked rate (points)}
    grade: E3
    evidence: {zh: 平台实测, en: measured by the platform}
  - key: enterprise.place
    type: choice
    name: {zh: 所在地区, en: place}
    grade: E1
    evidence: {zh: 营业执照, en: business licence}
    options:
      - {id: west, name: {zh: 湖西地区, en: west of the lake}}
      - {id: elsewhere, name: {zh: 其他地区, en: elsewhere}}
  - key: project.equipment
    type: money
    name: {zh: 设备和软件投入, en: equipment and software}
    grade: E2
    evidence: {zh: 专项审计报告, en: audit report}
  - key: project.other_fiscal_money
    type: money
    name: {zh: 同一内容已获的其他财政资金, en: other fiscal money for the same content}
    grade: E1
    evidence: {zh: 资金下达文件, en: document that grants it}
conditions:
  - id: gain
    text: {zh: 设备联网率提高20个百分点以上, en: networked rate up by at least 20 points}
    clause: main
    fact: plant.networked_gain
    atLeast: 20
amount:
  form: table
  clause: main
  base: {sum: [project.equipment], less: [project.other_fiscal_money]}
  table:
    hit: UNIQUE
    inputs:
      - {name: enterprise.place, type: string}
    outputs: [{name: rate, type: number}, {name: cap, type: number}]
    rules:
      - {when: ['"west"'], then: ['0.5', '2000000']}
      - {when: ['not("west")'], then: ['0.3', '1000000']}
  shares: [{level: province, share: '0.6'}, {level: city, share: '0.4'}]
frequency: {per: year, scope: enterprise, text: {zh: 每家企业每年一次, en: once a year for an enterprise}}
tests:
  date: '2026-06-01'
  facts: {plant.networked_gain: 20, enterprise.place: west, project.equipment: 100万元, project.other_fiscal_money: 0元}
  cases:
    - name: west of the lake
      expect: {eligible: 'true', amount: 50万元, granted: 50万元}
      arithmetic: 50% × 1,000,000.00 = 500,000.00, below 2,000,000.00
    - name: one point short
      facts: {plant.networked_gain: 19}
      expect: {eligible: 'false', amount: none, failed: [gain]}
      arithmetic: 19 < 20
    - name: other money is taken off the base, elsewhere
      facts: {enterprise.place: elsewhere, project.equipment: 1000000.03元, project.other_fiscal_money: 1元}
      expect: {eligible: 'true', amount: 299999.70元}
      arithmetic: 30% × (1,000,000.03 - 1.00) = 299,999.709; down to the fen 299,999.70
    - name: the tier's cap binds
      facts: {enterprise.place: elsewhere, project.equipment: 333.333334万元}
      expect: {eligible: 'true', amount: 100万元}
      arithmetic: 30% × 3,333,333.34 = 1,000,000.002; above the cap of 1,000,000.00
    - name: the place is not known
      facts: {enterprise.place: unknown}
      expect: {eligible: 'true', amount: unknown, missing: [enterprise.place]}
      arithmetic: which tier holds is open
    - name: declared by the enterprise only
      facts: {plant.networked_gain: {value: 40, grade: E0}}
      expect: {eligible: unknown, amount: none, missing: [plant.networked_gain], ifProven: 50万元}
      arithmetic: the gain must be measured (E3); if it is, 500,000.00
    - name: paid in the same year
      awards: [{measure: east-lake-01, object: project-0, date: '2026-01-01', amount: 1万元}]
      expect: {eligible: 'true', amount: 50万元, granted: 0元, reason: already-paid}
      arithmetic: once a year for an enterprise
    - name: paid the year before
      awards: [{measure: east-lake-01, object: project-0, date: '2025-12-31', amount: 1万元}]
      expect: {eligible: 'true', granted: 50万元}
      arithmetic: 500,000.00
    - name: the last day
      date: '2027-12-31'
      expect: {eligible: 'true', amount: 50万元}
      arithmetic: two years from 2026-01-01 end on 2027-12-31
    - name: the day after
      date: '2028-01-01'
      expect: {eligible: 'false'}
      arithmetic: the term has ended
`

// A new province's measure is one file: from an empty folder, nothing else is touched.
func TestAProvinceAddsAMeasureWithOneFile(t *testing.T) {
	files := fstest.MapFS{"policy": &fstest.MapFile{Mode: 0o755 | 1<<31}}
	s, err := incentive.Load(files, "policy", incentive.Options{})
	if err != nil || len(s.All()) != 0 {
		t.Fatalf("the empty folder: %v, %d measures", err, len(s.All()))
	}
	files["policy/east-lake-01.yaml"] = &fstest.MapFile{Data: []byte(province)}
	if s, err = incentive.Load(files, "policy", incentive.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, err := range s.RunTests("east-lake-01") {
		t.Error(err)
	}
	m := s.Get("east-lake-01")
	if m.Verified() {
		t.Error("the clause counts as verified although its document is not on file")
	}
	rep, err := s.Evaluate(&incentive.Subject{ID: "firm", Object: "p", Facts: map[string]incentive.Known{
		"plant.networked_gain": {Value: incentive.Count(31), Grade: incentive.E3}, "enterprise.place": {Value: incentive.Choice("elsewhere"), Grade: incentive.E1},
		"project.equipment": {Value: incentive.Money(1_000_005), Grade: incentive.E2}, "project.other_fiscal_money": {Value: incentive.Money(0), Grade: incentive.E1},
	}}, mustDate(t, "2026-03-03"))
	if err != nil {
		t.Fatal(err)
	}
	o := rep.Of("east-lake-01")
	if *o.Granted != 300_001 || len(o.Shares) != 2 || o.Shares[0].Amount != 180_001 || o.Shares[1].Amount != 120_000 {
		t.Errorf("30%% of 10,000.05 is 3,000.01, of which 60%% are 1,800.006 and 40%% are 1,200.004: got %v in %+v", *o.Granted, o.Shares)
	}
	if a := find(&o.Explanation, "amount"); a == nil || !strings.HasPrefix(a.Text.Zh, "按决策表第2档：30% × 10,000.05元 = 3,000.015元") {
		t.Errorf("the explanation does not name the row: %+v", a)
	}
}

func mustDate(t *testing.T, s string) incentive.Date {
	t.Helper()
	d, err := incentive.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// load makes a set of the province's measure with texts replaced, and of others with the same replaced.
func load(t *testing.T, files map[string]string) *incentive.Set {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, s := range files {
		fsys["p/"+name+".yaml"] = &fstest.MapFile{Data: []byte(s)}
	}
	s, err := incentive.Load(fsys, "p", incentive.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// amountOf replaces the amount of the province's measure.
func amountOf(id, amount string) string {
	head, rest, _ := strings.Cut(strings.Replace(province, "id: east-lake-01", "id: "+id, 1), "amount:\n")
	_, tail, _ := strings.Cut(rest, "frequency:")
	tail = "frequency:" + tail[:strings.Index(tail, "tests:")]
	head = strings.Replace(head, facts(head, "enterprise.place"), "", 1)
	head = strings.Replace(head, facts(head, "project.other_fiscal_money"), "", 1)
	return head + amount + tail
}

// facts is the declaration of a fact.
func facts(s, key string) string {
	at := strings.Index(s, "  - key: "+key)
	end := strings.Index(s[at+1:], "  - key: ")
	if c := strings.Index(s[at:], "conditions:"); end < 0 || c < end {
		end = c - 1
	}
	return s[at : at+1+end]
}

func TestBracketsAndRounding(t *testing.T) {
	const slices = "amount:\n  form: brackets\n  clause: main\n  base: {sum: [project.equipment]}\n  method: METHOD\n  brackets:\n" +
		"    - {over: 0元, upTo: 100万元, rate: '0.3'}\n    - {over: 100万元, upTo: 500万元, rate: '0.2'}\n    - {over: 500万元, rate: '0.015'}\n  rounding: {mode: MODE, to: UNIT}\n  cap: {amount: 120万元, scope: project}\n"
	for _, x := range []struct {
		method, mode, unit string
		base, want         decimal.Fen
	}{
		{"slice", "down", "分", 100_000_000, 30_000_000}, // 30% × 1,000,000
		{"slice", "down", "分", 100_000_003, 30_000_000}, // + 20% × 0.03 = 0.006
		{"slice", "half-up", "分", 100_000_003, 30_000_001},
		{"slice", "half-even", "分", 3 * 5, 4},            // 30% × 0.15 = 0.045, to the even fen
		{"slice", "up", "元", 100_000_001, 30_000_100},    // 300,000.002 up to whole yuan
		{"slice", "down", "万元", 100_500_000, 30_000_000}, // 301,000 down to whole 万元
		{"slice", "down", "分", 500_000_000, 110_000_000}, // 300,000 + 20% × 4,000,000
		{"slice", "down", "分", 600_000_000, 111_500_000}, // + 1.5% × 1,000,000 = 15,000
		{"slice", "down", "分", 9_000_000_000, 120_000_000},
		{"whole", "down", "分", 100_000_000, 30_000_000},
		{"whole", "down", "分", 100_000_001, 20_000_000}, // all at 20%: 200,000.002
		{"whole", "down", "分", 500_000_001, 7_500_000},  // all at 1.5%
	} {
		m := amountOf("east-lake-01", strings.NewReplacer("METHOD", x.method, "MODE", x.mode, "UNIT", x.unit).Replace(slices))
		s := load(t, map[string]string{"east-lake-01": m})
		rep, err := s.Evaluate(subject(x.base), mustDate(t, "2026-03-03"))
		if err != nil {
			t.Fatal(err)
		}
		if o := rep.Of("east-lake-01"); o.Amount == nil || *o.Amount != x.want {
			t.Errorf("%s %s %s of %s: got %v, want %s", x.method, x.mode, x.unit, x.base, o.Amount, x.want)
		}
	}
}

func subject(base decimal.Fen) *incentive.Subject {
	return &incentive.Subject{ID: "firm", Object: "p1", Facts: map[string]incentive.Known{
		"plant.networked_gain": {Value: incentive.Count(20), Grade: incentive.E3}, "project.equipment": {Value: incentive.Money(base), Grade: incentive.E2},
	}}
}

func fixed(id, amount, more string) string {
	s := amountOf(id, "amount: {form: fixed, clause: main, fixed: "+amount+"}\n")
	return strings.Replace(s, facts(s, "project.equipment"), "", 1) + more
}

func TestExclusionYieldsToTheOther(t *testing.T) {
	const more = "excludes:\n  - {measure: OTHER, clause: main, text: {zh: 不同时享受, en: not together}}\n"
	s := load(t, map[string]string{"m-a": fixed("m-a", "9万元", strings.Replace(more, "OTHER", "m-b", 1)), "m-b": fixed("m-b", "1万元", strings.Replace(more, "OTHER", "m-c", 1)), "m-c": fixed("m-c", "2万元", "")})
	day := mustDate(t, "2026-03-03")
	rep, err := s.Evaluate(subject(0), day)
	if err != nil {
		t.Fatal(err)
	}
	// c stands; b yields to c; a would yield to b, but b is not granted: a stands.
	if a, b, c := rep.Of("m-a"), rep.Of("m-b"), rep.Of("m-c"); a.Reason != "granted" || b.Reason != "excluded" || b.By != "m-c" || c.Reason != "granted" || rep.Totals[0].Granted != 11_000_000 {
		t.Errorf("a %s, b %s by %s, c %s, total %v", a.Reason, b.Reason, b.By, c.Reason, rep.Totals)
	}
	if !strings.Contains(rep.Of("m-b").Explanation.Steps[len(rep.Of("m-b").Explanation.Steps)-1].Text.Zh, "不同时享受") {
		t.Errorf("the explanation does not give the rule: %+v", rep.Of("m-b").Explanation)
	}
	sub := subject(0)
	sub.Awards = []incentive.Award{{Measure: "m-b", Object: "p1", Date: day - 400, Amount: 5}}
	if rep, err = s.Evaluate(sub, day); err != nil || rep.Of("m-a").Reason != "excluded" || rep.Of("m-a").By != "m-b" {
		t.Errorf("an award of another year for the same object: %+v, %v", rep.Of("m-a").Reason, err)
	}
}

func TestSecondFilingIsRefused(t *testing.T) {
	s := ship(t)
	open := []incentive.Filing{{ID: "f1", Measure: "inc-hn-07", Enterprise: "e", Object: "p"}, {ID: "f2", Measure: "inc-gz-01", Enterprise: "e", Object: "q"}}
	for _, x := range []struct {
		f       incentive.Filing
		against string
	}{
		{incentive.Filing{ID: "f3", Measure: "inc-hn-01", Enterprise: "e", Object: "p"}, "f1"}, // one of the group, the same project
		{incentive.Filing{ID: "f3", Measure: "inc-hn-07", Enterprise: "e", Object: "p"}, "f1"}, // the same again
		{incentive.Filing{ID: "f3", Measure: "inc-hn-01", Enterprise: "e", Object: "p2"}, ""},  // another project
		{incentive.Filing{ID: "f3", Measure: "inc-hn-01", Enterprise: "e2", Object: "p"}, ""},  // another enterprise
		{incentive.Filing{ID: "f3", Measure: "inc-gz-01", Enterprise: "e", Object: "q"}, "f2"}, // the same, without a group
		{incentive.Filing{ID: "f3", Measure: "inc-gz-02", Enterprise: "e", Object: "q"}, ""},   // no rule between them
		{incentive.Filing{ID: "f1", Measure: "inc-hn-07", Enterprise: "e", Object: "p"}, ""},   // itself
		{incentive.Filing{ID: "f3", Measure: "inc-hn-99", Enterprise: "e", Object: "p"}, ""},   // no measure of the set
	} {
		got, rule, refused := s.SecondFiling(open, x.f)
		if refused != (x.against != "") || got.ID != x.against {
			t.Errorf("%+v: got %v %v", x.f, refused, got)
		}
		if x.against == "f1" && (rule.Clause != "highest" || rule.Text.Zh == "") {
			t.Errorf("%+v: the rule is not named: %+v", x.f, rule)
		}
	}
}

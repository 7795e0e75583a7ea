package assess_test

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/pack"
)

// shipped are the instruments that ship.
func shipped(t testing.TB) *assess.Instruments {
	t.Helper()
	s, err := assess.Load(os.DirFS("../../../packs"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// once are the shipped instruments, read a single time: they do not change.
var once = sync.OnceValues(func() (*assess.Instruments, error) { return assess.Load(os.DirFS("../../../packs")) })

func get(t testing.TB, id string) *assess.Instrument {
	t.Helper()
	s, err := once()
	if err != nil {
		t.Fatal(err)
	}
	x := s.Get(id)
	if x == nil {
		t.Fatalf("no instrument %s", id)
	}
	return x
}

func TestShippedInstrumentsSayWhatTheyAre(t *testing.T) {
	s := shipped(t)
	var ids []string
	for _, x := range s.All() {
		ids = append(ids, x.ID)
		if x.Official() != (x.ID == "sme2024") {
			t.Errorf("%s: official is %v", x.ID, x.Official())
		}
		if !x.Official() && (!strings.Contains(x.Notice.Zh, "平台参考口径，非官方") || !strings.Contains(x.Notice.En, "platform profile, not official")) {
			t.Errorf("%s: its notice does not say that it is a profile: %v", x.ID, x.Notice)
		}
	}
	if got := strings.Join(ids, " "); got != "gbt39116-profile ib23020-profile platform2018 sme2022 sme2024" {
		t.Errorf("got %s", got)
	}
	for day, want := range map[string]string{"2022-11-08": "", "2022-11-09": "sme2022", "2024-09-03": "sme2022", "2024-09-04": "sme2024", "2030-01-01": "sme2024"} {
		got := ""
		if x := s.Current("sme-digital-level", day); x != nil {
			got = x.ID
		}
		if got != want {
			t.Errorf("on %s %q is in force; want %q", day, got, want)
		}
	}
	if got := strings.Join(get(t, "sme2022").FactNames(), " "); got != "machines.digital machines.networked" {
		t.Errorf("facts of sme2022: %s", got)
	}
}

// mini is an instrument with one of everything, and what somebody writes to add one.
const mini = `id: mini
version: 1.0.0
source: 东湖省体检办法(虚构)
name: {zh: 小体检, en: Small check-up}
family: small
standing: profile
notice: {zh: 平台参考口径，非官方, en: 'platform profile, not official'}
valid: {from: '2026-01-01', to: '2026-12-31'}
sources:
  - {id: rule, document: 东湖省体检办法(虚构), clause: 第三条, quote: 分为三个等级, read: own}
whole: 100
absent: redistribute
profile:
  - id: sector
    name: {zh: 行业, en: sector}
    options:
      - {id: making, text: {zh: 制造, en: making}}
      - {id: trading, text: {zh: 贸易, en: trading}}
sections:
  - id: base
    name: {zh: 基础, en: Base}
    full: 100
    parts:
      - id: plant
        name: {zh: 设备, en: Plant}
        weight: 60
        questions:
          - id: rate
            weight: 50
            kind: percentage
            text: {zh: 联网率, en: Networked share}
            need: equipment-networking
            appliesWhen: [{trait: sector, in: [making]}]
            brackets:
              - {range: '[0,10]', share: 0}
              - {range: '(10,60]', share: 50}
              - {range: '(60,100]', share: 100}
            measured: [{value: machines.networked}]
          - id: links
            weight: 50
            kind: multi
            text: {zh: 自动采集, en: Collected}
            need: data-collection
            options:
              - {id: none, share: 0, text: {zh: 无, en: none}, exclusive: true}
              - {id: energy, share: 40, text: {zh: 能耗, en: energy}}
              - {id: quality, share: 60, text: {zh: 质量, en: quality}}
            measured:
              - {give: energy, when: [{fact: collection.energy, is: true}]}
      - id: office
        name: {zh: 管理, en: Office}
        weight: 40
        questions:
          - id: budget
            weight: 25
            kind: yesno
            text: {zh: 有预算, en: A budget}
            need: funding
          - id: plan
            weight: 50
            kind: single
            text: {zh: 规划, en: Plan}
            need: planning
            options:
              - {id: none, share: 0, text: {zh: 无, en: none}}
              - {id: some, share: 40, text: {zh: 有, en: some}}
              - {id: done, share: 100, text: {zh: 已实施, en: carried out}}
          - id: spend
            weight: 25
            kind: number
            text: {zh: 投入, en: Spending}
            unit: {zh: 万元, en: '10,000 CNY'}
            need: funding
            appliesWhen: [{question: budget, in: ['yes']}]
            brackets:
              - {range: '[0,10)', share: 0}
              - {range: '[10,)', share: 100}
  - id: scenes
    name: {zh: 场景, en: Scenarios}
    counted: true
    questions:
      - id: quality-scene
        kind: ladder
        text: {zh: 质量管理, en: Quality}
        need: quality-system
        binding: true
        steps:
          - {level: 1, text: {zh: 记录, en: recorded}}
          - {level: 2, text: {zh: 系统, en: a system}}
        measured: [{give: '2', when: [{fact: oee.days, atLeast: '30'}]}]
      - id: stock-scene
        kind: ladder
        text: {zh: 仓储, en: Stock}
        need: warehouse-system
        steps:
          - {level: 1, text: {zh: 记录, en: recorded}}
          - {level: 2, text: {zh: 系统, en: a system}}
below: {zh: 无等级, en: no level}
climb: highest
levels:
  - level: 1
    name: {zh: 一级, en: level 1}
    source: rule
    all:
      - {score: base, atLeast: '30'}
      - {count: scenes, reached: '1', atLeast: '1'}
  - level: 2
    name: {zh: 二级, en: level 2}
    source: rule
    all:
      - {score: base, atLeast: '60.5'}
      - {score: plant, percent: '50'}
      - {count: scenes, reached: '2', binding: true, atLeast: '1'}
      - {question: plan, reached: some}
costs:
  unit: {zh: 人日, en: person-days}
  note: {zh: 估计, en: estimate}
  option: 10
  steps: [5, 30]
  prove: 1
`

// A new instrument is one file.
func TestAnInstrumentIsAddedWithOneFileInAnEmptyFolder(t *testing.T) {
	if s, err := assess.Load(fstest.MapFS{}); err != nil || len(s.All()) != 0 {
		t.Fatalf("an empty folder: %v, %v", s, err)
	}
	s, err := assess.Load(fstest.MapFS{"instruments/mini.yaml": &fstest.MapFile{Data: []byte(mini)}})
	if err != nil {
		t.Fatal(err)
	}
	x := s.Get("mini")
	sheet := &assess.Sheet{Profile: map[string]string{"sector": "making"}, Declared: map[string]assess.Answer{
		"rate": {Number: "60.5"}, "links": {Choices: []assess.Picked{{Option: "quality"}}}, "plan": {Choice: "done"}, "budget": {Choice: "no"},
		"quality-scene": {Choice: "2"},
	}}
	r, err := x.Assess(sheet, assess.E1)
	if err != nil {
		t.Fatal(err)
	}
	// 30 + 18 + 20, and of the 20 points of budget and spending: spending applies with a budget only, its 10 go to the others by
	// weight 25 and 50: plan has 26.6667 of 40 and earns it, budget 13.3333 and earns nothing.
	if got := r.Declared.Scores[0].Points; got != 300_000+180_000+266_667 || r.Declared.Level != 2 || r.Evidenced.Level != 0 {
		t.Errorf("got %s points, level %d, evidenced %d", got, r.Declared.Level, r.Evidenced.Level)
	}
	if got := r.Declared.Decided.En; !strings.HasPrefix(got, "level 2: Base has 74.6667 points; at least 60.5 are wanted; Plant has 48 points; at least 30 are wanted; Scenarios: 1 binding scenarios") {
		t.Errorf("got %s", got)
	}
}

// What a pack must not say is refused with file, field, value and mend.
func TestFaultsOfPacksAreTold(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"weights", "        weight: 40", "        weight: 39", "instruments/mini.yaml:24:7: sections[0].parts: the weights (plant 60, office 39) sum to 99; they must sum to 100, so change them by +1"},
		{"weights of questions", "          - id: plan\n            weight: 50", "          - id: plan\n            weight: 51", "parts[1].questions: the weights (budget 25, plan 51, spend 25) sum to 101; they must sum to 100, so change them by -1"},
		{"weight nought", "            weight: 50\n            kind: percentage", "            weight: 0\n            kind: percentage", "questions[0].weight: 0 is no weight here"},
		{"shares of a multi", "{id: energy, share: 40", "{id: energy, share: 41", "the shares sum to 101; they must sum to 100, so change them by -1"},
		{"overlap", "'(10,60]'", "'[10,60]'", "brackets[1].range: [10,60] overlaps [0,10]"},
		{"overlap far", "'(10,60]'", "'(5,60]'", "brackets[1].range: (5,60] overlaps [0,10]"},
		{"gap", "'(10,60]'", "'(11,60]'", "brackets[1].range: (11,60] leaves a gap after [0,10]"},
		{"gap of one number", "'(60,100]'", "'(60,100)'", "(60,100): a percentage ends at 100], so that a full 100 has its bracket"},
		{"point gap", "'[10,)'", "'(10,)'", "brackets[1].range: (10,) leaves a gap after [0,10)"},
		{"no interval", "'(10,60]'", "'10-60'", "\"10-60\" is no interval; write it like [0,10]"},
		{"empty interval", "'(10,60]'", "'(60,10]'", "\"(60,10]\" holds no number"},
		{"too fine", "- {range: '[0,10)', share: 0}\n              - {range: '[10,)'", "- {range: '[0,0]', share: 0}\n              - {range: '(0,0.000001)', share: 0}\n              - {range: '[0.000001,)'", "(0,0.000001) is too fine; use bounds of fewer digits"},
		{"percentage from one", "'[0,10]'", "'[1,10]'", "[1,10]: a percentage begins at [0"},
		{"no full marks", "{id: done, share: 100", "{id: done, share: 90", "the best answer has share 90; it must have 100"},
		{"share", "{id: some, share: 40", "{id: some, share: 101", "101 lies outside 0 to 100"},
		{"unknown trait", "trait: sector", "trait: size", "\"size\" is not the id of a trait; declare it under profile"},
		{"unknown question", "question: budget, in", "question: money, in", "\"money\" is not the id of a question"},
		{"unknown answer", "in: ['yes']", "in: ['maybe']", "\"maybe\" is no answer there; it has no, yes"},
		{"unknown scale", "            kind: yesno", "            kind: yesno\n            scale: money", "scale: \"money\" is not the id of a scale"},
		{"unknown source", "source: rule\n    all:\n      - {score: base, atLeast: '30'}", "source: law\n    all:\n      - {score: base, atLeast: '30'}", "levels[0].source: \"law\" is not the id of a source"},
		{"level without source", "    source: rule\n    all:\n      - {score: base, atLeast: '30'}", "    all:\n      - {score: base, atLeast: '30'}", "levels[0].source: is missing"},
		{"unknown score", "{score: plant", "{score: plants", "\"plants\" is not the id of a section or part that has points"},
		{"unknown count", "{count: scenes, reached: '1'", "{count: base, reached: '1'", "\"base\" is not the id of a counted section"},
		{"unknown answer in a rule", "{question: plan, reached: some}", "{question: plan, reached: most}", "\"most\" is no answer that can be asked for; plan has none, some, done"},
		{"out of reach", "{score: base, atLeast: '30'}", "{score: base, atLeast: '101'}", "\"101\": base has 100 points at most"},
		{"too many scenarios", "reached: '2', binding: true, atLeast: '1'", "reached: '2', binding: true, atLeast: '2'", "\"2\": 1 questions there have step 2; ask for 1 to that"},
		{"a step that is not", "reached: '2', binding: true", "reached: '3', binding: true", "\"1\": 0 questions there have step 3"},
		{"levels in order", "  - level: 2\n    name", "  - level: 3\n    name", "levels[1].level: 3; levels are numbered upwards from 1, so write 2"},
		{"steps in order", "- {level: 2, text: {zh: 系统, en: a system}}\n        measured", "- {level: 3, text: {zh: 系统, en: a system}}\n        measured", "3; steps are numbered 1, 2, 3, so write 2"},
		{"missing source", "  - {id: rule, document: 东湖省体检办法(虚构), clause: 第三条, quote: 分为三个等级, read: own}\n", "  - {id: rule, document: 东湖省体检办法(虚构), clause: 第三条, quote: '', read: own}\n", "sources[0].quote: is missing; name document and clause, and quote the words"},
		{"no sources", "sources:\n  - {id: rule, document: 东湖省体检办法(虚构), clause: 第三条, quote: 分为三个等级, read: own}\n", "", "sources: is missing"},
		{"no source of the pack", "source: 东湖省体检办法(虚构)\nname", "source: ''\nname", "source: is missing"},
		{"how it was read", "read: own", "read: heard", "\"heard\" is not one of text, capture, secondary, recalled, own"},
		{"official", "standing: profile\nnotice: {zh: 平台参考口径，非官方, en: 'platform profile, not official'}", "standing: official", "own: an official instrument has nothing of ours"},
		{"profile without notice", "notice: {zh: 平台参考口径，非官方, en: 'platform profile, not official'}\n", "", "notice: needs zh and en"},
		{"text", "text: {zh: 联网率, en: Networked share}", "text: {zh: 联网率}", "questions[0].text: needs zh and en"},
		{"id twice", "- id: office", "- id: plant", "\"plant\" is used twice, first at sections[0].parts[0]"},
		{"kind", "kind: yesno", "kind: maybe", "\"maybe\" is not one of single, multi, number, percentage, yesno, ladder"},
		{"brackets of a yesno", "            kind: yesno", "            kind: yesno\n            brackets: [{range: '[0,1]', share: 0}]", "brackets: do not belong to a question of kind yesno"},
		{"counted points", "    counted: true", "    counted: true\n    full: 10", "full: 10: stands in a counted section|full: stands in a counted section"},
		{"binding points", "            kind: yesno", "            kind: yesno\n            binding: true", "binding: is for questions of a counted section"},
		{"does not divide", "    full: 100\n", "    full: 1\n", "base has 1 points at most; ask for 0 to that"},
		{"whole", "whole: 100", "whole: 7", "7: weights and shares are parts of 100 or of 10000"},
		{"day", "from: '2026-01-01'", "from: '2026-02-30'", "\"2026-02-30\" is no day"},
		{"ends before", "to: '2026-12-31'", "to: '2025-12-31'", "2025-12-31 lies before 2026-01-01"},
		{"itself", "appliesWhen: [{trait: sector, in: [making]}]", "appliesWhen: [{question: rate, in: ['[0,10]']}]", "rests on itself: rate → rate"},
		{"ring", "            text: {zh: 有预算, en: A budget}", "            text: {zh: 有预算, en: A budget}\n            appliesWhen: [{question: spend, in: ['[10,)']}]", "rests on itself: budget → spend → budget"},
		{"ring over a part", "      - id: office\n", "      - id: office\n        appliesWhen: [{question: plan, in: [some]}]\n", "rests on itself: plan → plan|rests on itself: budget → plan → plan"},
		{"measure without facts", "{give: energy, when: [{fact: collection.energy, is: true}]}", "{give: energy}", "when: is missing; say which facts prove the answer"},
		{"measure of nothing", "{give: energy, when", "{give: none, when", "that there is nothing cannot be measured"},
		{"measure of an unknown answer", "{give: energy, when", "{give: water, when", "\"water\" is no answer of the question"},
		{"fact", "{value: machines.networked}", "{value: 'Machines Networked'}", "is no name of a fact"},
		{"test without bound", "{fact: oee.days, atLeast: '30'}", "{fact: oee.days}", "needs is, or bounds"},
		{"cost", "  option: 10", "  option: -1", "-1 is no cost"},
		{"unknown field", "below:", "beneath: 1\nbelow:", "unknown field \"beneath\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(mini, c.old) {
				t.Fatalf("%q is not in the pack", c.old)
			}
			_, err := assess.Load(fstest.MapFS{"instruments/mini.yaml": &fstest.MapFile{Data: []byte(strings.Replace(mini, c.old, c.new, 1))}})
			var faults pack.Faults
			if !errors.As(err, &faults) || !strings.Contains(err.Error(), "instruments/mini.yaml:") {
				t.Fatalf("got %v", err)
			}
			for _, want := range strings.Split(c.want, "|") {
				if strings.Contains(err.Error(), want) {
					return
				}
			}
			t.Errorf("missing %s in\n%v", c.want, err)
		})
	}
}

// Points of every answer are whole numbers of ten-thousandths, so that totals are exact.
func TestWeightsThatDoNotDivideAreRefused(t *testing.T) {
	data := strings.NewReplacer("    full: 100\n", "    full: 1\n", "weight: 50\n            kind: percentage", "weight: 33\n            kind: percentage",
		"weight: 50\n            kind: multi", "weight: 67\n            kind: multi", "'(10,60]', share: 50", "'(10,60]', share: 33",
		"atLeast: '30'}\n      - {count", "atLeast: '0.3'}\n      - {count", "'60.5'", "'0.6'").Replace(mini)
	_, err := assess.Decode("mini.yaml", []byte(data))
	if want := "answer (10,60]: 33 of 100 of 0.198 points is no whole number of ten-thousandths of a point; choose a share that divides"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("missing %s in %v", want, err)
	}
}

func TestTwoVersionsInForceOnOneDayAreRefused(t *testing.T) {
	files := fstest.MapFS{
		"instruments/mini.yaml":  &fstest.MapFile{Data: []byte(mini)},
		"instruments/mini2.yaml": &fstest.MapFile{Data: []byte(strings.NewReplacer("id: mini\n", "id: mini2\n", "from: '2026-01-01', to: '2026-12-31'", "from: '2026-12-31'").Replace(mini))},
	}
	if _, err := assess.Load(files); err == nil || !strings.Contains(err.Error(), "mini of the same family small is still in force then; end it the day before") {
		t.Errorf("got %v", err)
	}
	files["instruments/mini2.yaml"].Data = []byte(strings.NewReplacer("id: mini\n", "id: mini2\n", "from: '2026-01-01', to: '2026-12-31'", "from: '2027-01-01'").Replace(mini))
	if _, err := assess.Load(files); err != nil {
		t.Errorf("one after the other: %v", err)
	}
}

func FuzzInstrument(f *testing.F) {
	f.Add([]byte(mini))
	f.Add([]byte("id: mini\nsections: [{id: a, full: 1, questions: [{id: b, kind: ladder, weight: 100, steps: [{level: 1}]}]}]"))
	f.Add([]byte("id: mini\nlevels: [{level: 1, all: [{score: a, percent: '1e9'}]}]\nscales: [{id: a, brackets: [{range: '(,)'}]}]"))
	// Whatever a pack says: it is refused, or it scores no answers and the best answers within its bounds, finds a path or says why not.
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := assess.Decode("mini.yaml", data)
		if err != nil {
			return
		}
		s := &assess.Sheet{}
		r, err := x.Assess(s, assess.E1)
		if err != nil {
			t.Fatal(err)
		}
		a, err := r.Digest()
		if err != nil {
			t.Fatal(err)
		}
		for _, sc := range r.Declared.Scores {
			if sc.Points < 0 || sc.Points > sc.Full {
				t.Fatalf("%s has %s of %s", sc.ID, sc.Points, sc.Full)
			}
		}
		if again, err := x.Assess(s, assess.E1); err != nil {
			t.Fatal(err)
		} else if b, _ := again.Digest(); a != b {
			t.Fatal("two computations differ")
		}
		p, err := x.Path(s, assess.Ask{})
		if err == nil && p.Reached < p.Target {
			t.Fatalf("the path ends at level %d", p.Reached)
		}
		for _, e := range []error{assess.ErrTarget, assess.ErrOutOfReach, assess.ErrTooLarge} {
			if errors.Is(err, e) {
				err = nil
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}

// The example of the documentation is one that loads.
func TestTheExampleOfTheDocumentationLoads(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/checkup.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	x, err := assess.Decode("mini.yaml", []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	if st := declared(t, x, &assess.Sheet{Declared: map[string]assess.Answer{"rate": {Number: "51"}}}); st.Level != 1 {
		t.Errorf("level %d", st.Level)
	}
}

// Every fact that the shipped packs ask for is named in the documentation, for whoever wires the plant to it.
func TestFactsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/checkup.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range shipped(t).All() {
		for _, f := range x.FactNames() {
			if !strings.Contains(string(doc), "`"+f+"`") && !strings.HasPrefix(f, "collection.") {
				t.Errorf("%s asks for %s", x.ID, f)
			}
		}
	}
}

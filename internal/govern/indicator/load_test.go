package indicator_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/pack/clause"
	"jingwei/internal/kernel/proof"
)

// folder is packs with some of the files that ship, changed.
func folder(t *testing.T, change map[string]func(string) string) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	for name, f := range change {
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			t.Fatal(err)
		}
		text := f(string(data))
		if text == string(data) && f("x") != "x" {
			t.Fatalf("%s: nothing was changed", name)
		}
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func same(s string) string { return s }

func swap(old, with string) func(string) string {
	return func(s string) string {
		if s == "x" {
			return "y"
		}
		return strings.Replace(s, old, with, 1)
	}
}

// What is wrong is refused with file, line, field, value and mend.
func TestBadPacksAreRefused(t *testing.T) {
	const stock, machines, orders, tools, workers, courses, increase = "indicators/inventory-turnover.yaml", "indicators/machine-networking.yaml", "indicators/online-sales.yaml", "indicators/erp-use.yaml", "indicators/digital-workers.yaml", "indicators/leaders-courses-guangdong.yaml", "indicators/inventory-turnover-increase.yaml"
	for name, x := range map[string]struct {
		files map[string]func(string) string
		want  string
	}{
		"wrong unit":              {map[string]func(string) string{stock: swap("unit: '1'\nplaces", "unit: 'CNY'\nplaces")}, stock + ":22:10: formula: at character 1: the formula gives 1, and CNY is wanted: these are different quantities"},
		"units that do not add":   {map[string]func(string) string{stock: swap("unit: 'CNY'\n    from: {declared: inventory-opening}", "unit: 'kW.h'\n    from: {declared: inventory-opening}")}, "+ joins kW.h and CNY; give both in one unit"},
		"no unit":                 {map[string]func(string) string{stock: swap("unit: '1'\nplaces", "unit: 'furlongs'\nplaces")}, `unit: unit "furlongs"`},
		"unknown input":           {map[string]func(string) string{stock: swap("formula: 'cost", "formula: 'costs")}, `"costs" is not an input`},
		"formula":                 {map[string]func(string) string{stock: swap("formula: 'cost /", "formula: 'cost //")}, `formula: at character 7: "/" is not expected here`},
		"input never used":        {map[string]func(string) string{stock: swap("((opening + closing) / 2)", "opening")}, `inputs[2].key: "closing" is declared and never used`},
		"input named badly":       {map[string]func(string) string{stock: swap("key: cost", "key: cost-of")}, `inputs[0].key: "cost-of" is no name`},
		"unknown kind of facts":   {map[string]func(string) string{orders: swap("fact: order", "fact: ordre")}, `inputs[0].from.fact: "ordre" is not a kind of facts`},
		"unknown field":           {map[string]func(string) string{orders: swap("channel: online", "canal: online")}, `there is no field "canal"`},
		"unknown option":          {map[string]func(string) string{orders: swap("channel: online", "channel: web")}, `inputs[0].from.where.channel: "web"`},
		"sum of a word":           {map[string]func(string) string{orders: swap("field: amount", "field: partyName")}, `"partyName" is a text; sum takes a number`},
		"money as a count":        {map[string]func(string) string{orders: func(s string) string { return strings.ReplaceAll(s, "unit: 'CNY'", "unit: '1'") }}, `"amount" is money, which cannot be given in 1`},
		"sum without a field":     {map[string]func(string) string{orders: swap(", field: amount", "")}, "sum, distinct, value and least name a field"},
		"unknown register":        {map[string]func(string) string{courses: swap("entry: events", "entry: evnets")}, `"evnets" is not a register of this node`},
		"unknown state":           {map[string]func(string) string{courses: swap("state: done", "state: over")}, `"over" is not one of planned, done, cancelled`},
		"least of nothing":        {map[string]func(string) string{courses: func(s string) string { return strings.ReplaceAll(s, "among:", "am0ng:") }}, `am0ng`},
		"two sources in one":      {map[string]func(string) string{tools: swap("{fact: software-use,", "{fact: software-use, tag: key,")}, "names 2 sources; write one of fact, entry, tag"},
		"key of another source":   {map[string]func(string) string{tools: swap("{fact: software-use,", "{declared: x,")}, "does not go with declared"},
		"unknown source":          {map[string]func(string) string{tools: swap("{fact: software-use,", "{series: software-use,")}, `unknown field "series"`},
		"window":                  {map[string]func(string) string{tools: swap("within: 'P30D'", "within: 'P30W'")}, `"P30W" is not period, moment, or a time such as P12M`},
		"unknown tag":             {map[string]func(string) string{tools: swap("{fact: software-use, where: {kind: erp}, take: sum, field: uses, within: 'P30D'}", "{tag: famous}")}, `"famous" is not a tag of enterprises`},
		"share of days":           {map[string]func(string) string{machines: swap("delivers: '80%'", "delivers: '80'")}, `"80" is not a share of working days`},
		"condition without value": {map[string]func(string) string{machines: swap("delivers: '80%'", "delivers: []")}, "inputs[0].from[0].where.delivers: names no value"},
		"awaited in one language": {map[string]func(string) string{machines: swap("{plant: production-machines}", "{awaits: {zh: 设备台账}}")}, "awaits: needs zh and en"},
		"unknown class":           {map[string]func(string) string{machines: swap("{delivers: '80%'}", "{delivers: '80%', class: robots}")}, `"robots" is not a class of equipment of this node`},
		"unknown plant":           {map[string]func(string) string{machines: swap("{plant: production-machines}", "{plant: robots}")}, `"robots" is not one of production-machines, machines, meters`},
		"unknown indicator":       {map[string]func(string) string{increase: same}, `"inventory-turnover" is not an indicator of this node`},
		"cycle":                   {map[string]func(string) string{increase: same, stock: swap("{declared: cost-of-goods-sold}", "{indicator: inventory-turnover-increase}")}, "cannot be given in CNY"},
		"cycle in one unit":       {map[string]func(string) string{increase: swap("{indicator: inventory-turnover}", "{indicator: inventory-turnover-increase}"), stock: same}, "closes a circle: inventory-turnover-increase → inventory-turnover-increase"},
		"reading":                 {map[string]func(string) string{stock: swap("how: mean", "how: average")}, `upward.how: "average" is not one of mean, pooled, share`},
		"pooled of a truth":       {map[string]func(string) string{tools: swap("how: share", "how: pooled")}, "pooled needs a formula that is a ratio"},
		"weighted by nothing":     {map[string]func(string) string{stock: swap("how: mean", "how: weighted")}, `"" is not the key of the input by which values are weighted`},
		"distinct of a sum":       {map[string]func(string) string{orders: swap("also: [share, mean]", "also: [distinct, share, mean], by: online")}, `"online" is not the key of an input that takes distinct values`},
		"holds a number":          {map[string]func(string) string{orders: swap("holds: 'online > 0'", "holds: 'online'")}, "upward.holds: gives a number"},
		"upward of a region":      {map[string]func(string) string{courses: func(s string) string { return s + "upward: {how: sum}\n" }}, "has no way upward"},
		"enterprise of a region":  {map[string]func(string) string{courses: swap("of: region", "of: enterprise")}, `upward.how: "" is not one of`},
		"period":                  {map[string]func(string) string{stock: swap("period: year", "period: decade")}, `"decade" is not one of moment, day`},
		"no assumption":           {map[string]func(string) string{workers: func(s string) string { return s[:strings.Index(s, "assumptions:")] }}, "1 to 20 assumptions stand beside a figure"},
		"anchors":                 {map[string]func(string) string{stock: swap("unit: '1'\nplaces", "unit: &u '1'\nplaces")}, "anchors and aliases are not used"},
	} {
		files := folder(t, x.files)
		_, err := indicator.Load(files, nil, spoken())
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %s", name, err, x.want)
		}
	}
}

func TestBadTargetsAreRefused(t *testing.T) {
	docs := proof.Must(clause.LoadDocuments(tree, "policy/documents"))
	definitions := proof.Must(pack.Load[indicator.Definition](tree, indicator.DefinitionDir)).All()
	const zj, gd = "targets/zj2017.yaml", "targets/gd2016.yaml"
	for name, x := range map[string]struct {
		file, want string
		change     func(string) string
	}{
		"indicator":       {zj, `indicator: "erp" is not an indicator of this node`, swap("indicator: erp-use", "indicator: erp")},
		"reading":         {zj, `"mean" is not a reading of erp-use, which tells share, distinct`, swap("indicator: erp-use\n    reading: share", "indicator: erp-use\n    reading: mean")},
		"comparator":      {zj, `"exactly" is not one of at-least`, swap("comparator: at-least", "comparator: exactly")},
		"value with unit": {zj, `value: "80%" is not a decimal number`, swap("value: '80'", "value: '80%'")},
		"unit":            {zj, "the share of dual-innovation-platform is in %; targets are told in that unit", swap("value: '80'\n    unit: '%'", "value: '80'\n    unit: '1'")},
		"no baseline":     {zj, "baseline: is missing; a change is told against a day", swap("    baseline: {date: '2015-12-31'}\n", "")},
		"baseline late":   {zj, "baseline.date: 2019-12-31 does not lie before the deadline 2018-12-31", swap("baseline: {date: '2015-12-31'}", "baseline: {date: '2019-12-31'}")},
		"no day":          {zj, `deadline: "2018-02-30" is no day`, swap("deadline: '2018-12-31'", "deadline: '2018-02-30'")},
		"clause": {zj, `clause: "nowhere" is not the id of a clause of this policy`, func(s string) string {
			if s == "x" {
				return "y"
			}
			i := strings.Index(s, "    clause: ")
			j := i + strings.Index(s[i:], "\n")
			return s[:i] + "    clause: nowhere" + s[j:]
		}},
		"quotation":  {gd, "does not stand in 000_add93f6cd7d8e6aa.txt; quote the text word for word", swap("普及率达到85%", "普及率达到95%")},
		"filter":     {gd, `population.where.industry: "Z" is no code of GB/T 4754`, swap("industry: ['C']", "industry: [Z]")},
		"tag":        {gd, `"famous" is not a tag of enterprises`, swap("tags: [backbone]", "tags: [famous]")},
		"region":     {gd, `region.code: "44" is no code`, swap("code: '440000'", "code: '44'")},
		"used twice": {gd, "is used twice", swap("id: KPI-GD16-02", "id: KPI-GD16-01")},
		"beside": {gd, `beside[0]: "nothing" is not another indicator`, func(s string) string {
			if s == "x" {
				return "y"
			}
			return strings.Replace(s, "energy-network-province", "nothing", 1)
		}},
		"supersedes":      {gd, `supersedes: "KPI-XX-01" is not another target`, swap("    indicator: dual-innovation-platform\n", "    indicator: dual-innovation-platform\n    supersedes: KPI-XX-01\n")},
		"filtered region": {gd, "is computed once for the region; no enterprises are filtered", swap("indicator: integration-pilots-national", "indicator: integration-pilots-national\n    REPLACE")},
	} {
		change := x.change
		if name == "filtered region" {
			change = func(s string) string {
				if s == "x" {
					return "y"
				}
				i := strings.Index(s, "indicator: integration-pilots-national")
				j := i + strings.Index(s[i:], "population: {")
				return s[:j] + "population: {where: {designated: true}, " + s[j+len("population: {"):]
			}
		}
		p, err := pack.Decode[indicator.Policy](x.file, folder(t, map[string]func(string) string{x.file: change})[x.file].Data)
		if err == nil {
			_, err = indicator.NewLibrary(definitions, []*indicator.Policy{p}, docs, spoken())
		}
		if err == nil || !strings.Contains(err.Error(), x.want) || !strings.Contains(err.Error(), x.file+":") {
			t.Errorf("%s: %v, want %s", name, err, x.want)
		}
	}
}

// Policies set their targets as of their time, and a successor takes the place from its own day on.
func TestTargetsAsOfADay(t *testing.T) {
	l := shipped(t)
	count := func(l *indicator.Library, region, on string) int { return len(l.Targets(region, on)) }
	for _, x := range []struct {
		region, on string
		want       int
	}{{"440000", "2016-10-08", 0}, {"440000", "2016-10-09", 15}, {"440000", "2018-12-31", 15}, {"", "2018-12-31", 15 + 3 + 29 + 14}, {"", "2026-05-20", 65}, {"330000", "2017-04-27", 0}, {"330000", "2017-04-28", 29}} {
		if got := count(l, x.region, x.on); got != x.want {
			t.Errorf("%q has %d targets on %s, want %d", x.region, got, x.on, x.want)
		}
	}
	change := map[string]func(string) string{"targets/gd2021.yaml": swap("    indicator: digital-workers\n", "    indicator: digital-workers\n    supersedes: KPI-GD16-05\n"), "targets/gd2016.yaml": same}
	for _, name := range proof.Must(fs.Glob(tree, "indicators/*.yaml")) {
		change[name] = same
	}
	l = proof.Must(indicator.Load(folder(t, change), nil, spoken()))
	if before, after := count(l, "440000", "2020-12-31"), count(l, "440000", "2021-01-01"); before != 15 || after != 14+4 {
		t.Errorf("%d targets before the successor and %d from its day", before, after)
	}
}

func TestStandings(t *testing.T) {
	l := shipped(t)
	is := map[string]string{}
	for _, x := range l.Targets("", "2026-05-20") {
		is[x.ID] = l.Standing(l.Definition(x.Indicator)).Is
	}
	for id, want := range map[string]string{"KPI-GD16-05": "computable", "KPI-ZJ-12": "computable", "KPI-GD16-08": "computable", "KPI-GD16-10": "declared", "KPI-ZJ-16": "declared", "KPI-GD16-11": "declared", "KPI-GD16-01": "declared"} {
		if is[id] != want {
			t.Errorf("%s is %s, want %s", id, is[id], want)
		}
	}
	waiting := folder(t, map[string]func(string) string{"indicators/inventory-turnover.yaml": swap("{declared: inventory-opening}", "{awaits: {zh: 库存系统接口, en: an interface to stock systems}}"), "indicators/inventory-turnover-increase.yaml": same})
	l = proof.Must(indicator.Load(waiting, nil, spoken()))
	s := l.Standing(l.Definition("inventory-turnover-increase"))
	if s.Is != "waiting" || len(s.Waits) != 1 || s.Waits[0].Input != "opening" || s.Waits[0].Indicator != "inventory-turnover" || s.Waits[0].For.Zh != "库存系统接口" || len(s.Declared) != 2 {
		t.Errorf("%+v", s)
	}
}

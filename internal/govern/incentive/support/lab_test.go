package support

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/table"
	"jingwei/internal/office/ledger"
)

func TestADraftIsCheckedWithPlaceAndMend(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), shipped)
	source, err := n.service.Source(t.Context(), "inc-hn-01")
	n.must(err)
	edit := func(old, new string) string {
		if !strings.Contains(source, old) {
			t.Fatalf("%q is not in the pack", old)
		}
		return strings.Replace(source, old, new, 1)
	}
	rate := source[strings.Index(source, "rate: "):]
	rate = rate[:strings.IndexByte(rate, '\n')]
	for name, c := range map[string]struct{ body, says string }{
		"a rate above one":          {edit(rate, "rate: '1.2'"), "rate"},
		"an unknown field":          {edit("instrument: ", "colour: red\ninstrument: "), "colour"},
		"no id":                     {"name: x\n", "$.id"},
		"a quote that is not there": {edit("quote: ", "quote: '此句不在文件中' #"), "quote"},
	} {
		err := second(n.service.AddDraft(n.as("home"), n.orgs["home"], c.body))
		if !errors.Is(err, ErrDraft) && !errors.Is(err, problem.Invalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := second(n.service.AddDraft(n.as("home"), n.orgs["home"], brackets)); err == nil || !strings.Contains(err.Error(), "brackets") {
		t.Errorf("overlapping brackets: %v", err)
	}
	d, err := n.service.AddDraft(n.as("home"), n.orgs["home"], edit(rate, "rate: '0.25'"))
	n.must(err)
	again, err := n.service.AddDraft(n.as("home"), n.orgs["home"], edit(rate, "rate: '0.25'"))
	if err != nil || again.ID != d.ID {
		t.Errorf("%v, %v", again.ID, err)
	}
}

const brackets = `id: inc-x-1
version: 1.0.0
source: a test
name: {zh: 测, en: T}
code: INC-X-01
policy: x
region: {code: '430000', name: {zh: 湖南, en: Hunan}}
level: province
kind: project-subsidy
instrument: grant
strength: in-force
beneficiary: {zh: 企业, en: enterprises}
clauses: [{id: main, document: none.txt, sha256: '` + "0000000000000000000000000000000000000000000000000000000000000000" + `', title: 无, section: 一, quote: 无}]
valid: {from: '2018-01-01', text: {zh: 起, en: from}}
facts: [{key: project.investment, type: money, name: {zh: 投资, en: investment}, grade: E2, evidence: {zh: 审计, en: audit}}]
conditions: [{id: a, text: {zh: 大于零, en: above zero}, clause: main, fact: project.investment, above: 0元}]
amount:
  form: brackets
  clause: main
  method: slice
  base: {sum: [project.investment]}
  brackets: [{over: 0元, upTo: 100万元, rate: '0.1'}, {over: 50万元, rate: '0.2'}]
`

func TestThePolicyLab(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), shipped)
	n.date()
	for i := range 9 { // six small firms of Hunan, three large ones
		id := uuid.Must(uuid.NewV7())
		n.world.firms[id] = Enterprise{Org: id, Code: fmt.Sprint("91B", i), Region: "430100", Industry: "3670", Size: []string{"small", "small", "large"}[i%3]}
	}
	n.jobs = proof.Must(job.New(t.Context(), job.Options{DB: n.db, Now: func() time.Time { return n.clock }, Poll: 20 * time.Millisecond, Handlers: map[string]job.Handler{JobKind: n.service.Handle}}))
	n.must(n.jobs.Start(t.Context()))
	defer func() { n.must(n.jobs.Stop(context.Background())) }()
	source, err := n.service.Source(t.Context(), "inc-hn-01")
	n.must(err)
	d, err := n.service.AddDraft(n.as("home"), n.orgs["home"], strings.Replace(source, "rate: '0.2'", "rate: '0.1'", 1))
	n.must(err)
	run := SupportLabRun{Org: n.orgs["home"], Drafts: []uuid.UUID{d.ID}, Region: "430000", Day: "2019-06-01", By: "size", Generated: 2000, Seed: 3}
	l, err := n.service.Start(n.as("home"), run)
	n.must(err)
	proof.Wait(t, "the run", func() bool {
		l, err = n.service.Lab(n.as("home"), l.ID)
		n.must(err)
		return l.Finding != nil
	})
	f := l.Finding
	if f.Registered != 9 || f.Generated != 2000 || f.Subjects != 2009 || f.Winners != 0 || f.Losers < 10 || f.B.Total >= f.A.Total || f.A.Total-f.B.Total != f.Loss {
		t.Errorf("%+v", f.Finding)
	}
	var hidden bool
	for _, c := range f.Classes {
		if c.Class == "large" || c.Class == "small" && c.Subjects < fewest {
			t.Errorf("%+v is told of fewer than five", c)
		}
		hidden = hidden || c.Class == "<5" && c.Subjects == 9
		if c.Class != "<5" && !strings.HasPrefix(c.Class, generatedMark) {
			t.Errorf("%+v", c)
		}
	}
	if !hidden {
		t.Errorf("%+v", f.Classes)
	}
	again, err := n.service.run(t.Context(), &run, func(int64, int64) error { return nil })
	if err != nil || string(canonical(again)) != string(canonical(f)) {
		t.Errorf("two runs differ: %v", err)
	}
	run.BudgetA = map[string]int64{}
	for name, c := range map[string]struct{ err, want error }{
		"another's draft": {second(n.service.Start(n.as("rival"), SupportLabRun{Org: n.orgs["rival"], Drafts: run.Drafts})), store.ErrNotFound},
		"no draft":        {second(n.service.Start(n.as("home"), SupportLabRun{Org: n.orgs["home"]})), ErrDrafts},
		"too many claims": {second(n.service.Start(n.as("home"), SupportLabRun{Org: n.orgs["home"], Drafts: run.Drafts, Generated: MaxGenerated + 1})), ErrGenerated},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
	data, err := n.service.Export(n.as("home"), l.ID, table.XLSX, true)
	n.must(err)
	sheets := proof.Must(table.Read(table.XLSX, data))
	if sheets[0].Heading[3] != "方案A（元）" || sheets[0].Rows[0].Cell(0) != "合计" || sheets[0].Rows[0].Cell(4) != ledger.Yuan(int64(f.B.Total)) {
		t.Errorf("%+v", sheets[0])
	}
}

func TestSmallClassesCannotBeWorkedOut(t *testing.T) {
	row := func(c string, n int) incentive.ClassRow { return incentive.ClassRow{Class: c, Subjects: n, A: fen(n)} }
	for _, c := range []struct {
		in   []incentive.ClassRow
		want string
	}{
		{[]incentive.ClassRow{row("a", 5), row("b", 9)}, "a5 b9"},
		{[]incentive.ClassRow{row("a", 4), row("b", 9), row("c", 7)}, "b9 <511"}, // one alone could be worked out from the total
		{[]incentive.ClassRow{row("a", 1), row("b", 2), row("c", 7)}, "<510"},    // together still below five
		{[]incentive.ClassRow{row("a", 2)}, "<52"},                               // nobody to join
		{[]incentive.ClassRow{row("a", 3), row("b", 4), row("c", 7)}, "c7 <57"},
	} {
		var got []string
		for _, r := range suppress(c.in) {
			got = append(got, fmt.Sprint(r.Class, r.Subjects))
			if r.Subjects < fewest && r.A != 0 {
				t.Errorf("%+v tells an amount", r)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v, want %s", got, c.want)
		}
	}
}

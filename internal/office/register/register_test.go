package register

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/table"
	"jingwei/internal/office/register/party"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var begin = time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)

// shipped are the packs of the product.
var shipped = os.DirFS("../../../packs")

type node struct {
	t       testing.TB
	db      *store.DB
	clock   time.Time
	service *Service
	sides   authtest.Sides
	ctx     context.Context // engineer of the agency, a
	org     uuid.UUID
}

func newNode(t testing.TB, db *store.DB) *node {
	n := &node{t: t, db: db, clock: begin, sides: authtest.Sides{"a": uuid.Must(uuid.NewV7()), "b": uuid.Must(uuid.NewV7())}}
	if err := audit.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	n.service = proof.Must(New(t.Context(), Options{DB: db, Packs: shipped, Now: func() time.Time { return n.clock }, Logger: proof.Logger(t),
		Calculations: map[string]Calculation{"size-class": proof.Must(party.Load(shipped)).Sizes.SizeOf}}))
	n.ctx, n.org = n.sides.As(auth.Engineer, "a"), n.sides["a"]
	return n
}

const code = "9144030071526726XG"

func (n *node) firm(more string) Input {
	return Input{Content: []byte(`{"creditCode":"` + code + `","name":"某某股份有限公司","industry":"C3670","employees":320,"revenue":250000000000` + more + `}`)}
}

func (n *node) add(in Input) Entry {
	n.t.Helper()
	e, err := n.service.Add(n.ctx, n.org, "enterprises", in)
	if err != nil {
		n.t.Fatal(err)
	}
	return e
}

// A new register is one file: from an empty folder of packs to an entry on its public page.
func TestANewRegisterIsOneFile(t *testing.T) {
	db := storetest.SQLite(t)
	n := newNode(t, db)
	packs := fstest.MapFS{}
	open := func() *Service {
		return proof.Must(New(t.Context(), Options{DB: db, Packs: packs, Now: n.service.o.Now}))
	}
	in := Input{Content: []byte(`{"number":"T1","name":"高低温试验箱"}`)}
	if _, err := open().Add(n.ctx, n.org, "test-rigs", in); !errors.Is(err, ErrRegister) {
		t.Fatalf("without a pack: %v", err)
	}
	packs["registers/test-rigs.yaml"] = &fstest.MapFile{Data: []byte(`
id: test-rigs
version: 1.0.0
source: a test
name: {zh: 试验设备, en: Test rigs}
entry: {zh: 设备, en: Rig}
class: public
key: number
title: [name]
fields:
  - {key: number, name: {zh: 编号, en: Number}, type: text, required: true, maxLength: 20}
  - {key: name, name: {zh: 名称, en: Name}, type: text, required: true}
states: [{id: free, name: {zh: 空闲, en: Free}}]
initial: free
public: {states: [free]}
`)}
	s := open()
	if _, err := s.Add(n.ctx, n.org, "test-rigs", in); err != nil {
		t.Fatal(err)
	}
	if list, _, err := s.ListPublic(t.Context(), "test-rigs", Filter{Words: "试验"}, store.Page{}); err != nil || len(list) != 1 || list[0].Record["number"] != "T1" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestAPackThatIsWrongIsToldWithItsLine(t *testing.T) {
	bad := fstest.MapFS{"registers/x.yaml": &fstest.MapFile{Data: []byte(`id: x
version: 1.0.0
source: a test
name: {zh: 测, en: T}
entry: {zh: 条, en: E}
class: public
key: number
title: [nothing]
fields:
  - {key: number, name: {zh: 编号, en: Number}, type: text, required: true, maxLength: 20}
  - {key: state, name: {zh: 状态, en: State}, type: text}
states: [{id: free, name: {zh: 空闲, en: Free}}, {id: lost, name: {zh: 失, en: Lost}}]
initial: free
transitions:
  - {id: go, name: {zh: 去, en: Go}, from: [free], to: away}
entries:
  - {content: {number: ""}}
`)}}
	_, err := Load(bad)
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{"x.yaml:8:", `"nothing"`, "is a column that every register has", `no way leads to "lost"`, `there is no state "away"`, "entries[0].content: number: is missing"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told in\n%v", want, err)
		}
	}
}

func TestAnEnterpriseFromApplicationToClosing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		e := n.add(n.firm(`,"contact":"李某","tags":[{"tag":"pilot","from":"2026-01-01","to":"2026-06-30","reason":"第三批试点"}]`))
		if e.State != "applied" || e.Record["sizeClass"] != "medium" || e.Record["industry"] != "3670" || e.Key != code {
			t.Fatalf("%+v", e)
		}
		move := func(transition string, basis int64, reason string) error {
			_, err := n.service.Move(n.ctx, e.ID, transition, basis, reason)
			return err
		}
		for name, c := range map[string]struct{ err, want error }{
			"the same code again":   {second(n.service.Add(n.ctx, n.org, "enterprises", n.firm(""))), ErrTaken},
			"an unknown transition": {move("promote", 1, ""), ErrTransition},
			"not from this state":   {move("reopen", 1, "because"), ErrState},
			"a reason is missing":   {move("return", 1, ""), ErrReason},
			"another was faster":    {move("approve", 7, ""), ErrChanged},
			"another key": {second(n.service.Change(n.ctx, e.ID, Change{Basis: 1, Reason: "moved", Content: []byte(strings.Replace(string(n.firm("").Content), code, "91350100M000100Y43", 1))})),
				ErrKey},
			"nothing changes":      {second(n.service.Change(n.ctx, e.ID, Change{Basis: 1, Reason: "nothing"})), ErrSame},
			"an operator approves": {second(n.service.Move(n.sides.As(auth.Operator, "a"), e.ID, "approve", 1, "")), auth.ErrForbidden},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("%s: %v, want %v", name, c.err, c.want)
			}
		}
		public := func() int {
			list, _, err := n.service.ListPublic(t.Context(), "enterprises", Filter{}, store.Page{})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range list {
				if p.Record["contact"] != nil || p.Record["employees"] != nil || p.Record["name"] == nil {
					t.Errorf("public: %v", p.Record)
				}
			}
			return len(list)
		}
		if public() != 0 {
			t.Error("an application is public")
		}
		if err := move("approve", 1, ""); err != nil || public() != 1 {
			t.Errorf("%v", err)
		}
		n.clock = n.clock.Add(time.Hour)
		big, err := n.service.Change(n.ctx, e.ID, Change{Basis: 2, Reason: "new annual figures", Content: []byte(strings.Replace(string(n.firm("").Content), "320", "1200", 1))})
		if err != nil || big.Record["sizeClass"] != "large" || big.Record["contact"] != nil {
			t.Errorf("%+v, %v", big, err)
		}
		hidden := field.Restricted
		if _, err := n.service.Change(n.ctx, e.ID, Change{Basis: 3, Reason: "asked for it", Class: &hidden}); err != nil || public() != 0 {
			t.Errorf("restricted: %v", err)
		}
		if _, err := n.service.Get(n.sides.As(auth.Viewer, "a"), e.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a viewer sees what is restricted: %v", err)
		}
		if err := move("close", 4, "licence cancelled"); err != nil {
			t.Error(err)
		}
		all, _, err := n.service.History(n.ctx, e.ID, store.Page{})
		if err != nil || len(all) != 5 || all[4].State != "closed" || all[0].Record["contact"] != "李某" || all[2].Reason != "new annual figures" {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestTagsHoldForTheirDays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		n.add(n.firm(`,"tags":[{"tag":"pilot","from":"2026-01-01","to":"2026-06-30","reason":"第三批"},{"tag":"key","from":"2025-01-01","reason":"省重点"}]`))
		for on, want := range map[string]int{"2025-12-31": 0, "2026-01-01": 1, "2026-06-30": 1, "2026-07-01": 0, "": 1} {
			list, _, err := n.service.List(n.ctx, "enterprises", Filter{On: on, Where: []string{"tags.tag=试点企业"}}, store.Page{})
			if err != nil || len(list) != want {
				t.Errorf("on %q: %d, %v; want %d", on, len(list), err, want)
			}
		}
		counts, total, err := n.service.Counts(n.ctx, "enterprises", "tags.tag", Filter{On: "2026-07-01"})
		if err != nil || total != 1 || fmt.Sprint(counts) != "[{key 1}]" {
			t.Errorf("%v of %d, %v", counts, total, err)
		}
		if counts, _, err = n.service.Counts(n.ctx, "enterprises", "sizeClass", Filter{}); err != nil || fmt.Sprint(counts) != "[{medium 1}]" {
			t.Errorf("%v, %v", counts, err)
		}
	})
}

func TestWhatIsWrongIsToldByItsField(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	_, err := n.service.Add(n.ctx, n.org, "enterprises", Input{Content: []byte(`{"creditCode":"9144030071526726XH","industry":"C51","employees":-1,"tags":[{"tag":"best","from":"2026-01-02","to":"2026-01-01"}]}`)})
	p, ok := problem.From(err)
	if !ok {
		t.Fatal(err)
	}
	words := proof.Must(problem.ReadCatalogue(texts, "texts"))
	if missing := words.Missing(problems()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
	var told []string
	for _, f := range words.Document(p, problem.English).Errors {
		told = append(told, strings.TrimPrefix(f.Location, "body.content."))
	}
	slices.Sort(told)
	if want := []string{"creditCode", "employees", "industry", "name", "tags[0].reason", "tags[0].tag", "tags[0].to"}; !slices.Equal(told, want) {
		t.Errorf("%v, want %v", told, want)
	}
	for lang, want := range map[problem.Language]string{problem.Chinese: "大类 51 属于门类 F，不属于 C", problem.English: "it should be G and is H"} {
		if said := string(proof.Must(json.Marshal(words.Document(p, lang)))); !strings.Contains(said, want) {
			t.Errorf("%q is not said in %s", want, said)
		}
	}
}

func TestTwoOfficersAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		e := n.add(n.firm(""))
		transitions := []string{"approve", "return", "close", "approve"}
		errs := make([]error, len(transitions))
		var all sync.WaitGroup
		for i := range transitions {
			all.Go(func() { _, errs[i] = n.service.Move(n.ctx, e.ID, transitions[i], 1, "decided") })
		}
		all.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, ErrChanged) {
				t.Error(err)
			}
		}
		if got := proof.Must(n.service.Get(n.ctx, e.ID)); won != 1 || got.Revision != 2 {
			t.Errorf("%d decided, revision %d", won, got.Revision)
		}
	})
}

func TestTheSubjectReadsItsOwnEntryAndChangesNothing(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	e := n.add(n.firm(`,"contact":"李某","org":"` + n.sides["b"].String() + `"`))
	owner := n.sides.As(auth.Owner, "b")
	if got, err := n.service.Get(owner, e.ID); err != nil || got.Record["employees"] != int64(320) || got.Record["contact"] != nil {
		t.Errorf("%+v, %v", got.Record, err)
	}
	if _, err := n.service.Change(owner, e.ID, Change{Basis: 1, Reason: "better figures"}); !errors.Is(err, auth.ErrForbidden) {
		t.Errorf("change: %v", err)
	}
	other := n.add(Input{Content: []byte(`{"creditCode":"91350100M000100Y43","name":"别家"}`)})
	if _, err := n.service.Get(owner, other.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another's entry: %v", err)
	}
	if list, _, err := n.service.List(owner, "enterprises", Filter{}, store.Page{}); err != nil || len(list) != 1 {
		t.Errorf("%d entries, %v", len(list), err)
	}
}

func TestWhatComesWithAPack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		for register, want := range map[string]int{"tasks": 114, "departments": 49} {
			added, err := n.service.Adopt(n.ctx, n.org, register)
			if err != nil || added != want {
				t.Fatalf("%s: %d, %v; want %d", register, added, err, want)
			}
			if added, err = n.service.Adopt(n.ctx, n.org, register); err != nil || added != 0 {
				t.Errorf("%s again: %d, %v", register, added, err)
			}
		}
		counts, total, err := n.service.Counts(n.ctx, "tasks", "policy", Filter{})
		if err != nil || total != 114 || fmt.Sprint(counts) != "[{GD16 31} {GD21 25} {GZ 24} {HN 11} {ZJ 23}]" {
			t.Errorf("%v, %v", counts, err)
		}
		// The department of a task by a name that it had then.
		list, _, err := n.service.List(n.ctx, "departments", Filter{Where: []string{"aliases.alias=省经济和信息化委"}}, store.Page{})
		if err != nil || len(list) != 1 || list[0].Record["name"] != "省工业和信息化厅" {
			t.Fatalf("%+v, %v", list, err)
		}
		led, _, err := n.service.List(n.ctx, "tasks", Filter{Where: []string{"departments.code=" + list[0].Key}}, store.Page{})
		if err != nil || len(led) != 28+14 { // under both names
			t.Errorf("%d tasks, %v", len(led), err)
		}
		if _, err := n.service.Adopt(n.ctx, n.org, "enterprises"); !errors.Is(err, ErrNothing) {
			t.Errorf("%v", err)
		}
	})
}

func TestAnExportComesBackUnchanged(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		n.add(n.firm(`,"contact":"=李;某|","tags":[{"tag":"pilot","from":"2026-01-01","reason":"a;b|c\\d"},{"tag":"key","from":"2025-01-01","to":"2025-12-31","reason":"省重点","reference":"x"}]`))
		in := Input{Content: []byte(`{"creditCode":"91350100M000100Y43","name":"别家","revenue":123456,"designated":false}`), Since: "2026-01-01", Until: "2027-12-31", Class: field.Internal}
		n.add(in)
		if _, err := n.service.Adopt(n.ctx, n.org, "tasks"); err != nil {
			t.Fatal(err)
		}
		for _, register := range []string{"enterprises", "tasks"} {
			for _, f := range []table.Format{table.CSV, table.XLSX} {
				for _, lang := range []string{"zh", "en"} {
					data := proof.Must(n.service.Export(n.ctx, register, Filter{}, f, lang))
					out, err := n.service.Import(n.ctx, Import{Org: n.org, Register: register, Data: data})
					if err != nil || len(out.Faults) != 0 || out.Unchanged != out.Rows || out.Rows < 2 || !out.Applied {
						t.Errorf("%s %s %s: %+v, %v\n%.2000s", register, f, lang, out, err, data)
					}
				}
			}
		}
		for _, r := range n.service.Registers() {
			data := proof.Must(n.service.Template(r.ID, table.XLSX, "zh"))
			if out, err := n.service.Import(n.ctx, Import{Org: n.org, Register: r.ID, Data: data}); err != nil || len(out.Faults) != 0 || out.Rows != 0 {
				t.Errorf("template of %s: %+v, %v", r.ID, out, err)
			}
		}
	})
}

func TestSpreadsheetsAreTakenWholeOrNotAtAll(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		run := func(data string, dry bool, reason string) (*Imported, error) {
			return n.service.Import(n.ctx, Import{Org: n.org, Register: "enterprises", Data: []byte(data), DryRun: dry, Reason: reason})
		}
		head := "统一社会信用代码,企业名称,行业代码,从业人员（人）,营业收入（元）,标签,状态,生效日期\n"
		good := head + code + ",甲,C36,300,\"20,000,000\",试点企业|2026/1/1||第三批; key|2025-01-01||省重点,在册,2026年1月1日\n91350100M000100Y43,乙,,,,,,\n"
		bad := head + "9144030071526726XH,甲,C36,x,1.234,best|2026-01-01,active,soon\n91350100M000100Y43,,,,,,,\n91350100M000100Y43,丙,,,,,,\n"
		out, err := run(bad, false, "")
		if err != nil || out.Applied {
			t.Fatalf("%+v, %v", out, err)
		}
		var places []string
		for _, f := range out.Faults {
			places = append(places, f.Cell+" "+f.Code)
			if f.Message.Zh == "" || f.Message.En == "" || f.Mend.Zh == "" || f.Mend.En == "" {
				t.Errorf("%+v has no words", f)
			}
		}
		slices.Sort(places)
		if want := []string{"A2 field-format", "A4 twice", "B3 field-required"}; !slices.Equal(places, want) {
			t.Errorf("%v, want %v", places, want)
		}
		// Once the code is well, the rest of the row is told.
		out, _ = run(strings.Replace(strings.Split(bad, "\n91350100M000100Y43,,")[0]+"\n", "9144030071526726XH", code, 1), false, "")
		places = nil
		for _, f := range out.Faults {
			places = append(places, f.Cell+" "+f.Code)
		}
		slices.Sort(places)
		if want := []string{"D2 field-type", "E2 field-places", "F2 field-option", "F2 field-required"}; !slices.Equal(places, want) {
			t.Errorf("%v, want %v", places, want)
		}
		if out, err = run(good, true, ""); err != nil || out.New != 2 || out.Applied {
			t.Errorf("dry: %+v, %v", out, err)
		}
		if list, _, _ := n.service.List(n.ctx, "enterprises", Filter{}, store.Page{}); len(list) != 0 {
			t.Errorf("a dry run left %d entries", len(list))
		}
		if out, err = run(good, false, ""); err != nil || out.New != 2 || !out.Applied {
			t.Fatalf("%+v, %v", out, err)
		}
		e := proof.Must(n.service.FindFor(n.ctx, auth.System(n.org), n.org, "enterprises", code))
		if e.State != "active" || e.Record["revenue"] != int64(2_000_000_000) || e.Record["sizeClass"] != "medium" || len(e.Record["tags"].([]field.Record)) != 2 || dateOf(e.Since) != "2026-01-01" {
			t.Errorf("%+v", e)
		}
		// A file with two columns changes nothing else; a state changes by a transition only; a change needs its reason.
		small := "统一社会信用代码,从业人员\n" + code + ",19\n"
		if _, err = run(small, false, ""); !errors.Is(err, ErrReason) {
			t.Errorf("without a reason: %v", err)
		}
		if out, err = run(small, false, "annual report"); err != nil || out.Changed != 1 {
			t.Errorf("%+v, %v", out, err)
		}
		e = proof.Must(n.service.FindFor(n.ctx, auth.System(n.org), n.org, "enterprises", code))
		if e.Record["sizeClass"] != "micro" || e.Record["name"] != "甲" || e.Revision != 2 || e.Reason != "annual report" {
			t.Errorf("%+v", e)
		}
		if out, err = run("统一社会信用代码,状态\n"+code+",注销\n", false, "x y z"); err != nil || len(out.Faults) != 1 || out.Faults[0].Cell != "B2" || out.Faults[0].Code != "state" {
			t.Errorf("%+v, %v", out, err)
		}
	})
}

func TestPagesFollowEachOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		proof.Must(n.service.Import(n.ctx, Import{Org: n.org, Register: "departments", Data: many(2500)}))
		seen, last := 0, ""
		err := store.Each(func(p store.Page) ([]Entry, string, error) { return n.service.List(n.ctx, "departments", Filter{}, p) }, func(e Entry) error {
			if e.Key <= last {
				return fmt.Errorf("%s after %s", e.Key, last)
			}
			seen, last = seen+1, e.Key
			return nil
		})
		if err != nil || seen != 2500 {
			t.Errorf("%d entries, %v", seen, err)
		}
		list, _, err := n.service.List(n.ctx, "departments", Filter{Words: "部门 2042"}, store.Page{})
		if err != nil || len(list) != 1 || list[0].Key != "gd-102042" {
			t.Errorf("%+v, %v", list, err)
		}
		if list, _, err = n.service.List(n.ctx, "departments", Filter{Words: "%"}, store.Page{}); err != nil || len(list) != 0 {
			t.Errorf("a sign of LIKE: %d, %v", len(list), err)
		}
	})
}

// many are departments as a CSV.
func many(count int) []byte {
	var b bytes.Buffer
	b.WriteString("code,name,region,kind\n")
	for i := range count {
		fmt.Fprintf(&b, "gd-%d,部门 %d,r%d,department\n", 100_000+i, i, i%21)
	}
	return b.Bytes()
}

// BenchmarkRegister holds 100,000 entries: the last page, a field's value, words.
func BenchmarkRegister(b *testing.B) {
	n := newNode(b, storetest.SQLite(b))
	for _, part := range [][2]int{{0, 50_000}, {50_000, 100_000}} {
		var f bytes.Buffer
		f.WriteString("code,name,region,kind\n")
		for i := part[0]; i < part[1]; i++ {
			fmt.Fprintf(&f, "gd-%d,部门 %d,r%d,department\n", 100_000+i, i, i%21)
		}
		start := time.Now()
		proof.Must(n.service.Import(n.ctx, Import{Org: n.org, Register: "departments", Data: f.Bytes()}))
		b.Logf("50,000 rows imported in %v", time.Since(start).Round(time.Millisecond))
	}
	var late string
	page := store.Page{Limit: 1000}
	for {
		_, next, err := n.service.List(n.ctx, "departments", Filter{}, page)
		if err != nil {
			b.Fatal(err)
		}
		if next == "" {
			break
		}
		late, page.After = next, next
	}
	for name, f := range map[string]struct {
		Filter
		after string
	}{"first page": {}, "last page": {after: late}, "field": {Filter: Filter{Where: []string{"region=r7"}}}, "words": {Filter: Filter{Words: "部门 99999"}}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := n.service.List(n.ctx, "departments", f.Filter, store.Page{After: f.after}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestOverHTTP(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	a := proof.Must(api.New(t.Context(), api.Options{Auth: n.sides, DB: n.db, Now: n.service.o.Now}))
	n.service.Routes(a)
	server := httptest.NewServer(a.Handler())
	defer server.Close()
	call := func(who, method, path, body string) (int, string) {
		t.Helper()
		r := proof.Must(http.NewRequestWithContext(t.Context(), method, server.URL+api.Base+path, strings.NewReader(body)))
		if who != "" {
			r.Header.Set("Authorization", "Bearer "+who)
		}
		r.Header.Set("Accept-Language", "zh-CN")
		r.Header.Set("Content-Type", "application/json")
		if strings.Contains(path, "import?") {
			r.Header.Set("Content-Type", "application/octet-stream")
		}
		res := proof.Must(http.DefaultClient.Do(r))
		defer res.Body.Close()
		return res.StatusCode, string(proof.Must(io.ReadAll(res.Body)))
	}
	org := n.org.String()
	body := `{"org":"` + org + `","content":` + string(n.firm(`,"contact":"李某"`).Content) + `}`
	status, answer := call("engineer@a", "POST", "/registers/enterprises/entries", body)
	var v EntryView
	if err := json.Unmarshal([]byte(answer), &v); status != 201 || err != nil {
		t.Fatalf("%d %s", status, answer)
	}
	id := v.ID.String()
	for _, c := range []struct {
		who, method, path, body string
		status                  int
		says, not               string
	}{
		{"engineer@a", "POST", "/registers/enterprises/entries", body, 409, "已在册", ""},
		{"viewer@a", "POST", "/registers/enterprises/entries", body, 403, "", ""},
		{"owner@b", "POST", "/registers/enterprises/entries", body, 404, "", ""},
		{"", "POST", "/registers/enterprises/entries", body, 401, "", ""},
		{"engineer@a", "POST", "/registers/none/entries", body, 404, "没有登记册 none", ""},
		{"engineer@a", "POST", "/registers/enterprises/entries", strings.Replace(body, code, "9144030071526726XH", 1), 422, "应为 G，现为 H", ""},
		{"engineer@a", "GET", "/registers", "", 200, "https://json-schema.org/draft/2020-12/schema", ""},
		{"", "GET", "/registers", "", 401, "", ""},
		{"viewer@a", "GET", "/register-entries/" + id, "", 200, `"sizeClass":"medium"`, "李某"},
		{"engineer@a", "GET", "/register-entries/" + id, "", 200, "李某", ""},
		{"owner@b", "GET", "/register-entries/" + id, "", 404, "", ""},
		{"owner@b", "GET", "/register-entries/" + id + "/revisions", "", 404, "", ""},
		{"owner@b", "POST", "/register-entries/" + id + "/transitions", `{"transition":"approve","basis":1}`, 404, "", ""},
		{"viewer@a", "POST", "/register-entries/" + id + "/transitions", `{"transition":"approve","basis":1}`, 403, "", ""},
		{"", "GET", "/public/registers/enterprises/entries", "", 200, `"items":[]`, ""},
		{"engineer@a", "POST", "/register-entries/" + id + "/transitions", `{"transition":"approve","basis":1}`, 201, `"state":"active"`, ""},
		{"engineer@a", "POST", "/register-entries/" + id + "/transitions", `{"transition":"return","basis":2,"reason":"too late"}`, 409, "状态为“在册”的条目不能“退回”", ""},
		{"", "GET", "/public/registers/enterprises/entries?q=%E6%9F%90%E6%9F%90&where=industry%3DC3670", "", 200, `"sizeClass":"medium"`, "employees"},
		{"", "GET", "/public/registers/enterprises/entries/" + id, "", 200, code, "李某"},
		{"", "GET", "/public/registers/enterprises/entries?where=cluster%3Dx", "", 422, "不能这样查询", ""},
		{"", "GET", "/public/registers", "", 200, `"publicStates":["active"]`, "联系人"},
		{"", "GET", "/registers/enterprises/entries", "", 401, "", ""},
		{"owner@b", "GET", "/registers/enterprises/entries", "", 200, `"items":[]`, ""},
		{"viewer@a", "GET", "/registers/enterprises/entries?state=active&q=" + code[:8], "", 200, id, "李某"},
		{"engineer@a", "POST", "/register-entries/" + id + "/revisions", `{"basis":2,"until":"2026-12-31","reason":"moves away"}`, 201, `"until":"2026-12-31"`, ""},
		{"viewer@a", "GET", "/registers/enterprises/counts?by=sizeClass", "", 200, `{"value":"medium","count":1}`, ""},
		{"owner@b", "GET", "/registers/enterprises/counts", "", 200, `"total":0`, ""},
		{"viewer@a", "GET", "/registers/enterprises/export?format=csv", "", 200, code, "李某"},
		{"engineer@a", "GET", "/registers/enterprises/export?format=csv", "", 200, "李某", ""},
		{"viewer@a", "GET", "/registers/enterprises/template?format=csv", "", 200, "统一社会信用代码", "规模,"},
		{"engineer@a", "POST", "/register-entries/import?org=" + org + "&register=enterprises&dryRun=true", "企业名称\n甲\n", 200, "column-missing", ""},
		{"owner@b", "POST", "/register-entries/import?org=" + org + "&register=enterprises", "x\n", 404, "", ""},
		{"engineer@a", "POST", "/registers/tasks/adopt?org=" + org, "", 200, `"added":114`, ""},
		{"owner@b", "POST", "/registers/tasks/adopt?org=" + org, "", 404, "", ""},
		{"", "GET", "/public/registers/tasks/entries?where=policy%3DHN&limit=20", "", 200, "TASK-HN-01", ""},
	} {
		status, answer := call(c.who, c.method, c.path, c.body)
		if status != c.status || !strings.Contains(answer, c.says) || c.not != "" && strings.Contains(answer, c.not) {
			t.Errorf("%s %s %s: %d %.1500s\nwant %d with %q without %q", c.who, c.method, c.path, status, answer, c.status, c.says, c.not)
		}
	}
}

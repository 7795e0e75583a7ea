package fact

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
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
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/table"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var begin = time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)

// shipped are the packs of the product.
var shipped = os.DirFS("../../../packs")

type node struct {
	t       *testing.T
	db      *store.DB
	clock   time.Time
	service *Service
	sides   authtest.Sides
	ctx     context.Context // engineer of a
}

func newNode(t *testing.T, db *store.DB) *node {
	n := &node{t: t, db: db, clock: begin, sides: authtest.Sides{"a": uuid.Must(uuid.NewV7()), "b": uuid.Must(uuid.NewV7())}}
	if err := audit.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	n.service = proof.Must(New(t.Context(), Options{DB: db, Blobs: proof.Must(blob.Open(file.OS(), t.TempDir()+"/blobs", MaxDocument)), Packs: shipped,
		Now: func() time.Time { return n.clock }, Logger: proof.Logger(t)}))
	n.ctx = n.sides.As(auth.Engineer, "a")
	return n
}

func (n *node) order(external, placed string, fen int64) Input {
	return Input{Org: n.sides["a"], Kind: "order", Key: Key{"erp", external},
		Content: []byte(fmt.Sprintf(`{"number":%q,"placed":%q,"partyName":"甲公司","side":"sale","amount":%d}`, external, placed, fen))}
}

func (n *node) record(in Input) Fact {
	n.t.Helper()
	f, _, err := n.service.Record(n.ctx, in)
	if err != nil {
		n.t.Fatal(err)
	}
	return f
}

func TestShippedKindsAreWell(t *testing.T) {
	kinds, err := LoadKinds(shipped)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"audited-amount", "certificate", "contract", "declaration", "order", "payment", "sign-in"} {
		if kinds.Get(want) == nil {
			t.Errorf("there is no kind %s", want)
		}
	}
}

// A new kind is one file: from an empty folder of packs to facts of it.
func TestANewKindIsOneFile(t *testing.T) {
	db := storetest.SQLite(t)
	n := newNode(t, db)
	empty := fstest.MapFS{}
	s := proof.Must(New(t.Context(), Options{DB: db, Packs: empty, Now: n.service.o.Now}))
	in := Input{Org: n.sides["a"], Kind: "visit", Key: Key{"desk", "1"}, Content: []byte(`{"day":"2026-05-01","guests":3}`)}
	if _, _, err := s.Record(n.ctx, in); !errors.Is(err, ErrKind) {
		t.Fatalf("without a pack: %v", err)
	}
	empty["facts/visit.yaml"] = &fstest.MapFile{Data: []byte(`
id: visit
version: 1.0.0
source: a test
name: {zh: 来访, en: Visit}
class: internal
valid: {from: day}
fields:
  - {key: day, name: {zh: 日期, en: Day}, type: date, required: true}
  - {key: guests, name: {zh: 人数, en: Guests}, type: integer, required: true, search: true, min: 1}
`)}
	s = proof.Must(New(t.Context(), Options{DB: db, Packs: empty, Now: n.service.o.Now}))
	if _, created, err := s.Record(n.ctx, in); err != nil || !created {
		t.Fatalf("with it: %v", err)
	}
	tally, err := s.Tally(n.ctx, Tally{Filter: Filter{Kind: "visit"}, Sum: "guests"})
	if err != nil || tally.Total.Count != 1 || tally.Total.Sum.Int64() != 3 {
		t.Errorf("%+v, %v", tally, err)
	}
}

func TestTheSameAgainChangesNothingAndOtherContentIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		first := n.record(n.order("A1", "2026-05-01", 12345))
		again, created, err := n.service.Record(n.ctx, n.order("A1", "2026-05-01", 12345))
		if err != nil || created || again.ID != first.ID || again.Revision != 1 {
			t.Errorf("again: %+v, %v, %v", again, created, err)
		}
		_, _, err = n.service.Record(n.ctx, n.order("A1", "2026-05-02", 99))
		p, ok := problem.From(err)
		if !ok || !errors.Is(err, ErrDiffers) || !strings.Contains(p.Error(), "amount, placed") {
			t.Errorf("other content: %v", err)
		}
		// The same id of another organisation is another fact.
		in := n.order("A1", "2026-05-01", 12345)
		in.Org = n.sides["b"]
		if f, created, err := n.service.Record(n.sides.As(auth.Operator, "b"), in); err != nil || !created || f.ID == first.ID {
			t.Errorf("of b: %v, %v", created, err)
		}
	})
}

func TestWhatIsWrongIsToldByItsField(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	in := n.order("A1", "2026-02-30", -1)
	in.Content = []byte(`{"number":"A1","placed":"2026-02-30","partyName":"甲","partyCode":"9144030071526726XH","side":"sell","amount":-1,"colour":"red"}`)
	_, _, err := n.service.Record(n.ctx, in)
	p, ok := problem.From(err)
	if !ok {
		t.Fatal(err)
	}
	var at []string
	for _, f := range p.Fields() {
		at = append(at, f.Location())
	}
	slices.Sort(at)
	if want := []string{"body.content.amount", "body.content.colour", "body.content.partyCode", "body.content.placed", "body.content.side"}; !slices.Equal(at, want) {
		t.Errorf("%v, want %v", at, want)
	}
	words := proof.Must(problem.ReadCatalogue(texts, "texts"))
	if missing := words.Missing(kinds()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
	for lang, want := range map[problem.Language]string{problem.Chinese: "校验码（第 18 位）不符：应为 G，现为 H", problem.English: "it should be G and is H"} {
		found := false
		for _, f := range words.Document(p, lang).Errors {
			found = found || strings.Contains(f.Message, want)
		}
		if !found {
			t.Errorf("%s: the check digit is not told", lang)
		}
	}
	for name, change := range map[string]func(*Input){
		"source":   func(i *Input) { i.Key.Source = "ERP 1" },
		"external": func(i *Input) { i.Key.External = " x" },
		"no json":  func(i *Input) { i.Content = []byte(`[1]`) },
		"span": func(i *Input) {
			i.Kind, i.Content = "certificate", []byte(`{"number":"1","issued":"2026-05-01","expires":"2026-04-01","scheme":"pilot","issuer":"x"}`)
		},
	} {
		in := n.order("A1", "2026-05-01", 1)
		change(&in)
		if _, _, err := n.service.Record(n.ctx, in); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestHistoryAndAsOf(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		f := n.record(n.order("A1", "2026-05-01", 100))
		n.clock = n.clock.Add(time.Hour)
		between := n.clock.Add(-time.Minute)
		two, err := n.service.Revise(n.ctx, f.ID, Change{Basis: 1, Content: n.order("A1", "2026-05-01", 200).Content, Reason: "typing error"})
		if err != nil || two.Revision != 2 || two.Record["amount"] != int64(200) {
			t.Fatalf("%+v, %v", two, err)
		}
		// The clock of the machine goes back; the node's does not.
		n.clock = begin.Add(-24 * time.Hour)
		three, err := n.service.Withdraw(n.ctx, f.ID, 2, "cancelled by the buyer")
		if err != nil || three.At <= two.At || three.Commit != two.Commit+1 || !three.Withdrawn {
			t.Fatalf("%+v, %v", three, err)
		}
		for _, c := range []struct {
			at       time.Time
			revision int64
		}{{between, 1}, {time.Unix(0, two.At), 2}, {time.Unix(0, three.At-1), 2}, {time.Unix(0, three.At), 3}, {time.Time{}, 3}} {
			got, err := n.service.Get(n.ctx, f.ID, c.at)
			if err != nil || got.Revision != c.revision {
				t.Errorf("as of %v: revision %d, %v; want %d", c.at, got.Revision, err, c.revision)
			}
		}
		if _, err := n.service.Get(n.ctx, f.ID, begin.Add(-time.Hour)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("before it was known: %v", err)
		}
		all, _, err := n.service.History(n.ctx, f.ID, store.Page{})
		if err != nil || len(all) != 3 || all[1].Reason != "typing error" || all[1].By.Name != "engineer@a" {
			t.Errorf("%+v, %v", all, err)
		}
		// Counted as of then and now.
		for at, want := range map[time.Time]int64{between: 100, time.Unix(0, two.At): 200, {}: 0} {
			tally, err := n.service.Tally(n.ctx, Tally{Filter: Filter{Kind: "order", AsOf: at}, Sum: "amount"})
			if err != nil || tally.Total.Sum.Int64() != want {
				t.Errorf("as of %v: %v, %v; want %d", at, tally.Total.Sum, err, want)
			}
		}
		for name, c := range map[string]struct {
			err  error
			want error
		}{
			"a withdrawn one is not revised": {second(n.service.Revise(n.ctx, f.ID, Change{Basis: 3, Reason: "again"})), ErrWithdrawn},
			"nor recorded again":             {third(n.service.Record(n.ctx, n.order("A1", "2026-05-01", 200))), ErrWithdrawn},
			"without a reason":               {second(n.service.Withdraw(n.ctx, f.ID, 3, " ")), ErrReason},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("%s: %v", name, c.err)
			}
		}
	})
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }

func TestTwoOfficersAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		f := n.record(n.order("A1", "2026-05-01", 100))
		errs := make([]error, 4)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				_, errs[i] = n.service.Revise(n.ctx, f.ID, Change{Basis: 1, Content: n.order("A1", "2026-05-01", int64(200+i)).Content, Reason: "correct"})
			})
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
		if got := proof.Must(n.service.Get(n.ctx, f.ID, time.Time{})); won != 1 || got.Revision != 2 {
			t.Errorf("%d of them, revision %d", won, got.Revision)
		}
	})
}

func TestAGradeRisesOnlyWithItsEvidence(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	pdf := proof.Must(n.service.HandIn(n.ctx, n.sides["a"], "合同.pdf", []byte("%PDF-1.7 contract")))
	f := n.record(n.order("A1", "2026-05-01", 100))
	grade := func(g Grade) *Grade { return &g }
	rise := func(basis int64, c Change) error {
		c.Basis, c.Reason = basis, "evidence came"
		_, err := n.service.Revise(n.ctx, f.ID, c)
		return err
	}
	for name, c := range map[string]Change{
		"E1 without anything":        {Grade: grade(Documented)},
		"E1 with a foreign document": {Grade: grade(Documented), Evidence: &Evidence{Document: pdf.ID}},
		"E2 without who":             {Grade: grade(Checked), Evidence: &Evidence{Reference: "report 7"}},
		"E3 of a document":           {Grade: grade(Measured), Evidence: &Evidence{Reference: "report 7"}},
	} {
		if err := rise(1, c); !errors.Is(err, ErrEvidence) {
			t.Errorf("%s: %v", name, err)
		}
	}
	steps := []Change{
		{Grade: grade(Documented), Documents: &[]blob.ID{pdf.ID}, Evidence: &Evidence{Document: pdf.ID}},
		{Grade: grade(Checked), Evidence: &Evidence{Reference: "report 7", By: "某会计师事务所"}},
		{Grade: grade(Measured), Evidence: &Evidence{Reference: "series:0190a0b0-0000-7000-8000-000000000001"}},
	}
	for i, c := range steps {
		if err := rise(int64(i+1), c); err != nil {
			t.Fatalf("step %d: %v", i+1, err)
		}
	}
	// What was proved is not what would be said.
	if err := rise(4, Change{Content: n.order("A1", "2026-05-01", 999).Content}); !errors.Is(err, ErrEvidence) {
		t.Errorf("other content under the old evidence: %v", err)
	}
	if err := rise(4, Change{Content: n.order("A1", "2026-05-01", 999).Content, Grade: grade(Declared)}); err != nil {
		t.Errorf("other content as a declaration: %v", err)
	}
	in := n.order("A2", "2026-05-01", 100)
	in.Grade = Checked
	if _, _, err := n.service.Record(n.ctx, in); !errors.Is(err, ErrEvidence) {
		t.Errorf("a new one at E2: %v", err)
	}
	in.Evidence = Evidence{Reference: "7", By: "x"}
	if _, _, err := n.service.Record(n.sides.As(auth.Operator, "a"), in); !errors.Is(err, auth.ErrForbidden) {
		t.Errorf("an operator above E0: %v", err)
	}
}

func TestDocuments(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	book := proof.Must(table.Write(table.XLSX, table.Out{Heading: []string{"a"}, Rows: [][]string{{"1"}}}))
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"a.pdf":    {[]byte("%PDF-1.4\n"), nil},
		"a.png":    {[]byte("\x89PNG\r\n\x1a\n...."), nil},
		"a.jpg":    {[]byte("\xff\xd8\xff\xe0"), nil},
		"a.xlsx":   {book, nil},
		"b.pdf":    {[]byte("MZ\x90\x00 program"), ErrDocumentType},
		"c.pdf":    {book, ErrDocumentType},
		"a.docx":   {book, ErrDocumentType},
		"a.exe":    {[]byte("%PDF-1.4"), ErrDocumentType},
		"a.txt":    {[]byte("发票"), nil},
		"b.txt":    {[]byte{}, ErrDocumentType},
		"../a.pdf": {[]byte("%PDF-1.4"), ErrDocumentName},
		"big.pdf":  {append([]byte("%PDF-1.4"), make([]byte, MaxDocument)...), ErrDocumentSize},
	} {
		if _, err := n.service.HandIn(n.ctx, n.sides["a"], name, c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	d := proof.Must(n.service.HandIn(n.ctx, n.sides["a"], "x.pdf", []byte("%PDF-1.4 x")))
	in := n.order("A1", "2026-05-01", 1)
	in.Documents = []blob.ID{d.ID}
	f := n.record(in)
	if got, data, err := n.service.Document(n.ctx, f.ID, d.ID); err != nil || got.Name != "x.pdf" || string(data) != "%PDF-1.4 x" {
		t.Errorf("%+v, %q, %v", got, data, err)
	}
	if _, _, err := n.service.Document(n.sides.As(auth.Owner, "b"), f.ID, d.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("b reads a's document: %v", err)
	}
	in = n.order("B1", "2026-05-01", 1)
	in.Org, in.Documents = n.sides["b"], []blob.ID{d.ID}
	if _, _, err := n.service.Record(n.sides.As(auth.Owner, "b"), in); !errors.Is(err, ErrDocument) {
		t.Errorf("b names a's document: %v", err)
	}
}

func TestTalliesAreExact(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		want := new(big.Int)
		for i := range 30 {
			fen := int64(9_007_199_254_740_000) + int64(i) // thirty of them do not fit a float64
			want.Add(want, big.NewInt(fen))
			in := n.order(fmt.Sprint("A", i), fmt.Sprintf("2026-%02d-01", i%12+1), fen)
			if i%2 == 1 {
				in.Content = []byte(strings.Replace(string(in.Content), `"sale"`, `"purchase"`, 1))
			}
			n.record(in)
		}
		q := Tally{Filter: Filter{Kind: "order"}, Sum: "amount", By: "quarter", Distinct: "side"}
		got, err := n.service.Tally(n.ctx, q)
		if err != nil || got.Total.Sum.Cmp(want) != 0 || got.Total.Count != 30 || len(got.Groups) != 4 || got.Groups[0].Key != "2026Q1" || got.Total.Distinct != 2 || got.Unit != "fen" {
			t.Fatalf("%+v, %v; want %s", got, err, want)
		}
		q.By, q.Where = "side", []string{"side=销售"}
		if got, err = n.service.Tally(n.ctx, q); err != nil || len(got.Groups) != 1 || got.Groups[0].Key != "sale" || got.Total.Count != 15 {
			t.Errorf("%+v, %v", got, err)
		}
		// A day begins at midnight in China: 1 March there is still February in UTC.
		q = Tally{Filter: Filter{Kind: "order", From: time.Date(2026, 2, 28, 16, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 31, 16, 0, 0, 0, time.UTC)}, By: "month"}
		if got, err = n.service.Tally(n.ctx, q); err != nil || len(got.Groups) != 1 || got.Groups[0].Key != "2026-03" || got.Total.Count != 3 {
			t.Errorf("%+v, %v", got, err)
		}
		in := Input{Org: n.sides["a"], Kind: "declaration", Key: Key{"form", "1"}, Content: []byte(`{"item":"share","begins":"2026-01-01","ends":"2026-03-31","value":"0.1"}`)}
		n.record(in)
		in.Key.External, in.Content = "2", []byte(`{"item":"share","begins":"2026-04-01","ends":"2026-06-30","value":0.2}`)
		n.record(in)
		if got, err = n.service.Tally(n.ctx, Tally{Filter: Filter{Kind: "declaration"}, Sum: "value"}); err != nil || got.Text(got.Total.Sum) != "0.3000" {
			t.Errorf("0.1 + 0.2 is %s, %v", got.Text(got.Total.Sum), err)
		}
		// A certificate holds from its day to the end of its last day.
		n.record(Input{Org: n.sides["a"], Kind: "certificate", Key: Key{"office", "c1"}, Content: []byte(`{"number":"1","issued":"2026-01-01","expires":"2026-06-30","scheme":"pilot","issuer":"x"}`)})
		for at, want := range map[string]int64{"2026-01-01": 1, "2025-12-31": 0, "2026-06-30": 1, "2026-07-01": 0} {
			day := proof.Must(time.Parse(time.DateOnly, at)).Add(8 * time.Hour)
			if got, err := n.service.Tally(n.ctx, Tally{Filter: Filter{Kind: "certificate", At: day}}); err != nil || got.Total.Count != want {
				t.Errorf("on %s: %d, %v", at, got.Total.Count, err)
			}
		}
		for _, q := range []Tally{{Filter: Filter{Kind: "order"}, Sum: "side"}, {Filter: Filter{Kind: "order"}, By: "number"}, {Filter: Filter{Kind: "sign-in"}, Distinct: "nothing"}} {
			if _, err := n.service.Tally(n.ctx, q); !errors.Is(err, ErrTally) {
				t.Errorf("%+v: %v", q, err)
			}
		}
	})
}

func TestHiddenFieldsAreNeitherToldNorGuessed(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	f := n.record(Input{Org: n.sides["a"], Kind: "sign-in", Key: Key{"platform", "1"}, Content: []byte(`{"day":"2026-05-01","platform":"p","user":"u17","count":2}`)})
	viewer := n.sides.As(auth.Viewer, "a")
	if got, err := n.service.Get(viewer, f.ID, time.Time{}); err != nil || got.Record["user"] != nil || got.Record["count"] != int64(2) {
		t.Errorf("%v, %v", got.Record, err)
	}
	if _, _, err := n.service.List(viewer, Filter{Kind: "sign-in", Where: []string{"user=u17"}}, store.Page{}); !errors.Is(err, ErrSearch) {
		t.Errorf("guessed: %v", err)
	}
	if list, _, err := n.service.List(n.ctx, Filter{Kind: "sign-in", Where: []string{"user=u17"}}, store.Page{}); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestLeavesComeInOrderAndWordForWord(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		f := n.record(n.order("A1", "2026-05-01", 100))
		n.record(n.order("A2", "2026-05-01", 100))
		if _, err := n.service.Withdraw(n.ctx, f.ID, 1, "cancelled"); err != nil {
			t.Fatal(err)
		}
		all := proof.Must(n.service.CommittedSince(n.t.Context(), 0, 10))
		if len(all) != 3 || all[0].Commit != 1 || all[2].Commit != 3 || all[2].Subject != f.ID || !all[2].Withdraws || all[0].ID == all[2].ID {
			t.Fatalf("%+v", all)
		}
		if rest := proof.Must(n.service.CommittedSince(n.t.Context(), 2, 10)); len(rest) != 1 || rest[0].ID != all[2].ID {
			t.Errorf("%+v", rest)
		}
		again := proof.Must(n.service.FindCommitted(n.t.Context(), all[0].ID))
		if fmt.Sprint(again) != fmt.Sprint(all[0]) || fmt.Sprint(f.Leaf()) != fmt.Sprint(all[0]) {
			t.Errorf("%v\nis not %v", again, all[0])
		}
		for _, x := range all[0].Fields {
			if x.Name == "content" && x.Text != `{"amount":100,"number":"A1","partyName":"甲公司","placed":"2026-05-01","side":"sale"}` {
				t.Errorf("content %s", x.Text)
			}
		}
	})
}

const sheetHead = "外部编号,订单号,下单日期,对方名称,方向,金额（元）,备注\n"

func TestSpreadsheetsAreTakenWholeOrNotAtAll(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		i := Import{Org: n.sides["a"], Kind: "order", Source: "erp"}
		run := func(data string, dry, revise bool) *Imported {
			t.Helper()
			i.Data, i.DryRun, i.Revise, i.Reason = []byte(data), dry, revise, "monthly correction"
			return proof.Must(n.service.Import(n.ctx, i))
		}
		good := sheetHead + "A1,A1,2026/5/1,甲公司,销售,\"1,234.56\",x\nA2,A2,2026-05-02,乙公司,purchase,2,\n"
		bad := sheetHead + "A1,A1,2026-05-01,甲公司,销售,1.234,\nA2,A2,2026-13-02,乙公司,buy,2,\nA2,A2,2026-05-02,,sale,2,\n"
		out := run(bad, false, false)
		var places []string
		for _, f := range out.Faults {
			places = append(places, f.Cell+" "+f.Code)
			if f.Message.Zh == "" || f.Message.En == "" || f.Mend.Zh == "" {
				t.Errorf("%s has no words: %+v", f.Cell, f)
			}
		}
		if want := []string{"F2 field-places", "C3 field-type", "E3 field-option", "D4 field-required"}; !slices.Equal(slices.Sorted(slices.Values(places)), slices.Sorted(slices.Values(want))) || out.Applied {
			t.Errorf("%v, want %v", places, want)
		}
		if out := run(good, true, false); out.New != 2 || out.Applied || len(out.Faults) != 0 {
			t.Errorf("dry: %+v", out)
		}
		if list, _, _ := n.service.List(n.ctx, Filter{}, store.Page{}); len(list) != 0 {
			t.Errorf("a dry run left %d facts", len(list))
		}
		if out := run(good, false, false); out.New != 2 || !out.Applied {
			t.Errorf("%+v", out)
		}
		if got := proof.Must(n.service.Tally(n.ctx, Tally{Filter: Filter{Kind: "order"}, Sum: "amount"})); got.Total.Sum.Int64() != 123456+200 {
			t.Errorf("sum %s", got.Total.Sum)
		}
		if out := run(good, false, false); out.Unchanged != 2 || out.New != 0 || !out.Applied {
			t.Errorf("again: %+v", out)
		}
		other := strings.Replace(good, ",2,", ",3,", 1)
		if out := run(other, false, false); len(out.Faults) != 1 || out.Faults[0].Code != "differs" || out.Faults[0].Cell != "A3" || out.Applied {
			t.Errorf("other content: %+v", out)
		}
		if out := run(other, false, true); out.Revised != 1 || out.Unchanged != 1 || !out.Applied {
			t.Errorf("as revisions: %+v", out)
		}
		if out := run(sheetHead+"A9,A9,2026-05-01,甲,sale,1,\nA9,A9,2026-05-01,甲,sale,2,\n", false, false); len(out.Faults) != 1 || out.Faults[0].Code != "twice" || out.Faults[0].Row != 3 {
			t.Errorf("twice: %+v", out)
		}
		if out := run("订单号,颜色\nA1,red\n", false, false); len(out.Faults) != 2 || out.Faults[0].Cell != "B1" {
			t.Errorf("headings: %+v", out)
		}
		commits := proof.Must(n.service.CommittedSince(t.Context(), 0, 100))
		if len(commits) != 3 || commits[2].Commit != 3 {
			t.Errorf("%d commits", len(commits))
		}
	})
}

func TestTheTemplateIsReadAgain(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	for _, k := range n.service.kinds.All() {
		for _, f := range []table.Format{table.CSV, table.XLSX} {
			for _, lang := range []string{"zh", "en"} {
				data := proof.Must(n.service.Template(k.ID, f, lang))
				out, err := n.service.Import(n.ctx, Import{Org: n.sides["a"], Kind: k.ID, Source: "form", Data: data, DryRun: true})
				if err != nil || len(out.Faults) != 0 || out.Rows != 0 {
					t.Errorf("%s %s %s: %+v, %v", k.ID, f, lang, out, err)
				}
			}
		}
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
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
			if strings.Contains(path, "documents?") || strings.Contains(path, "import?") {
				r.Header.Set("Content-Type", "application/octet-stream")
			}
		}
		res := proof.Must(http.DefaultClient.Do(r))
		defer res.Body.Close()
		return res.StatusCode, string(proof.Must(io.ReadAll(res.Body)))
	}
	org := n.sides["a"].String()
	body := fmt.Sprintf(`{"org":%q,"kind":"order","source":"erp","externalId":"A1","content":{"number":"A1","placed":"2026-05-01","partyName":"甲","side":"sale","amount":100}}`, org)
	status, answer := call("operator@a", "POST", "/facts", body)
	var v FactView
	if err := json.Unmarshal([]byte(answer), &v); status != 201 || err != nil {
		t.Fatalf("%d %s", status, answer)
	}
	id := v.ID.String()
	pdf := "%PDF-1.4 x"
	for _, c := range []struct {
		who, method, path, body string
		status                  int
		says                    string
	}{
		{"operator@a", "POST", "/facts", body, 200, `"revision":1`},
		{"operator@a", "POST", "/facts", strings.Replace(body, `"amount":100`, `"amount":1`, 1), 409, "amount"},
		{"operator@a", "POST", "/facts", strings.Replace(body, `"amount":100`, `"amount":1.5`, 1), 422, "金额：应为整数"},
		{"", "POST", "/facts", body, 401, ""},
		{"viewer@a", "POST", "/facts", body, 403, ""},
		{"owner@b", "POST", "/facts", body, 404, ""},
		{"owner@b", "GET", "/facts/" + id, "", 404, ""},
		{"owner@b", "GET", "/facts/" + id + "/revisions", "", 404, ""},
		{"owner@b", "POST", "/facts/" + id + "/withdrawal", `{"basis":1,"reason":"mine now"}`, 404, ""},
		{"viewer@a", "POST", "/facts/" + id + "/withdrawal", `{"basis":1,"reason":"cancelled"}`, 403, ""},
		{"owner@b", "GET", "/facts", "", 200, `"items":[]`},
		{"owner@b", "GET", "/facts/tally?kind=order", "", 200, `"count":0`},
		{"viewer@a", "GET", "/facts?kind=order&where=side%3Dsale", "", 200, id},
		{"viewer@a", "GET", "/facts/tally?kind=order&sum=amount&by=month", "", 200, `"sum":"100"`},
		{"viewer@a", "GET", "/facts/" + id + "?asOf=2026-01-01T00:00:00Z", "", 404, ""},
		{"engineer@a", "POST", "/facts/" + id + "/revisions", `{"basis":1,"grade":"E2","reason":"checked"}`, 422, "第三方的名称"},
		{"engineer@a", "POST", "/facts/" + id + "/revisions", `{"basis":1,"grade":"E2","evidence":{"reference":"r1","by":"某所"},"reason":"checked"}`, 201, `"grade":"E2"`},
		{"engineer@a", "POST", "/facts/" + id + "/revisions", `{"basis":1,"grade":"E0","reason":"late"}`, 409, "第 2 版"},
		{"operator@a", "POST", "/facts/documents?org=" + org + "&name=x.png", pdf, 422, "application/pdf"},
		{"operator@a", "POST", "/facts/documents?org=" + org + "&name=x.pdf", pdf, 201, "sha256:"},
		{"engineer@a", "POST", "/facts/import?org=" + org + "&kind=order&source=erp&dryRun=true", sheetHead + "A7,A7,x,甲,sale,1,\n", 200, `"cell":"C2"`},
		{"owner@b", "POST", "/facts/import?org=" + org + "&kind=order&source=erp", sheetHead, 404, ""},
		{"viewer@a", "GET", "/fact-kinds", "", 200, "https://json-schema.org/draft/2020-12/schema"},
		{"", "GET", "/fact-kinds", "", 401, ""},
		{"viewer@a", "GET", "/fact-kinds/order/template?format=csv", "", 200, "外部编号"},
		{"viewer@a", "GET", "/fact-kinds/none/template", "", 422, "没有 none 这种事实"},
	} {
		status, answer := call(c.who, c.method, c.path, c.body)
		if status != c.status || !strings.Contains(answer, c.says) {
			t.Errorf("%s %s %s: %d %s\nwant %d with %q", c.who, c.method, c.path, status, answer, c.status, c.says)
		}
	}
}

func FuzzSniff(f *testing.F) {
	f.Add("a.pdf", []byte("%PDF-"))
	f.Add("a.zip", []byte("PK\x03\x04"))
	f.Add("a.txt", []byte("\xd6\xd0"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		media, agrees := Sniff(name, data)
		if agrees && media == "" {
			t.Error("agrees with nothing")
		}
	})
}

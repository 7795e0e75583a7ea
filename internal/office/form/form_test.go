package form

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loan is the one layout of an otherwise empty folder.
const loan = `id: loan
version: 1.0.0
source: "for the test"
name: {zh: 借设备, en: Loan}
for: {kind: case, id: loan}
sections:
  - {id: who, name: {zh: 谁, en: Who}, fields: [{key: firm}, {key: kind}]}
  - {id: what, name: {zh: 什么, en: What}, fields: [{key: days, when: [{field: kind, is: short}]}, {key: why, when: [{field: kind, in: [long]}]}, {key: items}, {key: total}]}
calculated:
  - {key: total, value: sum(items.price)}
  - {key: perDay, name: {zh: 每天, en: Per day}, type: money, value: total / days, rounding: down}
attachments:
  - {id: licence, types: [pdf, png], maxBytes: 2048, maxCount: 2}
prefill:
  - {field: firm, from: enterprise.name}
  - {field: days, from: enterprise.industry}
`

func schema() field.Schema {
	name := func(zh, en string) text.Text { return text.Text{Zh: zh, En: en} }
	return field.Schema{
		{Key: "firm", Name: name("企业", "Firm"), Type: field.Text, Required: true},
		{Key: "kind", Name: name("期限", "Kind"), Type: field.Choice, Required: true, Options: []field.Option{{ID: "short", Name: name("短", "short")}, {ID: "long", Name: name("长", "long")}}},
		{Key: "days", Name: name("天数", "Days"), Type: field.Integer, Min: "1", Max: "30"},
		{Key: "why", Name: name("用途", "Why"), Type: field.Text, MinLength: 4},
		{Key: "items", Name: name("设备", "Items"), Type: field.List, Required: true, Fields: []field.Field{{Key: "name", Name: name("名称", "Name"), Type: field.Text, Required: true}, {Key: "price", Name: name("价格", "Price"), Type: field.Money, Required: true}}},
		{Key: "total", Name: name("合计", "Total"), Type: field.Money, Required: true, Max: "100000"},
	}
}

// counter is a desk that keeps what is handed in to it in a table of the same database.
type counter struct {
	db      *store.DB
	trouble func() error // after it has written
	closed  error        // why nothing can be handed in any more
	private bool
	held    field.Record
}

func (c *counter) Declared(id, _ string) (field.Schema, []AttachmentKind, bool) {
	return schema(), []AttachmentKind{{ID: "licence", Name: text.Text{Zh: "执照", En: "Licence"}, Required: true}}, id == "loan"
}

func (c *counter) Asked(_ context.Context, _ uuid.UUID, t Target) (Asked, error) {
	fields, papers, ok := c.Declared(t.ID, t.Action)
	if !ok {
		return Asked{}, ErrTarget.At("body.id", t.ID).With("kinds", "loan")
	}
	return Asked{Name: text.Text{Zh: "借设备", En: "Loan"}, Version: "1.0.0", Fields: fields, Papers: papers, Private: c.private, Held: c.held, Basis: 7}, c.closed
}

func (c *counter) Hand(ctx context.Context, h Handing) (Outcome, error) {
	id := uuid.Must(uuid.NewV7())
	err := c.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO test_loan (id, draft, content, papers) VALUES (?, ?, ?, ?)", id.String(), h.Draft.String(), string(h.Record.Encode()), len(h.Papers))
		return err
	})
	if err == nil && c.trouble != nil {
		err = c.trouble()
	}
	return Outcome{Kind: KindCase, ID: id}, err
}

type profile map[string]Known

func (p profile) Profile(context.Context, uuid.UUID) (map[string]Known, error) { return p, nil }

type inbox struct{ got []Notice }

func (b *inbox) Notify(_ context.Context, _ bun.Tx, n Notice) error {
	b.got = append(b.got, n)
	return nil
}

type node struct {
	t     testing.TB
	db    *store.DB
	dir   string
	clock time.Time
	desk  *counter
	inbox *inbox
	firm  uuid.UUID
	*Service
}

func newNode(t testing.TB, db *store.DB) *node {
	n := &node{t: t, db: db, dir: t.TempDir(), clock: time.Date(2026, 4, 20, 10, 0, 0, 0, field.China), desk: &counter{db: db}, inbox: &inbox{}, firm: uuid.Must(uuid.NewV7())}
	if err := audit.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE test_loan (id TEXT NOT NULL, draft TEXT NOT NULL, content TEXT NOT NULL, papers BIGINT NOT NULL)"); err != nil {
		t.Fatal(err)
	}
	n.open()
	return n
}

// open is a process on what there is.
func (n *node) open() {
	n.Service = proof.Must(New(n.t.Context(), Options{DB: n.db, Blobs: proof.Must(blob.Open(file.OS(), n.dir, fact.MaxDocument)), Packs: fstest.MapFS{"forms/loan.yaml": {Data: []byte(loan)}},
		Desks: map[string]Desk{KindCase: n.desk}, Notifier: n.inbox, Logger: proof.Logger(n.t), Now: func() time.Time { return n.clock },
		Profile: profile{"enterprise.name": {Value: "甲厂", From: text.Text{Zh: "名录", En: "register"}}, "enterprise.industry": {Value: "C36"}}}))
}

func (n *node) as(name string) context.Context {
	return auth.With(n.t.Context(), authtest.Person(name, map[uuid.UUID]auth.Role{n.firm: auth.Operator}))
}

var target = Target{Kind: KindCase, ID: "loan"}

const good = `{"firm":"甲厂","kind":"short","days":3,"items":[{"name":"叉车","price":1000},{"name":"吊车","price":2001}]}`

var pdf = []byte("%PDF-1.7 a licence")

func (n *node) begin() Draft {
	n.t.Helper()
	d, err := n.Begin(n.as("li"), n.firm, target)
	if err != nil {
		n.t.Fatal(err)
	}
	return d
}

// whole is a draft to which nothing is missing.
func (n *node) whole() Draft {
	n.t.Helper()
	d := n.begin()
	if _, err := n.Attach(n.as("li"), d.ID, "licence", "执照.pdf", pdf); err != nil {
		n.t.Fatal(err)
	}
	d, err := n.Save(n.as("li"), d.ID, Saving{Basis: d.Revision, Content: []byte(good), Device: "手机"})
	if err != nil {
		n.t.Fatal(err)
	}
	return d
}

func (n *node) loans() (out int) {
	n.t.Helper()
	if err := n.db.NewSelect().TableExpr("test_loan").ColumnExpr("COUNT(*)").Scan(n.t.Context(), &out); err != nil {
		n.t.Fatal(err)
	}
	return out
}

func (n *node) refused(err error, want *problem.Kind) {
	n.t.Helper()
	if !errors.Is(err, want) {
		n.t.Fatalf("%v, want %v", err, want)
	}
}

func faults(l Look) (out []string) {
	for _, f := range l.Filling.Faults {
		out = append(out, f.Path+" "+f.Code)
	}
	return out
}

func TestDraftsAreKeptAsFarAsTheyGo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		d := n.begin()
		if string(d.Content["firm"]) != `"甲厂"` || d.Filled["firm"].From.Zh != "名录" || d.Content["days"] != nil {
			t.Fatalf("filled in: %s, %v; what a field does not take is left out", d.raw(), d.Filled)
		}
		d = proof.Must(n.Save(n.as("li"), d.ID, Saving{Basis: 1, Content: []byte(`{"firm":"","kind":"short","days":99,"items":[{"name":"叉车","price":"x"}],"king":1}`), Device: "手机\x00", Reason: "为什么"}))
		n.open() // the process was killed; another device goes on
		l := proof.Must(n.Look(n.as("li"), proof.Must(n.Get(n.as("li"), d.ID))))
		if got, want := faults(l), []string{"king unknown", "firm required", "days range", "items[0].price type", "total calc"}; !slices.Equal(got, want) {
			t.Errorf("faults %v, want %v", got, want)
		}
		if l.Draft.Device != "手机" || l.Draft.Reason != "为什么" || string(l.Draft.Content["days"]) != "99" || len(l.Lacking) != 1 {
			t.Errorf("kept %+v, lacking %v", l.Draft, l.Lacking)
		}
		for _, bad := range []string{"", "[]", "null", "{", `{"a":"` + strings.Repeat("x", field.MaxRecord) + `"}`} {
			_, err := n.Save(n.as("li"), d.ID, Saving{Basis: 2, Content: []byte(bad)})
			n.refused(err, ErrContent)
		}
	})
}

func TestTheSecondDeviceIsTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		d := n.begin()
		proof.Must(n.Save(n.as("li"), d.ID, Saving{Basis: 1, Content: []byte(`{"firm":"手机上的"}`), Device: "安卓手机"}))
		_, err := n.Save(n.as("li"), d.ID, Saving{Basis: 1, Content: []byte(`{"firm":"电脑上的"}`), Device: "电脑"})
		n.refused(err, ErrChanged)
		if p, _ := problem.From(err); !strings.Contains(fmt.Sprint(p), "安卓手机") {
			t.Errorf("%v does not name the device", p)
		}
		if there := proof.Must(n.Get(n.as("li"), d.ID)); string(there.Content["firm"]) != `"手机上的"` {
			t.Errorf("overwritten: %s", there.raw())
		}
	})
}

func TestColleaguesAndOthers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		d := n.begin()
		_, err := n.Save(n.as("wang"), d.ID, Saving{Basis: 1, Content: []byte(`{}`)})
		n.refused(err, ErrOthers)
		_, err = n.Attach(n.as("wang"), d.ID, "licence", "a.pdf", pdf)
		n.refused(err, ErrOthers)
		_, err = n.Submit(n.as("wang"), d.ID, Handover{Basis: 1})
		n.refused(err, ErrOthers)
		_, err = n.TakeOver(n.as("li"), d.ID, 1)
		n.refused(err, ErrMine)
		d = proof.Must(n.TakeOver(n.as("wang"), d.ID, 1))
		if d.Name != "wang" || d.Before != "li" {
			t.Errorf("taken over: %+v", d)
		}
		_, err = n.Save(n.as("li"), d.ID, Saving{Basis: 2, Content: []byte(`{}`)})
		n.refused(err, ErrOthers)
		stranger := auth.With(t.Context(), authtest.Person("zhao", map[uuid.UUID]auth.Role{uuid.Must(uuid.NewV7()): auth.Owner}))
		viewer := auth.With(t.Context(), authtest.Person("v", map[uuid.UUID]auth.Role{n.firm: auth.Viewer}))
		for _, ctx := range []context.Context{stranger, viewer} {
			if _, err := n.Get(ctx, d.ID); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("a stranger gets %v", err)
			}
		}
		n.desk.private = true
		secret := n.begin()
		if _, err := n.Get(n.as("wang"), secret.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a colleague sees a private draft: %v", err)
		}
		if _, err := n.TakeOver(n.as("wang"), secret.ID, 1); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a colleague takes a private draft over: %v", err)
		}
		for who, want := range map[string]int{"li": 2, "wang": 1} {
			if list, _, err := n.List(n.as(who), Filter{Org: n.firm}, store.Page{}); err != nil || len(list) != want {
				t.Errorf("%s lists %d drafts, %v", who, len(list), err)
			}
		}
	})
}

func TestAttachmentsAreWhatTheySay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		d := n.begin()
		for name, x := range map[string]struct {
			kind string
			data []byte
			want *problem.Kind
		}{
			"photo.png":                       {"licence", pdf, ErrFileType},
			"licence.pdf":                     {"licence", []byte("MZ\x90\x00 a program"), ErrFileType},
			"plain.txt":                       {"licence", []byte("text"), ErrFileType}, // a type that this kind does not take
			"a.pdf":                           {"photo", pdf, ErrKind},
			"big.pdf":                         {"licence", append([]byte("%PDF-1.7"), make([]byte, 2048)...), ErrFileSize},
			"empty.pdf":                       {"licence", nil, ErrFileEmpty},
			"../a.pdf":                        {"licence", pdf, ErrFileName},
			"":                                {"licence", pdf, ErrFileName},
			strings.Repeat("长", 200) + ".pdf": {"licence", pdf, ErrFileName},
		} {
			_, err := n.Attach(n.as("li"), d.ID, x.kind, name, x.data)
			n.refused(err, x.want)
		}
		a := proof.Must(n.Attach(n.as("li"), d.ID, "licence", "一.pdf", pdf))
		_, err := n.Attach(n.as("li"), d.ID, "licence", "又.pdf", pdf)
		n.refused(err, ErrFileTwice)
		proof.Must(n.Attach(n.as("li"), d.ID, "licence", "二.pdf", []byte("%PDF-1.7 another")))
		_, err = n.Attach(n.as("li"), d.ID, "licence", "三.pdf", []byte("%PDF-1.7 third"))
		n.refused(err, ErrFileCount)
		other := n.begin() // the same file in another draft stays when this one's goes
		proof.Must(n.Attach(n.as("li"), other.ID, "licence", "同.pdf", pdf))
		if err := n.Detach(n.as("li"), d.ID, a.ID); err != nil {
			t.Fatal(err)
		}
		there := proof.Must(n.Get(n.as("li"), other.ID)).Attachments
		if _, data, err := n.Attachment(n.as("li"), other.ID, there[0].ID); err != nil || string(data) != string(pdf) {
			t.Fatalf("%q, %v", data, err)
		}
		if err := n.Detach(n.as("li"), other.ID, there[0].ID); err != nil {
			t.Fatal(err)
		}
		if _, err := n.o.Blobs.Stat(blob.ID(a.Blob)); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("nobody refers to it any more: %v", err)
		}
	})
}

func TestADraftIsHandedInOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		empty := n.begin()
		_, err := n.Submit(n.as("li"), empty.ID, Handover{Basis: 1})
		whole, ok := problem.From(err) // all that is wrong is told together
		if !ok || len(whole.Fields()) != 4 || !errors.Is(whole.Fields()[0], ErrField) || !errors.Is(whole.Fields()[3], ErrLacking) {
			t.Fatalf("%v", err)
		}
		d := n.whole()
		_, err = n.Submit(n.as("li"), d.ID, Handover{Basis: 1})
		n.refused(err, ErrChanged)
		broken := errors.New("the process was killed")
		n.desk.trouble = func() error { return broken }
		if _, err := n.Submit(n.as("li"), d.ID, Handover{Basis: 2}); !errors.Is(err, broken) || n.loans() != 0 {
			t.Fatalf("half done: %v, %d", err, n.loans())
		}
		n.desk.trouble = nil
		n.open()
		var wait sync.WaitGroup
		results := make([]error, 4)
		for i := range results { // an owner who presses again because nothing happens
			wait.Go(func() { _, results[i] = n.Submit(n.as("li"), d.ID, Handover{Basis: 2}) })
		}
		wait.Wait()
		if n.loans() != 1 {
			t.Fatalf("%d were handed in: %v", n.loans(), results)
		}
		again, err := n.Submit(n.as("li"), d.ID, Handover{Basis: 2})
		if err != nil || again.State != Submitted || again.Outcome.ID == uuid.Nil || n.loans() != 1 {
			t.Fatalf("%+v, %v", again, err)
		}
		var row struct {
			Content string
			Papers  int
		}
		if err := db.NewSelect().TableExpr("test_loan").Column("content", "papers").Scan(t.Context(), &row); err != nil {
			t.Fatal(err)
		}
		if want := `{"days":3,"firm":"甲厂","items":[{"name":"叉车","price":1000},{"name":"吊车","price":2001}],"kind":"short","total":3001,"why":null}`; row.Content != want || row.Papers != 1 {
			t.Errorf("handed in %s with %d papers, want %s", row.Content, row.Papers, want)
		}
		if len(again.Attachments) != 0 {
			t.Errorf("the files go with the draft: %v", again.Attachments)
		}
		_, err = n.Save(n.as("li"), d.ID, Saving{Basis: 3, Content: []byte(`{}`)})
		n.refused(err, ErrEnded)
		n.desk.closed = ErrEnded.With("state", text.Both("x"))
		l := proof.Must(n.Look(n.as("li"), proof.Must(n.Get(n.as("li"), empty.ID))))
		if l.Refused == nil || l.Form != nil {
			t.Errorf("what cannot be handed in any more is told: %+v", l)
		}
	})
}

func TestWhatIsWorkedOutIsNotTyped(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	d := n.begin()
	look := func(content string) Look {
		t.Helper()
		var c map[string]json.RawMessage
		if err := json.Unmarshal([]byte(content), &c); err != nil {
			t.Fatal(err)
		}
		d.Content = c
		return proof.Must(n.Look(n.as("li"), d))
	}
	l := look(strings.Replace(good, `"firm"`, `"total":1,"perDay":5,"firm"`, 1))
	if l.Filling.Record["total"] != int64(3001) || l.Filling.Shown["perDay"] != int64(1000) {
		t.Errorf("worked out %v", l.Filling)
	}
	if l := look(`{"firm":"甲厂","kind":"short","items":[{"name":"a","price":1}]}`); l.Filling.Shown["perDay"] != nil || l.Filling.Shown["total"] != int64(1) {
		t.Errorf("days are not known: %v", l.Filling.Shown)
	}
	if l := look(`{"firm":"甲厂","kind":"long","days":77,"why":"x","items":[{"name":"a","price":100001}]}`); !slices.Equal(faults(l), []string{"why length", "total range"}) || slices.Contains(l.Filling.Asked, "days") || l.Filling.Record["days"] != nil {
		t.Errorf("days are not asked: %v, %v", faults(l), l.Filling)
	}
}

func TestDraftsExpire(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		d := n.whole()
		stored := blob.ID(proof.Must(n.Get(n.as("li"), d.ID)).Attachments[0].Blob)
		gone := n.begin()
		if _, err := n.Discard(n.as("li"), gone.ID, 1); err != nil {
			t.Fatal(err)
		}
		_, err := n.Save(n.as("li"), gone.ID, Saving{Basis: 2, Content: []byte(`{}`)})
		n.refused(err, ErrEnded)
		back := proof.Must(n.Restore(n.as("li"), gone.ID, 2))
		if back.State != Open {
			t.Fatal(back.State)
		}
		proof.Must(n.Discard(n.as("li"), gone.ID, 3))
		tick := func(days int) {
			t.Helper()
			n.clock = n.clock.AddDate(0, 0, days)
			if err := n.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		tick(75)
		if len(n.inbox.got) != 0 {
			t.Fatalf("warned too early: %v", n.inbox.got)
		}
		if _, err := n.Get(n.as("li"), gone.ID); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("swept after 30 days: %v", err)
		}
		tick(1)
		tick(1)
		if len(n.inbox.got) != 1 || !strings.Contains(n.inbox.got[0].Text.Zh, "2026-07-19") {
			t.Fatalf("warned once: %+v", n.inbox.got)
		}
		tick(13)
		d = proof.Must(n.Get(n.as("li"), d.ID))
		if d.State != Expired || len(d.Attachments) != 1 {
			t.Fatalf("%+v", d)
		}
		d = proof.Must(n.Restore(n.as("li"), d.ID, d.Revision))
		tick(90)
		tick(31)
		if _, err := n.Get(n.as("li"), d.ID); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("swept: %v", err)
		}
		if _, err := n.o.Blobs.Stat(stored); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("its file is gone with it: %v", err)
		}
	})
}

func TestLayoutsAreChecked(t *testing.T) {
	desk := &counter{}
	for change, want := range map[[2]string]string{
		{"{key: firm}, ", "{key: firm}, {key: firm}, "}:                  "asked twice",
		{"{key: items}", "{key: nothing}"}:                               `no field "nothing"`,
		{"{key: kind}]", "{key: kind, when: [{field: firm, is: a}]}]"}:   "always needed",
		{"{field: kind, is: short}", "{field: kind, is: medium}"}:        `"medium" is not a choice`,
		{"{field: kind, is: short}", "{field: total, atLeast: 1}"}:       `"total" is not asked before`,
		{"{field: kind, is: short}", "{field: firm, atLeast: 1}"}:        "is no number",
		{"{field: kind, is: short}", "{field: kind}"}:                    "asks for nothing",
		{"value: sum(items.price)", "value: sum(items.name)"}:            "of the type text",
		{"value: sum(items.price)", "value: perDay"}:                     `no field "perDay"`,
		{"value: sum(items.price)", "value: total + total"}:              `no field "total"`,
		{"value: total / days", "value: days"}:                           "gives number",
		{"rounding: down", "rounding: up"}:                               `"up"`,
		{"{key: perDay,", "{key: why,"}:                                  "says its name and type",
		{"types: [pdf, png]", "types: [exe]"}:                            `"exe" is of no type`,
		{"maxBytes: 2048", "maxBytes: 99999999999"}:                      "want maxBytes",
		{"{id: licence, types", "{id: photo, types"}:                     `no paper "photo"`,
		{"from: enterprise.name", "from: enterprise.owner"}:              "nothing is known",
		{"{field: firm, from", "{field: items, from"}:                    "no field that can be filled in",
		{"for: {kind: case, id: loan}", "for: {kind: step, id: loan}"}:   "an action where",
		{"for: {kind: case, id: loan}", "for: {kind: case, id: other}"}:  "there is no case other",
		{"for: {kind: case, id: loan}", "for: {kind: party, id: other}"}: `no kind "party"`,
	} {
		body := strings.Replace(loan, change[0], change[1], 1)
		if body == loan {
			t.Fatalf("%v changes nothing", change)
		}
		_, err := New(t.Context(), Options{Packs: fstest.MapFS{"forms/loan.yaml": {Data: []byte(body)}}, Desks: map[string]Desk{KindCase: desk}, Now: time.Now})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", change, err, want)
		}
	}
	var told pack.Faults
	_, err := Load(fstest.MapFS{"forms/loan.yaml": {Data: []byte(loan)}, "forms/two.yaml": {Data: []byte(strings.Replace(loan, "id: loan", "id: two", 1))}})
	if !errors.As(err, &told) || !strings.Contains(err.Error(), "already") {
		t.Errorf("two layouts of one form: %v", err)
	}
}

func TestEveryProblemHasItsWords(t *testing.T) {
	for _, lang := range []string{"zh", "en"} {
		words := string(proof.Must(texts.ReadFile("texts/" + lang + ".yaml")))
		for _, k := range problems() {
			if !strings.Contains("\n"+words, "\n"+k.Code()+":\n") {
				t.Errorf("%s has no words in %s", k.Code(), lang)
			}
		}
	}
}

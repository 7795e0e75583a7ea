package party

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

const (
	code  = "91440101MA0TEXT12H"
	other = "91440101MA0TEXT20C"
	pdf   = "%PDF-1.7\n1 0 obj\n"
)

// node is a node with its organisation, two officers, and a clock that the test moves.
type node struct {
	*Service
	t        testing.TB
	db       *store.DB
	clock    time.Time
	auth     *auth.Service
	orgs     *org.Service
	home     uuid.UUID
	first    context.Context // officers
	second   context.Context
	secondID uuid.UUID
	entered  map[string]uuid.UUID // what the register got
	broken   error                // what the register says
}

// Enter stands in for the register, which is a room of its own: it notes what it is given in the same transaction.
func (n *node) Enter(ctx context.Context, home uuid.UUID, e Enterprise) error {
	if n.broken != nil {
		return n.broken
	}
	return n.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		n.entered[e.Record["creditCode"].(string)] = e.Org
		scope, err := auth.Allow(ctx, auth.Configure, home)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, scope.Act(ctx, n.clock, "register.add", audit.Object{Kind: "register.enterprises", ID: e.Org.String()}, nil, nil))
	})
}

func open(t testing.TB, db *store.DB) *node {
	n := &node{t: t, db: db, clock: time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC), entered: map[string]uuid.UUID{}}
	ctx, now := t.Context(), func() time.Time { return n.clock }
	n.orgs = proof.Must(org.New(ctx, db, now))
	n.auth = proof.Must(auth.New(ctx, auth.Options{DB: db, Orgs: n.orgs, Now: now, SignUp: true}))
	n.home = proof.Must(n.orgs.Create(ctx, org.Org{Kind: org.Government, Name: text.Both("局"), Home: true}, uuid.Nil)).ID
	n.Service = proof.Must(New(ctx, Options{
		DB: db, Orgs: n.orgs, Auth: n.auth, Blobs: proof.Must(blob.Open(file.OS(), t.TempDir(), 64<<20)), Enterprises: n, Now: now, Logger: proof.Logger(t),
		Size: func(string, *int64, *int64, *int64) Size { return Size{Class: "small", Name: text.Both("小型")} },
	}))
	n.first, _ = n.officerCalled("first")
	n.second, n.secondID = n.officerCalled("second")
	return n
}

func (n *node) officerCalled(login string) (context.Context, uuid.UUID) {
	n.t.Helper()
	p, link, err := n.auth.CreatePerson(auth.AsSystem(n.t.Context(), "command"), auth.System(n.home), login, login, auth.Engineer)
	if err != nil {
		n.t.Fatal(err)
	}
	s := proof.Must(n.auth.SignInByLink(n.t.Context(), link.Secret))
	return auth.With(n.t.Context(), s.Principal), p.ID
}

// newcomer is somebody who has come by themselves; again looks anew at what they may do.
type newcomer struct {
	n       *node
	session auth.Session
}

func (n *node) newcomer(login string) newcomer {
	n.t.Helper()
	n.clock = n.clock.Add(10 * time.Minute) // not held back
	return newcomer{n, proof.Must(n.auth.SignUp(n.t.Context(), login, "李 "+login, "granite harbour lantern"))}
}

func (c newcomer) principal() auth.Principal {
	c.n.t.Helper()
	r := httptest.NewRequest("GET", "http://127.0.0.1/", nil)
	r.AddCookie(c.session.Cookie(false))
	p, ok, err := c.n.auth.Authenticate(r)
	if err != nil || !ok {
		c.n.t.Fatalf("the session does not count: %v %v", ok, err)
	}
	return p
}

func (c newcomer) ctx() context.Context { return auth.With(c.n.t.Context(), c.principal()) }

func filled(code string) json.RawMessage {
	return json.RawMessage(`{"creditCode":"` + code + `","name":"广州示例机床有限公司","industry":"C34","region":"440100","employees":120,"revenue":8600000000,"contact":"李娜","phone":"13800138000","until":"2027-05-03"}`)
}

// draft is an application that can be handed in.
func (c newcomer) draft(kind Kind, code string) Application {
	c.n.t.Helper()
	ctx := c.ctx()
	a := proof.Must(c.n.Begin(ctx))
	proof.Must(c.n.Fill(ctx, a.ID, Filling{Content: filled(code), Kind: kind}))
	return proof.Must(c.n.Attach(ctx, a.ID, "授权书.pdf", []byte(pdf)))
}

func (c newcomer) handIn(kind Kind, code string) Application {
	c.n.t.Helper()
	return proof.Must(c.n.Submit(c.ctx(), c.draft(kind, code).ID))
}

func (n *node) approve(a Application) Application {
	n.t.Helper()
	return proof.Must(n.Decide(n.first, a.ID, Deciding{Basis: a.Revision, Decision: Approve, Reason: "材料齐全"}))
}

func is(t testing.TB, err error, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func (n *node) count(model any) int64 {
	n.t.Helper()
	return proof.Must(n.db.NewSelect().Model(model).Count(n.t.Context()))
}

func TestAnEnterpriseJoinsAndItsRepresentativeActsForItUntilTheMandateEnds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		li := n.newcomer("li")
		if len(li.principal().Roles()) != 0 {
			t.Fatal("who has come by themselves has a role")
		}
		a := li.handIn(Join, code)
		if _, ok, _ := n.orgs.WithCreditCode(t.Context(), code); ok {
			t.Fatal("the organisation is there before anybody has decided")
		}
		a = n.approve(a)
		o, ok, err := n.orgs.WithCreditCode(t.Context(), code)
		if err != nil || !ok || o.ID != a.Target || o.Kind != org.Enterprise || n.entered[code] != o.ID {
			t.Fatalf("%+v %v %v, entered %v", o, ok, err, n.entered)
		}
		if got := li.principal().Roles(); len(got) != 1 || got[o.ID] != auth.Owner {
			t.Fatalf("the applicant's roles: %v", got)
		}
		list, _, err := n.MyMandates(li.ctx(), store.Page{})
		if err != nil || len(list) != 1 || list[0].Org != o.ID || list[0].To != time.Date(2027, 5, 3, 16, 0, 0, 0, time.UTC).UnixNano() { // the end of 3 May in China
			t.Fatalf("%+v, %v", list, err)
		}

		// Tokens that were made under the mandate, and the session, lose the role at the very instant of its end.
		scope := proof.Must(auth.Allow(li.ctx(), auth.Tokens, o.ID))
		_, secret, err := n.auth.CreateToken(li.ctx(), scope, "erp", auth.Operator, n.clock.Add(600*24*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		byToken := func() bool {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Authorization", "Bearer "+secret)
			_, ok, err := n.auth.Authenticate(r)
			return ok && err == nil
		}
		n.clock = time.Unix(0, list[0].To-1)
		again := proof.Must(n.auth.SignIn(t.Context(), "li", "granite harbour lantern")) // the first session has ended long ago
		li.session = again
		if li.principal().Roles()[o.ID] != auth.Owner || !byToken() {
			t.Error("the role has ended before the mandate")
		}
		n.clock = time.Unix(0, list[0].To)
		if len(li.principal().Roles()) != 0 || byToken() {
			t.Error("a role outlives its mandate")
		}
		_, err = n.Renew(n.first, list[0].ID, list[0].Revision, "2028-05-03", "续聘一年")
		is(t, err, ErrEnded)
	})
}

func TestAMandateIsRenewedAndRevoked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		li, wang := n.newcomer("li"), n.newcomer("wang")
		target := n.approve(li.handIn(Join, code)).Target

		// Another one asks to act for the same enterprise: the owner decides, and others see nothing of it.
		a := wang.draft(Act, code)
		a = proof.Must(n.Fill(wang.ctx(), a.ID, Filling{Role: auth.Operator}))
		a = proof.Must(n.Submit(wang.ctx(), a.ID))
		if v := n.view(&a); v.Org != nil {
			t.Errorf("the applicant is told the organisation of the code: %v", v.Org)
		}
		asked, _, err := n.Reviews(li.ctx(), Filter{Org: target}, store.Page{})
		if err != nil || len(asked) != 1 || asked[0].ID != a.ID {
			t.Fatalf("the owner sees %v, %v", asked, err)
		}
		_, _, err = n.Reviews(wang.ctx(), Filter{Org: target}, store.Page{})
		is(t, err, auth.ErrNotFound)
		_, _, err = n.Reviews(wang.ctx(), Filter{}, store.Page{})
		is(t, err, auth.ErrNotFound)
		_, err = n.Decide(wang.ctx(), a.ID, Deciding{Basis: a.Revision, Decision: Approve, Reason: "我自己"})
		is(t, err, ErrOwn)
		proof.Must(n.Decide(li.ctx(), a.ID, Deciding{Basis: a.Revision, Decision: Approve, Reason: "本公司员工", Until: "2026-12-31"}))
		if got := wang.principal().Roles(); got[target] != auth.Operator {
			t.Fatalf("wang's roles: %v", got)
		}
		list, _, err := n.Mandates(li.ctx(), target, store.Page{})
		if err != nil || len(list) != 2 || list[0].Login != "wang" || list[1].Login != "li" {
			t.Fatalf("%+v, %v", list, err)
		}
		wangs, lis := list[0], list[1]

		// What a mandate says is not changed by hand.
		people := proof.Must(auth.Allow(li.ctx(), auth.People, target))
		is(t, n.auth.SetRole(li.ctx(), people, wangs.Person, auth.Owner), auth.ErrMandated)
		is(t, n.auth.RemoveRole(li.ctx(), people, wangs.Person), auth.ErrMandated)

		for _, c := range []struct {
			until, reason string
			basis         int64
			ctx           context.Context
			id            uuid.UUID
			want          error
		}{
			{"2026-05-03", "续期一年", 1, li.ctx(), wangs.ID, ErrUntil}, // yesterday
			{"2036-05-03", "续期十年", 1, li.ctx(), wangs.ID, ErrUntil},
			{"2027-12-31", "续", 1, li.ctx(), wangs.ID, ErrReason},
			{"2027-12-31", "续期一年", 2, li.ctx(), wangs.ID, ErrChanged},
			{"2027-12-31", "续期一年", 1, wang.ctx(), wangs.ID, auth.ErrForbidden},
			{"2027-12-31", "给自己续", 1, li.ctx(), lis.ID, ErrOwn},
			{"2027-12-31", "续期一年", 1, n.newcomer("x").ctx(), wangs.ID, auth.ErrNotFound},
			{"2027-12-31", "续期一年", 1, li.ctx(), wangs.ID, nil},
		} {
			m, err := n.Renew(c.ctx, c.id, c.basis, c.until, c.reason)
			is(t, err, c.want)
			if c.want == nil && (m.Revision != 2 || m.To != time.Date(2027, 12, 31, 16, 0, 0, 0, time.UTC).UnixNano()) {
				t.Errorf("renewed: %+v", m)
			}
		}
		// Revoked: gone at once, in the session that was open.
		if _, err := n.Revoke(li.ctx(), wangs.ID, 2, "已离职"); err != nil {
			t.Fatal(err)
		}
		if got := wang.principal().Roles(); len(got) != 0 {
			t.Errorf("after the revocation wang has %v", got)
		}
		_, err = n.Revoke(li.ctx(), wangs.ID, 3, "已离职")
		is(t, err, ErrEnded)
		// The last owner goes by the word of the node's organisation only.
		_, err = n.Revoke(li.ctx(), lis.ID, 1, "不干了")
		is(t, err, auth.ErrLastOwner)
		if _, err := n.Revoke(n.first, lis.ID, 1, "授权书系伪造"); err != nil {
			t.Fatal(err)
		}
		if len(li.principal().Roles()) != 0 {
			t.Error("the last owner is still one")
		}
		// Somebody whose mandate was revoked may be given another one.
		b := wang.handIn(Act, code)
		n.approve(b)
		if wang.principal().Roles()[target] != auth.Owner {
			t.Error("a new mandate does not count")
		}
	})
}

func TestOfTwoOfficersTheSecondIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		a := n.newcomer("li").handIn(Join, code)
		var wait sync.WaitGroup
		errs := make([]error, 2)
		for i, ctx := range []context.Context{n.first, n.second} {
			wait.Go(func() {
				_, errs[i] = n.Decide(ctx, a.ID, Deciding{Basis: a.Revision, Decision: Approve, Reason: "材料齐全"})
			})
		}
		wait.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("both, or neither: %v", errs)
		}
		for _, err := range errs {
			if err != nil {
				is(t, err, ErrChanged)
			}
		}
		if got := n.count((*mandateRow)(nil)); got != 1 {
			t.Errorf("%d mandates", got)
		}
		// Later: what was decided stays, whatever the other now thinks of it.
		_, err := n.Decide(n.second, a.ID, Deciding{Basis: a.Revision, Decision: Refuse, Reason: "不符合条件"})
		is(t, err, ErrChanged)
		if p, _ := problem.From(err); !strings.Contains(p.Error(), "decided") {
			t.Errorf("%v", err)
		}
	})
}

func TestNothingIsHalfDone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		li := n.newcomer("li")
		a := li.handIn(Join, code)
		n.broken = errors.New("the register is closed")
		if _, err := n.Decide(n.first, a.ID, Deciding{Basis: a.Revision, Decision: Approve, Reason: "材料齐全"}); !errors.Is(err, n.broken) {
			t.Fatalf("%v", err)
		}
		if _, ok, _ := n.orgs.WithCreditCode(t.Context(), code); ok || n.count((*mandateRow)(nil)) != 0 || len(li.principal().Roles()) != 0 {
			t.Error("something was left behind")
		}
		if got, _, err := n.Get(n.first, a.ID); err != nil || got.State != Submitted {
			t.Errorf("%v %v", got.State, err)
		}
		n.broken = nil
		n.approve(a)
	})
}

func TestReturnedIsMendedAndHandedInAgain(t *testing.T) {
	n := open(t, storetest.SQLite(t))
	li := n.newcomer("li")
	a := li.handIn(Join, code)
	_, err := n.Fill(li.ctx(), a.ID, Filling{Content: json.RawMessage(`{"employees":1}`)})
	is(t, err, ErrState) // while it is being decided nothing moves
	_, err = n.Decide(n.first, a.ID, Deciding{Basis: a.Revision, Decision: Return, Reason: "缺"})
	is(t, err, ErrReason)
	a = proof.Must(n.Decide(n.first, a.ID, Deciding{Basis: a.Revision, Decision: Return, Reason: "营业收入与年报不符"}))
	if a.State != Returned || a.Reason != "营业收入与年报不符" {
		t.Fatalf("%+v", a)
	}
	proof.Must(n.Fill(li.ctx(), a.ID, Filling{Content: json.RawMessage(`{"revenue":9600000000}`)}))
	a = proof.Must(n.Submit(li.ctx(), a.ID))
	_, steps, err := n.Get(li.ctx(), a.ID)
	if err != nil || len(steps) != 3 || steps[0].To != Submitted || steps[1].To != Returned || steps[2].From != Returned {
		t.Fatalf("%+v, %v", steps, err)
	}
	a = proof.Must(n.Decide(n.second, a.ID, Deciding{Basis: a.Revision, Decision: Refuse, Reason: "不在服务范围"}))
	_, err = n.Withdraw(li.ctx(), a.ID)
	is(t, err, ErrState)
	b := li.handIn(Join, code)
	if got := proof.Must(n.Withdraw(li.ctx(), b.ID)); got.State != Withdrawn {
		t.Errorf("%v", got.State)
	}
}

// What is wrong is told at its field.
func TestFaultsAreToldAtTheirFields(t *testing.T) {
	n := open(t, storetest.SQLite(t))
	li := n.newcomer("li")
	a := proof.Must(n.Begin(li.ctx()))
	for _, c := range []struct {
		content, at, says string
	}{
		{`{"creditCode":"91440101MA0TEXT120"}`, "body.content.creditCode", "应为 H"},
		{`{"creditCode":"9144O101MA0TEXT12H"}`, "body.content.creditCode", "第 5 位"},
		{`{"industry":"Z99"}`, "body.content.industry", ""},
		{`{"region":"4401"}`, "body.content.region", ""},
		{`{"employees":-1}`, "body.content.employees", ""},
		{`{"revenue":1.5}`, "body.content.revenue", ""},
		{`{"until":"2027-02-30"}`, "body.content.until", ""},
		{`{"phone":"abc"}`, "body.content.phone", ""},
	} {
		_, err := n.Fill(li.ctx(), a.ID, Filling{Content: json.RawMessage(c.content)})
		p, ok := problem.From(err)
		if !ok || !errors.Is(err, ErrField) {
			t.Errorf("%s: %v", c.content, err)
			continue
		}
		words := proof.Must(problem.ReadCatalogue(texts, "texts")).Document(p, problem.Chinese)
		if b, _ := json.Marshal(words); !strings.Contains(string(b), c.at) || !strings.Contains(string(b), c.says) {
			t.Errorf("%s: %s does not tell %s and %s", c.content, b, c.at, c.says)
		}
	}
	_, err := n.Fill(li.ctx(), a.ID, Filling{Content: json.RawMessage(`{"state":"approved"}`)})
	is(t, err, ErrUnknown)
	if got, _, _ := n.Get(li.ctx(), a.ID); got.Record["creditCode"] != nil || got.Revision != 1 {
		t.Errorf("a refused filling is kept: %+v", got)
	}
	_, err = n.Submit(li.ctx(), a.ID)
	if p, ok := problem.From(err); !ok || p.Kind() != problem.Invalid {
		t.Errorf("an empty application: %v", err)
	}
	for name, data := range map[string]string{"授权书.pdf": "no PDF at all", "授权书.png": pdf, "run.exe": "MZ\x90\x00", "letter.docx": "PK\x03\x04", "letter.txt": "plain words"} {
		_, err := n.Attach(li.ctx(), a.ID, name, []byte(data))
		is(t, err, ErrLetter)
	}
	_, err = n.Attach(li.ctx(), a.ID, "../授权书.pdf", []byte(pdf))
	is(t, err, ErrLetterName)
	_, err = n.Attach(li.ctx(), a.ID, "授权书.pdf", append([]byte(pdf), make([]byte, MaxLetter)...))
	is(t, err, ErrLetterSize)
	b := li.draft(Join, code)
	proof.Must(n.Fill(li.ctx(), b.ID, Filling{Content: json.RawMessage(`{"until":"2026-05-01"}`)}))
	_, err = n.Submit(li.ctx(), b.ID)
	is(t, err, ErrUntil) // it ended before it began
}

func TestACodeThatIsHere(t *testing.T) {
	n := open(t, storetest.SQLite(t))
	li, wang := n.newcomer("li"), n.newcomer("wang")
	early := wang.handIn(Join, code) // both ask; the first one is let in
	n.approve(li.handIn(Join, code))
	_, err := n.Decide(n.second, early.ID, Deciding{Basis: early.Revision, Decision: Approve, Reason: "材料齐全"})
	is(t, err, ErrJoined)
	if asked := proof.Must(n.Ask(wang.ctx(), strings.ToLower(code))); !asked.Joined || asked.Region != "440101" || asked.Code != code {
		t.Errorf("%+v", asked)
	}
	if asked := proof.Must(n.Ask(wang.ctx(), other)); asked.Joined {
		t.Errorf("%+v", asked)
	}
	_, err = n.Submit(wang.ctx(), wang.draft(Join, code).ID)
	is(t, err, ErrJoined)
	_, err = n.Submit(wang.ctx(), wang.draft(Act, other).ID)
	is(t, err, ErrNotJoined)
	proof.Must(n.Submit(wang.ctx(), proof.Must(n.Fill(wang.ctx(), wang.draft(Join, other).ID, Filling{})).ID))
	_, err = n.Submit(wang.ctx(), wang.draft(Join, other).ID)
	is(t, err, ErrTwice)
	_, err = n.Begin(wang.ctx())
	is(t, err, ErrOpen)
	// Who has a role there already needs no mandate.
	li2 := li.handIn(Act, code)
	_, err = n.Decide(n.first, li2.ID, Deciding{Basis: li2.Revision, Decision: Approve, Reason: "材料齐全"})
	is(t, err, auth.ErrRoleStands)
	for range 30 {
		_, err = n.Ask(wang.ctx(), code)
	}
	is(t, err, ErrOften)
}

// Nobody sees what is another's, by any route.
func TestStrangersSeeNothing(t *testing.T) {
	n := open(t, storetest.SQLite(t))
	li, x := n.newcomer("li"), n.newcomer("x")
	draft := li.draft(Join, other)
	_, _, err := n.Get(n.first, draft.ID)
	is(t, err, auth.ErrNotFound) // what is not handed in is its applicant's alone
	a := li.handIn(Join, code)
	target := n.approve(a).Target
	m, _, err := n.MyMandates(li.ctx(), store.Page{})
	if err != nil {
		t.Fatal(err)
	}
	s := proof.Must(api.New(t.Context(), api.Options{Auth: n.auth, DB: n.db, Now: func() time.Time { return n.clock }}))
	n.Routes(s)
	call := func(c *auth.Session, method, path, body string) int {
		r := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		if c != nil {
			r.AddCookie(c.Cookie(false))
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		return w.Code
	}
	id, mandate := a.ID.String(), m[0].ID.String()
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/join/applications/" + id, ""},
		{"PATCH", "/join/applications/" + id, `{"content":{}}`},
		{"GET", "/join/applications/" + id + "/letter", ""},
		{"POST", "/join/applications/" + id + "/submission", ""},
		{"POST", "/join/applications/" + id + "/withdrawal", ""},
		{"POST", "/join/applications/" + id + "/decisions", `{"basis":1,"decision":"refuse","reason":"因为这样"}`},
		{"GET", "/join/reviews", ""},
		{"GET", "/join/reviews?org=" + target.String(), ""},
		{"GET", "/mandates", ""},
		{"GET", "/mandates?org=" + target.String(), ""},
		{"GET", "/mandates/" + mandate + "/letter", ""},
		{"POST", "/mandates/" + mandate + "/renewals", `{"basis":1,"until":"2027-06-01","reason":"因为这样"}`},
		{"POST", "/mandates/" + mandate + "/revocations", `{"basis":1,"reason":"因为这样"}`},
	} {
		if got := call(&x.session, c.method, c.path, c.body); got != http.StatusNotFound {
			t.Errorf("%s %s as a stranger: %d", c.method, c.path, got)
		}
		if got := call(nil, c.method, c.path, c.body); got != http.StatusUnauthorized {
			t.Errorf("%s %s as nobody: %d", c.method, c.path, got)
		}
	}
	if got := call(nil, "GET", "/join/industries", ""); got != http.StatusOK {
		t.Errorf("industries: %d", got)
	}
	if missing := proof.Must(problem.ReadCatalogue(texts, "texts")).Missing(problems()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
}

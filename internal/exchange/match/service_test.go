package match

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/table"
)

// From a need to a rating: what both see on the way, what is written down as facts, and what is counted.
func TestFromANeedToARating(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.pool("p")
		e := w.offer("p", offer)
		b := brief()
		b.Origin = "checkup:019:sme2024.2.1"
		n := w.need("f", b)
		if n.Brief.Industry != "2929" || n.Brief.Size != "small" || n.Brief.Visibility != VisibleMatched {
			t.Errorf("the enterprise's own are not filled in: %+v", n.Brief)
		}
		_, pairs, err := w.service.Matches(w.as(auth.Viewer, "f"), n.ID)
		if err != nil || len(pairs) != 1 || pairs[0].Supply.ID != e.ID {
			t.Fatalf("%+v, %v", pairs, err)
		}
		// The provider sees the words, not who it is.
		fitting, _, err := w.service.FittingNeeds(w.as(auth.Viewer, "p"), w.sides["p"], store.Page{})
		if err != nil || len(fitting) != 1 || fitting[0].Sees != SeesWords {
			t.Fatalf("%+v, %v", fitting, err)
		}
		if v := w.service.view(&fitting[0].Need, fitting[0].Sees); v.Org != nil || v.Firm != nil || v.Brief == nil || v.Brief.Words == "" || v.Brief.Origin != "" {
			t.Errorf("%+v", v)
		}
		if _, _, err := w.service.GetNeed(w.as(auth.Owner, "q"), n.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a provider that does not fit: %v", err)
		}
		c := w.contact(n, e.ID)
		if _, err := w.service.Contact(w.as(auth.Operator, "f"), Ask{As: w.sides["f"], Need: n.ID, Supply: e.ID, Words: "再问一次"}); !errors.Is(err, ErrTwice) {
			t.Errorf("twice: %v", err)
		}
		_, err = w.service.Step(w.as(auth.Operator, "f"), c.ID, Do{As: w.sides["f"], Step: "accept", Basis: 1})
		w.is(err, ErrSide)
		_, err = w.service.Step(w.as(auth.Operator, "p"), c.ID, Do{As: w.sides["p"], Step: "confirm", Basis: 1})
		w.is(err, ErrStepState)
		if _, err := w.service.GetContact(w.as(auth.Owner, "g"), c.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a stranger: %v", err)
		}
		_, err = w.service.RateContact(w.as(auth.Operator, "f"), c.ID, Aspects{5, 5, 5, 5}, "")
		w.is(err, ErrNoContract)
		c = w.step(c, "p", Do{Step: "accept"})
		if _, sees, err := w.service.GetNeed(w.as(auth.Viewer, "p"), n.ID); err != nil || sees != SeesAll {
			t.Errorf("in contact: %v %v", sees, err)
		}
		w.step(c, "f", Do{Step: "message", Words: "下周方便来厂里看看吗"})
		c = w.step(c, "f", Do{Step: "meet", Day: "2026-05-08"})
		c = w.step(c, "p", Do{Step: "quote", Amount: fen(60_000)})
		_, err = w.service.Step(w.as(auth.Operator, "f"), c.ID, Do{As: w.sides["f"], Step: "propose", Basis: c.Revision, Contract: &Contract{Number: "HT-1", Signed: "2026-06-03", Amount: 1, Subject: "integration"}})
		w.is(err, ErrDay)
		c = w.step(c, "f", Do{Step: "propose", Contract: &Contract{Number: "HT-1", Signed: "2026-05-03", Due: "2026-05-30", Amount: 6_000_000, Subject: "integration"}})
		_, err = w.service.Step(w.as(auth.Operator, "f"), c.ID, Do{As: w.sides["f"], Step: "confirm", Basis: c.Revision})
		w.is(err, ErrSide)
		_, err = w.service.Step(w.as(auth.Operator, "p"), c.ID, Do{As: w.sides["p"], Step: "confirm", Basis: c.Revision - 1})
		w.is(err, ErrChanged)
		c = w.step(c, "p", Do{Step: "confirm"})
		if len(c.Content.Contract.Facts) != 2 {
			t.Fatalf("%+v", c.Content.Contract)
		}
		for i, side := range []string{"f", "p"} {
			f, err := w.facts.Get(w.as(auth.Viewer, side), c.Content.Contract.Facts[i], time.Time{})
			if err != nil || f.Record["amount"] != int64(6_000_000) || f.Record["partyCode"] != codes[map[string]string{"f": "p", "p": "f"}[side]] || f.Grade != fact.Declared {
				t.Errorf("%s: %+v, %v", side, f.Record, err)
			}
		}
		if n, _, _ := w.service.GetNeed(w.as(auth.Viewer, "f"), n.ID); n.State != NeedContracted {
			t.Errorf("the need is %s", n.State)
		}
		c = w.step(c, "p", Do{Step: "deliver"})
		w.clock = begin.AddDate(0, 1, 0)
		c = w.step(c, "f", Do{Step: "result", Result: &Result{Words: "产量自动采集，报工省 2 人", Delivered: "2026-05-29", Saving: fen(100_000)}})
		if c.State != Done {
			t.Errorf("%s", c.State)
		}
		r, err := w.service.RateContact(w.as(auth.Operator, "f"), c.ID, Aspects{5, 5, 4, 4}, "交付及时")
		if err != nil || r.Score != 88 {
			t.Fatalf("%+v, %v", r, err)
		}
		_, err = w.service.RateContact(w.as(auth.Operator, "f"), c.ID, Aspects{1, 1, 1, 1}, "")
		w.is(err, ErrRatedTwice)
		_, err = w.service.RateContact(w.as(auth.Operator, "p"), c.ID, Aspects{5, 5, 5, 5}, "")
		w.is(err, ErrSide)
		// (88+120)/3 = 69; on time (100+120)/3 = 73; (69·50+73·30)/80 = 70.5 → 71
		if got, err := w.service.RatingOf(w.as(auth.Viewer, "g"), w.sides["p"]); err != nil || got.Score != 71 || got.Standing != "good" {
			t.Errorf("%+v, %v", got, err)
		}
		if x := w.service.engine.Get(e.ID); x.Rating == nil || *x.Rating != 71 {
			t.Errorf("the engine has %v", x.Rating)
		}
		f, err := w.service.Funnel(w.as(auth.Viewer, "h"))
		if err != nil || f.Contracts != 1 || f.Amount != 6_000_000 || f.Done != 1 || f.Kinds[0] != (KindCount{"equipment-networking", 1, 1}) {
			t.Errorf("%+v, %v", f, err)
		}
		if _, err := w.service.Funnel(w.as(auth.Owner, "f")); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("a firm counts: %v", err)
		}
		appeals(w, r)
	})
}

func appeals(w *world, r Rating) {
	w.t.Helper()
	if _, err := w.service.Decide(w.as(auth.Engineer, "h"), r.ID, true, "没有申诉"); !errors.Is(err, ErrRatingState) {
		w.t.Error(err)
	}
	if _, err := w.service.Appeal(w.as(auth.Operator, "f"), r.ID, "不是我的事"); !errors.Is(err, auth.ErrNotFound) {
		w.t.Error(err)
	}
	if _, err := w.service.Appeal(w.as(auth.Operator, "p"), r.ID, "交付日期有误"); err != nil {
		w.t.Error(err)
	}
	if _, err := w.service.Decide(w.as(auth.Engineer, "h"), r.ID, true, "核实后删除"); err != nil {
		w.t.Error(err)
	}
	// Only delivery is left: (100+120)/3 = 73.
	if got, _ := w.service.RatingOf(w.as(auth.Viewer, "p"), w.sides["p"]); got.Score != 73 || got.Contracts != 0 {
		w.t.Errorf("%+v", got)
	}
	if err := w.service.AddCheck(w.as(auth.Engineer, "h"), ThirdParty{Provider: w.sides["p"], Party: "某检测中心", Report: "R-1", Day: "2026-05-01", Score: 101}); !errors.Is(err, ErrScore) {
		w.t.Error(err)
	}
	if err := w.service.AddCheck(w.as(auth.Engineer, "h"), ThirdParty{Provider: w.sides["p"], Party: "某检测中心", Report: "R-1", Day: "2026-05-01", Score: 90}); err != nil {
		w.t.Error(err)
	}
	if got, _ := w.service.RatingOf(w.as(auth.Viewer, "p"), w.sides["p"]); got.Score != nearest(73*30+90*20, 50) {
		w.t.Errorf("%+v", got)
	}
}

func TestWhatIsWrongIsToldAtItsPlace(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	file := func(change func(*Brief)) error {
		b := brief()
		change(&b)
		_, err := w.service.File(w.as(auth.Operator, "f"), w.sides["f"], b)
		return err
	}
	w.is(file(func(b *Brief) { b.BudgetFrom, b.BudgetTo = fen(90_000), fen(80_000) }), ErrBudget)
	w.is(file(func(b *Brief) { b.Kind = "" }), ErrKindMissing)
	w.is(file(func(b *Brief) { b.Kind = "no-such-kind" }), ErrKind)
	w.is(file(func(b *Brief) { b.Title = "短" }), ErrTitle)
	w.is(file(func(b *Brief) { b.Industry = "X99" }), ErrCode)
	w.is(file(func(b *Brief) { b.Deadline = "2026-05-03" }), ErrDeadline)
	w.is(file(func(b *Brief) { b.Visibility = "all" }), ErrChoice)
	w.is(file(func(b *Brief) { b.Words = "a\x00b" }), ErrWords)
	if _, err := w.service.File(w.as(auth.Viewer, "f"), w.sides["f"], brief()); !errors.Is(err, auth.ErrForbidden) {
		t.Error(err)
	}
	if _, err := w.service.File(w.as(auth.Owner, "g"), w.sides["f"], brief()); !errors.Is(err, auth.ErrNotFound) {
		t.Error(err)
	}
	_, err := w.service.FileSupply(w.as(auth.Operator, "p"), w.sides["p"], "tasks", json.RawMessage(`{}`))
	w.is(err, ErrRegister)
	_, err = w.service.FileSupply(w.as(auth.Operator, "p"), w.sides["p"], "solutions", json.RawMessage(`{"title":"x","summary":"y","covers":[{"kind":"nothing"}]}`))
	w.is(err, ErrListing)
	words := proof.Must(problem.ReadCatalogue(texts, "texts"))
	if missing := words.Missing(problems()...); len(missing) > 0 {
		t.Errorf("without words: %v", missing)
	}
}

// A contact about a need that is withdrawn is refused, and what was open about it ends.
func TestAWithdrawnNeedIsNotContacted(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.pool("p")
	e, other := w.offer("p", offer), w.offer("p", strings.Replace(offer, "网关", "采集器", 1))
	n := w.need("f", brief())
	c := w.contact(n, e.ID)
	_, err := w.service.WithdrawNeed(w.as(auth.Operator, "f"), n.ID, n.Revision, "x")
	w.is(err, ErrReason)
	if _, err := w.service.WithdrawNeed(w.as(auth.Operator, "f"), n.ID, n.Revision, "改为自己做"); err != nil {
		t.Fatal(err)
	}
	_, err = w.service.Contact(w.as(auth.Operator, "f"), Ask{As: w.sides["f"], Need: n.ID, Supply: other.ID, Words: "想了解方案"})
	w.is(err, ErrNeedState)
	if c, _ = w.service.GetContact(w.as(auth.Viewer, "p"), c.ID); c.State != Closed {
		t.Errorf("the contact is %s", c.State)
	}
	_, err = w.service.Step(w.as(auth.Operator, "p"), c.ID, Do{As: w.sides["p"], Step: "message", Words: "还在吗？"})
	w.is(err, ErrClosed)
	if fitting, _, _ := w.service.FittingNeeds(w.as(auth.Viewer, "p"), w.sides["p"], store.Page{}); len(fitting) != 0 {
		t.Errorf("%+v", fitting)
	}
}

// Pairs follow what is new on either side: a supply that is published later, one that is withdrawn, a provider who leaves the pool.
func TestWhatIsNewIsMatched(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		n := w.need("f", brief())
		count := func() int {
			fitting, _, err := w.service.FittingNeeds(w.as(auth.Viewer, "p"), w.sides["p"], store.Page{})
			if err != nil {
				t.Fatal(err)
			}
			return len(fitting)
		}
		if count() != 0 {
			t.Error("nothing is offered yet")
		}
		e := w.offer("p", offer)
		if count() != 0 {
			t.Error("the provider is not in the pool")
		}
		provider := w.pool("p")
		if count() != 1 {
			t.Error("it is in the pool now")
		}
		// Its provider changes it: an officer looks at it again.
		e, err := w.service.ReviseSupply(w.as(auth.Operator, "p"), e.ID, e.Revision, json.RawMessage(strings.Replace(offer, "5000000", "4000000", 1)))
		if err != nil || e.State != "submitted" || count() != 0 {
			t.Errorf("%s, %v", e.State, err)
		}
		if _, err := w.service.ReviseSupply(w.as(auth.Operator, "q"), e.ID, e.Revision, json.RawMessage(offer)); err == nil {
			t.Error("another provider changed it")
		}
		w.move(e, "publish", "")
		if count() != 1 {
			t.Error("it is published again")
		}
		// Another process begins with what is written.
		w.open(w.service.o.Now)
		if count() != 1 {
			t.Error("a process that begins knows nothing")
		}
		private := brief()
		private.Visibility = VisiblePrivate
		w.need("g", private)
		if count() != 1 {
			t.Error("a private need is told")
		}
		w.move(provider, "suspend", "投诉核查")
		if count() != 0 {
			t.Error("a suspended provider is matched")
		}
		if _, pairs, err := w.service.Matches(w.as(auth.Viewer, "f"), n.ID); err != nil || len(pairs) != 0 {
			t.Errorf("%v, %v", pairs, err)
		}
	})
}

func TestNeedsLapse(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	b := brief()
	b.Deadline = "2026-05-05"
	n := w.need("f", b)
	for _, x := range []struct {
		day  int
		want NeedState
	}{{0, NeedOpen}, {1, NeedOpen}, {2, NeedLapsed}} {
		w.clock = begin.AddDate(0, 0, x.day)
		if err := w.service.Lapse(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, _, _ = w.service.GetNeed(w.as(auth.Viewer, "f"), n.ID); n.State != x.want {
			t.Errorf("after %d days it is %s", x.day, n.State)
		}
	}
}

// Two confirm at once: the contract is written down once.
func TestTwoConfirmAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.pool("p")
		e := w.offer("p", offer)
		c := w.contact(w.need("f", brief()), e.ID)
		c = w.step(c, "p", Do{Step: "accept"})
		c = w.step(c, "f", Do{Step: "propose", Contract: &Contract{Number: "HT-1", Signed: "2026-05-03", Amount: 1, Subject: "goods"}})
		errs := make(chan error)
		for range 4 {
			go func() {
				_, err := w.service.Step(w.as(auth.Operator, "p"), c.ID, Do{As: w.sides["p"], Step: "confirm", Basis: c.Revision})
				errs <- err
			}()
		}
		won := 0
		for range 4 {
			if err := <-errs; err == nil {
				won++
			} else if !errors.Is(err, ErrStepState) && !errors.Is(err, ErrChanged) {
				t.Error(err)
			}
		}
		steps, _, err := w.service.Steps(w.as(auth.Viewer, "f"), c.ID, store.Page{})
		if err != nil || won != 1 || len(steps) != 4 {
			t.Errorf("%d won, %d steps, %v", won, len(steps), err)
		}
	})
}

// Both sides ask at once, twice each: there is one contact, and the others are told of it. The tables hold it, whatever the code does.
func TestTwoAskAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.pool("p")
		e := w.offer("p", offer)
		n := w.need("f", brief())
		errs := make(chan error)
		for _, side := range []string{"f", "p", "f", "p"} {
			go func() {
				_, err := w.service.Contact(w.as(auth.Operator, side), Ask{As: w.sides[side], Need: n.ID, Supply: e.ID, Words: "想了解方案"})
				errs <- err
			}()
		}
		won := 0
		for range 4 {
			if err := <-errs; err == nil {
				won++
			} else if !errors.Is(err, ErrTwice) {
				t.Error(err)
			}
		}
		list, _, err := w.service.ListContacts(w.as(auth.Viewer, "f"), w.sides["f"], n.ID, store.Page{})
		if err != nil || won != 1 || len(list) != 1 {
			t.Fatalf("%d won, %d contacts, %v", won, len(list), err)
		}
		again := list[0]
		again.ID = uuid.Must(uuid.NewV7())
		write := func() error {
			row := proof.Must(rowOfContact(&again, ""))
			_, err := db.NewInsert().Model(row).Exec(t.Context())
			return store.Err(err)
		}
		if err := write(); !errors.Is(err, store.ErrConflict) {
			t.Errorf("a second contact is written: %v", err)
		}
		side := map[PartySide]string{Firm: "p", Provider: "f"}[list[0].By]
		w.step(list[0], side, Do{Step: "decline", Words: "暂无产能"})
		if err := write(); err != nil {
			t.Errorf("after it was declined it may be begun again: %v", err)
		}
	})
}

// Row 731 is wrong: it is told by its cell, and nothing of the file is taken.
func TestImportIsWholeOrNothing(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	rows := [][]string{}
	for i := range 1000 {
		row := []string{"设备联网", fmt.Sprintf("第 %d 条注塑机联网", i), "", "", "", "10000", "20000", "Modbus;OPC UA", "2026-12-31", "公开"}
		if i == 729 { // row 731
			row[5] = "90000"
		}
		rows = append(rows, row)
	}
	var heading []string
	for _, c := range w.service.columns() {
		heading = append(heading, c.name.Zh)
	}
	data := func(f table.Format) []byte {
		return proof.Must(table.Write(f, table.Out{Heading: heading, Lists: make([][]string, len(heading)), Rows: rows}))
	}
	ctx := w.as(auth.Operator, "f")
	for _, f := range []table.Format{table.CSV, table.XLSX} {
		got, err := w.service.ImportNeeds(ctx, Import{Org: w.sides["f"], Data: data(f)})
		if err != nil || got.Applied || got.Rows != 1000 || len(got.Faults) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		if x := got.Faults[0]; x.Row != 731 || x.Cell != "F731" || x.Code != "match-budget-reversed" || !strings.Contains(x.Message.Zh, "9万元") || x.Mend.En == "" {
			t.Errorf("%+v", x)
		}
	}
	if list, _, _ := w.service.ListNeeds(ctx, NeedFilter{}, store.Page{}); len(list) != 0 {
		t.Errorf("%d were taken", len(list))
	}
	rows = rows[:3]
	got, err := w.service.ImportNeeds(ctx, Import{Org: w.sides["f"], Data: data(table.CSV), DryRun: true})
	if list, _, _ := w.service.ListNeeds(ctx, NeedFilter{}, store.Page{}); err != nil || got.Applied || len(list) != 0 {
		t.Errorf("%+v, %v, %d", got, err, len(list))
	}
	got, err = w.service.ImportNeeds(ctx, Import{Org: w.sides["f"], Data: data(table.XLSX)})
	list, _, _ := w.service.ListNeeds(ctx, NeedFilter{}, store.Page{})
	if err != nil || !got.Applied || len(list) != 3 || *list[0].Brief.BudgetTo != 2_000_000 || !slices.Equal(list[0].Brief.Protocols, []string{"Modbus", "OPC UA"}) {
		t.Errorf("%+v, %v, %+v", got, err, list)
	}
	if public, _, _ := w.service.PublicNeeds(t.Context(), NeedFilter{}, store.Page{}); len(public) != 3 {
		t.Errorf("%d are public", len(public))
	}
	_, err = w.service.ImportNeeds(ctx, Import{Org: w.sides["f"], Data: []byte("PK\x03\x04 no")})
	w.is(err, ErrFile)
}

func FuzzImport(f *testing.F) {
	w := newWorld(f, storetest.SQLite(f))
	f.Add([]byte("需求类别,标题\n设备联网,注塑机联网\n"))
	f.Add([]byte("kind,title,budgetTo\nx,y,1e9\n"))
	ctx := w.as(auth.Operator, "f")
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := w.service.ImportNeeds(ctx, Import{Org: w.sides["f"], Data: data, DryRun: true})
		if err == nil && got.Applied {
			t.Fatal("a dry run took something")
		}
	})
}

func TestAnEvent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.pool("p")
		w.pool("q")
		a, b := w.offer("p", offer), w.offer("q", strings.Replace(offer, "5000000", "90000000", 1))
		n := w.need("f", brief())
		officer := w.as(auth.Engineer, "h")
		p := Programme{Title: "注塑行业供需对接会", Place: "会展中心", Day: "2026-06-01", Trades: []string{"C29"}, Kinds: []string{"equipment-networking"}, Seats: 1, Rounds: 2, Tables: 5}
		bad := p
		bad.Seats = 0
		_, err := w.service.AddEvent(officer, bad)
		w.is(err, ErrNumber)
		if _, err := w.service.AddEvent(w.as(auth.Owner, "f"), p); !errors.Is(err, auth.ErrNotFound) {
			t.Error(err)
		}
		e := proof.Must(w.service.AddEvent(officer, p))
		invited, err := w.service.Invitations(officer, e.ID)
		if err != nil || len(invited) != 3 {
			t.Fatalf("%+v, %v", invited, err)
		}
		up := func(side string, u SignUp) (uuid.UUID, error) {
			u.As = w.sides[side]
			return w.service.SignUpFor(w.as(auth.Operator, side), e.ID, u)
		}
		firm := proof.Must(up("f", SignUp{Need: n.ID}))
		_, err = up("g", SignUp{Need: w.need("g", brief()).ID})
		w.is(err, ErrFull)
		_, err = up("f", SignUp{Need: n.ID})
		w.is(err, ErrGuestTwice)
		_, err = up("p", SignUp{Supply: b.ID})
		w.is(err, ErrGuest)
		provider := proof.Must(up("p", SignUp{Supply: a.ID}))
		_, err = up("q", SignUp{Supply: b.ID})
		w.is(err, ErrFull)
		if err := w.service.Wish(w.as(auth.Operator, "f"), firm, []uuid.UUID{firm}); !errors.Is(err, ErrGuest) {
			t.Error(err)
		}
		if err := w.service.Wish(w.as(auth.Operator, "f"), firm, []uuid.UUID{provider}); err != nil {
			t.Error(err)
		}
		table1, err := w.service.Pair(officer, e.ID)
		if err != nil || len(table1) != 1 || table1[0].Firm != firm || table1[0].Provider != provider || table1[0].Mutual != 2 {
			t.Fatalf("%+v, %v", table1, err)
		}
		_, err = w.service.Pair(officer, e.ID)
		w.is(err, ErrEventState)
		if err := w.service.Outcome(officer, e.ID, 1, 1, "follow-up", "约下周到厂"); err != nil {
			t.Error(err)
		}
		if err := w.service.Outcome(officer, e.ID, 2, 1, "follow-up", ""); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
		data, err := w.service.TableFile(officer, e.ID, table.XLSX, "zh")
		if err != nil {
			t.Fatal(err)
		}
		sheets, err := table.Read(table.XLSX, data)
		if err != nil || len(sheets[0].Rows) != 1 || sheets[0].Rows[0].Cells[2] != "企业f" || sheets[0].Rows[0].Cells[5] != "有意向" {
			t.Errorf("%+v, %v", sheets, err)
		}
		if mine, _, _ := w.service.Table(w.as(auth.Viewer, "q"), e.ID); len(mine) != 0 {
			t.Errorf("who is not a guest sees %v", mine)
		}
		if e, err := w.service.EndEvent(officer, e.ID, EventHeld); err != nil || e.State != EventHeld {
			t.Error(err)
		}
	})
}

// The same things over HTTP: a foreign organisation gets nothing, and what anybody sees holds no names.
func TestOverHTTP(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.pool("p")
	e := w.offer("p", offer)
	b := brief()
	b.Visibility = VisiblePublic
	n := w.need("f", b)
	a := proof.Must(api.New(t.Context(), api.Options{Auth: w.sides, DB: w.db, Now: w.service.o.Now, Version: "test"}))
	w.service.Routes(a)
	server := httptest.NewServer(a.Handler())
	t.Cleanup(server.Close)
	call := func(who, method, path, body string) (int, string) {
		req := proof.Must(http.NewRequest(method, server.URL+"/api/v1/matching"+path, strings.NewReader(body)))
		if who != "" {
			req.Header.Set("Authorization", "Bearer "+who)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept-Language", "zh")
		res := proof.Must(http.DefaultClient.Do(req))
		defer res.Body.Close()
		return res.StatusCode, string(proof.Must(io.ReadAll(res.Body)))
	}
	for _, x := range []struct {
		who, method, path, body string
		status                  int
		holds, lacks            string
	}{
		{"", "GET", "/public/needs", "", 200, "20 台注塑机联网", "企业f"},
		{"", "GET", "/public/needs", "", 200, `"region":"440000"`, "车间有"},
		{"", "GET", "/public/supplies?kind=equipment-networking&industry=C2929", "", 200, "注塑机设备联网网关", w.sides["p"].String()},
		{"", "GET", "/public/supplies?kind=energy-saving", "", 200, `"total":0`, "网关"},
		{"", "GET", "/public/kinds", "", 200, "设备联网", "null"},
		{"", "GET", "/needs", "", 401, "", ""},
		{"owner@g", "GET", "/needs/" + n.ID.String() + "/matches", "", 403, "", "网关"},
		{"owner@g", "PUT", "/needs/" + n.ID.String(), `{"basis":1,"kind":"cost-reduction","title":"别人的需求"}`, 404, "", ""},
		{"owner@g", "GET", "/needs/" + n.ID.String(), "", 200, `"sees":"title"`, "车间有"},
		{"owner@g", "GET", "/fitting-needs?org=" + w.sides["p"].String(), "", 404, "", ""},
		{"owner@g", "GET", "/supplies?org=" + w.sides["p"].String(), "", 404, "", ""},
		{"viewer@f", "GET", "/needs/" + n.ID.String() + "/matches", "", 200, "覆盖需求“设备联网”", ""},
		{"viewer@f", "GET", "/needs?org=" + w.sides["f"].String(), "", 200, "车间有", ""},
		{"viewer@h", "GET", "/needs", "", 200, "企业f", ""},
		{"owner@f", "POST", "/needs", `{"org":"` + w.sides["f"].String() + `","kind":"cost-reduction","title":"降低损耗成本","budgetFrom":2,"budgetTo":1}`, 422, "预算上下限颠倒", ""},
		{"owner@f", "POST", "/needs", `{"org":"` + w.sides["f"].String() + `","kind":"","title":"降低损耗成本"}`, 422, "需求须有类别", ""},
		{"owner@f", "POST", "/contacts", `{"as":"` + w.sides["f"].String() + `","need":"` + n.ID.String() + `","supply":"` + e.ID.String() + `","words":"请联系我们"}`, 201, `"side":"firm"`, ""},
		{"owner@g", "POST", "/contacts", `{"as":"` + w.sides["g"].String() + `","need":"` + n.ID.String() + `","supply":"` + e.ID.String() + `","words":"请联系我们"}`, 403, "", ""},
		{"viewer@p", "GET", "/contacts?org=" + w.sides["p"].String(), "", 200, `"id":"accept"`, ""},
		{"viewer@p", "GET", "/contacts?all=true", "", 404, "", ""},
		{"viewer@h", "GET", "/contacts?all=true", "", 200, "企业f", ""},
		{"viewer@p", "GET", "/providers/" + w.sides["p"].String() + "/rating", "", 200, "尚无评价", ""},
	} {
		status, got := call(x.who, x.method, x.path, x.body)
		if status != x.status || !strings.Contains(got, x.holds) || x.lacks != "" && strings.Contains(got, x.lacks) {
			t.Errorf("%s %s %s: %d (want %d) %s", x.who, x.method, x.path, status, x.status, got)
		}
	}
	req := proof.Must(http.NewRequest("POST", server.URL+"/api/v1/matching/needs-import?dryRun=true&org="+w.sides["f"].String(), bytes.NewReader([]byte("需求类别,标题\n设备联网,短\n"))))
	req.Header.Set("Authorization", "Bearer owner@f")
	req.Header.Set("Content-Type", "application/octet-stream")
	res := proof.Must(http.DefaultClient.Do(req))
	defer res.Body.Close()
	var got ImportedNeeds
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil || len(got.Faults) != 1 || got.Faults[0].Cell != "B2" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRunFollowsAndEnds(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.pool("p")
	w.offer("p", offer)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.service.Run(ctx) }()
	proof.Wait(t, "the supply to be known", func() bool { return w.service.engine.Len() == 1 })
	w.service.nudge()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

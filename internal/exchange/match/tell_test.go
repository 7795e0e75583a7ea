package match

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// heard is what everybody was told, as an inbox keeps it: one of each key and organisation.
type heard struct {
	list    []Told
	settled []uuid.UUID
}

func (h *heard) Tell(_ context.Context, t Told) error {
	if !slices.ContainsFunc(h.list, func(x Told) bool { return x.Key == t.Key && x.Org == t.Org }) {
		h.list = append(h.list, t)
	}
	return nil
}

func (h *heard) Settled(_ context.Context, kind string, id uuid.UUID) error {
	if kind != "contact" {
		return errors.New(kind)
	}
	h.settled = append(h.settled, id)
	return nil
}

// since takes what was told since it was called last.
func (h *heard) since() []Told {
	out := h.list
	h.list = nil
	return out
}

// one expects that one organisation alone was told one thing, which says words, and returns it.
func (w *world) one(h *heard, side string, words ...string) Told {
	w.t.Helper()
	list := h.since()
	if len(list) != 1 || list[0].Org != w.sides[side] {
		w.t.Fatalf("want one message to %s, got %+v", side, list)
	}
	for _, x := range words {
		if !strings.Contains(list[0].Text.Zh+"|"+list[0].Text.En, x) {
			w.t.Errorf("%q is not in %+v", x, list[0].Text)
		}
	}
	return list[0]
}

func listening(t *testing.T, db *store.DB) (*world, *heard) {
	w, h := newWorld(t, db), &heard{}
	w.service.o.Messenger = h
	return w, h
}

// Each side hears what the other one does, and never what it does itself.
func TestTheOtherSideIsTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, h := listening(t, db)
		w.pool("p")
		e := w.offer("p", offer)
		n := w.need("f", brief())
		c := w.contact(n, e.ID)
		if x := w.one(h, "p", "企业f", "20 台注塑机联网", "希望对接", "asks for a contact"); !x.Waits || x.Link != "needs/contacts/"+c.ID.String() || x.Topic != "match.contact" || x.Object != c.ID {
			t.Errorf("%+v", x)
		}
		c = w.step(c, "p", Do{Step: "accept"})
		if x := w.one(h, "f", "企业p", "接受", "accept"); x.Waits {
			t.Errorf("%+v", x)
		}
		before := len(h.settled)
		w.step(c, "f", Do{Step: "message", Words: "下周方便来厂里看看吗"})
		if x := w.one(h, "p", "发来留言"); strings.Contains(x.Text.Zh, "下周") || len(h.settled) != before {
			t.Errorf("what was said goes out with the mail, or settles something: %+v", x)
		}
		c = w.step(c, "f", Do{Step: "propose", Contract: &Contract{Number: "HT-1", Signed: "2026-05-03", Amount: 6_000_000, Subject: "integration"}})
		if x := w.one(h, "p", "登记合同"); !x.Waits {
			t.Errorf("a contract waits to be confirmed: %+v", x)
		}
		c = w.step(c, "p", Do{Step: "confirm"})
		w.one(h, "f", "确认合同")
		w.step(c, "p", Do{Step: "deliver"})
		if x := w.one(h, "f", "交付"); !x.Waits {
			t.Errorf("a result waits to be confirmed: %+v", x)
		}
		if len(h.settled) != 5 { // the request and each step but the message
			t.Errorf("%d times settled", len(h.settled))
		}
		// What is refused is told to nobody.
		if _, err := w.service.Step(w.as(auth.Operator, "p"), c.ID, Do{As: w.sides["p"], Step: "deliver", Basis: 1}); err == nil || len(h.since()) != 0 {
			t.Errorf("%v", err)
		}
	})
}

// What two organisations had to do with each other, for whoever must know: neither a request nor one that was declined.
func TestWhatTwoHadToDoWithEachOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.pool("p")
		e := w.offer("p", offer)
		n := w.need("f", brief())
		count := func(a, b string) int {
			t.Helper()
			list, err := w.service.Between(auth.AsSystem(t.Context(), "test"), w.sides[a], w.sides[b])
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		c := w.contact(n, e.ID)
		if count("f", "p") != 0 {
			t.Error("a request counts")
		}
		w.step(c, "p", Do{Step: "decline", Words: "排期已满"})
		if count("f", "p") != 0 {
			t.Error("what was declined counts")
		}
		c = w.step(w.contact(n, e.ID), "p", Do{Step: "accept"})
		w.step(c, "f", Do{Step: "close", Words: "方案不合适"})
		if count("f", "p") != 1 || count("p", "f") != 1 || count("g", "p") != 0 {
			t.Errorf("%d, %d, %d", count("f", "p"), count("p", "f"), count("g", "p"))
		}
		if _, err := w.service.Between(w.as(auth.Owner, "f"), w.sides["f"], w.sides["p"]); !errors.Is(err, auth.ErrForbidden) {
			t.Errorf("a firm asks: %v", err)
		}
	})
}

// A provider that asks does not learn from a message who the firm is before the firm has accepted.
func TestAFirmIsNotNamedBeforeItAccepts(t *testing.T) {
	w, h := listening(t, storetest.SQLite(t))
	w.pool("p")
	e := w.offer("p", offer)
	n := w.need("f", brief())
	ask := func() Contact {
		c, err := w.service.Contact(w.as(auth.Operator, "p"), Ask{As: w.sides["p"], Need: n.ID, Supply: e.ID, Words: "我们做过类似项目"})
		if err != nil {
			t.Fatal(err)
		}
		w.one(h, "f", "企业p", "希望对接")
		return c
	}
	w.step(ask(), "f", Do{Step: "decline", Words: "暂不考虑"})
	if x := w.one(h, "p", "婉拒", "需求方", "The firm"); strings.Contains(x.Text.Zh+x.Text.En, "企业f") || strings.Contains(x.Text.En, "Firm f") {
		t.Errorf("%+v", x.Text)
	}
	c := ask()
	if _, err := w.service.WithdrawNeed(w.as(auth.Operator, "f"), n.ID, n.Revision, "预算取消"); err != nil {
		t.Fatal(err)
	}
	if x := w.one(h, "p", "结束"); x.Object != c.ID || strings.Contains(x.Text.Zh, "企业f") {
		t.Errorf("%+v", x)
	}
}

// Who has filed a need does not hear of what it finds at once; the providers do, once a day, with the best first. A supply that comes
// later is news to the firm.
func TestNewFitsAreToldOnceADay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, h := listening(t, db)
		w.pool("p")
		w.offer("p", offer)
		tell := func() []Told {
			t.Helper()
			if err := w.service.Follow(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := w.service.TellFits(t.Context()); err != nil {
				t.Fatal(err)
			}
			return h.since()
		}
		w.need("f", brief())
		hidden := brief()
		hidden.Title, hidden.Visibility = "不公开的联网需求", VisiblePrivate
		w.need("g", hidden)
		list := tell()
		if len(list) != 1 || list[0].Org != w.sides["p"] || list[0].Link != "supply" || list[0].Topic != "match.fit" || !strings.Contains(list[0].Text.Zh, "1 项") || !strings.Contains(list[0].Text.Zh, "20 台注塑机联网") || !strings.Contains(list[0].Text.En, "(1)") {
			t.Fatalf("%+v", list)
		}
		// More on the same day waits for the next, and comes with what has come since.
		for _, title := range []string{"冲床车间联网", "注塑机产量自动采集", "老旧注塑机加装网关", "注塑车间设备联网"} {
			b := brief()
			b.Title = title
			w.need("g", b)
		}
		if list := tell(); len(list) != 0 {
			t.Errorf("twice a day: %+v", list)
		}
		w.clock = w.clock.AddDate(0, 0, 1)
		list = tell()
		if len(list) != 1 || !strings.Contains(list[0].Text.Zh, "4 项") || strings.Count(list[0].Text.Zh, "适合需求") != best || strings.Contains(list[0].Text.Zh, "不公开") {
			t.Errorf("%+v", list)
		}
		w.clock = w.clock.AddDate(0, 0, 1)
		if list := tell(); len(list) != 0 {
			t.Errorf("told again: %+v", list)
		}
		// Both firms hear of a second provider, the private need too: it is their own.
		w.pool("q")
		w.offer("q", strings.Replace(offer, "注塑机设备联网网关", "注塑机数据采集终端", 1))
		links := map[uuid.UUID]string{}
		for _, x := range tell() {
			links[x.Org] = x.Link
			if !strings.Contains(x.Text.Zh, "注塑机数据采集终端") || !strings.Contains(x.Text.En, "offers") {
				t.Errorf("%+v", x)
			}
		}
		if len(links) != 2 || !strings.HasPrefix(links[w.sides["f"]], "needs/") || links[w.sides["g"]] != "needs" {
			t.Errorf("%v", links)
		}
	})
}

// Those whom an event is for are invited once; guests hear of the table, and that an event is cancelled.
func TestAnEventIsTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, h := listening(t, db)
		w.pool("p")
		e := w.offer("p", offer)
		n := w.need("f", brief())
		w.need("f", brief())
		w.need("g", brief())
		officer := w.as(auth.Engineer, "h")
		plan := Programme{Title: "注塑行业对接会", Place: "产业园", Day: "2026-05-20", Seats: 5, Rounds: 2, Tables: 2}
		v, err := w.service.AddEvent(officer, plan)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.service.SignUpFor(w.as(auth.Operator, "f"), v.ID, SignUp{As: w.sides["f"], Need: n.ID}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.service.Invite(w.as(auth.Owner, "f"), v.ID); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("a firm invites: %v", err)
		}
		count, err := w.service.Invite(officer, v.ID)
		orgs := map[uuid.UUID]Told{}
		for _, x := range h.since() {
			orgs[x.Org] = x
		}
		if err != nil || count != 2 || len(orgs) != 2 || orgs[w.sides["g"]].Link != "needs/events/"+v.ID.String() || !strings.Contains(orgs[w.sides["p"]].Text.Zh, "2026-05-20 产业园") || !strings.Contains(orgs[w.sides["p"]].Text.En, "invited") {
			t.Fatalf("%d, %v: %+v", count, err, orgs)
		}
		if count, err := w.service.Invite(officer, v.ID); err != nil || count != 0 || len(h.since()) != 0 {
			t.Errorf("twice: %d, %v", count, err)
		}
		if _, err := w.service.SignUpFor(w.as(auth.Operator, "p"), v.ID, SignUp{As: w.sides["p"], Supply: e.ID}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.service.Pair(officer, v.ID); err != nil {
			t.Fatal(err)
		}
		list := h.since()
		if len(list) != 2 || !strings.Contains(list[0].Text.Zh, "共 1 场会面，首场第 1 轮 1 号桌，对方 企业p") || !strings.Contains(list[1].Text.En, "in round 1 at table 1 with Firm f") {
			t.Errorf("%+v", list)
		}
		if _, err := w.service.Invite(officer, v.ID); !errors.Is(err, ErrEventState) {
			t.Errorf("paired: %v", err)
		}
		if _, err := w.service.EndEvent(officer, v.ID, EventCancelled); err != nil {
			t.Fatal(err)
		}
		if list := h.since(); len(list) != 2 || !strings.Contains(list[0].Text.Zh, "已取消") {
			t.Errorf("%+v", list)
		}
	})
}

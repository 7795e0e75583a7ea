package figure

import (
	"context"
	"fmt"
	"log/slog"
	"math/big"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// hosts is a node with many enterprises, each of which tells one keeper of the same node.
type hosts struct {
	library      *indicator.Library
	node, keeper uuid.UUID
	firms        []indicator.Enterprise
	list         []org.Agreement
	said         int64
}

func newHosts(l *indicator.Library, n int) *hosts {
	h := &hosts{library: l, node: uuid.New(), keeper: uuid.New()}
	var words []string
	for _, d := range l.Definitions() {
		if d.Of == indicator.OfEnterprise {
			words = append(words, Item{d.ID, All, ""}.String())
		}
	}
	for i := range n {
		e := indicator.Enterprise{Entry: uuid.New(), Org: uuid.New(), Code: fmt.Sprintf("91430000MA%08d", i), Name: "企业", Region: "430100", Size: "small"}
		h.firms = append(h.firms, e)
		h.list = append(h.list, org.Agreement{ID: uuid.New(), Version: 1, Kind: "parent", Figures: words, Detail: org.DetailEnterprise, Span: org.Span{From: 1, To: store.Forever},
			Giver: org.Party{Node: h.node, Org: e.Org, CreditCode: e.Code}, Taker: org.Party{Node: h.node, Org: h.keeper}})
	}
	return h
}

func (h *hosts) ActiveAgreements(context.Context, int64) ([]org.Agreement, error) { return h.list, nil }
func (h *hosts) Agreement(context.Context, uuid.UUID) (org.Agreement, error) {
	return org.Agreement{}, store.ErrNotFound
}
func (h *hosts) AgreementActs(context.Context, uint64, int) ([]org.AgreementAct, error) {
	return nil, nil
}
func (h *hosts) Names() []string { return nil }
func (h *hosts) After(_ context.Context, _ string, c Cursor, _ int) ([]Change, Cursor, error) {
	return nil, c, nil
}

func (h *hosts) Observe(_ context.Context, _ uuid.UUID, d *indicator.Definition, p indicator.Period, _ string) (*indicator.Valuation, error) {
	inputs := make([]indicator.Given, len(d.Inputs))
	h.said++
	for i := range inputs {
		inputs[i].Num = big.NewRat(h.said%1000+1, 1)
	}
	return indicator.Evaluate(d, p, inputs), nil
}
func (h *hosts) Self(context.Context, uuid.UUID, string) (indicator.Enterprise, error) {
	return indicator.Enterprise{}, store.ErrNotFound
}
func (h *hosts) Counted(context.Context, uuid.UUID, string, *indicator.Definition, indicator.Period, string) (*indicator.Valuation, error) {
	return nil, store.ErrNotFound
}
func (h *hosts) Complete(_ context.Context, _ *indicator.Definition, _ indicator.Asked, o indicator.Observation) (indicator.Observation, error) {
	return o, nil
}
func (h *hosts) Draw(ctx context.Context, keeper uuid.UUID, scope string, f indicator.Filter, day string) (*indicator.Members, error) {
	return indicator.Draw(ctx, h, keeper, indicator.Region{Code: scope}, f, day)
}
func (h *hosts) Each(_ context.Context, _ uuid.UUID, _ string, call func(indicator.Enterprise) error) error {
	for i := range h.firms {
		if err := call(h.firms[i]); err != nil {
			return err
		}
	}
	return nil
}
func (h *hosts) One(context.Context, uuid.UUID, string) (uuid.UUID, indicator.Enterprise, bool, error) {
	return uuid.Nil, indicator.Enterprise{}, false, nil
}

// What one enterprise's change costs does not depend on how many others are hosted.
func BenchmarkHosted(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			db := storetest.SQLite(b)
			st := proof.Must(OpenStore(b.Context(), db))
			h := newHosts(testLibrary(b), n)
			now := time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)
			c := NewComposer(ComposerOptions{Store: st, Library: h.library, Sources: h, Changes: h, Agreements: h, Node: h.node, Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler)})
			agreed := proof.Must(c.agreed(b.Context()))
			d := h.library.Definition("rate")
			p := Periods(d.Period, "2026-11-22")[0]
			for i := 0; b.Loop(); i++ {
				e := &h.firms[i%len(h.firms)]
				t := Taken{Dirty: Dirty{Keeper: e.Org, Code: e.Code, Indicator: d.ID, Kind: p.Kind, Period: p.Label}}
				if err := c.observe(b.Context(), []Taken{t}, agreed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Who gives an item is found by what agreements name, in their order, each enterprise once.
func TestAgreementsAreFound(t *testing.T) {
	h := newHosts(testLibrary(t), 3)
	a := h.list
	a[1].Figures = []string{"rate"}
	a[2].Giver.Node = uuid.New() // has a node of its own
	again := a[0]
	again.ID = uuid.New()
	other := org.Agreement{ID: uuid.New(), Figures: []string{"rate@size=small"}, Detail: org.DetailAggregate, Giver: org.Party{Node: h.node, Org: h.keeper}, Taker: org.Party{Node: h.node, Org: uuid.New()}}
	g := newAgreed(append(a, again, other), h.node, time.Time{})
	accounts, rows := g.sources(h.keeper, Item{"rate", "size=small", ""})
	if len(accounts.accounts) != 0 || len(rows.hosted) != 2 || rows.hosted[0].ID != a[0].ID || rows.hosted[1].ID != a[1].ID || len(rows.remote) != 1 {
		t.Errorf("%+v %+v", accounts, rows)
	}
	if _, rows := g.sources(h.keeper, Item{"has", All, ""}); len(rows.hosted) != 1 || len(rows.remote) != 1 {
		t.Errorf("%+v", rows)
	}
	if accounts, _ := g.sources(other.Taker.Org, Item{"rate", "size=small", ""}); len(accounts.accounts) != 1 {
		t.Errorf("%+v", accounts)
	}
	if list := g.observers(uuid.Nil); len(list) != 3 || list[0].ID != a[0].ID || list[2].ID != again.ID || len(g.observers(a[0].Giver.Org)) != 2 || len(g.observers(a[2].Giver.Org)) != 0 {
		t.Errorf("%v", list)
	}
	if !g.names(&a[1], Item{"rate", "size=small", ""}) || g.names(&a[1], Item{"has", All, ""}) || g.names(&other, Item{"rate", All, ""}) {
		t.Error("another item is named")
	}
	if g.find(other.ID) == nil || g.find(uuid.New()) != nil || len(g.items(h.keeper)) != len(g.named(&a[0]))+1 {
		t.Errorf("%v", g.items(h.keeper))
	}
}

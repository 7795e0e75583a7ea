package main

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/office/flow"
	"jingwei/internal/office/register"
	"jingwei/internal/office/register/party"
	"jingwei/internal/office/search"
	"jingwei/packs"
)

// What the rooms hold is found by those who may see it and by nobody else, on both databases; what changes is followed; a new process
// finds the same.
func TestTheSearchFollowsTheRooms(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		at := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
		now := func() time.Time { at = at.Add(time.Second); return at }
		if err := audit.Migrate(ctx, db); err != nil {
			t.Fatal(err)
		}
		trades := proof.Must(party.Load(packs.Files))
		registers := proof.Must(register.New(ctx, register.Options{DB: db, Packs: packs.Files, Now: now, Calculations: map[string]register.Calculation{"size-class": trades.Sizes.SizeOf}}))
		facts := proof.Must(fact.New(ctx, fact.Options{DB: db, Blobs: proof.Must(blob.Open(file.OS(), t.TempDir(), 1<<20)), Packs: packs.Files, Now: now}))
		flows := proof.Must(flow.New(ctx, flow.Options{DB: db, Packs: packs.Files, Documents: factual{facts}, Now: now}))
		measures := proof.Must(incentive.Load(packs.Files, "policy", incentive.Options{}))
		fresh := func() *search.Service {
			return search.New(search.Options{Now: now, Words: tradeWords(registers, flows, facts, measures),
				Sources: []search.Source{soughtEntries{registers}, soughtCases{flows}, soughtFacts{facts}, newSoughtMeasures(measures)}})
		}
		s := fresh()
		sides := authtest.Sides{"a": uuid.Must(uuid.NewV7()), "b": uuid.Must(uuid.NewV7())}
		a := sides.As(auth.Engineer, "a")
		e, err := registers.Add(a, sides["a"], "enterprises", register.Input{Content: []byte(`{"creditCode":"9144030071526726XG","name":"佛山某注塑家电有限公司","industry":"C3670","region":"440600","cluster":"顺德家电集群","contact":"欧阳某某"}`)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := registers.Adopt(a, sides["a"], "tasks"); err != nil {
			t.Fatal(err)
		}
		_, _, err = facts.Record(a, fact.Input{Org: sides["a"], Kind: "contract", Key: fact.Key{Source: "erp", External: "HT-2026-77"}, Content: []byte(`{"number":"HT-2026-77","signed":"2026-03-02","partyName":"某软件服务商","subject":"software","amount":100}`)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := flows.Open(a, flow.Opening{Flow: "approval", Org: sides["a"], Content: []byte(`{"matter":"采购热处理炉","amount":100,"remark":"预算内"}`)}); err != nil {
			t.Fatal(err)
		}
		follow := func() {
			t.Helper()
			if err := s.CatchUp(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		follow()
		found := func(of context.Context, q string, kind string) string {
			t.Helper()
			f, err := s.Find(of, search.Query{Words: q, Limit: 5, Narrow: map[search.Facet][]string{search.ByKind: {kind}}})
			if err != nil {
				t.Fatal(err)
			}
			if f.Relaxed {
				return ""
			}
			var out []string
			for _, h := range f.Hits {
				var title string
				for _, x := range h.Title {
					title += x.Text
				}
				out = append(out, title)
			}
			slices.Sort(out)
			return strings.Join(out, "; ")
		}
		const firm = "佛山某注塑家电有限公司"
		check := func(when string) {
			t.Helper()
			for _, x := range []struct {
				of            context.Context
				q, kind, want string
			}{
				{a, "佛山注塑", "entry", firm}, {a, "欧阳某某", "entry", firm}, {sides.As(auth.Viewer, "a"), "欧阳某某", "entry", ""}, {sides.As(auth.Viewer, "a"), "顺德家电集群", "entry", firm},
				{sides.As(auth.Owner, "b"), "佛山注塑", "entry", ""}, {sides.As(auth.Owner, "b"), "HT-2026-77", "fact", ""}, {a, "HT-2026-77", "fact", "HT-2026-77"},
				{a, "某软件服务商", "fact", "HT-2026-77"}, {sides.As(auth.Owner, "b"), "建设工业电子商务平台", "entry", "建设工业电子商务平台"},
				{a, "热处理炉 预算内", "case", "采购热处理炉"}, {sides.As(auth.Viewer, "b"), "热处理炉", "case", ""},
				{sides.As(auth.Owner, "b"), "INC-HN-01", "measure", "企业级工业互联网平台示范项目"},
			} {
				if got := found(x.of, x.q, x.kind); got != x.want {
					t.Errorf("%s: %s %q: %q, want %q", when, x.kind, x.q, got, x.want)
				}
			}
		}
		check("first")
		if f, err := s.FindPublic(ctx, search.Query{Words: "佛山注塑"}); err != nil || f.Total != 0 && !f.Relaxed {
			t.Errorf("an entry that is not public is found by anybody: %v %v", f, err)
		}
		// Approved, it is public: its public fields are, its cluster and contact are not.
		if _, err := registers.Move(a, e.ID, "approve", e.Revision, ""); err != nil {
			t.Fatal(err)
		}
		follow()
		for q, want := range map[string]int{"佛山注塑": 1, "顺德家电集群": 0, "欧阳某某": 0} {
			f, err := s.FindPublic(ctx, search.Query{Words: q, Narrow: map[search.Facet][]string{search.ByCollection: {"enterprises"}}})
			if err != nil || !f.Relaxed && f.Total != want {
				t.Errorf("anybody asks %q: %d, want %d, %v", q, f.Total, want, err)
			}
		}
		s = fresh()
		follow()
		if n, complete := s.Documents(); n < 116+len(measures.All()) || !complete {
			t.Errorf("%d things after a start", n)
		}
	})
}

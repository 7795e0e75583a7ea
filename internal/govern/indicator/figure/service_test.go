package figure

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestFigureIsToldWithItsRevisions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		first := w.compose(50)
		w.clock = w.clock.Add(time.Hour)
		second := w.compose(90)
		ctx := w.as("viewer", keeper, auth.Viewer)
		got, err := w.service.Figure(ctx, rate.ID(), 0, Now)
		if err != nil {
			t.Fatal(err)
		}
		mean := got.Readings[0]
		if mean.How != indicator.Mean || mean.Number.Value != "50.0" || mean.Known != 4 || mean.Of != 7 || got.Grade != "E1" || got.Coverage.Known != 4 || got.Coverage.Of != 7 || got.Definition.Changed {
			t.Errorf("%+v, grade %s, coverage %+v, definition %+v", mean, got.Grade, got.Coverage, got.Definition)
		}
		if got.Revision != 2 || got.Superseded != nil || got.Hash != second.Hash().String() || len(got.Revisions) != 2 || got.Revisions[1].Reading.Number.Value != "40.0" {
			t.Errorf("%+v", got.Revisions)
		}
		if len(got.Missing) == 0 || got.Missing[0].Reason != indicator.NoData && got.Missing[0].Reason != indicator.Unagreed {
			t.Errorf("missing %+v", got.Missing)
		}
		if p := got.Population; p.Members != 7 || p.Doubles != 1 || p.Unplaced != 2 || p.Scope != "430000" {
			t.Errorf("%+v", p)
		}
		if len(got.Parts) != 3 || got.Parts[0].Name.En != "A county" || got.Parts[0].Away != nil || got.Parts[1].Name.En != "this node" || got.Parts[2].Name.En != "enterprises with a node of their own" {
			t.Errorf("parts %+v", got.Parts)
		}
		w.away = w.clock
		then, err := w.service.Figure(ctx, rate.ID(), 0, first.Commit)
		if err != nil || then.Revision != 1 || then.Superseded == nil || then.Readings[0].Number.Value != "40.0" || then.Parts[0].Away == nil {
			t.Errorf("as of the first commit: %+v, %v", then.FigureBrief, err)
		}
		if byNumber, err := w.service.Figure(ctx, rate.ID(), 1, Now); err != nil || byNumber.Hash != then.Hash {
			t.Errorf("revision 1: %v", err)
		}
		for name, ctx := range map[string]func() error{
			"another organisation": func() error {
				_, err := w.service.Figure(w.as("x", w.province, auth.Owner), rate.ID(), 0, Now)
				return err
			},
			"a figure that is not there": func() error { _, err := w.service.Figure(ctx, uuid.UUID{1}, 0, Now); return err },
			"another's board": func() error {
				_, _, err := w.service.Figures(w.as("x", w.province, auth.Owner), Board{Keeper: keeper}, store.Page{})
				return err
			},
			"another's enterprises": func() error {
				_, _, err := w.service.Firms(w.as("x", w.province, auth.Owner), rate.ID(), 0, Now, store.Page{})
				return err
			},
		} {
			if err := ctx(); !errors.Is(err, auth.ErrNotFound) && !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s is answered: %v", name, err)
			}
		}
		if _, err := w.service.Figure(t.Context(), rate.ID(), 0, Now); !errors.Is(err, auth.ErrUnauthenticated) {
			t.Errorf("nobody is answered: %v", err)
		}
	})
}

func TestEnterprisesAreToldAsOfTheRevision(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.compose(50)
		w.clock = w.clock.Add(time.Hour)
		w.compose(90)
		ctx := w.as("viewer", keeper, auth.Viewer)
		var all []FigureFirm
		err := store.Each(func(p store.Page) ([]FigureFirm, string, error) {
			p.Limit = 4
			return w.service.Firms(ctx, rate.ID(), 1, Now, p)
		}, func(f FigureFirm) error { all = append(all, f); return nil })
		if err != nil || len(all) != 7 {
			t.Fatalf("%d enterprises, %v", len(all), err)
		}
		if f := all[0]; f.Code != code(1) || f.Number == nil || f.Number.Value != "50.0" || f.Source != Local || f.Grade != "E1" || f.Filled == "" || f.Root == "" || f.At == nil {
			t.Errorf("%+v", f)
		}
		if f := all[2]; f.Number != nil || f.Grade != "" || f.Source != Local || len(f.Missing) != 2 || f.Missing[0].Reason != indicator.NoData {
			t.Errorf("what is not known: %+v", f)
		}
		for _, i := range []int{3, 4} {
			if f := all[i]; !f.Inside || f.Source != givenBy.String() || f.Number != nil {
				t.Errorf("what is inside an account: %+v", f)
			}
		}
		if f := all[6]; f.Source != Remote || f.Number == nil || f.Number.Value != "80.0" {
			t.Errorf("what has a node of its own: %+v", f)
		}
		unagreed := func(list []FigureFirm, places ...int) {
			for _, i := range places {
				if f := list[i]; f.Source != "" || f.Inside || f.Number != nil || f.Root != "" || f.At != nil || len(f.Missing) != 1 || f.Missing[0].Reason != indicator.Unagreed {
					t.Errorf("what has not agreed to be told: %+v", f)
				}
			}
		}
		unagreed(all, 1, 5) // 2 has its inputs on this node, for others
		w.ended = map[int]bool{1: true, 7: true}
		after, _, err := w.service.Firms(ctx, rate.ID(), 1, Now, store.Page{})
		if err != nil || len(after) != 7 {
			t.Fatal(err)
		}
		unagreed(after, 0, 1, 5, 6)
		w.ended = nil
		now, _, err := w.service.Firms(ctx, rate.ID(), 0, Now, store.Page{Limit: 1})
		if err != nil || now[0].Number.Value != "90.0" {
			t.Errorf("%+v, %v", now, err)
		}
		if _, _, err := w.service.Firms(ctx, rate.ID(), 0, Now, store.Page{After: "../x"}); !errors.Is(err, store.ErrCursor) {
			t.Errorf("a cursor that is none: %v", err)
		}
	})
}

func TestPeriodIsHandedInReturnedAndAccepted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		s := w.service
		boss, officer := w.as("boss", w.province, auth.Engineer), w.as("officer", keeper, auth.Engineer)
		in := Submission{Org: keeper, Kind: "year", Period: "2025", Reason: "年报"}
		if _, err := s.Submit(officer, in); !errors.Is(err, ErrSealEmpty) {
			t.Fatalf("nothing is handed in: %v", err)
		}
		w.compose(50)
		for name, x := range map[string]struct {
			in   Submission
			want *problem.Kind
		}{"a period that has not ended": {Submission{Org: keeper, Kind: "year", Period: "2026"}, ErrPeriod}, "no period": {Submission{Org: keeper, Kind: "year", Period: "26"}, ErrPeriod}} {
			if _, err := s.Submit(officer, x.in); !errors.Is(err, x.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := s.Submit(w.as("v", keeper, auth.Operator), in); !errors.Is(err, auth.ErrForbidden) {
			t.Errorf("an operator hands in: %v", err)
		}
		first, err := s.Submit(officer, in)
		if err != nil || first.State != Submitted || first.Figures != 1 || first.Root == (Hash{}) || first.By.Name != "officer" {
			t.Fatalf("%+v, %v", first, err)
		}
		if _, err := s.Submit(officer, in); !errors.Is(err, ErrSealState) {
			t.Errorf("it is handed in twice: %v", err)
		}
		decide := Decision{Org: keeper, Kind: "year", Period: "2025", Taker: w.province, State: Returned, Root: first.Root.String()}
		if _, err := s.Decide(boss, decide); !errors.Is(err, ErrReason) {
			t.Errorf("it is returned without a reason: %v", err)
		}
		decide.Reason = "企业3无数据"
		other := decide
		other.Taker = keeper
		if _, err := s.Decide(officer, other); !errors.Is(err, ErrTaker) {
			t.Errorf("the keeper decides on its own: %v", err)
		}
		if _, err := s.Decide(officer, decide); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("the keeper decides for the province: %v", err)
		}
		if _, err := s.Decide(boss, decide); err != nil {
			t.Fatal(err)
		}
		w.clock = w.clock.Add(time.Hour)
		second, err := s.Submit(officer, in)
		if err != nil || second.Step != 3 || second.Root != first.Root {
			t.Fatalf("%+v, %v", second, err)
		}
		decide.State, decide.Root = Accepted, Hash{1}.String()
		if _, err := s.Decide(boss, decide); !errors.Is(err, ErrSealRoot) {
			t.Errorf("something else is accepted: %v", err)
		}
		decide.Root = second.Root.String()
		if _, err := s.Decide(boss, decide); err != nil {
			t.Fatal(err)
		}
		told := func() *FigureSealed {
			list, _, err := s.Figures(w.as("v", keeper, auth.Viewer), Board{Keeper: keeper}, store.Page{})
			if err != nil || len(list) != 1 {
				t.Fatalf("%+v, %v", list, err)
			}
			return list[0].Seal
		}
		if got := told(); got == nil || *got != (FigureSealed{Accepted, false}) {
			t.Errorf("accepted: %+v", got)
		}
		w.clock = w.clock.Add(time.Hour)
		w.compose(90)
		if got := told(); got == nil || *got != (FigureSealed{Accepted, true}) {
			t.Errorf("restated after it was accepted: %+v", got)
		}
		decide.State, decide.Reason = Returned, "重新核对"
		if _, err := s.Decide(boss, decide); err != nil {
			t.Fatal(err)
		}
		if third, err := s.Submit(officer, in); err != nil || third.Root == first.Root {
			t.Errorf("%+v, %v", third, err)
		}
		steps, err := s.Seals(boss, keeper, "year", "2025")
		if err != nil || len(steps) != 6 || steps[0].State != Submitted || steps[1].TakerName.En != "A province" || steps[5].Reason != "年报" {
			t.Errorf("%+v, %v", steps, err)
		}
		if stand, err := s.Seals(officer, keeper, "", ""); err != nil || len(stand) != 1 || stand[0].Step != 6 {
			t.Errorf("%+v, %v", stand, err)
		}
		if _, err := s.Seals(w.as("x", uuid.UUID{3}, auth.Owner), keeper, "", ""); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("a stranger reads it: %v", err)
		}
		for org, want := range map[uuid.UUID]int{w.province: 3, keeper: 6} {
			entries, _, err := audit.List(t.Context(), db, auth.System(org), audit.Filter{Org: org}, store.Page{})
			if err != nil || len(entries) != want {
				t.Errorf("%d entries of the audit, want %d, %v", len(entries), want, err)
			}
		}
		leaves := proof.Must(s.store.Leaves(t.Context(), 0, 100))
		if len(leaves) != 6 || leaves[0].Fields[0].Text != "figure-seal" || leaves[0].At >= leaves[1].At {
			t.Errorf("leaves %+v", leaves)
		}
		if x, err := s.store.FindLeaf(t.Context(), leaves[3].ID); err != nil || !slices.Equal(x.Fields, leaves[3].Fields) {
			t.Errorf("%+v, %v", x, err)
		}
		if _, err := s.store.FindLeaf(t.Context(), uuid.UUID{1}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a leaf that is not there: %v", err)
		}
		if rest := proof.Must(s.store.Leaves(t.Context(), leaves[1].At, 2)); len(rest) != 2 || rest[0].ID != leaves[2].ID {
			t.Errorf("leaves behind the second: %+v", rest)
		}
	})
}

func TestManualValueStandsBesideTheComputedOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		s := w.service
		w.compose(50)
		one, two := w.as("one", keeper, auth.Engineer), w.as("two", keeper, auth.Engineer)
		in := NewManual{ManualKey{Org: keeper, Indicator: "networking", Filter: "designated=true", Kind: "year", Period: "2025", Reading: "mean"}, ManualValue{Value: "0.615", Unit: "1", Grade: "E1", Document: "sha256:paper", Reason: "统计年报"}}
		if _, err := s.Enter(w.as("v", keeper, auth.Operator), in); !errors.Is(err, auth.ErrForbidden) {
			t.Errorf("an operator enters: %v", err)
		}
		m, err := s.Enter(one, in)
		if err != nil || m.Revision != 1 || m.State != Entered || m.Grade != fact.Documented || m.Entered.Name != "one" {
			t.Fatalf("%+v, %v", m, err)
		}
		if _, err := s.Enter(one, in); !errors.Is(err, ErrThere) {
			t.Errorf("it is entered twice: %v", err)
		}
		if _, err := s.Confirm(one, m.ID(), 1); !errors.Is(err, ErrOwn) {
			t.Errorf("who entered it confirms it: %v", err)
		}
		if _, err := s.Confirm(two, m.ID(), 7); !errors.Is(err, ErrChanged) {
			t.Errorf("another revision is confirmed: %v", err)
		}
		if m, err = s.Confirm(two, m.ID(), 1); err != nil || m.State != Confirmed || m.Entered.Name != "one" || m.By.Name != "two" {
			t.Fatalf("%+v, %v", m, err)
		}
		asOf := m.At
		list, _, err := s.Figures(one, Board{Keeper: keeper}, store.Page{})
		if err != nil || len(list) != 1 || list[0].Readings[0].Number.Value != "40.0" || len(list[0].Manual) != 1 || list[0].Manual[0].Number.Value != "61.5" || list[0].Manual[0].Number.Unit != "%" {
			t.Fatalf("both are told: %+v, %v", list, err)
		}
		in.Value = "0.62"
		if m, err = s.Revise(two, m.ID(), ManualRevision{2, in.ManualValue}); err != nil || m.State != Entered || m.Revision != 3 || m.Entered.Name != "two" {
			t.Fatalf("%+v, %v", m, err)
		}
		if m, err = s.Withdraw(one, m.ID(), 3, "报表作废"); err != nil || m.State != Withdrawn {
			t.Fatalf("%+v, %v", m, err)
		}
		if _, err := s.Revise(two, m.ID(), ManualRevision{4, in.ManualValue}); !errors.Is(err, ErrState) {
			t.Errorf("what was withdrawn is revised: %v", err)
		}
		if list, _, _ = s.Figures(one, Board{Keeper: keeper}, store.Page{}); len(list[0].Manual) != 0 {
			t.Errorf("what was withdrawn is told beside the figure: %+v", list[0].Manual)
		}
		if list, _, _ = s.Figures(one, Board{Keeper: keeper, AsOf: asOf}, store.Page{}); len(list[0].Manual) != 1 || list[0].Manual[0].Value != "0.615" {
			t.Errorf("as of then: %+v", list[0].Manual)
		}
		if m, err = s.Enter(one, in); err != nil || m.Revision != 5 {
			t.Errorf("entered anew: %+v, %v", m, err)
		}
		leaves := proof.Must(s.store.Leaves(t.Context(), 0, 3))
		if len(leaves) != 3 || leaves[1].Fields[0].Text != "figure-manual" {
			t.Fatalf("leaves %+v", leaves)
		}
		if x, err := s.store.FindLeaf(t.Context(), leaves[1].ID); err != nil || !slices.Equal(x.Fields, leaves[1].Fields) {
			t.Errorf("%+v, %v", x, err)
		}
		all, err := s.ManualRevisions(one, m.ID())
		if err != nil || len(all) != 5 || all[4].Value != "0.615" || all[1].Reason != "报表作废" {
			t.Errorf("%+v, %v", all, err)
		}
		if _, err := s.ManualRevisions(w.as("x", w.province, auth.Owner), m.ID()); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("a stranger reads it: %v", err)
		}
	})
}

func TestWrongManualValuesAreRefused(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	ctx := w.as("one", keeper, auth.Engineer)
	for name, x := range map[string]struct {
		change func(*NewManual)
		want   *problem.Kind
	}{
		"an unknown indicator": {func(in *NewManual) { in.Indicator = "x" }, ErrIndicator}, "a filter": {func(in *NewManual) { in.Filter = "size=large&designated=true" }, ErrFilter},
		"a kind of period": {func(in *NewManual) { in.Kind, in.Period = "day", "2025-01-01" }, ErrPeriod}, "a period that has not ended": {func(in *NewManual) { in.Period = "2026" }, ErrPeriod},
		"a baseline": {func(in *NewManual) { in.Baseline = "2015-12-31" }, ErrBaseline}, "a credit code": {func(in *NewManual) { in.Code, in.Reading = "a b", "value" }, ErrBaseline},
		"a reading": {func(in *NewManual) { in.Reading = "median" }, ErrReading}, "the reading of an enterprise": {func(in *NewManual) { in.Code = code(1) }, ErrReading},
		"a number": {func(in *NewManual) { in.Value = "1,5" }, ErrValue}, "a unit": {func(in *NewManual) { in.Unit = "kW.h" }, ErrUnit}, "no unit": {func(in *NewManual) { in.Unit = "" }, ErrUnit},
		"E3": {func(in *NewManual) { in.Grade = "E3" }, ErrEvidence}, "E1 without a document": {func(in *NewManual) { in.Grade, in.Document = "E1", "" }, ErrEvidence}, "E2 without a third party": {func(in *NewManual) { in.Grade = "E2" }, ErrEvidence},
		"a document of nobody": {func(in *NewManual) { in.Document = "sha256:other" }, ErrDocument}, "no reason": {func(in *NewManual) { in.Reason = " " }, ErrReason},
	} {
		in := NewManual{ManualKey{Org: keeper, Indicator: "networking", Kind: "year", Period: "2025", Reading: "mean"}, ManualValue{Value: "61.5", Unit: "%", Grade: "E0", Document: "sha256:paper", Reason: "统计年报"}}
		x.change(&in)
		if _, err := w.service.Enter(ctx, in); !errors.Is(err, x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeeperSaysWhatItHasFiguresOf(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		s := w.service
		ctx := w.as("officer", keeper, auth.Engineer)
		if k, err := s.Keeper(ctx, keeper); err != nil || k.Version != 0 || k.Adopted == nil {
			t.Errorf("%+v, %v", k, err)
		}
		for name, x := range map[string]struct {
			in   NewKeeper
			want *problem.Kind
		}{
			"a division": {NewKeeper{Scope: "43", Reason: "开始采用"}, ErrScope}, "a policy": {NewKeeper{Adopted: []string{"x"}, Reason: "开始采用"}, ErrPolicy}, "a reason": {NewKeeper{}, ErrReason}, "a version": {NewKeeper{Basis: 4, Reason: "开始采用"}, ErrChanged},
		} {
			if _, err := s.SetKeeper(ctx, keeper, x.in); !errors.Is(err, x.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		first, err := s.SetKeeper(ctx, keeper, NewKeeper{Scope: "430000", Adopted: []string{"hn2026", "hn2026"}, Reason: "采用湖南政策"})
		if err != nil || first.Version != 1 || len(first.Adopted) != 1 {
			t.Fatalf("%+v, %v", first, err)
		}
		second, err := s.SetKeeper(ctx, keeper, NewKeeper{Basis: 1, Scope: "430100", Reason: "只看本市"})
		if err != nil {
			t.Fatal(err)
		}
		if k := proof.Must(s.store.Keeper(ctx, db, keeper, first.At)); k.Scope != "430000" || len(k.Adopted) != 1 {
			t.Errorf("as of then: %+v", k)
		}
		if list := proof.Must(s.store.Keepers(ctx, db)); len(list) != 1 || list[0].Version != 2 || list[0].At != second.At {
			t.Errorf("%+v", list)
		}
		if list, err := s.KeeperVersions(ctx, keeper); err != nil || len(list) != 2 || list[1].Reason != "采用湖南政策" || list[0].By.Name != "officer" {
			t.Errorf("%+v, %v", list, err)
		}
		if q := proof.Must(s.store.Take(ctx, db, 10)); len(q) != 1 || q[0].Keeper != keeper || q[0].Code != "" {
			t.Errorf("all is to be worked out again: %+v", q)
		}
		if _, err := s.SetKeeper(w.as("v", keeper, auth.Operator), keeper, NewKeeper{Basis: 2, Reason: "开始采用"}); !errors.Is(err, auth.ErrForbidden) {
			t.Errorf("an operator changes it: %v", err)
		}
	})
}

func TestEveryProblemHasWords(t *testing.T) {
	if missing := proof.Must(problem.ReadCatalogue(texts, "texts")).Missing(problems()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
}

package figure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

// province is a keeper whose county, a keeper on another node, hands periods in to it. Each has a database of its own; every step begins
// with programs that were started again.
type province struct {
	*tree
	top, county *treeNode
	a           *org.Agreement
	above       *Service
	below       *Service
	away        bool // the county is not linked
	lost        int  // answers that get lost on their way back
	brought     int  // questions that reached the county
}

// provinceParties are those of a node of the tree.
type provinceParties struct {
	n *treeNode
	w *province
}

func (p provinceParties) Takers(context.Context, uuid.UUID) ([]Taker, error) { return nil, nil }
func (p provinceParties) Given(_ context.Context, keeper uuid.UUID) (out []org.Agreement, err error) {
	for _, a := range p.n.w.agreed {
		if a.Taker.Org == keeper && a.Ended == 0 {
			out = append(out, a)
		}
	}
	return out, nil
}
func (p provinceParties) Giver(_ context.Context, id uuid.UUID) (text.Text, time.Time, error) {
	if p.w.away {
		return text.Both("county"), p.n.w.now.Add(-time.Hour), nil
	}
	return text.Both("county"), time.Time{}, nil
}

type namedKeepers struct{}

func (namedKeepers) Name(context.Context, uuid.UUID) (text.Text, error) {
	return text.Both("a keeper"), nil
}

func (w *province) restart() {
	w.tree.now = w.tree.now.Add(time.Minute)
	open := func(n *treeNode) *Service {
		n.start()
		return proof.Must(New(w.t.Context(), Options{DB: n.db, Library: w.library, Orgs: namedKeepers{}, Parties: provinceParties{n, w}, Now: func() time.Time { return w.tree.now }}))
	}
	w.above, w.below = open(w.top), open(w.county)
}

// flow lets everything through: records up, decisions down.
func (w *province) flow() {
	w.heal()
	for range 4 {
		list := proof.Must(w.above.store.waiting(w.t.Context()))
		for i := range list {
			_, _ = w.above.bring(w.t.Context(), Delivery{Ask: w.ask}, &list[i])
		}
		w.heal()
	}
}

func (w *province) ask(ctx context.Context, agreement uuid.UUID, verb string, body json.RawMessage) (json.RawMessage, error) {
	if verb != AskDecide || agreement != w.a.ID {
		w.t.Errorf("%s is asked", verb)
	}
	v, err := w.below.AnswerDecide(ctx, w.a, body)
	if err != nil {
		return nil, err
	}
	w.brought++
	if w.lost > 0 {
		w.lost--
		return nil, errors.New("the link ended")
	}
	return json.Marshal(v)
}

func (w *province) as(name string, n *treeNode) context.Context {
	return auth.With(w.t.Context(), authtest.Person(name, map[uuid.UUID]auth.Role{n.keeper: auth.Owner}))
}

func newProvince(t *testing.T, open func(testing.TB) *store.DB) *province {
	w := &province{tree: seedling(t, testLibrary(t), map[inputKey]int{})}
	w.top = w.node(nil, true)
	w.county = w.node(w.top, true)
	w.top.db, w.county.db = open(t), open(t)
	for _, n := range w.nodes {
		if err := audit.Migrate(t.Context(), n.db); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		w.list(w.county, w.county, "large", true)
	}
	w.tree.agree()
	w.a = &w.agreed[slices.IndexFunc(w.agreed, func(a org.Agreement) bool { return a.Detail == org.DetailAggregate })]
	w.a.Taker.Name, w.a.Giver.Name = text.Both("province"), text.Both("county")
	w.restart()
	w.heal()
	return w
}

// change has an enterprise of the county say something else of a month.
func (w *province) change(period string) {
	w.said[inputKey{0, "rate", period}]++
	w.county.changes = append(w.county.changes, Change{Org: w.firms[0].Org, What: "declared:a"})
}

func (w *province) handed(period string) HandedView {
	w.t.Helper()
	for _, v := range proof.Must(w.above.HandedTo(w.as("governor", w.top), w.top.keeper)) {
		if v.Period.Label == period {
			return v
		}
	}
	return HandedView{}
}

// counted is the account by which the province counts the county's rate of a month.
func (w *province) counted(period string) []byte {
	w.t.Helper()
	f, err := w.top.store.Figure(w.t.Context(), w.top.db, Key{Keeper: w.top.keeper, Indicator: "rate", Filter: All, Kind: "month", Period: period}.ID(), Now)
	if err != nil {
		w.t.Fatal(err)
	}
	return f.Account
}

func (w *province) part(period string) FigurePart {
	w.t.Helper()
	d := proof.Must(w.above.Figure(w.as("governor", w.top), Key{Keeper: w.top.keeper, Indicator: "rate", Filter: All, Kind: "month", Period: period}.ID(), 0, Now))
	i := slices.IndexFunc(d.Parts, func(p FigurePart) bool { return p.Kind == Account })
	return d.Parts[i]
}

func (w *province) decision(v HandedView, state, reason string) Decision {
	return Decision{Org: w.county.keeper, Kind: v.Period.Kind, Period: v.Period.Label, Taker: w.top.keeper, State: state, Root: v.Root, Reason: reason, Agreement: &v.Agreement}
}

// A period is handed in, returned, handed in again, accepted, restated, opened and accepted again: over a link that is mostly down, with
// programs that start again between any two steps, and answers that get lost. Both sides say who, when and why, and the accepted figures
// are those that count above.
func TestAPeriodIsHandedInAcceptedAndOpenedOverALink(t *testing.T) {
	for engine, open := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(engine, func(t *testing.T) {
			w := newProvince(t, open)
			const month = "2026-09"
			clerk, governor := func() context.Context { return w.as("clerk", w.county) }, func() context.Context { return w.as("governor", w.top) }
			in := Submission{Org: w.county.keeper, Kind: "month", Period: month, Reason: "complete"}
			proof.Must(w.below.Submit(clerk(), in))
			if v := w.handed(month); v.State != "" {
				t.Errorf("it is above before it could be: %+v", v)
			}
			w.restart()
			w.flow()
			first := w.handed(month)
			if first.State != Submitted || first.By != "clerk" || first.Reason != "complete" || first.Step != 1 || first.Here != first.Figures || first.Figures == 0 {
				t.Fatalf("handed in: %+v", first)
			}
			if _, err := w.above.Decide(governor(), w.decision(first, Returned, "")); !errors.Is(err, ErrReason) {
				t.Errorf("without a reason: %v", err)
			}
			if _, err := w.above.Decide(clerk(), w.decision(first, Accepted, "")); !errors.Is(err, auth.ErrNotFound) {
				t.Errorf("by the county itself: %v", err)
			}
			w.away = true // it is returned while the county is not linked
			w.restart()
			proof.Must(w.above.Decide(governor(), w.decision(first, Returned, "look at 09 again")))
			w.flow()
			if v := w.handed(month); v.State != Returned || !v.Waiting || v.By != "governor" || w.brought != 0 {
				t.Errorf("returned, on its way: %+v", v)
			}
			w.restart()
			w.away, w.lost = false, 2 // and the first two answers get lost
			w.flow()
			steps := proof.Must(w.below.Seals(clerk(), w.county.keeper, "month", month))
			if len(steps) != 2 || steps[0].State != Returned || steps[0].Reason != "look at 09 again" || steps[0].By.Name != "governor · province" || steps[0].By.Kind != "node" || w.brought != 3 {
				t.Fatalf("below after %d: %+v", w.brought, steps)
			}
			if v := w.handed(month); v.State != Returned || v.Waiting || v.By != "governor · province" {
				t.Errorf("returned: %+v", v)
			}
			w.restart()
			w.change(month)
			w.heal()
			w.restart()
			proof.Must(w.below.Submit(clerk(), Submission{Org: w.county.keeper, Kind: "month", Period: month, Reason: "mended"}))
			w.restart()
			w.flow()
			second := w.handed(month)
			if second.State != Submitted || second.Step != 3 || second.Root == first.Root || second.Here != second.Figures {
				t.Fatalf("handed in again: %+v", second)
			}
			if _, err := w.above.Decide(governor(), w.decision(first, Accepted, "")); !errors.Is(err, ErrSealRoot) {
				t.Errorf("on what does not stand: %v", err)
			}
			proof.Must(w.above.Decide(governor(), w.decision(second, Accepted, "")))
			w.restart()
			w.flow()
			sealed := w.counted(month)
			if v := w.handed(month); v.State != Accepted || v.Waiting || v.Later != 0 {
				t.Errorf("accepted: %+v", v)
			}
			if p := w.part(month); !p.Sealed || p.Later != nil {
				t.Errorf("its part: %+v", p)
			}
			w.restart()
			w.change(month) // late
			w.flow()
			if !bytes.Equal(w.counted(month), sealed) {
				t.Error("what came late counts in an accepted period")
			}
			if v := w.handed(month); v.Later == 0 || v.State != Accepted {
				t.Errorf("what came late is not told: %+v", v)
			}
			if p := w.part(month); !p.Sealed || p.Later == nil {
				t.Errorf("its part: %+v", p)
			}
			w.restart()
			proof.Must(w.above.Decide(governor(), w.decision(second, Returned, "late data")))
			w.restart()
			w.flow()
			if bytes.Equal(w.counted(month), sealed) {
				t.Error("an open period counts what was accepted")
			}
			if steps := proof.Must(w.below.Seals(clerk(), w.county.keeper, "month", month)); len(steps) != 5 || steps[0].State != Returned || steps[0].Reason != "late data" {
				t.Errorf("below: %+v", steps)
			}
			if list := proof.Must(w.above.HandedSteps(governor(), w.top.keeper, w.a.ID, "month", month)); len(list) != 8 {
				t.Errorf("above: %+v", list)
			}
			// Everything told again in the stream changes nothing.
			before := proof.Must(w.above.HandedSteps(governor(), w.top.keeper, w.a.ID, "month", month))
			if err := w.county.c.Afresh(t.Context(), w.a.ID); err != nil {
				t.Fatal(err)
			}
			w.flow()
			if after := proof.Must(w.above.HandedSteps(governor(), w.top.keeper, w.a.ID, "month", month)); len(after) != len(before) {
				t.Errorf("told again: %d steps, %d before", len(after), len(before))
			}
		})
	}
}

// What was decided while the giver handed in something else is refused by it, and does not count.
func TestADecisionThatCameTooLateDoesNotCount(t *testing.T) {
	w := newProvince(t, storetest.SQLite)
	const month = "2026-09"
	proof.Must(w.below.Submit(w.as("clerk", w.county), Submission{Org: w.county.keeper, Kind: "month", Period: month}))
	w.flow()
	v := w.handed(month)
	proof.Must(w.above.Decide(w.as("governor", w.top), w.decision(v, Accepted, "")))
	// Meanwhile the county's node was restored from a copy and has it returned by hand: its step is another.
	if _, err := w.county.db.NewRaw("UPDATE figure_seal SET state = 'returned'").Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.flow()
	list := proof.Must(w.above.HandedSteps(w.as("governor", w.top), w.top.keeper, w.a.ID, "month", month))
	i := slices.IndexFunc(list, func(s HandedStep) bool { return s.Decided })
	if i < 0 || list[i].Outcome != Refused || list[i].Why.En == "" || list[i].Settled == nil {
		t.Errorf("%+v", list)
	}
	if v := w.handed(month); v.State != Submitted {
		t.Errorf("%+v", v)
	}
	if p := w.part(month); p.Sealed {
		t.Errorf("%+v", p)
	}
}

func TestDecisionsThatCannotBeReadAreRefused(t *testing.T) {
	w := newProvince(t, storetest.SQLite)
	good := ruled{uuid.New(), "month", "2026-09", 1, strings.Repeat("ab", 32), Accepted, "", "governor"}
	for name, change := range map[string]func(*ruled){
		"no id": func(r *ruled) { r.ID = uuid.Nil }, "no period": func(r *ruled) { r.Period = "2026" }, "no hash": func(r *ruled) { r.Root = "x" },
		"submitted": func(r *ruled) { r.State = Submitted }, "nobody": func(r *ruled) { r.By = " " }, "too long": func(r *ruled) { r.Reason = strings.Repeat("x", maxWords+1) },
	} {
		in := good
		change(&in)
		if _, err := w.below.AnswerDecide(t.Context(), w.a, proof.Must(json.Marshal(in))); !errors.Is(err, ErrQuestion) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if v, err := w.below.AnswerDecide(t.Context(), w.a, proof.Must(json.Marshal(good))); err != nil || v.(verdict).Outcome != Refused {
		t.Errorf("of nothing that was handed in: %+v %v", v, err)
	}
}

func TestASealIsReadAsItWasWritten(t *testing.T) {
	f := func(step uint16, reason string, root [32]byte, decision [16]byte) bool {
		x := &TellSeal{Kind: "month", Period: "2026-09", Step: int64(step) + 1, State: Submitted, Reason: strings.ToValidUTF8(reason, ""), By: "某人", Decision: decision, AsOf: 5, At: 6}
		for _, name := range []string{"has", "rate"} {
			x.Figures = append(x.Figures, SealedFigure{Key{Indicator: name, Filter: All, Kind: "month", Period: "2026-09"}, 3, root})
		}
		b := EncodeRecord(x)
		got, err := DecodeRecord(b)
		return err == nil && bytes.Equal(EncodeRecord(got), b)
	}
	if err := quick.Check(f, nil); err != nil {
		t.Error(err)
	}
	x := &TellSeal{Kind: "month", Period: "2026-09", Step: 1, State: Accepted, Figures: []SealedFigure{{Key{Indicator: "rate", Filter: All, Kind: "month", Period: "2026-09"}, 1, Hash{}}}}
	if _, err := DecodeRecord(EncodeRecord(x)); !errors.Is(err, ErrBytes) {
		t.Errorf("a decision with figures: %v", err)
	}
}

// step is a submission as it is told.
func step() *TellSeal {
	x := &TellSeal{Kind: "month", Period: "2026-09", Step: 3, State: Submitted, Reason: "complete", By: "某人", AsOf: 5, At: 6}
	for _, name := range []string{"has", "rate"} {
		x.Figures = append(x.Figures, SealedFigure{Key{Indicator: name, Filter: All, Kind: "month", Period: "2026-09"}, 3, Hash{1}})
	}
	return x
}

func TestTheBytesOfAStepStay(t *testing.T) {
	const want = "6861d27100cc69ab55e5c08c13b4c1279f656e7a79fbdb8d04561500de2e2513"
	x := step()
	if got := Sum(EncodeRecord(x)).String(); got != want || x.Root() == (Hash{}) {
		t.Errorf("a step has the bytes of %s", got)
	}
}

// Whatever comes in a stream is refused, unknown, or exactly what would be written.
func FuzzRecord(f *testing.F) {
	told := NewPopulation(uuid.Nil, "", All, "2026-06-30", members(), 0, 0).told()
	key := Key{Indicator: "rate", Filter: All, Kind: "month", Period: "2026-09"}
	for _, r := range []Record{
		step(), &TellSeal{Kind: "year", Period: "2025", Step: 2, State: Returned, Reason: "no", By: "she", Decision: uuid.UUID{1}, AsOf: 1, At: 2},
		&TellPopulation{told}, &TellAccount{Key: key, Revision: 1, Account: []byte{1}}, &TellObservation{Key: key.Of("914300000000000011"), Observation: []byte{1}},
		&TellEnterprise{members()[0]}, &TellPiece{Hash{1}, 0, 2, []byte{1}}, &TellProof{1, []Hash{{1}, {2}}, []Own{{1, Hash{3}}}, []byte{4}},
	} {
		f.Add(EncodeRecord(r))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := DecodeRecord(b); err == nil && r != nil && !bytes.Equal(EncodeRecord(r), b) {
			t.Errorf("% x is read and % x written", b, EncodeRecord(r))
		}
	})
}

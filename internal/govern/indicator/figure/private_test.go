package figure

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
)

// Whatever is agreed, each record of each stream is in its agreement: its indicator and population, its period, its depth. Of enterprises
// in accounts nothing is told but the code; of few enterprises nothing but that they are few; of a commit's other items nothing.
func TestNothingBeyondAnAgreementLeaves(t *testing.T) {
	l := testLibrary(t)
	w := newTree(t, l, 11, 12, map[inputKey]int{})
	r := rand.New(rand.NewPCG(11, 3))
	for i := range w.agreed {
		a := &w.agreed[i]
		a.Figures = slices.DeleteFunc(slices.Clone(a.Figures), func(string) bool { return r.IntN(3) == 0 })
		if r.IntN(3) == 0 {
			a.Since = "2026-06-01"
		}
	}
	w.heal()
	for range 12 { // and while things change
		f := r.IntN(len(w.firms))
		w.said[inputKey{f, "rate", "2026-06"}]++
		home := w.firms[f].home
		home.changes = append(home.changes, Change{Org: w.firms[f].Org, What: "declared:a"})
		if r.IntN(4) == 0 {
			_ = home.c.Afresh(t.Context(), w.agreed[r.IntN(len(w.agreed))].ID)
		}
		w.heal()
	}
	w.handIn()
	kinds := map[byte]int{}
	for i := range w.agreed {
		a := &w.agreed[i]
		if s := w.streams[a.ID]; s != nil {
			for _, b := range wholeRecords(t, s.records) {
				kinds[b[0]]++
				leaves(t, l, a, b)
			}
		}
	}
	for _, k := range []byte{recordPopulation, recordAccount, recordEnterprise, recordObservation, recordProof, recordSeal} {
		if kinds[k] == 0 {
			t.Errorf("no record of kind %d was told: %v", k, kinds)
		}
	}
}

// wholeRecords puts pieces together.
func wholeRecords(t *testing.T, list [][]byte) (out [][]byte) {
	var cut []*TellPiece
	for _, b := range list {
		r, err := DecodeRecord(b)
		if err != nil {
			t.Fatal(err)
		}
		p, ok := r.(*TellPiece)
		if !ok {
			out = append(out, b)
			continue
		}
		if cut = append(cut, p); len(cut) == p.Of {
			b, err := whole(cut)
			if err != nil {
				t.Fatal(err)
			}
			out, cut = append(out, b), nil
		}
	}
	return out
}

// handIn has every keeper hand in a month and a year, and somebody else return the month.
func (w *tree) handIn() {
	ctx := w.t.Context()
	for _, n := range w.nodes {
		if n.keeper == uuid.Nil {
			continue
		}
		if err := audit.Migrate(ctx, n.db); err != nil {
			w.t.Fatal(err)
		}
		s := proof.Must(New(ctx, Options{DB: n.db, Library: w.library, Orgs: namedKeepers{}, Now: func() time.Time { return w.now }}))
		clerk := auth.With(ctx, authtest.Person("clerk", map[uuid.UUID]auth.Role{n.keeper: auth.Owner}))
		for kind, label := range map[string]string{"month": "2026-09", "year": "2025"} {
			x, err := s.Submit(clerk, Submission{Org: n.keeper, Kind: kind, Period: label, Reason: "handed in"})
			if errors.Is(err, ErrSealEmpty) {
				continue
			}
			if err != nil {
				w.t.Fatal(err)
			}
			if kind == "year" {
				continue
			}
			err = n.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
				_, err := s.DecideFor(ctx, tx, auth.System(n.keeper), uuid.New(), Decision{Org: n.keeper, Kind: kind, Period: label, Taker: uuid.New(), State: Returned, Root: x.Root.String(), Reason: "to nobody else"})
				return err
			})
			if err != nil {
				w.t.Fatal(err)
			}
		}
	}
	w.heal()
}

func leaves(t *testing.T, l *indicator.Library, a *org.Agreement, b []byte) {
	t.Helper()
	r, err := DecodeRecord(b)
	if err != nil {
		t.Fatal(err)
	}
	named := func(k Key, filter string) {
		p, ok := k.Time()
		if !ok || !tells(a, p) || k.Keeper != uuid.Nil || !slices.ContainsFunc(a.Figures, func(s string) bool {
			i, err := ParseItem(s)
			return err == nil && i.Indicator == k.Indicator && i.Baseline == k.Baseline && (filter == "" || i.Filter == filter)
		}) {
			t.Errorf("%s is told under an agreement on %v since %q", k, a.Figures, a.Since)
		}
	}
	switch x := r.(type) {
	case *TellPopulation:
		if a.Detail != org.DetailAggregate || x.Keeper != uuid.Nil {
			t.Errorf("a population of %s is told", x.Keeper)
		}
		for _, m := range x.Members {
			if m.Name+m.Region+m.Size+m.Industry+m.Cluster != "" || m.Org != uuid.Nil || m.Entry != uuid.Nil || len(m.Tags) > 0 || m.Designated {
				t.Errorf("of %s more than its code is told", m.Code)
			}
		}
	case *TellAccount:
		named(x.Key, x.Key.Filter)
		d := l.Definition(x.Key.Indicator)
		if d.Of == indicator.OfRegion {
			union, err := l.DecodeUnion(d, x.Account)
			if err != nil || a.Detail != org.DetailAggregate || x.Population != (Hash{}) || string(union.Told().Encode()) != string(x.Account) {
				t.Errorf("the account of %s tells more than facts: %v", x.Key, err)
			}
			return
		}
		account, err := l.DecodeAccount(d, x.Account)
		if err != nil {
			t.Fatalf("the account of %s: %v", x.Key, err)
		}
		if a.Detail != org.DetailAggregate || d.Suppress > 0 && account.Known() > 0 && account.Known() < d.Suppress {
			t.Errorf("the account of %s tells of %d: %v", x.Key, account.Known(), err)
		}
	case *TellEnterprise:
		if a.Detail != org.DetailEnterprise || x.Code != a.Giver.CreditCode || x.Org != uuid.Nil {
			t.Errorf("%s is told by %s", x.Code, a.Giver.CreditCode)
		}
	case *TellObservation:
		named(x.Key, "")
		if a.Detail != org.DetailEnterprise || x.Key.Code != a.Giver.CreditCode {
			t.Errorf("%s is told by %s", x.Key, a.Giver.CreditCode)
		}
	case *TellProof:
		if len(x.Own) == 0 || len(x.Own) > len(x.Items) {
			t.Errorf("a proof opens %d of %d items", len(x.Own), len(x.Items))
		}
	case *TellSeal:
		if p, ok := (Key{Kind: x.Kind, Period: x.Period}).Time(); !ok || !tells(a, p) || a.Detail != org.DetailAggregate {
			t.Errorf("%s is told to have been handed in under an agreement since %q", x.Period, a.Since)
		}
		for _, f := range x.Figures {
			named(f.Key, f.Key.Filter)
		}
		if x.State != Submitted && (x.Reason != "" || x.By != "") {
			t.Errorf("what another taker decided is told: %q by %q", x.Reason, x.By)
		}
	default:
		t.Errorf("%T is told", r)
	}
}

package figure

import (
	"slices"
	"testing"
	"time"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
)

// sapling is a small tree by hand: a root above two keepers; the first hosts firms 0 and 1, the second firm 2, firm 3 has a node of its own
// below it; firm 4 is listed at the root and has agreed to nothing.
func sapling(t *testing.T) (w *tree, root, east, west *treeNode) {
	w = seedling(t, testLibrary(t), map[inputKey]int{})
	root, east, west = w.node(nil, true), nil, nil
	east, west = w.node(root, true), w.node(root, true)
	own := w.node(west, false)
	w.list(east, east, "large", true)
	w.list(east, east, "small", true)
	w.list(west, west, "large", true)
	w.list(west, own, "large", true)
	w.list(root, root, "large", false)
	w.agree()
	return w, root, east, west
}

var june = Key{Indicator: "rate", Filter: All, Kind: "month", Period: "2026-06"}

// of is what stands of a key at a keeper.
func (n *treeNode) of(k Key, asOf int64) *Figure {
	n.w.t.Helper()
	k.Keeper = n.keeper
	return proof.Must(n.store.Figure(n.w.t.Context(), n.db, k.ID(), asOf))
}

func (n *treeNode) account(k Key) *indicator.Account {
	return proof.Must(n.w.library.DecodeAccount(n.w.library.Definition(k.Indicator), n.of(k, Now).Account))
}

// One late value: the figures that rest on it say something else at every level, what was told before is told as of then, and nothing
// else has changed.
func TestOneLateValueRestatesWhatRestsOnIt(t *testing.T) {
	w, root, _, west := sapling(t)
	w.heal()
	type at struct {
		n *treeNode
		k Key
	}
	before := map[at]*Figure{}
	for _, n := range w.nodes {
		for k, f := range n.figures() {
			before[at{n, k}] = f
		}
	}
	old := root.of(june, Now)
	w.now = w.now.Add(time.Minute)
	w.said[inputKey{3, "rate", "2026-06"}]++
	home := w.firms[3].home
	home.changes = append(home.changes, Change{Org: w.firms[3].Org, What: "declared:a", From: 0})
	w.heal()
	for x, f := range before {
		g := x.n.figures()[x.k]
		rests := x.k.Indicator == "rate" && x.k.Period == "2026-06" && (x.n == root || x.n == west)
		if moved := g.Revision != f.Revision; moved != rests {
			t.Errorf("%s: from revision %d to %d", x.k, f.Revision, g.Revision)
		}
	}
	if g := root.of(june, old.Commit); g.Hash() != old.Hash() {
		t.Error("what was told before is not told as of then")
	}
	if root.of(june, Now).Revision != old.Revision+1 {
		t.Errorf("revision %d", root.of(june, Now).Revision)
	}
}

// Who is in two children's accounts counts once: the second account is left out whole, with its reason and the codes, and its others are
// missing, never zero.
func TestNobodyCountsTwice(t *testing.T) {
	w, root, east, west := sapling(t)
	west.firms = append(west.firms, 0) // west lists it too, and it has agreed to give to both
	a := w.agreed[slices.IndexFunc(w.agreed, func(a org.Agreement) bool { return a.Giver.CreditCode == w.firms[0].Code })]
	a.ID, a.Taker = id('b', 1), org.Party{Node: west.id, Org: west.keeper}
	w.streams[a.ID] = &treeStream{}
	w.agreed = append(w.agreed, a)
	w.heal()
	f := root.of(june, Now)
	var isolated *Part
	for i := range f.Parts {
		if f.Parts[i].State == Isolated {
			isolated = &f.Parts[i]
		}
	}
	if isolated == nil || isolated.Reason != Double || !slices.Equal(isolated.Codes, []string{w.firms[0].Code}) || isolated.Members != 3 {
		t.Fatalf("%+v", f.Parts)
	}
	acc := root.account(june)
	missing := map[indicator.Lack]int{}
	for _, x := range acc.Absent() {
		missing[x.Reason] += x.Firms
	}
	if acc.Of() != 5 || missing[indicator.Isolated] != 2 || missing[indicator.Unagreed] != 1 {
		t.Errorf("of %d, %v", acc.Of(), missing)
	}
	if n := east.account(june).Of(); n != 2 {
		t.Errorf("east counts %d", n)
	}
}

// A child that is cut off before it has said anything is missing by name; one that falls silent keeps what it said.
func TestWhatWasNotDeliveredIsMissing(t *testing.T) {
	w, root, _, west := sapling(t)
	a := w.agreed[slices.IndexFunc(w.agreed, func(a org.Agreement) bool { return a.Giver.Org == west.keeper })]
	w.streams[a.ID].cut = true
	for range 40 {
		w.arrive(100)
		for _, n := range w.nodes {
			n.step()
		}
	}
	f := root.of(june, Now)
	at := slices.IndexFunc(f.Parts, func(p Part) bool { return p.Source == a.ID.String() })
	if at < 0 || f.Parts[at].State != Undelivered || f.Parts[at].Known != 0 || root.account(june).Of() != 3 {
		t.Errorf("%+v of %d", f.Parts, root.account(june).Of())
	}
	w.heal()
	if n := root.account(june).Of(); n != 5 {
		t.Errorf("of %d when it has come", n)
	}
	said := root.account(june).Known()
	w.streams[a.ID].cut = true
	w.heal()
	if n := root.account(june).Known(); n != said {
		t.Errorf("%d are known of a silent child, before %d", n, said)
	}
}

// The end of an agreement takes what it gave out of what stands; it is still told as of then.
func TestAnEndedAgreementGivesNothing(t *testing.T) {
	w, root, east, _ := sapling(t)
	w.heal()
	old := root.of(june, Now)
	w.now = w.now.Add(2 * time.Minute)
	i := slices.IndexFunc(w.agreed, func(a org.Agreement) bool { return a.Giver.Org == east.keeper })
	w.agreed[i].Ended = w.now.UnixNano()
	w.acts = append(w.acts, org.AgreementAct{N: uint64(len(w.acts) + 1), Agreement: w.agreed[i].ID})
	w.heal()
	if n := root.account(june).Of(); n != 3 || len(root.of(june, Now).Parts) != 1 {
		t.Errorf("of %d, %+v", n, root.of(june, Now).Parts)
	}
	if root.of(june, old.Commit).Hash() != old.Hash() {
		t.Error("what was told before is not told as of then")
	}
}

// What is not in the agreement, or is not what it says it is, is left out with its reason, and the rest of the stream counts.
func TestRecordsBeyondTheAgreementAreRefused(t *testing.T) {
	w, root, _, west := sapling(t)
	w.heal()
	var why []string
	root.c.o.Refused = func(_ *org.Agreement, _ uint64, err error) { why = append(why, err.Error()) }
	a := w.agreed[slices.IndexFunc(w.agreed, func(a org.Agreement) bool { return a.Giver.Org == west.keeper })]
	own := w.agreed[slices.IndexFunc(w.agreed, func(a org.Agreement) bool { return a.Giver.CreditCode == w.firms[3].Code })]
	west.c.o.Refused = root.c.o.Refused
	before := root.of(june, Now)
	d := w.library.Definition("rate")
	acc := indicator.NewAccount(d)
	acc.Miss(7, indicator.NoData)
	pop := NewPopulation(org.Party{}.Org, "", All, "2026-06-30", []indicator.Enterprise{{Code: "X1"}}, 0, 0)
	v := w.observe(3, d, mustPeriod(june), "")
	o := v.Observation()
	put := func(a org.Agreement, records ...Record) {
		w.streams[a.ID].records = append(w.streams[a.ID].records, Tell(records...)...)
	}
	account := func(k Key, h Hash) *TellAccount {
		return &TellAccount{Key: k, Revision: 1, Definition: definitionHash(d), Population: h, Account: acc.Encode()}
	}
	narrow := june
	narrow.Filter = "size=small"
	put(a, &TellPopulation{pop}, account(narrow, pop.Hash()), account(june, pop.Hash()), account(june, Hash{1}),
		&TellObservation{Key: june.Of(w.firms[3].Code), Definition: definitionHash(d), Observation: o.Encode()})
	put(own, &TellObservation{Key: june.Of(w.firms[2].Code), Definition: definitionHash(d), Observation: o.Encode()}, &TellEnterprise{w.firms[2].Enterprise},
		&TellObservation{Key: june.Of(w.firms[3].Code), Definition: Hash{9}, Observation: o.Encode()})
	w.streams[own.ID].records = append(w.streams[own.ID].records, []byte{3, 1, 2}, []byte{200, 1})
	w.heal()
	if len(why) != 8 {
		t.Errorf("%d were refused: %q", len(why), why)
	}
	if g := root.of(june, Now); g.Hash() != before.Hash() {
		t.Error("what was refused has changed a figure")
	}
	if st := proof.Must(root.store.Cursor(t.Context(), root.db, "given:"+a.ID.String())); int(st.Position) != len(w.streams[a.ID].records) {
		t.Errorf("the stream stands still at %d", st.Position)
	}
}

func mustPeriod(k Key) indicator.Period {
	p, ok := k.Time()
	if !ok {
		panic(k)
	}
	return p
}

// Late readings reach the period in which they lie, and what compares with it; facts also what comes after.
func TestWhatAChangeReaches(t *testing.T) {
	l := testLibrary(t)
	c := NewComposer(ComposerOptions{Library: l})
	period := func(label string) indicator.Period {
		return mustPeriod(Key{Kind: "year", Period: label})
	}
	for _, x := range []struct {
		what, id, year string
		want           bool
	}{
		{indicator.TouchReadings, "rate", "2023", false},
		{indicator.TouchReadings, "rate", "2024", true},
		{indicator.TouchReadings, "rate", "2025", false},
		{indicator.TouchReadings, "change", "2025", true},
		{indicator.TouchFact + ":order", "rate", "2023", false},
		{indicator.TouchFact + ":order", "rate", "2025", true},
	} {
		change := &Change{What: x.what, From: period("2024").Begin(), To: period("2024").End()}
		if got := c.reaches(change, l.Definition(x.id), period(x.year)); got != x.want {
			t.Errorf("%s in 2024 and %s of %s: %v", x.what, x.id, x.year, got)
		}
	}
}

package figure

import (
	"context"
	"fmt"
	"log/slog"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/pack/clause"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// Definitions of the tests: a rate with all that is costly, a share, and a change against a baseline.
var definitions = []string{`
id: rate
version: 1.0.0
source: the tests
name: {zh: 率, en: Rate}
unit: '%'
period: year
finer: [month]
of: enterprise
inputs:
  - {key: a, name: {zh: 甲, en: A}, unit: '1', from: {declared: a}}
  - {key: b, name: {zh: 乙, en: B}, unit: '1', from: {declared: b}}
formula: 100 * a / b
upward: {how: mean, also: [pooled, median]}
assumptions: [{zh: 假设, en: assumed}]
`, `
id: has
version: 1.0.0
source: the tests
name: {zh: 有, en: Has}
unit: '1'
period: moment
of: enterprise
inputs:
  - {key: x, name: {zh: 子, en: X}, unit: '1', from: {declared: x}}
formula: x >= 1
upward: {how: share, also: [distinct]}
assumptions: [{zh: 假设, en: assumed}]
`, `
id: change
version: 1.0.0
source: the tests
name: {zh: 变化, en: Change}
unit: '%'
period: year
of: enterprise
inputs:
  - {key: now, name: {zh: 今, en: Now}, unit: '%', from: {indicator: rate}}
  - {key: base, name: {zh: 基, en: Base}, unit: '%', from: {indicator: rate, year: baseline}}
formula: now - base
upward: {how: mean, also: [pooled]}
suppress: 3
assumptions: [{zh: 假设, en: assumed}]
`, `
id: prizes
version: 1.0.0
source: the tests
name: {zh: 奖项, en: Prizes}
unit: '1'
period: year
of: region
inputs:
  - {key: won, name: {zh: 奖项, en: Prizes}, unit: '1', from: {entry: prizes, take: count}}
  - {key: winners, name: {zh: 得奖者, en: Winners}, unit: '1', from: {entry: prizes, take: distinct, field: code}}
  - {key: paid, name: {zh: 奖金, en: Money}, unit: '1', from: {entry: prizes, take: sum, field: paid}}
formula: won + winners + paid
assumptions: [{zh: 假设, en: assumed}]
`}

type noWords struct{}

func (noWords) FactFields(string) (field.Schema, bool) { return nil, false }
func (noWords) EntryFields(register string) (field.Schema, []string, bool) {
	return field.Schema{{Key: "code", Type: field.Text}, {Key: "paid", Type: field.Integer}}, nil, register == "prizes"
}
func (noWords) Instrument(string) bool { return false }
func (noWords) Class(string) bool      { return false }
func (noWords) Tag(string) bool        { return true }

func testLibrary(t testing.TB) *indicator.Library {
	t.Helper()
	var list []*indicator.Definition
	for _, s := range definitions {
		name := strings.Fields(s)[1]
		list = append(list, proof.Must(pack.Decode[indicator.Definition]("indicators/"+name+".yaml", []byte(s))))
	}
	docs := proof.Must(clause.LoadDocuments(os.DirFS("../../../../packs"), "policy/documents"))
	return proof.Must(indicator.NewLibrary(list, nil, docs, noWords{}))
}

// tree is a world of nodes that are linked by agreements, each with its own database. Links are queues that can be cut.
type tree struct {
	t       testing.TB
	library *indicator.Library
	now     time.Time
	nodes   []*treeNode
	firms   []*treeFirm
	agreed  []org.Agreement
	acts    []org.AgreementAct
	streams map[uuid.UUID]*treeStream
	said    map[inputKey]int // revision of what an enterprise says
}

type inputKey struct {
	firm      int
	id, label string
}

// treeNode is one node with a keeper, or that of a single enterprise.
type treeNode struct {
	w      *tree
	id     uuid.UUID
	keeper uuid.UUID // zero on the node of an enterprise
	up     *treeNode
	firms  []int // that its register lists
	db     *store.DB
	store  *Store
	c      *Composer
	log    Evidence
	src    Sources // nil: itself

	changes []Change // that it has written down
}

type treeFirm struct {
	indicator.Enterprise
	home *treeNode
}

// treeStream is the stream of an agreement: what the taker has got is a beginning of what was put.
type treeStream struct {
	records [][]byte
	arrived int
	cut     bool
}

type treeLog struct{ entries [][]byte }

func (l *treeLog) Append(_ context.Context, entries [][]byte) (uint64, error) {
	first := len(l.entries)
	l.entries = append(l.entries, entries...)
	return uint64(first), nil
}
func (l *treeLog) Checkpoint() evidence.Checkpoint {
	return evidence.Checkpoint{Size: uint64(len(l.entries))}
}
func (l *treeLog) Proof(i uint64) (evidence.Proof, error) {
	return evidence.Proof{Index: i, Entry: l.entries[i], Checkpoint: "unsigned"}, nil
}

// ActiveAgreements, Agreement and AgreementActs are what a node knows of agreements (Agreements).
func (n *treeNode) ActiveAgreements(_ context.Context, at int64) (out []org.Agreement, err error) {
	for _, a := range n.w.agreed {
		if (a.Giver.Node == n.id || a.Taker.Node == n.id) && a.Ended == 0 && at < a.To {
			out = append(out, a)
		}
	}
	return out, nil
}

func (n *treeNode) Agreement(_ context.Context, id uuid.UUID) (org.Agreement, error) {
	for _, a := range n.w.agreed {
		if a.ID == id {
			return a, nil
		}
	}
	return org.Agreement{}, store.ErrNotFound
}

func (n *treeNode) AgreementActs(ctx context.Context, after uint64, _ int) (out []org.AgreementAct, err error) {
	for _, act := range n.w.acts {
		a, _ := n.Agreement(ctx, act.Agreement)
		if act.N > after && (a.Giver.Node == n.id || a.Taker.Node == n.id) {
			out = append(out, act)
		}
	}
	return out, nil
}

// Put, Incoming and Stands are Streams. What is put in a transaction that fails is put again by the next: the tests' never fail.
func (n *treeNode) Put(_ context.Context, _ bun.IDB, agreement uuid.UUID, records [][]byte) error {
	s := n.w.streams[agreement]
	s.records = append(s.records, records...)
	return nil
}

func (n *treeNode) Incoming(_ context.Context, agreement uuid.UUID, _, after uint64, limit int) (out []Came, err error) {
	s := n.w.streams[agreement]
	for i := int(after); i < s.arrived && len(out) < limit; i++ {
		out = append(out, Came{uint64(i + 1), s.records[i]})
	}
	return out, nil
}

func (n *treeNode) Stands(_ context.Context, agreement uuid.UUID) (uint64, uint64, error) {
	return 1, uint64(n.w.streams[agreement].arrived), nil
}

// Names and After are Changes.
func (n *treeNode) Names() []string { return []string{"said"} }
func (n *treeNode) After(_ context.Context, _ string, c Cursor, limit int) ([]Change, Cursor, error) {
	to := min(len(n.changes), int(c.Position)+limit)
	return n.changes[c.Position:to], Cursor{Position: int64(to)}, nil
}

func (w *tree) firm(id uuid.UUID) int {
	return slices.IndexFunc(w.firms, func(f *treeFirm) bool { return f.Org == id })
}

// observe makes what an enterprise says of the revision of its word, and of nothing else.
func (w *tree) observe(firm int, d *indicator.Definition, p indicator.Period, baseline string) *indicator.Valuation {
	inputs := make([]indicator.Given, len(d.Inputs))
	for i := range d.Inputs {
		g := &inputs[i]
		if below := w.library.Definition(d.Inputs[i].From[0].Indicator); below != nil {
			q := p
			if d.Inputs[i].From[0].Year != "" {
				q, _ = indicator.PeriodHolding(p.Kind, baseline)
			}
			g.Below = w.observe(firm, below, q, baseline)
			if g.Num = g.Below.Num; g.Num == nil {
				g.Lack = indicator.Below
			}
			continue
		}
		r := rand.New(rand.NewPCG(uint64(firm), uint64(w.said[inputKey{firm, d.ID, p.Label}])*31+uint64(i)*7+uint64(len(d.ID)*1000+len(p.Label)*100)+uint64(p.Begin()>>40)))
		if r.IntN(6) == 0 {
			g.Lack, g.Source = indicator.NoData, -1
			continue
		}
		g.Num, g.Grade = big.NewRat(r.Int64N(50), 1+r.Int64N(7)), fact.Grade(r.IntN(4))
	}
	return indicator.Evaluate(d, p, inputs)
}

func (n *treeNode) Observe(_ context.Context, id uuid.UUID, d *indicator.Definition, p indicator.Period, baseline string) (*indicator.Valuation, error) {
	return n.w.observe(n.w.firm(id), d, p, baseline), nil
}

func (n *treeNode) Self(_ context.Context, id uuid.UUID, _ string) (indicator.Enterprise, error) {
	return n.w.firms[n.w.firm(id)].Enterprise, nil
}

func (n *treeNode) Counted(_ context.Context, _ uuid.UUID, _ string, d *indicator.Definition, p indicator.Period, _ string) (*indicator.Valuation, error) {
	if d.Of != indicator.OfRegion {
		return nil, store.ErrNotFound
	}
	return n.w.counted(slices.Index(n.w.nodes, n), d, p), nil
}

// prizes are those that a keeper's register lists of a period: some of 30 that there are, which others may list too.
func (w *tree) prizes(node int, d *indicator.Definition, p indicator.Period) (list []int, some bool) {
	r := rand.New(rand.NewPCG(uint64(node)*131+uint64(p.Begin()>>40), uint64(w.said[inputKey{-1 - node, d.ID, p.Label}])))
	if r.IntN(8) == 0 {
		return nil, false // the register is empty
	}
	for i := range 30 {
		if r.IntN(4) == 0 {
			list = append(list, i)
		}
	}
	return list, true
}

// counted is what a keeper knows by itself.
func (w *tree) counted(node int, d *indicator.Definition, p indicator.Period) *indicator.Valuation {
	list, some := w.prizes(node, d, p)
	inputs := make([]indicator.Given, len(d.Inputs))
	for i := range inputs {
		g := &inputs[i]
		if g.Grade = fact.Documented; !some {
			g.Lack, g.Source = indicator.NoEntries, -1
			continue
		}
		g.Num = new(big.Rat)
		winners := map[int]bool{}
		for _, n := range list {
			x := indicator.United{Mark: [16]byte{byte(n)}}
			switch d.Inputs[i].From[0].Take {
			case "distinct":
				x.Mark[0] = byte(n / 3)
			case "sum":
				x.Num = big.NewRat(int64(n), 1)
				g.Num.Add(g.Num, x.Num)
			default:
				g.Num.Add(g.Num, big.NewRat(1, 1))
			}
			winners[n/3] = true
			g.United = append(g.United, x)
		}
		if d.Inputs[i].From[0].Take == "distinct" {
			g.Num.SetInt64(int64(len(winners)))
		}
	}
	return indicator.Evaluate(d, p, inputs)
}

func (n *treeNode) Complete(_ context.Context, _ *indicator.Definition, _ indicator.Asked, o indicator.Observation) (indicator.Observation, error) {
	return o, nil
}

func (n *treeNode) Each(_ context.Context, _ uuid.UUID, _ string, call func(indicator.Enterprise) error) error {
	for _, i := range n.firms {
		e := n.w.firms[i].Enterprise
		e.Org = uuid.Nil
		if err := call(e); err != nil {
			return err
		}
	}
	return nil
}

func (n *treeNode) One(context.Context, uuid.UUID, string) (uuid.UUID, indicator.Enterprise, bool, error) {
	return uuid.Nil, indicator.Enterprise{}, false, nil
}

func (n *treeNode) Draw(ctx context.Context, keeper uuid.UUID, scope string, f indicator.Filter, day string) (*indicator.Members, error) {
	return indicator.Draw(ctx, n, keeper, indicator.Region{Code: "430000"}, f, day)
}

func (n *treeNode) sources() Sources {
	if n.src != nil {
		return n.src
	}
	return n
}

// start opens a node's store and composer again, as after a restart.
func (n *treeNode) start() {
	n.store = proof.Must(OpenStore(n.w.t.Context(), n.db))
	n.c = NewComposer(ComposerOptions{Store: n.store, Library: n.w.library, Sources: n.sources(), Changes: n, Agreements: n, Streams: n, Log: n.log, Node: n.id, Now: func() time.Time { return n.w.now }, Logger: slog.New(slog.DiscardHandler),
		Refused: func(a *org.Agreement, seq uint64, why error) {
			n.w.t.Errorf("record %d of %s was refused: %v", seq, a.ID, why)
		}})
}

func (n *treeNode) step() bool {
	worked, err := n.c.Step(n.w.t.Context())
	if err != nil {
		n.w.t.Fatal(err)
	}
	return worked
}

// arrive lets records through that are not cut off.
func (w *tree) arrive(most int) (some bool) {
	for id, s := range w.streams {
		if s.cut || s.arrived == len(s.records) {
			continue
		}
		s.arrived, some = min(len(s.records), s.arrived+most), true
		for _, a := range w.agreed {
			if a.ID == id {
				w.at(a.Taker.Node).c.Incoming(id)
			}
		}
	}
	return some
}

func (w *tree) at(id uuid.UUID) *treeNode {
	return w.nodes[slices.IndexFunc(w.nodes, func(n *treeNode) bool { return n.id == id })]
}

// heal lets everything through until nothing is left to do.
func (w *tree) heal() {
	for _, s := range w.streams {
		s.cut = false
	}
	for busy := true; busy; {
		busy = w.arrive(1 << 30)
		for _, n := range w.nodes {
			for n.step() {
				busy = true
			}
		}
	}
}

// ids are numbered, so that a world built again has the same.
func id(kind byte, n int) (out uuid.UUID) {
	out[0], out[14], out[15] = kind, byte(n>>8), byte(n)
	out[6], out[8] = 0x70, 0x80
	return out
}

// seedling is a world without nodes.
func seedling(t testing.TB, l *indicator.Library, said map[inputKey]int) *tree {
	return &tree{t: t, library: l, now: time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC), streams: map[uuid.UUID]*treeStream{}, said: said}
}

// node adds a node: with a keeper, or for a single enterprise.
func (w *tree) node(up *treeNode, keeper bool) *treeNode {
	n := &treeNode{w: w, id: id('n', len(w.nodes)), up: up, db: storetest.SQLite(w.t), log: &treeLog{}}
	if keeper {
		n.keeper = id('k', len(w.nodes))
	}
	w.nodes = append(w.nodes, n)
	return n
}

// list has a keeper's register list a new enterprise, which may have agreed to give.
func (w *tree) list(up, home *treeNode, size string, agrees bool) {
	n := len(w.firms)
	f := &treeFirm{Enterprise: indicator.Enterprise{Org: id('o', n), Entry: id('e', n), Code: fmt.Sprintf("91430000MA%08d", n), Name: fmt.Sprint("firm ", n), Region: "430100", Size: size}, home: home}
	if !agrees {
		f.Entry = uuid.Nil
	}
	w.firms = append(w.firms, f)
	up.firms = append(up.firms, n)
}

// agree makes all agreements and starts the nodes.
func (w *tree) agree() {
	figures := []string{"change@~2024-12-31", "has", "has@size=large", "rate", "rate@size=large"}
	add := func(giver, taker org.Party, detail string) {
		figures := figures
		if detail == org.DetailAggregate {
			figures = append(slices.Clone(figures[:3:3]), append([]string{"prizes"}, figures[3:]...)...)
		}
		a := org.Agreement{ID: id('a', len(w.agreed)), Version: 1, Kind: "parent", Giver: giver, Taker: taker, Figures: figures, Detail: detail, Span: org.Span{From: 1, To: store.Forever}}
		w.agreed = append(w.agreed, a)
		w.acts = append(w.acts, org.AgreementAct{N: uint64(len(w.acts) + 1), Agreement: a.ID})
		if !a.Hosted() {
			w.streams[a.ID] = &treeStream{}
		}
	}
	for _, n := range w.nodes {
		if n.keeper == uuid.Nil {
			continue
		}
		if n.up != nil {
			add(org.Party{Node: n.id, Org: n.keeper}, org.Party{Node: n.up.id, Org: n.up.keeper}, org.DetailAggregate)
		}
		for _, i := range n.firms {
			if f := w.firms[i]; f.Entry != uuid.Nil {
				add(org.Party{Node: f.home.id, Org: f.Org, CreditCode: f.Code}, org.Party{Node: n.id, Org: n.keeper}, org.DetailEnterprise)
			}
		}
	}
	for _, n := range w.nodes {
		n.start()
		if n.keeper == uuid.Nil {
			continue
		}
		row := keeperRow{Org: n.keeper, Version: 1, Adopted: "[]", Actor: "{}", At: 1}
		if _, err := n.db.NewInsert().Model(&row).Exec(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
}

// newTree grows a tree at random: keepers up to five levels deep, enterprises hosted on theirs or with a node of their own, all agreed but
// some.
func newTree(t testing.TB, l *indicator.Library, seed uint64, size int, said map[inputKey]int) *tree {
	w, r := seedling(t, l, said), rand.New(rand.NewPCG(seed, 1))
	keepers, depth := []*treeNode{w.node(nil, true)}, map[*treeNode]int{}
	hire := func(up, home *treeNode) {
		w.list(up, home, []string{"large", "small"}[r.IntN(2)], r.IntN(8) > 0)
	}
	for len(w.nodes) < size {
		up := keepers[r.IntN(len(keepers))]
		switch {
		case depth[up] < 3 && r.IntN(3) == 0:
			n := w.node(up, true)
			depth[n] = depth[up] + 1
			keepers = append(keepers, n)
		case r.IntN(2) == 0:
			hire(up, w.node(up, false))
		default:
			hire(up, up)
		}
	}
	for range size / 2 {
		up := keepers[r.IntN(len(keepers))]
		hire(up, up)
	}
	w.agree()
	return w
}

// figures are what stands at a node.
func (n *treeNode) figures() map[Key]*Figure {
	out := map[Key]*Figure{}
	page := store.Page{Limit: store.MaxLimit}
	for {
		list, next, err := n.store.List(n.w.t.Context(), n.db, Board{Keeper: n.keeper}, page)
		if err != nil {
			n.w.t.Fatal(err)
		}
		for _, f := range list {
			out[f.Key] = f
		}
		if next == "" {
			return out
		}
		page.After = next
	}
}

func env(name string, other uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return n
	}
	return other
}

// After late, corrected and deleted input, links that were cut and programs that were started again, every figure at every level is what
// computing everything anew gives, byte for byte. TREE_NODES makes the tree greater, TREE_SEED another (make soak).
func TestEveryFigureIsAsFromScratch(t *testing.T) {
	l := testLibrary(t)
	first, seeds, size := env("TREE_SEED", 0), uint64(2), 12
	if n := env("TREE_NODES", 0); n > 0 {
		seeds, size = 1, int(n)
	}
	for seed := first; seed < first+seeds; seed++ {
		everyFigure(t, l, seed, size, 5*size)
	}
}

func everyFigure(t *testing.T, l *indicator.Library, seed uint64, size, ops int) {
	t.Helper()
	w := newTree(t, l, seed, size, map[inputKey]int{})
	r := rand.New(rand.NewPCG(seed, 2))
	for range ops {
		switch r.IntN(6) {
		case 0: // a link is cut or mended
			for _, s := range w.streams {
				if r.IntN(4) == 0 {
					s.cut = !s.cut
				}
			}
		case 1: // a program is started again
			w.nodes[r.IntN(len(w.nodes))].start()
		case 2:
			w.arrive(1 + r.IntN(20))
		case 3: // somebody says something else of a time that has passed
			f := r.IntN(len(w.firms))
			d := l.Definitions()[r.IntN(len(l.Definitions()))]
			ps := Periods(d.Kinds()[r.IntN(len(d.Kinds()))], "2026-11-22")
			p := ps[r.IntN(len(ps))]
			if d.Of == indicator.OfRegion {
				if i := r.IntN(len(w.nodes)); w.nodes[i].keeper != uuid.Nil {
					w.said[inputKey{-1 - i, d.ID, p.Label}]++
					w.nodes[i].changes = append(w.nodes[i].changes, Change{Org: w.nodes[i].keeper, What: indicator.TouchEntry + ":prizes", From: p.Begin()})
				}
				continue
			}
			w.said[inputKey{f, d.ID, p.Label}]++
			home := w.firms[f].home
			home.changes = append(home.changes, Change{Org: w.firms[f].Org, What: map[string]string{"rate": "declared:a", "has": "declared:x", "change": "declared:a"}[d.ID], From: p.Begin()})
		default:
			n := w.nodes[r.IntN(len(w.nodes))]
			for range r.IntN(30) {
				n.step()
			}
		}
	}
	w.heal()
	fresh := newTree(t, l, seed, size, w.said)
	fresh.heal()
	figures := 0
	for i, n := range w.nodes {
		if n.keeper == uuid.Nil {
			continue
		}
		got, want := n.figures(), fresh.nodes[i].figures()
		if len(got) != len(want) || len(want) == 0 {
			t.Fatalf("seed %d, node %d: %d figures, and %d from scratch", seed, i, len(got), len(want))
		}
		for k, f := range want {
			if g := got[k]; g == nil || string(g.Account) != string(f.Account) || g.Population != f.Population {
				t.Fatalf("seed %d, node %d: %s is another figure than from scratch", seed, i, k)
			}
			figures++
		}
	}
	w.counts(l)
	t.Logf("seed %d: %d nodes, %d enterprises, %d figures", seed, len(w.nodes), len(w.firms), figures)
}

// counts compares the root with what adding up all enterprises gives.
func (w *tree) counts(l *indicator.Library) {
	root := w.nodes[0]
	for k, f := range root.figures() {
		d := l.Definition(k.Indicator)
		p, _ := k.Time()
		if d.Of == indicator.OfRegion {
			w.united(l, d, f)
			continue
		}
		want := indicator.NewAccount(d)
		for i, firm := range w.firms {
			switch {
			case k.Filter != All && firm.Size != "large":
			case firm.Entry == uuid.Nil:
				want.Miss(1, indicator.Unagreed)
			default:
				want.Add(w.observe(i, d, p, k.Baseline))
			}
		}
		got := proof.Must(l.DecodeAccount(d, f.Account))
		if got.Of() != want.Of() {
			w.t.Fatalf("%s is of %d enterprises; there are %d", k, got.Of(), want.Of())
		}
		if d.Suppress > 0 {
			continue // few of them are not told upward
		}
		if string(f.Account) != string(want.Encode()) {
			w.t.Fatalf("%s: the parts do not add up to all enterprises", k)
		}
	}
}

// united compares what the root counts of its region with all that keepers know, each prize once.
func (w *tree) united(l *indicator.Library, d *indicator.Definition, f *Figure) {
	p, _ := f.Key.Time()
	prizes, winners, paid, some := map[int]bool{}, map[int]bool{}, 0, false
	for i, n := range w.nodes {
		if n.keeper == uuid.Nil {
			continue
		}
		list, any := w.prizes(i, d, p)
		some = some || any
		for _, x := range list {
			if !prizes[x] {
				paid += x
			}
			prizes[x], winners[x/3] = true, true
		}
	}
	got := proof.Must(l.DecodeUnion(d, f.Account)).Evaluate(p)
	if want := big.NewRat(int64(len(prizes)+len(winners)+paid), 1); (got.Num != nil) != some || some && got.Num.Cmp(want) != 0 {
		w.t.Fatalf("%s counts %v, and there are %v: %d prizes, %d winners", f.Key, got.Num, want, len(prizes), len(winners))
	}
}

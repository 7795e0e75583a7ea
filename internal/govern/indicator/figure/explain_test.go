package figure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	orgs "jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

var (
	noConsent = problem.Define("test-no-consent", 403)
	offline   = problem.Define("test-offline", 409)
)

// ladder is a province, a city below it, and enterprises of the city: two that the city's node hosts, one with a node of its own, one that
// has agreed to nothing.
type ladder struct {
	*tree
	province, city, works *treeNode
	upward                uuid.UUID   // the city's agreement with the province
	firm                  []uuid.UUID // agreements of enterprises with the city; the last has none
	explain               map[*treeNode]*Explainer
	mu                    sync.Mutex
	asked                 []string // verb and agreement, as the giver was asked
	down                  map[uuid.UUID]bool
	keys                  map[uuid.UUID]string // of nodes' logs
	proofs                map[*treeNode]Proofs
}

func newLadder(t testing.TB) *ladder { return newLadderOf(t, func(*ladder) {}) }

// newLadderOf lets something be done before anything is worked out.
func newLadderOf(t testing.TB, prepare func(*ladder)) *ladder {
	w := &ladder{tree: &tree{t: t, library: testLibrary(t), now: time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC), streams: map[uuid.UUID]*treeStream{}, said: map[inputKey]int{}}, explain: map[*treeNode]*Explainer{}, down: map[uuid.UUID]bool{}, keys: map[uuid.UUID]string{}, proofs: map[*treeNode]Proofs{}}
	add := func(keeper uuid.UUID, up *treeNode, db *store.DB) *treeNode {
		n := &treeNode{w: w.tree, id: id('n', len(w.nodes)), keeper: keeper, up: up, db: db, log: &treeLog{}}
		w.nodes = append(w.nodes, n)
		return n
	}
	w.province = add(id('k', 0), nil, storetest.SQLite(t))
	w.city = add(id('k', 1), w.province, storetest.Postgres(t))
	w.works = add(uuid.Nil, w.city, storetest.SQLite(t))
	for i, home := range []*treeNode{w.city, w.city, w.works, w.city} {
		w.firms = append(w.firms, &treeFirm{Enterprise: indicator.Enterprise{Org: id('o', i), Entry: id('e', i), Code: fmt.Sprintf("91430000MA%08d", i), Name: fmt.Sprint("firm ", i), Region: "430100", Size: "large"}, home: home})
		w.city.firms = append(w.city.firms, i)
	}
	prepare(w)
	agree := func(giver, taker orgs.Party, detail string) uuid.UUID {
		figures := []string{"has", "rate"}
		if detail == orgs.DetailAggregate {
			figures = []string{"has", "prizes", "rate"}
		}
		a := orgs.Agreement{ID: id('a', len(w.agreed)), Version: 1, Kind: "parent", Giver: giver, Taker: taker, Figures: figures, Detail: detail, Drill: orgs.LevelReadings, Onward: orgs.LevelReadings, Span: orgs.Span{From: 1, To: store.Forever}}
		w.agreed = append(w.agreed, a)
		w.acts = append(w.acts, orgs.AgreementAct{N: uint64(len(w.acts) + 1), Agreement: a.ID})
		if !a.Hosted() {
			w.streams[a.ID] = &treeStream{}
		}
		return a.ID
	}
	party := func(n *treeNode, org uuid.UUID, code, name string) orgs.Party {
		return orgs.Party{Node: n.id, Org: org, CreditCode: code, Name: text.Both(name), Key: w.keys[n.id]}
	}
	w.upward = agree(party(w.city, w.city.keeper, "", "city"), party(w.province, w.province.keeper, "", "province"), orgs.DetailAggregate)
	for i, f := range w.firms[:3] {
		w.firm = append(w.firm, agree(party(f.home, f.Org, f.Code, fmt.Sprint("firm ", i)), party(w.city, w.city.keeper, "", "city"), orgs.DetailEnterprise))
	}
	for _, n := range w.nodes {
		n.start()
		if n.keeper != uuid.Nil {
			row := keeperRow{Org: n.keeper, Version: 1, Adopted: "[]", Actor: "{}", At: 1}
			if _, err := n.db.NewInsert().Model(&row).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		s := proof.Must(New(t.Context(), Options{DB: n.db, Library: w.library, Registers: n, Orgs: party2{w}, Documents: nil, Parties: parties{w, n}, Now: func() time.Time { return w.now }}))
		w.explain[n] = NewExplainer(ExplainerOptions{Figures: s, Sources: n.sources(), Agreements: n, Ask: w.asker(n), Consent: noConsent, Ground: ground{}, Streams: n, Log: n.log, Proofs: w.proofs[n], Node: n.id, NodeName: "node", Key: w.keys[n.id], Logger: slog.New(slog.DiscardHandler)})
	}
	w.heal()
	return w
}

type party2 struct{ w *ladder }

func (p party2) Name(_ context.Context, org uuid.UUID) (text.Text, error) {
	for _, f := range p.w.firms {
		if f.Org == org {
			return text.Both(f.Name), nil
		}
	}
	return text.Both(map[uuid.UUID]string{id('k', 0): "province", id('k', 1): "city"}[org]), nil
}

type parties struct {
	w *ladder
	n *treeNode
}

func (p parties) Takers(context.Context, uuid.UUID) ([]Taker, error) { return nil, nil }
func (p parties) Given(_ context.Context, keeper uuid.UUID) (out []orgs.Agreement, err error) {
	for _, a := range p.w.agreed {
		if a.Taker.Org == keeper && a.Taker.Node == p.n.id && a.Ended == 0 {
			out = append(out, a)
		}
	}
	return out, nil
}
func (p parties) Giver(ctx context.Context, agreement uuid.UUID) (text.Text, time.Time, error) {
	a, err := p.n.Agreement(ctx, agreement)
	if p.w.down[a.Giver.Node] {
		return a.Giver.Name, p.w.now.Add(-time.Hour), err
	}
	return a.Giver.Name, time.Time{}, err
}

type ground struct{}

func (ground) Fact(_ context.Context, org, id uuid.UUID, revision int64) (FigureFact, error) {
	return FigureFact{ID: id, Revision: revision}, nil
}

func (ground) Sample(_ context.Context, org, series uuid.UUID) (FigureSample, error) {
	return FigureSample{Series: series}, nil
}

// asker brings questions of a node to the nodes of givers, as JSON, unless they are down.
func (w *ladder) asker(from *treeNode) func(context.Context, uuid.UUID, string, json.RawMessage) (json.RawMessage, error) {
	return func(ctx context.Context, agreement uuid.UUID, verb string, body json.RawMessage) (json.RawMessage, error) {
		a, err := from.Agreement(ctx, agreement)
		if err != nil {
			return nil, err
		}
		w.mu.Lock()
		w.asked = append(w.asked, verb+" "+a.Giver.Name.En)
		w.mu.Unlock()
		if w.down[a.Giver.Node] {
			return nil, offline.With("node", a.Giver.Name)
		}
		x := w.explain[w.at(a.Giver.Node)]
		handle := map[string]func(context.Context, *orgs.Agreement, json.RawMessage) (any, error){AskExplain: x.AnswerExplain, AskFact: x.AnswerFact, AskSample: x.AnswerSample, AskProve: x.AnswerProve}[verb]
		answer, err := handle(context.Background(), &a, body)
		if err != nil {
			return nil, err
		}
		return json.Marshal(answer)
	}
}

// terms sets how deep an agreement goes.
func (w *ladder) terms(id uuid.UUID, drill, onward string) {
	for i := range w.agreed {
		if w.agreed[i].ID == id {
			w.agreed[i].Drill, w.agreed[i].Onward = drill, onward
		}
	}
}

var rateOf = Key{Indicator: "rate", Filter: All, Kind: "year", Period: "2025"}

func (w *ladder) key(n *treeNode) Key {
	k := rateOf
	k.Keeper = n.keeper
	return k
}

func (w *ladder) as(n *treeNode) context.Context {
	return auth.With(w.t.Context(), authtest.Person("somebody", map[uuid.UUID]auth.Role{n.keeper: auth.Viewer}))
}

func (w *ladder) ask(n *treeNode, code string, via ...uuid.UUID) (*FigureExplanation, error) {
	return w.explain[n].Explain(w.as(n), Asked{ID: w.key(n).ID(), Code: code, Via: via})
}

func (w *ladder) must(n *treeNode, code string, via ...uuid.UUID) *FigureExplanation {
	w.t.Helper()
	e, err := w.ask(n, code, via...)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

func codes(e *FigureExplanation) (out []string) {
	for _, f := range e.Enterprises {
		out = append(out, f.Code)
	}
	return out
}

func TestAFigureIsExplainedThroughAllLevels(t *testing.T) {
	w := newLadder(t)
	top := w.must(w.province, "")
	if top.Level != OfPopulation || len(top.Parts) != 1 || top.Parts[0].Source != w.upward.String() || top.Parts[0].Name.En != "city" || !top.Parts[0].Open || len(top.Hops) != 0 || top.Population.Members != 4 {
		t.Fatalf("%+v", top)
	}
	if len(top.Enterprises) != 4 || top.Enterprises[0].Via != w.upward.String() || !top.Enterprises[0].Open || top.Enterprises[0].Number != nil {
		t.Errorf("the province lists %+v", top.Enterprises)
	}
	city := w.must(w.province, "", w.upward)
	if city.Node != w.city.id || len(city.Parts) != 2 || len(city.Hops) != 1 || city.Hops[0].Agreement != w.upward {
		t.Fatalf("%+v", city)
	}
	here := w.must(w.city, "")
	if here.Commit == nil || city.Revision != here.Revision || !slices.Equal(codes(city), codes(here)) || here.Parts[0].Source != Local || here.Parts[1].Source != Remote {
		t.Errorf("the city says %+v and tells %+v", here, city)
	}
	for i, f := range here.Enterprises {
		if i < 3 != (f.Number != nil || len(f.Missing) > 0 && f.Missing[0].Reason != indicator.Unagreed) || i < 3 && f.Via != w.firm[i].String() {
			t.Errorf("enterprise %d is %+v", i, f)
		}
	}
	for i, f := range w.firms[:3] {
		e := w.must(w.province, f.Code, w.upward, w.firm[i])
		if e.Level != OfEnterprise || e.Node != f.home.id || e.Agrees == nil || !*e.Agrees || len(e.Hops) != 2 || e.Hops[1].Agreement != w.firm[i] || e.Value == nil || len(e.Value.Inputs) != 2 {
			t.Errorf("enterprise %d explains itself as %+v", i, e)
		}
		if got, want := e.Value.Filled, here.Enterprises[i].Filled; got != want {
			t.Errorf("enterprise %d says %s, and the city %s", i, got, want)
		}
	}
	// What the city holds of an enterprise with a node of its own; how deep it may be asked is beside it.
	held := w.must(w.city, w.firms[2].Code)
	if held.Node != w.city.id || held.Agrees != nil || held.Value == nil || len(held.Enterprises) != 1 || held.Enterprises[0].Via != w.firm[2].String() || !held.Enterprises[0].Open {
		t.Errorf("%+v", held)
	}
	// One that it hosts is asked through its agreement.
	w.asked = nil
	if e := w.must(w.city, w.firms[0].Code); len(e.Hops) != 1 || !*e.Agrees || !slices.Equal(w.asked, []string{"explain firm 0"}) {
		t.Errorf("%+v, asked %v", e, w.asked)
	}
	// An enterprise says something else: until it is worked out anew, what is gathered is not what is kept.
	w.said[inputKey{0, "rate", "2025"}]++
	if e := w.must(w.city, w.firms[0].Code); *e.Agrees || e.Value.Filled != here.Enterprises[0].Filled || !slices.ContainsFunc(e.Weakest, func(x FigureWeakness) bool { return x.Kind == "differs" }) {
		t.Errorf("%+v", e)
	}
}

func TestEveryHopGivesTheLeast(t *testing.T) {
	w := newLadder(t)
	refused := func(code string, via ...uuid.UUID) {
		t.Helper()
		if e, err := w.ask(w.province, code, via...); !errors.Is(err, noConsent) {
			t.Errorf("%+v %v", e, err)
		}
	}
	code := w.firms[2].Code
	w.terms(w.upward, orgs.LevelNone, orgs.LevelNone)
	e := w.must(w.province, "", w.upward)
	if len(e.Readings) == 0 || len(e.Enterprises) != 0 || len(e.Parts) != 2 || e.Parts[0].Name != (text.Text{}) || e.Parts[0].Members == 0 {
		t.Errorf("an aggregate alone tells %+v", e)
	}
	refused(code, w.upward)
	refused(code, w.upward, w.firm[2])
	w.terms(w.upward, orgs.LevelInputs, orgs.LevelNone)
	if e := w.must(w.province, code, w.upward, w.firm[2]); e.Value == nil {
		t.Errorf("%+v", e)
	}
	w.terms(w.upward, orgs.LevelReadings, orgs.LevelNone)
	w.terms(w.firm[2], orgs.LevelReadings, orgs.LevelNone)
	refused(code, w.upward, w.firm[2])
	refused(code, w.upward)
	e = w.must(w.province, "", w.upward)
	if f := e.Enterprises[2]; f.Code != code || f.Number != nil || f.Name != "" || f.Open || f.Missing[0].Reason != indicator.NoConsent {
		t.Errorf("an enterprise that lets nothing be passed on is told as %+v", f)
	}
	if f := e.Enterprises[0]; f.Name == "" || !f.Open {
		t.Errorf("%+v", f)
	}
	w.terms(w.firm[2], orgs.LevelNone, orgs.LevelReadings)
	refused(code, w.upward, w.firm[2])
	w.down[w.works.id] = true
	w.terms(w.firm[2], orgs.LevelReadings, orgs.LevelReadings)
	if _, err := w.ask(w.province, code, w.upward, w.firm[2]); !errors.Is(err, offline) {
		t.Error(err)
	}
	w.down[w.city.id] = true
	if e := w.must(w.province, ""); e.Parts[0].State != "offline" || e.Parts[0].Away == nil || len(e.Weakest) == 0 || e.Weakest[0].Kind != "offline" || *e.Weakest[0].Part != 0 {
		t.Errorf("%+v", e)
	}
	// Not a way: somebody else's agreement, too long a one, one that is not there.
	for _, via := range [][]uuid.UUID{{w.firm[0]}, slices.Repeat([]uuid.UUID{w.upward}, MaxVia+1), {id('a', 99)}} {
		if _, err := w.ask(w.province, "", via...); err == nil {
			t.Errorf("%v is followed", via)
		}
	}
	if _, err := w.explain[w.city].Explain(w.as(w.province), Asked{ID: w.key(w.city).ID()}); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("others see the city's figure: %v", err)
	}
	own := auth.With(t.Context(), authtest.Person("worker", map[uuid.UUID]auth.Role{w.firms[0].Org: auth.Viewer}))
	w.asked = nil
	x := w.explain[w.city]
	if e, err := x.Explain(own, Asked{ID: w.key(w.city).ID(), Code: w.firms[0].Code}); err != nil || !*e.Agrees || len(w.asked) != 0 {
		t.Errorf("its own people see %+v %v", e, err)
	}
	for _, other := range []string{"", w.firms[1].Code, w.firms[2].Code} {
		if _, err := x.Explain(own, Asked{ID: w.key(w.city).ID(), Code: other}); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("they see %q: %v", other, err)
		}
	}
}

func TestQuestionsAreBounded(t *testing.T) {
	w := newLadder(t)
	a, _ := w.city.Agreement(t.Context(), w.upward)
	for _, body := range []string{``, `{}`, `null`, `{"key":"rate/2025"} {}`, `{"key":"rate/2025","x":1}`, `{"key":"` + id('k', 1).String() + `:rate/2025"}`, `{"key":"rate/2025#91430000MA00000001"}`, `{"key":"rate/2025","code":"a b"}`,
		`{"key":"rate/2025","depth":"everything"}`, `{"key":"rate/2025","via":["` + strings.Repeat(`00000000-0000-7000-8000-000000000000","`, 9) + `00000000-0000-7000-8000-000000000000"]}`} {
		if _, err := w.explain[w.city].AnswerExplain(t.Context(), &a, json.RawMessage(body)); !errors.Is(err, ErrQuestion) {
			t.Errorf("%s: %v", body, err)
		}
	}
	for _, key := range []string{"change/2025~2024-12-31", "rate@size=large/2025", "what/2025"} {
		if _, err := w.explain[w.city].AnswerExplain(t.Context(), &a, json.RawMessage(`{"key":"`+key+`"}`)); !errors.Is(err, noConsent) {
			t.Errorf("%s is not in the agreement: %v", key, err)
		}
	}
}

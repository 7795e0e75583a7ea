package figure

import (
	"context"
	"fmt"
	"math/big"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	orgs "jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// words are a vocabulary that knows nothing: the test's definitions take declarations alone.
type words struct{}

func (words) FactFields(string) (field.Schema, bool)            { return nil, false }
func (words) EntryFields(string) (field.Schema, []string, bool) { return nil, nil, false }
func (words) Instrument(string) bool                            { return false }
func (words) Class(string) bool                                 { return false }
func (words) Tag(string) bool                                   { return false }

var shelf = fstest.MapFS{
	"indicators/networking.yaml": {Data: []byte(`
id: networking
version: 1.0.0
source: test
name: {zh: 机器联网率, en: Machine networking rate}
unit: '%'
period: year
finer: [month]
of: enterprise
inputs:
  - {key: networked, name: {zh: 联网设备, en: Networked machines}, unit: '1', from: {declared: machines-networked}}
  - {key: machines, name: {zh: 设备, en: Machines}, unit: '1', from: {declared: machines}}
formula: '100 * networked / machines'
upward: {how: mean, also: [pooled]}
suppress: 2
assumptions: [{zh: 试验, en: a test}]
`)},
	"indicators/platforms.yaml": {Data: []byte(`
id: platforms
version: 1.0.0
source: test
name: {zh: 平台数, en: Platforms}
unit: '1'
period: year
of: region
inputs:
  - {key: platforms, name: {zh: 平台, en: Platforms}, unit: '1', from: {declared: platforms}}
formula: platforms
assumptions: [{zh: 试验, en: a test}]
`)},
	"targets/hn2026.yaml": {Data: []byte(`
id: hn2026
version: 1.0.0
source: test
name: {zh: 政策, en: Policy}
region: {code: '430000', name: {zh: 湖南, en: Hunan}}
valid: {from: '2026-01-01'}
clauses:
  - {id: one, document: a.txt, sha256: '5a0212411edfa7559606d9062529f752fdedbf64d4a4f3fbc5354ca1d30c3808', title: 文件, section: '1', quote: 联网率达到80%}
targets:
  - {id: KPI-1, name: {zh: 联网率, en: Networking}, indicator: networking, reading: mean, comparator: at-least, value: '80', unit: '%', population: {zh: 规上, en: designated, where: {designated: true}}, clause: one}
`)},
}

// world is a node with a keeper, and a province that takes its figures.
type world struct {
	t        testing.TB
	db       *store.DB
	clock    time.Time
	service  *Service
	province uuid.UUID
	away     time.Time
	ended    map[int]bool // agreements of enterprises
}

func newWorld(t testing.TB, db *store.DB) *world {
	t.Helper()
	w := &world{t: t, db: db, clock: noon, province: uuid.MustParse("00000000-0000-7000-8000-0000000000aa")}
	if err := audit.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	w.service = proof.Must(New(t.Context(), Options{DB: db, Library: proof.Must(indicator.Load(shelf, nil, words{})), Registers: w, Orgs: w, Documents: w, Parties: w, Now: func() time.Time { return w.clock }}))
	return w
}

func (w *world) Name(_ context.Context, org uuid.UUID) (text.Text, error) {
	switch org {
	case keeper:
		return text.Text{Zh: "某市", En: "A city"}, nil
	case w.province:
		return text.Text{Zh: "某省", En: "A province"}, nil
	}
	return text.Text{}, store.ErrNotFound
}

func (w *world) Handed(_ context.Context, org uuid.UUID, id string) error {
	if org != keeper || id != "sha256:paper" {
		return fmt.Errorf("document %s: %w", id, store.ErrNotFound)
	}
	return nil
}

// givenBy is the agreement by which the county gives, takenBy the one by which the province takes.
var (
	givenBy = uuid.MustParse("00000000-0000-7000-8000-0000000000c1")
	takenBy = uuid.MustParse("00000000-0000-7000-8000-0000000000c2")
)

func (w *world) Takers(_ context.Context, org uuid.UUID) ([]Taker, error) {
	if org != keeper {
		return nil, nil
	}
	return []Taker{{takenBy, w.province}}, nil
}

// Given are the county's account, and the inputs of the enterprises that have agreed: 1 and 3 of this node, 5 of another.
func (w *world) Given(_ context.Context, org uuid.UUID) (out []orgs.Agreement, err error) {
	if org != keeper {
		return nil, nil
	}
	here, there := uuid.UUID{1}, uuid.UUID{2}
	for i, node := range map[int]uuid.UUID{1: here, 3: here, 5: there, 7: there} {
		if w.ended[i] {
			continue
		}
		out = append(out, orgs.Agreement{Figures: []string{"networking"}, Detail: orgs.DetailEnterprise, Giver: orgs.Party{Node: node, CreditCode: code(i)}, Taker: orgs.Party{Node: here, Org: keeper}})
	}
	return append(out, orgs.Agreement{Figures: []string{"networking"}, Detail: orgs.DetailAggregate, Giver: orgs.Party{Node: there, CreditCode: code(2)}, Taker: orgs.Party{Node: here, Org: keeper}}), nil
}

// Complete says nothing more.
func (w *world) Complete(_ context.Context, _ *indicator.Definition, _ indicator.Asked, o indicator.Observation) (indicator.Observation, error) {
	return o, nil
}

func (w *world) Giver(_ context.Context, agreement uuid.UUID) (text.Text, time.Time, error) {
	if agreement != givenBy {
		return text.Text{}, time.Time{}, store.ErrNotFound
	}
	return text.Text{Zh: "某县", En: "A county"}, w.away, nil
}

// as is somebody of an organisation.
func (w *world) as(name string, org uuid.UUID, role auth.Role) context.Context {
	return auth.With(w.t.Context(), authtest.Person(name, map[uuid.UUID]auth.Role{org: role}))
}

func (w *world) definition(id string) *indicator.Definition {
	return w.service.o.Library.Definition(id)
}

// observed is the observation of an enterprise with so many networked machines of so many; none where the second is 0.
func (w *world) observed(networked, machines int64) indicator.Observation {
	d := w.definition("networking")
	p, _ := indicator.ParsePeriod("year", "2025")
	given := func(n int64) indicator.Given {
		if machines == 0 {
			return indicator.Given{Lack: indicator.NoData, Source: -1}
		}
		return indicator.Given{Num: big.NewRat(n, 1), Grade: fact.Documented}
	}
	return indicator.Evaluate(d, p, []indicator.Given{given(networked), given(machines)}).Observation()
}

// rate is the figure that the world's tests are about.
var rate = Key{Keeper: keeper, Indicator: "networking", Filter: "designated=true", Kind: "year", Period: "2025"}

func code(i int) string { return fmt.Sprintf("91430000000000%04d", i) }

// compose writes the figure of seven enterprises: 1 to 3 of this node with networked, 70 and no machines of 100, of which 2 has agreed to
// nothing; 4 and 5 in the county's account with 10 and 20, of which 5 has a node and tells its inputs too; 6 of which nobody tells; 7 with
// a node of its own and 80.
func (w *world) compose(networked int64) *Figure {
	w.t.Helper()
	d := w.definition("networking")
	p, _ := rate.Time()
	account := indicator.NewAccount(d)
	var list, county []indicator.Enterprise
	out := w.service.store.write(w.t, w.clock, func(c *Commit) {
		for i, x := range [][2]int64{{networked, 100}, {70, 100}, {0, 0}, {10, 100}, {20, 100}, {}, {80, 100}} {
			e := indicator.Enterprise{Code: code(i + 1), Name: fmt.Sprintf("企业%d", i+1), Entry: uuid.UUID{byte(i + 1)}, Region: "430100", Designated: true}
			list = append(list, e)
			o := w.observed(x[0], x[1])
			switch i + 1 {
			case 1, 2, 3:
				c.PutRow(rate.Column(Local), Row{Code: e.Code, Observation: o.Encode()})
			case 4:
				county = append(county, e)
			case 5:
				county = append(county, e)
				c.PutRow(rate.Column(Remote), Row{Code: e.Code, Observation: o.Encode()})
			case 7:
				c.PutRow(rate.Column(Remote), Row{Code: e.Code, Observation: o.Encode()})
			}
			if i+1 == 2 || i+1 == 6 {
				account.Miss(1, indicator.Unagreed)
				continue
			}
			account.Add(o.Evaluate(d, p))
		}
		whole := c.PutPopulation(NewPopulation(keeper, "430000", rate.Filter, p.To, list, 1, 2))
		part := c.PutPopulation(NewPopulation(uuid.UUID{5}, "", rate.Filter, p.To, county, 0, 0))
		c.PutFigure(&Figure{Key: rate, Definition: definitionHash(d), Population: whole, Account: account.Encode(), Parts: []Part{
			{Source: givenBy.String(), Kind: Account, State: Given, Population: part, Record: Hash{8}, Members: 2, Known: 2, At: w.clock.Add(-time.Hour).UnixNano()},
			{Source: Local, Kind: Rows, State: Given, Members: 2, Known: 1, At: w.clock.UnixNano()},
			{Source: Remote, Kind: Rows, State: Given, Members: 1, Known: 1, At: w.clock.UnixNano()},
		}})
	})
	if len(out.Figures) != 1 {
		w.t.Fatalf("%+v", out)
	}
	return out.Figures[0]
}

package rollup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/pack/clause"
	"jingwei/internal/kernel/store"
	"jingwei/packs"
)

// words let definitions speak of whatever they like: the bench gathers nothing.
type words struct{}

func (words) FactFields(string) (field.Schema, bool)            { return nil, false }
func (words) EntryFields(string) (field.Schema, []string, bool) { return nil, nil, false }
func (words) Instrument(string) bool                            { return true }
func (words) Class(string) bool                                 { return true }
func (words) Tag(string) bool                                   { return true }

var (
	periodLine = regexp.MustCompile(`(?m)^period: \w+`)
	idLine     = regexp.MustCompile(`(?m)^id: (\S+)`)
	fromLine   = regexp.MustCompile(`(?ms)^    from:.*?(^  - key|^formula)`)
)

// Library is the definitions of enterprises that ship, each by month and with declared inputs, repeated until there are n.
func Library(n int) (*indicator.Library, error) {
	names, err := fs.Glob(packs.Files, indicator.DefinitionDir+"/*.yaml")
	if err != nil {
		return nil, err
	}
	docs, err := clause.LoadDocuments(packs.Files, "policy/documents")
	if err != nil {
		return nil, err
	}
	var list []*indicator.Definition
	for round := 1; len(list) < n; round++ {
		for _, name := range names {
			data, err := fs.ReadFile(packs.Files, name)
			if err != nil {
				return nil, err
			}
			text := string(data)
			if len(list) == n || !strings.Contains(text, "\nof: enterprise") || strings.Contains(text, "{indicator:") || strings.Contains(text, "by: ") {
				continue
			}
			id := fmt.Sprintf("%s-%d", idLine.FindStringSubmatch(text)[1], round)
			text = idLine.ReplaceAllString(text, "id: "+id)
			text = periodLine.ReplaceAllString(text, "period: month")
			text = fromLine.ReplaceAllString(text, "    from: {declared: item}\n$1")
			d, err := pack.Decode[indicator.Definition](indicator.DefinitionDir+"/"+id+".yaml", []byte(text))
			if err != nil {
				return nil, err
			}
			list = append(list, d)
		}
		if len(list) == 0 {
			return nil, errors.New("no definitions ship that could be measured")
		}
	}
	return indicator.NewLibrary(list, nil, docs, words{})
}

// world is a province: its keeper, the enterprises of its register with an agreement each, and nothing that gathers.
type world struct {
	o       Options
	library *indicator.Library
	keeper  uuid.UUID
	node    uuid.UUID
	firms   []indicator.Enterprise
	agreed  []org.Agreement
	log     [][]byte
	now     time.Time
}

func newWorld(o Options) (*world, error) {
	l, err := Library(o.Indicators)
	if err != nil {
		return nil, err
	}
	w := &world{o: o, library: l, keeper: uuid.NewSHA1(uuid.NameSpaceURL, []byte("keeper")), node: uuid.NewSHA1(uuid.NameSpaceURL, []byte("node")), now: time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)}
	var figures []string
	for _, d := range l.Definitions() {
		figures = append(figures, d.ID)
	}
	for i := range o.Enterprises {
		code := fmt.Sprintf("9143%02d00MA%08d", i%14+1, i)
		w.firms = append(w.firms, indicator.Enterprise{Entry: uuid.NewSHA1(w.node, []byte(code)), Code: code, Name: "企业" + code, Industry: "3857", Region: fmt.Sprintf("43%02d00", i%14+1), Size: "small"})
		w.agreed = append(w.agreed, org.Agreement{ID: uuid.NewSHA1(w.keeper, []byte(code)), Version: 1, Kind: "parent", Figures: figures, Detail: org.DetailEnterprise, Span: org.Span{From: 1, To: store.Forever},
			Giver: org.Party{Node: uuid.NewSHA1(w.node, []byte("node "+code)), CreditCode: code}, Taker: org.Party{Node: w.node, Org: w.keeper}})
	}
	return w, nil
}

// ActiveAgreements, Agreement and AgreementActs are figure.Agreements.
func (w *world) ActiveAgreements(context.Context, int64) ([]org.Agreement, error) {
	return w.agreed, nil
}
func (w *world) Agreement(context.Context, uuid.UUID) (org.Agreement, error) {
	return org.Agreement{}, store.ErrNotFound
}
func (w *world) AgreementActs(context.Context, uint64, int) ([]org.AgreementAct, error) {
	return nil, nil
}

// Names and After are figure.Changes: nothing changes on this node.
func (w *world) Names() []string { return nil }
func (w *world) After(_ context.Context, _ string, c figure.Cursor, _ int) ([]figure.Change, figure.Cursor, error) {
	return nil, c, nil
}

// Observe, Self, Counted, Complete and Draw are figure.Sources.
func (w *world) Observe(context.Context, uuid.UUID, *indicator.Definition, indicator.Period, string) (*indicator.Valuation, error) {
	return nil, store.ErrNotFound
}
func (w *world) Self(context.Context, uuid.UUID, string) (indicator.Enterprise, error) {
	return indicator.Enterprise{}, store.ErrNotFound
}
func (w *world) Counted(context.Context, uuid.UUID, string, *indicator.Definition, indicator.Period, string) (*indicator.Valuation, error) {
	return nil, store.ErrNotFound
}
func (w *world) Complete(_ context.Context, _ *indicator.Definition, _ indicator.Asked, o indicator.Observation) (indicator.Observation, error) {
	return o, nil
}
func (w *world) Draw(ctx context.Context, keeper uuid.UUID, scope string, f indicator.Filter, day string) (*indicator.Members, error) {
	return indicator.Draw(ctx, w, keeper, indicator.Region{Code: scope}, f, day)
}

// Each and One are indicator.Enterprises.
func (w *world) Each(_ context.Context, _ uuid.UUID, _ string, call func(indicator.Enterprise) error) error {
	for i := range w.firms {
		if err := call(w.firms[i]); err != nil {
			return err
		}
	}
	return nil
}
func (w *world) One(context.Context, uuid.UUID, string) (uuid.UUID, indicator.Enterprise, bool, error) {
	return uuid.Nil, indicator.Enterprise{}, false, nil
}

// Append, Checkpoint and Proof are figure.Evidence: a log in memory. What a real one costs, `jingwei bench tsdb` tells.
func (w *world) Append(_ context.Context, entries [][]byte) (uint64, error) {
	first := len(w.log)
	w.log = append(w.log, entries...)
	return uint64(first), nil
}
func (w *world) Checkpoint() evidence.Checkpoint {
	return evidence.Checkpoint{Size: uint64(len(w.log))}
}
func (w *world) Proof(uint64) (evidence.Proof, error) {
	return evidence.Proof{}, store.ErrNotFound
}

// streams bring what enterprises say later (figure.Streams). What was taken in is forgotten.
type streams struct{ came map[uuid.UUID]*stream }

type stream struct {
	gone  int    // records before those
	bytes []byte // of records, one behind the other: a million of them would else be a burden on whoever collects garbage
	ends  []int
}

func (s *streams) bring(agreement uuid.UUID, records [][]byte) {
	if s.came == nil {
		s.came = map[uuid.UUID]*stream{}
	}
	if s.came[agreement] == nil {
		s.came[agreement] = &stream{}
	}
	x := s.came[agreement]
	for _, r := range records {
		x.bytes = append(x.bytes, r...)
		x.ends = append(x.ends, len(x.bytes))
	}
}

func (s *streams) forget() {
	for _, x := range s.came {
		*x = stream{gone: x.gone + len(x.ends)}
	}
}

func (s *streams) Put(context.Context, bun.IDB, uuid.UUID, [][]byte) error { return nil }
func (s *streams) Incoming(_ context.Context, agreement uuid.UUID, _, after uint64, limit int) (out []figure.Came, err error) {
	x := s.came[agreement]
	for i := int(after) - x.gone; i < len(x.ends) && len(out) < limit; i++ {
		from := 0
		if i > 0 {
			from = x.ends[i-1]
		}
		out = append(out, figure.Came{Seq: uint64(x.gone + i + 1), Bytes: x.bytes[from:x.ends[i]]})
	}
	return out, nil
}
func (s *streams) Stands(_ context.Context, agreement uuid.UUID) (uint64, uint64, error) {
	if x := s.came[agreement]; x != nil {
		return 1, uint64(x.gone + len(x.ends)), nil
	}
	return 1, 0, nil
}

// months are those that are measured, the newest first.
func (w *world) months() []indicator.Period {
	return figure.Periods("month", "2026-11-22")[:w.o.Months]
}

// Said is what an enterprise says of an indicator and a month: some of it is not known, the rest has up to four decimals.
func Said(r *rand.Rand, d *indicator.Definition) indicator.Observation {
	o := indicator.Observation{Inputs: make([]indicator.Given, len(d.Inputs))}
	for i := range o.Inputs {
		g := &o.Inputs[i]
		if r.IntN(20) == 0 {
			g.Lack, g.Source = indicator.NoData, -1
			continue
		}
		g.Num, g.Grade = big.NewRat(1+r.Int64N(100_000_000), 10_000), fact.Grade(r.IntN(4))
		if i == 0 && r.IntN(2) == 0 {
			g.Days, g.Of = 15+r.IntN(8), 22
		}
	}
	for i := 0; i < len(o.Root); i += 8 { // of what it rests on: no two have the same
		v := r.Uint64()
		for j := range 8 {
			o.Root[i+j] = byte(v >> (8 * j))
		}
	}
	return o
}

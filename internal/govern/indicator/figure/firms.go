package figure

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// Firms are the enterprises of a figure's population at a revision, by code, with the value of each as it was then. The inputs of an
// enterprise are told as long as it has agreed to that, also of the past. The cursor is a code. Errors: store.ErrNotFound,
// store.ErrCursor.
func (s *Service) Firms(ctx context.Context, id uuid.UUID, revision, asOf int64, page store.Page) (out []FigureFirm, next string, err error) {
	if page.After != "" && !codeForm.MatchString(page.After) {
		return nil, "", store.ErrCursor
	}
	f, err := s.seen(ctx, s.o.DB, id, revision, asOf)
	if err != nil || f.Population == (Hash{}) {
		return nil, "", err
	}
	agreed, err := s.agreed(ctx, f)
	if err != nil {
		return nil, "", err
	}
	var list *firms
	err = s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		p, err := s.store.Population(ctx, tx, f.Population)
		if err != nil {
			return err
		}
		from, found := slices.BinarySearchFunc(p.Members, page.After, func(e indicator.Enterprise, code string) int { return strings.Compare(e.Code, code) })
		if found {
			from++
		}
		list = listed(p.Members[from:min(from+page.Rows(), len(p.Members))])
		if next = ""; from+len(list.out) < len(p.Members) {
			next = list.out[len(list.out)-1].Code
		}
		return s.find(ctx, tx, f, list, agreed)
	})
	if err != nil {
		return nil, "", err
	}
	return list.out, next, s.evaluate(ctx, f, list, agreed)
}

// giving are the agreements by which a keeper takes now, each with what it names.
type giving struct {
	list  []org.Agreement
	items [][]Item
}

func (s *Service) giving(ctx context.Context, keeper uuid.UUID) (*giving, error) {
	out := &giving{}
	if s.o.Parties == nil {
		return out, nil
	}
	var err error
	if out.list, err = s.o.Parties.Given(ctx, keeper); err != nil {
		return nil, err
	}
	read := map[string][]Item{} // most agreements name the same
	for i := range out.list {
		words := strings.Join(out.list[i].Figures, "\n")
		items, ok := read[words]
		if !ok {
			for _, word := range out.list[i].Figures {
				if item, err := ParseItem(word); err == nil {
					items = append(items, item)
				}
			}
			read[words] = items
		}
		out.items = append(out.items, items)
	}
	return out, nil
}

// firms are the enterprises whose inputs of a figure the keeper may see, by code: true for those of this node.
func (g *giving) firms(k *Key) map[string]bool {
	out := map[string]bool{}
	p, _ := k.Time()
	for i := range g.list {
		a := &g.list[i]
		if a.Detail == org.DetailEnterprise && a.Giver.CreditCode != "" && tells(a, p) && slices.ContainsFunc(g.items[i], func(x Item) bool {
			return x.Indicator == k.Indicator && x.Baseline == k.Baseline
		}) {
			out[a.Giver.CreditCode] = out[a.Giver.CreditCode] || a.Hosted()
		}
	}
	return out
}

// agreed are the enterprises whose inputs a figure's keeper may see now, by code: true for those of this node.
func (s *Service) agreed(ctx context.Context, f *Figure) (map[string]bool, error) {
	g, err := s.giving(ctx, f.Key.Keeper)
	if err != nil {
		return nil, err
	}
	return g.firms(&f.Key), nil
}

// firms are enterprises while it is found out what is known of each.
type firms struct {
	out     []FigureFirm
	members []indicator.Enterprise
	rows    []*Row                 // of each; nil where there is none that may be told
	why     []indicator.Lack       // of each: why there is none
	settled []bool                 // of each: a part speaks for it
	values  []*indicator.Valuation // of each, once it was worked out
	place   map[string]int         // by code
}

func listed(members []indicator.Enterprise) *firms {
	n := len(members)
	l := &firms{out: make([]FigureFirm, n), members: members, rows: make([]*Row, n), why: make([]indicator.Lack, n), settled: make([]bool, n), values: make([]*indicator.Valuation, n), place: map[string]int{}}
	for i := range members {
		e := &members[i]
		l.out[i] = FigureFirm{Code: e.Code, Name: e.Name, Entry: idOf(e.Entry), Org: idOf(e.Org), Missing: []indicator.Absent{}}
		l.place[e.Code], l.why[i] = i, indicator.Unagreed
	}
	return l
}

// find looks for each enterprise in the parts of a figure; the first that speaks for it counts.
func (s *Service) find(ctx context.Context, db bun.IDB, f *Figure, l *firms, agreed map[string]bool) error {
	for i := range f.Parts {
		part := &f.Parts[i]
		if part.Kind == Rows {
			if err := s.findRows(ctx, db, f, part, l, agreed); err != nil {
				return err
			}
			continue
		}
		if part.Population == (Hash{}) { // nothing was delivered
			continue
		}
		p, err := s.store.Population(ctx, db, part.Population)
		if err != nil {
			return err
		}
		for j := range l.out {
			firm := &l.out[j]
			switch {
			case l.settled[j] || p.Find(firm.Code) == nil:
			case part.State == Isolated:
				l.why[j] = indicator.Isolated
			default:
				l.settled[j] = true
				firm.Source, firm.Inside, firm.At = part.Source, true, store.Instant(part.At)
			}
		}
	}
	return nil
}

func (s *Service) findRows(ctx context.Context, db bun.IDB, f *Figure, part *Part, l *firms, agreed map[string]bool) error {
	var codes []string
	for i := range l.out {
		if here, ok := agreed[l.out[i].Code]; ok && here == (part.Source == Local) && !l.settled[i] {
			codes = append(codes, l.out[i].Code)
			l.why[i] = indicator.Undelivered
		}
	}
	if len(codes) == 0 {
		return nil
	}
	rows, err := s.store.Find(ctx, db, f.Key.Column(part.Source), codes, f.Commit)
	if err != nil {
		return err
	}
	for i := range rows {
		at := l.place[rows[i].Code]
		l.settled[at], l.rows[at] = true, &rows[i]
		l.out[at].Source, l.out[at].At = part.Source, store.Instant(rows[i].Commit)
	}
	return nil
}

// evaluate works out what was found.
func (s *Service) evaluate(ctx context.Context, f *Figure, l *firms, agreed map[string]bool) error {
	d := s.o.Library.Definition(f.Key.Indicator)
	if d == nil {
		return nil
	}
	for i := range l.out {
		firm := &l.out[i]
		if r := l.rows[i]; r == nil {
			if !l.settled[i] {
				firm.Missing = append(firm.Missing, indicator.Absent{Name: d.Name, Reason: l.why[i], Text: l.why[i].Text()})
			}
			continue
		}
		v, root, err := s.valued(ctx, f, d, l.members[i], l.rows[i], agreed[firm.Code])
		if errors.Is(err, indicator.ErrObservation) {
			s.o.Logger.Warn("an observation cannot be opened by the definition that the node has now", "figure", f.Key.String(), "code", firm.Code, "error", err)
			continue
		}
		if err != nil {
			return err
		}
		l.values[i], firm.Root = v, root.String()
		firm.Number, firm.Filled = number(v.Num, d.Shown(indicator.Mean), d.Unit), v.Filled()
		firm.Missing = append(firm.Missing, v.Lack...)
		if grade, any := worst(v); any {
			firm.Grade = grade.String()
		}
	}
	return nil
}

// valued is an enterprise's value in a figure as it was added up, and the hash of what its inputs rest on. here says that it lives on this
// node. Error: indicator.ErrObservation.
func (s *Service) valued(ctx context.Context, f *Figure, d *indicator.Definition, e indicator.Enterprise, r *Row, here bool) (*indicator.Valuation, Hash, error) {
	o, err := s.o.Library.DecodeObservation(d, r.Observation)
	if err != nil {
		return nil, Hash{}, err
	}
	root := Hash(o.Root)
	p, _ := f.Key.Time()
	if !here && d.OwnRegisters() {
		if o, err = s.completed(ctx, f, d, e, o); err != nil {
			return nil, root, err
		}
	}
	return o.Evaluate(d, p), root, nil
}

// completed is an observation of an enterprise of another node with what the keeper's own registers say of it.
func (s *Service) completed(ctx context.Context, f *Figure, d *indicator.Definition, e indicator.Enterprise, o indicator.Observation) (indicator.Observation, error) {
	e.Org = uuid.Nil
	p, _ := f.Key.Time()
	return s.o.Registers.Complete(ctx, d, indicator.Asked{Keeper: f.Key.Keeper, Firm: e, Period: p, Baseline: f.Key.Baseline}, o)
}

// worst is the worst grade of the inputs that are known; false where none is.
func worst(v *indicator.Valuation) (out fact.Grade, any bool) {
	out = fact.Measured
	for i := range v.Inputs {
		if v.Inputs[i].Num != nil {
			out, any = min(out, v.Inputs[i].Grade), true
		}
	}
	return out, any
}

package figure

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Ground is what enterprises' values rest on, each as the enterprise's own people may read it without what is restricted.
type Ground interface {
	// Fact is a revision of a fact of an organisation. Error: store.ErrNotFound.
	Fact(ctx context.Context, org, id uuid.UUID, revision int64) (FigureFact, error)
	// Sample is the last sample of a series of an organisation. Error: store.ErrNotFound.
	Sample(ctx context.Context, org, series uuid.UUID) (FigureSample, error)
}

// ExplainerOptions build an Explainer. All but Log, Streams, Ground and Proofs are required.
type ExplainerOptions struct {
	Figures    *Service
	Sources    Sources
	Agreements Agreements
	// Ask puts a question to the giver of an agreement and logs it on both sides (neighbour.Service.Ask).
	Ask      func(ctx context.Context, agreement uuid.UUID, verb string, body json.RawMessage) (json.RawMessage, error)
	Consent  *problem.Kind // how a question is refused that no agreement lets be answered; it keeps its meaning from node to node
	Ground   Ground
	Streams  Streams
	Log      Evidence
	Proofs   Proofs
	Node     uuid.UUID
	NodeName string
	Key      string // verifier of this node's evidence log
	Logger   *slog.Logger
}

// Explainer says what figures follow from, on this node and through agreements on those below it.
type Explainer struct {
	o     ExplainerOptions
	s     *Service
	packs packMemory
}

// NewExplainer makes an Explainer.
func NewExplainer(o ExplainerOptions) *Explainer {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Explainer{o: o, s: o.Figures}
}

// MaxVia bounds through how many agreements a question goes.
const MaxVia = 8

// Asked says what is to be explained of a figure.
type Asked struct {
	ID       uuid.UUID // of this node's figure
	Revision int64     // 0: the one that stood at AsOf
	AsOf     int64
	Via      []uuid.UUID // agreements to follow downward from this node
	Code     string      // an enterprise of the population; "" for the figure itself
	After    string      // code behind which enterprises are listed
	Limit    int         // how many of them
}

// Explain says what a figure of this node follows from, or that of a node below it. The keeper's people see the keeper's figure, and of
// enterprises what agreements say, also of those that live on this node; an enterprise's people see its own value. Errors:
// store.ErrNotFound, store.ErrCursor, ErrVia, and of questions to others those of neighbour.Service.Ask.
func (x *Explainer) Explain(ctx context.Context, in Asked) (*FigureExplanation, error) {
	if in.After != "" && !codeForm.MatchString(in.After) || in.Code != "" && !codeForm.MatchString(in.Code) {
		return nil, store.ErrCursor
	}
	f, err := x.s.seen(ctx, x.s.o.DB, in.ID, in.Revision, in.AsOf)
	if err != nil {
		if own, mine := x.own(ctx, f, in, err); mine != nil || own != nil {
			return own, mine
		}
		return nil, err
	}
	if len(in.Via) > 0 {
		q := question{Key: f.Key.Name(), Code: in.Code, AsOf: in.AsOf, After: in.After, Limit: in.Limit}
		var out FigureExplanation
		return x.explained(&out, x.follow(ctx, f.Key, in.Via, "explain", q, &out))
	}
	if in.Code == "" {
		return x.population(ctx, f, in, "")
	}
	return x.member(ctx, f, in)
}

func (x *Explainer) explained(out *FigureExplanation, err error) (*FigureExplanation, error) {
	if err != nil {
		return nil, err
	}
	return out, nil
}

// own is the value of an enterprise for its own people, who do not see the keeper's figure; both nil where they are not these.
func (x *Explainer) own(ctx context.Context, f *Figure, in Asked, refused error) (*FigureExplanation, error) {
	if f == nil || f.Key.Keeper == uuid.Nil || in.Code == "" || len(in.Via) > 0 || !errors.Is(refused, auth.ErrNotFound) {
		return nil, nil
	}
	if f.Population == (Hash{}) {
		return nil, nil
	}
	home, err := x.home(ctx, f, in.Code)
	if err != nil || home == uuid.Nil {
		return nil, nil
	}
	if _, err := auth.Allow(ctx, auth.Read, home); err != nil {
		return nil, nil
	}
	return x.enterprise(ctx, home, f.Key.Of(in.Code), in.AsOf, org.LevelReadings)
}

// home is the organisation of this node that an enterprise of a figure's population is; zero where it lives elsewhere.
func (x *Explainer) home(ctx context.Context, f *Figure, code string) (uuid.UUID, error) {
	list, err := x.s.o.Parties.Given(ctx, f.Key.Keeper)
	if err != nil {
		return uuid.Nil, err
	}
	for i := range list {
		if a := &list[i]; a.Hosted() && a.Detail == org.DetailEnterprise && a.Giver.CreditCode == code {
			return a.Giver.Org, nil
		}
	}
	return uuid.Nil, nil
}

// member is one enterprise of a figure: one that lives on this node is asked through its agreement, like one that does not, if that goes
// deeper than what its keeper holds.
func (x *Explainer) member(ctx context.Context, f *Figure, in Asked) (*FigureExplanation, error) {
	a, err := x.giver(ctx, f, in.Code)
	if err != nil {
		return nil, err
	}
	if a != nil && a.Hosted() {
		if _, err := auth.Allow(ctx, auth.Read, a.Giver.Org); err == nil {
			return x.enterprise(ctx, a.Giver.Org, f.Key.Of(in.Code), in.AsOf, org.LevelReadings)
		}
		if org.Level(a.Drill) > org.Level(org.LevelInputs) {
			var out FigureExplanation
			return x.explained(&out, x.follow(ctx, f.Key, []uuid.UUID{a.ID}, "explain", question{Key: f.Key.Name(), Code: in.Code, AsOf: in.AsOf}, &out))
		}
	}
	return x.firm(ctx, f, in.Code)
}

// giver is the agreement by which an enterprise gives its inputs to a figure's keeper; nil where there is none.
func (x *Explainer) giver(ctx context.Context, f *Figure, code string) (*org.Agreement, error) {
	list, err := x.agreements(ctx, f)
	return list[code], err
}

// agreements are those by which enterprises give the inputs of a figure, by code.
func (x *Explainer) agreements(ctx context.Context, f *Figure) (map[string]*org.Agreement, error) {
	list, err := x.s.o.Parties.Given(ctx, f.Key.Keeper)
	if err != nil {
		return nil, err
	}
	out := map[string]*org.Agreement{}
	for i := range list {
		if a := &list[i]; a.Detail == org.DetailEnterprise && a.Giver.CreditCode != "" && about(a, f.Key) && out[a.Giver.CreditCode] == nil {
			out[a.Giver.CreditCode] = a
		}
	}
	return out, nil
}

// about tells whether an agreement names a figure, and its period.
func about(a *org.Agreement, k Key) bool {
	p, ok := k.Time()
	return ok && tells(a, p) && slices.ContainsFunc(a.Figures, func(word string) bool {
		item, err := ParseItem(word)
		return err == nil && item.Indicator == k.Indicator && item.Baseline == k.Baseline && (a.Detail == org.DetailEnterprise || item.Filter == k.Filter)
	})
}

// said is an explanation of a figure without what it was made of.
func (x *Explainer) said(ctx context.Context, level string, who uuid.UUID, k Key) (*FigureExplanation, *indicator.Definition, error) {
	d := x.s.o.Library.Definition(k.Indicator)
	if d == nil {
		return nil, nil, store.ErrNotFound
	}
	name, err := x.s.o.Orgs.Name(ctx, who)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, nil, err
	}
	out := &FigureExplanation{Level: level, Node: x.o.Node, NodeName: x.o.NodeName, Org: name, ID: k.ID(), Key: k.Name(), Indicator: x.s.o.Library.Brief(d), Filter: k.Filter, Baseline: k.Baseline, Definition: d.Hash(),
		Readings: []indicator.IndicatorReading{}, Missing: []indicator.TargetMissing{}, Parts: []FigureExplainedPart{}, Enterprises: []FigureExplainedFirm{}, Weakest: []FigureWeakness{}, Hops: []FigureHop{}}
	out.Period, _ = k.Time()
	return out, d, nil
}

// population explains a figure. onward is how deep those may go who asked through agreements; "" for the keeper's own people.
func (x *Explainer) population(ctx context.Context, f *Figure, in Asked, onward string) (*FigureExplanation, error) {
	out, d, err := x.said(ctx, OfPopulation, f.Key.Keeper, f.Key)
	if err != nil {
		return nil, err
	}
	out.Revision, out.Commit, out.Watermark, out.Definition = f.Revision, store.Instant(f.Commit), store.Instant(f.Watermark), f.Definition.String()
	g := *f
	if onward != "" { // as it is told
		if g.Account, err = told(x.s.o.Library, d, f); err != nil {
			return nil, err
		}
	}
	read, err := ReadFigure(x.s.o.Library, d, &g)
	if err != nil {
		return nil, err
	}
	for i := range read.Readings {
		out.Readings = append(out.Readings, readingView(d, &read.Readings[i]))
	}
	for _, m := range read.Absent {
		out.Missing = append(out.Missing, indicator.TargetMissing(m))
	}
	out.Grade, out.Coverage = read.Grade, read.Coverage
	if f.Population == (Hash{}) { // counted once, of the keeper's own records
		p, _ := f.Key.Time()
		if u, err := x.s.o.Library.DecodeUnion(d, g.Account); err == nil {
			out.Value = u.Evaluate(p).Shown()
		}
		if err := x.parts(ctx, f, out); err != nil {
			return nil, err
		}
		out.weigh(x.s.o.Now())
		return out, nil
	}
	brief, members, err := x.s.store.brief(ctx, x.s.o.DB, f.Population)
	if err != nil {
		return nil, err
	}
	out.Population = &FigureExplainedPopulation{f.Population.String(), int(members), brief.Day}
	if err := x.parts(ctx, f, out); err != nil {
		return nil, err
	}
	if err := x.firms(ctx, f, in, onward, out); err != nil {
		return nil, err
	}
	out.weigh(x.s.o.Now())
	return out, nil
}

func (x *Explainer) parts(ctx context.Context, f *Figure, out *FigureExplanation) error {
	var shown FigureDetail
	if err := x.s.partsOf(ctx, f, &shown); err != nil {
		return err
	}
	for i := range shown.Parts {
		p := &shown.Parts[i]
		v := FigureExplainedPart{Source: p.Source, Kind: p.Kind, State: p.State, Reason: p.Reason, Codes: p.Codes, Name: p.Name, Members: p.Members, Known: p.Known, At: p.At, Away: p.Away, Open: p.Kind == Account}
		if p.State == Given && p.Away != nil {
			v.State = "offline"
		}
		out.Parts = append(out.Parts, v)
	}
	return nil
}

// firms lists enterprises of a figure. Of those that live below, to somebody else, only what their agreements let be passed on.
func (x *Explainer) firms(ctx context.Context, f *Figure, in Asked, onward string, out *FigureExplanation) error {
	given, err := x.agreements(ctx, f)
	if err != nil {
		return err
	}
	pop, err := x.s.store.Population(ctx, x.s.o.DB, f.Population)
	if err != nil {
		return err
	}
	from, found := slices.BinarySearchFunc(pop.Members, in.After, func(e indicator.Enterprise, code string) int { return strings.Compare(e.Code, code) })
	if found {
		from++
	}
	limit := in.Limit
	if limit <= 0 || limit > store.MaxLimit {
		limit = store.DefaultLimit
	}
	list, err := x.found(ctx, f, pop.Members[from:min(from+limit, len(pop.Members))], given)
	if err != nil {
		return err
	}
	if n := len(list.out); n > 0 && from+n < len(pop.Members) {
		out.Next = list.out[n-1].Code
	}
	for i := range list.out {
		out.Enterprises = append(out.Enterprises, x.firmShown(list, i, given, onward, out.Indicator.Name))
	}
	return nil
}

// found looks enterprises of a figure up and works out their values as they were in it.
func (x *Explainer) found(ctx context.Context, f *Figure, members []indicator.Enterprise, given map[string]*org.Agreement) (*firms, error) {
	agreed := map[string]bool{}
	for code, a := range given {
		agreed[code] = a.Hosted()
	}
	list := listed(members)
	err := x.s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error { return x.s.find(ctx, tx, f, list, agreed) })
	if err != nil {
		return nil, err
	}
	return list, x.s.evaluate(ctx, f, list, agreed)
}

func (x *Explainer) firmShown(list *firms, i int, given map[string]*org.Agreement, onward string, name text.Text) FigureExplainedFirm {
	firm, a := &list.out[i], given[list.out[i].Code]
	out := FigureExplainedFirm{Code: firm.Code, Name: firm.Name, Number: firm.Number, Grade: firm.Grade, Filled: firm.Filled, Missing: firm.Missing, Source: firm.Source}
	if v := list.values[i]; v != nil {
		if holds := v.Holds(); holds != nil {
			yes := holds.Sign() > 0
			out.Holds = &yes
		}
	}
	deep := ""
	switch {
	case firm.Inside:
		out.Via, deep = firm.Source, org.LevelInputs // whether it may be is for its giver to say
	case a != nil:
		out.Via, deep = a.ID.String(), a.Drill
		if onward != "" {
			deep = org.Least(deep, a.Onward)
		}
	}
	if onward == "" {
		out.Org = firm.Org
		out.Open = out.Via != "" && org.Level(deep) >= org.Level(org.LevelInputs)
		return out
	}
	if a != nil && org.Level(a.Onward) < org.Level(org.LevelInputs) { // it has agreed to tell this node alone
		why := indicator.NoConsent
		return FigureExplainedFirm{Code: firm.Code, Source: firm.Source, Missing: []indicator.Absent{{Name: name, Reason: why, Text: why.Text()}}}
	}
	out.Open = out.Via != "" && org.Level(org.Least(deep, onward)) >= org.Level(org.LevelInputs)
	return out
}

// firm is an enterprise as a keeper holds it: what its inputs came to, and not what they rest on.
func (x *Explainer) firm(ctx context.Context, f *Figure, code string) (*FigureExplanation, error) {
	return x.firmFor(ctx, f, code, "")
}

func (x *Explainer) firmFor(ctx context.Context, f *Figure, code, onward string) (*FigureExplanation, error) {
	if f.Population == (Hash{}) {
		return nil, store.ErrNotFound
	}
	pop, err := x.s.store.Population(ctx, x.s.o.DB, f.Population)
	if err != nil {
		return nil, err
	}
	e := pop.Find(code)
	if e == nil {
		return nil, store.ErrNotFound
	}
	given, err := x.agreements(ctx, f)
	if err != nil {
		return nil, err
	}
	if a := given[code]; onward != "" && a != nil && org.Level(a.Onward) < org.Level(org.LevelInputs) {
		return nil, x.consent(e.Name, a.Onward)
	}
	list, err := x.found(ctx, f, []indicator.Enterprise{*e}, given)
	if err != nil {
		return nil, err
	}
	out, d, err := x.said(ctx, OfEnterprise, f.Key.Keeper, f.Key.Of(code))
	if err != nil {
		return nil, err
	}
	out.Org = text.Both(e.Name)
	out.Enterprises = append(out.Enterprises, x.firmShown(list, 0, given, onward, d.Name))
	out.Missing = missed(list.out[0].Missing)
	if v := list.values[0]; v != nil {
		x.valued(out, d, v, list.rows[0].Commit)
		limitValue(out.Value, org.LevelInputs)
	}
	out.weigh(x.s.o.Now())
	return out, nil
}

func missed(list []indicator.Absent) []indicator.TargetMissing {
	return store.All(list, func(a *indicator.Absent) indicator.TargetMissing {
		return indicator.TargetMissing{Absent: *a, Firms: 1}
	})
}

// valued fills in what one enterprise's inputs came to.
func (x *Explainer) valued(out *FigureExplanation, d *indicator.Definition, v *indicator.Valuation, commit int64) {
	out.Value, out.Commit, out.Watermark = v.Shown(), store.Instant(commit), store.Instant(commit)
	out.Missing, out.Coverage = missed(v.Lack), out.Value.Coverage
	if grade, any := worst(v); any {
		out.Grade = grade.String()
	}
	r := indicator.IndicatorReading{How: indicator.Single, Number: out.Value.Number, Of: 1}
	switch {
	case v.Num != nil:
		r.Known = 1
	case len(v.Lack) > 0:
		r.Reason, r.Text = v.Lack[0].Reason, v.Lack[0].Text
	}
	out.Readings = append(out.Readings, r)
}

// enterprise explains the value of an enterprise of this node: what is kept of it, what is gathered of it now, and whether they agree.
// depth is how deep what it rests on is told.
func (x *Explainer) enterprise(ctx context.Context, home uuid.UUID, k Key, asOf int64, depth string) (*FigureExplanation, error) {
	out, d, err := x.said(ctx, OfEnterprise, home, k)
	if err != nil {
		return nil, err
	}
	p, _ := k.Time()
	row, kept, err := x.s.store.Row(ctx, x.s.o.DB, k.Column(Local), k.Code, asOf)
	if err != nil {
		return nil, err
	}
	v, err := x.o.Sources.Observe(ctx, home, d, p, k.Baseline)
	if err != nil {
		return nil, err
	}
	now := v.Observation()
	agrees := kept && string(now.Encode()) == string(row.Observation)
	out.Agrees = &agrees
	if kept && !agrees { // the numbers are those that were told; what they rest on may have changed since
		o, err := x.s.o.Library.DecodeObservation(d, row.Observation)
		if err != nil {
			return nil, err
		}
		was := o.Evaluate(d, p)
		lend(was, v)
		v = was
	}
	x.valued(out, d, v, row.Commit)
	firm := FigureExplainedFirm{Code: k.Code, Name: out.Org.Zh, Org: &home, Number: out.Value.Number, Grade: out.Grade, Filled: out.Value.Filled, Missing: append([]indicator.Absent{}, v.Lack...), Source: Local}
	if holds := v.Holds(); holds != nil {
		yes := holds.Sign() > 0
		firm.Holds = &yes
	}
	out.Enterprises = append(out.Enterprises, firm)
	out.limit(depth)
	out.weigh(x.s.o.Now())
	return out, nil
}

// lend gives inputs that say the same now what they rest on now.
func lend(was, now *indicator.Valuation) {
	for i := range was.Inputs {
		a, b := &was.Inputs[i], &now.Inputs[i]
		same := (a.Num == nil) == (b.Num == nil) && (a.Num == nil || a.Num.Cmp(b.Num) == 0) && a.Source == b.Source
		if same {
			a.Rests, a.More = b.Rests, b.More
		}
		if a.Below != nil && b.Below != nil {
			lend(a.Below, b.Below)
		}
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/govern/incentive/support"
	"jingwei/internal/govern/programme"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/ledger"
	"jingwei/internal/office/register"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
	"jingwei/internal/telemetry/rollup/kept"
)

// openProgrammes opens the room of calls. It needs cases, registers, the ledger, measures and roll-ups, and has a say in the steps of its
// cases from then on.
func (n *node) openProgrammes(ctx context.Context) (err error) {
	n.programmes, err = programme.New(ctx, programme.Options{
		DB: n.db, Packs: n.packs, Flows: n.flows, Parties: callParties{n}, Experts: callParties{n}, Measures: callMeasures{n.support},
		Filings: callFilings{n.support}, Funds: callFunds{n.ledger}, Indicators: callIndicators{n}, Papers: callPapers{n}, Now: n.now, Logger: n.log,
	})
	if err != nil {
		return err
	}
	for _, c := range n.programmes.Calls() {
		n.gates.add(programme.FlowPrefix+c.ID, n.programmes)
	}
	return nil
}

// callParties tells programmes who organisations and experts are.
type callParties struct{ n *node }

func (p callParties) Profile(ctx context.Context, org uuid.UUID, day string) (programme.Profile, bool, error) {
	e, ok, err := p.n.known.Of(ctx, org, day)
	if err != nil || !ok {
		return programme.Profile{}, false, err
	}
	return programme.Profile{Name: e.Name, CreditCode: e.CreditCode, Industry: e.Industry, Region: e.Region, Size: e.Size, Tags: e.Tags, Employees: e.Employees, Revenue: e.Revenue, Assets: e.Assets}, true, nil
}

func (p callParties) Name(ctx context.Context, id uuid.UUID) (text.Text, error) {
	o, err := p.n.orgs.Get(ctx, id)
	return o.Name, err
}

func (p callParties) Contacts(ctx context.Context, id uuid.UUID) (out []uuid.UUID, err error) {
	err = store.Each(func(page store.Page) ([]auth.Person, string, error) {
		return p.n.auth.ListPeople(auth.AsSystem(ctx, "node"), auth.System(id), page)
	}, func(x auth.Person) error {
		out = append(out, x.ID)
		return nil
	})
	return out, err
}

// Ties are ownership in either direction, and contracts that either has recorded with the other.
func (p callParties) Ties(ctx context.Context, a, b uuid.UUID) (out []programme.Tie, err error) {
	parents, err := p.n.orgs.Parents(ctx, []uuid.UUID{a, b}, p.n.now().UnixNano())
	if err != nil {
		return nil, err
	}
	if parents[a] == b || parents[b] == a || parents[a] != uuid.Nil && parents[a] == parents[b] {
		out = append(out, programme.Tie{Kind: programme.Ownership})
	}
	for _, side := range [][2]uuid.UUID{{a, b}, {b, a}} {
		other, err := p.n.orgs.Get(ctx, side[1])
		if err != nil {
			return nil, err
		}
		if other.CreditCode == "" {
			continue
		}
		list, _, err := p.n.facts.List(auth.AsSystem(ctx, "node"), fact.Filter{Org: side[0], Kind: "contract", Where: []string{"partyCode=" + other.CreditCode}}, store.Page{Limit: store.MaxLimit})
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			on, _ := f.Record["signed"].(string)
			out = append(out, programme.Tie{Kind: programme.Contract, On: on})
		}
	}
	met, err := p.n.matching.Between(auth.AsSystem(ctx, "node"), a, b)
	if err != nil {
		return nil, err
	}
	for _, c := range met { // they count from the last step on
		out = append(out, programme.Tie{Kind: programme.Contact, On: field.DateOf(c.At)})
	}
	return out, nil
}

// Recognise adds a tag to the enterprise's entry of the register, once.
func (p callParties) Recognise(ctx context.Context, id uuid.UUID, tag, from, to, why string) error {
	e, ok, err := p.n.known.Of(ctx, id, from)
	if err != nil || !ok || slices.Contains(e.Tags, tag) {
		return err
	}
	node := auth.AsSystem(ctx, "node")
	entry, err := p.n.registers.Get(node, e.Entry)
	if err != nil {
		return err
	}
	record := entry.Record
	tags, _ := record["tags"].([]field.Record)
	if r := []rune(why); len(r) > 300 {
		why = string(r[:300])
	}
	record["tags"] = append(slices.Clone(tags), field.Record{"tag": tag, "from": from, "to": to, "reason": why})
	delete(record, "sizeClass") // worked out again
	_, err = p.n.registers.Change(node, e.Entry, register.Change{Basis: entry.Revision, Content: record.Encode(), Reason: why})
	return err
}

// Experts are those in the pool that an organisation keeps; one that keeps none uses that of the node's own organisation.
func (p callParties) Experts(ctx context.Context, id uuid.UUID, day string) ([]programme.Expert, error) {
	out, err := p.pool(ctx, id, day)
	if err != nil || len(out) > 0 {
		return out, err
	}
	home, ok, err := p.n.orgs.Home(ctx)
	if err != nil || !ok || home.ID == id {
		return nil, err
	}
	return p.pool(ctx, home.ID, day)
}

func (p callParties) pool(ctx context.Context, id uuid.UUID, day string) (out []programme.Expert, err error) {
	node := auth.AsSystem(ctx, "node")
	err = store.Each(func(page store.Page) ([]register.Entry, string, error) {
		return p.n.registers.ListFor(ctx, auth.System(id), "experts", register.Filter{Org: id, State: "active"}, page)
	}, func(e register.Entry) error {
		x := programme.Expert{ID: e.ID, Name: word(e.Record, "name"), Employer: word(e.Record, "employerCode")}
		if x.Employer == "" {
			x.Employer = word(e.Record, "employer")
		}
		x.EmployerOrg, _ = uuid.Parse(word(e.Record, "org"))
		if login := word(e.Record, "account"); login != "" {
			who, err := p.n.auth.PersonByLogin(node, login)
			if err != nil && !errors.Is(err, auth.ErrNotFound) {
				return err
			}
			x.Person = who.ID
		}
		if x.EmployerOrg == uuid.Nil && x.Employer != "" {
			o, ok, err := p.n.orgs.WithCreditCode(ctx, x.Employer)
			if err != nil {
				return err
			}
			if ok {
				x.EmployerOrg = o.ID
			}
		}
		fields, _ := e.Record["fieldsOfWork"].([]field.Record)
		for _, f := range fields {
			x.Fields = append(x.Fields, word(f, "field"))
		}
		ties, _ := e.Record["conflicts"].([]field.Record)
		for _, t := range ties {
			from, to := word(t, "from"), word(t, "to")
			if (from == "" || from <= day) && (to == "" || day <= to) {
				x.Relations = append(x.Relations, programme.Relation{CreditCode: word(t, "code"), Kind: word(t, "why")})
			}
		}
		out = append(out, x)
		return nil
	})
	return out, err
}

// callMeasures lets programmes ask the measures of support: by the evaluation, dates and awards that support itself goes by.
type callMeasures struct{ support *support.Service }

func (m callMeasures) Evaluate(ctx context.Context, org uuid.UUID, object string, a *programme.CallAward, facts map[string]programme.MeasureFact, day string) ([]programme.MeasureAmount, error) {
	known := map[string]support.Known{}
	for key, f := range facts {
		v, err := json.Marshal(f.Value)
		if err != nil {
			return nil, fmt.Errorf("fact %s: %w", key, err)
		}
		known[key] = support.Known{Value: v, Grade: f.Grade, Source: "programme"}
	}
	report, err := m.support.Evaluate(ctx, support.Evaluation{Org: org, Object: object, Measures: a.Measures, Facts: known, Day: day, Published: a.Published})
	if err != nil {
		return nil, err
	}
	out := []programme.MeasureAmount{}
	for _, id := range a.Measures {
		x := report.Of(id)
		r := programme.MeasureAmount{Measure: id, Name: x.Name, Eligible: fmt.Sprint(x.Eligible)}
		if x.Granted != nil {
			r.Fen = int64(*x.Granted)
		}
		for _, miss := range x.Missing {
			r.Missing = append(r.Missing, miss.Evidence)
		}
		r.Why = callSteps(&x.Explanation, r.Why)
		out = append(out, r)
	}
	return out, nil
}

// callSteps are the explanation in words, from the whole to its parts.
func callSteps(s *incentive.Step, out []text.Text) []text.Text {
	if !s.Text.IsZero() && len(out) < 60 {
		out = append(out, s.Text)
	}
	for i := range s.Steps {
		out = callSteps(&s.Steps[i], out)
	}
	return out
}

// callFunds is the ledger as programmes use it.
type callFunds struct{ ledger *ledger.Service }

func (f callFunds) Commit(ctx context.Context, tx bun.Tx, p programme.Promise) error {
	return f.ledger.Commit(ctx, tx, ledger.Commitment{Org: p.Org, Fund: p.Fund, Year: p.Year, Ref: p.Ref, Party: p.Party, Amount: p.Amount, Memo: p.Memo})
}

func (f callFunds) Release(ctx context.Context, tx bun.Tx, org uuid.UUID, ref string, amount int64, why string) error {
	return f.ledger.Release(ctx, tx, org, ref, amount, why)
}

func (f callFunds) Pay(ctx context.Context, tx bun.Tx, org uuid.UUID, ref, id string, amount int64, on, document string) error {
	return f.ledger.Pay(ctx, tx, org, ref, ledger.Payment{ID: id, Amount: amount, On: on, Document: document})
}

func (f callFunds) Claim(ctx context.Context, tx bun.Tx, org uuid.UUID, ref, id string, amount int64, on, why string) error {
	return f.ledger.Recover(ctx, tx, org, ref, ledger.Recovery{Kind: ledger.Claim, ID: id, Amount: amount, On: on, Why: why})
}

func (f callFunds) Receive(ctx context.Context, tx bun.Tx, org uuid.UUID, ref, id string, amount int64, on, document string) error {
	return f.ledger.Recover(ctx, tx, org, ref, ledger.Recovery{Kind: ledger.Receipt, ID: id + "/received", Amount: amount, On: on, Document: document})
}

// callPapers opens what applicants have handed in.
type callPapers struct{ n *node }

func (p callPapers) Open(ctx context.Context, org uuid.UUID, id string) (name, media string, data []byte, err error) {
	d, data, err := p.n.facts.ReadHanded(ctx, org, id)
	return d.Name, d.Media, data, err
}

// callIndicators measures indicators from roll-ups.
type callIndicators struct{ n *node }

func (c callIndicators) Series(ctx context.Context, org, id uuid.UUID) (text.Text, error) {
	p, err := c.n.plant.Point(ctx, auth.System(org), id, c.n.now())
	if err != nil {
		return text.Text{}, err
	}
	m, _, err := c.n.plant.Machine(ctx, auth.System(org), p.Machine, c.n.now())
	if err != nil {
		return text.Text{}, err
	}
	return text.Text{Zh: m.Name.In("zh") + " · " + p.Name.In("zh"), En: m.Name.In("en") + " · " + p.Name.In("en")}, nil
}

// spanFigures is what the rows of one series say about a span, exact.
type spanFigures struct {
	covered     int64 // ns
	integral    *big.Rat
	consumption *big.Rat
	counter     bool
	unread      bool
	state       int64 // ns in the state that is asked for
	input       uint64
	formulas    []string
}

func (c callIndicators) Measure(ctx context.Context, org uuid.UUID, x *programme.Indicator, series map[string]uuid.UUID, from, to int64) (programme.Measured, error) {
	level := rollup.LevelHour
	if from%int64(time.Hour) != 0 || to%int64(time.Hour) != 0 {
		level = rollup.LevelMinute
	}
	out := programme.Measured{Coverage: 1000}
	all := map[string]spanFigures{}
	var newest uint64
	for _, role := range x.Series {
		id := series[role.Role]
		if _, err := c.Series(ctx, org, id); err != nil {
			return out, err
		}
		t, err := c.read(ctx, id, level, from, to, x.State)
		if errors.Is(err, kept.ErrUnknown) { // declared and without a sample
			t, err = spanFigures{integral: new(big.Rat), consumption: new(big.Rat)}, nil
		}
		if err != nil {
			return out, err
		}
		all[role.Role] = t
		out.Coverage = min(out.Coverage, int(t.covered*1000/(to-from)))
		out.References = append(out.References, fmt.Sprintf("series:%s %s %s/%s %s", id, level, time.Unix(0, from).UTC().Format(time.RFC3339), time.Unix(0, to).UTC().Format(time.RFC3339), strings.Join(t.formulas, " ")))
		newest = max(newest, t.input)
		if counts := role.Role == "counter" || role.Role == "pieces"; counts && !t.counter {
			out.Trouble = text.Text{Zh: "“" + role.Name.Zh + "”未登记为计数器", En: "“" + role.Name.En + "” is not declared to be a counter"}
			return out, nil
		} else if counts && t.unread {
			out.Trouble = text.Text{Zh: "“" + role.Name.Zh + "”在起点之前没有读数", En: "“" + role.Name.En + "” has no reading before the begin"}
			return out, nil
		}
	}
	out.Revision = fmt.Sprint(newest)
	hours := func(t spanFigures) *big.Rat { return new(big.Rat).Quo(t.integral, big.NewRat(3600, 1)) }
	switch x.Method {
	case programme.Mean:
		if t := all["value"]; t.covered > 0 {
			out.Value = new(big.Rat).Quo(t.integral, big.NewRat(t.covered, int64(time.Second)))
		}
	case programme.Integral:
		if t := all["value"]; t.covered > 0 {
			out.Value = hours(t)
		}
	case programme.Consumption:
		out.Value = all["counter"].consumption
	case programme.EnergyPerPiece:
		pieces := all["pieces"].consumption
		if pieces.Sign() <= 0 {
			out.Trouble = text.Text{Zh: "这段时间没有产量", En: "nothing was produced in this time"}
			return out, nil
		}
		out.Value = new(big.Rat).Quo(hours(all["power"]), pieces)
	case programme.ShareOfTime:
		if t := all["state"]; t.covered > 0 {
			out.Value = big.NewRat(t.state*100, t.covered)
		}
	}
	if out.Value == nil {
		out.Trouble = text.Text{Zh: "这段时间没有数据", En: "there are no data of this time"}
	}
	return out, nil
}

func (c callIndicators) read(ctx context.Context, id uuid.UUID, level rollup.Level, from, to int64, state string) (spanFigures, error) {
	t := spanFigures{integral: new(big.Rat), consumption: new(big.Rat)}
	rows, err := c.n.rollups.Read(ctx, kept.Question{Series: id, Level: level, Span: telemetry.Span{From: from, To: to}})
	if err != nil {
		return t, err
	}
	for i := range rows {
		r := &rows[i]
		t.covered += r.Covered
		addTotal(t.integral, &r.Integral)
		if r.Flags&rollup.HasCounter != 0 {
			t.counter = true
			t.unread = t.unread || r.Flags&rollup.Unread != 0
			addTotal(t.consumption, &r.Consumption)
		}
		t.input = max(t.input, r.Input)
		if hash := rollup.FormulaHash(r.Formula()); !slices.Contains(t.formulas, hash) {
			t.formulas = append(t.formulas, hash)
		}
		for _, s := range r.Row.States {
			if stateWord(r.Type, s) == state {
				t.state += s.Duration
			}
		}
	}
	return t, nil
}

// addTotal adds an exact sum: its terms are doubles, and doubles are fractions.
func addTotal(to *big.Rat, t *rollup.Total) {
	for _, f := range append([]float64{t.Hi, t.Lo}, t.More...) {
		if r := new(big.Rat).SetFloat64(f); r != nil {
			to.Add(to, r)
		}
	}
}

func stateWord(t telemetry.Type, s rollup.State) string {
	switch t {
	case telemetry.String:
		return s.Text
	case telemetry.Bool:
		return fmt.Sprint(s.Bits != 0)
	}
	return fmt.Sprint(int64(s.Bits))
}

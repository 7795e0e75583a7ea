package figure

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// Verbs of the questions that the taker of an agreement asks its giver.
const (
	AskExplain = "explain"
	AskSample  = "sample"
	AskFact    = "fact"
	AskProve   = "prove"
)

// question is what is asked of a giver about a figure.
type question struct {
	Key      string      `json:"key"`                // without the keeper, who is the giver, and without the enterprise
	Code     string      `json:"code,omitempty"`     // of an enterprise in it
	Via      []uuid.UUID `json:"via,omitempty"`      // agreements to follow from there
	AsOf     int64       `json:"asOf,omitempty"`     // ns
	After    string      `json:"after,omitempty"`    // code
	Limit    int         `json:"limit,omitempty"`    // of enterprises
	Revision int64       `json:"revision,omitempty"` // of prove and fact
	ID       uuid.UUID   `json:"id,omitzero"`        // of a fact or a series
	Grade    int         `json:"grade,omitempty"`    // of prove
	Offset   int64       `json:"offset,omitempty"`   // of prove, in bytes
	Onward   bool        `json:"onward,omitempty"`   // the asker passes the answer on to its own taker
	Depth    string      `json:"depth,omitempty"`    // how deep those may go to whom it is passed on; "" where nobody narrows it
}

// follow puts a question to the giver of the first agreement, who passes it on to the others.
func (x *Explainer) follow(ctx context.Context, k Key, via []uuid.UUID, verb string, q question, out any) error {
	a, err := x.hop(ctx, k, via)
	if err != nil {
		return err
	}
	q.Via = via[1:]
	return x.ask(ctx, a, verb, q, out)
}

// hop is the first agreement of a way down from a keeper. Errors: ErrVia, store.ErrNotFound.
func (x *Explainer) hop(ctx context.Context, k Key, via []uuid.UUID) (*org.Agreement, error) {
	if len(via) > MaxVia {
		return nil, ErrVia.At("query.via", len(via)).With("max", MaxVia)
	}
	a, err := x.o.Agreements.Agreement(ctx, via[0])
	if err != nil {
		return nil, err
	}
	if a.Taker.Node != x.o.Node || a.Taker.Org != k.Keeper {
		return nil, fmt.Errorf("agreement %s: %w", a.ID, store.ErrNotFound)
	}
	return &a, nil
}

func (x *Explainer) ask(ctx context.Context, a *org.Agreement, verb string, q question, out any) error {
	body, err := json.Marshal(q)
	if err != nil {
		return err
	}
	begun := time.Now()
	answer, err := x.o.Ask(ctx, a.ID, verb, body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("the answer of %s to %s: %w", a.Giver.Name.En, verb, err)
	}
	if h, ok := out.(hopper); ok {
		h.hopped(FigureHop{a.Giver.Node, a.Giver.Name, a.ID, time.Since(begun).Milliseconds()})
	}
	return nil
}

// hopper is an answer that tells through which agreements it came.
type hopper interface{ hopped(FigureHop) }

func (e *FigureExplanation) hopped(h FigureHop) { e.Hops = append([]FigureHop{h}, e.Hops...) }

// consent refuses what an agreement does not let through; who names the hop.
func (x *Explainer) consent(who, level string) error {
	return x.o.Consent.With("who", who).With("level", level)
}

// asked reads a question and judges how deep the agreement lets it go: the least of what the taker may ask, of what it may pass on where
// it does, and of what those above let through.
func (x *Explainer) asked(a *org.Agreement, body json.RawMessage) (q question, k Key, depth string, err error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil {
		return q, k, "", ErrQuestion.Because(err)
	}
	if _, err := d.Token(); err != io.EOF || len(q.Via) > MaxVia || q.Code != "" && !codeForm.MatchString(q.Code) || q.After != "" && !codeForm.MatchString(q.After) {
		return q, k, "", ErrQuestion
	}
	if k, err = ParseKey(q.Key); err != nil || k.Keeper != uuid.Nil || k.Code != "" || k.Name() != q.Key {
		return q, k, "", ErrQuestion.Because(err)
	}
	k.Keeper, depth = a.Giver.Org, a.Drill
	who := a.Giver.Name.Zh
	if !about(a, k) {
		return q, k, "", x.consent(who, org.LevelNone)
	}
	if q.Onward {
		if depth = org.Least(depth, a.Onward); org.Level(a.Onward) < org.Level(org.LevelAggregate) {
			return q, k, "", x.consent(who, a.Onward)
		}
	}
	if q.Depth != "" {
		depth = org.Least(depth, q.Depth)
	}
	if org.Level(depth) < 0 {
		return q, k, "", ErrQuestion
	}
	return q, k, depth, nil
}

// need refuses what goes deeper than an agreement.
func (x *Explainer) need(a *org.Agreement, depth, level string) error {
	if org.Level(depth) < org.Level(level) {
		return x.consent(a.Giver.Name.Zh, depth)
	}
	return nil
}

// pass puts a question on to the giver of the next agreement. What that lets be passed on narrows it, and so does what this node's taker
// may have; out is the answer.
func (x *Explainer) pass(ctx context.Context, k Key, q question, depth, verb string, out any) error {
	b, err := x.hop(ctx, k, q.Via)
	if err != nil {
		return err
	}
	if org.Level(b.Onward) < org.Level(org.LevelAggregate) {
		return x.consent(b.Giver.Name.Zh, b.Onward)
	}
	q.Depth, q.Onward, q.Via = org.Least(depth, b.Onward), true, q.Via[1:]
	return x.ask(ctx, b, verb, q, out)
}

// AnswerExplain answers a question of the taker of an agreement (neighbour.Handler).
func (x *Explainer) AnswerExplain(ctx context.Context, a *org.Agreement, body json.RawMessage) (any, error) {
	q, k, depth, err := x.asked(a, body)
	if err != nil {
		return nil, err
	}
	ctx = auth.AsSystem(ctx, "figures")
	if len(q.Via) > 0 {
		if q.Code != "" {
			if err := x.need(a, depth, org.LevelInputs); err != nil {
				return nil, err
			}
		}
		var out FigureExplanation
		if err := x.pass(ctx, k, q, depth, AskExplain, &out); err != nil {
			return nil, err
		}
		out.limit(depth)
		return &out, nil
	}
	if a.Detail == org.DetailEnterprise {
		if q.Code != "" && q.Code != a.Giver.CreditCode {
			return nil, store.ErrNotFound
		}
		if err := x.need(a, depth, org.LevelInputs); err != nil {
			return nil, err
		}
		k.Filter = All
		return x.enterprise(ctx, a.Giver.Org, k.Of(a.Giver.CreditCode), q.AsOf, depth)
	}
	f, err := x.s.store.Figure(ctx, x.s.o.DB, k.ID(), q.AsOf)
	if err != nil {
		return nil, err
	}
	if q.Code == "" {
		out, err := x.population(ctx, f, Asked{After: q.After, Limit: q.Limit}, depth)
		if err == nil {
			out.limit(depth)
		}
		return out, err
	}
	if err := x.need(a, depth, org.LevelInputs); err != nil {
		return nil, err
	}
	return x.firmFor(ctx, f, q.Code, depth)
}

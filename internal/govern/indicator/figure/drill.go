package figure

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// FigureFact is a fact that a value rests on, without the fields that are restricted.
type FigureFact struct {
	ID        uuid.UUID         `json:"id" format:"uuid"`
	Revision  int64             `json:"revision,string"`
	Kind      string            `json:"kind"`
	KindName  text.Text         `json:"kindName"`
	Source    string            `json:"source" doc:"Where it comes from"`
	Grade     string            `json:"grade"`
	Evidence  string            `json:"evidence,omitempty" doc:"Who has checked it, or what measured it"`
	Documents []string          `json:"documents" nullable:"false" doc:"Names of papers that were handed in with it"`
	Since     *time.Time        `json:"since,omitempty" doc:"When it holds"`
	Until     *time.Time        `json:"until,omitempty"`
	At        time.Time         `json:"at" doc:"When it was written down"`
	Fields    []FigureFactField `json:"fields" nullable:"false"`
	Hidden    int               `json:"hidden,omitempty" doc:"Fields that are restricted and stay with the enterprise"`
	Hops      []FigureHop       `json:"hops" nullable:"false"`
}

// FigureFactField is one field of a fact, in words.
type FigureFactField struct {
	Key  string    `json:"key"`
	Name text.Text `json:"name"`
	Text string    `json:"text"`
}

// FigureSample is the last sample of a series that a value rests on.
type FigureSample struct {
	Series   uuid.UUID   `json:"series" format:"uuid"`
	Name     text.Text   `json:"name"`
	Machine  text.Text   `json:"machine,omitzero"`
	Unit     string      `json:"unit,omitempty"`
	Time     *time.Time  `json:"time,omitempty" doc:"Of the last sample; absent where there is none"`
	Value    string      `json:"value,omitempty"`
	Status   string      `json:"status,omitempty"`
	Received *time.Time  `json:"received,omitempty" doc:"When the gateway, or the source, had it"`
	Commit   *time.Time  `json:"commit,omitempty" doc:"When the node wrote it down"`
	Day      string      `json:"day,omitempty" format:"date" doc:"Of the sample, in civil time"`
	Samples  uint64      `json:"samples,string" doc:"That the day has"`
	Covered  int64       `json:"coveredSeconds" doc:"For how long of the day a good value holds"`
	Hops     []FigureHop `json:"hops" nullable:"false"`
}

func (f *FigureFact) hopped(h FigureHop)   { f.Hops = append([]FigureHop{h}, f.Hops...) }
func (s *FigureSample) hopped(h FigureHop) { s.Hops = append([]FigureHop{h}, s.Hops...) }

// Drill says which fact or series of an enterprise of a figure is asked for.
type Drill struct {
	Figure   uuid.UUID
	Code     string      // of the enterprise
	Via      []uuid.UUID // agreements down to it; none for the enterprise's own people
	ID       uuid.UUID   // of the fact, or the series
	Revision int64       // of the fact; 0: the one that counted
}

// Fact is a fact that the value of an enterprise in a figure rests on now. Errors: as Explain, ErrRests.
func (x *Explainer) Fact(ctx context.Context, in Drill) (out FigureFact, err error) {
	k, home, err := x.drilled(ctx, in)
	if err != nil {
		return out, err
	}
	if home != uuid.Nil {
		return x.fact(ctx, home, k, in.ID, in.Revision)
	}
	err = x.follow(ctx, k, in.Via, AskFact, question{Key: k.Name(), Code: in.Code, ID: in.ID, Revision: in.Revision}, &out)
	return out, err
}

// Sample is the last sample of a series that the value of an enterprise in a figure rests on now. Errors: as Explain, ErrRests.
func (x *Explainer) Sample(ctx context.Context, in Drill) (out FigureSample, err error) {
	k, home, err := x.drilled(ctx, in)
	if err != nil {
		return out, err
	}
	if home != uuid.Nil {
		return x.sample(ctx, home, k, in.ID)
	}
	err = x.follow(ctx, k, in.Via, AskSample, question{Key: k.Name(), Code: in.Code, ID: in.ID}, &out)
	return out, err
}

// drilled finds the figure for somebody who may read its keeper, or the enterprise for its own people: then home is its organisation and
// the key is its value's.
func (x *Explainer) drilled(ctx context.Context, in Drill) (k Key, home uuid.UUID, err error) {
	if in.Code != "" && !codeForm.MatchString(in.Code) {
		return k, home, store.ErrNotFound
	}
	f, err := x.s.seen(ctx, x.s.o.DB, in.Figure, 0, Now)
	if f == nil || len(in.Via) > 0 {
		if f != nil {
			k = f.Key
		}
		return k, home, err
	}
	if home, err = x.home(ctx, f, in.Code); err == nil && home == uuid.Nil {
		err = store.ErrNotFound
	}
	if err == nil {
		_, err = auth.Allow(ctx, auth.Read, home)
	}
	return f.Key.Of(in.Code), home, err
}

func (x *Explainer) fact(ctx context.Context, home uuid.UUID, k Key, id uuid.UUID, revision int64) (out FigureFact, err error) {
	err = x.rests(ctx, home, k, func(r *indicator.Rest) bool {
		if r.Kind != "fact" || r.ID != id || revision != 0 && r.Revision != revision {
			return false
		}
		revision = r.Revision
		return true
	})
	if err != nil {
		return out, err
	}
	out, err = x.o.Ground.Fact(ctx, home, id, revision)
	out.Hops = []FigureHop{}
	return out, err
}

func (x *Explainer) sample(ctx context.Context, home uuid.UUID, k Key, series uuid.UUID) (out FigureSample, err error) {
	err = x.rests(ctx, home, k, func(r *indicator.Rest) bool {
		return slices.Contains(r.Series, series) || r.Kind == "series" && r.ID == series
	})
	if err != nil {
		return out, err
	}
	out, err = x.o.Ground.Sample(ctx, home, series)
	out.Hops = []FigureHop{}
	return out, err
}

// rests looks whether an enterprise's value rests on something now. Error: ErrRests.
func (x *Explainer) rests(ctx context.Context, home uuid.UUID, k Key, is func(*indicator.Rest) bool) error {
	d := x.s.o.Library.Definition(k.Indicator)
	p, ok := k.Time()
	if d == nil || !ok || x.o.Ground == nil {
		return ErrRests
	}
	v, err := x.o.Sources.Observe(ctx, home, d, p, k.Baseline)
	if err != nil {
		return err
	}
	if !restsOn(v, is) {
		return ErrRests
	}
	return nil
}

func restsOn(v *indicator.Valuation, is func(*indicator.Rest) bool) bool {
	for i := range v.Inputs {
		g := &v.Inputs[i]
		for j := range g.Rests {
			if is(&g.Rests[j]) {
				return true
			}
		}
		if g.Below != nil && restsOn(g.Below, is) {
			return true
		}
	}
	return false
}

// AnswerFact and AnswerSample answer questions of the taker of an agreement (neighbour.Handler).
func (x *Explainer) AnswerFact(ctx context.Context, a *org.Agreement, body json.RawMessage) (any, error) {
	var out FigureFact
	q, k, err := x.drillAsked(ctx, a, body, AskFact, org.LevelFacts, &out)
	if err != nil || out.Hops != nil {
		return &out, err
	}
	out, err = x.fact(auth.AsSystem(ctx, "figures"), a.Giver.Org, k, q.ID, q.Revision)
	return &out, err
}

// AnswerSample: see AnswerFact.
func (x *Explainer) AnswerSample(ctx context.Context, a *org.Agreement, body json.RawMessage) (any, error) {
	var out FigureSample
	q, k, err := x.drillAsked(ctx, a, body, AskSample, org.LevelReadings, &out)
	if err != nil || out.Hops != nil {
		return &out, err
	}
	out, err = x.sample(auth.AsSystem(ctx, "figures"), a.Giver.Org, k, q.ID)
	return &out, err
}

// drillAsked judges a question about an enterprise. One that goes on is passed on, and out is its answer, with hops.
func (x *Explainer) drillAsked(ctx context.Context, a *org.Agreement, body json.RawMessage, verb, level string, out any) (question, Key, error) {
	q, k, depth, err := x.asked(a, body)
	if err == nil {
		err = x.need(a, depth, level)
	}
	if err != nil {
		return q, k, err
	}
	if len(q.Via) > 0 {
		return q, k, x.pass(auth.AsSystem(ctx, "figures"), k, q, depth, verb, out)
	}
	if a.Detail != org.DetailEnterprise || q.Code != "" && q.Code != a.Giver.CreditCode {
		return q, k, store.ErrNotFound
	}
	k.Filter = All
	return q, k.Of(a.Giver.CreditCode), nil
}

package figure

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/org"
)

// rows packs the observations of a part.
func (p *prover) rows(ctx context.Context, f *Figure, d *indicator.Definition, pop *Population, of *Part, part *packPart, spoken map[string]bool) error {
	given, err := p.x.agreements(ctx, f)
	if err != nil {
		return err
	}
	var codes []string
	for i := range pop.Members {
		if a := given[pop.Members[i].Code]; a != nil && stood(a, f.Commit) && a.Hosted() == (of.Source == Local) && !spoken[a.Giver.CreditCode] {
			codes = append(codes, a.Giver.CreditCode)
		}
	}
	rows, err := p.x.s.store.Find(ctx, p.x.s.o.DB, f.Key.Column(of.Source), codes, f.Commit)
	if err != nil {
		return err
	}
	k := f.Key
	k.Filter = All
	answers := p.belowAll(ctx, k, rows, given)
	withheld, sum := 0, indicator.NewAccount(d)
	for i := range rows {
		r, a := &rows[i], given[rows[i].Code]
		if v, _, err := p.x.s.valued(ctx, f, d, *pop.Find(r.Code), r, a.Hosted()); err == nil {
			sum.Add(v)
		}
		if p.onward && org.Level(a.Onward) < org.Level(org.LevelInputs) {
			withheld++
			continue
		}
		x, err := p.row(ctx, f, d, pop, r, a, of.Source)
		if err != nil {
			return fmt.Errorf("the observation of %s: %w", r.Code, err)
		}
		if x.Why == "" {
			x.Below, x.Why = p.put(answers[i])
		}
		spoken[r.Code] = true
		part.Rows = append(part.Rows, x)
	}
	if sum.Known() != of.Known {
		part.Why = fmt.Sprintf("of the %d values that counted %d are agreed to now", of.Known, sum.Known())
	}
	if withheld > 0 {
		part.Why = fmt.Sprintf("%d enterprises have not agreed to be passed on", withheld)
	}
	return nil
}

// stood tells whether an agreement, by its first terms or those that stand, was there at a commit.
func stood(a *org.Agreement, commit int64) bool {
	if a.Version > 1 {
		return a.Created <= commit
	}
	for _, accepted := range []*org.Acceptance{a.GiverAccepted, a.TakerAccepted} {
		if accepted != nil && accepted.At > commit {
			return false
		}
	}
	return true
}

func (p *prover) row(ctx context.Context, f *Figure, d *indicator.Definition, pop *Population, r *Row, a *org.Agreement, source string) (x packRow, err error) {
	x.Row = p.w.blob(r.Encode())
	if x.Seal, err = p.seal(ctx, r.Commit, r.sealed(f.Key.Column(source))); err != nil {
		return x, err
	}
	if x.Agreement, err = p.agreement(ctx, a); err != nil {
		return x, err
	}
	k := f.Key.Of(r.Code)
	k.Filter = All
	if !a.Hosted() {
		if d.OwnRegisters() {
			o, err := p.x.s.o.Library.DecodeObservation(d, r.Observation)
			if err != nil {
				return x, err
			}
			e, period := *pop.Find(r.Code), indicator.Period{}
			e.Org = uuid.Nil // of another node
			period, _ = f.Key.Time()
			if o, err = p.x.s.o.Registers.Complete(ctx, d, indicator.Asked{Keeper: f.Key.Keeper, Firm: e, Period: period, Baseline: f.Key.Baseline}, o); err != nil {
				return x, err
			}
			x.Completed = p.w.blob(o.Encode())
		}
		in, err := p.x.came(ctx, a)
		if err != nil {
			return x, err
		}
		record, told := in.observation(k, r.Observation)
		if record == nil {
			x.Why = "the record that delivered it is not kept any more"
			return x, nil
		}
		x.Records = p.w.blobsOf([][]byte{record})
		if told != nil {
			x.Told = p.w.blob(EncodeRecord(told))
		}
	}
	return x, nil
}

// askingBelow bounds how many are asked at the same time.
const askingBelow = 8

// belowAll asks enterprises for their packs, in the order of their rows.
func (p *prover) belowAll(ctx context.Context, k Key, rows []Row, given map[string]*org.Agreement) []answer {
	out := make([]answer, len(rows))
	var work errgroup.Group
	work.SetLimit(askingBelow)
	for i := range rows {
		work.Go(func() error {
			out[i] = p.below(ctx, given[rows[i].Code], k, 0)
			return nil
		})
	}
	_ = work.Wait() // each has its own answer
	return out
}

package programme

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// IndicatorView is an indicator of a project: its series, its frozen baseline, what was measured, and what that means.
type IndicatorView struct {
	Indicator
	Bound    map[string]uuid.UUID `json:"bound"`
	Names    map[string]text.Text `json:"names"`
	Baseline *MeasurementView     `json:"baseline,omitempty"`
	Now      *MeasurementView     `json:"now,omitempty"`
	Target   string               `json:"target,omitempty"`
	Gain     string               `json:"gain,omitempty" doc:"Percent of the baseline that it is better"`
	Verdict  string               `json:"verdict" enum:"true,false,unknown"`
	Why      text.Text            `json:"why"`
}

// MeasurementView is one measurement.
type MeasurementView struct {
	ID       uuid.UUID `json:"id" format:"uuid"`
	Value    string    `json:"value,omitempty"`
	Exact    string    `json:"exact,omitempty" doc:"As a fraction"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Coverage string    `json:"coverage" doc:"Percent"`
	Grade    string    `json:"grade"`
	RestsOn  []string  `json:"restsOn" nullable:"false" doc:"Series and the roll-ups of them"`
	Input    string    `json:"input,omitempty" doc:"Newest commit of the samples"`
	Trouble  text.Text `json:"trouble,omitzero"`
	Document string    `json:"document,omitempty"`
	Frozen   bool      `json:"frozen,omitempty"`
	At       time.Time `json:"at"`
}

func (m *measurementRow) view() *MeasurementView {
	if m == nil {
		return nil
	}
	x := m.measured()
	return &MeasurementView{ID: m.ID, Value: shownOf(m.Value), Exact: m.Value, From: time.Unix(0, m.Since).UTC(), To: time.Unix(0, m.Until).UTC(), Coverage: permille(int(m.Coverage)), Grade: m.Grade,
		RestsOn: append([]string{}, x.References...), Input: m.Input, Trouble: x.Trouble, Document: m.Document, Frozen: m.Frozen, At: time.Unix(0, m.At).UTC()}
}

func (s *Service) indicatorView(ctx context.Context, x *Indicator, f *fileRow) (IndicatorView, error) {
	v := IndicatorView{Indicator: *x, Names: map[string]text.Text{}}
	base, now, verdict, why, err := s.verdict(ctx, s.o.DB, x, f)
	if err != nil {
		return v, err
	}
	v.Baseline, v.Now, v.Verdict, v.Why, v.Gain = base.view(), now.view(), verdict, why, x.Gain(base.measured(), now.measured())
	if b := base.measured(); x.Change != "" && b != nil && b.Value != nil {
		v.Target = Shown(x.target(b.Value))
	} else if x.Value != "" {
		v.Target = x.Value
	}
	if v.Bound, err = s.bindings(ctx, s.o.DB, f.CaseID, x.Key); err != nil {
		return v, err
	}
	for role, id := range v.Bound {
		if s.o.Indicators == nil {
			break
		}
		name, err := s.o.Indicators.Series(ctx, f.Subject, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return v, err
		}
		v.Names[role] = name
	}
	return v, nil
}

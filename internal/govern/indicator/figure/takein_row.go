package figure

import (
	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/org"
)

// subject is what many records are about.
type subject struct {
	d          *indicator.Definition
	p          indicator.Period
	definition Hash
	rows       *[]Row // of its column
}

func (in *intake) observation(x *TellObservation) error {
	s, err := in.subject(x.Key)
	switch {
	case err != nil:
		return err
	case in.a.Detail != org.DetailEnterprise:
		return refuse("observations are not in the agreement")
	case x.Key.Code != in.a.Giver.CreditCode:
		return refuse("%s speaks for %s", in.a.Giver.CreditCode, x.Key.Code)
	case x.Definition != s.definition:
		return refuse("%s was observed by another version of the definition", x.Key)
	}
	if len(x.Observation) > 0 {
		if err := in.c.o.Library.CheckObservation(s.d, x.Observation); err != nil {
			return refusal{err}
		}
	}
	if s.rows == nil {
		k := x.Key.Column(Remote)
		k.Keeper = in.a.Taker.Org
		if s.rows = in.columns[k]; s.rows == nil {
			s.rows = &[]Row{}
			in.columns[k] = s.rows
		}
	}
	*s.rows = append(*s.rows, Row{Code: in.a.Giver.CreditCode, Observation: x.Observation})
	return nil
}

// subject is about, remembered for the keys of other enterprises. Error: a refusal.
func (in *intake) subject(k Key) (*subject, error) {
	k.Code, k.Keeper = "", in.a.Taker.Org
	if s := in.subjects[k]; s != nil {
		if !in.agreed.names(in.a, Item{k.Indicator, k.Filter, k.Baseline}) || !tells(in.a, s.p) {
			return nil, refuse("%s of %s is not in the agreement", Item{k.Indicator, k.Filter, k.Baseline}, k.Period)
		}
		return s, nil
	}
	d, p, err := in.about(k)
	if err != nil {
		return nil, err
	}
	s := &subject{d: d, p: p, definition: definitionHash(d)}
	in.subjects[k] = s
	return s, nil
}

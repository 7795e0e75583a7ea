package indicator

import "math/big"

// Brief tells a definition in short.
func (l *Library) Brief(d *Definition) IndicatorBrief { return l.brief(d) }

// Shown tells a valuation with what it rests on.
func (v *Valuation) Shown() *IndicatorValue { return valueView(v) }

// Holds tells whether what share and distinct count holds of an enterprise: 1, 0, or nil where it is not known.
func (v *Valuation) Holds() *big.Rat { return v.holdsOf() }

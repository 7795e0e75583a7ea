package indicator

import (
	"math/big"

	"jingwei/internal/govern/indicator/formula"
)

// pool is the sums of a definition's inputs over enterprises of which all of them are known, in units of the last place.
type pool struct {
	d     *Definition
	sums  []big.Int
	below []*pool // of inputs that are indicators
}

func newPool(d *Definition) *pool {
	return &pool{d: d, sums: make([]big.Int, len(d.Inputs)), below: make([]*pool, len(d.Inputs))}
}

// whole tells whether everything is known of an enterprise.
func whole(v *Valuation) bool {
	for i := range v.Inputs {
		if v.Inputs[i].Num == nil || v.Inputs[i].Below != nil && !whole(v.Inputs[i].Below) {
			return false
		}
	}
	return true
}

func (p *pool) put(v *Valuation, sign int64) {
	for i := range v.Inputs {
		if b := v.Inputs[i].Below; b != nil {
			if p.below[i] == nil {
				p.below[i] = newPool(b.Definition)
			}
			p.below[i].put(b, sign)
			continue
		}
		add(&p.sums[i], scaled(v.Inputs[i].Num), sign)
	}
}

func (p *pool) join(b *pool, sign int64) {
	for i := range b.sums {
		add(&p.sums[i], &b.sums[i], sign)
		if b.below[i] != nil {
			if p.below[i] == nil {
				p.below[i] = newPool(b.below[i].d)
			}
			p.below[i].join(b.below[i], sign)
		}
	}
}

// empty tells whether all sums are zero.
func (p *pool) empty() bool {
	for i := range p.sums {
		if p.sums[i].Sign() != 0 || p.below[i] != nil && !p.below[i].empty() {
			return false
		}
	}
	return true
}

// value is the formula over the sums.
func (p *pool) value() formula.Value {
	values := map[string]formula.Value{}
	for i := range p.d.Inputs {
		in := &p.d.Inputs[i]
		values[in.Key] = formula.Known(number(&p.sums[i]))
		if b := p.below[i]; b != nil {
			v := b.value()
			if v.Num != nil {
				n, err := formula.Convert(v.Num, b.d.unit, in.unit)
				if err != nil { // checked with the definition
					return formula.Unknown(in.Key)
				}
				v.Num = n
			}
			values[in.Key] = v
		}
	}
	return p.d.formula.Eval(values)
}

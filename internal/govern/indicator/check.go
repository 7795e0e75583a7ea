package indicator

import "jingwei/internal/govern/indicator/formula"

// CheckObservation tells what DecodeObservation would refuse, without taking apart what is common. Error: ErrObservation.
func (l *Library) CheckObservation(d *Definition, b []byte) error {
	if l.plain(d, b) {
		return nil
	}
	_, err := l.DecodeObservation(d, b)
	return err
}

// plain tells whether bytes are an observation of numbers that fit into machine words; false also where that cannot be told here.
func (l *Library) plain(d *Definition, b []byte) bool {
	if len(b) < 34 || b[0] != observationFormat || int(b[33]) != len(d.Inputs) || len(d.Inputs) > maxInputs {
		return false
	}
	b = b[34:]
	for range d.Inputs {
		var v formula.Quick
		var in quickInput
		var ok bool
		if b, ok = quickRead(b, 0, &v, &in); !ok {
			return false
		}
		if _, known := lackTexts[Lack(in.lack)]; !v.Known() && !known || v.Known() && !lowest(v.Num, v.Den) {
			return false
		}
	}
	return len(b) == 0
}

// lowest tells whether a fraction is in lowest terms.
func lowest(num, den int64) bool {
	a, b := max(num, -num), den
	for a != 0 {
		a, b = b%a, a
	}
	return b == 1
}

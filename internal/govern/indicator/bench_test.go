package indicator_test

import (
	"math/rand/v2"
	"testing"

	"jingwei/internal/govern/indicator"
)

// What a row of a column costs: read, evaluated, added up.
func BenchmarkRow(b *testing.B) {
	l, err := library()
	if err != nil {
		b.Fatal(err)
	}
	for _, id := range []string{"machine-networking", "energy-utilisation", "energy-utilisation-increase", "online-purchasing"} {
		d := l.Definition(id)
		p, _ := indicator.PeriodBy(d.Period, "2026-10-31")
		r := drawn{rand.New(rand.NewPCG(4, 4)), l}
		rows := make([][]byte, 256)
		for i := range rows {
			v := r.value(d)
			o := v.Observation()
			rows[i] = o.Encode()
		}
		b.Run(id, func(b *testing.B) {
			b.ReportAllocs()
			a := indicator.NewAccount(d)
			x := l.NewAdder(d, p, a)
			for i := 0; b.Loop(); i++ {
				_ = x.Add(rows[i%256])
			}
		})
	}
}

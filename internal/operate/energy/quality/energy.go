package quality

import (
	"fmt"
	"math/big"

	"jingwei/internal/plant/ucum"
	"jingwei/internal/telemetry/rollup"
)

// exact are units of energy in Wh, as codes of UCUM and as people write them in declarations.
var exact = func() map[string]*big.Rat {
	out := map[string]*big.Rat{}
	for _, x := range []struct {
		wattHours *big.Rat
		words     []string
	}{
		{big.NewRat(1, 1), []string{"W.h", "Wh"}},
		{big.NewRat(1_000, 1), []string{"kW.h", "kWh", "千瓦时", "度"}},
		{big.NewRat(1_000_000, 1), []string{"MW.h", "MWh", "兆瓦时"}},
		{big.NewRat(10_000_000, 1), []string{"10*4.kW.h", "万千瓦时", "万kWh", "万度"}},
		{big.NewRat(1_000_000_000, 1), []string{"GW.h", "GWh"}},
		{big.NewRat(1_000, 3_600), []string{"kJ"}},
		{big.NewRat(1_000_000, 3_600), []string{"MJ"}},
		{big.NewRat(1_000_000_000, 3_600), []string{"GJ"}},
	} {
		for _, w := range x.words {
			out[w] = x.wattHours
		}
	}
	return out
}()

var wattHour = func() ucum.Unit {
	u, err := ucum.Parse("W.h")
	if err != nil {
		panic(err)
	}
	return u
}()

// factor is what one of a series' unit is in Wh; false for a unit of something else. Units that are not among the exact ones
// are converted by one rounded factor.
func factor(unit string) (*big.Rat, bool) {
	if f, ok := exact[unit]; ok {
		return f, true
	}
	u, err := ucum.Parse(unit)
	if err != nil {
		return nil, false
	}
	x, err := ucum.Convert(1, u, wattHour)
	if err != nil {
		return nil, false
	}
	f := new(big.Rat).SetFloat64(x)
	return f, f != nil && f.Sign() > 0
}

// consumed is what a row of a counter has, in whole Wh; false where it is not known, or beyond what is counted.
func consumed(r *rollup.Row, factor *big.Rat) (int64, bool) {
	if r.Flags&rollup.HasCounter == 0 || r.Flags&rollup.Unread != 0 {
		return 0, false
	}
	sum := new(big.Rat)
	for _, x := range append([]float64{r.Consumption.Hi, r.Consumption.Lo}, r.Consumption.More...) {
		term := new(big.Rat).SetFloat64(x)
		if term == nil {
			return 0, false
		}
		sum.Add(sum, term)
	}
	return whole(sum.Mul(sum, factor))
}

// whole rounds half away from zero; false for what is below zero or does not fit.
func whole(n *big.Rat) (int64, bool) {
	if n.Sign() < 0 {
		return 0, false
	}
	twice := new(big.Int).Mul(n.Num(), big.NewInt(2))
	twice.Add(twice, n.Denom())
	out := twice.Quo(twice, new(big.Int).Mul(n.Denom(), big.NewInt(2)))
	return out.Int64(), out.IsInt64() && out.Int64() < 1<<60
}

// percentOf writes a share as percent with two places, rounded half up.
func percentOf(share *big.Rat) string {
	return new(big.Rat).Mul(share, big.NewRat(100, 1)).FloatString(2)
}

// kiloWattHours writes Wh as kWh with three places.
func kiloWattHours(wh int64) string { return fmt.Sprintf("%d.%03d", wh/1000, wh%1000) }

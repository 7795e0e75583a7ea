package decimal_test

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"jingwei/internal/govern/incentive/decimal"
)

func TestDecimalsAreExact(t *testing.T) {
	for in, want := range map[string]string{
		"0.3": "0.3", "0.30": "0.3", "1": "1", "-0.05": "-0.05", "000.100": "0.1", "9223372036854775807": "9223372036854775807", "0": "0", "-0": "0",
	} {
		d, err := decimal.Parse(in)
		if err != nil || d.String() != want {
			t.Errorf("%q: got %s, %v; want %s", in, d, err, want)
		}
	}
	for _, in := range []string{"", ".", "1.", ".5", "1e3", "1,000", "+1", "0x10", "三", "--1", "9223372036854775808", "0.1234567890123456789", " 1"} {
		if d, err := decimal.Parse(in); err == nil {
			t.Errorf("%q was read as %s", in, d)
		}
	}
}

func TestDecimalsCompareByValue(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		a, b := decimal.New(r.Int64()-r.Int64(), uint8(r.IntN(19))), decimal.New(r.Int64N(2000)-1000, uint8(r.IntN(4)))
		if got, want := a.Cmp(b), rat(a).Cmp(rat(b)); got != want {
			t.Fatalf("%s against %s: got %d, want %d", a, b, got, want)
		}
		if s, err := a.Add(b); err == nil && rat(s).Cmp(new(big.Rat).Add(rat(a), rat(b))) != 0 {
			t.Fatalf("%s + %s = %s", a, b, s)
		}
	}
	max, err := decimal.Int(1<<63 - 1).Add(decimal.Int(1))
	if err == nil {
		t.Errorf("an overflow gave %s", max)
	}
}

func rat(d decimal.Decimal) *big.Rat {
	r, _ := new(big.Rat).SetString(d.String())
	return r
}

func TestMoneyIsReadWithItsUnit(t *testing.T) {
	for in, want := range map[string]decimal.Fen{
		"500万元": 500_000_000, "1亿元": 10_000_000_000, "0.5万元": 500_000, "200000元": 20_000_000, "0.05元": 5, "7分": 7, "1,234.50元": 123_450, "-1元": -100,
	} {
		if got, err := decimal.ParseFen(in); err != nil || got != want {
			t.Errorf("%s: got %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "500", "0.005元", "0.5分", "万元", "1000000亿元", "5 USD", "1e3元"} {
		if got, err := decimal.ParseFen(in); err == nil {
			t.Errorf("%q was read as %s", in, got)
		}
	}
	if s := decimal.Fen(123_456_789_05).String(); s != "123,456,789.05" {
		t.Error(s)
	}
}

// Against big.Rat with every mode of rounding.
func TestOfIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 50_000 {
		rate := decimal.New(r.Int64N(1_000_000), uint8(r.IntN(7)))
		base, unit := decimal.Fen(r.Int64N(1e13)), []decimal.Fen{1, 100, 1_000_000}[r.IntN(3)]
		mode := decimal.Rounding(r.IntN(4))
		got, err := decimal.Of(rate, base, unit, mode)
		exact := new(big.Rat).Mul(rat(rate), new(big.Rat).SetFrac64(int64(base), int64(unit)))
		q, rest := new(big.Int).QuoRem(exact.Num(), exact.Denom(), new(big.Int))
		twice := new(big.Int).Lsh(rest, 1).Cmp(exact.Denom())
		if mode == decimal.HalfUp && twice >= 0 || mode == decimal.Up && rest.Sign() > 0 || mode == decimal.HalfEven && (twice > 0 || twice == 0 && q.Bit(0) == 1) {
			q.Add(q, big.NewInt(1))
		}
		want := q.Mul(q, big.NewInt(int64(unit)))
		if want.Cmp(big.NewInt(int64(decimal.MaxFen))) > 0 {
			if err == nil {
				t.Fatalf("%s × %s gave %s", rate, base, got)
			}
			continue
		}
		if err != nil || want.Int64() != int64(got) {
			t.Fatalf("%s × %s to %d, mode %d: got %d, %v; want %s", rate, base, unit, mode, got, err, want)
		}
	}
}

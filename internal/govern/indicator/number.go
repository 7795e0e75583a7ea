package indicator

import "math/big"

// Places is how many decimal places a number is added up with. Sums of fractions with unlike denominators grow without end; decimals
// do not, and their sums are exact, whatever the order.
const Places = 12

var (
	one = big.NewInt(1)
	two = big.NewInt(2)
	// unity is 1 in units of the last place.
	unity = new(big.Int).Exp(big.NewInt(10), big.NewInt(Places), nil)
)

// scaled is a number in units of the last place, rounded half away from zero.
func scaled(n *big.Rat) *big.Int {
	if n.IsInt() {
		return new(big.Int).Mul(n.Num(), unity)
	}
	return scaledBy(n.Num(), n.Denom())
}

// scaledBy is scaled for a fraction, in lowest terms or not; den is above zero.
func scaledBy(num, den *big.Int) *big.Int {
	out, rest := new(big.Int).Mul(num, unity), new(big.Int)
	out.QuoRem(out, den, rest)
	if rest.Mul(rest, two).CmpAbs(den) >= 0 {
		if num.Sign() < 0 {
			return out.Sub(out, one)
		}
		out.Add(out, one)
	}
	return out
}

// number is what so many units of the last place are.
func number(n *big.Int) *big.Rat { return new(big.Rat).SetFrac(n, unity) }

// Rounded is a number as it is added up.
func Rounded(n *big.Rat) *big.Rat { return number(scaled(n)) }

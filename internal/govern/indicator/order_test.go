package indicator

import (
	"bytes"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// However numbers come and go, what is left has one encoding: that of counting them one by one.
func TestTalliedIsAMultiset(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		want, got := map[string]int64{}, tallied{}
		draw := func() *big.Int {
			n := new(big.Int).Lsh(big.NewInt(r.Int64N(40)-20), uint(r.IntN(3))*uint(r.IntN(60)))
			return n
		}
		for range 30 {
			switch r.IntN(4) {
			case 0:
				n, times := draw(), r.Int64N(5)-2
				got.add(n, times)
				count(want, n.String(), times)
			case 1:
				var lists [2][]wide
				for i := range lists {
					for range r.IntN(20) {
						n := big.NewInt(r.Int64N(1000) - 500)
						w := wide{lo: n.Uint64()}
						if n.Sign() < 0 {
							w = wide{lo: new(big.Int).Neg(n).Uint64()}.times(-1)
						}
						lists[i] = append(lists[i], w)
						count(want, n.String(), int64(1-2*i))
					}
				}
				got.addAll(lists[0], lists[1])
			default:
				other, sign := tallied{}, 1-2*r.Int64N(2)
				for range r.IntN(20) {
					n := draw()
					other.add(n, 1)
					count(want, n.String(), sign)
				}
				got.join(&other, sign)
			}
		}
		w := &writer{}
		w.uint(uint64(len(want)))
		numbers := map[string]*big.Int{}
		for s := range want {
			numbers[s], _ = new(big.Int).SetString(s, 10)
		}
		for _, s := range slices.SortedFunc(maps.Keys(numbers), func(x, y string) int { return numbers[x].Cmp(numbers[y]) }) {
			w.big(numbers[s])
			w.int(want[s])
		}
		x := &writer{}
		if got.encode(x); !bytes.Equal(x.b, w.b) {
			t.Fatalf("seed %d: %d numbers are %x, want %x", seed, len(want), x.b, w.b)
		}
	}
}

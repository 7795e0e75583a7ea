package neighbour

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
)

// TestARangesHashIsThatOfItsRecordsHashesInOrder, also where it is read in several pieces.
func TestARangesHashIsThatOfItsRecordsHashesInOrder(t *testing.T) {
	of := func(seq uint64) [32]byte { return sha256.Sum256(binary.LittleEndian.AppendUint64(nil, seq)) }
	for _, n := range []uint64{1, 2, hashesAtOnce, hashesAtOnce + 1, 3 * hashesAtOnce} {
		pieces := 0
		got, err := rangeHash(7, 6+n, func(first, last uint64) (out [][32]byte, _ error) {
			pieces++
			for seq := first; seq <= last; seq++ {
				out = append(out, of(seq))
			}
			return out, nil
		})
		want := sha256.New()
		for seq := uint64(7); seq <= 6+n; seq++ {
			h := of(seq)
			want.Write(h[:])
		}
		if err != nil || got != [32]byte(want.Sum(nil)) || pieces != int((n+hashesAtOnce-1)/hashesAtOnce) {
			t.Errorf("%d records in %d pieces: %v", n, pieces, err)
		}
	}
}

package column

import (
	"encoding/binary"
	"math/bits"
)

// word is a 64-bit value of either sign; the arithmetic of this package wraps and is the same for both.
type word interface{ ~int64 | ~uint64 }

// packedLen is the number of bytes that m values of w bits take.
func packedLen(m int, w uint) int { return (m*int(w) + 7) / 8 }

// appendPacked writes the lower w bits of every value, the first value in the lowest bits of the first byte.
// The bits above w are cut off.
func appendPacked(dst []byte, v []uint64, w uint) []byte {
	if w == 0 {
		return dst
	}
	var acc uint64 // bits not yet written, lowest first
	var held uint  // how many, < 64
	mask := ^uint64(0) >> (64 - w)
	for _, x := range v {
		x &= mask
		acc |= x << held
		held += w
		if held >= 64 {
			dst = binary.LittleEndian.AppendUint64(dst, acc)
			held -= 64
			acc = x >> (w - held) // w-held is 1..64; a shift by 64 gives 0
		}
	}
	for ; held > 0; held -= min(held, 8) {
		dst = append(dst, byte(acc))
		acc >>= 8
	}
	return dst
}

// unpack fills dst with values of w bits. src must hold packedLen(len(dst), w) bytes. What stands behind them is read
// but not used; where it is too short for that the bytes are moved into buf first.
func unpack[T word](src []byte, w uint, dst []T, buf *[packedMost]byte) {
	need := packedLen(len(dst), w)
	if len(src) < need+slack {
		k := copy(buf[:], src[:need])
		clear(buf[k : k+slack])
		src = buf[:k+slack]
	}
	switch {
	case w == 0:
		clear(dst)
	case w <= 8:
		unpackBytes(src, w, dst)
	case w <= 56:
		unpackWords(src, w, dst)
	default:
		unpackWide(src, w, dst)
	}
}

const (
	slack      = 16                  // bytes that unpack may read behind the packed ones
	packedMost = blockRows*8 + slack // the most bytes of a packed block, with slack
)

// unpackBytes takes eight values out of every eight-byte load: w <= 8.
func unpackBytes[T word](src []byte, w uint, dst []T) {
	w &= 15
	mask := uint64(1)<<w - 1
	for len(dst) >= 8 {
		x := binary.LittleEndian.Uint64(src)
		d := (*[8]T)(dst)
		d[0] = T(x & mask)
		d[1] = T(x >> w & mask)
		d[2] = T(x >> (2 * w) & mask)
		d[3] = T(x >> (3 * w) & mask)
		d[4] = T(x >> (4 * w) & mask)
		d[5] = T(x >> (5 * w) & mask)
		d[6] = T(x >> (6 * w) & mask)
		d[7] = T(x >> (7 * w) & mask)
		src, dst = src[w:], dst[8:]
	}
	x := binary.LittleEndian.Uint64(src)
	for i := range dst {
		dst[i] = T(x & mask)
		x >>= w
	}
}

// unpackWords loads eight bytes for each value: w <= 56, so that a value never straddles the load.
func unpackWords[T word](src []byte, w uint, dst []T) {
	mask := uint64(1)<<w - 1
	bit := uint(0)
	for i := range dst {
		dst[i] = T(binary.LittleEndian.Uint64(src[bit>>3:]) >> (bit & 7) & mask)
		bit += w
	}
}

// unpackWide is for w > 56, where a value may touch nine bytes.
func unpackWide[T word](src []byte, w uint, dst []T) {
	mask := ^uint64(0) >> (64 - w)
	bit := uint(0)
	for i := range dst {
		s := src[bit>>3:]
		x := binary.LittleEndian.Uint64(s)>>(bit&7) | uint64(s[8])<<1<<(63-bit&7)
		dst[i] = T(x & mask)
		bit += w
	}
}

func width(v uint64) uint { return uint(bits.Len64(v)) }

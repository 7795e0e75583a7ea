package block

import (
	"encoding/binary"
	"math/bits"
)

// appendNumber writes 64 bits without their zero bytes at one end: a length byte n, then the n high bytes (n ≤ 8, as
// floats of few digits need) or the n-8 low bytes (n > 8, as small integers need), little-endian.
func appendNumber(dst []byte, v uint64) []byte {
	if v == 0 {
		return append(dst, 0)
	}
	high := 8 - bits.TrailingZeros64(v)/8
	low := 8 - bits.LeadingZeros64(v)/8
	var b [8]byte
	if low < high {
		binary.LittleEndian.PutUint64(b[:], v)
		return append(append(dst, byte(8+low)), b[:low]...)
	}
	binary.LittleEndian.PutUint64(b[:], v>>(8*(8-high)))
	return append(append(dst, byte(high)), b[:high]...)
}

// cursor reads the small numbers of an index. After a failure every read gives zero.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) fail() uint64 { c.bad, c.b = true, nil; return 0 }

func (c *cursor) byte() byte {
	if len(c.b) == 0 {
		return byte(c.fail())
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

func (c *cursor) uvarint() uint64 {
	if len(c.b) > 0 && c.b[0] < 0x80 {
		v := uint64(c.b[0])
		c.b = c.b[1:]
		return v
	}
	return c.longUvarint()
}

// longUvarint reads eight bytes at once where there are as many: an index is full of offsets and times.
func (c *cursor) longUvarint() uint64 {
	if len(c.b) >= 8 {
		x := binary.LittleEndian.Uint64(c.b)
		if ends := ^x & 0x8080808080808080; ends != 0 {
			n := bits.TrailingZeros64(ends)/8 + 1
			c.b = c.b[n:]
			x &= ^uint64(0) >> (64 - 8*n)
			x = x&0x007f007f007f007f | x&0x7f007f007f007f00>>1
			x = x&0x00003fff00003fff | x&0x3fff00003fff0000>>2
			return x&0x0fffffff | x&0x0fffffff00000000>>4
		}
	}
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		return c.fail()
	}
	c.b = c.b[n:]
	return v
}

func (c *cursor) varint() int64 {
	u := c.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (c *cursor) bytes(n uint64) []byte {
	if n > uint64(len(c.b)) {
		c.fail()
		return nil
	}
	v := c.b[:n]
	c.b = c.b[n:]
	return v
}

func (c *cursor) number() uint64 {
	n := int(c.byte())
	low := n > 8
	if low {
		n -= 8
	}
	if n > 8 {
		return c.fail()
	}
	var v uint64
	if len(c.b) >= 8 {
		v = binary.LittleEndian.Uint64(c.b) & (1<<(8*n) - 1)
		c.b = c.b[n:]
	} else {
		var b [8]byte
		copy(b[:], c.bytes(uint64(n)))
		v = binary.LittleEndian.Uint64(b[:])
	}
	if low || n == 0 {
		return v
	}
	return v << (8 * (8 - n))
}

package block

import (
	"math/bits"
	"math/rand/v2"
)

// pageTable finds the page of a block under construction that has a checksum and a length. It is a hash table with open
// addressing, for a block of small chunks has more pages than anything else. Of two pages that differ but have both in common it
// knows the last.
type pageTable struct {
	slots []pageSlot // a power of two of them
	used  int
	seed  uint64 // odd, so that nobody can make pages that collide
}

// pageSlot is empty where the page has offset 0, which no page has.
type pageSlot struct {
	sum  uint32
	page pageRef
}

const leastSlots = 1 << 10

func (t *pageTable) reset() {
	clear(t.slots)
	t.used = 0
}

// find returns the place of the page with the checksum and the length of p, where p is put if there is none yet. It is valid
// until the next call.
func (t *pageTable) find(sum uint32, p pageRef) *pageRef {
	if 4*t.used >= 3*len(t.slots) {
		t.grow()
	}
	s := t.slot(sum, p.len)
	if s.page.off == 0 {
		*s = pageSlot{sum, p}
		t.used++
	}
	return &s.page
}

// slot returns the slot of a page, or the empty one where it belongs.
func (t *pageTable) slot(sum, length uint32) *pageSlot {
	mask := uint64(len(t.slots) - 1)
	hash := (uint64(sum)<<32 | uint64(length)) * t.seed
	for i := hash >> (64 - bits.Len64(mask)); ; i = (i + 1) & mask {
		if s := &t.slots[i]; s.page.off == 0 || s.sum == sum && s.page.len == length {
			return s
		}
	}
}

func (t *pageTable) grow() {
	if t.seed == 0 {
		t.seed = rand.Uint64() | 1
	}
	old := t.slots
	t.slots = make([]pageSlot, max(2*len(old), leastSlots))
	for _, s := range old {
		if s.page.off != 0 {
			*t.slot(s.sum, s.page.len) = s
		}
	}
}

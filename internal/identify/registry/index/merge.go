package index

import (
	"bytes"
	"cmp"
	"runtime"
	"runtime/debug"
)

// growth is how many times larger a segment is at least than the next newer one.
const growth = 4

// due tells how many of the newest segments (the newest first, by their sizes in bytes) should become one; 0 for none.
func due(sizes []int64) int {
	n, sum := 0, int64(0)
	for i, size := range sizes {
		if i > 0 && size < growth*sum {
			n = i + 1
		}
		sum += size
	}
	return n
}

// mergeInto feeds what holds of segments, the newest first, in the order of hash and key. last tells that no older segment is left, so
// that removals need not be kept. Error: ErrDamaged.
func mergeInto(segments []*segment, last bool, put func(uint64, []byte, bool) error) (err error) {
	defer guard(debug.SetPanicOnFault(true), &err)
	defer runtime.KeepAlive(segments)
	var open []*cursor // the newest first
	for _, s := range segments {
		c := &cursor{s: s}
		ok, err := c.next()
		if err != nil {
			return err
		}
		if ok {
			open = append(open, c)
		}
	}
	for len(open) > 0 {
		least := open[0]
		for _, c := range open[1:] {
			if compare(c, least) < 0 {
				least = c
			}
		}
		if !least.gone || !last {
			if err := put(least.hash, least.body, least.gone); err != nil {
				return err
			}
		}
		// The older ones of the same key are passed over; least itself is moved last, since the others are compared with it.
		kept := open[:0]
		for _, c := range open {
			if c != least && compare(c, least) == 0 {
				ok, err := c.next()
				if err != nil {
					return err
				}
				if !ok {
					continue
				}
			}
			kept = append(kept, c)
		}
		open = kept
		ok, err := least.next()
		if err != nil {
			return err
		}
		if !ok {
			open = without(open, least)
		}
	}
	return nil
}

func compare(a, b *cursor) int {
	if n := cmp.Compare(a.hash, b.hash); n != 0 {
		return n
	}
	return bytes.Compare(a.key, b.key)
}

func without(list []*cursor, x *cursor) []*cursor {
	out := list[:0]
	for _, c := range list {
		if c != x {
			out = append(out, c)
		}
	}
	return out
}

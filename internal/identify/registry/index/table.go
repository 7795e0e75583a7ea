package index

import (
	"bytes"
	"cmp"
	"slices"
	"sync/atomic"
)

// held is what the table in memory knows of a key. It never changes.
type held struct {
	hash uint64
	key  []byte
	body []byte // the record, or of a removal the name
	gone bool
}

// table is what came since the newest segment. One goroutine at a time writes; readers do not wait.
type table struct {
	slots atomic.Pointer[[]atomic.Pointer[held]]
	n     int   // keys
	bytes int64 // of what is held
}

const firstSlots = 1024

func newTable() *table {
	t := &table{}
	slots := make([]atomic.Pointer[held], firstSlots)
	t.slots.Store(&slots)
	return t
}

// find appends the record of a key.
func (t *table) find(dst, key []byte, hash uint64) ([]byte, state) {
	slots := *t.slots.Load()
	mask := uint64(len(slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		h := slots[i].Load()
		switch {
		case h == nil:
			return dst, unknown
		case h.hash != hash || !bytes.Equal(h.key, key):
		case h.gone:
			return dst, gone
		default:
			return append(dst, h.body...), there
		}
	}
}

// put takes a key in, in place of what was there.
func (t *table) put(h *held) {
	slots := *t.slots.Load()
	if t.n*2 >= len(slots) {
		larger := make([]atomic.Pointer[held], len(slots)*2)
		for i := range slots {
			if old := slots[i].Load(); old != nil {
				place(larger, old).Store(old)
			}
		}
		t.slots.Store(&larger)
		slots = larger
	}
	p := place(slots, h)
	if old := p.Load(); old == nil {
		t.n++
	} else {
		t.bytes -= int64(len(old.body) + len(old.key))
	}
	t.bytes += int64(len(h.body) + len(h.key))
	p.Store(h)
}

// place is the slot of a key: its own, or the first free one.
func place(slots []atomic.Pointer[held], h *held) *atomic.Pointer[held] {
	mask := uint64(len(slots) - 1)
	for i := h.hash & mask; ; i = (i + 1) & mask {
		if old := slots[i].Load(); old == nil || old.hash == h.hash && bytes.Equal(old.key, h.key) {
			return &slots[i]
		}
	}
}

// sorted is what tables hold, the newest table first, in the order of hash and key.
func sorted(tables []*table) []*held {
	var out []*held
	for _, t := range tables {
		slots := *t.slots.Load()
		for i := range slots {
			if h := slots[i].Load(); h != nil {
				out = append(out, h)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *held) int { // stable: the newer one stands first
		if n := cmp.Compare(a.hash, b.hash); n != 0 {
			return n
		}
		return bytes.Compare(a.key, b.key)
	})
	return slices.CompactFunc(out, func(a, b *held) bool { return a.hash == b.hash && bytes.Equal(a.key, b.key) })
}
